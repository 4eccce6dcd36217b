"""What institutions are paid ahead: a share of a day, a month's average a year; recovered by the month's document."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from clearing.approvals import APPLIED
from clearing.errors import Malformed, NotAllowed, NotFound
from clearing.months import month_book, year_book
from clearing.months.month_document import Document
from clearing.prepaid import advance_book, payout_book
from clearing.prepaid.advance_book import Whom
from clearing.prepaid.advances import Reserve, load_advance_rules, load_payout_rules, recovered
from clearing.proposals import check, listed
from clearing.scheme import load_scheme
from clearing.standing import waiting
from ledger.day import DaySum
from ledger.money import share
from proto.settlement.v1 import statement_pb2
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, LATER, month
from tests.servers import NewDatabase

HOSPITAL = HOSPITALS[GUANGZHOU]
RULES = load_payout_rules()
YEARLY = load_advance_rules()
WHOM = Whom(HOSPITAL, GUANGZHOU, "310")


def stay(home_pool: int, day: date, **payers: int) -> DaySum:
    """Inpatient settlements of Guangzhou's hospital."""
    one = a_sum(home_pool, GUANGZHOU, day=day, **payers)
    return one._replace(key=one.key._replace(clr_type="21"))


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def approve(connection: Connection, number: int, *, by: str = "li", today: date = AFTER) -> None:
    await check(connection, number, operator=by, today=today, applied=APPLIED)


async def paid_out(connection: Connection, day: date) -> int:
    number, _ = await payout_book.propose_payout(connection, day, RULES, operator="wang")
    await approve(connection, number)
    return number


async def document(
    connection: Connection, text: str = "2026-10", today: date = AFTER, *, close: bool
) -> Document:
    number, _ = await month_book.propose_month(
        connection, [], month(text), operator="wang", today=today, early=False
    )
    if close:
        await approve(connection, number, today=today)
    return await month_book.document(connection, number)


async def balance(connection: Connection, name: str, party: str = "", pool: int = GUANGZHOU) -> int:
    found: int = await connection.fetchval(
        "SELECT isum(balance_fen) FROM gl_balance WHERE name = $1 AND party = $2 AND pool = $3",
        name,
        party,
        pool,
    )
    return found


async def test_a_share_of_what_funds_pay_for_stays_is_booked_as_an_advance(connection: Connection) -> None:
    await a_run(
        connection,
        [
            stay(NANNING, LAST, pooled_fen=10_001, large_fen=3, big_illness_fen=50, account_fen=70),
            a_sum(NANNING, GUANGZHOU, pooled_fen=999, day=LAST),  # an outpatient
            stay(GUANGZHOU, LAST, pooled_fen=500),
        ],
        day=LAST,
    )
    number, new = await payout_book.propose_payout(connection, LAST, RULES, operator="wang")
    assert new
    assert (await payout_book.propose_payout(connection, LAST, RULES, operator="wang")) == (number, False)
    assert await balance(connection, "advance_to_institution", HOSPITAL) == 0
    with pytest.raises(NotAllowed, match="another person"):
        await approve(connection, number, by="wang")
    await approve(connection, number)
    lines = await payout_book.day_lines(connection, LAST)
    assert {(one.fund, one.base_fen, one.amount_fen) for one in lines} == {
        ("310100", 10_501, share(10_501, 6_000)),
        ("330100", 3, share(3, 6_000)),
    }
    total = sum(one.amount_fen for one in lines)
    assert await balance(connection, "advance_to_institution", HOSPITAL) == total == 6_301 + 2
    assert await balance(connection, "cash") == -total
    with pytest.raises(NotAllowed, match="is paid out"):
        await payout_book.propose_payout(connection, LAST, RULES, operator="wang")


async def test_a_pool_has_a_ratio_of_its_own(connection: Connection) -> None:
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=1_000)], day=LAST)
    rules = RULES._replace(pools={GUANGZHOU: 2_500})
    await payout_book.propose_payout(connection, LAST, rules, operator="wang")
    assert [(one.ratio_bp, one.amount_fen) for one in await payout_book.day_lines(connection, LAST)] == [
        (2_500, 250)
    ]
    none = RULES._replace(pools={GUANGZHOU: 0})
    with pytest.raises(NotAllowed, match="nothing of which"):
        await payout_book.propose_payout(connection, LAST, none, operator="wang")


