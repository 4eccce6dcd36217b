"""Chronic diseases and chosen institutions through gRPC, at a pool that asks for filings of both: Guangzhou."""

from collections.abc import Iterator

import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import OK, PAID, His, NewPerson, Visit, now_text
from tests.endtoend.running_stack import RunningStack

DECLINED = pb.OUTCOME_STATUS_DECLINED
DIABETES = "M01600"


@pytest.fixture
def city_hospital(stack: RunningStack) -> Iterator[His]:
    """In Guangzhou."""
    with His("H44010490001", care_pool="440100", gateways=stack.gateways["44"]) as his:
        yield his


def chronic_visit(his: His, visit: Visit) -> Visit:
    opening = his.opening(visit)
    opening.input.med_type, opening.input.dise_codg = "14", DIABETES
    visit.mdtrt_id = his.outcome(opening).mdtrt_id
    return visit


def chronic_bill(his: His, visit: Visit) -> pb.SettleRequest:
    request = his.settlement(visit)
    request.input.med_type, request.input.dise_codg = "14", DIABETES
    return request


def test_a_chronic_disease_is_paid_once_it_is_filed_and_what_was_declined_stays_so(
    city_hospital: His, new_person: NewPerson
) -> None:
    his, person = city_hospital, new_person("440100", "390")
    visit = chronic_visit(his, Visit(person, "11"))
    paid = his.outcome(chronic_bill(his, visit))
    assert (paid.status, f"chronic disease {DIABETES} filed from" in paid.setldetail[0].setl_proc_info) == (
        PAID,
        True,
    )
    for held in his.filings(person, infno="5301"):
        assert his.outcome(his.withdrawal(person, held, infno="2504")).status == OK
    request = chronic_bill(his, visit)
    declined = his.outcome(request)
    assert (declined.status, declined.code) == (DECLINED, "CHRONIC_NOT_FILED")
    assert "2503" in declined.err_msg
    filed = his.outcome(his.filing(person, infno="2503", opsp_dise_code=DIABETES)).filing
    assert his.outcome(chronic_bill(his, visit)).status == PAID
    assert his.outcome(request).code == "CHRONIC_NOT_FILED"
    held = [one for one in his.filings(person, infno="5301") if not one.withdrawn]
    assert [(one.trt_dcla_detl_sn, one.begndate) for one in held] == [
        (filed.trt_dcla_detl_sn, now_text()[:10])
    ]


def test_the_fund_pays_outpatient_care_only_at_the_institution_that_was_chosen(
    city_hospital: His, new_person: NewPerson
) -> None:
    his, person = city_hospital, new_person("440100", "310")
    for held in his.filings(person, infno="5302"):
        his.outcome(his.withdrawal(person, held, infno="2506"))
    visit = his.open(person)

    def trial() -> pb.Outcome:
        return his.outcome(his.trial(visit, his.bill(visit)))

    elsewhere = trial()
    assert (elsewhere.status, elsewhere.setlinfo.hifp_pay, elsewhere.setlinfo.act_pay_dedc) == (PAID, 0, 0)
    assert "not at a chosen institution (2505)" in elsewhere.setldetail[0].setl_proc_info
    his.outcome(his.filing(person, infno="2505", fixmedins_code="H44010490001"))
    here = trial()
    assert here.setlinfo.hifp_pay > 0
    assert "institution" not in here.setldetail[0].setl_proc_info
