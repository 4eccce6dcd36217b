"""What a book tells of its days with each peer, as the messages of BooksService: the same reading for both books.

Method: server-side cursors, in parts, so that a day of a million decisions never is in memory; the SQL that sums is
`ledger/sql/0004_day_sums.sql`. A session is for one reader at a time.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from ledger.day import KEY_COLUMNS, SUM_COLUMNS
from ledger.rows import COLUMNS, Row
from ledger.wire import decision_of
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.postgres import Connection

PART_ITEMS: Final = 500
PART_LINES: Final = 5_000
HEAVY: Final = frozenset({"answer", "digest", "deltas", "line_keys"})
"""Columns that only a booking needs."""
SESSION_SETTINGS: Final = {"plan_cache_mode": "force_custom_plan", "max_parallel_workers_per_gather": "0"}
"""Settings of a session that reads days: a plan for what is asked, and no more cores than one."""

Part = TypeVar("Part")


class Side(NamedTuple):
    """Which book, and the column that says who stood on the other side."""

    table: str
    peer_column: str
    peer_type: str
    of_ids: str
    """The condition on ids, which are `{}`: a node's rows are found through their claims, a region's have a key."""
    unclaimed: str
    """The condition on rows that moved money and that no claim leads to; empty where claims lead to no row."""


HOME: Final = Side(
    "decision", "region", "text",
    "(partition, number, day) IN (SELECT partition, number, day FROM claim WHERE id = any({}::bytea[]))",
    "sign <> 0 AND NOT EXISTS (SELECT FROM claim c WHERE c.id = decision.id"
    " AND (c.partition, c.number, c.day) = (decision.partition, decision.number, decision.day))",
)  # fmt: skip
CARE: Final = Side("care", "node", "smallint", "id = any({}::bytea[])", "")


class Summed(NamedTuple):
    """A day that was summed with a peer."""

    buckets: int
    items: int


class Wanted(NamedTuple):
    """Which decisions; all that is given must hold."""

    days: Sequence[date] | None  # None: every day, dear
    peer: str = ""  # '' = any
    ids: Sequence[bytes] = ()
    buckets: Sequence[int] = ()
    of_buckets: int = 0  # how many there are in all; with buckets
    of: pb.DecisionsOf | None = None
    full: bool = False
    unclaimed: bool = False


class DayBook:
    """A book over one session, opened with SESSION_SETTINGS."""

    def __init__(self, connection: Connection, side: Side) -> None:
        self._connection = connection
        self._side = side

    async def summed(self, day: date, peer: str) -> Summed | None:
        """What was summed; None: not summed yet."""
        found = await self._connection.fetchrow(
            "SELECT buckets, items FROM day_summed WHERE day = $1 AND peer = $2", day, peer
        )
        return None if found is None else Summed(*found)

    async def sum_day(self, day: date, peer: str, buckets: int) -> Summed:
        """Sum a day once for ever; what was summed before comes back. `buckets` 0: chosen here."""
        found = await self._connection.fetchrow(
            "SELECT buckets, items FROM sum_day($1, $2, $3, $4, $5)",
            self._side.table, self._side.peer_column, day, peer, buckets,
        )  # fmt: skip
        assert found is not None
        return Summed(*found)

    async def buckets_for(self, day: date, peer: str) -> int:
        """How many buckets suit a day."""
        found: int = await self._connection.fetchval(
            "SELECT buckets_for(day_items_about($1, $2, $3, $4))",
            self._side.table, self._side.peer_column, day, peer,
        )  # fmt: skip
        return found

    async def sums_hash(self, day: date, peer: str) -> pb.SumsHash:
        """How many sums are stored of a day, and two hashes over them."""
        found = await self._connection.fetchrow(
            "SELECT count(*), coalesce(bit_xor(hash), 0), isum(hash & 1099511627775) FROM"
            " (SELECT sum_hash(told) AS hash FROM day_sum told WHERE day = $1 AND peer = $2 OFFSET 0) hashed",
            day, peer,
        )  # fmt: skip
        assert found is not None
        return pb.SumsHash(sums=found[0], hash_xor=found[1], hash_sum=found[2])

    async def give_up(self, day: date, peer: str) -> bool:
        """What was summed is a draft again, which whoever sums next replaces; whether it was summed."""
        given_up = await self._connection.fetchval(
            "DELETE FROM day_summed WHERE day = $1 AND peer = $2 RETURNING true", day, peer
        )
        return given_up is not None

    async def draft_day(self, day: date, peer: str, buckets: int) -> Summed:
        """Sum a day without saying that it is done; see `ledger/sql/0006_days_drafted.sql`. `buckets` 0: chosen here."""
        found = await self._connection.fetchrow(
            "SELECT buckets, items FROM draft_day($1, $2, $3, $4, $5)",
            self._side.table, self._side.peer_column, day, peer, buckets,
        )  # fmt: skip
        assert found is not None
        return Summed(*found)

    async def sum_drafted(self, day: date, peer: str, draft: Summed, looked_at: Sequence[int]) -> None:
        """Say that a drafted day is done; where something changed in the buckets looked at, it is summed anew."""
        await self._connection.execute(
            "SELECT sum_drafted($1, $2, ($3, $4, $5, $6, now())::day_summed, $7)",
            self._side.table, self._side.peer_column, day, peer, *draft, looked_at,
        )  # fmt: skip

    def sums(self, day: date, peer: str, *, again: bool = False) -> AsyncGenerator[list[pb.DaySumRow], None]:
        """The sums in the order of their key; `again` computes them from the items."""
        source, arguments = self._source("day_sum", "day_sums_of", again, day, peer)
        order = ", ".join(f'{name} COLLATE "C"' if name in _TEXTS else name for name in KEY_COLUMNS)
        query = f"SELECT {', '.join(SUM_COLUMNS)} FROM {source} ORDER BY {order}"
        return self._parts(_sum_row, query, *arguments)

    def sum_lines(self, day: date, peer: str, *, again: bool = False) -> AsyncGenerator[bytes, None]:
        """The sums as lines, in no order: what PostgreSQL has put together is not taken apart and put together again."""
        source, arguments = self._source("day_sum", "day_sums_of", again, day, peer)
        told = ", ".join(f"replace({name}, '\\', '\\\\')" if name in _TEXTS else name for name in SUM_COLUMNS)
        return self._lines(f"SELECT concat_ws(E'\\t', {told}) FROM {source}", *arguments)

    def buckets(self, day: date, peer: str, *, again_of: int = 0) -> AsyncGenerator[list[pb.DayBucket], None]:
        """The buckets in their order; `again_of` so many computes them from the items."""
        source, arguments = self._source("day_bucket", "day_buckets_of", again_of > 0, day, peer)
        if again_of:
            source, arguments = f"{source[:-1]}, $5)", (*arguments, again_of)
        query = f"SELECT bucket, items, hash_xor, hash_sum FROM {source} ORDER BY bucket"
        return self._parts(_bucket, query, *arguments)

    def hashes(
        self, day: date, peer: str, *, buckets: Sequence[int], of_buckets: int
    ) -> AsyncGenerator[list[tuple[bytes, int]], None]:
        """(id, hash) of each decision in some buckets, in no order."""
        query = "SELECT id, hash FROM day_hashes_of($1, $2, $3, $4, $5, $6)"
        return self._parts(
            tuple, query, self._side.table, self._side.peer_column, day, peer, of_buckets, list(buckets),
            part_items=PART_LINES,
        )  # fmt: skip

    def decisions(self, wanted: Wanted) -> AsyncGenerator[list[mpb.Decision], None]:
        """Decisions in no order."""
        columns = ", ".join(
            f"NULL AS {name}" if name in HEAVY and not wanted.full else name for name in COLUMNS
        )
        conditions, arguments = self._conditions(wanted)
        query = f"SELECT {columns} FROM {self._side.table} WHERE {' AND '.join(conditions) or 'true'}"
        return self._parts(_decision, query, *arguments)

    def _source(
        self, table: str, function: str, again: bool, day: date, peer: str
    ) -> tuple[str, tuple[Any, ...]]:
        if again:
            return f"{function}($1, $2, $3, $4)", (self._side.table, self._side.peer_column, day, peer)
        return f"(SELECT * FROM {table} WHERE day = $1 AND peer = $2) stored", (day, peer)

    def _conditions(self, wanted: Wanted) -> tuple[list[str], list[Any]]:
        conditions: list[str] = []
        arguments: list[Any] = []

        def must(condition: str, *values: Any) -> None:
            arguments.extend(values)
            places = range(len(arguments) - len(values) + 1, len(arguments) + 1)
            conditions.append(condition.format(*(f"${place}" for place in places)))

        if wanted.days is not None:
            must("day = any({}::date[])", list(wanted.days))
        if wanted.peer:
            must(f"{self._side.peer_column} = {{}}::text::{self._side.peer_type}", wanted.peer)
        if wanted.ids:
            must(self._side.of_ids, list(wanted.ids))
        if wanted.buckets:
            # looked up in a hash, for a custom plan knows the array; a join would carry every row of the day into it
            must("bucket_of(id, {}) = any({}::int[])", wanted.of_buckets, list(wanted.buckets))
        if wanted.unclaimed:
            must(self._side.unclaimed)
        for name in _OF if wanted.of is not None else ():
            if value := getattr(wanted.of, name):
                must(f"{name} = {{}}", value)
        if wanted.of is not None and wanted.of.setl_day:
            must("china_day(decided_ms) = {}", date.fromisoformat(wanted.of.setl_day))
        return conditions, arguments

    async def _parts(
        self, make: Callable[[Any], Part], query: str, *arguments: Any, part_items: int = PART_ITEMS
    ) -> AsyncGenerator[list[Part], None]:
        async with self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(query, *arguments)
            while records := await cursor.fetch(part_items):
                yield [make(record) for record in records]

    async def _lines(self, query: str, *arguments: Any) -> AsyncGenerator[bytes, None]:
        async with self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(query, *arguments)
            while records := await cursor.fetch(PART_LINES):
                yield "".join([f"{record[0]}\n" for record in records]).encode()


_OF: Final = ("home_pool", "care_pool", "fixmedins_code", "insutype", "clr_type")
_TEXTS: Final = frozenset({"fixmedins_code", "insutype", "clr_type", "commercial_payer"})
_KEYS: Final = len(KEY_COLUMNS)


def _sum_row(record: Any) -> pb.DaySumRow:
    *key, setl_day = record[:_KEYS]
    row = pb.DaySumRow(
        **dict(zip(KEY_COLUMNS, key, strict=False)), setl_day=setl_day.isoformat(), items=record[_KEYS]
    )
    row.amounts.extend(record[_KEYS + 1 :])
    return row


def _bucket(record: Any) -> pb.DayBucket:
    return pb.DayBucket(bucket=record[0], items=record[1], hash_xor=record[2], hash_sum=record[3])


def _decision(record: Any) -> mpb.Decision:
    return decision_of(Row._make(record))
