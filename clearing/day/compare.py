"""Comparing two books item by item: which decisions differ, how, and what each side's rows bring into the run. Pure.

Only decisions whose hashes differ are fetched, so this sees a few of a day of millions. What one book has and
the other has not on that day is sought on other days before it is called missing: after an early close, or where
somebody changed a day, the same decision stands in both books and is a date shift. Amounts in fen.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from clearing.figures import Figures
from ledger.day import Bucket
from ledger.rows import AMOUNTS


class DifferenceClass(StrEnum):
    """How two books, or a book and an institution, can differ over one item (domain: reconciliation outcomes)."""

    MISSING_AT_HOME = "missing_at_home"
    MISSING_AT_CARE = "missing_at_care"
    MISSING_AT_INSTITUTION = "missing_at_institution"
    AMOUNT = "amount"
    STATUS = "status"
    DATE_SHIFT = "date_shift"
    DUPLICATE = "duplicate"
    REFUND_SIGN = "refund_sign"
    INSURANCE_UNKNOWN = "insurance_unknown"  # both books agree; only nobody knows whose money it is


class Difference(NamedTuple):
    """One item over which the books differ, with what each says."""

    kind: DifferenceClass
    setl_id: str
    home: tuple[Figures, ...]
    care: tuple[Figures, ...]
    differs: tuple[str, ...]
    stake_fen: int


ById = Mapping[str, tuple[Figures, ...]]


def buckets_that_differ(home: Iterable[Bucket], care: Iterable[Bucket]) -> list[int]:
    """Buckets to fetch: those that only one side has, and those that say something else."""
    ours = {one.bucket: one for one in home}
    theirs = {one.bucket: one for one in care}
    return sorted(bucket for bucket in ours.keys() | theirs.keys() if ours.get(bucket) != theirs.get(bucket))


Hashes = Collection[tuple[bytes, int]]
"""(id, hash) of each decision in some buckets."""


def ids_that_differ(home: Hashes, care: Hashes) -> set[bytes]:
    """Decisions to fetch: those that only one side has, those that say something else, and those that stand twice."""
    twice = {
        id_ for side in (home, care) for id_, number in Counter(id_ for id_, _ in side).items() if number > 1
    }
    return {id_ for id_, _ in set(home) ^ set(care)} | twice


def told_of(hashes: Hashes, ids: Collection[bytes]) -> int:
    """How many decisions of these ids a book has, by its hashes."""
    return sum(id_ in ids for id_, _ in hashes)


def by_id(rows: Iterable[Figures]) -> dict[str, tuple[Figures, ...]]:
    """Rows of one book by setl_id; more than one row of an id is a duplicate."""
    found: dict[str, tuple[Figures, ...]] = defaultdict(tuple)
    for row in rows:
        found[row.setl_id] += (row,)
    return dict(found)


def unmatched(home: ById, care: ById) -> list[str]:
    """Ids that only one book has on this day: both books are asked for them on whatever day."""
    return sorted(home.keys() ^ care.keys())


def differences(home: ById, care: ById, home_everywhere: ById, care_everywhere: ById) -> list[Difference]:
    """The items that differ, in the order of their ids.

    `home` and `care` hold the day's rows of the buckets fetched; `…_everywhere` what the books hold of `unmatched` ids
    on whatever day.
    """
    found = []
    for setl_id in sorted(home.keys() | care.keys()):
        at_home, at_care = home.get(setl_id, ()), care.get(setl_id, ())
        day = (*at_home, *at_care)[0].day
        # the day's own rows always count: a book need not find by its id what stands in it past its claims
        at_home += tuple(row for row in home_everywhere.get(setl_id, ()) if row.day != day)
        at_care += tuple(row for row in care_everywhere.get(setl_id, ()) if row.day != day)
        one = _difference(setl_id, at_home, at_care)
        if one is not None:
            found.append(one)
    return found


def _difference(setl_id: str, home: tuple[Figures, ...], care: tuple[Figures, ...]) -> Difference | None:
    if len(home) > 1 or len(care) > 1:
        return _made(DifferenceClass.DUPLICATE, setl_id, home, care, ("rows",))
    if not care:
        return _made(DifferenceClass.MISSING_AT_CARE, setl_id, home, (), ())
    if not home:
        return _made(DifferenceClass.MISSING_AT_HOME, setl_id, (), care, ())
    differs = tuple(home[0].differing(care[0]))
    if not differs:
        return None
    return _made(_class_of(home[0], care[0], differs), setl_id, home, care, differs)


def _class_of(home: Figures, care: Figures, differs: Collection[str]) -> DifferenceClass:
    """By what weighs most: the sign, then what the decision is, then how much, then when."""
    if home.key.sign == -care.key.sign != 0:
        return DifferenceClass.REFUND_SIGN
    if not set(differs) <= {"day", "setl_day", "decided_ms", *AMOUNTS}:
        return DifferenceClass.STATUS
    if not set(differs).isdisjoint(AMOUNTS):
        return DifferenceClass.AMOUNT
    return DifferenceClass.DATE_SHIFT


def _made(
    kind: DifferenceClass,
    setl_id: str,
    home: tuple[Figures, ...],
    care: tuple[Figures, ...],
    differs: tuple[str, ...],
) -> Difference:
    return Difference(kind, setl_id, home, care, differs, _stake(kind, home, care))


def _stake(kind: DifferenceClass, home: tuple[Figures, ...], care: tuple[Figures, ...]) -> int:
    """The most that could be paid wrongly: of an amount its largest deviation, of a shift nothing, else the bill."""
    if kind is DifferenceClass.DATE_SHIFT:
        return 0
    if kind is DifferenceClass.AMOUNT:
        return max(abs(ours - theirs) for ours, theirs in zip(home[0].amounts, care[0].amounts, strict=True))
    if kind is DifferenceClass.REFUND_SIGN:
        return abs(home[0].total_fen - care[0].total_fen)
    if kind is DifferenceClass.DUPLICATE:
        return max(sum(abs(row.total_fen) for row in rows[1:]) for rows in (home, care))
    return max((abs(row.total_fen) for row in (*home, *care)), default=0)
