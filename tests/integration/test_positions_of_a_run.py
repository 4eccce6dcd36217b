"""What a run publishes: positions by insurance and fund, nets, institutions' sums and journals that hold together.

Each test plants a run through the writer that real runs use. Tampering is done past the triggers, by the owner.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from clearing.day.run_book import RunId
from clearing.errors import RunBroken
from clearing.positions.netting import Owed, nets
from clearing.positions.position_book import PositionReader
from clearing.scheme import load_scheme
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import (
    CHONGQING,
    DAY,
    GUANGZHOU,
    HOSPITALS,
    NANNING,
    PROVINCE_POOL,
    SHANWEI,
    SHENZHEN,
    a_run,
    a_sum,
)
from tests.servers import NewDatabase

A_DAY = [
    a_sum(NANNING, GUANGZHOU, items=3, pooled_fen=1_000, account_fen=30, family_fen=12),
    a_sum(NANNING, GUANGZHOU, items=1, sign=-1, pooled_fen=100),
    a_sum(NANNING, GUANGZHOU, items=2, insutype="390", pooled_fen=700, big_illness_fen=50, aid_fen=9),
    a_sum(GUANGZHOU, NANNING, items=1, pooled_fen=400),
    a_sum(GUANGZHOU, SHENZHEN, items=1, pooled_fen=250, large_fen=60),
    a_sum(GUANGZHOU, GUANGZHOU, items=5, pooled_fen=5_000, account_fen=7),
    a_sum(NANNING, SHENZHEN, items=1, pooled_fen=80, commercial_fen=33, commercial_payer="善美保"),
]


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


def read(connection: Connection) -> PositionReader:
    return PositionReader(connection, DAY, DAY)


async def broken(connection: Connection, run: RunId, statement: str) -> str:
    """What positions_hold says once the owner has changed something past the triggers."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET session_replication_role = replica")
        assert await connection.execute(statement) not in ("UPDATE 0", "DELETE 0")
        await connection.execute("SET session_replication_role = origin")
        await connection.execute("SELECT positions_hold($1, $2::smallint)", *run)
    except asyncpg.PostgresError as failed:
        return str(failed.args[0])
    finally:
        await transaction.rollback()
    return ""


async def test_the_gross_matrix_is_by_insurance_and_fund_with_account_money_apart(
    connection: Connection,
) -> None:
    await a_run(connection, A_DAY)
    cells = {tuple(one)[:2] + tuple(one)[3:] for one in await read(connection).gross()}
    assert cells == {
        ("310", "310100", NANNING, GUANGZHOU, 4, 900),
        ("310", "310200", NANNING, GUANGZHOU, 3, 42),
        ("390", "390100", NANNING, GUANGZHOU, 2, 700),
        ("310", "310100", GUANGZHOU, NANNING, 1, 400),
        ("310", "310100", GUANGZHOU, SHENZHEN, 1, 250),
        ("310", "330100", GUANGZHOU, SHENZHEN, 1, 60),
        ("310", "310100", NANNING, SHENZHEN, 1, 80),
    }
    assert [one.fund for one in await read(connection).gross(insutype="390")] == ["390100"]
    assert {one.creditor for one in await read(connection).gross(fund="330100")} == {SHENZHEN}


async def test_the_net_is_that_of_the_python_rule_and_zero_by_fund(connection: Connection) -> None:
    await a_run(connection, A_DAY)
    gross = await read(connection).gross()
    meant = nets(Owed(one.insutype, one.fund, one.debtor, one.creditor, one.amount_fen) for one in gross)
    found = await read(connection).net()
    assert {
        (one.insutype, one.fund, one.pool): (one.receivable_fen, one.payable_fen) for one in found
    } == meant
    assert {(one.pool, one.amount_fen) for one in found if one.fund == "310100"} == {
        (NANNING, -580),
        (GUANGZHOU, 250),
        (SHENZHEN, 330),
    }


async def test_payers_outside_the_pools_stand_by_themselves(connection: Connection) -> None:
    await a_run(connection, A_DAY)
    outside = {(one.fund, one.party, one.home_pool, one.creditor, one.amount_fen) for one in
               await read(connection).outside()}  # fmt: skip
    assert outside == {
        ("390200", f"carrier:{NANNING}", NANNING, GUANGZHOU, 50),
        ("610100", f"aid:{NANNING}", NANNING, GUANGZHOU, 9),
        ("620100", "善美保", NANNING, SHENZHEN, 33),
    }
    assert {one.fund for one in await read(connection).gross()}.isdisjoint({"390200", "610100", "620100"})


