"""Instructions from proposal to the bank's answer, over runs in a real clearing database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from clearing.approvals import APPLIED
from clearing.errors import NotAllowed, NotFound, ReturnsWrong
from clearing.months.month_book import propose_month
from clearing.parties import load_parties
from clearing.payments.bank_returns import HEADER, read_returns
from clearing.payments.instruction_book import check, file_approved, files, listed, propose, reopen_refused
from clearing.payments.instructions import Instruction, instruction_id
from clearing.payments.return_book import Booked, book_returns
from clearing.periods import Period, read_period
from clearing.proposals import check as check_proposal
from clearing.scheme import PROVINCES, load_scheme
from clearing.standing import waiting
from clearing.verification import verify_day
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import CHONGQING, DAY, GUANGZHOU, NANNING, SHENZHEN, a_run, a_sum
from tests.servers import NewDatabase

SCHEME = load_scheme()
PARTIES = load_parties()
SUMS = [
    a_sum(NANNING, GUANGZHOU, pooled_fen=1_000, account_fen=30),
    a_sum(NANNING, SHENZHEN, pooled_fen=80),
    a_sum(GUANGZHOU, SHENZHEN, pooled_fen=250),
    a_sum(CHONGQING, NANNING, pooled_fen=5, sign=-1),
    a_sum(GUANGZHOU, GUANGZHOU, pooled_fen=9_000),
]


def period(text: str) -> Period:
    found = read_period(text)
    assert found is not None
    return found


TODAY, MONTH = period(str(DAY)), period("2026-11")


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def sent(connection: Connection, of: Period = TODAY) -> list[Instruction]:
    """A period's instructions, with the bank."""
    await propose(connection, of, SCHEME, PARTIES, operator="wang")
    await check(connection, of, operator="li")
    await file_approved(connection, of, operator="wang")
    return await listed(connection, of)


async def answered(connection: Connection, *lines: str) -> Booked:
    raw = "\n".join([",".join(HEADER), *lines]).encode()
    return await book_returns(connection, raw, read_returns(raw), name="test.csv", operator="wang")


async def test_what_runs_owe_becomes_instructions_along_the_path(connection: Connection) -> None:
    await a_run(connection, SUMS)
    await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    found = await listed(connection, TODAY)
    assert {(one.payer, one.payee, one.fund, one.amount_fen) for one in found} == {
        ("450100", "P45", "310100", 1_085), ("P45", "P44", "310100", 1_080), ("P44", "440100", "310100", 1_000),
        ("P44", "440300", "310100", 80), ("440100", "440300", "310100", 250), ("450100", "P45", "310200", 30),
        ("P45", "P44", "310200", 30), ("P44", "440100", "310200", 30), ("P45", "500000", "310100", 5),
    }  # fmt: skip
    assert all(
        one.id == instruction_id(one.payer, one.payee, one.insutype, one.fund, str(DAY), 1, 1)
        for one in found
    )


async def test_a_group_pays_its_net_as_the_run_froze_it(connection: Connection) -> None:
    group = replace(SCHEME, groups={NANNING: "south", GUANGZHOU: "south", SHENZHEN: "south"})
    await a_run(connection, [*SUMS, a_sum(SHENZHEN, NANNING, pooled_fen=100)], scheme=group)
    await propose(connection, TODAY, replace(SCHEME, within_province=PROVINCES), PARTIES, operator="wang")
    found = {(one.payer, one.payee, one.fund, one.amount_fen) for one in await listed(connection, TODAY)}
    assert found == {
        ("450100", "440100", "310100", 750), ("450100", "440300", "310100", 230), ("450100", "440100", "310200", 30),
        ("450100", "P45", "310100", 5), ("P45", "500000", "310100", 5),
    }  # fmt: skip


