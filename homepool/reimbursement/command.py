"""`python -m homepool reimburse …`: bills that people have paid in full are paid back by hand (零星报销)."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from homepool.errors import HomePoolError

if TYPE_CHECKING:
    from homepool.reimbursement.book import Entry
    from homepool.reimbursement.counter import Counter, Progress, Result
    from runtime.postgres import Connection

HELP: Final = """Pay back by hand what people have paid in full (零星报销), from the home book of DSGW_POSTGRES_DSN,
while the node works. Policy and accumulators are those of a direct settlement; the money goes to the person and none of
it is cleared. An invoice is paid once, directly or by hand. docs/reimbursement.md has the columns and a sample file."""
PAY_HELP: Final = """Decide the bills of a file: .csv, .jsonl or .ndjson, one application a row, amounts in fen.

A wrong file is refused whole. Each bill is a transaction of its own; the same file again pays nothing twice and gives the
same outcomes, so after a failure run it again. Exit code 1: some bill was declined or refused. Examples:

python -m homepool reimburse pay docs/samples/bills.csv --node 44 --as wang --dry-run

python -m homepool reimburse pay docs/samples/bills.csv --node 44 --as wang --json
"""
SHOW_HELP: Final = """Show applications, the newest first.

With an application number, invoice, psn_no or setl_id those that it names; one alone is shown as a sheet. Examples:

python -m homepool reimburse show

python -m homepool reimburse show SZ-2026-000017
"""
CANCEL_HELP: Final = """Take a payment back.

Accumulators and accounts are as without it, the person pays back what he got, and the invoice is free again. A new
attempt is a new application. Example:

python -m homepool reimburse cancel SZ-2026-000017 --pool 440300 --as wang
"""
NOT_ALL_PAID_EXIT: Final = 1
LOCK_TIMEOUT: Final = "5s"

Node = Annotated[int, typer.Option(help="The home node, 44.")]
By = Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides; it is noted.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as JSON, amounts in fen.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("pay", help=PAY_HELP)(pay)
    group.command("show", help=SHOW_HELP)(show)
    group.command("cancel", help=CANCEL_HELP)(cancel)
    app.add_typer(group, name="reimburse")


def pay(
    file: Annotated[Path, typer.Argument(help="The bills.")],
    node: Node,
    by: By,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be paid.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pay a file of bills."""
    from homepool.loading.book import House
    from homepool.loading.file import Faults
    from homepool.loading.load import LoadRefused
    from homepool.policy.files import load_policies
    from homepool.reimbursement.bill import read_bills
    from homepool.reimbursement.words import as_json as json_of
    from homepool.reimbursement.words import summary, word_of
    from runtime import operators
    from runtime.clock import SystemClock, china_date

    policies = load_policies(operators.OperatorSettings.read().data_dir)
    today = china_date(SystemClock().now_ms())
    bills = read_bills(file, house=House(node=node, policies=policies), today=today)

    async def run() -> "list[Result]":
        async with _counter(node, _named(by)) as counter:
            faults = Faults()
            await counter.unknown_people(bills, faults)
            if faults:
                raise LoadRefused(faults.in_words(file))
            if dry_run:
                return await counter.trial(bills)
            with _progress() as progress:
                return await counter.pay(bills, progress=progress)

    results = operators.run(run())
    if as_json:
        typer.echo(json.dumps([json_of(one) for one in results], ensure_ascii=False, indent=1))
    else:
        _print(results)
        typer.echo(summary(results, dry_run=dry_run))
    if any(word_of(one) != "PAID" for one in results):
        raise typer.Exit(NOT_ALL_PAID_EXIT)


