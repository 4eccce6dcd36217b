"""The gallery's sheets: short ones on the screen, all of them in full in a folder, and the filings side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from proto.settlement.v1 import settlement_pb2 as pb
from stack.gallery import FILED_BY_TURNS, Sheet
from stack.identities import ACCOUNT_FUNDS
from stack.sheets import CARE, FILINGS, INSURANCES, sheet, yuan

BASIS_POINTS_A_PERCENT: Final = 100
WIDTH: Final = 110
SIDE_BY_SIDE: Final = "the same stay"
"""How the titles of the sheets begin that are compared."""


def percent(basis_points: int) -> str:
    """A ratio as per cent, exact."""
    whole, rest = divmod(basis_points, BASIS_POINTS_A_PERCENT)
    return f"{whole}.{rest:02} %" if rest else f"{whole} %"


def short(one: Sheet, places: Mapping[str, str]) -> list[str]:
    """A sheet in a few lines: the bill by coverage, what each payer pays and why."""
    info = one.outcome.setlinfo
    home, care = (places.get(pool, pool) for pool in (info.insu_optins, info.fixmedins_poolarea))
    lines = [
        f"[{info.med_type}] {CARE.get(info.med_type, '')} · {one.title}",
        f"     {INSURANCES.get(info.insutype, info.insutype)} of {home}, treated in {care};"
        f" {FILINGS.get(info.filing, info.filing)}; year {info.year};"
        f" deductible {yuan(info.act_pay_dedc)}, pooled fund at {percent(info.pool_prop_selfpay)}",
        f"     bill {yuan(info.medfee_sumamt)} = not covered {yuan(info.fulamt_ownpay_amt)}"
        f" + above limit {yuan(info.overlmt_selfpay)} + first pay {yuan(info.preselfpay_amt)}"
        f" + in scope {yuan(info.inscp_scp_amt)}",
    ]
    paid = [(row.fund_payamt, row.setl_proc_info or row.fund_pay_type_name) for row in one.outcome.setldetail]
    if info.acct_pay and not any(row.fund_pay_type in ACCOUNT_FUNDS for row in one.outcome.setldetail):
        paid.append((info.acct_pay, f"个人账户; of it family {yuan(info.acct_mulaid_pay)}"))
    if info.hosp_part_amt:
        paid.append((info.hosp_part_amt, "医院负担 borne by the hospital"))
    paid.append((info.psn_cash_pay, "个人现金 cash"))
    return [*lines, *[f"     {yuan(fen):>12}  {said}" for fen, said in paid]]


def side_by_side(sheets: Sequence[Sheet]) -> Table:
    """The same bill under one filing after the other."""
    table = Table(title="The same stay of the same person under each filing (yuan)", title_justify="left")
    table.add_column("filing", ratio=2)
    for heading in ("deductible", "pooled at", "funds", "account", "cash"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("how the filing counts", ratio=3)
    for one in sheets:
        if one.title.startswith(SIDE_BY_SIDE) and one.filing in FILED_BY_TURNS:
            info = one.outcome.setlinfo
            table.add_row(
                FILINGS[one.filing], yuan(info.act_pay_dedc), percent(info.pool_prop_selfpay),
                yuan(info.fund_pay_sumamt - (info.acct_pay if info.fund_includes_acct else 0)), yuan(info.acct_pay),
                yuan(info.psn_cash_pay), why(one.outcome),
            )  # fmt: skip
    return table


def why(outcome: pb.Outcome) -> str:
    """What the pooled fund's line says of the filing: what stands behind its last amounts."""
    said = outcome.setldetail[0].setl_proc_info if outcome.setldetail else ""
    return "; ".join(part for part in said.split("; ") if "filed" in part or "ratio" in part) or said


def print_all(
    sheets: Sequence[Sheet], told: Sequence[str], places: Mapping[str, str], console: Console
) -> None:
    """Every sheet in short, the filings side by side, and what happened besides."""
    for one in sheets:
        for line in short(one, places):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(side_by_side(sheets))
    for sentence in told:
        console.print(f"  • {sentence}", highlight=False, markup=False)


def write_all(sheets: Sequence[Sheet], places: Mapping[str, str], folder: Path) -> None:
    """Each sheet in full as a text file, named by number, med_type and filing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(sheets, 1):
        encounter = one.visit.encounter
        name = f"{number:02}-{one.outcome.setlinfo.med_type}-{one.filing.replace(' ', '_')}.txt"
        with (folder / name).open("w", encoding="utf-8") as file:
            page = Console(file=file, width=WIDTH, force_terminal=False)
            page.print(f"{one.title}\n", markup=False, highlight=False)
            page.print(
                sheet(
                    one.outcome,
                    institution=encounter.institution.name,
                    name=encounter.patient.name,
                    places=places,
                )
            )
