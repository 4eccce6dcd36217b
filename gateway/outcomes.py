"""Outcomes that the gateway decides alone, and the shape of its answers around stored outcomes.

An outcome's bytes are made once and stored; everything here only wraps them. What has undone a settlement stands
beside the outcome, never in it.
"""

from collections.abc import Sequence
from typing import Final

from gateway.calls import Answer, NotFinal
from ledger.life import Status
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import china_date, china_text
from runtime.keys import setl_id_text

ClaimedResponse = (
    pb.SettleResponse
    | pb.CancelResponse
    | pb.ReverseResponse
    | pb.OpenVisitResponse
    | pb.CancelVisitResponse
    | pb.UpdateVisitResponse
    | pb.CloseVisitResponse
    | pb.ReopenVisitResponse
    | pb.UploadFeesResponse
    | pb.CancelFeesResponse
    | fpb.FileResponse
    | fpb.WithdrawResponse
)

INFCODE_DONE: Final = 0
INFCODE_REFUSED: Final = -1
INFCODE_PENDING: Final = 1
QUERY_AFTER_MS: Final = 2_000

_DONE: Final = frozenset({pb.OUTCOME_STATUS_PAID, pb.OUTCOME_STATUS_OK})

WORDS: Final = {
    "NO_SUCH_SETTLEMENT": "no settlement of this id was paid, so there is nothing to cancel",
    "SUPERSEDED": "lines of the cancelled settlement are in another live bill, so it cannot live again",
    "VOIDED": "a reversal of this message came first; it will never be paid",
    "NOTHING_TO_UNDO": "nothing was paid under this message",
    "": "",
}


def own_outcome(
    *,
    id_: bytes,
    infno: str,
    msgid: str,
    status: Status,
    now_ms: int,
    code: str = "",
    mdtrt_id: str = "",
    undoes: bytes | None = None,
    other: bytes | None = None,
    splits: Sequence[pb.FeeSplit] = (),
    fee_lines: int = 0,
    fee_sumamt: int = 0,
) -> bytes:
    """The stored bytes of what the gateway decides alone; `other` is a stored outcome that goes inside."""
    outcome = pb.Outcome(
        status=int(status),  # type: ignore[arg-type]  # the numbers of ledger.life.Status are the wire's
        code=code,
        err_msg=WORDS[code],
        setl_id=setl_id_text(id_),
        infno=infno,
        medins_setl_id=msgid,
        biz_date=china_date(now_ms).isoformat(),
        setl_time=china_text(now_ms),
        mdtrt_id=mdtrt_id,
        undoes=setl_id_text(undoes) if undoes else "",
        feesplit=splits,
        fee_lines=fee_lines,
        fee_sumamt=fee_sumamt,
    )
    if other:
        outcome.other.ParseFromString(other)
    return outcome.SerializeToString(deterministic=True)


def pending(reply: NotFinal) -> pb.Pending:
    """What to query for an id that is not final."""
    return pb.Pending(
        setl_id=setl_id_text(reply.id),
        omsgid=reply.msgid,
        oinfno=reply.infno,
        query_after_ms=QUERY_AFTER_MS,
        err_msg="not final yet: ask GetSettlement (5203) with omsgid and oinfno, or send the same message again",
    )


def fill(response: ClaimedResponse, reply: Answer | NotFinal) -> ClaimedResponse:
    """Put an answer into the response of its call."""
    if isinstance(reply, NotFinal):
        response.infcode = INFCODE_PENDING
        response.pending.CopyFrom(pending(reply))
        response.err_msg = response.pending.err_msg
        return response
    response.outcome.ParseFromString(reply.outcome)
    if response.outcome.status not in _DONE:
        response.infcode = INFCODE_REFUSED
        response.err_msg = response.outcome.err_msg or response.outcome.code
    if reply.undone_by:
        response.undone_by = setl_id_text(reply.undone_by)
    return response


def found(reply: Answer | NotFinal) -> pb.SettlementFound:
    """An answer as GetSettlement lists it."""
    if isinstance(reply, NotFinal):
        return pb.SettlementFound(pending=pending(reply))
    one = pb.SettlementFound(undone_by=setl_id_text(reply.undone_by) if reply.undone_by else "")
    one.outcome.ParseFromString(reply.outcome)
    return one
