"""A quote: exact amounts, each layer in words, and what is asked wrongly is told."""

from typing import Any

import pytest

from homepool.errors import QuoteInvalid
from homepool.policy.files import load_policies
from homepool.policy.quote import Question, Quote, fen_of, quote

BOOK = load_policies()


def ask(**changes: Any) -> Quote:
    """A stay of 12,000.00 at a level-3 hospital of Shenzhen's own."""
    usual = {"pool": 440300, "insutype": "310", "med_type": "21", "total": "12000.00", "day": "2025-03-01"}
    return quote(Question(**{**usual, **changes}), BOOK)


def test_a_quote_explains_deductible_ratio_and_what_is_left() -> None:
    answer = ask(filing="referral", balance="100")
    words = "\n".join(answer.words())
    assert answer.benefit.pooled_fen == 912_000
    assert "600.00 due, 600.00 borne before the ratio" in words
    assert "80% of 11,400.00: 9,120.00" in words
    assert "filed as referral by a hospital: each ratio is 10 points lower" in words
    assert "310200" in words
    assert words.splitlines()[-1] == "You pay 2,780.00 in cash; all others pay 9,220.00."


def test_every_layer_of_a_poor_persons_bill_is_told() -> None:
    asked = {"pool": 441500, "insutype": "390", "total": "480000", "in_scope": "410000", "filing": "other"}
    answer = ask(**asked, identities=("low_income", "insured:shanmeibao"))
    words = "\n".join(answer.words())
    for name in (
        "Big illness",
        "hospital aid",
        "second aid",
        "beyond policy",
        "outside the catalogue",
    ):
        assert name in words
    assert sum(answer.as_json()["payers"].values()) == 48_000_000


def test_bands_caps_and_shared_fee_are_told() -> None:
    capped = "\n".join(ask(pool=450100, insutype="390", total="500000").words())
    assert "all that its cap leaves" in capped
    fee = "\n".join(ask(pool=440100, insutype="390", med_type="14", disease="M03900", total="500").words())
    assert "Only 400.00 of 500.00 in scope is shared" in fee
    first = "\n".join(ask(pool=450100, filing="other").words())
    assert "Off the top: the person bears 1,800.00 of the in-scope part." in first


def test_what_is_declined_is_an_answer() -> None:
    answer = ask(insutype="510", med_type="11")
    assert answer.words() == [
        "Declined (MED_TYPE_NOT_COVERED): this insurance does not cover medical type 11."
    ]
    assert answer.as_json()["declined"] == "MED_TYPE_NOT_COVERED"


@pytest.mark.parametrize(
    ("text", "fen"), [("0", 0), ("0.1", 10), ("12.34", 1234), ("100000000.01", 10_000_000_001)]
)
def test_yuan_are_read_exactly(text: str, fen: int) -> None:
    assert fen_of("--total", text) == fen


@pytest.mark.parametrize("text", ["", "-1", "1.234", "1e3", "1,000", "twelve", "1.", ".5", "1" * 13, "１２"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(QuoteInvalid, match="--total"):
        fen_of("--total", text)


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"pool": 110000}, "--pool"),
        ({"insutype": "340"}, "--insutype"),
        ({"day": "2019-01-01"}, "--date"),
        ({"day": "2025-13-01"}, "--date"),
        ({"med_type": "99"}, "--med-type"),
        ({"in_scope": "12000.01"}, "--in-scope"),
        ({"first_pay": "12001"}, "--in-scope"),
        ({"level": "4"}, "--level"),
        ({"filing": "maybe"}, "--filing"),
        ({"filing": "other", "route": "moon"}, "--route"),
        ({"filing": "other", "route": "local"}, "--route"),
        ({"used": ("money=1",)}, "--used"),
        ({"used": ("admissions=1.5",)}, "--used"),
        ({"used": ("pooled=x",)}, "--used"),
        ({"balance": "x"}, "--balance"),
    ],
)
def test_what_is_asked_wrongly_is_told_by_option(changes: dict[str, Any], option: str) -> None:
    with pytest.raises(QuoteInvalid) as caught:
        ask(**changes)
    assert str(caught.value).startswith(option)


def test_what_the_year_has_used_counts() -> None:
    assert ask(used=("admissions=1",)).benefit.deductible_fen == 30_000
    assert ask(used=("pooled=1049999.99",)).benefit.pooled_fen == 1
