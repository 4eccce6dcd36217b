"""A gateway slot for tests: its real parts over a care book in memory, a log that only notes, and virtual time.

def test_x() -> None:
    async def main() -> None:
        scene = Scene()
        async with scene.running():
            response = await scene.desk.claimed(a_settle_request(), scene.deadline_ms())
    run(main())
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from bus.beats import BEAT_EVERY_MS, Beat
from bus.errors import BusUnavailable
from bus.log import Reader
from gateway.asks import Asks
from gateway.booking import Booking
from gateway.calls import Call, Reply
from gateway.care_book import CareBook, OpenItem
from gateway.claims import ClaimDesk
from gateway.desk import Desk
from gateway.dispatch import Dispatch
from gateway.entrance import House
from gateway.fees.book import FeeBook
from gateway.fees.desk import FeeDesk
from gateway.filing.query import FilingQuery
from gateway.queries import Queries
from gateway.session import Session
from gateway.signed_in import SignedIn
from gateway.silences import Silences
from gateway.slices import Slices
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.sealing import public_key_of
from tests.builders import (
    DEADLINE_MS,
    NODE,
    PARTITION,
    PARTITIONS,
    a_call,
    a_care_row,
    a_decision,
    a_house,
    a_visit,
)
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase
from tests.simulation.virtual_time import VirtualClock

NODE_KEY = public_key_of(bytes([1]) * 32)


class Sent(NamedTuple):
    """One record, and when it was sent, in virtual ms since the beginning."""

    at_ms: int
    topic: str
    partition: int
    record: mpb.RequestRecord


class NotingLog:
    """A log that notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.up = True

    async def send(self, topic: str, partition: int, value: bytes, *, quiet: bool = False) -> None:
        """Note the record, or fail while the broker is down."""
        if not self.up:
            raise BusUnavailable
        at_ms = int(asyncio.get_running_loop().time() * 1000)
        self.sent.append(Sent(at_ms, topic, partition, mpb.RequestRecord.FromString(value)))

    async def reader(self, topic: str, partitions: Sequence[int]) -> Reader:
        """Nothing is read here."""
        raise BusUnavailable

    def items(self) -> list[mpb.Item]:
        """Every item sent, in order, repeats included."""
        return [mpb.Item.FromString(item) for one in self.sent for item in one.record.items]


class Scene:
    """One slot; make it within the running loop."""

    def __init__(
        self, *, book: CareBook | None = None, slot: int = 0, visit: bool = True, house: House | None = None
    ) -> None:
        self.clock = VirtualClock()
        self.database = FakeCareDatabase()
        self.book: Any = book or FakeCareBook(self.database, slot=slot)
        if visit:
            self.database.tables.visits[a_visit().id] = a_visit()
        self.alarms: list[str] = []
        self.alarmed: list[str] = []  # the messages that alarms name
        self.log = NotingLog()
        self.house = house or a_house(slot=slot)
        self.silences = Silences(partitions=[(NODE, at) for at in range(PARTITIONS)], clock=self.clock)
        self.dispatch = Dispatch(
            log=self.log, region=self.house.region, slot=slot, clock=self.clock, silences=self.silences
        )
        self.asks = Asks(
            post=self.dispatch.post, silences=self.silences, node_key=lambda node: NODE_KEY, clock=self.clock
        )
        self.booking = Booking(book=self.book, dispatch=self.dispatch, alarm=self.alarm)
        self.signed_in = SignedIn(book=self.book, clock=self.clock)
        self.claims = ClaimDesk(
            book=self.book, house=self.house, dispatch=self.dispatch, silences=self.silences, asks=self.asks,
            signed_in=self.signed_in, clock=self.clock, alarm=self.alarm,
        )  # fmt: skip
        self.desk = Desk(
            fees=FeeDesk(
                book=FeeBook(dsn="", region="", slot=0),
                house=self.house,
                signed_in=self.signed_in,
                slices=Slices(pressing=lambda: False, clock=self.clock),
                clock=self.clock,
            ),
            claims=self.claims,
            asks=self.asks,
            house=self.house,
            silences=self.silences,
            clock=self.clock,
        )
        self.queries = Queries(book=self.book, house=self.house, clock=self.clock)
        self.filings = FilingQuery(asks=self.asks, house=self.house, clock=self.clock)
        self.session = Session(desk=self.desk, queries=self.queries, clock=self.clock)
        self.beating = True

    def alarm(self, what: str, *, setl_id: str = "") -> None:
        """Note an alarm."""
        self.alarms.append(what)
        self.alarmed.append(setl_id)

    def deadline_ms(self, wait_ms: int = 30_000) -> int:
        """A deadline from now."""
        return self.clock.now_ms() + wait_ms

    def beat(self, *, term: int = 1) -> None:
        """Every partition is heard of; what is open is sent at once where it was silent."""
        for partition in range(PARTITIONS):
            heard = self.silences.heard(NODE, partition, Beat(term, 1, "2026-11-18", self.clock.now_ms()))
            if heard.resend:
                self.dispatch.send_at_once(NODE, partition)

    async def _beat(self) -> None:
        while True:
            if self.beating:
                self.beat()
            await asyncio.sleep(BEAT_EVERY_MS / 1000)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Claim desk, booking and timer at work, and the node beating."""
        self.beat()
        parts = (self.claims.run(), self.booking.run(), self.dispatch.run(), self._beat())
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert all(task.cancelled() for task in tasks), [task for task in tasks if not task.cancelled()]

    def submit(self, request: Any, *, deadline_ms: int = DEADLINE_MS, **given: Any) -> Call:
        """Hand a call to the claim desk as the front desk does."""
        call = a_call(
            request, deadline_ms=deadline_ms, reply=asyncio.get_running_loop().create_future(), **given
        )
        refused = self.claims.submit(call)
        if refused is not None:
            call.answer(refused)
        return call

    async def replies(self, *requests: Any) -> list[Reply]:
        """Submit together; the replies of those that are answered within 2 s, in order."""
        calls = [self.submit(request) for request in requests]
        await asyncio.wait([call.reply for call in calls], timeout=2)
        return [call.reply.result() for call in calls]

    async def claimed(self, *requests: Any) -> list[Call]:
        """Submit together and give the flush the time to be claimed and sent."""
        calls = [self.submit(request) for request in requests]
        await asyncio.sleep(0.3)
        return calls

    def decide(self, call: Call, *, number: int = 1, sign: int = 1, **changes: Any) -> Row:
        """The node's decision of a call arrives; PAID unless told otherwise."""
        request = self.database.tables.requests[call.id]
        row = a_care_row(call.envelope.msgid, number, sign=sign)._replace(
            id=call.id, digest=call.digest, kind=request.kind, visit=request.visit,
            settlement=call.id if sign else None,
        )  # fmt: skip
        row = row._replace(**changes)
        self.booking.take([a_decision(row)])
        return row


def an_open_item(name: str, *, since_ms: int = 0, partition: int = PARTITION) -> OpenItem:
    """A claimed message as the dispatch looks after it."""
    digest = name.encode().ljust(32, b"-")
    item = mpb.Item(id=digest[:16], digest=digest, kind=mpb.KIND_SETTLE, msgid=name)
    return OpenItem(
        digest[:16], 1, digest, NODE, partition, DEADLINE_MS, since_ms, 0, item.SerializeToString()
    )
