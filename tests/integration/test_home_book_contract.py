"""One suite for both home books: what W2 does, and every guard of the failure table, with nothing written after it.

Everything here runs against PostgreSQL and against the book in memory that the simulation uses.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from homepool.book import (
    Conflict,
    Cursor,
    Fenced,
    HomeBook,
    Key,
    LeafMissing,
    Parked,
    Poison,
    SessionLost,
    Stored,
    Unavailable,
    Written,
)
from homepool.mirror import mirror_of
from homepool.still import still_row
from ledger.life import Kind, Status
from ledger.rows import ACCUMULATORS, Row
from runtime.clock import SystemClock, china_date
from tests.home_items import OTHER_PSN, POOL, PSN, RELATIVE, person, sixteen
from tests.home_worlds import FakeWorld, World, insure, postgres_world

TODAY = china_date(SystemClock().now_ms())
POOLED_AT = ACCUMULATORS.index("pooled")


@pytest.fixture(params=["postgres", "fake"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A home database with an account for each person."""
    if request.param == "fake":
        made: World = FakeWorld()
        yield made
        return
    database: Callable[..., str] = request.getfixturevalue("database")
    async with postgres_world(database("ledger", "homepool")) as opened:
        yield opened


def paid(cursor: Cursor, name: str, number: int = 0, **columns: object) -> Row:
    """A settlement of 100 fen: 60 from the fund, 40 in cash; `number` counts from the cursor's next."""
    deltas = [0] * len(ACCUMULATORS)
    deltas[POOLED_AT] = 60
    row = still_row()._replace(
        node=44, partition=cursor.partition, term=cursor.term, number=cursor.next_number + number,
        day=max(cursor.day, TODAY), id=sixteen(name), kind=int(Kind.SETTLE), status=int(Status.PAID),
        digest=bytes(32), region="45", fixmedins_code="H1", home_pool=POOL, care_pool=450100, psn_no=PSN,
        insutype="310", med_type="11", visit=sixteen("visit"), bill=sixteen(f"bill of {name}"),
        settlement=sixteen(name), year=TODAY.year, sign=1, asked_fen=100, total_fen=100, in_scope_fen=100,
        pooled_fen=60, cash_fen=40, fund_sum_fen=60, deltas=tuple(deltas), answer=name.encode(),
    )  # fmt: skip
    return row._replace(**columns)


def undone(
    cursor: Cursor, settlement: Row, name: str, number: int, *, kind: Kind = Kind.CANCEL, sign: int = -1,
    undoes: bytes | None = None, seals: bool = False,
) -> Row:  # fmt: skip
    """The mirror of a settlement, or its revival."""
    return mirror_of(
        settlement, sign=sign, number=cursor.next_number + number, id=sixteen(name), kind=int(kind),
        status=int(Status.OK), undoes=undoes or settlement.id, target=undoes or settlement.id, seals=seals,
        answer=name.encode(), term=cursor.term, partition=cursor.partition,
    )  # fmt: skip


async def taken(world: World, partition: int = 0) -> tuple[HomeBook, Cursor]:
    """A new writer of a partition."""
    book = await world.book()
    return book, await book.take_over(partition, now_ms=SystemClock().now_ms())


async def refused(
    world: World, book: HomeBook, rows: list[Written], cursor: Cursor, error: type[Exception]
) -> Any:
    """The write is refused as `error`, and the book is as it was."""
    before = await world.dump()
    with pytest.raises(error) as raised:
        await book.write(rows, cursor)
    assert await world.dump() == before
    return raised.value


def written(*rows: Row) -> list[Written]:
    """Rows that compare nothing."""
    return [Written(row) for row in rows]


async def stored(book: HomeBook, name: str) -> Stored:
    """What the book holds of an id."""
    return (await book.rows([sixteen(name)]))[sixteen(name)]


# ------------------------------------------------------------------------------------------------ what it does


