"""How a bill was filed, in words: by what, from when to when, and what that does to the benefit."""

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
        parts.append(f"{_place(bill, standing)}: {rule.reduction or 'as at home'}")
    if bill.med_type == CHRONIC_CARE and standing.chronic != NO_DAYS:
        parts.append(f"chronic disease {bill.dise_codg} filed{_span(standing.chronic)}")
    if standing.not_designated:
        parts.append(NOT_DESIGNATED)
    return "; ".join(parts)


def _place(bill: BillFacts, standing: Standing) -> str:
    words = FILING_WORDS.get(standing.filing, standing.filing)
    if standing.filing == "emergency" and standing.filed != NO_DAYS:
        words = "filed as emergency"
    if bill.route == _LOCAL_ROUTE:
        words = (
            f"filed as long-term resident elsewhere{_span(standing.filed)}, so care at home counts as {words}"
        )
    elif standing.filing_free:
        words = f"nobody has to file here: counts as {words}"
    else:
        words += _span(standing.filed)
    return words


def _span(days: tuple[str, str]) -> str:
    first, last = days
    if not first:
        return ""
    return f" from {first} to {last}" if last else f" from {first} until withdrawn"
