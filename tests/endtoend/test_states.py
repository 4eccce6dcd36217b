"""What stands against a visit or a bill has a code of its own, and changes nothing of what was claimed before it stood.

Each state comes about as it does in the field: by a step of the visit, or by what the home node's operators load.
"""

import re
from pathlib import Path
from typing import Any

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential
from tests.endtoend.his import (
    DECLINED,
    PAID,
    His,
    NewPerson,
    Person,
    Visit,
    line,
    now_text,
    refused,
    same_bytes,
)
from tests.endtoend.running_stack import RunningStack
from tests.endtoend.test_visit_steps import a_discharge, an_update, an_upload

PRECONDITION, NOT_FOUND = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND
PEOPLE_COLUMNS = ("psn_no", "psn_name", "psn_cert_type", "certno", "gend", "brdy", "card_sn")
TOKEN = "token of {psn_no}"


def stands(his: His, request: Any, outcome: pb.Outcome) -> None:
    """What was answered is answered, by either process."""
    for gateway in (0, 1):
        assert same_bytes(his.outcome(request, gateway=gateway), outcome)


def give_token(stack: RunningStack, person: Person, *, ends: str) -> str:
    """The home node learns of an e-voucher of this person."""
    record, token = stack.record(person.psn_no), TOKEN.format(psn_no=person.psn_no)
    who: dict[str, object] = {name: record[name] for name in PEOPLE_COLUMNS}
    stack.load("people", who | {"evoucher": token, "evoucher_valid_to": ends})
    return token


def scanned(his: His, visit: Visit, token: str) -> pb.OpenVisitRequest:
    """An opening with an e-voucher."""
    request = his.opening(visit)
    request.credential.CopyFrom(Credential(mdtrt_cert_type="01", mdtrt_cert_no=token))
    return request


# ------------------------------------------------------------------------------------------- e-vouchers


