"""A home node's book and a region's, each behind its BooksService on real gRPC, over databases that tests may spoil."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import grpc
import grpc.aio
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from gateway.days.care_days import opened_days as opened_region_days
from homepool.books import opened_days
from ledger.day import DayKey
from ledger.rows import AMOUNTS, Row
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import books_pb2_grpc
from proto.settlement.v1 import messages_pb2 as mpb
from runtime import books
from runtime.serve import grpc_server
from runtime.unreadable import add_service
from tests.builders import NODE, REGION, TODAY, TODAY_TEXT
from tests.planted import fetch_all, plant, run_sql

PEER = str(NODE)


class BothBooks:
    """Two books about the same day, and who asks them."""

    def __init__(self, *, home: str, care: str, alarms: list[tuple[str, str]]) -> None:
        self.home = home
        self.care = care
        self.alarms = alarms
        self.node_address = ""
        self.region_channel: grpc.aio.Channel
        self.node: books_pb2_grpc.BooksServiceAsyncStub
        self.region: books_pb2_grpc.BooksServiceAsyncStub

    async def decided(self, *rows: Row) -> None:
        """The node decided these, as far as its book goes."""
        await plant(self.home, "decision", rows)
        await run_sql(
            self.home,
            "INSERT INTO claim (id, partition, number, day) SELECT id, partition, number, day FROM decision"
            " ON CONFLICT DO NOTHING",
        )

    async def booked(self, *rows: Row) -> None:
        """The region booked these."""
        await plant(self.care, "care", rows)

    async def both(self, *rows: Row) -> None:
        """Decided, and booked."""
        await self.decided(*rows)
        await self.booked(*rows)

    async def close(self, day: str = TODAY_TEXT) -> None:
        """The node closes a day."""
        await self.node.CloseDay(pb.CloseDayRequest(day=day, operator="tests"))

    async def sum_day(self, day: str = TODAY_TEXT, *, buckets: int = 0) -> pb.SumDayResponse:
        """The region sums a day with the node."""
        answer: pb.SumDayResponse = await self.region.SumDay(
            pb.SumDayRequest(day=day, peer=PEER, buckets=buckets)
        )
        return answer

    async def closed_and_summed(self, *, buckets: int = 0) -> pb.SumDayResponse:
        """Both at once."""
        await self.close()
        return await self.sum_day(buckets=buckets)

    async def buckets(self, side: str, *, again: bool = False) -> dict[int, tuple[int, int, int]]:
        """The buckets of today as `home` or `care` tells them."""
        stub, peer = (self.node, REGION) if side == "home" else (self.region, PEER)
        call = stub.GetDayBuckets(pb.GetDayBucketsRequest(day=TODAY_TEXT, peer=peer, again=again))
        return {
            one.bucket: (one.items, one.hash_xor, one.hash_sum) async for part in call for one in part.buckets
        }

    async def differing(self) -> set[int]:
        """Buckets in which the books differ after they were summed."""
        home, care = await self.buckets("home"), await self.buckets("care")
        return {bucket for bucket in home.keys() | care.keys() if home.get(bucket) != care.get(bucket)}

    async def sums(self, side: str, *, again: bool = False) -> dict[DayKey, tuple[int, ...]]:
        """The sums of today: items and amounts by key."""
        stub, peer = (self.node, REGION) if side == "home" else (self.region, PEER)
        call = stub.GetDaySums(pb.GetDaySumsRequest(day=TODAY_TEXT, peer=peer, again=again))
        rows = [row async for part in call for row in part.sums]
        assert all(len(row.amounts) == len(AMOUNTS) for row in rows)
        *names, last = DayKey._fields
        return {
            DayKey(*(getattr(row, name) for name in names), TODAY.fromisoformat(getattr(row, last))): (
                row.items, *row.amounts,
            )
            for row in rows
        }  # fmt: skip

    async def decisions(self, **asked: Any) -> list[mpb.Decision]:
        """What the region tells."""
        call = self.region.GetDecisions(pb.GetDecisionsRequest(**asked))
        return [one async for part in call for one in part.decisions]

    async def care_rows(self, what: str = "id", where: str = "true") -> list[tuple[Any, ...]]:
        """The care book itself."""
        return await fetch_all(self.care, f"SELECT {what} FROM care WHERE {where} ORDER BY id, day")


@asynccontextmanager
async def served(days: books.Days) -> AsyncIterator[str]:
    """A BooksService on a free port; its address."""
    service = books.BooksService(days, registry=CollectorRegistry())
    add = partial(add_service, books_pb2_grpc.add_BooksServiceServicer_to_server, service)
    async with grpc_server(listen="127.0.0.1:0", services={books.NAME: add}) as server:
        yield f"127.0.0.1:{server.port}"


@asynccontextmanager
async def asked(address: str) -> AsyncIterator[Any]:
    """Who asks a BooksService."""
    async with grpc.aio.insecure_channel(address) as channel:
        yield books_pb2_grpc.BooksServiceStub(channel)


@asynccontextmanager
async def region_books(
    care: str, addresses: dict[int, str], alarms: list[tuple[str, str]]
) -> AsyncIterator[str]:
    """The region's BooksService; its address."""

    def alarm(what: str, *, setl_id: str = "") -> None:
        alarms.append((what, setl_id))

    async with (
        opened_region_days(care, region=REGION, addresses=addresses, alarm=alarm) as days,
        served(days) as address,
    ):
        yield address


@asynccontextmanager
async def both_books(home: str, care: str) -> AsyncIterator[BothBooks]:
    """Both over migrated databases."""
    made = BothBooks(home=home, care=care, alarms=[])
    async with AsyncExitStack() as stack:
        node_days = await stack.enter_async_context(opened_days(home, node=NODE, regions={REGION}))
        at_home = await stack.enter_async_context(served(node_days))
        made.node_address = at_home
        at_care = await stack.enter_async_context(region_books(care, {NODE: at_home}, made.alarms))
        made.node = await stack.enter_async_context(asked(at_home))
        made.region_channel = await stack.enter_async_context(grpc.aio.insecure_channel(at_care))
        made.region = books_pb2_grpc.BooksServiceStub(made.region_channel)
        yield made


def code_of(failed: grpc.aio.AioRpcError) -> tuple[str, grpc.StatusCode]:
    """The refusal's code and status."""
    status = rpc_status.from_call(failed)
    return (status.message.partition(":")[0] if status is not None else "", failed.code())


def named(rows: Sequence[Row]) -> set[bytes]:
    """Their ids."""
    return {row.id for row in rows}
