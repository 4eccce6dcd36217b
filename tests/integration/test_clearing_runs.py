"""Runs of a day in a real clearing database, over books in memory that can go away at any call."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from clearing.day import run_book
from clearing.day.actions import Action
from clearing.day.compare import DifferenceClass
from clearing.day.difference_book import Filter, check, difference, listed, propose, undo
from clearing.day.run import RunResult, run_day
from clearing.day.verify import verify
from clearing.errors import BookUnreachable, NotAllowed, RunBroken, RunElsewhere
from clearing.standing import runs, waiting
from ledger.rows import AMOUNTS
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_books import DAY, MemoryBook, figures, next_day, two_books
from tests.servers import NewDatabase


async def nothing(_: object) -> None:
    """No positions in these tests."""


@pytest.fixture
async def dsn(database: NewDatabase) -> str:
    return database("clearing")


@pytest.fixture
async def clearing(dsn: str) -> AsyncIterator[Connection]:
    async with postgres.opened(dsn, application_name="test") as connection:
        yield connection


@pytest.fixture
async def other(dsn: str) -> AsyncIterator[Connection]:
    """Another machine's session with the same database."""
    async with postgres.opened(dsn, application_name="test other") as connection:
        yield connection


async def ran(
    connection: Connection, *books: MemoryBook, day: Any = DAY, publish: Any = nothing
) -> RunResult:
    return await run_day(
        day, connection=connection, books=books, operator="wang", program="test", publish=publish,
        progress=lambda *_: None,
    )  # fmt: skip


async def paid(connection: Connection, day: Any = DAY) -> dict[str, int]:
    record = await connection.fetchrow(
        "SELECT coalesce(sum(items), 0)::bigint AS items, coalesce(sum(total_fen), 0)::bigint AS total_fen,"
        " coalesce(sum(pooled_fen), 0)::bigint AS pooled_fen FROM run_paid WHERE day = $1",
        day,
    )
    return dict(record)


async def test_a_day_on_which_the_books_agree_is_run_once_and_paid_in_full(clearing: Connection) -> None:
    rows = [figures(number) for number in range(10)] + [figures(11, sign=-1)]
    books = two_books(rows, list(rows))
    result = await ran(clearing, *books)
    assert (result.run.batch, result.pairs, result.items, result.differences) == (1, 1, 11, 0)
    assert await paid(clearing) == {"items": 11, "total_fen": 90_000, "pooled_fen": 54_000}
    again = await ran(clearing, *books)
    assert again.run is None
    assert await paid(clearing) == {"items": 11, "total_fen": 90_000, "pooled_fen": 54_000}
    assert (await verify(DAY, connection=clearing, books=books)).findings == []


async def test_an_empty_day_and_a_day_with_one_zero_amount_settlement_close(clearing: Connection) -> None:
    assert (await ran(clearing, *two_books([], []))).run.batch == 1
    zero = figures(1, day=next_day(), **dict.fromkeys(AMOUNTS, 0))
    result = await ran(clearing, *two_books([zero], [zero]), day=next_day())
    assert (result.items, result.differences) == (1, 0)
    assert await paid(clearing, next_day()) == {"items": 1, "total_fen": 0, "pooled_fen": 0}


@pytest.mark.parametrize("lines", [b"rubbish\n", b"\t".join([b"1"] * 32) + b"\n"], ids=["columns", "values"])
async def test_a_book_that_tells_no_sums_throws_the_run_away(clearing: Connection, lines: bytes) -> None:
    class Rubbish(MemoryBook):
        async def day_sum_lines(self, day: Any, *, peer: str) -> AsyncIterator[bytes]:
            yield lines

    home, _ = two_books([figures(1)], [figures(1)])
    with pytest.raises(RunBroken, match="The care book of node 44 and region 45 told what are no sums"):
        await ran(clearing, home, Rubbish("care", "45", {"44": [figures(1)]}))
    assert await runs(clearing) == []


