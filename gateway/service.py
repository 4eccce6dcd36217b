"""SettlementService on gRPC: every call to the part that answers it.

The contract is proto/settlement/v1/settlement.proto.
"""

from collections.abc import AsyncIterator
from typing import Final

from gateway.accumulators import AccumulatorQuery
from gateway.catalogue_query import CatalogueQuery
from gateway.desk import Desk
from gateway.door import Door
from gateway.fees.query import FeeQuery
from gateway.queries import Queries
from gateway.session import Session
from gateway.sign_in import SignBook
from gateway.stay_query import StayQuery
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1 import settlement_pb2_grpc
from runtime.refusals import Context

NAME: Final = "settlement.v1.SettlementService"


class SettlementService(Door, settlement_pb2_grpc.SettlementServiceServicer):
    """The institutions' door."""

    def __init__(
        self,
        *,
        desk: Desk,
        queries: Queries,
        session: Session,
        accumulators: AccumulatorQuery,
        fee_query: FeeQuery,
        stays: StayQuery,
        catalogue: CatalogueQuery,
        signs: SignBook,
    ) -> None:
        super().__init__(desk=desk)
        self._queries = queries
        self._session = session
        self._accumulators = accumulators
        self._fee_query = fee_query
        self._stays = stays
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

    async def ListStays(self, request: pb.ListStaysRequest, context: Context) -> pb.ListStaysResponse:
        return await self._answer(self._stays.list_stays(request), context, request)

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
