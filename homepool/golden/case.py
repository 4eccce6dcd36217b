"""A published worked example as policy, bill and standing, in the very forms of the live ones.

What an example does not say is neutral: no deductible, a ratio of 0, nothing used. An example that asks for one
layer only becomes a bill on which the other layers pay nothing.
"""

from typing import Any, Final

from homepool.benefits import FILINGS, NOTHING_USED, BillFacts, Policy, Standing
from homepool.benefits.facts import IN_SCOPE, OUTPATIENT_DEDUCTIBLE, POOLED
from homepool.errors import CaseInvalid
from homepool.policy.form import parse_policy
from ledger.money import share

_DAY: Final = "2000-01-01"
_FUNDS: Final = {
    "pooled": ["390100", "basic insurance"],
    "big_illness": ["390200", "big illness"],
    "aid": ["610100", "medical aid"],
    "commercial": ["910100", "commercial supplement"],
    "account": ["310200", "personal account"],
}
_OFFSITE_KEYS: Final = (
    "first_pay_bp",
    "deductible_fen",
    "deductible_share_of_total_bp",
    "deductible_min_fen",
    "deductible_max_fen",
    "ratio_points_bp",
    "ratio_multiplier_bp",
    "floor_bp",
    "floor_base",
)


def case_policy(part: dict[str, Any], *, unit: str = "year") -> Policy:
    """The policy of an example, compiled by the same form as a policy file; `unit` of its deductible."""
    basic = part.get("basic") or {}
    terms: dict[str, Any] = {
        "deductible_fen": basic.get("deductible_fen", part.get("deductible_fen")) or 0,
        **_bands(basic),
    }
    if basic.get("in_scope_cap_fen") is not None:
        terms["year_in_scope_cap_fen"] = basic["in_scope_cap_fen"]
    treatment = {
        "med_types": ["11"],
        "deductible_account": "outpatient",
        "deductible_unit": "bill" if part.get("deductible_year_ceiling_fen") is not None else unit,
        "deductible_order": basic.get("deductible_order", "before_ratio"),
        "band_axis": basic.get("band_axis", "gross"),
        "layers": ["second", "aid", "commercial"],
        "terms": [terms],
    }
    if part.get("deductible_year_ceiling_fen") is not None:
        treatment["deductible_year_ceiling_fen"] = part["deductible_year_ceiling_fen"]
    raw: dict[str, Any] = {
        "division": 100000,
        "insutype": "390",
        "name": str(part.get("jurisdiction", "published example")),
        "effective_from": _DAY,
        "fund_includes_account": False,
        "stay_year": "end",
        "fund_pay_type": _FUNDS,
        "treatment": [treatment],
        "offsite": [_offsite(kind, rule) for kind, rule in (part.get("offsite") or {}).items()],
    }
    if basic.get("fund_cap_fen") is not None:
        raw["pool_year_cap_fen"] = basic["fund_cap_fen"]
    if part.get("big_illness"):
        raw["second"] = _big_illness(part["big_illness"])
    if part.get("aid_steps"):
        raw["aid"] = [
            {"step": [_tier(step, "cap_fen", place) for place, step in enumerate(part["aid_steps"], 1)]}
        ]
    if part.get("supplement") or part.get("supplement_parts"):
        raw["commercial"] = [{"payer": "commercial", "part": _commercial_parts(part)}]
    if part.get("account"):
        raw["account"] = _account(part["account"])
    return parse_policy(raw, origin="policy")


def _bands(rule: dict[str, Any]) -> dict[str, Any]:
    if rule.get("bands") is not None:
        bands = [{key: value for key, value in band.items() if value is not None} for band in rule["bands"]]
        return {"bands": bands}
    return {"ratio_bp": 0 if rule.get("ratio_bp") is None else rule["ratio_bp"]}


def _tier(rule: dict[str, Any], cap_key: str, place: int = 1) -> dict[str, Any]:
    tier: dict[str, Any] = {
        "name": step_name(rule, place),
        "deductible_fen": rule.get("deductible_fen") or 0,
        **_bands(rule),
        "yearly": False,
    }
    if rule.get("cap_fen") is not None:
        tier[cap_key] = rule["cap_fen"]
    if "band_axis" in rule:
        tier["band_axis"] = rule["band_axis"]
    return tier


def step_name(rule: dict[str, Any], place: int) -> str:
    return str(rule.get("name") or f"step_{place}")


def _offsite(kind: str, rule: dict[str, Any]) -> dict[str, Any]:
    if kind not in FILINGS:
        raise CaseInvalid(f"policy.offsite.{kind}: no such kind of filing")
    unknown = [key for key in rule if key not in _OFFSITE_KEYS]
    if unknown:
        raise CaseInvalid(f"policy.offsite.{kind}.{unknown[0]}: no such reduction")
    return {"filings": [kind], **{key: value for key, value in rule.items() if value is not None}}