async def test_differences_are_written_some_at_a_time(
    clearing: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_book, "DIFFERENCES_AT_ONCE_MAX", 2)
    same = [figures(number) for number in range(5)]
    lost = [figures(number) for number in range(20, 25)]
    result = await ran(clearing, *two_books(same + lost, list(same)))
    assert result.differences == 5
    assert {one.setl_id for one in await listed(clearing, Filter())} == {one.setl_id for one in lost}
    assert (await paid(clearing))["items"] == 5


async def test_what_differs_is_set_aside_and_the_rest_is_paid(clearing: Connection) -> None:
    same = [figures(number) for number in range(6)]
    changed = figures(20, pooled_fen=5_000, cash_fen=5_000, fund_sum_fen=5_000)
    home = [*same, figures(20), figures(21)]
    care = [*same, changed, figures(22)]
    result = await ran(clearing, *two_books(home, care))
    assert result.differences == 3
    assert await paid(clearing) == {"items": 6, "total_fen": 60_000, "pooled_fen": 36_000}
    kinds = {one.setl_id: one.kind for one in await listed(clearing, Filter())}
    assert kinds == {
        figures(20).setl_id: DifferenceClass.AMOUNT,
        figures(21).setl_id: DifferenceClass.MISSING_AT_CARE,
        figures(22).setl_id: DifferenceClass.MISSING_AT_HOME,
    }


async def test_a_date_shift_is_paid_once_on_the_home_books_day(clearing: Connection) -> None:
    home = [figures(1)]
    care = [figures(1, day=next_day(), setl_day=DAY)]
    books = two_books(home, care)
    first = await ran(clearing, *books)
    second = await ran(clearing, *books, day=next_day())
    assert (first.differences, second.differences) == (1, 1)
    assert (await paid(clearing))["total_fen"] == 10_000
    assert (await paid(clearing, next_day()))["items"] == 0
    assert await listed(clearing, Filter()) == []  # both proved themselves


async def test_a_book_that_is_away_comes_in_a_second_batch_that_touches_nothing_of_the_first(
    clearing: Connection,
) -> None:
    node = MemoryBook("home", "44", {"45": [figures(1)], "31": [figures(2)]})
    near = MemoryBook("care", "45", {"44": [figures(1)]})
    far = MemoryBook("care", "31", {"44": [figures(2)]})
    far.away = True
    first = await ran(clearing, node, near, far)
    assert (first.pairs, list(first.absent)) == (1, ["region 31"])
    before = await clearing.fetch("SELECT * FROM run_sum ORDER BY node, region, source")
    assert any("stayed out" in one.what for one in await waiting(clearing, next_day()))
    far.away = False
    second = await ran(clearing, node, near, far)
    assert (second.run.batch, second.pairs) == (2, 1)
    after = await clearing.fetch("SELECT * FROM run_sum WHERE batch = 1 ORDER BY node, region, source")
    assert after == before
    assert not any("stayed out" in one.what for one in await waiting(clearing, next_day()))


@pytest.mark.parametrize(
    "call", ["close_day", "sum_day", "day_buckets", "day_hashes", "of_day", "with_ids", "day_sums"]
)
async def test_a_book_that_dies_at_any_step_stays_out_and_the_others_finish(
    clearing: Connection, call: str
) -> None:
    node = MemoryBook("home", "44", {"45": [figures(1), figures(9)]})
    dying = MemoryBook("home", "31", {"45": [figures(2), figures(3)]})
    region = MemoryBook("care", "45", {"44": [figures(1)], "31": [figures(2)]})
    dying.away_at = call
    first = await ran(clearing, node, dying, region)
    assert (first.pairs, first.differences) == (1, 1)
    assert first.absent
    dying.away_at = ""
    second = await ran(clearing, node, dying, region)
    assert (second.run.batch, second.pairs, second.differences) == (2, 1, 1)
    assert (await paid(clearing))["items"] == 2


