"""`python -m clearing statements`: the documents of a day or a month into a folder, for finance to print and to sign."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.options import AsJson
from clearing.periods import Batch, DayOrNone, Month, Period, period_of

if TYPE_CHECKING:
    from clearing.positions.document_files import Written
    from clearing.session import Session

HELP: Final = """Statements of a day or a month: one XLSX and CSV per pool, institution and payer outside the pools,
employees and residents apart, with control totals and the SHA-256 of the list of items, which is written beside them.
A day has a folder for each of its batches, so a late batch changes no sheet that was signed. index.csv lists all and is
written last: without it a folder is not complete. Again gives the same figures. Examples:

python -m clearing statements --date 2026-11-23 --out statements

python -m clearing statements --month 2026-11 --out statements --pool 440100

python -m clearing statements --month 2026-11 --out statements --without-items --json
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("statements", help=HELP)(statements)


def statements(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where a folder of the period is made.")],
    day: DayOrNone = "",
    month: Month = "",
    pool: Annotated[str, typer.Option(metavar="POOL", help="Of this pool only.")] = "",
    institution: Annotated[str, typer.Option(metavar="CODE", help="Of this institution only.")] = "",
    batch: Batch = 0,
    without_items: Annotated[
        bool, typer.Option("--without-items", help="No item lists and no hash of them; asks no book.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write."""
    from clearing import session
    from runtime import operators
    from runtime.operators import NotAnswered

    period = period_of(day, month)
    if batch and period.is_month:
        raise typer.BadParameter("batches are a day's", param_hint="--batch")
    wanted = frozenset(filter(None, (pool, institution)))

    async def done() -> "list[Written]":
        async with session.opened() as opened:
            batches = await _batches(opened, period, batch)
            return [
                await _written(opened, period, out, wanted, one, with_items=not without_items)
                for one in batches
            ]

    try:
        written = operators.run(done())
    except OSError as failed:
        told = NotAnswered(f"{failed.filename or out} cannot be written: {failed.strerror}.")
        typer.echo(f"error: {told}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        folders = [one._asdict() | {"folder": str(one.folder)} for one in written]
        typer.echo(json.dumps({"period": period.text, "folders": folders}, ensure_ascii=False))
        return
    for one in written:
        kinds = ", ".join(f"{count} of {kind}" for kind, count in one.documents.items() if count)
        typer.echo(f"{one.folder}: {kinds or 'no statements'}, {one.items} items listed, index.csv")


async def _batches(opened: "Session", period: Period, wanted: int) -> list[int]:
    """A folder each: the batches of a day; a month is one whole, 0."""
    from clearing.positions.position_book import PositionReader

    if period.is_month or wanted:
        return [wanted]
    runs = await PositionReader(opened.connection, period.first, period.last).runs()
    return [batch for _, batch in runs] or [0]


async def _written(
    opened: "Session", period: Period, out: Path, wanted: frozenset[str], batch: int, *, with_items: bool
) -> "Written":
    from clearing.parties import load_parties
    from clearing.positions.document_files import write_documents
    from clearing.scheme import load_scheme

    with _progress() as progress:
        return await write_documents(
            opened.connection,
            period,
            out,
            books=opened.books if with_items else None,
            scheme=load_scheme(),
            parties=load_parties(),
            wanted=wanted,
            progress=progress,
            batch=batch,
        )


@contextmanager
def _progress() -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def step(what: str, done: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.update(tasks[what], completed=done)

        yield step
