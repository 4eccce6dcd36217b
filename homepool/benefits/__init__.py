"""The benefit engine: who pays what of a bill. Pure: no I/O, no clock, no database, no float.

`settle` is the one entry for live settlements, trial settlements, published examples and `quote`.
"""

from homepool.benefits.caps import breaks_cap
from homepool.benefits.facts import (
    FILINGS,
    LOCAL,
    NO_LIMIT,
    NOTHING_USED,
    Benefit,
    BillFacts,
    Layer,
    Standing,
)
from homepool.benefits.filing import Filing, filed_as
from homepool.benefits.rule import MED_TYPE_OF, FilingTerms, Policy
from homepool.benefits.settlement import settle, year_of
from homepool.benefits.words import brief, explain

__all__ = [
    "FILINGS",
    "LOCAL",
    "MED_TYPE_OF",
    "NOTHING_USED",
    "NO_LIMIT",
    "Benefit",
    "BillFacts",
    "Filing",
    "FilingTerms",
    "Layer",
    "Policy",
    "Standing",
    "breaks_cap",
    "brief",
    "explain",
    "filed_as",
    "settle",
    "year_of",
]
