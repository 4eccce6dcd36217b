"""What the home nodes send: one reader of this slot's partition, beats to the silences, decisions to the booking."""

import asyncio
from typing import Final

import structlog
from google.protobuf.message import DecodeError

from bus.beats import Beat, Deafness
from bus.errors import BusError
from bus.log import Log, Reader
from bus.topics import reply_topic
from gateway.alarm import Alarm
from gateway.asks import Asks
from gateway.booking import Booking
from gateway.dispatch import Dispatch
from gateway.silences import Silences
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.clock import Clock

POLL_WAIT_MS: Final = 500
TICK_MS: Final = 250
OPEN_AGAIN_AFTER_MS: Final = 500

_log: structlog.stdlib.BoundLogger = structlog.get_logger("replies")


class Replies:
    """The ear of a slot."""

    def __init__(
        self,
        *,
        log: Log,
        region: str,
        slot: int,
        clock: Clock,
        silences: Silences,
        dispatch: Dispatch,
        booking: Booking,
        asks: Asks,
        alarm: Alarm,
    ) -> None:
        self._log = log
        self._topic = reply_topic(region)
        self._slot = slot
        self._clock = clock
        self._silences = silences
        self._dispatch = dispatch
        self._booking = booking
        self._asks = asks
        self._alarm = alarm
        self._reader: Reader | None = None
        self._deafness = Deafness(now_ms=0)

    async def run(self) -> None:
        """Read for ever; the reader's position is fixed before the first hello asks for beats."""
        self._reader = await self._opened()
        self._deafness = Deafness(now_ms=self._now_ms())
        ticking = asyncio.ensure_future(self._tick())
        try:
            while not ticking.done():
                for arrived in await self._reader.poll(wait_ms=POLL_WAIT_MS):
                    self._deafness.heard(now_ms=self._now_ms())
                    self._take(arrived.value)
            ticking.result()
        finally:
            ticking.cancel()
            await self._reader.close()

    async def _opened(self) -> Reader:
        while True:
            try:
                return await self._log.reader(self._topic, [self._slot])
            except BusError:
                _log.warning("no reader yet; is the broker up?", topic=self._topic)
                await asyncio.sleep(OPEN_AGAIN_AFTER_MS / 1000)

    def _take(self, value: bytes) -> None:
        try:
            record = mpb.ReplyRecord.FromString(value)
        except DecodeError:
            self._alarm("a reply record cannot be read")
            return
        for beat in record.beats:
            heard = self._silences.heard(
                record.node,
                beat.partition,
                Beat(beat.term, beat.term_first_number, beat.term_first_day, beat.clock_ms),
            )
            if heard.resend:
                self._dispatch.send_at_once(record.node, beat.partition)
        if record.decisions:
            self._booking.take(record.decisions)
        for answer in record.answers:
            self._asks.answered(answer)

    async def _tick(self) -> None:
        """Hellos where a worker should know of this slot; a new position where nothing is heard at all."""
        while True:
            for node, partition in self._silences.hello_due():
                self._dispatch.post(node, partition, mpb.RequestRecord())
            if self._deafness.replace_due(now_ms=self._now_ms()) and self._reader is not None:
                try:
                    await self._reader.seek_to_end(self._slot)
                except BusError:
                    _log.warning("nothing is heard and the broker does not answer", topic=self._topic)
            await asyncio.sleep(TICK_MS / 1000)

    def _now_ms(self) -> int:
        return int(self._clock.monotonic_s() * 1000)
