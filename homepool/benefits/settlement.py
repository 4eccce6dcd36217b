"""From a bill and a policy to who pays what: pure, exact, on the hot path of every settlement.

Method: layers in the order of design §7 (deductible, pooled fund, big illness or large expense, civil
servant or enterprise, medical aid steps, commercial, personal account, relatives, cash). Each layer is
reckoned exactly in hundred-millionths of a fen, rounded half up once, and limited by its caps and by what
is left; the remainder is cash, so the payers always add up to the bill. The layers after the pooled fund
live in `layers.py`.
"""

from typing import Final

from homepool.benefits.bands import WHOLE, weighted
from homepool.benefits.facts import (
    ADMISSIONS,
    BIG_ILLNESS_PAID,
    IN_SCOPE,
    NO_LIMIT,
    POOLED,
    Benefit,
    BillFacts,
    Layer,
    Standing,
    declined,
)
from homepool.benefits.filing_words import filing_words
from homepool.benefits.layers import Sheet, pay_accounts, pay_later_layers
from homepool.benefits.rule import MED_TYPE_OF, STAY, YEAR, Policy, Rule

HALF: Final = WHOLE // 2
BASIS: Final = 10_000
STAY_MED_TYPES: Final = frozenset(("21", "52"))


def year_of(policy: Policy, bill: BillFacts) -> int:
    """The year whose accumulators this bill uses: of the care day; of a stay, by the policy's `stay_year`."""
    day = bill.care_date
    if MED_TYPE_OF.get(bill.med_type, bill.med_type) in STAY_MED_TYPES:
        day = (bill.begin_date if policy.stay_year == "begin" else bill.end_date) or day
    return int(day[:4])


