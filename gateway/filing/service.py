"""FilingService on gRPC: filings to the desk, the list of them to its query.

The contract is proto/settlement/v1/filing.proto.
"""

from typing import Final

from gateway.desk import Desk
from gateway.door import Door
from gateway.filing.query import FilingQuery
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import filing_pb2_grpc
from runtime.refusals import Context

NAME: Final = "settlement.v1.FilingService"


class FilingService(Door, filing_pb2_grpc.FilingServiceServicer):
    """The institutions' door for filings."""

    def __init__(self, *, desk: Desk, filings: FilingQuery) -> None:
        super().__init__(desk=desk)
        self._filings = filings

    async def File(self, request: fpb.FileRequest, context: Context) -> fpb.FileResponse:
        answer: fpb.FileResponse = await self._claimed(request, context)
        return answer

    async def Withdraw(self, request: fpb.WithdrawRequest, context: Context) -> fpb.WithdrawResponse:
        answer: fpb.WithdrawResponse = await self._claimed(request, context)
        return answer

    async def ListFilings(self, request: fpb.ListFilingsRequest, context: Context) -> fpb.ListFilingsResponse:
        deadline_ms = self._desk.deadline_ms(context.time_remaining())
        return await self._answer(self._filings.list_filings(request, deadline_ms), context, request)
