"""Every field that an example may have, also those that no example at hand uses; and examples that are wrong."""

from typing import Any

import pytest

from homepool.golden.agreement import adjudicate


def basic(**changes: Any) -> dict[str, Any]:
    """A flat 80 % without deductible."""
    return {
        "deductible_fen": 0,
        "deductible_order": "before_ratio",
        "bands": [{"from_fen": 0, "to_fen": None, "ratio_bp": 8000}],
        "band_axis": "gross",
        "fund_cap_fen": None,
        "in_scope_cap_fen": None,
        **changes,
    }


def computed(policy: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The figures of a case that must be computable."""
    result = adjudicate({"id": "x", "check": "full", "policy": policy, "input": given})
    assert "error" not in result, result
    figures: dict[str, Any] = result["computed"]
    return figures


def test_deductible_after_the_ratio() -> None:
    policy = {"basic": basic(deductible_fen=1_000, deductible_order="after_ratio")}
    assert computed(policy, {"total_fen": 10_000})["pooled_fen"] == 7_000


def test_this_years_fund_payments_count_towards_its_cap() -> None:
    policy = {"basic": basic(fund_cap_fen=450_000)}
    figures = computed(policy, {"total_fen": 1_000_000, "ytd": {"fund_used_fen": 400_000}})
    assert (figures["pooled_fen"], figures["personal_fen"]) == (50_000, 950_000)


def test_a_cap_on_the_fee_comes_before_the_ratio() -> None:
    policy = {"basic": basic(in_scope_cap_fen=30_000)}
    assert computed(policy, {"total_fen": 50_000})["pooled_fen"] == 24_000


def test_items_round_one_by_one_and_exempt_ones_bear_no_more() -> None:
    items = [
        {"cls": "A", "amount_fen": 100_000, "first_pay_bp": 0},
        {"cls": "B", "amount_fen": 5, "first_pay_bp": 1000},
        {"cls": "B", "amount_fen": 5, "first_pay_bp": 1000},
        {"cls": "C", "amount_fen": 7_000, "first_pay_bp": 10000},
        {"cls": "special", "amount_fen": 10_000, "first_pay_bp": 3000, "copay_exempt": True},
    ]
    figures = computed({"basic": basic(deductible_fen=50_000)}, {"items": items})
    assert figures["in_scope_fen"] == 107_008
    assert figures["pooled_fen"] == (50_008 * 8 + 5) // 10 + 7_000
    assert figures["personal_fen"] == 117_010 - figures["pooled_fen"]


def big(base: str, **changes: Any) -> dict[str, Any]:
    """A big-illness layer of 60 % above 100.00."""
    bands = [{"from_fen": 0, "to_fen": None, "ratio_bp": 6000}]
    return {
        "base": base,
        "deductible_fen": 10_000,
        "bands": bands,
        "band_axis": "gross",
        "cap_fen": None,
        **changes,
    }


def test_the_bases_of_big_illness() -> None:
    given = {"total_fen": 110_000, "first_pay_fen": 5_000, "out_of_catalog_fen": 5_000}
    plain = computed({"basic": basic(), "big_illness": big("in_scope_minus_pooled")}, given)
    assert (plain["big_illness_base_fen"], plain["big_illness_fen"]) == (20_000, 6_000)
    assert plain["all_payers_fen"] == 86_000
    with_first = computed(
        {"basic": basic(), "big_illness": big("compliant_incl_first_pay_minus_pooled")}, given
    )
    assert with_first["big_illness_base_fen"] == 25_000
    compliant = {"total_fen": 110_000, "in_scope_fen": 100_000, "compliant_fen": 105_000}
    policy = {"basic": basic(), "big_illness": big("compliant_incl_first_pay_minus_pooled")}
    assert computed(policy, compliant)["big_illness_base_fen"] == 25_000


def test_only_the_base_is_asked() -> None:
    figures = computed(
        {"basic": basic(), "big_illness": big("in_scope_minus_pooled", bands=None)}, {"total_fen": 100_000}
    )
    assert figures["big_illness_base_fen"] == 20_000
    assert "big_illness_fen" not in figures


def test_a_cap_on_big_illness_and_what_it_has_paid_of_its_base_already() -> None:
    policy = {"big_illness": big("given", cap_fen=30_000)}
    assert computed(policy, {"big_illness_base_fen": 100_000})["big_illness_fen"] == 30_000
    policy = {"big_illness": big("given")}
    figures = computed(policy, {"big_illness_base_fen": 100_000, "already_paid_fen": 14_000})
    assert (figures["big_illness_fen"], figures["by_band_fen"]) == (40_000, [54_000])


def test_aid_alone_on_what_others_left() -> None:
    steps = [
        {"name": "one", "deductible_fen": 10_000, "ratio_bp": 5000, "cap_fen": 12_000},
        {"name": "two", "deductible_fen": 0, "ratio_bp": 10000, "cap_fen": None},
    ]
    figures = computed({"aid_steps": steps}, {"in_scope_fen": 100_000, "already_paid_fen": 60_000})
    assert figures["remaining_in_scope_before_fen"] == 40_000
    assert figures["aid_fen"] == {"one": 12_000, "two": 28_000}


def test_an_aid_step_that_pays_nothing_is_listed_with_zero() -> None:
    steps = [{"name": "one", "deductible_fen": 999_999, "ratio_bp": 5000, "cap_fen": None}]
    assert computed({"basic": basic(), "aid_steps": steps}, {"total_fen": 10})["aid_fen"] == {"one": 0}


def test_a_commercial_layer_on_everything_left() -> None:
    supplement = {"base": "total_minus_pooled", "deductible_fen": 10_000, "ratio_bp": 5000, "cap_fen": 7_000}
    given = {"total_fen": 120_000, "in_scope_fen": 100_000}
    assert computed({"basic": basic(), "supplement": supplement}, given)["supplement_fen"] == 7_000
    supplement["cap_fen"] = 99_999
    figures = computed({"basic": basic(), "supplement": supplement}, given)
    assert (figures["supplement_fen"], figures["all_payers_fen"], figures["personal_fen"]) == (
        15_000,
        95_000,
        25_000,
    )


def test_stays_stop_bearing_deductibles_at_the_years_ceiling() -> None:
    policy = {"deductible_year_ceiling_fen": 230_000}
    stays = [{"deductible_fen": 120_000}, {"deductible_fen": 120_000}, {"deductible_fen": 90_000}]
    assert computed(policy, {"stays": stays})["deductible_applied_fen"] == [120_000, 110_000, 0]
    assert computed(policy, {"stays": [120_000, 120_000]})["deductible_applied_fen"] == [120_000, 110_000]
    policy = {"deductible_year_ceiling_fen": 230_000, "basic": basic(deductible_fen=120_000)}
    figures = computed(policy, {"stays": [{"in_scope_fen": 200_000}, {"in_scope_fen": 200_000}]})
    assert figures["entering_pool_fen"] == [80_000, 90_000]
    assert figures["pooled_fen"] == 136_000


def test_one_deductible_for_the_years_visits_after_what_was_borne() -> None:
    policy = {"deductible_fen": 50_000, "deductible_period": "year"}
    given = {"visits_in_scope_fen": [30_000, 30_000], "ytd": {"deductible_used_fen": 10_000}}
    assert computed(policy, given)["entering_pool_fen"] == [0, 20_000]


def test_a_filing_that_the_policy_does_not_list_changes_nothing() -> None:
    policy = {"basic": basic(), "offsite": {"other": {"ratio_points_bp": -1000}}}
    assert computed(policy, {"total_fen": 100, "filing": "long_term"})["pooled_fen"] == 80
    assert computed(policy, {"total_fen": 100, "filing": "other"})["pooled_fen"] == 70
    assert computed(policy, {"total_fen": 100})["pooled_fen"] == 80


def test_all_layers_and_the_account_add_up() -> None:
    policy = {
        "basic": basic(),
        "big_illness": big("in_scope_minus_pooled"),
        "aid_steps": [{"name": "aid", "deductible_fen": 0, "ratio_bp": 5000, "cap_fen": None}],
        "account": {"pays": "remaining_personal", "order": ["own"]},
    }
    figures = computed(policy, {"total_fen": 100_000, "account_balance_fen": 5_000})
    assert figures["all_payers_fen"] == 80_000 + 6_000 + 7_000
    assert (figures["account_fen"], figures["cash_fen"]) == (5_000, 2_000)


@pytest.mark.parametrize(
    ("policy", "given", "names"),
    [
        ({"basic": basic()}, {}, "total_fen"),
        ({"setting": "inpatient"}, {"total_fen": 100}, "nothing to compute"),
        ({"basic": basic()}, {"total_fen": -1}, "total_fen"),
        ({"basic": basic()}, {"total_fen": 10.5}, "total_fen"),
        ({"basic": basic()}, {"total_fen": 100, "in_scope_fen": 101}, "fit"),
        ({"basic": basic(band_axis="net")}, {"total_fen": 100}, "band_axis"),
        (
            {"basic": basic(bands=[{"from_fen": 0, "to_fen": 9, "ratio_bp": 10001}])},
            {"total_fen": 1},
            "ratio_bp",
        ),
        ({"basic": basic(), "offsite": {"other": {"ratio_pts": 1}}}, {"total_fen": 1}, "ratio_pts"),
        ({"basic": basic()}, {"total_fen": 1, "filing": "maybe"}, "filing"),
        ({"basic": basic(), "account": {"pays": "half"}}, {"total_fen": 1}, "pays"),
        ({"big_illness": {"deductible_fen": 1}}, {"big_illness_base_fen": 1}, "base"),
        ({"basic": basic()}, {"items": [{"cls": "A"}]}, "amount_fen"),
        ("none", {}, "policy"),
    ],
)
def test_a_case_that_cannot_be_computed_is_an_entry_with_an_error(
    policy: Any, given: Any, names: str
) -> None:
    result = adjudicate({"id": "x", "policy": policy, "input": given})
    assert result.keys() == {"id", "error"}
    assert names in result["error"]


@pytest.mark.parametrize("case", [None, [], "x", {}, {"id": 1, "check": "split"}, {"policy": {"basic": 7}}])
def test_what_is_no_case_at_all_is_an_error_too(case: Any) -> None:
    assert "error" in adjudicate(case)


def test_a_split_that_does_not_add_up_is_not_conserved() -> None:
    case = {
        "id": "s",
        "check": "split",
        "input": {"total_fen": 3},
        "expected": {"payers_fen": {"a": 1, "b": 1}},
    }
    assert adjudicate(case)["computed"] == {"payers_sum_fen": 2, "conserved": False}
