"""Fees uploaded before they are settled: of a visit, and of a stay with interim settlements."""

from collections.abc import Sequence

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import (
    BLOOD_TEST,
    DECLINED,
    OK,
    PAID,
    His,
    NewPerson,
    Visit,
    line,
    now_text,
    refused,
    same_bytes,
)
from tests.endtoend.running_stack import RunningStack

PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
UPLOADING = {"11": "2204", "21": "2301"}
DELETING = {"11": "2205", "21": "2302"}
BATCH = "B1"


def an_upload(
    his: His, visit: Visit, lines: Sequence[pb.FeeDetail], *, batch: str = ""
) -> pb.UploadFeesRequest:
    """2204 or 2301."""
    given = pb.UploadFeesInput(
        mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, chrg_bchno=batch, feedetl=lines
    )
    return pb.UploadFeesRequest(
        envelope=his.envelope(UPLOADING[visit.med_type], visit.person.pool), input=given
    )


def a_deletion(his: His, visit: Visit, *sns: str) -> pb.CancelFeesRequest:
    """2205 or 2302."""
    given = pb.CancelFeesInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, feedetl_sn=sns)
    return pb.CancelFeesRequest(
        envelope=his.envelope(DELETING[visit.med_type], visit.person.pool), input=given
    )


def a_bill(
    his: His, visit: Visit, fen: int, *, begin: float = 0, end: float = 0, interim: bool = False
) -> pb.SettleInput:
    """What trial and settlement of uploaded lines share: no line, and the sum that the HIS expects."""
    given = his.bill(visit, batch=BATCH)
    del given.feedetl[:]
    given.medfee_sumamt = fen
    if visit.med_type == "21":
        given.begntime, given.endtime = now_text(days=begin), now_text(days=end)
        given.mid_setl_flag = "1" if interim else ""
    return given


def settled(his: His, visit: Visit, given: pb.SettleInput) -> tuple[pb.SettleRequest, pb.Outcome]:
    """Settle; it must be paid."""
    request = his.settlement(visit, given)
    paid = his.outcome(request)
    assert paid.status == PAID, paid
    return request, paid


def digests(stack: RunningStack, paid: pb.Outcome) -> tuple[str, str, str]:
    """Digest of the lines that a settlement pays: in the care book, in its fee bill, in the home book."""
    msgid = paid.medins_setl_id
    of = f"SELECT lines_digest FROM {{}} WHERE id = (SELECT id FROM request WHERE msgid = '{msgid}')"
    id_ = stack.query("region 44", f"SELECT id FROM request WHERE msgid = '{msgid}'")
    return (
        stack.query("region 44", of.format("care")),
        stack.query("region 44", of.format("fee_bill").replace("WHERE id", "WHERE settlement")),
        stack.query("node 44", f"SELECT lines_digest FROM decision WHERE id = '{id_}'"),
    )


@pytest.fixture
def visit(hospital: His, new_person: NewPerson) -> Visit:
    """An outpatient visit with two lines uploaded, 32 yuan."""
    made = hospital.open(new_person())
    request = an_upload(hospital, made, [line("1", 1_200), line("2", 2_000, item=BLOOD_TEST)], batch=BATCH)
    uploaded = hospital.outcome(request)
    assert uploaded.status == OK
    assert [one.feedetl_sn for one in uploaded.feesplit] == ["1", "2"]
    assert sum(one.det_item_fee_sumamt for one in uploaded.feesplit) == 3_200
    assert same_bytes(hospital.outcome(request, gateway=1), uploaded)
    return made


def test_uploaded_lines_are_tried_settled_cancelled_and_deleted(
    hospital: His, visit: Visit, stack: RunningStack
) -> None:
    given = a_bill(hospital, visit, 3_200)
    trial = hospital.outcome(hospital.trial(visit, given))
    _, paid = settled(hospital, visit, given)
    assert trial.setlinfo.fund_pay_sumamt == paid.setlinfo.fund_pay_sumamt
    assert paid.setlinfo.medfee_sumamt == 3_200
    held, named, home = digests(stack, paid)
    assert len(held) == len(r"\x") + 64
    assert held == named == home
    with refused("FEES_SETTLED", PRECONDITION):
        hospital.ask(a_deletion(hospital, visit, "1"))
    hospital.cancelled(visit, paid)
    assert hospital.outcome(a_deletion(hospital, visit, "0000")).status == OK
    with refused("NO_FEES", PRECONDITION):
        hospital.ask(hospital.settlement(visit, given))


