"""What filings do for a bill: which one counts, what chronic diseases and designations need, and how it is told."""

from dataclasses import replace
from typing import Any

import pytest

from homepool.benefits import Benefit, BillFacts, Filing, Policy, Standing, settle
from homepool.errors import PolicyInvalid
from homepool.insured import Coverage, Person
from homepool.settling import bill_facts, standing_of
from homepool.snapshot import Snapshot
from tests.bills import a_policy, delta, payers
from tests.home_items import POOL, PSN, settle_item

REFERRAL = Filing("referral", ("4501",), "2026-02-01", "2026-08-01")
OFFSITE = [
    {"filings": ["referral"], "ratio_points_bp": -1_000},
    {"filings": ["unfiled"], "ratio_points_bp": -2_000},
]
LATER = {
    "second": {"payer": "big_illness", "base": "in_scope_minus_pooled", "variant": [{"ratio_bp": 5_000}]}
}
STAY = {"med_type": "21", "care_date": "2026-03-01", "begin_date": "2026-02-20", "end_date": "2026-03-01"}
CHRONIC = Filing("chronic", (), "2026-01-01", disease="M01600")
CHOSEN = Filing("designated", (), "2026-01-01", institution="H45010000001")


def insured(*filings: Filing) -> Person:
    coverage = Coverage(POOL, "310", "1101", False, "2001-01-01")
    return Person(psn_no=PSN, born="1980-05-06", coverages={(POOL, "310"): (coverage,)}, filings=filings)


def judged(policy: Policy, *filings: Filing, **facts: Any) -> tuple[BillFacts, Standing, Benefit]:
    """A bill of 100.00 at H45010000001, across provinces unless `route` says otherwise."""
    item = settle_item("s0", **facts)
    bill = bill_facts(item, Snapshot())
    person = insured(*filings)
    standing = standing_of(
        person, person.coverages[POOL, "310"][0], policy, bill, year=2026, snapshot=Snapshot()
    )
    return bill, standing, settle(bill, policy, standing)


def words(policy: Policy, *filings: Filing, **facts: Any) -> str:
    return judged(policy, *filings, **facts)[2].filed


# ------------------------------------------------------------------------------------------------ which filing counts


@pytest.mark.parametrize(
    ("valid", "counts"),
    [
        (("2026-02-20", "2026-08-20"), True),
        (("2025-08-01", "2026-02-20"), True),  # valid on the day of admission, expired at discharge
        (("2025-08-01", "2026-02-19"), False),
        (("2026-03-01", "2026-09-01"), True),  # filed before the discharge
        (("2026-03-02", "2026-09-02"), False),
        (("2026-02-25", "2026-02-24"), False),  # withdrawn before it held
    ],
)
def test_a_stay_is_filed_by_what_holds_at_admission_or_begins_before_discharge(
    valid: tuple[str, str], counts: bool
) -> None:
    filing = REFERRAL._replace(valid_from=valid[0], valid_to=valid[1])
    _, standing, _ = judged(a_policy(offsite=OFFSITE), filing, **STAY)
    assert (standing.filing, standing.filed) == (("referral", valid) if counts else ("unfiled", ("", "")))


def test_an_interim_settlement_goes_by_the_day_of_admission_and_not_its_own() -> None:
    ended = REFERRAL._replace(valid_from="2026-01-01", valid_to="2026-01-31")
    policy = a_policy(offsite=OFFSITE)
    assert judged(policy, ended, **STAY)[1].filing == "unfiled"
    assert judged(policy, ended, **STAY, admission_date="2026-01-31")[1].filing == "referral"


def test_outpatient_care_is_filed_by_what_holds_on_its_day() -> None:
    policy = a_policy(treatment={"med_types": ["11"]}, offsite=OFFSITE)
    bill = {"care_date": "2026-03-01", "begin_date": "2026-02-01", "end_date": "2026-12-31"}
    assert judged(policy, REFERRAL._replace(valid_to="2026-02-28"), **bill)[1].filing == "unfiled"
    assert judged(policy, REFERRAL._replace(valid_from="2026-03-02"), **bill)[1].filing == "unfiled"
    assert judged(policy, REFERRAL._replace(valid_to="2026-03-01"), **bill)[1].filing == "referral"


