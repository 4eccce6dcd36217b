"""What the servicers of the institutions' door share: a call goes to the desk, a refusal becomes a status."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, NoReturn, TypeVar

import grpc
import grpc.aio
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from gateway.alarm import setl_id_of
from gateway.calls import ClaimedRequest
from gateway.desk import Desk
from gateway.refusals import Refused

DOMAIN: Final = "settlement.v1"

Response = TypeVar("Response")
Context = grpc.aio.ServicerContext[Any, Any]

_log: structlog.stdlib.BoundLogger = structlog.get_logger("service")


def status_of(refused: Refused) -> status_pb2.Status:
    """A refusal as the rich status of a unary call: ErrorInfo, and BadRequest or RetryInfo where they say more."""
    details: list[Any] = [error_details_pb2.ErrorInfo(reason=refused.code, domain=DOMAIN)]
    if refused.violations:
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field=one.field, description=one.err_msg)
                    for one in refused.violations
                ]
            )
        )
    if refused.retry_after_ms:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(refused.retry_after_ms)
        details.append(retry)
    packed = []
    for detail in details:
        one = any_pb2.Any()
        one.Pack(detail)
        packed.append(one)
    number: int = refused.status.value[0]
    assert number in code_pb2.Code.values()
    return status_pb2.Status(code=number, message=f"{refused.code}: {refused.err_msg}", details=packed)


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
            await abort(context, status_pb2.Status(code=code_pb2.INTERNAL, message="INTERNAL: ask us"))
        if isinstance(answer, Refused):
            await abort(context, status_of(answer))
        return answer


async def abort(context: Context, status: status_pb2.Status) -> NoReturn:
    """End a call with a rich status."""
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort raises")
