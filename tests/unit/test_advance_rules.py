"""The data about what is paid ahead, and the rules in plain Python."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.errors import SchemeWrong
from clearing.prepaid.advances import DATA_FOLDER, Reserve, load_advance_rules, load_payout_rules, recovered


def test_shipped_rules_are_those_of_their_sources() -> None:
    payout, yearly = load_payout_rules(), load_advance_rules()
    assert (payout.ratio_bp, payout.clr_types, payout.pools) == (6_000, ("21",), {})
    assert (yearly.months_needed("employees"), yearly.months_needed("residents")) == (12, 6)


@pytest.mark.parametrize(
    ("reserve", "surplus", "months", "allowed"),
    [(12_000, 0, 12, True), (11_999, 0, 12, False), (12_000, -1, 12, False), (6_000, 5, 6, True)],
)
def test_a_reserve_of_enough_months_without_a_deficit(
    reserve: int, surplus: int, months: int, allowed: bool
) -> None:
    assert Reserve(reserve, 1_000, surplus).allows(months) is allowed


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9))
def test_a_document_recovers_no_more_than_is_due_or_ahead(due: int, ahead: int) -> None:
    taken = recovered(due, ahead)
    assert 0 <= taken <= ahead
    assert taken == 0 or taken <= due
    assert taken in (0, due, ahead)


@pytest.mark.parametrize(
    ("was", "put", "said"),
    [
        ("ratio_bp = 6000\nclr", "ratio_bp = 60000\nclr", "whole number from 0 to 10000"),
        ("apply_in_month = 1", "apply_in_month = 13", "up to 12"),
        ("employees_months = 12", "employees_months = 0", "whole months"),
        ("residents_months = 6", "residents = 6", "residents_months is missing"),
        ('source = "Y;', 'source = "Q;', "source Q is not"),
        ("[advance]", "[advance", "advances.toml: "),
    ],
)
def test_rules_that_cannot_be_are_refused(tmp_path: Path, was: str, put: str, said: str) -> None:
    text = (DATA_FOLDER / "advances.toml").read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "advances.toml").write_text(text.replace(was, put, 1), encoding="utf-8")
    load = load_payout_rules if put.startswith("ratio") else load_advance_rules
    with pytest.raises(SchemeWrong, match=said):
        load(tmp_path)
