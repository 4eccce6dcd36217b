"""Reading some partitions of a topic from Kafka, without groups and without offsets to keep.

Method: one fetch at a time per leader, in a task that outlives the poll which started it, so that a poll can give up
waiting and a cancelled one loses nothing: a position moves only when records are handed out. There is no prefetch:
while the caller works on a batch the next one gathers at the broker, which is what makes batches grow under load.
"""

import asyncio
from collections.abc import Mapping, Sequence

from bus import wire
from bus.brokers import Brokers
from bus.errors import BusClosed, BusUnavailable
from bus.log import Arrived
from bus.pace import Pace
from bus.settings import BusSettings

EMBEDDED_FETCH_WAIT_MS = 1
"""The embedded broker looks again and again while a fetch waits (three times the CPU of a pause of ours), and answers
a fetch that may not wait at all with nothing."""

EMBEDDED_BEHIND_WAIT_MS = 100
"""For a reader that its last fetch left behind. For every fetch the embedded broker goes through the whole partition
from its first record on (1 to 4 µs a record, more on a busy machine) and stops when the wait is over, found or not: in
1 ms nothing at all comes out of a log of 1,000 records. It answers as soon as it has some."""

EMBEDDED_BEHIND_WAIT_MS_MAX = 1_000
"""The wait is doubled up to this, and up to half the request timeout, while nothing comes: a long log must stay
readable, and a probe come back within 3 s."""

BEYOND_END_EVERY_S = 3.0
"""A partition is put back to its end at most so often: the embedded broker's word for its end is not always right."""


