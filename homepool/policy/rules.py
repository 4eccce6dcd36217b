"""From the parts of a policy to the rule of one kind of bill: terms chosen, off-site reduction applied."""

from dataclasses import dataclass, field, replace

from homepool.benefits.bands import compiled
from homepool.benefits.facts import LOCAL, NO_LIMIT
from homepool.benefits.rule import BILL, Aid, Commercial, Rule, RuleKey, Second, Supplement
from homepool.policy.table import Band

LOCAL_ROUTE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One row of a treatment's table. Empty selectors fit all; the first row that fits applies."""

    levels: tuple[str, ...]
    psn_heads: tuple[str, ...]
    age_from: int
    age_to: int
    diseases: tuple[str, ...]
    matn_types: tuple[str, ...]
    deductibles: tuple[int, ...]
    per_year_of_age_bp: int
    bands: tuple[Band, ...]
    bill_cap_fen: int
    year_cap_fen: int
    month_cap_fen: int
    bill_scope_cap_fen: int
    year_scope_cap_fen: int
    month_scope_cap_fen: int

    @property
    def uses_age(self) -> bool:
        """Whether the person's age makes a difference here."""
        return self.per_year_of_age_bp > 0 or self.age_from > 0 or self.age_to < 200

    @property
    def monthly(self) -> bool:
        """Whether a month's use has to be remembered."""
        return self.month_cap_fen < NO_LIMIT or self.month_scope_cap_fen < NO_LIMIT

    @property
    def limits_a_period(self) -> bool:
        """Whether a cap of these terms counts over a year or a month."""
        return self.monthly or self.year_cap_fen < NO_LIMIT or self.year_scope_cap_fen < NO_LIMIT

    def fits(self, level: str, psn_head: str, disease: str, matn_type: str, age: int) -> bool:
        """Whether this row is meant for such a bill."""
        return (
            (not self.levels or level in self.levels)
            and (not self.psn_heads or psn_head in self.psn_heads)
            and (not self.diseases or disease in self.diseases)
            and (not self.matn_types or matn_type in self.matn_types)
            and self.age_from <= age <= self.age_to
        )

    def aged_bands(self, age: int) -> list[Band]:
        """The bands with the points that the person's age adds ((75 + age x 0.2) % in Chengdu)."""
        points = age * self.per_year_of_age_bp
        return [(start, end, min(10_000, ratio + points)) for start, end, ratio in self.bands]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One kind of care: which medical types, how its deductible works, which layers follow."""

    med_types: tuple[str, ...]
    deductible_at: int
    deductible_unit: int
    deductible_year_ceiling_fen: int
    after_ratio: bool
    excess: bool
    pooled_at: int
    admission: bool
    layers: tuple[str, ...]
    account: bool
    pooled_code: tuple[str, ...]
    terms: tuple[Terms, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsite:
    """What changes off-site, in every form that cities use; empty selectors fit all, the first fit applies."""

    routes: frozenset[int]
    filings: frozenset[str]
    med_types: frozenset[str]
    pays: bool
    first_pay_bp: int
    deductible_fen: int  # -1 = the basic one stays
    deductible_share_bp: int
    deductible_min_fen: int
    deductible_max_fen: int
    points_bp: int
    multiplier_bp: int
    floor_bp: int
    floor_on_total: bool
    terms: tuple[Terms, ...]  # an own table in place of the treatment's, but for its yearly and monthly caps

    def in_words(self) -> str:
        """The reduction as a person reads it."""
        words = []
        if self.terms:
            words.append("an own table of deductibles and ratios applies")
        if self.first_pay_bp:
            words.append(f"{_percent(self.first_pay_bp)} of the in-scope part is borne first")
        if self.deductible_fen >= 0:
            words.append(f"an own deductible of {self.deductible_fen // 100} applies")
        if self.deductible_share_bp:
            words.append(f"the deductible is {_percent(self.deductible_share_bp)} of the bill")
        if self.points_bp:
            change = "lower" if self.points_bp < 0 else "higher"
            words.append(f"each ratio is {_hundredths(abs(self.points_bp))} points {change}")
        if self.multiplier_bp != 10_000:
            words.append(f"each ratio counts at {_percent(self.multiplier_bp)}")
        if self.floor_bp:
            words.append(f"at least {_percent(self.floor_bp)} is guaranteed")
        return ", ".join(words)


def _hundredths(value: int) -> str:
    sign = "-" if value < 0 else ""
    return sign + f"{abs(value) // 100}.{abs(value) % 100:02d}".rstrip("0").rstrip(".")


def _percent(basis_points: int) -> str:
    return _hundredths(basis_points) + "%"


@dataclass(slots=True, kw_only=True)
class RuleMaker:
    """The parts of one policy, and how they combine."""

    treatments: tuple[Treatment, ...]
    offsite: tuple[Offsite, ...]
    second: Second | None
    supplements: tuple[Supplement, ...]
    aid: tuple[Aid, ...]
    commercial: tuple[Commercial, ...]
    account_local: tuple[str, ...]
    account_offsite: tuple[str, ...]
    family: bool
    pool_year_cap_fen: int
    pooled_code: tuple[str, str]
    by_med_type: dict[str, Treatment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_med_type = {kind: treatment for treatment in self.treatments for kind in treatment.med_types}

    def offsite_rule(self, filing: str, route: int, med_type: str) -> Offsite | None:
        """What changes for this filing and route; None where nothing does."""
        if filing == LOCAL:
            return None
        for rule in self.offsite:
            if (
                (not rule.routes or route in rule.routes)
                and (not rule.filings or filing in rule.filings)
                and (not rule.med_types or med_type in rule.med_types)
            ):
                return rule
        return None

    def rule(self, key: RuleKey) -> Rule:
        """The rule of one kind of bill of one kind of person; a refusal is a rule that pays nothing."""
        med_type, level, deductible_level, psn_head, filing, route, disease, matn_type, age = key
        treatment = self.by_med_type.get(med_type)
        if treatment is None:
            return self._refusal(
                "MED_TYPE_NOT_COVERED", f"this insurance does not cover medical type {med_type}"
            )
        change = self.offsite_rule(filing, route, med_type)
        if change is not None and not change.pays:
            return self._refusal("OFFSITE_NOT_COVERED", f"not paid directly off-site when filed as {filing}")
        base = _chosen(treatment.terms, level, psn_head, disease, matn_type, age)
        own = change is not None and bool(change.terms)
        table = change.terms if change is not None and own else treatment.terms
        terms = _chosen(table, level, psn_head, disease, matn_type, age)
        if terms is None or base is None:
            return self._refusal(
                "NO_TERMS", f"no terms for hospital level {level!r} and person type {psn_head!r}"
            )
        if own:  # what limits a year or a month limits it wherever the care is given
            terms = replace(
                terms,
                year_cap_fen=base.year_cap_fen,
                month_cap_fen=base.month_cap_fen,
                year_scope_cap_fen=base.year_scope_cap_fen,
                month_scope_cap_fen=base.month_scope_cap_fen,
            )
        deductibles = terms.deductibles
        if deductible_level != level:
            other = _chosen(table, deductible_level, psn_head, disease, matn_type, age)
            deductibles = other.deductibles if other is not None else deductibles
        return self._combined(treatment, terms, deductibles, change, local=route == LOCAL_ROUTE, age=age)

    def _combined(
        self,
        treatment: Treatment,
        terms: Terms,
        deductibles: tuple[int, ...],
        change: Offsite | None,
        *,
        local: bool,
        age: int,
    ) -> Rule:
        bands = terms.aged_bands(age)
        layers = treatment.layers
        parts = (self.account_local if local else self.account_offsite) if treatment.account else ()
        allowed = tuple(part in parts for part in ("in_scope", "first_pay", "over_limit", "full_self"))
        code = treatment.pooled_code
        second = self.second if "second" in layers else None
        supplements = self.supplements if "supplement" in layers else ()
        aid = self.aid if "aid" in layers else ()
        commercial = self.commercial if "commercial" in layers else ()
        return Rule(
            reduction=change.in_words() if change else "",
            first_pay_bp=change.first_pay_bp if change else 0,
            deductibles=(change.deductible_fen,) if change and change.deductible_fen >= 0 else deductibles,
            deductible_unit=treatment.deductible_unit,
            deductible_at=treatment.deductible_at,
            deductible_share_bp=change.deductible_share_bp if change else 0,
            deductible_min_fen=change.deductible_min_fen if change else 0,
            deductible_max_fen=change.deductible_max_fen if change else NO_LIMIT,
            deductible_year_ceiling_fen=treatment.deductible_year_ceiling_fen,
            after_ratio=treatment.after_ratio,
            excess=treatment.excess,
            bands=compiled(
                bands,
                points_bp=change.points_bp if change else 0,
                multiplier_bp=change.multiplier_bp if change else 10_000,
            ),
            floor_bp=change.floor_bp if change else 0,
            floor_on_total=change.floor_on_total if change else False,
            bill_cap_fen=terms.bill_cap_fen,
            year_cap_fen=terms.year_cap_fen,
            pooled_at=treatment.pooled_at,
            pool_year_cap_fen=self.pool_year_cap_fen,
            combined_cap_fen=self.second.combined_cap_fen if self.second else NO_LIMIT,
            month_cap_fen=terms.month_cap_fen,
            bill_scope_cap_fen=terms.bill_scope_cap_fen,
            year_scope_cap_fen=terms.year_scope_cap_fen,
            month_scope_cap_fen=terms.month_scope_cap_fen,
            monthly=terms.monthly,
            admission=treatment.admission,
            pooled_code=(code[0], code[1]) if code else self.pooled_code,
            second=second,
            supplements=supplements,
            aid=aid,
            commercial=commercial,
            account=(allowed[0], allowed[1], allowed[2], allowed[3]),
            account_all=all(allowed),
            later=bool(second or supplements or aid or commercial),
            family=self.family,
        )

    def _refusal(self, code: str, message: str) -> Rule:
        return Rule(
            refusal=code,
            refusal_message=message,
            deductible_unit=BILL,
            deductible_year_ceiling_fen=NO_LIMIT,
            bands=(),
            bill_cap_fen=0,
            year_cap_fen=NO_LIMIT,
            pool_year_cap_fen=NO_LIMIT,
            month_cap_fen=NO_LIMIT,
            bill_scope_cap_fen=NO_LIMIT,
            year_scope_cap_fen=NO_LIMIT,
            month_scope_cap_fen=NO_LIMIT,
            pooled_code=self.pooled_code,
        )


def _chosen(
    table: tuple[Terms, ...], level: str, psn_head: str, disease: str, matn_type: str, age: int
) -> Terms | None:
    for terms in table:
        if terms.fits(level, psn_head, disease, matn_type, age):
            return terms
    return None
