"""Fee lines in PostgreSQL: one transaction a call, on connections of their own, the visit's row held throughout.

A fee call reads what its lines concern, is judged (`changes`, pure) and writes lines, sums and its claim together, so
that sent again it meets its first. Settlements do not wait for it but those of the same visit, by the visit's version.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from gateway.care_book import CareBookUnavailable, Claim, ClaimConflict, RequestRow, Visit
from gateway.fees.changes import Change, Held, Place, Sum
from gateway.fees.line_rows import CODE_COLUMNS, LINE_COLUMNS, code_pieces, line_pieces
from gateway.fees.sums import read_sums, sum_row
from gateway.postgres_care_book import VISIT_QUERY, visit_of
from gateway.slices import Slices
from runtime import postgres
from runtime.errors import DatabaseUnreachable
from runtime.keys import bill_key
from runtime.postgres import Connection, FailureKind, failure_of

CONNECTIONS: Final = 3
WRITING_MAX: Final = 2
"""Fee calls under way at once: a sign-in or a query finds a connection that no ward has."""
LOCK_TIMEOUT_MS: Final = 3_000
STATEMENT_TIMEOUT_MS: Final = 20_000
WAIT_S: Final = 10.0

_HELD: Final = ", ".join(Held._fields)


Got = TypeVar("Got")


class LiveBill(NamedTuple):
    """A live bill of a visit: the batch or the days that it pays for."""

    bill: bytes
    batch: str | None
    begin_day: date | None
    end_day: date | None
    uploaded: bool
    """It names uploaded lines; else its lines came with it."""
    settlement: bytes = b""
    """The settlement that lives."""

    def pays(self, visit: bytes, batch: str, day: date) -> bool:
        """Whether it pays the lines of a batch and day of this visit."""
        if self.batch is not None:
            return self.batch == batch and self.bill == bill_key(visit, batch)
        return self.begin_day is None or self.end_day is None or self.begin_day <= day <= self.end_day


class FeeTransaction:
    """The visit's row is locked; nothing of it changes until the end of the transaction."""

    def __init__(self, connection: Connection, visit: Visit | None) -> None:
        self._connection = connection
        self.visit = visit

    async def claim(self, id_: bytes) -> tuple[Claim, bytes | None] | None:
        """What is known of the call's id, with its own answer."""
        row = await self._connection.fetchrow(
            "SELECT c.digest, c.day, c.kind, c.node, c.partition, c.psn_no, c.visit, c.undone_by, o.answer"
            " FROM claim c LEFT JOIN own o ON o.id = c.id WHERE c.id = $1",
            id_,
        )
        return None if row is None else (Claim(*tuple(row)[:-1]), row["answer"])

    async def live_bills(self) -> list[LiveBill]:
        """The bills of the visit that live."""
        assert self.visit is not None
        rows = await self._connection.fetch(
            "SELECT b.bill, f.batch, coalesce(f.begin_day, b.begin_day), coalesce(f.end_day, b.end_day),"
            " f.settlement IS NOT NULL, b.last_id FROM bill b LEFT JOIN fee_bill f ON f.settlement = b.last_id"
            " WHERE b.visit = $1 AND b.alive > 0",
            self.visit.id,
        )
        return [LiveBill(*row) for row in rows]

    async def held(self, keys: Sequence[int]) -> dict[int, Held]:
        """Lines by key."""
        assert self.visit is not None
        rows = await self._connection.fetch(
            f"SELECT {_HELD} FROM fee_line WHERE visit = $1 AND key = any($2)", self.visit.id, list(keys)
        )
        return {row["key"]: Held(*row) for row in rows}

    async def held_of(self, *, batch: str | None) -> list[Held]:
        """All lines of the visit, or those of a batch."""
        assert self.visit is not None
        rows = await self._connection.fetch(
            f"SELECT {_HELD} FROM fee_line WHERE visit = $1 AND ($2::text IS NULL OR batch = $2)",
            self.visit.id,
            batch,
        )
        return [Held(*row) for row in rows]

    async def held_page(self, *, begin: int, limit: int, only: LiveBill | None) -> list[Held]:
        """Lines in the order of their keys from `begin` on; of a bill, or all of the visit."""
        assert self.visit is not None
        batch = days = first = last = None
        if only is not None:
            batch, days = only.batch, only.batch is None
            first, last = only.begin_day, only.end_day
        rows = await self._connection.fetch(
            f"SELECT {_HELD} FROM fee_line WHERE visit = $1 AND key >= $2"
            " AND ($4::text IS NULL OR batch = $4)"
            " AND ($5::boolean IS NOT TRUE OR day BETWEEN $6::date AND $7::date) ORDER BY key LIMIT $3",
            self.visit.id, begin, limit, batch, days, first, last,
        )  # fmt: skip
        return [Held(*row) for row in rows]

    async def returns_of(self, keys: Sequence[int]) -> dict[int, Held]:
        """The returns that name one of these lines."""
        assert self.visit is not None
        rows = await self._connection.fetch(
            f"SELECT {_HELD} FROM fee_line WHERE visit = $1 AND init_key = any($2) AND init_key IS NOT NULL",
            self.visit.id,
            list(keys),
        )
        return {row["key"]: Held(*row) for row in rows}

    async def sums(self, places: Collection[Place]) -> dict[Place, Sum]:
        """The visit's sums of these batches and days: a long stay has many others."""
        assert self.visit is not None
        return (await read_sums(self._connection, [self.visit.id], places)).get(self.visit.id, {})

    async def takers(self, codes: Sequence[int]) -> dict[int, int]:
        """Which line has a traceability code, by the keys of both."""
        assert self.visit is not None
        rows = await self._connection.fetch(
            "SELECT code, key FROM fee_trace WHERE visit = $1 AND code = any($2)", self.visit.id, list(codes)
        )
        return {row["code"]: row["key"] for row in rows}

    async def _write_codes(self, change: Change, slices: Slices) -> None:
        assert self.visit is not None
        if change.codes_given_back:
            # both lists are of the same lines, so no other line's code goes; a join would look at all of the visit's
            await self._connection.execute(
                "DELETE FROM fee_trace WHERE visit = $1 AND code = any($2) AND key = any($3)",
                self.visit.id, [code for code, _ in change.codes_given_back],
                list({key for _, key in change.codes_given_back}),
            )  # fmt: skip
        if change.codes:
            await self._connection.copy_to_table(
                "fee_trace", source=code_pieces(self.visit.id, change.codes, slices), columns=CODE_COLUMNS,
                format="binary",
            )  # fmt: skip

    async def totals(self) -> tuple[int, int]:
        """Lines of the visit, and what they come to, fen."""
        assert self.visit is not None
        row = await self._connection.fetchrow(
            "SELECT coalesce(sum(lines), 0)::bigint, coalesce(sum(total_fen), 0)::bigint FROM fee_sum WHERE visit = $1",
            self.visit.id,
        )
        assert row is not None, "a sum has a row"
        return row[0], row[1]

    async def write(self, change: Change, slices: Slices) -> None:
        """Lines and sums as they are from now on; `slices` drives what takes long."""
        assert self.visit is not None
        visit, connection = self.visit.id, self._connection
        if change.deleted:
            await connection.execute(
                "DELETE FROM fee_line WHERE visit = $1 AND key = any($2)", visit, list(change.deleted)
            )
        written = list(change.written.values())
        await connection.copy_to_table(
            "fee_line", source=line_pieces(visit, written, slices), columns=LINE_COLUMNS, format="binary"
        )
        await self._write_codes(change, slices)
        await connection.execute(
            "DELETE FROM fee_sum s USING unnest($2::text[], $3::date[]) AS p (batch, day)"
            " WHERE s.visit = $1 AND s.batch = p.batch AND s.day = p.day",
            visit, [place[0] for place in change.sums], [place[1] for place in change.sums],
        )  # fmt: skip
        await connection.copy_records_to_table(
            "fee_sum",
            records=[sum_row(visit, place, one) for place, one in change.sums.items() if one.lines],
            columns=("visit", "batch", "day", "lines", "total_fen", "full_self_fen", "over_limit_fen",
                     "first_pay_fen", "in_scope_fen", "splits", "content"),
        )  # fmt: skip
        await self._count()

    async def delete_all(self) -> None:
        """No line is left of the visit."""
        assert self.visit is not None
        for table in ("fee_line", "fee_trace", "fee_sum"):
            await self._connection.execute(f"DELETE FROM {table} WHERE visit = $1", self.visit.id)
        await self._count()

    async def _count(self) -> None:
        assert self.visit is not None
        await self._connection.execute(
            "UPDATE visit SET fee_lines = (SELECT coalesce(sum(lines), 0) FROM fee_sum WHERE visit = $1) WHERE id = $1",
            self.visit.id,
        )

    async def answer(self, row: RequestRow) -> None:
        """Claim the call with its answer (the trigger compares and raises the visit's version)."""
        await self._connection.copy_records_to_table(
            f"request_{row.day:%Y%m%d}", records=[row], columns=RequestRow._fields
        )


