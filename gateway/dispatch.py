"""What is claimed and not final: who waits for it, and sending it again until it is booked.

A claimed message stays here whether or not its caller does. It is sent after W1, then 1, 2, 4 … s later, at most 30 s
apart, at once at the first beat after silence, and not at all while its partition is silent. Where messages take long
because there are many, the first wait is longer: what is only slow must not be asked for twice.
"""

import asyncio
import heapq
from collections.abc import Iterable
from typing import Final

from bus.errors import BusError
from bus.log import Log
from bus.records import split_items
from bus.topics import request_topic
from gateway.calls import Call
from gateway.care_book import OpenItem
from gateway.silences import Silences
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.clock import Clock

RESEND_FIRST_MS: Final = 1_000
RESEND_FIRST_MS_MAX: Final = 10_000
RESEND_AFTER_USUAL: Final = 4
"""Times what messages usually take."""
USUAL_OF: Final = 32
"""How many messages the usual time is smoothed over."""
RESEND_APART_MS_MAX: Final = 30_000
TICK_MS: Final = 250
WAITING_MAX: Final = 100_000
SENDS_IN_FLIGHT_MAX: Final = 512


class Waiting:
    """One claimed message without outcome."""

    __slots__ = ("apart_ms", "calls", "due_ms", "item", "since_ms")

    def __init__(self, item: OpenItem, *, now_ms: int, apart_ms: int) -> None:
        self.item = item
        self.calls: list[Call] = []
        self.since_ms = now_ms
        self.apart_ms = apart_ms
        self.due_ms = now_ms + apart_ms


class Dispatch:
    """The open messages that this slot looks after."""

    def __init__(self, *, log: Log, region: str, slot: int, clock: Clock, silences: Silences) -> None:
        self._log = log
        self._region = region
        self._slot = slot
        self._clock = clock
        self._silences = silences
        self._waiting: dict[bytes, Waiting] = {}
        self._due: list[tuple[int, bytes]] = []
        self._sends: set[asyncio.Task[None]] = set()
        self._usual_us = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, id_: bytes) -> bool:
        return id_ in self._waiting

    @property
    def full(self) -> bool:
        """No new message may be claimed before some are final."""
        return len(self._waiting) >= WAITING_MAX

    def look_after(self, item: OpenItem, call: Call | None = None) -> bool:
        """Keep an open message, and who waits for it. True if it was not kept before."""
        waiting = self._waiting.get(item.id)
        if fresh := waiting is None:
            waiting = Waiting(item, now_ms=self._now_ms(), apart_ms=self._first_wait_ms())
            self._waiting[item.id] = waiting
            heapq.heappush(self._due, (waiting.due_ms, item.id))
        if call is not None:
            waiting.calls.append(call)
        return fresh

    def final(self, id_: bytes) -> list[Call]:
        """The id is final: look after it no longer; gives the calls that wait."""
        waiting = self._waiting.pop(id_, None)
        if waiting is None:
            return []
        took_us = (self._now_ms() - waiting.since_ms) * 1_000
        self._usual_us += (took_us - self._usual_us) // USUAL_OF
        return waiting.calls

    def _first_wait_ms(self) -> int:
        usual_ms = self._usual_us // 1_000
        return min(max(RESEND_FIRST_MS, RESEND_AFTER_USUAL * usual_ms), RESEND_FIRST_MS_MAX)

    def send(self, items: Iterable[OpenItem]) -> None:
        """Send claimed messages, one record per home partition; a failure is left to the next time."""
        by_partition: dict[tuple[int, int], list[bytes]] = {}
        for item in items:
            by_partition.setdefault((item.node, item.partition), []).append(item.item)
        for (node, partition), bodies in by_partition.items():
            for part in split_items(bodies):
                self.post(node, partition, mpb.RequestRecord(items=part))

    def post(self, node: int, partition: int, record: mpb.RequestRecord) -> None:
        """Send one record in the background, under this slot's name and clock."""
        if len(self._sends) >= SENDS_IN_FLIGHT_MAX:
            return  # the broker hangs; what matters is sent again
        record.region, record.slot, record.partition = self._region, self._slot, partition
        record.sender_clock_ms = self._clock.now_ms()
        self._silences.sent(node, partition)
        task = asyncio.ensure_future(self._send(node, partition, record.SerializeToString()))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, node: int, partition: int, value: bytes) -> None:
        try:
            await self._log.send(request_topic(node), partition, value)
        except BusError:
            return  # nothing is known of it, and the timer sends it again

    def send_at_once(self, node: int, partition: int) -> None:
        """A partition speaks again, or under a new term: everything open there goes out now."""
        self.send(self._all_due([w for w in self._waiting.values() if _at(w, node, partition)]))

    async def run(self) -> None:
        """Send again what is due, for ever."""
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            self.send(self._take_due())

    def _take_due(self) -> list[OpenItem]:
        now_ms = self._now_ms()
        due = []
        while self._due and self._due[0][0] <= now_ms:
            due_ms, id_ = heapq.heappop(self._due)
            waiting = self._waiting.get(id_)
            if waiting is not None and waiting.due_ms == due_ms:
                due.append(waiting)
        return self._all_due(due)

    def _all_due(self, due: list[Waiting]) -> list[OpenItem]:
        """Set the next time of each; gives those whose partition is heard of."""
        now_ms = self._now_ms()
        heard = []
        for waiting in due:
            waiting.apart_ms = min(2 * waiting.apart_ms, RESEND_APART_MS_MAX)
            waiting.due_ms = now_ms + waiting.apart_ms
            heapq.heappush(self._due, (waiting.due_ms, waiting.item.id))
            if not self._silences.silent(waiting.item.node, waiting.item.partition):
                heard.append(waiting.item)
        return heard

    def _now_ms(self) -> int:
        return int(self._clock.monotonic_s() * 1000)


def _at(waiting: Waiting, node: int, partition: int) -> bool:
    return (waiting.item.node, waiting.item.partition) == (node, partition)
