"""Deductible, bands and caps of the pooled fund, worked by hand."""

import pytest

from homepool.benefits import settle, year_of
from tests.bills import a_bill, a_person, a_policy, delta, payers

BANDS = {
    "bands": [
        {"from_fen": 0, "to_fen": 100_000, "ratio_bp": 8000},
        {"from_fen": 100_000, "ratio_bp": 9000},
    ]
}
STAY = {"deductible_account": "inpatient", "deductible_unit": "stay", "admission": True}


def test_half_a_fen_goes_to_the_fund_and_the_rest_to_cash() -> None:
    benefit = settle(a_bill(3), a_policy({"ratio_bp": 5000}), a_person())
    assert payers(benefit) == {"pooled_fen": 2, "cash_fen": 1}


def test_gross_edges_are_positions_on_the_whole_amount() -> None:
    policy = a_policy({"deductible_fen": 40_000, **BANDS}, {"band_axis": "gross"})
    benefit = settle(a_bill(150_000), policy, a_person())
    assert benefit.pooled_fen == 60_000 * 8 // 10 + 50_000 * 9 // 10
    assert benefit.deductible_fen == 40_000


def test_excess_edges_count_from_above_the_deductible() -> None:
    policy = a_policy({"deductible_fen": 40_000, **BANDS}, {"band_axis": "excess"})
    assert settle(a_bill(150_000), policy, a_person()).pooled_fen == 80_000 + 10_000 * 9 // 10


def test_deductible_after_the_ratio_comes_off_the_payment() -> None:
    policy = a_policy({"deductible_fen": 1_000, "ratio_bp": 5500}, {"deductible_order": "after_ratio"})
    benefit = settle(a_bill(28_500), policy, a_person())
    assert (benefit.pooled_fen, benefit.deductible_fen) == (14_675, 1_000)


def test_deductible_after_the_ratio_is_never_more_than_the_payment() -> None:
    policy = a_policy({"deductible_fen": 1_000, "ratio_bp": 5000}, {"deductible_order": "after_ratio"})
    benefit = settle(a_bill(1_000), policy, a_person())
    assert (benefit.pooled_fen, benefit.deductible_fen) == (0, 500)


@pytest.mark.parametrize(("admissions", "due"), [(0, 40_000), (1, 28_000), (2, 20_000), (7, 20_000)])
def test_deductible_steps_by_admission_and_the_last_repeats(admissions: int, due: int) -> None:
    policy = a_policy({"deductible_fen": [40_000, 28_000, 20_000]}, STAY)
    benefit = settle(a_bill(100_000), policy, a_person({"admissions": admissions}))
    assert benefit.deductible_fen == due
    assert delta(benefit, "inpatient_deductible") == due
    assert delta(benefit, "admissions") == 1


def test_a_stay_that_continues_is_not_another_admission_and_bears_no_second_deductible() -> None:
    policy = a_policy({"deductible_fen": [40_000, 28_000]}, STAY)
    bill = a_bill(100_000, stay_continues=True, stay_deductible_fen=30_000)
    benefit = settle(bill, policy, a_person({"admissions": 1}))
    assert (benefit.deductible_fen, delta(benefit, "admissions")) == (10_000, 0)


def test_per_stay_deductibles_stop_at_the_yearly_ceiling() -> None:
    policy = a_policy({"deductible_fen": 120_000}, {**STAY, "deductible_year_ceiling_fen": 230_000})
    benefit = settle(a_bill(900_000), policy, a_person({"inpatient_deductible": 120_000}))
    assert benefit.deductible_fen == 110_000


def test_a_yearly_deductible_is_borne_once() -> None:
    policy = a_policy(
        {"deductible_fen": 50_000}, {"deductible_account": "outpatient", "deductible_unit": "year"}
    )
    benefit = settle(a_bill(30_000), policy, a_person({"outpatient_deductible": 30_000}))
    assert (benefit.deductible_fen, benefit.pooled_fen) == (20_000, 8_000)


def test_an_accumulator_below_zero_does_not_raise_the_deductible() -> None:
    policy = a_policy(
        {"deductible_fen": 50_000}, {"deductible_account": "outpatient", "deductible_unit": "year"}
    )
    assert settle(a_bill(90_000), policy, a_person({"outpatient_deductible": -5})).deductible_fen == 50_000


def test_the_fund_stops_at_its_yearly_cap() -> None:
    benefit = settle(a_bill(100_000), a_policy(pool_year_cap_fen=100_000), a_person({"pooled": 60_000}))
    assert payers(benefit) == {"pooled_fen": 40_000, "cash_fen": 60_000}
    assert benefit.layers[0].limit_left_fen == 40_000


def test_over_its_cap_the_fund_pays_nothing_and_takes_nothing() -> None:
    benefit = settle(a_bill(100_000), a_policy(pool_year_cap_fen=100_000), a_person({"pooled": 160_000}))
    assert payers(benefit) == {"cash_fen": 100_000}


def test_a_kind_of_care_has_a_yearly_cap_of_its_own() -> None:
    policy = a_policy({"year_cap_fen": 100_000}, {"pooled_account": "outpatient"})
    benefit = settle(a_bill(100_000), policy, a_person({"outpatient_pooled": 70_000, "pooled": 900_000}))
    assert benefit.pooled_fen == 30_000
    assert delta(benefit, "outpatient_pooled") == delta(benefit, "pooled") == 30_000


def test_a_cap_on_a_bill() -> None:
    assert settle(a_bill(100_000), a_policy({"bill_cap_fen": 5_000}), a_person()).pooled_fen == 5_000


