"""A book's days as BooksService tells them: sums and buckets as stored and again, decisions by what is asked."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from ledger.day import DayKey
from ledger.day_book import CARE, HEAVY, HOME, PART_ITEMS, SESSION_SETTINGS, DayBook, Side, Summed, Wanted
from ledger.rows import AMOUNTS, Row
from ledger.wire import decision_of
from proto.settlement.v1 import books_pb2 as pb
from runtime import postgres
from runtime.clock import china_date
from tests.builders import NODE, NOW_MS, REGION, TODAY, a_care_row, an_id
from tests.planted import plant
from tests.servers import NewDatabase

DAY_MS = 86_400_000
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(params=[HOME, CARE], ids=["home", "care"])
def side(request: pytest.FixtureRequest) -> Side:
    found: Side = request.param
    return found


def peers(side: Side) -> tuple[str, str, dict[str, Any]]:
    """A peer, another one, and the columns of a row with that one."""
    return (REGION, "46", {"region": "46"}) if side is HOME else (str(NODE), "46", {"node": 46})


@asynccontextmanager
async def a_book(database: NewDatabase, side: Side, rows: list[Row]) -> AsyncIterator[DayBook]:
    dsn = database("ledger", "homepool" if side is HOME else "gateway")
    await plant(dsn, side.table, rows)
    async with postgres.opened(dsn, application_name="test", **SESSION_SETTINGS) as connection:
        yield DayBook(connection, side)


def some_rows() -> list[Row]:
    """A day's decisions of every kind of key."""
    rows = [a_care_row(f"plain {n}", n, fen=1_000 + n) for n in range(1, 6)]
    rows += [a_care_row("resident", 6, insutype="390"), a_care_row("other hospital", 7, fixmedins_code="H9")]
    rows += [a_care_row("declined", 8, sign=0), a_care_row("before midnight", 9, decided_ms=NOW_MS - DAY_MS)]
    rows += [a_care_row("pharmacy", 10, clr_type="41"), a_care_row("pool", 11, care_pool=440300)]
    rows += [a_care_row("undone", 12, sign=-1, kind=2, status=2, undoes=an_id("plain 1"))]
    return rows


def summed_in_python(rows: list[Row]) -> dict[DayKey, tuple[int, tuple[int, ...]]]:
    found: dict[DayKey, list[Row]] = defaultdict(list)
    for row in rows:
        if row.sign:
            *shared, _ = DayKey._fields
            found[DayKey(*(getattr(row, name) for name in shared), china_date(row.decided_ms))].append(row)
    return {
        key: (len(some), tuple(sum(getattr(row, name) for row in some) for name in AMOUNTS))
        for key, some in found.items()
    }


async def everything(parts: AsyncIterator[list[Any]]) -> list[Any]:
    return [one async for part in parts for one in part]


async def test_a_day_is_summed_by_its_key_and_the_same_again(database: NewDatabase, side: Side) -> None:
    peer, other, elsewhere = peers(side)
    rows = some_rows()
    noise = [a_care_row("elsewhere", 20, **elsewhere), a_care_row("tomorrow", 21, day=TOMORROW)]
    async with a_book(database, side, rows + noise) as book:
        assert await book.summed(TODAY, peer) is None
        done = await book.sum_day(TODAY, peer, 4)
        assert (done.buckets, done.items) == (4, len(rows))
        assert await book.sum_day(TODAY, peer, 8) == done == await book.summed(TODAY, peer)
        assert await book.summed(TODAY, other) is None

        stored = await everything(book.sums(TODAY, peer))
        told = {
            DayKey(*(getattr(row, name) for name in DayKey._fields[:-1]), TODAY.fromisoformat(row.setl_day)): (
                row.items, tuple(row.amounts),
            )
            for row in stored
        }  # fmt: skip
        assert told == summed_in_python(rows)
        assert [(row.fixmedins_code, row.insutype) for row in stored if row.care_pool == 440300]
        assert stored == await everything(book.sums(TODAY, peer, again=True))

        buckets = await everything(book.buckets(TODAY, peer))
        assert sum(bucket.items for bucket in buckets) == len(rows)
        assert buckets == await everything(book.buckets(TODAY, peer, again_of=4))
        assert await everything(book.sums(TODAY, other)) == []


async def test_sums_are_told_as_lines_too_and_a_backslash_is_doubled(
    database: NewDatabase, side: Side
) -> None:
    peer, *_ = peers(side)
    rows = [*some_rows(), a_care_row("insurer", 20, commercial_payer="A\\B")]
    async with a_book(database, side, rows) as book:
        await book.sum_day(TODAY, peer, 4)
        told = [
            (*(getattr(row, name) for name in DayKey._fields), row.items, *row.amounts)
            for row in await everything(book.sums(TODAY, peer))
        ]
        lines = b"".join([part async for part in book.sum_lines(TODAY, peer)])
        again = b"".join([part async for part in book.sum_lines(TODAY, peer, again=True)])
    assert lines.endswith(b"\n")
    assert sorted(lines.splitlines()) == sorted(again.splitlines())
    expected = {"\t".join(map(str, one)).replace("\\", "\\\\") for one in told}
    assert set(lines.decode().splitlines()) == expected
    assert any("A\\\\B" in one for one in expected)


