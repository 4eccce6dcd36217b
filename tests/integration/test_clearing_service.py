"""ClearingService over real gRPC and a real database: what operators' programs see."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
import grpc.aio
import pytest

from clearing.service import operator_desk
from proto.settlement.v1 import clearing_pb2 as pb
from proto.settlement.v1 import clearing_pb2_grpc
from tests.clearing_books import DAY, MemoryBook, figures, two_books
from tests.clearing_door import Door, refused, served
from tests.servers import NewDatabase


@pytest.fixture
def books() -> tuple[MemoryBook, MemoryBook]:
    return two_books(
        [figures(1), figures(2)], [figures(1), figures(2, pooled_fen=1, cash_fen=9_999, fund_sum_fen=1)]
    )


@pytest.fixture
async def door(database: NewDatabase, books: Any) -> AsyncIterator[Door]:
    async with served(database("clearing"), books=books) as opened:
        yield opened


@pytest.fixture
def stub(door: Door) -> Any:
    return clearing_pb2_grpc.ClearingServiceStub(door.channel)


async def test_a_day_is_run_and_its_difference_settled_by_two_people(stub: Any) -> None:
    day = DAY.isoformat()
    dry = await stub.RunDay(pb.RunDayRequest(day=day, operator="wang", dry_run=True))
    assert list(dry.would_run) == ["44/45"]
    assert not (await stub.ListRuns(pb.ListRunsRequest())).runs
    done = await stub.RunDay(pb.RunDayRequest(day=day, operator="wang"))
    assert (done.run.batch, done.run.items, done.run.differences) == (1, 2, 1)
    (one,) = (await stub.ListDifferences(pb.ListDifferencesRequest(day=day))).differences
    assert (getattr(one, "class"), one.stake_fen, one.institution_compared) == ("amount", 5_999, False)
    made = await stub.ResolveDifference(
        pb.ResolveDifferenceRequest(id=one.id, action="adopt_home", operator="wang")
    )
    assert made.needs_checker
    check = partial(pb.CheckResolutionRequest, resolution=made.resolution)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "another person"):
        await stub.CheckResolution(check(operator="wang"))
    await stub.CheckResolution(check(operator="li", dry_run=True))
    waiting = (await stub.ListWaiting(pb.ListWaitingRequest())).waiting
    assert any("second person" in item.what for item in waiting)
    await stub.CheckResolution(check(operator="li"))
    assert not (await stub.ListDifferences(pb.ListDifferencesRequest(day=day))).differences
    assert not (await stub.VerifyDay(pb.VerifyDayRequest(day=day))).findings
    of_month = await stub.VerifyMonth(pb.VerifyMonthRequest(month=day[:7]))
    assert (of_month.batches, list(of_month.findings)) == (1, [])
    undo = partial(pb.UndoResolutionRequest, resolution=made.resolution, operator="wang", reason="found")
    assert (await stub.UndoResolution(undo(dry_run=True))).resolution == 0
    assert not (await stub.ListDifferences(pb.ListDifferencesRequest(day=day))).differences
    assert (await stub.UndoResolution(undo())).resolution > made.resolution


async def test_a_run_can_be_watched_to_its_end(stub: Any, books: Any) -> None:
    told = books[0].sum_day
    seen = asyncio.Event()

    async def slow(*args: Any, **kwargs: Any) -> Any:
        await asyncio.wait_for(seen.wait(), 10)
        return await told(*args, **kwargs)

    books[0].sum_day = slow
    running = asyncio.ensure_future(stub.RunDay(pb.RunDayRequest(day=DAY.isoformat(), operator="wang")))
    steps = []
    async with contextlib.aclosing(_parts(stub.WatchRun(pb.WatchRunRequest()))) as parts:
        async for part in parts:
            steps.append(part.step)
            if part.step == "sum and compare":
                seen.set()
            if part.step == "end":
                assert part.run.batch == 1
                break
    await running
    assert "sum and compare" in steps


async def test_books_and_the_operators_log_are_told(
    door: Door, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await stub.GetStatus(pb.GetStatusRequest())
    assert [(one.book, one.fault) for one in found.books] == [("node 44", ""), ("region 45", "")]
    assert not found.under_way
    for operator in ("wang", "li", "zhao"):
        await stub.RunDay(pb.RunDayRequest(day=DAY.isoformat(), operator=operator))
    monkeypatch.setattr(operator_desk, "PART_ENTRIES", 2)
    parts = [part async for part in stub.ListLog(pb.ListLogRequest())]
    assert [[one.operator for one in part.entries] for part in parts] == [["wang", "li"], ["zhao"]]
    (some,) = [part async for part in stub.ListLog(pb.ListLogRequest(operator="li", after=1))]
    (entry,) = some.entries
    assert (entry.action, entry.subject, json.loads(entry.detail)) == ("run", f"day {DAY}", {"batch": None})
    (told,) = await door.told("log", "--by", "li")
    assert (told["id"], told["at"]) == (entry.id, entry.at)


async def _parts(call: Any) -> AsyncIterator[Any]:
    try:
        async for part in call:
            yield part
    finally:
        call.cancel()


@pytest.mark.parametrize(
    ("method", "request_", "code"),
    [
        ("RunDay", pb.RunDayRequest(day="2026-13-01", operator="wang"), grpc.StatusCode.INVALID_ARGUMENT),
        ("RunDay", pb.RunDayRequest(day="2026-11-20"), grpc.StatusCode.INVALID_ARGUMENT),
        ("ListDifferences", pb.ListDifferencesRequest(age_days=2**31 - 1), grpc.StatusCode.INVALID_ARGUMENT),
        ("ListDifferences", pb.ListDifferencesRequest(**{"class": "x"}), grpc.StatusCode.INVALID_ARGUMENT),
        ("ListDifferences", pb.ListDifferencesRequest(fixmedins_code="\0"), grpc.StatusCode.INVALID_ARGUMENT),
        (
            "UndoResolution",
            pb.UndoResolutionRequest(resolution=7, operator="li", reason="\0"),
            grpc.StatusCode.INVALID_ARGUMENT,
        ),
        ("VerifyDay", pb.VerifyDayRequest(day="2026-11-20"), grpc.StatusCode.NOT_FOUND),
        ("VerifyMonth", pb.VerifyMonthRequest(month="2026-11"), grpc.StatusCode.NOT_FOUND),
        ("VerifyMonth", pb.VerifyMonthRequest(month="2026"), grpc.StatusCode.INVALID_ARGUMENT),
        (
            "ResolveDifference",
            pb.ResolveDifferenceRequest(id=7, action="adopt_home", operator="wang"),
            grpc.StatusCode.NOT_FOUND,
        ),
        (
            "ResolveDifference",
            pb.ResolveDifferenceRequest(id=7, action="erase", operator="wang"),
            grpc.StatusCode.INVALID_ARGUMENT,
        ),
        (
            "CheckResolution",
            pb.CheckResolutionRequest(resolution=7, operator="li"),
            grpc.StatusCode.NOT_FOUND,
        ),
        ("UndoResolution", pb.UndoResolutionRequest(resolution=7, operator="li"), grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_sentence(
    stub: Any, method: str, request_: Any, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await getattr(stub, method)(request_)
    assert refused.value.code() is code
    assert len(refused.value.details()) > 20
