"""The layers after the pooled fund: each on what the earlier ones left, worked by hand."""

from typing import Any

import pytest

from homepool.benefits import breaks_cap, settle
from tests.bills import a_bill, a_person, a_policy, delta, payers

SECOND: dict[str, Any] = {
    "payer": "big_illness",
    "base": "in_scope_minus_pooled",
    "variant": [
        {"identities": ["low_income"], "deductible_fen": 500_000, "ratio_bp": 6500},
        {
            "deductible_fen": 1_000_000,
            "bands": [
                {"from_fen": 0, "to_fen": 3_000_000, "ratio_bp": 6000},
                {"from_fen": 3_000_000, "ratio_bp": 7000},
            ],
            "year_cap_fen": 2_000_000,
        },
    ],
}
ACCOUNT = {"local": ["in_scope"], "offsite": [], "family": True}
EVERYTHING = ["in_scope", "first_pay", "over_limit", "full_self"]


def test_big_illness_continues_on_the_years_axis() -> None:
    policy = a_policy(second=SECOND)
    benefit = settle(a_bill(10_000_000), policy, a_person({"big_illness_base": 1_500_000}))
    assert benefit.big_illness_fen == 1_500_000 * 6 // 10 + 500_000 * 7 // 10
    assert delta(benefit, "big_illness_base") == 2_000_000
    assert delta(benefit, "big_illness_paid") == benefit.big_illness_fen


def test_big_illness_stops_at_its_own_cap_and_at_the_combined_one() -> None:
    capped = settle(a_bill(10_000_000), a_policy(second=SECOND), a_person({"big_illness_paid": 1_900_000}))
    assert capped.big_illness_fen == 100_000
    combined = a_policy(second={**SECOND, "combined_year_cap_fen": 8_100_000})
    assert settle(a_bill(10_000_000), combined, a_person()).big_illness_fen == 100_000
    alone = a_policy(second={**SECOND, "combined_year_cap_fen": 5_000_000})
    assert payers(settle(a_bill(10_000_000), alone, a_person())) == {
        "pooled_fen": 5_000_000,
        "cash_fen": 5_000_000,
    }
    used = a_person({"pooled": 60_000, "big_illness_paid": 30_000})
    assert settle(a_bill(10_000_000), combined, used).big_illness_fen == 10_000


def test_an_identity_has_a_lower_threshold() -> None:
    benefit = settle(a_bill(10_000_000), a_policy(second=SECOND), a_person(identities=("low_income",)))
    assert benefit.big_illness_fen == 1_500_000 * 65 // 100


@pytest.mark.parametrize(
    ("base", "feeds", "expected"),
    [
        ("in_scope_minus_pooled", True, 280_000),
        ("in_scope_minus_pooled", False, 180_000),
        ("compliant_incl_first_pay_minus_pooled", True, 330_000),
    ],
)
def test_what_feeds_big_illness_is_data(base: str, feeds: bool, expected: int) -> None:
    policy = a_policy({"deductible_fen": 100_000}, second={**SECOND, "base": base, "deductible_feeds": feeds})
    benefit = settle(a_bill(1_000_000, first_pay_fen=50_000), policy, a_person())
    assert delta(benefit, "big_illness_base") == expected


def test_large_expense_takes_what_the_pools_cap_refused_and_nothing_else() -> None:
    large = {"payer": "large", "base": "over_cap", "variant": [{"ratio_bp": 9000}]}
    policy = a_policy({"bill_cap_fen": 700_000}, second=large, pool_year_cap_fen=600_000)
    benefit = settle(a_bill(1_000_000), policy, a_person())
    assert payers(benefit) == {"pooled_fen": 600_000, "large_fen": 90_000, "cash_fen": 310_000}


def test_civil_servants_subsidy_only_for_civil_servants() -> None:
    supplement = [{"payer": "civil", "who": "civil_servants", "deductible_fen": 50_000, "ratio_bp": 8000}]
    policy = a_policy(supplement=supplement)
    assert settle(a_bill(1_000_000), policy, a_person()).civil_fen == 0
    benefit = settle(a_bill(1_000_000), policy, a_person({"supplement_base": 30_000}, civil_servant=True))
    assert benefit.civil_fen == 180_000 * 8 // 10
    assert delta(benefit, "supplement_base") == 200_000


def test_enterprise_supplement_for_the_kind_of_person_it_names() -> None:
    supplement = [{"payer": "enterprise", "who": "everyone", "psn_types": ["12"], "ratio_bp": 5000}]
    policy = a_policy(supplement=supplement)
    assert settle(a_bill(1_000), policy, a_person()).enterprise_fen == 0
    assert settle(a_bill(1_000), policy, a_person(psn_type="1201")).enterprise_fen == 100


AID = [
    {
        "identities": ["low_income"],
        "year_cap_fen": 100_000,
        "step": [
            {"name": "first", "ratio_bp": 7000},
            {"name": "tilted", "deductible_fen": 20_000, "ratio_bp": 5000, "yearly": True},
        ],
    },
    {"identities": ["orphan"], "step": [{"name": "full", "ratio_bp": 10_000}]},
]


