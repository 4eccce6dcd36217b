"""A person as the home pool knows him: insurances, identities, filings, relatives, each with its days.

What changes with every bill (accumulators, balances) is not here: it is read anew for each flush, whereas a person
is kept in memory as long as nobody but the worker has changed the book. Days are yyyy-MM-dd and compare as text.
"""

from dataclasses import dataclass
from typing import NamedTuple

from homepool.benefits import Filing


class Coverage(NamedTuple):
    """One insurance of a person in one pool."""

    pool: int
    insutype: str
    psn_type: str
    civil_servant: bool
    valid_from: str
    valid_to: str = ""  # last day, '' = not known
    status: str = "1"  # psn_insu_stas: 1 normal, 2 paused, 4 ended
    paused_on: str = ""  # first day of the pause, where the status is 2

    def covers(self, day: str) -> bool:
        """Whether it is enjoyed on that day: begun, not ended, not paused."""
        if day < self.valid_from or (self.valid_to and self.valid_to < day):
            return False
        if self.status == "1":
            return True
        if self.status == "2":
            return day < self.paused_on
        return bool(self.valid_to)  # ended, but not yet on that day


class Identity(NamedTuple):
    """A medical-aid identity or an enrolment, by the policies' names."""

    kind: str
    valid_from: str
    valid_to: str = ""  # '' = open


@dataclass(frozen=True, slots=True)
class Person:
    """A psn_no of this node; the pools it is or was insured in are those of its coverages."""

    psn_no: str
    born: str
    coverages: dict[tuple[int, str], tuple[Coverage, ...]]  # (pool, insutype) -> in the order of their days
    identities: tuple[Identity, ...] = ()
    filings: tuple[Filing, ...] = ()
    account_pool: int = 0  # whose bills the own account pays, 0 = has none
    relatives: tuple[tuple[str, int], ...] = ()  # (psn_no, pool of his account, 0 = has none), sorted
    invoices: frozenset[str] = frozenset()  # paid by hand, and not taken back

    def coverage(self, pool: int, insutype: str, day: str) -> Coverage | None:
        """The insurance that holds on that day, else the latest that was held, None where none ever was."""
        held = self.coverages.get((pool, insutype))
        if held is None:
            return None
        for coverage in held:
            if coverage.covers(day):
                return coverage
        return held[-1]

    def known_in(self, pool: int) -> bool:
        """Whether the person was ever insured in this pool."""
        return any(insured_in == pool for insured_in, _ in self.coverages)

    def identities_on(self, day: str) -> tuple[str, ...]:
        """The kinds of identity that hold on that day."""
        return tuple(
            identity.kind
            for identity in self.identities
            if identity.valid_from <= day and not (identity.valid_to and identity.valid_to < day)
        )

    def age_on(self, day: str) -> int:
        """Full years on that day, 0 where the day of birth is not known."""
        if not self.born:
            return 0
        return max(0, int(day[:4]) - int(self.born[:4]) - (day[5:] < self.born[5:]))
