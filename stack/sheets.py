"""The settlement sheet (结算单) that a patient takes home: the bill by coverage, then who pays what, layer by layer.

Goal: what the national sheet says, in Chinese and English, made from the stored answer alone, as a hospital would print
it: the layers come from setldetail in the order that the home pool decided them, the rest is account and cash. The
person's name comes from the caller, masked: an answer carries none.
"""

from collections.abc import Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from proto.settlement.v1 import settlement_pb2 as pb
from stack.identities import ACCOUNT_FUNDS

INSURANCES: Final[Mapping[str, str]] = {
    "310": "职工医保 employees",
    "390": "居民医保 residents",
    "510": "生育保险 maternity",
}
CARE: Final[Mapping[str, str]] = {
    "11": "普通门诊 outpatient",
    "12": "门诊挂号 registration",
    "13": "急诊 emergency",
    "14": "门诊慢特病 chronic disease",
    "21": "住院 inpatient",
    "22": "外伤住院 inpatient, injury",
    "23": "转外诊治住院 inpatient, referred elsewhere",
    "24": "急诊转住院 inpatient from emergency",
    "41": "药店购药 pharmacy",
    "51": "生育门诊 maternity, outpatient",
    "52": "生育住院 maternity, inpatient",
}
FILINGS: Final[Mapping[str, str]] = {
    "local": "本地就医 at home",
    "long_term": "异地长期居住 long-term resident elsewhere",
    "referral": "异地转诊 referred elsewhere",
    "emergency": "异地急诊抢救 emergency elsewhere",
    "other": "其他临时外出 other temporary stay",
    "unfiled": "未备案 not filed",
}
FUNDS: Final[Mapping[str, str]] = {
    "310100": "employees' pooled fund",
    "310103": "maternity benefit of the employees' fund",
    "310200": "personal account",
    "320100": "civil servants' subsidy",
    "330100": "employees' large-expense subsidy",
    "370100": "enterprise supplement",
    "390100": "residents' pooled fund",
    "390500": "family account",
    "390200": "residents' big-illness insurance",
    "510100": "maternity insurance fund",
    "610100": "medical aid",
    "630100": "waived by the hospital",
}
"""English names of the national fund codes; the Chinese one stands in the answer."""


def yuan(fen: int) -> str:
    """An amount in fen as yuan with two decimals and thousands apart, exact."""
    sign, amount = "-" if fen < 0 else "", abs(fen)
    return f"{sign}{amount // 100:,}.{amount % 100:02}"


def masked(name: str) -> str:
    """A name as sheets on a counter show it: the first character, then stars."""
    return name[:1] + "＊" * max(len(name) - 1, 1)


def sheet(outcome: pb.Outcome, *, institution: str, name: str, places: Mapping[str, str]) -> RenderableType:
    """The sheet of one paid settlement or refund; `places` gives the name of a pool."""
    info = outcome.setlinfo
    refund = info.refd_setl_flag == "1"
    title = "医疗保险结算单（退费） Refund sheet" if refund else "医疗保险结算单 Settlement sheet"
    body = Group(
        _head(outcome, institution, name, places),
        _coverage(info),
        _payers(outcome),
        Text(f"结算编号 settlement {outcome.setl_id}   {outcome.setl_time}", style="dim"),
    )
    return Panel(body, title=title, width=100)


def _head(outcome: pb.Outcome, institution: str, name: str, places: Mapping[str, str]) -> RenderableType:
    info = outcome.setlinfo
    head = Table.grid(padding=(0, 2))
    home = places.get(info.insu_optins, info.insu_optins)
    care = places.get(info.fixmedins_poolarea, info.fixmedins_poolarea)
    head.add_row("姓名 Name", masked(name), "参保地 Insured in", home)
    head.add_row("医疗机构 Institution", institution, "就医地 Treated in", care)
    head.add_row(
        "险种 Insurance", INSURANCES.get(info.insutype, info.insutype),
        "医疗类别 Care", CARE.get(info.med_type, info.med_type),
    )  # fmt: skip
    head.add_row("备案 Filing", FILINGS.get(info.filing, info.filing), "年度 Year", info.year)
    return head


def _coverage(info: pb.SettlementInfo) -> RenderableType:
    table = Table(title="费用构成 The bill by coverage (yuan)", title_justify="left", expand=True)
    for heading in ("总费用\ntotal", "全自费\nnot covered", "超限价\nabove limit", "先行自付\nfirst pay"):
        table.add_column(heading, justify="right")
    table.add_column("政策范围内\nin scope", justify="right")
    table.add_column("起付线\ndeductible", justify="right")
    table.add_row(
        yuan(info.medfee_sumamt), yuan(info.fulamt_ownpay_amt), yuan(info.overlmt_selfpay),
        yuan(info.preselfpay_amt), yuan(info.inscp_scp_amt), yuan(info.act_pay_dedc),
    )  # fmt: skip
    return table


def _payers(outcome: pb.Outcome) -> RenderableType:
    info = outcome.setlinfo
    table = Table(title="谁付多少 Who pays what (yuan)", title_justify="left", expand=True)
    table.add_column("基金 Payer", ratio=4)
    table.add_column("金额 Amount", justify="right", ratio=2)
    table.add_column("说明 How it was reckoned", ratio=5)
    account_listed = False
    for detail in outcome.setldetail:
        account_listed |= detail.fund_pay_type in ACCOUNT_FUNDS
        name, english = detail.fund_pay_type_name, FUNDS.get(detail.fund_pay_type, detail.fund_pay_type)
        reckoned = detail.setl_proc_info.removeprefix(name).lstrip(": ")
        table.add_row(f"{name} {english}", yuan(detail.fund_payamt), reckoned)
    if info.acct_pay and not account_listed:
        family = f"其中共济 of it family {yuan(info.acct_mulaid_pay)}" if info.acct_mulaid_pay else ""
        table.add_row("个人账户 personal account", yuan(info.acct_pay), family)
    if info.hosp_part_amt:
        table.add_row("医院负担 borne by the hospital", yuan(info.hosp_part_amt), "")
    table.add_section()
    table.add_row("个人现金 cash", yuan(info.psn_cash_pay), f"账户余额 account balance {yuan(info.balc)}")
    table.add_row("合计 total", yuan(info.medfee_sumamt), "", style="bold")
    return table
