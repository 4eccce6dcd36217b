"""The national identities, recomputed on a row of the books and on the answer that the hospital got.

I1 M = a + b + c + s; I2 F = the funds (with the personal account where the pool's dialect says so, I8); I3 P
= account + cash; I4 M = funds + P + H; I5 family account within the account; I6 0 <= deductible <= in scope;
I7 the sum of setldetail is F, with the account where a line of it is there. The answer is decoded with the
contract and held against the columns figure by figure. Pure; a fault is a sentence, an empty list is the
proof.
"""

import base64
from collections.abc import Mapping
from typing import Final

from google.protobuf.message import DecodeError

from proto.settlement.v1 import settlement_pb2
from stack.books import AMOUNTS, FUNDS, PAYERS, SCOPE, Row

ACCOUNT_FUNDS: Final = frozenset({"310200", "390500"})
"""Personal account, and the family account of residents: lines that F may leave out."""
KIND_REVIVE: Final = 4
REFUND: Final = "1"
"""refd_setl_flag of what takes back."""

ANSWERED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "medfee_sumamt": ("total_fen",),
    "fulamt_ownpay_amt": ("full_self_fen",),
    "overlmt_selfpay": ("over_limit_fen",),
    "preselfpay_amt": ("first_pay_fen",),
    "inscp_scp_amt": ("in_scope_fen",),
    "act_pay_dedc": ("deductible_fen",),
    "hifp_pay": ("pooled_fen",),
    "cvlserv_pay": ("civil_fen",),
    "hifes_pay": ("enterprise_fen",),
    "hifmi_pay": ("big_illness_fen",),
    "hifob_pay": ("large_fen",),
    "hifdm_pay": ("disabled_fen",),
    "maf_pay": ("aid_fen",),
    "oth_pay": ("commercial_fen", "other_fen"),
    "fund_pay_sumamt": ("fund_sum_fen",),
    "psn_part_amt": ("account_fen", "family_fen", "cash_fen"),
    "acct_pay": ("account_fen", "family_fen"),
    "acct_mulaid_pay": ("family_fen",),
    "psn_cash_pay": ("cash_fen",),
    "hosp_part_amt": ("hospital_fen",),
}
"""Each figure of setlinfo and the columns that it is the sum of."""

ANSWERED_AS: Final[Mapping[str, str]] = {
    "insutype": "insutype",
    "med_type": "med_type",
    "clr_type": "clr_type",
    "insu_optins": "home_pool",
    "fixmedins_poolarea": "care_pool",
    "year": "year",
    "fund_includes_acct": "fund_includes_account",
}
"""Words of setlinfo and the columns that they repeat."""


def id_text(identifier: object) -> str:
    """An id as hospitals see it: base32, upper case, without padding; empty for none."""
    return base64.b32encode(identifier).decode().rstrip("=") if isinstance(identifier, bytes) else ""


def zero_sum_faults(row: Row) -> list[str]:
    """I4 on a row: what is wrong if the bill is not exactly what its payers pay."""
    total, paid = _fen(row, "total_fen"), _sum(row, PAYERS)
    return [] if total == paid else [f"I4: total {total} is not what the payers pay, {paid}"]


def row_faults(row: Row) -> list[str]:
    """I1, I2, I5 and I6 on a row's columns, and the sign of every amount."""
    faults = []
    total, scope = _fen(row, "total_fen"), _sum(row, SCOPE)
    if total != scope:
        faults.append(f"I1: total {total} is not its parts by coverage, {scope}")
    account = _sum(row, ("account_fen", "family_fen"))
    funds = _sum(row, FUNDS) + (account if row["fund_includes_account"] else 0)
    if _fen(row, "fund_sum_fen") != funds:
        faults.append(f"I2: fund_sum {_fen(row, 'fund_sum_fen')} is not its funds, {funds}")
    sign = _fen(row, "sign")
    if not 0 <= sign * _fen(row, "family_fen") <= sign * account:
        faults.append(
            f"I5: the family's account {_fen(row, 'family_fen')} is not within the account {account}"
        )
    if not 0 <= sign * _fen(row, "deductible_fen") <= sign * _fen(row, "in_scope_fen"):
        faults.append(
            f"I6: deductible {_fen(row, 'deductible_fen')} is not within {_fen(row, 'in_scope_fen')}"
        )
    wrong = [name for name in AMOUNTS if (sign * _fen(row, name) < 0 if sign else _fen(row, name) != 0)]
    if wrong:
        faults.append(f"sign {sign} does not fit {', '.join(wrong)}")
    return faults