class FeeBook:
    """Some connections that fee calls share; each call has one to itself for its transaction."""

    def __init__(self, *, dsn: str, region: str, slot: int) -> None:
        self._dsn = dsn
        self._name = f"gateway {region} slot {slot} fees"
        self._writing = asyncio.Semaphore(WRITING_MAX)
        self._free: asyncio.Queue[Connection | None] = asyncio.Queue(CONNECTIONS)
        for _ in range(CONNECTIONS):
            self._free.put_nowait(None)

    async def close(self) -> None:
        """Close what is open."""
        for _ in range(CONNECTIONS):
            connection = await self._free.get()
            if connection is not None:
                await postgres.close(connection)

    @asynccontextmanager
    async def transaction(self, visit: bytes | None) -> AsyncIterator[FeeTransaction]:
        """A transaction that holds the visit. Raises ClaimConflict and CareBookUnavailable."""
        await _within_wait(self._writing.acquire())
        try:
            async with self.connection() as connection, connection.transaction():
                yield FeeTransaction(connection, await _locked_visit(connection, visit))
        finally:
            self._writing.release()

    @asynccontextmanager
    async def reading(self, visit: bytes) -> AsyncIterator[FeeTransaction]:
        """A snapshot of the visit, which holds nothing. Raises CareBookUnavailable."""
        async with (
            self.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield FeeTransaction(connection, await _read_visit(connection, visit))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one call, in no transaction yet. Raises ClaimConflict and CareBookUnavailable."""
        connection = await _within_wait(self._free.get())
        try:
            if connection is None or connection.is_closed():
                connection = await self._connect()
            yield connection
        except Exception as error:
            raise _known(error, connection) from error
        finally:
            self._free.put_nowait(connection if connection and not connection.is_closed() else None)

    async def _connect(self) -> Connection:
        return await postgres.connect(
            self._dsn, application_name=self._name, role="book_writer", lock_timeout=f"{LOCK_TIMEOUT_MS}ms",
            statement_timeout=f"{STATEMENT_TIMEOUT_MS}ms", enable_hashjoin="off", enable_mergejoin="off",
            enable_seqscan="off",
        )  # fmt: skip


@asynccontextmanager
async def open_fee_book(*, dsn: str, region: str, slot: int) -> AsyncIterator[FeeBook]:
    """The fee book of one slot; the care book has brought the schema up to date."""
    book = FeeBook(dsn=dsn, region=region, slot=slot)
    try:
        yield book
    finally:
        await book.close()


async def _within_wait(waiting: Coroutine[Any, Any, Got]) -> Got:
    """What was waited for. Raises CareBookUnavailable where it takes too long."""
    try:
        async with asyncio.timeout(WAIT_S):
            return await waiting
    except TimeoutError:
        raise CareBookUnavailable("too many fee calls are under way") from None


def _known(error: Exception, connection: "Connection | None") -> Exception:
    """An error in the words of the care book; a lost connection is not used again."""
    if isinstance(error, ClaimConflict | CareBookUnavailable):
        return error
    if isinstance(error, DatabaseUnreachable):
        return CareBookUnavailable()
    kind = failure_of(error).kind
    if kind in (FailureKind.UNIQUE, FailureKind.PRIVATE, FailureKind.DEADLOCK, FailureKind.WAIT):
        return ClaimConflict()
    if kind in (FailureKind.LOST, FailureKind.MISSING_TABLE):
        if connection is not None and kind is FailureKind.LOST:
            connection.terminate()
        return CareBookUnavailable()
    return error


async def _locked_visit(connection: Connection, visit: bytes | None) -> Visit | None:
    if visit is None:
        return None
    await connection.execute("SELECT 1 FROM visit WHERE id = $1 FOR UPDATE", visit)
    return await _read_visit(connection, visit)


async def _read_visit(connection: Connection, visit: bytes) -> Visit | None:
    row = await connection.fetchrow(VISIT_QUERY, postgres.bytea_array([visit]))
    return None if row is None else visit_of(tuple(row))
