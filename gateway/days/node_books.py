"""The BooksService of a home node, as its region calls it: a channel a visit, and every failure a refusal that names it.

A node that does not answer is told so within NODE_HELLO_S_MAX, also where its process is stopped: it is greeted first.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final

import grpc
import grpc.aio
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from ledger.day import ids_in
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import books_pb2_grpc
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.books import refusal
from runtime.refusals import Refusal, Refused

NODE_HELLO_S_MAX: Final = 5.0
NODE_CALL_S_MAX: Final = 300.0
MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
_OPTIONS: Final = (
    ("grpc.use_local_subchannel_pool", 1),  # a new channel tries at once, whatever another one met
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
)


class NodeBook:
    """A node's book by its days; everything raises Refusal."""

    def __init__(self, *, node: str, address: str, region: str, channel: grpc.aio.Channel) -> None:
        self._node = node
        self._address = address
        self._region = region
        self._stub = books_pb2_grpc.BooksServiceStub(channel)

    async def greet(self) -> None:
        """Raises Refusal where the address is not this node's."""
        try:
            book = await self._stub.DescribeBook(pb.DescribeBookRequest(), timeout=NODE_HELLO_S_MAX)
        except grpc.aio.AioRpcError as failed:
            raise self._refusal(failed) from None
        if (book.side, book.name) != ("home", self._node):
            raise refusal(
                "PEER_UNREACHABLE",
                f"at {self._address}, given for home node {self._node}, is the {book.side} book of {book.name}",
            )

    async def sum_day(self, day: date, buckets: int, *, anew: bool) -> pb.SumDayResponse:
        """The node's own sum of a day with this region; a day that is not closed is refused."""
        request = pb.SumDayRequest(day=day.isoformat(), peer=self._region, buckets=buckets, anew=anew)
        try:
            answer: pb.SumDayResponse = await self._stub.SumDay(request, timeout=NODE_CALL_S_MAX)
        except grpc.aio.AioRpcError as failed:
            raise self._refusal(failed) from None
        return answer

    async def buckets(self, day: date) -> AsyncIterator[pb.DayBucket]:
        """The buckets of a day that the node has summed."""
        request = pb.GetDayBucketsRequest(day=day.isoformat(), peer=self._region)
        async for part in self._parts(self._stub.GetDayBuckets(request, timeout=NODE_CALL_S_MAX)):
            for bucket in part.buckets:
                yield bucket

    async def hashes(self, day: date, buckets: Sequence[int]) -> AsyncIterator[tuple[bytes, int]]:
        """(id, hash) of the decisions in some buckets."""
        request = pb.GetDayHashesRequest(day=day.isoformat(), peer=self._region, buckets=buckets)
        async for part in self._parts(self._stub.GetDayHashes(request, timeout=NODE_CALL_S_MAX)):
            for one in zip(ids_in(part.ids), part.hashes, strict=True):
                yield one

    async def decisions(
        self, day: date, *, buckets: Sequence[int] = (), ids: Sequence[bytes] = (), full: bool = False
    ) -> AsyncIterator[list[mpb.Decision]]:
        """Decisions of a day, in parts."""
        request = pb.GetDecisionsRequest(
            day=day.isoformat(), peer=self._region, buckets=buckets, ids=ids, full=full
        )
        async for part in self._parts(self._stub.GetDecisions(request, timeout=NODE_CALL_S_MAX)):
            yield list(part.decisions)

    async def _parts(self, call: Any) -> AsyncIterator[Any]:
        try:
            async for part in call:
                yield part
        except grpc.aio.AioRpcError as failed:
            raise self._refusal(failed) from None
        finally:
            call.cancel()

    def _refusal(self, failed: grpc.aio.AioRpcError) -> Refusal:
        """The node's own refusal, passed on, or that it cannot be reached."""
        status = rpc_status.from_call(failed)
        for detail in status.details if status is not None else ():
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                words = (failed.details() or "").removeprefix(f"{info.reason}: ")
                return Refusal(Refused(info.reason, f"home node {self._node}: {words}", failed.code()))
        name = failed.code().name
        return refusal(
            "PEER_UNREACHABLE", f"home node {self._node} does not answer at {self._address} ({name})"
        )


@asynccontextmanager
async def opened(*, node: str, address: str, region: str) -> AsyncIterator[NodeBook]:
    """A node that has answered a greeting. Raises Refusal."""
    async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
        book = NodeBook(node=node, address=address, region=region, channel=channel)
        await book.greet()
        yield book