def test_a_cancelled_settlement_lives_again_only_while_its_lines_are_held(
    hospital: His, visit: Visit
) -> None:
    _, paid = settled(hospital, visit, a_bill(hospital, visit, 3_200))
    cancel, _ = hospital.cancelled(visit, paid)
    assert hospital.outcome(hospital.reversal(visit, cancel)).status == OK
    again, _ = hospital.cancelled(visit, paid)
    assert hospital.outcome(a_deletion(hospital, visit, "1")).status == OK
    request = hospital.reversal(visit, again)
    gone = hospital.outcome(request)
    assert (gone.status, gone.code) == (DECLINED, "SUPERSEDED")
    assert same_bytes(hospital.outcome(request, gateway=1), gone)
    settled(hospital, visit, a_bill(hospital, visit, 2_000))


def test_a_stay_is_settled_in_parts_that_share_no_day_and_are_cancelled_latest_first(
    hospital: His, new_person: NewPerson, stack: RunningStack
) -> None:
    visit = Visit(new_person(), "21")
    opening = hospital.opening(visit)
    opening.input.begntime = now_text(days=-3)
    visit.mdtrt_id = hospital.outcome(opening).mdtrt_id
    lines = [line(f"{day}", 100_000 + day, at=now_text(days=-day)) for day in range(4)]
    for one in lines:
        assert hospital.outcome(an_upload(hospital, visit, [one])).status == OK
    first, paid_first = settled(
        hospital, visit, a_bill(hospital, visit, 200_005, begin=-3, end=-2, interim=True)
    )
    with refused("DAYS_IN_LIVE_BILL", PRECONDITION):
        overlapping = a_bill(hospital, visit, 200_003, begin=-2, end=-1, interim=True)
        hospital.ask(hospital.settlement(visit, overlapping))
    _, paid_second = settled(
        hospital, visit, a_bill(hospital, visit, 100_001, begin=-1, end=-1, interim=True)
    )
    for paid in (paid_first, paid_second):
        assert len(set(digests(stack, paid))) == 1
    assert digests(stack, paid_first) != digests(stack, paid_second)
    early = hospital.outcome(hospital.refund(visit, paid_first))
    assert (early.status, early.code) == (DECLINED, "LATER_INTERIM_LIVES")
    given = pb.CloseVisitInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, endtime=now_text())
    closing = pb.CloseVisitRequest(envelope=hospital.envelope("2402", visit.person.pool), input=given)
    assert hospital.outcome(closing).status == OK
    with refused("VISIT_CLOSED", PRECONDITION):
        hospital.ask(an_upload(hospital, visit, [line("late", 100)]))
    _, paid_last = settled(hospital, visit, a_bill(hospital, visit, 100_000))
    assert len(set(digests(stack, paid_last))) == 1
    hospital.cancelled(visit, paid_last)
    cancel, _ = hospital.cancelled(visit, paid_second)
    hospital.cancelled(visit, paid_first)
    settled(hospital, visit, a_bill(hospital, visit, 300_006, begin=-3, end=-1, interim=True))
    taken = hospital.outcome(hospital.reversal(visit, cancel))  # its days are paid for
    assert (taken.status, taken.code) == (DECLINED, "SUPERSEDED")
    assert hospital.found(first)[0].undone_by


def test_two_batches_of_a_visit_are_settled_on_one_day_and_cancelled_in_any_order(
    hospital: His, visit: Visit
) -> None:
    assert hospital.outcome(an_upload(hospital, visit, [line("3", 700)], batch="B2")).status == OK
    _, paid_first = settled(hospital, visit, a_bill(hospital, visit, 3_200))
    other = a_bill(hospital, visit, 700)
    other.chrg_bchno = "B2"
    settled(hospital, visit, other)
    hospital.cancelled(visit, paid_first)
