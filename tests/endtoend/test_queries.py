"""The queries of a HIS through the public door: fees, accumulators, institutions, catalogues; and signing in and out."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import (
    BLOOD_TEST,
    CONSULTATION,
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


def uploaded(his: His, visit: Visit, batch: str, *lines: pb.FeeDetail) -> pb.Outcome:
    """2204 of a batch."""
    given = pb.UploadFeesInput(
        mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, chrg_bchno=batch, feedetl=lines
    )
    return his.outcome(pb.UploadFeesRequest(envelope=his.envelope("2204", visit.person.pool), input=given))


def fees(his: His, visit: Visit, *, gateway: int = 0, **given: Any) -> pb.GetFeesResponse:
    """5204."""
    request = pb.GetFeesRequest(
        envelope=his.envelope("5204", ""), psn_no=visit.person.psn_no, mdtrt_id=visit.mdtrt_id, **given
    )
    response: pb.GetFeesResponse = his.ask(request, gateway=gateway)
    return response


def batch_paid(his: His, visit: Visit, batch: str, total_fen: int) -> pb.Outcome:
    """A settlement that names an uploaded batch; it must be paid."""
    given = pb.SettleInput(
        psn_no=visit.person.psn_no, mdtrt_id=visit.mdtrt_id, med_type="11", insutype=visit.person.insutype,
        psn_setlway="01", acct_used_flag="1", chrg_bchno=batch, medfee_sumamt=total_fen,
    )  # fmt: skip
    paid = his.outcome(his.settlement(visit, given))
    assert paid.status == PAID, paid
    return paid


def test_fees_name_the_settlement_that_pays_them_for_as_long_as_it_lives(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    uploaded(hospital, visit, "1", line("a", 1_000), line("b", 2_000, item=BLOOD_TEST))
    uploaded(hospital, visit, "2", line("c", 700))
    assert {one.line.feedetl_sn: one.setl_id for one in fees(hospital, visit).fees} == {
        "a": "",
        "b": "",
        "c": "",
    }
    paid = batch_paid(hospital, visit, "1", 3_000)
    for gateway in (0, 1):
        held = {one.line.feedetl_sn: one for one in fees(hospital, visit, gateway=gateway).fees}
        assert {sn: one.setl_id for sn, one in held.items()} == {
            "a": paid.setl_id,
            "b": paid.setl_id,
            "c": "",
        }
        assert {sn: one.chrg_bchno for sn, one in held.items()} == {"a": "1", "b": "1", "c": "2"}
    assert held["a"].line.med_list_codg == CONSULTATION
    info = paid.setlinfo
    assert sum(held[sn].split.inscp_scp_amt for sn in "ab") == info.inscp_scp_amt
    assert sum(held[sn].split.fulamt_ownpay_amt for sn in "ab") == info.fulamt_ownpay_amt

    by_settlement = fees(hospital, visit, setl_id=paid.setl_id, page_size=1)
    after = fees(hospital, visit, setl_id=paid.setl_id, page_size=1, page_after=by_settlement.next_page)
    names = {one.line.feedetl_sn for page in (by_settlement, after) for one in page.fees}
    assert (names, after.next_page) == ({"a", "b"}, "")

    hospital.cancelled(visit, paid)
    assert {one.setl_id for one in fees(hospital, visit).fees} == {""}
    gone = fees(hospital, visit, setl_id=paid.setl_id)
    assert (gone.infcode, len(gone.fees)) == (-1, 0)


def test_fees_are_told_to_their_institution_and_for_their_person_only(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    uploaded(hospital, visit, "1", line("a", 1_000))
    with refused("UNKNOWN_VISIT", grpc.StatusCode.NOT_FOUND):
        fees(second_hospital, visit)
    another = Visit(new_person(), "11", mdtrt_id=visit.mdtrt_id)
    with refused("WRONG_PERSON", grpc.StatusCode.FAILED_PRECONDITION):
        fees(hospital, another)
    with refused("INVALID", grpc.StatusCode.INVALID_ARGUMENT, says="page_size"):
        fees(hospital, visit, page_size=1_001)


def used(his: His, person: Person, **given: str) -> dict[str, int]:
    """5206 of the person's insurance."""
    request = pb.GetAccumulatorsRequest(
        envelope=his.envelope("5206", person.pool), psn_no=person.psn_no, **given
    )
    return {one.cum_type_code: one.cum for one in his.ask(request).cuminfo if one.insutype == person.insutype}


def test_accumulators_follow_what_is_settled_and_taken_back(hospital: His, new_person: NewPerson) -> None:
    person = new_person()
    visit = hospital.open(person)
    before = used(hospital, person)
    _, paid = hospital.pay(visit)
    after = used(hospital, person)
    assert after != before
    year = now_text()[:4]
    assert used(hospital, person, cum_ym=year) == after
    assert used(hospital, person, cum_ym=f"{int(year) - 1}12") != after, "another year has sums of its own"
    insured = hospital.ask(hospital.insured(person)).cuminfo
    assert {one.cum_type_code: one.cum for one in insured if one.insutype == person.insutype} == after
    hospital.cancelled(visit, paid)
    assert used(hospital, person) == before


def test_accumulators_of_nobody_are_refused(hospital: His, new_person: NewPerson) -> None:
    person = new_person()
    stranger = Person("44019900000000", person.pool, person.insutype)
    with refused("UNKNOWN_PERSON", grpc.StatusCode.NOT_FOUND):
        used(hospital, stranger)
    with refused("INVALID", grpc.StatusCode.INVALID_ARGUMENT, says="cum_ym"):
        used(hospital, person, cum_ym="9999")


