"""Months and years: closed days rolled up, proposed by one person and closed by another, never edited.

Runs are planted through the writer that real runs use; what institutions did not confirm is told by a book in memory.
Tampering is done past the triggers, by the owner.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import asyncpg
import pytest

from clearing.approvals import APPLIED
from clearing.errors import NotAllowed, NotFound
from clearing.institutions.apportionment import Month, confirm
from clearing.months import month_book, year_book
from clearing.months.month_document import Document
from clearing.operator_log import entries
from clearing.periods import Period, read_period
from clearing.proposals import Proposal, check, listed
from clearing.standing import waiting
from clearing.verification import verify_day
from ledger.day import DaySum
from proto.settlement.v1 import statement_pb2
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_books import MemoryBook, figures
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.servers import NewDatabase

LAST, NEXT = date(2026, 10, 31), date(2026, 11, 30)
HOSPITAL = HOSPITALS[GUANGZHOU]
AFTER = date(2026, 11, 5)
LATER = date(2026, 12, 3)


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


def month(text: str) -> Period:
    found = read_period(text)
    assert found is not None
    return found


def owed(pooled_fen: int, day: date, *, sign: int = 1, **more: Any) -> DaySum:
    """What Nanning's pool owes for its people in Guangzhou, as a sum of a day."""
    return a_sum(NANNING, GUANGZHOU, pooled_fen=pooled_fen, sign=sign, day=day, **more)


async def proposed(
    connection: Connection, text: str, today: date, books: Sequence[Any] = (), *, early: bool = False
) -> int:
    number, _ = await month_book.propose_month(
        connection, books, month(text), operator="wang", today=today, early=early
    )
    return number


async def approved(connection: Connection, number: int, by: str = "li", *, refuse: bool = False) -> Proposal:
    return await check(connection, number, operator=by, today=LATER, applied=APPLIED, refuse=refuse)


async def closed(connection: Connection, text: str, today: date, books: Sequence[Any] = ()) -> Document:
    number = await proposed(connection, text, today, books)
    await approved(connection, number)
    return await month_book.document(connection, number)


async def test_a_month_is_the_sum_of_its_days_once_another_person_has_approved(
    connection: Connection,
) -> None:
    await a_run(connection, [owed(1_000, LAST, account_fen=40, hospital_fen=7)], day=LAST)
    await a_run(connection, [owed(300, LAST, sign=-1), owed(50, LAST, commercial_fen=9, commercial_payer="善美保")],
                day=LAST, node="46")  # fmt: skip
    number = await proposed(connection, "2026-10", AFTER)
    assert await proposed(connection, "2026-10", AFTER) == number  # again is the same
    assert (await month_book.stands(connection, month("2026-10"), AFTER)).closed is False
    assert any(f"approve {number}" in one.command for one in await waiting(connection, AFTER))
    with pytest.raises(NotAllowed, match="another person"):
        await approved(connection, number, by="wang")
    assert (await approved(connection, number)).state == "approved"
    found = await month_book.document(connection, number)
    assert {(one.fund, one.party, one.items, one.runs_fen, one.to_pay_fen) for one in found.pools} == {
        ("310100", "", 3, 750, 750),
        ("310200", "", 1, 40, 40),
        ("620100", "善美保", 1, 9, 9),
    }
    assert {(one.fixmedins_code, one.fund, one.due_fen) for one in found.institutions} == {
        (HOSPITAL, "310100", 750),
        (HOSPITAL, "310200", 40),
        (HOSPITAL, "620100", 9),
    }
    log = {(one["operator"], one["action"]) for one in await entries(connection)}
    assert {("wang", "propose month"), ("li", "approve month")} <= log


async def test_what_is_missing_is_named_and_nothing_is_proposed(connection: Connection) -> None:
    await a_run(connection, [owed(5, date(2026, 10, 28))], day=date(2026, 10, 28))
    with pytest.raises(
        NotAllowed, match=r"3 days up to 2026-10 were not run: 2026-10-29, 2026-10-30, 2026-10-31\."
    ):
        await proposed(connection, "2026-10", AFTER)
    with pytest.raises(NotAllowed, match="Close 2026-10 first"):
        await proposed(connection, "2026-11", LATER)
    with pytest.raises(NotAllowed, match="not over"):
        await proposed(connection, "2026-10", date(2026, 10, 29))
    assert await listed(connection) == []
    number = await proposed(connection, "2026-10", date(2026, 10, 29), early=True)
    assert (await month_book.document(connection, number)).early
    with pytest.raises(NotAllowed, match="Nothing of 2026-09"):
        await proposed(connection, "2026-09", AFTER)


