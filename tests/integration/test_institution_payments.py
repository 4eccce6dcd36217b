"""What approved payouts pay to institutions goes to the bank by instructions: exactly that, once, and by two people."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as xml

import asyncpg
import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.errors import NotAllowed, NotFound
from clearing.parties import Party, load_accounts
from clearing.payments.bank_returns import HEADER, read_returns
from clearing.payments.institution_sets import (
    InstitutionsProposed,
    propose_institutions,
    without_account,
)
from clearing.payments.instruction_book import check, file_approved, files, listed, propose, reopen_refused
from clearing.payments.instructions import Instruction
from clearing.payments.payment_file import NAMESPACE, payment_file
from clearing.payments.payment_verify import verify_payments
from clearing.payments.return_book import Booked, book_returns
from clearing.periods import Period
from clearing.prepaid import payout_book
from clearing.scheme import load_scheme
from clearing.standing import waiting
from runtime import postgres
from runtime.clock import SystemClock, china_date
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, month
from tests.integration.test_payouts import approve, document, paid_out, stay
from tests.servers import NewDatabase, run_apart

SCHEME = load_scheme()
OURS, THEIRS, NEW = HOSPITALS[GUANGZHOU], "H45010390007", "H44010490099"
ACCOUNTS = load_accounts(institutions=True) | {
    THEIRS: Party(THEIRS, "南宁医院", False, "000000000000", "SAMPLE-1", True)
}
DAY, MONTH = Period(str(LAST), LAST, LAST), month("2026-10")


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    """A day of stays and visits, of which one hospital has no account."""
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        await planted(opened)
        yield opened


async def planted(connection: Connection) -> None:
    new = stay(NANNING, LAST, pooled_fen=400)
    sums = [
        stay(NANNING, LAST, pooled_fen=1_000, account_fen=30),
        stay(GUANGZHOU, LAST, pooled_fen=500),
        new._replace(key=new.key._replace(fixmedins_code=NEW)),
        a_sum(GUANGZHOU, NANNING, hospital=THEIRS, pooled_fen=250, big_illness_fen=9, day=LAST),
    ]
    await a_run(connection, sums, day=LAST)


async def closed_and_paid(connection: Connection) -> None:
    """The month's document, and its rest paid to institutions, each by two people."""
    await document(connection, close=True)
    number, _ = await payout_book.propose_month_pay(connection, MONTH, operator="wang")
    await approve(connection, number)


async def proposed(
    connection: Connection, of: Period = MONTH, accounts: dict[str, Party] = ACCOUNTS
) -> InstitutionsProposed:
    return await propose_institutions(connection, of, SCHEME, accounts, operator="wang")


async def sent(connection: Connection, of: Period = MONTH) -> list[Instruction]:
    await proposed(connection, of)
    await check(connection, of, operator="li", institutions=True)
    await file_approved(connection, of, operator="wang", institutions=True)
    return await listed(connection, of, institutions=True)


async def answered(connection: Connection, *lines: str) -> Booked:
    raw = "\n".join([",".join(HEADER), *lines]).encode()
    return await book_returns(connection, raw, read_returns(raw), name="test.csv", operator="wang")


def moved(found: list[Instruction]) -> set[tuple[str, str, str, int]]:
    return {(one.payer, one.payee, one.fund, one.amount_fen) for one in found}


async def test_day_and_month_together_pay_what_the_document_is_due_and_no_fen_more(
    connection: Connection,
) -> None:
    with pytest.raises(NotFound, match="No payout of 2026-10-31 to institutions is approved"):
        await proposed(connection, DAY)
    await paid_out(connection, LAST)
    everyone = {**ACCOUNTS, NEW: Party(NEW, "新", False, "000000000000", "SAMPLE-2", True)}
    assert await proposed(connection, DAY, everyone) == InstitutionsProposed({2001: 2}, [])
    await closed_and_paid(connection)
    assert await proposed(connection, MONTH, everyone) == InstitutionsProposed({2001: 4}, [])
    day, rest = await listed(connection, DAY), await listed(connection, MONTH)
    paid = dict.fromkeys({one[:3] for one in moved(day + rest)}, 0)
    for *key, fen in moved(day) | moved(rest):
        paid[key[0], key[1], key[2]] += fen
    lines = await connection.fetch(
        "SELECT book_pool::text, fixmedins_code, fund, isum(due_fen) AS due, isum(to_pay_fen) AS to_pay"
        " FROM month_institution_line WHERE bearer IN ('pool', 'account') GROUP BY 1, 2, 3"
    )
    assert paid == {tuple(one)[:3]: one["due"] for one in lines}
    assert moved(rest) == {(*tuple(one)[:3], one["to_pay"]) for one in lines}
    assert sum(paid.values()) == 1_000 + 30 + 500 + 400 + 250, "payers outside the pools pay themselves"


