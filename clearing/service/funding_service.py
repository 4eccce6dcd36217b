"""FundingService on gRPC: operators' calls to their desk, faults to rich statuses.

The contract is proto/settlement/v1/funding.proto.
"""

from typing import Final

from clearing.service.clearing_service import refusing
from clearing.service.funding_desk import FundingDesk
from proto.settlement.v1 import funding_pb2 as pb
from proto.settlement.v1 import funding_pb2_grpc
from runtime.refusals import Context, answered

NAME: Final = "settlement.v1.FundingService"


class FundingService(funding_pb2_grpc.FundingServiceServicer):
    """Prepayments, payouts, advances, deductions."""

    def __init__(self, desk: FundingDesk) -> None:
        self._desk = desk

    async def ListPrepayments(
        self, request: pb.ListPrepaymentsRequest, context: Context
    ) -> pb.ListPrepaymentsResponse:
        return await answered(refusing(self._desk.list_prepayments()), context)

    async def ProposeQuota(
        self, request: pb.ProposeQuotaRequest, context: Context
    ) -> pb.ProposeQuotaResponse:
        return await answered(refusing(self._desk.propose_quota(request)), context)

    async def ProposeTopUp(
        self, request: pb.ProposeTopUpRequest, context: Context
    ) -> pb.ProposeTopUpResponse:
        return await answered(refusing(self._desk.propose_top_up(request)), context)

    async def ReceiveTopUp(
        self, request: pb.ReceiveTopUpRequest, context: Context
    ) -> pb.ReceiveTopUpResponse:
        return await answered(refusing(self._desk.receive_top_up(request)), context)

    async def ListPayouts(self, request: pb.ListPayoutsRequest, context: Context) -> pb.ListPayoutsResponse:
        return await answered(refusing(self._desk.list_payouts(request)), context)

    async def ProposePayout(
        self, request: pb.ProposePayoutRequest, context: Context
    ) -> pb.ProposePayoutResponse:
        return await answered(refusing(self._desk.propose_payout(request)), context)

    async def ListAdvances(
        self, request: pb.ListAdvancesRequest, context: Context
    ) -> pb.ListAdvancesResponse:
        return await answered(refusing(self._desk.list_advances()), context)

    async def NoteReserve(self, request: pb.NoteReserveRequest, context: Context) -> pb.NoteReserveResponse:
        return await answered(refusing(self._desk.note_reserve(request)), context)

    async def ApplyForAdvance(
        self, request: pb.ApplyForAdvanceRequest, context: Context
    ) -> pb.ApplyForAdvanceResponse:
        return await answered(refusing(self._desk.apply_for_advance(request)), context)

    async def PayAdvance(self, request: pb.PayAdvanceRequest, context: Context) -> pb.PayAdvanceResponse:
        return await answered(refusing(self._desk.pay_advance(request)), context)

    async def ProposeDeductions(
        self, request: pb.ProposeDeductionsRequest, context: Context
    ) -> pb.ProposeDeductionsResponse:
        return await answered(refusing(self._desk.propose_deductions(request)), context)

    async def ListDeductions(
        self, request: pb.ListDeductionsRequest, context: Context
    ) -> pb.ListDeductionsResponse:
        return await answered(refusing(self._desk.list_deductions(request)), context)
