"""Offering what is in transit to the receivers' nodes, again and again until its fate is booked here.

One round walks through all that is open, in parts. A node that does not answer is left out for the rest of the round and
asked again in the next; what waits for its receiver is asked for less and less often, at most half a minute apart. Two
couriers of a node do no harm: the fate of a transfer is booked once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from homepool.book import BookError
from homepool.errors import HomePoolError
from homepool.wallet.book import WalletBook
from homepool.wallet.desk import FateDiffers, WalletDesk
from homepool.wallet.transfers import Fate, Transfer
from ledger.life import Id
from runtime.clock import Clock
from runtime.keys import setl_id_text

PART_TRANSFERS: Final = 200
ROUND_S: Final = 1.0
FIRST_AGAIN_S: Final = 1.0
AGAIN_S_MAX: Final = 30.0
WAITING_MAX: Final = 100_000
"""Transfers whose next time is remembered; beyond that they are offered in every round."""
_FIRST: Final = bytes(16)
_PROVINCE: Final = 10_000
_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool.wallet")


class NodeAway(HomePoolError):
    """The other home node does not answer; what is in transit to it stays so."""

    retriable = True


class Carrier(Protocol):
    """The way to the other nodes."""

    async def offer(self, node: int, offers: Sequence[Transfer]) -> list[Fate]:
        """Offer transfers to the node of their receivers; their fates in order. Raises NodeAway."""
        ...


def node_of(pool: int) -> int:
    """The home node of a pool: of its province."""
    return pool // _PROVINCE


class Courier:
    """One node's."""

    def __init__(
        self,
        book: WalletBook,
        desk: WalletDesk,
        carrier: Carrier,
        *,
        clock: Clock,
        alarm: Callable[[str], None],
    ) -> None:
        self._book = book
        self._desk = desk
        self._carrier = carrier
        self._clock = clock
        self._alarm = alarm
        self._again: dict[Id, tuple[float, float]] = {}  # transfer -> when it is due, how long it waited
        self._away: set[int] = set()

    async def run(self) -> None:
        """Rounds, until it is cancelled."""
        while True:
            try:
                await self.round()
            except BookError as failed:
                if not failed.retriable:
                    self._alarm("wallet")
                _log.warning("a round ended early", failure=type(failed).__name__)
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Offer what is due and book what has become of it. Raises the book's errors."""
        away: set[int] = set()
        after, open_now = _FIRST, set[Id]()
        while part := await self._book.in_transit(after, PART_TRANSFERS):
            after = part[-1].id
            open_now.update(one.id for one in part)
            now_s = self._clock.monotonic_s()
            by_node: dict[int, list[Transfer]] = {}
            for one in part:
                if self._again.get(one.id, (0.0, 0.0))[0] <= now_s:
                    by_node.setdefault(node_of(one.to_pool), []).append(one)
            for node, some in sorted(by_node.items()):
                if node not in away and not await self._offered(node, some):
                    away.add(node)
        for node in sorted(away - self._away):
            _log.warning("a node does not answer; what is in transit to it waits", node=node)
        self._away = away
        self._again = {id_: due for id_, due in self._again.items() if id_ in open_now}

    async def _offered(self, node: int, some: Sequence[Transfer]) -> bool:
        try:
            fates = await self._carrier.offer(node, some)
        except NodeAway:
            return False
        for transfer, fate in zip(some, fates, strict=True):
            if not fate.kind:
                if fate.code:
                    self._report(transfer, f"refused by its node: {fate.code}")
                self._postpone(transfer.id)
                continue
            try:
                await self._desk.booked(transfer, fate)
            except FateDiffers:
                self._report(transfer, "fates differ")
                self._postpone(transfer.id)
        return True

    def _report(self, transfer: Transfer, why: str) -> None:
        self._alarm("wallet")
        _log.error("a transfer needs people", transfer=setl_id_text(transfer.id), why=why)

    def _postpone(self, id_: Id) -> None:
        waited = self._again.get(id_, (0.0, 0.0))[1]
        wait = min(2 * waited or FIRST_AGAIN_S, AGAIN_S_MAX)
        if id_ in self._again or len(self._again) < WAITING_MAX:
            self._again[id_] = (self._clock.monotonic_s() + wait, wait)