async def test_who_has_no_account_is_left_out_by_name_and_paid_by_a_later_set(connection: Connection) -> None:
    await closed_and_paid(connection)
    done = await proposed(connection)
    assert (list(done.made), [tuple(one) for one in done.left_out]) == ([2001], [(NEW, 400)])
    assert NEW not in {one.payee for one in await listed(connection, MONTH)}
    told = [one for one in await waiting(connection, AFTER) if "paid by no instruction" in one.what]
    assert ("1 institutions of the payout of 2026-10 are paid by no instruction", 400) in [
        (one.what, one.amount_fen) for one in told
    ]
    assert (await proposed(connection)).made == {}, "nobody is paid twice"
    await check(connection, MONTH, operator="li", institutions=True)
    await file_approved(connection, MONTH, operator="wang", institutions=True)
    (file,) = await files(connection, MONTH, institutions=True)
    content = payment_file(file, parties=ACCOUNTS, scheme=SCHEME)
    assert f"<!-- no account, left out: {NEW}, 4.00 CNY -->" in content.decode()
    assert xml.fromstring(content).findtext(f".//{{{NAMESPACE}}}CtrlSum") == "17.80"
    later = {**ACCOUNTS, NEW: Party(NEW, "新", False, "000000000000", "SAMPLE-2", True)}
    assert await proposed(connection, MONTH, later) == InstitutionsProposed({2002: 1}, [])
    assert await without_account(connection, MONTH, ACCOUNTS) == []
    assert not [one for one in await waiting(connection, AFTER) if "institutions of the payout" in one.what]
    assert (await files(connection, MONTH, institutions=True)) == [file], "the file never changes"


async def test_institutions_are_approved_and_filed_apart_from_pools(connection: Connection) -> None:
    await closed_and_paid(connection)
    await propose(connection, MONTH, SCHEME, ACCOUNTS, operator="wang")
    await proposed(connection)
    with pytest.raises(NotAllowed, match="wang made 3 of these"):
        await check(connection, MONTH, operator="wang", institutions=True)
    await check(connection, MONTH, operator="li", institutions=True)
    assert {one.state for one in await listed(connection, MONTH, institutions=False)} == {"proposed"}
    assert await file_approved(connection, MONTH, operator="wang") is None
    file = await file_approved(connection, MONTH, operator="wang", institutions=True)
    assert file is not None
    assert {one.payee for one in file.instructions} == {OURS, THEIRS}
    assert await files(connection, MONTH) == []
    await check(connection, MONTH, operator="li", refuse=True)
    assert await reopen_refused(connection, MONTH, operator="wang") > 0
    assert {one.state for one in await listed(connection, MONTH, institutions=True)} == {"filed"}


async def returned_fen(connection: Connection) -> tuple[int, int]:
    """(cash, what came back and is owed) in the books of the pools, institutions_paid apart."""
    found = await connection.fetchrow(
        "SELECT isum(amount_fen) FILTER (WHERE name = 'cash' AND kind LIKE 'institution_re%') AS cash,"
        " isum(amount_fen) FILTER (WHERE name = 'returned_to_pool') AS owed FROM gl_booked"
    )
    assert found is not None
    return found["cash"] or 0, found["owed"] or 0


