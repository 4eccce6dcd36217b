"""The home book in PostgreSQL: reads in few round trips, W2 as one COPY into the day's leaf.

`homepool/sql/0001_home_book.sql` holds the trigger that does the rest of the payment; docs/adr/0003 says why it has
that shape. The session takes over under its login, then works as `book_writer`, which may only look and insert
into leaves. Failures are told apart by SQLSTATE and constraint, and never carry a row's DETAIL out of here.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

import asyncpg

from homepool.benefits import Filing
from homepool.book import (
    BookBroken,
    Cursor,
    Fenced,
    FilingBook,
    Key,
    Parked,
    PersonalData,
    Reading,
    Stored,
    Unavailable,
    Written,
)
from homepool.book_failures import NotAllowed, failures, whole_transaction
from homepool.credentials import Holder
from homepool.filing.store import filing_transaction
from homepool.insured import Coverage, Identity, Person
from homepool.still import probe_row
from homepool.written_rows import COPY_COLUMNS, copy_bytes
from ledger.life import Id
from ledger.rows import ACCUMULATORS, COLUMNS, Row
from runtime import postgres
from runtime.clock import china_date
from runtime.postgres import Connection, bytea_array, copy_in, number_array, text_array

LOCK_TIMEOUT_MS: Final = 5_000
STATEMENT_TIMEOUT_MS: Final = 30_000
LEAVES_AHEAD_DAYS: Final = 4
"""Today's leaf and those of the next three days."""
_NEVER: Final = date(2000, 1, 1)
_ARRAYS: Final = tuple(
    COLUMNS.index(name) for name in ("deltas", "family_psn_no", "family_amount_fen", "line_keys")
)
_KEY_ARRAYS: Final[tuple[Callable[[Any], str], ...]] = (
    *([bytea_array] * 3), *([text_array] * 2), *([number_array] * 2)
)  # fmt: skip
_CURSOR: Final = "partition, term, version, next_number, day, term_first_number, term_first_day"


class PostgresReads:
    """What may be read and written on one connection, in a transaction or without."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, partition: int, keys: Sequence[Key]) -> Reading:
        """Everything a flush needs beside people and stored rows, in one round trip."""
        columns = list(zip(*keys, strict=True)) if keys else [()] * len(Key._fields)
        with failures():
            records = await self._connection.fetch(
                _READ, partition, *[write(column) for write, column in zip(_KEY_ARRAYS, columns, strict=True)]
            )
        known: set[Id] = set()
        live: dict[Id, Id] = {}
        visit_live: dict[Id, set[Id]] = {key.visit: set() for key in keys if key.visit is not None}
        used: dict[tuple[str, str, int], tuple[int, ...]] = {}
        month_used: dict[tuple[str, str, int], tuple[int, int]] = {}
        balances: dict[str, int] = {}
        version = clock_ms = 0
        for record in records:
            place, version, clock_ms, claimed, alive, visit_alive, in_scope, pooled, balance = record[:9]
            if place is None:
                continue  # no keys were asked for: only version and clock
            id_, bill, visit, psn_no, insutype, year, month = keys[place - 1]
            if claimed is not None and id_ is not None:
                known.add(id_)
            if alive is not None and bill is not None:
                live[bill] = alive
            if visit_alive is not None and visit is not None:
                visit_live[visit].add(visit_alive)
            if psn_no is None:
                continue
            if balance is not None:
                balances[psn_no] = balance
            if insutype is None:
                continue
            if record[9] is not None and year is not None:
                used[(psn_no, insutype, year)] = record[9:]
            if in_scope is not None and month is not None:
                month_used[(psn_no, insutype, month)] = (in_scope, pooled)
        return Reading(version, clock_ms, known, live, visit_live, used, month_used, balances)

    async def people(self, psn_nos: Iterable[str]) -> dict[str, Person]:
        """The persons that the book knows, in one round trip."""
        with failures():
            records = await self._connection.fetch(_PEOPLE, text_array(psn_nos))
        parts: dict[str, tuple[list[asyncpg.Record], ...]] = {}
        for record in records:
            psn_no = record[1]
            if psn_no not in parts:
                parts[psn_no] = ([], [], [], [], [], [], [])
            parts[psn_no][record[0]].append(record)
        return {psn_no: _person(psn_no, *found) for psn_no, found in parts.items() if found[0]}

    async def rows(self, ids: Iterable[Id]) -> dict[Id, Stored]:
        """Stored decisions by id, each with what has become of it."""
        with failures():
            records = await self._connection.fetch(_ROWS, bytea_array(ids))
        stored: dict[Id, Stored] = {}
        width = len(COLUMNS)
        for record in records:
            values: list[Any] = list(record[:width])
            for place in _ARRAYS:
                if values[place] is not None:
                    values[place] = tuple(values[place])
            row = Row._make(values)
            stored[row.id] = Stored(row, record[width], record[width + 1], record[width + 2])
        return stored

    async def write(self, rows: Sequence[Written], cursor: Cursor) -> Cursor:
        """W2. Raises what `homepool.book` lists; then nothing was written."""
        if not rows:
            return cursor
        first = rows[0].row
        await self._copy(f"decision_{first.day:%Y%m%d}", rows, cursor)
        return cursor._replace(
            version=cursor.version + 1, next_number=first.number + len(rows), day=first.day
        )

    async def _copy(self, table: str, rows: Sequence[Written], cursor: Cursor) -> None:
        source = copy_bytes(rows, cursor.version)
        with failures():
            await copy_in(self._connection, table, COPY_COLUMNS, source)


class LockedPostgresBook(PostgresReads):
    """The same within a transaction that holds the cursor's lock."""

    def __init__(self, connection: Connection, cursor: Cursor) -> None:
        super().__init__(connection)
        self.cursor = cursor

    async def lock_accounts(self, psn_nos: Iterable[str]) -> None:
        """Lock personal accounts in the order of their key."""
        with failures():
            await self._connection.fetchval("SELECT lock_accounts($1)", sorted(psn_nos))


