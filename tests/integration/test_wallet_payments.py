"""What pools owe one another for wallets is paid by instructions of its own, once, and shown as paid or not."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.approvals import APPLIED
from clearing.months.month_book import propose_month
from clearing.parties import load_parties
from clearing.payments.bank_returns import HEADER, read_returns
from clearing.payments.instruction_book import Proposed, check, file_approved, files, listed, propose
from clearing.payments.instructions import Instruction
from clearing.payments.return_book import Booked, book_returns
from clearing.periods import Period
from clearing.positions.position_book import PositionReader
from clearing.proposals import check as check_proposal
from clearing.scheme import load_scheme
from clearing.standing import unpaid, waiting
from clearing.verification import verify_day
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import DAY, GUANGZHOU, NANNING, SHENZHEN, a_run, a_sum, a_wallet_run
from tests.servers import NewDatabase, run_apart

SCHEME, PARTIES = load_scheme(), load_parties()
TODAY = Period(str(DAY), DAY, DAY)
MONTH = Period("2026-11", DAY.replace(day=1), DAY.replace(day=30))
WALLET = (NANNING, GUANGZHOU, 700)


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def proposed(connection: Connection, of: Period = TODAY) -> Proposed:
    return await propose(connection, of, SCHEME, PARTIES, operator="wang")


async def sent(connection: Connection, of: Period = TODAY) -> list[Instruction]:
    await proposed(connection, of)
    await check(connection, of, operator="li")
    await file_approved(connection, of, operator="wang")
    return await listed(connection, of)


async def answered(connection: Connection, *lines: str) -> Booked:
    raw = "\n".join([",".join(HEADER), *lines]).encode()
    return await book_returns(connection, raw, read_returns(raw), name="test.csv", operator="wang")


async def states(connection: Connection) -> dict[str, str]:
    paid = await PositionReader(connection, DAY, DAY).payments()
    return {f"{one.kind} {one.batch}": one.state for one in paid}


async def balances(connection: Connection, fund: str) -> dict[tuple[int, str], int]:
    records = await connection.fetch(
        "SELECT pool, name, balance_fen FROM gl_balance WHERE fund = $1 AND balance_fen <> 0", fund
    )
    return {(one["pool"], one["name"]): one["balance_fen"] for one in records}


def moved(found: Sequence[Instruction]) -> set[tuple[str, str, str, int]]:
    return {(one.payer, one.payee, one.fund, one.amount_fen) for one in found}


async def test_wallets_are_paid_gross_in_a_set_of_their_own_beside_account_money(
    connection: Connection,
) -> None:
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, account_fen=30)])
    await a_wallet_run(connection, [WALLET, (GUANGZHOU, NANNING, 200)])
    assert (await proposed(connection)).made == {1: 3, 1001: 6}
    found = await listed(connection, TODAY)
    assert moved([one for one in found if one.batch == 1001]) == {
        ("450100", "P45", "wallet", 700), ("P45", "P44", "wallet", 700), ("P44", "440100", "wallet", 700),
        ("440100", "P44", "wallet", 200), ("P44", "P45", "wallet", 200), ("P45", "450100", "wallet", 200),
    }  # fmt: skip
    assert {one.fund for one in found if one.batch == 1} == {"310200"}
    assert (await proposed(connection)).made == {}, "paid once"


async def test_a_group_that_pays_net_still_pays_wallets_gross(connection: Connection) -> None:
    group = replace(SCHEME, groups={GUANGZHOU: "south", SHENZHEN: "south"})
    await a_run(connection, [a_sum(GUANGZHOU, SHENZHEN, pooled_fen=5)], scheme=group)
    await a_wallet_run(connection, [(GUANGZHOU, SHENZHEN, 700), (SHENZHEN, GUANGZHOU, 200)])
    await proposed(connection)
    found = [one for one in await listed(connection, TODAY) if one.fund == "wallet"]
    assert moved(found) == {("440100", "440300", "wallet", 700), ("440300", "440100", "wallet", 200)}


async def test_a_return_reopens_that_pair_and_the_books_know_when_all_has_arrived(
    connection: Connection,
) -> None:
    await a_run(connection, [a_sum(GUANGZHOU, SHENZHEN, pooled_fen=5)])
    await a_wallet_run(connection, [(GUANGZHOU, SHENZHEN, 700), (GUANGZHOU, NANNING, 40)])
    assert await states(connection) == {"settlements 1": "unpaid", "wallet 1": "unpaid"}
    before = await balances(connection, "wallet")
    found = await sent(connection)
    assert await states(connection) == {"settlements 1": "under_way", "wallet 1": "under_way"}
    wallet = [one for one in found if one.fund == "wallet"]
    booked = await answered(
        connection, f"{wallet[0].id},returned,,AC04", *[f"{one.id},accepted,," for one in wallet[1:]]
    )
    assert len(booked.reopened) == 1
    assert await balances(connection, "wallet") == before
    await check(connection, TODAY, operator="li")
    await file_approved(connection, TODAY, operator="wang")
    await answered(connection, f"{booked.reopened[0]},accepted,,")
    assert await states(connection) == {"settlements 1": "under_way", "wallet 1": "paid"}
    assert await balances(connection, "wallet") == {
        (GUANGZHOU, "personal_account_liability"): 740, (GUANGZHOU, "cash"): -740,
        (SHENZHEN, "personal_account_liability"): -700, (SHENZHEN, "cash"): 700,
        (NANNING, "personal_account_liability"): -40, (NANNING, "cash"): 40,
    }  # fmt: skip
    assert [one async for one in unpaid_of(connection)] == [("2026-11", "settlements", 0, 1, 0)]
    again, other = await files(connection, TODAY)
    assert (len(again.instructions), len(other.instructions)) == (len(found), 1)


async def unpaid_of(connection: Connection) -> AsyncIterator[tuple[object, ...]]:
    for one in await unpaid(connection):
        yield tuple(one.values())


async def test_a_month_pays_the_wallets_that_no_day_has_paid_and_late_ones_later(
    connection: Connection,
) -> None:
    before = DAY - timedelta(days=1)
    for day in (before, DAY):
        await a_run(connection, [a_sum(GUANGZHOU, SHENZHEN, pooled_fen=5)], day=day)
        await a_wallet_run(connection, [(GUANGZHOU, SHENZHEN, 700)], day=day)
    assert (await proposed(connection)).made == {1: 1, 1001: 1}
    today = DAY + timedelta(days=1)
    number, _ = await propose_month(connection, (), MONTH, operator="wang", today=today, early=True)
    await check_proposal(connection, number, operator="li", today=today, applied=APPLIED)
    told = [one for one in await waiting(connection, today) if "wallets of 2026-11" in one.what]
    assert [(one.amount_fen, one.command) for one in told] == [
        (700, "python -m clearing instructions --month 2026-11 --as NAME")
    ]
    done = await proposed(connection, MONTH)
    assert done.made == {1: 1, 1001: 1}
    assert done.elsewhere == {f"{DAY} batch 1": str(DAY), f"{DAY} wallet 1": str(DAY)}
    assert [one.amount_fen for one in await listed(connection, MONTH) if one.fund == "wallet"] == [700]
    await a_wallet_run(connection, [(GUANGZHOU, SHENZHEN, 9)], day=before)
    assert (await proposed(connection, MONTH)).made == {1002: 1}
    assert not [one for one in await waiting(connection, today) if "wallets of" in one.what]


async def test_a_run_of_the_wallet_is_in_one_set_and_a_set_in_one_column(connection: Connection) -> None:
    await a_run(connection, [a_sum(GUANGZHOU, SHENZHEN, pooled_fen=5)])
    await a_wallet_run(connection, [(GUANGZHOU, SHENZHEN, 700)])
    await proposed(connection)
    for statement, constraint in (
        (f"INSERT INTO instruction_wallet VALUES ('{DAY}', 1, '{DAY}', 1001)", "instruction_wallet_pkey"),
        (f"INSERT INTO instruction_wallet VALUES ('{DAY}', 1, '{DAY}', 1)", "instruction_wallet_column"),
        (f"INSERT INTO instruction_run VALUES ('{DAY}', 1, '{DAY}', 1001)", "instruction_run_column"),
    ):
        with pytest.raises(asyncpg.PostgresError) as failed:
            await connection.execute(statement)
        assert failed.value.constraint_name == constraint  # type: ignore[attr-defined]
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute("DELETE FROM instruction_wallet")


async def test_instructions_that_do_not_pay_what_wallets_owe_are_found(connection: Connection) -> None:
    await a_run(connection, [a_sum(GUANGZHOU, SHENZHEN, pooled_fen=5)])
    await a_wallet_run(connection, [(GUANGZHOU, SHENZHEN, 700)])
    await proposed(connection)

    async def found() -> list[str]:
        findings = (await verify_day(DAY, connection=connection, books=())).findings
        return [one.where for one in findings if "instructions" in one.where]

    assert await found() == []
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE instruction SET amount_fen = 699 WHERE fund = 'wallet'")
    assert await found() == [f"instructions of {DAY}, batch 1001"]


def called(dsn: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_commands_show_the_wallets_column_and_what_of_it_is_paid(database: NewDatabase) -> None:
    dsn, date = database("clearing"), ("--date", str(DAY))

    async def ran() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000)])
            await a_wallet_run(connection, [WALLET])

    run_apart(ran)
    page = called(dsn, "positions", *date)
    assert "个人账户共济划转" in page
    assert page.endswith(f"settlements: {DAY} batch 1 unpaid.\nwallet: {DAY} batch 1 unpaid.\n")
    told = json.loads(called(dsn, "positions", *date, "--json"))
    assert [(one["position"], one["bearer"]) for one in told["gross"] if one["fund"] == "wallet"] == [
        (f"{DAY}/310/wallet/450100/440100", "wallet")
    ]
    assert told["nets_zero"]
    assert not [one for one in told["net"] if one["fund"] == "wallet"], "in no net"
    explained = json.loads(called(dsn, "explain", f"{DAY}/310/wallet/450100/440100", "--json"))
    assert (explained["amount_fen"], explained["bearer"]) == (700, "wallet")
    assert [(one["kind"], one["state"]) for one in explained["payments"]] == [("wallet", "unpaid")]
    page = called(dsn, "explain", f"{DAY}/310/310100/450100/440100")
    assert f"settlements: {DAY} batch 1 unpaid.\n" in page
    page = called(dsn, "instructions", *date, "--as", "wang")
    assert "wallet 1" in page
    assert "2026-11, wallet between pools: 0 runs paid, 1 under way, 0 unpaid." in called(dsn, "status")