async def test_journals_book_both_sides_and_account_money_in_its_own_books(connection: Connection) -> None:
    await a_run(connection, A_DAY)
    lines = {
        (one["pool"], one["fund"], one["kind"], one["name"], one["party"]): one["amount_fen"]
        for one in await connection.fetch("SELECT * FROM gl_booked WHERE insutype = '310'")
    }
    care, hospital = str(GUANGZHOU), HOSPITALS[GUANGZHOU]
    assert lines[NANNING, "310100", "benefits", "benefit_expense", ""] == 1_080
    assert lines[NANNING, "310100", "benefits", "payable_to_care", care] == -1_000
    assert lines[NANNING, "310100", "benefits_undone", "payable_to_care", care] == 100
    assert lines[NANNING, "310200", "benefits", "personal_account_liability", ""] == 42
    assert lines[GUANGZHOU, "310100", "services", "receivable_from_home", str(NANNING)] == 1_000
    assert lines[GUANGZHOU, "310100", "services", "payable_to_institution", hospital] == -1_000
    assert lines[GUANGZHOU, "310100", "local", "payable_to_institution", hospital] == -5_000
    assert lines[SHENZHEN, "620100", "outside", "receivable_from_payer", "善美保"] == 33
    assert not await connection.fetch("SELECT FROM gl_booked GROUP BY journal HAVING sum(amount_fen) <> 0")


async def test_balances_go_on_from_run_to_run(connection: Connection) -> None:
    await a_run(connection, A_DAY)
    later = DAY + timedelta(days=1)
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=11, day=later)], day=later)
    balances = {
        (one["pool"], one["name"], one["party"]): one["balance_fen"]
        for one in await connection.fetch("SELECT * FROM gl_balance WHERE fund = '310100'")
    }
    assert balances[NANNING, "payable_to_care", str(GUANGZHOU)] == -911
    assert balances[GUANGZHOU, "receivable_from_home", str(NANNING)] == 911
    assert balances[GUANGZHOU, "payable_to_institution", HOSPITALS[GUANGZHOU]] == -5_911


async def test_a_second_batch_changes_nothing_of_the_first(connection: Connection) -> None:
    await a_run(connection, A_DAY)
    tables = ("pool_sum", "institution_sum", "net_position", "gl_booked", "run_fund", "gross_position")

    async def first_batch() -> list[list[asyncpg.Record]]:
        return [await connection.fetch(f"SELECT * FROM {table} WHERE batch = 1") for table in tables]

    before = await first_batch()
    assert all(before)
    assert (await a_run(connection, A_DAY, node="46")).batch == 2
    assert await first_batch() == before
    both = PositionReader(connection, DAY, DAY)
    assert sum(one.amount_fen for one in await both.gross(fund="310100")) == 2 * 1_630
    only = PositionReader(connection, DAY, DAY, batch=2)
    assert sum(one.amount_fen for one in await only.gross(fund="310100")) == 1_630


async def test_a_day_with_more_refunds_than_settlements_owes_backwards(connection: Connection) -> None:
    await a_run(connection, [a_sum(NANNING, CHONGQING, sign=-1, pooled_fen=70)])
    assert [one.amount_fen for one in await read(connection).gross()] == [-70]
    assert {one.pool: one.amount_fen for one in await read(connection).net()} == {NANNING: 70, CHONGQING: -70}


async def test_an_empty_day_and_a_day_of_zero_amounts_hold(connection: Connection) -> None:
    await a_run(connection, [])
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, cash_fen=0)], node="46")
    assert await read(connection).gross() == []
    assert await read(connection).runs() == [(DAY, 1), (DAY, 2)]


async def test_the_provinces_own_pool_pays_its_capitals_hospitals_itself(connection: Connection) -> None:
    await a_run(connection, [a_sum(PROVINCE_POOL, GUANGZHOU, pooled_fen=90)])
    assert await read(connection).gross() == []
    booked = {(one["pool"], one["name"]) for one in await connection.fetch("SELECT * FROM gl_booked")}
    assert booked == {(PROVINCE_POOL, "benefit_expense"), (PROVINCE_POOL, "payable_to_institution")}


async def test_a_group_has_a_net_of_its_own(connection: Connection) -> None:
    scheme = replace(load_scheme(), groups={GUANGZHOU: "delta", SHENZHEN: "delta", SHANWEI: "delta"})
    await a_run(connection, [*A_DAY, a_sum(SHENZHEN, GUANGZHOU, pooled_fen=300)], scheme=scheme)
    group = {(one.fund, one.pool): one.amount_fen for one in await read(connection).net() if one.group}
    assert group == {
        ("310100", GUANGZHOU): 50,
        ("310100", SHENZHEN): -50,
        ("330100", GUANGZHOU): -60,
        ("330100", SHENZHEN): 60,
    }


