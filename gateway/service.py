"""SettlementService on gRPC: calls to the desk, refusals to statuses.

The contract is proto/settlement/v1/settlement.proto.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final, NoReturn, TypeVar

import grpc
import grpc.aio
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from gateway.accumulators import AccumulatorQuery
from gateway.alarm import setl_id_of
from gateway.calls import ClaimedRequest
from gateway.catalogue_query import CatalogueQuery
from gateway.desk import Desk
from gateway.fee_query import FeeQuery
from gateway.queries import Queries
from gateway.refusals import Refused
from gateway.session import Session
from gateway.sign_in import SignBook
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1 import settlement_pb2_grpc

NAME: Final = "settlement.v1.SettlementService"
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


class SettlementService(settlement_pb2_grpc.SettlementServiceServicer):
    """The institutions' door."""

    def __init__(
        self,
        *,
        desk: Desk,
        queries: Queries,
        session: Session,
        accumulators: AccumulatorQuery,
        fee_query: FeeQuery,
        catalogue: CatalogueQuery,
        signs: SignBook,
    ) -> None:
        self._desk = desk
        self._queries = queries
        self._session = session
        self._accumulators = accumulators
        self._fee_query = fee_query
        self._catalogue = catalogue
        self._signs = signs

    async def Settle(self, request: pb.SettleRequest, context: Context) -> pb.SettleResponse:
        answer: pb.SettleResponse = await self._claimed(request, context)
        return answer

    async def Cancel(self, request: pb.CancelRequest, context: Context) -> pb.CancelResponse:
        answer: pb.CancelResponse = await self._claimed(request, context)
        return answer

    async def Reverse(self, request: pb.ReverseRequest, context: Context) -> pb.ReverseResponse:
        answer: pb.ReverseResponse = await self._claimed(request, context)
        return answer

    async def OpenVisit(self, request: pb.OpenVisitRequest, context: Context) -> pb.OpenVisitResponse:
        answer: pb.OpenVisitResponse = await self._claimed(request, context)
        return answer

    async def CancelVisit(self, request: pb.CancelVisitRequest, context: Context) -> pb.CancelVisitResponse:
        answer: pb.CancelVisitResponse = await self._claimed(request, context)
        return answer

    async def UpdateVisit(self, request: pb.UpdateVisitRequest, context: Context) -> pb.UpdateVisitResponse:
        answer: pb.UpdateVisitResponse = await self._claimed(request, context)
        return answer

    async def CloseVisit(self, request: pb.CloseVisitRequest, context: Context) -> pb.CloseVisitResponse:
        answer: pb.CloseVisitResponse = await self._claimed(request, context)
        return answer

    async def ReopenVisit(self, request: pb.ReopenVisitRequest, context: Context) -> pb.ReopenVisitResponse:
        answer: pb.ReopenVisitResponse = await self._claimed(request, context)
        return answer

    async def UploadFees(self, request: pb.UploadFeesRequest, context: Context) -> pb.UploadFeesResponse:
        answer: pb.UploadFeesResponse = await self._claimed(request, context)
        return answer

    async def CancelFees(self, request: pb.CancelFeesRequest, context: Context) -> pb.CancelFeesResponse:
        answer: pb.CancelFeesResponse = await self._claimed(request, context)
        return answer

    async def PreSettle(self, request: pb.PreSettleRequest, context: Context) -> pb.PreSettleResponse:
        deadline_ms = self._desk.deadline_ms(context.time_remaining())
        return await self._answer(self._desk.pre_settle(request, deadline_ms), context, request)

    async def GetInsured(self, request: pb.GetInsuredRequest, context: Context) -> pb.GetInsuredResponse:
        deadline_ms = self._desk.deadline_ms(context.time_remaining())
        return await self._answer(self._desk.get_insured(request, deadline_ms), context, request)

    async def GetSettlement(
        self, request: pb.GetSettlementRequest, context: Context
    ) -> pb.GetSettlementResponse:
        return await self._answer(self._queries.get_settlement(request), context, request)

    async def GetFees(self, request: pb.GetFeesRequest, context: Context) -> pb.GetFeesResponse:
        return await self._answer(self._fee_query.get_fees(request), context, request)

    async def GetAccumulators(
        self, request: pb.GetAccumulatorsRequest, context: Context
    ) -> pb.GetAccumulatorsResponse:
        deadline_ms = self._desk.deadline_ms(context.time_remaining())
        return await self._answer(self._accumulators.get_accumulators(request, deadline_ms), context, request)

    async def GetInstitution(
        self, request: pb.GetInstitutionRequest, context: Context
    ) -> pb.GetInstitutionResponse:
        return await self._answer(self._catalogue.get_institution(request), context, request)

    async def GetCatalogue(
        self, request: pb.GetCatalogueRequest, context: Context
    ) -> pb.GetCatalogueResponse:
        return await self._answer(self._catalogue.get_catalogue(request), context, request)

    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.SignInResponse:
        return await self._answer(self._signs.sign_in(request), context, request)

    async def SignOut(self, request: pb.SignOutRequest, context: Context) -> pb.SignOutResponse:
        return await self._answer(self._signs.sign_out(request), context, request)

    async def Session(
        self, request_iterator: AsyncIterator[pb.SessionRequest], context: Context
    ) -> AsyncIterator[pb.SessionResponse]:
        async for response in self._session.answers(request_iterator):
            yield response

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
