"""Published worked examples, run through the engine that decides live settlements.

Method: a case becomes a policy in the very form of a policy file, a bill and a standing; `settle` does the
rest, and its answer is read back under the names of the example. What a case does not say is neutral: no
deductible, a ratio of 0, nothing used. A case that asks for one layer only becomes a bill on which the
other layers pay nothing.
"""

from dataclasses import replace
from typing import Any, Final

from homepool.benefits import FILINGS, NOTHING_USED, Benefit, BillFacts, Policy, Standing, settle
from homepool.benefits.bands import by_band
from homepool.benefits.facts import AID_BASE, BIG_ILLNESS_BASE, IN_SCOPE, OUTPATIENT_DEDUCTIBLE, POOLED
from homepool.benefits.layers import stretch
from homepool.benefits.rule import Second
from homepool.benefits.settlement import pooled_stretch
from homepool.errors import CaseInvalid, HomePoolError
from homepool.policy_form import parse_policy
from ledger.money import share

Case = dict[str, Any]
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


def adjudicate(case: Case) -> dict[str, Any]:
    """`{"id", "computed"}` of one example; `{"id", "error"}` where it cannot be computed."""
    name = case.get("id") if isinstance(case, dict) else None
    try:
        return {"id": name, "computed": computed(case)}
    except HomePoolError as error:
        return {"id": name, "error": str(error)}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        return {
            "id": name,
            "error": f"the case is not in the form of an example: {type(error).__name__}: {error}",
        }


def computed(case: Case) -> dict[str, Any]:
    """The figures of one example, under the names of `expected`; raises CaseInvalid or PolicyInvalid."""
    if not isinstance(case, dict):
        raise CaseInvalid("a case must be an object with policy and input")
    if case.get("check") == "split":
        return _split(case)
    policy_part, given = _object(case, "policy"), _object(case, "input")
    for part in (policy_part, given):
        _refuse_negative(part)
    if "visits_in_scope_fen" in given or "stays" in given:
        return _series(policy_part, given)
    return _single(policy_part, given)


def _object(case: Case, key: str) -> dict[str, Any]:
    value = case.get(key, {})
    if not isinstance(value, dict):
        raise CaseInvalid(f"{key}: an object is needed")
    return value


def _refuse_negative(part: object, path: str = "") -> None:
    """Every amount is a whole number of fen, none negative; only ratio points may be."""
    if isinstance(part, dict):
        for key, value in part.items():
            where = f"{path}.{key}" if path else str(key)
            if str(key).endswith(("_fen", "_bp")) and not isinstance(value, (dict, list, type(None))):
                if not isinstance(value, int) or isinstance(value, bool):
                    raise CaseInvalid(f"{where}: {value!r} is not a whole number")
                if value < 0 and key != "ratio_points_bp":
                    raise CaseInvalid(f"{where}: {value} is negative")
            _refuse_negative(value, where)
    elif isinstance(part, list):
        for place, value in enumerate(part):
            _refuse_negative(value, f"{path}[{place}]")


def _split(case: Case) -> dict[str, Any]:
    payers = case["expected"]["payers_fen"]
    total = sum(payers.values())
    return {"payers_sum_fen": total, "conserved": total == case["input"]["total_fen"]}


# ------------------------------------------------------------------------------------------- the policy of a case


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
        "name": _name(rule, place),
        "deductible_fen": rule.get("deductible_fen") or 0,
        **_bands(rule),
        "yearly": False,
    }
    if rule.get("cap_fen") is not None:
        tier[cap_key] = rule["cap_fen"]
    if "band_axis" in rule:
        tier["band_axis"] = rule["band_axis"]
    return tier


def _name(rule: dict[str, Any], place: int) -> str:
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


# --------------------------------------------------------------------------------------------- the bill of a case


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


def _year_so_far(given: dict[str, Any]) -> list[int]:
    used, ytd = list(NOTHING_USED), given.get("ytd") or {}
    used[OUTPATIENT_DEDUCTIBLE] = ytd.get("deductible_used_fen") or 0
    used[POOLED] = ytd.get("fund_used_fen") or 0
    used[IN_SCOPE] = ytd.get("in_scope_used_fen") or 0
    return used


# ------------------------------------------------------------------------------------------------ reading it back


