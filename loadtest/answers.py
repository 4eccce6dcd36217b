"""Every answer is looked at: is it of this bill, is it final, does it add up.

A settlement that the servers answered quickly and wrongly is worth nothing, so the checks of the national interface
(identities I1 to I7 of a settlement's sums) are made on each answer here, by code that shares nothing with the code
that made it. Pure; amounts in fen. An answer gets a *verdict*: `paid`, `declined`, `pending`, `refused` or `wrong`.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proto.settlement.v1 import settlement_pb2 as pb

PAID: Final = "paid"
DECLINED: Final = "declined"
PENDING: Final = "pending"
REFUSED: Final = "refused"
WRONG: Final = "wrong"

EXPECTED_DECLINES: Final = frozenset({"NOT_ENTITLED", "MED_TYPE_NOT_COVERED", "OFFSITE_NOT_COVERED"})
"""Reasons of policies to decline a made-up person's bill; any other is reported as wrong."""
ACCOUNT_ROWS: Final = frozenset({"310200", "390500"})
"""fund_pay_type of the personal account in setldetail, and of relatives' accounts that pay for a resident."""


class Asked(NamedTuple):
    """What a bill asked for, to hold its answer against."""

    msgid: str
    mdtrt_id: str
    psn_no: str
    total_fen: int


class Verdict(NamedTuple):
    """What an answer was."""

    kind: str
    reason: str = ""
    """The code of a decline, or what is wrong in words; never names a person."""


def judge(answer: pb.SettleResponse, asked: Asked) -> Verdict:
    """The verdict on one answer."""
    if answer.HasField("pending") and not answer.HasField("outcome"):
        if answer.infcode != 1:
            return Verdict(WRONG, f"pending with infcode {answer.infcode}")
        return Verdict(PENDING)
    outcome = answer.outcome
    if outcome.medins_setl_id != asked.msgid:
        return Verdict(WRONG, "the answer of another message")
    if outcome.status == pb.OUTCOME_STATUS_PAID:
        wrong = "" if answer.infcode == 0 else f"paid with infcode {answer.infcode}"
        wrong = wrong or _wrong_sums(outcome, asked)
        return Verdict(WRONG, wrong) if wrong else Verdict(PAID)
    if answer.infcode != -1:
        return Verdict(WRONG, f"status {outcome.status} with infcode {answer.infcode}")
    if outcome.status == pb.OUTCOME_STATUS_DECLINED and outcome.code in EXPECTED_DECLINES:
        return Verdict(DECLINED, outcome.code)
    name = pb.OutcomeStatus.Name(outcome.status).removeprefix("OUTCOME_STATUS_")
    return Verdict(WRONG, f"{name} {outcome.code}")


def _wrong_sums(outcome: pb.Outcome, asked: Asked) -> str:
    """What does not add up in a paid settlement; empty where everything does."""
    said = outcome.setlinfo
    total = said.medfee_sumamt
    account = said.acct_pay
    funds = (
        said.hifp_pay + said.cvlserv_pay + said.hifes_pay + said.hifmi_pay + said.hifob_pay + said.hifdm_pay
        + said.maf_pay + said.oth_pay
    )  # fmt: skip
    person = account + said.psn_cash_pay
    details = sum(row.fund_payamt for row in outcome.setldetail)
    with_account = any(row.fund_pay_type in ACCOUNT_ROWS for row in outcome.setldetail)
    scope = said.fulamt_ownpay_amt + said.overlmt_selfpay + said.preselfpay_amt + said.inscp_scp_amt
    rules = (
        (total == asked.total_fen, "the sum is not that of the bill"),
        ((said.mdtrt_id, said.psn_no) == (asked.mdtrt_id, asked.psn_no), "another visit or person"),
        (bool(outcome.setl_id) and outcome.setl_id == said.setl_id, "no setl_id, or two"),
        (total == scope, "I1: M is not a + b + c + s"),
        (
            said.fund_pay_sumamt == funds + account * said.fund_includes_acct,
            "I2: F is not the sum of the funds",
        ),
        (said.psn_part_amt == person, "I3: P is not account + cash"),
        (total == funds + person + said.hosp_part_amt, "I4: M is not F + P + H"),
        (0 <= said.acct_mulaid_pay <= account, "I5: relatives paid more than the accounts"),
        (0 <= said.act_pay_dedc <= said.inscp_scp_amt, "I6: the deductible is above what is in scope"),
        (details == funds + account * with_account, "I7: the details are not the funds"),
        (account == 0 or with_account, "I7: the account paid and has no row"),
        (min(funds, account, said.psn_cash_pay, said.hosp_part_amt) >= 0, "a part is negative"),
    )
    return "; ".join(what for holds, what in rules if not holds)


@dataclass(slots=True)
class Tally:
    """How many answers of each kind, and why, over some calls."""

    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count one."""
        self.kinds[verdict.kind] += 1
        if verdict.reason:
            self.reasons[f"{verdict.kind}: {verdict.reason}"] += 1

    @property
    def settled(self) -> int:
        """Final outcomes that are as they should be."""
        return self.kinds[PAID] + self.kinds[DECLINED]
