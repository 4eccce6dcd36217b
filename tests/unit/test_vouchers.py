"""An e-voucher identifies its own person until it ends, and whoever loads one says when that is."""

import pytest

from homepool.credentials import Holder, valid, voucher_fault
from homepool.loading.people import check_voucher

NOW = "2026-11-24 10:00:00"


@pytest.mark.parametrize(
    ("valid_to", "holds"),
    [
        ("", True),
        ("2026-11-24 10:00:00", True),
        ("2026-11-24 09:59:59", False),
        ("2025-12-31 23:59:59", False),
    ],
)
def test_a_token_holds_up_to_its_last_moment(valid_to: str, holds: bool) -> None:
    holders = [Holder("a", valid_to), Holder("b")]
    assert valid(holders, NOW) == (["a", "b"] if holds else ["b"])
    assert voucher_fault(holders, "a", NOW) == ("" if holds else "EVOUCHER_EXPIRED")
    assert voucher_fault(holders, "b", NOW) == ""


def test_a_token_of_nobody_and_one_of_somebody_else_have_codes_of_their_own() -> None:
    assert voucher_fault([], "a", NOW) == "CREDENTIAL_UNKNOWN"
    assert voucher_fault([Holder("b", "2020-01-01 00:00:00")], "a", NOW) == "WRONG_PERSON"


@pytest.mark.parametrize(
    ("evoucher", "valid_to", "right"),
    [
        ("", "", True),
        ("t", "", True),
        ("t", "2026-11-24 10:00:00", True),
        ("", "2026-11-24 10:00:00", False),
        ("t", "2026-11-24", False),
        ("t", "2026-11-24 10:00", False),
        ("t", "2026-11-24 9:00:00", False),
        ("t", "2026-02-30 10:00:00", False),
    ],
)
def test_the_end_of_a_token_is_written_one_way(evoucher: str, valid_to: str, right: bool) -> None:
    if right:
        check_voucher(evoucher=evoucher, evoucher_valid_to=valid_to)
        return
    with pytest.raises(ValueError, match=r"^evoucher_valid_to "):
        check_voucher(evoucher=evoucher, evoucher_valid_to=valid_to)
