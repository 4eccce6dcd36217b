"""Cancel, reversal, revival: the table of the life of a bill, through the door."""

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import DECLINED, OK, PAID, VOIDED, His, NewPerson, Visit, line, refused, same_bytes
from tests.endtoend.running_stack import RunningStack

MIRRORED = (
    "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc",
    "hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay",
    "fund_pay_sumamt", "psn_part_amt", "acct_pay", "psn_cash_pay", "hosp_part_amt", "acct_mulaid_pay",
)  # fmt: skip


def undone_by(his: His, request: pb.SettleRequest, *, gateway: int = 1) -> str:
    """What has undone a settlement, by a repeat of its message; its own bytes must not have changed."""
    response = his.call(request, gateway=gateway)
    assert response.outcome.status == PAID
    return str(response.undone_by)


def test_a_cancel_mirrors_every_amount_and_is_named_beside_the_outcome(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    assert undone_by(hospital, request) == ""
    _, cancelled = hospital.cancelled(visit, paid)
    for figure in MIRRORED:
        assert getattr(cancelled.setlinfo, figure) == -getattr(paid.setlinfo, figure), figure
    assert paid.setlinfo.medfee_sumamt > 0
    assert cancelled.setlinfo.refd_setl_flag == "1"
    assert cancelled.setlinfo.balc == paid.setlinfo.balc + paid.setlinfo.acct_pay
    assert undone_by(hospital, request) == cancelled.setl_id
    found = hospital.found(request)[0]
    assert same_bytes(found.outcome, paid)
    assert found.undone_by == cancelled.setl_id


def test_a_second_cancel_is_declined_with_the_first_ones_answer_inside(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    _, paid = hospital.pay(visit)
    _, cancelled = hospital.cancelled(visit, paid)
    again = hospital.outcome(hospital.refund(visit, paid), gateway=1)
    assert (again.status, again.code) == (DECLINED, "ALREADY_UNDONE")
    assert same_bytes(again.other, cancelled)


def test_a_bill_can_be_settled_again_after_its_cancel_and_only_once(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    hospital.cancelled(visit, paid)
    anew = hospital.outcome(hospital.settlement(visit, request.input), gateway=1)
    assert anew.status == PAID
    assert anew.setl_id != paid.setl_id
    third = hospital.outcome(hospital.settlement(visit, request.input))
    assert (third.status, third.code) == (DECLINED, "BILL_ALREADY_SETTLED")
    assert same_bytes(third.other, anew)


def test_a_cancel_gives_back_what_its_settlement_used_up(
    hospital: His, new_person: NewPerson, stack: RunningStack
) -> None:
    person = new_person("440300", "310")
    before = hospital.ask(hospital.insured(person))
    visit = hospital.open(person, "21")
    given = hospital.bill(visit, line("1", 900_000, item="003310030220000"))
    paid = hospital.outcome(hospital.settlement(visit, given))
    assert paid.status == PAID
    between = hospital.ask(hospital.insured(person))
    assert between.cuminfo != before.cuminfo
    hospital.cancelled(visit, paid)
    after = hospital.ask(hospital.insured(person))
    assert numbers(after) == numbers(before)
    assert [one.balc for one in after.insuinfo] == [one.balc for one in before.insuinfo]


def numbers(insured: pb.GetInsuredResponse) -> dict[tuple[str, str, str], int]:
    """Accumulators that are not nothing."""
    return {(one.insutype, one.year, one.cum_type_code): one.cum for one in insured.cuminfo if one.cum}


def test_what_never_was_or_is_not_ours_cannot_be_cancelled(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    _, paid = hospital.pay(visit)
    nothing = hospital.refund(visit, pb.Outcome(setl_id="A" * 26))
    declined = hospital.outcome(nothing)
    assert (declined.status, declined.code) == (DECLINED, "NO_SUCH_SETTLEMENT")
    theirs = second_hospital.outcome(second_hospital.refund(visit, paid))
    assert (theirs.status, theirs.code) == (DECLINED, "NO_SUCH_SETTLEMENT")
    somebody_else = hospital.refund(Visit(new_person(), "11"), paid)
    other = hospital.outcome(somebody_else)
    assert (other.status, other.code) == (DECLINED, "OTHER_PERSON")


def test_a_reversal_undoes_a_settlement_for_ever(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    reversed_ = hospital.outcome(hospital.reversal(visit, request), gateway=1)
    assert (reversed_.status, reversed_.undoes) == (OK, paid.setl_id)
    assert reversed_.setlinfo.medfee_sumamt == -paid.setlinfo.medfee_sumamt
    assert undone_by(hospital, request) == reversed_.setl_id
    again = hospital.outcome(hospital.reversal(visit, request))
    assert (again.status, again.code) == (OK, "NOTHING_TO_UNDO")
    assert same_bytes(again.other, reversed_)
    cancel = hospital.outcome(hospital.refund(visit, paid))
    assert (cancel.status, cancel.code) == (DECLINED, "ALREADY_UNDONE")
    assert hospital.outcome(hospital.settlement(visit, request.input)).status == PAID


def test_a_reversal_of_a_cancel_brings_the_settlement_back(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    cancel, _ = hospital.cancelled(visit, paid)
    revival = hospital.outcome(hospital.reversal(visit, cancel), gateway=1)
    assert (revival.status, revival.undoes) == (OK, paid.setl_id)  # what it brings back
    assert revival.setlinfo.medfee_sumamt == paid.setlinfo.medfee_sumamt
    assert undone_by(hospital, request) == ""
    assert hospital.call(cancel).undone_by == revival.setl_id
    taken = hospital.outcome(hospital.settlement(visit, request.input))
    assert (taken.status, taken.code) == (DECLINED, "BILL_ALREADY_SETTLED")
    assert same_bytes(taken.other, paid)
    _, second = hospital.cancelled(visit, paid)
    assert undone_by(hospital, request) == second.setl_id


@pytest.mark.parametrize("meanwhile", ["settled anew", "sealed"])
def test_a_cancelled_settlement_that_cannot_live_again_is_not_revived(
    hospital: His, new_person: NewPerson, meanwhile: str
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    cancel, cancelled = hospital.cancelled(visit, paid)
    if meanwhile == "settled anew":
        assert hospital.outcome(hospital.settlement(visit, request.input)).status == PAID
    else:
        sealing = hospital.outcome(hospital.reversal(visit, request))
        assert (sealing.code, sealing.other.setl_id) == ("NOTHING_TO_UNDO", cancelled.setl_id)
    revival = hospital.outcome(hospital.reversal(visit, cancel))
    assert (revival.status, revival.code) == (DECLINED, "SUPERSEDED")
    assert undone_by(hospital, request) == cancelled.setl_id


@pytest.mark.parametrize("kind", ["settlement", "cancel"])
def test_a_reversal_before_its_original_voids_it(hospital: His, new_person: NewPerson, kind: str) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    late = hospital.settlement(visit) if kind == "settlement" else hospital.refund(visit, paid)
    reversal = hospital.reversal(visit, late)
    first = hospital.outcome(reversal)
    assert first.status == OK
    for gateway in (0, 1):
        voided = hospital.outcome(late, gateway=gateway)
        assert voided.status == VOIDED
        assert voided.medins_setl_id == late.envelope.msgid
    late.input.psn_no = "somebody else"  # whatever its content: the id is void
    assert hospital.outcome(late).status == VOIDED
    assert same_bytes(hospital.outcome(reversal, gateway=1), first)
    assert undone_by(hospital, request) == ""


def cancelled_stay(his: His, new_person: NewPerson) -> tuple[Visit, pb.SettleRequest, pb.CancelRequest]:
    """A stay that was settled and cancelled (2305)."""
    visit = his.open(new_person(), "21")
    given = his.bill(visit, line("1", 500_000, item="003310030220000"))
    request = his.settlement(visit, given)
    cancel, _ = his.cancelled(visit, his.outcome(request))
    assert cancel.envelope.infno == "2305"
    return visit, request, cancel


def test_a_misprinted_oinfno_finds_the_cancel_that_was_meant(hospital: His, new_person: NewPerson) -> None:
    """The published list of 2601 prints 2305, the cancel of a stay, as 2207."""
    visit, request, cancel = cancelled_stay(hospital, new_person)
    reversal = hospital.reversal(visit, cancel, oinfno="2207")
    revival = hospital.outcome(reversal)
    assert (revival.status, revival.undoes) == (OK, hospital.outcome(request).setl_id)
    assert undone_by(hospital, request) == ""
    late = hospital.settlement(Visit(visit.person, "11", mdtrt_id=visit.mdtrt_id))
    late.envelope.msgid = cancel.envelope.msgid  # the very id that was named must never be paid either
    assert hospital.outcome(late).status == VOIDED


def test_a_misprinted_oinfno_means_nobody_elses_cancel(hospital: His, new_person: NewPerson) -> None:
    _, request, cancel = cancelled_stay(hospital, new_person)
    stranger = hospital.outcome(hospital.reversal(Visit(new_person(), "21"), cancel, oinfno="2207"))
    assert stranger.status == OK
    assert not stranger.undoes
    assert hospital.call(cancel).undone_by == ""
    assert undone_by(hospital, request) == hospital.outcome(cancel).setl_id


def test_a_reversal_of_another_persons_settlement_is_declined(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    request, _ = hospital.pay(visit)
    declined = hospital.outcome(hospital.reversal(Visit(new_person(), "11"), request))
    assert (declined.status, declined.code) == (DECLINED, "OTHER_PERSON")
    assert undone_by(hospital, request) == ""


def test_a_reversal_of_a_declined_settlement_has_nothing_to_undo(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    declined = hospital.settlement(visit, request.input)
    assert hospital.outcome(declined).status == DECLINED
    nothing = hospital.outcome(hospital.reversal(visit, declined))
    assert (nothing.status, nothing.code) == (OK, "NOTHING_TO_UNDO")
    assert undone_by(hospital, request) == ""
    assert not hospital.call(declined).undone_by
    assert paid.status == PAID


def test_an_admission_is_reversed_like_a_cancelled_visit(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person(), "21")
    admission = hospital.opening(visit)
    first = hospital.outcome(admission)
    given = hospital.bill(visit, line("1", 500_000, item="003310030220000"))
    request = hospital.settlement(visit, given)
    paid = hospital.outcome(request)
    with refused("VISIT_IN_USE", grpc.StatusCode.FAILED_PRECONDITION):
        hospital.call(hospital.reversal(visit, admission))
    with refused("VISIT_IN_USE", grpc.StatusCode.FAILED_PRECONDITION):
        hospital.call(hospital.closing(visit))
    hospital.cancelled(visit, paid)
    reversed_ = hospital.outcome(hospital.reversal(visit, admission))
    assert reversed_.status == OK
    assert hospital.call(admission).undone_by == reversed_.setl_id
    assert same_bytes(hospital.outcome(admission), first)
    with refused("VISIT_CLOSED", grpc.StatusCode.FAILED_PRECONDITION):
        hospital.call(hospital.settlement(visit, request.input))


def test_the_refund_of_a_patient_of_the_other_region_works_there_too(
    hospital: His, far_hospital: His, new_person: NewPerson
) -> None:
    """One home node serves two care regions: the same person, treated in both."""
    person = new_person("440100", "310")
    here, there = hospital.open(person), far_hospital.open(person)
    first, paid_here = hospital.pay(here)
    second, paid_there = far_hospital.pay(there)
    far_hospital.cancelled(there, paid_there)
    assert undone_by(hospital, first) == ""
    assert undone_by(far_hospital, second, gateway=0) != ""
    assert paid_here.setlinfo.fixmedins_poolarea != paid_there.setlinfo.fixmedins_poolarea
