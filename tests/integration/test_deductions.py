"""Audit results: taken by file, approved by another person, in the next document and in both pools' books."""

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from clearing.approvals import APPLIED
from clearing.errors import Malformed, NotAllowed
from clearing.months import month_book, year_book
from clearing.months.month_document import Document
from clearing.prepaid import audit_book
from clearing.prepaid.audit_file import read_audit
from clearing.proposals import check
from clearing.scheme import load_scheme
from runtime import postgres
from runtime.keys import setl_id_text
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, LATER, month
from tests.servers import NewDatabase

HOSPITAL = HOSPITALS[GUANGZHOU]
HEAD = "declaration,setl_id,fixmedins_code,home_pool,care_pool,insutype,fund,result,bearer,amount,reason\n"
SETTLEMENT = setl_id_text(bytes(16))


def line(number: int, result: str, amount: str, *, bearer: str = "03", fund: str = "310100") -> str:
    where = f"{HOSPITAL},{NANNING},{GUANGZHOU},310,{fund}"
    return f"B4401002610{number:07},{SETTLEMENT},{where},{result},{bearer},{amount},why\n"


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        await a_run(
            opened, [a_sum(NANNING, GUANGZHOU, pooled_fen=90_000, account_fen=400, day=LAST)], day=LAST
        )
        yield opened


async def taken(connection: Connection, *lines: str, approve: bool = True) -> int:
    raw = (HEAD + "".join(lines)).encode()
    number, _ = await audit_book.propose_audit(
        connection, raw, read_audit(raw), load_scheme(), name="f.csv", operator="wang"
    )
    if approve:
        await check(connection, number, operator="li", today=AFTER, applied=APPLIED)
    return number


async def proposed(connection: Connection, text: str = "2026-10", today: date = AFTER) -> Document:
    number, _ = await month_book.propose_month(
        connection, [], month(text), operator="wang", today=today, early=False
    )
    return await month_book.document(connection, number)


async def closed(connection: Connection, text: str = "2026-10", today: date = AFTER) -> Document:
    found = await proposed(connection, text, today)
    await check(connection, found.proposal, operator="li", today=today, applied=APPLIED)
    return await month_book.document(connection, found.proposal)


async def test_what_audits_took_comes_off_the_next_document_in_both_pools_books(
    connection: Connection,
) -> None:
    await taken(
        connection, line(1, "2", "-50.00"), line(2, "1", "0", bearer=""), line(3, "3", "-1.00", fund="310200")
    )
    found = await closed(connection)
    assert {(one.fund, one.runs_fen, one.deducted_fen, one.to_pay_fen) for one in found.pools} == {
        ("310100", 90_000, -5_000, 85_000),
        ("310200", 400, -100, 300),
    }
    assert {(one.fund, one.to_pay_fen) for one in found.institutions} == {("310100", 85_000), ("310200", 300)}
    records = await connection.fetch("SELECT pool, fund, name, balance_fen FROM gl_balance")
    assert {tuple(one) for one in records} == {
        (NANNING, "310100", "benefit_expense", 85_000), (NANNING, "310100", "payable_to_care", -85_000),
        (GUANGZHOU, "310100", "receivable_from_home", 85_000), (GUANGZHOU, "310100", "payable_to_institution", -85_000),
        (NANNING, "310200", "personal_account_liability", 300), (NANNING, "310200", "payable_to_care", -300),
        (GUANGZHOU, "310200", "receivable_from_home", 300), (GUANGZHOU, "310200", "payable_to_institution", -300),
    }  # fmt: skip
    listed = await audit_book.listed(connection, month="2026-10")
    assert [(one.result.amount_fen, one.month) for one in listed] == [
        (-5_000, "202610"),
        (0, "202610"),
        (-100, "202610"),
    ]


async def test_a_result_after_the_close_enters_the_month_after(connection: Connection) -> None:
    await closed(connection)
    await taken(connection, line(1, "2", "-50.00"))
    for day in range(1, 31):
        await a_run(connection, [], day=date(2026, 11, day))
    found = await closed(connection, "2026-11", LATER)
    assert [(one.runs_fen, one.deducted_fen, one.to_pay_fen) for one in found.pools] == [(0, -5_000, -5_000)]
    await taken(connection, line(2, "0", "20.00"))  # given back later
    for day in range(1, 32):
        await a_run(connection, [], day=date(2026, 12, day))
    third = await closed(connection, "2026-12", date(2027, 1, 4))
    assert [one.deducted_fen for one in third.pools] == [2_000]
    number, _ = await year_book.propose_year(connection, 2026, operator="wang", today=date(2027, 1, 4))
    year = await year_book.document(connection, 2026)
    assert year is not None
    assert year.proposal == number
    assert (year.lines[0].payable_fen, year.lines[0].refused_fen, year.lines[0].to_pay_fen) == (
        90_400,
        3_000,
        87_400,
    )


async def test_a_file_that_waits_or_was_refused_takes_nothing(connection: Connection) -> None:
    waiting = await taken(connection, line(1, "2", "-50.00"), approve=False)
    assert await taken(connection, line(1, "2", "-50.00"), approve=False) == waiting
    document = await proposed(connection)
    assert [one.deducted_fen for one in document.pools] == [0, 0]
    await check(connection, waiting, operator="li", today=AFTER, applied=APPLIED)
    with pytest.raises(NotAllowed, match="audit results were approved since"):
        await check(connection, document.proposal, operator="li", today=AFTER, applied=APPLIED)
    assert sum(one.deducted_fen for one in (await closed(connection)).pools) == -5_000


@pytest.mark.parametrize(
    ("before", "lines", "said"),
    [
        ([line(1, "2", "-50.00")], [line(1, "3", "-9.00")], "line 2: result B44010026100000001 was taken before"),
        ([], [line(1, "0", "1.00")], "more would be given back than were taken"),
        ([], [line(1, "2", "-900.01")], "more would be taken than its days have paid"),
        ([], [line(1, "2", "-9.00").replace(str(NANNING), "450200")], "450200 would get back more"),
        ([], [line(1, "2", "-9.00").replace(HOSPITAL, "H44010490077")], "institution H44010490077"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_not_approved(
    connection: Connection, before: list[str], lines: list[str], said: str
) -> None:
    if before:
        await taken(connection, *before)
    with pytest.raises(NotAllowed, match=f"(?i){said}"):
        await taken(connection, *lines, approve=False)
    assert len(await audit_book.listed(connection)) == len(before)


async def test_a_fund_outside_the_pools_is_refused_whole(connection: Connection) -> None:
    with pytest.raises(Malformed, match="Line 2: fund 310400"):
        await taken(connection, line(1, "2", "-1.00", fund="310400"))
    assert await audit_book.listed(connection) == []


async def test_a_document_whose_deductions_were_tampered_with_does_not_close(connection: Connection) -> None:
    await taken(connection, line(1, "2", "-50.00"))
    document = await proposed(connection)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE month_pool SET amount_fen = -4_999 WHERE part = 'deducted'")
    await connection.execute("UPDATE month_institution SET amount_fen = -4_999 WHERE part = 'deducted'")
    await connection.execute("SET session_replication_role = origin")
    with pytest.raises(NotAllowed, match="is not what audits said"):
        await check(connection, document.proposal, operator="li", today=AFTER, applied=APPLIED)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute("UPDATE audit_result SET amount_fen = -1")