async def test_a_return_reopens_that_institution_and_fund_only_and_is_cash_until_it_is_paid(
    connection: Connection,
) -> None:
    await closed_and_paid(connection)
    first, *others = await sent(connection)
    booked = await answered(
        connection, f"{first.id},returned,,AC04", *[f"{one.id},accepted,," for one in others]
    )
    assert (booked.accepted, booked.returned, len(booked.reopened)) == (len(others), 1, 1)
    (again,) = [one for one in await listed(connection, MONTH) if one.id == booked.reopened[0]]
    assert (again[4:9], again.revision, again.state) == (first[4:9], 2, "proposed")
    assert await returned_fen(connection) == (first.amount_fen, -first.amount_fen)
    assert (await proposed(connection)).made == {}
    await check(connection, MONTH, operator="li", institutions=True, refuse=True)
    await reopen_refused(connection, MONTH, operator="wang", institutions=True)
    await check(connection, MONTH, operator="li", institutions=True)
    await file_approved(connection, MONTH, operator="wang", institutions=True)
    (third,) = [one for one in await listed(connection, MONTH) if one.state == "filed"]
    await answered(connection, f"{third.id},accepted,,")
    assert await returned_fen(connection) == (0, 0)
    await answered(connection, f"{third.id},returned,,closed")  # it was accepted, and came back after all
    assert await returned_fen(connection) == (first.amount_fen, -first.amount_fen)
    assert await verify_payments(connection, LAST, china_date(SystemClock().now_ms())) == []


async def test_what_was_refused_and_then_paid_had_never_left(connection: Connection) -> None:
    await closed_and_paid(connection)
    await proposed(connection)
    await check(connection, MONTH, operator="li", institutions=True, refuse=True)
    await reopen_refused(connection, MONTH, operator="wang", institutions=True)
    await check(connection, MONTH, operator="li", institutions=True)
    await file_approved(connection, MONTH, operator="wang", institutions=True)
    filed = await listed(connection, MONTH, state="filed")
    await answered(connection, *[f"{one.id},accepted,," for one in filed])
    assert await returned_fen(connection) == (0, 0)
    assert await connection.fetchval("SELECT count(*) FROM institution_return_booked") == 0


async def test_the_database_holds_that_payouts_are_paid_exactly_and_once(connection: Connection) -> None:
    await closed_and_paid(connection)
    await proposed(connection)
    for statement, constraint in (
        ("INSERT INTO instruction_institution SELECT proposal, fixmedins_code, period, batch"
         " FROM instruction_institution", "instruction_institution_pkey"),
        (f"INSERT INTO instruction_institution VALUES (1, '{NEW}', '2026-10', 1)", "instruction_institution_column"),
    ):  # fmt: skip
        with pytest.raises(asyncpg.PostgresError) as failed:
            await connection.execute(statement)
        assert failed.value.constraint_name == constraint  # type: ignore[attr-defined]
    await connection.execute("SET session_replication_role = replica")
    for statement in (
        f"UPDATE instruction SET amount_fen = amount_fen + 1 WHERE payee = '{THEIRS}'",
        f"DELETE FROM instruction WHERE payee = '{THEIRS}'",
    ):
        await connection.execute(statement)
        (finding,) = await verify_payments(connection, LAST, LAST)
        assert "its payout says" in finding.what


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.stdout if "--json" in arguments else result.output


def test_an_operator_takes_a_payout_to_the_bank(database: NewDatabase, tmp_path: Path) -> None:
    dsn, asked = database("clearing"), ("instructions", "--date", str(LAST), "--institutions")

    async def plant() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await planted(connection)

    run_apart(plant)
    assert "No payout of" in called(dsn, *asked, "--as", "wang", exit_code=2)

    async def pay_out() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await paid_out(connection, LAST)

    run_apart(pay_out)
    todo = [one["command"] for one in json.loads(called(dsn, "todo", "--json"))]
    assert f"python -m clearing instructions --date {LAST} --institutions --as NAME" in todo
    page = called(dsn, *asked, "--as", "wang")
    assert f"no account: {NEW}, 2.40 yuan, left out" in page
    assert f"instructions approve --date {LAST} --institutions --as NAME" in page
    called(dsn, "instructions", "approve", *asked[1:], "--as", "li")
    page = called(dsn, *asked, "--as", "wang", "--out", str(tmp_path))
    assert "samples: no bank moves money" in page
    told = json.loads(called(dsn, *asked, "--json"))
    assert (told["count"], told["amount_fen"], told["left_out"]) == (
        1, 900, [{"fixmedins_code": NEW, "amount_fen": 240}]
    )  # fmt: skip
    assert json.loads(called(dsn, "instructions", "--date", str(LAST), "--json"))["count"] == 0
    assert len(list(tmp_path.glob("*.xml"))) == 1
