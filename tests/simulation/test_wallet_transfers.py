"""Wallet transfers between two nodes: offers and answers are lost, repeated and kept back for days, sessions die at
either end of a transaction, couriers start again, days close, receivers accept or do not. No fen is lost or doubled.
"""

import contextlib
import random
from collections.abc import Sequence

import pytest

from homepool.book import BookError, SessionLost
from homepool.wallet.courier import Courier, NodeAway, node_of
from homepool.wallet.desk import FateDiffers, WalletDesk
from homepool.wallet.terms import load_terms
from homepool.wallet.transfers import (
    ARRIVED,
    CREDIT,
    DEBIT,
    EXPIRE,
    IN,
    NOT_ACCEPTED,
    OUT,
    RETURN,
    Fate,
    Held,
    Refused,
    Transfer,
    transfer_id,
)
from runtime.clock import DAY_MS, china_date
from tests.simulation.fake_wallet_book import FakeWalletBook

POOLS = {44: 440300, 50: 500000}
START_MS = 1_796_000_000_000  # 2026-11-30 12:53 in China
PEOPLE = {44: ("44030000000001", "44030000000002"), 50: ("50000000000001", "50000000000002")}
BALANCE_FEN = 500_000
STEPS = 120


class World:
    """Two nodes, a bad network between them, one clock."""

    def __init__(self, seed: int, desk: type[WalletDesk] = WalletDesk) -> None:
        self.random = random.Random(seed)
        self.ms = START_MS
        self.faults = 0.3
        self.alarms: list[str] = []
        self.offers: list[tuple[int, Transfer]] = []
        self.fates: list[tuple[Transfer, Fate]] = []
        self.orders: list[Transfer] = []
        self.books = {node: FakeWalletBook(self.now_ms, self.fails) for node in POOLS}
        self.desks = {node: desk(self.books[node], terms=load_terms(), clock=self) for node in POOLS}
        self.couriers = {node: self.courier(node) for node in POOLS}
        for node, other in ((44, 50), (50, 44)):
            store = self.books[node].store
            for psn_no in PEOPLE[node]:
                store.accounts[psn_no] = (POOLS[node], BALANCE_FEN)
                store.relatives |= {(relative, psn_no) for relative in PEOPLE[other]}
            store.insured = {PEOPLE[node][0]: POOLS[node]}  # the second one is not insured any more

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def fails(self) -> bool:
        """Whether something breaks here."""
        return self.random.random() < self.faults / 4

    def courier(self, node: int) -> Courier:
        return Courier(self.books[node], self.desks[node], self, clock=self, alarm=self.alarms.append)

    async def offer(self, node: int, offers: Sequence[Transfer]) -> list[Fate]:
        """The carrier of both."""
        self.offers += [(node, offer) for offer in offers]
        if self.random.random() < self.faults:
            raise NodeAway
        try:
            fates = [await self.desks[node].offered(offer) for offer in offers]
        except BookError:
            raise NodeAway from None
        self.fates += [(offer, fate) for offer, fate in zip(offers, fates, strict=True) if fate.kind]
        if self.random.random() < self.faults:
            raise NodeAway  # it was heard, its answer was not
        return fates

    # ------------------------------------------------------------------------------------------- what happens

    async def step(self) -> None:
        happen = self.random.choice(
            [self.send, self.send_again, self.deliver, self.deliver, self.accept, self.accept, self.late_offer,
             self.late_fate, self.restart, self.wait, self.close]
        )  # fmt: skip
        with contextlib.suppress(SessionLost):
            await happen()
        self.check()

    async def send(self) -> None:
        node, other = self.random.choice([(44, 50), (50, 44)])
        sender, receiver = self.random.choice(PEOPLE[node]), self.random.choice(PEOPLE[other])
        id_ = transfer_id("APP", f"m{len(self.orders)}")
        fen = self.random.choice([1, 20_000, 200_000, 200_001])
        self.orders.append(Transfer(id_, sender, POOLS[node], receiver, POOLS[other], fen))
        await self.desks[node].send(self.orders[-1], by="APP")

    async def send_again(self) -> None:
        if not self.orders:
            return
        order = self.random.choice(self.orders)
        node = node_of(order.pool)
        known = (order.id, OUT) in self.books[node].store.transfers
        again = await self.desks[node].send(order, by="APP")
        other = await self.desks[node].send(order._replace(fen=order.fen + 1), by="APP") if known else None
        if known:
            assert isinstance(again, Held)
            assert again.transfer.says_the_same(order)
            assert isinstance(other, Refused)
            assert other.code == "MSGID_REUSED"

    async def deliver(self) -> None:
        await self.couriers[self.random.choice([44, 50])].round()

    async def accept(self) -> None:
        node = self.random.choice([44, 50])
        waiting = [one for (_, side), one in self.books[node].store.transfers.items() if side == IN]
        if waiting:
            one = self.random.choice(waiting)
            await self.desks[node].accept(one.id, one.to_psn_no)

    async def late_offer(self) -> None:
        if self.offers:
            node, offer = self.random.choice(self.offers)
            await self.desks[node].offered(offer)

    async def late_fate(self) -> None:
        if self.fates:
            transfer, fate = self.random.choice(self.fates)
            await self.desks[node_of(transfer.pool)].booked(transfer, fate)

    async def restart(self) -> None:
        node = self.random.choice([44, 50])
        self.couriers[node] = self.courier(node)

    async def wait(self) -> None:
        self.ms += self.random.choice([1_000, 40_000, 3_600_000, 6 * 3_600_000])

    async def close(self) -> None:
        self.books[self.random.choice([44, 50])].close_day()

    # ------------------------------------------------------------------------------------------- what holds

    def check(self) -> None:
        legs = {key: leg for book in self.books.values() for key, leg in book.store.legs.items()}
        in_transit = 0
        for (id_, kind), _ in legs.items():
            node = next(node for node in POOLS if (id_, OUT) in self.books[node].store.transfers)
            out = self.books[node].store.transfers[id_, OUT]
            there = self.books[node_of(out.to_pool)].store.transfers.get((id_, IN))
            assert there is None or there.says_the_same(out), "both sides say the same"
            assert (id_, DEBIT) in legs, "what is credited was taken first"
            assert not {(id_, CREDIT), (id_, EXPIRE)} <= legs.keys(), "one fate there"
            assert not {(id_, CREDIT), (id_, RETURN)} <= legs.keys(), "credited and returned"
            assert (id_, RETURN) not in legs or (id_, EXPIRE) in legs, "returned before it expired there"
            assert (id_, ARRIVED) not in legs or (id_, CREDIT) in legs
            if kind == DEBIT and not {(id_, CREDIT), (id_, RETURN)} & legs.keys():
                in_transit += out.fen
        held = sum(fen for book in self.books.values() for _, fen in book.store.accounts.values())
        assert held + in_transit == 4 * BALANCE_FEN, "no fen is lost or doubled"

    async def calm(self) -> None:
        """Everything works again, and the next days pass."""
        self.faults = 0.0
        for _ in range(4):
            self.ms += DAY_MS // 2
            for courier in self.couriers.values():
                await courier.round()
            self.check()
        for book in self.books.values():
            assert not await book.in_transit(bytes(16), 10), "nothing is in transit for ever"


