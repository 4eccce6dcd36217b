"""The settlement sheet says what the stored answer says, to the fen, in both languages."""

import re

import pytest
from rich.console import Console

from proto.settlement.v1 import settlement_pb2 as pb
from stack.sheets import masked, sheet, yuan
from tests.demo_rows import paid_row, refund_row


def printed(row: dict[str, object]) -> str:
    answer = row["answer"]
    assert isinstance(answer, bytes)
    console = Console(width=110, force_terminal=False)
    with console.capture() as capture:
        console.print(
            sheet(
                pb.Outcome.FromString(answer),
                institution="南宁示例第一人民医院",
                name="王安宁",
                places={"440300": "深圳市", "450100": "南宁市"},
            )
        )
    return capture.get()


def test_a_sheet_shows_who_pays_what_and_how_the_bill_is_covered() -> None:
    text = printed(paid_row())
    for word in (
        "结算单",
        "Settlement sheet",
        "深圳市",
        "南宁市",
        "南宁示例第一人民医院",
        "普通门诊 outpatient",
    ):
        assert word in text
    for amount in ("100.00", "8.00", "2.00", "10.00", "80.00", "5.00", "56.00", "20.00", "24.00"):
        assert re.search(rf"(?<![\d.]){re.escape(amount)}", text), amount
    assert "70 % of 80.00" in text


def test_a_sheet_masks_the_name() -> None:
    assert "王＊＊" in printed(paid_row())
    assert "安宁" not in printed(paid_row())
    assert (masked("王"), masked("王安")) == ("王＊", "王＊")


def test_a_refund_is_called_one_and_is_negative() -> None:
    text = printed(refund_row(paid_row()))
    assert "退费" in text
    assert "-100.00" in text


def test_the_account_is_listed_once_whether_or_not_the_details_have_it() -> None:
    row = paid_row()
    outcome = pb.Outcome.FromString(row["answer"])
    assert printed(row).count("personal account") == 1
    del outcome.setldetail[1]
    without = printed(row | {"answer": outcome.SerializeToString()})
    assert without.count("personal account") == 1
    assert "family 5.00" in without


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_456_789, "1,234,567.89"), (-100, "-1.00")]
)
def test_amounts_are_exact(fen: int, text: str) -> None:
    assert yuan(fen) == text
