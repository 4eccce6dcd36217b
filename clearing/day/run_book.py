"""What a run writes: one transaction in the clearing database, which holds together or does not happen.

A run has its day from its first question to the books on, so of two machines that run a day at once one waits and then
finds nothing left to do. The sums stream from the books straight into COPY, so that memory stays flat however many
institutions a day has.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from clearing.day.compare import Difference, DifferenceClass
from clearing.errors import RunBroken, RunElsewhere
from clearing.figures import Figures, money_rows
from ledger.day import SUM_COLUMNS, SumsHash
from ledger.rows import AMOUNTS
from runtime.postgres import Connection, failure_of

LOCK_WAIT_MS_MAX: Final = 2_000
DAY_WAIT_S_MAX: Final = 600
"""How long a run waits for another one of the same day; of a million settlements one takes half a minute."""
ITEMS_WAIT_MS_MAX: Final = 60_000
"""How long a run waits for what another day's run, or an adoption, has of the same items."""
DIFFERENCES_AT_ONCE_MAX: Final = 1_000
_NOTICED_WHEN_GONE: Final = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)
"""Of a machine that lost its power the server notices within half a minute, and gives what the session had taken back."""
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
async def day_taken(connection: Connection, day: date, waiting: Callable[[int], None]) -> AsyncIterator[None]:
    """One run of a day at a time, from its first question on: what it has summed nobody sums anew beside it.

    Of two at once the second waits, and is told for how many seconds. Raises RunElsewhere where another process
    still has the day after DAY_WAIT_S_MAX.
    """
    await connection.execute(_NOTICED_WHEN_GONE)
    waited_s = 0
    while not await connection.fetchval(
        "SELECT pg_try_advisory_lock(hashtext('day taken'), $1)", day.toordinal()
    ):
        if waited_s >= DAY_WAIT_S_MAX:
            raise RunElsewhere
        waiting(waited_s)
        await asyncio.sleep(1)
        waited_s += 1
    try:
        yield
    finally:  # a session that is lost has given it back
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.execute("SELECT pg_advisory_unlock(hashtext('day taken'), $1)", day.toordinal())


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

    async def take_items(self, found: Iterable[Difference]) -> None:
        """The items that prove themselves are this run's until it ends: nobody brings them in beside it."""
        shifts = [one.setl_id for one in found if one.kind is DifferenceClass.DATE_SHIFT]
        await self.connection.execute(f"SET LOCAL lock_timeout = {ITEMS_WAIT_MS_MAX}")
        await self.connection.execute("SELECT items_taken($1::text[])", shifts)

    async def copy_sums(self, pair: Pair, source: str, lines: AsyncIterable[bytes]) -> None:
        """The sums of one book about the other, as they stream: lines of SUM_COLUMNS between tabs, straight into COPY.

        Raises RunBroken where they are none.
        """
        head = "".join(f"{value}\t" for value in (*self.run, pair.node, pair.region, source)).encode()

        async def headed() -> AsyncIterator[bytes]:
            async for some in lines:
                if some:
                    yield head + some[:-1].replace(b"\n", b"\n" + head) + some[-1:]

        try:
            await self.connection.copy_to_table("run_sum", source=headed(), columns=_COLUMNS)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as wrong:
            raise RunBroken(
                f"The {source} book of node {pair.node} and region {pair.region} told what are no sums: {wrong.args[0]}."
            ) from None

    async def add_differences(self, pair: Pair, found: Sequence[Difference]) -> None:
        """Differences, what they leave out of the sums, and what those that prove themselves bring in at once."""
        for first in range(0, len(found), DIFFERENCES_AT_ONCE_MAX):
            await self._add_some(pair, found[first : first + DIFFERENCES_AT_ONCE_MAX])

    async def _add_some(self, pair: Pair, found: Sequence[Difference]) -> None:
        told = [
            {
                "class": one.kind, "setl_id": one.setl_id, "fixmedins_code": _institution_of(one),
                "home": _as_json(one.home), "care": _as_json(one.care), "differs": one.differs,
                "stake_fen": one.stake_fen,
            }
            for one in found
        ]  # fmt: skip
        records = await self.connection.fetch(
            "INSERT INTO difference (day, batch, node, region, class, setl_id, fixmedins_code, home, care, differs,"
            " stake_fen) SELECT $1, $2, $3, $4, d.* FROM jsonb_to_recordset($5::jsonb) AS d (class text, setl_id text,"
            " fixmedins_code text, home jsonb, care jsonb, differs text[], stake_fen bigint) RETURNING setl_id, id",
            *self.run, pair.node, pair.region, json.dumps(told),
        )  # fmt: skip
        day = self.run.day
        await self._copy_figures(pair, "home_aside", [r for one in found for r in one.home if r.day == day])
        await self._copy_figures(pair, "care_aside", [r for one in found for r in one.care if r.day == day])
        shifts = [one for one in found if one.kind is DifferenceClass.DATE_SHIFT]
        if shifts:
            await self._shifted(pair, {one["setl_id"]: one["id"] for one in records}, shifts)

    async def _shifted(self, pair: Pair, ids: Mapping[str, int], shifts: Sequence[Difference]) -> None:
        before = await self.connection.fetch(
            "SELECT i AS setl_id, brought_in_by(i) AS resolution FROM unnest($1::text[]) i", list(ids)
        )
        paid = {one["setl_id"]: f"resolution {one['resolution']}" for one in before if one["resolution"]}
        mine = {
            one.setl_id: [row for row in one.home if row.day == self.run.day and one.setl_id not in paid]
            for one in shifts
        }
        await self._copy_figures(pair, "carried", [row for rows in mine.values() for row in rows])
        told = [
            {
                "difference": ids[setl_id], "money": [money for row in rows for money in money_rows(row)],
                "note": f"{SHIFTED}, or once by {paid[setl_id]}" if setl_id in paid else SHIFTED,
            }
            for setl_id, rows in mine.items()
        ]  # fmt: skip
        await self.connection.execute(
            "INSERT INTO resolution (difference, action, note, made_by, needs_checker, money, entered_day, entered_batch)"
            " SELECT s.difference, 'carry_over', s.note, 'clearing', false, s.money, $1, $2"
            " FROM jsonb_to_recordset($3::jsonb) AS s (difference bigint, note text, money jsonb)",
            *self.run, json.dumps(told),
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
        # one statement: what it marks is what it sums, whatever runs and approvals commit beside it; a row that another
        # run or an approval holds is left to that run or to the next one
        carried: int = await self.connection.fetchval(
            "WITH due AS (SELECT r.id FROM resolution r WHERE r.entered_day IS NULL AND r.money <> '[]' AND NOT r.refused"
            "   AND (NOT r.needs_checker OR r.checked_by IS NOT NULL) ORDER BY r.id FOR UPDATE SKIP LOCKED),"
            " entering AS (UPDATE resolution r SET entered_day = $1, entered_batch = $2 FROM due WHERE r.id = due.id"
            "   RETURNING r.difference, r.money),"
            f" carried AS (INSERT INTO run_sum (day, batch, node, region, source, {columns})"
            "   SELECT $1, $2, d.node, d.region, 'carried', m.* FROM entering e JOIN difference d ON d.id = e.difference"
            f"  CROSS JOIN LATERAL jsonb_to_recordset(e.money) AS m({typed}))"
            " SELECT count(*) FROM entering",
            *self.run,
        )
        return carried

    async def differences(self) -> int:
        """How many differences the run has found."""
        counted: int = await self.connection.fetchval(
            "SELECT count(*) FROM difference WHERE day = $1 AND batch = $2", *self.run
        )
        return counted

    async def hold_by_hash(self, care: Mapping[Pair, SumsHash | None]) -> bool:
        """Whether the care books' sums are what their hashes prove, and all holds; else nothing of it is kept."""
        if None in care.values():
            return False
        try:
            async with self.connection.transaction():
                await self.connection.executemany(
                    "INSERT INTO run_care_hash VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    [(*self.run, pair.node, pair.region, *told) for pair, told in care.items() if told],
                )
                await self.hold()
        except asyncpg.PostgresError as failed:
            if failure_of(failed).constraint != "run_holds":
                raise
            return False
        return True

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


def _as_json(rows: Iterable[Figures]) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows]
