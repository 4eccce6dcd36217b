"""The form of a policy file: a table in, a compiled `Policy` out, or a sentence that says what to mend.

docs/policies.md describes the form for those who write policies. Everything is read and checked here, when a
node starts; `rules.py` combines the parts into the rule of a bill when one of its kind first comes.
"""

from datetime import date
from typing import Any, Final

from homepool.benefits.bands import compiled
from homepool.benefits.facts import (
    CHRONIC_DEDUCTIBLE,
    CHRONIC_POOLED,
    FILINGS,
    INPATIENT_DEDUCTIBLE,
    MATERNITY_POOLED,
    NO_LIMIT,
    OUTPATIENT_DEDUCTIBLE,
    OUTPATIENT_POOLED,
)
from homepool.benefits.rule import (
    BILL,
    CHRONIC_CARE,
    STAY,
    YEAR,
    Aid,
    Commercial,
    FilingFree,
    FilingTerms,
    Policy,
    Second,
    Supplement,
    Tier,
    Variant,
)
from homepool.policy.checks import PSN_HEADS, check_complete, check_payers, check_treatments, year_caps
from homepool.policy.rules import Offsite, RuleMaker, Terms, Treatment
from homepool.policy.table import Table
from ledger.rows import PAYERS

MED_TYPES: Final = ("11", "13", "14", "21", "41", "51", "52")
ROUTES: Final = {"local": 1, "within": 2, "across": 3}
LAYERS: Final = ("second", "supplement", "aid", "commercial")
ACCOUNT_PARTS: Final = ("in_scope", "first_pay", "over_limit", "full_self")
_DEDUCTIBLE_AT: Final = {
    "none": -1,
    "inpatient": INPATIENT_DEDUCTIBLE,
    "outpatient": OUTPATIENT_DEDUCTIBLE,
    "chronic": CHRONIC_DEDUCTIBLE,
}
_POOLED_AT: Final = {
    "none": -1,
    "outpatient": OUTPATIENT_POOLED,
    "chronic": CHRONIC_POOLED,
    "maternity": MATERNITY_POOLED,
}
_UNITS: Final = {"stay": STAY, "year": YEAR, "bill": BILL}
_SECOND_BASES: Final = (
    "in_scope_minus_pooled",
    "compliant_incl_first_pay_minus_pooled",
    "over_cap",
    "given",
)


def parse_policy(raw: dict[str, Any], *, origin: str) -> Policy:
    """Compile one policy; raises PolicyInvalid naming `origin` (the file) and the key."""
    top = Table(origin, "", raw)
    insutype = top.text("insutype", among=tuple(PSN_HEADS))
    division = top.number("division", least=100_000, most=999_999)
    effective_from = _day(top, "effective_from")
    effective_to = _day(top, "effective_to") if top.has("effective_to") else ""
    if effective_to and effective_to < effective_from:
        raise top.wrong("effective_to", "the last day is before the first")
    top.table("sources").words()
    fund_pay_types = _fund_pay_types(top.table("fund_pay_type"))
    treatments = [_treatment(table) for table in top.tables("treatment")]
    check_treatments(top, treatments)
    not_covered = frozenset(top.texts("not_covered", among=MED_TYPES))
    for treatment in treatments:
        for med_type in sorted(not_covered.intersection(treatment.med_types)):
            raise top.wrong("not_covered", f"medical type {med_type} has a treatment")
    second = _second(top.table("second")) if top.has("second") else None
    maker = RuleMaker(
        treatments=tuple(treatments),
        offsite=tuple(_offsite(table) for table in top.tables("offsite")),
        second=second,
        supplements=tuple(_supplement(table) for table in top.tables("supplement")),
        aid=tuple(_aid(table) for table in top.tables("aid")),
        commercial=tuple(_commercial(table) for table in top.tables("commercial")),
        account_local=(),
        account_offsite=(),
        family=False,
        pool_year_cap_fen=top.cap("pool_year_cap_fen"),
        pooled_code=fund_pay_types.get("pooled_fen", ("", "")),
    )
    if top.has("account"):
        _read_account(top.table("account"), maker)
    check_payers(top, maker, fund_pay_types)
    every_terms = [terms for treatment in treatments for terms in treatment.terms]
    every_terms += [terms for rule in maker.offsite for terms in rule.terms]
    policy = Policy(
        version=f"{division}-{insutype}-{effective_from}",
        division=division,
        insutype=insutype,
        name=top.text("name"),
        effective_from=effective_from,
        fund_includes_account=top.flag("fund_includes_account"),
        stay_year=top.text("stay_year", among=("begin", "end")),
        home_while_away=top.text("home_while_away", default="", among=("", *FILINGS)),
        filing_free=tuple(_filing_free(table) for table in top.tables("filing_free")),
        fund_pay_types=fund_pay_types,
        year_caps=tuple(year_caps(maker)),
        uses_age=any(terms.uses_age for terms in every_terms),
        diseases=frozenset(code for terms in every_terms for code in terms.diseases),
        matn_types=frozenset(code for terms in every_terms for code in terms.matn_types),
        make_rule=maker.rule,
        effective_to=effective_to,
        not_covered=not_covered,
        filing=_filing(top.table("filing"), treatments),
    )
    top.finish()
    check_complete(top, policy, treatments)
    return policy


