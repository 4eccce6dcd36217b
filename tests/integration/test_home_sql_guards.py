"""Guards of W2 that only PostgreSQL has, and pairs of guards: each alone is not missed, both together are.

A guard that stands beside another looks tested and is not, until both are taken away: so these tests rewrite the trigger
without one, without the other (a sleeping writer is still refused), and without both (it writes).
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from homepool.book import BookBroken, Cursor, Fenced, HomeBook, Written
from homepool.postgres_book import PostgresBook
from runtime import postgres
from tests.home_worlds import PostgresWorld, postgres_world
from tests.integration.test_home_book_contract import TODAY, paid, taken
from tests.servers import NewDatabase

TERM = ("c.term = head.term", "head.term <> head.term_max")
VERSION = "c.version = head.version"
DAY = "c.day <= head.day"


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home database of this test's own."""
    async with postgres_world(database("ledger", "homepool")) as opened:
        yield opened


async def without(world: PostgresWorld, *guards: str) -> None:
    """The trigger as it is, but for these comparisons of the cursor."""
    source = await world.admin.fetchval("SELECT pg_get_functiondef('decision_written'::regproc)")
    for guard in guards:
        assert source.count(guard) == 1, "the guard is named as it stands in the trigger"
        source = source.replace(guard, "true")
    await world.admin.execute(source)


async def wakes(book: HomeBook, cursor: Cursor, name: str) -> bool:
    """A sleeping writer wakes and writes as it had planned; whether that went through."""
    try:
        await book.write([Written(paid(cursor, name))], cursor)
    except Fenced:
        return False
    return True


@pytest.mark.parametrize(
    ("guards", "writes"), [((), False), ((TERM[0],), False), ((VERSION,), False), ((TERM[0], VERSION), True)]
)
async def test_term_and_version_stand_against_a_writer_that_slept_through_a_takeover(
    world: PostgresWorld, guards: tuple[str, ...], writes: bool
) -> None:
    sleeper, old = await taken(world)
    # the takeover as it would be if the sleeper's session could not be ended
    await world.admin.execute("UPDATE cursor SET term = term + 1, version = version + 1")
    await without(world, *guards)
    assert await wakes(sleeper, old, "s0") is writes


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("guards", [(VERSION,), (DAY,), (VERSION, DAY)])
async def test_version_and_day_stand_against_a_writer_that_slept_through_the_days_end(
    world: PostgresWorld, guards: tuple[str, ...], falls: bool
) -> None:
    """Behind both stands that a cursor's day never falls: only without all three a closed day takes a row."""
    sleeper, old = await taken(world)
    await world.close_day(TODAY)
    await without(world, *guards)
    if falls:
        await world.admin.execute("DROP TRIGGER day_rises ON cursor")
    if len(guards) == 2 and not falls:
        with pytest.raises(BookBroken):
            await wakes(sleeper, old, "s0")
    else:
        assert await wakes(sleeper, old, "s0") is (len(guards) == 2)


async def test_the_writer_may_neither_change_nor_delete_nor_write_past_the_leaves(
    world: PostgresWorld,
) -> None:
    book, cursor = await taken(world)
    await book.write([Written(paid(cursor, "s0"))], cursor)
    assert isinstance(book, PostgresBook)
    for statement in (
        "UPDATE decision SET cash_fen = 0",
        f"DELETE FROM decision_{TODAY:%Y%m%d}",
        "UPDATE cursor SET next_number = 1",
        "UPDATE account SET balance_fen = 1",
        "DELETE FROM claim",
        "INSERT INTO bill VALUES ('x', NULL, 1, 'y')",
        "INSERT INTO decision SELECT * FROM decision",
        f"TRUNCATE decision_{TODAY:%Y%m%d}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await book._connection.execute(statement)


async def test_a_leaf_without_its_trigger_is_found_at_the_takeover(world: PostgresWorld) -> None:
    await (await world.book()).make_leaves(TODAY, 1)
    await world.admin.execute(f"DROP TRIGGER written ON decision_{TODAY:%Y%m%d}")
    with pytest.raises(BookBroken):
        await taken(world)


async def test_a_writer_with_too_many_rights_is_found_at_the_takeover(world: PostgresWorld) -> None:
    await world.admin.execute("GRANT INSERT ON decision TO book_writer")
    with pytest.raises(BookBroken):
        await taken(world)


async def test_a_takeover_ends_the_session_of_the_writer_before_and_no_other(world: PostgresWorld) -> None:
    before, _ = await taken(world, 0)
    neighbour, _ = await taken(world, 1)
    await taken(world, 0)
    assert isinstance(before, PostgresBook)
    assert isinstance(neighbour, PostgresBook)
    assert (await neighbour.cursor(1)).term > 0
    pids = {record[0] for record in await world.admin.fetch("SELECT pid FROM pg_stat_activity")}
    assert before._connection.get_server_pid() not in pids
    assert neighbour._connection.get_server_pid() in pids


async def test_a_replicas_session_does_not_skip_the_trigger(world: PostgresWorld) -> None:
    _, cursor = await taken(world)
    row = paid(cursor, "s0", day=TODAY + timedelta(days=1))
    async with postgres.opened(world.dsn, application_name="replica") as connection:
        await connection.execute("SET session_replication_role = replica")
        sleeper = PostgresBook(connection)
        with pytest.raises(Fenced):
            await sleeper.write([Written(row._replace(term=cursor.term - 1))], cursor)