async def test_a_region_that_dies_while_its_statements_are_taken_over_stays_out_and_the_others_finish(
    clearing: Connection,
) -> None:
    node = MemoryBook("home", "44", {"45": [figures(1)], "31": [figures(2)]})
    regions = [MemoryBook("care", name, {"44": [figures(n)]}) for name, n in (("45", 1), ("31", 2))]
    asked: list[str] = []
    for region in regions:
        await clearing.execute(
            "INSERT INTO statement VALUES ($1, $1, $2, '', true, $1, now(), 0, '', 7, 7)", region.at.name, DAY
        )

        async def stored(_: Any, region: MemoryBook = region) -> AsyncIterator[Any]:
            asked.append(region.at.name)
            if region.away_at == "stored":
                raise BookUnreachable("gone")
            for nothing_at_all in ():
                yield nothing_at_all

        region.stored = stored  # type: ignore[attr-defined]
    regions[1].away_at = "stored"
    first = await ran(clearing, node, *regions)
    assert (first.run.batch, first.pairs, first.absent) == (1, 1, {"region 31": "gone"})
    taken = "SELECT file_qury_no FROM statement_taken"
    assert await clearing.fetchval(taken) == "45"
    regions[1].away_at = ""
    asked.clear()
    assert (await ran(clearing, node, *regions)).run.batch == 2
    assert set(asked) == {"31"}  # nobody else's book is asked for it
    assert len(await clearing.fetch(taken)) == 2


