"""The books of the others: BooksService of home nodes and care regions, the only way that clearing reads them.

Every call has a deadline. A book that does not answer is `BookUnreachable` and stays out of the run; one that refuses
is `BookRefused`, with its reason.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio

from clearing.errors import BookRefused, BookUnreachable
from clearing.figures import Figures, figures_of
from clearing.settings import BookAt
from ledger.day import Bucket, DayKey, DaySum, SumsHash, ids_in
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import books_pb2_grpc, messages_pb2
from runtime.keys import setl_id_bytes

CALL_S_MAX: Final = 30.0
SUM_S_MAX: Final = 900.0
"""Summing a day, and catching up before it, may take minutes on a day of millions."""
MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
BUCKETS_A_CALL_MAX: Final = 2_000
IDS_A_CALL_MAX: Final = 1_000
_AWAY: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
)


class Summed(NamedTuple):
    """A day that a book has summed with one peer."""

    buckets: int
    items: int
    fetched: int
    refused: int
    anew: bool  # an earlier sum was given up for this one
    sums_hash: SumsHash | None = None  # of a region, over what `day_sums` tells; None: it tells none


class Book:
    """One book over gRPC."""

    def __init__(self, at: BookAt, channel: grpc.aio.Channel) -> None:
        self.at = at
        self._stub: Any = books_pb2_grpc.BooksServiceStub(channel)

    async def describe(self) -> pb.DescribeBookResponse:
        """Whose book it is and how far it is closed. Raises BookUnreachable, BookRefused."""
        with asking("book", self.at):
            return await self._stub.DescribeBook(pb.DescribeBookRequest(), timeout=CALL_S_MAX)  # type: ignore[no-any-return]

    async def close_day(self, day: date, *, operator: str) -> pb.CloseDayResponse:
        """Cut the day off at a home node; again is harmless. Raises BookUnreachable, BookRefused."""
        with asking("book", self.at):
            request = pb.CloseDayRequest(day=day.isoformat(), operator=operator)
            return await self._stub.CloseDay(request, timeout=CALL_S_MAX)  # type: ignore[no-any-return]

    async def sum_day(self, day: date, *, peer: str, buckets: int, anew: bool = False) -> Summed:
        """Sum a closed day with one peer; a region fetches first what it lacks. Raises BookUnreachable, BookRefused.

        `anew`: what an earlier run had summed is given up. Only for a pair that is in no run, with the day taken.
        """
        with asking("book", self.at):
            request = pb.SumDayRequest(day=day.isoformat(), peer=peer, buckets=buckets, anew=anew)
            answer = await self._stub.SumDay(request, timeout=SUM_S_MAX)
            told = answer.sums_hash
            return Summed(
                answer.buckets, answer.items, answer.fetched, len(answer.refused), answer.anew,
                SumsHash(told.sums, told.hash_xor, told.hash_sum) if answer.HasField("sums_hash") else None,
            )  # fmt: skip

    async def day_sums(self, day: date, *, peer: str, again: bool = False) -> AsyncIterator[DaySum]:
        """The sums of a summed day. Raises BookUnreachable, BookRefused."""
        with asking("book", self.at):
            request = pb.GetDaySumsRequest(day=day.isoformat(), peer=peer, again=again)
            async for part in self._stub.GetDaySums(request, timeout=SUM_S_MAX):
                for row in part.sums:
                    yield _day_sum(row)

    async def day_sum_lines(self, day: date, *, peer: str) -> AsyncIterator[bytes]:
        """The same sums as lines of ledger.day.SUM_COLUMNS between tabs. Raises BookUnreachable, BookRefused."""
        with asking("book", self.at):
            request = pb.GetDaySumsRequest(day=day.isoformat(), peer=peer, lines=True)
            async for part in self._stub.GetDaySums(request, timeout=SUM_S_MAX):
                yield part.lines

    async def day_buckets(self, day: date, *, peer: str, again: bool = False) -> list[Bucket]:
        """The buckets of a summed day. Raises BookUnreachable, BookRefused."""
        found = []
        with asking("book", self.at):
            request = pb.GetDayBucketsRequest(day=day.isoformat(), peer=peer, again=again)
            async for part in self._stub.GetDayBuckets(request, timeout=SUM_S_MAX):
                found += [Bucket(one.bucket, one.items, one.hash_xor, one.hash_sum) for one in part.buckets]
        return found

    async def in_buckets(self, day: date, *, peer: str, buckets: Sequence[int]) -> list[Figures]:
        """The decisions of some buckets. Raises BookUnreachable, BookRefused."""
        found = []
        for first in range(0, len(buckets), BUCKETS_A_CALL_MAX):
            some = buckets[first : first + BUCKETS_A_CALL_MAX]
            request = pb.GetDecisionsRequest(day=day.isoformat(), peer=peer, buckets=some)
            found += [one async for one in self.decisions(request)]
        return found

    async def day_hashes(self, day: date, *, peer: str, buckets: Sequence[int]) -> list[tuple[bytes, int]]:
        """(id, hash) of the decisions of some buckets. Raises BookUnreachable, BookRefused."""
        found: list[tuple[bytes, int]] = []
        with asking("book", self.at):
            for first in range(0, len(buckets), BUCKETS_A_CALL_MAX):
                some = buckets[first : first + BUCKETS_A_CALL_MAX]
                request = pb.GetDayHashesRequest(day=day.isoformat(), peer=peer, buckets=some)
                async for part in self._stub.GetDayHashes(request, timeout=SUM_S_MAX):
                    found += zip(ids_in(part.ids), part.hashes, strict=True)
        return found

    async def of_day(self, day: date, *, peer: str, ids: Sequence[bytes]) -> list[Figures]:
        """Decisions of a day by their ids, as `day_hashes` tells them. Raises BookUnreachable, BookRefused."""
        found = []
        for first in range(0, len(ids), IDS_A_CALL_MAX):
            some = ids[first : first + IDS_A_CALL_MAX]
            request = pb.GetDecisionsRequest(day=day.isoformat(), peer=peer, ids=some)
            found += [one async for one in self.decisions(request)]
        return found

    async def with_ids(self, setl_ids: Sequence[str], *, peer: str) -> list[Figures]:
        """Decisions by their setl_id, on whatever day. Raises BookUnreachable, BookRefused."""
        found = []
        for first in range(0, len(setl_ids), IDS_A_CALL_MAX):
            ids = [setl_id_bytes(one) for one in setl_ids[first : first + IDS_A_CALL_MAX]]
            found += [one async for one in self.decisions(pb.GetDecisionsRequest(peer=peer, ids=ids))]
        return found

    async def fetch(self, day: date, setl_ids: Sequence[str], *, peer: str) -> int:
        """Have a region book what it lacks of a node's day; how many. Raises BookUnreachable, BookRefused."""
        ids = [setl_id_bytes(one) for one in setl_ids]
        with asking("book", self.at):
            request = pb.FetchDecisionsRequest(day=day.isoformat(), peer=peer, ids=ids)
            return int((await self._stub.FetchDecisions(request, timeout=SUM_S_MAX)).fetched)

    async def decisions(self, request: pb.GetDecisionsRequest) -> AsyncGenerator[Figures, None]:
        """Decisions as clearing compares them, as they stream. Raises BookUnreachable, BookRefused."""
        async for decision in self.stored(request):
            yield figures_of(decision)

    async def stored(self, request: pb.GetDecisionsRequest) -> AsyncIterator[messages_pb2.Decision]:
        """Decisions as the book tells them, as they stream. Raises BookUnreachable, BookRefused."""
        with asking("book", self.at):
            async for part in self._stub.GetDecisions(request, timeout=SUM_S_MAX):
                for decision in part.decisions:
                    yield decision


