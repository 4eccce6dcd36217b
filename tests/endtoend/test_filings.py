"""Filings through gRPC: filed by one institution, seen by the next bill at another, withdrawn, listed, and repeated."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import OK, PAID, His, NewPerson, Person, Visit, line, now_text, refused, same_bytes
from tests.endtoend.running_stack import RunningStack

CONSULTATIONS = 1_000


@pytest.fixture
def person(new_person: NewPerson, far_hospital: His) -> Person:
    """Of Nanning, with nothing filed."""
    while True:
        found = new_person("450100")
        if not far_hospital.filings(found):
            return found


def referral(**changes: str) -> dict[str, str]:
    """To Shenzhen."""
    given = {
        "fil_type": "referral", "mdtrtarea_admdvs": "440300", "refl_type": "3", "refl_date": now_text()[:10],
        "reflin_medins_no": "H44030490001", "hosp_agre_refl_flag": "1",
    }  # fmt: skip
    return given | changes


def trial_of(his: His, visit: Visit) -> pb.Outcome:
    """What a long stay would be paid now."""
    much = line("1", 1_000)
    much.cnt, much.det_item_fee_sumamt = 10_000 * CONSULTATIONS, 1_000 * CONSULTATIONS
    outcome = his.outcome(his.trial(visit, his.bill(visit, much)))
    assert outcome.status == PAID, outcome
    return outcome


def test_a_referral_raises_what_the_fund_pays_and_its_withdrawal_takes_that_back(
    hospital: His, far_hospital: His, person: Person
) -> None:
    visit = hospital.open(person, "21")
    before = trial_of(hospital, visit)
    filed = far_hospital.outcome(far_hospital.filing(person, **referral())).filing
    assert (filed.fil_type, filed.mdtrtarea_admdvs, filed.begndate) == ("referral", "4403", now_text()[:10])
    under_it = trial_of(hospital, visit)
    gone = far_hospital.outcome(far_hospital.withdrawal(person, filed)).filing
    assert (gone.trt_dcla_detl_sn, gone.withdrawn) == (filed.trt_dcla_detl_sn, "1")
    after = trial_of(hospital, visit)
    sheets = [one.setlinfo for one in (before, under_it, after)]
    assert [one.filing for one in sheets] == ["unfiled", "referral", "unfiled"]
    assert sheets[1].hifp_pay > sheets[0].hifp_pay == sheets[2].hifp_pay > 0
    said = [one.setldetail[0].setl_proc_info for one in (before, under_it, after)]
    assert "not filed" in said[0]
    assert f"filed as referral by a hospital from {filed.begndate} to {filed.enddate}" in said[1]
    assert said[2] == said[0]


def test_what_was_settled_under_a_filing_stands_when_it_is_withdrawn(
    hospital: His, far_hospital: His, person: Person
) -> None:
    filed = far_hospital.outcome(far_hospital.filing(person, **referral())).filing
    request, paid = hospital.pay(hospital.open(person))
    assert paid.setlinfo.filing == "referral"
    far_hospital.outcome(far_hospital.withdrawal(person, filed))
    assert same_bytes(hospital.outcome(request), paid)


def test_a_filing_and_a_withdrawal_sent_again_are_answered_with_the_same_bytes(
    hospital: His, person: Person
) -> None:
    request = hospital.filing(person, **referral(reflin_medins_no="H44030590002"))
    first = hospital.outcome(request)
    withdrawal = hospital.withdrawal(person, first.filing)
    gone = hospital.outcome(withdrawal)
    for gateway in (0, 1):
        assert same_bytes(hospital.outcome(request, gateway=gateway), first)
        assert same_bytes(hospital.outcome(withdrawal, gateway=gateway), gone)
        for sent, outcome in ((request, first), (withdrawal, gone)):
            assert [one.outcome for one in hospital.found(sent, gateway=gateway)] == [outcome]
    request.input.refl_type = "2"
    with refused("MSGID_REUSED", grpc.StatusCode.ALREADY_EXISTS):
        hospital.call(request)


def test_many_who_file_the_same_message_at_once_get_one_filing(hospital: His, person: Person) -> None:
    request = hospital.filing(person, fil_type="other", mdtrtarea_admdvs="440300")
    calls = [partial(hospital.outcome, request, gateway=gateway) for gateway in (0, 1, 0, 1)]
    outcomes = hospital.many(calls)
    assert all(same_bytes(one, outcomes[0]) for one in outcomes)
    assert [one.trt_dcla_detl_sn for one in hospital.filings(person)] == [outcomes[0].filing.trt_dcla_detl_sn]


def test_the_list_has_each_kind_under_its_number_and_only_what_holds_where_a_day_is_asked(
    hospital: His, person: Person
) -> None:
    sent = {
        "5301": hospital.filing(
            person, infno="2503", opsp_dise_code="M01600", begndate=now_text(days=-3)[:10]
        ),
        "5302": hospital.filing(person, infno="2505", fixmedins_code="H45010390001"),
        "5304": hospital.filing(person, fil_type="other", mdtrtarea_admdvs="440300"),
    }
    filed = {infno: hospital.outcome(request).filing for infno, request in sent.items()}
    for infno, one in filed.items():
        held = hospital.filings(person, infno=infno)
        assert [found.trt_dcla_detl_sn for found in held] == [one.trt_dcla_detl_sn]
    assert [one.opsp_dise_code for one in hospital.filings(person, infno="5301")] == ["M01600"]
    yesterday = now_text(days=-1)[:10]
    assert len(hospital.filings(person, infno="5301", on=yesterday)) == 1
    assert not hospital.filings(person, infno="5304", on=yesterday)
    gone = hospital.withdrawal(person, filed["5302"], infno="2506")
    assert hospital.outcome(gone).status == OK
    assert [one.withdrawn for one in hospital.filings(person, infno="5302")] == ["1"]


def test_what_the_home_pool_refuses_is_refused_and_not_filed(
    hospital: His, new_person: NewPerson, person: Person
) -> None:
    with refused("FILING_PLACE", grpc.StatusCode.FAILED_PRECONDITION):
        hospital.call(hospital.filing(person, fil_type="other", mdtrtarea_admdvs="450100"))
    with refused("FILING_DAYS", grpc.StatusCode.FAILED_PRECONDITION):
        given = {"fil_type": "other", "mdtrtarea_admdvs": "440300", "begndate": now_text(days=-700)[:10]}
        hospital.call(hospital.filing(person, **given))
    nobody = Person("45010099999999", "450100", "310")
    with refused("UNKNOWN_PERSON", grpc.StatusCode.NOT_FOUND):
        hospital.call(hospital.filing(nobody, fil_type="other", mdtrtarea_admdvs="440300"))
    elsewhere = Person(person.psn_no, "450100", "390")
    with refused("NOT_INSURED", grpc.StatusCode.FAILED_PRECONDITION):
        hospital.call(hospital.filing(elsewhere, fil_type="other", mdtrtarea_admdvs="440300"))
    other = new_person("450100")
    filed = hospital.outcome(hospital.filing(other, fil_type="other", mdtrtarea_admdvs="310000")).filing
    with refused("FILING_UNKNOWN", grpc.StatusCode.NOT_FOUND):
        hospital.call(hospital.withdrawal(person, filed))
    with refused("FILING_UNKNOWN", grpc.StatusCode.NOT_FOUND):
        hospital.call(hospital.withdrawal(other, filed, infno="2504"))
    assert not hospital.filings(person)


def test_filings_sent_until_they_are_answered_are_made_once_whoever_dies_meanwhile(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    people = [new_person("450100") for _ in range(6)]
    requests = [hospital.filing(one, infno="2505", fixmedins_code="H45010390001") for one in people]

    def file(place: int) -> pb.Outcome:
        time.sleep(place * 0.3)
        return hospital.final(requests[place], gateway=place % 2)

    with ThreadPoolExecutor(len(people)) as threads:
        filing = [threads.submit(file, place) for place in range(len(people))]
        for victim in ("gateway-44-0", "node-45"):
            stack.kill_and_await_the_next(victim)
        outcomes = [one.result() for one in filing]
    for person, request, outcome in zip(people, requests, outcomes, strict=True):
        assert outcome.status == OK
        assert same_bytes(hospital.outcome(request), outcome)
        held = hospital.filings(person, infno="5302")
        assert [one.trt_dcla_detl_sn for one in held] == [outcome.filing.trt_dcla_detl_sn]


def test_a_filing_that_its_node_could_not_answer_is_made_once_when_it_is_sent_again(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    person = new_person("500000")
    request = hospital.filing(person, fil_type="other", mdtrtarea_admdvs="440300")
    with stack.held("node-50"), refused("NOT_ANSWERED", grpc.StatusCode.DEADLINE_EXCEEDED) as said:
        hospital.call(request, timeout_s=1.5)
    assert said[0].retry_after_ms
    filed = hospital.outcome(request).filing
    held = [one.trt_dcla_detl_sn for one in hospital.filings(person)]
    assert held.count(filed.trt_dcla_detl_sn) == 1
    assert same_bytes(hospital.outcome(request, gateway=1).filing, filed)
