"""Sample bills and people, always the same, by which two policies are compared.

Goal: what a change of a policy does shows on some bill of somebody. The bills cover every medical type, each hospital
level, amounts below a deductible, in the middle, above big illness and above yearly caps; the people cover what policies
tell apart (kind of person, age, civil servants, identities, what the year has used up); the places are all ways to be
filed. Amounts are made up. Identities that only one of the two policies knows are added, so that no layer goes unseen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from homepool.benefits import LOCAL, BillFacts, Policy, Standing
from homepool.benefits.facts import FILINGS
from homepool.policy.checks import PSN_HEADS
from homepool.policy.form import ROUTES
from ledger.rows import ACCUMULATORS


class Sample(NamedTuple):
    """One bill: amounts in fen; what is neither in scope, first-pay nor over limit is outside the catalogue."""

    name: str
    med_type: str
    level: str
    total_fen: int
    in_scope_fen: int
    first_pay_fen: int
    over_limit_fen: int
    disease: str = ""
    matn_type: str = ""


BILLS: Final = (
    Sample("outpatient 260, level 1", "11", "1", 26_000, 24_000, 1_000, 0),
    Sample("outpatient 800, level 2", "11", "2", 80_000, 70_000, 5_000, 1_000),
    Sample("outpatient 3,000, level 3", "11", "3", 300_000, 260_000, 20_000, 5_000),
    Sample("outpatient 45,000, level 3", "11", "3", 4_500_000, 4_000_000, 300_000, 50_000),
    Sample("emergency 1,900, level 3", "13", "3", 190_000, 170_000, 10_000, 0),
    Sample("hypertension 600, level 1", "14", "1", 60_000, 56_000, 2_000, 0, "M03900"),
    Sample("dialysis 9,000, level 3", "14", "3", 900_000, 860_000, 20_000, 0, "M07803"),
    Sample("chronic, not listed, 2,400, level 2", "14", "2", 240_000, 220_000, 10_000, 0, "M99999"),
    Sample("pharmacy 180", "41", "0", 18_000, 15_000, 1_500, 0),
    Sample("stay 3,200, level 1", "21", "1", 320_000, 290_000, 15_000, 0),
    Sample("stay 18,000, level 2", "21", "2", 1_800_000, 1_550_000, 120_000, 20_000),
    Sample("stay 62,000, level 3", "21", "3", 6_200_000, 5_100_000, 500_000, 150_000),
    Sample("stay 480,000, level 3", "21", "3", 48_000_000, 39_000_000, 4_000_000, 1_000_000),
    Sample("stay 1,900,000, level 3", "21", "3", 190_000_000, 160_000_000, 12_000_000, 3_000_000),
    Sample("antenatal 900, level 2", "51", "2", 90_000, 80_000, 4_000, 0),
    Sample("family planning 2,600, level 2", "51", "2", 260_000, 240_000, 8_000, 0, "", "3"),
    Sample("birth 9,500, level 3", "52", "3", 950_000, 850_000, 30_000, 0, "", "1"),
)

PLACES: Final = (
    (LOCAL, "local"),
    *((filing, route) for route in ("within", "across") for filing in FILINGS),
)
"""(filing, route)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """One of the people; the standing lacks the place's filing."""

    name: str
    standing: Standing


def _used(**amounts: int) -> tuple[int, ...]:
    return tuple(amounts.get(name, 0) for name in ACCUMULATORS)


_LATE_IN_THE_YEAR: Final = _used(
    inpatient_deductible=130_000, outpatient_deductible=60_000, chronic_deductible=40_000, pooled=7_600_000,
    outpatient_pooled=390_000, chronic_pooled=180_000, maternity_pooled=90_000, in_scope=11_000_000,
    big_illness_base=3_400_000, big_illness_paid=700_000, supplement_base=400_000, supplement_paid=150_000,
    aid_base=900_000, aid_paid=300_000, commercial_base=1_200_000, commercial_paid=100_000, admissions=2,
)  # fmt: skip
_HEADS: Final = {
    "11": ("in work", "1101", 40),
    "12": ("retired", "1201", 68),
    "13": ("veteran", "1300", 75),
    "14": ("child", "1402", 9),
    "15": ("resident", "1501", 45),
    "16": ("elderly", "1601", 81),
}
_IDENTITIES: Final = ("extreme_poverty", "low_income")


def people(insutype: str, identities: Iterable[str]) -> list[Somebody]:
    """The people of an insurance; each of `identities` has somebody who holds it."""
    heads = PSN_HEADS[insutype]
    found = []
    for head in heads:
        name, psn_type, age = _HEADS[head]
        found.append(Somebody(name=name, standing=Standing(psn_type=psn_type, age=age, balance_fen=50_000)))
    name, psn_type, age = _HEADS[heads[0] if insutype != "390" else "15"]
    usual = Standing(psn_type=psn_type, age=age)
    found.append(Somebody(name=f"{name}, late in the year", standing=replace(usual, used=_LATE_IN_THE_YEAR)))
    if insutype == "310":
        civil = Standing(psn_type="1102", age=age, civil_servant=True)
        found.append(Somebody(name="civil servant", standing=civil))
    if insutype != "510":
        for identity in sorted({*_IDENTITIES, *identities}):
            found.append(
                Somebody(name=f"{name}, {identity}", standing=replace(usual, identities=(identity,)))
            )
    return found


def identities_of(policies: Iterable[Policy]) -> set[str]:
    """The identities that any layer of these policies looks at."""
    found: set[str] = set()
    for policy in policies:
        for sample in BILLS:
            head = PSN_HEADS[policy.insutype][0]
            rule = policy.make_rule((sample.med_type, sample.level, sample.level, head, LOCAL, 1, "", "", 40))
            for variant in rule.second.variants if rule.second else ():
                found |= variant.identities
            for aid in rule.aid:
                found |= aid.identities
            for commercial in rule.commercial:
                found |= commercial.identities
    return found


def cases(pool: int, insutype: str, day: str, identities: Iterable[str]) -> Iterator["Case"]:
    """Every bill of everybody in every place."""
    for somebody in people(insutype, identities):
        for sample in BILLS:
            for filing, route in PLACES:
                yield Case(somebody, sample, filing, route, _bill(pool, insutype, day, sample, filing, route))


class Case(NamedTuple):
    """Whose bill, and where."""

    somebody: Somebody
    sample: Sample
    filing: str
    route: str
    bill: BillFacts

    @property
    def standing(self) -> Standing:
        """The person, filed as the case says."""
        return replace(self.somebody.standing, filing=self.filing)


def _bill(pool: int, insutype: str, day: str, sample: Sample, filing: str, route: str) -> BillFacts:
    parts = sample.in_scope_fen + sample.first_pay_fen + sample.over_limit_fen
    return BillFacts(
        insutype=insutype,
        med_type=sample.med_type,
        care_date=day,
        total_fen=sample.total_fen,
        in_scope_fen=sample.in_scope_fen,
        full_self_fen=sample.total_fen - parts,
        over_limit_fen=sample.over_limit_fen,
        first_pay_fen=sample.first_pay_fen,
        level=sample.level,
        pharmacy=sample.level == "0",
        dise_codg=sample.disease,
        matn_type=sample.matn_type,
        emergency=filing == "emergency",
        home_pool=pool,
        route=ROUTES[route],
    )
