"""What a change of policies does: the sample bills settled by the old and by the new ones, and where they differ.

Two files are compared with each other, whatever days they hold from. Two folders are compared on every day on which
any policy of either begins, as a node would decide that day. Both sides are settled by the live engine. Where a folder
has no policy, the bill is declined with NO_POLICY, as a node would decline it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from homepool.benefits import Benefit, Policy, settle
from homepool.benefits.rule import FilingFree, FilingTerms
from homepool.errors import PolicyInvalid
from homepool.policy.files import PolicyBook, load_policies, read_policy
from homepool.policy.samples import Case, cases, identities_of
from ledger.rows import ACCUMULATORS, PAYERS

NO_POLICY: Final = "NO_POLICY"
HEADS: Final = (
    "fund_includes_account", "stay_year", "home_while_away", "filing_free", "filing", "effective_to"
)  # fmt: skip
"""What decides how filings count, which year a stay feeds and what is summed, before any bill is looked at."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side does with a bill: a code where it is declined, who pays what (fen), what the year remembers."""

    declined: str
    amounts: dict[str, int]
    remembered: dict[str, int]

    @property
    def cash_fen(self) -> int:
        """What the person pays in cash; a declined bill is paid by nobody."""
        return self.amounts.get("cash_fen", 0)

    def as_json(self) -> dict[str, Any]:
        """Figures in fen; accumulators by their names."""
        return {"declined": self.declined, **self.amounts, "accumulators": self.remembered}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One sample bill that is paid otherwise."""

    pool: int
    insutype: str
    day: str
    case: Case
    before: Outcome
    after: Outcome

    def as_json(self) -> dict[str, Any]:
        """Figures in fen."""
        return {
            "pool": self.pool,
            "insutype": self.insutype,
            "day": self.day,
            "person": self.case.somebody.name,
            "bill": self.case.sample.name,
            "med_type": self.case.sample.med_type,
            "route": self.case.route,
            "filing": self.case.filing,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was compared, and what differs; `heads` are keys that decide something no sample bill can show."""

    bills: int
    heads: tuple[tuple[str, str, str, str], ...]  # pool and insurance with day, key, before, after
    differences: tuple[Difference, ...]


def compare(old: Path, new: Path) -> Comparison:
    """Both files, or both folders. Raises PolicyInvalid with what to mend."""
    for path in (old, new):
        if not path.exists():
            raise PolicyInvalid(str(path), "file", "there is no such file or folder")
    if old.is_dir() != new.is_dir():
        raise PolicyInvalid(str(new), "file", "compare a file with a file, or a folder with a folder")
    return _of_folders(old, new) if old.is_dir() else _of_files(old, new)


def _of_files(old: Path, new: Path) -> Comparison:
    before, after = read_policy(old), read_policy(new)
    if (before.division, before.insutype) != (after.division, after.insutype):
        why = f"it is for {after.division}-{after.insutype}, the old one for {before.division}-{before.insutype}"
        raise PolicyInvalid(new.name, "division", why)
    return _compared([(before, after, max(before.effective_from, after.effective_from))])


def _of_folders(old: Path, new: Path) -> Comparison:
    books = load_policies(old), load_policies(new)
    return _compared(list(_pairs(*books)))


def _pairs(old: PolicyBook, new: PolicyBook) -> Iterator[tuple[Policy | None, Policy | None, str]]:
    starts = {(one.division, one.insutype, one.effective_from) for book in (old, new) for one in book}
    for division, insutype, day in sorted(starts):
        yield old.find(division, insutype, day), new.find(division, insutype, day), day


def _compared(pairs: list[tuple[Policy | None, Policy | None, str]]) -> Comparison:
    bills, found = 0, []
    heads: list[tuple[str, str, str, str]] = []
    for before, after, day in pairs:
        known = before or after
        assert known is not None
        heads += _heads(f"{known.division}-{known.insutype} {day}", before, after)
        identities = identities_of([one for one in (before, after) if one is not None])
        for case in cases(known.division, known.insutype, day, identities):
            bills += 1
            outcomes = _outcome(before, case), _outcome(after, case)
            if outcomes[0] != outcomes[1]:
                found.append(
                    Difference(
                        pool=known.division,
                        insutype=known.insutype,
                        day=day,
                        case=case,
                        before=outcomes[0],
                        after=outcomes[1],
                    )
                )
    return Comparison(bills=bills, heads=tuple(heads), differences=tuple(found))


def _outcome(policy: Policy | None, case: Case) -> Outcome:
    if policy is None:
        return Outcome(NO_POLICY, {}, {})
    benefit: Benefit = settle(case.bill, policy, case.standing)
    if benefit.declined:
        return Outcome(benefit.declined, {}, {})
    amounts = {name: getattr(benefit, name) for name in PAYERS if getattr(benefit, name)}
    remembered = {name: gain for name, gain in zip(ACCUMULATORS, benefit.deltas, strict=True) if gain}
    return Outcome("", {"deductible_fen": benefit.deductible_fen, **amounts}, remembered)


def _heads(where: str, before: Policy | None, after: Policy | None) -> Iterator[tuple[str, str, str, str]]:
    if before is None or after is None:
        yield where, "policy", before.version if before else "none", after.version if after else "none"
        return
    for key in HEADS:
        old, new = getattr(before, key), getattr(after, key)
        if old != new:
            yield where, key, _shown(old), _shown(new)


def _shown(value: object) -> str:
    if isinstance(value, FilingTerms):
        return ", ".join(f"{one.name} {_plain(getattr(value, one.name))}" for one in fields(value))
    if isinstance(value, tuple):
        parts = [
            f"{' '.join(free.care)} [{' '.join(sorted(free.med_types)) or 'all'}] as {free.counts_as}"
            for free in value
            if isinstance(free, FilingFree)
        ]
        return "; ".join(parts) or "none"
    return str(value) or "none"


def _plain(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(str(one) for one in value)) or "none"
    return str(value)
