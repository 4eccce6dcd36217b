"""The steps of a visit through the door: other facts, discharge, its taking back, and what they allow."""

from typing import Any

import grpc

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import OK, PAID, His, NewPerson, Visit, line, now_text, refused, same_bytes

PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


def an_update(his: His, visit: Visit, **changes: str) -> pb.UpdateVisitRequest:
    """2203 or 2403."""
    envelope = his.envelope({"11": "2203", "21": "2403"}[visit.med_type], visit.person.pool)
    given = pb.UpdateVisitInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, **changes)  # type: ignore[arg-type]
    return pb.UpdateVisitRequest(envelope=envelope, input=given)


def a_discharge(his: His, visit: Visit) -> pb.CloseVisitRequest:
    """2402."""
    given = pb.CloseVisitInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, endtime=now_text())
    return pb.CloseVisitRequest(envelope=his.envelope("2402", visit.person.pool), input=given)


def a_reopening(his: His, visit: Visit) -> pb.ReopenVisitRequest:
    """2405."""
    given = pb.ReopenVisitInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no)
    return pb.ReopenVisitRequest(envelope=his.envelope("2405", visit.person.pool), input=given)


def an_upload(his: His, visit: Visit) -> pb.UploadFeesRequest:
    """2301 of one line."""
    given = pb.UploadFeesInput(
        mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, feedetl=[line("u1", 1_200)]
    )
    return pb.UploadFeesRequest(envelope=his.envelope("2301", visit.person.pool), input=given)


def done(his: His, request: Any) -> pb.Outcome:
    """A step that takes effect; sent again, through the other process, it has the same bytes."""
    outcome = his.outcome(request)
    assert outcome.status == OK, outcome
    assert same_bytes(his.outcome(request, gateway=1), outcome)
    return outcome


def test_what_an_update_says_decides_the_settlement_and_what_it_leaves_out_stays(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    done(hospital, an_update(hospital, visit, rel_ttp_flag="1"))
    done(hospital, an_update(hospital, visit, otp_er_refl_flag="1"))
    declined = hospital.outcome(hospital.settlement(visit))
    assert (declined.status, declined.code) == (pb.OUTCOME_STATUS_DECLINED, "THIRD_PARTY_LIABLE")
    done(hospital, an_update(hospital, visit, rel_ttp_flag="0"))
    hospital.pay(visit)


def test_a_discharged_stay_takes_neither_facts_nor_fees_but_is_settled(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person("440300"), "21")
    assert done(hospital, a_discharge(hospital, visit)).code == ""
    assert done(hospital, a_discharge(hospital, visit)).code == "NOTHING_TO_UNDO"
    with refused("VISIT_CLOSED", PRECONDITION, says="2405"):
        hospital.call(an_update(hospital, visit, trum_flag="1"))
    with refused("VISIT_CLOSED", PRECONDITION, says="2405"):
        hospital.call(an_upload(hospital, visit))
    _, paid = hospital.pay(visit)
    assert paid.status == PAID


def test_a_discharge_is_taken_back_once_its_settlement_is(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person("440300"), "21")
    assert done(hospital, a_reopening(hospital, visit)).code == "NOTHING_TO_UNDO"
    done(hospital, a_discharge(hospital, visit))
    _, paid = hospital.pay(visit)
    with refused("VISIT_IN_USE", PRECONDITION, says="2305"):
        hospital.call(a_reopening(hospital, visit))
    hospital.cancelled(visit, paid)
    assert done(hospital, a_reopening(hospital, visit)).code == ""
    done(hospital, an_update(hospital, visit, trum_flag="0"))


def test_a_settlement_does_not_come_back_into_a_stay_that_was_opened_again(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person("440300"), "21")
    done(hospital, a_discharge(hospital, visit))
    _, paid = hospital.pay(visit)
    cancel, _ = hospital.cancelled(visit, paid)
    done(hospital, a_reopening(hospital, visit))
    request = hospital.reversal(visit, cancel)
    declined = hospital.outcome(request)
    assert (declined.status, declined.code) == (pb.OUTCOME_STATUS_DECLINED, "SUPERSEDED")
    assert same_bytes(hospital.outcome(request, gateway=1), declined)
    done(hospital, an_update(hospital, visit, trum_flag="0"))
    done(hospital, a_discharge(hospital, visit))
    assert hospital.outcome(hospital.reversal(visit, cancel)).status == OK
    with refused("VISIT_IN_USE", PRECONDITION, says="2305"):
        hospital.call(a_reopening(hospital, visit))


def test_a_step_of_another_s_visit_is_refused(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    with refused("UNKNOWN_VISIT", grpc.StatusCode.NOT_FOUND):
        second_hospital.call(a_discharge(second_hospital, visit))
    with refused("WRONG_PERSON", PRECONDITION):
        hospital.call(a_discharge(hospital, Visit(new_person(), "11", visit.mdtrt_id)))
    hospital.pay(visit)


def test_a_number_with_uploaded_lines_or_a_discharge_is_not_given_to_somebody_else(
    hospital: His, new_person: NewPerson
) -> None:
    visit, other = hospital.open(new_person("440300"), "21"), Visit(new_person("440300"), "21")
    other.number = visit.number
    done(hospital, an_upload(hospital, visit))
    with refused("VISIT_IN_USE", PRECONDITION, says="2302"):
        hospital.call(hospital.closing(visit))
    done(hospital, a_discharge(hospital, visit))
    with refused("WRONG_PERSON", PRECONDITION):
        hospital.call(hospital.opening(other))
    assert hospital.outcome(hospital.opening(visit)).mdtrt_id == visit.mdtrt_id
    with refused("VISIT_CLOSED", PRECONDITION, says="2405"):
        hospital.call(an_upload(hospital, visit))


def test_where_a_person_lies_in_hospital_is_told_until_he_is_discharged_and_its_number_to_its_own_only(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    person = new_person("440300")

    def stays(his: His, infno: str = "5303") -> list[tuple[str, str, str]]:
        request = pb.ListStaysRequest(envelope=his.envelope(infno, person.pool), psn_no=person.psn_no)
        found = his.ask(request).stays
        assert {one.begntime for one in found} <= {now_text()[:10]}
        return sorted((one.fixmedins_code, one.mdtrt_id, one.ipt_otp_no) for one in found)

    assert not stays(hospital)
    hospital.open(person)  # an outpatient is at home
    stay, other = hospital.open(person, "21"), second_hospital.open(person, "21")
    ours, theirs = (
        (hospital.code, stay.mdtrt_id, stay.number),
        (second_hospital.code, other.mdtrt_id, other.number),
    )
    assert stays(hospital) == [ours, (second_hospital.code, "", "")]
    assert stays(second_hospital) == [(hospital.code, "", ""), theirs]
    hospital.outcome(a_discharge(hospital, stay))
    assert stays(hospital) == [(second_hospital.code, "", "")]
    second_hospital.outcome(second_hospital.closing(other))
    assert not stays(hospital)
    with refused("INVALID", grpc.StatusCode.INVALID_ARGUMENT, says="this call takes 5303"):
        stays(hospital, "5304")
