"""The mishaps of the morning notice when the promise that they stand for is broken."""

from typing import Any

import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from stack import incidents
from stack.bills import read_price_list
from stack.encounters import Encounter
from stack.errors import MorningFailed
from stack.incidents import LateNode
from stack.morning import Town
from stack.window import Refused
from tests.demo_people import TODAY, encounter
from tests.demo_rows import paid_row, text_of

FIGURES = pb.Outcome.FromString(paid_row()["answer"]).setlinfo


class Door:
    """A small true gateway with one home node: one outcome per id, voided by reversals, asleep while paused."""

    def __init__(self) -> None:
        self.final: dict[str, pb.Outcome] = {}
        self.waiting: list[Any] = []
        self.asleep = False
        self.paused_and_resumed: list[str] = []
        self.expires = True
        self.keeps_promises = True

    def pause(self, name: str) -> None:
        self.asleep = True
        self.paused_and_resumed.append(f"pause {name}")

    def resume(self, name: str) -> None:
        self.asleep = False
        self.paused_and_resumed.append(f"resume {name}")
        for request in self.waiting:
            self.decide(request, late=self.expires)

    async def call(self, request: Any, *, timeout_s: float | None = None) -> Any:
        sleeps = self.asleep and request.envelope.insuplc_admdvs == "440300"
        if isinstance(request, pb.GetInsuredRequest):
            pool = request.envelope.insuplc_admdvs
            return pb.GetInsuredResponse(insuinfo=[pb.InsuranceInfo(insutype="310", insuplc_admdvs=pool)])
        if isinstance(request, pb.OpenVisitRequest):
            if sleeps:
                return Refused("NODE_SILENT", "", 1)
            outcome = pb.Outcome(
                status=pb.OUTCOME_STATUS_OK, setl_id=request.envelope.msgid, mdtrt_id="V" * 26
            )
            return pb.OpenVisitResponse(outcome=outcome)
        if isinstance(request, pb.PreSettleRequest):
            return pb.PreSettleResponse(outcome=pb.Outcome(setlinfo=FIGURES))
        if isinstance(request, pb.GetSettlementRequest):
            found = self.final.get(request.input.omsgid)
            return pb.GetSettlementResponse(found=[pb.SettlementFound(outcome=found)] if found else [])
        response = pb.SettleResponse if isinstance(request, pb.SettleRequest) else pb.ReverseResponse
        if sleeps and self.keeps_promises:
            self.waiting.append(request)
            return response(pending=pb.Pending())
        return response(outcome=self.decide(request))

    def decide(self, request: Any, *, late: bool = False) -> pb.Outcome:
        msgid = request.envelope.msgid
        if msgid not in self.final:
            outcome = pb.Outcome(setl_id=msgid, infno=request.envelope.infno, medins_setl_id=msgid)
            if isinstance(request, pb.ReverseRequest):
                outcome.status = pb.OUTCOME_STATUS_OK
                known = self.final.get(request.input.omsgid)
                outcome.undoes = known.setl_id if known else ""
                if known is None and self.keeps_promises:
                    omsgid = request.input.omsgid
                    self.final[omsgid] = pb.Outcome(setl_id=omsgid, status=pb.OUTCOME_STATUS_VOIDED)
            elif late:
                outcome.status = pb.OUTCOME_STATUS_EXPIRED
            else:
                outcome.status = pb.OUTCOME_STATUS_PAID
                outcome.setlinfo.CopyFrom(FIGURES)
            self.final[msgid] = outcome
        return self.final[msgid]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def town(door: Door, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(incidents, "SILENT_AFTER_S", 0.01)
    price_lists = {"450100": read_price_list("450100", TODAY)}
    return Town(doors={"45": door}, price_lists=price_lists, seed=1)  # type: ignore[dict-item]


def elsewhere() -> Encounter:
    one = encounter()
    other = type(one.patient)(
        psn_no="other", home_pool="440100", name="x", certno="x", woman=False, born="1980-01-01", age=46,
        insutypes=("310",),
    )  # fmt: skip
    return type(one)(
        number=9, patient=other, institution=one.institution, insutype="310", med_type="11", days=1,
        ending=one.ending, knows_division=True, by_session=False,
    )  # fmt: skip


def late_node() -> LateNode:
    return LateNode("node-44", [encounter(), encounter("21")], encounter(), encounter(), elsewhere())


async def test_one_outcome_for_many_sendings(town: Town) -> None:
    assert "one outcome" in await incidents.sent_many_times(encounter(), town)
    assert town.receipts.count(("2207",), "PAID") == 1


async def test_a_second_outcome_for_the_same_message_is_noticed(town: Town, door: Door) -> None:
    decide = door.decide

    def forgetful(request: Any, *, late: bool = False) -> pb.Outcome:
        door.final.clear()
        outcome = decide(request, late=late)
        outcome.setl_id, outcome.setl_time = "same", str(len(town.receipts.answers))
        return outcome

    door.decide = forgetful  # type: ignore[method-assign]
    with pytest.raises(MorningFailed, match="other bytes"):
        await incidents.sent_many_times(encounter(), town)


async def test_a_reversal_that_came_first_voids_its_original(town: Town) -> None:
    assert "VOIDED" in await incidents.reversed_first(encounter(), town)
    assert town.receipts.count(("2207",), "PAID") == 1


async def test_an_original_that_is_paid_after_its_reversal_is_noticed(town: Town, door: Door) -> None:
    door.keeps_promises = False
    with pytest.raises(MorningFailed, match="not VOIDED"):
        await incidents.reversed_first(encounter(), town)


@pytest.mark.parametrize(("expires", "word"), [(True, "2 expired"), (False, "0 expired")])
async def test_what_a_late_node_left_pending_resolves_by_itself(
    town: Town, door: Door, expires: bool, word: str
) -> None:
    door.expires = expires
    said = await incidents.node_late(late_node(), town, door)
    assert word in said
    assert "refused NODE_SILENT" in said
    assert door.paused_and_resumed == ["pause node-44", "resume node-44"]
    assert town.receipts.pending == 3
    # two that waited, the regretful one, the newcomer and the bystander: each is paid once
    assert town.receipts.count(("2207", "2304"), "PAID") == 5


async def test_a_node_that_answers_while_it_should_sleep_is_noticed_and_woken(town: Town, door: Door) -> None:
    door.keeps_promises = False
    with pytest.raises(MorningFailed, match="not PENDING"):
        await incidents.node_late(late_node(), town, door)
    assert door.paused_and_resumed == ["pause node-44", "resume node-44"]


async def test_a_patient_of_another_node_who_waits_is_noticed(
    town: Town, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "OTHERS_WITHIN_S", -1.0)
    with pytest.raises(MorningFailed, match="another node waited"):
        await incidents.node_late(late_node(), town, door)


async def test_a_reversal_that_undid_nothing_is_noticed(town: Town, door: Door) -> None:
    decide = door.decide

    def without_effect(request: Any, *, late: bool = False) -> pb.Outcome:
        outcome = decide(request, late=late)
        outcome.undoes = text_of(bytes(16)) if outcome.undoes else ""
        return outcome

    door.decide = without_effect  # type: ignore[method-assign]
    with pytest.raises(MorningFailed, match="A reversal that was pending"):
        await incidents.node_late(late_node(), town, door)