async def test_days_after_an_early_close_are_asked_for_and_enter_the_next_document(
    connection: Connection,
) -> None:
    await a_run(connection, [owed(5, date(2026, 10, 30))], day=date(2026, 10, 30))
    await approved(connection, await proposed(connection, "2026-10", LAST, early=True))
    for day in range(1, 31):
        await a_run(connection, [], day=date(2026, 11, day))
    with pytest.raises(NotAllowed, match="1 days up to 2026-11 were not run: 2026-10-31"):
        await proposed(connection, "2026-11", LATER)
    await a_run(connection, [owed(7, LAST)], day=LAST)
    found = await closed(connection, "2026-11", LATER)
    assert (LAST.isoformat(), 1, True) in found.runs
    assert [one.to_pay_fen for one in found.pools] == [7]


async def test_of_two_who_approve_at_once_one_has_done_it(database: NewDatabase) -> None:
    dsn = database("clearing")
    async with (
        postgres.opened(dsn, application_name="test") as one,
        postgres.opened(dsn, application_name="test") as other,
    ):
        await a_run(one, [owed(1_000, LAST)], day=LAST)
        number = await proposed(one, "2026-10", AFTER)
        done = await asyncio.gather(
            approved(one, number), approved(other, number, by="zhao"), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in done) == ["NotAllowed", "Proposal"]
        assert await one.fetchval("SELECT count(*) FROM month_closed") == 1


async def test_a_confirmation_beside_the_close_waits_for_it_and_is_refused_in_words(
    database: NewDatabase,
) -> None:
    dsn = database("clearing")
    async with (
        postgres.opened(dsn, application_name="test") as one,
        postgres.opened(dsn, application_name="test") as other,
    ):
        item = figures(1, home_pool=NANNING, care_pool=GUANGZHOU, fixmedins_code=HOSPITAL, day=LAST)
        await a_run(one, [owed(6_000, LAST)], day=LAST)
        await listed_row(one, "202610", 1, item)
        number = await proposed(one, "2026-10", AFTER, [MemoryBook("care", "44", {"45": [item]})])
        row = statement_pb2.ApportionmentConfirmation(seqno=1, setl_sn=item.setl_id, cnfm_flag="1")
        async with one.transaction():
            await approved(one, number)
            confirming = asyncio.create_task(
                confirm(other, Month(HOSPITAL, "202610"), msgid="m", totalrow=1, detail=[row])
            )
            await asyncio.sleep(0.3)
            assert not confirming.done()
        with pytest.raises(NotAllowed, match="202610 is closed"):
            await confirming


async def test_a_batch_that_is_run_after_the_close_belongs_to_the_next_month(connection: Connection) -> None:
    await a_run(connection, [owed(1_000, LAST)], day=LAST)
    first = await closed(connection, "2026-10", AFTER)
    await a_run(connection, [owed(70, LAST)], day=LAST, node="46")
    await a_run(
        connection, [owed(400, LAST, sign=-1)], day=NEXT
    )  # a reversal after the close: a negative row
    for day in range(1, 30):
        await a_run(connection, [], day=date(2026, 11, day))
    standing = await month_book.stands(connection, month("2026-11"), LATER)
    assert standing.late == [(LAST, 2)]
    second = await closed(connection, "2026-11", LATER)
    assert (LAST.isoformat(), 2, True) in second.runs
    assert [one.to_pay_fen for one in second.pools] == [70 - 400]
    assert (await month_book.document(connection, first.proposal)).pools == first.pools
    with pytest.raises(NotAllowed, match="2026-10 is closed"):
        await proposed(connection, "2026-10", LATER)


async def test_a_month_whose_days_have_moved_since_is_not_closed(connection: Connection) -> None:
    await a_run(connection, [owed(1_000, LAST)], day=LAST)
    number = await proposed(connection, "2026-10", AFTER)
    await a_run(connection, [owed(70, LAST)], day=LAST, node="46")
    with pytest.raises(NotAllowed, match="another batch was run since"):
        await approved(connection, number)
    assert [one.state for one in await listed(connection)] == ["waiting"]  # the refusal left nothing behind
    again = await proposed(connection, "2026-10", AFTER)
    with pytest.raises(NotAllowed, match="superseded"):
        await approved(connection, number)
    assert (await approved(connection, again)).state == "approved"


async def test_a_refused_month_stays_open(connection: Connection) -> None:
    await a_run(connection, [owed(1_000, LAST)], day=LAST)
    number = await proposed(connection, "2026-10", AFTER)
    assert (await approved(connection, number, refuse=True)).state == "refused"
    assert not (await month_book.stands(connection, month("2026-10"), AFTER)).closed
    assert any("2026-10 is not closed" in one.what for one in await waiting(connection, AFTER))
    assert await proposed(connection, "2026-10", AFTER) != number