class PostgresBook(PostgresReads):
    """One session with the home book."""

    async def cursor(self, partition: int) -> Cursor:
        """The partition's cursor; one that was never served stands at term 0."""
        with failures():
            record = await self._connection.fetchrow(
                f"SELECT {_CURSOR} FROM cursor WHERE partition = $1", partition
            )
        return Cursor(*record) if record else Cursor(partition, 0, 0, 1, _NEVER, 1, _NEVER)

    async def take_over(self, partition: int, *, now_ms: int) -> Cursor:
        """End the writer before, draw a term above its own, prove that the guards stand."""
        with failures():
            await self._connection.execute("RESET ROLE")
            await self._connection.execute(
                "INSERT INTO cursor (partition, term, version, next_number, day, term_first_number, term_first_day)"
                " VALUES ($1, 0, 0, 1, $2, 1, $2) ON CONFLICT DO NOTHING",
                partition,
                _NEVER,
            )
            cursor = None
            while cursor is None:
                cursor = await self._draw_term(partition, now_ms)
            await self._connection.execute("SET ROLE book_writer")
        today = max(cursor.day, china_date(now_ms))
        await self.make_leaves(today, LEAVES_AHEAD_DAYS)
        await self._prove_guards(cursor, today)
        return cursor

    async def _draw_term(self, partition: int, now_ms: int) -> Cursor | None:
        before = await self._connection.fetchrow(
            "SELECT c.term, a.pid FROM cursor c LEFT JOIN pg_stat_activity a ON a.pid = c.writer_pid"
            " AND a.backend_start = c.writer_backend_start AND a.pid <> pg_backend_pid() WHERE partition = $1",
            partition,
        )
        assert before is not None
        if before["pid"] is not None:
            ended = await self._connection.fetchval(
                "SELECT pg_terminate_backend($1, $2)", before["pid"], LOCK_TIMEOUT_MS
            )
            if not ended:
                raise Unavailable("The session of the writer before does not end.")
        record = await self._connection.fetchrow(
            "UPDATE cursor SET term = greatest($2, term + 1), version = version + 1,"
            " term_first_number = next_number, term_first_day = day, writer_pid = pg_backend_pid(),"
            " writer_backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"
            f" WHERE partition = $1 AND term = $3 RETURNING {_CURSOR}",
            partition,
            now_ms,
            before["term"],
        )
        return Cursor(*record) if record else None  # None: somebody else was faster; end him too

    async def _prove_guards(self, cursor: Cursor, today: date) -> None:
        """A COPY that must fail, in the leaf and in the parent: else what is written goes past the trigger."""
        probe = [Written(probe_row(cursor._replace(term=cursor.term - 1), today))]
        try:
            await self.write(probe, cursor)
        except Fenced:
            pass
        else:
            raise BookBroken("The day's leaf took a row of an old term: its trigger is missing.")
        try:
            await self._copy("decision", probe, cursor)
        except NotAllowed:
            return
        raise BookBroken("The writer may insert past the leaves: grants are missing.")

    @contextlib.asynccontextmanager
    async def locked(self, cursor: Cursor) -> AsyncIterator[LockedPostgresBook]:
        """A transaction that holds the cursor's lock; commits at its end."""
        async with whole_transaction(self._connection):
            with failures():
                record = await self._connection.fetchrow(
                    f"SELECT {_CURSOR} FROM lock_cursor($1::smallint)", cursor.partition
                )
            if record is None or record["term"] != cursor.term:
                raise Fenced
            yield LockedPostgresBook(self._connection, Cursor(*record))

    def filing(self, partition: int) -> contextlib.AbstractAsyncContextManager[FilingBook]:
        """A transaction for filings of the partition's people."""
        return filing_transaction(self._connection, partition, self.people)

    async def park(self, partition: int, parked: Sequence[Parked]) -> None:
        """Keep items for people to look at; again is harmless."""
        with failures():
            await self._connection.executemany(
                "INSERT INTO parked (id, partition, item, why) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                [(one.id, partition, one.item, one.why) for one in parked],
            )

    async def make_leaves(self, first: date, days: int) -> None:
        """Make the leaves of `days` days from `first` on, where they are not there yet."""
        with failures():
            for ahead in range(days):
                await self._connection.fetchval(
                    "SELECT make_decision_leaf($1)", first + timedelta(days=ahead)
                )

    async def holders(self, hashed: bytes) -> list[Holder]:
        """Whose credential it is."""
        with failures():
            records = await self._connection.fetch(
                "SELECT psn_no, valid_to FROM person_credential WHERE hash = $1 ORDER BY psn_no LIMIT 20",
                hashed,
            )
        return [Holder(*record) for record in records]

    async def personal_data(self, psn_no: str) -> PersonalData | None:
        """Name and certificate, for a sealed answer only."""
        with failures():
            record = await self._connection.fetchrow(
                "SELECT psn_name, cert_type, certno, gend, born FROM person WHERE psn_no = $1", psn_no
            )
        return PersonalData(*record) if record else None