async def test_an_insurance_without_a_fund_throws_the_run_away(connection: Connection) -> None:
    with pytest.raises(RunBroken, match="no fund for what pooled_fen pays under insurance 340"):
        await a_run(connection, [a_sum(NANNING, GUANGZHOU, insutype="340", pooled_fen=5)])
    assert await connection.fetchval("SELECT count(*) FROM run") == 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE run_sum SET pooled_fen = pooled_fen + 1, total_fen = total_fen + 1 WHERE source = 'home' AND sign = 1"
         " AND insutype = '390'",
         "its settlements say 701"),
        ("UPDATE pool_sum SET amount_fen = amount_fen - 1 WHERE fund = '330100'", "its settlements say 60"),
        ("DELETE FROM pool_sum WHERE fund = '620100'", "0 fen, its settlements say 33"),
        ("UPDATE institution_sum SET amount_fen = amount_fen + 2 WHERE fund = '330100'", "off by -2 fen"),
        ("UPDATE net_position SET receivable_fen = receivable_fen + 1, amount_fen = amount_fen + 1 WHERE fund = '330100'"
         f" AND pool = {SHENZHEN}", "not zero but 1 fen"),
        ("UPDATE net_position SET receivable_fen = receivable_fen + 1, payable_fen = payable_fen + 1"
         f" WHERE fund = '330100' AND pool = {SHENZHEN}", f"net of pool {SHENZHEN}"),
        ("UPDATE gl_entry SET amount_fen = amount_fen + 1 WHERE id = 1", "is off balance"),
        ("UPDATE gl_entry SET amount_fen = 0 WHERE journal IN (SELECT id FROM gl_journal WHERE fund = '330100'"
         f" AND pool = {GUANGZHOU})", "do not say of payable_to_care"),
        ("UPDATE gl_entry SET balance_fen = balance_fen - 5 WHERE account IN (SELECT id FROM gl_account WHERE fund ="
         " '330100' AND name = 'payable_to_care')", "do not have the same in their books"),
    ],
)  # fmt: skip
async def test_whoever_edits_a_figure_is_found(connection: Connection, statement: str, said: str) -> None:
    run = await a_run(connection, A_DAY)
    assert await broken(connection, run, "UPDATE run SET made_by = made_by") == ""
    assert said in await broken(connection, run, statement)


@pytest.mark.parametrize(
    "table",
    ["run_scheme", "run_fund", "pool_sum", "institution_sum", "net_position", "gl_account", "gl_journal", "gl_entry"],
)  # fmt: skip
async def test_what_is_published_is_never_edited(connection: Connection, table: str) -> None:
    await a_run(connection, A_DAY)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute(f"DELETE FROM {table}")


async def test_a_journal_off_balance_or_in_anothers_books_is_not_written(connection: Connection) -> None:
    def posting(other_pool: int, fen: int) -> str:
        lines = ((NANNING, "benefit_expense", "", 5), (other_pool, "payable_to_care", "440100", fen))
        rows = ", ".join(
            f"({pool}, '310', '310100', '2026-11-24', 1, 'test', '', '{name}', '{party}', {fen})::gl_line"
            for pool, name, party, fen in lines
        )
        return f"SELECT gl_post(ARRAY[{rows}])"

    with pytest.raises(asyncpg.PostgresError, match="off balance by 1 fen"):
        await connection.execute(posting(NANNING, -4))
    with pytest.raises(asyncpg.PostgresError, match="off balance"):
        await connection.execute(posting(GUANGZHOU, -5))
    await connection.execute(posting(NANNING, -5))
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(posting(NANNING, -5))


async def test_two_runs_at_once_book_one_after_the_other(database: NewDatabase) -> None:
    dsn, later = database("clearing"), DAY + timedelta(days=1)
    async with (
        postgres.opened(dsn, application_name="one") as one,
        postgres.opened(dsn, application_name="two") as two,
    ):
        await a_run(
            one, A_DAY, day=DAY - timedelta(days=1)
        )  # so the accounts are there, and only their locks hold up
        transaction = one.transaction()
        await transaction.start()
        await a_run(one, A_DAY)
        other = asyncio.ensure_future(a_run(two, list(reversed(A_DAY)), day=later))
        while not await one.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert not other.done()
            await asyncio.sleep(0.01)
        await transaction.commit()
        await other
        wrong = await one.fetch(
            "SELECT FROM (SELECT balance_fen - amount_fen AS before, lag(balance_fen, 1, 0::bigint)"
            " OVER (PARTITION BY account ORDER BY id) AS was FROM gl_entry) chain WHERE before <> was"
        )
        assert wrong == []
        assert await one.fetchval("SELECT sum(balance_fen) FROM gl_balance WHERE name = 'payable_to_care'") == -3 * (
            900 + 42 + 700 + 400 + 250 + 60 + 80
        )  # fmt: skip