def answer_faults(row: Row) -> list[str]:
    """The answer's bytes against the row's columns, with I3 and I7 on the answer's own figures."""
    raw = row["answer"]
    assert isinstance(raw, bytes)
    try:
        answer = settlement_pb2.Outcome.FromString(raw)
    except DecodeError:
        return ["the answer's bytes are not an Outcome"]
    said: Mapping[str, tuple[object, object]] = {
        "setl_id": (answer.setl_id, id_text(row["id"])),
        "status": (answer.status, row["status"]),
        "code": (answer.code, row["code"]),
        "biz_date": (answer.biz_date, str(row["day"])),
        # a revival undoes a cancel, and its answer names the settlement that it brought back
        "undoes": (answer.undoes, id_text(row["settlement" if row["kind"] == KIND_REVIVE else "undoes"])),
    }
    faults = [
        f"the answer says {name} {mine!r}, the book {book!r}"
        for name, (mine, book) in said.items()
        if mine != book
    ]
    return faults + (_figure_faults(row, answer) if row["sign"] else _silence_faults(answer))


def _figure_faults(row: Row, answer: settlement_pb2.Outcome) -> list[str]:
    info, faults = answer.setlinfo, []
    for name, columns in ANSWERED_BY.items():
        if getattr(info, name) != _sum(row, columns):
            faults.append(f"the answer says {name} {getattr(info, name)}, the book {_sum(row, columns)}")
    if info.psn_no != row["psn_no"]:  # personal data: never named
        faults.append("the answer speaks of another psn_no than the book")
    for name, column in ANSWERED_AS.items():
        if str(getattr(info, name)) != str(row[column]):
            faults.append(f"the answer says {name} {getattr(info, name)}, the book {row[column]}")
    if (info.refd_setl_flag == REFUND) != (row["sign"] == -1):
        faults.append(f"the answer's refd_setl_flag {info.refd_setl_flag} does not fit sign {row['sign']}")
    if info.psn_part_amt != info.acct_pay + info.psn_cash_pay:
        faults.append("I3: psn_part_amt is not acct_pay + psn_cash_pay")
    return faults + _detail_faults(answer)


def _detail_faults(answer: settlement_pb2.Outcome) -> list[str]:
    """I7, the funds and the account each by itself: the lines of setldetail are what setlinfo says."""
    info = answer.setlinfo
    account_lines = [one.fund_payamt for one in answer.setldetail if one.fund_pay_type in ACCOUNT_FUNDS]
    listed = sum(one.fund_payamt for one in answer.setldetail) - sum(account_lines)
    funds = info.fund_pay_sumamt - (info.acct_pay if info.fund_includes_acct else 0)
    faults = []
    if listed != funds:
        faults.append(f"I7: the funds in setldetail come to {listed}, fund_pay_sumamt asks for {funds}")
    if (account_lines or info.fund_includes_acct) and sum(account_lines) != info.acct_pay:
        faults.append(f"I7: the account in setldetail comes to {sum(account_lines)}, not {info.acct_pay}")
    return faults


def _silence_faults(answer: settlement_pb2.Outcome) -> list[str]:
    """What moved nothing names no money of its own (the answer inside it, `other`, may)."""
    moved = answer.setlinfo.fund_pay_sumamt or answer.setlinfo.psn_part_amt or answer.setlinfo.hosp_part_amt
    return ["the answer pays although the row moves nothing"] if moved or answer.setldetail else []


def _fen(row: Row, column: str) -> int:
    found = row[column]
    assert isinstance(found, int)
    return found


def _sum(row: Row, columns: tuple[str, ...]) -> int:
    return sum(_fen(row, column) for column in columns)