def test_an_institution_reads_itself_and_others(hospital: His, far_hospital: His) -> None:
    envelope = hospital.envelope("1201", "")
    own = hospital.ask(pb.GetInstitutionRequest(envelope=envelope))
    assert (own.fixmedins_code, own.fixmedins_poolarea) == (hospital.code, hospital.care_pool)
    other = hospital.ask(pb.GetInstitutionRequest(envelope=envelope, fixmedins_code=far_hospital.code))
    assert (other.fixmedins_code, other.network) == (far_hospital.code, "open")
    with refused("UNKNOWN_INSTITUTION", grpc.StatusCode.NOT_FOUND):
        hospital.call(pb.GetInstitutionRequest(envelope=envelope, fixmedins_code="H00000000000"))


def pages(his: His, infno: str, page_size: int) -> Iterator[pb.GetCatalogueResponse]:
    """Every page of a catalogue."""
    after = ""
    while True:
        page = his.ask(
            pb.GetCatalogueRequest(envelope=his.envelope(infno, ""), page_size=page_size, page_after=after)
        )
        yield page
        if not page.next_page:
            return
        after = page.next_page


def test_a_catalogue_is_read_page_by_page_and_is_that_of_the_care_pool(
    hospital: His, far_hospital: His
) -> None:
    at_home = {item.med_list_codg: item for page in pages(hospital, "1312", 40) for item in page.items}
    whole = [item.med_list_codg for page in pages(hospital, "1312", 1_000) for item in page.items]
    assert list(at_home) == whole == sorted(whole)
    assert at_home[CONSULTATION].list_type == "service"
    services = {item.med_list_codg for page in pages(hospital, "1305", 1_000) for item in page.items}
    assert CONSULTATION in services < set(whole)
    away = {item.med_list_codg: item for page in pages(far_hospital, "1305", 1_000) for item in page.items}
    assert away[CONSULTATION].pric_uplmt_amt != at_home[CONSULTATION].pric_uplmt_amt


def test_dictionaries_label_the_codes_that_are_taken(hospital: His) -> None:
    request = pb.GetCatalogueRequest(envelope=hospital.envelope("1901", ""), dictionary="insutype")
    assert [one.value for one in hospital.ask(request).entries] == ["310", "390", "510"]
    request.dictionary = "colours"
    with refused("INVALID", grpc.StatusCode.INVALID_ARGUMENT, says="med_type"):
        hospital.call(request)
    with refused("NO_CATALOGUE", grpc.StatusCode.NOT_FOUND):
        hospital.call(pb.GetCatalogueRequest(envelope=hospital.envelope("1307", "")))


def test_an_operator_signs_in_and_out_at_any_process(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    request = pb.SignInRequest(envelope=hospital.envelope("9001", ""), opter_no="op7", mac="00163e000001")
    signed = hospital.ask(request)
    assert hospital.ask(request, gateway=1) == signed, "sent again, it signs in once"
    assert len(signed.sign_no) == 26
    out = pb.SignOutRequest(envelope=hospital.envelope("9002", ""), sign_no=signed.sign_no, opter_no="op7")
    visit = hospital.open(new_person())
    settle = hospital.settlement(visit)
    settle.envelope.sign_no = signed.sign_no
    paid = hospital.outcome(settle, gateway=1)
    assert paid.status == PAID
    foreign = pb.SignOutRequest(
        envelope=second_hospital.envelope("9002", ""), sign_no=signed.sign_no, opter_no="op7"
    )
    with refused("SIGN_NO_INVALID", grpc.StatusCode.FAILED_PRECONDITION):
        second_hospital.call(foreign)
    ended = hospital.ask(out, gateway=1)
    assert ended.sign_time >= signed.sign_time
    assert hospital.ask(out) == ended
    assert same_bytes(hospital.outcome(settle, gateway=1), paid), "what was sent once is answered"
    late = hospital.settlement(visit)
    late.envelope.sign_no = signed.sign_no
    with refused("SIGN_NO_INVALID", grpc.StatusCode.FAILED_PRECONDITION, says="9001"):
        hospital.call(late, gateway=1)


@pytest.mark.parametrize("infno", ["5204", "5206", "1201", "1312", "9001", "9002"])
def test_another_region_s_gateway_sends_the_caller_to_its_own(
    stack: RunningStack, infno: str, new_person: NewPerson
) -> None:
    person = new_person()
    requests: dict[str, Any] = {
        "5204": pb.GetFeesRequest(psn_no=person.psn_no, mdtrt_id="0" * 26),
        "5206": pb.GetAccumulatorsRequest(psn_no=person.psn_no),
        "1201": pb.GetInstitutionRequest(),
        "1312": pb.GetCatalogueRequest(),
        "9001": pb.SignInRequest(opter_no="op7"),
        "9002": pb.SignOutRequest(opter_no="op7", sign_no="0" * 26),
    }
    with His("H44030490001", care_pool="440300", gateways=stack.gateways["45"]) as lost:
        request = requests[infno]
        request.envelope.CopyFrom(lost.envelope(infno, person.pool))
        with refused("WRONG_REGION", grpc.StatusCode.FAILED_PRECONDITION, says="44"):
            lost.call(request)
