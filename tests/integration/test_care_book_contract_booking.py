"""The suite goes on: both care books mean the same by an outcome, a booking, and what follows from it."""

import asyncio
import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.care_book import (
    BillLines,
    BookedAlready,
    CareBook,
    ClaimConflict,
    RowRefused,
)
from gateway.entrance import NO_DIGEST
from ledger.rows import ACCUMULATORS, FUND_PAYERS, Row
from tests.builders import (
    PARTITION,
    TODAY,
    a_care_row,
    a_mirror_row,
    a_request_row,
    a_revival_row,
    an_id,
    an_opening_row,
)
from tests.care_regions import (
    REAL,
    VISIT,
    Region,
    a_tombstone_row,
    claims_of,
    open_names,
    the_visit,
)

# ------------------------------------------------------------------------------------------------- finals


async def test_a_claimed_id_is_open_then_decided_here_or_booked(book: CareBook) -> None:
    own = a_request_row("own", item=None, own_answer=b"decided here")
    await book.claim([a_request_row("open"), a_request_row("booked"), own, a_tombstone_row("voided")])
    row = a_care_row(
        "booked", number=4, line_keys=(1, -2), invoice="25447000000000000001", answer=b"\x00bytes"
    )
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


async def test_every_column_of_a_decision_comes_back_as_it_was_sent(book: CareBook) -> None:
    scope = {"full_self_fen": 110, "over_limit_fen": 120, "first_pay_fen": 70, "in_scope_fen": 700}
    payers = {
        "pooled_fen": 301, "big_illness_fen": 12, "large_fen": 13, "civil_fen": 14, "enterprise_fen": 15,
        "disabled_fen": 16, "aid_fen": 17, "commercial_fen": 18, "other_fen": 19, "account_fen": 21, "family_fen": 22,
        "hospital_fen": 23,
    }  # fmt: skip
    fund = sum(payers[name] for name in FUND_PAYERS)
    row = a_care_row(
        "full", 5, fen=1_000, **scope, **payers, cash_fen=1_000 - sum(payers.values()), fund_sum_fen=fund,
        deductible_fen=60, commercial_payer="commercial:甲", deltas=tuple(range(len(ACCUMULATORS))), month=202603,
        month_in_scope_fen=31, month_pooled_fen=32, family_psn_no=("x", "yy"), family_amount_fen=(10, 12),
        line_keys=(-(1 << 63), (1 << 63) - 1), lines_digest=bytes(range(32)), begin_day=TODAY - timedelta(days=3),
        end_day=TODAY, invoice="25447000000000000001", policy_version="政策-1", answer=bytes(range(256)) * 40,
    )  # fmt: skip
    await book.claim([a_request_row("full")])
    await book.book([row])
    assert (await book.finals(await claims_of(book, "full")))[an_id("full")].row == row


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


async def test_amounts_too_large_for_a_column_are_refused_with_their_line(book: CareBook) -> None:
    rows = [a_care_row("a"), a_care_row("b", 2, node=70_000), a_care_row("c", 3)]
    with pytest.raises(RowRefused) as refused:
        await book.book(rows)
    assert refused.value.line == 1
    await book.book([rows[0], rows[2]])  # the connection is as good as before


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


async def test_a_bill_of_a_visit_bound_anew_is_the_new_person_s_whatever_the_numbers(book: CareBook) -> None:
    """Another person, another partition: its numbers say nothing of those before."""
    await book.claim([a_request_row("old"), a_request_row("new")])
    await book.book([a_care_row("old", 5_000, line_keys=(1,))])
    await book.book([a_mirror_row("reversal", 5_001, "old", kind=3, seals=True)])
    await book.book([a_care_row("new", 10, partition=1 - PARTITION, line_keys=(2,))])
    assert list(await book.bills_of(VISIT)) == [an_id("new")]
    wanted = [BillLines(VISIT, an_id(name), (key,)) for name, key in (("x", 1), ("y", 2))]
    assert await book.lines_in_live_bills(wanted) == {(VISIT, an_id("y"))}


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
