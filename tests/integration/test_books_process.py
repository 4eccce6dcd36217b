"""`python -m homepool books` as a process: health, the calls of BooksService with rich statuses, an orderly end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from homepool.book import Written
from homepool.books import READERS_MAX
from ledger.day_book import PART_ITEMS
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import books_pb2_grpc
from stack.embedded import HOST, free_port
from stack.part import Part
from stack.plan import Process
from tests.home_worlds import PostgresWorld, postgres_world
from tests.integration.test_home_book_contract import TODAY, paid, taken
from tests.servers import NewDatabase

ROOT = Path(__file__).resolve().parents[2]
DAY = TODAY.isoformat()
NEXT = (TODAY + timedelta(days=1)).isoformat()


@dataclass
class Running:
    """The process and its database."""

    world: PostgresWorld
    process: asyncio.subprocess.Process
    channel: grpc.aio.Channel
    stub: Any


@pytest.fixture
async def running(database: NewDatabase, tmp_path: Path) -> AsyncIterator[Running]:
    """The process, ready."""
    dsn, address = database("ledger", "homepool"), f"{HOST}:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", "books", "--node", "44", cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DSGW_POSTGRES_DSN": dsn, "DSGW_LISTEN": address,
             "DSGW_STATE_DIR": str(tmp_path), "DSGW_REGIONS": "45"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    part = Part(
        process=Process("books", (), "", 0, health=True), address=address, environment={}, state_dir=tmp_path,
        log_file=tmp_path / "log", children_dir=tmp_path,
    )  # fmt: skip
    async with (
        postgres_world(dsn) as world,
        asyncio.timeout(60),
        grpc.aio.insecure_channel(address) as channel,
    ):
        while not await part._is_serving():
            assert process.returncode is None, await process.stderr.read()  # type: ignore[union-attr]
            await asyncio.sleep(0.1)
        yield Running(world, process, channel, books_pb2_grpc.BooksServiceStub(channel))
    await part.close()
    if process.returncode is None:
        process.kill()
    await process.wait()


async def refused(call: Any) -> tuple[grpc.StatusCode, str, list[str]]:
    """Status, code, and the fields that are to be mended."""

    async def ended() -> None:
        if hasattr(call, "__aiter__"):
            _ = [part async for part in call]
        else:
            await call

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await ended()
    status = rpc_status.from_call(failed.value)  # type: ignore[arg-type]
    assert status is not None
    info, fields = error_details_pb2.ErrorInfo(), []
    for detail in status.details:
        mend = error_details_pb2.BadRequest()
        if detail.Unpack(mend):
            fields = [one.field for one in mend.field_violations]
        else:
            detail.Unpack(info)
    return failed.value.code(), info.reason, fields


async def test_a_day_is_closed_summed_and_told_over_grpc_and_a_signal_ends_the_process(
    running: Running,
) -> None:
    book, cursor = await taken(running.world)
    await book.write([Written(paid(cursor, f"s{n}", n)) for n in range(1_100)], cursor)
    stub = running.stub
    assert (await stub.DescribeBook(pb.DescribeBookRequest())).open_day == DAY
    closed = await stub.CloseDay(pb.CloseDayRequest(day=DAY, operator="night"))
    assert [(cut.partition, cut.last_number) for cut in closed.cuts] == [(0, 1_100)]
    summed = await stub.SumDay(pb.SumDayRequest(day=DAY, peer="45"))
    assert (summed.items, summed.buckets) == (1_100, 32)  # about 64 ids each, a power of two
    [sums] = [part async for part in stub.GetDaySums(pb.GetDaySumsRequest(day=DAY, peer="45"))]
    assert [(one.items, one.amounts[0]) for one in sums.sums] == [(1_100, 110_000)]
    buckets = [
        one
        async for part in stub.GetDayBuckets(pb.GetDayBucketsRequest(day=DAY, peer="45", again=True))
        for one in part.buckets
    ]
    assert sum(one.items for one in buckets) == 1_100
    request = pb.GetDecisionsRequest(day=DAY, peer="45")
    assert [len(part.decisions) async for part in stub.GetDecisions(request)] == [500, 500, 100]
    described = await stub.DescribeBook(pb.DescribeBookRequest())
    assert (described.side, described.name, described.open_day, list(described.closed_days)) == (
        "home", "44", NEXT, [DAY],
    )  # fmt: skip
    running.process.send_signal(signal.SIGTERM)
    _, err = await running.process.communicate()
    assert running.process.returncode == 0
    lines = [json.loads(line) for line in err.splitlines()]
    assert {"event": "closed", "operator": "night"}.items() <= next(
        line for line in lines if line["event"] == "closed"
    ).items()


async def test_what_is_wrong_is_refused_with_a_rich_status(running: Running) -> None:
    stub, invalid = running.stub, grpc.StatusCode.INVALID_ARGUMENT
    precondition = grpc.StatusCode.FAILED_PRECONDITION
    assert await refused(stub.CloseDay(pb.CloseDayRequest(day=NEXT, operator="night"))) == (
        precondition, "DAY_AHEAD", [],
    )  # fmt: skip
    assert await refused(stub.CloseDay(pb.CloseDayRequest(day="20260302", operator="night"))) == (
        invalid, "INVALID", ["day"],
    )  # fmt: skip
    assert await refused(stub.CloseDay(pb.CloseDayRequest(day=DAY))) == (invalid, "INVALID", ["operator"])
    assert await refused(stub.SumDay(pb.SumDayRequest(day=DAY, buckets=3))) == (
        invalid, "INVALID", ["peer", "buckets"],
    )  # fmt: skip
    assert await refused(stub.SumDay(pb.SumDayRequest(day=DAY, peer="45"))) == (precondition, "DAY_OPEN", [])
    assert await refused(stub.SumDay(pb.SumDayRequest(day=DAY, peer="99"))) == (
        grpc.StatusCode.NOT_FOUND, "UNKNOWN_PEER", [],
    )  # fmt: skip
    assert await refused(stub.GetDaySums(pb.GetDaySumsRequest(day=DAY, peer="45"))) == (
        precondition, "DAY_OPEN", [],
    )  # fmt: skip
    both = pb.GetDecisionsRequest(
        day=DAY, peer="45", buckets=[1], ids=[b"x"], of=pb.DecisionsOf(insutype="310")
    )
    assert await refused(stub.GetDecisions(both)) == (invalid, "INVALID", ["ids", "of", "ids"])
    many = pb.GetDecisionsRequest(day=DAY, buckets=range(10_001), of=pb.DecisionsOf(setl_day="x"))
    assert await refused(stub.GetDecisions(many)) == (
        invalid, "INVALID", ["of", "buckets", "peer", "of.setl_day"],
    )  # fmt: skip


async def test_a_database_that_holds_its_locks_is_unavailable_and_a_lost_session_comes_back(
    running: Running,
) -> None:
    await taken(running.world)
    stub = running.stub
    async with running.world.admin.transaction():
        await running.world.admin.execute("SELECT 1 FROM cursor FOR UPDATE")
        held = await refused(stub.CloseDay(pb.CloseDayRequest(day=DAY, operator="night")))
    assert held[:2] == (grpc.StatusCode.UNAVAILABLE, "BOOK_UNAVAILABLE")
    await stub.DescribeBook(pb.DescribeBookRequest())
    await running.world.admin.execute(
        "SELECT pg_terminate_backend(pid, 3000) FROM pg_stat_activity WHERE application_name LIKE 'books%'"
    )
    assert not await running.world.admin.fetchval("SELECT count(*) FROM closed_day")
    closed = await stub.CloseDay(pb.CloseDayRequest(day=DAY, operator="night"))
    assert not closed.closed_before


async def test_callers_who_stop_reading_in_the_middle_leave_room_for_others(running: Running) -> None:
    book, cursor = await taken(running.world)
    heavy = bytes(8_000)
    await book.write([Written(paid(cursor, f"s{n}", n, answer=heavy)) for n in range(2_500)], cursor)
    request = pb.GetDecisionsRequest(day=DAY, peer="45", full=True)
    for _ in range(READERS_MAX + 1):
        call = running.stub.GetDecisions(request)
        async for part in call:
            assert len(part.decisions) == PART_ITEMS
            break
        call.cancel()
    described = await running.stub.DescribeBook(pb.DescribeBookRequest(), timeout=10)
    assert described.open_day == DAY


async def test_bytes_that_are_no_request_are_refused_in_calls_of_both_kinds(running: Running) -> None:
    for call in (running.channel.unary_unary, running.channel.unary_stream):
        name = "CloseDay" if call == running.channel.unary_unary else "GetDaySums"
        garbage = call(f"/settlement.v1.BooksService/{name}")(b"\xff\xff\xff")
        assert (await refused(garbage))[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID")


async def test_another_nodes_database_is_refused_with_a_sentence(database: NewDatabase) -> None:
    dsn = database("ledger", "homepool")
    async with postgres_world(dsn) as world:
        book, cursor = await taken(world)
        await book.write([Written(paid(cursor, "s0"))], cursor)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", "books", "--node", "45", cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DSGW_POSTGRES_DSN": dsn}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert process.returncode == 2
    assert "names the home book of node 44, not of 45" in err.decode()