async def test_a_draft_is_replaced_until_the_day_is_done_and_never_after(
    database: NewDatabase, side: Side
) -> None:
    peer, *_ = peers(side)
    rows = some_rows()
    async with a_book(database, side, rows) as book:
        draft = await book.draft_day(TODAY, peer, 0)
        assert (draft.buckets, draft.items) == (1, len(rows))
        assert await book.summed(TODAY, peer) is None
        assert await book.draft_day(TODAY, peer, 4) == (4, len(rows))  # of one that died, say
        sums = await everything(book.sums(TODAY, peer))
        assert len(sums) == len(summed_in_python(rows))
        await book.sum_drafted(TODAY, peer, Summed(4, len(rows)), [0, 1, 2, 3])
        assert await book.summed(TODAY, peer) == (4, len(rows))
        assert await book.draft_day(TODAY, peer, 8) == (4, len(rows))
        assert await everything(book.sums(TODAY, peer)) == sums


async def test_what_came_after_the_draft_is_in_the_sums_where_its_bucket_is_looked_at(
    database: NewDatabase, side: Side
) -> None:
    peer, *_ = peers(side)
    rows = some_rows()
    dsn = database("ledger", "homepool" if side is HOME else "gateway")
    await plant(dsn, side.table, rows[:-1])
    async with postgres.opened(dsn, application_name="test", **SESSION_SETTINGS) as connection:
        book = DayBook(connection, side)
        draft = await book.draft_day(TODAY, peer, 1)
        await plant(dsn, side.table, rows[-1:])
        await book.sum_drafted(TODAY, peer, draft, [0])
        assert await book.summed(TODAY, peer) == (1, len(rows))
        assert await everything(book.sums(TODAY, peer)) == await everything(
            book.sums(TODAY, peer, again=True)
        )
        assert await everything(book.buckets(TODAY, peer)) == await everything(
            book.buckets(TODAY, peer, again_of=1)
        )


async def test_decisions_are_told_by_what_is_asked(database: NewDatabase, side: Side) -> None:
    peer, _, elsewhere = peers(side)
    rows = [*some_rows(), a_care_row("elsewhere", 20, **elsewhere), a_care_row("tomorrow", 21, day=TOMORROW)]
    rows[0] = rows[0]._replace(deltas=tuple(range(17)), line_keys=(1, -2), invoice="inv")
    named = {an_id(name): name for name in (
        *(f"plain {n}" for n in range(1, 6)), "resident", "other hospital", "declined", "before midnight", "pharmacy",
        "pool", "undone", "elsewhere", "tomorrow")}  # fmt: skip

    async with a_book(database, side, rows) as book:

        async def names(**asked: Any) -> set[str]:
            wanted = Wanted(**({"days": [TODAY], "peer": peer} | asked))
            return {named[decision.id] for decision in await everything(book.decisions(wanted))}

        today = {named[row.id] for row in rows[:12]}
        assert await names() == today
        assert await names(peer="") == today | {"elsewhere"}
        assert await names(days=None) == today | {"tomorrow"}
        assert await names(ids=[an_id("pool"), an_id("tomorrow")]) == {"pool"}
        halves = [await names(buckets=[n], of_buckets=2) for n in (0, 1)]
        assert halves[0] | halves[1] == today
        assert not halves[0] & halves[1]
        assert await names(of=pb.DecisionsOf(insutype="390")) == {"resident"}
        assert await names(of=pb.DecisionsOf(fixmedins_code="H9", insutype="390")) == set()
        assert await names(of=pb.DecisionsOf(care_pool=440300)) == {"pool"}
        assert await names(of=pb.DecisionsOf(clr_type="41")) == {"pharmacy"}
        assert await names(of=pb.DecisionsOf(home_pool=440300)) == set()
        before = (TODAY - timedelta(days=1)).isoformat()
        assert await names(of=pb.DecisionsOf(setl_day=before)) == {"before midnight"}

        full = await everything(book.decisions(Wanted([TODAY], ids=[rows[0].id], full=True)))
        assert full == [decision_of(rows[0])]
        light = await everything(book.decisions(Wanted([TODAY], ids=[rows[0].id])))
        for column in HEAVY:
            full[0].ClearField(column)
        assert light == full


async def test_a_long_day_comes_in_parts(database: NewDatabase) -> None:
    rows = [a_care_row(f"{n}", n) for n in range(1, PART_ITEMS + 2)]
    async with a_book(database, CARE, rows) as book:
        parts = [part async for part in book.decisions(Wanted([TODAY], str(NODE)))]
        assert [len(part) for part in parts] == [PART_ITEMS, 1]
