"""`python -m clearing month|year`: closed days rolled up into a month's document, and months into a year's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.commands.proposal import DryRun, told
from clearing.options import YEAR_MAX, YEAR_MIN, AsJson, MaybeOperator, named
from clearing.periods import Period, period_of

if TYPE_CHECKING:
    from clearing.months.month_book import MonthStands
    from clearing.months.month_document import Document
    from clearing.months.year_book import YearDocument
    from clearing.session import Session
    from clearing.workdays import Due

MONTH_HELP: Final = """The clearing document of a month: its closed days rolled up per insurance and fund, between pools,
by institution, and for payers outside the pools; what institutions listed and did not confirm is left out and comes
with the next month. With --as it is proposed; another person approves, and then it is closed for ever: what comes
later is in a later month's document. Without --as it only looks. With --out it is written, one XLSX and CSV per pool,
institution and payer outside the pools, employees and residents apart, with control totals and hashes; index.csv comes
last. Exit code 1: it cannot be closed yet, or is not; 2: refused. Examples:

python -m clearing month --month 2026-11

python -m clearing month --month 2026-11 --as wang --dry-run

python -m clearing month --month 2026-11 --as wang

python -m clearing month --month 2026-11 --json > 2026-11.json

python -m clearing month --month 2026-11 --out documents
"""
YEAR_HELP: Final = """The annual closing (年度清算): what each institution is due for a year by its closed months, what of
it was paid, what audits took, and what is left to pay. Proposed with --as, approved by another person. Exit code 1: it
cannot be closed yet, or is not; 2: refused. Examples:

python -m clearing year --year 2026

python -m clearing year --year 2026 --as wang
"""
LOOK_EXIT: Final = 1
LINES_SHOWN_MAX: Final = 100


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("month", help=MONTH_HELP)(month)
    app.command("year", help=YEAR_HELP)(year)


def month(
    of: Annotated[str, typer.Option("--month", metavar="MONTH", help="yyyy-MM.")],
    operator: MaybeOperator = "",
    early: Annotated[
        bool,
        typer.Option("--early", help="Before the month is over; its other days enter the next document."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the document into a folder of its own.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Propose, look, or write."""
    from clearing import session
    from clearing.months.month_book import latest_document, propose_month, stands
    from clearing.workdays import load_workdays

    period, name = period_of("", of), named(operator) if operator.strip() else ""

    async def done(opened: "Session") -> "tuple[MonthStands, Document | None, bool]":
        new = False
        async with session.trying(opened, dry_run):
            standing = await stands(opened.connection, period, opened.today)
            if name:
                _, new = await propose_month(
                    opened.connection, opened.books, period, operator=name, today=opened.today, early=early
                )
            return standing, await latest_document(opened.connection, period), new

    standing, found, new = session.asked(done)
    dues = load_workdays().of_month(period.first.year, period.first.month)
    folder = _written(found, period, out) if out is not None and not dry_run else ""
    if as_json:
        told_json = _as_json(period, standing, found, dues) | ({"folder": folder} if folder else {})
        typer.echo(json.dumps(told_json, ensure_ascii=False, indent=1, default=str))
    else:
        _print(period, standing, found, dues)
        if folder:
            typer.echo(f"written: {folder}, index.csv")
    if name and found is not None:
        if not as_json:
            typer.echo(told(found.proposal, new=new, dry_run=dry_run))
        typer.echo(session.UNAUTHENTICATED, err=True)
    elif not standing.closed:
        raise typer.Exit(LOOK_EXIT)


def _written(found: "Document | None", period: Period, out: Path) -> str:
    """The folder of the files. What cannot be written is a sentence and exit code 2."""
    from clearing.months.month_files import write_month
    from clearing.parties import load_parties
    from clearing.scheme import load_scheme

    said = f"{period.text} has no document yet; propose it with --as NAME."
    if found is not None:
        try:
            return str(write_month(found, out, scheme=load_scheme(), parties=load_parties()).folder)
        except OSError as failed:
            said = f"{failed.filename or out} cannot be written: {failed.strerror}."
    typer.echo(f"error: {said}", err=True)
    raise typer.Exit(2)


def _as_json(
    period: Period, standing: "MonthStands", found: "Document | None", dues: "Sequence[Due]"
) -> dict[str, Any]:
    return {
        "month": period.text, "stands": standing._asdict(), "fault": standing.fault(period),
        "due": [one._asdict() for one in dues], "document": found.as_json() if found else None,
    }  # fmt: skip


def _print(period: Period, standing: "MonthStands", found: "Document | None", dues: "Sequence[Due]") -> None:
    from clearing.commands.tables import yuan

    if fault := standing.fault(period):
        typer.echo(fault)
    elif not standing.over:
        typer.echo(f"{period.text} is not over: it closes with --early only.")
    for one in standing.absent:
        typer.echo(f"stayed out, what it brings later is in the next month's document: {one}")
    if standing.differences:
        typer.echo(
            f"{standing.differences} differences are open, {yuan(standing.stake_fen)} yuan at stake: what is resolved"
            " enters a later day."
        )
    for day, batch in standing.late:
        typer.echo(f"{day} batch {batch} was run after its month was closed: it is in this document.")
    for due in dues:
        typer.echo(f"{due.what} by {due.by}{', by a calendar not yet announced' if due.provisional else ''}")
    if found is not None:
        _print_document(found)


