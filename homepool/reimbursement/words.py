"""What an operator is shown of bills paid back by hand: lines of a run, the sheet of one, and the same as JSON.

Money goes to the person and not to an institution: what he bears stays with him, everything else is paid out to him.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from homepool.benefits.words import yuan
from homepool.reimbursement.book import Entry
from homepool.reimbursement.counter import Result
from ledger.life import Status
from ledger.rows import PAYERS, SCOPE
from proto.settlement.v1 import settlement_pb2
from runtime.clock import CHINA
from runtime.keys import setl_id_text
from runtime.operators import masked

REFUSED: Final = "REFUSED"
TAKEN_BACK: Final = "TAKEN_BACK"


def word_of(result: Result) -> str:
    """PAID, DECLINED, REFUSED, or TAKEN_BACK where a payment does not stand any more."""
    if result.row is None:
        return REFUSED
    if result.row.sign < 0 or (result.moved and result.undone_by is not None):
        return TAKEN_BACK
    return Status(result.row.status).name


def as_json(result: Result) -> dict[str, Any]:
    """For machines; amounts in fen."""
    said: dict[str, Any] = {
        "application": result.application,
        "result": word_of(result),
        "code": result.code,
        "message": result.message,
        "known": result.known,
    }
    row = result.row
    if row is not None:
        said |= {
            "setl_id": setl_id_text(row.id),
            "day": row.day.isoformat(),
            "invoice": row.invoice or "",
            "undone_by": setl_id_text(result.undone_by) if result.undone_by else "",
            "amounts": {
                name: getattr(row, name) for name in ("total_fen", *SCOPE, "deductible_fen", *PAYERS)
            },
            "fulamt_advpay_flag": settlement_pb2.Outcome.FromString(row.answer).setlinfo.fulamt_advpay_flag,
            "payout_fen": result.payout_fen,
        }
    return said


def cells(result: Result) -> tuple[str, ...]:
    """One line of a run: application, result, total, borne, paid out, what else there is to say."""
    more = [result.message] if result.message else []
    if result.known:
        more.insert(0, "decided before")
    if result.row is None or not result.moved:
        return result.application, word_of(result), "", "", "", "; ".join([result.code, *more])
    row = result.row
    more.append(setl_id_text(row.id))
    amounts = yuan(row.total_fen), yuan(row.cash_fen), yuan(result.payout_fen)
    return result.application, word_of(result), *amounts, "; ".join(more)


def summary(results: Sequence[Result], *, dry_run: bool) -> str:
    """The last line of a run."""
    words = [word_of(result) for result in results]
    paid = [result for result, word in zip(results, words, strict=True) if word == Status.PAID.name]
    new = [result for result in paid if not result.known]
    others = [f"{words.count(word)} {word.lower()}" for word in sorted(set(words) - {Status.PAID.name})]
    counts = ", ".join([f"{len(paid)} paid, {len(paid) - len(new)} of them before", *others])
    verb = "would be" if dry_run else "are to be"
    payout = sum(result.payout_fen for result in new)
    return f"{len(results)} bills: {counts}. {yuan(payout)} yuan {verb} paid out to people now; none of it is cleared."


def sheet(entry: Entry, result: Result) -> Iterator[str]:
    """One application, line by line."""
    yield f"application    {entry.application} of pool {entry.pool}, {word_of(result)}"
    yield f"person         {masked(entry.psn_no)}"
    yield f"invoice        {entry.invoice} of {entry.institution}"
    yield f"decided        {_at(entry.decided_at)} by {entry.decided_by}, settlement {setl_id_text(entry.id)}"
    if entry.cancelled_at is not None and entry.cancel is not None:
        yield (
            f"taken back     {_at(entry.cancelled_at)} by {entry.cancelled_by}, "
            f"settlement {setl_id_text(entry.cancel)}"
        )
    row = result.row
    if row is None or not result.moved:
        yield f"nothing moved  {result.code}: {result.message}"
        return
    outcome = settlement_pb2.Outcome.FromString(row.answer)
    yield f"bill           {yuan(row.total_fen)}, {yuan(row.in_scope_fen)} of it in scope"
    yield f"deductible     {yuan(row.deductible_fen)}"
    for detail in outcome.setldetail:
        yield f"{detail.fund_pay_type:14} {yuan(detail.fund_payamt)} {detail.setl_proc_info}"
    yield f"person bears   {yuan(row.cash_fen)}"
    if entry.cancel is None:
        yield f"paid out       {yuan(result.payout_fen)} to the person; the institution gets nothing (手工报销)"
    else:
        yield f"paid back      {yuan(result.payout_fen)} by the person: it was taken back"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