async def test_a_run_that_dies_before_its_end_leaves_nothing_and_is_simply_started_again(
    clearing: Connection,
) -> None:
    books = two_books([figures(1), figures(2)], [figures(1)])

    async def dies(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await ran(clearing, *books, publish=dies)
    assert await clearing.fetchval("SELECT count(*) FROM run") == 0
    assert await clearing.fetchval("SELECT count(*) FROM difference") == 0
    result = await ran(clearing, *books)
    assert (result.run.batch, result.differences) == (1, 1)


async def test_sums_that_do_not_follow_from_the_items_throw_the_run_away(clearing: Connection) -> None:
    node, region = two_books([figures(1)], [figures(1)])
    told = region.day_sums

    async def lies(day: Any, *, peer: str, again: bool = False) -> AsyncIterator[Any]:
        async for one in told(day, peer=peer):
            yield one._replace(amounts=(one.amounts[0] + 1, *one.amounts[1:]))

    region.day_sums = lies
    with pytest.raises(RunBroken, match="node 44 and region 45"):
        await ran(clearing, node, region)
    assert await clearing.fetchval("SELECT count(*) FROM run") == 0


async def test_two_runs_at_once_make_one(
    clearing: Connection, other: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, region = two_books([figures(1)], [figures(1)])
    waiting: list[asyncio.Task[RunResult]] = []
    told = region.day_buckets

    async def slow(day: Any, *, peer: str, again: bool = False) -> Any:
        if not waiting:  # another machine begins while this one compares: it asks no book anything
            before = list(region.calls)
            waiting.append(asyncio.create_task(ran(other, node, region)))
            await asyncio.sleep(0.1)
            assert region.calls == before
        return await told(day, peer=peer)

    region.day_buckets = slow
    assert (await ran(clearing, node, region)).run.batch == 1
    assert (await waiting[0]).run is None
    monkeypatch.setattr(run_book, "DAY_WAIT_S_MAX", 1)
    async with run_book.day_taken(clearing, DAY, lambda _: None):
        # a machine that vanishes with the day must not keep it for the two hours that systems are used to wait
        assert await clearing.fetchval("SHOW tcp_keepalives_idle") == "10"
        with pytest.raises(RunElsewhere):
            await ran(other, node, region)
    assert await clearing.fetchval("SELECT count(*) FROM run") == 1


# ------------------------------------------------------------------------------------------------ resolutions


async def open_difference(clearing: Connection) -> tuple[int, tuple[MemoryBook, MemoryBook]]:
    changed = figures(1, pooled_fen=5_000, cash_fen=5_000, fund_sum_fen=5_000)
    books = two_books([figures(1)], [changed])
    await ran(clearing, *books)
    (one,) = await listed(clearing, Filter())
    return one.id, books


async def test_adopting_a_book_needs_a_second_person_and_enters_the_next_run(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    made = await propose(clearing, number, Action.ADOPT_HOME, operator="wang", reason="", books=books)
    with pytest.raises(NotAllowed, match="another person"):
        await check(clearing, made, operator="wang", books=books)
    assert (
        await ran(clearing, *two_books([], []), day=next_day())
    ).carried == 0  # not checked: nothing moves
    await check(clearing, made, operator="li", books=books)
    third = next_day(next_day())
    assert (await ran(clearing, *two_books([], []), day=third)).carried == 1
    assert (await paid(clearing, third))["pooled_fen"] == 6_000
    assert (await ran(clearing, *two_books([], []), day=next_day(third))).carried == 0
    assert (await difference(clearing, number)).state == "resolved"


async def test_a_refused_resolution_leaves_the_difference_open(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    made = await propose(clearing, number, Action.ADOPT_CARE, operator="wang", reason="", books=books)
    with pytest.raises(NotAllowed, match="proposed already"):
        await propose(clearing, number, Action.DISPUTE, operator="wang", reason="", books=books)
    await check(clearing, made, operator="li", books=books, refuse=True)
    assert (await difference(clearing, number)).state == "open"


async def test_a_wrong_resolution_is_undone_by_a_second_entry(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    made = await propose(clearing, number, Action.ADOPT_HOME, operator="wang", reason="", books=books)
    await check(clearing, made, operator="li", books=books)
    await ran(clearing, *two_books([], []), day=next_day())
    entry, _ = await undo(clearing, made, operator="wang", reason="the other was right")
    await check(clearing, entry, operator="li", books=())
    assert (await difference(clearing, number)).state == "open"
    third = next_day(next_day())
    await ran(clearing, *two_books([], []), day=third)
    assert (await paid(clearing, third))["pooled_fen"] == -6_000
    with pytest.raises(NotAllowed, match="nothing to take back"):
        await undo(clearing, entry, operator="wang", reason="")


async def test_asking_again_settles_only_what_both_books_prove(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    with pytest.raises(NotAllowed, match="still differ"):
        await propose(clearing, number, Action.REQUERY, operator="wang", reason="", books=books)
    books[1].rows["44"] = [figures(1)]
    await propose(clearing, number, Action.REQUERY, operator="wang", reason="", books=books)
    assert (await ran(clearing, *two_books([], []), day=next_day())).carried == 1
    assert (await paid(clearing, next_day()))["pooled_fen"] == 6_000


async def test_an_action_that_the_class_does_not_allow_is_refused(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    with pytest.raises(NotAllowed, match="not settled by carry_over"):
        await propose(clearing, number, Action.CARRY_OVER, operator="wang", reason="", books=books)


async def test_a_book_that_is_away_settles_nothing(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    books[0].away = True
    with pytest.raises(BookUnreachable):
        await propose(clearing, number, Action.REQUERY, operator="wang", reason="", books=books)
    assert (await difference(clearing, number)).state == "open"


# ------------------------------------------------------------------------------------------------ what never changes


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_sum SET pooled_fen = 0",
        "DELETE FROM difference",
        "UPDATE run SET made_by = 'x'",
        "TRUNCATE run_pair",
        "UPDATE resolution SET money = '[]'",
        "DELETE FROM operator_log",
    ],
)
async def test_what_was_written_is_never_edited(clearing: Connection, statement: str) -> None:
    number, books = await open_difference(clearing)
    await propose(clearing, number, Action.ADOPT_HOME, operator="wang", reason="", books=books)
    with pytest.raises(asyncpg.PostgresError, match=r"append-only|rest never changes"):
        await clearing.execute(statement)


async def test_verify_finds_an_item_that_was_changed_after_the_run(clearing: Connection) -> None:
    books = two_books([figures(1), figures(2)], [figures(1), figures(2)])
    await ran(clearing, *books)
    books[1].rows["44"][0] = figures(1, pooled_fen=1, cash_fen=9_999, fund_sum_fen=1)
    (finding,) = (await verify(DAY, connection=clearing, books=books)).findings
    assert "care book" in finding.where


async def test_todo_names_days_not_run_and_what_waits(clearing: Connection) -> None:
    await open_difference(clearing)
    found = await waiting(clearing, DAY + timedelta(days=3))
    assert [one.what.split(" ")[0] for one in found if one.rank == 1] == ["2026-11-21", "2026-11-22"]
    assert [one.amount_fen for one in found if one.rank == 4] == [1_000]
    assert json.dumps(await runs(clearing))