def test_each_aid_step_is_on_what_the_earlier_ones_left() -> None:
    person = a_person({"aid_base": 5_000}, identities=("low_income",))
    benefit = settle(a_bill(500_000), a_policy(aid=AID), person)
    assert [layer.amount_fen for layer in benefit.layers[1:]] == [70_000, 15_000 // 2]
    assert (delta(benefit, "aid_base"), delta(benefit, "aid_paid")) == (30_000, 77_500)


def test_aid_stops_at_its_yearly_cap_and_the_first_group_applies() -> None:
    person = a_person({"aid_paid": 40_000}, identities=("orphan", "low_income"))
    assert settle(a_bill(500_000), a_policy(aid=AID), person).aid_fen == 60_000
    assert settle(a_bill(500_000), a_policy(aid=AID), a_person(identities=("orphan",))).aid_fen == 100_000


def test_aid_never_pays_for_what_is_out_of_scope() -> None:
    person = a_person(identities=("orphan",))
    benefit = settle(a_bill(500_000, full_self_fen=40_000), a_policy(aid=AID), person)
    assert payers(benefit) == {"pooled_fen": 400_000, "aid_fen": 100_000, "cash_fen": 40_000}


def test_commercial_layer_in_two_parts() -> None:
    commercial = [
        {
            "payer": "insurer",
            "identities": ["insured:it"],
            "part": [
                {
                    "name": "in",
                    "base": "in_policy",
                    "deductible_fen": 50_000,
                    "ratio_bp": 9000,
                    "yearly": True,
                },
                {"name": "out", "base": "out_of_policy", "deductible_fen": 10_000, "ratio_bp": 5000},
            ],
        }
    ]
    policy = a_policy(commercial=commercial, account={"local": ["in_scope"]})
    bill = a_bill(500_000, full_self_fen=40_000)
    assert settle(bill, policy, a_person()).commercial_payer == ""
    person = a_person({"commercial_base": 20_000}, identities=("insured:it",), balance_fen=99_999)
    benefit = settle(bill, policy, person)
    assert [layer.amount_fen for layer in benefit.layers[1:3]] == [63_000, 15_000]
    assert (benefit.commercial_fen, benefit.commercial_payer) == (78_000, "insurer")
    assert delta(benefit, "commercial_base") == 100_000
    assert benefit.account_fen == 37_000, "money for what is out of scope does not eat what is left in scope"


def test_everything_left_is_a_base_too() -> None:
    commercial = [{"payer": "x", "part": [{"base": "everything_left", "ratio_bp": 5000, "cap_fen": 60_000}]}]
    benefit = settle(a_bill(500_000, full_self_fen=40_000), a_policy(commercial=commercial), a_person())
    assert benefit.commercial_fen == 60_000


def test_own_account_then_relatives_in_order_then_cash() -> None:
    person = a_person(balance_fen=5_000, relatives=(("a", 0), ("b", 9_000), ("c", 9_000), ("d", 9_000)))
    benefit = settle(a_bill(100_000, full_self_fen=7), a_policy(account=ACCOUNT), person)
    assert (benefit.account_fen, benefit.family_fen, benefit.cash_fen) == (5_000, 15_000, 7)
    assert benefit.family == (("b", 9_000), ("c", 6_000))
    assert [layer.payer for layer in benefit.layers[1:]] == ["account_fen", "family_fen"]


def test_accounts_stay_shut_where_the_bill_or_the_policy_says_so() -> None:
    person = a_person(balance_fen=5_000, relatives=(("b", 9_000),))
    policy = a_policy(account=ACCOUNT)
    assert settle(a_bill(100_000, account_used=False), policy, person).account_fen == 0
    offsite = a_person(balance_fen=5_000, filing="other")
    assert settle(a_bill(100_000, route=3), policy, offsite).account_fen == 0
    alone = a_policy(account={**ACCOUNT, "family": False})
    assert settle(a_bill(100_000), alone, person).family_fen == 0
    own = a_policy(treatment={"account": False}, account=ACCOUNT)
    assert settle(a_bill(100_000), own, person).account_fen == 0


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["in_scope"], 20_000),
        (["first_pay"], 100),
        (["over_limit"], 30),
        (["full_self"], 7),
        (EVERYTHING, 20_137),
    ],
)
def test_what_the_account_may_pay_is_data(parts: list[str], expected: int) -> None:
    bill = a_bill(100_000, first_pay_fen=100, over_limit_fen=30, full_self_fen=7)
    benefit = settle(bill, a_policy(account={"local": parts}), a_person(balance_fen=999_999))
    assert benefit.account_fen == expected


def test_what_another_payer_has_paid_comes_off_first() -> None:
    benefit = settle(
        a_bill(100_000, already_paid_fen=30_000), a_policy(aid=AID), a_person(identities=("orphan",))
    )
    assert payers(benefit) == {"pooled_fen": 70_000, "other_fen": 30_000}