def test_a_filing_of_another_insurance_does_not_count() -> None:
    policy = a_policy(offsite=OFFSITE)
    assert judged(policy, REFERRAL._replace(insutype="390"), **STAY)[1].filing == "unfiled"
    assert judged(policy, REFERRAL._replace(insutype="310"), **STAY)[1].filing == "referral"


def test_chronic_and_designated_filings_are_no_filings_of_care_elsewhere() -> None:
    assert judged(a_policy(offsite=OFFSITE), CHRONIC, CHOSEN, **STAY)[1].filing == "unfiled"


# ------------------------------------------------------------------------------------------------ chronic diseases


def chronic_policy(**filing: Any) -> Policy:
    return a_policy(
        treatment={"med_types": ["14"]},
        filing={"chronic_needed": True, "chronic_diseases": ["M01600"], **filing},
    )


CHRONIC_BILL = {"med_type": "14", "dise_codg": "M01600", "route": 1}


def test_a_chronic_disease_that_is_not_filed_is_declined_and_told_what_to_do() -> None:
    benefit = judged(chronic_policy(), **CHRONIC_BILL)[2]
    assert benefit.declined == "CHRONIC_NOT_FILED"
    assert "M01600" in benefit.message
    assert "2503" in benefit.message
    assert not any(payers(benefit).values())


@pytest.mark.parametrize(
    "filing",
    [
        CHRONIC._replace(disease="M03900"),
        CHRONIC._replace(valid_from="2026-03-02"),
        CHRONIC._replace(valid_to="2026-02-28"),
        CHRONIC._replace(insutype="390"),
        Filing("long_term", ("4501",), "2026-01-01"),
    ],
)
def test_another_filing_is_none_of_this_disease_on_this_day(filing: Filing) -> None:
    assert judged(chronic_policy(), filing, **CHRONIC_BILL)[2].declined == "CHRONIC_NOT_FILED"


def test_a_filed_chronic_disease_is_paid_and_the_sheet_says_since_when() -> None:
    benefit = judged(chronic_policy(), CHRONIC, **CHRONIC_BILL)[2]
    assert (benefit.declined, benefit.pooled_fen > 0) == ("", True)
    assert benefit.filed == "chronic disease M01600 filed from 2026-01-01 until withdrawn"


def test_where_the_policy_does_not_ask_nothing_has_to_be_filed() -> None:
    assert judged(chronic_policy(chronic_needed=False), **CHRONIC_BILL)[2].declined == ""
    other_care = a_policy(
        treatment={"med_types": ["11", "14"]}, filing={"chronic_needed": True, "chronic_diseases": ["M01600"]}
    )
    assert judged(other_care, **(CHRONIC_BILL | {"med_type": "11"}))[2].declined == ""


# ------------------------------------------------------------------------------------------------ designated


def designated_policy(**filing: Any) -> Policy:
    terms = {"designated_med_types": ["11"], "designated_routes": ["local"]} | filing
    treatment = {
        "med_types": ["11"], "layers": ["second"], "pooled_account": "outpatient", "deductible_account": "outpatient",
        "deductible_unit": "year",
    }  # fmt: skip
    account = {"local": ["in_scope"], "offsite": ["in_scope"]}
    return a_policy({"deductible_fen": 1_000}, treatment, filing=terms, account=account, **LATER)


AT_HOME = {"med_type": "11", "route": 1, "account_used": True}


def test_elsewhere_than_at_the_chosen_institution_neither_fund_nor_second_layer_pays_and_nothing_is_remembered() -> (
    None
):
    bill, standing, benefit = judged(designated_policy(), **AT_HOME)
    assert payers(benefit) == {"cash_fen": 10_000}
    assert not any(benefit.deltas)
    assert "2505" in benefit.filed
    from_account = settle(bill, designated_policy(), replace(standing, balance_fen=4_000))
    assert payers(from_account) == {"account_fen": 4_000, "cash_fen": 6_000}


def test_at_the_chosen_institution_the_fund_pays() -> None:
    benefit = judged(designated_policy(), CHOSEN, **AT_HOME)[2]
    assert benefit.pooled_fen > 0
    assert delta(benefit, "outpatient_pooled") == benefit.pooled_fen
    assert benefit.filed == ""
    expired = CHOSEN._replace(valid_to="2026-02-28")
    assert judged(designated_policy(), expired, **AT_HOME)[2].pooled_fen == 0


