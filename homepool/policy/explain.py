"""A policy in plain words: what a person, a clerk or an auditor asks of it, read off the rules that decide live bills.

Method: for each medical type every kind of person at every hospital level is asked for its compiled rule; those whose
rules read the same share a row. Nothing is read from the file beside the engine, so the words cannot say what the
engine does not do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from homepool.benefits import LOCAL, NO_LIMIT, Policy
from homepool.benefits.bands import Bands
from homepool.benefits.facts import FILINGS
from homepool.benefits.rule import STAY, YEAR, FilingTerms, Rule, Tier
from homepool.benefits.words import percent, yuan
from homepool.policy.checks import PSN_HEADS
from homepool.policy.form import MED_TYPES, ROUTES

MED_TYPE_WORDS: Final = {
    "11": "ordinary outpatient care",
    "13": "emergency outpatient care",
    "14": "chronic and special diseases at outpatients",
    "21": "inpatient stay",
    "41": "pharmacy",
    "51": "maternity, outpatient",
    "52": "maternity, inpatient",
}
PERSON_WORDS: Final = {
    "11": "in work",
    "12": "retired",
    "13": "veterans",
    "14": "minors and students",
    "15": "residents",
    "16": "elderly",
}
_ACCOUNT_WORDS: Final = (
    "what is in scope",
    "first-pay shares",
    "what is above price limits",
    "what is outside",
)
_AGES_SHOWN: Final = (0, 18, 40, 60, 75, 90)


@dataclass(frozen=True, slots=True)
class Line:
    """What applies to some persons at some hospitals, at home."""

    levels: str
    persons: str
    when: str  # listed diseases, kinds of maternity, age; '' = always
    deductible: str
    ratio: str
    caps: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What changes off-site."""

    route: str
    filings: str
    change: str


@dataclass(frozen=True, slots=True)
class Care:
    """One medical type."""

    med_type: str
    name: str
    lines: tuple[Line, ...]
    elsewhere: tuple[Elsewhere, ...]
    then: tuple[str, ...]  # the layers after the pooled fund, and what accounts may pay


@dataclass(frozen=True, slots=True)
class Sheet:
    """A policy in words; amounts in yuan."""

    version: str
    name: str
    head: tuple[str, ...]
    care: tuple[Care, ...]

    def as_json(self) -> dict[str, Any]:
        """The same, for programs."""
        return asdict(self)


def sheet(policy: Policy, *, med_types: Iterable[str] = ()) -> Sheet:
    """The policy in words; all medical types where none is named."""
    chosen = tuple(med_types) or MED_TYPES
    care = tuple(_care(policy, med_type) for med_type in chosen)
    return Sheet(policy.version, policy.name, tuple(_head(policy)), care)


def _head(policy: Policy) -> list[str]:
    until = f" to {policy.effective_to}" if policy.effective_to else " until the next one begins"
    lines = [f"In force from {policy.effective_from}{until}."]
    sample = policy.make_rule(_key(policy, "21" if policy.insutype != "510" else "52"))
    if sample.pool_year_cap_fen < NO_LIMIT:
        lines.append(f"The pooled fund pays a person at most {yuan(sample.pool_year_cap_fen)} a year.")
    if sample.combined_cap_fen < NO_LIMIT:
        lines.append(
            f"Pooled fund and second layer together: at most {yuan(sample.combined_cap_fen)} a year."
        )
    for free in policy.filing_free:
        kinds = f" for medical types {', '.join(sorted(free.med_types))}" if free.med_types else ""
        lines.append(
            f"No filing is needed in divisions {', '.join(free.care)}…{kinds}: it counts as {free.counts_as}."
        )
    if policy.home_while_away:
        lines.append(f"Who lives elsewhere counts at home as {policy.home_while_away}.")
    lines += _filing(policy.filing)
    lines.append(f"A stay over 31 December feeds the year in which it {policy.stay_year}s.")
    if policy.not_covered:
        lines.append(f"Not covered: medical types {', '.join(sorted(policy.not_covered))}.")
    counted = "counts" if policy.fund_includes_account else "does not count"
    lines.append(f"fund_pay_sumamt {counted} what personal accounts pay.")
    return lines


def _filing(terms: FilingTerms) -> list[str]:
    lines = [
        f"A temporary filing holds at least {terms.temporary_months_least} months; one may begin up to "
        f"{terms.begin_back_days_most} days before it is filed and {terms.begin_ahead_days_most} after."
    ]
    if terms.chronic_diseases:
        needed = "must" if terms.chronic_needed else "may"
        lines.append(f"Chronic diseases that {needed} be filed: {', '.join(sorted(terms.chronic_diseases))}.")
    if terms.designated_med_types:
        routes = ", ".join(name for name, route in ROUTES.items() if route in terms.designated_routes)
        lines.append(
            f"Medical types {', '.join(sorted(terms.designated_med_types))} ({routes}): the fund pays only at an "
            "institution that the person has chosen; elsewhere account and cash do."
        )
    return lines


