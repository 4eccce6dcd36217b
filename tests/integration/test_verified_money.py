"""What `verify` says of months, prepayments, payouts, deductions and journals, also where somebody has changed them."""

from collections.abc import AsyncIterator

import pytest

from clearing.errors import NotFound
from clearing.parties import load_parties
from clearing.payments.bank_returns import HEADER, read_returns
from clearing.payments.instruction_book import check as check_instructions
from clearing.payments.instruction_book import file_approved, listed, propose
from clearing.payments.return_book import book_returns
from clearing.periods import Period
from clearing.prepaid import advance_book, payout_book
from clearing.scheme import load_scheme
from clearing.verification import verify_day, verify_month
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, NANNING, SHENZHEN, a_run, a_sum
from tests.integration.test_deductions import line, taken
from tests.integration.test_months import AFTER, LAST, closed, month
from tests.integration.test_payouts import applied, approve, paid_out, reserved, stay
from tests.integration.test_prepayments import funded
from tests.servers import NewDatabase

OCTOBER, NOVEMBER = month("2026-10"), month("2026-11")
DAY = Period(str(LAST), LAST, LAST)


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    """A month with all that can be in one: a payout, audit results, a prepayment, an advance, what the bank said."""
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        sums = [
            stay(NANNING, LAST, pooled_fen=90_000), a_sum(NANNING, GUANGZHOU, account_fen=400, day=LAST),
            a_sum(GUANGZHOU, GUANGZHOU, pooled_fen=70, day=LAST),
            a_sum(SHENZHEN, GUANGZHOU, pooled_fen=30, sign=-1, commercial_fen=4, commercial_payer="one", day=LAST),
        ]  # fmt: skip
        await a_run(opened, sums, day=LAST)
        await paid_out(opened, LAST)
        await funded(opened, 600)
        await taken(opened, line(1, "2", "-50.00"), line(2, "3", "-1.00", fund="310200"))
        await propose(opened, DAY, load_scheme(), load_parties(), operator="wang")
        await check_instructions(opened, DAY, operator="li")
        await file_approved(opened, DAY, operator="wang")
        raw = "\n".join(
            [",".join(HEADER), *[f"{one.id},accepted,," for one in await listed(opened, DAY)]]
        ).encode()
        await book_returns(opened, raw, read_returns(raw), name="test.csv", operator="wang")
        await closed(opened, "2026-10", AFTER)
        await reserved(opened, 12)
        number = await applied(opened)
        await approve(opened, number)
        await advance_book.pay(opened, number, day=AFTER, reference="B7", operator="zhao")
        paying, _ = await payout_book.propose_month_pay(opened, OCTOBER, operator="wang")
        await approve(opened, paying)
        await a_run(opened, [], day=AFTER)
        yield opened


async def told(connection: Connection) -> list[str]:
    """What verifying the day, its month and the next one finds."""
    day = await verify_day(LAST, connection=connection, books=[])
    months = [await verify_month(one, connection=connection) for one in (OCTOBER, NOVEMBER)]
    return sorted(
        {
            f"{one.where}: {one.what}"
            for found in (day, *months)
            for one in found.findings
            if "DSGW_BOOKS" not in one.what
        }
    )


async def test_a_month_with_all_that_can_be_in_one_holds(connection: Connection) -> None:
    assert await told(connection) == []
    with pytest.raises(NotFound, match="2025-01"):
        await verify_month(month("2025-01"), connection=connection)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM run_scheme", "the scheme that they were made under is not kept"),
        ("DELETE FROM gl_entry WHERE journal = (SELECT min(id) FROM gl_journal WHERE kind = 'payout')", "has no entries"),
        ("DELETE FROM gl_journal WHERE kind = 'services'", "general ledger, services: payable_to_institution H"),
        ("UPDATE gl_entry SET amount_fen = 2 * amount_fen WHERE journal IN (SELECT id FROM gl_journal"
         " WHERE kind = 'benefits')", "general ledger, benefits: benefit_expense"),
        ("UPDATE gl_entry SET balance_fen = balance_fen + 1 WHERE id = (SELECT max(id) FROM gl_entry)",
         "by its entries at"),
        ("UPDATE gl_journal SET kind = 'gift' WHERE kind = 'prepaid'", "nobody books journals of kind gift"),
        ("INSERT INTO gl_journal (pool, insutype, fund, day, batch, kind, ref) SELECT pool, insutype, fund, day, batch,"
         " kind, '99' FROM gl_journal WHERE kind = 'payout' LIMIT 1", "has no entries"),
        ("UPDATE month_pool SET amount_fen = amount_fen - 7 WHERE part = 'prepaid'", "prepayment_drawn 202610"),
        ("UPDATE month_institution SET amount_fen = amount_fen - 7 WHERE part = 'advanced'", "advance_recovered 202610"),
        ("UPDATE month_pool SET amount_fen = amount_fen - 7 WHERE part = 'deducted'", "general ledger, deducted 202610"),
        ("UPDATE month_pool SET amount_fen = amount_fen - 7 WHERE part = 'runs'", "is not what its days say"),
        ("DELETE FROM month_final", "was approved, the month is closed with None"),
        ("DELETE FROM month_run_paid", "in it and not taken for paid by it"),
        ("DELETE FROM month_run", "taken for paid by it and not in it"),
        ("INSERT INTO month_withheld SELECT proposal, 'A', 'H', day, batch, 1, 2, '310', '310100', 'pool', '', 5"
         " FROM month_run",
         "for unconfirmed settlements is off by 5 fen"),
        ("UPDATE prepayment_quota SET quota_fen = quota_fen + 1", "it is not what was approved"),
        ("DELETE FROM prepayment_receipt", "off by 90600 fen against what arrived and was drawn"),
        ("DELETE FROM payout_paid", "it is paid and not approved, or approved and not paid"),
        ("UPDATE payout_line SET amount_fen = amount_fen + 1, base_fen = base_fen + 1",
         "gets another share than its run says"),
        ("DELETE FROM advance_payment", "general ledger, advance "),
        ("DELETE FROM audit_taken", "counts and was not approved, or the other way round"),
        ("DELETE FROM month_paid", "general ledger, institution_paid 202610"),
        ("DELETE FROM instruction_booked", f"general ledger, paid {LAST}/1"),
        ("UPDATE proposal_check SET refused = true WHERE proposal IN (SELECT id FROM proposal WHERE kind = 'top_up')",
         "general ledger, prepaid "),
    ],
)  # fmt: skip
async def test_whoever_changes_what_was_made_of_a_month_is_found(
    connection: Connection, statement: str, said: str
) -> None:
    await connection.execute(
        f"SET session_replication_role = replica; {statement}; RESET session_replication_role"
    )
    found = await told(connection)
    assert any(said in one for one in found), found
