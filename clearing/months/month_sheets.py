"""A month's document as sheets: of each pool, institution and payer outside the pools, employees and residents apart.

Pure. A pool's sheet has what it pays and what it receives, each with its own total, for the two are never netted. The
official forms' names and columns were not found; these are put together from public field names (docs/clearing-money.md).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from clearing.months.month_document import Document, InstitutionLine, PoolLine
from clearing.parties import Party, party_name
from clearing.positions.sheet import (
    BOOK_LABELS,
    COUNTS,
    TOTAL,
    Column,
    Line,
    Sheet,
    file_name,
    sheet_csv,
    sheet_name,
    summed,
)
from clearing.scheme import INTER_POOL, Scheme

POOL, INSTITUTION, PAYER = "pools", "institutions", "payers"
TITLES: Final = {
    POOL: "异地就医统筹区间月清算表",
    INSTITUTION: "定点医药机构月清算拨付单",
    PAYER: "统筹区外支付方月应付表",
}
_MONEY: Final = (Column("insutype", "险种"), Column("fund", "基金"), Column("fund_name", "基金名称"))
KEYS: Final = {
    POOL: (Column("role", "方向"), Column("pool", "对方统筹区"), Column("name", "名称"), *_MONEY),
    INSTITUTION: (Column("role", "支付方"), Column("pool", "拨付统筹区"), Column("name", "名称"), *_MONEY),
    PAYER: (Column("role", "参保地"), Column("pool", "就医地"), Column("name", "名称"), *_MONEY),
}
_PARTS: Final = (
    COUNTS[0], Column("runs", "日清算合计"), Column("withheld", "未确认扣出"), Column("carried_in", "上月结转入"),
    Column("deducted", "审核扣款"), Column("due", "应付金额"),
)  # fmt: skip
FIGURES: Final = {
    POOL: (*_PARTS, Column("prepaid", "预付金冲抵"), Column("to_pay", "实付金额")),
    INSTITUTION: (*_PARTS, Column("advanced", "已预拨冲抵"), Column("to_pay", "实付金额")),
    PAYER: (*_PARTS, Column("prepaid", "预付金冲抵"), Column("to_pay", "实付金额")),
}
PAYS, RECEIVES, LOCAL = "pays", "receives", "local"
_STATES: Final = {"approved": "closed"}


class MonthSheet(NamedTuple):
    """One party's sheet of one book (employees or residents)."""

    kind: str
    code: str
    name: str
    book: str
    sheet: Sheet
    sha256: str  # of what is listed: the sheet's CSV

    @property
    def file_name(self) -> str:
        """Without a suffix."""
        return file_name(self.code)

    def to_pay_fen(self, role: str = "") -> int:
        """What is left to pay by its lines, of one role or of all."""
        return sum(line.figures[-1] for line in self.sheet.lines if role in ("", line.keys[0]))


def month_sheets(
    document: Document, *, scheme: Scheme, parties: Mapping[str, Party]
) -> Iterator[list[MonthSheet]]:
    """Every party's sheets together, in the order of kinds and codes."""
    for kind, lines in (
        (POOL, _pool_lines(document.pools, scheme, parties)),
        (INSTITUTION, _institution_lines(document.institutions, scheme, parties)),
        (PAYER, _payer_lines(document.pools, scheme, parties)),
    ):
        by_party: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
        for code, insutype, line in lines:
            by_party[code][scheme.book_of(insutype)].append(line)
        for code in sorted(by_party):
            yield [
                _made(document, kind, code, book, by_party[code].get(book, []), scheme, parties)
                for book in scheme.books
            ]


def _made(
    document: Document,
    kind: str,
    code: str,
    book: str,
    lines: Sequence[Line],
    scheme: Scheme,
    parties: Mapping[str, Party],
) -> MonthSheet:
    columns, keys = FIGURES[kind], KEYS[kind]
    roles = sorted({line.keys[0] for line in lines}) if kind == POOL else []
    totals = [
        summed(
            (TOTAL, role, *[""] * (len(keys) - 2)),
            [line for line in lines if role in ("", line.keys[0])],
            len(columns),
        )
        for role in roles or [""]
    ]
    name = _name(kind, code, scheme, parties)
    stands = (
        f"{document.month}    文书 document: {document.proposal}, {_STATES.get(document.state, document.state)};"
        f" made by {document.made_by}, checked by {document.checked_by or 'nobody yet'}"
    )
    sheet = Sheet(
        sheet_name(book), f"{TITLES[kind]}（{BOOK_LABELS.get(book, book)}）",
        f"{code} {name if name != code else ''}".strip(), stands, keys, columns, lines, totals, "",
    )  # fmt: skip
    sha256 = hashlib.sha256(sheet_csv(sheet).encode()).hexdigest()
    return MonthSheet(
        kind, code, name, book, sheet._replace(foot=f"行 lines: {len(lines)}    SHA-256: {sha256}"), sha256
    )


def _name(kind: str, code: str, scheme: Scheme, parties: Mapping[str, Party]) -> str:
    if kind == PAYER:
        return scheme.party_name(code)
    return party_name(parties, code) if kind == POOL else code


_Told = Iterable[tuple[str, str, Line]]
"""(party, insurance, line)"""


def _pool_lines(pools: Iterable[PoolLine], scheme: Scheme, parties: Mapping[str, Party]) -> _Told:
    for one in pools:
        if one.bearer in INTER_POOL:
            home, care = str(one.home_pool), str(one.care_pool)
            yield home, one.insutype, _pool_line(LOCAL if one.local else PAYS, care, one, scheme, parties)
            if not one.local:
                yield care, one.insutype, _pool_line(RECEIVES, home, one, scheme, parties)


def _payer_lines(pools: Iterable[PoolLine], scheme: Scheme, parties: Mapping[str, Party]) -> _Told:
    for one in pools:
        if one.bearer not in INTER_POOL:
            line = _pool_line(str(one.home_pool), str(one.care_pool), one, scheme, parties)
            yield one.party, one.insutype, line


def _pool_line(role: str, pool: str, one: PoolLine, scheme: Scheme, parties: Mapping[str, Party]) -> Line:
    return Line(
        (role, pool, party_name(parties, pool), one.insutype, one.fund, scheme.fund_name(one.insutype, one.fund)),
        (one.items, one.runs_fen, one.withheld_fen, one.carried_in_fen, one.deducted_fen, one.due_fen,
         one.prepaid_fen, one.to_pay_fen),
    )  # fmt: skip


def _institution_lines(
    institutions: Iterable[InstitutionLine], scheme: Scheme, parties: Mapping[str, Party]
) -> _Told:
    for one in institutions:
        pool = str(one.book_pool)
        role = one.bearer if one.bearer not in INTER_POOL else LOCAL if one.local else "pool"
        yield one.fixmedins_code, one.insutype, Line(
            (role, pool, party_name(parties, pool), one.insutype, one.fund, scheme.fund_name(one.insutype, one.fund)),
            (one.items, one.runs_fen, one.withheld_fen, one.carried_in_fen, one.deducted_fen, one.due_fen,
             one.advanced_fen, one.to_pay_fen),
        )  # fmt: skip
