"""A run stores the home book's sums and a hash that proves the care book's: what is proven, and what no longer holds."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from clearing.books import Summed
from clearing.day.verify import verify
from clearing.errors import RunBroken
from ledger.day import SUM_COLUMNS, SumsHash
from runtime import postgres
from runtime.postgres import Connection
from tests.builders import TODAY, a_care_row
from tests.clearing_books import DAY, MemoryBook, figures, two_books
from tests.clearing_scene import Scene, clearing_scene
from tests.clearing_scene import ran as ran_over
from tests.integration.test_clearing_runs import paid, ran
from tests.planted import run_sql
from tests.servers import NewDatabase

TAMPERING = "SET session_replication_role = replica; {}; RESET session_replication_role"


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    async with clearing_scene(database) as made:
        yield made


@pytest.fixture
async def clearing(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as connection:
        yield connection


async def differing_day(scene: Scene) -> None:
    """Ten decisions alike; one of another amount in each book, and one of another institution."""
    same = [a_care_row(f"same {number}", number) for number in range(1, 11)]
    amount, moved = a_care_row("amount", 50), a_care_row("moved", 51)
    await scene.books.both(*same)
    await scene.books.decided(amount, moved)
    await scene.books.booked(
        amount._replace(
            pooled_fen=amount.pooled_fen - 5, fund_sum_fen=amount.fund_sum_fen - 5, cash_fen=amount.cash_fen + 5
        ),
        moved._replace(fixmedins_code="H44030599999"),
    )  # fmt: skip


async def test_what_the_care_book_told_is_a_hash_and_its_sums_follow_from_the_home_books(
    scene: Scene,
) -> None:
    await differing_day(scene)
    assert (await ran_over(scene)).differences == 2
    sources = await scene.clearing.fetch("SELECT DISTINCT source FROM run_sum ORDER BY source")
    assert [one[0] for one in sources] == ["care_aside", "home", "home_aside"]
    names = ", ".join(SUM_COLUMNS)
    reckoned = await scene.clearing.fetch(f"SELECT {names} FROM run_care WHERE day = $1", TODAY)
    care = await asyncpg.connect(scene.books.care)
    try:
        told = await care.fetch(f"SELECT {names} FROM day_sum WHERE day = $1", TODAY)
        hashed = await care.fetch("SELECT sum_hash(d) FROM day_sum d WHERE day = $1", TODAY)
    finally:
        await care.close()
    assert sorted(map(tuple, reckoned)) == sorted(map(tuple, told))
    assert {one["fixmedins_code"] for one in reckoned} >= {"H44030599999"}
    hashes = await scene.clearing.fetch("SELECT hash FROM run_care WHERE day = $1", TODAY)
    assert sorted(map(tuple, hashes)) == sorted(map(tuple, hashed))  # both databases hash alike
    assert (await verify(TODAY, connection=scene.clearing, books=scene.at)).findings == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_sum SET items = items + 1 WHERE source = 'home'",
        "UPDATE run_sum SET commercial_payer = 'x' WHERE source = 'home'",
        "DELETE FROM run_sum WHERE source = 'home_aside'",
        "UPDATE run_sum SET cash_fen = cash_fen + 1, pooled_fen = pooled_fen - 1 WHERE source = 'care_aside'",
        "UPDATE run_care_hash SET sums = sums + 1",
        "DELETE FROM run_sum",
    ],
)
async def test_a_figure_that_was_changed_no_longer_has_the_hash(scene: Scene, statement: str) -> None:
    await differing_day(scene)
    await ran_over(scene)
    await scene.clearing.execute(TAMPERING.format(statement))
    with pytest.raises(asyncpg.PostgresError, match="agree item by item but not in their sums"):
        await scene.clearing.execute("SELECT run_holds($1, 1::smallint)", TODAY)


async def test_pools_that_are_exchanged_in_one_book_are_a_difference(scene: Scene) -> None:
    decided = a_care_row("exchanged", 50)
    assert decided.home_pool != decided.care_pool
    await scene.books.both(a_care_row("same", 1))
    await scene.books.decided(decided)
    await scene.books.booked(decided._replace(home_pool=decided.care_pool, care_pool=decided.home_pool))
    assert (await ran_over(scene)).differences == 1
    found = await scene.clearing.fetchrow("SELECT class, differs FROM difference")
    assert found is not None
    assert (found["class"], found["differs"]) == ("status", ["home_pool", "care_pool"])


async def test_every_column_of_a_sum_is_in_its_hash(clearing: Connection) -> None:
    """Whoever adds a column to the sums and not to the hash would let it differ between the books."""
    await ran(clearing, *two_books([figures(1)], [figures(1)]))
    await clearing.execute("CREATE TEMP TABLE one AS SELECT * FROM run_sum WHERE source = 'home'")
    texts = {"fixmedins_code", "insutype", "clr_type", "commercial_payer"}
    for name in SUM_COLUMNS:
        other = f"{name} || 'x'" if name in texts else f"-{name}" if name == "sign" else f"{name} + 1"
        columns = ", ".join(other if one == name else one for one in SUM_COLUMNS)
        await clearing.execute(
            f"INSERT INTO run_sum SELECT day, batch, node, region, source, {columns} FROM one"
        )
    hashes = await clearing.fetchval(
        "SELECT count(DISTINCT sum_hash(r)) FROM run_sum r WHERE source = 'home'"
    )
    assert hashes == 1 + len(SUM_COLUMNS)


def telling(book: MemoryBook, hashed: SumsHash) -> None:
    """Have a region tell this hash of its sums."""
    told = book.sum_day

    async def with_hash(*arguments: Any, **named: Any) -> Summed:
        return (await told(*arguments, **named))._replace(sums_hash=hashed)

    book.sum_day = with_hash  # type: ignore[method-assign]


async def test_a_hash_that_does_not_fit_is_no_fault_where_the_words_agree(clearing: Connection) -> None:
    node, region = two_books([figures(1)], [figures(1)])
    telling(region, SumsHash(1, 5, 5))
    result = await ran(clearing, node, region)
    assert result.pairs == 1
    assert (await paid(clearing))["total_fen"] == 10_000
    assert await clearing.fetchval("SELECT count(*) FROM run_care_hash") == 0
    assert await clearing.fetchval("SELECT count(*) FROM run_sum WHERE source = 'care'") == 1
    assert (await verify(DAY, connection=clearing, books=(node, region))).findings == []


async def test_a_hash_that_does_not_fit_has_the_institution_named_where_the_words_differ(
    clearing: Connection,
) -> None:
    node, region = two_books([figures(1)], [figures(1)])
    telling(region, SumsHash(1, 5, 5))
    told = region.day_sums

    async def lies(day: Any, *, peer: str, again: bool = False) -> AsyncIterator[Any]:
        async for one in told(day, peer=peer):
            yield one._replace(amounts=(one.amounts[0] + 1, *one.amounts[1:]))

    region.day_sums = lies  # type: ignore[method-assign]
    with pytest.raises(RunBroken, match="institution H45010300001"):
        await ran(clearing, node, region)
    assert await clearing.fetchval("SELECT count(*) FROM run") == 0


async def test_a_stored_sum_of_the_care_book_that_was_changed_throws_the_run_away(scene: Scene) -> None:
    await differing_day(scene)
    region = next(book for book in scene.at if book.at.side == "care")
    told = region.sum_day

    async def tampered(*arguments: Any, **named: Any) -> Summed:
        summed = await told(*arguments, **named)
        await run_sql(scene.books.care, "UPDATE day_sum SET items = items + 1")
        return await told(*arguments, **(named | {"anew": False})) if summed else summed

    region.sum_day = tampered  # type: ignore[method-assign]
    with pytest.raises(RunBroken, match="not in their sums"):
        await ran_over(scene)
