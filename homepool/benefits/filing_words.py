"""How a bill was filed, in words: by what, from when to when, and what that does to the benefit."""

from functools import lru_cache
from typing import Final

from homepool.benefits.facts import LOCAL, NO_DAYS, BillFacts, Standing
from homepool.benefits.rule import CHRONIC_CARE, Rule

FILING_WORDS: Final = {
    "local": "treatment in the person's own pool",
    "long_term": "filed as long-term resident there",
    "referral": "filed as referral by a hospital",
    "emergency": "an emergency, which counts as filed",
    "other": "filed as other temporary care, without referral",
    "unfiled": "not filed",
}
NOT_DESIGNATED: Final = "not at a chosen institution (2505): the fund pays nothing, account and cash do"
_LOCAL_ROUTE: Final = 1


def filing_words(bill: BillFacts, standing: Standing, rule: Rule) -> str:
    """What `setl_proc_info` of the pooled fund says of filings; empty where they make no difference."""
    parts = []
    if standing.filing != LOCAL:
        place = _place(
            standing.filing, standing.filed, at_home=bill.route == _LOCAL_ROUTE, free=standing.filing_free
        )
        parts.append(f"{place}: {rule.reduction or 'as at home'}")
    if bill.med_type == CHRONIC_CARE and standing.chronic != NO_DAYS:
        parts.append(f"chronic disease {bill.dise_codg} filed{_span(standing.chronic)}")
    if standing.not_designated:
        parts.append(NOT_DESIGNATED)
    return "; ".join(parts)


@lru_cache(maxsize=4_096)
def _place(filing: str, filed: tuple[str, str], *, at_home: bool, free: bool) -> str:
    words = FILING_WORDS.get(filing, filing)
    if filing == "emergency" and filed != NO_DAYS:
        words = "filed as emergency"
    if at_home:
        words = f"filed as long-term resident elsewhere{_span(filed)}, so care at home counts as {words}"
    elif free:
        words = f"nobody has to file here: counts as {words}"
    else:
        words += _span(filed)
    return words


def _span(days: tuple[str, str]) -> str:
    first, last = days
    if not first:
        return ""
    return f" from {first} to {last}" if last else f" from {first} until withdrawn"