async def listed_row(connection: Connection, text: str, number: int, item: Any) -> None:
    """As 3260 lists it; nobody has confirmed it."""
    await connection.execute(
        "INSERT INTO apportioned (fixmedins_code, month, seqno, setl_id, mdtrt_id, setl_ms, day, home_pool, care_pool,"
        " insutype, medfee_fen, agency_fen) VALUES ($1, $2, $3, $4, 'M', 0, $5, $6, $7, '310', 0, 0)",
        HOSPITAL, text, number, item.setl_id, item.day, NANNING, GUANGZHOU,
    )  # fmt: skip


async def test_what_an_institution_did_not_confirm_is_left_out_and_carried_into_the_next_month(
    connection: Connection,
) -> None:
    key = {"home_pool": NANNING, "care_pool": GUANGZHOU, "fixmedins_code": HOSPITAL, "day": LAST}
    item = figures(1, pooled_fen=600, account_fen=30, family_fen=5, big_illness_fen=80, **key)
    other = figures(2, pooled_fen=400, **key)
    book = MemoryBook("care", "44", {"45": [item, other]})
    sums = owed(1_000, LAST, items=2, account_fen=30, family_fen=5, big_illness_fen=80)
    await a_run(connection, [sums], day=LAST)
    await listed_row(connection, "202610", 1, item)
    await listed_row(connection, "202610", 2, other)
    await connection.execute("UPDATE apportioned SET confirmed_by = 'C' WHERE seqno = 2")
    with pytest.raises(NotFound, match="region 44"):
        await proposed(connection, "2026-10", AFTER)
    first = await closed(connection, "2026-10", AFTER, [book])
    lines = {one.fund: (one.runs_fen, one.withheld_fen, one.due_fen) for one in first.pools}
    assert lines == {
        "310100": (1_000, -600, 400),
        "310200": (35, -35, 0),
        "310400": (80, -80, 0),
    }
    assert {one.fund: one.due_fen for one in first.institutions} == {"310100": 400, "310200": 0, "310400": 0}
    with pytest.raises(asyncpg.PostgresError, match="is closed"):
        await connection.execute("UPDATE apportioned SET confirmed_by = 'D' WHERE month = '202610'")
    for day in range(1, 31):
        await a_run(connection, [], day=date(2026, 11, day))
    waiting_row = await connection.fetchrow(
        "SELECT setl_id, confirmed_by FROM apportioned WHERE month = '202611'"
    )
    assert waiting_row is not None
    assert tuple(waiting_row) == (item.setl_id, None)
    still = await proposed(connection, "2026-11", LATER, [book])
    unconfirmed = (await month_book.document(connection, still)).pools
    assert {one.fund: (one.carried_in_fen, one.due_fen) for one in unconfirmed} == {
        "310100": (600, 0), "310200": (35, 0), "310400": (80, 0),
    }  # fmt: skip
    await connection.execute("UPDATE apportioned SET confirmed_by = 'D' WHERE month = '202611'")
    with pytest.raises(NotAllowed, match="listed or confirmed rows since"):
        await approved(connection, still)
    second = await closed(connection, "2026-11", LATER, [book])
    assert {one.fund: one.due_fen for one in second.pools} == {"310100": 600, "310200": 35, "310400": 80}
    assert {(one.party, one.due_fen) for one in second.pools if one.bearer == "carrier"} == {
        ("carrier:450100", 80)
    }


@pytest.mark.parametrize(("institution", "withheld"), [("NULL", 0), ("'[]'", 1)])
async def test_what_stands_in_a_difference_of_the_books_is_left_to_it(
    connection: Connection, institution: str, withheld: int
) -> None:
    key = {"home_pool": NANNING, "care_pool": GUANGZHOU, "fixmedins_code": HOSPITAL, "day": LAST}
    item = figures(1, pooled_fen=600, **key)
    await a_run(connection, [owed(1_000, LAST, items=2)], day=LAST)
    await listed_row(connection, "202610", 1, item)
    await connection.execute(
        "INSERT INTO difference (day, batch, node, region, class, setl_id, fixmedins_code, home, care, differs,"
        f" stake_fen, institution) VALUES ($1, 1, '45', '44', 'amount', $2, $3, '[]', '[]', '{{}}', 5, {institution})",
        LAST, item.setl_id, HOSPITAL,
    )  # fmt: skip
    number = await proposed(connection, "2026-10", AFTER, [MemoryBook("care", "44", {"45": [item]})])
    document = await month_book.document(connection, number)
    assert (document.withheld, document.pools[0].withheld_fen) == (withheld, -600 * withheld)


