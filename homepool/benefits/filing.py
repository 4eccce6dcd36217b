"""Filings (备案) and what they do for a bill: a choice among a person's filings, pure.

Rules: an off-site filing covers every institution of the place it names (医保发〔2022〕22号 Art 7, as digested in public
policy bundles). It counts for a stay if it is valid on the day of admission, even if it has expired at discharge, or
if it begins before the discharge (补备案, Art 16); for outpatients the day of care decides. An emergency counts as filed
(Art 8, 34). Filing-free places, what a long-term resident keeps at home, whether chronic diseases and designated
institutions must be filed are policy data.
"""

import hashlib
from typing import Final, NamedTuple

from homepool.benefits.facts import FILINGS, LOCAL
from homepool.benefits.rule import CHRONIC_CARE, MED_TYPE_OF, Policy

CHRONIC: Final = "chronic"
DESIGNATED: Final = "designated"
TEMPORARY: Final = ("referral", "emergency", "other")
OFFSITE: Final = ("long_term", *TEMPORARY)
KINDS: Final = (*OFFSITE, CHRONIC, DESIGNATED)
LOCAL_ROUTE: Final = 1
_RANK: Final = {kind: rank for rank, kind in enumerate(FILINGS)}
_LAST: Final = _RANK["unfiled"]


class Filing(NamedTuple):
    """One filing of a person. One that was withdrawn before it ever held ends before it begins."""

    kind: str  # one of KINDS
    care: tuple[str, ...]  # off-site: prefixes of the divisions it covers: "4403", "31", …
    valid_from: str  # yyyy-MM-dd
    valid_to: str = ""  # last day, '' = until withdrawn
    insutype: str = ""  # '' = of whatever insurance
    disease: str = ""  # chronic
    institution: str = ""  # designated
    id: bytes = b""
    withdrawn: bool = False

    def holds(self, day: str, until: str = "") -> bool:
        """Whether it is valid on `day`, or begins after it and by `until`."""
        if self.valid_to and (self.valid_to < self.valid_from or self.valid_to < day):
            return False
        return self.valid_from <= (until if until > day else day)

    @property
    def days(self) -> tuple[str, str]:
        """First and last day."""
        return self.valid_from, self.valid_to

    def is_for(self, insutype: str) -> bool:
        """Whether it was filed for this insurance, or for any."""
        return self.insutype in ("", insutype)


class Filed(NamedTuple):
    """How treatment counts as filed, and by which of the person's filings."""

    kind: str  # local, or one of facts.FILINGS
    by: Filing | None = None
    free: bool = False  # by no filing, but because nobody has to file at this place


def filed_as(
    policy: Policy,
    *,
    insutype: str,
    care_pool: int,
    route: int,
    med_type: str,
    day: str,
    until: str = "",
    emergency: bool,
    filings: tuple[Filing, ...],
) -> Filed:
    """local, or the best of what covers this care: a filing, an emergency, a filing-free place; else unfiled.

    `day` is that of admission or treatment, `until` the last one of a stay, yyyy-MM-dd; `route` 1 is the person's own
    pool.
    """
    if route == LOCAL_ROUTE:
        if policy.home_while_away:
            for filing in filings:
                if filing.is_for(insutype) and _lives_elsewhere(filing, care_pool, day, until):
                    return Filed(policy.home_while_away, filing)
        return FILED_LOCAL
    division = str(care_pool)
    best, rank = _UNFILED, _LAST
    for filing in filings:
        mine = _RANK.get(filing.kind, _LAST)
        if (
            mine < rank
            and division.startswith(filing.care)
            and filing.is_for(insutype)
            and filing.holds(day, until)
        ):
            best, rank = Filed(filing.kind, filing), mine
    if emergency and rank > _RANK["emergency"]:
        best, rank = _EMERGENCY, _RANK["emergency"]
    if policy.filing_free:
        med_type = MED_TYPE_OF.get(med_type, med_type)
        for free in policy.filing_free:
            if (not free.med_types or med_type in free.med_types) and division.startswith(free.care):
                mine = _RANK[free.counts_as]
                if mine < rank:
                    best, rank = Filed(free.counts_as, free=True), mine
    return best


def chronic_filing(insutype: str, disease: str, day: str, filings: tuple[Filing, ...]) -> Filing | None:
    """The person's filing of a chronic disease that holds on the day of care."""
    for filing in filings:
        if (
            filing.kind == CHRONIC
            and filing.disease == disease
            and filing.is_for(insutype)
            and filing.holds(day)
        ):
            return filing
    return None


def designation(insutype: str, institution: str, day: str, filings: tuple[Filing, ...]) -> Filing | None:
    """The filing by which the person has chosen this institution on that day."""
    for filing in filings:
        if (
            filing.kind == DESIGNATED
            and filing.institution == institution
            and filing.is_for(insutype)
            and filing.holds(day)
        ):
            return filing
    return None


def needs_chronic_filing(policy: Policy, med_type: str) -> bool:
    """Whether this care is paid only for who has filed the disease."""
    return policy.filing.chronic_needed and med_type == CHRONIC_CARE


def needs_designation(policy: Policy, med_type: str, route: int) -> bool:
    """Whether the pooled fund pays this care only at an institution that the person has chosen."""
    terms = policy.filing
    if not terms.designated_med_types or route not in terms.designated_routes:
        return False
    return MED_TYPE_OF.get(med_type, med_type) in terms.designated_med_types


def content_id(
    psn_no: str, kind: str, insutype: str, care: str, disease: str, institution: str, valid_from: str
) -> bytes:
    """The id of a filing that no message filed: 16 bytes of what it says (`filing_content_id` in SQL)."""
    text = "\x1f".join((psn_no, kind, insutype, care, disease, institution, valid_from))
    return hashlib.sha256(text.encode()).digest()[:16]


def _lives_elsewhere(filing: Filing, home: int, day: str, until: str) -> bool:
    return (
        filing.kind == "long_term"
        and filing.holds(day, until)
        and not any(str(home).startswith(prefix) for prefix in filing.care)
    )


FILED_LOCAL: Final = Filed(LOCAL)
_EMERGENCY: Final = Filed("emergency")
_UNFILED: Final = Filed("unfiled")
