"""The courier's pace, and what it does where another node is away or talks nonsense."""

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any

import grpc
import grpc.aio
import pytest

from homepool.book import BookBroken, Unavailable
from homepool.wallet.carrier import NONSENSE, GrpcCarrier, NodesWrong, addresses_of
from homepool.wallet.courier import AGAIN_S_MAX, PART_TRANSFERS, Courier, NodeAway
from homepool.wallet.transfers import ARRIVED, CREDIT, Fate, Transfer, transfer_id
from proto.settlement.v1 import wallet_pb2 as pb

DAY = date(2026, 11, 24)


def transfers(number: int, to_pool: int = 500000) -> list[Transfer]:
    made = [Transfer(transfer_id("X", f"m{n}"), "a", 440300, "b", to_pool, 1, 1, 2) for n in range(number)]
    return sorted(made)


class World:
    """Book, desk, carrier and clock in one."""

    def __init__(self, open_: Sequence[Transfer]) -> None:
        self.open = list(open_)
        self.offered: list[int] = []
        self.away: set[int] = set()
        self.fate = Fate()
        self.alarms: list[str] = []
        self.now_s = 0.0

    async def in_transit(self, after: bytes, transfers_max: int) -> list[Transfer]:
        return [one for one in self.open if one.id > after][:transfers_max]

    async def booked(self, transfer: Transfer, fate: Fate) -> None:
        self.open.remove(transfer)

    async def offer(self, node: int, offers: Sequence[Transfer]) -> list[Fate]:
        self.offered.append(len(offers))
        if node in self.away:
            raise NodeAway
        return [self.fate] * len(offers)

    def monotonic_s(self) -> float:
        return self.now_s


def courier(world: Any) -> Courier:
    return Courier(world, world, world, clock=world, alarm=world.alarms.append)


async def test_what_waits_is_offered_less_and_less_often() -> None:
    world = World(transfers(1))
    one = courier(world)
    times = []
    for second in range(200):
        world.now_s = float(second)
        before = len(world.offered)
        await one.round()
        if len(world.offered) > before:
            times.append(second)
    gaps = [later - before for before, later in itertools.pairwise(times)]
    assert gaps[:5] == [1, 2, 4, 8, 16]
    assert set(gaps[5:]) == {AGAIN_S_MAX}


async def test_all_parts_are_walked_through_and_a_node_that_is_away_is_asked_once_a_round() -> None:
    world = World(transfers(2 * PART_TRANSFERS + 1))
    world.fate = Fate(CREDIT, DAY)
    world.away = {50}
    one = courier(world)
    await one.round()
    assert (world.offered, len(world.open)) == ([PART_TRANSFERS], 2 * PART_TRANSFERS + 1)
    world.away.clear()
    await one.round()
    assert (sum(world.offered[1:]), world.open) == (2 * PART_TRANSFERS + 1, [])


async def test_a_node_that_is_away_keeps_nothing_from_the_others() -> None:
    world = World(
        sorted([*transfers(3), *[one._replace(id=bytes(15) + b"1") for one in transfers(1, 450100)]])
    )
    world.fate, world.away = Fate(CREDIT, DAY), {45}
    await courier(world).round()
    assert [one.to_pool for one in world.open] == [450100]


async def test_what_its_node_refuses_waits_and_people_are_told() -> None:
    world = World(transfers(1))
    world.fate = NONSENSE
    await courier(world).round()
    assert (world.alarms, len(world.open)) == (["wallet"], 1)


@pytest.mark.parametrize(("failure", "alarms"), [(Unavailable(), []), (BookBroken("x"), ["wallet"])])
async def test_a_book_that_fails_ends_the_round_only(failure: Exception, alarms: list[str]) -> None:
    world = World([])

    class Ended(Exception):
        """So that the endless loop ends."""

    calls = iter([failure, Ended()])

    async def failing(*_: object) -> list[Transfer]:
        raise next(calls)

    world.in_transit = failing  # type: ignore[method-assign]
    with pytest.raises(Ended):
        await courier(world).run()
    assert world.alarms == alarms


# ------------------------------------------------------------------------------------------- the carrier


class Stub:
    """Another node."""

    def __init__(self, *fates: pb.TransferFate) -> None:
        self.fates = fates

    async def OfferTransfers(self, request: pb.OfferTransfersRequest, *, timeout: float) -> Any:
        assert timeout
        if not self.fates:
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())
        return pb.OfferTransfersResponse(fates=self.fates)


async def told(*fates: pb.TransferFate) -> list[Fate]:
    desk: Any = None
    return await GrpcCarrier(node=44, desk=desk, stubs={50: Stub(*fates)}).offer(50, transfers(1))


async def test_fates_come_as_they_are_told_and_nonsense_is_none() -> None:
    id_ = transfers(1)[0].id
    assert await told(pb.TransferFate(id=id_)) == [Fate()]
    assert await told(pb.TransferFate(id=id_, code="MSGID_REUSED")) == [Fate(code="MSGID_REUSED")]
    assert await told(pb.TransferFate(id=id_, kind=CREDIT, day="2026-11-24")) == [Fate(CREDIT, DAY)]
    assert await told(pb.TransferFate(id=id_, kind=CREDIT)) == [NONSENSE]
    assert await told(pb.TransferFate(id=id_, kind=ARRIVED, day="2026-11-24")) == [NONSENSE]


async def test_a_node_that_does_not_answer_or_answers_something_else_is_away() -> None:
    for fates in ((), (pb.TransferFate(id=bytes(16)),), (pb.TransferFate(id=transfers(1)[0].id),) * 2):
        with pytest.raises(NodeAway):
            await told(*fates)
    desk: Any = None
    with pytest.raises(NodeAway):
        await GrpcCarrier(node=44, desk=desk, stubs={}).offer(50, transfers(1))


def test_addresses_are_read_from_the_command_line() -> None:
    assert addresses_of("") == {}
    assert addresses_of("45=h:1, 50=i:2") == {45: "h:1", 50: "i:2"}
    for wrong in ("45", "x=h:1", "45=h", "45=h:x", "45=h:1,45=i:2"):
        with pytest.raises(NodesWrong):
            addresses_of(wrong)