def _day(table: Table, key: str) -> str:
    text = table.text(key)
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise table.wrong(key, "a day as yyyy-MM-dd is needed")


def _read_account(account: Table, maker: RuleMaker) -> None:
    maker.account_local = account.texts("local", among=ACCOUNT_PARTS)
    maker.account_offsite = account.texts("offsite", among=ACCOUNT_PARTS)
    maker.family = account.flag("family", default=False)
    account.finish()


def _fund_pay_types(table: Table) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for payer in PAYERS:
        key = payer.removesuffix("_fen")
        if table.has(key):
            code = table.texts(key)
            if len(code) != 2 or len(code[0]) != 6 or not code[0].isdigit():
                raise table.wrong(key, "[six-digit fund_pay_type, its name] is needed")
            found[payer] = (code[0], code[1])
    table.finish()
    return found


def parse_terms(table: Table) -> Terms:
    """One row of a treatment's table: for whom and where, and the figures that apply."""
    terms = Terms(
        levels=table.texts("levels", among=("0", "1", "2", "3")),
        psn_heads=table.texts("psn_types"),
        age_from=table.number("age_from", default=0, most=200),
        age_to=table.number("age_to", default=200, most=200),
        diseases=table.texts("diseases"),
        matn_types=table.texts("matn_types"),
        deductibles=table.amounts("deductible_fen"),
        per_year_of_age_bp=table.ratio("ratio_per_year_of_age_bp", default=0),
        bands=tuple(table.bands()),
        bill_cap_fen=table.cap("bill_cap_fen"),
        year_cap_fen=table.cap("year_cap_fen"),
        month_cap_fen=table.cap("month_cap_fen"),
        bill_scope_cap_fen=table.cap("bill_in_scope_cap_fen"),
        year_scope_cap_fen=table.cap("year_in_scope_cap_fen"),
        month_scope_cap_fen=table.cap("month_in_scope_cap_fen"),
    )
    table.finish()
    return terms


