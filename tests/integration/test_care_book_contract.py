"""One suite, two care books, in memory and in PostgreSQL: they mean the same by a claim and by a visit."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.care_book import (
    CANCEL_VISIT,
    VISIT_CANCELLED,
    VISIT_OPEN,
    CareBook,
    Claim,
    ClaimConflict,
    RowRefused,
    Sought,
    Visit,
)
from ledger.life import Kind
from tests.builders import (
    CARE_POOL,
    HOME_POOL,
    HOSPITAL,
    NODE,
    NOW_MS,
    OTHER_PSN,
    PARTITION,
    PSN,
    TODAY,
    a_care_row,
    a_request_row,
    an_id,
    an_opening_row,
)
from tests.care_regions import (
    VISIT,
    Region,
    a_settling_row,
    a_tombstone_row,
    claims_of,
    open_names,
    the_visit,
)

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
    await book.claim([a_request_row("done"), a_tombstone_row("voided")])
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
    await book.claim([a_settling_row("first")])
    visit = await the_visit(book)
    assert (visit.busy, visit.version) == (an_id("first"), 2)

    other = await region(1)
    for version in (1, 2):  # as it was before the first one, and as it is now
        with pytest.raises(ClaimConflict):
            await other.claim([a_settling_row("second", version=version)])
    assert await claims_of(book, "second") == {}
    await book.book([a_care_row("first")])
    await other.claim([a_settling_row("second", version=2)])
    assert (await the_visit(book)).busy == an_id("second")


async def test_two_changes_of_one_visit_in_one_flush_conflict(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    rows = [a_settling_row("a"), a_request_row("b", visit=VISIT, visit_version=1)]
    with pytest.raises(ClaimConflict):
        await book.claim(rows)
    assert (await the_visit(book)).version == 1


async def test_a_guarded_change_of_a_visit_that_is_not_there_conflicts(book: CareBook) -> None:
    with pytest.raises(ClaimConflict):
        await book.claim([a_settling_row("a")])


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
        await book.claim([a_settling_row("late", version=1)])

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
