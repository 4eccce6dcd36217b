"""`python -m homepool status`: how a home node stands, for operators."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from homepool.status import NodeStatus

HELP: Final = """How a home node stands: its partitions and whether their writers are alive, decisions of today (China
time), the last closed day, parked items that wait for people, and loads. It only looks, at the database of
DSGW_POSTGRES_DSN; the queue is the worker's own knowledge, from its metrics page. Exit code 1: that page was asked for
and did not answer. Examples:

DSGW_POSTGRES_DSN=postgresql://… python -m homepool status --node 44

python -m homepool status --node 44 --metrics http://127.0.0.1:9100/metrics

python -m homepool status --node 44 --json
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status", help=HELP)(status)


def status(
    node: Annotated[int, typer.Option(help="The home node, such as 44.")],
    metrics: Annotated[
        str,
        typer.Option(help="Metrics page of a worker; left out: that of DSGW_METRICS_PORT.", metavar="URL"),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Look once."""
    from runtime import operators

    found, page = operators.run(_looked(node, metrics))
    if as_json:
        typer.echo(json.dumps(found.as_json() | {"process": page}, ensure_ascii=False, indent=1))
    else:
        _print(found, page)
    if page is not None and "error" in page:
        raise typer.Exit(operators.PAGE_MISSING_EXIT)


async def _looked(node: int, metrics: str) -> "tuple[NodeStatus, dict[str, Any] | None]":
    from homepool.status import node_status, page_status
    from runtime import operators
    from runtime.clock import SystemClock, china_date

    settings = operators.OperatorSettings.read()
    day = china_date(SystemClock().now_ms())
    async with operators.looking(settings.dsn, name=f"operator {node}", book="home book") as connection:
        found = await node_status(connection, node=node, day=day)
    return found, operators.process_told(metrics, settings, page_status)


def _print(found: "NodeStatus", page: dict[str, Any] | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from homepool.parked_command import parked_table

    console = Console()
    console.print(f"Home node {found.node}, {found.day}.", highlight=False)
    if found.closed is None:
        console.print("No day was ever closed.")
    else:
        last = found.closed
        console.print(
            f"Last closed day: {last.day}, by {last.operator} at {last.closed_at}.",
            highlight=False,
            markup=False,
        )
    table = Table("partition", "writer", "term", "version", "next number", "day", "decisions today")
    for one in found.partitions:
        decided = ", ".join(f"{count} {status}" for status, count in one.decisions_today.items()) or "none"
        writer = "alive" if one.writer_alive else "[bold red]none[/]"
        figures = (str(figure) for figure in (one.term, one.version, one.next_number))
        table.add_row(str(one.partition), writer, *figures, one.day, decided)
    if found.partitions:
        console.print(table)
    else:
        console.print("No worker has ever served a partition of this book.")
    console.print(
        f"Parked: {found.parked_waiting} wait for people, {found.parked_all} in all.", highlight=False
    )
    if found.parked:
        console.print(parked_table(found.parked))
    loads = Table("what", "differences", "last at", title="loads")
    for load in found.loads:
        loads.add_row(load.what, str(load.differences), load.last_at)
    for file in found.files_unfinished:
        loads.add_row(
            f"{file.what}, unfinished", f"{file.rows_done} of {file.rows_all} rows", file.changed_at
        )
    if loads.row_count:
        console.print(loads)
    _print_page(console, page)


def _print_page(console: Any, page: dict[str, Any] | None) -> None:
    if page is None:
        console.print("Queue: not asked; give --metrics URL or DSGW_METRICS_PORT.")
        return
    if "error" in page:
        console.print(f"Queue: {page['error']}", markup=False, soft_wrap=True)
        return
    since = page["decisions_since_takeover"]
    console.print(
        f"Items waiting: {page['items_waiting']}; decisions since the last takeover: {since}.",
        highlight=False,
    )
    for what, count in page["alarms"].items():
        console.print(f"Alarm, {count} times: {what}", markup=False, style="bold red")
