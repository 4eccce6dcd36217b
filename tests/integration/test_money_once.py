"""What a difference holds back is paid once: not twice, not never, whatever runs and operators do at the same time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import asyncpg
import pytest

from clearing.day.actions import Action
from clearing.day.difference_book import Filter, Kept, check, listed, propose, undo, waits
from clearing.day.verify import verify
from clearing.errors import NotAllowed
from clearing.figures import Figures
from clearing.session import Session, watched
from clearing.settings import ClearingSettings
from clearing.standing import under_way
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_books import DAY, MemoryBook, figures, next_day, two_books
from tests.integration.test_clearing_runs import open_difference, paid, ran
from tests.servers import NewDatabase

SECOND = next_day()
THIRD = next_day(SECOND)
FOURTH = next_day(THIRD)
PLANT = (
    "INSERT INTO difference (day, batch, node, region, class, setl_id, fixmedins_code, home, care, institution, differs,"
    " stake_fen) VALUES ($1, 1, '44', '45', 'amount', $2, $3, '[]', '[]', '[]', '{}', 0)"
)


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


async def paid_in_all(clearing: Connection) -> int:
    return int(await clearing.fetchval("SELECT coalesce(sum(total_fen), 0)::bigint FROM run_paid"))


async def differences(clearing: Connection) -> dict[object, Kept]:
    found = await listed(clearing, Filter(states=("open", "proposed", "disputed", "resolved")))
    return {one.day: one for one in found}


async def settled(
    clearing: Connection, number: int, action: Action, books: tuple[MemoryBook, MemoryBook]
) -> int:
    """An action that two people decide; the resolution's number."""
    made = await propose(clearing, number, action, operator="wang", reason="", books=books)
    await check(clearing, made, operator="li", books=books)
    return made


# ------------------------------------------------------------------------------------------------ at the same time


async def test_two_days_run_at_once_bring_a_resolution_in_once(
    clearing: Connection, other: Connection
) -> None:
    number, books = await open_difference(clearing)
    await settled(clearing, number, Action.ADOPT_HOME, books)
    carried = []

    async def meanwhile(_: object) -> None:
        result = await ran(other, *two_books([], []), day=THIRD)
        carried.append(result.carried)

    result = await ran(clearing, *two_books([], []), day=SECOND, publish=meanwhile)
    assert [result.carried, *carried] == [1, 0]
    assert await paid_in_all(clearing) == 10_000