def _treatment(table: Table) -> Treatment:
    treatment = Treatment(
        med_types=table.texts("med_types", among=MED_TYPES),
        deductible_at=_DEDUCTIBLE_AT[
            table.text("deductible_account", default="none", among=tuple(_DEDUCTIBLE_AT))
        ],
        deductible_unit=_UNITS[table.text("deductible_unit", default="bill", among=tuple(_UNITS))],
        deductible_year_ceiling_fen=table.cap("deductible_year_ceiling_fen"),
        after_ratio=table.text(
            "deductible_order", default="before_ratio", among=("before_ratio", "after_ratio")
        )
        == "after_ratio",
        excess=table.text("band_axis", default="gross", among=("gross", "excess")) == "excess",
        pooled_at=_POOLED_AT[table.text("pooled_account", default="none", among=tuple(_POOLED_AT))],
        admission=table.flag("admission", default=False),
        layers=table.texts("layers", among=LAYERS),
        account=table.flag("account", default=True),
        pooled_code=tuple(table.texts("fund_pay_type")),
        terms=tuple(parse_terms(row) for row in table.tables("terms")),
    )
    if not treatment.med_types:
        raise table.wrong("med_types", "a treatment must name its medical types")
    if not treatment.terms:
        raise table.wrong("terms", "a treatment needs at least one table of terms")
    if treatment.pooled_code and len(treatment.pooled_code) != 2:
        raise table.wrong("fund_pay_type", "[six-digit fund_pay_type, its name] is needed")
    if treatment.deductible_at < 0 and (
        treatment.deductible_unit == YEAR or treatment.deductible_year_ceiling_fen < NO_LIMIT
    ):
        raise table.wrong(
            "deductible_account", "a yearly deductible or ceiling needs an account that remembers it"
        )
    if treatment.pooled_at < 0 and any(terms.year_cap_fen < NO_LIMIT for terms in treatment.terms):
        raise table.wrong("pooled_account", "year_cap_fen needs an account that remembers what was paid")
    table.finish()
    return treatment


def parse_tier(table: Table, *, yearly: bool, cap_key: str, bases: tuple[str, ...] = ()) -> Tier:
    """A layer's deductible, bands and cap; `yearly` is the default of its `yearly` key."""
    return Tier(
        name=table.text("name", default=""),
        deductible_fen=table.number("deductible_fen", default=0),
        bands=compiled(table.bands()),
        excess=table.text("band_axis", default="gross", among=("gross", "excess")) == "excess",
        cap_fen=table.cap(cap_key),
        yearly=table.flag("yearly", default=yearly),
        base=table.text("base", among=bases) if bases else "",
    )


def _second(table: Table) -> Second:
    variants = []
    for row in table.tables("variant"):
        identities = frozenset(row.texts("identities"))
        variants.append(
            Variant(identities=identities, tier=parse_tier(row, yearly=True, cap_key="year_cap_fen"))
        )
        row.finish()
    second = Second(
        payer=table.text("payer", among=("big_illness", "large")) + "_fen",
        base=table.text("base", among=_SECOND_BASES),
        deductible_feeds=table.flag("deductible_feeds", default=True),
        combined_cap_fen=table.cap("combined_year_cap_fen"),
        variants=tuple(variants),
    )
    table.finish()
    return second


def _supplement(table: Table) -> Supplement:
    supplement = Supplement(
        payer=table.text("payer", among=("civil", "enterprise")) + "_fen",
        civil_only=table.text("who", among=("civil_servants", "everyone")) == "civil_servants",
        psn_heads=frozenset(table.texts("psn_types")),
        tier=parse_tier(table, yearly=True, cap_key="year_cap_fen"),
    )
    table.finish()
    return supplement


def _aid(table: Table) -> Aid:
    steps = []
    for row in table.tables("step"):
        steps.append(parse_tier(row, yearly=False, cap_key="cap_fen"))
        row.finish()
    if sum(step.yearly for step in steps) > 1:
        raise table.wrong("step", "one step at most may be yearly: the book keeps one aid base per person")
    aid = Aid(
        identities=frozenset(table.texts("identities")),
        year_cap_fen=table.cap("year_cap_fen"),
        steps=tuple(steps),
    )
    table.finish()
    return aid


