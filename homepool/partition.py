"""One partition of a home node: takes what was asked, decides it in order, writes it, answers.

One flush at a time. What the fast path cannot do goes the slow way, in a transaction that holds the locks: after a
conflict the whole flush is thrown away, read and decided again, never patched; where one row is at fault and the
book cannot say which, the items go one by one, and the one that fails alone is DECLINED INTERNAL and parked. What
is nobody's fault (a leaf is missing, the term is another's) is raised and ends the worker.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import structlog
from google.protobuf.message import DecodeError

from bus.intake import Intake
from homepool.book import (
    BookError,
    BookReads,
    Conflict,
    Cursor,
    Fenced,
    HomeBook,
    LeafMissing,
    Poison,
    Unavailable,
)
from homepool.decide import Flush, Policies, Settle, decide, sender_clock_fits
from homepool.gather import PeopleCache, accounts_of, gather
from homepool.snapshot import Snapshot
from ledger.day import MANUAL_REGION
from ledger.life import Id
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2
from runtime.clock import Clock
from runtime.keys import message_name
from runtime.logs import safe_error

ITEMS_WAITING_MAX: Final = 5_000
TRIES_MAX: Final = 5
TRY_AGAIN_AFTER_MS: Final = 50

_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool.partition")


class Alarms(Protocol):
    """What people must look at; facts never hold personal data."""

    def __call__(self, what: str, **facts: object) -> None: ...


class Asked(NamedTuple):
    """An item as it arrived."""

    raw: bytes
    region: str
    slot: int
    sender_clock_ms: int


class Answered(NamedTuple):
    """A decision for the slot that asked, with what has undone it by now."""

    asked: Asked
    row: Row
    undone_by: Id | None


class Doubtful(Conflict):
    """The cursor's version is not the one that the cache was filled under. Read again, decide again."""

    def __init__(self) -> None:
        super().__init__("version")


Answer = Callable[[Sequence[Answered]], None]