def test_a_cap_on_the_fee_of_a_year_limits_what_is_shared() -> None:
    policy = a_policy({"year_in_scope_cap_fen": 9_000_000})
    benefit = settle(a_bill(100_000), policy, a_person({"in_scope": 8_950_000}))
    assert (benefit.pooled_fen, delta(benefit, "in_scope")) == (40_000, 50_000)


def test_monthly_limits_of_payment_and_of_fee() -> None:
    by_payment = a_policy({"month_cap_fen": 30_000})
    benefit = settle(a_bill(50_000), by_payment, a_person(month_pooled_fen=10_000))
    assert (benefit.pooled_fen, benefit.month, benefit.month_in_scope_fen) == (20_000, 202503, 50_000)
    assert benefit.month_pooled_fen == 20_000
    by_fee = a_policy({"month_in_scope_cap_fen": 30_000})
    assert settle(a_bill(50_000), by_fee, a_person(month_in_scope_fen=20_000)).pooled_fen == 8_000


def test_without_a_monthly_limit_no_month_is_kept() -> None:
    benefit = settle(a_bill(50_000), a_policy(), a_person())
    assert (benefit.month, benefit.month_in_scope_fen, benefit.month_pooled_fen) == (0, 0, 0)


def test_ratio_by_age_is_exact() -> None:
    policy = a_policy({"ratio_bp": 7500, "ratio_per_year_of_age_bp": 20, "deductible_fen": 40_420})
    assert settle(a_bill(3_000_000), policy, a_person(age=40)).pooled_fen == 2_456_451


def test_exempt_money_bears_neither_deductible_nor_ratio() -> None:
    policy = a_policy({"deductible_fen": 10_000})
    assert (
        settle(a_bill(50_000, exempt_fen=20_000), policy, a_person()).pooled_fen == 20_000 * 8 // 10 + 20_000
    )


def test_terms_by_level_person_disease_and_deductible_level() -> None:
    terms = [
        {"levels": ["1"], "deductible_fen": 100, "ratio_bp": 9000},
        {"psn_types": ["12"], "deductible_fen": 300, "ratio_bp": 8500},
        {"diseases": ["M03900"], "ratio_bp": 7000},
        {"deductible_fen": 500, "ratio_bp": 8000},
    ]
    policy = a_policy(treatment={"terms": terms})

    def pooled(psn_type: str = "1101", **facts: str) -> int:
        return settle(a_bill(10_000, **facts), policy, a_person(psn_type=psn_type)).pooled_fen

    assert pooled(level="1") == 9_900 * 9 // 10
    assert pooled(psn_type="1201") == 9_700 * 85 // 100
    assert pooled(dise_codg="M03900") == 7_000
    assert pooled() == 9_500 * 8 // 10
    assert pooled(deductible_level="1") == 9_900 * 8 // 10


@pytest.mark.parametrize(
    ("stay_year", "med_type", "year"), [("begin", "21", 2024), ("end", "21", 2025), ("begin", "11", 2025)]
)
def test_the_year_of_a_stay_over_new_year_is_policy_data(stay_year: str, med_type: str, year: int) -> None:
    bill = a_bill(
        1, med_type=med_type, care_date="2025-01-03", begin_date="2024-12-28", end_date="2025-01-03"
    )
    assert year_of(a_policy(stay_year=stay_year), bill) == year


@pytest.mark.parametrize(
    ("facts", "person", "code"),
    [
        ({"third_party": True}, {}, "THIRD_PARTY_LIABLE"),
        ({}, {"suspended": True}, "NOT_ENTITLED"),
        ({"med_type": "41"}, {}, "MED_TYPE_NOT_COVERED"),
        ({"insutype": "390"}, {}, "INSUTYPE_MISMATCH"),
        ({"total_fen": 99_999}, {}, "BILL_PARTS_DIFFER"),
        ({"first_pay_fen": -1, "full_self_fen": 1}, {}, "BILL_PARTS_DIFFER"),
        ({"exempt_fen": 100_001}, {}, "BILL_PARTS_DIFFER"),
        ({"already_paid_fen": 100_001}, {}, "BILL_PARTS_DIFFER"),
    ],
)
def test_what_is_not_paid_is_declined_with_a_code_and_moves_nothing(
    facts: dict[str, object], person: dict[str, object], code: str
) -> None:
    benefit = settle(a_bill(100_000, **facts), a_policy(), a_person(**person))
    assert (benefit.declined, payers(benefit), any(benefit.deltas)) == (code, {}, False)
    assert benefit.message


def test_a_level_without_terms_is_declined_and_not_guessed() -> None:
    policy = a_policy(treatment={"terms": [{"levels": ["1", "2", "3"], "ratio_bp": 8000}]})
    assert settle(a_bill(100, level="9"), policy, a_person()).declined == "NO_TERMS"


@pytest.mark.parametrize("med_type", ["22", "23", "24"])
def test_other_inpatient_types_are_paid_like_inpatient(med_type: str) -> None:
    assert settle(a_bill(100, med_type=med_type), a_policy(), a_person()).pooled_fen == 80


def test_pooled_ratio_is_what_was_paid_of_what_the_deductible_left() -> None:
    benefit = settle(a_bill(100_000), a_policy({"deductible_fen": 20_000}), a_person())
    assert benefit.pooled_ratio_bp == 8000
    assert settle(a_bill(0), a_policy(), a_person()).pooled_ratio_bp == 0
