"""Session: batches of the same calls. A refused call refuses only itself, and its place in the batch is kept."""

from collections.abc import Iterable

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import PAID, His, NewPerson, Refused, same_bytes

METHOD = "/settlement.v1.SettlementService/Session"


def session(his: His, *messages: pb.SessionRequest, gateway: int = 0) -> dict[int, list[pb.SessionResult]]:
    """Results by batch number."""
    answers: Iterable[pb.SessionResponse] = his.stubs[gateway].Session(iter(messages), timeout=30)
    return {answer.batch_no: list(answer.results) for answer in answers}


def test_a_batch_holds_every_kind_of_call_and_answers_each_in_its_place(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    paid_before, outcome = hospital.pay(visit)
    given = hospital.bill(visit)
    bad = hospital.settlement(visit, given)
    bad.input.medfee_sumamt += 1
    calls = [
        pb.SessionCall(get_insured=hospital.insured(visit.person)),
        pb.SessionCall(settle=bad),
        pb.SessionCall(),
        pb.SessionCall(open_visit=hospital.opening(visit)),
        pb.SessionCall(pre_settle=hospital.trial(visit, given)),
        pb.SessionCall(settle=paid_before),
        pb.SessionCall(cancel=hospital.refund(visit, outcome)),
        pb.SessionCall(reverse=hospital.reversal(visit, hospital.settlement(visit))),
        pb.SessionCall(get_settlement=hospital.query(setl_id=outcome.setl_id)),
    ]
    (results,) = session(hospital, pb.SessionRequest(batch_no=5, calls=calls)).values()
    assert [one.WhichOneof("result") for one in results] == [
        "get_insured", "refusal", "refusal", "open_visit", "pre_settle", "settle", "cancel", "reverse",
        "get_settlement",
    ]  # fmt: skip
    assert results[1].refusal.code == results[2].refusal.code == "INVALID"
    assert results[1].refusal.violations[0].field == "input.medfee_sumamt"
    assert results[2].refusal.status_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert same_bytes(results[5].settle.outcome, outcome)
    assert results[6].cancel.outcome.undoes == outcome.setl_id


def test_a_hundred_settlements_in_a_batch_and_the_batch_again_elsewhere(
    hospital: His, new_person: NewPerson
) -> None:
    people = [new_person("441500", "310") for _ in range(5)]
    visits = [hospital.open(person) for person in people for _ in range(20)]
    calls = [pb.SessionCall(settle=hospital.settlement(visit)) for visit in visits]
    first = session(hospital, pb.SessionRequest(batch_no=1, calls=calls))[1]
    assert [one.settle.outcome.status for one in first] == [PAID] * 100
    again = session(hospital, pb.SessionRequest(batch_no=2, calls=calls), gateway=1)[2]
    assert all(
        same_bytes(one.settle.outcome, two.settle.outcome) for one, two in zip(first, again, strict=True)
    )


def test_a_message_of_a_thousand_and_one_calls_refuses_each_of_them(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request = hospital.settlement(visit)
    calls = [pb.SessionCall(settle=request)] * 1_001
    results = session(hospital, pb.SessionRequest(batch_no=9, calls=calls))[9]
    assert len(results) == 1_001
    assert {(one.refusal.code, one.refusal.violations[0].field) for one in results} == {("INVALID", "calls")}
    assert "1000" in results[0].refusal.err_msg
    assert not hospital.found(request)


def test_an_empty_message_is_answered_empty_and_the_stream_goes_on(
    hospital: His, new_person: NewPerson
) -> None:
    asked = pb.SessionCall(get_insured=hospital.insured(new_person()))
    answers = session(hospital, pb.SessionRequest(batch_no=1), pb.SessionRequest(batch_no=2, calls=[asked]))
    assert answers[1] == []
    assert answers[2][0].HasField("get_insured")


def test_bytes_that_are_no_message_end_the_stream_after_the_answers_before_them(
    hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request = hospital.settlement(visit)
    message = pb.SessionRequest(batch_no=1, calls=[pb.SessionCall(settle=request)]).SerializeToString()
    stream = hospital.channels[0].stream_stream(METHOD, response_deserializer=pb.SessionResponse.FromString)
    answers = stream(iter([message, b"\xff\xff\xff"]), timeout=30)
    assert next(answers).results[0].settle.outcome.status == PAID
    with pytest.raises(grpc.RpcError) as failed:
        next(answers)
    refusal = Refused(failed.value)
    assert (refusal.code, refusal.status) == ("INVALID", grpc.StatusCode.INVALID_ARGUMENT)


def test_twenty_messages_on_one_stream_are_all_answered(hospital: His, new_person: NewPerson) -> None:
    """More than may be in flight: the others wait in the transport."""
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    messages = [
        pb.SessionRequest(batch_no=number, calls=[pb.SessionCall(settle=request)] * 5) for number in range(20)
    ]
    answers = session(hospital, *messages)
    assert sorted(answers) == list(range(20))
    assert all(same_bytes(one.settle.outcome, paid) for results in answers.values() for one in results)
