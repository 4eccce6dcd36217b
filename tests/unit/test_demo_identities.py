"""The demo's auditor recomputes every national identity, and each can fail by itself."""

from typing import Any

import pytest

from ledger import rows
from proto.settlement.v1 import settlement_pb2 as pb
from stack import books
from stack.identities import answer_faults, id_text, row_faults, zero_sum_faults
from tests.demo_rows import declined_row, id_of, paid_row, refund_row, text_of


def test_the_auditor_names_every_column_that_the_writers_have() -> None:
    assert sorted(books.COLUMNS) == sorted(rows.COLUMNS)
    assert sorted(books.AMOUNTS) == sorted(rows.AMOUNTS)
    assert (books.PAYERS, books.FUNDS, books.SCOPE) == (rows.PAYERS, rows.FUND_PAYERS, rows.SCOPE)


@pytest.mark.parametrize("includes_account", [False, True])
def test_rows_that_add_up_have_no_fault(includes_account: bool) -> None:
    paid = paid_row(includes_account=includes_account)
    for row in (paid, refund_row(paid), declined_row()):
        assert row_faults(row) + zero_sum_faults(row) + answer_faults(row) == []


@pytest.mark.parametrize(
    ("columns", "identity"),
    [
        ({"first_pay_fen": 999}, "I1"),
        ({"fund_sum_fen": 5_601}, "I2"),
        ({"fund_includes_account": True}, "I2"),
        ({"family_fen": 2_500, "account_fen": -500}, "I5"),
        ({"deductible_fen": 8_001}, "I6"),
        ({"deductible_fen": -1}, "I6"),
        ({"sign": -1}, "sign"),
        ({"sign": 0}, "sign"),
    ],
)
def test_each_identity_of_a_row_can_fail(columns: dict[str, Any], identity: str) -> None:
    faults = row_faults(paid_row() | columns)
    assert any(fault.startswith(identity) for fault in faults), faults


def test_a_fen_that_nobody_pays_is_an_imbalance() -> None:
    assert zero_sum_faults(paid_row() | {"cash_fen": 2_399})


def changed(row: dict[str, Any], change: str, value: Any) -> dict[str, Any]:
    answer = pb.Outcome.FromString(row["answer"])
    target: Any = answer
    *path, name = change.split(".")
    for step in path:
        target = target[int(step)] if step.isdigit() else getattr(target, step)
    setattr(target, name, value)
    return row | {"answer": answer.SerializeToString()}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("status", 2),
        ("code", "X"),
        ("biz_date", "2026-11-25"),
        ("setl_id", text_of(id_of("other"))),
        ("undoes", text_of(id_of("other"))),
        ("setlinfo.hifp_pay", 5_601),
        ("setlinfo.psn_cash_pay", 2_399),
        ("setlinfo.act_pay_dedc", 0),
        ("setlinfo.acct_mulaid_pay", 0),
        ("setlinfo.year", "2025"),
        ("setlinfo.insu_optins", "440100"),
        ("setlinfo.refd_setl_flag", "1"),
        ("setlinfo.fund_includes_acct", True),
        ("setldetail.0.fund_payamt", 5_599),
    ],
)
def test_an_answer_that_says_something_else_than_its_row_is_a_fault(change: str, value: Any) -> None:
    assert answer_faults(changed(paid_row(), change, value))


def test_the_sum_of_the_details_follows_the_pools_dialect() -> None:
    """I7: with the account in the details, they come to F, or to F and the account where F leaves it out."""
    for includes_account in (False, True):
        row = paid_row(includes_account=includes_account)
        without = pb.Outcome.FromString(row["answer"])
        del without.setldetail[1]
        faults = answer_faults(row | {"answer": without.SerializeToString()})
        assert bool(faults) == includes_account


def test_an_answer_that_pays_where_the_row_moves_nothing_is_a_fault() -> None:
    assert answer_faults(changed(declined_row(), "setlinfo.hifp_pay", 1)) == []  # what was asked may be named
    assert answer_faults(changed(declined_row(), "setlinfo.fund_pay_sumamt", 1))


def test_bytes_that_are_no_answer_are_a_fault() -> None:
    assert answer_faults(paid_row() | {"answer": b"\xff\xff"})


def test_an_id_is_written_as_hospitals_see_it() -> None:
    assert id_text(bytes(16)) == "A" * 26
    assert id_text(None) == ""
