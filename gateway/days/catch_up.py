"""Before a region sums a day with a home node: what the node decided by then and is not booked here is booked now.

Method: the buckets of both books are compared, here those of the draft; of those that differ each decision's hash. What
the node tells otherwise is looked up here, and what stands nowhere here is fetched in full and booked exactly as W3 does.
What stands here is never changed: what differs stays, for clearing to find. Every step may be repeated, or end anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Final

from gateway.alarm import Alarm
from gateway.days.node_books import NodeBook
from gateway.decisions import row_of
from gateway.row_booking import RowBooking
from ledger.day import HASH_SUM_BITS, bucket_of
from ledger.day_book import HEAVY, DayBook, Wanted
from ledger.rows import Row
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.keys import message_name
from runtime.postgres import Connection

BUCKETS_A_CALL_MAX: Final = 2_000
IDS_A_CALL_MAX: Final = 1_000
REFUSED_MAX: Final = 10_000
"""How many ids are named and alarmed; a day that differs in more has one cause, and one more alarm."""
_ONE_DAY: Final = timedelta(days=1)


class CatchUp:
    """One day with one node, over one session for reading and the region's booking."""

    def __init__(
        self, *, day: date, peer: str, region: str, node: NodeBook, connection: Connection, book: DayBook,
        booking: RowBooking, alarm: Alarm, of_buckets: int = 0,
    ) -> None:  # fmt: skip
        """`of_buckets`: how many the draft has."""
        self._day = day
        self._peer = peer
        self._region = region
        self._node = node
        self._connection = connection
        self._book = book
        self._booking = booking
        self._alarm = alarm
        self._of_buckets = of_buckets
        self._drafted: dict[int, pb.DayBucket] = {}
        self.looked_at: list[int] = []  # the buckets that differed
        self.moved = False  # the book holds more of the day than the draft, or may
        self.fetched = 0
        self.refused: list[bytes] = []
        self.refused_in_all = 0

    async def run(self) -> None:
        """Raises Refusal, CareBookUnavailable and what a lost database raises; then what was booked stays."""
        self._drafted = {
            bucket.bucket: bucket
            async for part in self._book.buckets(self._day, self._peer)
            for bucket in part
        }
        ours = dict(self._drafted)
        theirs = self._node.buckets(self._day)
        differing = [bucket.bucket async for bucket in theirs if bucket != ours.pop(bucket.bucket, None)]
        self.looked_at = [*differing, *ours]
        for first in range(0, len(self.looked_at), BUCKETS_A_CALL_MAX):
            await self._look_into(self.looked_at[first : first + BUCKETS_A_CALL_MAX])
        if self.refused_in_all > REFUSED_MAX:
            self._alarm("more decisions of a day could not be booked than are named")

    async def _look_into(self, buckets: Sequence[int]) -> None:
        theirs, ours = await asyncio.gather(
            _listed(self._node.hashes(self._day, buckets)), self._hashed_here(buckets)
        )
        self.moved = self.moved or self._otherwise_than_drafted(buckets, ours)
        here = {id_ for id_, _ in ours}
        told_otherwise = sorted(set(theirs) - set(ours))
        for first in range(0, len(told_otherwise), IDS_A_CALL_MAX):
            ids = [id_ for id_, _ in told_otherwise[first : first + IDS_A_CALL_MAX]]
            await self.fetch(ids)
            self.moved = self.moved or await self._connection.fetchval(
                "SELECT EXISTS (SELECT FROM care WHERE id = any($1) AND day = $2)",
                [id_ for id_ in ids if id_ not in here], self._day,
            )  # fmt: skip

    async def _hashed_here(self, buckets: Sequence[int]) -> list[tuple[bytes, int]]:
        parts = self._book.hashes(self._day, self._peer, buckets=buckets, of_buckets=self._of_buckets)
        return [one async for part in parts for one in part]

    def _otherwise_than_drafted(self, buckets: Sequence[int], ours: Sequence[tuple[bytes, int]]) -> bool:
        """Whether something was booked here between the draft and this look."""
        now: dict[int, pb.DayBucket] = {}
        for id_, hashed in ours:
            bucket = bucket_of(id_, self._of_buckets)
            sums = now.setdefault(bucket, pb.DayBucket(bucket=bucket))
            sums.items, sums.hash_xor = sums.items + 1, sums.hash_xor ^ hashed
            sums.hash_sum += hashed & HASH_SUM_BITS
        return any(now.get(bucket) != self._drafted.get(bucket) for bucket in buckets)

    async def fetch(self, ids: Sequence[bytes]) -> None:
        """Some decisions of the day, by their ids. Raises as `run` does."""
        sought = set(ids)
        async for decisions in self._node.decisions(self._day, ids=list(sought)):
            await self._look_at({decision.id: decision for decision in decisions})
            sought -= {decision.id for decision in decisions}
        for id_ in sought:
            self._refuse(id_, "the node has no such decision on this day")

    async def _look_at(self, decided: dict[bytes, mpb.Decision]) -> None:
        here = await days_here(self._connection, list(decided), near=self._day)
        if here:
            await self._compare(decided, here)
        if missing := decided.keys() - here:
            await self._book_now(missing)

    async def _compare(self, decided: dict[bytes, mpb.Decision], here: dict[bytes, date]) -> None:
        """What stands here in other words than the node's cannot be booked; it is not touched."""
        async for part in self._book.decisions(Wanted(list(set(here.values())), ids=list(here))):
            for stands in part:
                if stands != _light(decided[stands.id]):
                    self._refuse(stands.id, "a decision stands in the care book otherwise than at its node")

    async def _book_now(self, missing: set[bytes]) -> None:
        rows: dict[bytes, Row] = {}
        async for decisions in self._node.decisions(self._day, ids=list(missing), full=True):
            for decision in decisions:
                row = self._row_of(decision)
                if row is not None and row.id in missing:
                    rows[row.id] = row
        booked = {row.id for row in await self._booking.booked(list(rows.values()))}
        self.fetched += len(booked)
        for id_ in missing:
            if id_ not in rows:
                self._refuse(id_, "a decision that a node counts in a day is not what it gives for it")
            elif id_ not in booked:
                self._name(id_)  # alarmed where it was refused

    def _row_of(self, decision: mpb.Decision) -> Row | None:
        """None where it is no row, or not one of this day, node and region."""
        try:
            row = row_of(decision)
        except (ValueError, TypeError):
            return None
        if (row.day, str(row.node), row.region) != (self._day, self._peer, self._region):
            return None
        return row

    def _refuse(self, id_: bytes, why: str) -> None:
        if self._name(id_):
            self._alarm(why, setl_id=message_name(id_))

    def _name(self, id_: bytes) -> bool:
        self.refused_in_all += 1
        if self.refused_in_all > REFUSED_MAX:
            return False
        self.refused.append(id_)
        return True


