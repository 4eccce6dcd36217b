"""A home node that answers nobody: PENDING before the caller's deadline, refusals once it is known to be silent, nobody
else delayed, and everything resolved by itself when it is back.

The node of Chongqing is held (SIGSTOP) while all of it is played, so that the order is certain: what is said within
the block was said while the node slept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import (
    DECLINED,
    EXPIRED,
    OK,
    PAID,
    His,
    NewPerson,
    Refused,
    Visit,
    refused,
    same_bytes,
)
from tests.endtoend.running_stack import RunningStack, wait_until

NODE, POOL = "node-50", "500000"
SHORT_S = 2.0
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@dataclass(slots=True)
class Waiting:
    """A visit whose settlement is ready to be sent."""

    visit: Visit
    request: pb.SettleRequest


@pytest.fixture
def waiting(hospital: His, new_person: NewPerson) -> Waiting:
    visit = hospital.open(new_person(POOL))
    return Waiting(visit, hospital.settlement(visit))


@pytest.fixture
def others(hospital: His, new_person: NewPerson) -> list[Waiting]:
    visits = [hospital.open(new_person(POOL)) for _ in range(3)]
    return [Waiting(visit, hospital.settlement(visit)) for visit in visits]


@pytest.fixture(autouse=True)
def all_is_well_afterwards(stack: RunningStack, hospital: His, new_person: NewPerson) -> Iterator[None]:
    yield
    stack.await_calm()
    person = new_person(POOL)
    wait_until(lambda: is_answered(hospital, hospital.insured(person)), "the node is heard of again")


def is_answered(his: His, request: Any) -> bool:
    try:
        his.call(request, timeout_s=2.0)
    except Refused:
        return False
    return True


def await_silence(his: His, person_visit: Visit) -> None:
    """Ask what is stored nowhere until both processes call the node silent."""

    def silent(gateway: int) -> bool:
        try:
            his.call(his.insured(person_visit.person), gateway=gateway, timeout_s=0.6)
        except Refused as said:
            return said.code == "NODE_SILENT"
        return False

    for gateway in (0, 1):
        wait_until(lambda at=gateway: silent(at), "the held node is silent")  # type: ignore[misc]


def pending(his: His, request: Any, *, gateway: int = 0, timeout_s: float = SHORT_S) -> pb.Pending:
    """A call whose answer must be PENDING, and must come before its deadline: else the call itself would fail."""
    response = his.call(request, gateway=gateway, timeout_s=timeout_s)
    assert response.infcode == 1
    assert response.HasField("pending")
    assert not response.HasField("outcome")
    found: pb.Pending = response.pending
    assert (found.omsgid, found.oinfno) == (request.envelope.msgid, request.envelope.infno)
    assert found.query_after_ms > 0
    return found


def test_a_settlement_is_pending_before_its_deadline_and_resolves_by_itself(
    stack: RunningStack, hospital: His, waiting: Waiting, new_person: NewPerson
) -> None:
    request, visit = waiting.request, waiting.visit
    with stack.held(NODE):
        told = pending(hospital, request)
        assert pending(hospital, request, gateway=1, timeout_s=1.0).setl_id == told.setl_id
        for found in hospital.found(request, gateway=1):
            assert found.pending.setl_id == told.setl_id
        by_visit = hospital.call(hospital.query(psn_no=visit.person.psn_no, mdtrt_id=visit.mdtrt_id))
        assert [one.pending.setl_id for one in by_visit.found] == [told.setl_id]
        with refused("BUSY_VISIT", grpc.StatusCode.ABORTED) as caught:
            hospital.call(hospital.settlement(visit))
        assert caught[0].retry_after_ms > 0
        # meanwhile a patient of another node is through with everything
        other = hospital.open(new_person())
        _, paid = hospital.pay(other)
        hospital.cancelled(other, paid)
    outcome = hospital.resolved(request)
    assert outcome.setl_id == told.setl_id
    assert outcome.status == EXPIRED  # its caller's deadline had passed: nobody waits at the counter any more
    for gateway in (0, 1):
        assert same_bytes(hospital.outcome(request, gateway=gateway), outcome)
    assert hospital.final(hospital.settlement(visit, request.input)).status == PAID


def test_a_settlement_with_time_left_is_paid_when_the_node_is_back(
    stack: RunningStack, hospital: His, waiting: Waiting
) -> None:
    """Whoever sent it has gone: what was claimed is carried out all the same."""
    with stack.held(NODE):
        call = hospital.stubs[0].Settle.future(waiting.request, timeout=50)
        wait_until(lambda: bool(hospital.found(waiting.request)), "the message is claimed")
        call.cancel()
    outcome = hospital.resolved(waiting.request)
    assert outcome.status == PAID
    assert same_bytes(hospital.outcome(waiting.request), outcome)


def test_a_silent_node_is_refused_at_once_and_nothing_is_stored(
    stack: RunningStack, hospital: His, waiting: Waiting, others: list[Waiting], new_person: NewPerson
) -> None:
    paid = hospital.outcome(others[0].request)
    refund = hospital.refund(others[0].visit, paid)
    known = hospital.outcome(others[1].request)
    sale = Visit(new_person(POOL), "41")
    with stack.held(NODE):
        await_silence(hospital, waiting.visit)
        new = (
            waiting.request,
            hospital.trial(waiting.visit, waiting.request.input),
            hospital.opening(Visit(sale.person, "11")),
            refund,
        )
        before = stack.query(
            "region 44", "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM open)"
        )
        for gateway in (0, 1):
            for request in new:
                with refused("NODE_SILENT", UNAVAILABLE, says="50") as caught:
                    hospital.call(request, gateway=gateway)
                assert caught[0].retry_after_ms > 0
        after = stack.query("region 44", "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM open)")
        assert after == before
        assert not hospital.found(waiting.request)
        # what is known is answered, silent or not; others' patients do not notice
        assert same_bytes(hospital.outcome(others[1].request, gateway=1), known)
        assert hospital.found(others[1].request)[0].outcome.status == PAID
        assert hospital.pay(hospital.open(new_person("450100")))[1].status == PAID
    assert hospital.final(waiting.request).status == PAID  # the very same message, after the wait
    assert hospital.final(refund).undoes == paid.setl_id


def test_a_reversal_is_taken_for_a_silent_node_and_never_expires(
    stack: RunningStack, hospital: His, waiting: Waiting, others: list[Waiting]
) -> None:
    paid = hospital.outcome(waiting.request)
    reversal = hospital.reversal(waiting.visit, waiting.request)
    never_sent = others[0].request
    with stack.held(NODE):
        await_silence(hospital, waiting.visit)
        pending(hospital, reversal, timeout_s=1.0)
        # a message that was never claimed was never sent: that is decided here, without the node
        voiding = hospital.outcome(hospital.reversal(others[0].visit, never_sent))
        assert voiding.status == OK
    outcome = hospital.resolved(reversal)
    assert (outcome.status, outcome.undoes) == (OK, paid.setl_id)
    assert hospital.call(waiting.request, gateway=1).undone_by == outcome.setl_id
    assert same_bytes(hospital.outcome(reversal, gateway=1), outcome)


def test_a_reversal_of_what_is_pending_wins_or_undoes_it(
    stack: RunningStack, hospital: His, others: list[Waiting]
) -> None:
    """Settlement and reversal are both under way when the node wakes: whatever it decides first, nothing stays paid."""
    with stack.held(NODE):
        calls = [hospital.stubs[0].Settle.future(one.request, timeout=50) for one in others]
        for one in others:
            wait_until(lambda sent=one.request: bool(hospital.found(sent)), "claimed")  # type: ignore[misc]
        reversals = [hospital.reversal(one.visit, one.request) for one in others]
        for place, reversal in enumerate(reversals):
            pending(hospital, reversal, gateway=place % 2, timeout_s=1.0)
    for one, reversal, call in zip(others, reversals, calls, strict=True):
        outcome = hospital.resolved(reversal)
        assert outcome.status == OK
        response = hospital.call(one.request, gateway=1)
        if response.outcome.status == PAID:
            assert response.undone_by == outcome.setl_id
        else:
            assert pb.OutcomeStatus.Name(response.outcome.status) == "OUTCOME_STATUS_VOIDED"
        assert same_bytes(call.result().outcome, response.outcome)
        assert hospital.final(hospital.settlement(one.visit, one.request.input)).status == PAID


def test_a_person_is_found_elsewhere_while_one_node_sleeps_and_that_one_is_named(
    stack: RunningStack, hospital: His, waiting: Waiting, new_person: NewPerson
) -> None:
    person = new_person()
    with stack.held(NODE):
        asked = hospital.insured(person, by_certificate=True)
        answers: list[pb.GetInsuredResponse] = []

        def is_found() -> bool:
            answers.append(hospital.call(asked))
            return bool(answers[-1].insuinfo)

        wait_until(is_found, "the others have answered")
        assert person.psn_no in [one.psn_no for one in answers[-1].insuinfo]
        assert "500000" in answers[-1].not_answered
        lost = hospital.call(hospital.insured(waiting.visit.person, by_certificate=True))
        assert (lost.infcode, len(lost.insuinfo)) == (-1, 0)
        assert "500000" in lost.not_answered


def test_a_cancel_that_is_not_decided_in_time_expires_and_takes_nothing_back(
    stack: RunningStack, hospital: His, waiting: Waiting
) -> None:
    paid = hospital.outcome(waiting.request)
    late = hospital.refund(waiting.visit, paid)
    with stack.held(NODE):
        pending(hospital, late, timeout_s=1.0)
        wait_until(lambda: hospital.found(late)[0].HasField("pending"), "the cancel is open")
        await_silence(hospital, waiting.visit)  # and its deadline is over by then
    assert hospital.resolved(late).status == EXPIRED
    assert hospital.call(waiting.request).undone_by == ""
    anew = hospital.final(hospital.refund(waiting.visit, paid))
    assert (anew.status, anew.undoes) == (OK, paid.setl_id)
    assert hospital.outcome(hospital.refund(waiting.visit, paid)).status == DECLINED