CARRIED = " SELECT proposal, 'carried_in', {}, insutype, fund, bearer, {}local, 1, 5 FROM month_{} "


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE month_pool SET amount_fen = amount_fen + 1", "pool 450100 owes pool 440100"),
        ("UPDATE month_pool SET fund = '310200'", "is not what its days say"),
        ("UPDATE month_institution SET amount_fen = amount_fen + 1", "institution H44010490001 gets"),
        ("UPDATE month_institution SET local = true", "in part runs"),
        ("UPDATE month_institution SET fixmedins_code = 'H44010490009'", "institution H4401049000"),
        ("INSERT INTO month_pool" + CARRIED.format("home_pool, care_pool", "party, ", "pool"), "in part carried_in"),
        ("INSERT INTO month_pool" + CARRIED.format("home_pool, care_pool", "party, ", "pool")
         + "; INSERT INTO month_institution" + CARRIED.format("fixmedins_code, book_pool", "", "institution"),
         "from the month before"),
    ],
)  # fmt: skip
async def test_a_document_that_was_tampered_with_does_not_close(
    connection: Connection, statement: str, said: str
) -> None:
    await a_run(connection, [owed(1_000, LAST)], day=LAST)
    number = await proposed(connection, "2026-10", AFTER)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement)
    await connection.execute("SET session_replication_role = origin")
    with pytest.raises(NotAllowed, match=said):
        await approved(connection, number)


async def test_a_closed_document_that_was_tampered_with_is_found_by_verify(connection: Connection) -> None:
    await a_run(connection, [owed(1_000, LAST)], day=LAST)
    await closed(connection, "2026-10", AFTER)

    async def told() -> list[str]:
        found = (await verify_day(LAST, connection=connection, books=[])).findings
        return [one.what for one in found if one.where == "document of 2026-10"]

    assert await told() == []
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE month_institution SET amount_fen = amount_fen + 1")
    await connection.execute("SET session_replication_role = origin")
    assert [HOSPITAL in one for one in await told()] == [True]


@pytest.mark.parametrize(
    "table",
    ["proposal", "proposal_check", "month_document", "month_run", "month_pool", "month_institution", "month_closed",
     "month_final", "month_run_paid"],
)  # fmt: skip
async def test_nothing_of_a_closed_month_is_edited(connection: Connection, table: str) -> None:
    await a_run(connection, [owed(1_000, LAST)], day=LAST)
    await closed(connection, "2026-10", AFTER)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute(f"DELETE FROM {table}")


async def test_a_month_before_a_closed_one_is_not_closed_after_it_but_carried_into_the_next(
    connection: Connection,
) -> None:
    """Its document would carry in what the closed one withheld, and the next month's would once more."""
    key = {"home_pool": NANNING, "care_pool": GUANGZHOU, "fixmedins_code": HOSPITAL, "day": NEXT}
    item = figures(1, pooled_fen=600, **key)
    book = MemoryBook("care", "44", {"45": [item]})
    await a_run(connection, [owed(600, NEXT)], day=NEXT)
    await listed_row(connection, "202611", 1, item)
    await closed(connection, "2026-11", LATER, [book])
    await a_run(connection, [owed(70, LAST)], day=LAST)  # a day of the month before, run only now
    with pytest.raises(NotAllowed, match="or a later month is"):
        await proposed(connection, "2026-10", LATER)
    assert not any("2026-10 is not closed" in one.what for one in await waiting(connection, LATER))
    await connection.execute("UPDATE apportioned SET confirmed_by = 'C' WHERE month = '202612'")
    for day in range(1, 30):  # the days between are asked for since
        await a_run(connection, [], day=date(2026, 11, day))
    number = await proposed(connection, "2026-12", date(2026, 12, 1), early=True)
    (line,) = (await month_book.document(connection, number)).pools
    assert (line.runs_fen, line.carried_in_fen, line.to_pay_fen) == (70, 600, 670)


async def test_a_year_closes_after_its_months_with_what_is_left_to_pay(connection: Connection) -> None:
    december = date(2026, 12, 31)
    await a_run(connection, [owed(1_000, december, account_fen=40, hospital_fen=7, aid_fen=5)], day=december)
    january = date(2027, 1, 8)
    with pytest.raises(NotAllowed, match="not closed: 2026-12"):
        await year_book.propose_year(connection, 2026, operator="wang", today=january)
    await closed(connection, "2026-12", january)
    with pytest.raises(NotAllowed, match="not over"):
        await year_book.propose_year(connection, 2026, operator="wang", today=december)
    number, _ = await year_book.propose_year(connection, 2026, operator="wang", today=january)
    assert await year_book.propose_year(connection, 2026, operator="wang", today=january) == (number, False)
    await approved(connection, number)
    found = await year_book.document(connection, 2026)
    assert found is not None
    assert (found.state, found.months) == ("approved", ["2026-12"])
    (line,) = found.lines
    # the bill is 1,152 fen with 100 in cash; the pool and the account pay 1,040, of which nothing was paid yet
    assert line == (HOSPITAL, "310", 1, 1_152, 1_040, 0, 7, 0, 1_040)
    with pytest.raises(NotAllowed, match="2026 is closed"):
        await year_book.propose_year(connection, 2026, operator="wang", today=january)
