"""Cancels and reversals follow their original; what never was is decided here and VOIDED for ever."""

from typing import Any

import pytest

from gateway.admission import admit, sought_by, targets_of
from gateway.care_book import (
    CANCEL_VISIT,
    OPEN_VISIT,
    VISIT_CANCELLED,
    VISIT_CLOSED,
    Claim,
    Decided,
    Known,
    RequestRow,
)
from gateway.entrance import NO_DIGEST, Admitted, Verdict
from gateway.refusals import Refused
from gateway.undoing import superseded
from ledger.life import Kind
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, setl_id_text
from tests.builders import (
    DEADLINE_MS,
    NODE,
    NOW_MS,
    OTHER_HOSPITAL,
    OTHER_PSN,
    PARTITION,
    PSN,
    a_call,
    a_cancel_request,
    a_claim,
    a_house,
    a_mirror_row,
    a_reverse_request,
    a_view,
    a_visit,
    an_id,
    the_id,
)

SETTLE, CANCEL_2305, OPENING = the_id("2207", "m1"), the_id("2305", "m1"), the_id("2401", "m1")
CANCEL = the_id("2208", "m1")
CLAIMED = {SETTLE: a_claim()}
CANCELLED = {CANCEL: a_claim(Kind.CANCEL)}
CANCEL_ROW = a_mirror_row("cancel", 2, "settle", line_keys=(4, -5))
BOOKED = {
    id_: Decided(CANCEL_ROW.answer, CANCEL_ROW.digest, False, CANCEL_ROW) for id_ in (CANCEL, CANCEL_2305)
}
"""Those cancels took a settlement back."""


def judged(request: Any, **view: Any) -> Verdict:
    view = {"visits": (a_visit(),), "finals": BOOKED} | view
    return admit(a_call(request), house=a_house(), view=a_view(**view))


def refused(request: Any, **view: Any) -> Refused:
    verdict = judged(request, **view)
    assert isinstance(verdict, Refused), verdict
    return verdict


def admitted(request: Any, **view: Any) -> Admitted:
    verdict = judged(request, **view)
    assert isinstance(verdict, Admitted), verdict
    return verdict


def own(request: Any, **view: Any) -> pb.Outcome:
    """What the gateway decided alone, in the bytes that it stores."""
    row = admitted(request, **view).rows[0]
    assert row.item is None
    assert row.own_answer is not None
    return pb.Outcome.FromString(row.own_answer)


def sent(request: Any, **view: Any) -> tuple[RequestRow, mpb.Item]:
    verdict = admitted(request, **view)
    assert verdict.item is not None
    assert verdict.rows[0].item == verdict.item.SerializeToString()
    return verdict.rows[0], verdict.item


def voided_by(request: Any, **view: Any) -> set[bytes]:
    """The ids that are claimed as VOIDED beside the reversal."""
    stones = admitted(request, **view).rows[1:]
    for stone in stones:
        assert (stone.kind, stone.digest, stone.item, stone.input) == (Kind.TOMBSTONE, NO_DIGEST, None, b"")
        answer = pb.Outcome.FromString(stone.own_answer or b"")
        assert answer.status == pb.OUTCOME_STATUS_VOIDED
        assert (answer.setl_id, answer.medins_setl_id) == (setl_id_text(stone.id), "m1")
    return {stone.id for stone in stones}


# ------------------------------------------------------------------------------------------------- cancels


def test_a_cancel_goes_where_its_settlement_went_whatever_its_envelope_says() -> None:
    elsewhere = {SETTLE: a_claim(node=50, partition=1)}
    request = a_cancel_request(setl_id_text(SETTLE), envelope={"insuplc_admdvs": "440300"})
    row, item = sent(request, claims=elsewhere)
    assert (row.node, row.partition) == (50, 1)
    assert (item.kind, item.target, item.deadline_ms) == (mpb.KIND_CANCEL, SETTLE, DEADLINE_MS)
    assert (item.visit, item.mdtrt_id) == (a_visit().id, setl_id_text(a_visit().id))
    assert (row.exclusive, row.visit_version) == (False, None)  # it holds no visit


def test_a_cancel_of_what_was_never_paid_is_decided_here() -> None:
    for claims in ({}, {SETTLE: a_claim(Kind.CANCEL)}, {SETTLE: a_claim(Kind.TOMBSTONE, visit=None)}):
        outcome = own(a_cancel_request(setl_id_text(SETTLE)), claims=claims)
        assert (outcome.status, outcome.code) == (pb.OUTCOME_STATUS_DECLINED, "NO_SUCH_SETTLEMENT")
        assert outcome.setl_id == setl_id_text(the_id("2208", "m2"))


