"""The suite goes on: both care books mean the same by the steps of a visit, the days of its bills and its fees."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.care_book import VISIT_CLOSED, VISIT_OPEN, BillLines, CareBook, RequestRow
from gateway.fees.changes import lines_digest
from tests.builders import TODAY, a_care_row, a_mirror_row, a_request_row, an_id, an_opening_row
from tests.care_regions import VISIT, the_visit

REOPENED, UPDATED = 4, 5
YESTERDAY = TODAY - timedelta(days=1)


def a_step_row(name: str, new_state: int, version: int, **changes: Any) -> RequestRow:
    """A step of VISIT, decided at the gateway."""
    return a_request_row(
        name, kind=13, visit=VISIT, visit_version=version, new_state=new_state, item=None, own_answer=b"done", **changes
    )  # fmt: skip


async def test_a_visit_is_closed_opened_again_and_given_other_facts(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    opened = await the_visit(book)
    await book.claim([a_step_row("close", VISIT_CLOSED, 1, end_day=TODAY, dise_codg="M1", injury=True)])
    closed = await the_visit(book)
    assert closed == opened._replace(state=VISIT_CLOSED, version=2, dise_codg="M1", injury=True)
    await book.claim([a_step_row("reopen", REOPENED, 2)])
    assert await the_visit(book) == closed._replace(state=VISIT_OPEN, version=3, reopened=True)
    await book.claim([a_step_row("update", UPDATED, 3, med_type="13", injury=False)])
    updated = closed._replace(state=VISIT_OPEN, version=4, med_type="13", injury=False, reopened=True)
    assert await the_visit(book) == updated
    await book.claim([a_step_row("close again", VISIT_CLOSED, 4, end_day=TODAY)])
    assert await the_visit(book) == updated._replace(state=VISIT_CLOSED, version=5, reopened=False)


async def test_live_bills_come_with_the_days_that_they_pay_for(book: CareBook) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    one, other = sorted((an_id("b1"), an_id("b2")))
    await book.book([a_care_row("s1", 1, bill=other, begin_day=YESTERDAY, end_day=TODAY)])
    await book.book([a_care_row("s2", 2, bill=one)])
    visit = await the_visit(book)
    assert (visit.live_bills, visit.live_days) == ((one, other), ((None, None), (YESTERDAY, TODAY)))
    await book.book([a_mirror_row("c2", 3, "s2", bill=one)])
    visit = await the_visit(book)
    assert (visit.live_bills, visit.live_days) == ((other,), ((YESTERDAY, TODAY),))
    await book.book([a_mirror_row("c1", 4, "s1", bill=other)])
    await book.book([a_care_row("s3", 5, bill=other, begin_day=TODAY, end_day=TODAY)])
    assert (await the_visit(book)).live_days == ((TODAY, TODAY),)


@pytest.mark.parametrize("batch", ["batch", None], ids=["of a batch", "of days"])
async def test_a_revival_is_found_changed_where_its_uploaded_lines_are_not_held(
    book: CareBook, batch: str | None
) -> None:
    await book.claim([an_opening_row("opening", VISIT)])
    for name, digest in (("held", lines_digest([])), ("gone", bytes(32))):
        fees = {
            "fee_batch": batch,
            "fee_begin": TODAY,
            "fee_end": TODAY,
            "fee_lines": 1,
            "lines_digest": digest,
        }
        await book.claim([a_request_row(name, visit=VISIT, bill=an_id(name), **fees)])
    await book.claim([a_request_row("inline", visit=VISIT)])
    wanted = [BillLines(VISIT, an_id(name), (), an_id(name)) for name in ("held", "gone", "inline")]
    assert await book.lines_in_live_bills(wanted) == {(VISIT, an_id("gone"))}
    assert await book.fee_sums([VISIT]) == {}
