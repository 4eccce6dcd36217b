"""`python -m homepool parked …`: items that could not be decided, for the people who look at them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from homepool.parked import ParkedItem, Tried
    from ledger.rows import Row

HELP: Final = """Items that could not be decided and were parked for people to look at. Each was answered DECLINED
INTERNAL. That outcome is final: no command changes it, whatever it prints. Whoever sent it sends a new message, with a
new msgid. The database is that of DSGW_POSTGRES_DSN."""
LIST_HELP: Final = """The parked items that nobody has looked at, the oldest first. Examples:

python -m homepool parked list

python -m homepool parked list --all --json
"""
SHOW_HELP: Final = """One parked item: why, what was asked and what was answered. Of the person only the last four
characters of psn_no. Example:

python -m homepool parked show AGMVB5Q4LIAGPCF2SJ3V5QYQ4A
"""
RELEASE_HELP: Final = """Mark a parked item as looked at: who, when and a note. Its outcome is final and stays DECLINED
INTERNAL. No personal data in a note. Example:

python -m homepool parked release AGMVB5Q4LIAGPCF2SJ3V5QYQ4A --as wang --note "policy mended, hospital told"
"""
RETRY_HELP: Final = """What would a parked item be now? It is decided again on the book of this moment by this program and
its policies, its deadline left out of account, and nothing is written: its outcome is final and stays DECLINED INTERNAL.
Balances are looked at, not drawn on. Exit code 1: it would be parked again. Example:

python -m homepool parked retry AGMVB5Q4LIAGPCF2SJ3V5QYQ4A
"""
FINAL: Final = (
    "An outcome is final: it stays DECLINED INTERNAL. Nothing was written; a new message gets a new outcome."
)
PARKED_AGAIN_EXIT: Final = 1

ItemId = Annotated[str, typer.Argument(metavar="ID", help="The setl_id, as `parked list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as JSON, amounts in fen.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("list", help=LIST_HELP)(list_items)
    group.command("show", help=SHOW_HELP)(show)
    group.command("release", help=RELEASE_HELP)(release)
    group.command("retry", help=RETRY_HELP)(retry)
    app.add_typer(group, name="parked")


def list_items(
    everything: Annotated[bool, typer.Option("--all", help="Also what was looked at.")] = False,
    items_max: Annotated[int, typer.Option("--max", min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List."""
    from rich.console import Console

    from homepool.parked import parked_items
    from runtime import operators

    async def looked() -> "list[ParkedItem]":
        async with _looking() as connection:
            return await parked_items(connection, items_max=items_max, released_too=everything)

    items = operators.run(looked())
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in items], ensure_ascii=False, indent=1))
    elif items:
        Console().print(parked_table(items))
    else:
        typer.echo("Nothing is parked." if everything else "Nothing parked waits for people.")


def show(setl_id: ItemId, as_json: AsJson = False) -> None:
    """Show one."""
    from homepool.parked import item_facts, parked_item
    from runtime import operators

    async def looked() -> dict[str, Any]:
        async with _looking() as connection:
            parked, item, row = await parked_item(connection, _typed(setl_id))
            return parked.as_json() | {"item": item_facts(item), "outcome": _outcome(row)}

    found = operators.run(looked())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for name, value in (*found.items(), *found["item"].items()):
        if name not in ("item", "outcome") and value not in (None, ""):
            typer.echo(f"{name:16} {value}")
    typer.echo(f"{'outcome':16} {found['outcome']}, final")


def release(
    setl_id: ItemId,
    by: Annotated[str, typer.Option("--as", metavar="NAME", help="Who has looked at it.")],
    note: Annotated[str, typer.Option(help="What was found; no personal data.")] = "",
    as_json: AsJson = False,
) -> None:
    """Mark as looked at."""
    from homepool.parked import released
    from runtime import operators

    if not by.strip():
        raise typer.BadParameter("say who has looked at it", param_hint="--as")

    async def noted() -> "ParkedItem":
        async with _looking(writes=True) as connection:
            return await released(connection, _typed(setl_id), by=by.strip(), note=note.strip())

    done = operators.run(noted())
    if as_json:
        typer.echo(json.dumps(done.as_json(), ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{_typed(setl_id)} is marked as looked at by {done.released_by}. Its outcome stays.")


def retry(setl_id: ItemId, as_json: AsJson = False) -> None:
    """Decide again, on paper."""
    from runtime import operators

    found, stands = operators.run(_tried(_typed(setl_id)))
    if as_json:
        from dataclasses import asdict

        said = asdict(found) | {"parked_again": found.parked_again, "outcome": stands, "final": FINAL}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        typer.echo(tried_words(found))
        typer.echo(FINAL)
    if found.parked_again:
        raise typer.Exit(PARKED_AGAIN_EXIT)


async def _tried(setl_id: str) -> "tuple[Tried, str]":
    from homepool.benefits import settle
    from homepool.parked import parked_item, tried
    from homepool.policy.files import load_policies
    from runtime.clock import SystemClock
    from runtime.operators import OperatorSettings

    async with _looking(writes=True) as connection:  # a temporary table, which is rolled back
        parked, item, row = await parked_item(connection, setl_id)
        found = await tried(
            connection, item, partition=parked.partition, node=row.node if row else 0,
            now_ms=SystemClock().now_ms(), policies=load_policies(OperatorSettings.read().data_dir), settle=settle,
        )  # fmt: skip
        return found, _outcome(row)


def tried_words(found: "Tried") -> str:
    """What an item would be now, in a sentence."""
    from homepool.benefits.words import yuan

    if found.error:
        return f"It would be parked again: deciding it raises {found.error}."
    if found.guard:
        return f"It would be parked again: its row breaks {found.guard}."
    if found.code:
        return f"Now it would be {found.status} {found.code}."
    if not found.amounts_fen:
        return f"Now it would be {found.status}; no money would move."
    amounts = {name.removesuffix("_fen"): yuan(fen) for name, fen in found.amounts_fen.items()}
    return (
        f"Now it would be {found.status}: of {amounts['total']} yuan {amounts['fund_sum']} from the funds,"
        f" {amounts['account']} from the account, {amounts['family']} from relatives', {amounts['cash']} in cash,"
        f" {amounts['hospital']} borne by the institution."
    )


def parked_table(items: "Sequence[ParkedItem]") -> "Table":
    """Items as a table; who has looked only where somebody has."""
    from rich.table import Table
    from rich.text import Text

    looked = any(one.released_by for one in items)
    table = Table("setl_id", "partition", "why", "since (UTC)", *(("looked at", "note") if looked else ()))
    for one in items:
        said = one.as_json()
        cells = [said["setl_id"], str(one.partition), one.why, f"{one.parked_at:%Y-%m-%d %H:%M:%S}"]
        if looked:
            by = f"{one.released_by}, {one.released_at:%Y-%m-%d %H:%M}" if one.released_at else ""
            cells += [by, one.note or ""]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _outcome(row: "Row | None") -> str:
    from ledger.life import Status

    return f"{Status(row.status).name} {row.code}".strip() if row else "none: it came without an id"


def _typed(setl_id: str) -> str:
    return setl_id.strip().upper()


def _looking(*, writes: bool = False) -> Any:
    from runtime import operators

    settings = operators.OperatorSettings.read()
    return operators.looking(settings.dsn, name="operator parked", book="home book", writes=writes)