def _single(part: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unit = "bill" if part.get("deductible_period") in ("stay", "visit", "bill") else "year"
    policy, bill = case_policy(part, unit=unit), case_bill(part, given)
    standing = case_standing(given, tuple(_year_so_far(given)))
    before = 0
    if not part.get("basic") and (part.get("big_illness") or {}).get("base") == "given":
        # The layer alone, on the year's accumulated base: what it has paid of it already comes off its amount.
        before, bill = bill.already_paid_fen, replace(bill, already_paid_fen=0)
    benefit = settle(bill, policy, standing)
    if benefit.declined:
        raise CaseInvalid(f"input: {benefit.message}")
    figures: dict[str, Any] = {}
    rule = policy.rule(bill, standing)
    if {"total_fen", "in_scope_fen", "items"} & given.keys():
        personal = benefit.account_fen + benefit.family_fen + benefit.cash_fen
        figures["in_scope_fen"] = bill.in_scope_fen
        figures["all_payers_fen"] = bill.total_fen - personal
        figures["personal_fen"] = personal
    if part.get("basic"):
        figures["pooled_fen"] = benefit.pooled_fen
        figures["deductible_applied_fen"] = [benefit.deductible_fen]
        figures["entering_pool_fen"] = [
            bill.in_scope_fen - benefit.offsite_first_pay_fen - benefit.deductible_fen
        ]
        low, high = pooled_stretch(rule, benefit.deltas[IN_SCOPE], benefit.deductible_fen)
        figures["by_band_fen"] = by_band(low, high, rule.bands)
        if rule.first_pay_bp:
            figures["offsite_first_pay_fen"] = benefit.offsite_first_pay_fen
    figures.update(_layer_figures(part, rule.second, benefit, before))
    if part.get("account") or given.get("account_balance_fen") is not None:
        figures["account_fen"] = benefit.account_fen
        figures["cash_fen"] = benefit.cash_fen
    return figures


def _layer_figures(
    part: dict[str, Any], second: Second | None, benefit: Benefit, before: int
) -> dict[str, Any]:
    """The figures of the layers after the pooled fund, of those that the example has."""
    figures: dict[str, Any] = {}
    if second is not None:
        base = benefit.deltas[BIG_ILLNESS_BASE]
        figures["big_illness_base_fen"] = base
        for variant in second.variants:
            low, high = stretch(variant.tier, base, 0)
            figures["big_illness_fen"] = max(0, benefit.big_illness_fen - before)
            figures["by_band_fen"] = by_band(low, high, variant.tier.bands)
    paid: dict[tuple[str, str], int] = {}
    for layer in benefit.layers:
        paid[layer.payer, layer.name] = paid.get((layer.payer, layer.name), 0) + layer.amount_fen
    if part.get("aid_steps"):
        names = [_name(step, place) for place, step in enumerate(part["aid_steps"], 1)]
        figures["remaining_in_scope_before_fen"] = benefit.deltas[AID_BASE]
        figures["aid_fen"] = {name: paid.get(("aid_fen", name), 0) for name in names}
    if part.get("supplement") or part.get("supplement_parts"):
        figures["supplement_fen"] = benefit.commercial_fen
    if part.get("supplement_parts"):
        names = [_name(rule, place) for place, rule in enumerate(part["supplement_parts"], 1)]
        figures["supplement_parts_fen"] = {name: paid.get(("commercial_fen", name), 0) for name in names}
    return figures


def _series(part: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Several visits or stays of one year, each settled on top of the one before."""
    stays = given.get("stays")
    entries = given["visits_in_scope_fen"] if stays is None else stays
    unit = "bill" if stays is not None or part.get("deductible_period", "year") != "year" else "year"
    used, benefits = _year_so_far(given), []
    for entry in entries:
        own, bill = _entry(part, entry, is_stay=stays is not None)
        standing = case_standing(given, tuple(used))
        benefit = settle(case_bill(own, bill), case_policy(own, unit=unit), standing)
        if benefit.declined:
            raise CaseInvalid(f"input: {benefit.message}")
        used = [before + added for before, added in zip(used, benefit.deltas, strict=True)]
        benefits.append(benefit)
    figures: dict[str, Any] = {
        "deductible_applied_fen": [benefit.deductible_fen for benefit in benefits],
        "entering_pool_fen": [benefit.deltas[IN_SCOPE] - benefit.deductible_fen for benefit in benefits],
    }
    if (part.get("basic") or {}).get("bands"):
        total = sum(benefit.total_fen for benefit in benefits)
        personal = sum(benefit.account_fen + benefit.cash_fen for benefit in benefits)
        figures["pooled_fen"] = sum(benefit.pooled_fen for benefit in benefits)
        figures["all_payers_fen"] = total - personal
        figures["personal_fen"] = personal
    return figures


def _entry(part: dict[str, Any], entry: Any, *, is_stay: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The policy and the bill of one visit or stay.

    A stay may bring its own deductible. A bare number is the in-scope amount; of a stay whose policy has no
    deductible it is that deductible itself.
    """
    basic = part.get("basic") or {}
    deductible = basic.get("deductible_fen", part.get("deductible_fen"))
    bill = dict(entry) if isinstance(entry, dict) else {"in_scope_fen": entry}
    if isinstance(entry, dict):
        deductible = entry.get("deductible_fen", deductible)
    elif is_stay and deductible is None:
        deductible = entry
    if not {"in_scope_fen", "total_fen", "items"} & bill.keys():
        bill["in_scope_fen"] = deductible or 0
    return {**part, "basic": {**basic, "deductible_fen": deductible or 0}}, bill
