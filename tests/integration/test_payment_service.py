"""PaymentService over real gRPC and a real database: what operators' programs see."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
import grpc.aio
import pytest

from clearing.day.run import run_day
from clearing.positions.publish import publish
from clearing.service import payment_service
from clearing.service.payment_desk import PaymentDesk
from clearing.service.payment_service import PaymentService
from clearing.session import Session
from clearing.settings import ClearingSettings
from proto.settlement.v1 import payment_pb2 as pb
from proto.settlement.v1 import payment_pb2_grpc
from runtime import postgres
from runtime.serve import grpc_server
from runtime.unreadable import add_service
from tests.clearing_books import DAY, figures, two_books
from tests.servers import NewDatabase

PERIOD = str(DAY)
POSITION = f"{PERIOD}/310/310100/440300/450100"


@pytest.fixture
async def stub(database: NewDatabase) -> AsyncIterator[Any]:
    """A day with two hospitals, residents with a carrier, and an item that differs; run, and served."""
    dsn = database("clearing")
    rows = [
        figures(1), figures(2, fixmedins_code="H45010300002"),
        figures(3, insutype="390", big_illness_fen=300, cash_fen=3_700, fund_sum_fen=6_300), figures(4),
    ]  # fmt: skip
    books = two_books(rows, [*rows[:3], figures(4, pooled_fen=1, cash_fen=9_999, fund_sum_fen=1)])

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Session]:
        async with postgres.opened(dsn, application_name="test") as connection:
            yield Session(connection, list(books), ClearingSettings(postgres_dsn=dsn))  # type: ignore[arg-type]

    async with opened() as session:
        await run_day(
            DAY, connection=session.connection, books=session.books, operator="wang", program="test", publish=publish,
            progress=lambda *_: None,
        )  # fmt: skip
    service = PaymentService(PaymentDesk(opened))
    add = partial(add_service, payment_pb2_grpc.add_PaymentServiceServicer_to_server, service)
    async with (
        grpc_server(listen="127.0.0.1:0", services={payment_service.NAME: add}) as server,
        grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        yield payment_pb2_grpc.PaymentServiceStub(channel)


async def test_positions_are_listed_and_a_figure_is_explained_to_its_settlements(stub: Any) -> None:
    found = await stub.ListPositions(pb.ListPositionsRequest(period=PERIOD))
    assert [(one.position, one.amount_fen) for one in found.gross] == [
        (POSITION, 12_000), (f"{PERIOD}/390/390100/440300/450100", 6_000),
    ]  # fmt: skip
    assert sum(one.amount_fen for one in found.net) == 0
    assert [(one.party, one.amount_fen) for one in found.outside] == [("carrier:440300", 300)]
    assert not (await stub.ListPositions(pb.ListPositionsRequest(period="2026-11", fund="330100"))).gross
    request = pb.ExplainPositionRequest(position=POSITION, items=True)
    head, *parts = [part async for part in stub.ExplainPosition(request)]
    assert head.amount_fen == sum(share.amount_fen for share in head.shares) == 12_000
    items = [item for part in parts for item in part.items]
    assert sum(item.amount_fen for item in items if not item.aside) == 12_000
    assert [item.setl_id[-1] for item in items if item.aside] == ["4"]


async def test_statements_come_one_by_one(stub: Any) -> None:
    found = [one async for one in stub.GetStatements(pb.GetStatementsRequest(period=PERIOD))]
    assert [(one.kind, one.code, one.book) for one in found] == [
        ("pools", "440300", "employees"), ("pools", "440300", "residents"),
        ("pools", "450100", "employees"), ("pools", "450100", "residents"),
        ("institutions", "H45010300001", "employees"), ("institutions", "H45010300001", "residents"),
        ("institutions", "H45010300002", "employees"), ("payers", "carrier:440300", "residents"),
    ]  # fmt: skip
    assert "合计 total" in found[0].csv
    some = pb.GetStatementsRequest(period=PERIOD, parties=["H45010300002"])
    assert [one.code async for one in stub.GetStatements(some)] == ["H45010300002"]


async def test_instructions_from_proposal_to_the_banks_answer(stub: Any) -> None:
    propose = partial(pb.ProposeInstructionsRequest, period=PERIOD, operator="wang")
    dry = await stub.ProposeInstructions(propose(dry_run=True))
    assert (dry.made, len(dry.instructions)) == (6, 6)
    assert not (await stub.ListInstructions(pb.ListInstructionsRequest())).instructions
    await stub.ProposeInstructions(propose())
    check = partial(pb.CheckInstructionsRequest, period=PERIOD, operator="li")
    for dry_run in (True, False):  # what is only tried can be done afterwards
        answer = await stub.CheckInstructions(check(refuse=True, reason="no", dry_run=dry_run))
        assert answer.instructions == 6
    for dry_run in (True, False):
        again = pb.ReopenInstructionsRequest(period=PERIOD, operator="wang", dry_run=dry_run)
        assert (await stub.ReopenInstructions(again)).instructions == 6
    assert (await stub.CheckInstructions(check())).amount_fen == 3 * 18_000
    file = pb.FileInstructionsRequest(period=PERIOD, operator="wang")
    (one,) = (await stub.FileInstructions(file)).files
    assert (one.instructions, one.amount_fen) == (6, 54_000)
    assert b"<CtrlSum>540.00</CtrlSum>" in one.content
    assert (await stub.FileInstructions(file)).files[0] == one
    filed = (await stub.ListInstructions(pb.ListInstructionsRequest(state="filed"))).instructions
    content = f"instruction,status,paid,reason\n{filed[0].id},returned,,AC04\n".encode()
    take = partial(pb.TakeBankReturnsRequest, content=content, name="a.csv", operator="wang")
    assert (await stub.TakeBankReturns(take(dry_run=True))).returned == 1
    taken = await stub.TakeBankReturns(take())
    assert (taken.returned, taken.before) == (1, False)
    assert (await stub.TakeBankReturns(take())).before
    waiting = (await stub.ListInstructions(pb.ListInstructionsRequest(state="proposed"))).instructions
    assert [(item.id, item.revision) for item in waiting] == [(taken.reopened[0], 3)]


@pytest.mark.parametrize(
    ("method", "request_", "status"),
    [
        ("ListPositions", pb.ListPositionsRequest(period="November"), grpc.StatusCode.INVALID_ARGUMENT),
        ("ListPositions", pb.ListPositionsRequest(period="2020-01"), grpc.StatusCode.NOT_FOUND),
        ("ProposeInstructions", pb.ProposeInstructionsRequest(period="2020-01", operator="wang", institutions=True),
         grpc.StatusCode.NOT_FOUND),
        ("ExplainPosition", pb.ExplainPositionRequest(position="x"), grpc.StatusCode.INVALID_ARGUMENT),
        ("GetStatements", pb.GetStatementsRequest(period="2020-01"), grpc.StatusCode.NOT_FOUND),
        ("ProposeInstructions", pb.ProposeInstructionsRequest(period=PERIOD), grpc.StatusCode.INVALID_ARGUMENT),
        ("CheckInstructions", pb.CheckInstructionsRequest(period=PERIOD, operator="li"), grpc.StatusCode.NOT_FOUND),
        ("ReopenInstructions", pb.ReopenInstructionsRequest(period=PERIOD, operator="li"), grpc.StatusCode.NOT_FOUND),
        ("TakeBankReturns", pb.TakeBankReturnsRequest(content=b"x", operator="li"), grpc.StatusCode.INVALID_ARGUMENT),
        ("TakeBankReturns", pb.TakeBankReturnsRequest(content=b"x", name="x", operator="li"),
         grpc.StatusCode.INVALID_ARGUMENT),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_with_a_status(
    stub: Any, method: str, request_: Any, status: grpc.StatusCode
) -> None:
    async def call() -> None:
        answer = getattr(stub, method)(request_)
        if method in ("ExplainPosition", "GetStatements"):
            [part async for part in answer]
        else:
            await answer

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call()
    assert refused.value.code() == status
    assert refused.value.details()
