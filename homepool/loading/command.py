"""`python -m homepool load KIND FILE --node 44`: people and what belongs to them into a home book, from elsewhere."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from homepool.loading.run import Progress
    from runtime.postgres import Connection

HELP: Final = """Load people, insurances, identities, filings, relatives, accounts or accumulators from CSV or JSON lines
into the home book of DSGW_POSTGRES_DSN, while the node works. docs/loading.md has the columns and sample files.

A wrong file is refused as a whole, with line and reason. One transaction, or with --resumable in parts whose position is
kept, so that a load that ended goes on where it was. Again is harmless: a row_id is applied once. Examples:

python -m homepool load people docs/samples/people.csv --node 44

python -m homepool load accounts docs/samples/accounts.csv --node 44 --dry-run

python -m homepool load accumulators big.jsonl --node 44 --resumable

Without a kind the file holds whole records, as `python -m homepool people` writes them:

python -m homepool load --node 44 people.jsonl
"""
RECORDS: Final = "records"

File = Annotated[Path, typer.Argument(help="The file: .csv, .jsonl or .ndjson.")]
Node = Annotated[int, typer.Option(help="The home node, 44.")]


class KindsGroup(TyperGroup):
    """Sub-commands by kind; a file without a kind holds whole records."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the kind in where it is left out: before an option, or before what has a file's suffix."""
        kindless = bool(args) and args[0] not in self.commands and args[0] != "--help"
        if kindless and (args[0].startswith("-") or Path(args[0]).suffix):
            args = [RECORDS, *args]
        return super().parse_args(ctx, args)


def attach(app: typer.Typer) -> None:
    """Add the command with one sub-command per kind."""
    from homepool.loading.kinds import KINDS

    load = typer.Typer(cls=KindsGroup, no_args_is_help=True, help=HELP)
    for kind in KINDS.values():
        needed = ", ".join(column.name for column in kind.by_name.values() if column.needed)
        others = ", ".join(column.name for column in kind.by_name.values() if not column.needed)
        help_text = f"Load {kind.about}.\n\nColumns: {needed}; may be left out: {others or 'none'}."
        load.command(kind.name, help=help_text)(_command(kind.name))
    load.command(RECORDS, help="Load whole people of this node, one JSON object per line.")(load_records)
    app.add_typer(load, name="load")


def _command(name: str) -> Callable[..., None]:
    def load_kind(
        file: File,
        node: Node,
        resumable: Annotated[
            bool, typer.Option("--resumable", help="In parts; the next run goes on behind the last one.")
        ] = False,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only look whether it could be loaded.")
        ] = False,
    ) -> None:
        """Load a file of one kind."""
        from homepool.loading.book import House
        from homepool.loading.kinds import KINDS
        from homepool.loading.run import load
        from homepool.policy.files import load_policies
        from runtime import operators

        async def run() -> None:
            house = House(node=node, policies=load_policies(operators.OperatorSettings.read().data_dir))
            async with _connection(node) as connection:
                with _progress() as progress:
                    done = await load(
                        connection, file, KINDS[name], house=house, resumable=resumable, dry_run=dry_run,
                        progress=progress,
                    )  # fmt: skip
            if dry_run:
                typer.echo(f"{done.rows} rows of {name} could be loaded, {done.known} of them known")
                return
            skipped = f", {done.skipped} behind the position of an earlier run" if done.skipped else ""
            typer.echo(f"{done.rows} rows of {name}: {done.applied} applied, {done.known} known{skipped}")

        operators.run(run())

    return load_kind


def load_records(
    file: Annotated[Path, typer.Argument(help="People, one JSON object per line.")],
    node: Annotated[int, typer.Option(help="The home node, 44; people of other nodes are left out.")],
) -> None:
    """Load whole people; again is harmless, and the node may be running."""
    from homepool.loading.load import load_people
    from homepool.loading.people import read_people
    from runtime import operators

    async def run() -> None:
        for _ in read_people(file):  # the whole file, before anything is written
            pass
        async with _connection(node) as connection:
            done = await load_people(connection, read_people(file), node=node)
        typer.echo(
            f"{done.people} people of node {node} loaded ({done.elsewhere} of other nodes left out),"
            f" {done.differences} differences applied, {done.known} known"
        )

    operators.run(run())


def _connection(node: int) -> "contextlib.AbstractAsyncContextManager[Connection]":
    from homepool.schema import migrated
    from runtime import logs
    from runtime.operators import OperatorSettings

    logs.configure(process=f"load-{node}")
    return migrated(OperatorSettings.read().dsn, name=f"load {node}")


@contextlib.contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on stderr where somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield show
