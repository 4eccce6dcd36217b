"""A stored decision in words: who pays what of a bill and why, layer by layer, from its row and the policy of its day.

Goal: an answer to "why did I pay this?" years later, without the accumulators of that moment. Everything that was decided
stands in the row and in the answer that was given (bases, limits, amounts, deductible, what the year gained); the policy
file of the row's version says which terms led to it. What neither keeps (listed disease, kind of maternity) is found by
reckoning: the terms shown are those that give the stored amount to the fen. Where none does, that is said. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from homepool.benefits import MED_TYPE_OF, Policy
from homepool.benefits.bands import WHOLE, weighted
from homepool.benefits.facts import IN_SCOPE, Layer
from homepool.benefits.filing_words import FILING_WORDS, NOT_DESIGNATED
from homepool.benefits.rule import PSN_HEAD_LENGTH, Rule, RuleKey
from homepool.benefits.settlement import pooled_stretch
from homepool.benefits.words import PAYER_WORDS, band_lines, brief, yuan
from homepool.policy.explain import deductible_words
from ledger.day import MANUAL_REGION
from ledger.life import Kind, Status
from ledger.money import half_up
from ledger.rows import ACCUMULATORS, PAYERS, SCOPE, Row
from proto.settlement.v1 import settlement_pb2
from runtime.keys import setl_id_text

ROUTES: Final = {1: "in the person's own pool", 2: "elsewhere in the province", 3: "in another province"}
_KINDS: Final = {
    Kind.SETTLE: "settlement",
    Kind.CANCEL: "cancel of a settlement",
    Kind.REVERSE: "reversal of a settlement",
    Kind.REVIVE: "reversal of a cancel",
    Kind.TOMBSTONE: "message whose reversal came first",
}
_HALF: Final = WHOLE // 2


class Paid(NamedTuple):
    """One layer as it was answered."""

    payer: str  # a name of ledger.rows.PAYERS
    fund_pay_type: str
    name: str
    base_fen: int
    limit_left_fen: int  # 0 = none
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision, for people and for programs."""

    row: Row
    kind: str
    status: str
    undone_by: str  # setl_id, '' where nothing has undone it
    layers: tuple[Paid, ...]
    words: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Figures in fen, and the words."""
        row = self.row
        deltas = dict(zip(ACCUMULATORS, row.deltas or (), strict=False))
        return {
            "setl_id": setl_id_text(row.id),
            "kind": self.kind,
            "status": self.status,
            "code": row.code,
            "day": row.day.isoformat(),
            "policy": row.policy_version,
            "psn_no": row.psn_no,
            "insutype": row.insutype,
            "med_type": row.med_type,
            "home_pool": row.home_pool,
            "care_pool": row.care_pool,
            "fixmedins_code": row.fixmedins_code,
            "undone_by": self.undone_by,
            "amounts": {
                name: getattr(row, name) for name in ("total_fen", *SCOPE, "deductible_fen", *PAYERS)
            },
            "layers": [layer._asdict() for layer in self.layers],
            "accumulators": {name: gain for name, gain in deltas.items() if gain},
            "words": list(self.words),
        }


def explain_row(
    row: Row,
    *,
    policy: Policy | None,
    age: int,
    undone_by: bytes | None = None,
    settlement: Row | None = None,
) -> Explanation:
    """Words for a stored decision. `settlement` is the row whose money a cancel, reversal or revival moved."""
    kind, status = Kind(row.kind), Status(row.status)
    outcome = settlement_pb2.Outcome.FromString(row.answer)
    lines = [
        f"{setl_id_text(row.id)}: {_KINDS[kind]}, {status.name}, of {row.day.isoformat()} "
        f"(node {row.node}, partition {row.partition}, number {row.number})."
    ]
    layers: tuple[Paid, ...] = ()
    if not row.sign:
        lines += _still(row, outcome)
    else:
        paid = row if settlement is None else settlement
        paid_outcome = outcome if settlement is None else settlement_pb2.Outcome.FromString(settlement.answer)
        layers = tuple(_layers(paid, paid_outcome, policy))
        if settlement is not None:
            verb = "takes back" if row.sign < 0 else "brings back"
            lines.append(f"It {verb} {setl_id_text(settlement.id)}, every amount of it:")
        lines += _paid_words(paid, paid_outcome, policy, layers, age)
    if undone_by is not None:
        lines.append(f"It has been undone since, by {setl_id_text(undone_by)}: nothing of it stands.")
    return Explanation(
        row=row, kind=_KINDS[kind], status=status.name, undone_by=setl_id_text(undone_by) if undone_by else "",
        layers=layers, words=tuple(lines),
    )  # fmt: skip


def _still(row: Row, outcome: settlement_pb2.Outcome) -> Iterator[str]:
    why = f"{row.code}: {outcome.err_msg}" if row.code else "there was nothing to undo"
    yield f"No money moved ({why})."
    if row.asked_fen:
        yield f"It was about {yuan(row.asked_fen)}."
    if outcome.HasField("other"):
        yield f"It points to {outcome.other.setl_id}."


# ------------------------------------------------------------------------------------------------ what was paid


def _layers(row: Row, outcome: settlement_pb2.Outcome, policy: Policy | None) -> Iterator[Paid]:
    """The details of the answer, each with its payer: by its code, and where two share one by its amount."""
    left = {payer: abs(getattr(row, payer)) for payer in PAYERS}
    for place, detail in enumerate(outcome.setldetail):
        codes = policy.fund_pay_types if policy is not None else {}
        named = [payer for payer, (code, _) in codes.items() if code == detail.fund_pay_type and left[payer]]
        exact = [payer for payer in named if left[payer] == detail.fund_payamt]
        payer = "pooled_fen" if place == 0 else next(iter(exact or named), "")
        if payer:
            left[payer] -= detail.fund_payamt
        yield Paid(
            payer, detail.fund_pay_type, detail.fund_pay_type_name, detail.inscp_scp_amt, detail.crt_payb_lmt_amt,
            detail.fund_payamt,
        )  # fmt: skip


def _paid_words(
    row: Row, outcome: settlement_pb2.Outcome, policy: Policy | None, layers: tuple[Paid, ...], age: int
) -> Iterator[str]:
    info = outcome.setlinfo
    where = row.fixmedins_code or "an institution without a code"
    yield (
        f"Insurance {row.insutype} of pool {row.home_pool}, medical type {row.med_type} at {where} "
        f"(level {info.hosp_lv}) in pool {row.care_pool}, {ROUTES[row.route]}."
    )
    yield (
        f"Bill {yuan(row.total_fen)}: in scope {yuan(row.in_scope_fen)}, first-pay share {yuan(row.first_pay_fen)}, "
        f"above price limits {yuan(row.over_limit_fen)}, outside the catalogue {yuan(row.full_self_fen)}."
    )
    rule = None
    if policy is None:
        yield f"Policy {row.policy_version} is not among the policy files: its terms cannot be shown."
    else:
        yield f"Policy {policy.version} ({policy.name})."
        rule = _rule(row, info, layers, policy, age)
        if rule is None:
            yield "The policy file does not give the amount that was paid: it has been changed since."
    filed = _filed(outcome, rule)
    yield f"Filing: {filed}."
    yield from _pooled_words(row, layers, rule, designated=NOT_DESIGNATED not in filed)
    for layer in layers[1:]:
        yield f"{PAYER_WORDS.get(layer.payer, layer.name)} ({layer.fund_pay_type}): {_brief(layer)}."
    for relative, amount in zip(row.family_psn_no or (), row.family_amount_fen or (), strict=True):
        yield f"  of it from the account of {relative}: {yuan(amount)}."
    if row.hospital_fen:
        yield f"The institution bears {yuan(row.hospital_fen)}."
    others = row.total_fen - row.cash_fen
    if row.region == MANUAL_REGION:
        yield f"By hand, invoice {row.invoice}: {yuan(others)} is paid out to the person, who bears {yuan(row.cash_fen)}."
    else:
        yield f"In cash: {yuan(row.cash_fen)}; all others paid {yuan(others)}."
    yield from _remembered(row)


def _filed(outcome: settlement_pb2.Outcome, rule: Rule | None) -> str:
    """As the sheet said it; of an answer that did not say, what its kind of filing is called."""
    first = outcome.setldetail[0]
    layer = Layer(
        "", "", first.fund_pay_type_name, first.inscp_scp_amt, first.crt_payb_lmt_amt, first.fund_payamt
    )
    told = first.setl_proc_info.removeprefix(brief(layer)).removeprefix("; ")
    if told:
        return told
    kind = outcome.setlinfo.filing
    change = f": {rule.reduction}" if rule is not None and rule.reduction else ""
    return FILING_WORDS.get(kind, kind) + change


def _pooled_words(
    row: Row, layers: tuple[Paid, ...], rule: Rule | None, *, designated: bool
) -> Iterator[str]:
    pooled = layers[0]
    off_the_top = row.in_scope_fen - pooled.base_fen
    if off_the_top:
        yield f"Off the top: the person bears {yuan(off_the_top)} of the in-scope part."
    if row.deductible_fen or (rule is not None and any(rule.deductibles)):
        terms = f" (terms: {deductible_words(rule)})" if rule is not None else ""
        yield f"Deductible: {yuan(row.deductible_fen)} borne{terms}."
    shared = (row.deltas or (0,) * len(ACCUMULATORS))[IN_SCOPE]
    if rule is not None:
        yield from band_lines(rule, shared, row.deductible_fen)
    if shared < pooled.base_fen and designated:
        yield f"  Only {yuan(shared)} of {yuan(pooled.base_fen)} in scope is shared: a cap limits the fee."
    capped = pooled.limit_left_fen and pooled.amount_fen == pooled.limit_left_fen
    ending = ", all that its cap left" if capped else ""
    yield f"Pooled fund ({pooled.fund_pay_type}) pays {yuan(pooled.amount_fen)}{ending}."


def _brief(layer: Paid) -> str:
    limit = f"; it could have paid {yuan(layer.limit_left_fen)}" if layer.limit_left_fen else ""
    if layer.limit_left_fen and layer.limit_left_fen == layer.amount_fen:
        limit = "; all that its limit left"
    return f"{layer.name}: {yuan(layer.amount_fen)} of {yuan(layer.base_fen)}{limit}"


def _remembered(row: Row) -> Iterator[str]:
    gains = [
        f"{name.replace('_', ' ')} {gain if name == 'admissions' else yuan(gain)}"
        for name, gain in zip(ACCUMULATORS, row.deltas or (), strict=False)
        if gain
    ]
    if gains:
        yield f"The year {row.year} remembers: {', '.join(gains)}."


# ------------------------------------------------------------------------------------------------ which terms


def _rule(
    row: Row, info: settlement_pb2.SettlementInfo, layers: tuple[Paid, ...], policy: Policy, age: int
) -> Rule | None:
    """The terms that give what was paid; the plain ones are tried before those of listed diseases."""
    level = info.hosp_lv
    # the row knows the day of the decision and not of the care, between which a birthday may lie
    for years in (age, max(0, age - 1)) if policy.uses_age else (0,):
        for disease, matn_type in _listed(policy):
            about = (disease, matn_type, years)
            rule = policy.make_rule(_key(row, info, level, about))
            if not rule.refusal and _gives(rule, row, layers[0]):
                # an institution's level for the deductible may be another one: it shows by what was borne
                others = [other for other in ("1", "2", "3") if level not in (other, "0")]
                rules = (rule, *(policy.make_rule(_key(row, info, other, about)) for other in others))
                return next((one for one in rules if row.deductible_fen in one.deductibles), rule)
    return None


def _key(
    row: Row, info: settlement_pb2.SettlementInfo, deductible_level: str, about: tuple[str, str, int]
) -> RuleKey:
    med_type = MED_TYPE_OF.get(row.med_type, row.med_type)
    head = info.psn_type[:PSN_HEAD_LENGTH]
    return (med_type, info.hosp_lv, deductible_level, head, info.filing, row.route, *about)


def _listed(policy: Policy) -> Iterable[tuple[str, str]]:
    yield "", ""
    yield from ((disease, "") for disease in sorted(policy.diseases))
    yield from (("", matn_type) for matn_type in sorted(policy.matn_types))


def _gives(rule: Rule, row: Row, pooled: Paid) -> bool:
    """Whether these terms, from the stored scope, deductible and limit, pay exactly what was paid."""
    if half_up(row.in_scope_fen * rule.first_pay_bp, 10_000) != row.in_scope_fen - pooled.base_fen:
        return False
    shared = (row.deltas or (0,) * len(ACCUMULATORS))[IN_SCOPE]
    low, high = pooled_stretch(rule, shared, row.deductible_fen)
    numerator = weighted(low, high, rule.bands)
    if rule.after_ratio:
        numerator -= row.deductible_fen * WHOLE
    amount = (max(0, numerator) + _HALF) // WHOLE
    if rule.floor_bp:
        base = (row.total_fen if rule.floor_on_total else pooled.base_fen) - row.deductible_fen
        amount = max(amount, half_up(base * rule.floor_bp, 10_000))
    limit = pooled.limit_left_fen or amount  # 0 is also what an exhausted cap leaves: then nothing was paid
    return min(amount, limit, row.total_fen - row.other_fen) == pooled.amount_fen or (
        pooled.amount_fen == 0 and pooled.limit_left_fen == 0
    )
