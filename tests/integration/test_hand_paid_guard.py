"""The book's own guard of an invoice paid by hand: two live payments of one cannot be written, whoever writes them."""

from collections.abc import AsyncIterator

import pytest

from homepool.book import Conflict, Cursor, HomeBook, Poison
from ledger.life import Kind
from ledger.rows import Row
from tests.home_items import PSN, person, sixteen
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.integration.test_home_book_contract import paid, refused, taken, undone, written
from tests.servers import NewDatabase

INVOICE, OTHER = "25447000000000000001", "25447000000000000002"


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home database of this test's own."""
    async with postgres_world(database("ledger", "homepool")) as opened:
        await insure(opened, person())
        yield opened


def by_hand(cursor: Cursor, name: str, number: int = 0, *, invoice: str | None = INVOICE) -> Row:
    """A bill paid by hand, under a bill of its own: only the invoice is the same."""
    return paid(cursor, name, number, region="manual", invoice=invoice)


async def invoices(world: PostgresWorld) -> dict[str, bytes]:
    """What the guard holds."""
    return dict(await world.admin.fetch("SELECT invoice, id FROM hand_paid"))


async def carried(book: HomeBook) -> frozenset[str]:
    """What a flush learns of the person."""
    return (await book.people([PSN]))[PSN].invoices


async def test_two_live_payments_of_one_invoice_by_hand_cannot_be_written(world: PostgresWorld) -> None:
    book, cursor = await taken(world)
    both = written(by_hand(cursor, "s0"), by_hand(cursor, "s1", 1))
    assert (await refused(world, book, both, cursor, Conflict)).guard == "hand_paid_pkey"
    cursor = await book.write(written(by_hand(cursor, "s0")), cursor)
    again = written(by_hand(cursor, "s1"))
    assert (await refused(world, book, again, cursor, Conflict)).guard == "hand_paid_pkey"
    cursor = await book.write(written(by_hand(cursor, "s1", invoice=OTHER)), cursor)
    assert await invoices(world) == {INVOICE: sixteen("s0"), OTHER: sixteen("s1")}
    assert await carried(book) == {INVOICE, OTHER}


async def test_what_is_taken_back_frees_its_invoice_in_whatever_order_a_flush_says_it(
    world: PostgresWorld,
) -> None:
    book, cursor = await taken(world)
    first = by_hand(cursor, "s0")
    cursor = await book.write(written(first), cursor)
    back = undone(cursor, first, "c0", 0)
    second = by_hand(cursor, "s1", 1)
    cursor = await book.write(written(back, second), cursor)
    assert await invoices(world) == {INVOICE: sixteen("s1")}
    cursor = await book.write(written(undone(cursor, second, "c1", 0)), cursor)
    assert await invoices(world) == {}
    assert await carried(book) == frozenset()
    third = by_hand(cursor, "s2")
    cursor = await book.write(written(third, undone(cursor, third, "c2", 1)), cursor)
    assert await invoices(world) == {}
    revived = undone(cursor, third, "r2", 0, kind=Kind.REVIVE, sign=1, undoes=sixteen("c2"))
    await book.write(written(revived), cursor)
    assert await invoices(world) == {INVOICE: sixteen("s2")}


async def test_only_what_is_paid_by_hand_is_kept_and_it_must_name_an_invoice(world: PostgresWorld) -> None:
    book, cursor = await taken(world)
    direct = written(paid(cursor, "s0", invoice=INVOICE), paid(cursor, "s1", 1, invoice=INVOICE))
    cursor = await book.write(direct, cursor)
    assert await invoices(world) == {}
    await refused(world, book, written(by_hand(cursor, "s2", invoice=None)), cursor, Poison)