async def test_a_second_batch_leaves_the_ids_and_amounts_of_the_first(connection: Connection) -> None:
    await a_run(connection, SUMS)
    first = await sent(connection)
    await a_run(connection, SUMS, node="46")
    made = await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    assert made.made == {2: len(first)}
    found = await listed(connection, TODAY)
    assert [one for one in found if one.batch == 1] == first
    assert {one.id for one in found if one.batch == 2}.isdisjoint(one.id for one in first)
    assert (await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")).made == {}
    assert await listed(connection, TODAY) == found


async def close_month(connection: Connection) -> None:
    """With the days that were run, by two people."""
    today = DAY + timedelta(days=1)
    number, _ = await propose_month(connection, (), MONTH, operator="wang", today=today, early=True)
    await check_proposal(connection, number, operator="li", today=today, applied=APPLIED)


async def test_a_month_pays_its_document_less_what_its_days_have_paid(connection: Connection) -> None:
    await a_run(connection, SUMS, day=DAY - timedelta(days=1))
    await a_run(connection, SUMS)
    await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    with pytest.raises(NotAllowed, match="2026-11 is not closed"):
        await propose(connection, MONTH, SCHEME, PARTIES, operator="wang")
    await close_month(connection)
    assert [one.command for one in await waiting(connection, DAY) if "is closed and paid by no" in one.what]
    monthly = await propose(connection, MONTH, SCHEME, PARTIES, operator="wang")
    assert (monthly.made, monthly.elsewhere) == ({1: 9}, {f"{DAY} batch 1": str(DAY)})
    month, day = await listed(connection, MONTH), await listed(connection, TODAY)
    assert [one[4:9] for one in month] == [one[4:9] for one in day]  # the other day's, which was the same
    assert {one.id for one in month}.isdisjoint(one.id for one in day)
    assert (await propose(connection, MONTH, SCHEME, PARTIES, operator="wang")).made == {}
    await a_run(connection, SUMS, node="46")  # late: the next month's document has it
    assert (await propose(connection, MONTH, SCHEME, PARTIES, operator="wang")).made == {}
    assert await listed(connection, MONTH) == month
    yesterday = await propose(
        connection, period(str(DAY - timedelta(days=1))), SCHEME, PARTIES, operator="wang"
    )
    assert yesterday.made == {}
    with pytest.raises(NotFound, match="Nothing of 2026-10-31 was run"):
        await propose(connection, period("2026-10-31"), SCHEME, PARTIES, operator="wang")


async def test_what_a_month_draws_from_a_prepayment_is_not_paid_once_more(connection: Connection) -> None:
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000)])
    lines = ((NANNING, "prepay_asset", GUANGZHOU, 400), (NANNING, "cash", "", -400),
             (GUANGZHOU, "cash", "", 400), (GUANGZHOU, "prepay_liability", NANNING, -400))  # fmt: skip
    booked = ", ".join(
        f"({pool}, '310', '310100', '{DAY}', 0, 'prepaid', '', '{name}', '{party}', {fen})::gl_line"
        for pool, name, party, fen in lines
    )
    await connection.execute(f"SELECT gl_post(ARRAY[{booked}])")
    await close_month(connection)
    await propose(connection, MONTH, SCHEME, PARTIES, operator="wang")
    assert {(one.payer, one.payee, one.amount_fen) for one in await listed(connection, MONTH)} == {
        ("450100", "P45", 600), ("P45", "P44", 600), ("P44", "440100", 600),
    }  # fmt: skip


async def test_the_maker_approves_nothing_and_nothing_unapproved_is_filed(connection: Connection) -> None:
    await a_run(connection, SUMS)
    await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    with pytest.raises(NotAllowed, match="wang made 9 of these"):
        await check(connection, TODAY, operator="wang")
    assert await file_approved(connection, TODAY, operator="wang") is None
    one = (await listed(connection, TODAY))[0]
    for what, by in (("approved", "wang"), ("filed", "li")):
        with pytest.raises(asyncpg.PostgresError, match="it cannot be"):
            await connection.execute(
                "WITH file AS (SELECT msg_id FROM payment_file) INSERT INTO instruction_event"
                " (instruction, what, amount_fen, reason, made_by, msg_id) VALUES ($1, $2, $3, '', $4,"
                " CASE $2 WHEN 'filed' THEN $5 END)",
                one.id, what, one.amount_fen, by, await a_file(connection),
            )  # fmt: skip
    await check(connection, TODAY, operator="li")
    with pytest.raises(NotFound, match="waits for a second person"):
        await check(connection, TODAY, operator="li")


async def a_file(connection: Connection) -> str:
    await connection.execute("INSERT INTO payment_file VALUES ('m', 'p', 1, 1, 'x') ON CONFLICT DO NOTHING")
    return "m"


async def test_a_payment_file_is_the_same_for_ever_and_holds_each_instruction_once(
    connection: Connection,
) -> None:
    await a_run(connection, SUMS)
    await sent(connection)
    (file,) = await files(connection, TODAY)
    assert (len(file.instructions), file.amount_fen) == (9, sum(one.amount_fen for one in file.instructions))
    assert await file_approved(connection, TODAY, operator="wang") is None
    await a_run(connection, SUMS, node="46")
    await sent(connection)
    again, other = await files(connection, TODAY)
    assert again == file
    assert {one.batch for one in other.instructions} == {2}


async def test_what_is_refused_is_not_paid_until_it_is_proposed_anew(connection: Connection) -> None:
    await a_run(connection, SUMS)
    await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    await check(connection, TODAY, operator="li", refuse=True, reason="not today")
    assert await file_approved(connection, TODAY, operator="wang") is None
    assert await reopen_refused(connection, TODAY, operator="wang") == 9
    with pytest.raises(NotFound, match="proposed again"):
        await reopen_refused(connection, TODAY, operator="wang")
    assert {(one.revision, one.state) for one in await listed(connection, TODAY)} == {
        (1, "refused"), (2, "proposed"),
    }  # fmt: skip


