"""The production worker in virtual time: crashed at every await in turn, it loses nothing and pays nothing twice.

A slot sends a settlement, its retry, a cancel, a revival and a reversal, each until it is answered. The node's process
dies once, at the n-th point where it waits for log or book, for every n that a run without a crash passes; a new
one takes over. Afterwards the book holds each message once, and every answer to one id had the same bytes.
"""

import asyncio
import contextlib
import random

from ledger.life import Kind, Status
from tests.home_items import POOLED_FEN, PSN, TODAY, person, settle_item, sixteen, undo_item
from tests.home_nodes import REGION, Asker, Heard, SeenInMemory, asker, worker_of
from tests.simulation.fake_home_book import FakeHomeBook, HomeStore
from tests.simulation.fake_log import FakeBroker, FakeLog
from tests.simulation.virtual_time import VirtualClock, run

NODE_UP_AGAIN_S = 0.3
BALANCE_FEN = 5_000


class Crash(Exception):
    """The process is dead."""


class Process:
    """One incarnation: dies at its `crash_at`-th checkpoint and does nothing afterwards."""

    def __init__(self, crash_at: int | None) -> None:
        self.passed = 0
        self.dead = False
        self._crash_at = crash_at

    async def checkpoint(self, name: str) -> None:
        """Count, or die."""
        if self.dead:
            raise Crash(name)
        if self._crash_at is not None and self.passed >= self._crash_at:
            self.dead = True
            raise Crash(name)
        self.passed += 1


class Node:
    """The node of the simulation: one process after the other over one store."""

    def __init__(self, store: HomeStore, broker: FakeBroker, crash_at: int | None) -> None:
        self._store = store
        self._broker = broker
        self._crashes = [crash_at]
        self.alarms = Heard()
        self.seen = SeenInMemory()
        self.passed = 0
        self.starts = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            process = Process(self._crashes.pop() if self._crashes else None)
            books = [FakeHomeBook(self._store, checkpoint=process.checkpoint) for _ in range(2)]
            log = FakeLog(self._broker, checkpoint=process.checkpoint)
            worker = worker_of(
                {0: books[0]}, books[1], log, VirtualClock(), alarms=self.alarms, seen=self.seen
            )
            self.starts += 1
            try:
                await worker.run()
            except Crash:
                for book in books:
                    book.lose()
            finally:
                self.passed = max(self.passed, process.passed)
            await asyncio.sleep(NODE_UP_AGAIN_S)


async def play(slot: Asker) -> list[int]:
    """A morning of one bill; the statuses of its messages."""
    statuses = []
    for item in (
        settle_item("s0", account_used=True, deadline_ms=0),
        settle_item("s0", account_used=True),
        undo_item(Kind.CANCEL, "c0", "s0"),
        undo_item(Kind.REVIVE, "r0", "c0"),
        undo_item(Kind.REVERSE, "r1", "s0"),
        undo_item(Kind.REVERSE, "r2", "s9"),
        settle_item("s1"),
    ):
        statuses.append((await slot.outcome(item, wait_s=120.0))[0].status)
    return statuses


async def morning(crash_at: int | None) -> tuple[Node, HomeStore, Asker, list[int]]:
    """One run in virtual time."""
    clock = VirtualClock()
    store = HomeStore(clock)
    store.people[PSN] = person()
    store.accounts[PSN] = BALANCE_FEN
    broker = FakeBroker(rng=random.Random(5))
    broker.make_topics({"req.44": 1, f"rep.{REGION}": 8})
    node = Node(store, broker, crash_at)
    async with asker(FakeLog(broker), clock) as slot:
        running = asyncio.create_task(node.run())
        try:
            statuses = await play(slot)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    return node, store, slot, statuses


def check(store: HomeStore, slot: Asker, statuses: list[int]) -> None:
    """What holds wherever it died."""
    paid, ok = Status.PAID, Status.OK
    assert statuses == [paid, paid, ok, ok, ok, ok, paid]
    rows = store.decisions()
    names = ("s0", "c0", "r0", "r1", "r2", "s9", "s1")
    assert [row.id for row in rows] == [sixteen(name) for name in names]
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert store.used[(PSN, "310", TODAY.year)][3] == POOLED_FEN
    assert store.accounts[PSN] == BALANCE_FEN
    for decisions in slot.decisions.values():
        assert len({decision.answer for decision in decisions}) == 1


def test_the_node_dies_at_every_await_in_turn_and_the_book_is_the_same() -> None:
    whole, *_ = run(morning(None))
    assert whole.passed > 60
    crashed = 0
    for crash_at in range(whole.passed):
        node, store, slot, statuses = run(morning(crash_at))
        check(store, slot, statuses)
        assert not node.alarms.words
        crashed += node.starts > 1
    assert crashed > 60
