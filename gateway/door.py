"""What the servicers of the institutions' door share: a call goes to the desk, a refusal becomes a status."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import grpc.aio
import structlog

from gateway.alarm import setl_id_of
from gateway.calls import ClaimedRequest
from gateway.desk import Desk
from runtime.refusals import INTERNAL, Context, Refused, abort, status_of

Response = TypeVar("Response")

_log: structlog.stdlib.BoundLogger = structlog.get_logger("service")


class Door:
    """How a servicer answers."""

    def __init__(self, *, desk: Desk) -> None:
        self._desk = desk

    async def _claimed(self, request: ClaimedRequest, context: Context) -> Any:
        deadline_ms = self._desk.deadline_ms(context.time_remaining())
        return await self._answer(self._desk.claimed(request, deadline_ms), context, request)

    async def _answer(
        self, answering: Awaitable[Response | Refused], context: Context, request: Any
    ) -> Response:
        try:
            answer = await answering
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception:
            _log.exception(
                "a call failed in a way that nobody planned for", setl_id=setl_id_of(request.envelope)
            )
            await abort(context, INTERNAL)
        if isinstance(answer, Refused):
            await abort(context, status_of(answer))
        return answer
