"""Published worked examples, run through the engine that decides live settlements.

Method: `case.py` turns a case into a policy in the form of a policy file, a bill and a standing; `settle`
does the rest, and its answer is read back here under the names of the example.
"""

from dataclasses import replace
from typing import Any, Final

from homepool.benefits import Benefit, settle
from homepool.benefits.bands import by_band
from homepool.benefits.facts import AID_BASE, BIG_ILLNESS_BASE, IN_SCOPE
from homepool.benefits.layers import stretch
from homepool.benefits.rule import Second
from homepool.benefits.settlement import pooled_stretch
from homepool.errors import CaseInvalid, HomePoolError
from homepool.golden.case import case_bill, case_policy, case_standing, step_name, year_so_far

Case = dict[str, Any]
_LAYERS: Final = frozenset(
    (
        "basic",
        "big_illness",
        "aid_steps",
        "supplement",
        "supplement_parts",
        "account",
        "deductible_fen",
        "deductible_year_ceiling_fen",
    )
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
    if not _LAYERS & policy_part.keys():
        raise CaseInvalid(f"policy: there is nothing to compute; it has none of {', '.join(sorted(_LAYERS))}")
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


def _single(part: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unit = "bill" if part.get("deductible_period") in ("stay", "visit", "bill") else "year"
    policy, bill = case_policy(part, unit=unit), case_bill(part, given)
    standing = case_standing(given, tuple(year_so_far(given)))
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
        figures["entering_pool_fen"] = [benefit.deltas[IN_SCOPE] + bill.exempt_fen - benefit.deductible_fen]
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
        names = [step_name(step, place) for place, step in enumerate(part["aid_steps"], 1)]
        figures["remaining_in_scope_before_fen"] = benefit.deltas[AID_BASE]
        figures["aid_fen"] = {name: paid.get(("aid_fen", name), 0) for name in names}
    if part.get("supplement") or part.get("supplement_parts"):
        figures["supplement_fen"] = benefit.commercial_fen
    if part.get("supplement_parts"):
        names = [step_name(rule, place) for place, rule in enumerate(part["supplement_parts"], 1)]
        figures["supplement_parts_fen"] = {name: paid.get(("commercial_fen", name), 0) for name in names}
    return figures


def _series(part: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Several visits or stays of one year, each settled on top of the one before."""
    stays = given.get("stays")
    entries = given["visits_in_scope_fen"] if stays is None else stays
    unit = "bill" if stays is not None or part.get("deductible_period", "year") != "year" else "year"
    used, benefits = year_so_far(given), []
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
