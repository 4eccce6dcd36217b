"""Off-site reductions in every form that cities use, and how a filing is chosen."""

from typing import Any

import pytest

from homepool.benefits import Filing, filed_as, settle
from tests.bills import a_bill, a_person, a_policy

BASIC = {"deductible_fen": 80_000, "ratio_bp": 7000}


def pooled(rule: dict[str, Any], *, filing: str = "other", route: int = 3, **facts: Any) -> int:
    """What the pooled fund pays of 13,000.00 in scope of a bill of 25,000.00."""
    policy = a_policy(BASIC, offsite=[rule])
    bill = a_bill(1_300_000, full_self_fen=1_200_000, route=route, **facts)
    return settle(bill, policy, a_person(filing=filing)).pooled_fen


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, 854_000),
        ({"ratio_points_bp": -1000}, 732_000),
        ({"ratio_points_bp": -9000}, 0),
        ({"ratio_multiplier_bp": 9000}, 768_600),
        ({"ratio_points_bp": -1000, "ratio_multiplier_bp": 9000}, 658_800),
        ({"first_pay_bp": 1000}, 763_000),
        ({"deductible_fen": 250_000}, 735_000),
        ({"deductible_share_of_total_bp": 2000, "deductible_min_fen": 200_000}, 560_000),
        ({"deductible_share_of_total_bp": 2000, "deductible_max_fen": 300_000}, 700_000),
        ({"deductible_share_of_total_bp": 100, "deductible_min_fen": 200_000}, 770_000),
        ({"deductible_fen": 250_000, "ratio_points_bp": -2000, "floor_bp": 4000}, 900_000),
        ({"ratio_points_bp": -5000, "floor_bp": 4000, "floor_base": "in_scope"}, 488_000),
        ({"terms": [{"deductible_fen": 150_000, "ratio_bp": 5000}]}, 575_000),
        ({"terms": [{"deductible_fen": 150_000, "ratio_bp": 5000}], "ratio_points_bp": -1000}, 460_000),
    ],
)
def test_each_form_of_reduction(rule: dict[str, Any], expected: int) -> None:
    assert pooled(rule) == expected


def test_points_and_multiplier_are_not_the_same() -> None:
    assert pooled({"ratio_points_bp": -2000}) != pooled({"ratio_multiplier_bp": 8000})


def test_the_first_pay_is_the_persons_and_is_reported() -> None:
    policy = a_policy(BASIC, offsite=[{"first_pay_bp": 1000}], aid=[{"step": [{"ratio_bp": 10_000}]}])
    benefit = settle(a_bill(287_555, route=3), policy, a_person(filing="referral"))
    assert benefit.offsite_first_pay_fen == 28_756
    assert benefit.cash_fen == 28_756, (
        "medical aid pays what is left in scope, and that is not in scope any more"
    )


def test_a_cap_holds_over_a_floor() -> None:
    policy = a_policy({**BASIC, "bill_cap_fen": 1_000}, offsite=[{"floor_bp": 4000}])
    assert settle(a_bill(1_300_000, route=3), policy, a_person(filing="other")).pooled_fen == 1_000


def test_an_own_table_keeps_the_years_cap_of_the_treatment() -> None:
    policy = a_policy(
        {**BASIC, "year_cap_fen": 5_000},
        {"pooled_account": "outpatient"},
        offsite=[{"terms": [{"ratio_bp": 5000}]}],
    )
    assert settle(a_bill(1_300_000, route=3), policy, a_person(filing="other")).pooled_fen == 5_000


def test_a_rule_applies_only_to_the_routes_filings_and_types_it_names() -> None:
    rule = {"routes": ["across"], "filings": ["other"], "med_types": ["21"], "ratio_points_bp": -1000}
    assert pooled(rule) == 732_000
    assert pooled(rule, route=2) == pooled(rule, filing="referral") == 854_000
    assert pooled({**rule, "med_types": ["11"]}) == 854_000
    assert pooled({"ratio_points_bp": -1000}, filing="local", route=1) == 854_000


def test_what_is_not_paid_off_site_is_declined() -> None:
    policy = a_policy(offsite=[{"filings": ["unfiled"], "pays": False}])
    assert settle(a_bill(100, route=3), policy, a_person(filing="unfiled")).declined == "OFFSITE_NOT_COVERED"


# How a filing is chosen.

LONG_TERM = Filing("long_term", ("31",), "2024-01-01")
REFERRAL = Filing("referral", ("3101",), "2025-01-01", "2025-06-30")
OTHER = Filing("other", ("31",), "2025-01-01", "2025-12-31")


def kind(*filings: Filing, policy: dict[str, Any] | None = None, **asked: Any) -> str:
    """What care in Shanghai, across provinces, on 2025-03-10 counts as."""
    question: dict[str, Any] = {
        "insutype": "310", "care_pool": 310100, "route": 3, "med_type": "21", "day": "2025-03-10", "emergency": False,
    }  # fmt: skip
    return filed_as(a_policy(**(policy or {})), filings=filings, **{**question, **asked}).kind


def test_without_a_filing_care_is_unfiled_and_at_home_local() -> None:
    assert kind() == "unfiled"
    assert kind(route=1, care_pool=440300) == "local"


def test_the_best_filing_that_covers_the_place_and_day_counts() -> None:
    assert kind(OTHER, REFERRAL) == "referral"
    assert kind(OTHER, REFERRAL, LONG_TERM) == "long_term"
    assert kind(REFERRAL, care_pool=320100) == "unfiled"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-12-31", "unfiled"),
        ("2025-01-01", "referral"),
        ("2025-06-30", "referral"),
        ("2025-07-01", "unfiled"),
    ],
)
def test_a_filing_counts_from_its_first_to_its_last_day(day: str, expected: str) -> None:
    assert kind(REFERRAL, day=day) == expected


def test_an_emergency_counts_as_filed_but_never_makes_worse() -> None:
    assert kind(emergency=True) == "emergency"
    assert kind(OTHER, emergency=True) == "emergency"
    assert kind(LONG_TERM, emergency=True) == "long_term"


def test_filing_free_places_are_policy_data() -> None:
    policy = {"filing_free": [{"care": ["3101", "32"], "med_types": ["11"], "counts_as": "long_term"}]}
    assert kind(policy=policy, med_type="12") == "long_term"
    assert kind(policy=policy, med_type="21") == "unfiled"
    assert kind(policy=policy, med_type="11", care_pool=330100) == "unfiled"


def test_whether_a_resident_elsewhere_keeps_benefits_at_home_is_policy_data() -> None:
    home = {"route": 1, "care_pool": 440300}
    assert kind(LONG_TERM, **home) == "local"
    assert kind(LONG_TERM, policy={"home_while_away": "other"}, **home) == "other"
    assert kind(REFERRAL, policy={"home_while_away": "other"}, **home) == "local"
    early = {"home_while_away": "other"}
    assert kind(LONG_TERM, policy=early, day="2023-12-31", **home) == "local"


def test_a_residence_elsewhere_ends_after_its_last_day() -> None:
    ends = LONG_TERM._replace(valid_to="2025-03-10")
    home = {"route": 1, "care_pool": 440300, "policy": {"home_while_away": "other"}}
    assert kind(ends, **home) == "other"
    assert kind(ends, day="2025-03-11", **home) == "local"
