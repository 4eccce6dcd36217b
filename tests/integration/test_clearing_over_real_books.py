"""Clearing over the real books of a node and a region: every class of difference planted past the triggers, and found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from clearing.books import opened_books
from clearing.day.actions import Action
from clearing.day.compare import DifferenceClass
from clearing.day.difference_book import Filter, listed, propose
from clearing.day.run_book import RunId, RunWriter
from clearing.day.verify import verify
from clearing.errors import NotAllowed
from clearing.settings import BookAt
from runtime.keys import setl_id_text
from tests.both_books import asked
from tests.builders import TODAY, a_care_row, an_id
from tests.clearing_scene import Scene, clearing_scene, ran
from tests.planted import plant, run_sql
from tests.servers import NewDatabase

YESTERDAY = TODAY - timedelta(days=1)
DAY_MS = 86_400_000


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    async with clearing_scene(database) as made:
        yield made


def spoilt(row: Any, **changes: Any) -> Any:
    """The same decision told otherwise, still what its payers pay."""
    return row._replace(**changes)


async def test_every_planted_difference_is_found_in_its_class_and_no_other(scene: Scene) -> None:
    books = scene.books
    same = [a_care_row(f"same {number}", number) for number in range(1, 41)]
    amount, sign, status, twice = (
        a_care_row(name, 50 + place) for place, name in enumerate(("a", "b", "c", "d"))
    )
    shifted = a_care_row("e", 60)
    await books.both(*same)
    await books.decided(amount, sign, status, twice, shifted)
    await books.booked(
        spoilt(
            amount, pooled_fen=amount.pooled_fen - 5, fund_sum_fen=amount.fund_sum_fen - 5, cash_fen=amount.cash_fen + 5
        ),
        a_care_row("b", 51, sign=-1, kind=2, undoes=an_id("b"), status=5),
        spoilt(status, fixmedins_code="H44030599999"),
        twice, spoilt(twice, day=YESTERDAY),
        spoilt(shifted, day=YESTERDAY),
        a_care_row("only here", 61),
    )  # fmt: skip
    done = await ran(scene, YESTERDAY)
    assert done.differences == 2  # the two rows that the care book holds on a day that is not theirs
    done = await ran(scene)
    assert done.items == 45
    found = {one.setl_id: one.kind for one in await listed(scene.clearing, Filter(day=TODAY))}
    assert found == {
        setl_id_text(amount.id): DifferenceClass.AMOUNT,
        setl_id_text(sign.id): DifferenceClass.REFUND_SIGN,
        setl_id_text(status.id): DifferenceClass.STATUS,
        setl_id_text(an_id("only here")): DifferenceClass.MISSING_AT_HOME,
    }
    other = {
        (one.day, one.setl_id): (one.kind, one.state)
        for one in await listed(scene.clearing, Filter(states=("open", "resolved")))
        if one.setl_id in (setl_id_text(twice.id), setl_id_text(shifted.id))
    }
    assert other == {
        (YESTERDAY, setl_id_text(twice.id)): (DifferenceClass.DUPLICATE, "open"),
        (YESTERDAY, setl_id_text(shifted.id)): (DifferenceClass.DATE_SHIFT, "resolved"),
        (TODAY, setl_id_text(shifted.id)): (DifferenceClass.DATE_SHIFT, "resolved"),
    }
    paid = await scene.clearing.fetchval("SELECT sum(items)::bigint FROM run_paid WHERE day = $1", TODAY)
    assert paid == 42  # the 40, the one that stands twice elsewhere, and the shifted one
    assert (await verify(TODAY, connection=scene.clearing, books=scene.at)).findings == []


async def test_what_was_lost_is_booked_before_the_day_is_summed_and_differs_in_nothing(scene: Scene) -> None:
    await scene.books.both(a_care_row("seen", 1))
    await scene.books.decided(a_care_row("lost", 2))
    done = await ran(scene)
    assert (done.items, done.differences) == (2, 0)
    assert await scene.clearing.fetchval("SELECT fetched FROM run_pair") == 1


async def test_what_cannot_be_booked_is_missing_at_care_until_people_have_looked(scene: Scene) -> None:
    books = scene.books
    await books.both(a_care_row("seen", 1))
    await books.decided(a_care_row("stuck", 2))
    leaf = f"care_{TODAY:%Y%m%d}"
    await run_sql(books.care, f"ALTER TABLE {leaf} ADD CONSTRAINT stuck CHECK (number <> 2)")
    done = await ran(scene)
    assert done.differences == 1
    (one,) = await listed(scene.clearing, Filter())
    assert (one.kind, one.setl_id) == (DifferenceClass.MISSING_AT_CARE, setl_id_text(an_id("stuck")))
    assert books.alarms
    with pytest.raises(NotAllowed, match="still differ"):
        await propose(scene.clearing, one.id, Action.FETCH_AGAIN, operator="wang", reason="", books=scene.at)
    await run_sql(books.care, f"ALTER TABLE {leaf} DROP CONSTRAINT stuck")
    await propose(scene.clearing, one.id, Action.FETCH_AGAIN, operator="wang", reason="", books=scene.at)
    assert (await verify(TODAY, connection=scene.clearing, books=scene.at))[3:] == (
        2,
        [],
    )  # mended, on both sides
    assert await listed(scene.clearing, Filter()) == []
    tomorrow = TODAY + timedelta(days=1)
    async with scene.clearing.transaction():
        await scene.clearing.execute("INSERT INTO run VALUES ($1, 1, now(), 'wang', 'test')", tomorrow)
        assert await RunWriter(scene.clearing, RunId(tomorrow, 1)).carry_resolved() == 1
    paid = await scene.clearing.fetch(
        "SELECT day, sum(items)::bigint FROM run_paid GROUP BY day ORDER BY day"
    )
    assert [tuple(row) for row in paid] == [(TODAY, 1), (tomorrow, 1)]


async def test_a_changed_row_after_the_run_is_found_by_verify(scene: Scene) -> None:
    row = a_care_row("seen", 1)
    await scene.books.both(row)
    await ran(scene)
    leaf = f"decision_{TODAY:%Y%m%d}"
    await run_sql(
        scene.books.home,
        f"UPDATE {leaf} SET pooled_fen = pooled_fen - 1, fund_sum_fen = fund_sum_fen - 1, cash_fen = cash_fen + 1",
    )
    (finding,) = (await verify(TODAY, connection=scene.clearing, books=scene.at)).findings
    assert "home book" in finding.where


async def test_an_id_that_stands_alike_on_two_days_in_both_books_is_found_by_verify(scene: Scene) -> None:
    books = scene.books
    row = a_care_row("twice", 1)
    await books.both(row, a_care_row("once", 2))
    await ran(scene, YESTERDAY)
    await run_sql(books.home, "DELETE FROM claim WHERE id = $1", row.id)  # its second row takes it
    tomorrow = row._replace(day=TODAY + timedelta(days=1))
    await plant(books.home, "decision", [tomorrow])
    await plant(books.care, "care", [tomorrow])
    assert (await ran(scene)).differences == 0
    findings = (await verify(TODAY, connection=scene.clearing, books=scene.at)).findings
    assert [setl_id_text(row.id) in one.what and "paid twice" in one.what for one in findings] == [True]


async def test_a_book_at_another_address_stays_out(scene: Scene) -> None:
    async with opened_books([BookAt("home", "31", scene.books.node_address), scene.at[1].at]) as wrong:
        done = await ran(scene._replace(at=wrong))
    assert done.run is None
    assert "not of node 31" in done.absent["node 31"]


async def test_an_empty_day_closes_on_both_sides(scene: Scene) -> None:
    done = await ran(scene, YESTERDAY)
    assert (done.run.batch, done.pairs, done.items, done.differences) == (1, 1, 0, 0)
    async with asked(scene.books.node_address):
        assert (await ran(scene, YESTERDAY)).run is None
