"""Who sleeps while a successor takes his slot over: what he had under way is ended, and nothing of it is written."""

import asyncio
import contextlib

import asyncpg
import pytest

from gateway.care_book import CareBookUnavailable
from ledger.life import Kind
from runtime import postgres
from tests.builders import REGION, TODAY, a_request_row, an_id
from tests.care_regions import claims_of, fake_region, real_region
from tests.servers import NewDatabase
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase


class Crash(Exception):
    """The process ends at this very step."""


async def in_mid_claim(dsn: str, *, slot: int) -> postgres.Connection:
    """A namesake of a slot's claiming connection that has written W1 and not committed."""
    connection = await postgres.connect(
        dsn, application_name=f"gateway {REGION} slot {slot} claims", role="book_writer"
    )
    await connection.execute("BEGIN")
    row = a_request_row("a")
    await connection.copy_records_to_table(
        f"request_{TODAY:%Y%m%d}", records=[row], columns=list(row._fields)
    )
    return connection


async def test_a_predecessor_in_mid_claim_is_ended_and_its_id_is_free(database: NewDatabase) -> None:
    dsn = database("ledger", "gateway")
    async with real_region(dsn) as region:
        book = await region()
        await book.make_leaves()
        predecessor = await in_mid_claim(dsn, slot=0)
        assert await book.take_over() == []
        async with asyncio.timeout(2):  # nothing of the predecessor is waited for
            await book.claim([a_request_row("a", kind=int(Kind.CANCEL))])
        assert (await claims_of(book, "a"))[an_id("a")].kind == Kind.CANCEL
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await predecessor.execute("COMMIT")
        await postgres.close(predecessor)


async def test_a_connection_that_was_lost_decides_what_it_had_begun_before_it_reads_again(
    database: NewDatabase,
) -> None:
    """The process lives, its backend still writes: a reader that comes back must not overtake that write."""
    dsn = database("ledger", "gateway")
    async with real_region(dsn) as region:
        book = await region()
        await book.make_leaves()
        left_behind = await in_mid_claim(dsn, slot=0)
        assert await claims_of(book, "a") == {}
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await left_behind.execute("COMMIT")
        assert await claims_of(book, "a") == {}
        await postgres.close(left_behind)


async def test_the_takeover_of_slot_1_leaves_slot_10_alone(database: NewDatabase) -> None:
    dsn = database("ledger", "gateway")
    async with real_region(dsn) as region:
        book = await region(1)
        await book.make_leaves()
        other = await in_mid_claim(dsn, slot=10)
        await book.take_over()
        await other.execute("COMMIT")
        await postgres.close(other)
        assert an_id("a") in await claims_of(book, "a")


async def test_a_book_comes_back_after_its_connections_were_ended(database: NewDatabase) -> None:
    dsn = database("ledger", "gateway")
    async with real_region(dsn) as region:
        book = await region()
        await book.take_over()
        async with postgres.opened(dsn, application_name="test") as owner:
            await postgres.terminate_backends(owner, f"gateway {REGION} slot 0 ")
        with contextlib.suppress(CareBookUnavailable):  # unless its end was noticed before
            await book.claim([a_request_row("a")])
        await book.claim([a_request_row("b")])
        assert an_id("b") in await claims_of(book, "a", "b")


async def test_the_book_in_memory_ends_a_sleeper_too() -> None:
    database = FakeCareDatabase()
    asleep, awake = asyncio.Event(), asyncio.Event()

    async def fall_asleep(name: str) -> None:
        if name == "care.claim":
            asleep.set()
            await awake.wait()

    sleeper = FakeCareBook(database, checkpoint=fall_asleep)
    claiming = asyncio.ensure_future(sleeper.claim([a_request_row("a")]))
    await asleep.wait()
    successor = await fake_region(database)()
    await successor.take_over()
    awake.set()
    with pytest.raises(CareBookUnavailable):
        await claiming
    assert database.tables.claims == {}
    await sleeper.claim(
        [a_request_row("a")]
    )  # whoever comes back later meets what is written, as anybody does
    assert database.open_ids == {an_id("a")}


@pytest.mark.parametrize(("step", "written"), [("care.claim", False), ("care.claim.done", True)])
async def test_a_crash_before_or_after_a_write_in_memory_leaves_all_or_nothing(
    step: str, written: bool
) -> None:
    database = FakeCareDatabase()

    async def crash(name: str) -> None:
        if name == step:
            raise Crash

    with pytest.raises(Crash):
        await FakeCareBook(database, checkpoint=crash).claim([a_request_row("a"), a_request_row("b")])
    assert len(database.open_ids) == (2 if written else 0)


async def test_an_acknowledgement_is_lost_once_and_what_was_written_stands() -> None:
    database = FakeCareDatabase()
    book = FakeCareBook(database)
    database.lose_acknowledgement("claim")
    with pytest.raises(CareBookUnavailable):
        await book.claim([a_request_row("a")])
    assert an_id("a") in await claims_of(book, "a")
    await book.claim([a_request_row("b")])


async def test_a_book_in_memory_that_is_down_does_nothing() -> None:
    database = FakeCareDatabase()
    book = FakeCareBook(database)
    database.up = False
    with pytest.raises(CareBookUnavailable):
        await book.claim([a_request_row("a")])
    database.up = True
    assert await claims_of(book, "a") == {}
