"""The way from a node's courier to the other home nodes: their WalletLegService, at addresses of the command line."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import grpc
import grpc.aio

from homepool.errors import HomePoolError
from homepool.wallet.courier import NodeAway
from homepool.wallet.desk import WalletDesk
from homepool.wallet.transfers import BOOKED_FOR, Fate, Transfer
from proto.settlement.v1 import wallet_pb2 as pb
from proto.settlement.v1 import wallet_pb2_grpc

OFFER_S_MAX: Final = 10.0
NONSENSE: Final = Fate(code="INVALID")
"""No kind: it is not booked."""


class NodesWrong(HomePoolError):
    """--nodes is no list of home nodes and addresses such as 45=127.0.0.1:7645,50=127.0.0.1:7650."""


def addresses_of(text: str) -> dict[int, str]:
    """The other nodes' books processes from the command line. Raises NodesWrong."""
    addresses: dict[int, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        node, _, address = one.partition("=")
        host, _, port = address.rpartition(":")
        if not (node.isascii() and node.isdigit() and host and port.isascii() and port.isdigit()):
            raise NodesWrong(f"--nodes: {one!r} is no home node with its address, such as 45=127.0.0.1:7645")
        if int(node) in addresses:
            raise NodesWrong(f"--nodes: home node {node} has two addresses")
        addresses[int(node)] = address
    return addresses


class GrpcCarrier:
    """Offers to other nodes over gRPC, to this one directly."""

    def __init__(self, *, node: int, desk: WalletDesk, stubs: Mapping[int, Any]) -> None:
        self._node = node
        self._desk = desk
        self._stubs = stubs

    async def offer(self, node: int, offers: Sequence[Transfer]) -> list[Fate]:
        """The fates, in order. Raises NodeAway."""
        if node == self._node:
            return await self._desk.offered_many(offers)
        stub = self._stubs.get(node)
        if stub is None:
            raise NodeAway
        request = pb.OfferTransfersRequest(offers=[_offer(one) for one in offers])
        try:
            answer = await stub.OfferTransfers(request, timeout=OFFER_S_MAX)
        except grpc.aio.AioRpcError:
            raise NodeAway from None
        if [one.id for one in answer.fates] != [one.id for one in offers]:
            raise NodeAway
        return [_fate(one) for one in answer.fates]


@contextlib.asynccontextmanager
async def opened_carrier(
    *, node: int, desk: WalletDesk, addresses: Mapping[int, str]
) -> AsyncIterator[GrpcCarrier]:
    """The carrier, for the length of a block. Opening asks nobody anything."""
    async with contextlib.AsyncExitStack() as stack:
        stubs = {}
        for other, address in addresses.items():
            channel = grpc.aio.insecure_channel(address, options=[("grpc.max_reconnect_backoff_ms", 5_000)])
            stack.push_async_callback(channel.close)
            stubs[other] = wallet_pb2_grpc.WalletLegServiceStub(channel)
        yield GrpcCarrier(node=node, desk=desk, stubs=stubs)


def _fate(told: pb.TransferFate) -> Fate:
    """What a node says, as far as it makes sense: else the transfer waits, and people are told."""
    if not told.kind:
        return Fate(code=told.code)
    try:
        day = date.fromisoformat(told.day)
    except ValueError:
        return NONSENSE
    return Fate(told.kind, day, told.code) if told.kind in BOOKED_FOR else NONSENSE


def _offer(transfer: Transfer) -> pb.TransferOffer:
    return pb.TransferOffer(
        id=transfer.id, psn_no=transfer.psn_no, pool=transfer.pool, to_psn_no=transfer.to_psn_no,
        to_pool=transfer.to_pool, amount_fen=transfer.fen, sent_ms=transfer.sent_ms,
        expires_ms=transfer.expires_ms,
    )  # fmt: skip
