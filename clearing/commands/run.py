"""`python -m clearing run|runs|status|verify`: the run of a day, and how runs stand."""

import contextlib
import json
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.commands.tables import show
from clearing.options import AsJson, Day, Operator, day_of, named
from clearing.periods import DayOrNone, Month, period_of

if TYPE_CHECKING:
    from clearing.day.run import Progress, RunResult
    from clearing.day.verify import Verified
    from clearing.session import Session

RUN_HELP: Final = """Run a day: close it at the home nodes, sum it in both books, compare them, classify what differs, and
write what both agree on. Harmless to start again, after a crash or on another machine: a pair of books is in one run of
a day only, and what did not answer comes in the next batch. Exit code 0: all is in and nothing differs; 1: look at it (a
book stayed out, or something differs); 2: it could not run. Examples:

python -m clearing run --date 2026-11-23 --as wang

python -m clearing run --date yesterday --as cron --json

python -m clearing run --date 2026-11-23 --as wang --dry-run
"""
RUNS_HELP: Final = """What was run, the latest first. Example:

python -m clearing runs --date 2026-11-23
"""
STATUS_HELP: Final = """How the books and the runs under way stand. Example:

python -m clearing status
"""
VERIFY_HELP: Final = """Recompute a day from its items, in both books, and compare with what was published: its runs,
positions and journals, and the payments, payouts, prepayments and documents that come of them. A month is recomputed in
clearing's own books, from its days' runs on. Exit code 1: something does not hold. Examples:

python -m clearing verify --date 2026-11-23

python -m clearing verify --month 2026-11
"""
LOOK_EXIT: Final = 1


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run", help=RUN_HELP)(run)
    app.command("runs", help=RUNS_HELP)(runs)
    app.command("status", help=STATUS_HELP)(status)
    app.command("verify", help=VERIFY_HELP)(verify)


