"""The stored answer of a decision: built once, as bytes, and the same bytes for ever after.

An answer carries sums, no lines, neither name nor certificate. The national identities hold on it with the sign of
its row: M = a + b + c + s, M = F' + P + H with F' the fund's sum without accounts, P = account + cash, and the
details add up to F' + account. A refund's answer is its settlement's with every amount negated; a revival's is its
settlement's again. What undoes a decision later is told beside the bytes, never in them.
"""

from typing import Final

from homepool.benefits import Benefit, BillFacts, Layer, brief
from ledger.day import MANUAL_REGION
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime.keys import setl_id_text
from runtime.pieces import tag, varint

_OUTCOME: Final = settlement_pb2.Outcome
_INFO: Final = settlement_pb2.SettlementInfo
_DETAIL: Final = settlement_pb2.SettlementDetail
_PAID: Final = settlement_pb2.OUTCOME_STATUS_PAID
_INFO_TAG: Final = tag(_OUTCOME, "setlinfo")
_DETAIL_TAG: Final = tag(_OUTCOME, "setldetail")

SETTLEMENT_FLAG: Final = "0"
REFUND_FLAG: Final = "1"
DIRECT_FLAG: Final = "0"
BY_HAND_FLAG: Final = "1"

REVERSED_FIRST: Final = "REVERSED_FIRST"
DEADLINE_PASSED: Final = "DEADLINE_PASSED"
INTERNAL: Final = "INTERNAL"
PERSON_UNKNOWN: Final = "PERSON_UNKNOWN"
NOT_INSURED_HERE: Final = "NOT_INSURED_HERE"
NO_SUCH_INSURANCE: Final = "NO_SUCH_INSURANCE"
NO_POLICY: Final = "NO_POLICY"
DAYS_IN_LIVE_BILL: Final = "DAYS_IN_LIVE_BILL"
LATER_INTERIM_LIVES: Final = "LATER_INTERIM_LIVES"
INVOICE_PAID_BY_HAND: Final = "INVOICE_PAID_BY_HAND"
RELATIVE_NOT_AUTHORISED: Final = "RELATIVE_NOT_AUTHORISED"
RELATIVE_IN_OTHER_POOL: Final = "RELATIVE_IN_OTHER_POOL"

MESSAGES: Final = {
    "": "",
    "BILL_ALREADY_SETTLED": "this bill has a live settlement, given in other: adopt it, or cancel it first",
    "NO_SUCH_SETTLEMENT": "there is no settlement with this id that could be cancelled",
    "ALREADY_UNDONE": "the settlement has been undone before, by what is given in other",
    "OTHER_PERSON": "the settlement belongs to another person",
    "SUPERSEDED": "the settlement cannot live again: the bill or its lines were settled since, it was reversed, "
    "its invoice was paid by hand, or account or cap do not suffice today",
    "NOTHING_TO_UNDO": "nothing of it stands, so there is nothing to undo",
    REVERSED_FIRST: "a reversal of this message came first; it never takes effect",
    DEADLINE_PASSED: "it was not decided before its deadline; nothing moved, send it again with a new msgid",
    INTERNAL: "it could not be decided and is being looked at; nothing moved",
    DAYS_IN_LIVE_BILL: "a live settlement of this stay pays for some of these days",
    LATER_INTERIM_LIVES: "a later interim settlement of this stay lives: cancel that first",
    INVOICE_PAID_BY_HAND: "this invoice was reimbursed by hand and is paid once; the home agency can cancel that",
    RELATIVE_NOT_AUTHORISED: "the relative whom the bill names has not opened his account to this person",
    RELATIVE_IN_OTHER_POOL: "the relative has no account in this pool: bring his money here by a wallet transfer "
    "(医保钱包) first, then settle anew; or settle without him",
    PERSON_UNKNOWN: "the home pool does not know this psn_no",
    NOT_INSURED_HERE: "this psn_no belongs to another pool than the insured division",
    NO_SUCH_INSURANCE: "the person does not hold this insurance",
    NO_POLICY: "the home pool has no policy for this insurance on the care date",
}
"""What `err_msg` says of a code; the benefit engine words its own refusals."""


class Stamp:
    """What all answers of one flush share: the day of the books and the time."""

    __slots__ = ("biz_date", "setl_time")

    def __init__(self, biz_date: str, setl_time: str) -> None:
        self.biz_date = biz_date
        self.setl_time = setl_time