def test_another_institution_s_settlement_is_none_of_mine_to_cancel() -> None:
    outcome = own(
        a_cancel_request(setl_id_text(SETTLE)),
        claims=CLAIMED,
        visits=(a_visit(fixmedins_code=OTHER_HOSPITAL),),
    )
    assert outcome.code == "NO_SUCH_SETTLEMENT"


def test_another_person_is_for_the_node_to_see() -> None:
    _, item = sent(a_cancel_request(setl_id_text(SETTLE), psn_no=OTHER_PSN), claims=CLAIMED)
    assert item.psn_no == OTHER_PSN


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"setl_id": "garbage"}, "input.setl_id"),
        ({"setl_id": ""}, "input.setl_id"),
        ({"psn_no": ""}, "input.psn_no"),
        ({"psn_no": "4\x00"}, "input.psn_no"),
        ({"mdtrt_id": setl_id_text(an_id("other visit"))}, "input.mdtrt_id"),
    ],
)
def test_a_malformed_cancel_names_its_fault(changes: dict[str, str], field: str) -> None:
    request = a_cancel_request(**({"setl_id": setl_id_text(SETTLE)} | changes))
    assert [one.field for one in refused(request, claims=CLAIMED).violations] == [field]


def test_a_cancel_waits_for_a_silent_node_by_being_refused() -> None:
    verdict = refused(a_cancel_request(setl_id_text(SETTLE)), claims=CLAIMED, silent=True)
    assert verdict.code == "NODE_SILENT"


# ------------------------------------------------------------------------------------------------- reversals


def test_a_reversal_of_a_settlement_never_expires_and_goes_to_a_silent_node_too() -> None:
    elsewhere = {SETTLE: a_claim(node=50, partition=1)}
    for silent in (False, True):
        row, item = sent(a_reverse_request("m1"), claims=elsewhere, silent=silent)
        assert (item.kind, item.target) == (mpb.KIND_REVERSE, SETTLE)
        assert (item.deadline_ms, row.deadline_ms) == (0, 0)
        assert (row.node, row.partition, row.exclusive) == (50, 1, False)


def test_what_is_unknown_is_voided_with_its_reversal() -> None:
    outcome = own(a_reverse_request("m1"))
    assert (outcome.status, outcome.code, outcome.infno) == (pb.OUTCOME_STATUS_OK, "", "2601")
    assert outcome.setl_id == setl_id_text(the_id("2601", "m3"))
    assert voided_by(a_reverse_request("m1", oinfno="2304")) == {the_id("2304", "m1")}
    assert voided_by(a_reverse_request("m1", oinfno="2208")) == {CANCEL}
    assert voided_by(a_reverse_request("m1", oinfno="2401")) == {OPENING}


def test_a_reversal_that_gets_here_before_anything_voids_even_for_a_silent_node() -> None:
    assert voided_by(a_reverse_request("m1"), silent=True) == {SETTLE, CANCEL_2305}


def test_where_2207_may_be_a_misprint_both_are_voided_when_both_are_unknown() -> None:
    assert voided_by(a_reverse_request("m1", oinfno="2207")) == {SETTLE, CANCEL_2305}
    assert voided_by(a_reverse_request("m1", oinfno="2305")) == {CANCEL_2305}  # no misprint known this way


def test_the_exact_number_is_meant_where_it_is_known() -> None:
    both = {SETTLE: a_claim(), CANCEL_2305: a_claim(Kind.CANCEL)}
    _, item = sent(a_reverse_request("m1"), claims=both)
    assert (item.target, item.kind) == (SETTLE, mpb.KIND_REVERSE)
    assert voided_by(a_reverse_request("m1"), claims=both) == set()


def test_the_other_number_is_meant_where_only_it_is_known_and_the_exact_one_is_voided() -> None:
    other = {CANCEL_2305: a_claim(Kind.CANCEL)}
    _, item = sent(a_reverse_request("m1"), claims=other)
    assert (item.target, item.kind) == (CANCEL_2305, mpb.KIND_REVIVE)
    assert voided_by(a_reverse_request("m1"), claims=other) == {SETTLE}


def test_another_person_s_message_is_not_meant_and_is_left_alone() -> None:
    """Its id is claimed: a tombstone for it could never be written, and would throw the whole flush away."""
    others = {CANCEL_2305: a_claim(Kind.CANCEL, psn_no=OTHER_PSN)}
    outcome = own(a_reverse_request("m1"), claims=others)
    assert outcome.status == pb.OUTCOME_STATUS_OK
    assert voided_by(a_reverse_request("m1"), claims=others) == {SETTLE}


