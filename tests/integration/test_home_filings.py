"""Filings at the home node, over both books and over a running worker: stored once, seen by the next bill."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from homepool.benefits.filing import Filing, content_id
from homepool.book import BookBroken, Fenced, FilingCall, FilingChange, HomeBook, Unavailable, Written
from homepool.filing.desk import file
from homepool.filing.rules import Refusal
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime.keys import setl_id_text
from tests.home_items import NOW_MS, PARTITION, POOL, PSN, TODAY, PlainPolicies, person, sixteen
from tests.home_worlds import FakeWorld, PostgresWorld, World, insure, postgres_world
from tests.integration.test_home_book_contract import paid, taken
from tests.servers import NewDatabase

BEGIN = TODAY.isoformat()


def ask(name: str, **fields: Any) -> messages_pb2.FilingAsk:
    given = {
        "id": sixteen(name), "digest": sixteen(name) * 2, "infno": "2501", "msgid": name, "psn_no": PSN,
        "home_pool": POOL, "kind": "referral", "insutype": "310", "care": "450100", "begin_date": BEGIN,
        "filed_by": "H44030000001",
    } | fields  # fmt: skip
    return messages_pb2.FilingAsk(**given)


def withdrawal(name: str, number: bytes) -> messages_pb2.FilingAsk:
    return messages_pb2.FilingAsk(
        id=sixteen(name), digest=sixteen(name) * 2, infno="2502", msgid=name, psn_no=PSN, home_pool=POOL,
        withdraws=number,
    )  # fmt: skip


async def filed(book: HomeBook, *asks: messages_pb2.FilingAsk) -> Sequence[bytes | Refusal]:
    return await file(book, PARTITION, asks, policies=PlainPolicies(), now_ms=NOW_MS)


def outcome(answer: bytes | Refusal) -> settlement_pb2.Outcome:
    assert isinstance(answer, bytes), answer
    return settlement_pb2.Outcome.FromString(answer)


async def filings(book: HomeBook) -> tuple[Filing, ...]:
    return (await book.people([PSN]))[PSN].filings


async def crash_after_storing(book: HomeBook) -> None:
    filing = Filing("referral", ("4501",), BEGIN, id=sixteen("f1"))
    async with book.filing(PARTITION) as writing:
        await writing.store_filings([FilingChange(sixteen("f1"), bytes(32), PSN, b"answer", filed=filing)])
        raise ZeroDivisionError


@pytest.fixture(params=["memory", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A home book with one person."""
    if request.param == "memory":
        made = FakeWorld()
        await insure(made, person())
        yield made
        return
    new_database: NewDatabase = request.getfixturevalue("database")
    async with postgres_world(new_database("ledger", "homepool")) as real:
        await insure(real, person())
        yield real


async def test_a_filing_is_stored_and_answered_with_what_holds(world: World) -> None:
    await taken(world)
    book = await world.book()
    answer = outcome((await filed(book, ask("f1")))[0])
    assert (answer.status, answer.infno, answer.medins_setl_id) == (
        settlement_pb2.OUTCOME_STATUS_OK,
        "2501",
        "f1",
    )
    assert (answer.setl_id, answer.setl_time) == (setl_id_text(sixteen("f1")), "2026-03-02 10:00:00")
    assert (answer.filing.trt_dcla_detl_sn, answer.filing.psn_no) == (setl_id_text(sixteen("f1")), PSN)
    assert (answer.filing.begndate, answer.filing.enddate) == ("2026-03-02", "2026-09-02")
    assert await filings(book) == (
        Filing("referral", ("4501",), "2026-03-02", "2026-09-02", "310", id=sixteen("f1")),
    )


async def test_the_same_id_has_one_answer_for_ever_and_another_digest_is_refused(world: World) -> None:
    await taken(world)
    book = await world.book()
    first = await filed(book, ask("f1"))
    await filed(book, withdrawal("w1", sixteen("f1")))
    assert await filed(await world.book(), ask("f1")) == first
    (refusal,) = await filed(book, ask("f1", digest=bytes(32)))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "MSGID_REUSED"