async def test_a_flush_of_settlements_is_the_payment(world: World) -> None:
    await insure(world, person(), balance_fen=500)
    book, cursor = await taken(world)
    month = TODAY.year * 100 + TODAY.month
    one = paid(
        cursor, "s0", cash_fen=10, account_fen=30, month=month, month_in_scope_fen=100, month_pooled_fen=60
    )
    two = paid(cursor, "s1", 1, line_keys=(1, -2), invoice="25447000000000000001", family_psn_no=None)
    after = await book.write([Written(one, account_read_fen=500), Written(two)], cursor)
    assert after == cursor._replace(version=cursor.version + 1, next_number=cursor.next_number + 2, day=TODAY)
    assert await book.cursor(0) == after
    keys = [
        Key(one.id, one.bill, one.visit, PSN, "310", TODAY.year, month),
        Key(sixteen("nobody"), sixteen("no bill"), sixteen("no visit"), "nobody", "310", TODAY.year, month),
    ]
    reading = await book.read(0, keys)
    assert (reading.known, reading.live) == ({one.id}, {one.bill: one.id})
    assert reading.visit_live == {one.visit: {one.id, two.id}, sixteen("no visit"): set()}
    assert {key: used[POOLED_AT] for key, used in reading.used.items()} == {(PSN, "310", TODAY.year): 120}
    assert reading.month_used == {(PSN, "310", month): (100, 60)}
    assert reading.balances == {PSN: 470}
    assert (reading.version, abs(reading.clock_ms - SystemClock().now_ms()) < 60_000) == (after.version, True)
    assert await book.rows([one.id, two.id, sixteen("nobody")]) == {
        one.id: Stored(one, None, False, one.id), two.id: Stored(two, None, False, two.id)
    }  # fmt: skip


async def test_reading_nothing_tells_the_version(world: World) -> None:
    book, cursor = await taken(world)
    assert (await book.read(0, [])).version == cursor.version
    assert (await book.read(7, [])).version == 0


async def test_a_whole_life_in_one_flush_counts_the_last_row_of_each_id(world: World) -> None:
    book, cursor = await taken(world)
    settle = paid(cursor, "s0")
    rows = written(
        settle,
        undone(cursor, settle, "c0", 1),
        undone(cursor, settle, "r0", 2, kind=Kind.REVIVE, sign=1, undoes=sixteen("c0")),
        undone(cursor, settle, "r1", 3, kind=Kind.REVERSE, seals=True),
        paid(cursor, "s1", 4, bill=settle.bill),
    )
    await book.write(rows, cursor)
    s0, c0, s1 = [await stored(book, name) for name in ("s0", "c0", "s1")]
    assert (s0.undone_by, s0.sealed, s0.live) == (sixteen("r1"), True, sixteen("s1"))
    assert (c0.undone_by, c0.sealed, s1.undone_by) == (sixteen("r0"), False, None)
    assert (await world.dump())["used"][(PSN, "310", TODAY.year)][POOLED_AT] == 60


async def test_a_life_over_several_flushes_ends_the_same(world: World) -> None:
    book, cursor = await taken(world)
    settle = paid(cursor, "s0")
    cursor = await book.write(written(settle), cursor)
    cursor = await book.write(written(undone(cursor, settle, "c0", 0)), cursor)
    assert (await stored(book, "s0")).live is None
    revived = undone(cursor, settle, "r0", 0, kind=Kind.REVIVE, sign=1, undoes=sixteen("c0"))
    cursor = await book.write(written(revived), cursor)
    alive = await stored(book, "s0")
    assert (alive.undone_by, alive.live) == (None, settle.id)
    cursor = await book.write(written(undone(cursor, settle, "c1", 0)), cursor)
    seal = still_row()._replace(
        partition=0, term=cursor.term, number=cursor.next_number, day=TODAY, id=sixteen("r1"),
        kind=int(Kind.REVERSE), status=int(Status.OK), settlement=settle.id, seals=True,
    )  # fmt: skip
    await book.write(written(seal), cursor)
    ended = await stored(book, "s0")
    assert (ended.undone_by, ended.sealed, ended.live) == (sixteen("c1"), True, None)
    assert (await world.dump())["used"][(PSN, "310", TODAY.year)][POOLED_AT] == 0


