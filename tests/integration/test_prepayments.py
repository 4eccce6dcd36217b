"""Prepayments: agreed on, paid ahead, drawn by the month's clearing, in both pools' books."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from clearing.approvals import APPLIED
from clearing.errors import Malformed, NotAllowed
from clearing.months import month_book
from clearing.months.month_document import drawn
from clearing.prepaid import prepayment_book
from clearing.prepaid.prepayment import Account, Key, load_rules
from clearing.proposals import check, found
from clearing.standing import waiting
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, NANNING, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, month
from tests.servers import NewDatabase

RULES = load_rules()
KEY = Key(NANNING, GUANGZHOU, "310", "310100")


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def approve(connection: Connection, number: int) -> None:
    await check(connection, number, operator="li", today=AFTER, applied=APPLIED)


async def stands(connection: Connection, today: date = AFTER) -> Account:
    return await prepayment_book.account(connection, KEY, today, RULES)


async def funded(connection: Connection, quota_fen: int) -> None:
    """An account with its quota paid in."""
    number, _ = await prepayment_book.propose_quota(
        connection, KEY, quota_fen, operator="wang", today=AFTER, rules=RULES
    )
    await approve(connection, number)
    await topped_up(connection)


async def topped_up(connection: Connection, amount_fen: int | None = None) -> int:
    number, _ = await prepayment_book.propose_top_up(
        connection, KEY, amount_fen, operator="wang", today=AFTER, rules=RULES
    )
    await approve(connection, number)
    await prepayment_book.receive(connection, number, day=AFTER, reference=f"R{number}", operator="wang")
    return number


async def a_day(connection: Connection, pooled_fen: int, *, node: str = "45") -> None:
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=pooled_fen, day=LAST)], day=LAST, node=node)


async def a_month(connection: Connection) -> int:
    number, _ = await month_book.propose_month(
        connection, [], month("2026-10"), operator="wang", today=AFTER, early=False
    )
    return number


async def balances(connection: Connection) -> dict[tuple[int, str], int]:
    records = await connection.fetch(
        "SELECT pool, name, balance_fen FROM gl_balance WHERE fund = $1", KEY.fund
    )
    return {(one["pool"], one["name"]): one["balance_fen"] for one in records}


async def test_money_paid_ahead_stands_in_both_pools_books(connection: Connection) -> None:
    await funded(connection, 5_000)
    assert await balances(connection) == {
        (NANNING, "prepay_asset"): 5_000,
        (NANNING, "cash"): -5_000,
        (GUANGZHOU, "cash"): 5_000,
        (GUANGZHOU, "prepay_liability"): -5_000,
    }
    assert (await stands(connection)).used_bp == 0


@pytest.mark.parametrize(("owed", "prepaid"), [(3_000, 5_000), (5_000, 3_000), (4_000, 4_000)])
async def test_a_month_draws_on_the_prepayment_first(connection: Connection, owed: int, prepaid: int) -> None:
    await funded(connection, prepaid)
    await a_day(connection, owed)
    assert (await stands(connection)).accrued_fen == owed
    number = await a_month(connection)
    (line,) = (await month_book.document(connection, number)).pools
    assert (line.due_fen, line.prepaid_fen) == (owed, -drawn(owed, prepaid))
    await approve(connection, number)
    taken = drawn(owed, prepaid)
    books = await balances(connection)
    assert books[NANNING, "prepay_asset"] == -books[GUANGZHOU, "prepay_liability"] == prepaid - taken
    assert books[NANNING, "payable_to_care"] == -books[GUANGZHOU, "receivable_from_home"] == taken - owed
    after = await stands(connection)
    assert (after.accrued_fen, after.balance_fen) == (0, prepaid - taken)


async def test_money_that_arrives_after_the_document_was_made_asks_for_another(
    connection: Connection,
) -> None:
    await funded(connection, 1_000)
    await a_day(connection, 3_000)
    number = await a_month(connection)
    assert await a_month(connection) == number
    await topped_up(connection, 500)
    with pytest.raises(NotAllowed, match="a prepayment has moved since"):
        await approve(connection, number)
    again = await a_month(connection)
    assert again != number
    assert (await month_book.document(connection, again)).pools[0].prepaid_fen == -1_500
    await approve(connection, again)


async def test_a_refund_month_draws_nothing(connection: Connection) -> None:
    await funded(connection, 1_000)
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=50, sign=-1, day=LAST)], day=LAST)
    (line,) = (await month_book.document(connection, await a_month(connection))).pools
    assert (line.due_fen, line.prepaid_fen, line.to_pay_fen) == (-50, 0, -50)


async def test_a_top_up_is_asked_for_approved_and_received_by_different_people(
    connection: Connection,
) -> None:
    with pytest.raises(NotAllowed, match="has no quota"):
        await prepayment_book.propose_top_up(connection, KEY, 5, operator="wang", today=AFTER, rules=RULES)
    number, _ = await prepayment_book.propose_quota(
        connection, KEY, 1_000, operator="wang", today=AFTER, rules=RULES
    )
    await approve(connection, number)
    assert any("is red" in one.what for one in await waiting(connection, AFTER))
    ask = await prepayment_book.propose_top_up(
        connection, KEY, None, operator="wang", today=AFTER, rules=RULES
    )
    assert not any("is red" in one.what for one in await waiting(connection, AFTER))
    with pytest.raises(NotAllowed, match="no approved top-up"):
        await prepayment_book.receive(connection, ask[0], day=AFTER, reference="R", operator="zhao")
    await approve(connection, ask[0])
    with pytest.raises(NotAllowed, match="has not arrived"):
        await prepayment_book.propose_top_up(connection, KEY, None, operator="wang", today=AFTER, rules=RULES)
    assert any("has not arrived" in one.what for one in await waiting(connection, AFTER))
    with pytest.raises(NotAllowed, match="li has approved it"):
        await prepayment_book.receive(connection, ask[0], day=AFTER, reference="R", operator="li")
    with pytest.raises(Malformed, match="reference"):
        await prepayment_book.receive(connection, ask[0], day=AFTER, reference=" ", operator="zhao")
    await prepayment_book.receive(connection, ask[0], day=AFTER, reference="R", operator="zhao")
    with pytest.raises(NotAllowed, match="no approved top-up"):
        await prepayment_book.receive(connection, ask[0], day=AFTER, reference="R2", operator="zhao")
    assert (await stands(connection)).balance_fen == 1_000
    with pytest.raises(NotAllowed, match="is full"):
        await prepayment_book.propose_top_up(connection, KEY, None, operator="wang", today=AFTER, rules=RULES)


async def test_the_forecast_counts_the_last_thirty_days(connection: Connection) -> None:
    await funded(connection, 3_000)
    await a_day(connection, 300)  # 2,700 are left, 10 a day: 270 days
    assert (await stands(connection)).runs_out(AFTER, RULES) == AFTER + timedelta(days=270)
    beyond = LAST + timedelta(days=RULES.forecast_days + 1)
    assert (await stands(connection, beyond)).burned_fen == 0
    assert (await stands(connection, beyond - timedelta(days=1))).burned_fen == 300


async def test_a_quota_without_an_amount_is_two_monthly_averages_of_last_years_last_quarter(
    connection: Connection,
) -> None:
    with pytest.raises(NotAllowed, match="name the quota"):
        await prepayment_book.propose_quota(
            connection, KEY, None, operator="wang", today=date(2027, 1, 5), rules=RULES
        )
    await a_day(connection, 1_000)
    number, _ = await prepayment_book.propose_quota(
        connection, KEY, None, operator="wang", today=date(2027, 1, 5), rules=RULES
    )
    assert (await found(connection, number)).amount_fen == 667
    with pytest.raises(Malformed, match="pays itself"):
        await prepayment_book.propose_quota(
            connection, KEY._replace(care_pool=NANNING), 5, operator="wang", today=AFTER, rules=RULES
        )


async def test_books_that_do_not_agree_close_no_month(connection: Connection) -> None:
    await funded(connection, 1_000)
    await a_day(connection, 300)
    number = await a_month(connection)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "UPDATE gl_entry SET balance_fen = 999 WHERE account IN (SELECT id FROM gl_account WHERE name = 'prepay_asset')"
    )
    await connection.execute("SET session_replication_role = origin")
    with pytest.raises(NotAllowed, match=r"the books say 699 and 700 fen"):
        await approve(connection, number)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute("DELETE FROM prepayment_receipt")
