"""The care book in PostgreSQL: three connections of one slot, each reopened by the next call after it was lost.

One connection claims, one books, one answers queries, so that none waits for another. A reopened connection first
ends the backend of its namesake: what that one had begun is then decided, and reading tells what became of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from itertools import accumulate
from typing import Any, Final

from gateway.care_book import (
    BillLines,
    BookedAlready,
    CareBookUnavailable,
    Claim,
    ClaimConflict,
    Decided,
    Known,
    OpenItem,
    RequestRow,
    RowRefused,
    Sought,
    Visit,
)
from gateway.fees.changes import Place, Sum
from gateway.fees.sums import changed_bills, read_sums
from ledger.copy_rows import COPY_COLUMNS, copy_bytes
from ledger.errors import RowUnencodable
from ledger.rows import COLUMNS, Row
from runtime import postgres
from runtime.clock import Clock, china_date
from runtime.errors import DatabaseUnreachable
from runtime.postgres import Connection, FailureKind, bytea_array, copy_in, failure_of

LEAVES_AHEAD_DAYS: Final = 3
LOCK_TIMEOUT_MS: Final = 5_000
STATEMENT_TIMEOUT_MS: Final = 15_000

CLAIMS: Final = "claims"
BOOKING: Final = "booking"
QUERIES: Final = "queries"

_CONFLICTS: Final = frozenset(
    {FailureKind.UNIQUE, FailureKind.PRIVATE, FailureKind.DEADLOCK, FailureKind.WAIT}
)
_WAITS: Final = frozenset({FailureKind.WAIT, FailureKind.DEADLOCK})
_ROW_FAULTS: Final = frozenset(
    {FailureKind.CHECK, FailureKind.NOT_NULL, FailureKind.OVERFLOW, FailureKind.UNENCODABLE}
)
_READ: Final = """
SELECT k.id, c.digest, c.day, c.kind, c.node, c.partition, c.psn_no, c.visit, c.undone_by
FROM unnest($1::text::bytea[]) AS k (id) CROSS JOIN LATERAL (SELECT * FROM claim WHERE id = k.id OFFSET 0) c
"""
_READ_VISITS: Final = """
SELECT v.id, v.alias, v.fixmedins_code, v.serial, v.psn_no, v.home_pool, v.care_pool, v.node, v.partition, v.insutype,
  v.med_type, v.begin_day, v.dise_codg, v.matn_type, v.emergency, v.injury, v.third_party, v.state, v.cancelled_by,
  v.version, (SELECT o.id FROM open o WHERE o.visit = v.id AND o.exclusive) AS busy,
  lives.bills, (SELECT coalesce(sum(b.unsealed), 0) FROM bill b WHERE b.visit = v.id) AS unsealed,
  lives.begin_days, lives.end_days, v.fee_lines, v.reopened
FROM visit v, LATERAL (
  SELECT array_agg(b.bill ORDER BY b.bill) AS bills, array_agg(b.begin_day ORDER BY b.bill) AS begin_days,
    array_agg(b.end_day ORDER BY b.bill) AS end_days
  FROM bill b WHERE b.visit = v.id AND b.alive > 0) lives
