"""BooksService on gRPC, the same for both books: what a request must say, how a refusal and a database that is away end.

A book is what stands behind it, a `Days`: the home node's and the region's differ in how a day comes to its end. The
contract is proto/settlement/v1/books.proto; docs/codes.md lists the codes.
"""

import datetime
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from datetime import date
from typing import Final, Protocol, TypeVar

import grpc
import structlog
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry, Counter

from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import books_pb2_grpc
from proto.settlement.v1 import messages_pb2 as mpb
from runtime import postgres
from runtime.postgres import FailureKind
from runtime.refusals import Context, Refusal, Refused, Violation, answered, malformed, streamed

NAME: Final = "settlement.v1.BooksService"
BUCKETS_MAX: Final = 1 << 24
BUCKETS_ASKED_MAX: Final = 10_000
IDS_ASKED_MAX: Final = 1_000
ID_BYTES: Final = 16
WORD_CHARACTERS_MAX: Final = 64
RETRY_AFTER_MS: Final = 1_000

_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
STATUS_OF: Final[dict[str, grpc.StatusCode]] = {
    "INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "DAY_AHEAD": _PRECONDITION,
    "DAY_OPEN": _PRECONDITION,
    "DAY_NOT_SUMMED": _PRECONDITION,
    "NOT_A_NODE": _PRECONDITION,
    "NOT_A_REGION": _PRECONDITION,
    "UNKNOWN_PEER": grpc.StatusCode.NOT_FOUND,
    "PEER_UNREACHABLE": grpc.StatusCode.UNAVAILABLE,
    "BOOK_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}
"""Every code that a books process refuses with."""

_UNAVAILABLE: Final = frozenset(
    {FailureKind.LOST, FailureKind.WAIT, FailureKind.DEADLOCK, FailureKind.SERIALIZATION}
)
_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")
_log: structlog.stdlib.BoundLogger = structlog.get_logger("books")


def refusal(code: str, err_msg: str) -> Refusal:
    """A refusal to raise, by its code; whether waiting helps follows from it."""
    retry_after_ms = RETRY_AFTER_MS if STATUS_OF[code] is grpc.StatusCode.UNAVAILABLE else 0
    return Refusal(Refused(code, err_msg, STATUS_OF[code], (), retry_after_ms))


class Days(Protocol):
    """A book by its days. Everything raises `Refusal`; what is read comes in parts."""

    async def describe(self) -> pb.DescribeBookResponse:
        """Whose book it is and how far it is closed."""
        ...

    async def close_day(self, day: date, operator: str) -> pb.CloseDayResponse:
        """The cut-off."""
        ...

    async def sum_day(self, day: date, peer: str, buckets: int, *, anew: bool = False) -> pb.SumDayResponse:
        """Sum a closed day with a peer, once, or `anew`; `buckets` 0: chosen here."""
        ...

    async def fetch_decisions(self, day: date, peer: str, ids: Sequence[bytes]) -> pb.FetchDecisionsResponse:
        """Book what this book lacks of a node's day."""
        ...

    def sums(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[list[pb.DaySumRow], None]:
        """The sums of a summed day; `again`: recomputed."""
        ...

    def sum_lines(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[bytes, None]:
        """The same as lines."""
        ...

    def buckets(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[list[pb.DayBucket], None]:
        """The buckets of a summed day; `again`: recomputed."""
        ...

    def hashes(
        self, day: date, peer: str, buckets: Sequence[int]
    ) -> AsyncGenerator[list[tuple[bytes, int]], None]:
        """(id, hash) of each decision in some buckets of a summed day."""
        ...

    def decisions(
        self, day: date | None, request: pb.GetDecisionsRequest
    ) -> AsyncGenerator[list[mpb.Decision], None]:
        """Decisions as the request says; `day` is its day."""
        ...


class BooksService(books_pb2_grpc.BooksServiceServicer):
    """The door of a book."""

    def __init__(self, days: Days, *, registry: CollectorRegistry) -> None:
        self._days = days
        self._calls = Counter("books_calls", "Calls by what they are", ["call"], registry=registry)

    async def DescribeBook(
        self, request: pb.DescribeBookRequest, context: Context
    ) -> pb.DescribeBookResponse:
        return await self._one(request, self._days.describe(), context)

    async def CloseDay(self, request: pb.CloseDayRequest, context: Context) -> pb.CloseDayResponse:
        async def closed() -> pb.CloseDayResponse:
            day = _day(request.day)
            _raise(_word("operator", request.operator))
            _log.info("closing a day", day=request.day)
            return await self._days.close_day(day, request.operator)

        return await self._one(request, closed(), context)

    async def SumDay(self, request: pb.SumDayRequest, context: Context) -> pb.SumDayResponse:
        async def summed() -> pb.SumDayResponse:
            day = _day(request.day)
            buckets = request.buckets
            wrong = [] if buckets <= BUCKETS_MAX and not buckets & (buckets - 1) else [_WRONG_BUCKETS]
            _raise([*_word("peer", request.peer), *wrong])
            return await self._days.sum_day(day, request.peer, buckets, anew=request.anew)

        return await self._one(request, summed(), context)

    async def FetchDecisions(
        self, request: pb.FetchDecisionsRequest, context: Context
    ) -> pb.FetchDecisionsResponse:
        async def fetched() -> pb.FetchDecisionsResponse:
            day = _day(request.day)
            _raise([*_word("peer", request.peer), *_id_faults(request.ids)])
            return await self._days.fetch_decisions(day, request.peer, request.ids)

        return await self._one(request, fetched(), context)

    async def GetDaySums(
        self, request: pb.GetDaySumsRequest, context: Context
    ) -> AsyncGenerator[pb.GetDaySumsResponse, None]:
        async def parts() -> AsyncGenerator[pb.GetDaySumsResponse, None]:
            day = _day_with_peer(request)
            if request.lines:
                async with aclosing(self._days.sum_lines(day, request.peer, again=request.again)) as lines:
                    async for some in lines:
                        yield pb.GetDaySumsResponse(lines=some)
                return
            async with aclosing(self._days.sums(day, request.peer, again=request.again)) as found:
                async for sums in found:
                    yield pb.GetDaySumsResponse(sums=sums)

        async for part in self._many(request, parts(), context):
            yield part

    async def GetDayBuckets(
        self, request: pb.GetDayBucketsRequest, context: Context
    ) -> AsyncGenerator[pb.GetDayBucketsResponse, None]:
        async def parts() -> AsyncGenerator[pb.GetDayBucketsResponse, None]:
            day = _day_with_peer(request)
            async with aclosing(self._days.buckets(day, request.peer, again=request.again)) as found:
                async for buckets in found:
                    yield pb.GetDayBucketsResponse(buckets=buckets)

        async for part in self._many(request, parts(), context):
            yield part

    async def GetDayHashes(
        self, request: pb.GetDayHashesRequest, context: Context
    ) -> AsyncGenerator[pb.GetDayHashesResponse, None]:
        async def parts() -> AsyncGenerator[pb.GetDayHashesResponse, None]:
            day = _day_with_peer(request)
            _raise(_bucket_faults(request.buckets))
            async with aclosing(self._days.hashes(day, request.peer, request.buckets)) as found:
                async for hashes in found:
                    yield pb.GetDayHashesResponse(
                        ids=b"".join([id_ for id_, _ in hashes]), hashes=[one for _, one in hashes]
                    )

        async for part in self._many(request, parts(), context):
            yield part

    async def GetDecisions(
        self, request: pb.GetDecisionsRequest, context: Context
    ) -> AsyncGenerator[pb.GetDecisionsResponse, None]:
        async def parts() -> AsyncGenerator[pb.GetDecisionsResponse, None]:
            day = _day(request.day) if request.day or not request.ids else None
            _raise(_faults_of(request))
            async with aclosing(self._days.decisions(day, request)) as found:
                async for decisions in found:
                    yield pb.GetDecisionsResponse(decisions=decisions)

        async for part in self._many(request, parts(), context):
            yield part

    async def _one(self, request: Message, answering: Awaitable[_Answer], context: Context) -> _Answer:
        self._calls.labels(type(request).__name__.removesuffix("Request")).inc()
        return await answered(_reached(answering), context)

    async def _many(
        self, request: Message, parts: AsyncGenerator[_Part, None], context: Context
    ) -> AsyncGenerator[_Part, None]:
        self._calls.labels(type(request).__name__.removesuffix("Request")).inc()
        async with aclosing(streamed(_reached_parts(parts), context)) as found:
            async for part in found:
                yield part


async def _reached(answering: Awaitable[_Answer]) -> _Answer:
    try:
        return await answering
    except Exception as error:
        raise _away(error) from error


async def _reached_parts(parts: AsyncGenerator[_Part, None]) -> AsyncGenerator[_Part, None]:
    try:
        async with aclosing(parts) as found:
            async for part in found:
                yield part
    except Exception as error:
        raise _away(error) from error


def _away(error: Exception) -> Exception:
    """A database that does not answer is a refusal; anything else stays what it is."""
    if isinstance(error, Refusal) or postgres.failure_of(error).kind not in _UNAVAILABLE:
        return error
    _log.warning("the database does not answer", failure=type(error).__name__)
    return refusal("BOOK_UNAVAILABLE", "the book's database does not answer")


# ------------------------------------------------------------------------------------------------ requests

_WRONG_BUCKETS: Final = Violation("buckets", f"0 or a power of two, at most {BUCKETS_MAX}")


def _raise(faults: list[Violation]) -> None:
    if faults:
        raise Refusal(malformed(*faults))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _day(text: str) -> datetime.date:
    if not _is_day(text):
        raise Refusal(malformed(Violation("day", "a day as yyyy-MM-dd is needed")))
    return date.fromisoformat(text)


def _word(field: str, text: str) -> list[Violation]:
    if 0 < len(text) <= WORD_CHARACTERS_MAX and text.isprintable() and text == text.strip():
        return []
    return [Violation(field, f"is needed, of at most {WORD_CHARACTERS_MAX} characters that can be printed")]


def _day_with_peer(
    request: pb.GetDaySumsRequest | pb.GetDayBucketsRequest | pb.GetDayHashesRequest,
) -> datetime.date:
    day = _day(request.day)
    _raise(_word("peer", request.peer))
    return day


def must_be_of(buckets: Sequence[int], of_buckets: int) -> None:
    """Refuses (INVALID) a bucket that a day of so many does not have."""
    if max(buckets, default=0) >= of_buckets:
        _raise([Violation("buckets", f"the day has {of_buckets}, from 0 on")])


def _bucket_faults(buckets: Sequence[int]) -> list[Violation]:
    if len(buckets) > BUCKETS_ASKED_MAX:
        return [Violation("buckets", f"at most {BUCKETS_ASKED_MAX}")]
    return []


def _id_faults(ids: Sequence[bytes]) -> list[Violation]:
    faults = []
    if len(ids) > IDS_ASKED_MAX:
        faults.append(Violation("ids", f"at most {IDS_ASKED_MAX}"))
    if any(len(id_) != ID_BYTES for id_ in ids):
        faults.append(Violation("ids", f"each is {ID_BYTES} bytes"))
    return faults


def _faults_of(request: pb.GetDecisionsRequest) -> list[Violation]:
    faults = []
    if request.buckets and request.ids:
        faults.append(Violation("ids", "either buckets or ids, not both"))
    if request.HasField("of") and (request.buckets or request.ids):
        faults.append(Violation("of", "goes with neither buckets nor ids"))
    faults += _bucket_faults(request.buckets)
    faults += _id_faults(request.ids)
    if request.buckets or request.peer:
        faults += _word("peer", request.peer)
    if request.of.setl_day and not _is_day(request.of.setl_day):
        faults.append(Violation("of.setl_day", "a day as yyyy-MM-dd"))
    return faults