@contextlib.contextmanager
def asking(what: str, at: BookAt) -> Iterator[None]:
    """A block of calls: what gRPC raises becomes BookUnreachable or BookRefused, about the `what` of this book."""
    try:
        yield
    except grpc.aio.AioRpcError as failed:
        if failed.code() in _AWAY:
            raise BookUnreachable(f"The {what} of {at.text} does not answer at {at.address}.") from None
        raise BookRefused(f"The {what} of {at.text} refused: {failed.details()}") from None


@contextlib.asynccontextmanager
async def opened_books(books_at: Sequence[BookAt]) -> AsyncIterator[list[Book]]:
    """The books, for the length of a block. Opening asks nobody anything."""
    options = [
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
    ]
    async with contextlib.AsyncExitStack() as stack:
        books = []
        for at in books_at:
            channel = grpc.aio.insecure_channel(at.address, options=options)
            stack.push_async_callback(channel.close)
            books.append(Book(at, channel))
        yield books


def _day_sum(row: pb.DaySumRow) -> DaySum:
    key = DayKey(
        row.home_pool, row.care_pool, row.fixmedins_code, row.insutype, row.clr_type, row.route, row.sign,
        row.commercial_payer, date.fromisoformat(row.setl_day),
    )  # fmt: skip
    return DaySum(key, row.items, tuple(row.amounts))
