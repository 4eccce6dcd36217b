"""Rows of the books as the demo's auditor reads them: a paid settlement that adds up, and its refund."""

import base64
import hashlib
from datetime import date
from typing import Any

from ledger.rows import AMOUNTS, COLUMNS
from proto.settlement.v1 import settlement_pb2 as pb

DAY = date(2026, 11, 24)


def id_of(name: str) -> bytes:
    """A 16-byte id for a name."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def text_of(identifier: bytes) -> str:
    """The id as hospitals see it."""
    return base64.b32encode(identifier).decode().rstrip("=")


def paid_row(name: str = "first", *, includes_account: bool = False, **columns: Any) -> dict[str, Any]:
    """100 yuan: 8 not covered, 2 above the limit, 10 first pay, 80 in scope; the pool 56, the account 20, cash 24."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS, 0)
    row |= {
        "node": 44, "partition": 0, "term": 1, "number": 1, "day": DAY, "id": id_of(name), "kind": 1, "status": 1,
        "code": "", "digest": bytes(32), "decided_ms": 1_795_500_000_000, "region": "45",
        "fixmedins_code": "H45010390001", "home_pool": 440300, "care_pool": 450100, "psn_no": "44030000000001",
        "insutype": "310", "med_type": "11", "clr_type": "11", "route": 3, "visit": id_of("visit " + name),
        "bill": id_of("bill " + name), "target": None, "undoes": None, "settlement": id_of(name), "seals": False,
        "year": 2026, "sign": 1, "fund_includes_account": includes_account, "asked_fen": 10_000,
        "total_fen": 10_000, "full_self_fen": 800, "over_limit_fen": 200, "first_pay_fen": 1_000,
        "in_scope_fen": 8_000, "deductible_fen": 500, "pooled_fen": 5_600, "account_fen": 1_500, "family_fen": 500,
        "cash_fen": 2_400, "fund_sum_fen": 7_600 if includes_account else 5_600, "commercial_payer": "",
        "deltas": [0] * 17, "family_psn_no": ["44030000000002"], "family_amount_fen": [500], "line_keys": [1, -2],
        "lines_digest": bytes(32), "begin_day": DAY, "end_day": DAY, "invoice": "25447000000000000001",
        "policy_version": "440300-310-2026",
    }  # fmt: skip
    row |= columns
    row["answer"] = answer_of(row)
    return row


def refund_row(settlement: dict[str, Any], name: str = "refund", *, kind: int = 2) -> dict[str, Any]:
    """What takes a settlement back, whole."""
    row = dict(settlement)
    for column in (*AMOUNTS, "month_in_scope_fen", "month_pooled_fen"):
        row[column] = -row[column]
    for column in ("deltas", "family_amount_fen"):
        row[column] = [-amount for amount in row[column]]
    row |= {
        "id": id_of(name), "kind": kind, "status": 5, "number": settlement["number"] + 1, "sign": -1,
        "target": settlement["id"], "undoes": settlement["id"], "settlement": settlement["id"],
    }  # fmt: skip
    row["answer"] = answer_of(row)
    return row


def declined_row(name: str = "declined") -> dict[str, Any]:
    """A settlement that pays nothing."""
    row = paid_row(name)
    for column in AMOUNTS:
        row[column] = 0
    row |= {
        "status": 2, "code": "NO_POLICY", "sign": 0, "settlement": None, "deltas": None, "family_psn_no": None,
        "family_amount_fen": None,
    }  # fmt: skip
    answer = pb.Outcome(status=pb.OUTCOME_STATUS_DECLINED, code="NO_POLICY", biz_date=str(row["day"]))
    answer.setl_id = text_of(row["id"])
    row["answer"] = answer.SerializeToString()
    return row


def answer_of(row: dict[str, Any]) -> bytes:
    """The answer that fits a row, with one line of setldetail per payer."""
    account = row["account_fen"] + row["family_fen"]
    outcome = pb.Outcome(
        status=row["status"], code=row["code"], setl_id=text_of(row["id"]), infno="2207", medins_setl_id="m",
        biz_date=str(row["day"]), undoes=text_of(row["undoes"]) if row["undoes"] else "",
        setlinfo=pb.SettlementInfo(
            setl_id=text_of(row["id"]), psn_no=row["psn_no"], insutype=row["insutype"], med_type=row["med_type"],
            insu_optins=str(row["home_pool"]), fixmedins_poolarea=str(row["care_pool"]),
            medfee_sumamt=row["total_fen"], fulamt_ownpay_amt=row["full_self_fen"],
            overlmt_selfpay=row["over_limit_fen"], preselfpay_amt=row["first_pay_fen"],
            inscp_scp_amt=row["in_scope_fen"], act_pay_dedc=row["deductible_fen"], hifp_pay=row["pooled_fen"],
            cvlserv_pay=row["civil_fen"], hifes_pay=row["enterprise_fen"], hifmi_pay=row["big_illness_fen"],
            hifob_pay=row["large_fen"], hifdm_pay=row["disabled_fen"], maf_pay=row["aid_fen"],
            oth_pay=row["commercial_fen"] + row["other_fen"], fund_pay_sumamt=row["fund_sum_fen"],
            psn_part_amt=account + row["cash_fen"], acct_pay=account, psn_cash_pay=row["cash_fen"],
            hosp_part_amt=row["hospital_fen"], acct_mulaid_pay=row["family_fen"], clr_type=row["clr_type"],
            refd_setl_flag="1" if row["sign"] < 0 else "0", year=str(row["year"]),
            fund_includes_acct=row["fund_includes_account"],
        ),
        setldetail=[
            pb.SettlementDetail(
                fund_pay_type="310100", fund_pay_type_name="职工基本医疗保险统筹基金", fund_payamt=row["pooled_fen"],
                setl_proc_info="70 % of 80.00",
            ),
            pb.SettlementDetail(fund_pay_type="310200", fund_pay_type_name="个人账户", fund_payamt=account),
        ],
    )  # fmt: skip
    return outcome.SerializeToString()
