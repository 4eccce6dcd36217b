"""Reading what a flush needs: one round trip for nearly every flush, a few more where something is undone.

Level one is the ids, targets, bills, accumulators and accounts that the items name themselves. Level two are stored
decisions, and what these name in turn: who undid a target, whose money a cancel moved, which interim settlements of
a stay live. A revival needs to know what a settlement of today would need, which only its target can tell.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from homepool.book import BookReads, Key, Stored
from homepool.insured import Person
from homepool.settling import is_stay, month_of
from homepool.snapshot import Snapshot
from ledger.life import Id, Kind
from proto.settlement.v1 import messages_pb2

PEOPLE_CACHED_MAX: Final = 50_000
_PAYING: Final = frozenset((messages_pb2.KIND_SETTLE, messages_pb2.KIND_REVIVE))
_DAY_LENGTH: Final = len("2026-01-31")


class PeopleCache:
    """People by psn_no, bounded; true while nobody but this writer raises the cursor's version."""

    def __init__(self, *, people_max: int = PEOPLE_CACHED_MAX) -> None:
        self._people_max = people_max
        self._people: dict[str, Person] = {}

    def clear(self) -> None:
        """Forget everybody: somebody else has changed the book."""
        self._people.clear()

    async def load(self, book: BookReads, psn_nos: Iterable[str]) -> dict[str, Person]:
        """The persons that the book knows among `psn_nos`, read where they are not here yet."""
        cached = self._people
        wanted = {psn_no for psn_no in psn_nos if psn_no and "\0" not in psn_no}
        missing = [psn_no for psn_no in wanted if psn_no not in cached]
        if missing:
            found = await book.people(missing)
            if len(cached) + len(found) > self._people_max:
                kept = {psn_no: cached[psn_no] for psn_no in wanted if psn_no in cached}
                cached.clear()
                cached.update(kept)
            cached.update(found)
        return {psn_no: cached[psn_no] for psn_no in wanted if psn_no in cached}


async def gather(
    book: BookReads, items: Sequence[messages_pb2.Item], *, partition: int, people: PeopleCache
) -> Snapshot:
    """The snapshot that `items` are to be decided on. Raises the book's errors."""
    snapshot = Snapshot()
    paying = [item.psn_no for item in items if item.kind in _PAYING]
    snapshot.people = await people.load(book, paying)
    keys: list[Key] = []
    for item in items:
        keys += _keys(item, snapshot.people.get(item.psn_no))
    reading = await book.read(partition, keys)
    snapshot.read(reading)
    wanted = reading.known | set(reading.live.values())
    for live in reading.visit_live.values():
        wanted |= live
    if wanted:
        await _follow(book, snapshot, wanted)
        await _revivals(book, snapshot, items, partition)
    return snapshot


def accounts_of(snapshot: Snapshot, items: Sequence[messages_pb2.Item]) -> set[str]:
    """Every personal account that deciding `items` may draw on or give back to."""
    accounts = {item.psn_no for item in items if "\0" not in item.psn_no}
    for person in snapshot.people.values():
        accounts.update(relative for relative, held_in in person.relatives if held_in)
    for row in snapshot.rows.values():
        accounts.update(row.family_psn_no or ())
    return accounts


def _keys(item: messages_pb2.Item, person: Person | None) -> list[Key]:
    psn_no = item.psn_no if "\0" not in item.psn_no else None
    if item.kind != messages_pb2.KIND_SETTLE:
        interim = item.kind == messages_pb2.KIND_CANCEL and is_stay(item.facts.med_type)
        return [Key(id=item.id, psn_no=psn_no), Key(id=item.target, visit=item.visit if interim else None)]
    facts = item.facts
    day, insutype = facts.care_date, facts.insutype
    if not _is_day(day) or "\0" in insutype:
        return [Key(id=item.id, bill=item.bill)]  # deciding will find it malformed
    stay = is_stay(facts.med_type)
    year = int(day[:4])
    keys = [
        Key(
            item.id,
            item.bill,
            item.visit if stay else None,
            psn_no,
            insutype,
            year,
            None if stay else month_of(day),
        )
    ]
    if stay:  # a stay over 31 December feeds one year or the other, as the policy says
        years = {int(text[:4]) for text in (facts.begin_date, facts.end_date) if _is_day(text)} - {year}
        keys += [Key(psn_no=psn_no, insutype=insutype, year=other) for other in years]
    if person is not None and facts.account_used:
        keys += [
            Key(psn_no=relative)
            for relative, held_in in person.relatives
            if held_in == item.home_pool and facts.relative in ("", relative)
        ]
    return keys


@lru_cache(maxsize=4_096)
def _is_day(text: str) -> bool:
    return (
        len(text) == _DAY_LENGTH
        and text.isascii()
        and text[:4].isdigit()
        and text[5:7].isdigit()
        and text[8:].isdigit()
    )


async def _follow(book: BookReads, snapshot: Snapshot, wanted: set[Id]) -> None:
    """Read stored decisions and whatever they name, until nothing is missing."""
    while wanted:
        stored = await book.rows(wanted)
        snapshot.stored(stored)
        wanted = {id_ for one in stored.values() for id_ in _named(one)} - snapshot.rows.keys()


def _named(stored: Stored) -> Iterable[Id]:
    if stored.undone_by is not None:
        yield stored.undone_by
    if stored.row.settlement is not None:
        yield stored.row.settlement


async def _revivals(
    book: BookReads, snapshot: Snapshot, items: Sequence[messages_pb2.Item], partition: int
) -> None:
    keys: list[Key] = []
    for item in items:
        cancel = snapshot.rows.get(item.target) if item.kind == messages_pb2.KIND_REVIVE else None
        if cancel is None or cancel.kind != Kind.CANCEL or cancel.settlement is None:
            continue
        settlement = snapshot.rows[cancel.settlement]
        keys.append(
            Key(
                visit=settlement.visit,
                psn_no=settlement.psn_no,
                insutype=settlement.insutype,
                year=settlement.year,
            )
        )
        keys += [Key(psn_no=relative) for relative in settlement.family_psn_no or ()]
    if not keys:
        return
    reading = await book.read(partition, keys)
    version, clock_ms = snapshot.version, snapshot.clock_ms
    snapshot.read(reading)
    if reading.version != version:
        snapshot.version = -1  # between two versions: no cursor stands at this, so the writer reads again
    snapshot.clock_ms = max(clock_ms, reading.clock_ms)
    lives = {id_ for live in reading.visit_live.values() for id_ in live} - snapshot.rows.keys()
    await _follow(book, snapshot, lives)