async def test_what_is_given_back_returns_to_every_account(world: World) -> None:
    await insure(world, person(), balance_fen=30)
    await world.account(RELATIVE, 10)
    book, cursor = await taken(world)
    settle = paid(
        cursor,
        "s0",
        cash_fen=0,
        account_fen=30,
        family_fen=10,
        family_psn_no=(RELATIVE,),
        family_amount_fen=(10,),
    )
    cursor = await book.write([Written(settle, None, 30, (10,))], cursor)
    assert (await world.dump())["accounts"] == {PSN: 0, RELATIVE: 0}
    await book.write([Written(undone(cursor, settle, "c0", 0), None, 0)], cursor)
    assert (await world.dump())["accounts"] == {PSN: 30, RELATIVE: 10}


async def test_an_accumulator_may_fall_below_zero(world: World) -> None:
    book, cursor = await taken(world)
    deltas = tuple(-1 for _ in ACCUMULATORS)
    await book.write(written(paid(cursor, "s0", deltas=deltas)), cursor)
    assert (await world.dump())["used"][(PSN, "310", TODAY.year)] == deltas


async def test_a_flush_of_declines_claims_ids_and_moves_nothing(world: World) -> None:
    book, cursor = await taken(world)
    declined = still_row()._replace(
        partition=0, term=cursor.term, number=cursor.next_number, day=TODAY, id=sixteen("s0"), kind=1, status=2,
        bill=sixteen("bill"),
    )  # fmt: skip
    await book.write(written(declined), cursor)
    dump = await world.dump()
    assert (list(dump["claims"]), dump["bills"], dump["used"]) == ([sixteen("s0")], {}, {})
    assert (await book.write([], cursor)) is cursor


# ------------------------------------------------------------------------------------------------ conflicts


async def test_a_known_id_is_a_conflict(world: World) -> None:
    book, cursor = await taken(world)
    cursor = await book.write(written(paid(cursor, "s0")), cursor)
    again = await refused(
        world, book, written(paid(cursor, "s1"), paid(cursor, "s0", 1, bill=sixteen("b"))), cursor, Conflict
    )
    assert again.guard == "claim_pkey"


async def test_an_id_twice_in_one_flush_is_a_conflict(world: World) -> None:
    book, cursor = await taken(world)
    rows = written(paid(cursor, "s0"), paid(cursor, "s0", 1, bill=sixteen("b")))
    assert (await refused(world, book, rows, cursor, Conflict)).guard == "claim_pkey"


@pytest.mark.parametrize("known", [True, False])
async def test_a_second_living_settlement_of_a_bill_is_a_conflict(world: World, known: bool) -> None:
    book, cursor = await taken(world)
    first, bill = paid(cursor, "s0", bill=sixteen("b")), sixteen("b")
    rows = [first]
    if known:
        cursor = await book.write(written(first), cursor)
        rows = []
    rows.append(paid(cursor, "s1", len(rows), bill=bill))
    assert (await refused(world, book, written(*rows), cursor, Conflict)).guard == "bill_alive"


async def test_undoing_what_does_not_live_is_a_conflict(world: World) -> None:
    book, cursor = await taken(world)
    settle = paid(cursor, "s0")
    nothing = undone(cursor, settle, "c0", 0)
    assert (await refused(world, book, written(nothing), cursor, Conflict)).guard == "bill_alive"
    cursor = await book.write(written(settle, undone(cursor, settle, "c1", 1)), cursor)
    twice = undone(cursor, settle, "c2", 0)
    assert (await refused(world, book, written(twice), cursor, Conflict)).guard == "bill_alive"


async def test_a_deadline_that_has_passed_is_a_conflict_for_what_moves_money(world: World) -> None:
    book, cursor = await taken(world)
    now_ms = SystemClock().now_ms()
    late = [
        Written(paid(cursor, "s0"), deadline_ms=now_ms + 60_000),
        Written(paid(cursor, "s1", 1), now_ms - 1),
    ]
    assert (await refused(world, book, late, cursor, Conflict)).guard == "deadline_stands"
    await book.write([late[0]], cursor)


