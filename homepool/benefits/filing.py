"""How off-site treatment counts as filed: a choice among a person's filings, pure.

Rules: a filing covers every institution of the place it names (医保发〔2022〕22号 Art 7, as digested in
public policy bundles); it counts if it is valid on the day of admission or treatment, even if it has
expired at discharge; an emergency counts as filed (Art 8, 34); filing-free places and what a long-term
resident keeps at home are policy data.
"""

from typing import Final, NamedTuple

from homepool.benefits.facts import FILINGS, LOCAL
from homepool.benefits.rule import MED_TYPE_OF, Policy

_RANK: Final = {kind: rank for rank, kind in enumerate(FILINGS)}
LOCAL_ROUTE: Final = 1


class Filing(NamedTuple):
    """One filing of a person."""

    kind: str  # long_term, referral, emergency or other
    care: tuple[str, ...]  # prefixes of the divisions it covers: "4403", "31", …
    valid_from: str  # yyyy-MM-dd
    valid_to: str = ""  # '' = until revoked

    def covers(self, care_division: str, day: str) -> bool:
        """Whether it is valid there on that day."""
        if day < self.valid_from or (self.valid_to and day > self.valid_to):
            return False
        return any(care_division.startswith(prefix) for prefix in self.care)


def filing_kind(
    policy: Policy,
    *,
    care_pool: int,
    route: int,
    med_type: str,
    day: str,
    emergency: bool,
    filings: tuple[Filing, ...],
) -> str:
    """local, or the best of what covers this care: a filing, an emergency, a filing-free place; else unfiled.

    `day` is that of admission or treatment, yyyy-MM-dd; `route` 1 is the person's own pool.
    """
    if route == LOCAL_ROUTE:
        if policy.home_while_away and _lives_elsewhere(filings, care_pool, day):
            return policy.home_while_away
        return LOCAL
    division = str(care_pool)
    kinds = [filing.kind for filing in filings if filing.covers(division, day)]
    if emergency:
        kinds.append("emergency")
    med_type = MED_TYPE_OF.get(med_type, med_type)
    for free in policy.filing_free:
        if (not free.med_types or med_type in free.med_types) and division.startswith(free.care):
            kinds.append(free.counts_as)
    return min(kinds, key=lambda kind: _RANK.get(kind, len(_RANK)), default="unfiled")


def _lives_elsewhere(filings: tuple[Filing, ...], home: int, day: str) -> bool:
    return any(
        filing.kind == "long_term"
        and filing.valid_from <= day
        and not (filing.valid_to and day > filing.valid_to)
        and not any(str(home).startswith(prefix) for prefix in filing.care)
        for filing in filings
    )
