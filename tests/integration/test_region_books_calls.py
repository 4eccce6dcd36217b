"""What a region's BooksService tells and refuses: decisions by what is asked, and a node that is not there."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from gateway.days.node_books import NODE_HELLO_S_MAX
from ledger.day_book import PART_ITEMS
from proto.settlement.v1 import books_pb2 as pb
from tests.both_books import PEER, BothBooks, asked, both_books, code_of, region_books
from tests.builders import NODE, OTHER_HOSPITAL, TODAY, TODAY_TEXT, a_care_row, a_request_row, an_id
from tests.care_regions import real_region
from tests.planted import fetch_all
from tests.servers import NewDatabase

PRECONDITION, UNAVAILABLE = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNAVAILABLE
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


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


async def test_the_book_says_whose_it_is_and_closes_no_day(books: BothBooks) -> None:
    book = await books.region.DescribeBook(pb.DescribeBookRequest())
    assert (book.side, book.name, book.open_day, list(book.closed_days)) == ("care", "44", "", [])
    assert book.version
    with refused("NOT_A_NODE", PRECONDITION):
        await books.region.CloseDay(pb.CloseDayRequest(day=TODAY_TEXT, operator="tests"))


async def test_decisions_of_a_day_are_told_by_bucket_by_id_and_by_what_they_share(books: BothBooks) -> None:
    rows = [a_care_row(f"{n}", n) for n in range(1, 21)]
    rows += [
        a_care_row("elsewhere", 21, fixmedins_code=OTHER_HOSPITAL),
        a_care_row("other node", 22, node=50),
    ]
    await books.both(*rows[:21])
    await books.booked(rows[21])
    await books.closed_and_summed(buckets=2)

    halves = [await books.decisions(day=TODAY_TEXT, peer=PEER, buckets=[one]) for one in (0, 1)]
    assert sorted(one.id for half in halves for one in half) == sorted(row.id for row in rows[:21])
    of = pb.DecisionsOf(fixmedins_code=OTHER_HOSPITAL)
    assert [one.id for one in await books.decisions(day=TODAY_TEXT, peer=PEER, of=of)] == [an_id("elsewhere")]
    by_id = await books.decisions(ids=[an_id("7"), an_id("other node"), an_id("nowhere")])
    assert {one.id for one in by_id} == {an_id("7"), an_id("other node")}
    assert [one.id for one in await books.decisions(ids=[an_id("7"), an_id("other node")], peer=PEER)] == [
        an_id("7")
    ]
    light, full = [(await books.decisions(ids=[an_id("7")], full=full))[0] for full in (False, True)]
    assert (light.answer, light.digest, light.total_fen) == (b"", b"", 1_000)
    assert (full.answer, full.digest) == (b"answer 7", an_id("7") * 2)


async def test_an_id_is_found_days_after_its_claim_and_without_one(books: BothBooks) -> None:
    async with real_region(books.care) as region:
        slot = await region()
        await slot.take_over()
        await slot.claim([a_request_row("late"), a_request_row("open")])
        await books.booked(
            a_care_row("late", 1, day=TODAY + timedelta(days=9)),
            a_care_row("unclaimed", 2, day=TODAY - timedelta(days=30)),
        )
        await slot.booked([a_care_row("late", 1, day=TODAY + timedelta(days=9))])
        found = await books.decisions(ids=[an_id("late"), an_id("unclaimed"), an_id("open")])
    assert {one.id for one in found} == {an_id("late"), an_id("unclaimed")}


async def test_decisions_come_in_parts(books: BothBooks) -> None:
    await books.booked(*(a_care_row(f"{n}", n) for n in range(1, PART_ITEMS + 2)))
    call = books.region.GetDecisions(pb.GetDecisionsRequest(day=TODAY_TEXT, peer=PEER))
    assert [len(part.decisions) async for part in call] == [PART_ITEMS, 1]


MALFORMED: dict[str, dict[str, Any]] = {
    "no day": {"peer": PEER},
    "no such day": {"day": "2026-02-30", "peer": PEER},
    "no peer": {"day": TODAY_TEXT, "buckets": [0]},
    "a short id": {"ids": [b"short"]},
    "too many ids": {"ids": [an_id("a")] * 1_001},
    "too many buckets": {"day": TODAY_TEXT, "peer": PEER, "buckets": [0] * 10_001},
    "ids and buckets": {"day": TODAY_TEXT, "peer": PEER, "buckets": [0], "ids": [an_id("a")]},
    "a bucket that is none": {"day": TODAY_TEXT, "peer": PEER, "buckets": [4]},
}


async def test_a_malformed_question_is_refused(books: BothBooks) -> None:
    await books.both(a_care_row("a", 1))
    await books.closed_and_summed(buckets=4)
    for asks in MALFORMED.values():
        with refused("INVALID", INVALID):
            await books.decisions(**asks)
    with refused("INVALID", INVALID):
        await books.sum_day(buckets=3)
    garbled = books.region_channel.unary_stream("/settlement.v1.BooksService/GetDecisions")
    with refused("INVALID", INVALID, says="cannot be parsed"):
        [part async for part in garbled(b"\xff\xff")]


async def test_a_node_that_the_region_does_not_know_is_refused(books: BothBooks) -> None:
    with refused("UNKNOWN_PEER", NOT_FOUND, says=f"{NODE}, not 50"):
        await books.region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer="50"))
    with refused("DAY_NOT_SUMMED", PRECONDITION, says=PEER):
        await books.decisions(day=TODAY_TEXT, peer=PEER, buckets=[0])


# ------------------------------------------------------------------------------------------------ no node


async def test_a_node_that_is_down_is_named_and_a_day_that_was_summed_needs_none(books: BothBooks) -> None:
    await books.both(a_care_row("a", 1))
    first = await books.closed_and_summed()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
        async with region_books(books.care, {NODE: nowhere}, []) as address, asked(address) as region:
            assert await region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer=PEER)) == first
            yesterday = (TODAY - timedelta(days=1)).isoformat()
            with refused(
                "PEER_UNREACHABLE", UNAVAILABLE, says=f"home node {NODE} does not answer at {nowhere}"
            ):
                await region.SumDay(pb.SumDayRequest(day=yesterday, peer=PEER))


async def test_a_node_that_takes_calls_and_never_answers_is_named_in_time(books: BothBooks) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # the kernel connects, nobody is there
        frozen = f"127.0.0.1:{listening.getsockname()[1]}"
        async with region_books(books.care, {NODE: frozen}, []) as address, asked(address) as region:
            async with asyncio.timeout(NODE_HELLO_S_MAX + 5):
                with refused("PEER_UNREACHABLE", UNAVAILABLE, says=f"home node {NODE}"):
                    await region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer=PEER))


async def test_an_address_that_is_another_node_s_is_refused_and_nothing_is_summed(books: BothBooks) -> None:
    await books.booked(a_care_row("a", 1, node=50))
    await books.close()
    wrong = {50: books.node_address}
    async with region_books(books.care, wrong, []) as address, asked(address) as region:
        with refused("PEER_UNREACHABLE", UNAVAILABLE, says=f"is the home book of {NODE}"):
            await region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer="50"))
    assert await fetch_all(books.care, "SELECT * FROM day_summed") == []


async def test_a_lost_database_is_a_refusal_that_says_to_come_again(
    books: BothBooks, database: NewDatabase
) -> None:
    nowhere = books.care.rsplit("@", 1)[0] + "@127.0.0.1:1/none"
    async with region_books(nowhere, {NODE: books.node_address}, []) as address, asked(address) as region:
        with refused("BOOK_UNAVAILABLE", UNAVAILABLE):
            await region.SumDay(pb.SumDayRequest(day=TODAY_TEXT, peer=PEER))


async def test_a_slot_that_takes_over_ends_no_session_of_the_books(books: BothBooks) -> None:
    await books.decided(*(a_care_row(f"{n}", n) for n in range(1, 3)))
    await books.close()
    async with real_region(books.care) as region:
        slot = await region()
        await slot.take_over()
        await books.sum_day()  # opens the session that books
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1"
        )
        of_books = await fetch_all(books.care, query, "% booking")
        of_slot = await fetch_all(books.care, query, "% claims")
        assert (len(of_books), len(of_slot)) == (1, 1)
        again = await region()
        await again.take_over()
        assert await fetch_all(books.care, query, "% booking") == of_books
        assert await fetch_all(books.care, query, "% claims") != of_slot, "its predecessor's it has ended"
