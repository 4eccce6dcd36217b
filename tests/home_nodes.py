"""A home node's worker for tests, over any log and books, and a slot in miniature that asks it and sends again."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from bus.errors import BusError
from bus.log import Log, Reader
from bus.topics import reply_topic, request_topic
from homepool.book import HomeBook
from homepool.decide import Policies, Settle
from homepool.seen import Mark
from homepool.worker import Worker
from proto.settlement.v1 import messages_pb2
from runtime.clock import Clock
from runtime.sealing import generate_keypair
from tests.home_items import NODE, PlainPolicies, plain_settle

REGION, SLOT = "45", 3
SEND_AGAIN_S = 1.0


class Heard:
    """Alarms that a test can look at."""

    def __init__(self) -> None:
        self.alarms: list[tuple[str, dict[str, object]]] = []

    def __call__(self, what: str, **facts: object) -> None:
        self.alarms.append((what, facts))

    @property
    def words(self) -> list[str]:
        """What was said."""
        return [what for what, _ in self.alarms]


class SeenInMemory:
    """Marks that outlive a worker, as the state folder does."""

    def __init__(self) -> None:
        self.noted: dict[int, Mark] = {}

    def marks(self) -> Mapping[int, Mark]:
        return dict(self.noted)

    def note(self, marks: Mapping[int, Mark]) -> None:
        self.noted.update(marks)


KEYS = generate_keypair()


def worker_of(
    books: Mapping[int, HomeBook], asking: HomeBook, log: Log, clock: Clock, *, alarms: Heard, seen: SeenInMemory,
    node: int = NODE, region: str = REGION, policies: Policies | None = None, settle: Settle = plain_settle,
    terms: Mapping[int, int] | None = None,
) -> Worker:  # fmt: skip
    """The production worker with the plain policy."""
    return Worker(
        node=node, books=books, asking=asking, log=log, clock=clock, policies=policies or PlainPolicies(),
        alarms=alarms, seen=seen, private_key=KEYS[0], regions=frozenset((region,)), random=random.Random(7),
        settle=settle, terms=terms,
    )  # fmt: skip


class Asker:
    """A slot: asks one partition of a node and keeps what comes back."""

    def __init__(self, log: Log, reader: Reader, clock: Clock, *, node: int, region: str) -> None:
        self._log = log
        self._reader = reader
        self._clock = clock
        self._node = node
        self._region = region
        self.decisions: dict[bytes, list[messages_pb2.Decision]] = {}
        self.answers: dict[bytes, messages_pb2.AskAnswer] = {}
        self.beats: list[messages_pb2.Beat] = []
        self._came = asyncio.Event()

    async def send(
        self, *items: messages_pb2.Item, asks: Sequence[messages_pb2.Ask] = (), clock_off_ms: int = 0,
        partition: int = 0,
    ) -> None:  # fmt: skip
        """One record; a log that refuses it is tried again by whoever waits."""
        record = messages_pb2.RequestRecord(
            region=self._region, slot=SLOT, partition=partition, asks=asks,
            sender_clock_ms=self._clock.now_ms() + clock_off_ms,
            items=[item.SerializeToString() for item in items],
        )  # fmt: skip
        with contextlib.suppress(BusError):
            await self._log.send(request_topic(str(self._node)), partition, record.SerializeToString())

    async def listen(self) -> None:
        """Keep what comes, for ever."""
        while True:
            for arrived in await self._reader.poll(wait_ms=100):
                record = messages_pb2.ReplyRecord.FromString(arrived.value)
                for decision in record.decisions:
                    self.decisions.setdefault(decision.id, []).append(decision)
                for answer in record.answers:
                    self.answers[answer.ask_id] = answer
                self.beats.extend(record.beats)
                self._came.set()

    async def outcome(self, *items: messages_pb2.Item, wait_s: float = 30.0) -> list[messages_pb2.Decision]:
        """Send until each item is answered; the newest answer of each."""
        asked_before = {item.id: len(self.decisions.get(item.id, ())) for item in items}
        async with asyncio.timeout(wait_s):
            while True:
                await self.send(*items)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SEND_AGAIN_S):
                        while any(len(self.decisions.get(id_, ())) <= n for id_, n in asked_before.items()):
                            await self._next()
                        return [self.decisions[item.id][-1] for item in items]

    async def _next(self) -> None:
        """Until something comes."""
        self._came.clear()
        await self._came.wait()

    async def beats_of(self, partitions: set[int], *, wait_s: float = 30.0) -> None:
        """Until each of these partitions has beaten."""
        async with asyncio.timeout(wait_s):
            while not partitions <= {beat.partition for beat in self.beats}:
                await self._next()

    async def answer(self, ask: messages_pb2.Ask, *, wait_s: float = 30.0) -> messages_pb2.AskAnswer:
        """Send a question until it is answered."""
        async with asyncio.timeout(wait_s):
            while ask.ask_id not in self.answers:
                await self.send(asks=[ask])
                for _ in range(100):
                    if ask.ask_id in self.answers:
                        break
                    await asyncio.sleep(0.01)
        return self.answers[ask.ask_id]

    async def first_beat(self, *, wait_s: float = 30.0) -> messages_pb2.Beat:
        """The first beat that comes after an empty record, the hello."""
        async with asyncio.timeout(wait_s):
            while not self.beats:
                await self.send()
                await asyncio.sleep(0.2)
        return self.beats[0]


@contextlib.asynccontextmanager
async def asker(log: Log, clock: Clock, *, node: int = NODE, region: str = REGION) -> AsyncIterator[Asker]:
    """A slot that listens."""
    reader = await log.reader(reply_topic(region), [SLOT])
    made = Asker(log, reader, clock, node=node, region=region)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        await reader.close()


@contextlib.asynccontextmanager
async def running(worker: Worker) -> AsyncIterator["asyncio.Task[Any]"]:
    """A worker at work; its task, which a test may await where the worker is to end."""
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
