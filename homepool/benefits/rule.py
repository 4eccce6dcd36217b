"""A policy, compiled: what `settle` reads. Plain integers and tuples, no None, no lookup of a file's words.

Goal: the hot path compares and multiplies integers. `homepool/policy/form.py` turns a policy file into
these; a cap that does not exist is NO_LIMIT. The rule of a bill depends on a few small keys (medical type,
levels, kind of person, filing, route, listed disease); it is compiled at its first use and remembered, at
most RULES_REMEMBERED_MAX of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from homepool.benefits.bands import Bands
from homepool.benefits.facts import NO_LIMIT, BillFacts, Standing

RULES_REMEMBERED_MAX: Final = 8192
PSN_HEAD_LENGTH: Final = 2
"""psn_type is told apart by its first two digits: 11 in work, 12 retired, 13 veteran, 14 student, 15, 16."""

MED_TYPE_OF: Final = {"12": "11", "22": "21", "23": "21", "24": "21"}
"""Medical types that are paid like another: registration, trauma, transferred, emergency made inpatient."""

CHRONIC_CARE: Final = "14"
"""Chronic and special diseases at outpatients (门诊慢特病)."""

STAY, YEAR, BILL = 0, 1, 2
"""How often a deductible is borne: each stay, with steps by admission; once a year; each bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A layer with deductible, bands and cap, reckoned over the year or over this bill alone."""

    name: str
    deductible_fen: int
    bands: Bands
    excess: bool  # edges count from zero above the deductible, else they are positions on the whole base
    cap_fen: int
    yearly: bool
    base: str = ""  # what it is reckoned on, where the layer offers a choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The big-illness layer for people of certain identities, else for all: the first that fits applies."""

    identities: frozenset[str]  # empty = all
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """Big illness (residents) or large expense (employees)."""

    payer: str  # big_illness_fen or large_fen
    base: str  # in_scope_minus_pooled, compliant_incl_first_pay_minus_pooled, over_cap or given
    deductible_feeds: bool  # whether the basic deductible is part of the base
    combined_cap_fen: int  # pooled fund and this layer together, per year
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """Civil servants' subsidy or enterprise supplement, on what is left in scope."""

    payer: str  # civil_fen or enterprise_fen
    civil_only: bool
    psn_heads: frozenset[str]  # empty = all
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Aid:
    """Medical aid of the first group that the person belongs to: steps in order, on what is left in scope."""

    identities: frozenset[str]  # empty = all
    year_cap_fen: int
    steps: tuple[Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commercial:
    """A commercial insurer's or charity's layer; each part says what it is reckoned on."""

    payer: str  # commercial_payer of the row
    identities: frozenset[str]  # the enrolment it needs, empty = all
    year_cap_fen: int
    parts: tuple[Tier, ...]  # base: everything_left, in_policy or out_of_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What applies to one kind of bill of one kind of person."""

    refusal: str = ""  # a code where nothing is paid
    refusal_message: str = ""
    reduction: str = ""  # off-site reduction in words, '' where none
    first_pay_bp: int = 0
    deductibles: tuple[int, ...] = (0,)  # by admission, the last repeats; a yearly one has a single figure
    deductible_unit: int = BILL
    deductible_at: int = -1  # accumulator, -1 = none
    deductible_share_bp: int = 0
    deductible_min_fen: int = 0
    deductible_max_fen: int = 0
    deductible_year_ceiling_fen: int
    after_ratio: bool = False
    excess: bool = False
    bands: Bands
    floor_bp: int = 0
    floor_on_total: bool = False
    bill_cap_fen: int
    year_cap_fen: int  # of this kind of care
    pooled_at: int = -1  # accumulator of this kind of care, -1 = none
    pool_year_cap_fen: int  # of everything the pooled fund pays
    combined_cap_fen: int = NO_LIMIT  # of the pooled fund and big illness together, per year
    month_cap_fen: int
    bill_scope_cap_fen: int
    year_scope_cap_fen: int
    month_scope_cap_fen: int
    monthly: bool = False
    admission: bool = False  # counts as an inpatient stay
    pooled_code: tuple[str, str]  # fund_pay_type and its name
    second: Second | None = None
    supplements: tuple[Supplement, ...] = ()
    aid: tuple[Aid, ...] = ()
    commercial: tuple[Commercial, ...] = ()
    account: tuple[bool, bool, bool, bool] = (False,) * 4  # in scope, first-pay, over limit, full self
    account_all: bool = False
    later: bool = False  # has any layer between the pooled fund and the accounts
    family: bool = False


RuleKey = tuple[str, str, str, str, str, int, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingFree:
    """Care places where nobody has to file (同城化): treated as if filed as `counts_as`."""

    care: tuple[str, ...]  # prefixes of divisions
    med_types: frozenset[str]  # empty = all
    counts_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingTerms:
    """What the pool asks of filings. The defaults are those of a policy that says nothing of them."""

    temporary_months_least: int = 6
    """How long a referral and other temporary filings hold at least: 6 months (医保发〔2022〕22号 Art 7)."""
    begin_back_days_most: int = 90
    """How far a filing may begin before the day of filing: before the discharge (Art 16); the figure is an assumption."""
    begin_ahead_days_most: int = 90
    """How far it may begin after it; an assumption."""
    chronic_needed: bool = False  # medical type 14 is paid only for a disease that was filed
    chronic_diseases: frozenset[str] = frozenset()  # that may be filed
    designated_med_types: frozenset[str] = frozenset()  # paid by the fund only where the person chose to go
    designated_routes: frozenset[int] = frozenset()  # and on which routes


@dataclass(frozen=True, slots=True, kw_only=True)
class YearCap:
    """A yearly cap as a revival meets it: accumulator, the most generous figure that any person has."""

    med_types: frozenset[str]
    accumulators: tuple[int, ...]  # their sum is capped
    cap_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One pool's policy for one insurance from one day on."""

    version: str
    division: int
    insutype: str
    name: str
    effective_from: str  # yyyy-MM-dd
    fund_includes_account: bool
    stay_year: str  # begin or end: whose accumulators a stay over 31 December feeds
    home_while_away: str  # what a long-term resident elsewhere counts as at home, '' = local
    filing_free: tuple[FilingFree, ...]
    fund_pay_types: dict[str, tuple[str, str]]
    year_caps: tuple[YearCap, ...]
    uses_age: bool
    diseases: frozenset[str]
    matn_types: frozenset[str]
    make_rule: Callable[[RuleKey], Rule]
    effective_to: str = ""  # last day, '' = until the next one begins
    filing: FilingTerms = FilingTerms()
    not_covered: frozenset[str] = frozenset()  # medical types that the policy says it does not pay
    rules: dict[RuleKey, Rule] = field(default_factory=dict, compare=False, repr=False)

    def rule(self, bill: BillFacts, standing: Standing) -> Rule:
        """The rule that applies to this bill of this person; compiled once per key."""
        med_type = bill.med_type
        key = (
            MED_TYPE_OF.get(med_type, med_type),
            bill.level,
            bill.deductible_level or bill.level,
            standing.psn_type[:PSN_HEAD_LENGTH],
            standing.filing,
            bill.route,
            bill.dise_codg if bill.dise_codg in self.diseases else "",
            bill.matn_type if bill.matn_type in self.matn_types else "",
            standing.age if self.uses_age else 0,
        )
        rule = self.rules.get(key)
        if rule is None:
            rule = self.make_rule(key)
            if len(self.rules) >= RULES_REMEMBERED_MAX:
                self.rules.clear()
            self.rules[key] = rule
        return rule