def _key(
    policy: Policy, med_type: str, *, level: str = "", head: str = "", filing: str = LOCAL, route: str = "local",
    disease: str = "", matn_type: str = "", age: int = 40,
) -> tuple[str, str, str, str, str, int, str, str, int]:  # fmt: skip
    level = level or ("0" if med_type == "41" else "3")
    head = head or PSN_HEADS[policy.insutype][0]
    age = age if policy.uses_age else 0
    return (med_type, level, level, head, filing, ROUTES[route], disease, matn_type, age)


def _care(policy: Policy, med_type: str) -> Care:
    usual = policy.make_rule(_key(policy, med_type))
    name = MED_TYPE_WORDS[med_type]
    if usual.refusal:
        return Care(med_type, name, (), (), (f"Not paid: {usual.refusal_message}.",))
    return Care(
        med_type, name, _lines(policy, med_type), _elsewhere(policy, med_type), tuple(_then(policy, usual))
    )


# ------------------------------------------------------------------------------------------------ at home


def _lines(policy: Policy, med_type: str) -> tuple[Line, ...]:
    heads = PSN_HEADS[policy.insutype]
    levels = ("0",) if med_type == "41" else ("1", "2", "3")
    found: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
    for disease, matn_type, age, when in _conditions(policy, med_type):
        for level in levels:
            for head in heads:
                key = _key(
                    policy, med_type, level=level, head=head, disease=disease, matn_type=matn_type, age=age
                )
                words = _figures(policy.make_rule(key))
                found.setdefault((when, *words), {}).setdefault(level, []).append(head)
    lines = []
    for (when, deductible, ratio, caps), where in found.items():
        by_persons: dict[tuple[str, ...], list[str]] = {}
        for level, persons in where.items():
            by_persons.setdefault(tuple(persons), []).append(level)
        for group, at in by_persons.items():
            everyone = "everyone" if group == heads else ", ".join(PERSON_WORDS[head] for head in group)
            every_level = "all" if tuple(at) == levels else ", ".join(at)
            lines.append(
                Line("pharmacy" if at == ["0"] else every_level, everyone, when, deductible, ratio, caps)
            )
    return tuple(sorted(lines, key=lambda line: (line.when != "", line.levels != "all", line.levels)))


def _conditions(policy: Policy, med_type: str) -> list[tuple[str, str, int, str]]:
    """(disease, matn_type, age, words) under which the terms are asked for; those that change nothing are left out."""
    usual = [(40, "")]
    if policy.uses_age:
        usual = [(age, f"age {age}") for age in _AGES_SHOWN]
    found = [("", "", age, words) for age, words in usual]
    plain = _all_figures(policy, med_type, "", "")
    same: dict[tuple[object, ...], list[tuple[str, str]]] = {}
    for disease in sorted(policy.diseases):
        same.setdefault(_all_figures(policy, med_type, disease, ""), []).append((disease, ""))
    for matn_type in sorted(policy.matn_types):
        same.setdefault(_all_figures(policy, med_type, "", matn_type), []).append(("", matn_type))
    for figures, codes in same.items():
        if figures == plain:
            continue
        (disease, matn_type), *_ = codes
        words = ("disease " if disease else "matn_type ") + ", ".join(a or b for a, b in codes)
        found += [(disease, matn_type, age, f"{words} {more}".strip()) for age, more in usual]
    return found


def _all_figures(policy: Policy, med_type: str, disease: str, matn_type: str) -> tuple[object, ...]:
    levels = ("0",) if med_type == "41" else ("1", "2", "3")
    return tuple(
        _figures(
            policy.make_rule(
                _key(policy, med_type, level=level, head=head, disease=disease, matn_type=matn_type)
            )
        )
        for level in levels
        for head in PSN_HEADS[policy.insutype]
    )


def _figures(rule: Rule) -> tuple[str, str, str]:
    if rule.refusal:
        return "", f"declined: {rule.refusal}", ""
    ratio = ratio_words(rule.bands)
    if rule.excess and len(rule.bands) > 1 and any(rule.deductibles):
        ratio += " above the deductible"
    return deductible_words(rule), ratio, "; ".join(cap_words(rule))


def deductible_words(rule: Rule) -> str:
    """What is borne before the fund pays, and how often."""
    if rule.deductible_share_bp:
        most = "" if rule.deductible_max_fen >= NO_LIMIT else f", at most {yuan(rule.deductible_max_fen)}"
        return f"{percent(rule.deductible_share_bp * 10_000)} of the bill, at least {yuan(rule.deductible_min_fen)}{most}"
    if not any(rule.deductibles):
        return "none"
    steps = [yuan(step) for step in rule.deductibles]
    words = steps[0] if len(steps) == 1 else f"{', then '.join(steps)} by admission"
    words += {STAY: " per stay", YEAR: " a year"}.get(rule.deductible_unit, " per bill")
    if rule.deductible_year_ceiling_fen < NO_LIMIT:
        words += f", at most {yuan(rule.deductible_year_ceiling_fen)} a year"
    return words + (", taken off after the ratio" if rule.after_ratio else "")