def test_what_the_gateway_decided_itself_leaves_nothing_to_undo() -> None:
    declined = {CANCEL: Decided(b"declined", None, True, None)}
    outcome = own(a_reverse_request("m1", oinfno="2208"), claims=CANCELLED, finals=declined)
    assert outcome.code == "NOTHING_TO_UNDO"
    stone = {SETTLE: a_claim(Kind.TOMBSTONE, digest=NO_DIGEST, visit=None)}
    assert own(a_reverse_request("m1"), claims=stone).code == "NOTHING_TO_UNDO"
    assert voided_by(a_reverse_request("m1"), claims=stone) == set()


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (a_reverse_request("m1", oinfno="2206"), "input.oinfno"),
        (a_reverse_request("m1", oinfno=""), "input.oinfno"),
        (a_reverse_request("", oinfno="2207"), "input.omsgid"),
        (a_reverse_request("m" * 31), "input.omsgid"),
        (a_reverse_request("m1", psn_no=""), "input.psn_no"),
    ],
)
def test_a_malformed_reversal_names_its_fault(request_: pb.ReverseRequest, field: str) -> None:
    assert [one.field for one in refused(request_).violations] == [field]


def test_undoing_needs_no_running_agreement() -> None:
    suspended = "H44011190021"
    target = the_id("2207", "m1", suspended)
    request = a_reverse_request("m1", fixmedins_code=suspended)
    assert admitted(request, claims={target: a_claim()}).item is not None


# ------------------------------------------------------------------------------------------------- revivals


def test_a_revival_takes_the_visit_and_expires_like_a_settlement() -> None:
    request = a_reverse_request("m1", oinfno="2208")
    row, item = sent(request, claims=CANCELLED, visits=(a_visit(version=9),))
    assert (item.kind, item.target, item.deadline_ms) == (mpb.KIND_REVIVE, CANCEL, DEADLINE_MS)
    assert (row.visit, row.visit_version, row.exclusive) == (a_visit().id, 9, True)


@pytest.mark.parametrize(
    ("view", "code"),
    [
        ({"visits": (a_visit(busy=an_id("other")),)}, "BUSY_VISIT"),
        ({"visits": (a_visit(state=VISIT_CANCELLED),)}, "VISIT_CLOSED"),
        ({"visits": ()}, "UNKNOWN_VISIT"),
        ({"silent": True}, "NODE_SILENT"),
    ],
)
def test_a_revival_is_refused_where_a_settlement_would_be(view: dict[str, Any], code: str) -> None:
    assert refused(a_reverse_request("m1", oinfno="2208"), claims=CANCELLED, **view).code == code


def test_a_revival_names_the_lines_that_would_be_paid_again() -> None:
    lines = admitted(a_reverse_request("m1", oinfno="2208"), claims=CANCELLED).lines
    assert lines == (CANCEL_ROW.visit, CANCEL_ROW.bill, (4, -5), CANCEL_ROW.settlement)
    row = CANCEL_ROW._replace(visit=None, bill=None)
    declined = {CANCEL: Decided(row.answer, row.digest, False, row)}
    assert admitted(a_reverse_request("m1", oinfno="2208"), claims=CANCELLED, finals=declined).lines is None


def test_a_revival_waits_until_its_cancel_is_final_here() -> None:
    request = a_reverse_request("m1", oinfno="2208")
    refusal = refused(request, claims=CANCELLED, finals={})
    assert refusal.code == "BUSY_VISIT"
    assert refusal.retry_after_ms > 0


def of_stay(bill: str = "") -> dict[bytes, Decided]:
    """The cancel took back the settlement of the stay, or an interim one."""
    row = CANCEL_ROW._replace(visit=a_visit().id, bill=bill_key(a_visit().id, bill))
    return {CANCEL: Decided(row.answer, row.digest, False, row)}


def test_the_settlement_of_a_stay_that_was_opened_again_stays_undone_until_the_next_discharge() -> None:
    request = a_reverse_request("m1", oinfno="2305")
    claims = {CANCEL_2305: a_claim(Kind.CANCEL)}
    finals = {CANCEL_2305: of_stay()[CANCEL]}
    reopened = a_visit(med_type="21", reopened=True)
    row = admitted(request, claims=claims, finals=finals, visits=(reopened,)).rows[0]
    outcome = pb.Outcome.FromString(row.own_answer or b"")
    assert (outcome.status, outcome.code) == (pb.OUTCOME_STATUS_DECLINED, "SUPERSEDED")
    assert (row.item, row.exclusive, row.visit_version) == (None, False, None)
    for changes in ({"reopened": False}, {"state": VISIT_CLOSED, "reopened": False}):
        assert sent(request, claims=claims, finals=finals, visits=(reopened._replace(**changes),))


def test_an_interim_settlement_of_a_stay_that_was_opened_again_lives_again() -> None:
    request = a_reverse_request("m1", oinfno="2208")
    reopened = (a_visit(med_type="21", reopened=True),)
    _, item = sent(request, claims=CANCELLED, finals=of_stay("interim a b"), visits=reopened)
    assert item.kind == mpb.KIND_REVIVE