def show(
    wanted: Annotated[str, typer.Argument(help="Application, invoice, psn_no or setl_id.")] = "",
    entries_max: Annotated[int, typer.Option("--max", min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show applications."""
    from homepool.postgres_book import PostgresBook
    from homepool.reimbursement.book import entries
    from homepool.reimbursement.counter import result_of
    from homepool.reimbursement.words import as_json as json_of
    from homepool.reimbursement.words import sheet
    from runtime import operators

    async def looked() -> "list[tuple[Entry, Result]]":
        async with _connection("reimburse show") as connection:
            found = await entries(connection, wanted=wanted, id_=_id_or_none(wanted), entries_max=entries_max)
            stored = await PostgresBook(connection).rows([entry.id for entry in found])
        return [(entry, result_of(entry.application, stored[entry.id])) for entry in found]

    found = operators.run(looked())
    if as_json:
        typer.echo(json.dumps([_entry_json(e) | json_of(r) for e, r in found], ensure_ascii=False, indent=1))
    elif wanted and len(found) == 1:
        for line in sheet(*found[0]):
            typer.echo(line)
    elif found:
        _print([result._replace(known=False) for _, result in found])
    else:
        typer.echo(
            "No such application is in this book." if wanted else "Nothing was reimbursed by hand yet."
        )


def cancel(
    application: Annotated[str, typer.Argument(help="The application's number.")],
    pool: Annotated[int, typer.Option(help="Whose money it was, 440300.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Take one payment back."""
    from homepool.benefits.words import yuan
    from homepool.reimbursement.words import as_json as json_of
    from runtime import operators

    async def run() -> "Result":
        async with _counter(pool // 10_000, _named(by)) as counter:
            return await counter.take_back(pool=pool, application=application)

    done = operators.run(run())
    if as_json:
        typer.echo(json.dumps(json_of(done), ensure_ascii=False, indent=1))
        return
    when = "was taken back before" if done.known else "is taken back"
    typer.echo(
        f"Application {application} {when}: the person pays back {yuan(-done.payout_fen)} yuan. Its invoice is free."
    )


class NameMissing(HomePoolError):
    """Say with --as who decides; it is noted with each application."""


def _named(by: str) -> str:
    if not by.strip():
        raise NameMissing
    return by.strip()


@contextlib.asynccontextmanager
async def _connection(name: str) -> "AsyncIterator[Connection]":
    from homepool.schema import migrated
    from runtime import logs
    from runtime.operators import OperatorSettings

    logs.configure(process="reimburse")
    async with migrated(OperatorSettings.read().dsn, name=name) as connection:
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        yield connection


@contextlib.asynccontextmanager
async def _counter(node: int, by: str) -> "AsyncIterator[Counter]":
    from homepool.benefits import settle
    from homepool.policy.files import load_policies
    from homepool.reimbursement.counter import Counter
    from runtime.clock import SystemClock
    from runtime.operators import OperatorSettings

    policies = load_policies(OperatorSettings.read().data_dir)
    async with _connection(f"reimburse {node}") as connection:
        yield Counter(connection, node=node, policies=policies, settle=settle, clock=SystemClock(), by=by)


def _id_or_none(text: str) -> bytes | None:
    from runtime.errors import IdMalformed
    from runtime.keys import setl_id_bytes

    try:
        return setl_id_bytes(text)
    except IdMalformed:
        return None


def _entry_json(entry: "Entry") -> dict[str, Any]:
    return {
        "pool": entry.pool,
        "institution": entry.institution,
        "decided_by": entry.decided_by,
        "decided_at": entry.decided_at.isoformat(),
        "cancelled_by": entry.cancelled_by,
        "cancelled_at": entry.cancelled_at.isoformat() if entry.cancelled_at else None,
    }


def _print(results: "list[Result]") -> None:
    from rich.console import Console
    from rich.table import Table

    from homepool.reimbursement.words import cells

    table = Table("application", "result")
    for heading in ("bill", "the person bears", "is paid out"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for one in results:
        table.add_row(*cells(one))
    Console().print(table)


@contextlib.contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on stderr where somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("deciding", total=None)

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        yield tell
