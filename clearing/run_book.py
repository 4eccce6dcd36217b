"""What a run writes: one transaction in the clearing database, which holds together or does not happen.

The day's lock is taken first, so of two machines that run a day at once one waits and then finds nothing left to do. The
sums stream from the books straight into COPY, so that memory stays flat however many institutions a day has.
"""

import contextlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from clearing.compare import Difference, DifferenceClass
from clearing.errors import RunBroken, RunElsewhere
from clearing.figures import Figures, money_rows
from ledger.day import SUM_COLUMNS, DaySum
from ledger.rows import AMOUNTS
from runtime.postgres import Connection, failure_of

LOCK_WAIT_MS_MAX: Final = 2_000
SHIFTED: Final = "the same decision stands in both books on two days: it counts on the home book's day"
_COLUMNS: Final = ("day", "batch", "node", "region", "source", *SUM_COLUMNS)


class Pair(NamedTuple):
    """A home node and a care region that are in the run together."""

    node: str
    region: str
    buckets: int
    home_items: int
    care_items: int
    fetched: int


class RunId(NamedTuple):
    """A run: which day, and the how many-th of that day."""

    day: date
    batch: int


async def pairs_done(connection: Connection, day: date) -> set[tuple[str, str]]:
    """(node, region) pairs of the day that are in a run already."""
    records = await connection.fetch("SELECT node, region FROM run_pair WHERE day = $1", day)
    return {(record[0], record[1]) for record in records}


@contextlib.asynccontextmanager
async def writing(
    connection: Connection, day: date, *, operator: str, program: str
) -> AsyncIterator["RunWriter"]:
    """The transaction of a run. Raises RunElsewhere where another process has the day, RunBroken at its end."""
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS_MAX}")
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('run'), $1)", day.toordinal())
            batch = await connection.fetchval(
                "SELECT coalesce(max(batch), 0) + 1 FROM run WHERE day = $1", day
            )
            writer = RunWriter(connection, RunId(day, batch))
            await connection.execute(
                "INSERT INTO run (day, batch, made_by, program) VALUES ($1, $2, $3, $4)",
                day,
                batch,
                operator,
                program,
            )
            yield writer
    except asyncpg.LockNotAvailableError:
        raise RunElsewhere from None
    except asyncpg.PostgresError as failed:
        failure = failure_of(failed)
        if failure.constraint == "run_holds":
            raise RunBroken(f"The run of {day} does not exist: {failed.args[0]}.") from None
        raise


class RunWriter:
    """Writes one run. Nothing of it is there before the transaction ends."""

    def __init__(self, connection: Connection, run: RunId) -> None:
        self.connection = connection
        self.run = run

    async def add_pair(self, pair: Pair) -> None:
        """A node and a region are in this run, and in no other of the day."""
        await self.connection.execute(
            "INSERT INTO run_pair VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", *self.run, *pair
        )

    async def add_absent(self, book: str, why: str) -> None:
        """A book stayed out."""
        await self.connection.execute("INSERT INTO run_absent VALUES ($1, $2, $3, $4)", *self.run, book, why)

    async def copy_sums(self, pair: Pair, source: str, sums: AsyncIterable[DaySum]) -> None:
        """The sums of one book about the other, as they stream."""
        head = (*self.run, pair.node, pair.region, source)

        async def records() -> AsyncIterator[tuple[Any, ...]]:
            async for one in sums:
                yield (*head, *one.key, one.items, *one.amounts)

        await self.connection.copy_records_to_table("run_sum", records=records(), columns=_COLUMNS)

    async def add_differences(self, pair: Pair, found: Sequence[Difference]) -> None:
        """Differences, what they leave out of the sums, and what those that prove themselves bring in at once."""
        day = self.run.day
        for one in found:
            id_ = await self.connection.fetchval(
                "INSERT INTO difference (day, batch, node, region, class, setl_id, fixmedins_code, home, care, differs,"
                " stake_fen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10, $11) RETURNING id",
                *self.run, pair.node, pair.region, one.kind, one.setl_id, _institution_of(one),
                _as_json(one.home), _as_json(one.care), list(one.differs), one.stake_fen,
            )  # fmt: skip
            await self._copy_figures(pair, "home_aside", [row for row in one.home if row.day == day])
            await self._copy_figures(pair, "care_aside", [row for row in one.care if row.day == day])
            if one.kind is DifferenceClass.DATE_SHIFT:
                await self._shifted(pair, id_, one)

    async def _shifted(self, pair: Pair, difference: int, shift: Difference) -> None:
        mine = [row for row in shift.home if row.day == self.run.day]
        await self._copy_figures(pair, "carried", mine)
        money = [row for one in mine for row in money_rows(one)]
        await self.connection.execute(
            "INSERT INTO resolution (difference, action, note, made_by, needs_checker, money, entered_day, entered_batch)"
            " VALUES ($1, 'carry_over', $2, 'clearing', false, $3::jsonb, $4, $5)",
            difference, SHIFTED, json.dumps(money), *self.run,
        )  # fmt: skip

    async def _copy_figures(self, pair: Pair, source: str, rows: Iterable[Figures]) -> None:
        head = (*self.run, pair.node, pair.region, source)
        records = [(*head, *row.key, 1, *row.amounts) for row in rows if row.key.sign]
        if records:
            await self.connection.copy_records_to_table("run_sum", records=records, columns=_COLUMNS)

    async def carry_resolved(self) -> int:
        """What was resolved since the runs before: its money enters this one. Gives how many resolutions."""
        columns = ", ".join(SUM_COLUMNS)
        typed = ", ".join(f"{name} {_TYPES.get(name, 'bigint')}" for name in SUM_COLUMNS)
        await self.connection.execute(
            f"INSERT INTO run_sum (day, batch, node, region, source, {columns})"
            f" SELECT $1, $2, d.node, d.region, 'carried', m.* FROM resolution_standing r"
            f" JOIN difference d ON d.id = r.difference CROSS JOIN LATERAL jsonb_to_recordset(r.money) AS m({typed})"
            " WHERE r.entered_day IS NULL",
            *self.run,
        )
        done = await self.connection.execute(
            "UPDATE resolution SET entered_day = $1, entered_batch = $2 WHERE entered_day IS NULL"
            " AND id IN (SELECT id FROM resolution_standing WHERE money <> '[]')",
            *self.run,
        )
        return int(done.split()[-1])

    async def differences(self) -> int:
        """How many differences the run has found."""
        counted: int = await self.connection.fetchval(
            "SELECT count(*) FROM difference WHERE day = $1 AND batch = $2", *self.run
        )
        return counted

    async def hold(self) -> None:
        """Both books agree on all that is paid, or the run is thrown away."""
        await self.connection.execute("SELECT run_holds($1, $2::smallint)", *self.run)


_TYPES: Final = {
    "home_pool": "integer", "care_pool": "integer", "fixmedins_code": "text", "insutype": "text", "clr_type": "text",
    "route": "smallint", "sign": "smallint", "commercial_payer": "text", "setl_day": "date",
}  # fmt: skip
assert set(SUM_COLUMNS) == _TYPES.keys() | {"items", *AMOUNTS}


def _institution_of(one: Difference) -> str:
    return next(row.key.fixmedins_code for row in (*one.home, *one.care))


def _as_json(rows: Iterable[Figures]) -> str:
    return json.dumps([row.as_json() for row in rows])
