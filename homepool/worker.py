"""A worker process of a home node: reads requests, feeds its partitions, sends replies, beats.

Order at the start: the writer before is ended and a term drawn, then the reader's position is fixed, then it beats. A
beat goes out only while the worker reads its own probes back, so it proves both logs; no proof for 3 s: the reader
goes to the end of the log. Everything that is lost on the way is sent again by the gateways' timers, so a full
inbox drops what comes, and a reply that cannot be sent is forgotten.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from random import Random
from typing import Any, Final

import structlog
from google.protobuf.message import DecodeError

from bus.beats import BEAT_EVERY_MS, ProbeWatch, Slots
from bus.errors import BusError
from bus.log import Arrived, Log, Reader
from bus.topics import SLOTS_AT_BIRTH, reply_topic, request_topic
from homepool import replies
from homepool.asks import AskedQuestion, Asks
from homepool.benefits import settle as settle_benefits
from homepool.book import Fenced, HomeBook, Restored
from homepool.decide import Policies, Settle
from homepool.partition import Alarms, Answered, Asked, Partition
from homepool.seen import Mark, Seen
from ledger.wire import decision_of
from proto.settlement.v1 import messages_pb2
from runtime.clock import Clock, china_date

POLL_WAIT_MS: Final = 500
SENDING_MAX: Final = 256
LEAVES_AHEAD_DAYS: Final = 4
"""The leaves of today and the next three days are kept ready."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool.worker")

Task = Callable[[], Coroutine[Any, Any, None]]


