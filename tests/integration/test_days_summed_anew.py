"""A day whose run died after the books had summed it is run all the same, whatever was booked or mended meanwhile."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from clearing.day.run import SUMMED_BEFORE
from clearing.day.verify import verify
from clearing.operator_log import entries
from proto.settlement.v1 import books_pb2 as pb
from tests.both_books import PEER, both_books
from tests.builders import NODE, REGION, TODAY, TODAY_TEXT, a_care_row, an_id
from tests.clearing_scene import Scene, clearing_scene, ran
from tests.planted import fetch_all, run_sql
from tests.servers import NewDatabase

LEAF = f"care_{TODAY:%Y%m%d}"
CHANGED = (
    f"UPDATE {LEAF} SET pooled_fen = pooled_fen - 5, fund_sum_fen = fund_sum_fen - 5, cash_fen = cash_fen + 5"
)
MENDED = (
    f"UPDATE {LEAF} SET pooled_fen = pooled_fen + 5, fund_sum_fen = fund_sum_fen + 5, cash_fen = cash_fen - 5"
)


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    async with clearing_scene(database) as made:
        yield made


async def died(scene: Scene) -> None:
    """A run that ends before it has written anything."""

    async def dies(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await ran(scene, publish=dies)
    assert await scene.clearing.fetchval("SELECT count(*) FROM run") == 0


async def held_in_full(scene: Scene, *, items: int) -> None:
    """The day was run with all its items, and what it says is what the books say."""
    paid = await scene.clearing.fetchval("SELECT sum(items)::bigint FROM run_paid WHERE day = $1", TODAY)
    assert paid == items
    assert (await verify(TODAY, connection=scene.clearing, books=scene.at)).findings == []


async def test_a_row_mended_after_a_run_died_does_not_block_its_day(scene: Scene) -> None:
    await scene.books.both(a_care_row("a", 1), a_care_row("b", 2))
    await run_sql(scene.books.care, f"{CHANGED} WHERE number = 2")
    await died(scene)
    await run_sql(scene.books.care, f"{MENDED} WHERE number = 2")
    assert (await ran(scene)).differences == 0
    await held_in_full(scene, items=2)
    (line,) = [one for one in await entries(scene.clearing) if one["action"] == "sum anew"]
    assert line["subject"] == f"day {TODAY}, node {NODE} with region {REGION}"
    assert line["detail"] == {"reason": SUMMED_BEFORE}


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(
    ("side", "call"),
    [
        (0, "close_day"),
        *[(side, call) for side in (0, 1) for call in ("sum_day", "day_buckets", "day_hashes", "of_day")],
    ],
)
async def test_a_run_that_died_at_any_step_is_started_again_over_rows_that_were_mended_since(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, side: int, call: str
) -> None:
    await scene.books.both(a_care_row("a", 1), a_care_row("b", 2))
    await run_sql(scene.books.care, f"{CHANGED} WHERE number = 2")
    told = getattr(scene.at[side], call)

    async def dies(*arguments: Any, **named: Any) -> None:
        await told(*arguments, **named)
        raise Died

    monkeypatch.setattr(scene.at[side], call, dies)
    with pytest.raises(Died):
        await ran(scene)
    assert await scene.clearing.fetchval("SELECT count(*) FROM run") == 0
    monkeypatch.undo()
    await run_sql(scene.books.care, f"{MENDED} WHERE number = 2")
    assert (await ran(scene)).differences == 0
    await held_in_full(scene, items=2)


async def test_a_decision_booked_after_a_run_died_enters_its_day(scene: Scene) -> None:
    books = scene.books
    await books.both(a_care_row("a", 1))
    await books.decided(a_care_row("stuck", 2), a_care_row("lost", 3))
    await run_sql(books.care, f"ALTER TABLE {LEAF} ADD CONSTRAINT stuck CHECK (number <> 2)")
    await died(scene)
    await run_sql(books.care, f"ALTER TABLE {LEAF} DROP CONSTRAINT stuck")
    request = pb.FetchDecisionsRequest(day=TODAY_TEXT, peer=PEER, ids=[an_id("stuck")])
    assert (await books.region.FetchDecisions(request)).fetched == 1
    done = await ran(scene)
    assert (done.items, done.differences) == (3, 0)
    await held_in_full(scene, items=3)
    assert await scene.clearing.fetchval("SELECT fetched FROM run_pair") == 1  # for both runs: the lost one


async def test_rows_of_both_books_changed_alike_after_a_run_died_are_paid_as_they_are(scene: Scene) -> None:
    """Sums of then with differences of now would come out even, and pay neither."""
    books = scene.books
    await books.both(a_care_row("a", 1), a_care_row("b", 2))
    await run_sql(books.care, f"{CHANGED} WHERE number = 2")
    await died(scene)
    for dsn, table in ((books.care, "care"), (books.home, "decision")):
        statement = CHANGED.replace(LEAF, f"{table}_{TODAY:%Y%m%d}")
        await run_sql(dsn, f"{statement} WHERE number = 2")
    assert (await ran(scene)).differences == 1
    await held_in_full(scene, items=1)


async def test_what_a_run_has_written_is_never_summed_again(scene: Scene) -> None:
    books = scene.books
    await books.both(a_care_row("a", 1))
    await ran(scene)
    summed = "SELECT summed_at, xmin FROM day_summed"
    before = [await fetch_all(dsn, summed) for dsn in (books.home, books.care)]
    await run_sql(books.care, CHANGED)
    assert (await ran(scene)).run is None
    assert [await fetch_all(dsn, summed) for dsn in (books.home, books.care)] == before
    assert [one for one in await entries(scene.clearing) if one["action"] == "sum anew"] == []


async def test_what_was_summed_is_told_again_to_whoever_does_not_ask_for_it_anew(
    database: NewDatabase,
) -> None:
    async with both_books(database("ledger", "homepool"), database("ledger", "gateway")) as books:
        await books.both(a_care_row("a", 1))
        first = await books.closed_and_summed()
        await books.booked(a_care_row("late", 2))
        assert await books.sum_day() == first
        again = await books.region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer=PEER, anew=True))
        assert (first.items, first.anew, again.items, again.anew) == (1, False, 2, True)