@pytest.mark.parametrize(("balance", "read"), [(500, 501), (501, 500), (20, 30)])
async def test_an_account_that_does_not_stand_as_it_was_read_is_a_conflict(
    world: World, balance: int, read: int
) -> None:
    await insure(world, person(), balance_fen=balance)
    book, cursor = await taken(world)
    draw = [Written(paid(cursor, "s0", cash_fen=10, account_fen=30), None, read)]
    assert (await refused(world, book, draw, cursor, Conflict)).guard == "account_draw"


async def test_the_second_draw_of_a_flush_is_on_what_the_first_left(world: World) -> None:
    await insure(world, person(), balance_fen=70)
    book, cursor = await taken(world)
    first = Written(paid(cursor, "s0", cash_fen=10, account_fen=30), None, 70)
    blind = Written(paid(cursor, "s1", 1, cash_fen=10, account_fen=30), None, 70)
    assert (await refused(world, book, [first, blind], cursor, Conflict)).guard == "account_draw"
    await book.write([first, blind._replace(account_read_fen=40)], cursor)
    assert (await world.dump())["accounts"] == {PSN: 10}


async def test_an_account_never_falls_below_zero(world: World) -> None:
    await insure(world, person(), balance_fen=20)
    book, cursor = await taken(world)
    unread = [Written(paid(cursor, "s0", cash_fen=10, account_fen=30))]
    assert (await refused(world, book, unread, cursor, Conflict)).guard == "account_balance"


async def test_an_account_that_is_not_there_is_a_conflict(world: World) -> None:
    book, cursor = await taken(world)
    draw = [Written(paid(cursor, "s0", cash_fen=10, account_fen=30))]
    assert (await refused(world, book, draw, cursor, Conflict)).guard == "account_draw"


async def test_two_partitions_draw_on_one_relative_exactly_by_balance(world: World) -> None:
    await world.account(RELATIVE, 50)
    left, left_cursor = await taken(world, 0)
    right, right_cursor = await taken(world, 1)

    def draw(cursor: Cursor, name: str, psn_no: str, read: int) -> list[Written]:
        row = paid(
            cursor, name, psn_no=psn_no, cash_fen=10, family_fen=30, family_psn_no=(RELATIVE,),
            family_amount_fen=(30,),
        )  # fmt: skip
        return [Written(row, None, None, (read,))]

    await left.write(draw(left_cursor, "s0", PSN, 50), left_cursor)
    behind = await refused(world, right, draw(right_cursor, "s1", OTHER_PSN, 50), right_cursor, Conflict)
    assert behind.guard == "account_draw"
    over = await refused(world, right, draw(right_cursor, "s1", OTHER_PSN, 20), right_cursor, Conflict)
    assert over.guard == "account_balance"
    assert (await world.dump())["accounts"] == {RELATIVE: 20}


# ------------------------------------------------------------------------------------------------ fences


async def test_an_old_version_is_fenced(world: World) -> None:
    book, cursor = await taken(world)
    await world.account(PSN, 1)
    assert (await refused(world, book, written(paid(cursor, "s0")), cursor, Fenced)).guard == "cursor_stands"


async def test_a_gap_or_a_used_number_is_fenced(world: World) -> None:
    book, cursor = await taken(world)
    gap = written(paid(cursor, "s0"), paid(cursor, "s1", 2))
    assert (await refused(world, book, gap, cursor, Fenced)).guard == "number_dense"
    await refused(world, book, written(paid(cursor, "s0", 1)), cursor, Fenced)
    moved = await book.write(written(paid(cursor, "s0")), cursor)
    await refused(world, book, written(paid(cursor, "s1")), moved, Fenced)


async def test_an_unknown_partition_is_fenced(world: World) -> None:
    book, cursor = await taken(world)
    await refused(world, book, written(paid(cursor, "s0", partition=5)), cursor, Fenced)


async def test_a_writer_that_slept_through_a_takeover_writes_nothing(world: World) -> None:
    sleeper, old = await taken(world)
    row = paid(old, "s0")
    _, new = await taken(world)
    assert new.term > old.term
    before = await world.dump()
    with pytest.raises((Fenced, SessionLost)):
        await sleeper.write(written(row), old)
    assert await world.dump() == before


