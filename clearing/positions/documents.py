"""The clearing documents that finance works with: one per pool, institution and outside payer, employees and residents
apart. Pure: lines, totals and their CSV; `workbook.py` prints the same.

The official forms' names and columns were not found; the columns are put together from field names of the national
interface (docs/positions.md says which). Amounts are fen inside and yuan with two places in every file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from clearing.parties import Party
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
from clearing.scheme import ACCOUNT, INTER_POOL, Scheme
from ledger.rows import FUND_PAYERS, PAYERS

POOL, INSTITUTION, PAYER = "pools", "institutions", "payers"
KINDS: Final = (POOL, INSTITUTION, PAYER)
FIGURES: Final = (
    *COUNTS,
    Column("medfee_sumamt", "医疗费总额"),
    Column("fund_pay_sumamt", "基金支付总额"),
    Column("hifp_pay", "统筹基金"),
    Column("hifmi_pay", "大病保险"),
    Column("hifob_pay", "大额补助"),
    Column("cvlserv_pay", "公务员补助"),
    Column("hifes_pay", "企业补充"),
    Column("hifdm_pay", "伤残人员"),
    Column("maf_pay", "医疗救助"),
    Column("commercial", "商保慈善"),
    Column("oth_pay", "其他基金"),
    Column("acct_pay", "个人账户"),
    Column("acct_mulaid_pay", "其中共济"),
    Column("psn_cash_pay", "个人现金"),
    Column("hosp_part_amt", "医院负担"),
    Column("owed_fund", "统筹区间基金应付"),
    Column("owed_account", "统筹区间个账返还"),
    Column("owed_outside", "统筹区外支付方"),
    Column("carried_in", "结转入"),
    Column("set_aside", "差异挂起"),
)
"""Of pools and institutions. carried_in stands in the others, set_aside in none: both by the whole bill."""
PAYER_FIGURES: Final = (Column("psntime", "人次"), Column("amount", "应付金额"))
KEYS: Final = {
    POOL: (Column("role", "方向"), Column("pool", "对方统筹区"), Column("name", "名称"), Column("insutype", "险种")),
    INSTITUTION: (
        Column("insu_admdvs", "参保地"), Column("name", "名称"), Column("insutype", "险种"),
        Column("clr_type", "清算类别"), Column("route", "就医类型"),
    ),
    PAYER: (
        Column("home_pool", "参保地"), Column("care_pool", "就医地"), Column("insutype", "险种"), Column("fund", "基金"),
    ),
}  # fmt: skip
ROUTES: Final = {1: "本市", 2: "省内异地", 3: "跨省异地"}
TITLES: Final = {
    POOL: "异地就医统筹区间清算表",
    INSTITUTION: "定点医药机构结算清分表",
    PAYER: "统筹区外支付方应付表",
}


class Sums(NamedTuple):
    """What the runs of a period paid under one key: counts and fen, by the columns of a settlement row."""

    items: int
    refunds: int
    amounts: Mapping[str, int]  # total_fen and every payer
    carried_fen: int  # of total_fen
    aside_fen: int


@dataclass(slots=True)
class Document:
    """One party's document of one book (employees or residents)."""

    kind: str
    code: str
    name: str
    book: str
    period: str
    lines: list[Line] = field(default_factory=list)
    items: int = 0  # of the item list
    items_sha256: str = ""  # empty: the item list was not drawn

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns behind the keys."""
        return PAYER_FIGURES if self.kind == PAYER else FIGURES

    @property
    def totals(self) -> tuple[int, ...]:
        """Sums of the lines; a document without lines has zeros."""
        return summed((), self.lines, len(self.columns)).figures

    @property
    def file_name(self) -> str:
        """Without a suffix."""
        return file_name(self.code)

    @property
    def sheet(self) -> Sheet:
        """As it is printed."""
        keys = KEYS[self.kind]
        return Sheet(
            sheet_name(self.book),
            f"{TITLES[self.kind]}（{BOOK_LABELS.get(self.book, self.book)}）",
            f"{self.code} {self.name if self.name != self.code else ''}".strip(),
            self.period,
            keys,
            self.columns,
            self.lines,
            [Line((TOTAL, *[""] * (len(keys) - 1)), self.totals)],
            f"明细 items: {self.items}    SHA-256: {self.items_sha256 or 'not drawn'}",
        )


def figures(
    sums: Sums, bearers: Mapping[str, str], *, includes_account: bool, local: bool = False
) -> tuple[int, ...]:
    """A line's figures. fund_pay_sumamt is told with the personal account where the dialect says so (identity I8).

    `local`: of route 1 (本市) nothing is owed between pools.
    """
    of = sums.amounts
    account = of["account_fen"] + of["family_fen"]
    owed = dict.fromkeys(("pool", "outside"), 0)
    for payer in FUND_PAYERS:
        owed["pool" if bearers[payer] in INTER_POOL else "outside"] += of[payer]
    fund = sum(of[payer] for payer in FUND_PAYERS)
    return (
        sums.items, sums.refunds, of["total_fen"], fund + (account if includes_account else 0),
        *[of[payer] for payer in FUND_PAYERS], account, of["family_fen"], of["cash_fen"], of["hospital_fen"],
        0 if local else owed["pool"], 0 if local else account, owed["outside"], sums.carried_fen, sums.aside_fen,
    )  # fmt: skip


def bearers_of(scheme: Scheme, insutype: str) -> dict[str, str]:
    """Who bears each column under an insurance."""
    return {
        one.payer: one.bearer for one in scheme.funds if one.insutype == insutype and one.payer != ACCOUNT
    }


def includes_account(parties: Mapping[str, Party], pool: int) -> bool:
    """A pool's dialect of fund_pay_sumamt; an unknown pool's is without the account."""
    party = parties.get(str(pool))
    return party is not None and party.fund_includes_account


def csv_text(document: Document) -> str:
    """Header of field names, lines, and the totals as the last line."""
    return sheet_csv(document.sheet)


assert len(FIGURES) == len(COUNTS) + 2 + len(PAYERS) + 5
