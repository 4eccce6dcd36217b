"""Calls as the gateway handles them: the message, its id and digest, and the place where its answer is put."""

import asyncio
from typing import Final, NamedTuple

from gateway.care_book import (
    CANCEL_FEES,
    CANCEL_VISIT,
    CLOSE_VISIT,
    FILE,
    OPEN_VISIT,
    REOPEN_VISIT,
    UPDATE_VISIT,
    UPLOAD_FEES,
    WITHDRAW,
)
from gateway.refusals import Refused
from ledger.life import Kind
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential, Envelope
from runtime.keys import content_digest, transaction_code, transport_key_id

SETTLE_INFNOS: Final = frozenset({"2207", "2304", "2102"})
PRE_SETTLE_INFNOS: Final = frozenset({"2206", "2303", "2101"})
CANCEL_INFNOS: Final = frozenset({"2208", "2305", "2103"})
REVERSE_INFNOS: Final = frozenset({"2601"})
OPEN_VISIT_INFNOS: Final = frozenset({"2201", "2401"})
CANCEL_VISIT_INFNOS: Final = frozenset({"2202", "2404"})
REVERSIBLE_INFNOS: Final = SETTLE_INFNOS | CANCEL_INFNOS | {"2401"}
MISPRINTED_INFNOS: Final = {"2207": "2305"}
"""The published list of 2601 prints 2305 as 2207: where the first is unknown the second may be meant."""

UPDATE_VISIT_INFNOS: Final = frozenset({"2203", "2403"})
CLOSE_VISIT_INFNOS: Final = frozenset({"2402"})
REOPEN_VISIT_INFNOS: Final = frozenset({"2405"})
UPLOAD_FEES_INFNOS: Final = frozenset({"2204", "2301"})
CANCEL_FEES_INFNOS: Final = frozenset({"2205", "2302"})
FILE_INFNOS: Final = frozenset({"2501", "2503", "2505"})
WITHDRAW_INFNOS: Final = frozenset({"2502", "2504", "2506"})

FeeRequest = pb.UploadFeesRequest | pb.CancelFeesRequest
"""Fee calls are claimed too, by transactions of their own."""
FilingRequest = fpb.FileRequest | fpb.WithdrawRequest
"""Filings are held by the home node, which is asked first; its answer is claimed as it came."""
VisitStepRequest = pb.UpdateVisitRequest | pb.CloseVisitRequest | pb.ReopenVisitRequest
ClaimedRequest = (
    pb.SettleRequest
    | pb.CancelRequest
    | pb.ReverseRequest
    | pb.OpenVisitRequest
    | pb.CancelVisitRequest
    | VisitStepRequest
    | FeeRequest
    | FilingRequest
)
"""Messages that are claimed: what was sent once has one outcome."""


class Answer(NamedTuple):
    """A final outcome: the stored bytes, and what has undone it since (16 bytes, empty = nothing)."""

    outcome: bytes
    undone_by: bytes = b""


class NotFinal(NamedTuple):
    """The id is not final yet."""

    id: bytes
    msgid: str
    infno: str


class NeedsNode(NamedTuple):
    """An unknown message that its home node must be asked about before it can be claimed."""

    node: int
    partition: int
    question: mpb.Ask
    credential: Credential | None = None
    """Of the person; sealed to the node's key before it leaves."""


Reply = Answer | NotFinal | Refused | NeedsNode


class Call:
    """One call on its way through the gateway. `reply` resolves once; the caller may have gone by then.

    `node_answer` is what the home node said where admission asked for it: NeedsNode.
    """

    __slots__ = (
        "deadline_ms",
        "digest",
        "envelope",
        "id",
        "infno",
        "input_bytes",
        "kind",
        "node_answer",
        "presettle",
        "reply",
        "request",
    )

    def __init__(
        self,
        *,
        kind: int,
        request: ClaimedRequest | pb.PreSettleRequest,
        deadline_ms: int,
        reply: "asyncio.Future[Reply]",
        node_answer: bytes | None = None,
        presettle: bool = False,
    ) -> None:
        envelope = request.envelope
        self.kind = kind
        self.request = request
        self.envelope: Envelope = envelope
        self.infno = transaction_code(envelope.infno)
        self.id = transport_key_id(envelope.fixmedins_code, self.infno, envelope.msgid)
        self.input_bytes: bytes = request.input.SerializeToString(deterministic=True)
        self.digest = content_digest(self.infno, envelope.insuplc_admdvs, self.input_bytes)
        self.deadline_ms = deadline_ms
        self.reply = reply
        self.node_answer = node_answer
        self.presettle = presettle

    def answer(self, reply: Reply) -> None:
        """Give the answer, unless the caller has stopped waiting."""
        if not self.reply.done():
            self.reply.set_result(reply)

    @property
    def not_final(self) -> NotFinal:
        """PENDING, with what to query."""
        return NotFinal(self.id, self.envelope.msgid, self.infno)


KIND_OF: Final[dict[type, int]] = {
    pb.SettleRequest: Kind.SETTLE,
    pb.CancelRequest: Kind.CANCEL,
    pb.ReverseRequest: Kind.REVERSE,
    pb.OpenVisitRequest: OPEN_VISIT,
    pb.CancelVisitRequest: CANCEL_VISIT,
    pb.UpdateVisitRequest: UPDATE_VISIT,
    pb.CloseVisitRequest: CLOSE_VISIT,
    pb.ReopenVisitRequest: REOPEN_VISIT,
    pb.UploadFeesRequest: UPLOAD_FEES,
    pb.CancelFeesRequest: CANCEL_FEES,
    fpb.FileRequest: FILE,
    fpb.WithdrawRequest: WITHDRAW,
}

INFNOS_OF: Final[dict[int, frozenset[str]]] = {
    Kind.SETTLE: SETTLE_INFNOS,
    Kind.CANCEL: CANCEL_INFNOS,
    Kind.REVERSE: REVERSE_INFNOS,
    OPEN_VISIT: OPEN_VISIT_INFNOS,
    CANCEL_VISIT: CANCEL_VISIT_INFNOS,
    UPDATE_VISIT: UPDATE_VISIT_INFNOS,
    CLOSE_VISIT: CLOSE_VISIT_INFNOS,
    REOPEN_VISIT: REOPEN_VISIT_INFNOS,
    UPLOAD_FEES: UPLOAD_FEES_INFNOS,
    CANCEL_FEES: CANCEL_FEES_INFNOS,
    FILE: FILE_INFNOS,
    WITHDRAW: WITHDRAW_INFNOS,
}
