"""Answers are judged by the national identities: one wrong figure is enough to be seen."""

import pytest

from loadtest.answers import DECLINED, PAID, PENDING, WRONG, Asked, Tally, judge
from proto.settlement.v1 import settlement_pb2 as pb

ASKED = Asked("H44030490001202601010800000001", "VISIT1", "44030000000001", 10_000)


def a_paid_answer(*, fund_includes_acct: bool = False, **changed: int) -> pb.SettleResponse:
    info = pb.SettlementInfo(
        setl_id="S1",
        mdtrt_id=ASKED.mdtrt_id,
        psn_no=ASKED.psn_no,
        medfee_sumamt=10_000,
        fulamt_ownpay_amt=500,
        overlmt_selfpay=100,
        preselfpay_amt=400,
        inscp_scp_amt=9_000,
        act_pay_dedc=1_000,
        hifp_pay=6_000,
        hifmi_pay=200,
        fund_pay_sumamt=7_200 if fund_includes_acct else 6_200,
        psn_part_amt=3_800,
        acct_pay=1_000,
        acct_mulaid_pay=300,
        psn_cash_pay=2_800,
        fund_includes_acct=fund_includes_acct,
    )
    for name, value in changed.items():
        setattr(info, name, value)
    details = [
        pb.SettlementDetail(fund_pay_type="310100", fund_payamt=6_000),
        pb.SettlementDetail(fund_pay_type="390200", fund_payamt=200),
        pb.SettlementDetail(fund_pay_type="310200", fund_payamt=1_000),
    ]
    return pb.SettleResponse(
        outcome=pb.Outcome(
            status=pb.OUTCOME_STATUS_PAID,
            setl_id="S1",
            medins_setl_id=ASKED.msgid,
            setlinfo=info,
            setldetail=details,
        )
    )


@pytest.mark.parametrize("fund_includes_acct", [False, True])
def test_an_answer_that_adds_up_is_paid_in_both_dialects(fund_includes_acct: bool) -> None:
    assert judge(a_paid_answer(fund_includes_acct=fund_includes_acct), ASKED).kind == PAID


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"medfee_sumamt": 10_001}, "not that of the bill"),
        ({"fulamt_ownpay_amt": 501}, "I1"),
        ({"hifes_pay": 1}, "I2"),
        ({"fund_pay_sumamt": 7_200}, "I2"),
        ({"psn_part_amt": 3_801}, "I3"),
        ({"psn_cash_pay": 2_799, "psn_part_amt": 3_799}, "I4"),
        ({"acct_mulaid_pay": 1_001}, "I5"),
        ({"act_pay_dedc": 9_001}, "I6"),
        ({"acct_pay": 900, "psn_cash_pay": 2_900, "acct_mulaid_pay": 0}, "I7"),
        ({"psn_cash_pay": -200, "hosp_part_amt": 3_000, "psn_part_amt": 800}, "negative"),
    ],
)
def test_one_wrong_figure_makes_an_answer_wrong(changed: dict[str, int], reason: str) -> None:
    verdict = judge(a_paid_answer(**changed), ASKED)
    assert verdict.kind == WRONG
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"msgid": "H44030490001202601010800000002"}, "another message"),
        ({"mdtrt_id": "VISIT2"}, "another visit"),
        ({"psn_no": "x"}, "another visit or person"),
    ],
)
def test_the_right_answer_to_somebody_else_is_wrong(changed: dict[str, str], reason: str) -> None:
    verdict = judge(a_paid_answer(), ASKED._replace(**changed))  # type: ignore[arg-type]
    assert (verdict.kind, reason in verdict.reason) == (WRONG, True)


def declined(code: str, infcode: int = -1) -> pb.SettleResponse:
    outcome = pb.Outcome(status=pb.OUTCOME_STATUS_DECLINED, code=code, medins_setl_id=ASKED.msgid)
    return pb.SettleResponse(infcode=infcode, outcome=outcome)


def test_only_declines_that_a_made_up_population_can_have_are_expected() -> None:
    assert judge(declined("NOT_ENTITLED"), ASKED).kind == DECLINED
    assert judge(declined("INTERNAL"), ASKED) == (WRONG, "DECLINED INTERNAL")
    assert judge(declined("NOT_ENTITLED", infcode=0), ASKED).kind == WRONG


def test_an_answer_that_is_not_final_is_pending_and_not_settled() -> None:
    tally = Tally()
    verdict = judge(pb.SettleResponse(infcode=1, pending=pb.Pending(omsgid=ASKED.msgid)), ASKED)
    tally.add(verdict)
    assert verdict.kind == PENDING
    assert tally.settled == 0


def test_an_expired_settlement_is_no_settlement() -> None:
    outcome = pb.Outcome(status=pb.OUTCOME_STATUS_EXPIRED, code="LATE", medins_setl_id=ASKED.msgid)
    assert judge(pb.SettleResponse(infcode=-1, outcome=outcome), ASKED) == (WRONG, "EXPIRED LATE")