def paid(
    stamp: Stamp, item: messages_pb2.Item, bill: BillFacts, benefit: Benefit, *,
    fund_sum_fen: int, fund_includes_account: bool, psn_type: str, filing: str, balance_fen: int,
) -> bytes:  # fmt: skip
    """The answer of a settlement that pays. `balance_fen` is the own account after it."""
    setl_id, mdtrt_id, facts = setl_id_text(item.id) if item.id else "", item.mdtrt_id, item.facts
    account, care_pool = benefit.account_fen + benefit.family_fen, str(item.care_pool)
    head = _OUTCOME(
        status=_PAID, setl_id=setl_id, infno=item.infno, medins_setl_id=item.msgid, biz_date=stamp.biz_date,
        setl_time=stamp.setl_time,
    ).SerializeToString()  # fmt: skip
    info = _INFO(
        setl_id=setl_id, mdtrt_id=mdtrt_id, psn_no=item.psn_no, insutype=bill.insutype, psn_type=psn_type,
        med_type=bill.med_type,
        insu_optins=str(item.home_pool),
        fixmedins_poolarea=care_pool,
        hosp_lv=bill.level,
        medfee_sumamt=benefit.total_fen,
        fulamt_ownpay_amt=bill.full_self_fen,
        overlmt_selfpay=bill.over_limit_fen,
        preselfpay_amt=bill.first_pay_fen,
        inscp_scp_amt=bill.in_scope_fen,
        act_pay_dedc=benefit.deductible_fen,
        hifp_pay=benefit.pooled_fen,
        pool_prop_selfpay=benefit.pooled_ratio_bp,
        cvlserv_pay=benefit.civil_fen,
        hifes_pay=benefit.enterprise_fen,
        hifmi_pay=benefit.big_illness_fen,
        hifob_pay=benefit.large_fen,
        hifdm_pay=benefit.disabled_fen,
        maf_pay=benefit.aid_fen,
        oth_pay=benefit.commercial_fen + benefit.other_fen,
        fund_pay_sumamt=fund_sum_fen,
        psn_part_amt=account + benefit.cash_fen,
        acct_pay=account,
        psn_cash_pay=benefit.cash_fen,
        hosp_part_amt=benefit.hospital_fen,
        balc=balance_fen,
        acct_mulaid_pay=benefit.family_fen,
        clr_optins=care_pool,
        clr_way=facts.psn_setlway,
        clr_type=facts.clr_type,
        refd_setl_flag=SETTLEMENT_FLAG,
        year=str(benefit.year),
        fund_includes_acct=fund_includes_account,
        filing=filing,
        fulamt_advpay_flag=BY_HAND_FLAG if item.region == MANUAL_REGION else DIRECT_FLAG,
    ).SerializeToString()  # fmt: skip
    # The message is its parts one after the other: put into one another as objects they would be copied twice. They stand
    # in the order of their numbers, for whoever parses the answer and serialises it again must come to the same bytes.
    pieces = [head, _INFO_TAG, varint(len(info)), info]
    filed = benefit.filed
    for layer in benefit.layers:
        detail, filed = _detail_of(layer, filed), ""
        pieces += (_DETAIL_TAG, varint(len(detail)), detail)
    pieces.append(_OUTCOME(mdtrt_id=mdtrt_id).SerializeToString())
    return b"".join(pieces)


def _detail_of(layer: Layer, filed: str) -> bytes:
    return _DETAIL(
        fund_pay_type=layer.fund_pay_type, fund_pay_type_name=layer.name, inscp_scp_amt=layer.base_fen,
        crt_payb_lmt_amt=layer.limit_left_fen, fund_payamt=layer.amount_fen, setl_proc_info=brief(layer, filed),
    ).SerializeToString()  # fmt: skip


def still(
    stamp: Stamp, item: messages_pb2.Item, status: int, code: str, *,
    message: str = "", other: Row | None = None, undoes: bytes | None = None,
) -> bytes:  # fmt: skip
    """The answer of a decision that moves no money; `other` is the decision whose answer goes inside."""
    answer: bytes = _OUTCOME(
        status=status,  # type: ignore[arg-type]
        code=code,
        err_msg=message or MESSAGES.get(code, ""),
        setl_id=setl_id_text(item.id) if item.id else "",
        infno=item.infno,
        medins_setl_id=item.msgid,
        biz_date=stamp.biz_date,
        setl_time=stamp.setl_time,
        mdtrt_id=item.mdtrt_id,
        undoes=setl_id_text(undoes) if undoes else "",
        other=None if other is None else _without_other(other.answer),
    ).SerializeToString()
    return answer


def tombstone(stamp: Stamp, target: bytes) -> bytes:
    """The answer of an id that its reversal has overtaken; all that is known of it is its id."""
    answer: bytes = _OUTCOME(
        status=settlement_pb2.OUTCOME_STATUS_VOIDED,
        code=REVERSED_FIRST,
        err_msg=MESSAGES[REVERSED_FIRST],
        setl_id=setl_id_text(target),
        biz_date=stamp.biz_date,
        setl_time=stamp.setl_time,
    ).SerializeToString()
    return answer


def mirrored(
    stamp: Stamp, item: messages_pb2.Item, settlement: Row, *, negate: bool, balance_fen: int
) -> bytes:
    """The answer of a refund (`negate`) or of a revival, made of the settlement's own."""
    outcome = _OUTCOME.FromString(settlement.answer)
    setl_id = setl_id_text(item.id)
    outcome.status = settlement_pb2.OUTCOME_STATUS_OK
    outcome.setl_id = setl_id
    outcome.infno = item.infno
    outcome.medins_setl_id = item.msgid
    outcome.biz_date = stamp.biz_date
    outcome.setl_time = stamp.setl_time
    outcome.undoes = setl_id_text(settlement.id)
    info = outcome.setlinfo
    info.setl_id = setl_id
    if negate:
        for name in _INFO_AMOUNTS:
            setattr(info, name, -getattr(info, name))
        info.refd_setl_flag = REFUND_FLAG
        for detail in outcome.setldetail:
            detail.inscp_scp_amt = -detail.inscp_scp_amt
            detail.fund_payamt = -detail.fund_payamt
            detail.crt_payb_lmt_amt = 0
            detail.setl_proc_info = ""
    info.balc = balance_fen
    answer: bytes = outcome.SerializeToString()
    return answer


_INFO_AMOUNTS: Final = (
    "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc",
    "hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay",
    "fund_pay_sumamt", "psn_part_amt", "acct_pay", "psn_cash_pay", "hosp_part_amt", "acct_mulaid_pay",
)  # fmt: skip
"""The amounts of setlinfo that a refund negates; `balc` is a balance and the ratio a ratio."""


def _without_other(answer: bytes) -> settlement_pb2.Outcome:
    # one level is enough to adopt or to understand; without this, answers would nest for ever
    outcome = _OUTCOME.FromString(answer)
    outcome.ClearField("other")
    return outcome
