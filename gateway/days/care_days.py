"""A region's care book by its days: what its BooksService tells, and how a day with a home node is summed."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date
from typing import Final

import structlog

from gateway.alarm import Alarm
from gateway.care_book import CareBookUnavailable
from gateway.days import node_books
from gateway.days.catch_up import CatchUp
from gateway.postgres_care_book import PostgresCareBook
from gateway.row_booking import RowBooking
from ledger.day_book import CARE, SESSION_SETTINGS, DayBook, Wanted
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import messages_pb2 as mpb
from runtime import postgres
from runtime.books import must_be_of, refusal
from runtime.clock import SystemClock
from runtime.errors import DatabaseUnreachable
from runtime.postgres import Connection
from runtime.refusals import Refusal
from runtime.version import VERSION

NO_SLOT: Final = -1
READING_MAX: Final = 4
SUMMING_MAX: Final = 4
"""Calls at the same time; the others wait."""
TRANSACTION_S_MAX: Final = 600
STALLED_READER_S_MAX: Final = 60
"""A caller that stops reading an answer loses it: an old snapshot makes every flush dearer."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("books")


class CareDays:
    """See `runtime.books.Days`. Peers are the numbers of home nodes."""

    def __init__(
        self,
        *,
        dsn: str,
        region: str,
        addresses: Mapping[int, str],
        booking: RowBooking,
        alarm: Alarm,
    ) -> None:
        self._dsn = dsn
        self._region = region
        self._addresses = {str(node): address for node, address in addresses.items()}
        self._booking = booking
        self._alarm = alarm
        self._reading = asyncio.Semaphore(READING_MAX)
        self._summing_at_all = asyncio.Semaphore(SUMMING_MAX)
        self._summing = {peer: asyncio.Lock() for peer in self._addresses}

    async def describe(self) -> pb.DescribeBookResponse:
        """Of a region no day is open or closed: its nodes say."""
        return pb.DescribeBookResponse(side="care", name=self._region, version=VERSION)

    async def close_day(self, day: date, operator: str) -> pb.CloseDayResponse:
        """Refused."""
        raise refusal(
            "NOT_A_NODE", f"this is the care book of region {self._region}; only a home node closes a day"
        )

    async def sum_day(self, day: date, peer: str, buckets: int, *, anew: bool = False) -> pb.SumDayResponse:
        """Catch up with the node, then sum. What was summed before comes back, node or no node, but for `anew`."""
        self._known(peer)
        async with self._summing[peer], self._session(self._summing_at_all) as connection:
            book = DayBook(connection, CARE)
            given_up = anew and await book.give_up(day, peer)
            if await book.summed(day, peer) is None:
                given_up |= await self._sum(connection, book, day, peer, buckets, anew)
            return await _told(connection, day, peer, anew=given_up)

    async def _sum(
        self, connection: Connection, book: DayBook, day: date, peer: str, buckets: int, anew: bool
    ) -> bool:
        """The draft is made while the node sums; what it lacks is booked, and only what differed is looked at again.

        Gives whether the node has given up an earlier sum.
        """
        async with node_books.opened(node=peer, address=self._addresses[peer], region=self._region) as node:
            # said to both, for each would otherwise estimate
            buckets = buckets or await book.buckets_for(day, peer)
            counting = asyncio.ensure_future(node.sum_day(day, buckets, anew=anew))
            try:
                draft = await book.draft_day(day, peer, buckets)
                counted = await counting
            finally:
                counting.cancel()
            if counted.buckets != draft.buckets:
                draft = await book.draft_day(day, peer, counted.buckets)
            work = CatchUp(
                day=day, peer=peer, region=self._region, node=node, connection=connection, book=book,
                booking=self._booking, alarm=self._alarm, of_buckets=draft.buckets,
            )  # fmt: skip
            await work.run()
        async with connection.transaction():
            await book.sum_drafted(day, peer, draft, work.looked_at if work.moved else ())
            await connection.execute(
                "INSERT INTO day_caught_up VALUES ($1, $2, $3, $4) ON CONFLICT (day, peer) DO UPDATE"
                " SET fetched = day_caught_up.fetched + excluded.fetched, refused = excluded.refused WHERE $5",
                day, peer, work.fetched, work.refused, anew,
            )  # fmt: skip
        _log.info("summed", day=str(day), node=peer, fetched=work.fetched, refused=work.refused_in_all)
        return counted.anew

    async def fetch_decisions(self, day: date, peer: str, ids: Sequence[bytes]) -> pb.FetchDecisionsResponse:
        """Book what is missing here of a node's day; the day's stored sums stay."""
        self._known(peer)
        async with (
            self._summing[peer],
            self._session(self._summing_at_all) as connection,
            node_books.opened(node=peer, address=self._addresses[peer], region=self._region) as node,
        ):
            work = CatchUp(
                day=day, peer=peer, region=self._region, node=node, connection=connection,
                book=DayBook(connection, CARE), booking=self._booking, alarm=self._alarm,
            )  # fmt: skip
            await work.fetch(ids)
        return pb.FetchDecisionsResponse(fetched=work.fetched, refused=work.refused)

    async def sums(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[list[pb.DaySumRow], None]:
        """See Days."""
        async with (
            self._summed(day, peer) as (book, _),
            aclosing(book.sums(day, peer, again=again)) as parts,
        ):
            async for part in parts:
                yield part

    async def sum_lines(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[bytes, None]:
        """See Days."""
        async with (
            self._summed(day, peer) as (book, _),
            aclosing(book.sum_lines(day, peer, again=again)) as parts,
        ):
            async for part in parts:
                yield part

    async def buckets(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[list[pb.DayBucket], None]:
        """See Days."""
        async with (
            self._summed(day, peer) as (book, count),
            aclosing(book.buckets(day, peer, again_of=count if again else 0)) as parts,
        ):
            async for part in parts:
                yield part

    async def hashes(
        self, day: date, peer: str, buckets: Sequence[int]
    ) -> AsyncGenerator[list[tuple[bytes, int]], None]:
        """See Days."""
        async with self._summed(day, peer) as (book, count):
            must_be_of(buckets, count)
            async with aclosing(book.hashes(day, peer, buckets=buckets, of_buckets=count)) as parts:
                async for part in parts:
                    yield part

    async def decisions(
        self, day: date | None, request: pb.GetDecisionsRequest
    ) -> AsyncGenerator[list[mpb.Decision], None]:
        """See Days. Ids without a day are sought on every day."""
        if request.peer:
            self._known(request.peer)
        if request.unclaimed:
            raise refusal("NOT_A_NODE", f"the claims of region {self._region} lead to no decisions")
        async with self._session(self._reading) as connection:
            book = DayBook(connection, CARE)
            wanted = await self._wanted(book, day, request)
            async with aclosing(book.decisions(wanted)) as parts:
                async for part in parts:
                    yield part

    async def _wanted(self, book: DayBook, day: date | None, request: pb.GetDecisionsRequest) -> Wanted:
        # without a day on every day, dear: an id that stands on two days is what clearing looks for
        days = [day] if day is not None else None
        count = 0
        if request.buckets and day is not None:
            summed = await book.summed(day, request.peer)
            if summed is None:
                raise _not_summed(day, request.peer)
            count = summed.buckets
            must_be_of(request.buckets, count)
        return Wanted(
            days, request.peer, request.ids, request.buckets, count,
            request.of if request.HasField("of") else None, request.full,
        )  # fmt: skip

    def _known(self, peer: str) -> None:
        if peer not in self._addresses:
            known = ", ".join(self._addresses)
            raise refusal(
                "UNKNOWN_PEER", f"the books of region {self._region} know the home nodes {known}, not {peer}"
            )

    @asynccontextmanager
    async def _summed(self, day: date, peer: str) -> AsyncIterator[tuple[DayBook, int]]:
        """The book of a summed day, and its number of buckets."""
        self._known(peer)
        async with self._session(self._reading) as connection:
            book = DayBook(connection, CARE)
            summed = await book.summed(day, peer)
            if summed is None:
                raise _not_summed(day, peer)
            yield book, summed.buckets

    @asynccontextmanager
    async def _session(self, room: asyncio.Semaphore) -> AsyncIterator[Connection]:
        """A session of this call's own. Its name begins otherwise than any slot's: no takeover ends it."""
        try:
            async with (
                room,
                postgres.opened(
                    self._dsn, application_name=f"books {self._region}", timeout_s=postgres.CONNECT_TIMEOUT_S,
                    transaction_timeout=f"{TRANSACTION_S_MAX}s",
                    idle_in_transaction_session_timeout=f"{STALLED_READER_S_MAX}s", **SESSION_SETTINGS,
                ) as connection,
            ):  # fmt: skip
                yield connection
        except (DatabaseUnreachable, CareBookUnavailable) as away:
            raise refusal("BOOK_UNAVAILABLE", "the care book's database does not answer") from away


@asynccontextmanager
async def opened_days(
    dsn: str, *, region: str, addresses: Mapping[int, str], alarm: Alarm
) -> AsyncIterator[CareDays]:
    """The days of a region's database, which is up to date. `addresses`: of the nodes' BooksServices."""
    # a name of this process's own, and no slot's: a session that books ends its namesakes
    name = f"books {region} {secrets.token_hex(4)}"
    book = PostgresCareBook(dsn=dsn, name=name, slot=NO_SLOT, clock=SystemClock())
    try:
        booking = RowBooking(book=book, alarm=alarm)
        yield CareDays(dsn=dsn, region=region, addresses=addresses, booking=booking, alarm=alarm)
    finally:
        await book.close()


def _not_summed(day: date, peer: str) -> Refusal:
    return refusal("DAY_NOT_SUMMED", f"{day} with home node {peer} has not been summed; SumDay does")


async def _told(connection: Connection, day: date, peer: str, *, anew: bool) -> pb.SumDayResponse:
    record = await connection.fetchrow(
        "SELECT s.buckets, s.items, c.fetched, c.refused FROM day_summed s LEFT JOIN day_caught_up c USING (day, peer)"
        " WHERE s.day = $1 AND s.peer = $2",
        day, peer,
    )  # fmt: skip
    assert record is not None
    buckets, items, fetched, refused = record
    return pb.SumDayResponse(
        day=day.isoformat(),
        peer=peer,
        buckets=buckets,
        items=items,
        fetched=fetched or 0,
        refused=refused or (),
        anew=anew,
        sums_hash=await DayBook(connection, CARE).sums_hash(day, peer),
    )