def _commercial(table: Table) -> Commercial:
    parts = []
    for row in table.tables("part"):
        bases = ("everything_left", "in_policy", "out_of_policy")
        parts.append(parse_tier(row, yearly=False, cap_key="cap_fen", bases=bases))
        row.finish()
    if not parts or sum(part.yearly for part in parts) > 1:
        raise table.wrong("part", "at least one part is needed, and one at most may be yearly")
    commercial = Commercial(
        payer=table.text("payer"),
        identities=frozenset(table.texts("identities")),
        year_cap_fen=table.cap("year_cap_fen"),
        parts=tuple(parts),
    )
    table.finish()
    return commercial


def _offsite(table: Table) -> Offsite:
    rule = Offsite(
        routes=frozenset(ROUTES[route] for route in table.texts("routes", among=tuple(ROUTES))),
        filings=frozenset(table.texts("filings", among=FILINGS)),
        med_types=frozenset(table.texts("med_types", among=MED_TYPES)),
        pays=table.flag("pays", default=True),
        first_pay_bp=table.ratio("first_pay_bp", default=0),
        deductible_fen=table.number("deductible_fen", default=-1),
        deductible_share_bp=table.ratio("deductible_share_of_total_bp", default=0),
        deductible_min_fen=table.number("deductible_min_fen", default=0),
        deductible_max_fen=table.cap("deductible_max_fen"),
        points_bp=table.number("ratio_points_bp", default=0, least=-10_000, most=10_000),
        multiplier_bp=table.number("ratio_multiplier_bp", default=10_000, most=10_000),
        floor_bp=table.ratio("floor_bp", default=0),
        floor_on_total=table.text("floor_base", default="total", among=("total", "in_scope")) == "total",
        terms=tuple(parse_terms(row) for row in table.tables("terms")),
    )
    if any(terms.limits_a_period for terms in rule.terms):
        raise table.wrong(
            "terms", "an own table may limit a bill; the year's and month's caps are the treatment's"
        )
    table.finish()
    return rule


def _filing(table: Table, treatments: list[Treatment]) -> FilingTerms:
    usual = FilingTerms()
    chronic = [terms for one in treatments if CHRONIC_CARE in one.med_types for terms in one.terms]
    known = {code for terms in chronic for code in terms.diseases}
    terms = FilingTerms(
        temporary_months_least=table.number(
            "temporary_months_least", default=usual.temporary_months_least, least=1, most=120
        ),
        begin_back_days_most=table.number(
            "begin_back_days_most", default=usual.begin_back_days_most, most=3_660
        ),
        begin_ahead_days_most=table.number(
            "begin_ahead_days_most", default=usual.begin_ahead_days_most, most=3_660
        ),
        chronic_needed=table.flag("chronic_needed", default=False),
        chronic_diseases=frozenset(known.union(table.texts("chronic_diseases"))),
        designated_med_types=frozenset(table.texts("designated_med_types", among=MED_TYPES)),
        designated_routes=frozenset(
            ROUTES[route] for route in table.texts("designated_routes", among=tuple(ROUTES))
        ),
    )
    if terms.chronic_needed and not chronic:
        raise table.wrong("chronic_needed", f"medical type {CHRONIC_CARE} has no treatment")
    if terms.chronic_needed and not terms.chronic_diseases:
        raise table.wrong(
            "chronic_diseases", "a filing is needed, but there is no disease that could be filed"
        )
    for med_type in sorted(
        terms.designated_med_types - {kind for one in treatments for kind in one.med_types}
    ):
        raise table.wrong("designated_med_types", f"medical type {med_type} has no treatment")
    if bool(terms.designated_med_types) != bool(terms.designated_routes):
        raise table.wrong("designated_routes", "designated_med_types and designated_routes belong together")
    table.finish()
    return terms


def _filing_free(table: Table) -> FilingFree:
    free = FilingFree(
        care=table.texts("care"),
        med_types=frozenset(table.texts("med_types", among=MED_TYPES)),
        counts_as=table.text("counts_as", among=FILINGS),
    )
    table.finish()
    return free
