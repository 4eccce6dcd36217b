"""`python -m gateway status`: how a care region stands, for operators."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from gateway.status import RegionStatus

HELP: Final = """How a care region stands: what is open by home partition and since when, what the gateway decided alone
and booked today (China time), visits and bills, the last day summed with each home node. It only looks, at the database
of DSGW_POSTGRES_DSN; queues and silent nodes are the process's own knowledge, from its metrics page. Exit code 1: that
page was asked for and did not answer. Examples:

DSGW_POSTGRES_DSN=postgresql://… python -m gateway status --region 44

python -m gateway status --region 44 --metrics http://127.0.0.1:9100/metrics

python -m gateway status --region 44 --json
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status", help=HELP)(status)


def status(
    region: Annotated[str, typer.Option(help="Care region of the directory, such as 44.")],
    metrics: Annotated[
        str, typer.Option(help="Metrics page of a slot; left out: that of DSGW_METRICS_PORT.", metavar="URL")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON; ages in ms.")] = False,
) -> None:
    """Look once."""
    from runtime import operators

    found, page = operators.run(_looked(region, metrics))
    if as_json:
        typer.echo(json.dumps(found.as_json() | {"process": page}, ensure_ascii=False, indent=1))
    else:
        _print(found, page)
    if page is not None and "error" in page:
        raise typer.Exit(operators.PAGE_MISSING_EXIT)


async def _looked(region: str, metrics: str) -> "tuple[RegionStatus, dict[str, Any] | None]":
    from gateway.status import page_status, region_status
    from runtime import operators
    from runtime.clock import SystemClock, china_date

    settings = operators.OperatorSettings.read()
    now_ms = SystemClock().now_ms()
    async with operators.looking(settings.dsn, name=f"operator {region}", book="care book") as connection:
        found = await region_status(
            connection, region=region, day=china_date(now_ms), now_ms=now_ms, data=settings.data_dir
        )
    return found, operators.process_told(metrics, settings, page_status)


def _print(found: "RegionStatus", page: dict[str, Any] | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from runtime.operators import age_text

    console = Console()
    slots = ", ".join(map(str, found.slots)) or "none"
    console.print(f"Care region {found.region}, {found.day}; slots with a session: {slots}.", highlight=False)
    table = Table("node", "partition", "open", "oldest", "its setl_id", title="open messages")
    for one in found.open:
        age = age_text(one.oldest_ms)
        table.add_row(str(one.node), str(one.partition), str(one.messages), age, one.oldest_setl_id)
    if found.open:
        console.print(table)
    else:
        console.print("No message is open.")
    figures = Table("what", "which", "count", title="books")
    for what, counts in (
        ("decided alone today", found.own_decisions_today),
        ("booked today", found.booked_today),
        ("visits", found.visits),
        (
            "bills",
            {"alive": found.bills_alive, "undone": found.bills_undone, "not sealed": found.bills_unsealed},
        ),
    ):
        for which, count in (counts or {"": 0}).items():
            figures.add_row(what, which, str(count))
    console.print(figures)
    _print_days(console, found)
    _print_page(console, page)


def _print_days(console: Any, found: "RegionStatus") -> None:
    from rich.table import Table

    if not found.summed:
        console.print("No day was ever summed with a home node.")
        return
    table = Table("node", "last summed day", "decisions", "fetched", "refused", title="days")
    for one in found.summed:
        table.add_row(str(one.node), one.day, str(one.decisions), str(one.fetched), str(one.refused))
    console.print(table)


def _print_page(console: Any, page: dict[str, Any] | None) -> None:
    from rich.table import Table

    if page is None:
        console.print("Queues and silent nodes: not asked; give --metrics URL or DSGW_METRICS_PORT.")
        return
    if "error" in page:
        console.print(f"Queues and silent nodes: {page['error']}", markup=False, soft_wrap=True)
        return
    table = Table("queue", "length", title="process")
    for words, count in page["queues"].items():
        table.add_row(words, "" if count is None else str(count))
    console.print(table)
    silent = ", ".join(page["silent_partitions"]) or "none"
    console.print(f"Silent (node/partition): {silent}.", highlight=False)
    for what, count in page["alarms"].items():
        console.print(f"Alarm, {count} times: {what}", markup=False, style="bold red")
