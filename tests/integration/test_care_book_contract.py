"""One suite, two care books: the one in memory of the simulation and the one in PostgreSQL mean the same."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Protocol

import pytest

from gateway.care_book import (
    CANCEL_VISIT,
    VISIT_CANCELLED,
    VISIT_OPEN,
    BillLines,
    BookedAlready,
    CareBook,
    Claim,
    ClaimConflict,
    RequestRow,
    RowRefused,
    Sought,
    Visit,
)
from gateway.entrance import NO_DIGEST
from gateway.postgres_care_book import open_care_book
from ledger.life import Kind
from ledger.rows import Row
from tests.builders import (
    CARE_POOL,
    HOME_POOL,
    HOSPITAL,
    NODE,
    NOW_MS,
    OTHER_PSN,
    PARTITION,
    PSN,
    REGION,
    TODAY,
    a_care_row,
    a_mirror_row,
    a_request_row,
    a_revival_row,
    an_id,
    an_opening_row,
)
from tests.servers import NewDatabase
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase

VISIT = an_id("visit")
REAL = "postgres"


class StandingClock:
    """It is always TODAY."""

    def now_ms(self) -> int:
        return NOW_MS

    def monotonic_s(self) -> float:
        return 0.0


class Region(Protocol):
    """The books of the slots of one region, over one database."""

    async def __call__(self, slot: int = 0) -> CareBook: ...


@pytest.fixture(params=["memory", REAL])
async def region(request: pytest.FixtureRequest) -> AsyncIterator[Region]:
    async with AsyncExitStack() as stack:
        if request.param == REAL:
            new_database: NewDatabase = request.getfixturevalue("database")
            dsn = new_database("ledger", "gateway")

            async def real(slot: int = 0) -> CareBook:
                opened = open_care_book(dsn=dsn, region=REGION, slot=slot, clock=StandingClock())
                return await stack.enter_async_context(opened)

            yield real
        else:
            tables = FakeCareDatabase()

            async def fake(slot: int = 0) -> CareBook:
                return FakeCareBook(tables, slot=slot)

            yield fake


@pytest.fixture
async def book(region: Region) -> CareBook:
    made = await region()
    await made.take_over()
    return made


async def claims_of(book: CareBook, *names: str) -> dict[bytes, Claim]:
    return (await book.read([Sought(tuple(an_id(name) for name in names))])).claims


async def the_visit(book: CareBook, visit: bytes = VISIT) -> Visit:
    return (await book.read([Sought((), visit)])).visits[visit]


async def open_names(book: CareBook, *names: str) -> set[str]:
    ids = {an_id(name): name for name in names}
    return {ids[item.id] for item in await book.open_items(list(ids))}


def settling(name: str, *, version: int | None = 1, **changes: Any) -> RequestRow:
    """A settlement of VISIT as admission claims it."""
    return a_request_row(name, visit=VISIT, visit_version=version, exclusive=True, **changes)


def tombstone(name: str) -> RequestRow:
    return a_request_row(
        name, kind=int(Kind.TOMBSTONE), digest=NO_DIGEST, input=b"", item=None, own_answer=b"voided " + name.encode()
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- W1


async def test_what_was_claimed_is_read_back_and_is_open_with_the_bytes_that_are_sent(book: CareBook) -> None:
    row = a_request_row("a", since_ms=NOW_MS - 5)
    await book.claim([row, a_request_row("b", kind=int(Kind.REVERSE))])

    known = await claims_of(book, "a", "b", "never")
    assert known == {
        an_id("a"): Claim(row.digest, TODAY, 1, NODE, PARTITION, PSN, None, None),
        an_id("b"): Claim(an_id("b") * 2, TODAY, 3, NODE, PARTITION, PSN, None, None),
    }
    items = await book.open_items([an_id("b"), an_id("a"), an_id("never")])
    assert [item.id for item in items] == [an_id("a"), an_id("b")]  # the oldest first
    assert tuple(items[0]) == (
        row.id, 1, row.digest, NODE, PARTITION, row.deadline_ms, NOW_MS - 5, 0, b"item a"
    )  # fmt: skip


async def test_a_claim_of_a_claimed_id_conflicts_and_nothing_of_its_flush_is_written(
    region: Region, book: CareBook
) -> None:
    await book.claim([a_request_row("taken")])
    other = await region(1)
    with pytest.raises(ClaimConflict):
        await other.claim(
            [a_request_row("fresh"), a_request_row("taken"), an_opening_row("opening", an_id("new"))]
        )

    known = await other.read([Sought((an_id("fresh"), an_id("opening")), an_id("new"))])
    assert (known.claims, known.visits) == ({}, {})
    assert await open_names(other, "fresh", "taken") == {"taken"}


async def test_an_id_claimed_on_another_day_is_still_taken(book: CareBook) -> None:
    await book.claim([a_request_row("a")])
    with pytest.raises(ClaimConflict):
        await book.claim([a_request_row("a", day=TODAY + timedelta(days=1))])


async def test_one_id_twice_in_a_flush_conflicts(book: CareBook) -> None:
    with pytest.raises(ClaimConflict):
        await book.claim([a_request_row("a"), a_request_row("a", input=b"again")])
    assert await claims_of(book, "a") == {}


async def test_a_flush_of_nothing_but_open_ids_gives_them_oldest_first_and_stale_ones_by_age(
    book: CareBook,
) -> None:
    ages = {"new": 10, "old": 60_001, "older": 90_000}
    await book.claim([a_request_row(name, since_ms=NOW_MS - ms) for name, ms in ages.items()])
    stale = await book.stale_items(since_before_ms=NOW_MS - 60_000, limit=10)
    assert [item.id for item in stale] == [an_id("older"), an_id("old")]
    assert [item.id for item in await book.stale_items(since_before_ms=NOW_MS, limit=1)] == [an_id("older")]


async def test_another_slot_s_item_is_stale_for_everybody_and_says_whose_it_is(
    region: Region, book: CareBook
) -> None:
    other = await region(1)
    await other.claim([a_request_row("theirs", slot=1, since_ms=NOW_MS - 70_000)])
    assert [item.slot for item in await book.stale_items(since_before_ms=NOW_MS, limit=10)] == [1]


async def test_a_slot_takes_over_what_it_left_open_and_nothing_of_others(
    region: Region, book: CareBook
) -> None:
    await book.claim([a_request_row("mine", since_ms=NOW_MS), a_request_row("older", since_ms=NOW_MS - 1)])
    await book.claim([a_request_row("done"), tombstone("voided")])
    await book.book([a_care_row("done")])
    await (await region(1)).claim([a_request_row("theirs", slot=1)])

    successor = await region(0)
    assert [item.id for item in await successor.take_over()] == [an_id("older"), an_id("mine")]


async def test_a_row_that_breaks_a_rule_of_w1_is_refused_with_its_line(book: CareBook) -> None:
    rows = [a_request_row("a"), a_request_row("b", own_answer=b"both"), a_request_row("c")]
    with pytest.raises(RowRefused) as refused:
        await book.claim(rows)
    assert refused.value.line == 1
    assert await claims_of(book, "a", "b", "c") == {}
    with pytest.raises(RowRefused) as refused:
        await book.claim([a_request_row("c"), a_request_row("a", item=None)])
    assert refused.value.line == 1
    await book.claim([rows[0], rows[2]])  # the connection is as good as before


async def test_a_column_that_is_missing_is_refused_with_its_line(book: CareBook) -> None:
    nothing: Any = None
    with pytest.raises(RowRefused) as refused:
        await book.claim([a_request_row("a"), a_request_row("b", psn_no=nothing)])
    assert refused.value.line == 1


# ------------------------------------------------------------------------------------------------- visits


async def test_an_opened_visit_is_read_by_id_by_alias_and_through_its_claims(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT, alias=an_id("content"))])

    visit = await the_visit(book)
    assert visit == Visit(
        id=VISIT, alias=an_id("content"), fixmedins_code=HOSPITAL, serial="opening", psn_no=PSN, home_pool=HOME_POOL,
        care_pool=CARE_POOL, node=NODE, partition=PARTITION, insutype="310", med_type="11", begin_day=TODAY,
        dise_codg="", matn_type="", emergency=False, injury=False, third_party=False, state=VISIT_OPEN,
        cancelled_by=None, version=1, busy=None, live_bills=(), unsealed=0,
    )  # fmt: skip
    by_alias = await book.read([Sought((), an_id("unknown"), an_id("content"))])
    assert (by_alias.aliases, by_alias.visits) == ({an_id("content"): visit}, {VISIT: visit})
    assert (await book.read([Sought((an_id("opening"),))])).visits == {VISIT: visit}
    assert (await book.read([])).visits == {}


@pytest.mark.parametrize("again", [{"visit": VISIT}, {"visit": an_id("other"), "alias": an_id("content")}])
async def test_a_visit_is_opened_once_whether_named_by_key_or_by_content(
    book: CareBook, again: dict[str, Any]
) -> None:
    await book.claim([an_opening_row("opening", VISIT, alias=an_id("content"))])
    row = an_opening_row("again", VISIT)._replace(**again)
    with pytest.raises(ClaimConflict):
        await book.claim([row])
    assert await claims_of(book, "again") == {}


async def test_a_settlement_makes_its_visit_busy_and_a_second_one_conflicts_whatever_version_it_read(
    region: Region, book: CareBook
) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    await book.claim([settling("first")])
    visit = await the_visit(book)
    assert (visit.busy, visit.version) == (an_id("first"), 2)

    other = await region(1)
    for version in (1, 2):  # as it was before the first one, and as it is now
        with pytest.raises(ClaimConflict):
            await other.claim([settling("second", version=version)])
    assert await claims_of(book, "second") == {}
    await book.book([a_care_row("first")])
    await other.claim([settling("second", version=2)])
    assert (await the_visit(book)).busy == an_id("second")


async def test_two_changes_of_one_visit_in_one_flush_conflict(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    rows = [settling("a"), a_request_row("b", visit=VISIT, visit_version=1)]
    with pytest.raises(ClaimConflict):
        await book.claim(rows)
    assert (await the_visit(book)).version == 1


async def test_a_guarded_change_of_a_visit_that_is_not_there_conflicts(book: CareBook) -> None:
    with pytest.raises(ClaimConflict):
        await book.claim([settling("a")])


async def test_a_message_that_does_not_touch_the_visit_neither_guards_nor_blocks_it(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    await book.claim([a_request_row("reversal", visit=VISIT), a_request_row("cancel", visit=VISIT)])
    visit = await the_visit(book)
    assert (visit.busy, visit.version) == (None, 1)


async def test_a_visit_is_cancelled_and_bound_anew_and_each_raises_its_version(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    cancel = a_request_row(
        "cancel", kind=CANCEL_VISIT, item=None, own_answer=b"gone", visit=VISIT, visit_version=1,
        new_state=VISIT_CANCELLED,
    )  # fmt: skip
    await book.claim([cancel])
    visit = await the_visit(book)
    assert (visit.state, visit.cancelled_by, visit.version) == (VISIT_CANCELLED, an_id("cancel"), 2)

    with pytest.raises(ClaimConflict):  # its reader saw the visit before it was cancelled
        await book.claim([settling("late", version=1)])

    anew = an_opening_row("anew", VISIT)._replace(
        opens_visit=False, visit_version=2, new_state=VISIT_OPEN, psn_no=OTHER_PSN, partition=1 - PARTITION,
        insutype="390", med_type="14", dise_codg="M01", matn_type="1", emergency=True, injury=True, third_party=True,
        begin_day=TODAY - timedelta(days=3), home_pool=440300, node=44,
    )  # fmt: skip
    await book.claim([anew])
    bound = await the_visit(book)
    assert bound == visit._replace(
        state=VISIT_OPEN, cancelled_by=None, version=3, psn_no=OTHER_PSN, partition=1 - PARTITION, insutype="390",
        med_type="14", dise_codg="M01", matn_type="1", emergency=True, injury=True, third_party=True,
        begin_day=TODAY - timedelta(days=3), home_pool=440300, node=44,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- finals


async def test_a_claimed_id_is_open_then_decided_here_or_booked(book: CareBook) -> None:
    own = a_request_row("own", item=None, own_answer=b"decided here")
    await book.claim([a_request_row("open"), a_request_row("booked"), own, tombstone("voided")])
    row = a_care_row("booked", number=4, line_keys=(1, -2), answer=b"\x00bytes")
    await book.book([row])

    claims = await claims_of(book, "open", "booked", "own", "voided")
    assert claims[an_id("voided")].digest == NO_DIGEST
    finals = await book.finals(claims)
    assert an_id("open") not in finals
    assert finals[an_id("own")][:3] == (b"decided here", None, True)
    assert finals[an_id("voided")][:3] == (b"voided voided", None, True)
    assert finals[an_id("booked")][:3] == (b"\x00bytes", row.digest, False)
    assert finals[an_id("booked")].row == row
    assert await open_names(book, "open", "booked", "own", "voided") == {"open"}


async def test_a_row_booked_days_after_its_claim_is_found(book: CareBook) -> None:
    await book.claim([a_request_row("a")])
    late = a_care_row("a", day=TODAY + timedelta(days=9))
    await book.book([late])
    assert (await book.finals(await claims_of(book, "a")))[an_id("a")].row == late


# ------------------------------------------------------------------------------------------------- W3


async def test_what_is_booked_is_not_booked_again_and_nothing_of_that_flush_is_written(
    region: Region, book: CareBook
) -> None:
    await book.claim([a_request_row("a"), a_request_row("b")])
    await book.book([a_care_row("a")])
    other = await region(1)
    with pytest.raises(BookedAlready):
        await other.book([a_care_row("b", 2), a_care_row("a", 1, answer=b"other bytes")])
    assert await open_names(book, "a", "b") == {"b"}
    assert await other.booked([a_care_row("a"), a_care_row("b", 2)]) == {an_id("a"): b"answer a"}


async def test_asking_what_is_booked_takes_it_out_of_what_is_open(book: CareBook) -> None:
    """A decision may be booked before its own claim is: nothing else would ever end that."""
    await book.book([a_care_row("a")])
    await book.claim([a_request_row("a"), a_request_row("b")])
    assert await open_names(book, "a", "b") == {"a", "b"}
    assert await book.booked([a_care_row("a"), a_care_row("b", 2)]) == {an_id("a"): b"answer a"}
    assert await open_names(book, "a", "b") == {"b"}


BROKEN: dict[str, dict[str, Any]] = {
    "zero sum": {"cash_fen": 401},
    "scope": {"in_scope_fen": 999},
    "fund sum": {"fund_sum_fen": 601},
    "sign against amounts": {"sign": -1, "undoes": an_id("x"), "kind": 2},
    "a declined row with money": {"sign": 0, "status": 2},
    "deductible above in scope": {"deductible_fen": 1_001},
    "seals nothing": {"seals": True, "settlement": None},
    "family without amounts": {"family_psn_no": ("x",)},
    "seventeen deltas": {"deltas": (1, 2, 3)},
    "asked below zero": {"asked_fen": -1},
    "a short digest": {"digest": b"short"},
    "no such status": {"status": 9},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_a_decision_that_breaks_a_rule_is_refused_with_its_line(
    book: CareBook, broken: dict[str, Any]
) -> None:
    rows = [a_care_row("a", 1, bill=an_id("1")), a_care_row("b", 2)._replace(**broken), a_care_row("c", 3)]
    with pytest.raises(RowRefused) as refused:
        await book.book(rows)
    assert refused.value.line == 1
    assert await book.booked(rows) == {}


async def test_amounts_too_large_for_a_column_are_refused(book: CareBook) -> None:
    with pytest.raises(RowRefused):
        await book.book([a_care_row("a"), a_care_row("b", 2, node=70_000)])


async def booked_history(book: CareBook, salt: str, order: tuple[int, ...]) -> None:
    """A bill is settled, cancelled, revived, reversed and settled again; the rows are booked one by one."""
    place = {"visit": an_id(f"visit{salt}"), "bill": an_id(f"bill{salt}")}
    names = {name: f"{name}{salt}" for name in ("settle", "cancel", "revive", "reverse", "again")}
    history: list[Row] = [
        a_care_row(names["settle"], 11, line_keys=(1, 2), **place),
        a_mirror_row(names["cancel"], 12, names["settle"], **place),
        a_revival_row(names["revive"], 13, names["cancel"], names["settle"], line_keys=(1, 2), **place),
        a_mirror_row(names["reverse"], 14, names["settle"], kind=3, seals=True, **place),
        a_care_row(names["again"], 15, line_keys=(3,), **place),
    ]
    opening = an_opening_row(f"opening{salt}", place["visit"])
    await book.claim([opening, *(a_request_row(name, visit=place["visit"]) for name in names.values())])
    for index in order:
        await book.book([history[index]])
    claims = await claims_of(book, *names.values())
    undone_by = {name: claims[an_id(names[name])].undone_by for name in names}
    assert undone_by == {
        "settle": an_id(names["reverse"]), "cancel": an_id(names["revive"]), "revive": None, "reverse": None,
        "again": None,
    }, order  # fmt: skip
    visit = await the_visit(book, place["visit"])
    assert (visit.live_bills, visit.unsealed) == ((place["bill"],), 1), order
    assert list(await book.bills_of(place["visit"])) == [an_id(names["again"])], order
    for keys, found in (((3, 9), 1), ((1, 2), 0)):
        wanted = BillLines(place["visit"], an_id("another bill"), keys)
        assert len(await book.lines_in_live_bills([wanted])) == found, order


async def test_rows_booked_in_any_order_end_in_the_same_fates_and_bills(
    book: CareBook, request: pytest.FixtureRequest
) -> None:
    orders = list(itertools.permutations(range(5)))
    if request.node.callspec.params["region"] == REAL:
        orders = [(4, 3, 2, 1, 0), *random.Random(5).sample(orders, 14)]
    for index, order in enumerate(orders):
        await booked_history(book, f" {index}", order)


async def test_a_whole_history_in_one_flush_ends_as_one_by_one(book: CareBook) -> None:
    await book.claim([a_request_row(name) for name in ("s", "c", "v")])
    await book.book([a_revival_row("v", 3, "c", "s"), a_mirror_row("c", 2, "s"), a_care_row("s", 1)])
    claims = await claims_of(book, "s", "c", "v")
    assert [claims[an_id(name)].undone_by for name in ("s", "c", "v")] == [None, an_id("v"), None]
    assert list(await book.bills_of(VISIT)) == [an_id("s")]


async def test_declined_decisions_move_no_bill(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT), a_request_row("a", visit=VISIT)])
    await book.book([a_care_row("a", sign=0)])
    visit = await the_visit(book)
    assert (visit.live_bills, visit.unsealed, await book.bills_of(VISIT)) == ((), 0, {})


async def test_a_seal_without_money_lets_the_visit_be_bound_anew(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT), a_request_row("s"), a_request_row("c")])
    await book.book([a_care_row("s", 1), a_mirror_row("c", 2, "s")])
    assert (await the_visit(book)).unsealed == 1  # the cancel may still be reversed
    seal = a_care_row("r", 3, sign=0, kind=3, status=5, settlement=an_id("s"), seals=True, asked_fen=0)
    await book.book([seal])
    visit = await the_visit(book)
    assert (visit.unsealed, visit.live_bills) == (0, ())


async def test_lines_in_a_live_bill_are_found_only_in_other_live_bills_of_the_same_visit(
    book: CareBook,
) -> None:
    await book.book(
        [a_care_row("s", 1, line_keys=(5, 6)), a_care_row("t", 2, bill=an_id("t"), line_keys=(7,))]
    )
    await book.book([a_mirror_row("c", 3, "t", bill=an_id("t"))])
    mine, other = an_id("bill"), an_id("other bill")
    wanted = [
        BillLines(VISIT, mine, (5,)),  # its own bill
        BillLines(VISIT, other, (1, 6)),
        BillLines(VISIT, an_id("third"), (7,)),  # not alive any more
        BillLines(an_id("other visit"), other, (5,)),
        BillLines(VISIT, an_id("fourth"), ()),
    ]
    assert await book.lines_in_live_bills(wanted) == {(VISIT, other)}


async def test_bills_of_a_visit_come_with_their_claims_in_the_order_of_booking_numbers(
    book: CareBook,
) -> None:
    await book.claim([a_request_row("s"), a_request_row("t")])
    await book.book([a_care_row("t", 9, bill=an_id("t")), a_care_row("s", 3)])
    bills = await book.bills_of(VISIT)
    assert list(bills) == [an_id("s"), an_id("t")]
    assert bills == await claims_of(book, "s", "t")


async def test_processes_that_write_the_same_rows_in_different_orders_do_not_deadlock(
    region: Region, book: CareBook
) -> None:
    other = await region(1)
    await other.read([])
    shuffled = random.Random(3)

    async def race(write: Callable[[CareBook, list[Any]], Any], rows: list[Any], lost: type) -> None:
        mixed = shuffled.sample(rows, len(rows))
        results = await asyncio.gather(write(book, rows), write(other, mixed), return_exceptions=True)
        assert sorted(type(one).__name__ for one in results) == sorted([lost.__name__, "NoneType"])

    for turn in range(10):
        names = [f"{turn}-{place}" for place in range(40)]
        await race(lambda one, rows: one.claim(rows), [a_request_row(name) for name in names], ClaimConflict)
        rows = [a_care_row(name, number, bill=an_id(name)) for number, name in enumerate(names, 1)]
        await race(lambda one, rows: one.book(rows), rows, BookedAlready)
        assert await open_names(book, *names) == set()


async def test_many_readers_at_once_disturb_neither_each_other_nor_a_claim(book: CareBook) -> None:
    """The queries of the hospitals come while the claim desk writes, all through one book."""

    async def look(name: str) -> None:
        claims = await claims_of(book, name)
        await book.finals(claims)
        await book.open_items([an_id(name)])
        await book.bills_of(VISIT)

    names = [str(place) for place in range(20)]
    await asyncio.gather(
        *(look(name) for name in names),
        *(book.claim([a_request_row(name)]) for name in names),
        *(book.book([a_care_row(f"other {name}", bill=an_id(name))]) for name in names),
    )
    assert await open_names(book, *names) == set(names)
