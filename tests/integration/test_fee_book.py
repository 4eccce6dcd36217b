"""The fee book on a real PostgreSQL: lines are read as they were written, and wards do not take every connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.fees.book import WRITING_MAX, FeeBook, open_fee_book
from gateway.fees.changes import NOTHING, Change, Held, Sum
from gateway.fees.line_rows import PIECE_ROWS
from gateway.postgres_care_book import open_care_book
from gateway.slices import Slices
from tests.builders import REGION, TODAY, a_visit_key, an_id, an_opening_row
from tests.care_regions import StandingClock
from tests.servers import NewDatabase

VISIT = a_visit_key()
SLICES = Slices(pressing=lambda: False, clock=StandingClock())


@pytest.fixture
async def fees(database: NewDatabase) -> AsyncIterator[FeeBook]:
    """A fee book in which the visit is open."""
    dsn = database("ledger", "gateway")
    async with open_care_book(dsn=dsn, region=REGION, slot=0, clock=StandingClock()) as book:
        await book.take_over()
        await book.claim([an_opening_row("opening", VISIT)])
        async with open_fee_book(dsn=dsn, region=REGION, slot=0) as opened:
            yield opened


def a_held(number: int) -> Held:
    """A line all of whose values differ from each other and from its neighbours'."""
    base = number * 100
    return Held(
        key=base - (1 << 62), batch=f"批 {number}", day=TODAY, line=f"line {number}".encode() * (number % 40),
        content=bytes([number % 256]) * 16, cnt=base + 4, pric=base + 5, amount_fen=base + 46, init_key=None,
        returned_cnt=-3, returned_fen=-2, chrgitm_lv="0" + str(number % 3), first_pay_bp=number + 7, price_limit=base + 8,
        full_self_fen=base + 9, over_limit_fen=10, first_pay_fen=12, in_scope_fen=13, upload=an_id(f"upload {number}"),
    )  # fmt: skip


def a_returned(number: int, of: int) -> Held:
    """A return."""
    return a_held(number)._replace(
        cnt=-1,
        amount_fen=-44,
        init_key=of,
        full_self_fen=0,
        over_limit_fen=0,
        first_pay_fen=0,
        in_scope_fen=0,
    )


async def test_every_column_is_read_as_it_was_written_over_several_pieces(fees: FeeBook) -> None:
    lines = [a_held(number) for number in range(2 * PIECE_ROWS + 1)]
    lines.append(a_returned(len(lines), lines[0].key))
    codes = [(7 - line.key, line.key) for line in lines]
    change = Change(
        written={line.key: line for line in lines}, sums={("b", TODAY): Sum(len(lines), NOTHING)}, codes=codes
    )
    async with fees.transaction(VISIT) as held:
        await held.write(change, SLICES)
    async with fees.transaction(VISIT) as held:
        assert await held.held_page(begin=-(1 << 63), limit=len(lines) + 1, only=None) == lines
        assert await held.takers([code for code, _ in codes]) == dict(codes)


async def test_a_sign_in_finds_a_connection_while_wards_write_and_others_wait(fees: FeeBook) -> None:
    may_end = asyncio.Event()
    begun: asyncio.Queue[int] = asyncio.Queue()

    async def writes(ward: int) -> None:
        async with fees.transaction(None):
            begun.put_nowait(ward)
            await may_end.wait()

    wards = [asyncio.create_task(writes(ward)) for ward in range(WRITING_MAX + 2)]
    first = [await begun.get() for _ in range(WRITING_MAX)]
    async with fees.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert begun.empty()
    may_end.set()
    await asyncio.gather(*wards)
    assert len(first) + begun.qsize() == len(wards)
