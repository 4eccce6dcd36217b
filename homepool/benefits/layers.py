"""The layers after the pooled fund, each on what the earlier ones left.

A `Sheet` is the working paper of one bill: what is left in all and in scope, what each payer took, what the
year's accumulators gain. Yearly layers read their base and their payments so far from the accumulators, so
that the bill continues on the year's axis where the last one ended.
"""

from homepool.benefits.bands import rounded, weighted
from homepool.benefits.facts import (
    AID_BASE,
    AID_PAID,
    BIG_ILLNESS_BASE,
    BIG_ILLNESS_PAID,
    COMMERCIAL_BASE,
    COMMERCIAL_PAID,
    NO_LIMIT,
    NOTHING_USED,
    POOLED,
    SUPPLEMENT_BASE,
    SUPPLEMENT_PAID,
    BillFacts,
    Layer,
    Standing,
)
from homepool.benefits.rule import PSN_HEAD_LENGTH, Commercial, Policy, Rule, Second, Supplement, Tier

Sums = tuple[int, int, int, int, int]
"""Scope after the off-site first-pay, that first-pay, deductible borne, pooled, pooled but for the pool's cap."""


class Sheet:
    """The working paper of one bill; `total` and `scope` are what is left, in fen."""

    __slots__ = (
        "account",
        "aid",
        "big_illness",
        "civil",
        "commercial",
        "commercial_payer",
        "deltas",
        "draws",
        "enterprise",
        "family",
        "large",
        "layers",
        "scope",
        "total",
    )

    def __init__(self, total: int, scope: int) -> None:
        self.total = total
        self.scope = scope
        self.deltas = list(NOTHING_USED)
        self.layers: list[Layer] = []
        self.draws: tuple[tuple[str, int], ...] = ()
        self.big_illness = self.large = self.civil = self.enterprise = 0
        self.aid = self.commercial = self.account = self.family = 0
        self.commercial_payer = ""

    def take(
        self,
        policy: Policy,
        payer: str,
        name: str,
        base: int,
        limit: int,
        amount: int,
        *,
        in_scope: bool = True,
    ) -> None:
        """Book an amount: what is left in scope goes first, unless the layer pays for the rest only."""
        self.total -= amount
        self.scope = max(0, min(self.total, self.scope - amount if in_scope else self.scope))
        if amount > 0:
            code, fund = policy.fund_pay_types[payer]
            shown = 0 if limit >= NO_LIMIT else max(0, limit)
            self.layers.append(Layer(payer, code, name or fund, base, shown, amount))


def stretch(tier: Tier, base: int, used_base: int) -> tuple[int, int]:
    """From where to where on the tier's bands this base lies, after what the year has already brought."""
    low = max(0, used_base) if tier.yearly else 0
    high = low + base
    deductible = tier.deductible_fen
    if tier.excess:
        return max(0, low - deductible), max(0, high - deductible)
    return max(low, deductible), max(high, deductible)


def tier_amount(tier: Tier, base: int, used_base: int, used_paid: int, limit: int) -> tuple[int, int]:
    """What a tier pays of `base`, and the most it could have paid; rounded half up once. Fen."""
    low, high = stretch(tier, base, used_base)
    cap = tier.cap_fen
    if tier.yearly and cap < NO_LIMIT:
        cap -= used_paid
    limit = max(0, min(limit, cap))
    return min(rounded(weighted(low, high, tier.bands)), limit), limit


def pay_later_layers(
    sheet: Sheet, rule: Rule, bill: BillFacts, policy: Policy, standing: Standing, sums: Sums
) -> None:
    """Big illness or large expense, supplement, aid, commercial; the sheet is brought up to date."""
    if rule.second is not None:
        _pay_second(sheet, rule.second, bill, policy, standing, sums)
    for supplement in rule.supplements:
        if _supplement_fits(supplement, standing):
            _pay_supplement(sheet, supplement, policy, standing)
            break
    for aid in rule.aid:
        if not aid.identities or not aid.identities.isdisjoint(standing.identities):
            _pay_aid(sheet, aid.steps, aid.year_cap_fen, policy, standing)
            break
    for commercial in rule.commercial:
        if not commercial.identities or not commercial.identities.isdisjoint(standing.identities):
            _pay_commercial(sheet, commercial, policy, standing)
            break


def _second_base(second: Second, bill: BillFacts, sums: Sums) -> int:
    scope, offsite_first_pay, borne, pooled, uncapped = sums
    if second.base == "given":
        return bill.given_base_fen
    if second.base == "over_cap":
        return max(0, uncapped - pooled)
    base = scope - pooled - bill.already_paid_fen
    if second.base == "compliant_incl_first_pay_minus_pooled":
        base += bill.first_pay_fen + offsite_first_pay
    if not second.deductible_feeds:
        base -= borne
    return max(0, base)