class Partition:
    """The single writer of a partition's decisions."""

    def __init__(
        self,
        *,
        node: int,
        cursor: Cursor,
        book: HomeBook,
        clock: Clock,
        policies: Policies,
        settle: Settle,
        answer: Answer,
        alarms: Alarms,
        items_waiting_max: int = ITEMS_WAITING_MAX,
    ) -> None:
        self.cursor = cursor
        self.intake: Intake[Asked] = Intake(items_max=items_waiting_max)
        self.decided = 0
        self._node = node
        self._book = book
        self._clock = clock
        self._policies = policies
        self._settle = settle
        self._answer = answer
        self._alarms = alarms
        self._people = PeopleCache()

    async def run(self) -> None:
        """Flush after flush, for ever. Raises what ends the worker."""
        while True:
            await self.flush(await self.intake.take())

    async def flush(self, arrived: Sequence[Asked]) -> None:
        """Decide, write and answer what has arrived; a record from a clock too far off is left to be sent again."""
        now_ms = self._clock.now_ms()
        asked: list[Asked] = []
        items: list[messages_pb2.Item] = []
        for one in arrived:
            if not sender_clock_fits(one.sender_clock_ms, now_ms):
                continue
            try:
                item = messages_pb2.Item.FromString(one.raw)
            except DecodeError:
                self._alarms("an item cannot be read", region=one.region, slot=one.slot)
                continue
            if item.region == MANUAL_REGION:
                self._alarms("a gateway's item says it is paid by hand", region=one.region, slot=one.slot)
                continue
            items.append(item)
            asked.append(one)
        if items:
            self._answer(await self._settled(asked, items))

    async def _settled(self, asked: list[Asked], items: list[messages_pb2.Item]) -> list[Answered]:
        poisoned: set[Id] = set()
        locked = False
        failure: BookError | None = None
        for attempt in range(TRIES_MAX):
            try:
                if locked:
                    flush, snapshot = await self._write_locked(items, poisoned)
                else:
                    flush, snapshot = await self._write(items, poisoned)
            except Fenced as fenced:
                await self._look_at_cursor(fenced)
                failure, locked = fenced, True
            except Conflict as conflict:
                _log.info("decide again", guard=conflict.guard, items=len(items))
                failure, locked = conflict, True
            except Unavailable as unavailable:
                failure = unavailable
                await asyncio.sleep(TRY_AGAIN_AFTER_MS * (attempt + 1) / 1000)
            except Poison as poison:
                failure = poison
                culprit = self._culprit(poison, items, poisoned)
                if culprit is None:
                    break
                poisoned.add(culprit)
            except LeafMissing:
                self._alarms("the day has no leaf", partition=self.cursor.partition)
                raise
            else:
                await self._park(flush)
                return _answered(asked, flush, snapshot)
        if isinstance(failure, Fenced | Unavailable):
            raise failure  # nobody is declined for the node's own failure
        if len(items) == 1:
            return await self._given_up(asked, items)
        answered: list[Answered] = []
        for one, item in zip(asked, items, strict=True):
            answered += await self._settled([one], [item])
        return answered

    async def _given_up(self, asked: list[Asked], items: list[messages_pb2.Item]) -> list[Answered]:
        """An item that alone cannot be written, however often: it is declined unseen. Raises if even that fails."""
        flush, snapshot = await self._write_locked(items, {items[0].id})
        await self._park(flush)
        return _answered(asked, flush, snapshot)

    async def _write(self, items: list[messages_pb2.Item], poisoned: set[Id]) -> tuple[Flush, Snapshot]:
        snapshot = await gather(self._book, items, partition=self.cursor.partition, people=self._people)
        if snapshot.version != self.cursor.version:
            self._people.clear()
            raise Doubtful
        flush = self._decide(items, snapshot, self.cursor, poisoned)
        if flush.rows:
            self.cursor = await self._write_rows(self._book, flush, self.cursor)
        return flush, snapshot

    async def _write_locked(
        self, items: list[messages_pb2.Item], poisoned: set[Id]
    ) -> tuple[Flush, Snapshot]:
        async with self._book.locked(self.cursor) as book:
            cursor = book.cursor
            if cursor.version != self.cursor.version:
                self._people.clear()
            # once to know whose accounts are concerned, and again when they stand still
            seen = await gather(book, items, partition=cursor.partition, people=self._people)
            await book.lock_accounts(accounts_of(seen, items))
            snapshot = await gather(book, items, partition=cursor.partition, people=self._people)
            flush = self._decide(items, snapshot, cursor, poisoned)
            if flush.rows:
                cursor = await self._write_rows(book, flush, cursor)
        self.cursor = cursor
        return flush, snapshot

    def _decide(
        self, items: list[messages_pb2.Item], snapshot: Snapshot, cursor: Cursor, poisoned: set[Id]
    ) -> Flush:
        return decide(
            items,
            snapshot,
            node=self._node,
            cursor=cursor,
            now_ms=self._clock.now_ms(),
            policies=self._policies,
            settle=self._settle,
            poisoned=poisoned,
        )

    async def _write_rows(self, book: BookReads, flush: Flush, cursor: Cursor) -> Cursor:
        try:
            after = await book.write(flush.rows, cursor)
        except Poison as poison:
            if poison.line is not None and poison.line <= len(flush.owners):
                poison.place = flush.owners[poison.line - 1]
            raise
        self.decided += len(flush.rows)
        return after

    async def _look_at_cursor(self, fenced: Fenced) -> None:
        """Mine with another version: a loader or the day's close moved it. Another's term: this worker is over."""
        self._people.clear()
        stands = await self._book.cursor(self.cursor.partition)
        if stands.term != self.cursor.term:
            self._alarms("another worker has taken over", partition=self.cursor.partition, term=stands.term)
            raise fenced

    def _culprit(self, poison: Poison, items: list[messages_pb2.Item], poisoned: set[Id]) -> Id | None:
        """The id to decline, None where the book cannot tell or has told in vain."""
        place = poison.place if poison.place is not None else (0 if len(items) == 1 else None)
        named = {} if place is None else {"setl_id": message_name(items[place].id)}
        self._alarms(
            "a row breaks the book's rules", guard=poison.guard, partition=self.cursor.partition, **named
        )
        if place is None or items[place].id in poisoned:
            return None
        return items[place].id

    async def _park(self, flush: Flush) -> None:
        for error, parked in zip(flush.errors, flush.parked, strict=True):
            self._alarms(
                "an item could not be decided", partition=self.cursor.partition, setl_id=message_name(parked.id),
                **safe_error(error),
            )  # fmt: skip
        if flush.parked:
            await self._book.park(self.cursor.partition, flush.parked)


def _answered(asked: Sequence[Asked], flush: Flush, snapshot: Snapshot) -> list[Answered]:
    fates = snapshot.lives.fates
    return [Answered(asked[place], row, fates[row.id].undone_by) for place, row in flush.answers]