async def test_a_late_batch_is_paid_out_by_itself_and_a_closed_day_never(connection: Connection) -> None:
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=1_000)], day=LAST)
    await paid_out(connection, LAST)
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=500)], day=LAST, node="46")
    second_day = LAST + timedelta(days=1)
    await a_run(connection, [stay(NANNING, second_day, pooled_fen=0)], day=second_day)
    todo = {one.what for one in await waiting(connection, AFTER)}
    assert f"{second_day} is not paid out to institutions" in todo
    assert f"{LAST} is not paid out to institutions" not in todo
    second = await paid_out(connection, LAST)
    assert await balance(connection, "advance_to_institution", HOSPITAL) == 900
    assert [one.amount_fen for one in await listed(connection) if one.id == second] == [300]
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=100)], day=LAST, node="47")
    third, _ = await payout_book.propose_payout(connection, LAST, RULES, operator="wang")
    await document(connection, close=True)
    with pytest.raises(NotAllowed, match="its month is closed"):
        await approve(connection, third)
    with pytest.raises(NotAllowed, match="its month is closed"):
        await payout_book.propose_payout(connection, LAST, RULES, operator="wang")
    with pytest.raises(NotFound, match="was not run"):
        await payout_book.propose_payout(connection, LATER, RULES, operator="wang")


async def applied_for(connection: Connection, number: str, fund_fen: int) -> None:
    """As 3203 writes it, each under a clr_way of its own."""
    given = statement_pb2.ClearingApplication(fund_appy_sum=fund_fen)
    await connection.execute(
        "INSERT INTO clearing_application (clr_appy_evt_id, fixmedins_code, setlym, insutype, clr_type, clr_way, input,"
        " state, at) VALUES ($1, $2, '202610', '310', '21', $1, $3, 'applied', clock_timestamp())",
        number, HOSPITAL, given.SerializeToString(),
    )  # fmt: skip


async def applications(connection: Connection) -> set[tuple[str, str, int]]:
    records = await connection.fetch("SELECT clr_appy_evt_id, state, paid_fen FROM clearing_application")
    return {(one[0], one[1], one[2]) for one in records}


async def test_the_month_recovers_what_its_days_were_paid_ahead_and_pays_the_rest(
    connection: Connection,
) -> None:
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=1_000, account_fen=30)], day=LAST)
    november = date(2026, 11, 1)
    await a_run(connection, [stay(NANNING, november, pooled_fen=400)], day=november)
    await paid_out(connection, LAST)
    await paid_out(connection, november)  # of another month: it stays ahead
    todo = {one.what for one in await waiting(connection, date(2026, 11, 3))}
    assert "2026-11-02 was not run" in todo
    with pytest.raises(NotAllowed, match="is not closed"):
        await payout_book.propose_month_pay(connection, month("2026-10"), operator="wang")
    await applied_for(connection, "A", 700)
    await applied_for(connection, "B", 330)
    found = await document(connection, close=True)
    lines = {one.fund: (one.due_fen, one.advanced_fen, one.to_pay_fen) for one in found.institutions}
    assert await applications(connection) == {("A", "accepted", 0), ("B", "accepted", 0)}
    assert lines == {"310100": (1_000, -recovered(1_000, 600), 400), "310200": (30, 0, 30)}
    assert await balance(connection, "advance_to_institution", HOSPITAL) == 240
    todo = {(one.what, one.amount_fen) for one in await waiting(connection, AFTER)}
    assert ("institutions are not paid for 2026-10; they are by 2026-12-08", 430) in todo
    number, _ = await payout_book.propose_month_pay(connection, month("2026-10"), operator="wang")
    await approve(connection, number)
    # 400 of November's day are still due to it; October is paid
    assert await balance(connection, "payable_to_institution", HOSPITAL) == -400
    assert await balance(connection, "cash") == -(600 + 240 + 430)
    assert await applications(connection) == {("A", "paid", 700), ("B", "paid", 330)}
    with pytest.raises(NotAllowed, match="2026-10 is paid"):
        await payout_book.propose_month_pay(connection, month("2026-10"), operator="wang")


async def test_what_a_month_cannot_recover_is_recovered_by_the_next(connection: Connection) -> None:
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=1_000)], day=LAST)
    await paid_out(connection, LAST)
    back = stay(NANNING, LAST, pooled_fen=700)
    refund = back._replace(key=back.key._replace(sign=-1), amounts=tuple(-one for one in back.amounts))
    await a_run(connection, [refund], day=LAST, node="46")
    found = await document(connection, close=True)
    assert [(one.due_fen, one.advanced_fen) for one in found.institutions] == [(300, -300)]
    assert await balance(connection, "advance_to_institution", HOSPITAL) == 300
    for day in range(1, 31):
        sums = [stay(NANNING, date(2026, 11, day), pooled_fen=1_000)] if day == 9 else []
        await a_run(connection, sums, day=date(2026, 11, day))
    second = await document(connection, "2026-11", LATER, close=True)
    assert [(one.due_fen, one.advanced_fen) for one in second.institutions] == [(1_000, -300)]
    assert await balance(connection, "advance_to_institution", HOSPITAL) == 0


