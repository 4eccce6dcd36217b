"""MonthService on gRPC: operators' calls to their desk, faults to rich statuses.

The contract is proto/settlement/v1/month.proto.
"""

from collections.abc import AsyncIterator
from typing import Final

from clearing.service.clearing_service import refusing, refusing_parts
from clearing.service.month_desk import MonthDesk
from proto.settlement.v1 import month_pb2 as pb
from proto.settlement.v1 import month_pb2_grpc
from runtime.refusals import Context, answered, streamed

NAME: Final = "settlement.v1.MonthService"


class MonthService(month_pb2_grpc.MonthServiceServicer):
    """Months and years: how they stand, and their documents."""

    def __init__(self, desk: MonthDesk) -> None:
        self._desk = desk

    async def GetMonth(
        self, request: pb.GetMonthRequest, context: Context
    ) -> AsyncIterator[pb.GetMonthResponse]:
        async for part in streamed(refusing_parts(self._desk.get_month(request)), context):
            yield part

    async def ProposeMonth(
        self, request: pb.ProposeMonthRequest, context: Context
    ) -> pb.ProposeMonthResponse:
        return await answered(refusing(self._desk.propose_month(request)), context)

    async def GetYear(
        self, request: pb.GetYearRequest, context: Context
    ) -> AsyncIterator[pb.GetYearResponse]:
        async for part in streamed(refusing_parts(self._desk.get_year(request)), context):
            yield part

    async def ProposeYear(self, request: pb.ProposeYearRequest, context: Context) -> pb.ProposeYearResponse:
        return await answered(refusing(self._desk.propose_year(request)), context)
