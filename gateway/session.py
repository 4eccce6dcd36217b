"""Session: batches of the same calls on one stream, one result per call by its place.

A message's calls go to the desk together and are answered together, when all are final or 100 ms before the message's
deadline. Eight messages of a stream may be under way; the ninth waits in the transport. A refused call refuses only
itself.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import structlog

from gateway.alarm import setl_id_of
from gateway.calls import Answer, NotFinal
from gateway.checks import EVOUCHER
from gateway.desk import ANSWER_EARLY_MS, DEADLINE_MS_DEFAULT, Desk, answered, not_final
from gateway.queries import Queries
from gateway.refusals import Refused, Violation, invalid, refuse
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Refusal
from proto.settlement.v1.envelope_pb2 import Violation as WireViolation
from runtime.clock import Clock

CALLS_MAX: Final = 1_000
MESSAGES_IN_FLIGHT_MAX: Final = 8
BATCHED: Final = frozenset(
    {"settle", "cancel", "reverse", "cancel_visit", "update_visit", "close_visit", "reopen_visit"}
)
"""Calls that wait for the claim desk alone; the others are awaited one by one."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("session")


def wire_refusal(refused: Refused) -> Refusal:
    """A refusal in place of a result."""
    return Refusal(
        code=refused.code,
        err_msg=refused.err_msg,
        status_code=refused.status.value[0],
        violations=[WireViolation(field=one.field, err_msg=one.err_msg) for one in refused.violations],
        retry_after_ms=refused.retry_after_ms,
    )


class Session:
    """Answers the messages of any number of streams."""

    def __init__(self, *, desk: Desk, queries: Queries, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._single: dict[str, Callable[[Any, int], Any]] = {
            "open_visit": desk.claimed,
            "upload_fees": desk.claimed,
            "cancel_fees": desk.claimed,
            "pre_settle": desk.pre_settle,
            "get_insured": desk.get_insured,
            "get_settlement": lambda request, _: queries.get_settlement(request),
        }

    async def answers(self, messages: AsyncIterator[pb.SessionRequest]) -> AsyncIterator[pb.SessionResponse]:
        """The answers of one stream, in the order in which they are ready."""
        ready: asyncio.Queue[pb.SessionResponse | None] = asyncio.Queue(MESSAGES_IN_FLIGHT_MAX + 1)
        room = asyncio.Semaphore(MESSAGES_IN_FLIGHT_MAX)  # a message has left once its answer was taken
        reading = asyncio.ensure_future(self._read(messages, ready, room))
        try:
            while (response := await ready.get()) is not None:
                yield response
                room.release()
            await reading
        finally:
            reading.cancel()

    async def _read(
        self,
        messages: AsyncIterator[pb.SessionRequest],
        ready: "asyncio.Queue[pb.SessionResponse | None]",
        room: asyncio.Semaphore,
    ) -> None:
        under_way: set[asyncio.Task[None]] = set()

        async def answer(message: pb.SessionRequest) -> None:
            ready.put_nowait(await self.answer(message))

        try:
            await room.acquire()
            async for message in messages:
                task = asyncio.create_task(answer(message))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                await room.acquire()
            await asyncio.gather(*under_way)
        finally:
            for task in under_way:
                task.cancel()
            ready.put_nowait(None)  # there is always room for it beside the messages in flight

    async def answer(self, message: pb.SessionRequest) -> pb.SessionResponse:
        """The results of one message."""
        response = pb.SessionResponse(batch_no=message.batch_no)
        if len(message.calls) > CALLS_MAX:
            too_many = invalid(Violation("calls", f"are {len(message.calls)}; a message carries {CALLS_MAX}"))
            response.results.extend([pb.SessionResult(refusal=wire_refusal(too_many)) for _ in message.calls])
            return response
        wanted_s = message.timeout_ms / 1000 if message.timeout_ms > 0 else DEADLINE_MS_DEFAULT / 1000
        deadline_ms = self._desk.deadline_ms(wanted_s)
        waits = [self._begin(call, deadline_ms) for call in message.calls]
        pending = [wait for wait in waits if isinstance(wait, asyncio.Future) and not wait.done()]
        if pending:
            wait_s = (deadline_ms - self._clock.now_ms() - ANSWER_EARLY_MS) / 1000
            await asyncio.wait(pending, timeout=max(wait_s, 0))
        response.results.extend(
            [_result(call, wait) for call, wait in zip(message.calls, waits, strict=True)]
        )
        return response

    def _begin(self, call: pb.SessionCall, deadline_ms: int) -> "asyncio.Future[Any] | Refused":
        which = call.WhichOneof("call")
        if which is None:
            return invalid(Violation("call", "is empty"))
        request = getattr(call, which)
        if which in BATCHED and not _may_need_its_node(which, request):
            return self._desk.submit(request, deadline_ms)
        answering = self._single.get(which, self._desk.claimed)
        waiting: asyncio.Future[Any] = asyncio.ensure_future(answering(request, deadline_ms))
        return waiting


def _may_need_its_node(which: str, request: Any) -> bool:
    """Whether a node must perhaps be asked before the claim: a sale with an e-voucher."""
    return which == "settle" and request.credential.mdtrt_cert_type == EVOUCHER


def _result(call: pb.SessionCall, wait: "asyncio.Future[Any] | Refused") -> pb.SessionResult:
    result = pb.SessionResult()
    which = call.WhichOneof("call")
    if isinstance(wait, Refused) or which is None:
        assert isinstance(wait, Refused)
        result.refusal.CopyFrom(wire_refusal(wait))
        return result
    request = getattr(call, which)
    answer = _answer_of(which, request, wait)
    if isinstance(answer, Refused):
        result.refusal.CopyFrom(wire_refusal(answer))
    else:
        getattr(result, which).CopyFrom(answer)
    return result


def _answer_of(which: str, request: Any, wait: "asyncio.Future[Any]") -> Any:
    if not wait.done():
        wait.cancel()
        if which in BATCHED or which in ("open_visit", "upload_fees", "cancel_fees"):
            return answered(request, not_final(request.envelope))
        return refuse("NOT_ANSWERED", "the answer did not come in time; ask again")
    if wait.exception() is not None:
        _log.error(
            "a call of a session failed", setl_id=setl_id_of(request.envelope), exc_info=wait.exception()
        )
        return refuse("INTERNAL", "the call failed here; send it again")
    result = wait.result()
    return answered(request, result) if isinstance(result, Answer | NotFinal) else result