WHERE v.id = any($1::text::bytea[]){aliases}
"""
VISIT_QUERY: Final = _READ_VISITS.format(aliases="")
_READ_VISITS_BY_ALIAS: Final = _READ_VISITS.format(aliases=" OR v.alias = any($2::text::bytea[])")
_READ_OPEN: Final = """
SELECT r.id, r.kind, r.digest, r.node, r.partition, r.deadline_ms, o.since_ms, o.slot, r.item
FROM open o JOIN request r ON r.id = o.id AND r.day = o.day WHERE {which} ORDER BY o.since_ms LIMIT {limit}
"""
Send = Callable[[Connection, str], Awaitable[None]]
"""Copies rows into a leaf of that name."""
OPEN_ITEMS_MAX: Final = 50_000
"""How many open items a slot takes over at once; the sweeper finds the rest."""


class PostgresCareBook:
    """See `gateway.care_book.CareBook`; use within `open_care_book`."""

    def __init__(self, *, dsn: str, name: str, slot: int, clock: Clock) -> None:
        self._dsn = dsn
        self._name = name
        self._slot = slot
        self._clock = clock
        self._connections: dict[str, Connection] = {}
        self._in_use = {use: asyncio.Lock() for use in (CLAIMS, BOOKING, QUERIES)}
        self._owner_lock = asyncio.Lock()

    async def close(self) -> None:
        """Close what is open."""
        for connection in self._connections.values():
            await postgres.close(connection)
        self._connections.clear()

    async def _connection(self, use: str) -> Connection:
        connection = self._connections.get(use)
        if connection is not None and not connection.is_closed():
            return connection
        name = f"{self._name} {use}"
        try:
            connection = await postgres.connect(
                self._dsn, application_name=name, role="book_writer",
                lock_timeout=f"{LOCK_TIMEOUT_MS}ms", statement_timeout=f"{STATEMENT_TIMEOUT_MS}ms",
                # the statements look a few hundred keys up; a plan made on an empty table must not scan a full one
                enable_hashjoin="off", enable_mergejoin="off", enable_seqscan="off",
            )  # fmt: skip
            async with self._owner() as owner:
                await owner.fetch(
                    "SELECT pg_terminate_backend(pid, 3000) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name = $1 AND pid <> $2",
                    name, connection.get_server_pid(),
                )  # fmt: skip
        except DatabaseUnreachable as failed:
            raise CareBookUnavailable from failed
        self._connections[use] = connection
        return connection

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[Connection]:
        """A short connection with the owner's rights: leaves and takeovers."""
        async with (
            self._owner_lock,
            postgres.opened(self._dsn, application_name=f"{self._name} owner") as owner,
        ):
            yield owner

    @asynccontextmanager
    async def _using(self, use: str, *, writing: bool = False) -> AsyncIterator[Connection]:
        """One at a time: a second statement on a busy connection would cost the first its connection.

        A read that waits too long finds the book unavailable; what that means to a write, the write knows.
        """
        async with self._in_use[use]:
            connection = await self._connection(use)
            try:
                yield connection
            except (asyncio.CancelledError, GeneratorExit):
                raise
            except Exception as error:
                failure = failure_of(error)
                if failure.kind in (FailureKind.LOST, FailureKind.OTHER):
                    connection.terminate()
                    raise CareBookUnavailable from error
                if failure.kind in _WAITS and not writing:
                    raise CareBookUnavailable from error
                raise

    async def take_over(self) -> list[OpenItem]:
        """See CareBook."""
        try:
            async with self._owner() as owner:
                await postgres.terminate_backends(owner, f"{self._name} ")
        except DatabaseUnreachable as failed:
            raise CareBookUnavailable from failed
        await self.make_leaves()
        async with self._using(CLAIMS) as connection:
            rows = await connection.fetch(
                _READ_OPEN.format(which="o.slot = $1", limit=OPEN_ITEMS_MAX), self._slot
            )
        return [OpenItem(*row) for row in rows]

    async def make_leaves(self) -> None:
        """Leaves from yesterday's to those of the coming days; those that are there stay."""
        today = china_date(self._clock.now_ms())
        try:
            async with self._owner() as owner:
                for ahead in range(-1, LEAVES_AHEAD_DAYS + 1):
                    await self._make_leaf(owner, today + timedelta(days=ahead))
        except DatabaseUnreachable as failed:
            raise CareBookUnavailable from failed

    async def _make_leaf(self, owner: Connection, day: date) -> None:
        await owner.execute("SELECT make_leaf('request', $1, 'claim_written')", day)
        await owner.execute("SELECT make_leaf('care', $1, 'care_written')", day)

    async def read(self, sought: Sequence[Sought]) -> Known:
        """See CareBook. Claims first, visits after, each statement later than the one before: what was claimed
        between them shows as a busy visit or a higher version, never as a free one."""
        ids = [id_ for one in sought for id_ in one.ids]
        visits = [one.visit for one in sought if one.visit is not None]
        aliases = [one.alias for one in sought if one.alias is not None]
        async with self._using(CLAIMS) as connection:
            claimed = await connection.fetch(_READ, bytea_array(ids))
            claims = {row[0]: Claim(*row[1:]) for row in map(tuple, claimed)}
            visits += [claim.visit for claim in claims.values() if claim.visit is not None]
            if aliases:
                rows = await connection.fetch(
                    _READ_VISITS_BY_ALIAS, bytea_array(visits), bytea_array(aliases)
                )
            else:
                rows = await connection.fetch(VISIT_QUERY, bytea_array(visits)) if visits else []
        found = [visit_of(row) for row in rows]
        return Known(
            claims,
            {visit.id: visit for visit in found},
            {visit.alias: visit for visit in found if visit.alias},
        )

    async def finals(self, claims: dict[bytes, Claim]) -> dict[bytes, Decided]:
        """See CareBook. `open` is read before the book: what is in neither was booked in between, and is there."""
        ids = list(claims)
        async with self._using(QUERIES) as connection:
            open_ids = {
                row[0] for row in await connection.fetch("SELECT id FROM open WHERE id = any($1)", ids)
            }
            own = await connection.fetch("SELECT id, answer FROM own WHERE id = any($1)", ids)
            finals = {row[0]: Decided(row[1], None, True, None) for row in own}
            left = [id_ for id_ in ids if id_ not in finals and id_ not in open_ids]
            for row in await _booked_rows(connection, {id_: claims[id_].day for id_ in left}):
                finals[row.id] = Decided(row.answer, row.digest, False, row)
        return finals

    async def open_items(self, ids: Sequence[bytes]) -> list[OpenItem]:
        """See CareBook."""
        async with self._using(QUERIES) as connection:
            rows = await connection.fetch(_READ_OPEN.format(which="o.id = any($1)", limit=len(ids)), ids)
        return [OpenItem(*row) for row in rows]

    async def stale_items(self, *, since_before_ms: int, limit: int) -> list[OpenItem]:
        """See CareBook. One sweeper a region: the others find the lock taken and nothing stale."""
        async with self._using(QUERIES) as connection, connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('gateway sweeper'))"):
                return []
            rows = await connection.fetch(
                _READ_OPEN.format(which="o.since_ms < $1", limit=limit), since_before_ms
            )
        return [OpenItem(*row) for row in rows]

    async def lines_in_live_bills(self, wanted: Sequence[BillLines]) -> set[tuple[bytes, bytes]]:
        """See CareBook."""
        ends = list(accumulate([len(one.line_keys) for one in wanted]))
        keys = [key for one in wanted for key in one.line_keys]
        async with self._using(CLAIMS) as connection:
            rows = await connection.fetch(
                # each message's keys are a slice of one array: a join over them would compare all with all
                "SELECT DISTINCT w.place - 1 FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::int[])"
                " WITH ORDINALITY AS w (visit, bill, first, last, place) JOIN bill b ON b.visit = w.visit"
                " AND b.bill <> w.bill AND b.alive > 0 AND b.line_keys && ($5::bigint[])[w.first : w.last]",
                [one.visit for one in wanted], [one.bill for one in wanted],
                [end - len(one.line_keys) + 1 for end, one in zip(ends, wanted, strict=True)], ends, keys,
            )  # fmt: skip
            live = {(wanted[row[0]].visit, wanted[row[0]].bill) for row in rows}
            return live | await changed_bills(connection, wanted)

    async def fee_sums(self, visits: Sequence[bytes]) -> dict[bytes, dict[Place, Sum]]:
        """See CareBook."""
        async with self._using(CLAIMS) as connection:
            return await read_sums(connection, visits)

    async def bills_of(self, visit: bytes) -> dict[bytes, Claim]:
        """See CareBook."""
        async with self._using(QUERIES) as connection:
            rows = await connection.fetch(
                "SELECT b.last_id, c.digest, c.day, c.kind, c.node, c.partition, c.psn_no, c.visit, c.undone_by"
                " FROM bill b JOIN claim c ON c.id = b.last_id WHERE b.visit = $1 ORDER BY b.last_number",
                visit,
            )
        return {row[0]: Claim(*tuple(row)[1:]) for row in rows}

    async def signed_in(self, ids: Sequence[bytes]) -> dict[bytes, str]:
        """See CareBook."""
        async with self._using(QUERIES) as connection:
            rows = await connection.fetch(
                "SELECT id, fixmedins_code FROM signed_in WHERE id = any($1) AND out_ms IS NULL", list(ids)
            )
        return {row["id"]: row["fixmedins_code"] for row in rows}

    async def claim(self, rows: Sequence[RequestRow]) -> None:
        """See CareBook."""
        ordered = sorted(rows, key=lambda row: row.id)
        try:
            await self._copy(CLAIMS, "request", ordered[0].day, partial(_send_requests, rows=ordered))
        except Exception as error:
            failure = failure_of(error)
            if failure.kind in _CONFLICTS:
                raise ClaimConflict from error
            if failure.kind in _ROW_FAULTS:
                raise RowRefused(_line_of(ordered, rows, failure.copy_line)) from error
            raise

    async def book(self, rows: Sequence[Row]) -> None:
        """See CareBook."""
        ordered = sorted(rows, key=lambda row: row.id)
        try:
            send = partial(copy_in, columns=COPY_COLUMNS, source=copy_bytes(ordered))
            await self._copy(BOOKING, "care", ordered[0].day, send)
        except RowUnencodable as unencodable:
            raise RowRefused(_line_of(ordered, rows, unencodable.line)) from None
        except Exception as error:
            failure = failure_of(error)
            if failure.kind in _CONFLICTS:
                raise BookedAlready from error
            if failure.kind in _ROW_FAULTS:
                raise RowRefused(_line_of(ordered, rows, failure.copy_line)) from error
            raise

    async def booked(self, rows: Sequence[Row]) -> dict[bytes, bytes]:
        """See CareBook."""
        async with self._using(BOOKING) as connection:
            found = await connection.fetch(
                "SELECT id, answer FROM care WHERE id = any($1) AND day = any($2)",
                [row.id for row in rows], list({row.day for row in rows}),
            )  # fmt: skip
            answers = {row[0]: row[1] for row in found}
            await connection.execute(
                "DELETE FROM open WHERE id = any(array(SELECT id FROM open WHERE id = any($1) ORDER BY id FOR UPDATE))",
                list(answers),
            )
        return answers

    async def _copy(self, use: str, table: str, day: date, send: Send) -> None:
        copy = partial(self._copy_once, use, f"{table}_{day:%Y%m%d}", send)
        try:
            await copy()
        except CareBookUnavailable:
            raise
        except Exception as error:
            if failure_of(error).kind is not FailureKind.MISSING_TABLE:
                raise
            async with self._owner() as owner:
                await self._make_leaf(owner, day)
            await copy()

    async def _copy_once(self, use: str, leaf: str, send: Send) -> None:
        async with self._using(use, writing=True) as connection:
            await send(connection, leaf)