async def _listed(found: AsyncIterator[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
    return [one async for one in found]


def _light(decision: mpb.Decision) -> mpb.Decision:
    for name in (*HEAVY, "undone_by"):
        decision.ClearField(name)
    return decision


async def days_here(
    connection: Connection, ids: Sequence[bytes], *, near: date | None = None
) -> dict[bytes, date]:
    """On which day each of some ids stands in the care book; what stands nowhere is left out.

    `open` is read before the book. Sought about the claims' days and `near`; what is neither there nor open is sought on
    every day.
    """
    opened = {row[0] for row in await connection.fetch("SELECT id FROM open WHERE id = any($1)", ids)}
    claimed = [
        row[0] for row in await connection.fetch("SELECT DISTINCT day FROM claim WHERE id = any($1)", ids)
    ]
    days = [*claimed, near] if near is not None else claimed
    found: dict[bytes, date] = {}
    if days:
        rows = await connection.fetch(
            "SELECT id, day FROM care WHERE id = any($1) AND day BETWEEN $2 AND $3",
            ids, min(days) - _ONE_DAY, max(days) + _ONE_DAY,
        )  # fmt: skip
        found = {row[0]: row[1] for row in rows}
    if left := [id_ for id_ in ids if id_ not in found and id_ not in opened]:
        rows = await connection.fetch("SELECT id, day FROM care WHERE id = any($1)", left)
        found |= {row[0]: row[1] for row in rows}
    return found
