"""What a policy must have beyond its form: every payer a code, every person terms, one monthly counter."""

from collections.abc import Iterator
from typing import Final

from homepool.benefits.facts import (
    AID_PAID,
    BIG_ILLNESS_PAID,
    COMMERCIAL_PAID,
    IN_SCOPE,
    NO_LIMIT,
    POOLED,
    SUPPLEMENT_PAID,
)
from homepool.benefits.rule import Policy, Tier, YearCap
from homepool.policy.rules import RuleMaker, Treatment
from homepool.policy.table import Table

PSN_HEADS: Final = {"310": ("11", "12", "13"), "510": ("11", "12"), "390": ("14", "15", "16")}
"""First two digits of psn_type that an insurance has (domain §4.10); a policy must have terms for each."""

_PHARMACY: Final = "41"


def check_treatments(top: Table, treatments: list[Treatment]) -> None:
    """No medical type twice, and one kind of care at most with a monthly limit."""
    seen: set[str] = set()
    for treatment in treatments:
        for med_type in treatment.med_types:
            if med_type in seen:
                raise top.wrong("treatment.med_types", f"medical type {med_type} stands in two treatments")
            seen.add(med_type)
    if not treatments:
        raise top.wrong("treatment", "a policy needs at least one treatment")
    if sum(any(terms.monthly for terms in treatment.terms) for treatment in treatments) > 1:
        raise top.wrong(
            "treatment.terms",
            "one treatment at most may have monthly limits: the book keeps one month's counter",
        )


def check_payers(top: Table, maker: RuleMaker, fund_pay_types: dict[str, tuple[str, str]]) -> None:
    """Whoever may pay must have a fund_pay_type code, else its settlement detail could not be written."""
    needed = {"pooled_fen"}
    if maker.second is not None:
        needed.add(maker.second.payer)
    needed.update(supplement.payer for supplement in maker.supplements)
    needed.update("aid_fen" for _ in maker.aid)
    needed.update("commercial_fen" for _ in maker.commercial)
    if maker.account_local or maker.account_offsite:
        needed.update(("account_fen", "family_fen") if maker.family else ("account_fen",))
    for payer in sorted(needed - fund_pay_types.keys()):
        raise top.wrong(f"fund_pay_type.{payer.removesuffix('_fen')}", "this payer needs its code and name")


def check_complete(top: Table, policy: Policy, treatments: list[Treatment]) -> None:
    """Each kind of care has terms for every hospital level and every kind of person of this insurance."""
    for treatment in treatments:
        for med_type in treatment.med_types:
            for level in ("0",) if med_type == _PHARMACY else ("1", "2", "3"):
                for head in PSN_HEADS[policy.insutype]:
                    key = (med_type, level, level, head, "local", 1, "", "", 60 if policy.uses_age else 0)
                    if policy.make_rule(key).refusal:
                        raise top.wrong(
                            "treatment.terms",
                            f"medical type {med_type}: no terms for hospital level {level} and psn_type {head}",
                        )


def year_caps(maker: RuleMaker) -> Iterator[YearCap]:
    """The yearly caps as a revival meets them, each with the most generous figure that any person has."""
    everything: frozenset[str] = frozenset()
    if maker.pool_year_cap_fen < NO_LIMIT:
        yield YearCap(med_types=everything, accumulators=(POOLED,), cap_fen=maker.pool_year_cap_fen)
    for treatment in maker.treatments:
        rows = treatment.terms
        kinds = frozenset(treatment.med_types)
        if (cap := max(terms.year_cap_fen for terms in rows)) < NO_LIMIT:
            yield YearCap(med_types=kinds, accumulators=(treatment.pooled_at,), cap_fen=cap)
        if (cap := max(terms.year_scope_cap_fen for terms in rows)) < NO_LIMIT:
            yield YearCap(med_types=kinds, accumulators=(IN_SCOPE,), cap_fen=cap)
    if maker.second is not None:
        if maker.second.combined_cap_fen < NO_LIMIT:
            yield YearCap(
                med_types=everything,
                accumulators=(POOLED, BIG_ILLNESS_PAID),
                cap_fen=maker.second.combined_cap_fen,
            )
        yield from _largest(BIG_ILLNESS_PAID, [variant.tier for variant in maker.second.variants])
    yield from _largest(SUPPLEMENT_PAID, [supplement.tier for supplement in maker.supplements])
    for at, caps in (
        (AID_PAID, [aid.year_cap_fen for aid in maker.aid]),
        (COMMERCIAL_PAID, [commercial.year_cap_fen for commercial in maker.commercial]),
    ):
        if caps and max(caps) < NO_LIMIT:
            yield YearCap(med_types=everything, accumulators=(at,), cap_fen=max(caps))


def _largest(at: int, tiers: list[Tier]) -> Iterator[YearCap]:
    if tiers and all(tier.yearly and tier.cap_fen < NO_LIMIT for tier in tiers):
        largest = max(tier.cap_fen for tier in tiers)
        yield YearCap(med_types=frozenset(), accumulators=(at,), cap_fen=largest)
