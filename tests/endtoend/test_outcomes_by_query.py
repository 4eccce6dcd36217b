"""GetSettlement: by setl_id, by omsgid and oinfno, by psn_no and mdtrt_id; it never speaks for an id."""

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import DECLINED, OK, VOIDED, His, NewPerson, same_bytes


def test_all_three_ways_find_the_same_settlement_at_any_process(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    ways = (
        {"setl_id": paid.setl_id},
        {"omsgid": request.envelope.msgid, "oinfno": "2207"},
        {"psn_no": visit.person.psn_no, "mdtrt_id": visit.mdtrt_id},
    )
    for gateway in (0, 1):
        for way in ways:
            found = hospital.call(hospital.query(**way), gateway=gateway).found
            assert len(found) == 1, way
            assert same_bytes(found[0].outcome, paid)
            assert found[0].undone_by == ""


def test_a_visit_shows_the_newest_settlement_of_each_bill(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    first, paid = hospital.pay(visit)
    _, second = hospital.pay(visit)
    hospital.cancelled(visit, paid)
    anew = hospital.outcome(hospital.settlement(visit, first.input))
    by_visit = hospital.query(psn_no=visit.person.psn_no, mdtrt_id=visit.mdtrt_id)
    found = {one.outcome.setl_id: one.undone_by for one in hospital.call(by_visit).found}
    assert found == {anew.setl_id: "", second.setl_id: ""}
    _, cancelled = hospital.cancelled(visit, second)
    found = {one.outcome.setl_id: one.undone_by for one in hospital.call(by_visit, gateway=1).found}
    assert found == {anew.setl_id: "", second.setl_id: cancelled.setl_id}


def test_cancels_reversals_and_voided_messages_are_found_by_their_msgid(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    _, paid = hospital.pay(visit)
    cancel, cancelled = hospital.cancelled(visit, paid)
    never_sent = hospital.settlement(visit)
    reversal = hospital.reversal(visit, never_sent)
    reversed_ = hospital.outcome(reversal)
    assert reversed_.status == OK
    for request, outcome in ((cancel, cancelled), (reversal, reversed_)):
        assert same_bytes(hospital.found(request, gateway=1)[0].outcome, outcome)
    assert hospital.found(never_sent)[0].outcome.status == VOIDED


def test_what_is_not_known_is_not_seen_and_promises_nothing(hospital: His, new_person: NewPerson) -> None:
    visit = hospital.open(new_person())
    request = hospital.settlement(visit)
    answer = hospital.call(hospital.query(omsgid=request.envelope.msgid, oinfno="2207"))
    assert (answer.infcode, len(answer.found)) == (-1, 0)
    assert answer.err_msg.startswith("NOT_SEEN")
    assert hospital.outcome(request).setl_id  # the question has not spoken for the id


def test_an_institution_is_told_of_its_own_settlements_only(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    ways = (
        {"setl_id": paid.setl_id},
        {"omsgid": request.envelope.msgid, "oinfno": "2207"},
        {"psn_no": visit.person.psn_no, "mdtrt_id": visit.mdtrt_id},
    )
    for way in ways:
        answer = second_hospital.call(second_hospital.query(**way))
        assert not answer.found, way
        assert answer.err_msg.startswith("NOT_SEEN")


def test_what_the_gateway_decided_alone_is_told_to_its_own_institution_only(
    hospital: His, second_hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    reversed_ = hospital.outcome(hospital.reversal(visit, hospital.settlement(visit)))  # never sent
    refused = hospital.outcome(hospital.refund(visit, pb.Outcome(setl_id="A" * 26)))
    for outcome, status in ((reversed_, OK), (refused, DECLINED)):
        assert outcome.status == status
        query = {"setl_id": outcome.setl_id}
        assert same_bytes(hospital.call(hospital.query(**query)).found[0].outcome, outcome)
        answer = second_hospital.call(second_hospital.query(**query))
        assert not answer.found
        assert answer.err_msg.startswith("NOT_SEEN")