def test_only_the_care_and_the_routes_that_the_policy_names_need_a_chosen_institution() -> None:
    assert judged(designated_policy(), **(AT_HOME | {"route": 3}))[2].pooled_fen > 0
    everywhere = designated_policy(designated_routes=["local", "across"])
    assert judged(everywhere, **(AT_HOME | {"route": 3}))[2].pooled_fen == 0
    registration = judged(designated_policy(), **(AT_HOME | {"med_type": "12"}))[2]
    assert registration.pooled_fen == 0  # paid like 11


def test_a_guaranteed_floor_pays_nothing_at_an_institution_that_was_not_chosen() -> None:
    policy = a_policy(
        treatment={"med_types": ["11"]}, offsite=[{"floor_bp": 4_000}],
        filing={"designated_med_types": ["11"], "designated_routes": ["across"]},
    )  # fmt: skip
    assert judged(policy, **(AT_HOME | {"route": 3}))[2].pooled_fen == 0
    assert judged(policy, CHOSEN, **(AT_HOME | {"route": 3}))[2].pooled_fen > 0


# ------------------------------------------------------------------------------------------------ in words


def test_the_sheet_says_how_it_was_filed_from_when_to_when_and_what_that_did() -> None:
    policy = a_policy(offsite=OFFSITE)
    assert words(policy, REFERRAL, **STAY) == (
        "filed as referral by a hospital from 2026-02-01 to 2026-08-01: each ratio is 10 points lower"
    )
    assert words(policy, **STAY) == "not filed: each ratio is 20 points lower"
    living = Filing("long_term", ("4501",), "2026-02-01")
    assert words(policy, living, **STAY) == (
        "filed as long-term resident there from 2026-02-01 until withdrawn: as at home"
    )
    assert words(policy, **STAY, emergency=True) == "an emergency, which counts as filed: as at home"
    filed = REFERRAL._replace(kind="emergency")
    assert words(policy, filed, **STAY) == "filed as emergency from 2026-02-01 to 2026-08-01: as at home"
    assert words(policy, **STAY, route=1) == ""


def test_the_sheet_says_where_nobody_has_to_file_and_what_a_resident_elsewhere_has_at_home() -> None:
    free = a_policy(offsite=OFFSITE, filing_free=[{"care": ["45"], "counts_as": "referral"}])
    assert words(free, **STAY) == (
        "nobody has to file here: counts as filed as referral by a hospital: each ratio is 10 points lower"
    )
    away = a_policy(offsite=OFFSITE, home_while_away="unfiled")
    living = Filing("long_term", ("50",), "2026-02-01")
    assert words(away, living, **STAY, route=1) == (
        "filed as long-term resident elsewhere from 2026-02-01 until withdrawn, so care at home counts as not filed: "
        "each ratio is 20 points lower"
    )


# ------------------------------------------------------------------------------------------------ in a policy file


@pytest.mark.parametrize(
    ("filing", "key"),
    [
        ({"temporary_months_least": 0}, "filing.temporary_months_least"),
        ({"begin_back_days_most": -1}, "filing.begin_back_days_most"),
        ({"chronic_needed": True, "chronic_diseases": ["M01600"]}, "filing.chronic_needed"),
        ({"designated_med_types": ["13"], "designated_routes": ["local"]}, "filing.designated_med_types"),
        ({"designated_med_types": ["21"]}, "filing.designated_routes"),
        ({"designated_routes": ["local"]}, "filing.designated_routes"),
        ({"beer": 1}, "filing.beer"),
    ],
)
def test_what_a_policy_says_of_filings_is_read_strictly(filing: dict[str, Any], key: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        a_policy(filing=filing)
    assert caught.value.key == key


def test_where_a_chronic_filing_is_needed_some_disease_can_be_filed() -> None:
    with pytest.raises(PolicyInvalid, match=r"filing\.chronic_diseases"):
        a_policy(treatment={"med_types": ["14"]}, filing={"chronic_needed": True})


def test_the_diseases_of_the_chronic_terms_may_be_filed_too() -> None:
    terms = [{"diseases": ["M03900"], "ratio_bp": 9_000}, {"ratio_bp": 8_000}]
    policy = a_policy(
        treatment={"med_types": ["14"], "terms": terms}, filing={"chronic_diseases": ["M01600"]}
    )
    assert policy.filing.chronic_diseases == {"M01600", "M03900"}