async def test_one_batch_is_decided_in_order_each_on_top_of_the_one_before(world: World) -> None:
    _, cursor = await taken(world)
    book = await world.book()
    asks = [
        ask("f1"),
        ask("f1"),
        ask("f2"),
        withdrawal("w1", sixteen("f1")),
        withdrawal("w2", sixteen("f1")),
        ask("f3"),
    ]
    answers = await filed(book, *asks)
    assert answers[0] == answers[1]
    assert outcome(answers[2]).filing.trt_dcla_detl_sn == setl_id_text(sixteen("f1"))
    assert [outcome(answers[at]).filing.withdrawn for at in (3, 4, 5)] == ["1", "1", ""]
    held = {one.id: one.withdrawn for one in await filings(book)}
    assert held == {sixteen("f1"): True, sixteen("f3"): False}
    assert (await book.cursor(PARTITION)).version == cursor.version + 1


async def test_the_writer_reads_again_after_a_filing_and_not_after_a_refusal(world: World) -> None:
    writer, cursor = await taken(world)
    book = await world.book()
    await filed(book, ask("no", care="440300"))
    after = await writer.write([Written(paid(cursor, "s0"))], cursor)
    await filed(book, ask("f1"))
    with pytest.raises(Fenced):
        await writer.write([Written(paid(after, "s1"))], after)


async def test_two_processes_with_one_message_give_one_answer(world: World) -> None:
    await taken(world)
    books = [await world.book(), await world.book()]
    answers = await asyncio.gather(*(filed(book, ask("f1"), ask("f2", care="500000")) for book in books))
    assert answers[0] == answers[1]
    assert len(await filings(books[0])) == 2


async def test_a_refusal_stores_nothing_so_what_was_mended_keeps_its_msgid(world: World) -> None:
    await taken(world)
    book = await world.book()
    refused = await filed(
        book, ask("f1", care="440300"), ask("f2", psn_no="nobody"), ask("f3", psn_no="nul\0")
    )
    assert [one.code for one in refused[:3] if isinstance(one, Refusal)] == [
        "FILING_PLACE", "PERSON_UNKNOWN", "INTERNAL",
    ]  # fmt: skip
    assert outcome((await filed(book, ask("f1")))[0]).filing.mdtrtarea_admdvs == "4501"


async def test_a_crash_before_the_commit_stores_nothing(world: World) -> None:
    await taken(world)
    book = await world.book()
    with pytest.raises(ZeroDivisionError):
        await crash_after_storing(book)
    assert await filings(book) == ()
    async with book.filing(PARTITION) as writing:
        assert await writing.filing_calls([sixteen("f1")]) == {}
    await filed(book, ask("f1"))
    async with book.filing(PARTITION) as writing:
        calls = await writing.filing_calls([sixteen("f1"), sixteen("f2")])
    assert isinstance(calls.pop(sixteen("f1")), FilingCall)
    assert not calls


async def test_filings_wait_for_the_cursor_and_give_up_in_time(world: World) -> None:
    writer, cursor = await taken(world)
    book = await world.book()
    async with writer.locked(cursor):
        with pytest.raises(Unavailable):
            await filed(book, ask("f1"))
    assert outcome((await filed(book, ask("f1")))[0]).filing.begndate == BEGIN


async def test_a_partition_that_nobody_ever_served_takes_no_filing(world: World) -> None:
    with pytest.raises(BookBroken):
        await filed(await world.book(), ask("f1"))


@pytest.fixture
async def real(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A real home book with one person."""
    async with postgres_world(database("ledger", "homepool")) as opened:
        await insure(opened, person())
        await taken(opened)
        yield opened


async def test_what_a_call_was_answered_is_never_changed(real: PostgresWorld) -> None:
    await filed(await real.book(), ask("f1"))
    for change in ("UPDATE filing_call SET answer = ''", "DELETE FROM filing_call"):
        with pytest.raises(asyncpg.PostgresError):
            await real.admin.execute(change)


async def test_the_worker_s_role_writes_filings_by_the_function_only(real: PostgresWorld) -> None:
    for change in ("UPDATE filing SET valid_to = ''", "DELETE FROM filing", "DELETE FROM filing_call"):
        async with real.admin.transaction():
            await real.admin.execute("SET LOCAL ROLE book_writer")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with real.admin.transaction():
                    await real.admin.execute(change)


async def test_the_id_of_a_loaded_filing_is_the_same_in_sql_and_in_python(real: PostgresWorld) -> None:
    said = (PSN, "chronic", "", "", "M01600", "", "2026-01-01")
    assert await real.admin.fetchval(
        "SELECT filing_content_id($1, $2, $3, $4, $5, $6, $7)", *said
    ) == content_id(*said)