class Worker:
    """Some partitions of one home node. `books` are sessions, one a partition; `asking` is one more for questions."""

    def __init__(
        self,
        *,
        node: int,
        books: Mapping[int, HomeBook],
        asking: HomeBook,
        log: Log,
        clock: Clock,
        policies: Policies,
        alarms: Alarms,
        seen: Seen,
        private_key: bytes,
        regions: frozenset[str],
        random: Random,
        settle: Settle = settle_benefits,
        beating: asyncio.Event | None = None,
        terms: Mapping[int, int] | None = None,
    ) -> None:
        """`terms` are those of this process's worker before, which lost its sessions: if another process has drawn a
        higher one since, this process has been taken over and must not take over again.
        """
        self.partitions: dict[int, Partition] = {}
        self._node = node
        self._books = books
        self._log = log
        self._clock = clock
        self._policies = policies
        self._settle = settle
        self._alarms = alarms
        self._seen = seen
        self._regions = regions
        self._random = random
        self._asking = asking
        self._asking_session = asyncio.Lock()
        self._asks = Asks(
            node=node, book=asking, session=self._asking_session, clock=clock, policies=policies, settle=settle,
            private_key=private_key, answer=self._answer_ask,
        )  # fmt: skip
        self._reader: Reader | None = None
        self._probes: dict[int, ProbeWatch] = {}
        self._slots = Slots()
        self._sending: set[asyncio.Task[None]] = set()
        self._leaves_from = china_date(clock.now_ms())
        self.beating = beating or asyncio.Event()
        """Set by the first proof that this worker is heard and hears."""
        self._proved = False
        self._terms = terms or {}

    async def take_over(self) -> None:
        """Become the writer of the partitions, then fix the reader's position.

        Raises Restored, Fenced, BusUnavailable and the book's errors.
        """
        marks = self._seen.marks()
        for number, book in sorted(self._books.items()):
            stands = await book.cursor(number)
            mark = marks.get(number, Mark(0, 0))
            if stands.term < mark.term or stands.next_number <= mark.number:
                self._alarms("the database knows less than this node had written", partition=number)
                raise Restored
            if stands.term != self._terms.get(number, stands.term):
                self._alarms("another worker has taken over", partition=number, term=stands.term)
                raise Fenced("term")
            cursor = await book.take_over(number, now_ms=self._clock.now_ms())
            self.partitions[number] = Partition(
                node=self._node, cursor=cursor, book=book, clock=self._clock, policies=self._policies,
                settle=self._settle, answer=self._answer, alarms=self._alarms,
            )  # fmt: skip
            self._probes[number] = ProbeWatch(rng=self._random, now_ms=self._monotonic_ms())
        self._reader = await self._log.reader(request_topic(str(self._node)), sorted(self.partitions))
        _log.info("took over", terms={n: p.cursor.term for n, p in self.partitions.items()})

    def tasks(self) -> dict[str, Task]:
        """What must run for ever; whichever ends, ends the worker."""
        tasks: dict[str, Task] = {"read": self._read, "beat": self._beat, "asks": self._asks.run}
        return tasks | {f"partition {number}": part.run for number, part in self.partitions.items()}

    async def run(self) -> None:
        """Take over, then work until something ends it: raises what it was."""
        await self.take_over()
        running = [asyncio.create_task(task(), name=name) for name, task in self.tasks().items()]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._stop(running)

    async def _stop(self, running: Sequence[asyncio.Task[None]]) -> None:
        ending = [*running, *self._sending]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._reader is not None:
            await self._reader.close()

    # ------------------------------------------------------------------------------------------- reading

    async def _read(self) -> None:
        assert self._reader is not None
        while True:
            for arrived in await self._reader.poll(wait_ms=POLL_WAIT_MS):
                self._take(arrived)

    def _take(self, arrived: Arrived) -> None:
        try:
            record = messages_pb2.RequestRecord.FromString(arrived.value)
        except DecodeError:
            self._alarms("a request record cannot be read", partition=arrived.partition)
            return
        if record.probe:
            self._take_probe(arrived.partition, record.probe)
            return
        region, slot = record.region, record.slot
        if region not in self._regions or slot >= SLOTS_AT_BIRTH:
            self._alarms("a request names a region or slot that this node does not know", slot=slot)
            return
        if self._slots.heard(region, slot, now_ms=self._monotonic_ms()):
            self._beat_to(region, slot)
        intake = self.partitions[arrived.partition].intake
        dropped = 0
        for raw in record.items:
            dropped += not intake.put(Asked(raw, region, slot, record.sender_clock_ms))
        for ask in record.asks:
            dropped += not self._asks.intake.put(AskedQuestion(ask, region, slot, arrived.partition))
        if dropped:
            _log.warning("inbox full; what is dropped is sent again", dropped=dropped)

    def _take_probe(self, partition: int, probe: int) -> None:
        if self._probes[partition].read(probe) and not self._proved:
            self._proved = True
            self.beating.set()
            for region, slot in self._slots.alive(now_ms=self._monotonic_ms()):
                self._beat_to(region, slot)

    # ------------------------------------------------------------------------------------------- answering

    def _answer(self, answered: Sequence[Answered]) -> None:
        """One record per slot that asked; more where one would be too large."""
        by_slot: dict[tuple[str, int], list[bytes]] = {}
        for asked, row, undone_by in answered:
            decision = decision_of(row, undone_by).SerializeToString()
            by_slot.setdefault((asked.region, asked.slot), []).append(decision)
        for (region, slot), decisions in by_slot.items():
            for record in replies.decision_records(self._node, decisions):
                self._send(reply_topic(region), slot, record)

    def _answer_ask(self, region: str, slot: int, answers: list[bytes]) -> None:
        for record in replies.answer_records(self._node, answers):
            self._send(reply_topic(region), slot, record)

    def _send(self, topic: str, partition: int, record: bytes, *, quiet: bool = False) -> None:
        if len(self._sending) >= SENDING_MAX:
            _log.warning("too many records under way; this one is asked for again", topic=topic)
            return
        sending = asyncio.create_task(self._sent(topic, partition, record, quiet))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _sent(self, topic: str, partition: int, record: bytes, quiet: bool) -> None:
        try:
            await self._log.send(topic, partition, record, quiet=quiet)
        except BusError as failure:
            _log.info("not sent", topic=topic, failure=type(failure).__name__)

    # ------------------------------------------------------------------------------------------- beating

    async def _beat(self) -> None:
        while True:
            now_ms = self._monotonic_ms()
            for number, probes in self._probes.items():
                probe = messages_pb2.RequestRecord(
                    partition=number, probe=probes.next_probe(now_ms=now_ms),
                    sender_clock_ms=self._clock.now_ms(),
                )  # fmt: skip
                topic = request_topic(str(self._node))
                self._send(topic, number, probe.SerializeToString(), quiet=True)
                if probes.replace_due(now_ms=now_ms):
                    await self._seek_to_end(number)
            for region, slot in self._slots.alive(now_ms=now_ms):
                self._beat_to(region, slot)
            self._seen.note(
                {
                    number: Mark(part.cursor.term, part.cursor.next_number - 1)
                    for number, part in self.partitions.items()
                }
            )
            await self._keep_leaves()
            await asyncio.sleep(BEAT_EVERY_MS / 1000)

    def _beat_to(self, region: str, slot: int) -> None:
        now_ms = self._monotonic_ms()
        beats = [
            messages_pb2.Beat(
                partition=number, term=part.cursor.term, term_first_number=part.cursor.term_first_number,
                term_first_day=part.cursor.term_first_day.isoformat(), clock_ms=self._clock.now_ms(),
            )
            for number, part in self.partitions.items()
            if self._probes[number].may_beat(now_ms=now_ms)
        ]  # fmt: skip
        if beats:
            self._send(reply_topic(region), slot, replies.beat_record(self._node, beats), quiet=True)

    async def _seek_to_end(self, partition: int) -> None:
        assert self._reader is not None
        _log.warning("no probe came back; reading from the end of the log", partition=partition)
        try:
            await self._reader.seek_to_end(partition)
        except BusError as failure:
            _log.warning("the broker does not answer", failure=type(failure).__name__)

    async def _keep_leaves(self) -> None:
        """Once a day: make the leaves of the days to come."""
        today = china_date(self._clock.now_ms())
        if today > self._leaves_from:
            async with self._asking_session:
                await self._asking.make_leaves(today, LEAVES_AHEAD_DAYS)
            self._leaves_from = today

    def _monotonic_ms(self) -> int:
        return int(self._clock.monotonic_s() * 1000)