def _big_illness(rule: dict[str, Any]) -> dict[str, Any]:
    second: dict[str, Any] = {"payer": "big_illness", "base": rule["base"], "variant": []}
    if rule.get("bands") is not None:
        second["variant"] = [_tier(rule, "year_cap_fen")]
    return second


def _commercial_parts(part: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    if part.get("supplement"):
        if part["supplement"].get("base", "total_minus_pooled") != "total_minus_pooled":
            raise CaseInvalid(f"policy.supplement.base: {part['supplement']['base']!r} is not known")
        found.append(
            {**_tier(part["supplement"], "cap_fen"), "base": "everything_left", "name": "supplement"}
        )
    for place, rule in enumerate(part.get("supplement_parts") or [], 1):
        beyond = rule.get("name") == "out_of_policy" or (rule.get("name") != "in_policy" and place > 1)
        found.append({**_tier(rule, "cap_fen", place), "base": "out_of_policy" if beyond else "in_policy"})
    return found


def _account(rule: dict[str, Any]) -> dict[str, Any]:
    pays = rule.get("pays", "remaining_personal")
    if pays == "remaining_personal":
        parts = ["in_scope", "first_pay", "over_limit", "full_self"]
    elif pays == "remaining_in_scope":
        parts = ["in_scope"]
    else:
        raise CaseInvalid(f"policy.account.pays: {pays!r} is not known")
    return {"local": parts, "offsite": parts}


def case_bill(part: dict[str, Any], given: dict[str, Any]) -> BillFacts:
    """The bill of an example, from whichever amounts the publication gave."""
    full_self, first_pay, exempt = given.get("out_of_catalog_fen") or 0, given.get("first_pay_fen") or 0, 0
    total: int | None = given.get("total_fen")
    scope: int | None = given.get("in_scope_fen")
    beyond, paid = given.get("out_of_scope_fen") or 0, given.get("already_paid_fen") or 0
    left = given.get("personal_after_basic_and_bi_fen")
    if given.get("items"):
        full_self, first_pay, exempt, listed = _items(given["items"])
        total = listed if total is None else total
    if left is not None and not part.get("basic"):  # the earlier layers are given by what they left
        total = left if total is None else total
        paid, scope = total - int(left), total - int(given.get("out_of_policy_fen") or 0)
    compliant = given.get("compliant_fen")
    if compliant is not None:
        scope = compliant - first_pay if scope is None else scope
        first_pay = compliant - scope
    if scope is None:
        if total is None:
            total = given.get("big_illness_base_fen")
        if total is None:
            raise CaseInvalid("input: neither total_fen nor in_scope_fen nor the base of a layer is given")
        scope = total - full_self - first_pay - beyond
    elif total is None:
        total = scope + full_self + first_pay + beyond
    rest = total - scope
    if scope < 0 or rest < 0 or first_pay < 0:
        raise CaseInvalid(f"input: the in-scope part {scope} does not fit into the whole {total}")
    first_pay = min(first_pay, rest)
    return BillFacts(
        insutype="390",
        med_type="11",
        care_date=_DAY,
        total_fen=total,
        full_self_fen=rest - first_pay,
        first_pay_fen=first_pay,
        in_scope_fen=scope,
        exempt_fen=exempt,
        route=3 if given.get("filing") else 1,
        given_base_fen=given.get("big_illness_base_fen") or 0,
        already_paid_fen=paid,
        account_used=bool(part.get("account")),
    )


def _items(items: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Outside the catalogue, first-pay share, exempt from further co-payment, total; each item rounded by itself."""
    full_self = first_pay = exempt = total = 0
    for item in items:
        amount, ratio = item["amount_fen"], item.get("first_pay_bp") or 0
        total += amount
        if ratio >= 10_000:
            full_self += amount
            continue
        borne = share(amount, ratio)
        first_pay += borne
        if item.get("copay_exempt"):
            exempt += amount - borne
    return full_self, first_pay, exempt, total


def case_standing(given: dict[str, Any], used: tuple[int, ...] = NOTHING_USED) -> Standing:
    """The person of an example: filing, what the year has used, account balance."""
    filing = given.get("filing") or "local"
    if filing not in ("local", *FILINGS):
        raise CaseInvalid(f"input.filing: {filing!r} is no kind of filing")
    return Standing(
        psn_type="15", filing=filing, used=used, balance_fen=given.get("account_balance_fen") or 0
    )


def year_so_far(given: dict[str, Any]) -> list[int]:
    used, ytd = list(NOTHING_USED), given.get("ytd") or {}
    used[OUTPATIENT_DEDUCTIBLE] = ytd.get("deductible_used_fen") or 0
    used[POOLED] = ytd.get("fund_used_fen") or 0
    used[IN_SCOPE] = ytd.get("in_scope_used_fen") or 0
    return used
