"""Sends the load: closed loops of unary calls, streams of batches, and calls at their due moment.

Goal: spend little here, time everything from the moment it was due, and keep every answer for the checks that come
after the window. Method: bodies are bytes, answers stay bytes (a stream's answers are parsed once, to find whose they
are); each finished call becomes a `Sample`. Nothing here judges an answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from loadtest import bills, echo
from loadtest.population import Bill, Till
from proto.settlement.v1 import settlement_pb2 as pb

SETTLE_METHOD: Final = "/settlement.v1.SettlementService/Settle"
SESSION_METHOD: Final = "/settlement.v1.SettlementService/Session"
CALL_TIMEOUT_S: Final = 30.0
WAIT_FOR_VISIT_S: Final = 0.002
WAIT_AFTER_REFUSAL_S: Final = 1.0
OUTSTANDING_MAX: Final = 4_096
"""Calls of the open loop that may wait for an answer at once; what is due beyond that is counted as not sent."""

UNKNOWN: Final = "UNKNOWN"
"""The call ended without saying what became of the message: it is sent again."""


class Sample(NamedTuple):
    """One call that has ended."""

    bill: Bill
    due_ns: int
    """When it was due (closed loops: when it was sent), monotonic."""
    done_ns: int
    answer: bytes | pb.SettleResponse | None
    refusal: str = ""
    """Why there is no answer: the code of a refusal, or UNKNOWN."""


Call = Callable[[bytes], Awaitable[bytes]]


class Gateway(NamedTuple):
    """An open channel to one gateway process of a care region."""

    region: str
    channel: grpc.aio.Channel

    def settle(self) -> Call:
        """The unary call, in bytes."""
        return _unary(self.channel, SETTLE_METHOD)

    def echo(self) -> Call:
        """The same call at the echo server."""
        return _unary(self.channel, echo.METHOD)


def _unary(channel: grpc.aio.Channel, method: str) -> Call:
    multicallable: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)

    def call(body: bytes) -> Awaitable[bytes]:
        return multicallable(body, timeout=CALL_TIMEOUT_S)

    return call


def refusal_of(error: grpc.aio.AioRpcError) -> str:
    """The code of a refusal; UNKNOWN where the server did not say one, for then it may have heard the message."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return str(info.reason)
    return UNKNOWN


async def settle(bill: Bill, call: Call, due_ns: int) -> Sample:
    """One unary call to its end."""
    try:
        answer = await call(bill.body)
    except grpc.aio.AioRpcError as error:
        return Sample(bill, due_ns, time.monotonic_ns(), None, refusal_of(error))
    return Sample(bill, due_ns, time.monotonic_ns(), answer)


