"""A resolution whose month is closed is taken back by a negative row of a later month; nothing closed moves."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from clearing.approvals import APPLIED
from clearing.day.actions import Action
from clearing.day.difference_book import Filter, check, listed, propose, undo
from clearing.months import month_book
from clearing.months.month_document import Document
from clearing.positions.publish import publish
from clearing.proposals import check as check_proposal
from clearing.verification import verify_day, verify_month
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_books import figures, two_books
from tests.integration.test_clearing_runs import ran
from tests.integration.test_months import month
from tests.servers import NewDatabase

FOUND, ENTERED, BACK = date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture
async def clearing(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as connection:
        yield connection


async def closed(clearing: Connection, text: str, today: date) -> Document:
    number, _ = await month_book.propose_month(
        clearing, [], month(text), operator="wang", today=today, early=True
    )
    await check_proposal(clearing, number, operator="li", today=today, applied=APPLIED)
    return await month_book.document(clearing, number)


async def test_an_undo_after_its_month_is_closed_comes_back_in_the_next_one(clearing: Connection) -> None:
    changed: dict[str, Any] = {"pooled_fen": 5_000, "cash_fen": 5_000, "fund_sum_fen": 5_000}
    told = two_books(
        [figures(1, day=FOUND, setl_day=FOUND)], [figures(1, day=FOUND, setl_day=FOUND, **changed)]
    )
    await ran(clearing, *told, day=FOUND, publish=publish)
    (one,) = await listed(clearing, Filter())
    made = await propose(clearing, one.id, Action.ADOPT_HOME, operator="wang", reason="", books=told)
    await check(clearing, made, operator="li", books=told)
    await ran(clearing, *told, day=ENTERED, publish=publish)
    november = await closed(clearing, "2026-11", BACK)
    assert sum(one.to_pay_fen for one in november.pools) == 6_000

    entry, _ = await undo(clearing, made, operator="wang", reason="the other was right")
    await check(clearing, entry, operator="li", books=told)
    again = await propose(clearing, one.id, Action.ADOPT_CARE, operator="wang", reason="", books=told)
    await check(clearing, again, operator="li", books=told)
    await ran(clearing, *told, day=BACK, publish=publish)
    december = await closed(clearing, "2026-12", date(2026, 12, 2))
    assert sum(one.to_pay_fen for one in december.pools) == 5_000 - 6_000
    assert await month_book.document(clearing, november.proposal) == november
    for day in (FOUND, ENTERED, BACK):
        assert (await verify_day(day, connection=clearing, books=told)).findings == []
    for text in ("2026-11", "2026-12"):
        assert (await verify_month(month(text), connection=clearing)).findings == []
