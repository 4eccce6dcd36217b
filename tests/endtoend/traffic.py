"""Hospitals at work in the background: each treats patients, settles, cancels, reverses, and repeats every message
until its outcome is known; some send once and never ask again.

`Traffic` keeps every outcome that was acknowledged and holds each against the one before it.
"""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import PAID, His, Person, Refused, Visit, line
from tests.endtoend.running_stack import wait_until

PAUSE_S: Final = 0.05
ITEMS: Final = ("001102000010000", "002504010250000", "003310030220000", "XA02BCA348X0")


@dataclass
class Traffic:
    """What the hospitals were told, by all of them together."""

    receipts: dict[str, bytes] = field(default_factory=dict)
    """setl_id → Outcome, serialised."""
    messages: int = 0
    forgotten: list[tuple[His, Any]] = field(default_factory=list)
    """Messages that were sent once, whatever came of it."""
    faults: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)

    def told(self, outcome: pb.Outcome) -> pb.Outcome:
        """Note an outcome; one id has one outcome, whoever is told."""
        answer = outcome.SerializeToString(deterministic=True)
        with self._lock:
            self.messages += 1
            before = self.receipts.setdefault(outcome.setl_id, answer)
        assert before == answer, f"{outcome.setl_id} was answered with other bytes than before"
        return outcome

    def await_more(self, count: int) -> None:
        """Wait until so many outcomes more are known, or a hospital has met a fault."""
        wanted = self.messages + count
        wait_until(
            lambda: self.messages >= wanted or bool(self.faults), f"{count} more outcomes", within_s=60
        )
        assert not self.faults, self.faults

    def work(self, his: His, people: Sequence[Person], seed: int) -> None:
        """One window of a hospital, until the end."""
        chance = random.Random(seed)
        try:
            while not self._ending.is_set():
                self._treat(his, chance.choice(people), chance)
                time.sleep(PAUSE_S)
        except BaseException as fault:
            self.faults.append(fault)

    def _treat(self, his: His, person: Person, chance: random.Random) -> None:
        visit = Visit(person, "11")
        visit.mdtrt_id = self.told(his.final(his.opening(visit))).mdtrt_id
        fen = chance.randint(100, 90_000)
        given = his.bill(visit, *[line(place, fen + place, item=item) for place, item in enumerate(ITEMS)])
        request = his.settlement(visit, given)
        if chance.random() < 0.15:
            self._forget(his, request)
            return
        paid = self.told(his.final(request))
        ending = chance.random()
        if paid.status != PAID or ending < 0.4:
            return
        if ending < 0.7:
            cancel = his.refund(visit, paid)
            self.told(his.final(cancel))
            if ending < 0.5:
                self.told(his.final(his.reversal(visit, cancel)))
            self.told(his.final(his.settlement(visit, given)))
        else:
            self.told(his.final(his.reversal(visit, request)))
        self.told(his.final(request))  # once more: the same bytes

    def _forget(self, his: His, request: Any) -> None:
        """Send once, wait for a moment only, never ask again."""
        self.forgotten.append((his, request))
        with suppress(grpc.RpcError, Refused):
            his.call(request, gateway=len(self.forgotten) % len(his.stubs), timeout_s=0.5)

    def end(self) -> None:
        """Let every window finish its patient."""
        self._ending.set()


@contextmanager
def traffic(windows: Sequence[tuple[His, Sequence[Person]]], *, seed: int) -> Any:
    """Windows at work for the length of a block; at its end every patient has been treated to the end."""
    at_work = Traffic()
    threads = [
        threading.Thread(target=at_work.work, args=(his, people, seed + number), name=f"window {number}")
        for number, (his, people) in enumerate(windows)
    ]
    for thread in threads:
        thread.start()
    try:
        yield at_work
    finally:
        at_work.end()
        for thread in threads:
            thread.join()
