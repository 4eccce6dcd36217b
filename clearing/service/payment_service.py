"""PaymentService on gRPC: operators' calls to their desk, faults to rich statuses.

The contract is proto/settlement/v1/payment.proto.
"""

from collections.abc import AsyncIterator
from typing import Final

from clearing.service.clearing_service import refusing, refusing_parts
from clearing.service.payment_desk import PaymentDesk
from proto.settlement.v1 import payment_pb2 as pb
from proto.settlement.v1 import payment_pb2_grpc
from runtime.refusals import Context, answered, streamed

NAME: Final = "settlement.v1.PaymentService"


class PaymentService(payment_pb2_grpc.PaymentServiceServicer):
    """Positions, statements, instructions and the bank's answers."""

    def __init__(self, desk: PaymentDesk) -> None:
        self._desk = desk

    async def ListPositions(
        self, request: pb.ListPositionsRequest, context: Context
    ) -> pb.ListPositionsResponse:
        return await answered(refusing(self._desk.list_positions(request)), context)

    async def ExplainPosition(
        self, request: pb.ExplainPositionRequest, context: Context
    ) -> AsyncIterator[pb.ExplainPositionResponse]:
        async for part in streamed(refusing_parts(self._desk.explain(request)), context):
            yield part

    async def GetStatements(
        self, request: pb.GetStatementsRequest, context: Context
    ) -> AsyncIterator[pb.GetStatementsResponse]:
        async for part in streamed(refusing_parts(self._desk.statements(request)), context):
            yield part

    async def ProposeInstructions(
        self, request: pb.ProposeInstructionsRequest, context: Context
    ) -> pb.ProposeInstructionsResponse:
        return await answered(refusing(self._desk.propose(request)), context)

    async def ListInstructions(
        self, request: pb.ListInstructionsRequest, context: Context
    ) -> pb.ListInstructionsResponse:
        return await answered(refusing(self._desk.list_instructions(request)), context)

    async def CheckInstructions(
        self, request: pb.CheckInstructionsRequest, context: Context
    ) -> pb.CheckInstructionsResponse:
        return await answered(refusing(self._desk.check(request)), context)

    async def ReopenInstructions(
        self, request: pb.ReopenInstructionsRequest, context: Context
    ) -> pb.ReopenInstructionsResponse:
        return await answered(refusing(self._desk.reopen(request)), context)

    async def FileInstructions(
        self, request: pb.FileInstructionsRequest, context: Context
    ) -> pb.FileInstructionsResponse:
        return await answered(refusing(self._desk.file(request)), context)

    async def TakeBankReturns(
        self, request: pb.TakeBankReturnsRequest, context: Context
    ) -> pb.TakeBankReturnsResponse:
        return await answered(refusing(self._desk.take_returns(request)), context)