async def _send_requests(connection: Connection, leaf: str, *, rows: Sequence[RequestRow]) -> None:
    await connection.copy_records_to_table(leaf, records=rows, columns=RequestRow._fields)


async def bring_up_to_date(dsn: str, *, name: str) -> None:
    """Apply what the region's database lacks."""
    async with postgres.opened(dsn, application_name=f"{name} migrate") as connection:
        await postgres.migrate(connection, postgres.migrations_of("ledger"), owner="ledger")
        await postgres.migrate(connection, postgres.migrations_of("gateway"), owner="gateway")


@asynccontextmanager
async def open_care_book(
    *, dsn: str, region: str, slot: int, clock: Clock
) -> AsyncIterator[PostgresCareBook]:
    """The book of one slot, its schema brought up to date first."""
    name = f"gateway {region} slot {slot}"
    await bring_up_to_date(dsn, name=name)
    book = PostgresCareBook(dsn=dsn, name=name, slot=slot, clock=clock)
    try:
        yield book
    finally:
        await book.close()


def visit_of(row: Any) -> Visit:
    """A row of VISIT_QUERY."""
    *values, live_bills, unsealed, begin_days, end_days, fee_lines, reopened = tuple(row)
    days = tuple(zip(begin_days, end_days, strict=True)) if live_bills else ()
    return Visit._make((*values, tuple(live_bills or ()), int(unsealed), days, fee_lines, reopened))


def _line_of(ordered: Sequence[Any], rows: Sequence[Any], copy_line: int | None) -> int | None:
    if copy_line is None or not 1 <= copy_line <= len(ordered):
        return None
    return rows.index(ordered[copy_line - 1])


async def _booked_rows(connection: Connection, days: dict[bytes, date]) -> list[Row]:
    """The care rows of claimed ids: sought from the day before the claim's on, then, for what is left, everywhere."""
    if not days:
        return []
    select = f"SELECT {', '.join(COLUMNS)} FROM care WHERE id = any($1)"
    first = min(days.values()) - timedelta(days=1)
    last = max(days.values()) + timedelta(days=1)
    rows = await connection.fetch(f"{select} AND day BETWEEN $2 AND $3", list(days), first, last)
    left = set(days) - {row["id"] for row in rows}
    if left:
        rows = [*rows, *await connection.fetch(select, list(left))]
    return [Row._make([tuple(value) if type(value) is list else value for value in row]) for row in rows]
