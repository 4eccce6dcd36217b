"""The same message again, at any time, to any gateway process of the region: the same outcome, byte for byte."""

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import (
    DECLINED,
    DRUG,
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


def test_a_repeat_of_any_message_at_any_process_gets_the_first_ones_bytes(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    settlement, paid = hospital.pay(visit)
    cancel, cancelled = hospital.cancelled(visit, paid)
    again = hospital.settlement(visit)
    paid_again = hospital.outcome(again)
    reversal = hospital.reversal(visit, again)
    reversed_ = hospital.outcome(reversal)
    closing = hospital.closing(visit)
    closed = hospital.outcome(closing)
    firsts = [
        (settlement, paid), (cancel, cancelled), (again, paid_again), (reversal, reversed_), (closing, closed),
    ]  # fmt: skip
    for request, first in firsts:
        for gateway in (0, 1):
            assert same_bytes(hospital.outcome(request, gateway=gateway), first)


def test_an_opening_repeated_after_its_visit_was_closed_still_gets_its_first_answer(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    opening = hospital.opening(visit)
    first = hospital.outcome(opening)
    assert first.mdtrt_id == visit.mdtrt_id  # opening again gives the same visit
    closed = hospital.outcome(hospital.closing(visit))
    response = hospital.call(opening, gateway=1)
    assert same_bytes(response.outcome, first)
    assert response.undone_by == closed.setl_id


def test_a_retry_that_differs_in_everything_but_its_key_and_body_meets_its_first(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    retry = pb.SettleRequest(input=request.input)
    first = request.envelope
    retry.envelope.CopyFrom(first)
    for name, value in (
        ("infno", first.infno + "A"), ("mdtrtarea_admvs", "440304"), ("recer_sys_code", "OTHER"), ("dev_no", "9"),
        ("dev_safe_info", "safe"), ("cainfo", "ca"), ("signtype", "SM3"), ("infver", "V2.0"), ("opter_type", "2"),
        ("opter", "another"), ("opter_name", "自助机"), ("inf_time", now_text(days=0.01)), ("sign_no", "77"),
        ("fixmedins_name", "改名医院"),
    ):  # fmt: skip
        setattr(retry.envelope, name, value)
    retry.credential.mdtrt_cert_type, retry.credential.mdtrt_cert_no = "01", "a token of today"
    retry.credential.card_sn, retry.credential.psn_name = "another card", "某人"
    assert {field.name for field, _ in retry.envelope.ListFields()} == {
        field.name for field in first.DESCRIPTOR.fields
    }
    for gateway in (0, 1):
        assert same_bytes(hospital.outcome(retry, gateway=gateway), paid)


def test_what_is_answered_are_the_very_bytes_that_both_books_hold(
    hospital: His, new_person: NewPerson, stack: RunningStack
) -> None:
    """Not only the same values: the bytes, as a signature or an auditor would need them."""
    visit = hospital.open(new_person())
    settlement, paid = hospital.pay(visit)
    declined = hospital.settlement(visit, settlement.input)
    hospital.outcome(declined)
    cancel, _ = hospital.cancelled(visit, paid)
    revival = hospital.reversal(visit, cancel)
    hospital.outcome(revival)
    answers = f"SELECT encode(answer, 'hex') FROM {{}} WHERE psn_no = '{visit.person.psn_no}' ORDER BY number"
    stored = stack.query("region 44", answers.format("care")).split()
    assert stored == stack.query("node 44", answers.format("decision")).split()
    sent = (("Settle", settlement), ("Settle", declined), ("Cancel", cancel), ("Reverse", revival))
    for (method, request), answer in zip(sent, stored, strict=True):
        for channel in hospital.channels:
            raw = channel.unary_unary(f"/settlement.v1.SettlementService/{method}")
            assert bytes.fromhex(answer) in raw(request.SerializeToString(), timeout=10), method


@pytest.mark.parametrize("gateway", [0, 1])
def test_the_same_msgid_with_other_content_is_refused_and_the_first_stands(
    hospital: His, new_person: NewPerson, gateway: int
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    other = pb.SettleRequest()
    other.CopyFrom(request)
    other.input.feedetl[0].feedetl_sn = "another line"
    with refused("MSGID_REUSED", grpc.StatusCode.ALREADY_EXISTS, says="new one"):
        hospital.call(other, gateway=gateway)
    elsewhere = pb.SettleRequest()
    elsewhere.CopyFrom(request)
    elsewhere.envelope.insuplc_admdvs = "440300"
    with refused("MSGID_REUSED", grpc.StatusCode.ALREADY_EXISTS):
        hospital.call(elsewhere, gateway=gateway)
    assert same_bytes(hospital.outcome(request, gateway=gateway), paid)


def test_one_msgid_may_serve_two_transactions_and_two_institutions(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    visit, there = hospital.open(new_person()), second_hospital.open(new_person())
    request, paid = hospital.pay(visit)
    cancel = hospital.refund(visit, paid)
    cancel.envelope.msgid = request.envelope.msgid
    assert hospital.outcome(cancel).undoes == paid.setl_id
    other = second_hospital.settlement(there)
    other.envelope.msgid = request.envelope.msgid
    assert second_hospital.outcome(other).status == PAID
    assert len({paid.setl_id, hospital.outcome(cancel).setl_id, second_hospital.outcome(other).setl_id}) == 3


def test_a_message_sent_twenty_times_at_once_to_two_processes_pays_once(
    hospital: His, new_person: NewPerson, stack: RunningStack
) -> None:
    visit = hospital.open(new_person())
    request = hospital.settlement(visit)
    answers = hospital.many(
        [lambda at=number % 2: hospital.final(request, gateway=at) for number in range(20)]
    )
    assert answers[0].status == PAID
    assert all(same_bytes(answer, answers[0]) for answer in answers)
    for database, table in (("node 44", "decision"), ("region 44", "care")):
        psn_no = visit.person.psn_no
        assert stack.query(database, f"SELECT sum(sign) FROM {table} WHERE psn_no = '{psn_no}'") == "1"


def test_a_bill_that_is_sent_under_twenty_msgids_at_once_is_paid_once(
    hospital: His, new_person: NewPerson, stack: RunningStack
) -> None:
    visit = hospital.open(new_person())
    given = hospital.bill(visit)
    requests = [hospital.settlement(visit, given) for _ in range(20)]
    answers = hospital.many(
        [
            lambda sent=sent, at=place % 2: hospital.final(sent, gateway=at)
            for place, sent in enumerate(requests)
        ]
    )
    paid = [answer for answer in answers if answer.status == PAID]
    assert len(paid) == 1
    declined = [answer for answer in answers if answer.status == DECLINED]
    assert len(declined) == 19
    for answer in declined:
        assert answer.code == "BILL_ALREADY_SETTLED"
        assert same_bytes(answer.other, paid[0])
    total = f"SELECT sum(total_fen) FROM care WHERE psn_no = '{visit.person.psn_no}'"
    assert int(stack.query("region 44", total)) == given.medfee_sumamt


def test_a_bill_that_is_settled_is_declined_with_the_live_answer_inside(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    second = hospital.settlement(visit, request.input)
    declined = hospital.outcome(second, gateway=1)
    assert (declined.status, declined.code) == (DECLINED, "BILL_ALREADY_SETTLED")
    assert same_bytes(declined.other, paid)
    assert not declined.HasField("setlinfo")
    hospital.cancelled(visit, paid)
    assert same_bytes(hospital.outcome(second), declined)  # final, though the bill is free again


def test_a_line_is_never_in_two_live_bills(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    shared = line("x1", 1_000)
    first = hospital.settlement(visit, hospital.bill(visit, shared, line("x2", 500)))
    paid = hospital.outcome(first)
    second = hospital.settlement(visit, hospital.bill(visit, shared, line("x3", 700)))
    with refused("LINES_IN_LIVE_BILL", grpc.StatusCode.FAILED_PRECONDITION):
        hospital.call(second)
    hospital.cancelled(visit, paid)
    assert hospital.outcome(second).status == PAID


def test_a_drug_pack_is_never_in_two_live_bills_of_a_visit(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    sold, again = line("x1", 2_500, item=DRUG), line("x2", 2_500, item=DRUG)
    again.drug_trac_codg[:] = sold.drug_trac_codg
    paid = hospital.outcome(hospital.settlement(visit, hospital.bill(visit, sold)))
    assert paid.status == PAID
    second = hospital.settlement(visit, hospital.bill(visit, again))
    with refused("LINES_IN_LIVE_BILL", grpc.StatusCode.FAILED_PRECONDITION, says="pack"):
        hospital.call(second)
    cancel, _ = hospital.cancelled(visit, paid)
    assert hospital.outcome(second).status == PAID
    revival = hospital.outcome(hospital.reversal(visit, cancel))
    assert (revival.status, revival.code) == (DECLINED, "SUPERSEDED")


def test_the_same_message_to_another_region_is_refused_there(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, _ = hospital.pay(visit)
    wrong_region = refused("WRONG_REGION", grpc.StatusCode.FAILED_PRECONDITION, says="44")
    with His(hospital.code, care_pool="440300", gateways=stack.gateways["45"]) as lost, wrong_region:
        lost.call(request)


@pytest.mark.parametrize(
    ("pool", "insutype", "med_type"),
    [("500000", "390", "21"), ("450100", "310", "21"), ("440300", "310", "11"), ("440100", "390", "21")],
)
def test_stays_and_visits_of_any_pool_are_paid_as_their_trial_said(
    hospital: His, new_person: NewPerson, pool: str, insutype: str, med_type: str
) -> None:
    visit = hospital.open(new_person(pool, insutype), med_type)
    days = [line(f"d{day}", 300_000, item="003310030220000") for day in range(3)]
    given = hospital.bill(visit, *days)
    trial = hospital.ask(hospital.trial(visit, given))
    assert sum(split.det_item_fee_sumamt for split in trial.feesplit) == given.medfee_sumamt
    request = hospital.settlement(visit, given)
    paid = hospital.outcome(request)
    assert paid.status == PAID
    said, got = trial.outcome.setlinfo, paid.setlinfo
    for figure in (
        "medfee_sumamt",
        "inscp_scp_amt",
        "act_pay_dedc",
        "hifp_pay",
        "fund_pay_sumamt",
        "acct_pay",
    ):
        assert getattr(said, figure) == getattr(got, figure), figure
    parts = (got.fulamt_ownpay_amt, got.overlmt_selfpay, got.preselfpay_amt, got.inscp_scp_amt)
    assert sum(parts) == got.medfee_sumamt == given.medfee_sumamt
    for gateway in (0, 1):
        assert same_bytes(hospital.outcome(request, gateway=gateway), paid)
    assert hospital.found(request)[0].outcome.setl_id == paid.setl_id  # and the trial has left nothing behind


def test_a_sale_is_one_sale_under_its_invoice_and_under_its_content(
    pharmacy: His, new_person: NewPerson
) -> None:
    visit = Visit(new_person(), "41")  # a sale opens its visit itself
    request = pharmacy.settlement(visit, pharmacy.bill(visit, line("1", 2_500, item="XA02BCA348X0")))
    paid = pharmacy.outcome(request)
    assert paid.status == PAID
    assert paid.mdtrt_id
    same_invoice = pharmacy.outcome(pharmacy.settlement(visit, request.input))
    assert (same_invoice.status, same_invoice.code) == (DECLINED, "BILL_ALREADY_SETTLED")
    without_invoice = pharmacy.settlement(visit, request.input)
    without_invoice.input.invono = ""
    by_content = pharmacy.outcome(without_invoice, gateway=1)
    assert (by_content.status, by_content.code) == (DECLINED, "BILL_ALREADY_SETTLED")
    assert same_bytes(by_content.other, paid)
    cancelled = pharmacy.outcome(pharmacy.refund(visit, paid))
    assert (cancelled.status, cancelled.undoes) == (OK, paid.setl_id)
    assert pharmacy.outcome(pharmacy.settlement(visit, request.input)).status == PAID
