"""What can go wrong in clearing, told to an operator: what is wrong and what to do, never a row or a person."""

from typing import ClassVar

import grpc

from runtime.errors import RuntimeFault


class ClearingFault(RuntimeFault):
    """Clearing could not do what it was asked to do; nothing was changed."""

    code: ClassVar[str] = "FAULT"
    status: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL


class BookUnreachable(ClearingFault):
    """A book does not answer. It stays out of the run; start the run again when it is back."""

    code = "BOOK_UNREACHABLE"
    status = grpc.StatusCode.UNAVAILABLE
    retriable = True


class BookRefused(ClearingFault):
    """A book refused the question; its reason is in the message."""

    code = "BOOK_REFUSED"
    status = grpc.StatusCode.FAILED_PRECONDITION


class BooksUnknown(ClearingFault):
    """DSGW_BOOKS does not say where the books are: node:44=host:port,region:44=host:port,…"""

    code = "BOOKS_UNKNOWN"
    status = grpc.StatusCode.FAILED_PRECONDITION


class RunElsewhere(ClearingFault):
    """Another process runs this day at the moment. Look at `python -m clearing status`, and start again later."""

    code = "RUN_ELSEWHERE"
    status = grpc.StatusCode.ABORTED
    retriable = True


class RunBroken(ClearingFault):
    """The sums of the run do not hold together, so it does not exist. `python -m clearing verify` says more."""

    code = "RUN_BROKEN"
    status = grpc.StatusCode.FAILED_PRECONDITION


class DatabaseAway(ClearingFault):
    """The clearing database does not answer; nothing was changed."""

    code = "DATABASE_AWAY"
    status = grpc.StatusCode.UNAVAILABLE
    retriable = True


class NotFound(ClearingFault):
    """There is no such thing; list what there is first."""

    code = "NOT_FOUND"
    status = grpc.StatusCode.NOT_FOUND


class NotAllowed(ClearingFault):
    """This may not be done now, or not by this person."""

    code = "NOT_ALLOWED"
    status = grpc.StatusCode.FAILED_PRECONDITION


class InsuranceUnknown(ClearingFault):
    """Nobody could say whose money that is: scheme.toml does not know the insurance. Add it there, or dispute."""

    code = "INSURANCE_UNKNOWN"
    status = grpc.StatusCode.FAILED_PRECONDITION


class Malformed(ClearingFault):
    """The request cannot be answered as it is; the message says what to mend."""

    code = "INVALID"
    status = grpc.StatusCode.INVALID_ARGUMENT


class SchemeWrong(ClearingFault):
    """scheme.toml or parties.csv does not say what clearing must know; the message says where."""

    code = "SCHEME_WRONG"
    status = grpc.StatusCode.FAILED_PRECONDITION


class ReturnsWrong(ClearingFault):
    """The bank's file cannot be taken; the message says in which line and why. Nothing of it was booked."""

    code = "RETURNS_WRONG"
    status = grpc.StatusCode.INVALID_ARGUMENT


class ItemsDiffer(ClearingFault):
    """The settlements do not come to what was published of them. `python -m clearing verify` says more."""

    code = "ITEMS_DIFFER"
    status = grpc.StatusCode.FAILED_PRECONDITION
