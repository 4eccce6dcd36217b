"""What one flush knows: the book as it was read, then as decided on top, item by item.

Plain dictionaries, because the hot path asks them for every item. `take` is the one place where a decision changes
them; W2's trigger makes the same changes in SQL, and a conflict throws the whole snapshot away.
"""

from operator import add
from typing import Final

from homepool.benefits import NOTHING_USED
from homepool.book import Reading, Stored
from homepool.insured import Person
from ledger.life import Fate, Id, Kind, Lives, Status, Verdict
from ledger.rows import Row

_KINDS: Final = {int(kind): kind for kind in Kind}
_STATUSES: Final = {int(status): status for status in Status}

PersonYear = tuple[str, str, int]
"""psn_no, insutype, and yyyy or yyyyMM."""


class Snapshot:
    """The book of one flush in memory."""

    __slots__ = (
        "balances",
        "clock_ms",
        "lives",
        "month_used",
        "people",
        "rows",
        "used",
        "version",
        "visit_live",
    )

    def __init__(self) -> None:
        self.rows: dict[Id, Row] = {}  # decisions by id: known ids, targets, and what answers name
        self.lives = Lives({}, {})
        self.people: dict[str, Person] = {}
        self.used: dict[PersonYear, tuple[int, ...]] = {}
        self.month_used: dict[PersonYear, tuple[int, int]] = {}
        self.balances: dict[str, int] = {}
        self.visit_live: dict[Id, set[Id]] = {}  # only of visits that were asked for
        self.version = 0
        self.clock_ms = 0

    def copied(self) -> "Snapshot":
        """The same knowledge, to decide on without the other's decisions."""
        twin = Snapshot()
        twin.rows = dict(self.rows)
        twin.lives = Lives(dict(self.lives.fates), dict(self.lives.live))
        twin.people = self.people
        twin.used, twin.month_used = dict(self.used), dict(self.month_used)
        twin.balances = dict(self.balances)
        twin.visit_live = {visit: set(live) for visit, live in self.visit_live.items()}
        twin.version, twin.clock_ms = self.version, self.clock_ms
        return twin

    def read(self, reading: Reading) -> None:
        """Take in what the book answered."""
        self.lives.live.update(reading.live)
        self.visit_live.update(reading.visit_live)
        self.used.update(reading.used)
        self.month_used.update(reading.month_used)
        self.balances.update(reading.balances)
        self.version = reading.version
        self.clock_ms = reading.clock_ms

    def stored(self, stored: dict[Id, Stored]) -> None:
        """Take in decisions that the book holds, with what has become of them."""
        for id_, (row, undone_by, sealed, live) in stored.items():
            self.rows[id_] = row
            self.lives.fates[id_] = fate_of(row, undone_by, sealed)
            if live is not None and row.bill is not None:
                self.lives.live[row.bill] = live

    def take(self, row: Row, verdict: Verdict) -> None:
        """A decision, for those that follow it in this flush."""
        id_ = row.id
        self.rows[id_] = row
        self.lives.decided(id_, fate_of(row, None, False), verdict, row.target)
        if not row.sign:
            return
        if row.account_fen and row.psn_no in self.balances:
            self.balances[row.psn_no] -= row.account_fen
        if row.family_psn_no is not None and row.family_amount_fen is not None:
            for psn_no, amount in zip(row.family_psn_no, row.family_amount_fen, strict=True):
                if psn_no in self.balances:
                    self.balances[psn_no] -= amount
        if row.deltas is not None:
            key = (row.psn_no, row.insutype, row.year)
            self.used[key] = tuple(map(add, self.used.get(key, NOTHING_USED), row.deltas))
        if row.month:
            key = (row.psn_no, row.insutype, row.month)
            in_scope, pooled = self.month_used.get(key, (0, 0))
            self.month_used[key] = (in_scope + row.month_in_scope_fen, pooled + row.month_pooled_fen)
        if row.visit is not None and row.visit in self.visit_live and row.settlement is not None:
            live = self.visit_live[row.visit]
            if row.sign > 0:
                live.add(row.settlement)
            else:
                live.discard(row.settlement)


def fate_of(row: Row, undone_by: Id | None, sealed: bool) -> Fate:
    """What the life of a bill needs to know of a decision."""
    return Fate(
        _KINDS[row.kind], _STATUSES[row.status], row.psn_no, row.bill, row.settlement, undone_by, sealed
    )
