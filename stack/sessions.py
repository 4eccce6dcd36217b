"""A region's visits told through one Session stream: the same messages, in batches.

Goal: what a large hospital group or a city's exchange does, many windows on one stream. Method: all stories of a group
move in lock-step; each round their next messages are one batch, and its results go back by their place. A refusal
refuses only its own call, so that it is put into the next batch again, the very same message; so is everything after a
broken stream.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.message import Message

from proto.settlement.v1 import settlement_pb2 as pb
from stack.errors import MorningFailed
from stack.stories import Answer, Telling
from stack.window import FINAL_WITHIN_S, Claimed, Door, Refused, Request, Response, Window, timeout_of

BATCH_CALLS_MAX: Final = 100

_FIELD_OF: Final[dict[type[Message], str]] = {
    pb.GetInsuredRequest: "get_insured",
    pb.OpenVisitRequest: "open_visit",
    pb.CancelVisitRequest: "cancel_visit",
    pb.PreSettleRequest: "pre_settle",
    pb.SettleRequest: "settle",
    pb.CancelRequest: "cancel",
    pb.ReverseRequest: "reverse",
    pb.GetSettlementRequest: "get_settlement",
}


@dataclass(slots=True)
class _Teller:
    """One story and the message that it waits for."""

    telling: Telling
    window: Window
    request: Request
    until: float


async def tell_together(stories: Sequence[tuple[Telling, Window]], door: Door) -> int:
    """Tell stories of one region through one stream; gives the number of batches. Raises MorningFailed."""
    tellers = []
    for telling, window in stories:
        request = next(telling, None)
        if request is not None:
            tellers.append(_Teller(telling, window, request, time.monotonic() + FINAL_WITHIN_S))
    batches = 0
    while tellers:
        try:
            batches += await _on_one_stream(tellers, door)
        except grpc.aio.AioRpcError as broken:
            if time.monotonic() > min(teller.until for teller in tellers):
                raise MorningFailed(f"The Session stream broke again and again: {broken.code()}.") from broken
            await asyncio.sleep(0.5)
    return batches


async def _on_one_stream(tellers: list[_Teller], door: Door) -> int:
    """Tell until all are done (`tellers` is empty then) or the stream breaks."""
    stream, batch_no = door.stub.Session(), 0
    try:
        while tellers:
            batch, later = tellers[:BATCH_CALLS_MAX], tellers[BATCH_CALLS_MAX:]
            batch_no += 1
            calls = [_call(one.request) for one in batch]
            timeout_ms = int(max(timeout_of(one.request) for one in batch) * 1000)
            await stream.write(pb.SessionRequest(batch_no=batch_no, timeout_ms=timeout_ms, calls=calls))
            response = await stream.read()
            if response is grpc.aio.EOF:
                break
            assert isinstance(response, pb.SessionResponse)
            if response.batch_no != batch_no or len(response.results) != len(calls):
                raise MorningFailed(f"Batch {batch_no} was answered with {len(response.results)} results.")
            answers = await asyncio.gather(
                *(_answer(one, result) for one, result in zip(batch, response.results, strict=True))
            )
            going_on = [one for one, answer in zip(batch, answers, strict=True) if _goes_on(one, answer)]
            tellers[:] = later + going_on
        await stream.done_writing()
        while await stream.read() is not grpc.aio.EOF:
            pass
    finally:
        stream.cancel()
    return batch_no


def _call(request: Request) -> pb.SessionCall:
    call = pb.SessionCall()
    getattr(call, _FIELD_OF[type(request)]).CopyFrom(request)
    return call


async def _answer(teller: _Teller, result: pb.SessionResult) -> Answer | None:
    """What a story is told; None = the same message again."""
    kind = result.WhichOneof("result")
    if kind == "refusal":
        refusal = result.refusal
        refused = Refused(refusal.code, refusal.err_msg, refusal.retry_after_ms)
        await teller.window.refused(refused, teller.until)
        return None
    if kind != _FIELD_OF[type(teller.request)]:
        raise MorningFailed(f"{_FIELD_OF[type(teller.request)]} was answered with {kind}.")
    response: Response = getattr(result, kind)
    if isinstance(teller.request, Claimed):
        return await teller.window.settled(teller.request, response, until=teller.until)
    return await teller.window.heard(response, teller.until)


def _goes_on(teller: _Teller, answer: Answer | None) -> bool:
    """Tell a story its answer; whether it waits for another."""
    if answer is None:
        return True
    try:
        teller.request = teller.telling.send(answer)
    except StopIteration:
        return False
    teller.until = time.monotonic() + FINAL_WITHIN_S
    return True
