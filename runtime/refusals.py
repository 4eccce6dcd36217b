"""Refusals of a call: a value with a code, and the rich status that carries it.

An expected refusal stored and sent nothing; each service has its own list of codes. What nobody planned for is one line
in the log and `INTERNAL` to the caller, without a word of what was in it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN: Final = "settlement.v1"
INTERNAL: Final = status_pb2.Status(code=code_pb2.INTERNAL, message="INTERNAL: ask us")

Response = TypeVar("Response")
Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]

_log: structlog.stdlib.BoundLogger = structlog.get_logger("service")


class Violation(NamedTuple):
    """One thing to mend."""

    field: str
    err_msg: str


class Refused(NamedTuple):
    """Speaks of this call only; what an earlier call did stands."""

    code: str
    err_msg: str
    status: grpc.StatusCode
    violations: tuple[Violation, ...] = ()
    retry_after_ms: int = 0


class Refusal(Exception):
    """A refusal on its way through a generator of answers, which can return none."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


def malformed(*violations: Violation) -> Refused:
    """A malformed message, with everything that is to be mended."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return Refused(
        "INVALID", f"{first.field}: {first.err_msg}{more}", grpc.StatusCode.INVALID_ARGUMENT, violations
    )


def status_of(refused: Refused) -> status_pb2.Status:
    """A refusal as the rich status of a call: ErrorInfo, and BadRequest or RetryInfo where they say more."""
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


async def abort(context: Context, status: status_pb2.Status) -> NoReturn:
    """End a call with a rich status."""
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort raises")


async def answered(answering: Awaitable[Response], context: Context) -> Response:
    """The answer of a unary call whose refusals are raised as `Refusal`."""
    try:
        return await answering
    except Refusal as refusal:
        await abort(context, status_of(refusal.refused))
    except (asyncio.CancelledError, grpc.aio.AbortError):
        raise
    except Exception:
        _log.exception("a call failed in a way that nobody planned for")
        await abort(context, INTERNAL)


async def streamed(parts: AsyncGenerator[Response, None], context: Context) -> AsyncGenerator[Response, None]:
    """The parts of a streamed answer, with the same endings as `answered`."""
    try:
        async with aclosing(parts) as found:
            async for part in found:
                yield part
    except Refusal as refusal:
        await abort(context, status_of(refusal.refused))
    except (asyncio.CancelledError, grpc.aio.AbortError):
        raise
    except Exception:
        _log.exception("a call failed in a way that nobody planned for")
        await abort(context, INTERNAL)