def test_a_treatment_names_the_layers_that_follow_it() -> None:
    policy = a_policy(treatment={"layers": []}, second=SECOND, aid=AID)
    benefit = settle(a_bill(10_000_000), policy, a_person(identities=("low_income",)))
    assert payers(benefit) == {"pooled_fen": 8_000_000, "cash_fen": 2_000_000}


def test_a_revival_breaks_a_cap_only_by_what_it_adds() -> None:
    policy = a_policy(second=SECOND, aid=AID[:1], pool_year_cap_fen=1_000_000)
    deltas = a_person({"pooled": 400_000}).used
    nearly, full = a_person({"pooled": 600_000}).used, a_person({"pooled": 600_001}).used
    assert not breaks_cap(policy, "310", "21", nearly, deltas)
    assert breaks_cap(policy, "310", "21", full, deltas)
    nothing = a_person({"admissions": 1}).used
    assert not breaks_cap(policy, "310", "21", a_person({"pooled": 9_999_999}).used, nothing)
    assert breaks_cap(
        policy, "310", "21", a_person({"aid_paid": 99_999}).used, a_person({"aid_paid": 2}).used
    )


def test_a_revival_looks_at_the_cap_of_its_own_kind_of_care() -> None:
    policy = a_policy({"year_cap_fen": 100}, {"pooled_account": "chronic"})
    used, deltas = a_person({"chronic_pooled": 90}).used, a_person({"chronic_pooled": 11}).used
    assert breaks_cap(policy, "310", "24", used, deltas)
    assert not breaks_cap(policy, "310", "11", used, deltas)


def test_pooled_fund_and_big_illness_share_one_cap_over_the_year() -> None:
    policy = a_policy(second={**SECOND, "combined_year_cap_fen": 5_000_000})
    used = a_person({"pooled": 1_000_000, "big_illness_paid": 500_000})
    assert payers(settle(a_bill(10_000_000), policy, used)) == {
        "pooled_fen": 3_500_000,
        "cash_fen": 6_500_000,
    }


def test_excess_edges_continue_on_the_years_axis_too() -> None:
    variant = {
        "deductible_fen": 1_000_000,
        "band_axis": "excess",
        "bands": [
            {"from_fen": 0, "to_fen": 1_000_000, "ratio_bp": 6000},
            {"from_fen": 1_000_000, "ratio_bp": 7000},
        ],
    }
    policy = a_policy(second={"payer": "large", "base": "in_scope_minus_pooled", "variant": [variant]})
    benefit = settle(a_bill(10_000_000), policy, a_person({"big_illness_base": 1_500_000}))
    assert benefit.large_fen == 500_000 * 6 // 10 + 1_500_000 * 7 // 10


def test_off_site_first_pay_feeds_big_illness_and_accounts_as_first_pay() -> None:
    second = {**SECOND, "base": "compliant_incl_first_pay_minus_pooled"}
    policy = a_policy(second=second, offsite=[{"first_pay_bp": 1000}], account={"offsite": ["first_pay"]})
    bill = a_bill(1_000_000, first_pay_fen=50_000, route=3)
    benefit = settle(bill, policy, a_person(filing="other", balance_fen=999_999))
    assert delta(benefit, "big_illness_base") == 180_000 + 50_000 + 100_000
    assert benefit.account_fen == 150_000


def test_commercial_parts_share_the_years_cap() -> None:
    parts = [{"base": "in_policy", "ratio_bp": 5000}, {"base": "out_of_policy", "ratio_bp": 5000}]
    policy = a_policy(commercial=[{"payer": "x", "year_cap_fen": 70_000, "part": parts}])
    bill = a_bill(500_000, full_self_fen=40_000)
    assert settle(bill, policy, a_person({"commercial_paid": 5_000})).commercial_fen == 65_000


def test_a_layer_shows_what_its_fund_could_still_have_paid() -> None:
    person = a_person({"aid_paid": 40_000}, identities=("low_income",))
    layers = settle(a_bill(100_000), a_policy(aid=AID), person).layers
    assert [(layer.payer, layer.limit_left_fen) for layer in layers] == [
        ("pooled_fen", 0),
        ("aid_fen", 60_000),
    ]


def test_a_supplement_never_pays_for_what_is_out_of_scope() -> None:
    policy = a_policy(supplement=[{"payer": "enterprise", "who": "everyone", "ratio_bp": 10_000}])
    benefit = settle(a_bill(1_000, full_self_fen=500), policy, a_person())
    assert payers(benefit) == {"pooled_fen": 800, "enterprise_fen": 200, "cash_fen": 500}


def test_the_family_layer_is_reckoned_on_what_the_own_account_left() -> None:
    person = a_person(balance_fen=5_000, relatives=(("b", 9_000),))
    layer = settle(a_bill(100_000), a_policy(account=ACCOUNT), person).layers[-1]
    assert (layer.base_fen, layer.limit_left_fen, layer.amount_fen) == (15_000, 9_000, 9_000)
