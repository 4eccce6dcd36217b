"""Worker and slot in miniature over a real broker: beats find every kind of deafness, and sending again heals it.

The reader's own hint that a log was lost is switched off here (`embedded=False` on the embedded broker), so that
beats alone must notice it, as they must for a fault that nobody has thought of.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from bus.beats import BEAT_EVERY_MS, Beat, Deafness, Heard, ProbeWatch, Silence, Slots
from bus.errors import BusUnavailable
from bus.kafka import open_log
from bus.log import Log, Reader
from bus.settings import BusSettings
from bus.topics import make_topics
from proto.settlement.v1 import messages_pb2
from stack.embedded import EmbeddedBroker
from tests.brokers import LiveBroker

TOPICS = {"req.44": 2, "rep.44": 8}
PATIENCE_S = 60.0
TICK_S = 0.1
SLOT = 5


def now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


async def sent(log: Log, topic: str, partition: int, value: bytes) -> None:
    """Send and never mind: timers send again."""
    try:
        await log.send(topic, partition, value, quiet=True)
    except BusUnavailable:
        await asyncio.sleep(TICK_S)


async def reader_of(log: Log, topic: str, partitions: list[int]) -> Reader:
    while True:
        try:
            return await log.reader(topic, partitions)
        except BusUnavailable:
            await asyncio.sleep(TICK_S)


class Worker:
    """Answers each item of partition 1 with its own bytes, once it knows of its slot."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._term = wall_ms()
        self._slots = Slots()
        self.watch = ProbeWatch(rng=random.Random(1), now_ms=now_ms())
        self.seeks = 0

    async def run(self) -> None:
        reader = await reader_of(self._log, "req.44", [1])
        next_ms = 0
        while True:
            if now_ms() >= next_ms:
                next_ms = now_ms() + BEAT_EVERY_MS
                probe = self.watch.next_probe(now_ms=now_ms())
                await sent(
                    self._log, "req.44", 1, messages_pb2.RequestRecord(probe=probe).SerializeToString()
                )
                await self._beat()
            for arrived in await reader.poll(wait_ms=int(TICK_S * 1000)):
                await self._take(messages_pb2.RequestRecord.FromString(arrived.value))
            if self.watch.replace_due(now_ms=now_ms()):
                self.seeks += 1
                with suppress(BusUnavailable):
                    await reader.seek_to_end(1)

    async def _take(self, record: messages_pb2.RequestRecord) -> None:
        if record.probe:
            self.watch.read(record.probe)
        elif self._slots.heard(record.region, record.slot, now_ms=now_ms()):
            await self._beat()
        for item in record.items:
            reply = messages_pb2.ReplyRecord(decisions=[messages_pb2.Decision(id=item)])
            await sent(self._log, "rep.44", record.slot, reply.SerializeToString())

    async def _beat(self) -> None:
        if not self.watch.may_beat(now_ms=now_ms()):
            return
        beat = messages_pb2.Beat(partition=1, term=self._term, clock_ms=wall_ms())
        for _, slot in self._slots.alive(now_ms=now_ms()):
            await sent(self._log, "rep.44", slot, messages_pb2.ReplyRecord(beats=[beat]).SerializeToString())


class Asker:
    """A slot that sends an item only when a beat tells it to, so that nothing but the beats can heal it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.silence = Silence()
        self.heard: list[Heard] = []
        self.unresolved: set[bytes] = set()
        self.seeks = 0

    async def run(self) -> None:
        reader = await reader_of(self._log, "rep.44", [SLOT])
        deafness = Deafness(now_ms=now_ms())
        while True:
            if self.silence.hello_due(now_ms=now_ms()):
                await self.send([])
            for arrived in await reader.poll(wait_ms=int(TICK_S * 1000)):
                deafness.heard(now_ms=now_ms())
                await self._take(messages_pb2.ReplyRecord.FromString(arrived.value))
            if deafness.replace_due(now_ms=now_ms()):
                self.seeks += 1
                with suppress(BusUnavailable):
                    await reader.seek_to_end(SLOT)

    async def send(self, items: list[bytes]) -> None:
        self.silence.sent(now_ms=now_ms())
        record = messages_pb2.RequestRecord(region="44", slot=SLOT, partition=1, items=items)
        await sent(self._log, "req.44", 1, record.SerializeToString())

    async def _take(self, record: messages_pb2.ReplyRecord) -> None:
        for beat in record.beats:
            heard = self.silence.heard(
                Beat(beat.term, beat.term_first_number, beat.term_first_day, beat.clock_ms),
                now_ms=now_ms(),
                wall_ms=wall_ms(),
            )
            self.heard.append(heard)
            if heard.resend and self.unresolved:
                await self.send(sorted(self.unresolved))
        for decision in record.decisions:
            self.unresolved.discard(decision.id)


@asynccontextmanager
async def running(*mains: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(main()) for main in mains]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [end for end in ended if not isinstance(end, asyncio.CancelledError)] == []


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 what is awaited happens in a state machine, not in an event
            await asyncio.sleep(0.02)


async def test_beats_notice_a_broker_that_was_killed_and_forgot_and_everything_open_is_answered(
    own_broker: EmbeddedBroker,
) -> None:
    settings = BusSettings(own_broker.bootstrap, embedded=False, fetch_wait_ms=20)
    await make_topics(own_broker.bootstrap, TOPICS)
    async with open_log(settings) as worker_log, open_log(settings) as slot_log:
        for partition in range(100):  # both readers stand far beyond the end of the log that comes after
            await slot_log.send("req.44", 1, messages_pb2.RequestRecord().SerializeToString())
            await worker_log.send(
                "rep.44", SLOT, messages_pb2.ReplyRecord(node=partition).SerializeToString()
            )
        worker, slot = Worker(worker_log), Asker(slot_log)
        async with running(worker.run, slot.run):
            await until(lambda: slot.heard[:1] == [Heard.NEW_TERM])
            assert not slot.silence.silent(now_ms=now_ms())
            own_broker.kill()
            slot.unresolved = {b"one", b"two"}
            await slot.send(sorted(slot.unresolved))  # lost with the broker
            await until(lambda: slot.silence.silent(now_ms=now_ms()))
            assert not worker.watch.may_beat(now_ms=now_ms())
            own_broker.start(TOPICS)
            await until(lambda: not slot.unresolved)
            assert Heard.AFTER_SILENCE in slot.heard
            assert worker.seeks > 0
            assert slot.seeks > 0


async def test_a_worker_that_comes_back_is_a_new_term_and_answers_what_is_open(
    either_broker: LiveBroker,
) -> None:
    settings = either_broker.settings()
    await make_topics(either_broker.bootstrap, TOPICS)
    async with open_log(settings) as worker_log, open_log(settings) as slot_log:
        slot = Asker(slot_log)
        async with running(slot.run):
            async with running(Worker(worker_log).run):
                await until(lambda: Heard.NEW_TERM in slot.heard)
            slot.unresolved = {b"one"}
            slot.heard.clear()
            async with running(Worker(worker_log).run):
                await until(lambda: Heard.NEW_TERM in slot.heard and not slot.unresolved)