@contextlib.asynccontextmanager
async def opened(
    dsn: str, *, name: str, lock_timeout_ms: int = LOCK_TIMEOUT_MS
) -> AsyncIterator[PostgresBook]:
    """A session for the length of a block; `name` shows in pg_stat_activity."""
    async with postgres.opened(
        dsn,
        application_name=name,
        lock_timeout=str(lock_timeout_ms),
        statement_timeout=str(STATEMENT_TIMEOUT_MS),
        # every read is by key, so no other plan is wanted than the one by key
        enable_seqscan="off",
        enable_hashjoin="off",
        enable_mergejoin="off",
        enable_material="off",
        plan_cache_mode="force_generic_plan",
    ) as connection:
        yield PostgresBook(connection)


def _person(
    psn_no: str,
    person: list[asyncpg.Record],
    insurances: list[asyncpg.Record],
    identities: list[asyncpg.Record],
    filings: list[asyncpg.Record],
    relatives: list[asyncpg.Record],
    accounts: list[asyncpg.Record],
    paid_by_hand: list[asyncpg.Record],
) -> Person:
    coverages: dict[tuple[int, str], tuple[Coverage, ...]] = {}
    for record in sorted(insurances, key=lambda record: str(record[6])):
        _, _, pool, insutype, psn_type, civil, valid_from, valid_to, status, paused_on, _ = record
        key = (int(pool), insutype)
        coverage = Coverage(
            int(pool), insutype, psn_type, civil == "true", valid_from, valid_to, status, paused_on
        )
        coverages[key] = (*coverages.get(key, ()), coverage)
    return Person(
        psn_no=psn_no,
        born=person[0][2],
        coverages=coverages,
        identities=tuple(sorted(Identity(record[2], record[3], record[4]) for record in identities)),
        filings=tuple(sorted(_filing(record) for record in filings)),
        account_pool=int(accounts[0][2]) if accounts else 0,
        relatives=tuple(sorted((record[2], int(record[3])) for record in relatives)),
        invoices=frozenset([record[2] for record in paid_by_hand]),
    )