async def test_the_term_of_before_is_fenced_even_in_a_session_that_lives(world: World) -> None:
    _, old = await taken(world)
    book, new = await taken(world)
    await refused(world, book, written(paid(old, "s0")), old, Fenced)
    await refused(world, book, written(paid(new, "s0", term=old.term)), new, Fenced)
    with pytest.raises(Fenced):
        async with book.locked(old):
            pass


async def test_a_writer_that_slept_through_the_days_end_writes_nothing(world: World) -> None:
    book, cursor = await taken(world)
    row = paid(cursor, "s0")
    await world.close_day(TODAY)
    await refused(world, book, written(row), cursor, Fenced)
    fresh = await book.cursor(0)
    assert fresh.day == TODAY + timedelta(days=1)
    await refused(world, book, written(row), fresh, Fenced)  # the day goes back
    later = await book.write(written(paid(fresh, "s0")), fresh)
    assert (await stored(book, "s0")).row.day == later.day == TODAY + timedelta(days=1)


async def test_a_term_is_the_clock_and_above_the_last(world: World) -> None:
    book = await world.book()
    now_ms = SystemClock().now_ms()
    first = await book.take_over(0, now_ms=now_ms)
    second = await (await world.book()).take_over(0, now_ms=now_ms - 50_000)
    assert (first.term, second.term) == (now_ms, now_ms + 1)
    assert (second.term_first_number, second.version) == (1, first.version + 1)


# ------------------------------------------------------------------------------------------------ poison


@pytest.mark.parametrize(
    ("guard", "columns"),
    [
        ("row_zero_sum", {"cash_fen": 41}),
        ("row_scope", {"in_scope_fen": 99}),
        ("row_fund_sum", {"fund_sum_fen": 61}),
        ("row_deductible", {"deductible_fen": 101}),
        ("row_sign", {"cash_fen": -20, "hospital_fen": 60}),
        ("row_moves", {"settlement": None}),
        ("row_asked", {"asked_fen": -1}),
        ("row_family", {"family_fen": 10, "cash_fen": 30}),
        ("row_deltas", {"deltas": (1, 2)}),
        ("row_invoice", {"invoice": ""}),
        ("row_id", {"digest": b"short"}),
        ("row_outcome", {"kind": 6}),
    ],
)
async def test_a_row_that_breaks_a_rule_is_named_by_its_line(
    world: World, guard: str, columns: dict[str, object]
) -> None:
    book, cursor = await taken(world)
    rows = written(paid(cursor, "s0"), paid(cursor, "s1", 1, **columns), paid(cursor, "s2", 2))
    poison = await refused(world, book, rows, cursor, Poison)
    assert (poison.guard, poison.line) == (guard, 2)
    await book.write(written(paid(cursor, "s0")), cursor)  # the session is as good as before


@pytest.mark.parametrize("column", ["total_fen", "region", "answer"])
async def test_a_missing_value_is_named_by_its_line(world: World, column: str) -> None:
    book, cursor = await taken(world)
    rows = written(paid(cursor, "s0"), paid(cursor, "s1", 1, **{column: None}))
    assert (await refused(world, book, rows, cursor, Poison)).line == 2


async def test_a_text_that_cannot_be_stored_is_named_by_its_line(world: World) -> None:
    book, cursor = await taken(world)
    rows = written(paid(cursor, "s0"), paid(cursor, "s1", 1, fixmedins_code="H\0"))
    assert (await refused(world, book, rows, cursor, Poison)).line == 2


async def test_a_number_that_cannot_be_sent_is_named_by_its_line_one_that_cannot_be_summed_is_not(
    world: World,
) -> None:
    book, cursor = await taken(world)
    huge = written(paid(cursor, "s0"), paid(cursor, "s1", 1, asked_fen=1 << 63))
    assert (await refused(world, book, huge, cursor, Poison)).line == 2
    deltas = tuple(1 << 62 for _ in ACCUMULATORS)
    sums = written(*(paid(cursor, f"s{place}", place, deltas=deltas) for place in range(2)))
    assert (await refused(world, book, sums, cursor, Poison)).line is None
    await book.write(written(paid(cursor, "s0")), cursor)


