"""Policies, bills and people that benefit tests begin from: plain on purpose, so that a test shows its own figures."""

from typing import Any

from homepool.benefits import NOTHING_USED, Benefit, BillFacts, Policy, Standing
from homepool.policy.form import parse_policy
from ledger.rows import ACCUMULATORS, PAYERS

FUNDS = {
    "pooled": ["310100", "pooled"],
    "big_illness": ["390200", "big illness"],
    "large": ["330100", "large expense"],
    "civil": ["320100", "civil"],
    "enterprise": ["370100", "enterprise"],
    "aid": ["610100", "aid"],
    "commercial": ["620100", "commercial"],
    "account": ["310200", "account"],
    "family": ["310200", "family"],
}
ALL_LAYERS = ["second", "supplement", "aid", "commercial"]


def raw_policy(
    terms: dict[str, Any] | None = None, treatment: dict[str, Any] | None = None, **top: Any
) -> dict[str, Any]:
    """A policy file's content: one treatment for all medical types, 80 % of everything in scope."""
    return {
        "division": 440300,
        "insutype": "310",
        "name": "a policy",
        "effective_from": "2024-01-01",
        "fund_includes_account": True,
        "stay_year": "end",
        "fund_pay_type": dict(FUNDS),
        "treatment": [
            {
                "med_types": ["21"],
                "layers": ALL_LAYERS,
                "terms": [{**({} if "bands" in (terms or {}) else {"ratio_bp": 8000}), **(terms or {})}],
                **(treatment or {}),
            }
        ],
        **top,
    }


def a_policy(
    terms: dict[str, Any] | None = None, treatment: dict[str, Any] | None = None, **top: Any
) -> Policy:
    """`raw_policy`, compiled."""
    return parse_policy(raw_policy(terms, treatment, **top), origin="test")


def a_bill(in_scope_fen: int, **facts: Any) -> BillFacts:
    """An inpatient bill of in-scope money; other parts by name."""
    parts = ("full_self_fen", "over_limit_fen", "first_pay_fen")
    total = in_scope_fen + sum(facts.get(part, 0) for part in parts)
    return BillFacts(
        **{
            "insutype": "310",
            "med_type": "21",
            "care_date": "2025-03-10",
            "in_scope_fen": in_scope_fen,
            "total_fen": total,
            **facts,
        }
    )


def a_person(used: dict[str, int] | None = None, **facts: Any) -> Standing:
    """Somebody in work who has used nothing but what `used` names."""
    spent = list(NOTHING_USED)
    for name, amount in (used or {}).items():
        spent[ACCUMULATORS.index(name)] = amount
    return Standing(**{"psn_type": "1101", "used": tuple(spent), **facts})


def payers(benefit: Benefit) -> dict[str, int]:
    """Who pays something."""
    return {name: getattr(benefit, name) for name in PAYERS if getattr(benefit, name)}


def delta(benefit: Benefit, name: str) -> int:
    """What one accumulator gains."""
    return benefit.deltas[ACCUMULATORS.index(name)]