def _pay_second(
    sheet: Sheet, second: Second, bill: BillFacts, policy: Policy, standing: Standing, sums: Sums
) -> None:
    used = standing.used
    base = _second_base(second, bill, sums)
    sheet.deltas[BIG_ILLNESS_BASE] = base
    for variant in second.variants:
        if not variant.identities or not variant.identities.isdisjoint(standing.identities):
            break
    else:
        return
    tier, room = variant.tier, second.combined_cap_fen
    if room < NO_LIMIT:
        room -= used[POOLED] + sums[3] + used[BIG_ILLNESS_PAID]
    amount, limit = tier_amount(tier, base, used[BIG_ILLNESS_BASE], used[BIG_ILLNESS_PAID], room)
    amount = min(amount, sheet.total)
    if second.payer == "large_fen":
        sheet.large = amount
    else:
        sheet.big_illness = amount
    sheet.deltas[BIG_ILLNESS_PAID] = amount
    sheet.take(policy, second.payer, tier.name, base, limit, amount)


def _supplement_fits(supplement: Supplement, standing: Standing) -> bool:
    if supplement.civil_only and not standing.civil_servant:
        return False
    return not supplement.psn_heads or standing.psn_type[:PSN_HEAD_LENGTH] in supplement.psn_heads


def _pay_supplement(sheet: Sheet, supplement: Supplement, policy: Policy, standing: Standing) -> None:
    used, base = standing.used, min(sheet.scope, sheet.total)
    amount, limit = tier_amount(supplement.tier, base, used[SUPPLEMENT_BASE], used[SUPPLEMENT_PAID], NO_LIMIT)
    if supplement.payer == "civil_fen":
        sheet.civil = amount
    else:
        sheet.enterprise = amount
    sheet.deltas[SUPPLEMENT_BASE] = base
    sheet.deltas[SUPPLEMENT_PAID] = amount
    sheet.take(policy, supplement.payer, supplement.tier.name, base, limit, amount)


def _pay_aid(
    sheet: Sheet, steps: tuple[Tier, ...], year_cap: int, policy: Policy, standing: Standing
) -> None:
    used = standing.used
    room = year_cap
    if room < NO_LIMIT:
        room -= used[AID_PAID]
    fed = min(sheet.scope, sheet.total)
    for tier in steps:
        base = min(sheet.scope, sheet.total)
        if tier.yearly:
            fed = base
        amount, limit = tier_amount(tier, base, used[AID_BASE], used[AID_PAID], room - sheet.aid)
        sheet.aid += amount
        sheet.take(policy, "aid_fen", tier.name, base, limit, amount)
    sheet.deltas[AID_BASE] = fed
    sheet.deltas[AID_PAID] = sheet.aid


def _pay_commercial(sheet: Sheet, commercial: Commercial, policy: Policy, standing: Standing) -> None:
    used = standing.used
    room = commercial.year_cap_fen
    if room < NO_LIMIT:
        room -= used[COMMERCIAL_PAID]
    in_policy = min(sheet.scope, sheet.total)
    bases = {
        "everything_left": sheet.total,
        "in_policy": in_policy,
        "out_of_policy": sheet.total - in_policy,
    }
    fed = bases[commercial.parts[0].base]
    for part in commercial.parts:
        base = bases[part.base]
        if part.yearly:
            fed = base
        paid = used[COMMERCIAL_PAID]
        amount, limit = tier_amount(part, base, used[COMMERCIAL_BASE], paid, room - sheet.commercial)
        amount = min(amount, sheet.total)
        sheet.commercial += amount
        beyond = part.base == "out_of_policy"
        sheet.take(policy, "commercial_fen", part.name, base, limit, amount, in_scope=not beyond)
    sheet.deltas[COMMERCIAL_BASE] = fed
    sheet.deltas[COMMERCIAL_PAID] = sheet.commercial
    if sheet.commercial:
        sheet.commercial_payer = commercial.payer


def pay_accounts(
    sheet: Sheet, rule: Rule, bill: BillFacts, policy: Policy, standing: Standing, offsite_first_pay: int
) -> None:
    """The person's own account, then relatives' of the same pool, of what the policy lets accounts pay."""
    eligible = sheet.total
    if not rule.account_all:
        in_scope, first_pay, over_limit, full_self = rule.account
        allowed = sheet.scope if in_scope else 0
        if first_pay:
            allowed += bill.first_pay_fen + offsite_first_pay
        if over_limit:
            allowed += bill.over_limit_fen
        if full_self:
            allowed += bill.full_self_fen
        eligible = min(eligible, allowed)
    if eligible <= 0:
        return
    own = min(eligible, max(0, standing.balance_fen))
    sheet.account = own
    if own:
        sheet.take(policy, "account_fen", "", eligible, standing.balance_fen, own)
    eligible -= own
    if not (rule.family and eligible):
        return
    draws = []
    for psn_no, balance in standing.relatives:
        amount = min(eligible, balance)
        if amount > 0:
            draws.append((psn_no, amount))
            sheet.family += amount
            eligible -= amount
    if draws:
        sheet.draws = tuple(draws)
        available = sum(balance for _, balance in standing.relatives if balance > 0)
        sheet.take(policy, "family_fen", "", eligible + sheet.family, available, sheet.family)