async def played(seed: int, desk: type[WalletDesk] = WalletDesk) -> World:
    world = World(seed, desk)
    for _ in range(STEPS):
        await world.step()
    await world.calm()
    return world


@pytest.mark.parametrize("seed", range(150))
async def test_no_fen_is_lost_doubled_or_differs_whatever_breaks(seed: int) -> None:
    world = await played(seed)
    assert not world.alarms


async def test_the_schedules_meet_every_kind_of_end() -> None:
    kinds: set[tuple[str, str]] = set()
    for seed in range(30):
        world = await played(seed)
        kinds |= {(leg.kind, leg.code) for book in world.books.values() for leg in book.store.legs.values()}
    assert kinds == {
        (DEBIT, ""), (CREDIT, ""), (ARRIVED, ""), (EXPIRE, "NOT_ACCEPTED"), (RETURN, "NOT_ACCEPTED"),
        (EXPIRE, "PERSON_UNKNOWN"), (RETURN, "PERSON_UNKNOWN"),
    }  # fmt: skip


class ReturnsByItsOwnClock(WalletDesk):
    """A sender's node that does not wait for what the receiver's decides."""

    async def send(self, order: Transfer, *, by: str) -> Held | Refused:
        sent = await super().send(order, by=by)
        if isinstance(sent, Held) and sent.fate is None and self._clock.now_ms() > sent.transfer.expires_ms:
            await self.booked(sent.transfer, Fate(EXPIRE, sent.legs[0].day, NOT_ACCEPTED))
        return sent


class KeepsNoTombstone(WalletDesk):
    """A receiver's node that says of an old offer that it has expired and does not note it."""

    async def offered(self, offer: Transfer) -> Fate:
        now_ms = self._clock.now_ms()
        if now_ms >= offer.expires_ms and await self._book.held(offer.id, IN) is None:
            return Fate(EXPIRE, china_date(now_ms), NOT_ACCEPTED)
        return await super().offered(offer)


@pytest.mark.parametrize("desk", [ReturnsByItsOwnClock, KeepsNoTombstone])
async def test_the_checks_see_a_desk_that_breaks_the_rules(desk: type[WalletDesk]) -> None:
    async def all_played() -> None:
        for seed in range(60):
            await played(seed, desk)

    with pytest.raises((AssertionError, FateDiffers)):
        await all_played()
