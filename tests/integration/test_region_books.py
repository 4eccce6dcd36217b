"""A region's day with a home node: what was lost is fetched and booked, what differs stays, and the sum is for ever."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from gateway.days import catch_up
from gateway.queries import Queries
from ledger.rows import COLUMNS
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import settlement_pb2
from runtime import postgres
from runtime.keys import setl_id_text
from tests.both_books import PEER, BothBooks, asked, both_books, code_of, named, region_books
from tests.builders import (
    NODE,
    NOW_MS,
    REGION,
    TODAY,
    TODAY_TEXT,
    a_care_row,
    a_house,
    a_request_row,
    an_envelope,
    an_id,
    an_opening_row,
)
from tests.care_regions import VISIT, StandingClock, a_settling_row, real_region
from tests.planted import plant, run_sql
from tests.servers import NewDatabase

TOMORROW = TODAY + timedelta(days=1)
STANDS_OTHERWISE = "a decision stands in the care book otherwise than at its node"


@pytest.fixture
async def books(database: NewDatabase) -> AsyncIterator[BothBooks]:
    """A node's and a region's."""
    async with both_books(database("ledger", "homepool"), database("ledger", "gateway")) as made:
        yield made


def refused(code: str, status: grpc.StatusCode, says: str = "") -> Any:
    """The refusal that a block must end in."""
    return pytest.raises(
        grpc.aio.AioRpcError,
        check=lambda failed: code_of(failed) == (code, status) and says in (failed.details() or ""),
    )


# ------------------------------------------------------------------------------------------------ caught up


async def test_a_lost_reply_is_fetched_and_booked_and_a_his_that_asks_gets_it(books: BothBooks) -> None:
    outcome = settlement_pb2.Outcome(
        status=settlement_pb2.OUTCOME_STATUS_PAID, setl_id=setl_id_text(an_id("lost"))
    )
    lost = a_care_row(
        "lost", 1, deltas=tuple(range(17)), line_keys=(3, -4), answer=outcome.SerializeToString()
    )
    async with real_region(books.care) as region:
        slot = await region()
        await slot.take_over()
        await slot.claim([an_opening_row("opening", VISIT)])
        await slot.claim([a_settling_row("lost")])
        asks = Queries(book=slot, house=a_house(), clock=StandingClock())
        query = settlement_pb2.GetSettlementRequest(envelope=an_envelope("5203", "q1"))
        query.input.setl_id = setl_id_text(lost.id)

        await books.both(a_care_row("seen", 2))
        await books.decided(lost)
        (found,) = (await asks.get_settlement(query)).found
        assert (found.HasField("pending"), found.HasField("outcome")) == (True, False)

        summed = await books.closed_and_summed()
        assert (summed.items, summed.fetched, list(summed.refused)) == (2, 1, [])
        (found,) = (await asks.get_settlement(query)).found
        assert found.outcome == outcome
    assert await books.care_rows(", ".join(COLUMNS), f"id = '\\x{lost.id.hex()}'") == [
        tuple(list(value) if isinstance(value, tuple) else value for value in lost)
    ]
    assert await books.sums("care") == await books.sums("home")
    assert await books.differing() == set()
    assert books.alarms == []


async def test_a_fetched_decision_is_no_longer_open_and_its_bill_lives(books: BothBooks) -> None:
    async with real_region(books.care) as region:
        slot = await region()
        await slot.take_over()
        await slot.claim([an_opening_row("opening", VISIT)])
        await slot.claim([a_settling_row("lost"), a_request_row("still open")])
        await books.decided(a_care_row("lost", 1))
        await books.closed_and_summed()
        assert {item.id for item in await slot.open_items([an_id("lost"), an_id("still open")])} == {
            an_id("still open")
        }
        assert list(await slot.bills_of(an_id("visit"))) == [an_id("lost")]


async def test_more_than_a_part_of_lost_replies_is_fetched_and_what_is_there_is_left_alone(
    books: BothBooks,
) -> None:
    rows = [a_care_row(f"row {n}", n) for n in range(1, 1_203)]
    await books.decided(*rows)
    await books.booked(*rows[::8])
    summed = await books.closed_and_summed(buckets=4)
    assert (summed.buckets, summed.items) == (4, len(rows))
    assert summed.fetched == len(rows) - len(rows[::8])
    assert await books.differing() == set()
    assert len(await books.care_rows()) == len(rows)


async def test_a_day_of_declined_decisions_and_an_empty_one_are_summed(books: BothBooks) -> None:
    await books.decided(a_care_row("declined", 1, sign=0))
    summed = await books.closed_and_summed()
    assert (summed.items, summed.fetched) == (1, 1)
    assert await books.sums("care") == {}
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    await books.close(yesterday)
    empty = await books.sum_day(yesterday)
    assert (empty.items, empty.fetched) == (0, 0)


async def test_a_day_that_its_node_has_not_closed_is_refused_and_nothing_is_booked(books: BothBooks) -> None:
    await books.decided(a_care_row("a", 1))
    with refused("DAY_OPEN", grpc.StatusCode.FAILED_PRECONDITION, says=f"home node {NODE}"):
        await books.sum_day()
    assert await books.care_rows() == []


# ------------------------------------------------------------------------------------------------ differences


async def test_planted_differences_stay_and_only_what_is_missing_here_is_booked(books: BothBooks) -> None:
    rows = [a_care_row(f"same {n}", n) for n in range(1, 40)]
    amount, sign, moved = a_care_row("amount", 51), a_care_row("sign", 52), a_care_row("moved", 53)
    await books.both(*rows, amount, sign, moved)
    await books.decided(a_care_row("missing at care", 54))
    await books.booked(a_care_row("missing at home", 55))
    # past every trigger and check, as nobody of ours would
    leaf = f"care_{TODAY:%Y%m%d}"
    await run_sql(books.care, f"UPDATE {leaf} SET total_fen = total_fen + 1, cash_fen = cash_fen + 1,"
        " in_scope_fen = in_scope_fen + 1 WHERE id = $1", amount.id)  # fmt: skip
    await run_sql(books.care, f"DELETE FROM {leaf} WHERE id = any($1)", [sign.id, moved.id])
    other_way = a_care_row("sign", 52, sign=-1, kind=2, undoes=an_id("x"))
    await plant(books.care, "care", [other_way, moved._replace(day=TOMORROW)])
    before = await books.care_rows(", ".join(COLUMNS), f"id <> '\\x{an_id('missing at care').hex()}'")

    summed = await books.closed_and_summed(buckets=1024)
    assert summed.fetched == 1
    assert set(summed.refused) == {amount.id, sign.id, moved.id}
    assert sorted(books.alarms) == sorted((STANDS_OTHERWISE, setl_id_text(id_)) for id_ in summed.refused)
    assert await books.care_rows(", ".join(COLUMNS), f"id <> '\\x{an_id('missing at care').hex()}'") == before
    assert len(await books.care_rows("1", f"id = '\\x{an_id('missing at care').hex()}'")) == 1

    differing = await books.differing()
    told = await books.decisions(day=TODAY_TEXT, peer=PEER, buckets=sorted(differing))
    assert {one.id for one in told} >= {amount.id, sign.id, an_id("missing at home")}
    assert not {one.id for one in told} & {moved.id, an_id("missing at care")}
    assert 4 <= len(differing) <= 4  # amount, sign, moved, missing at home
    assert await books.sums("care") != await books.sums("home")


async def test_what_cannot_be_booked_is_named_and_never_blocks_the_rest(books: BothBooks) -> None:
    broken = a_care_row("broken", 2)._replace(cash_fen=401)
    await run_sql(books.home, "ALTER TABLE decision DROP CONSTRAINT row_zero_sum")
    await books.decided(a_care_row("a", 1), broken, a_care_row("c", 3))
    summed = await books.closed_and_summed()
    assert (summed.fetched, list(summed.refused)) == (2, [broken.id])
    assert books.alarms == [("a decision breaks a rule of the care book", setl_id_text(broken.id))]
    assert {id_ for (id_,) in await books.care_rows()} == {an_id("a"), an_id("c")}
    assert len(await books.differing()) == 1


async def test_a_decision_of_another_region_that_a_node_counts_here_is_not_booked(books: BothBooks) -> None:
    """Its bytes are the proof: what they say of day, node and region must be what was asked for."""
    await books.decided(a_care_row("a", 1, node=44), a_care_row("b", 2))
    summed = await books.closed_and_summed()
    assert (summed.fetched, list(summed.refused)) == (1, [an_id("a")])
    assert [what for what, _ in books.alarms] == [
        "a decision that a node counts in a day is not what it gives for it"
    ]


async def test_a_day_that_differs_all_over_is_named_up_to_a_bound(
    books: BothBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "REFUSED_MAX", 2)
    rows = [a_care_row(f"{n}", n) for n in range(1, 6)]
    await books.decided(*rows)
    await books.booked(*(row._replace(number=row.number + 1, insutype="390") for row in rows))
    summed = await books.closed_and_summed()
    assert len(summed.refused) == 2
    assert [what for what, _ in books.alarms] == [
        STANDS_OTHERWISE, STANDS_OTHERWISE, "more decisions of a day could not be booked than are named",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ again


async def test_a_region_takes_the_number_of_buckets_that_its_node_has(books: BothBooks) -> None:
    await books.both(*(a_care_row(f"{n}", n) for n in range(1, 6)))
    await books.close()
    await books.node.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer=REGION, buckets=2))
    assert (await books.sum_day(buckets=16)).buckets == 2


async def test_a_caller_that_gives_up_while_it_is_booked_may_come_again(books: BothBooks) -> None:
    await books.decided(a_care_row("a", 1), a_care_row("b", 2))
    await books.booked(a_care_row("yesterday", 3, day=TODAY - timedelta(days=1)))
    await books.close()
    async with postgres.opened(books.care, application_name="test") as connection:
        await connection.fetchval("SELECT make_leaf('care', $1, 'care_written')", TODAY)
        async with connection.transaction():
            await connection.execute(
                f"LOCK TABLE care_{TODAY:%Y%m%d} IN SHARE MODE"
            )  # readers pass, writers wait
            with pytest.raises(grpc.aio.AioRpcError) as gone:
                await books.region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer=PEER), timeout=2)
            assert gone.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    summed = await books.sum_day()
    assert (summed.items, list(summed.refused)) == (2, [])
    assert {id_ for (id_,) in await books.care_rows("id", f"day = '{TODAY}'")} == {an_id("a"), an_id("b")}


async def test_again_gives_the_stored_answer_and_changes_nothing(books: BothBooks) -> None:
    await books.both(a_care_row("a", 1))
    await books.decided(a_care_row("b", 2))
    await books.booked(a_care_row("c", 3, node=NODE))
    first = await books.closed_and_summed(buckets=8)
    assert (first.fetched, first.buckets) == (1, 8)
    told = await books.sums("care")
    await run_sql(books.care, "DELETE FROM care WHERE id = $1", an_id("b"))
    assert await books.sum_day(buckets=16) == first
    assert await books.sums("care") == told != await books.sums("care", again=True)
    assert await books.buckets("care") != await books.buckets("care", again=True)
    assert await books.care_rows() == [(id_,) for id_ in sorted([an_id("a"), an_id("c")])]


async def test_calls_at_once_book_each_decision_once_and_answer_the_same(books: BothBooks) -> None:
    rows = [a_care_row(f"row {n}", n) for n in range(1, 301)]
    await books.decided(*rows)
    await books.close()
    address = books.node_address
    async with region_books(books.care, {NODE: address}, books.alarms) as other, asked(other) as second:
        request = pb.SumDayRequest(day=TODAY_TEXT, peer=PEER)
        answers = await asyncio.gather(*(stub.SumDay(request) for stub in [books.region, second] * 3))
    assert all(answer == answers[0] for answer in answers)
    assert {id_ for (id_,) in await books.care_rows()} == named(rows)
    assert books.alarms == []
    assert await books.differing() == set()


async def test_a_sum_that_failed_after_the_catch_up_is_made_by_the_next_call(books: BothBooks) -> None:
    await books.decided(a_care_row("a", 1), a_care_row("b", 2))
    await books.close()
    await run_sql(books.care, "ALTER TABLE day_bucket ADD CONSTRAINT down CHECK (items < 0)")
    with refused("INTERNAL", grpc.StatusCode.INTERNAL):
        await books.sum_day()
    assert len(await books.care_rows()) == 2
    with refused("DAY_NOT_SUMMED", grpc.StatusCode.FAILED_PRECONDITION):
        await books.sums("care")
    await run_sql(books.care, "ALTER TABLE day_bucket DROP CONSTRAINT down")
    summed = await books.sum_day()
    assert (summed.items, summed.fetched) == (2, 0)
    assert await books.differing() == set()


async def test_settlements_are_booked_meanwhile_and_each_once(books: BothBooks) -> None:
    """A slot books half of what is fetched, at the same time, and the next day's decisions."""
    rows = [a_care_row(f"row {n}", n) for n in range(1, 601)]
    later = [
        a_care_row(f"later {n}", 600 + n, day=TOMORROW, decided_ms=NOW_MS + 86_400_000) for n in range(1, 201)
    ]
    await books.decided(*rows)
    await books.close()
    async with real_region(books.care) as region:
        slot = await region()
        await slot.take_over()

        async def book() -> None:
            from gateway.row_booking import RowBooking

            booking = RowBooking(
                book=slot, alarm=lambda what, setl_id="": books.alarms.append((what, setl_id))
            )
            for first in range(0, 300, 20):
                await booking.booked(rows[first : first + 20])
                await booking.booked(later[first : first + 20])

        summed, _ = await asyncio.gather(books.sum_day(), book())
    assert summed.items == len(rows)
    assert 300 <= summed.fetched <= len(rows)
    assert {id_ for (id_,) in await books.care_rows("id", f"day = '{TODAY}'")} == named(rows)
    assert len(await books.care_rows()) == len(rows) + len(later)
    assert await books.sums("care") == await books.sums("home")
    assert books.alarms == []
