"""A log in memory for the simulation: the same port as bus.kafka, on the loop's (virtual) time, with faults.

Goal: the very code of gateway and home node runs over it in one process, and every fault that Kafka and the embedded
broker have shown happens here too, drawn from one seeded random so that a seed replays a run exactly:

- a record is dropped after it was acknowledged, arrives twice, arrives late (and so out of order), or is refused;
- a record is appended but its acknowledgement is lost (the sender sees BusUnavailable);
- the broker is down for a while; the log forgets everything, or forgets and has grown again before anyone looked.
  As on the embedded broker a reader beyond the new end gets no error: it reads nothing until the log has grown past
  it, which is what beats and `seek_to_end` are for.

Each process has its own FakeLog over the one FakeBroker, with its own `checkpoint`, awaited with a name at every
await point: raise there to crash the process at that very step. No timers but asyncio's.
"""

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bus.errors import BusClosed, BusUnavailable, RecordTooLarge
from bus.log import Arrived
from bus.records import RECORD_BYTES_MAX

POLL_RECORDS_MAX = 200

Checkpoint = Callable[[str], Awaitable[None]]


async def no_checkpoint(name: str) -> None:
    """Never crashes."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, in per cent of the records sent, and how long in ms. Zero everywhere is a healthy log."""

    drop_pct: int = 0
    duplicate_pct: int = 0
    delay_pct: int = 0
    delay_ms_max: int = 0
    refuse_pct: int = 0
    ack_lost_pct: int = 0
    ack_ms: int = 1

    def __post_init__(self) -> None:
        assert self.delay_ms_max or not (self.delay_pct or self.duplicate_pct), "a delay has a limit above 0"


HEALTHY = Faults()