class Interrupted:
    """A session beside which something happens after each statement that writes sums."""

    def __init__(self, session: Any, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._session, self._meanwhile = session, meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def execute(self, query: str, *arguments: Any) -> Any:
        return await self._then(query, self._session.execute(query, *arguments))

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        return await self._then(query, self._session.fetchval(query, *arguments))

    async def _then(self, query: str, done: Awaitable[Any]) -> Any:
        answer = await done
        if "INTO run_sum" in query:
            await self._meanwhile()
        return answer


async def test_an_approval_while_a_run_carries_enters_that_run_whole_or_the_next(
    clearing: Connection, other: Connection
) -> None:
    number, books = await open_difference(clearing)
    made = await propose(clearing, number, Action.ADOPT_HOME, operator="wang", reason="", books=books)
    checked: list[int] = []

    async def approved() -> None:
        if not checked:
            checked.append(made)
            await check(other, made, operator="li", books=books)

    first = await ran(cast(Connection, Interrupted(clearing, approved)), *two_books([], []), day=SECOND)
    second = await ran(clearing, *two_books([], []), day=THIRD)
    assert (checked, first.carried + second.carried) == ([made], 1)
    assert await paid_in_all(clearing) == 10_000


async def shifted_beside_an_open_difference(
    clearing: Connection,
) -> tuple[int, tuple[MemoryBook, MemoryBook]]:
    """A care row of the second day that no home book had; since then it is decided, on the first day."""
    home: list[Figures] = []
    books = two_books(home, [figures(1, day=SECOND, setl_day=DAY)])
    await ran(clearing, *books, day=SECOND)
    home.append(figures(1))
    return (await differences(clearing))[SECOND].id, books


async def test_an_adoption_under_way_while_a_run_finds_the_shift_pays_once(
    clearing: Connection, other: Connection
) -> None:
    number, books = await shifted_beside_an_open_difference(clearing)
    async with other.transaction():
        made = await propose(other, number, Action.ADOPT_CARE, operator="wang", reason="", books=books)
        running = asyncio.create_task(ran(clearing, *books))
        await asyncio.sleep(0.3)
        assert not running.done()
    await running
    assert (await paid(clearing))["items"] == 0  # the run has seen it
    await check(clearing, made, operator="li", books=books)
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 10_000


async def test_a_run_that_finds_the_shift_while_it_is_adopted_pays_once(
    clearing: Connection, other: Connection
) -> None:
    number, books = await shifted_beside_an_open_difference(clearing)
    adopting: list[asyncio.Task[int]] = []

    async def meanwhile(_: object) -> None:
        adopting.append(
            asyncio.create_task(
                propose(other, number, Action.ADOPT_CARE, operator="wang", reason="", books=books)
            )
        )
        await asyncio.sleep(0.3)
        assert not adopting[0].done()

    await ran(clearing, *books, publish=meanwhile)
    with pytest.raises(NotAllowed, match="an id is paid once"):
        await adopting[0]
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 10_000


async def test_the_database_itself_refuses_to_bring_an_item_in_twice(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    await settled(clearing, number, Action.ADOPT_HOME, books)
    with pytest.raises(asyncpg.PostgresError, match=f"brings {figures(1).setl_id} in already"):
        await clearing.execute(
            "INSERT INTO resolution (difference, action, note, made_by, needs_checker, money)"
            " SELECT difference, action, note, made_by, needs_checker, money FROM resolution"
        )


# ------------------------------------------------------------------------------------------------ on two days


@pytest.mark.parametrize("action", [Action.ADOPT_HOME, Action.ADOPT_CARE])
@pytest.mark.parametrize("side", [0, 1])
async def test_an_id_that_was_paid_and_stands_on_another_day_too_is_not_paid_again(
    clearing: Connection, action: Action, side: int
) -> None:
    sides = [[figures(1)], [figures(1)]]
    sides[side].append(figures(1, day=SECOND, setl_day=DAY))
    books = two_books(*sides)
    await ran(clearing, *books)
    await ran(clearing, *books, day=SECOND)
    await settled(clearing, (await differences(clearing))[SECOND].id, action, books)
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 10_000


async def test_asking_again_once_the_second_copy_is_gone_pays_nothing_more(clearing: Connection) -> None:
    home, care = [figures(1)], [figures(1), figures(1, day=SECOND, setl_day=DAY)]
    books = two_books(home, care)
    await ran(clearing, *books)
    await ran(clearing, *books, day=SECOND)
    care.pop()
    one = (await differences(clearing))[SECOND]
    await propose(clearing, one.id, Action.REQUERY, operator="wang", reason="", books=books)
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 10_000


async def test_a_home_row_past_its_claims_does_not_keep_the_day_from_running(clearing: Connection) -> None:
    node, region = two_books([figures(1), figures(1, day=SECOND)], [figures(1)])
    told = node.with_ids

    async def by_claim(setl_ids: list[str], *, peer: str) -> list:
        return [row for row in await told(setl_ids, peer=peer) if row.day == DAY]

    node.with_ids = by_claim
    await ran(clearing, node, region)
    assert (await ran(clearing, node, region, day=SECOND)).differences == 1
    assert await paid_in_all(clearing) == 10_000


async def test_books_that_differ_over_an_id_on_two_days_pay_it_once_whatever_two_people_say(
    clearing: Connection,
) -> None:
    shifted = figures(1, day=SECOND, setl_day=DAY, pooled_fen=5_000, cash_fen=5_000, fund_sum_fen=5_000)
    books = two_books([figures(1)], [shifted])
    for day in (SECOND, DAY):
        await ran(clearing, *books, day=day)
    found = await differences(clearing)
    await settled(clearing, found[DAY].id, Action.ADOPT_CARE, books)
    await settled(clearing, found[SECOND].id, Action.ADOPT_HOME, books)
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 10_000
    assert (await paid(clearing, THIRD))["pooled_fen"] == 5_000


async def test_what_was_adopted_for_one_day_and_is_decided_for_another_is_paid_once(
    clearing: Connection,
) -> None:
    home, care = [], [figures(1, day=SECOND, setl_day=DAY)]
    books = two_books(home, care)
    await ran(clearing, *books, day=SECOND)
    await settled(clearing, (await differences(clearing))[SECOND].id, Action.ADOPT_CARE, books)
    home.append(figures(1, day=THIRD, setl_day=DAY))
    await ran(clearing, *books, day=THIRD)
    await ran(clearing, *books, day=FOURTH)
    assert await paid_in_all(clearing) == 10_000


async def test_a_shift_that_was_taken_back_is_paid_when_two_people_carry_it_over_again(
    clearing: Connection,
) -> None:
    books = two_books([figures(1)], [figures(1, day=SECOND, setl_day=DAY)])
    for day in (DAY, SECOND):
        await ran(clearing, *books, day=day)
    one = (await differences(clearing))[DAY]
    entry, _ = await undo(clearing, one.resolution, operator="wang", reason="")
    await check(clearing, entry, operator="li", books=())
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 0
    await settled(clearing, one.id, Action.CARRY_OVER, books)
    await ran(clearing, *two_books([], []), day=FOURTH)
    assert await paid_in_all(clearing) == 10_000


async def test_an_id_is_brought_in_by_one_resolution_at_a_time(clearing: Connection) -> None:
    far = figures(1, day=SECOND, setl_day=DAY)
    node = MemoryBook("home", "44", {"45": [figures(1)], "31": []})
    regions = MemoryBook("care", "45", {"44": []}), MemoryBook("care", "31", {"44": [far]})
    for day in (DAY, SECOND):
        await ran(clearing, node, *regions, day=day)
    found = await differences(clearing)
    made = await settled(clearing, found[DAY].id, Action.ADOPT_HOME, (node, regions[0]))
    with pytest.raises(NotAllowed, match=f"Resolution {made} brings"):
        await propose(
            clearing, found[SECOND].id, Action.ADOPT_CARE, operator="wang", reason="", books=(node, *regions)
        )
    entry, _ = await undo(clearing, made, operator="wang", reason="")
    await check(clearing, entry, operator="li", books=())
    await settled(clearing, found[SECOND].id, Action.ADOPT_CARE, (node, regions[1]))
    await ran(clearing, *two_books([], []), day=THIRD)
    assert await paid_in_all(clearing) == 10_000


# ------------------------------------------------------------------------------------------------ what may be adopted


async def test_a_row_whose_coverage_was_changed_cannot_be_adopted_and_block_every_later_run(
    clearing: Connection,
) -> None:
    books = two_books([figures(1)], [figures(1, in_scope_fen=9_000)])
    await ran(clearing, *books)
    (one,) = await listed(clearing, Filter())
    with pytest.raises(NotAllowed, match="somebody changed it"):
        await propose(clearing, one.id, Action.ADOPT_CARE, operator="wang", reason="", books=books)
    await settled(clearing, one.id, Action.ADOPT_HOME, books)
    assert (await ran(clearing, *two_books([], []), day=SECOND)).carried == 1


async def test_what_a_book_no_longer_tells_is_neither_adopted_nor_approved(clearing: Connection) -> None:
    """The base of a resolution changed meanwhile: the care book was mended, and both books agree by now."""
    number, books = await open_difference(clearing)
    wrong = books[1].rows["44"]
    made = await propose(clearing, number, Action.ADOPT_CARE, operator="wang", reason="", books=books)
    books[1].rows["44"] = [figures(1)]
    with pytest.raises(NotAllowed, match="tells otherwise than when the books were compared"):
        await check(clearing, made, operator="li", books=books)
    await check(clearing, made, operator="li", books=books, refuse=True)
    with pytest.raises(NotAllowed, match="tells otherwise than when the books were compared"):
        await propose(clearing, number, Action.ADOPT_CARE, operator="wang", reason="", books=books)
    books[1].rows["44"] = wrong  # back again: somebody's word counts once more
    made = await propose(clearing, number, Action.ADOPT_CARE, operator="wang", reason="", books=books)
    books[0].away = True
    await check(clearing, made, operator="li", books=books)  # only the adopted book is asked
    await ran(clearing, *two_books([], []), day=SECOND)
    assert (await paid(clearing, SECOND))["pooled_fen"] == 5_000


async def test_a_duplicate_that_is_then_reversed_comes_to_nothing(clearing: Connection) -> None:
    """A reversal is a negative row of both books: what it takes back has to be brought in, never settled by nothing."""
    books = two_books([figures(1)], [figures(1), figures(1)])
    await ran(clearing, *books)
    (one,) = await listed(clearing, Filter())
    with pytest.raises(NotAllowed, match="not settled by reverse"):
        await propose(clearing, one.id, Action.REVERSE, operator="wang", reason="", books=books)
    await settled(clearing, one.id, Action.ADOPT_HOME, books)
    mirror = figures(2, sign=-1, day=SECOND)
    await ran(clearing, *two_books([mirror], [mirror]), day=SECOND)
    assert await paid_in_all(clearing) == 0


async def test_an_institutions_word_in_batch_one_does_not_keep_batch_two_from_running(
    clearing: Connection,
) -> None:
    """Batch one took a file over that speaks of a node which was away; in batch two the books differ there too."""
    changed = figures(1, pooled_fen=5_000, cash_fen=5_000, fund_sum_fen=5_000)
    await ran(
        clearing, MemoryBook("home", "31", {"45": []}), MemoryBook("care", "45", {"31": [], "44": [changed]})
    )
    for institution in ("H1", "H2"):
        await clearing.execute(PLANT, DAY, figures(1).setl_id, institution)
    books = two_books([figures(1)], [changed])
    result = await ran(clearing, *books)
    assert (result.run.batch, result.differences) == (2, 1)
    found = await listed(clearing, Filter())
    assert len(found) == 3
    told = {
        one.id: await waits(
            clearing,
            await propose(clearing, one.id, Action.ADOPT_HOME, operator="wang", reason="", books=books),
        )
        for one in found
    }
    assert told == {one.id: one.institution is None for one in found}  # the books' word alone moves money


# ------------------------------------------------------------------------------------------------ recomputed


async def carried_day(clearing: Connection) -> tuple[MemoryBook, MemoryBook]:
    """A difference of the first day, brought into the second one's run; everything holds."""
    number, books = await open_difference(clearing)
    await settled(clearing, number, Action.ADOPT_HOME, books)
    await ran(clearing, *books, day=SECOND)
    for day in (DAY, SECOND):
        assert (await verify(day, connection=clearing, books=books)).findings == []
    return books


@pytest.mark.parametrize(
    ("statement", "day"),
    [
        (
            "UPDATE run_sum SET pooled_fen = 1, cash_fen = 9999, fund_sum_fen = 1 WHERE source = 'carried'",
            SECOND,
        ),
        ("INSERT INTO run_sum SELECT * FROM run_sum WHERE source = 'carried'", SECOND),
        ("UPDATE resolution SET entered_day = NULL, entered_batch = NULL", SECOND),
        ("DELETE FROM run_sum WHERE source LIKE '%aside'", DAY),
        ("UPDATE difference SET care = home", DAY),
    ],
)
async def test_what_a_run_left_out_and_brought_in_is_held_against_where_it_comes_from(
    clearing: Connection, statement: str, day: Any
) -> None:
    books = await carried_day(clearing)
    await clearing.execute(
        f"SET session_replication_role = replica; {statement}; RESET session_replication_role"
    )
    found = (await verify(day, connection=clearing, books=books)).findings
    assert any("that it comes from" in one.what for one in found)


async def test_a_difference_that_the_books_do_not_hold_is_found(clearing: Connection) -> None:
    """Whoever makes one up, with the sums that it leaves out on both sides, would keep an item from being paid."""
    number, books = await open_difference(clearing)
    assert (await verify(DAY, connection=clearing, books=books)).findings == []
    await clearing.execute(
        "SET session_replication_role = replica; UPDATE difference SET setl_id = 'SETL0000000000000000000009';"
        " RESET session_replication_role"
    )
    found = (await verify(DAY, connection=clearing, books=books)).findings
    assert [one.what for one in found] == [
        "the difference over SETL0000000000000000000009 holds other figures than the book"
    ] * 2
    assert number == 1


async def test_a_day_whose_item_was_settled_by_asking_twice_still_holds(clearing: Connection) -> None:
    number, books = await open_difference(clearing)
    books[1].rows["44"] = [figures(1)]
    for day in (SECOND, THIRD):
        made = await propose(clearing, number, Action.REQUERY, operator="wang", reason="", books=books)
        await ran(clearing, *books, day=day)
        if day == SECOND:
            entry, _ = await undo(clearing, made, operator="wang", reason="")
            await check(clearing, entry, operator="li", books=())
    assert await paid_in_all(clearing) == 10_000
    for day in (DAY, SECOND, THIRD):
        assert (await verify(day, connection=clearing, books=books)).findings == []


# ------------------------------------------------------------------------------------------------ runs that died


async def test_a_run_that_died_is_told_from_one_that_is_under_way(clearing: Connection, dsn: str) -> None:
    session = Session(clearing, [], ClearingSettings(postgres_dsn=dsn))

    async def alive() -> list[bool]:
        return [one["alive"] for one in await under_way(clearing)]

    with contextlib.suppress(KeyboardInterrupt):
        async with watched(session, DAY, operator="wang", show=lambda *_: None):
            assert await alive() == [True]
            raise KeyboardInterrupt
    assert await alive() == [False]
    async with watched(session, DAY, operator="li", show=lambda *_: None):
        assert await alive() == [True]
    assert await alive() == []