async def test_a_payout_after_the_document_was_made_asks_for_another(connection: Connection) -> None:
    await a_run(connection, [stay(NANNING, LAST, pooled_fen=1_000)], day=LAST)
    first = await document(connection, close=False)
    await paid_out(connection, LAST)
    with pytest.raises(NotAllowed, match="paid ahead since"):
        await approve(connection, first.proposal)
    assert (await document(connection, close=True)).institutions[0].to_pay_fen == 400


# ---------------------------------------------------------------------------------------------- by year


async def reserved(
    connection: Connection, months: int, *, surplus_fen: int = 0, book: str = "employees"
) -> None:
    await advance_book.note_reserve(
        connection, GUANGZHOU, book, Reserve(months * 1_000, 1_000, surplus_fen), as_of=AFTER, source="books",
        operator="zhao", scheme=load_scheme(),
    )  # fmt: skip


async def applied(connection: Connection, amount_fen: int | None = None, *, whom: Whom = WHOM) -> int:
    number, _ = await advance_book.apply_for(
        connection, whom, amount_fen, operator="wang", today=AFTER, rules=YEARLY, scheme=load_scheme()
    )
    return number


@pytest.mark.parametrize(
    ("insutype", "months", "surplus", "allowed"),
    [
        ("310", 12, 0, True),
        ("310", 11, 0, False),
        ("310", 24, -1, False),
        ("390", 6, 0, True),
        ("390", 5, 9, False),
    ],
)
async def test_an_advance_needs_a_reserve_and_no_deficit(
    connection: Connection, insutype: str, months: int, surplus: int, allowed: bool
) -> None:
    await a_run(
        connection, [a_sum(NANNING, GUANGZHOU, insutype=insutype, pooled_fen=12_005, day=LAST)], day=LAST
    )
    whom = WHOM._replace(insutype=insutype)
    with pytest.raises(NotAllowed, match="Nobody has said"):
        await applied(connection, whom=whom)
    book = "employees" if insutype == "310" else "residents"
    await reserved(connection, months, surplus_fen=surplus, book=book)
    if allowed:
        assert (await listed(connection)) == []
        number = await applied(connection, whom=whom)
        assert [(one.id, one.amount_fen) for one in await listed(connection)] == [(number, 1_000)]
    else:
        with pytest.raises(NotAllowed, match="months without a deficit are needed"):
            await applied(connection, whom=whom)


async def test_an_advance_is_approved_paid_and_recovered_in_december(connection: Connection) -> None:
    december = date(2026, 12, 31)
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=12_000, day=LAST)], day=LAST)
    await reserved(connection, 12)
    with pytest.raises(NotAllowed, match="at most that"):
        await applied(connection, 1_001)
    number = await applied(connection)
    await reserved(connection, 11)
    with pytest.raises(NotAllowed, match="does not cover 12 months"):
        await approve(connection, number)
    await reserved(connection, 12)
    await approve(connection, number)
    assert any("is approved and not paid" in one.what for one in await waiting(connection, AFTER))
    with pytest.raises(NotAllowed, match="li has approved it"):
        await advance_book.pay(connection, number, day=AFTER, reference="B7", operator="li")
    with pytest.raises(Malformed, match="reference"):
        await advance_book.pay(connection, number, day=AFTER, reference=" ", operator="zhao")
    await advance_book.pay(connection, number, day=AFTER, reference="B7", operator="zhao")
    assert [(one.state, one.outstanding_fen) for one in await advance_book.listed(connection)] == [
        ("paid", 1_000)
    ]
    again = await applied(connection, 500)
    with pytest.raises(NotAllowed, match="has an advance of 2026 already"):
        await approve(connection, again)
    assert (await document(connection, close=True)).institutions[0].advanced_fen == 0
    for one in (date(2026, 11, day) for day in range(1, 31)):
        await a_run(connection, [], day=one)
    await document(connection, "2026-11", LATER, close=True)
    for one in (date(2026, 12, day) for day in range(1, 31)):
        await a_run(connection, [], day=one)
    await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_500, day=december)], day=december)
    january = date(2027, 1, 4)
    last = await document(connection, "2026-12", january, close=True)
    assert [(one.due_fen, one.advanced_fen) for one in last.institutions] == [(1_500, -1_000)]
    assert [one.outstanding_fen for one in await advance_book.listed(connection)] == [0, 0]
    await year_book.propose_year(connection, 2026, operator="wang", today=january)
    year = await year_book.document(connection, 2026)
    assert year is not None
    assert (year.lines[0].payable_fen, year.lines[0].paid_fen, year.lines[0].to_pay_fen) == (
        13_500,
        1_000,
        12_500,
    )


@pytest.mark.parametrize(
    "table", ["payout_line", "payout_paid", "fund_reserve", "month_paid", "advance_payment"]
)
async def test_what_was_paid_is_never_edited(connection: Connection, table: str) -> None:
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute(f"DELETE FROM {table}")