def test_a_cancel_that_was_undone_before_is_the_node_s_to_answer_whatever_became_of_the_stay() -> None:
    request = a_reverse_request("m1", oinfno="2208")
    undone = {CANCEL: a_claim(Kind.CANCEL, undone_by=an_id("revival"))}
    assert sent(request, claims=undone, finals=of_stay(), visits=(a_visit(med_type="21", reopened=True),))


def test_a_revival_of_uploaded_lines_names_the_settlement_that_named_them() -> None:
    row = a_mirror_row("cancel", 2, "settle")
    booked = {CANCEL: Decided(row.answer, row.digest, False, row)}
    lines = admitted(a_reverse_request("m1", oinfno="2208"), claims=CANCELLED, finals=booked).lines
    assert lines == (row.visit, row.bill, (), an_id("settle"))


def test_a_stay_after_discharge_lives_again() -> None:
    request = a_reverse_request("m1", oinfno="2208")
    _, item = sent(request, claims=CANCELLED, visits=(a_visit(state=VISIT_CLOSED),))
    assert item.kind == mpb.KIND_REVIVE


def test_a_superseded_revival_is_declined_here_holds_no_visit_and_still_voids_what_was_named() -> None:
    request = a_reverse_request("m1")
    verdict = admitted(request, claims={CANCEL_2305: a_claim(Kind.CANCEL)})
    declined = superseded(a_call(request), verdict.rows, now_ms=NOW_MS)
    row = declined.rows[0]
    assert (row.item, row.exclusive, row.visit_version, row.deadline_ms) == (None, False, None, 0)
    outcome = pb.Outcome.FromString(row.own_answer or b"")
    assert (outcome.status, outcome.code) == (pb.OUTCOME_STATUS_DECLINED, "SUPERSEDED")
    assert [stone.id for stone in declined.rows[1:]] == [SETTLE]


# ------------------------------------------------------------------------------------------------- admissions


def of_admission(**changes: Any) -> dict[bytes, Claim]:
    return {OPENING: a_claim(OPEN_VISIT, **changes)}


def test_the_reversal_of_an_admission_cancels_its_visit_here() -> None:
    request = a_reverse_request("m1", oinfno="2401")
    row = admitted(request, claims=of_admission(), visits=(a_visit(version=3),)).rows[0]
    assert (row.visit, row.visit_version, row.new_state) == (a_visit().id, 3, VISIT_CANCELLED)
    outcome = own(request, claims=of_admission())
    assert (outcome.undoes, outcome.mdtrt_id) == (setl_id_text(OPENING), setl_id_text(a_visit().id))


def test_an_admission_in_use_is_not_reversed() -> None:
    request = a_reverse_request("m1", oinfno="2401")
    for visit in (a_visit(busy=an_id("x")), a_visit(live_bills=(an_id("b"),))):
        assert refused(request, claims=of_admission(), visits=(visit,)).code == "VISIT_IN_USE"


def test_another_person_s_admission_is_not_reversed() -> None:
    request = a_reverse_request("m1", oinfno="2401", psn_no=OTHER_PSN)
    assert refused(request, claims=of_admission()).code == "WRONG_PERSON"


def test_a_visit_bound_to_another_person_since_is_not_cancelled_by_the_first_one_s_reversal() -> None:
    request = a_reverse_request("m1", oinfno="2401")
    view: dict[str, Any] = {"claims": of_admission(), "visits": (a_visit(psn_no=OTHER_PSN),)}
    assert own(request, **view).code == "NOTHING_TO_UNDO"
    assert admitted(request, **view).rows[0].new_state is None


def test_only_an_admission_is_reversed_as_one() -> None:
    verdict = refused(a_reverse_request("m1", oinfno="2401"), claims={OPENING: a_claim(CANCEL_VISIT)})
    assert [one.field for one in verdict.violations] == ["input.oinfno"]


# ------------------------------------------------------------------------------------------------- what is read


def test_an_undoing_call_speaks_of_the_ids_that_it_may_mean() -> None:
    call = a_call(a_reverse_request("m1"))
    assert sought_by(call).ids == (call.id, SETTLE, CANCEL_2305)
    assert sought_by(a_call(a_cancel_request(setl_id_text(SETTLE)))).ids[1:] == (SETTLE,)
    assert sought_by(a_call(a_cancel_request("garbage"))).ids[1:] == ()
    known = Known({call.id: a_claim(), CANCEL_2305: a_claim(Kind.CANCEL)}, {}, {})
    assert targets_of(call, known) == {CANCEL_2305: a_claim(Kind.CANCEL)}


def test_a_decision_of_our_own_is_claimed_for_the_person_s_partition() -> None:
    row = admitted(a_reverse_request("m1")).rows[0]
    assert (row.node, row.partition, row.psn_no, row.visit) == (NODE, PARTITION, PSN, None)