class KafkaReader:
    """Reads by position; implements bus.log.Reader."""

    def __init__(self, *, topic: str, settings: BusSettings, pace: Pace) -> None:
        self._topic = topic
        self._settings = settings
        self._pace = pace
        self._behind_wait_ms_max = min(EMBEDDED_BEHIND_WAIT_MS_MAX, settings.request_timeout_ms // 2)
        self._brokers = Brokers(settings)
        self._positions: dict[int, int] = {}
        self._fetches: dict[asyncio.Task[list[wire.PartitionFetched]], list[int]] = {}
        self._put_back_s: dict[int, float] = {}
        self._behind: set[int] = set()  # partitions whose last fetch left records at the broker
        self._in_vain: set[int] = set()  # of these, the ones of which it brought nothing
        self._behind_wait_ms: dict[int, int] = {}  # what a partition's length has been found to need
        self._fetch_took_s = 0.0
        self._rests = False  # the last poll brought something: the next one pauses first
        self._closed = False

    async def start(self, partitions: Sequence[int]) -> None:
        """Fix every position at the end of the log. Raises BusUnavailable."""
        for partition in partitions:
            await self.seek_to_end(partition)

    async def poll(self, *, wait_ms: int) -> list[Arrived]:
        """What has arrived, waiting up to `wait_ms` for the first record."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_ms / 1000
        while True:
            if self._closed:
                raise BusClosed
            if self._rests and not self._behind:
                await self._pace.pause(max(0.0, until_s - loop.time()), fetch_took_s=self._fetch_took_s)
            self._rests = False
            self._start_fetches()
            left_s = max(0.0, until_s - loop.time())
            done, _ = await asyncio.wait(self._fetches, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            arrived = [record for task in done for record in self._take(task)]
            left_s = until_s - loop.time()
            self._rests = self._settings.embedded and bool(done)
            if arrived or left_s <= 0:
                return arrived

    async def seek_to_end(self, partition: int) -> None:
        """Start again at the end of this partition."""
        if self._closed:
            raise BusClosed
        connection = await self._brokers.connect(self._topic, partition)
        try:
            ends = await self._ends(connection, [partition])
        except wire.FAILURES as failure:
            await self._brokers.drop(connection)
            raise BusUnavailable from failure
        if partition not in ends:
            self._brokers.forget(self._topic)
            raise BusUnavailable(f"Partition {partition} of {self._topic} has no leader that tells its end.")
        self._positions[partition] = ends[partition]

    async def close(self) -> None:
        """Stop reading."""
        self._closed = True
        fetches = list(self._fetches)
        for task in fetches:
            task.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        self._fetches.clear()
        await self._brokers.close()

    def _start_fetches(self) -> None:
        """One fetch per leader for the partitions that no fetch is under way for."""
        under_way = {partition for partitions in self._fetches.values() for partition in partitions}
        groups: dict[wire.Connection | None, list[int]] = {}
        # a broker spends a fetch's time and bytes in the order asked: whoever went without comes first
        for partition in sorted(self._positions, key=lambda partition: partition not in self._in_vain):
            if partition not in under_way:
                groups.setdefault(self._brokers.ready(self._topic, partition), []).append(partition)
        for connection, partitions in groups.items():
            if connection is None:
                task = asyncio.create_task(self._reconnect(partitions[0]))
            else:
                positions = {partition: self._positions[partition] for partition in partitions}
                task = asyncio.create_task(self._fetch(connection, positions))
            self._fetches[task] = partitions

    def _take(self, task: asyncio.Task[list[wire.PartitionFetched]]) -> list[Arrived]:
        del self._fetches[task]
        arrived: list[Arrived] = []
        for fetched in task.result():
            partition = fetched.partition
            if self._positions[partition] == fetched.asked:  # else somebody sought meanwhile
                self._positions[partition] = fetched.next_offset
                arrived += [Arrived(partition, value) for value in fetched.values]
        return arrived

    async def _reconnect(self, partition: int) -> list[wire.PartitionFetched]:
        try:
            await self._brokers.connect(self._topic, partition)
        except BusUnavailable:
            await asyncio.sleep(self._settings.reconnect_backoff_ms / 1000)
        return []

    async def _fetch(
        self, connection: wire.Connection, positions: Mapping[int, int]
    ) -> list[wire.PartitionFetched]:
        wait_ms = self._wait_ms(positions)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            response = await connection.ask(wire.fetch_request(self._topic, positions, wait_ms=wait_ms))
            fetched = wire.read_fetched(response, positions)
            beyond = [answer.partition for answer in fetched if self._beyond_end(answer)]
            ends = await self._ends(connection, beyond) if beyond else {}
            for partition in beyond:
                self._behind_wait_ms.pop(partition, None)
        except wire.FAILURES:
            await self._brokers.drop(connection)
            await asyncio.sleep(self._settings.reconnect_backoff_ms / 1000)
            return []
        self._fetch_took_s = loop.time() - began_s
        self._note_behind(positions, fetched)
        if any(answer.error not in (wire.NO_ERROR, wire.OFFSET_OUT_OF_RANGE) for answer in fetched):
            self._brokers.forget(self._topic)  # the leader has moved, or the topic is gone
            await asyncio.sleep(self._settings.reconnect_backoff_ms / 1000)
        return [
            answer._replace(next_offset=ends.get(answer.partition, answer.next_offset)) for answer in fetched
        ]

    def _wait_ms(self, positions: Mapping[int, int]) -> int:
        """How long the broker may hold or work on this fetch."""
        if not self._settings.embedded:
            return self._settings.fetch_wait_ms
        waits = [
            self._behind_wait_ms.get(partition, EMBEDDED_BEHIND_WAIT_MS)
            for partition in self._behind.intersection(positions)
        ]
        return max(waits, default=EMBEDDED_FETCH_WAIT_MS)

    def _note_behind(self, asked: Mapping[int, int], fetched: Sequence[wire.PartitionFetched]) -> None:
        """Who has been left behind, and what the next fetch needs where even a patient one brought nothing.

        What was found to be needed stays until the log is lost: a log grows, and the wait costs nothing where a
        record is found.
        """
        if not fetched:
            self._behind |= asked.keys()  # the time was over before the broker had begun
        for answer in fetched:
            partition = answer.partition
            behind_again = partition in self._behind
            self._behind.discard(partition)
            self._in_vain.discard(partition)
            if answer.next_offset >= answer.end:
                continue
            self._behind.add(partition)
            if answer.values:
                continue
            self._in_vain.add(partition)
            if behind_again:
                wait_ms = self._behind_wait_ms.get(partition, EMBEDDED_BEHIND_WAIT_MS)
                self._behind_wait_ms[partition] = min(2 * wait_ms, self._behind_wait_ms_max)

    def _beyond_end(self, answer: wire.PartitionFetched) -> bool:
        """Whether the log was lost and is now shorter than the position: Kafka says so, the embedded one hints."""
        lost = answer.error == wire.OFFSET_OUT_OF_RANGE or (
            self._settings.embedded and not answer.values and answer.end < answer.asked
        )
        now_s = asyncio.get_running_loop().time()
        if not lost or now_s < self._put_back_s.get(answer.partition, 0.0):
            return False
        self._put_back_s[answer.partition] = now_s + BEYOND_END_EVERY_S
        return True

    async def _ends(self, connection: wire.Connection, partitions: Sequence[int]) -> dict[int, int]:
        response = await connection.ask(wire.ends_request(self._topic, partitions))
        ends = wire.read_ends(response)
        return {partition: end for partition, (error, end) in ends.items() if error == wire.NO_ERROR}
