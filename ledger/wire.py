"""A settlement row as the message that carries it between node, region and clearing."""

from typing import Final

from ledger.rows import Row
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.keys import setl_id_text

_DECISION: Final = mpb.Decision


def decision_of(row: Row, undone_by: bytes | None = None) -> mpb.Decision:
    """The message of a row; what a row of NULLs lacks, the message lacks."""
    (
        node, partition, term, number, day, id_, kind, status, code, digest, decided_ms, region, fixmedins_code,
        home_pool, care_pool, psn_no, insutype, med_type, clr_type, route, visit, bill, target, undoes,
        settlement, seals, year, sign, fund_includes_account, asked, total, full_self, over_limit, first_pay,
        in_scope, deductible, pooled, big_illness, large, civil, enterprise, disabled, aid, commercial, other,
        account, family, cash, hospital, fund_sum, commercial_payer, deltas, month, month_in_scope, month_pooled,
        family_psn_no, family_amount, line_keys, lines_digest, begin_day, end_day, invoice, policy_version,
        answer,
    ) = row  # fmt: skip
    return _DECISION(
        node=node, partition=partition, term=term, number=number, day=day.isoformat(), id=id_,
        kind=kind, status=status, code=code, digest=digest,  # type: ignore[arg-type]
        decided_ms=decided_ms, region=region, fixmedins_code=fixmedins_code, home_pool=home_pool,
        care_pool=care_pool, psn_no=psn_no, insutype=insutype, med_type=med_type, clr_type=clr_type,
        route=route, visit=visit, bill=bill, target=target, undoes=undoes, settlement=settlement,
        seals=seals, year=year, sign=sign, fund_includes_account=fund_includes_account,
        asked_fen=asked, total_fen=total, full_self_fen=full_self, over_limit_fen=over_limit,
        first_pay_fen=first_pay, in_scope_fen=in_scope, deductible_fen=deductible, pooled_fen=pooled,
        big_illness_fen=big_illness, large_fen=large, civil_fen=civil, enterprise_fen=enterprise,
        disabled_fen=disabled, aid_fen=aid, commercial_fen=commercial, other_fen=other, account_fen=account,
        family_fen=family, cash_fen=cash, hospital_fen=hospital, fund_sum_fen=fund_sum,
        commercial_payer=commercial_payer, deltas=deltas, month=month, month_in_scope_fen=month_in_scope,
        month_pooled_fen=month_pooled, family_psn_no=family_psn_no, family_amount_fen=family_amount,
        line_keys=line_keys, lines_digest=lines_digest, begin_day=begin_day.isoformat() if begin_day else "",
        end_day=end_day.isoformat() if end_day else "", invoice=invoice, policy_version=policy_version, answer=answer,
        undone_by=setl_id_text(undone_by) if undone_by else "",
    )  # fmt: skip
