"""The story of a visit: the messages in their order, and what a hospital would not accept."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.checks import envelope_violations, settle_violations
from gateway.settling import read_lines
from proto.settlement.v1 import settlement_pb2 as pb
from stack import stories
from stack.bills import read_price_list
from stack.encounters import Encounter, Ending
from stack.errors import MorningFailed
from stack.hospitals import Desk
from stack.stories import Visit
from tests.demo_people import TODAY, encounter
from tests.demo_rows import id_of, paid_row, refund_row, text_of

PAID = paid_row()


def visit_of(one: Encounter) -> Visit:
    price_list = read_price_list(one.institution.care_pool, TODAY)
    return Visit(encounter=one, desk=Desk(one.institution), price_list=price_list, seed=1)


class Gateway:
    """Answers as a gateway would that pays everything; `spoil` may change an answer before it is given."""

    def __init__(self, spoil: Callable[[Any, int], None] = lambda answer, call: None) -> None:
        self.calls: list[Any] = []
        self.spoil = spoil

    def answer(self, request: Any) -> Any:
        self.calls.append(request)
        answer = self._answer(request)
        self.spoil(answer, len(self.calls))
        return answer

    def _answer(self, request: Any) -> Any:
        if isinstance(request, pb.GetInsuredRequest):
            info = pb.InsuranceInfo(insutype="310", insuplc_admdvs="440300")
            return pb.GetInsuredResponse(insuinfo=[info])
        paid = pb.Outcome.FromString(PAID["answer"])
        if isinstance(request, pb.PreSettleRequest):
            return pb.PreSettleResponse(outcome=paid)
        if isinstance(request, pb.SettleRequest):
            paid.infno, paid.medins_setl_id = request.envelope.infno, request.envelope.msgid
            return paid
        undone = pb.Outcome.FromString(refund_row(PAID)["answer"])
        undone.infno, undone.medins_setl_id = request.envelope.infno, request.envelope.msgid
        if isinstance(request, pb.ReverseRequest) and request.input.oinfno in ("2208", "2305", "2103"):
            paid.status, paid.undoes, paid.setl_id = (
                pb.OUTCOME_STATUS_OK,
                text_of(PAID["id"]),
                text_of(id_of("r")),
            )
            return paid
        if isinstance(request, pb.OpenVisitRequest | pb.CancelVisitRequest):
            return pb.Outcome(status=pb.OUTCOME_STATUS_OK, mdtrt_id="V" * 26)
        return undone

    def hear(self, visit: Visit) -> list[str]:
        telling = stories.whole(visit)
        request: Any = next(telling)
        while True:
            try:
                request = telling.send(self.answer(request))
            except StopIteration:
                return [call.envelope.infno for call in self.calls]


@pytest.mark.parametrize(
    ("med_type", "ending", "expected"),
    [
        ("11", Ending.PAID, ["1101", "2201", "2206", "2207"]),
        ("21", Ending.PAID, ["1101", "2401", "2303", "2304"]),
        ("41", Ending.PAID, ["1101", "2101", "2102"]),
        ("14", Ending.CANCELLED, ["1101", "2201", "2206", "2207", "2208", "2202"]),
        ("52", Ending.CANCELLED, ["1101", "2401", "2303", "2304", "2305", "2404"]),
        ("41", Ending.CANCELLED, ["1101", "2101", "2102", "2103"]),
        ("13", Ending.REVERSED, ["1101", "2201", "2206", "2207", "2601"]),
        ("11", Ending.CANCELLED_AND_SETTLED_AGAIN, ["1101", "2201", "2206", "2207", "2208", "2207"]),
        ("21", Ending.REVIVED, ["1101", "2401", "2303", "2304", "2305", "2601"]),
    ],
)
def test_a_visit_sends_its_messages_in_order(med_type: str, ending: Ending, expected: list[str]) -> None:
    gateway = Gateway()
    assert gateway.hear(visit_of(encounter(med_type, ending=ending))) == expected


@pytest.mark.parametrize("med_type", ["11", "13", "14", "21", "41", "51", "52"])
def test_the_gateway_would_find_nothing_to_mend(med_type: str) -> None:
    gateway = Gateway()
    visit = visit_of(encounter(med_type))
    gateway.hear(visit)
    for call in gateway.calls:
        infnos = frozenset({call.envelope.infno})
        assert envelope_violations(call.envelope, infnos=infnos, today=visit.end.date()) == []
        if isinstance(call, pb.SettleRequest | pb.PreSettleRequest):
            assert (
                settle_violations(call.envelope.infno, call.input, read_lines(call.input), visit.end.date())
                == []
            )


def test_every_message_has_an_id_of_its_own_and_the_bill_stays_the_same() -> None:
    gateway = Gateway()
    gateway.hear(visit_of(encounter("11", ending=Ending.CANCELLED_AND_SETTLED_AGAIN)))
    msgids = [call.envelope.msgid for call in gateway.calls]
    assert len(set(msgids)) == len(msgids)
    assert all(len(msgid) == 30 and msgid.startswith("H45010390001") for msgid in msgids)
    first, second = (call for call in gateway.calls if isinstance(call, pb.SettleRequest))
    assert first.input == second.input


def test_a_hospital_that_does_not_know_the_division_leaves_it_out() -> None:
    gateway = Gateway()
    gateway.hear(visit_of(encounter(knows_division=False)))
    assert [call.envelope.insuplc_admdvs for call in gateway.calls[:2]] == ["", "440300"]


def test_a_person_who_is_not_found_fails_the_morning() -> None:
    with pytest.raises(MorningFailed, match="1101"):
        Gateway(lambda answer, call: call == 1 and answer.ClearField("insuinfo")).hear(visit_of(encounter()))  # type: ignore[func-returns-value]


def spoiled(call_spoiled: int, name: str, value: int) -> Gateway:
    def spoil(answer: Any, call: int) -> None:
        if call == call_spoiled:
            setattr(answer.setlinfo, name, value)

    return Gateway(spoil)


def test_a_trial_that_promised_other_figures_fails_the_morning() -> None:
    with pytest.raises(MorningFailed, match="the trial settlement promised 5600"):
        spoiled(4, "hifp_pay", 5_599).hear(visit_of(encounter()))


@pytest.mark.parametrize("ending", [Ending.CANCELLED, Ending.REVERSED])
def test_an_undoing_that_is_not_the_exact_mirror_fails_the_morning(ending: Ending) -> None:
    with pytest.raises(MorningFailed, match="psn_cash_pay"):
        spoiled(5, "psn_cash_pay", -2_399).hear(visit_of(encounter(ending=ending)))


def test_a_revival_with_other_figures_fails_the_morning() -> None:
    with pytest.raises(MorningFailed, match="hifp_pay"):
        spoiled(6, "hifp_pay", 1).hear(visit_of(encounter(ending=Ending.REVIVED)))


def test_a_cancel_that_undid_nothing_fails_the_morning() -> None:
    def spoil(answer: Any, call: int) -> None:
        if call == 5:
            answer.status = pb.OUTCOME_STATUS_DECLINED

    with pytest.raises(MorningFailed, match="not undone"):
        Gateway(spoil).hear(visit_of(encounter(ending=Ending.CANCELLED)))
