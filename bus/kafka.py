"""The log on Kafka: one connection per leader to send on, one more per leader and reader.

There are no retries here. A send that fails raises, its connection is dropped, and whoever needs an answer sends
again by his own timer, through a new connection to a broker whose topics are asked for anew.

So that this comes to rest with a broker that is merely slow, `bus.window` lets few records be under way after a
failure, and more as the broker acknowledges them: a connection is answered in order, and a queue that takes longer
than the request timeout would be dropped whole, sent again and dropped again, for ever.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from bus import wire
from bus.brokers import Brokers
from bus.errors import BusClosed, BusFull, BusUnavailable, RecordTooLarge
from bus.pace import Pace
from bus.reader import KafkaReader
from bus.records import RECORD_BYTES_MAX
from bus.settings import BusSettings
from bus.window import Window

_log: structlog.stdlib.BoundLogger = structlog.get_logger("bus")


@asynccontextmanager
async def open_log(settings: BusSettings) -> AsyncIterator["KafkaLog"]:
    """The log of one process, with its readers closed at the end. The broker need not be there yet."""
    log = KafkaLog(settings)
    try:
        yield log
    finally:
        await log.close()


class KafkaLog:
    """One process's hold on Kafka; implements bus.log.Log."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._brokers = Brokers(settings)
        self._pace = Pace(settings)
        self._readers: list[KafkaReader] = []
        self._window = Window(
            records_max=settings.unacknowledged_records_max, bytes_max=settings.unacknowledged_bytes_max
        )
        self._failing: set[str] = set()  # topics whose last send failed
        self._closed = False

    async def send(self, topic: str, partition: int, value: bytes, *, quiet: bool = False) -> None:
        """Append one record and wait for the leader's acknowledgement."""
        size = len(value)
        self._check(size)
        self._window.enter(size)
        if not quiet:
            self._pace.expect_answers()
        try:
            connection = self._brokers.ready(topic, partition)
            if connection is None:
                connection = await self._brokers.connect(topic, partition)
            await self._append(connection, topic, partition, value)
        except BusUnavailable as failure:  # an outage is one line, not one per record
            if topic not in self._failing:
                self._failing.add(topic)
                _log.warning("sends fail", topic=topic, reason=str(failure))
            raise
        finally:
            self._window.leave(size)
        self._window.acknowledged()
        if topic in self._failing:
            self._failing.discard(topic)
            _log.info("sends succeed again", topic=topic)

    async def reader(self, topic: str, partitions: Sequence[int]) -> KafkaReader:
        """A reader at the end of the log."""
        if self._closed:
            raise BusClosed
        reader = KafkaReader(topic=topic, settings=self._settings, pace=self._pace)
        try:
            await reader.start(partitions)
        except BaseException:
            await reader.close()
            raise
        self._readers.append(reader)
        return reader

    async def close(self) -> None:
        """Close the readers and drop the connections, within a bounded time; what is under way fails."""
        self._closed = True
        await asyncio.gather(*(reader.close() for reader in self._readers))
        self._readers.clear()
        await self._brokers.close()

    def _check(self, size: int) -> None:
        if self._closed:
            raise BusClosed
        if size > RECORD_BYTES_MAX:
            raise RecordTooLarge(f"A record of {size} bytes is larger than {RECORD_BYTES_MAX}.")
        if not self._window.room(size):
            raise BusFull

    async def _append(self, connection: wire.Connection, topic: str, partition: int, value: bytes) -> None:
        request = wire.produce_request(
            topic,
            partition,
            value,
            now_ms=time.time_ns() // 1_000_000,
            timeout_ms=self._settings.request_timeout_ms,
        )
        try:
            response = await connection.ask(request)
        except wire.FAILURES as failure:
            self._window.failed()
            await self._brokers.drop(connection)
            raise BusUnavailable from failure
        error = wire.read_produced(response)
        if error == wire.NO_ERROR:
            return
        if error == wire.MESSAGE_TOO_LARGE:
            raise RecordTooLarge(f"The broker takes no record of {len(value)} bytes.")
        self._brokers.forget(topic)
        raise BusUnavailable(
            f"The broker answered {wire.error_name(error)} for partition {partition} of {topic}."
        )