def test_an_e_voucher_identifies_its_person_until_it_ends(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    person = new_person("440300")
    token = give_token(stack, person, ends=now_text(days=1))
    asking = pb.GetInsuredRequest(
        envelope=hospital.envelope("1101", ""),
        credential=Credential(mdtrt_cert_type="01", mdtrt_cert_no=token),
    )
    assert hospital.ask(asking).baseinfo.psn_no == person.psn_no
    visit = Visit(person, "11")
    opening = scanned(hospital, visit, token)
    opened = hospital.outcome(opening)

    give_token(stack, person, ends=now_text(days=-1))
    stands(hospital, opening, opened)
    for request in (scanned(hospital, Visit(person, "11"), token), scanned(hospital, visit, token), asking):
        with refused("EVOUCHER_EXPIRED", PRECONDITION, says="scan it again"):
            hospital.call(request)
    asking.envelope.insuplc_admdvs = person.pool
    with refused("EVOUCHER_EXPIRED", PRECONDITION):
        hospital.call(asking)
    visit.mdtrt_id = opened.mdtrt_id
    assert hospital.outcome(hospital.opening(visit)).mdtrt_id == opened.mdtrt_id, "by identity number"
    hospital.pay(visit)


def test_an_e_voucher_of_another_or_of_nobody_opens_no_visit(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    person, other = new_person("440300"), new_person("440300")
    token = give_token(stack, other, ends=now_text(days=1))
    with refused("WRONG_PERSON", PRECONDITION, says="another person"):
        hospital.call(scanned(hospital, Visit(person, "11"), token))
    for pool in ("", "440300"):
        asking = pb.GetInsuredRequest(envelope=hospital.envelope("1101", pool))
        asking.credential.mdtrt_cert_type, asking.credential.mdtrt_cert_no = "01", "a token of nobody"
        with refused("CREDENTIAL_UNKNOWN", NOT_FOUND, says="scan it again") as said:
            hospital.ask(asking)
        assert "a token of nobody" not in said[0].message
    with refused("CREDENTIAL_UNKNOWN", NOT_FOUND):
        hospital.call(scanned(hospital, Visit(person, "11"), "a token of nobody"))
    with refused("INVALID", grpc.StatusCode.INVALID_ARGUMENT, says="credential.mdtrt_cert_no"):
        hospital.call(scanned(hospital, Visit(person, "11"), ""))


def test_a_sale_with_an_e_voucher_looks_at_it_alone_or_in_a_session(
    stack: RunningStack, pharmacy: His, new_person: NewPerson
) -> None:
    person, other = new_person("440300"), new_person("440300")
    token = give_token(stack, person, ends=now_text(days=1))

    def sold(whose: Person) -> pb.SettleRequest:
        sale = Visit(whose, "41")
        given = pharmacy.bill(
            sale, line(sale.number, 1_000)
        )  # the same goods in the same second are the same sale
        request = pharmacy.settlement(sale, given)
        request.credential.CopyFrom(Credential(mdtrt_cert_type="01", mdtrt_cert_no=token))
        return request

    def in_a_session(*requests: pb.SettleRequest) -> list[pb.SessionResult]:
        message = pb.SessionRequest(calls=[pb.SessionCall(settle=request) for request in requests])
        return list(next(pharmacy.stubs[0].Session(iter([message]), timeout=30)).results)

    def tried(request: pb.SettleRequest) -> pb.PreSettleRequest:
        trial = pharmacy.trial(Visit(person, "41"), request.input)
        trial.credential.CopyFrom(request.credential)
        return trial

    alone, together = sold(person), sold(person)
    assert pharmacy.ask(tried(sold(person))).outcome.status == PAID
    with refused("WRONG_PERSON", PRECONDITION):
        pharmacy.ask(tried(sold(other)))
    paid = pharmacy.outcome(alone)
    assert paid.status == PAID
    with refused("WRONG_PERSON", PRECONDITION):
        pharmacy.ask(sold(other))
    results = in_a_session(together, sold(other), alone)
    assert results[0].settle.outcome.status == PAID
    assert results[1].refusal.code == "WRONG_PERSON"
    assert same_bytes(results[2].settle.outcome, paid)

    give_token(stack, person, ends=now_text(days=-1))
    stands(pharmacy, alone, paid)
    for request in (sold(person), tried(sold(person))):
        with refused("EVOUCHER_EXPIRED", PRECONDITION):
            pharmacy.ask(request)


# ------------------------------------------------------------------------------------------- the person's insurance


def test_a_lapsed_insurance_pays_nothing_new_and_what_was_paid_stands(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    person = new_person("440300")
    visit = hospital.open(person)
    request, paid = hospital.pay(visit)
    insurance = stack.record(person.psn_no)["insurances"][0]
    paused: dict[str, object] = insurance | {
        "psn_no": person.psn_no, "status": "2", "paused_on": now_text()[:10], "civil_servant": 0,
    }  # fmt: skip
    stack.load("insurances", paused)
    stands(hospital, request, paid)
    declined = hospital.outcome(hospital.settlement(visit))
    assert (declined.status, declined.code) == (DECLINED, "NOT_ENTITLED")
    trial = hospital.ask(hospital.trial(visit, hospital.bill(visit)))
    assert trial.outcome.code == "NOT_ENTITLED"
    hospital.cancelled(visit, paid)


def test_an_insurance_that_was_never_held_opens_no_visit(hospital: His, new_person: NewPerson) -> None:
    person = new_person("440300", "390")
    with refused("NOT_INSURED", PRECONDITION):
        hospital.call(hospital.opening(Visit(Person(person.psn_no, "440300", "310"), "11")))


def test_a_service_that_is_not_opened_for_the_pair_is_refused(
    stack: RunningStack, new_person: NewPerson
) -> None:
    far, near = new_person("450100"), new_person("440300")
    with His("H44011290023", care_pool="440100", gateways=stack.gateways["44"]) as outpatients:
        with refused("NOT_OPENED", PRECONDITION):
            outpatients.call(outpatients.opening(Visit(far, "11")))
        outpatients.pay(outpatients.open(near))


# ------------------------------------------------------------------------------------------- the visit


def test_a_third_party_s_liability_stops_the_next_bill_and_what_was_paid_stands(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person("440300"))
    request, paid = hospital.pay(visit)
    hospital.outcome(an_update(hospital, visit, rel_ttp_flag="1"))
    stands(hospital, request, paid)
    declined = hospital.outcome(hospital.settlement(visit))
    assert (declined.status, declined.code) == (DECLINED, "THIRD_PARTY_LIABLE")


def test_a_closed_visit_takes_no_fees_and_a_cancelled_one_no_bill_and_what_came_before_stands(
    hospital: His, new_person: NewPerson
) -> None:
    stay = hospital.open(new_person("440300"), "21")
    upload = an_upload(hospital, stay)
    uploaded = hospital.outcome(upload)
    hospital.outcome(a_discharge(hospital, stay))
    stands(hospital, upload, uploaded)
    with refused("VISIT_CLOSED", PRECONDITION):
        hospital.call(an_upload(hospital, stay))
    visit = hospital.open(new_person("440300"))
    request, paid = hospital.pay(visit)
    hospital.cancelled(visit, paid)
    hospital.outcome(hospital.closing(visit))
    stands(hospital, request, paid)
    with refused("VISIT_CLOSED", PRECONDITION):
        hospital.call(hospital.settlement(visit))


def test_a_visit_is_its_person_s_and_its_pool_s(hospital: His, new_person: NewPerson) -> None:
    visit, other = hospital.open(new_person("440300")), new_person("440300")
    with refused("WRONG_PERSON", PRECONDITION):
        hospital.call(hospital.settlement(Visit(other, "11", visit.mdtrt_id)))
    moved = Person(visit.person.psn_no, "440100", visit.person.insutype)
    with refused("WRONG_POOL", PRECONDITION):
        hospital.call(hospital.settlement(Visit(moved, "11", visit.mdtrt_id)))


def test_a_suspended_institution_takes_nobody_in(stack: RunningStack, new_person: NewPerson) -> None:
    suspended = His("H44011190021", care_pool="440100", gateways=stack.gateways["44"])
    with suspended, refused("NOT_IN_AGREEMENT", PRECONDITION, says="suspended"):
        suspended.call(suspended.opening(Visit(new_person("440300"), "11")))


def test_an_institution_that_was_suspended_keeps_its_outcomes_and_gives_money_back(
    stack: RunningStack, far_hospital: His, new_person: NewPerson, nanning_data: Path
) -> None:
    visit = far_hospital.open(new_person("450100"))
    request, paid = far_hospital.pay(visit)
    table = nanning_data / "institutions.csv"
    running = table.read_text(encoding="utf-8")
    suspended = re.sub(rf"^({far_hospital.code},.*),open,", r"\1,suspended,", running, flags=re.MULTILINE)
    table.write_text(suspended, encoding="utf-8")
    stack.kill_and_await_the_next("gateway-45-0")
    try:
        assert same_bytes(far_hospital.outcome(request), paid)
        for new in (far_hospital.settlement(visit), far_hospital.opening(Visit(visit.person, "11"))):
            with refused("NOT_IN_AGREEMENT", PRECONDITION, says="suspended"):
                far_hospital.call(new)
        far_hospital.cancelled(visit, paid)
    finally:
        table.write_text(running, encoding="utf-8")
        stack.kill_and_await_the_next("gateway-45-0")
    far_hospital.pay(visit)


# ------------------------------------------------------------------------------------------- a relative's account


@pytest.fixture
def child(stack: RunningStack, new_person: NewPerson) -> Person:
    """A resident: he has no account of his own, and nobody lends him one yet."""
    while True:
        found = new_person("440300", "390")
        if not stack.record(found.psn_no)["relatives"]:
            return found


def a_bill(his: His, visit: Visit, relative: str) -> pb.SettleInput:
    given = his.bill(visit)
    given.acct_mulaid_psn_no = relative
    return given


def lend(stack: RunningStack, child: Person, relative: Person, *, withdrawn: int = 0) -> None:
    stack.load(
        "relatives",
        {"psn_no": child.psn_no, "relative_psn_no": relative.psn_no, "withdrawn": withdrawn},
    )


def with_money(stack: RunningStack, new_person: NewPerson) -> Person:
    """An employee with something on his account."""
    while True:
        found = new_person("440300")
        accounts = stack.record(found.psn_no)["accounts"]
        if accounts and accounts[0]["balance_fen"]:
            return found


def test_a_named_relative_pays_alone_once_he_may_and_what_he_paid_stands_when_he_may_no_more(
    stack: RunningStack, hospital: His, new_person: NewPerson, child: Person
) -> None:
    visit, (first, second) = (
        hospital.open(child),
        sorted((with_money(stack, new_person) for _ in range(2)), key=lambda one: one.psn_no),
    )
    before = hospital.outcome(hospital.settlement(visit, a_bill(hospital, visit, second.psn_no)))
    assert (before.status, before.code) == (DECLINED, "RELATIVE_NOT_AUTHORISED")
    lend(stack, child, first)
    lend(stack, child, second)
    trial = hospital.outcome(hospital.trial(visit, a_bill(hospital, visit, second.psn_no)))
    request = hospital.settlement(visit, a_bill(hospital, visit, second.psn_no))
    paid = hospital.outcome(request)
    assert paid.status == PAID
    assert paid.setlinfo.acct_mulaid_pay == trial.setlinfo.acct_mulaid_pay > 0
    drawn = stack.query(
        "node 44", f"SELECT family_psn_no FROM decision WHERE psn_no = '{child.psn_no}' AND family_fen > 0"
    )
    assert drawn.strip() == f"{{{second.psn_no}}}"
    lend(stack, child, second, withdrawn=1)
    stands(hospital, request, paid)
    after = hospital.outcome(hospital.settlement(visit, a_bill(hospital, visit, second.psn_no)))
    assert (after.status, after.code) == (DECLINED, "RELATIVE_NOT_AUTHORISED")


def test_a_relative_without_an_account_in_this_pool_is_advised_to_transfer_it(
    stack: RunningStack, hospital: His, new_person: NewPerson, child: Person
) -> None:
    lend(stack, child, relative := new_person("440300", "390"))
    visit = hospital.open(child)
    for outcome in (
        hospital.ask(hospital.trial(visit, a_bill(hospital, visit, relative.psn_no))).outcome,
        hospital.outcome(hospital.settlement(visit, a_bill(hospital, visit, relative.psn_no))),
    ):
        assert (outcome.status, outcome.code) == (DECLINED, "RELATIVE_IN_OTHER_POOL")
        assert "医保钱包" in outcome.err_msg
