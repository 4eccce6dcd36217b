"""ClearingService on gRPC: operators' calls to their desk, faults to rich statuses.

The contract is proto/settlement/v1/clearing.proto.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Final, TypeVar

from clearing.errors import ClearingFault, DatabaseAway
from clearing.service.operator_desk import OperatorDesk
from clearing.service.wallet_desk import WalletDesk
from proto.settlement.v1 import clearing_pb2 as pb
from proto.settlement.v1 import clearing_pb2_grpc
from runtime.errors import RuntimeFault
from runtime.refusals import Context, Refusal, Refused, answered, streamed

NAME: Final = "settlement.v1.ClearingService"
RETRY_AFTER_MS: Final = 5_000

Response = TypeVar("Response")


class ClearingService(clearing_pb2_grpc.ClearingServiceServicer):
    """The operators' door."""

    def __init__(self, *, operators: OperatorDesk, wallets: WalletDesk) -> None:
        self._operators = operators
        self._wallets = wallets

    async def RunDay(self, request: pb.RunDayRequest, context: Context) -> pb.RunDayResponse:
        return await answered(refusing(self._operators.run_day(request)), context)

    async def WatchRun(
        self, request: pb.WatchRunRequest, context: Context
    ) -> AsyncIterator[pb.WatchRunResponse]:
        async for part in streamed(refusing_parts(self._operators.watch_run(request)), context):
            yield part

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        return await answered(refusing(self._operators.list_runs(request)), context)

    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.GetStatusResponse:
        return await answered(refusing(self._operators.get_status()), context)

    async def ListWaiting(self, request: pb.ListWaitingRequest, context: Context) -> pb.ListWaitingResponse:
        return await answered(refusing(self._operators.list_waiting()), context)

    async def ListDifferences(
        self, request: pb.ListDifferencesRequest, context: Context
    ) -> pb.ListDifferencesResponse:
        return await answered(refusing(self._operators.list_differences(request)), context)

    async def ResolveDifference(
        self, request: pb.ResolveDifferenceRequest, context: Context
    ) -> pb.ResolveDifferenceResponse:
        return await answered(refusing(self._operators.resolve(request)), context)

    async def CheckResolution(
        self, request: pb.CheckResolutionRequest, context: Context
    ) -> pb.CheckResolutionResponse:
        return await answered(refusing(self._operators.check(request)), context)

    async def UndoResolution(
        self, request: pb.UndoResolutionRequest, context: Context
    ) -> pb.UndoResolutionResponse:
        return await answered(refusing(self._operators.undo(request)), context)

    async def VerifyDay(self, request: pb.VerifyDayRequest, context: Context) -> pb.VerifyDayResponse:
        return await answered(refusing(self._operators.verify(request)), context)

    async def VerifyMonth(self, request: pb.VerifyMonthRequest, context: Context) -> pb.VerifyMonthResponse:
        return await answered(refusing(self._operators.verify_month(request)), context)

    async def ListLog(
        self, request: pb.ListLogRequest, context: Context
    ) -> AsyncIterator[pb.ListLogResponse]:
        async for part in streamed(refusing_parts(self._operators.list_log(request)), context):
            yield part

    async def RunWalletDay(
        self, request: pb.RunWalletDayRequest, context: Context
    ) -> pb.RunWalletDayResponse:
        return await answered(refusing(self._wallets.run_day(request)), context)

    async def GetWalletDay(
        self, request: pb.GetWalletDayRequest, context: Context
    ) -> pb.GetWalletDayResponse:
        return await answered(refusing(self._wallets.get_day(request)), context)

    async def ResolveWalletDifference(
        self, request: pb.ResolveWalletDifferenceRequest, context: Context
    ) -> pb.ResolveWalletDifferenceResponse:
        return await answered(refusing(self._wallets.resolve(request)), context)

    async def UndoWalletResolution(
        self, request: pb.UndoWalletResolutionRequest, context: Context
    ) -> pb.UndoWalletResolutionResponse:
        return await answered(refusing(self._wallets.undo(request)), context)


async def refusing(answering: Awaitable[Response]) -> Response:
    """A fault of clearing, or of what it stands on, is a refusal with its sentence."""
    try:
        return await answering
    except RuntimeFault as fault:
        raise Refusal(refused_of(fault)) from None


async def refusing_parts(parts: AsyncGenerator[Response, None]) -> AsyncGenerator[Response, None]:
    """The same for what comes in parts."""
    try:
        async for part in parts:
            yield part
    except RuntimeFault as fault:
        raise Refusal(refused_of(fault)) from None


def refused_of(fault: RuntimeFault) -> Refused:
    """A fault as a refusal: its code and status, and when to try again where that helps."""
    if not isinstance(fault, ClearingFault):
        fault = DatabaseAway() if fault.retriable else ClearingFault()
    return Refused(
        fault.code, str(fault), fault.status, retry_after_ms=RETRY_AFTER_MS if fault.retriable else 0
    )
