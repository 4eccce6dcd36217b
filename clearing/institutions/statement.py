"""An institution's statement against the care book: totals (3201) and items (3202). Pure, amounts in fen.

What took itself back within the period counts on neither side: a settlement and its 2601, a cancel and the 2601 that
revived its settlement. The HIS that reversed a message knows nothing of it, and need not list it. Refunds are items of
their own, negative. Source of the outcomes: national 3201/3202 as public HIS code reads them; that what took itself back
is left out is an assumption.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from clearing.institutions.dialects import Result
from clearing.institutions.statement_file import StatementRow
from ledger.life import Kind
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime.keys import setl_id_text


class CentreItem(NamedTuple):
    """An item as the books hold it. Amounts in fen, refunds negative."""

    setl_id: str
    undoes: str
    kind: int
    insutype: str
    clr_type: str
    route: int
    medfee_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int
    psn_no: str
    mdtrt_id: str
    msgid: str

    @property
    def refund(self) -> bool:
        """Whether it gives back."""
        return self.kind in (Kind.CANCEL, Kind.REVERSE)


class Totals(NamedTuple):
    """What a statement's key comes to."""

    items: int = 0
    medfee_fen: int = 0
    fund_fen: int = 0
    account_fen: int = 0
    cash_fen: int = 0


class Match(NamedTuple):
    """One item of either side, and what comparing says of it."""

    result: Result
    setl_id: str
    row: StatementRow | None
    item: CentreItem | None
    memo: str


CENTRE_MORE_MEMO: Final = "not in your file: query it (5203) and book it, or reverse it (2601) by its msgid"
INSTITUTION_MORE_MEMO: Final = "the books hold no such settlement: query it (5203); settle again, or void it"
DIFFER_MEMO: Final = (
    "other amounts in the books: take those of the settlement's answer (5203), or call the agency"
)
TWICE_MEMO: Final = "twice in your file"


def centre_item(decision: messages_pb2.Decision) -> CentreItem | None:
    """A decision as a statement sees it; None where nothing moved. msgid only where the answer came along."""
    if not decision.sign:
        return None
    outcome = settlement_pb2.Outcome.FromString(decision.answer)
    return CentreItem(
        setl_id_text(decision.id), setl_id_text(decision.undoes) if decision.undoes else "", decision.kind,
        decision.insutype, decision.clr_type, decision.route, decision.total_fen, decision.fund_sum_fen,
        decision.account_fen + decision.family_fen, decision.cash_fen, decision.psn_no,
        setl_id_text(decision.visit) if decision.visit else "", outcome.medins_setl_id,
    )  # fmt: skip


def netted(items: Iterable[CentreItem]) -> list[CentreItem]:
    """The items of a period without what took itself back by a reversal within it."""
    by_id = {item.setl_id: item for item in items}
    for item in list(by_id.values()):
        if item.kind in (Kind.REVERSE, Kind.REVIVE) and item.undoes in by_id:
            del by_id[item.undoes], by_id[item.setl_id]
    return list(by_id.values())


def totals(items: Iterable[CentreItem], *, refunds: bool = True) -> Totals:
    """What items come to; `refunds` False leaves those out."""
    counted = [item for item in items if refunds or not item.refund]
    return Totals(
        len(counted),
        sum(item.medfee_fen for item in counted),
        sum(item.fund_fen for item in counted),
        sum(item.account_fen for item in counted),
        sum(item.cash_fen for item in counted),
    )


def totals_result(institution: Totals, centre: Totals, *, with_cash: bool) -> Result:
    """How two totals compare: equal, more at one side by count, or other amounts."""
    ours = centre if with_cash else centre._replace(cash_fen=0)
    theirs = institution if with_cash else institution._replace(cash_fen=0)
    if ours == theirs:
        return Result.EQUAL
    if ours.items == theirs.items:
        return Result.DIFFER
    return Result.CENTRE_MORE if ours.items > theirs.items else Result.INSTITUTION_MORE


def compared(rows: Sequence[StatementRow], items: Sequence[CentreItem]) -> list[Match]:
    """Every item of either side once, in the order of setl_id; the second of two rows of an id differs."""
    centre = {item.setl_id: item for item in items}
    found = []
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row.setl_id] += 1
        item = centre.get(row.setl_id)
        if seen[row.setl_id] > 1:
            found.append(Match(Result.DIFFER, row.setl_id, row, item, TWICE_MEMO))
        elif item is None:
            found.append(Match(Result.INSTITUTION_MORE, row.setl_id, row, None, INSTITUTION_MORE_MEMO))
        elif _same(row, item):
            found.append(Match(Result.EQUAL, row.setl_id, row, item, ""))
        else:
            found.append(Match(Result.DIFFER, row.setl_id, row, item, DIFFER_MEMO))
    missing = [
        Match(Result.CENTRE_MORE, one.setl_id, None, one, CENTRE_MORE_MEMO)
        for one in items
        if one.setl_id not in seen
    ]
    return sorted([*found, *missing], key=lambda one: one.setl_id)


def _same(row: StatementRow, item: CentreItem) -> bool:
    ours = (item.medfee_fen, item.fund_fen, item.account_fen, item.refund)
    return (row.medfee_fen, row.fund_fen, row.account_fen, row.refund) == ours
