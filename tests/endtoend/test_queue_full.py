"""A full queue refuses RESOURCE_EXHAUSTED with a retry hint, and nothing happened.

The queue before W1 holds 10,000 calls. It fills while another session of the database holds the table of claims, so
that the process cannot read; what fills it are calls that are refused in the end, and leave nothing behind.
"""

import asyncio
import contextlib
import re
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator

import asyncpg
import grpc

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import PAID, His, NewPerson, Visit, refused, same_bytes
from tests.endtoend.running_stack import RunningStack, wait_until

QUEUE_CALLS_MAX = 10_000
FLUSH_CALLS_MAX = 500
GAUGE = re.compile(r"^gateway_calls_waiting_to_be_claimed ([0-9.]+)$", re.MULTILINE)


@contextlib.contextmanager
def claims_held(dsn: str) -> Iterator[None]:
    """Nobody else reads or writes `claim` for the length of the block."""
    taken, leave = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE claim IN ACCESS EXCLUSIVE MODE")
                taken.set()
                await asyncio.to_thread(leave.wait)
        finally:
            await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    try:
        assert taken.wait(10)
        yield
    finally:
        leave.set()
        thread.join()


def waiting(stack: RunningStack) -> int:
    """How many calls wait at the first process, by its metrics page."""
    with urllib.request.urlopen(stack.endpoints.metrics["gateway-44-0"], timeout=10) as page:
        found = GAUGE.search(page.read().decode())
    assert found
    return int(float(found[1]))


def bad_messages(his: His, visit: Visit, batch: int) -> pb.SessionRequest:
    """A thousand different messages, each of which will be refused."""
    message = pb.SessionRequest(batch_no=batch, timeout_ms=50_000)
    for number in range(1_000):
        bad = his.refund(visit, pb.Outcome(setl_id="nonsense!"))
        bad.envelope.msgid = f"{batch}-{number}"
        message.calls.add(cancel=bad)
    return message


def test_a_full_queue_refuses_with_a_hint_and_takes_the_same_message_later(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request = hospital.settlement(visit)
    messages = [bad_messages(hospital, visit, batch) for batch in range(12)]
    with claims_held(stack.databases.gateways["44"]):
        # eight messages of a stream are under way at a time, so two streams
        streams = [hospital.stubs[0].Session(iter(half), timeout=60) for half in (messages[:6], messages[6:])]
        wait_until(lambda: waiting(stack) >= QUEUE_CALLS_MAX, "the queue is full")
        with refused("QUEUE_FULL", grpc.StatusCode.RESOURCE_EXHAUSTED, says="again") as caught:
            hospital.call(request)
        assert caught[0].retry_after_ms > 0
        assert waiting(stack) <= QUEUE_CALLS_MAX + FLUSH_CALLS_MAX
    codes = Counter(
        result.refusal.code for stream in streams for answer in stream for result in answer.results
    )
    assert codes.total() == 12_000
    assert set(codes) <= {"INVALID", "QUEUE_FULL", "BOOK_UNAVAILABLE"}
    assert codes["QUEUE_FULL"] >= 12_000 - QUEUE_CALLS_MAX - 10 * FLUSH_CALLS_MAX
    assert not hospital.found(request)
    assert hospital.final(request).status == PAID


def test_a_table_that_is_held_for_long_costs_calls_and_no_process(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    visit = hospital.open(new_person())
    request, paid = hospital.pay(visit)
    before = stack.pids()
    with claims_held(stack.databases.gateways["44"]):
        with refused("BOOK_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE, says="nothing was stored") as caught:
            hospital.call(request)
        assert caught[0].retry_after_ms > 0
    assert same_bytes(hospital.final(request), paid)
    assert stack.pids() == before
