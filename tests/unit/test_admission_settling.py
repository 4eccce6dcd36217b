"""A settlement is refused with a code that says what to mend, or claimed with all that its home node needs to know."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.admission import admit, sought_by
from gateway.care_book import VISIT_CANCELLED, Visit
from gateway.entrance import Admitted, Verdict
from gateway.refusals import Refused
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, setl_id_text
from tests.builders import (
    CARE_POOL,
    DEADLINE_MS,
    FEN_A_LINE,
    HOME_POOL,
    ITEM,
    NODE,
    OTHER_HOSPITAL,
    OTHER_ITEM,
    OTHER_PSN,
    PARTITION,
    PSN,
    TODAY,
    TODAY_TEXT,
    a_call,
    a_house,
    a_line,
    a_return,
    a_settle_request,
    a_view,
    a_visit,
    an_id,
)


def judged(request: Any, *visits: Visit, **view: Any) -> Verdict:
    return admit(a_call(request), house=a_house(), view=a_view(visits=visits or (a_visit(),), **view))


def refused(request: Any, *visits: Visit, **view: Any) -> Refused:
    verdict = judged(request, *visits, **view)
    assert isinstance(verdict, Refused), verdict
    return verdict


def admitted(request: Any, *visits: Visit, **view: Any) -> Admitted:
    verdict = judged(request, *visits, **view)
    assert isinstance(verdict, Admitted), verdict
    return verdict


def facts(request: Any, *visits: Visit) -> mpb.SettleFacts:
    item = admitted(request, *visits).item
    assert item is not None
    return item.facts


REFUSALS: dict[str, tuple[pb.SettleRequest, Visit, str]] = {
    "institution": (a_settle_request(envelope={"fixmedins_code": "H99999999999"}), a_visit(), "UNKNOWN_INSTITUTION"),
    "region": (a_settle_request(envelope={"fixmedins_code": "H45010390001"}), a_visit(), "WRONG_REGION"),
    "suspended": (
        a_settle_request(envelope={"fixmedins_code": "H44011190021"}),
        a_visit(fixmedins_code="H44011190021"), "NOT_IN_AGREEMENT",
    ),
    "agreement over": (
        a_settle_request(envelope={"fixmedins_code": "H44011190022"}),
        a_visit(fixmedins_code="H44011190022"), "NOT_IN_AGREEMENT",
    ),
    "pool": (a_settle_request(envelope={"insuplc_admdvs": "990000"}), a_visit(), "UNKNOWN_POOL"),
    "visit": (a_settle_request(mdtrt_id=setl_id_text(an_id("never"))), a_visit(), "UNKNOWN_VISIT"),
    "no id of ours": (a_settle_request(mdtrt_id="44-1234"), a_visit(), "UNKNOWN_VISIT"),
    "another institution's visit": (a_settle_request(), a_visit(fixmedins_code=OTHER_HOSPITAL), "UNKNOWN_VISIT"),
    "person": (a_settle_request(psn_no=OTHER_PSN), a_visit(), "WRONG_PERSON"),
    "pool of the visit": (a_settle_request(envelope={"insuplc_admdvs": "440300"}), a_visit(), "WRONG_POOL"),
    "closed": (a_settle_request(), a_visit(state=VISIT_CANCELLED), "VISIT_CLOSED"),
    "busy": (a_settle_request(), a_visit(busy=an_id("other")), "BUSY_VISIT"),
    "not opened there": (
        a_settle_request(envelope={"fixmedins_code": "H44011290023"}),
        a_visit(fixmedins_code="H44011290023"), "NOT_OPENED",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "visit", "code"), REFUSALS.values(), ids=REFUSALS)
def test_each_reason_not_to_settle_has_its_code(request_: pb.SettleRequest, visit: Visit, code: str) -> None:
    assert refused(request_, visit).code == code


def test_a_silent_node_is_sent_nothing_new() -> None:
    verdict = refused(a_settle_request(), silent=True)
    assert (verdict.code, verdict.retry_after_ms > 0) == ("NODE_SILENT", True)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    verdict = refused(a_settle_request("m" * 31, medfee_sumamt=-1, acct_used_flag="yes", psn_no=""))
    assert verdict.code == "INVALID"
    assert [one.field for one in verdict.violations] == ["envelope.msgid"]  # first the envelope, alone
    verdict = refused(a_settle_request(medfee_sumamt=-1, acct_used_flag="yes", psn_no=""))
    assert [one.field for one in verdict.violations] == [
        "input.psn_no", "input.acct_used_flag", "input.medfee_sumamt"
    ]  # fmt: skip
    assert "input.psn_no: is missing (and 2 more)" in verdict.err_msg


def test_the_care_division_must_be_in_the_institution_s_pool() -> None:
    admitted(a_settle_request(envelope={"mdtrtarea_admvs": "440104"}))
    verdict = refused(a_settle_request(envelope={"mdtrtarea_admvs": "440300"}))
    assert [one.field for one in verdict.violations] == ["envelope.mdtrtarea_admvs"]


def test_what_is_admitted_travels_with_what_the_policy_reads() -> None:
    request = a_settle_request(
        lines=[a_line("1"), a_line("2", med_list_codg=OTHER_ITEM)], acct_used_flag="1", er_flag="1"
    )
    call = a_call(request)
    verdict = admit(call, house=a_house(), view=a_view(visits=(a_visit(version=7),)))
    assert isinstance(verdict, Admitted)
    (row,), item = verdict.rows, verdict.item
    assert item is not None

    assert row.item == item.SerializeToString()
    assert (row.id, row.digest, row.kind, row.input) == (call.id, call.digest, 1, call.input_bytes)
    assert (row.visit, row.visit_version, row.exclusive, row.opens_visit) == (a_visit().id, 7, True, False)
    assert (row.node, row.partition, row.psn_no, row.deadline_ms) == (NODE, PARTITION, PSN, DEADLINE_MS)
    assert (item.id, item.digest, item.kind, item.region) == (call.id, call.digest, mpb.KIND_SETTLE, "44")
    assert (item.home_pool, item.care_pool, item.deadline_ms) == (HOME_POOL, CARE_POOL, DEADLINE_MS)
    assert (item.visit, item.bill) == (a_visit().id, bill_key(a_visit().id, "batch-1"))
    given = item.facts
    assert (given.total_fen, given.in_scope_fen, len(given.line_keys)) == (2 * FEN_A_LINE, 2 * FEN_A_LINE, 2)
    assert (given.insutype, given.med_type, given.clr_type, given.route) == ("310", "11", "11", 3)
    assert (given.hosp_lv, given.dedc_hosp_lv, given.pharmacy) == ("3", "3", False)
    assert (given.care_date, given.begin_date, given.end_date) == (TODAY_TEXT,) * 3
    assert (given.emergency, given.injury, given.account_used) == (True, False, True)


def test_what_the_visit_says_stands_where_the_settlement_says_nothing() -> None:
    visit = a_visit(
        med_type="14", insutype="390", dise_codg="M01", matn_type="1", injury=True, third_party=True
    )
    given = facts(a_settle_request(), visit)
    assert (given.med_type, given.insutype, given.dise_codg, given.matn_type) == ("14", "390", "M01", "1")
    assert (given.injury, given.third_party) == (True, True)
    given = facts(a_settle_request(med_type="11", insutype="310", dise_codg="M02"), visit)
    assert (given.med_type, given.insutype, given.dise_codg) == ("11", "310", "M02")


def test_returns_are_paid_net_and_every_line_has_its_key() -> None:
    lines = [a_line("1"), a_line("2"), a_return("1", cnt=-5_000, det_item_fee_sumamt=-500)]
    given = facts(a_settle_request(lines=lines))
    assert (given.total_fen, given.in_scope_fen, len(given.line_keys)) == (1_500, 1_500, 3)


def test_an_inpatient_bill_is_the_visit_whatever_batch_is_named() -> None:
    stay = a_visit(med_type="21", begin_day=TODAY - timedelta(days=4))
    request = a_settle_request(infno="2304", chrg_bchno="batch-9", endtime=f"{TODAY_TEXT} 08:00:00")
    item = admitted(request, stay).item
    assert item is not None
    assert item.bill == bill_key(stay.id, "")
    assert item.facts.clr_type == "21"
    assert (item.facts.begin_date, item.facts.end_date) == (
        (TODAY - timedelta(days=4)).isoformat(), TODAY_TEXT
    )  # fmt: skip


def test_a_stay_says_when_it_began_whichever_days_are_paid_for() -> None:
    stay = a_visit(med_type="21", begin_day=TODAY - timedelta(days=4))
    yesterday = f"{TODAY - timedelta(days=1)} 08:00:00"
    days = {"begntime": yesterday, "endtime": f"{TODAY_TEXT} 08:00:00", "mid_setl_flag": "1"}
    given = facts(a_settle_request(infno="2304", **days), stay)
    assert (given.begin_date, given.admission_date) == (yesterday[:10], str(TODAY - timedelta(days=4)))
    assert facts(a_settle_request()).admission_date == ""


def test_invoice_and_relative_go_to_the_home_node() -> None:
    given = facts(a_settle_request(invono="inv-1", acct_mulaid_psn_no=OTHER_PSN, acct_used_flag="1"))
    assert (given.invoice, given.relative) == ("inv-1", OTHER_PSN)


@pytest.mark.parametrize(("infno", "med_type"), [("2304", "11"), ("2207", "21"), ("2102", "21")])
def test_the_transaction_must_be_of_the_visit_s_family(infno: str, med_type: str) -> None:
    verdict = refused(a_settle_request(infno=infno), a_visit(med_type=med_type))
    assert [one.field for one in verdict.violations] == ["envelope.infno"]


@pytest.mark.parametrize("field", ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"])
def test_a_sum_that_the_his_sends_must_agree_with_the_split(field: str) -> None:
    right = {"fulamt_ownpay_amt": 0, "overlmt_selfpay": 0, "preselfpay_amt": 0, "inscp_scp_amt": FEN_A_LINE}
    admitted(a_settle_request(**right))
    verdict = refused(a_settle_request(**(right | {field: right[field] + 1})))
    assert [one.field for one in verdict.violations] == [f"input.{field}"]
    assert str(right[field]) in verdict.violations[0].err_msg


def test_an_item_above_the_price_limit_is_split_by_the_hospital_s_level() -> None:
    line = a_line(med_list_codg=ITEM, pric=15_000_000, det_item_fee_sumamt=1_500)  # limit 12 yuan at level 3
    given = facts(a_settle_request(lines=[line]))
    assert (given.over_limit_fen, given.in_scope_fen) == (300, 1_200)


def test_lines_are_compared_with_other_live_bills_only_where_there_are_some() -> None:
    mine = bill_key(a_visit().id, "batch-1")
    assert admitted(a_settle_request()).lines is None
    assert admitted(a_settle_request(), a_visit(live_bills=(mine,))).lines is None
    looked = admitted(a_settle_request(), a_visit(live_bills=(mine, an_id("other")))).lines
    assert looked is not None
    assert (looked.visit, looked.bill, len(looked.line_keys)) == (a_visit().id, mine, 1)


def test_a_trial_settlement_is_judged_like_a_settlement_but_not_held_up_by_one() -> None:
    settle = a_settle_request(infno="2206")
    request = pb.PreSettleRequest(envelope=settle.envelope, input=settle.input)
    assert isinstance(judged(request, a_visit(busy=an_id("other"))), Admitted)
    assert refused(request, a_visit(state=VISIT_CANCELLED)).code == "VISIT_CLOSED"
    request.envelope.infno = "2207"
    assert [one.field for one in refused(request).violations] == ["envelope.infno"]


def test_a_settlement_speaks_of_its_own_id_and_of_its_visit() -> None:
    call = a_call(a_settle_request())
    assert sought_by(call) == ((call.id,), a_visit().id, None)
    assert sought_by(a_call(a_settle_request(mdtrt_id="no id"))) == ((call.id,), None, None)


def test_the_insured_division_may_be_any_of_the_pool() -> None:
    admitted(a_settle_request(envelope={"insuplc_admdvs": "450103"}))