def run(
    day: Day,
    operator: Operator,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be run; closes nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run."""
    from runtime import operators
    from runtime.clock import SystemClock, china_date

    if day_of(day) == china_date(SystemClock().now_ms()):
        # allowed, for whoever closes late in the evening; but nobody should do it without knowing
        typer.echo(f"{day_of(day)} is not over: what is settled after this counts on the next day.", err=True)
    if dry_run:
        plan = operators.run(_planned(day_of(day)))
        _print_plan(plan) if not as_json else typer.echo(json.dumps(plan, ensure_ascii=False))
        return
    result = operators.run(_ran(day_of(day), named(operator)))
    if as_json:
        typer.echo(json.dumps(_as_json(result), ensure_ascii=False))
    else:
        _print(result, day_of(day))
    if result.absent or result.differences:
        raise typer.Exit(LOOK_EXIT)


async def _ran(day: date, operator: str) -> "RunResult":
    from clearing import session
    from clearing.operator_log import note

    async with session.opened() as opened:
        with _bar() as show:
            result = await session.ran(opened, day, operator=operator, show=show)
        await note(opened.connection, operator, "run", f"day {day}", _as_json(result))
        return result


@contextlib.contextmanager
def _bar() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("begin", total=None)
        yield lambda step, done, of: bar.update(task, description=step, completed=done, total=of or None)


async def _planned(day: date) -> dict[str, Any]:
    from clearing import session
    from clearing.day.run import planned

    async with session.opened() as opened:
        pairs, absent = await planned(day, connection=opened.connection, books=opened.books)
    return {"day": day.isoformat(), "pairs": [f"{node}/{region}" for node, region in pairs], "absent": absent}


def _print_plan(plan: dict[str, Any]) -> None:
    pairs = ", ".join(plan["pairs"]) or "none"
    typer.echo(f"Would close {plan['day']} and run these pairs (node/region): {pairs}. Nothing was changed.")
    for book, why in plan["absent"].items():
        typer.echo(f"Would stay out: {book}. {why}")


def _as_json(result: "RunResult") -> dict[str, Any]:
    run_id = result.run
    return {
        "day": run_id.day.isoformat() if run_id else None, "batch": run_id.batch if run_id else None,
        "pairs": result.pairs, "items": result.items, "differences": result.differences,
        "carried": result.carried, "absent": result.absent,
    }  # fmt: skip


def _print(result: "RunResult", day: date) -> None:
    if result.run is None:
        typer.echo(
            f"{day}: nothing was left to run; every pair of books that answers is in a run of this day."
        )
    else:
        typer.echo(
            f"{day}, batch {result.run.batch}: {result.pairs} pairs of books, {result.items} decisions,"
            f" {result.differences} differences, {result.carried} resolutions carried in."
        )
    for book, why in result.absent.items():
        typer.echo(f"stayed out: {book}. {why}")
    if result.differences:
        typer.echo(f"`python -m clearing differences --date {day}` lists what differs.")


def runs(
    day: Annotated[str, typer.Option("--date", metavar="DAY", help="Only this day.")] = "",
    as_json: AsJson = False,
) -> None:
    """List runs."""
    from clearing import session, standing

    wanted = day_of(day) if day else None
    found = session.asked(lambda opened: standing.runs(opened.connection, day=wanted))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    show(
        ("day", "batch", "made", "by", "pairs", "decisions", "differences", "open", "stayed out"),
        [
            (
                one["day"], one["batch"], one["made_at"], one["made_by"], one["pairs"], one["items"],
                one["differences"], one["open"], ", ".join(one["absent"]),
            )
            for one in found
        ],
        nothing="Nothing was run yet.",
    )  # fmt: skip


def status(as_json: AsJson = False) -> None:
    """How books and runs stand."""
    from clearing import session
    from clearing.standing import status as asked

    found = session.asked(lambda opened: asked(opened.connection, opened.books))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    rows = [
        (one["book"], one["address"], one["open_day"], one["last_closed"], one["fault"])
        for one in found["books"]
    ]
    show(
        ("book", "address", "open day", "last closed", "fault"), rows,
        nothing="DSGW_BOOKS names no book: node:44=host:port,region:44=host:port,…",
    )  # fmt: skip
    for one in found["under_way"]:
        typer.echo(
            f"Run of {one['day']} by {one['operator']}, begun {one['began_at']}: {one['step']}"
            f" {one['done']}/{one['total']},"
            f" last heard of {one['at']}."
            + (
                ""
                if one["alive"]
                else f" It did not end: python -m clearing run --date {one['day']} --as NAME"
            )
        )
    for one in found["unpaid"]:
        typer.echo(
            f"{one['month']}, {one['kind']} between pools: {one['paid']} runs paid, {one['under_way']} under way,"
            f" {one['unpaid']} unpaid."
        )


def verify(day: DayOrNone = "", month: Month = "", as_json: AsJson = False) -> None:
    """Recompute."""
    from clearing import session, verification

    wanted = period_of(day, month)

    async def looked(opened: "Session") -> "Verified":
        if wanted.is_month:
            return await verification.verify_month(wanted, connection=opened.connection)
        return await verification.verify_day(wanted.first, connection=opened.connection, books=opened.books)

    found = session.asked(looked)
    if as_json:
        findings = [one._asdict() for one in found.findings]
        typer.echo(json.dumps(found._asdict() | {"findings": findings}, ensure_ascii=False, indent=1))
    else:
        typer.echo(
            f"{wanted.text}: {found.batches} batches, {found.pairs} pairs, {found.sums} sums recomputed."
        )
        if found.mended:
            typer.echo(
                f"{found.mended} items are told otherwise since, as they were settled by asking the books again."
            )
        for one in found.findings:
            typer.echo(f"does not hold: {one.where}: {one.what}")
        if not found.findings:
            typer.echo("Everything holds.")
    if found.findings:
        raise typer.Exit(LOOK_EXIT)
