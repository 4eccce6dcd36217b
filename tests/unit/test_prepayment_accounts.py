"""A prepayment's figures: what is used, when it runs out, who has to be told."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.errors import SchemeWrong
from clearing.months.month_document import drawn
from clearing.prepaid.prepayment import DATA_FOLDER, Account, Key, load_rules, read_key

RULES = load_rules()
KEY = Key(450100, 440100, "310", "310100")
TODAY = date(2026, 11, 24)


def account(*, balance: int, accrued: int = 0, burned: int = 0, quota: int = 10_000) -> Account:
    return Account(KEY, quota, balance, accrued, burned)


@pytest.mark.parametrize(
    ("balance", "accrued", "used_bp", "level"),
    [
        (10_000, 0, 0, ""),
        (10_000, 6_999, 6_999, ""),
        (10_000, 7_000, 7_000, "yellow"),
        (4_000, 1_000, 7_000, "yellow"),
        (10_000, 9_000, 9_000, "red"),
        (10_000, 15_000, 15_000, "red"),
        (0, 0, 10_000, "red"),
        (12_000, 0, 0, ""),
    ],
)
def test_alerts_at_seventy_and_ninety_percent_of_the_quota(
    balance: int, accrued: int, used_bp: int, level: str
) -> None:
    one = account(balance=balance, accrued=accrued)
    assert (one.used_bp, one.level(RULES)) == (used_bp, level)


@pytest.mark.parametrize(
    ("balance", "burned", "out"),
    [
        (9_000, 3_000, date(2027, 2, 22)),  # 90 days at 100 a day
        (9_099, 3_000, date(2027, 2, 22)),
        (0, 3_000, TODAY),
        (9_000, 0, None),
        (9_000, -5, None),
        (9_000_000, 1, None),
    ],
)
def test_the_day_it_runs_out_is_linear_over_the_last_thirty_days(
    balance: int, burned: int, out: date | None
) -> None:
    assert account(balance=balance, burned=burned).runs_out(TODAY, RULES) == out


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9))
def test_a_month_draws_what_is_there_and_no_more(due: int, balance: int) -> None:
    taken = drawn(due, balance)
    assert 0 <= taken <= balance
    assert taken == 0 or due - taken >= 0
    assert taken in (0, due, balance)


@given(quota=st.integers(1, 10**12), balance=st.integers(0, 10**12), accrued=st.integers(-(10**12), 10**12))
def test_filling_up_what_is_missing_takes_every_alert_away(quota: int, balance: int, accrued: int) -> None:
    one = account(balance=balance, accrued=accrued, quota=quota)
    full = one._replace(balance_fen=one.balance_fen + one.missing_fen)
    assert full.used_bp == 0
    assert full.level(RULES) == ""


@pytest.mark.parametrize(
    "text", ["", "450100/440100/310", "450100/440100/310/3101", "4501/440100/310/310100", "a/b/c/d"]
)
def test_what_names_no_account_is_none(text: str) -> None:
    assert read_key(text) is None
    assert read_key(KEY.text) == KEY


@pytest.mark.parametrize(
    ("was", "put", "said"),
    [
        ("yellow_bp = 7000", "yellow_bp = 9500", "yellow comes before red"),
        ("days = 30", "days = 0", "whole and positive"),
        ("days = 30", "day = 30", "days is missing"),
        ('source = "B"', 'source = "Z"', "names a source"),
        ("[alert]", "[alert", "prepayment.toml: "),
    ],
)
def test_rules_that_cannot_be_are_refused(tmp_path: Path, was: str, put: str, said: str) -> None:
    text = (DATA_FOLDER / "prepayment.toml").read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "prepayment.toml").write_text(text.replace(was, put, 1), encoding="utf-8")
    with pytest.raises(SchemeWrong, match=said):
        load_rules(tmp_path)