class FakeBroker:
    """The records of all topics, and what goes wrong with them."""

    def __init__(self, *, rng: random.Random, faults: Faults = HEALTHY) -> None:
        self.faults = faults  # may be replaced in mid-run: HEALTHY is how faults stop
        self.up = True
        self._rng = rng
        self._logs: dict[tuple[str, int], list[bytes]] = {}
        self._late: list[tuple[float, int, tuple[str, int], bytes]] = []
        self._late_count = 0
        self._grown: list[asyncio.Future[None]] = []

    def make_topics(self, topics: Mapping[str, int]) -> None:
        """Make what is not there yet, with so many partitions each."""
        for topic, partitions in topics.items():
            for partition in range(partitions):
                self._logs.setdefault((topic, partition), [])

    def go_down(self) -> None:
        """Every send and seek fails and every poll is empty until `come_up`."""
        self.up = False

    def come_up(self) -> None:
        """The broker answers again."""
        self.up = True
        self._wake()

    def forget(self, *, grow_again: bool = False) -> None:
        """Lose every record; offsets start at 0 again. The topics are made again at once, as `stack` does.

        `grow_again`: before any reader looks, every partition is longer than it was, by old records sent again.
        """
        self._late.clear()
        for key, records in self._logs.items():
            if grow_again and records:
                self._logs[key] = self._rng.choices(records, k=len(records) + self._rng.randint(1, 3))
            else:
                self._logs[key] = []
        self._wake()

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next record will have."""
        self._deliver_late()
        return len(self._log_of(topic, partition))

    def accept(self, topic: str, partition: int, value: bytes) -> bool:
        """Append a record subject to the faults; whether it is acknowledged."""
        self._log_of(topic, partition)
        self._deliver_late()  # what was due before this one stands before it
        if not self.up or self._chance(self.faults.refuse_pct):
            return False
        acknowledged = not self._chance(self.faults.ack_lost_pct)
        if self._chance(self.faults.drop_pct):
            return acknowledged
        key = (topic, partition)
        if self._chance(self.faults.delay_pct):
            self._append_late(key, value)
        else:
            self._append(key, value)
        if self._chance(self.faults.duplicate_pct):
            self._append_late(key, value)
        return acknowledged

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[bytes]:
        """Records from an offset on; nothing, and no error, from beyond the end."""
        self._deliver_late()
        if not self.up:
            return []
        return self._log_of(topic, partition)[offset : offset + limit]

    async def wait_grown(self, wait_s: float) -> None:
        """Return when any record arrives, or after `wait_s`."""
        loop = asyncio.get_running_loop()
        if self._late:
            wait_s = min(wait_s, max(0.0, self._late[0][0] - loop.time()))
        grown: asyncio.Future[None] = loop.create_future()
        self._grown.append(grown)
        try:
            async with asyncio.timeout(wait_s):
                await grown
        except TimeoutError:
            pass
        finally:
            if grown in self._grown:
                self._grown.remove(grown)

    def _chance(self, per_cent: int) -> bool:
        return per_cent > 0 and self._rng.randrange(100) < per_cent

    def _log_of(self, topic: str, partition: int) -> list[bytes]:
        try:
            return self._logs[(topic, partition)]
        except KeyError:
            raise BusUnavailable(f"there is no partition {partition} of {topic}") from None

    def _append(self, key: tuple[str, int], value: bytes) -> None:
        self._logs[key].append(value)
        self._wake()

    def _append_late(self, key: tuple[str, int], value: bytes) -> None:
        due_s = asyncio.get_running_loop().time() + self._rng.randint(1, self.faults.delay_ms_max) / 1000
        self._late_count += 1
        heapq.heappush(self._late, (due_s, self._late_count, key, value))
        self._wake()  # a waiting reader must now wait for this one too

    def _deliver_late(self) -> None:
        now_s = asyncio.get_running_loop().time()
        while self._late and self._late[0][0] <= now_s:
            _, _, key, value = heapq.heappop(self._late)
            self._append(key, value)

    def _wake(self) -> None:
        waiting, self._grown = self._grown, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class FakeLog:
    """One process's hold on the fake broker."""

    def __init__(self, broker: FakeBroker, *, checkpoint: Checkpoint = no_checkpoint) -> None:
        self._broker = broker
        self._checkpoint = checkpoint
        self._closed = False

    async def send(self, topic: str, partition: int, value: bytes, *, quiet: bool = False) -> None:
        """Append one record, subject to the broker's faults."""
        self._check_open()
        if len(value) > RECORD_BYTES_MAX:
            raise RecordTooLarge(f"{len(value)} bytes are more than {RECORD_BYTES_MAX}")
        await self._checkpoint("log.send")
        acknowledged = self._broker.accept(topic, partition, value)
        await self._checkpoint("log.appended")
        await asyncio.sleep(self._broker.faults.ack_ms / 1000)
        await self._checkpoint("log.acknowledged")
        if not acknowledged:
            raise BusUnavailable

    async def reader(self, topic: str, partitions: Sequence[int]) -> "FakeReader":
        """A reader at the end of the log."""
        self._check_open()
        await self._checkpoint("log.reader")
        reader = FakeReader(self._broker, topic, partitions, checkpoint=self._checkpoint)
        for partition in partitions:
            await reader.seek_to_end(partition)
        return reader

    async def close(self) -> None:
        """Send no more."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise BusClosed


class FakeReader:
    """Positions over the fake broker's logs."""

    def __init__(
        self, broker: FakeBroker, topic: str, partitions: Sequence[int], *, checkpoint: Checkpoint
    ) -> None:
        self._broker = broker
        self._topic = topic
        self._positions = dict.fromkeys(partitions, 0)
        self._checkpoint = checkpoint
        self._closed = False

    async def poll(self, *, wait_ms: int) -> list[Arrived]:
        """What has arrived since the last poll."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_ms / 1000
        while True:
            await self._checkpoint("log.poll")
            if self._closed:
                raise BusClosed
            arrived = self._take()
            left_s = until_s - loop.time()
            if arrived or left_s <= 0:
                return arrived
            await self._broker.wait_grown(left_s)

    async def seek_to_end(self, partition: int) -> None:
        """Skip what lies between here and the end."""
        assert partition in self._positions
        await self._checkpoint("log.seek")
        if not self._broker.up:
            raise BusUnavailable
        self._positions[partition] = self._broker.end(self._topic, partition)

    async def close(self) -> None:
        """Read no more."""
        self._closed = True

    def _take(self) -> list[Arrived]:
        arrived: list[Arrived] = []
        for partition, position in self._positions.items():
            values = self._broker.read(self._topic, partition, position, POLL_RECORDS_MAX - len(arrived))
            arrived += [Arrived(partition, value) for value in values]
            self._positions[partition] = position + len(values)
        return arrived
