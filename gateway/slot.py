"""One gateway slot, wired from its collaborators: the same code in production and, over fakes, in the simulation."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from bus.log import Log
from gateway.accumulators import AccumulatorQuery
from gateway.alarm import Alarm
from gateway.asks import Asks
from gateway.booking import Booking
from gateway.care_book import CareBook, CareBookUnavailable
from gateway.catalogue_query import CatalogueQuery
from gateway.claims import ClaimDesk
from gateway.desk import Desk
from gateway.dispatch import Dispatch
from gateway.entrance import House
from gateway.fees.book import FeeBook
from gateway.fees.desk import FeeDesk
from gateway.fees.query import FeeQuery
from gateway.filing.query import FilingQuery
from gateway.queries import Queries
from gateway.replies import Replies
from gateway.session import Session
from gateway.sign_in import SignBook
from gateway.signed_in import SignedIn
from gateway.silences import Silences
from gateway.slices import Slices
from gateway.stay_query import StayQuery
from runtime.clock import Clock

SWEEP_EVERY_S: Final = 20
SWEEP_AGE_MS: Final = 60_000
SWEEP_ITEMS_MAX: Final = 2_000
LEAVES_EVERY_S: Final = 3_600

_log: structlog.stdlib.BoundLogger = structlog.get_logger("slot")


class Slot:
    """The parts of a slot and what runs in its background."""

    def __init__(
        self,
        *,
        book: CareBook,
        fee_book: FeeBook,
        log: Log,
        house: House,
        partitions: Sequence[tuple[int, int]],
        clock: Clock,
        node_key: Callable[[int], bytes],
        alarm: Alarm,
    ) -> None:
        self._book = book
        self._clock = clock
        region, slot = house.region, house.slot
        self.silences = Silences(partitions=partitions, clock=clock)
        self.dispatch = Dispatch(log=log, region=region, slot=slot, clock=clock, silences=self.silences)
        self.asks = Asks(post=self.dispatch.post, silences=self.silences, node_key=node_key, clock=clock)
        self.booking = Booking(book=book, dispatch=self.dispatch, alarm=alarm)
        signed_in = SignedIn(book=book, clock=clock)
        self.claims = ClaimDesk(
            book=book, house=house, dispatch=self.dispatch, silences=self.silences, asks=self.asks,
            signed_in=signed_in, clock=clock, alarm=alarm,
        )  # fmt: skip
        self.replies = Replies(
            log=log, region=region, slot=slot, clock=clock, silences=self.silences, dispatch=self.dispatch,
            booking=self.booking, asks=self.asks, alarm=alarm,
        )  # fmt: skip
        slices = Slices(pressing=self._pressing, clock=clock)
        fees = FeeDesk(book=fee_book, house=house, signed_in=signed_in, slices=slices, clock=clock)
        self.desk = Desk(
            claims=self.claims, fees=fees, asks=self.asks, house=house, silences=self.silences, clock=clock
        )
        self.queries = Queries(book=book, house=house, clock=clock)
        self.accumulators = AccumulatorQuery(asks=self.asks, house=house, clock=clock)
        self.filings = FilingQuery(asks=self.asks, house=house, clock=clock)
        self.fee_query = FeeQuery(book=fee_book, house=house, clock=clock)
        self.stays = StayQuery(book=fee_book, house=house, clock=clock)
        self.catalogue = CatalogueQuery(house=house, clock=clock)
        self.signs = SignBook(book=fee_book, house=house, signed_in=signed_in, clock=clock)
        self.session = Session(desk=self.desk, queries=self.queries, clock=clock)

    def _pressing(self) -> bool:
        """Whether somebody waits at a counter."""
        return self.claims.unanswered > 0 or len(self.asks) > 0

    async def take_over(self) -> None:
        """End the predecessor, then look after what it left open."""
        for item in await self._book.take_over():
            self.dispatch.look_after(item)
        _log.info("taken over", open=len(self.dispatch))

    def tasks(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What runs for as long as the slot lives, by name."""
        return {
            "claims": self.claims.run,
            "booking": self.booking.run,
            "replies": self.replies.run,
            "dispatch": self.dispatch.run,
            "sweeper": self.sweep,
            "leaves": self.make_leaves,
        }

    async def sweep(self) -> None:
        """Look after whatever the region has had open for a minute, whoever claimed it."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                items = await self._book.stale_items(
                    since_before_ms=self._clock.now_ms() - SWEEP_AGE_MS, limit=SWEEP_ITEMS_MAX
                )
            except CareBookUnavailable:
                continue
            fresh = [item for item in items if self.dispatch.look_after(item)]
            if fresh:
                _log.warning("open for over a minute, sent again", items=len(fresh))
                self.dispatch.send(fresh)

    async def make_leaves(self) -> None:
        """The coming days' leaves, made ahead."""
        while True:
            await asyncio.sleep(LEAVES_EVERY_S)
            try:
                await self._book.make_leaves()
            except CareBookUnavailable:
                _log.warning("the coming days' leaves could not be made; tried again in an hour")
