"""A benefit in words: short for `setl_proc_info` of a settlement detail, long for a person who asks."""

from homepool.benefits.bands import by_band
from homepool.benefits.facts import IN_SCOPE, LOCAL, NO_LIMIT, Benefit, BillFacts, Layer, Standing
from homepool.benefits.filing_words import FILING_WORDS
from homepool.benefits.rule import STAY, YEAR, Policy, Rule
from homepool.benefits.settlement import deductible_due, pooled_stretch

_CENTS = tuple(f"{cents:02d}" for cents in range(100))
_THOUSAND_YUAN = 100_000
_DEDUCTIBLE_UNIT = {STAY: "for this stay", YEAR: "for the year"}


def yuan(fen: int) -> str:
    """1234567 fen as 12,345.67."""
    if 0 <= fen < _THOUSAND_YUAN:  # most amounts: without a comma it takes a quarter of the time
        return f"{fen // 100}.{_CENTS[fen % 100]}"
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d}"


def percent(hundred_millionths: int) -> str:
    """A compiled ratio as 85% or 83.25%, exact."""
    whole, rest = divmod(hundred_millionths, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") + "%"


def brief(layer: Layer, filed: str = "") -> str:
    """One layer in a few words, for `setl_proc_info`; the first one's also tell how the bill was filed."""
    limit = f"; limit {yuan(layer.limit_left_fen)}" if layer.limit_left_fen else ""
    words = f"{layer.name}: {yuan(layer.amount_fen)} of {yuan(layer.base_fen)}{limit}"
    return f"{words}; {filed}" if filed else words


def explain(benefit: Benefit, bill: BillFacts, policy: Policy, standing: Standing) -> list[str]:
    """The settlement as sentences, one step each, in the order in which it was reckoned. Amounts in yuan."""
    if benefit.declined:
        return [f"Declined ({benefit.declined}): {benefit.message}."]
    rule = policy.rule(bill, standing)
    lines = [
        f"Policy {policy.version} ({policy.name}).",
        f"Bill {yuan(bill.total_fen)}: in scope {yuan(bill.in_scope_fen)}, first-pay share "
        f"{yuan(bill.first_pay_fen)}, above price limits {yuan(bill.over_limit_fen)}, outside the catalogue "
        f"{yuan(bill.full_self_fen)}.",
        f"Filing: {benefit.filed or FILING_WORDS[LOCAL]}.",
    ]
    if benefit.offsite_first_pay_fen:
        lines.append(
            f"Off the top: the person bears {yuan(benefit.offsite_first_pay_fen)} of the in-scope part."
        )
    lines += _pooled_words(benefit, bill, standing, rule)
    for layer in benefit.layers[1:]:
        lines.append(f"{PAYER_WORDS[layer.payer]} ({layer.fund_pay_type}) — {brief(layer)}.")
    lines.append(
        f"You pay {yuan(benefit.cash_fen)} in cash; all others pay {yuan(benefit.total_fen - benefit.cash_fen)}."
    )
    return lines


PAYER_WORDS = {
    "big_illness_fen": "Big illness",
    "large_fen": "Large expense",
    "civil_fen": "Civil servants' subsidy",
    "enterprise_fen": "Enterprise supplement",
    "aid_fen": "Medical aid",
    "commercial_fen": "Commercial or charity",
    "account_fen": "Own personal account",
    "family_fen": "Relatives' personal accounts",
}


def _pooled_words(benefit: Benefit, bill: BillFacts, standing: Standing, rule: Rule) -> list[str]:
    lines = []
    due = deductible_due(rule, bill, standing.used)
    if due or benefit.deductible_fen:
        unit = _DEDUCTIBLE_UNIT.get(rule.deductible_unit, "for this bill")
        place = "after the ratio" if rule.after_ratio else "before the ratio"
        lines.append(f"Deductible {unit}: {yuan(due)} due, {yuan(benefit.deductible_fen)} borne {place}.")
    layer = benefit.layers[0]
    shared = benefit.deltas[IN_SCOPE]
    lines += band_lines(rule, shared, benefit.deductible_fen)
    if shared < layer.base_fen and not standing.not_designated:
        lines.append(
            f"  Only {yuan(shared)} of {yuan(layer.base_fen)} in scope is shared: a cap limits the fee."
        )
    capped = layer.limit_left_fen and layer.amount_fen == layer.limit_left_fen
    ending = ", all that its cap leaves" if capped else ""
    lines.append(f"Pooled fund ({layer.fund_pay_type}) pays {yuan(layer.amount_fen)}{ending}.")
    return lines


def band_lines(rule: Rule, shared_fen: int, borne_fen: int) -> list[str]:
    """What each band of the pooled fund brings of the shared fee, the deductible taken where the rule takes it."""
    lines = []
    low, high = pooled_stretch(rule, shared_fen, borne_fen)
    for (start, end, ratio), amount in zip(rule.bands, by_band(low, high, rule.bands), strict=True):
        if amount:
            part = yuan(min(high, end) - max(low, start))
            reach = "" if len(rule.bands) == 1 else f", from {yuan(start)}" + _until(end)
            lines.append(f"  {percent(ratio)} of {part}{reach}: {yuan(amount)}.")
    return lines


def _until(end: int) -> str:
    return "" if end == NO_LIMIT else f" to {yuan(end)}"
