"""What moves money between pools pays the month's document, once, and the general ledger knows when it has arrived."""

from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from clearing.months import month_book
from clearing.parties import load_parties
from clearing.payments.bank_returns import HEADER, read_returns
from clearing.payments.instruction_book import check as check_instructions
from clearing.payments.instruction_book import file_approved, listed, propose
from clearing.payments.instructions import Instruction
from clearing.payments.return_book import book_returns
from clearing.periods import Period
from clearing.scheme import load_scheme
from clearing.verification import verify_day
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, NANNING, SHANWEI, SHENZHEN, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, month
from tests.integration.test_prepayments import approve, funded
from tests.servers import NewDatabase

SCHEME, PARTIES = load_scheme(), load_parties()
MONTH = month("2026-10")


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def closed(connection: Connection) -> None:
    number, _ = await month_book.propose_month(
        connection, [], MONTH, operator="wang", today=AFTER, early=False
    )
    await approve(connection, number)


async def made(connection: Connection, period: Period = MONTH) -> list[Instruction]:
    await propose(connection, period, SCHEME, PARTIES, operator="wang")
    return await listed(connection, period)


async def sent(connection: Connection) -> list[Instruction]:
    found = await made(connection)
    await check_instructions(connection, MONTH, operator="li")
    await file_approved(connection, MONTH, operator="wang")
    return found


async def answered(connection: Connection, *lines: str) -> Sequence[str]:
    raw = "\n".join([",".join(HEADER), *lines]).encode()
    return (await book_returns(connection, raw, read_returns(raw), name="test.csv", operator="wang")).reopened


async def balance(connection: Connection, pool: int, name: str, party: str = "") -> int:
    found: int = await connection.fetchval(
        "SELECT isum(balance_fen) FROM gl_balance WHERE pool = $1 AND name = $2 AND party = $3",
        pool,
        name,
        party,
    )
    return found


async def test_a_closed_month_pays_what_its_prepayment_has_left(connection: Connection) -> None:
    await funded(connection, 600)
    sums = [
        a_sum(NANNING, GUANGZHOU, pooled_fen=1_000, day=LAST),
        a_sum(SHANWEI, SHENZHEN, pooled_fen=70, day=LAST),
    ]
    await a_run(connection, sums, day=LAST)
    await closed(connection)
    found = await made(connection)
    assert {(one.payer, one.payee, one.amount_fen) for one in found} == {
        (str(NANNING), "P45", 400), ("P45", "P44", 400), ("P44", str(GUANGZHOU), 400),
        (str(SHANWEI), str(SHENZHEN), 70),
    }  # fmt: skip
    assert await made(connection) == found
    verified = await verify_day(LAST, connection=connection, books=[])
    assert [one for one in verified.findings if "instructions" in one.where] == []


async def test_what_days_have_paid_already_comes_back_once_the_month_has_drawn(
    connection: Connection,
) -> None:
    await funded(connection, 600)
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000, day=LAST)], day=LAST)
    day = Period(str(LAST), LAST, LAST)
    assert {one.amount_fen for one in await made(connection, day)} == {1_000}
    await closed(connection)
    back = await made(connection)
    assert {(one.payer, one.payee, one.amount_fen) for one in back} == {
        (str(GUANGZHOU), "P44", 600), ("P44", "P45", 600), ("P45", str(NANNING), 600),
    }  # fmt: skip


async def test_a_set_that_moves_nothing_is_paid_at_once(connection: Connection) -> None:
    await funded(connection, 1_000)
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000, day=LAST)], day=LAST)
    await closed(connection)
    assert await made(connection) == []
    assert await connection.fetchval("SELECT count(*) FROM instruction_booked") == 1
    assert await balance(connection, NANNING, "payable_to_care", str(GUANGZHOU)) == 0


async def test_money_is_booked_as_paid_once_the_bank_has_accepted_all_of_it(connection: Connection) -> None:
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000, day=LAST)], day=LAST)
    await closed(connection)
    first, second, third = await sent(connection)
    await answered(connection, f"{first.id},accepted,,", f"{second.id},accepted,,")
    assert await balance(connection, NANNING, "payable_to_care", str(GUANGZHOU)) == -1_000
    (again,) = await answered(connection, f"{third.id},returned,,AC04")
    assert await balance(connection, NANNING, "cash") == 0
    await check_instructions(connection, MONTH, operator="li")
    await file_approved(connection, MONTH, operator="wang")
    await answered(connection, f"{again},accepted,,")
    assert await balance(connection, NANNING, "payable_to_care", str(GUANGZHOU)) == 0
    assert await balance(connection, GUANGZHOU, "receivable_from_home", str(NANNING)) == 0
    assert (await balance(connection, NANNING, "cash"), await balance(connection, GUANGZHOU, "cash")) == (
        -1_000,
        1_000,
    )
    await answered(connection, f"{first.id},returned,,closed")  # it was accepted, and came back after all
    assert await balance(connection, NANNING, "payable_to_care", str(GUANGZHOU)) == -1_000
    assert await balance(connection, GUANGZHOU, "cash") == 0
    await a_run(
        connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=5, day=AFTER)], day=AFTER
    )  # both books still agree


async def test_how_a_document_was_paid_is_never_edited(connection: Connection) -> None:
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute("DELETE FROM instruction_booked")