def _print_document(found: "Document") -> None:
    from clearing.commands.tables import yuan
    from clearing.parties import load_parties, party_label
    from clearing.scheme import load_scheme

    scheme, parties = load_scheme(), load_parties()

    def pool(code: int) -> str:
        return party_label(parties, str(code))

    def fund(insutype: str, code: str) -> str:
        return f"{code} {scheme.fund_name(insutype, code)}"

    late = sum(late for _, _, late in found.runs)
    typer.echo(
        f"\n{found.month}, document {found.proposal}, {'closed' if found.state == 'approved' else found.state}:"
        f" {len(found.runs)} runs, {late} of them late, {found.withheld} unconfirmed settlements left out."
        f" Made by {found.made_by}, checked by {found.checked_by or 'nobody'}. Amounts in yuan."
    )
    rows = [
        (one.insutype, fund(one.insutype, one.fund), scheme.party_name(one.party) or pool(one.home_pool),
         f"{pool(one.care_pool)}{' (local)' if one.local else ''}", one.items, yuan(one.runs_fen), yuan(one.withheld_fen),
         yuan(one.carried_in_fen), yuan(one.deducted_fen), yuan(one.prepaid_fen), yuan(one.to_pay_fen))
        for one in found.pools
    ]  # fmt: skip
    head = (
        "ins.",
        "fund",
        "pays",
        "to",
        "items",
        "days",
        "withheld",
        "carried in",
        "deducted",
        "prepaid",
        "to pay",
    )
    _shown(head, rows, "between pools, and payers outside them")
    rows = [
        (one.fixmedins_code, pool(one.book_pool), one.insutype, fund(one.insutype, one.fund), one.items,
         yuan(one.runs_fen), yuan(one.withheld_fen), yuan(one.carried_in_fen), yuan(one.deducted_fen),
         yuan(one.advanced_fen), yuan(one.to_pay_fen))
        for one in found.institutions
    ]  # fmt: skip
    head = (
        "institution", "by", "ins.", "fund", "items", "days", "withheld", "carried in", "deducted", "advanced", "to pay"
    )  # fmt: skip
    _shown(head, rows, "institutions")
    typer.echo(
        f"To pay between pools and from outside: {yuan(sum(one.to_pay_fen for one in found.pools))} yuan."
    )


def _shown(head: tuple[str, ...], rows: Sequence[tuple[Any, ...]], title: str) -> None:
    from clearing.commands.tables import show

    show(head, rows[:LINES_SHOWN_MAX], nothing=f"{title}: nothing.", title=title)
    if len(rows) > LINES_SHOWN_MAX:
        typer.echo(f"{len(rows) - LINES_SHOWN_MAX} more lines; --json has them all.")


def year(
    of: Annotated[int, typer.Option("--year", metavar="YEAR", min=YEAR_MIN, max=YEAR_MAX, help="yyyy.")],
    operator: MaybeOperator = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Propose, or look."""
    from clearing import session
    from clearing.months.year_book import document, fault, propose_year
    from clearing.workdays import load_workdays

    name = named(operator) if operator.strip() else ""

    async def done(opened: "Session") -> "tuple[str, YearDocument | None, bool]":
        new = False
        async with session.trying(opened, dry_run):
            why = await fault(opened.connection, of, opened.today)
            if name:
                _, new = await propose_year(opened.connection, of, operator=name, today=opened.today)
            return why, await document(opened.connection, of), new

    why, found, new = session.asked(done)
    due = load_workdays().of_year(of)
    if as_json:
        told_due = due._asdict() if due else None
        said = {"year": of, "fault": why, "due": told_due, "document": found.as_json() if found else None}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1, default=str))
    else:
        _print_year(why, due, found)
    if name and found is not None:
        if not as_json:
            typer.echo(told(found.proposal, new=new, dry_run=dry_run))
        typer.echo(session.UNAUTHENTICATED, err=True)
    elif found is None or found.state != "approved":
        raise typer.Exit(LOOK_EXIT)


def _print_year(why: str, due: "Due | None", found: "YearDocument | None") -> None:
    from clearing.commands.tables import yuan

    if why:
        typer.echo(why)
    if due is not None:
        typer.echo(f"{due.what} by {due.by}{', by a calendar not yet announced' if due.provisional else ''}")
    if found is None:
        return
    typer.echo(
        f"\n{found.year}, document {found.proposal}, {'closed' if found.state == 'approved' else found.state}, of"
        f" {', '.join(found.months)}. Made by {found.made_by}, checked by {found.checked_by or 'nobody'}."
        " Amounts in yuan."
    )
    rows = [
        (one.fixmedins_code, one.insutype, one.items, yuan(one.total_fen), yuan(one.payable_fen), yuan(one.paid_fen),
         yuan(one.refused_fen), yuan(one.borne_fen), yuan(one.to_pay_fen))
        for one in found.lines
    ]  # fmt: skip
    head = (
        "institution", "ins.", "settlements", "发生总金额", "应付", "已付", "不予支付", "医疗机构承担", "年度清算需结付"
    )  # fmt: skip
    _shown(head, rows, f"annual closing {found.year}")