def ratio_words(bands: Bands) -> str:
    """The share that is paid, stretch by stretch."""
    if len(bands) == 1 and bands[0][0] == 0 and bands[0][1] == NO_LIMIT:
        return percent(bands[0][2])
    parts = []
    for start, end, ratio in bands:
        until = "on" if end == NO_LIMIT else f"to {yuan(end)}"
        parts.append(f"{percent(ratio)} from {yuan(start)} {until}")
    return ", ".join(parts)


def cap_words(rule: Rule) -> list[str]:
    """What limits the payment or the fee that is shared."""
    named = (
        (rule.bill_cap_fen, "pays at most {} a bill"),
        (rule.month_cap_fen, "pays at most {} a month"),
        (rule.year_cap_fen, "pays at most {} a year"),
        (rule.bill_scope_cap_fen, "shares at most {} of a bill"),
        (rule.month_scope_cap_fen, "shares at most {} a month"),
        (rule.year_scope_cap_fen, "shares at most {} a year"),
    )
    return [words.format(yuan(cap)) for cap, words in named if cap < NO_LIMIT]


# ------------------------------------------------------------------------------------------------ elsewhere, and then


def _elsewhere(policy: Policy, med_type: str) -> tuple[Elsewhere, ...]:
    found = []
    for route in ("within", "across"):
        by_change: dict[str, list[str]] = {}
        for filing in FILINGS:
            rule = policy.make_rule(_key(policy, med_type, filing=filing, route=route))
            by_change.setdefault(_change(rule), []).append(filing)
        found += [Elsewhere(route, ", ".join(filings), change) for change, filings in by_change.items()]
    return tuple(found)


def _change(rule: Rule) -> str:
    if rule.refusal:
        return f"not paid directly ({rule.refusal})"
    words = rule.reduction or "as at home"
    if rule.deductible_share_bp:
        words += f" (deductible: {deductible_words(rule)})"
    return words


def _then(policy: Policy, rule: Rule) -> list[str]:
    lines = []
    if rule.second is not None:
        name = policy.fund_pay_types[rule.second.payer][1]
        base = rule.second.base.replace("_", " ")
        for variant in rule.second.variants:
            who = _who(variant.identities)
            lines.append(f"{name}, {who}: {_tier(variant.tier)}, on {base}.")
    for supplement in rule.supplements:
        who = "civil servants" if supplement.civil_only else "everyone"
        if supplement.psn_heads:
            who += " (" + ", ".join(PERSON_WORDS[head] for head in sorted(supplement.psn_heads)) + ")"
        name = policy.fund_pay_types[supplement.payer][1]
        lines.append(f"{name}, {who}: {_tier(supplement.tier)}, on what is left in scope.")
    for aid in rule.aid:
        steps = "; ".join(f"{step.name or 'step'}: {_tier(step)}" for step in aid.steps)
        lines.append(f"Medical aid, {_who(aid.identities)}: {steps}{_capped(aid.year_cap_fen)}.")
    for commercial in rule.commercial:
        parts = "; ".join(f"{part.base.replace('_', ' ')}: {_tier(part)}" for part in commercial.parts)
        lines.append(
            f"{commercial.payer}, {_who(commercial.identities)}: {parts}{_capped(commercial.year_cap_fen)}."
        )
    lines.append(_account(rule.account, family=rule.family))
    return lines


def _who(identities: frozenset[str]) -> str:
    return ", ".join(sorted(identities)) or "everyone else"


def _tier(tier: Tier) -> str:
    words = ratio_words(tier.bands)
    if tier.deductible_fen:
        words += f", after a deductible of {yuan(tier.deductible_fen)}" + (" a year" if tier.yearly else "")
        if tier.excess and len(tier.bands) > 1:
            words += ", above which the steps count"
    return words + ("" if tier.cap_fen >= NO_LIMIT else f", at most {yuan(tier.cap_fen)}")


def _capped(cap_fen: int) -> str:
    return "" if cap_fen >= NO_LIMIT else f"; together at most {yuan(cap_fen)} a year"


def _account(allowed: Sequence[bool], *, family: bool) -> str:
    parts = [words for may, words in zip(allowed, _ACCOUNT_WORDS, strict=True) if may]
    if not parts:
        return "Personal accounts pay nothing of it."
    relatives = ", then relatives' accounts" if family else ""
    return f"At home the own account may pay {', '.join(parts)}{relatives}; the rest is cash."