async def test_draws_that_differ_from_their_column_are_poison(world: World) -> None:
    await world.account(RELATIVE, 50)
    book, cursor = await taken(world)
    row = paid(cursor, "s0", cash_fen=10, family_fen=30, family_psn_no=(RELATIVE,), family_amount_fen=(20,))
    await refused(world, book, written(row), cursor, Poison)


# ------------------------------------------------------------------------------------------------ nobody's fault


async def test_a_missing_leaf_is_nobodys_fault(world: World) -> None:
    book, cursor = await taken(world)
    await world.drop_leaf(TODAY)
    await refused(world, book, written(paid(cursor, "s0")), cursor, LeafMissing)
    await book.make_leaves(TODAY, 2)
    await book.make_leaves(TODAY, 2)
    await book.write(written(paid(cursor, "s0")), cursor)


async def test_a_row_of_another_day_is_nobodys_fault(world: World) -> None:
    book, cursor = await taken(world)
    rows = written(paid(cursor, "s0"), paid(cursor, "s1", 1, day=TODAY + timedelta(days=1)))
    await refused(world, book, rows, cursor, LeafMissing)


async def test_a_lock_that_does_not_come_is_tried_again(world: World) -> None:
    holder, cursor = await taken(world, 0)
    other = await world.book()
    async with holder.locked(cursor):
        with pytest.raises(Unavailable):
            async with other.locked(cursor):
                pass
    async with other.locked(cursor):
        pass


# ------------------------------------------------------------------------------------------------ the slow way


async def test_in_a_locked_transaction_nobody_comes_between_reading_and_writing(world: World) -> None:
    await insure(world, person(), balance_fen=100)
    book, cursor = await taken(world, 0)
    rival, rival_cursor = await taken(world, 1)
    await world.account(PSN, 1)  # a loader: the version is not the one that the writer knows
    rival_cursor = await rival.cursor(1)
    async with book.locked(cursor) as locked:
        assert locked.cursor.version == cursor.version + 1
        await locked.lock_accounts([PSN])
        balance = (await locked.read(0, [Key(psn_no=PSN)])).balances[PSN]
        draw = paid(
            rival_cursor, "s1", psn_no=OTHER_PSN, cash_fen=10, family_fen=30, family_psn_no=(PSN,),
            family_amount_fen=(30,),
        )  # fmt: skip
        waiting = asyncio.create_task(rival.write([Written(draw, None, None, (balance,))], rival_cursor))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        row = paid(locked.cursor, "s0", cash_fen=10, account_fen=30)
        after = await locked.write([Written(row, None, balance)], locked.cursor)
    with pytest.raises(Conflict):
        await waiting
    assert await book.cursor(0) == after
    assert (await world.dump())["accounts"] == {PSN: 71}


async def write_and_fail(book: HomeBook, cursor: Cursor) -> None:
    """A transaction that is given up after its write."""
    async with book.locked(cursor) as locked:
        await locked.write(written(paid(cursor, "s0")), cursor)
        raise ZeroDivisionError


async def test_a_locked_transaction_that_fails_has_written_nothing(world: World) -> None:
    book, cursor = await taken(world)
    before = await world.dump()
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(book, cursor)
    assert await world.dump() == before
    with pytest.raises(Poison):
        async with book.locked(cursor) as locked:
            await locked.write(written(paid(cursor, "s0", cash_fen=1)), cursor)
    assert await world.dump() == before
    await book.write(written(paid(cursor, "s0")), cursor)


async def test_people_and_parked_items(world: World) -> None:
    await insure(world, person(relatives=(RELATIVE,)), balance_fen=1)
    await insure(world, person(RELATIVE), balance_fen=1)
    book, _ = await taken(world)
    assert await book.people([PSN, "nobody"]) == {PSN: person(relatives=(RELATIVE,))}
    await book.park(0, [Parked(sixteen("s0"), b"item", "row_zero_sum")])
    await book.park(0, [Parked(sixteen("s0"), b"item", "row_zero_sum")])
