"""Refusals: a call that stored and sent nothing, as a value with a code. docs/codes.md says what a HIS does next."""

from typing import Final

import grpc

from runtime.refusals import Refused, Violation
from runtime.refusals import malformed as invalid

__all__ = ["RETRY_AFTER_MS", "STATUS_OF", "Refused", "Violation", "invalid", "refuse"]

RETRY_AFTER_MS: Final = 1_000

_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_NOT_FOUND = grpc.StatusCode.NOT_FOUND
_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
_UNAVAILABLE = grpc.StatusCode.UNAVAILABLE

STATUS_OF: Final[dict[str, grpc.StatusCode]] = {
    "INVALID": _INVALID,
    "UNKNOWN_INSTITUTION": _NOT_FOUND,
    "WRONG_REGION": _PRECONDITION,
    "NOT_IN_AGREEMENT": _PRECONDITION,
    "UNKNOWN_POOL": _NOT_FOUND,
    "UNKNOWN_PERSON": _NOT_FOUND,
    "NOT_INSURED": _PRECONDITION,
    "CREDENTIAL_UNKNOWN": _NOT_FOUND,
    "EVOUCHER_EXPIRED": _PRECONDITION,
    "NOT_OPENED": _PRECONDITION,
    "UNKNOWN_VISIT": _NOT_FOUND,
    "VISIT_CLOSED": _PRECONDITION,
    "VISIT_IN_USE": _PRECONDITION,
    "WRONG_PERSON": _PRECONDITION,
    "WRONG_POOL": _PRECONDITION,
    "SALE_AMBIGUOUS": _PRECONDITION,
    "LINES_IN_LIVE_BILL": _PRECONDITION,
    "LINE_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "LINE_UNKNOWN": _NOT_FOUND,
    "NO_CATALOGUE": _NOT_FOUND,
    "SIGN_NO_INVALID": _PRECONDITION,
    "TOO_MANY_LINES": _PRECONDITION,
    "TRACE_CODE_MISSING": _PRECONDITION,
    "FEES_SETTLED": _PRECONDITION,
    "FEES_INLINE": _PRECONDITION,
    "FEES_UPLOADED": _PRECONDITION,
    "NO_FEES": _PRECONDITION,
    "DAYS_IN_LIVE_BILL": _PRECONDITION,
    "FILING_KIND": _INVALID,
    "FILING_DAYS": _PRECONDITION,
    "FILING_PLACE": _PRECONDITION,
    "FILING_DISEASE": _PRECONDITION,
    "FILING_INSTITUTION": _PRECONDITION,
    "FILING_UNKNOWN": _NOT_FOUND,
    "NO_POLICY": _PRECONDITION,
    "MSGID_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "BUSY_VISIT": grpc.StatusCode.ABORTED,
    "CONTENDED": grpc.StatusCode.ABORTED,
    "QUEUE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "NODE_SILENT": _UNAVAILABLE,
    "BOOK_UNAVAILABLE": _UNAVAILABLE,
    "NOT_ANSWERED": grpc.StatusCode.DEADLINE_EXCEEDED,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}
"""Every code that this gateway refuses with."""

_RETRIABLE: Final = frozenset(
    {"BUSY_VISIT", "CONTENDED", "QUEUE_FULL", "NODE_SILENT", "BOOK_UNAVAILABLE", "NOT_ANSWERED"}
)


def refuse(code: str, err_msg: str, *violations: Violation) -> Refused:
    """A refusal by its code; the status and whether waiting helps follow from it."""
    retry_after_ms = RETRY_AFTER_MS if code in _RETRIABLE else 0
    return Refused(code, err_msg, STATUS_OF[code], violations, retry_after_ms)
