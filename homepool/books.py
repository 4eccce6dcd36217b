"""A home node's book by its days: what stands behind its BooksService.

Closing is one SQL function (`homepool/sql/0009_closed_days.sql`), summing another (`ledger/sql`): here they are called,
on a session each, and what is not to be had is refused. Reading has sessions of its own, so that neither a long answer
nor a long sum keeps anybody from closing the day.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date, timedelta
from typing import Final, TypeVar, cast

import structlog

from ledger.day_book import HOME, SESSION_SETTINGS, DayBook, Summed, Wanted
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import messages_pb2 as mpb
from runtime import postgres
from runtime.books import must_be_of, refusal
from runtime.postgres import Connection, Sessions
from runtime.version import VERSION

READERS_MAX: Final = 3
LOCK_TIMEOUT_MS: Final = 10_000
STALLED_READER_MS_MAX: Final = 60_000
"""A caller that stops reading an answer loses it: an old snapshot makes every flush dearer."""
CLOSED_DAYS_TOLD_MAX: Final = 400

_Part = TypeVar("_Part")
_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool.books")


class HomeDays:
    """The days of one home node: one session closes, one sums, some read."""

    def __init__(
        self, *, node: int, closing: Sessions, summing: Sessions, readers: Sessions, regions: Collection[str]
    ) -> None:
        self._node = node
        self._closing = closing
        self._summing = summing
        self._readers = readers
        self._regions = regions

    async def describe(self) -> pb.DescribeBookResponse:
        """Whose book it is, the earliest day that is open, the closed days."""
        async with self._readers.acquire() as connection:
            open_day = await connection.fetchval("SELECT first_open_day()")
            closed = await connection.fetch(
                "SELECT day FROM closed_day ORDER BY day DESC LIMIT $1", CLOSED_DAYS_TOLD_MAX
            )
        return pb.DescribeBookResponse(
            side="home", name=str(self._node), open_day=open_day.isoformat(),
            closed_days=[day.isoformat() for (day,) in closed], version=VERSION,
        )  # fmt: skip

    async def close_day(self, day: date, operator: str) -> pb.CloseDayResponse:
        """Close a day and every open one before it. Refuses DAY_AHEAD."""
        async with self._closing.acquire() as connection:
            today = await connection.fetchval("SELECT book_today()")
            if day > today:
                raise refusal("DAY_AHEAD", f"{day} has not begun: the database's date in China is {today}")
            # before the cursors are locked: whoever decides next writes into the next day
            await connection.fetchval("SELECT make_decision_leaf($1)", day + timedelta(days=1))
            closed = await connection.fetchval("SELECT close_day($1, $2)", day, operator)
            cuts = await connection.fetch(
                "SELECT partition, last_number, term FROM day_cut WHERE day = $1 ORDER BY partition", day
            )
            with_it = await connection.fetch(
                "SELECT day FROM closed_day WHERE closed_with = $1 AND day < $1 ORDER BY day", day
            )
        _log.info("closed", day=day.isoformat(), days=closed, operator=operator)
        return pb.CloseDayResponse(
            day=day.isoformat(),
            cuts=[pb.PartitionCut(partition=one, last_number=last, term=term) for one, last, term in cuts],
            closed_before=closed == 0,
            closed_with=[one.isoformat() for (one,) in with_it],
        )

    async def fetch_decisions(self, day: date, peer: str, ids: Sequence[bytes]) -> pb.FetchDecisionsResponse:
        """Refused: here everything was decided."""
        raise refusal("NOT_A_REGION", f"node {self._node} decides; only a region fetches decisions")

    async def sum_day(self, day: date, peer: str, buckets: int, *, anew: bool = False) -> pb.SumDayResponse:
        """Sum a closed day with a region, once, or `anew`. Refuses UNKNOWN_PEER, DAY_OPEN."""
        if peer not in self._regions:
            raise refusal("UNKNOWN_PEER", f"node {self._node} answers no region {peer}")
        async with self._summing.acquire() as connection, connection.transaction():
            await _must_be_closed(cast(Connection, connection), day)
            book = DayBook(cast(Connection, connection), HOME)
            given_up = anew and await book.give_up(day, peer)
            summed = await book.sum_day(day, peer, buckets)
        return pb.SumDayResponse(
            day=day.isoformat(), peer=peer, buckets=summed.buckets, items=summed.items, anew=given_up
        )

    def sums(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[list[pb.DaySumRow], None]:
        """The sums. Refuses DAY_OPEN, DAY_NOT_SUMMED."""
        return self._of_summed(day, peer, lambda book, _: book.sums(day, peer, again=again))

    def sum_lines(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[bytes, None]:
        """The same as lines."""
        return self._of_summed(day, peer, lambda book, _: book.sum_lines(day, peer, again=again))

    def buckets(self, day: date, peer: str, *, again: bool) -> AsyncGenerator[list[pb.DayBucket], None]:
        """The buckets. Refuses DAY_OPEN, DAY_NOT_SUMMED."""
        return self._of_summed(
            day, peer, lambda book, summed: book.buckets(day, peer, again_of=summed.buckets if again else 0)
        )

    async def hashes(
        self, day: date, peer: str, buckets: Sequence[int]
    ) -> AsyncGenerator[list[tuple[bytes, int]], None]:
        """(id, hash) of the decisions in some buckets. Refuses DAY_OPEN, DAY_NOT_SUMMED, INVALID."""
        async with self._reading() as connection:
            of_buckets = (await _summed(connection, day, peer)).buckets
            must_be_of(buckets, of_buckets)
            book = DayBook(connection, HOME)
            async with aclosing(book.hashes(day, peer, buckets=buckets, of_buckets=of_buckets)) as parts:
                async for part in parts:
                    yield part

    async def decisions(
        self, day: date | None, request: pb.GetDecisionsRequest
    ) -> AsyncGenerator[list[mpb.Decision], None]:
        """Decisions of a day, or by id. With buckets refuses DAY_OPEN, DAY_NOT_SUMMED, INVALID."""
        async with self._reading() as connection:
            of_buckets = 0
            if day is not None and request.buckets:
                of_buckets = (await _summed(connection, day, request.peer)).buckets
                must_be_of(request.buckets, of_buckets)
            wanted = Wanted(
                days=None if day is None else [day], peer=request.peer, ids=request.ids,
                buckets=request.buckets, of_buckets=of_buckets,
                of=request.of if request.HasField("of") else None, full=request.full,
                unclaimed=request.unclaimed,
            )  # fmt: skip
            async with aclosing(DayBook(connection, HOME).decisions(wanted)) as parts:
                async for part in parts:
                    yield part

    async def _of_summed(
        self, day: date, peer: str, read: Callable[[DayBook, Summed], AsyncGenerator[_Part, None]]
    ) -> AsyncGenerator[_Part, None]:
        async with self._reading() as connection:
            summed = await _summed(connection, day, peer)
            async with aclosing(read(DayBook(connection, HOME), summed)) as parts:
                async for part in parts:
                    yield part

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        async with self._readers.acquire() as connection:
            yield cast(Connection, connection)


@asynccontextmanager
async def opened_days(dsn: str, *, node: int, regions: Collection[str]) -> AsyncIterator[HomeDays]:
    """The days of a node's database, for the length of a block."""
    settings = {**SESSION_SETTINGS, "lock_timeout": str(LOCK_TIMEOUT_MS)}
    async with (
        postgres.pooled(dsn, application_name=f"books {node} closing", sessions_max=1, **settings) as closing,
        postgres.pooled(dsn, application_name=f"books {node} summing", sessions_max=1, **settings) as summing,
        postgres.pooled(
            dsn, application_name=f"books {node} reading", sessions_max=READERS_MAX,
            idle_in_transaction_session_timeout=str(STALLED_READER_MS_MAX), **settings,
        ) as readers,
    ):  # fmt: skip
        yield HomeDays(node=node, closing=closing, summing=summing, readers=readers, regions=regions)


async def _must_be_closed(connection: Connection, day: date) -> None:
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM closed_day WHERE day >= $1)", day):
        raise refusal("DAY_OPEN", f"{day} is open: close it first")


async def _summed(connection: Connection, day: date, peer: str) -> Summed:
    summed = await DayBook(connection, HOME).summed(day, peer)
    if summed is None:
        await _must_be_closed(connection, day)
        raise refusal("DAY_NOT_SUMMED", f"{day} was not summed with {peer}: sum it first")
    return summed