def settle(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
    """Who pays what of `bill`, and what the year's accumulators gain, in fen; a refusal is a value."""
    year = year_of(policy, bill)
    rule = policy.rule(bill, standing)
    refusal = _refusal(bill, policy, standing, rule)
    if refusal is not None:
        return declined(*refusal, year)
    scope = bill.in_scope_fen
    first_pay = (scope * rule.first_pay_bp + BASIS // 2) // BASIS
    scope -= first_pay
    elsewhere = standing.not_designated  # then the fund and what tops it up pay nothing: account and cash do
    shared = 0 if elsewhere else _shared(scope - bill.exempt_fen, rule, standing)
    due = deductible_due(rule, bill, standing.used)
    borne, uncapped = _pooled_share(rule, bill, scope, shared, due)
    limit = 0 if elsewhere else _kind_limit(rule, standing)
    uncapped = min(uncapped, limit)
    if rule.pool_year_cap_fen != NO_LIMIT:
        limit = max(0, min(limit, rule.pool_year_cap_fen - standing.used[POOLED]))
    if rule.combined_cap_fen != NO_LIMIT:
        paid = standing.used[POOLED] + standing.used[BIG_ILLNESS_PAID]
        limit = max(0, min(limit, rule.combined_cap_fen - paid))
    payable = bill.total_fen - bill.already_paid_fen
    pooled = min(uncapped, limit, payable)

    sheet = Sheet(payable - pooled, max(0, scope - pooled - bill.already_paid_fen))
    code, name = rule.pooled_code
    sheet.layers.append(Layer("pooled_fen", code, name, scope, 0 if limit == NO_LIMIT else limit, pooled))
    deltas = sheet.deltas
    deltas[POOLED] = pooled
    deltas[IN_SCOPE] = shared
    if rule.deductible_at >= 0:
        deltas[rule.deductible_at] = borne
    if rule.pooled_at >= 0:
        deltas[rule.pooled_at] = pooled
    if rule.admission and not bill.stay_continues:
        deltas[ADMISSIONS] = 1
    if rule.later and not elsewhere:
        pay_later_layers(sheet, rule, bill, policy, standing, (scope, first_pay, borne, pooled, uncapped))
    if bill.account_used:
        pay_accounts(sheet, rule, bill, policy, standing, first_pay)
    return _benefit(
        sheet, rule, bill, year, (scope, first_pay, borne, shared, pooled), filing_words(bill, standing, rule)
    )


def _benefit(
    sheet: Sheet, rule: Rule, bill: BillFacts, year: int, sums: tuple[int, int, int, int, int], filed: str
) -> Benefit:
    scope, first_pay, borne, shared, pooled = sums
    month = 0
    if rule.monthly:
        month = int(bill.care_date[:4]) * 100 + int(bill.care_date[5:7])
    open_to_ratio = scope - borne
    ratio_bp = (pooled * BASIS + open_to_ratio // 2) // open_to_ratio if open_to_ratio > 0 else 0
    return Benefit(
        "",
        "",
        year,
        bill.total_fen,
        borne,
        first_pay,
        pooled,
        sheet.big_illness,
        sheet.large,
        sheet.civil,
        sheet.enterprise,
        0,
        sheet.aid,
        sheet.commercial,
        bill.already_paid_fen,
        sheet.account,
        sheet.family,
        sheet.total,
        0,
        sheet.commercial_payer,
        ratio_bp if ratio_bp < BASIS else BASIS,
        tuple(sheet.deltas),
        month,
        shared if month else 0,
        pooled if month else 0,
        sheet.draws,
        tuple(sheet.layers),
        filed,
    )


def _refusal(bill: BillFacts, policy: Policy, standing: Standing, rule: Rule) -> tuple[str, str] | None:
    if bill.insutype != policy.insutype:
        return (
            "INSUTYPE_MISMATCH",
            f"this policy is for insurance {policy.insutype}, the bill names {bill.insutype}",
        )
    if standing.suspended:
        return "NOT_ENTITLED", "the insurance is paused or ended on the care date"
    if bill.third_party:
        return "THIRD_PARTY_LIABLE", "a third party is liable for this injury; the fund does not pay it"
    if rule.refusal:
        return rule.refusal, rule.refusal_message
    if standing.chronic_missing:
        return (
            "CHRONIC_NOT_FILED",
            f"no filing of chronic disease {bill.dise_codg or 'without code'} holds on the day of care: file it first "
            "(2503), then settle with a new msgid",
        )
    parts = bill.full_self_fen + bill.over_limit_fen + bill.first_pay_fen + bill.in_scope_fen
    if parts != bill.total_fen or bill.total_fen < 0:
        return (
            "BILL_PARTS_DIFFER",
            "the total is not the sum of its four parts by coverage",
        )
    if min(bill.full_self_fen, bill.over_limit_fen, bill.first_pay_fen, bill.in_scope_fen) < 0:
        return "BILL_PARTS_DIFFER", "a part of the bill is negative"
    if not (0 <= bill.exempt_fen <= bill.in_scope_fen and 0 <= bill.already_paid_fen <= bill.total_fen):
        return "BILL_PARTS_DIFFER", "the exempt or already paid part is larger than what it is a part of"
    return None


def _shared(amount: int, rule: Rule, standing: Standing) -> int:
    """The in-scope fee that may be shared, where a cap limits the fee and not the payment."""
    year_left = rule.year_scope_cap_fen - standing.used[IN_SCOPE]
    month_left = rule.month_scope_cap_fen - standing.month_in_scope_fen
    return max(0, min(amount, rule.bill_scope_cap_fen, year_left, month_left))


def deductible_due(rule: Rule, bill: BillFacts, used: tuple[int, ...]) -> int:
    """What this bill has still to bear before the fund pays, whatever the bill's size; fen."""
    steps = rule.deductibles
    if rule.deductible_share_bp:
        due = (bill.total_fen * rule.deductible_share_bp + BASIS // 2) // BASIS
        due = min(max(due, rule.deductible_min_fen), rule.deductible_max_fen)
    elif len(steps) == 1:
        due = steps[0]
    else:
        earlier = used[ADMISSIONS] - (1 if bill.stay_continues else 0)
        due = steps[max(0, min(earlier, len(steps) - 1))]
    if rule.deductible_unit == STAY:
        due -= bill.stay_deductible_fen
    borne = max(0, used[rule.deductible_at]) if rule.deductible_at >= 0 else 0
    if rule.deductible_unit == YEAR:
        due -= borne
    return max(0, min(due, rule.deductible_year_ceiling_fen - borne))


def pooled_stretch(rule: Rule, shared: int, borne: int) -> tuple[int, int]:
    """From where to where on the basic bands the shared fee lies, the deductible taken where the rule takes it."""
    if rule.after_ratio:
        return 0, shared
    if rule.excess:
        return 0, shared - borne
    return borne, shared


def _pooled_share(rule: Rule, bill: BillFacts, scope: int, shared: int, due: int) -> tuple[int, int]:
    """Deductible borne, and what the pooled fund would pay without its caps."""
    if rule.after_ratio:
        numerator = weighted(0, shared, rule.bands)
        borne = min(due, (numerator + HALF) // WHOLE)
        numerator -= borne * WHOLE
    else:
        borne = due if due < shared else shared
        low, high = pooled_stretch(rule, shared, borne)
        numerator = weighted(low, high, rule.bands)
    amount = (max(0, numerator) + HALF) // WHOLE + bill.exempt_fen
    if rule.floor_bp:
        base = (bill.total_fen if rule.floor_on_total else scope) - due
        amount = max(amount, (base * rule.floor_bp + BASIS // 2) // BASIS)
    return borne, amount


def _kind_limit(rule: Rule, standing: Standing) -> int:
    """The most the pooled fund may pay for this kind of care, before its cap over all kinds; NO_LIMIT if none."""
    limit = rule.bill_cap_fen
    if rule.year_cap_fen != NO_LIMIT:
        limit = min(limit, rule.year_cap_fen - standing.used[rule.pooled_at])
    if rule.month_cap_fen != NO_LIMIT:
        limit = min(limit, rule.month_cap_fen - standing.month_pooled_fen)
    return limit if limit > 0 else 0
