"""A hospital's window: sends messages to its region's gateway and holds on until each has its one outcome.

Goal: a HIS that behaves as the national rules ask. A refusal stored nothing, so what can help by waiting is
sent again, the very same message; an outcome that is not known is asked for, never guessed; the same message,
however often it is sent and whichever gateway process answers, must give the same bytes (`Receipts` holds
every outcome against the one before). Waits are bounded by `FINAL_WITHIN_S`.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import filing_pb2_grpc, settlement_pb2_grpc
from proto.settlement.v1 import settlement_pb2 as pb
from stack.errors import MorningFailed
from stack.hospitals import Desk

CALL_TIMEOUT_S: Final = 20.0
"""Of what moves money: within it the node decides, or the message expires."""
ASK_TIMEOUT_S: Final = 4.0
"""Of what is only asked of a home node: a question that a node slept through is lost, and asked again."""
FINAL_WITHIN_S: Final = 60.0
"""So long a window waits for one outcome, refusals, repeats and queries included."""
RETRY_AFTER_S: Final = 0.5
QUERY_EVERY_S: Final = 0.2

Claimed = (
    pb.SettleRequest | pb.CancelRequest | pb.ReverseRequest | pb.OpenVisitRequest | pb.CancelVisitRequest
    | pb.CloseVisitRequest | pb.ReopenVisitRequest | pb.UploadFeesRequest | fpb.FileRequest | fpb.WithdrawRequest
)  # fmt: skip
ClaimedResponse = (
    pb.SettleResponse | pb.CancelResponse | pb.ReverseResponse | pb.OpenVisitResponse | pb.CancelVisitResponse
    | pb.CloseVisitResponse | pb.ReopenVisitResponse | pb.UploadFeesResponse | fpb.FileResponse | fpb.WithdrawResponse
)  # fmt: skip
Request = Claimed | pb.GetInsuredRequest | pb.PreSettleRequest | pb.GetSettlementRequest
Response = ClaimedResponse | pb.GetInsuredResponse | pb.PreSettleResponse | pb.GetSettlementResponse


class Refused(NamedTuple):
    """A call that stored and sent nothing."""

    code: str
    err_msg: str
    retry_after_ms: int
    """Above 0: the same message may succeed after this wait."""


class Receipts:
    """Every outcome that a hospital of the morning was given, each held against the one before."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        """setl_id → Outcome, serialised."""
        self.counted: Counter[str] = Counter()
        """Final outcomes by `infno status code`."""
        self.refused: Counter[str] = Counter()
        self.pending = 0
        """Answers PENDING, each of which became final later."""

    def take(self, outcome: pb.Outcome) -> None:
        """Keep an outcome; raises MorningFailed if its id was answered otherwise before."""
        answer = outcome.SerializeToString(deterministic=True)
        before = self.answers.setdefault(outcome.setl_id, answer)
        if before is not answer:
            if before != answer:
                raise MorningFailed(f"{outcome.setl_id} was answered with other bytes than before.")
            return
        status = pb.OutcomeStatus.Name(outcome.status).removeprefix("OUTCOME_STATUS_")
        self.counted[f"{outcome.infno} {status} {outcome.code}".rstrip()] += 1

    def count(self, infnos: Sequence[str], status: str, *, undoing: bool = False) -> int:
        """How many messages of these infno ended so; `undoing`: only those that took something back."""
        wanted = pb.OutcomeStatus.Value(f"OUTCOME_STATUS_{status}")
        number = 0
        for answer in self.answers.values():
            outcome = pb.Outcome.FromString(answer)
            if outcome.infno in infnos and outcome.status == wanted and (outcome.undoes or not undoing):
                number += 1
        return number


class Door:
    """The gateway processes of one care region, called in turn."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = tuple(addresses)
        self._channels = [grpc.aio.insecure_channel(address) for address in addresses]
        self._stubs = [settlement_pb2_grpc.SettlementServiceStub(channel) for channel in self._channels]
        self._filing_stubs = [filing_pb2_grpc.FilingServiceStub(channel) for channel in self._channels]
        self._turn = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for channel in self._channels:
            await channel.close()

    @property
    def stub(self) -> "settlement_pb2_grpc.SettlementServiceAsyncStub":
        """The next process's stub."""
        self._turn += 1
        stub: settlement_pb2_grpc.SettlementServiceAsyncStub = self._stubs[self._turn % len(self._stubs)]
        return stub

    async def call(self, request: Request, *, timeout_s: float | None = None) -> Response | Refused:
        """One unary call: its response, or why it was refused."""
        timeout_s = timeout_s or timeout_of(request)
        stub: object = self.stub
        if isinstance(request, fpb.FileRequest | fpb.WithdrawRequest):
            stub = self._filing_stubs[self._turn % len(self._filing_stubs)]
        method = getattr(stub, _METHODS[type(request)])
        try:
            response: Response = await method(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as failed:
            return _refusal(failed)
        return response


_METHODS: Final[dict[type[Message], str]] = {
    pb.GetInsuredRequest: "GetInsured",
    pb.OpenVisitRequest: "OpenVisit",
    pb.CancelVisitRequest: "CancelVisit",
    pb.PreSettleRequest: "PreSettle",
    pb.SettleRequest: "Settle",
    pb.CancelRequest: "Cancel",
    pb.ReverseRequest: "Reverse",
    pb.GetSettlementRequest: "GetSettlement",
    pb.CloseVisitRequest: "CloseVisit",
    pb.ReopenVisitRequest: "ReopenVisit",
    pb.UploadFeesRequest: "UploadFees",
    fpb.FileRequest: "File",
    fpb.WithdrawRequest: "Withdraw",
}
_MONEY: Final = (pb.SettleRequest, pb.CancelRequest, pb.ReverseRequest)


def timeout_of(request: Request) -> float:
    """How many seconds a message's answer is waited for."""
    return CALL_TIMEOUT_S if isinstance(request, _MONEY) else ASK_TIMEOUT_S


_UNKNOWN_END: Final = {
    grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED,
}  # fmt: skip
"""Without details of the gateway's, these say nothing about the message: send the very same again."""


def _refusal(failed: grpc.aio.AioRpcError) -> Refused:
    code, retry_after_ms = "", 0
    for key, value in failed.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
                if detail.Unpack(info):
                    code = info.reason
                elif detail.Unpack(retry):
                    retry_after_ms = retry.retry_delay.ToMilliseconds()
    if not code and failed.code() in _UNKNOWN_END:
        retry_after_ms = int(RETRY_AFTER_S * 1000)
    return Refused(code or failed.code().name, failed.details() or "", retry_after_ms)


class Window:
    """One institution's way to its gateway."""

    def __init__(self, *, desk: Desk, door: Door, receipts: Receipts) -> None:
        self.desk = desk
        self.door = door
        self.receipts = receipts

    async def ask(self, request: Request) -> Response:
        """A query that must be answered; waits and asks again where that helps. Raises MorningFailed."""
        until = time.monotonic() + FINAL_WITHIN_S
        while True:
            response = await self.heard(await self.door.call(request), until)
            if response is not None:
                return response

    async def heard(self, response: Response | Refused, until: float) -> Response | None:
        """A query's response; None, after a wait, where it must be asked again. Raises MorningFailed.

        A person who was not found is asked for again while home nodes did not answer: his may be among them.
        """
        if isinstance(response, Refused):
            await self.refused(response, until)
            return None
        if isinstance(response, pb.GetInsuredResponse) and response.not_answered and not response.insuinfo:
            silent = Refused("NODES_NOT_HEARD", response.err_msg, int(RETRY_AFTER_S * 1000))
            await self.refused(silent, until)
            return None
        return response

    async def answer(self, request: Request) -> Response | pb.Outcome:
        """What a message comes to: a query's response, a claimed message's outcome. Raises MorningFailed."""
        return await (self.send(request) if isinstance(request, Claimed) else self.ask(request))

    async def send(self, request: Claimed) -> pb.Outcome:
        """Send a message, again and again if need be, until its outcome is known. Raises MorningFailed."""
        until = time.monotonic() + FINAL_WITHIN_S
        while True:
            response = await self.door.call(request)
            outcome = await self.settled(request, response, until=until)
            if outcome is not None:
                return outcome

    async def settled(
        self, request: Claimed, response: Response | Refused, *, until: float | None = None
    ) -> pb.Outcome | None:
        """What a response says in the end: its outcome, by and by; None = send the same message again."""
        until = until or time.monotonic() + FINAL_WITHIN_S
        if isinstance(response, Refused):
            await self.refused(response, until)
            return None
        assert not isinstance(
            response, pb.GetInsuredResponse | pb.PreSettleResponse | pb.GetSettlementResponse
        )
        if response.HasField("pending"):
            self.receipts.pending += 1
            return await self.find(request, until=until)
        self.receipts.take(response.outcome)
        return response.outcome

    async def find(self, request: Claimed, *, until: float | None = None) -> pb.Outcome:
        """Ask GetSettlement for a message's outcome until it is final. Raises MorningFailed."""
        until = until or time.monotonic() + FINAL_WITHIN_S
        while time.monotonic() < until:
            found = await self.ask(self.desk.query(request.envelope))
            assert isinstance(found, pb.GetSettlementResponse)
            for one in found.found:
                if one.outcome.status:
                    self.receipts.take(one.outcome)
                    return one.outcome
            await asyncio.sleep(QUERY_EVERY_S)
        raise MorningFailed(f"{request.envelope.msgid} was not final within {FINAL_WITHIN_S:.0f} s.")

    async def turned_away(self, request: Request, code: str) -> str:
        """A call that must be refused with this code; why, in the gateway's words. Raises MorningFailed."""
        until = time.monotonic() + FINAL_WITHIN_S
        while True:
            response = await self.door.call(request)
            if isinstance(response, Refused) and response.code == code:
                return response.err_msg
            if not isinstance(response, Refused):
                raise MorningFailed(
                    f"{request.envelope.msgid} was taken, it should have been refused {code}."
                )
            await self.refused(response, until)

    async def refused(self, refused: Refused, until: float) -> None:
        """Wait where the same message may succeed later; raises MorningFailed where not, or after `until`."""
        self.receipts.refused[refused.code] += 1
        if not refused.retry_after_ms or time.monotonic() > until:
            raise MorningFailed(f"{self.desk.institution.code} was refused {refused.code}: {refused.err_msg}")
        await asyncio.sleep(refused.retry_after_ms / 1000)