@dataclass(slots=True)
class Load:
    """A running load: its samples so far, and the way to end it."""

    till: Till
    samples: list[Sample] = field(default_factory=list)
    not_sent: int = 0
    """Calls of an open loop that were due while too many were outstanding, or with no visit free."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def unary(self, calls: Sequence[tuple[str, Call]], in_flight: int) -> None:
        """Keep `in_flight` unary calls in flight, evenly over the gateways (region and call)."""
        for place in range(in_flight):
            region, call = calls[place % len(calls)]
            self._tasks.append(asyncio.create_task(self._window(region, call), name="window"))

    async def _window(self, region: str, call: Call) -> None:
        while not self.stopping.is_set():
            bill = self.till.next(region)
            if bill is None:
                await asyncio.sleep(WAIT_FOR_VISIT_S)
            elif not await self.send(bill, call, time.monotonic_ns()):
                await asyncio.sleep(WAIT_AFTER_REFUSAL_S)

    async def send(self, bill: Bill, call: Call, due_ns: int) -> bool:
        """One unary call; whether it was answered."""
        sample = await settle(bill, call, due_ns)
        self.note(sample)
        return sample.answer is not None

    def note(self, sample: Sample) -> None:
        """Keep a call that has ended; its visit may take the next bill unless it may still be busy."""
        self.samples.append(sample)
        if sample.refusal != UNKNOWN:
            self.till.give_back(sample.bill)

    def scheduled(self, calls: Sequence[tuple[str, Call]], due_after_ns: Iterator[int]) -> None:
        """An open loop: each call at its due moment, whatever became of the earlier ones."""
        self._tasks.append(asyncio.create_task(self._scheduled(calls, due_after_ns), name="schedule"))

    async def _scheduled(self, calls: Sequence[tuple[str, Call]], due_after_ns: Iterator[int]) -> None:
        began_ns = time.monotonic_ns()
        outstanding: set[asyncio.Task[bool]] = set()
        for number, after_ns in enumerate(due_after_ns):
            due_ns = began_ns + after_ns
            if (early_ns := due_ns - time.monotonic_ns()) > 0:
                await asyncio.sleep(early_ns / 1e9)
            if self.stopping.is_set():
                break
            region, call = calls[number % len(calls)]
            bill = self.till.next(region) if len(outstanding) < OUTSTANDING_MAX else None
            if bill is None:
                self.not_sent += 1
                continue
            task = asyncio.create_task(self.send(bill, call, due_ns))
            outstanding.add(task)
            task.add_done_callback(outstanding.discard)
        await asyncio.gather(*outstanding)

    def sessions(self, gateways: Sequence[Gateway], *, streams: int, window: int, per_message: int) -> None:
        """Keep `streams` Session streams busy, `window` messages of `per_message` calls in flight on each."""
        for place in range(streams):
            stream = _Stream(self, gateways[place % len(gateways)], window=window, per_message=per_message)
            self._tasks.append(asyncio.create_task(stream.run(), name="stream"))

    async def stop(self) -> None:
        """Send nothing more and wait for the answers of what is in flight."""
        self.stopping.set()
        await asyncio.gather(*self._tasks)


class _Stream:
    """One Session stream: a writer that keeps the window full, a reader that empties it."""

    def __init__(self, load: Load, gateway: Gateway, *, window: int, per_message: int) -> None:
        self._load = load
        self._gateway = gateway
        self._per_message = per_message
        self._room = asyncio.Semaphore(window)
        self._sent: dict[int, tuple[list[Bill], int]] = {}

    async def run(self) -> None:
        method: grpc.aio.StreamStreamMultiCallable[bytes, pb.SessionResponse]
        method = self._gateway.channel.stream_stream(
            SESSION_METHOD, response_deserializer=pb.SessionResponse.FromString
        )
        call = method()
        writer = asyncio.create_task(self._write(call), name="writer")
        try:
            while True:
                message = await call.read()
                if not isinstance(message, pb.SessionResponse):
                    break
                self._take(message)
        except grpc.aio.AioRpcError:
            pass  # what it held is noted below, and sent again after the window
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        for sent, due_ns in self._sent.values():
            for bill in sent:
                self._load.note(Sample(bill, due_ns, time.monotonic_ns(), None, UNKNOWN))

    async def _write(self, call: "grpc.aio.StreamStreamCall[bytes, pb.SessionResponse]") -> None:
        load, region, batch_no = self._load, self._gateway.region, 0
        while True:
            await self._room.acquire()
            if load.stopping.is_set():
                break
            sent: list[Bill] = []
            while len(sent) < self._per_message and (bill := load.till.next(region)) is not None:
                sent.append(bill)
            if not sent:
                self._room.release()
                await asyncio.sleep(WAIT_FOR_VISIT_S)
                continue
            batch_no += 1
            self._sent[batch_no] = (sent, time.monotonic_ns())
            body = bills.session_message(batch_no, int(CALL_TIMEOUT_S * 1_000), [bill.body for bill in sent])
            await call.write(body)
        await call.done_writing()

    def _take(self, message: pb.SessionResponse) -> None:
        sent, due_ns = self._sent.pop(message.batch_no)
        done_ns = time.monotonic_ns()
        wait_ms = max((result.refusal.retry_after_ms for result in message.results), default=0)
        for bill, result in zip(sent, message.results, strict=True):
            answer = result.settle if result.HasField("settle") else None
            refusal = "" if answer is not None else result.refusal.code or UNKNOWN
            self._load.note(Sample(bill, due_ns, done_ns, answer, refusal))
        if wait_ms and not self._load.stopping.is_set():  # as a sender must, who is told to wait
            asyncio.get_running_loop().call_later(wait_ms / 1_000, self._room.release)
        else:
            self._room.release()