def _filing(record: asyncpg.Record) -> Filing:
    _, _, kind, care, valid_from, valid_to, insutype, disease, institution, id_, withdrawn = record
    prefixes = (care,) if care else ()
    return Filing(
        kind,
        prefixes,
        valid_from,
        valid_to,
        insutype,
        disease,
        institution,
        bytes.fromhex(id_),
        withdrawn == "true",
    )


# Each table is asked by its key for each row, whatever the planner thinks of it: a plan that is made while a table is
# empty (the first morning of a node) would else read all of it for every row, for as long as the session lives.
_READ: Final = f"""
SELECT k.place, s.version, s.clock_ms, c.number, b.live, v.live, m.in_scope, m.pooled, a.balance_fen,
  {", ".join("y." + name for name in ACCUMULATORS)}
FROM (SELECT coalesce((SELECT version FROM cursor WHERE partition = $1), 0) AS version,
  (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock_ms) s
LEFT JOIN unnest($2::text::bytea[], $3::text::bytea[], $4::text::bytea[], $5::text::text[], $6::text::text[],
  $7::text::integer[], $8::text::integer[])
  WITH ORDINALITY AS k(id, bill, visit, psn_no, insutype, year, month, place) ON true
LEFT JOIN LATERAL (SELECT number FROM claim WHERE id = k.id OFFSET 0) c ON true
LEFT JOIN LATERAL (SELECT live FROM bill WHERE bill = k.bill OFFSET 0) b ON true
LEFT JOIN LATERAL (SELECT live FROM bill WHERE visit = k.visit AND alive = 1 OFFSET 0) v ON true
LEFT JOIN LATERAL (SELECT * FROM accumulator
  WHERE psn_no = k.psn_no AND insutype = k.insutype AND period = k.year OFFSET 0) y ON true
LEFT JOIN LATERAL (SELECT in_scope, pooled FROM accumulator
  WHERE psn_no = k.psn_no AND insutype = k.insutype AND period = k.month OFFSET 0) m ON true
LEFT JOIN LATERAL (SELECT balance_fen FROM account WHERE psn_no = k.psn_no OFFSET 0) a ON true
"""

_ROWS: Final = f"""
SELECT {", ".join("d." + name for name in COLUMNS)}, c.undone_by, c.sealed, b.live
FROM unnest($1::text::bytea[]) AS k(id)
CROSS JOIN LATERAL (SELECT * FROM claim WHERE id = k.id OFFSET 0) c
CROSS JOIN LATERAL (SELECT * FROM decision
  WHERE partition = c.partition AND number = c.number AND day = c.day OFFSET 0) d
LEFT JOIN LATERAL (SELECT live FROM bill WHERE bill = d.bill OFFSET 0) b ON true
"""

_PEOPLE: Final = """
SELECT 0, psn_no, born, '', '', '', '', '', '', '', '' FROM person WHERE psn_no = ANY ($1::text::text[])
UNION ALL SELECT 1, psn_no, pool::text, insutype, psn_type, civil_servant::text, valid_from, valid_to, status,
  paused_on, ''
  FROM insurance WHERE psn_no = ANY ($1::text::text[])
UNION ALL SELECT 2, psn_no, kind, valid_from, valid_to, '', '', '', '', '', ''
  FROM identity WHERE psn_no = ANY ($1::text::text[])
UNION ALL SELECT 3, psn_no, kind, care, valid_from, valid_to, insutype, disease, institution,
  encode(id, 'hex'), (withdrawn_at IS NOT NULL)::text
  FROM filing WHERE psn_no = ANY ($1::text::text[])
UNION ALL SELECT 4, r.psn_no, r.relative_psn_no, coalesce(a.pool, 0)::text, '', '', '', '', '', '', ''
  FROM relative r LEFT JOIN account a ON a.psn_no = r.relative_psn_no WHERE r.psn_no = ANY ($1::text::text[])
UNION ALL SELECT 5, psn_no, pool::text, '', '', '', '', '', '', '', ''
  FROM account WHERE psn_no = ANY ($1::text::text[])
UNION ALL SELECT 6, psn_no, invoice, '', '', '', '', '', '', '', ''
  FROM hand_paid WHERE psn_no = ANY ($1::text::text[])
"""