async def test_a_return_reopens_that_pair_only_and_again_is_harmless(connection: Connection) -> None:
    await a_run(connection, SUMS)
    first, second, third, *others = await sent(connection)
    lines = (f"{first.id},accepted,,", f"{second.id},returned,,AC04", f"{third.id},partly,0.20,")
    booked = await answered(connection, *lines)
    assert booked[:3] == (1, 2, 0)
    found = {one.id: one for one in await listed(connection, TODAY)}
    assert (found[first.id].state, found[second.id].state, found[third.id].state) == (
        "accepted",
        "returned",
        "partly",
    )
    new = [found[one] for one in booked.reopened]
    assert [(one.payer, one.payee, one.revision, one.amount_fen, one.state) for one in new] == [
        (second.payer, second.payee, 2, second.amount_fen, "proposed"),
        (third.payer, third.payee, 2, third.amount_fen - 20, "proposed"),
    ]
    assert [found[one.id] for one in others] == others
    assert (await answered(connection, *lines)).before
    reordered = await answered(connection, *reversed(lines))
    assert reordered[:4] == (0, 0, 3, [])
    assert len(await listed(connection, TODAY)) == len(found)
    with pytest.raises(NotAllowed):
        await check(connection, TODAY, operator="wang")
    await check(connection, TODAY, operator="li")
    again = await file_approved(connection, TODAY, operator="wang")
    assert again is not None
    assert [one.id for one in again.instructions] == sorted(booked.reopened, key=lambda one: found[one][4:8])
    later = await answered(connection, f"{booked.reopened[0]},returned,,")
    assert [one.revision for one in await listed(connection, TODAY) if one.id in later.reopened] == [3]


async def test_what_was_accepted_may_come_back_later(connection: Connection) -> None:
    await a_run(connection, SUMS)
    first, *_ = await sent(connection)
    await answered(connection, f"{first.id},accepted,,")
    assert (await answered(connection, f"{first.id},returned,,closed")).returned == 1
    with pytest.raises(ReturnsWrong, match="line 2: of instruction"):
        await answered(connection, f"{first.id},accepted,,really")


async def test_a_word_for_a_whole_payment_file_is_one_for_each_of_it(connection: Connection) -> None:
    await a_run(connection, SUMS)
    await sent(connection)
    (file,) = await files(connection, TODAY)
    raw = (f"<D><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>{file.msg_id}</OrgnlMsgId><GrpSts>ACSC</GrpSts>"
           "</OrgnlGrpInfAndSts></CstmrPmtStsRpt></D>").encode()  # fmt: skip
    booked = await book_returns(connection, raw, read_returns(raw), name="a.xml", operator="wang")
    assert booked.accepted == 9
    assert {one.state for one in await listed(connection, TODAY)} == {"accepted"}


async def test_a_file_with_one_wrong_word_books_nothing(connection: Connection) -> None:
    await a_run(connection, SUMS)
    first, second, *_ = await sent(connection)
    before = await listed(connection, TODAY)
    for wrong, said in (
        (f"{'0' * 32},accepted,,", "line 3: there is no 0000"),
        (f"{second.id},partly,99999.00,", "line 3: .* are no part of it"),
    ):
        with pytest.raises(ReturnsWrong, match=said):
            await answered(connection, f"{first.id},returned,,", wrong)
    assert await listed(connection, TODAY) == before


@pytest.mark.parametrize("statement", [
    "UPDATE instruction SET amount_fen = amount_fen + 1 WHERE payee = 'P44' AND fund = '310200'",
    "DELETE FROM instruction WHERE payer = '440100'",
    "UPDATE pool_sum SET amount_fen = amount_fen + 1 WHERE fund = '310200'",
])  # fmt: skip
async def test_instructions_that_do_not_pay_what_is_owed_are_found(
    connection: Connection, statement: str
) -> None:
    await a_run(connection, SUMS)
    await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    await connection.execute("SELECT instructions_hold($1, 1::smallint)", str(DAY))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement)
    with pytest.raises(asyncpg.PostgresError, match="leave party"):
        await connection.execute("SELECT instructions_hold($1, 1::smallint)", str(DAY))


async def test_what_is_paid_again_without_having_come_back_is_found(connection: Connection) -> None:
    await a_run(connection, SUMS)
    first, *_ = await sent(connection)
    await answered(connection, f"{first.id},partly,0.10,AC04")

    async def found() -> list[str]:
        findings = (await verify_day(DAY, connection=connection, books=())).findings
        return [one.what for one in findings if "paid again" in one.what]

    assert await found() == []
    await connection.execute(
        "SET session_replication_role = replica; UPDATE instruction SET amount_fen = amount_fen + 10"
        " WHERE revision = 2; RESET session_replication_role"
    )
    assert len(await found()) == 1


async def test_a_party_without_an_account_stops_the_proposal(connection: Connection) -> None:
    await a_run(connection, SUMS)
    some = {code: party for code, party in PARTIES.items() if code != "P45"}
    with pytest.raises(NotFound, match="no account for P45"):
        await propose(connection, TODAY, SCHEME, some, operator="wang")
    assert await listed(connection, TODAY) == []


async def test_an_id_that_is_not_of_its_keys_is_refused(connection: Connection) -> None:
    await a_run(connection, SUMS)
    await propose(connection, TODAY, SCHEME, PARTIES, operator="wang")
    with pytest.raises(asyncpg.CheckViolationError, match="instruction_natural_id"):
        await connection.execute(
            "INSERT INTO instruction SELECT repeat('0', 32), period, batch, 2, payer, payee, insutype, fund, amount_fen,"
            " id, made_by FROM instruction LIMIT 1"
        )
