"""`python -m homepool explain SETL_ID`: who paid what of a bill and why, from the home book."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from homepool.errors import HomePoolError

if TYPE_CHECKING:
    from homepool.benefits import Policy
    from homepool.settlement_words import Explanation

HELP: Final = """Who paid what of a bill and why, layer by layer: the decision of a setl_id as the home book of
DSGW_POSTGRES_DSN holds it, with the terms of the policy that it was decided by. Amounts in yuan. Examples:

python -m homepool explain AGMVB5Q4LIAGPCF2SJ3V5QYQ4A

python -m homepool explain AGMVB5Q4LIAGPCF2SJ3V5QYQ4A --json
"""


class SettlementUnknown(HomePoolError):
    """There is nothing to explain; the message says why."""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", help=HELP)(explain_settlement)


def explain_settlement(
    setl_id: Annotated[str, typer.Argument(help="The 26 characters of a settlement, cancel or reversal.")],
    policies: Annotated[
        Path | None,
        typer.Option(envvar="DSGW_DATA_DIR", help="A folder of policies; left out: those shipped."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures in fen, and the words.")] = False,
) -> None:
    """Explain one decision."""
    from homepool.policy.files import load_policies
    from runtime import operators

    book = {policy.version: policy for policy in load_policies(policies)}
    found = operators.run(_explained(operators.OperatorSettings.read().dsn, setl_id.strip().upper(), book))
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        _print(found)


async def _explained(dsn: str, setl_id: str, policies: "dict[str, Policy]") -> "Explanation":
    from homepool import postgres_book
    from homepool.settlement_words import explain_row
    from runtime.errors import IdMalformed
    from runtime.keys import setl_id_bytes

    try:
        wanted = setl_id_bytes(setl_id)
    except IdMalformed:
        raise SettlementUnknown(
            f"{setl_id!r} is no setl_id: 26 characters of A to Z and 2 to 7, as a settlement's answer gives it"
        ) from None
    async with postgres_book.opened(dsn, name="explain") as book:
        stored = (await book.rows([wanted])).get(wanted)
        if stored is None:
            raise SettlementUnknown(
                f"This home book holds no decision {setl_id}. Another node's may, or nothing was decided: ask the"
                " gateway that sent it."
            )
        row, settlement = stored.row, None
        if row.sign and row.settlement is not None and row.settlement != wanted:
            settlement = (await book.rows([row.settlement]))[row.settlement].row
        paid = settlement or row
        person = (await book.people([row.psn_no])).get(row.psn_no)
        age = person.age_on((settlement or row).day.isoformat()) if person else 0
    return explain_row(
        row,
        policy=policies.get(paid.policy_version),
        age=age,
        undone_by=stored.undone_by,
        settlement=settlement,
    )


def _print(found: "Explanation") -> None:
    from rich.console import Console
    from rich.table import Table

    from homepool.benefits.words import yuan

    console = Console()
    for line in found.words:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not found.layers:
        return
    sign = found.row.sign
    table = Table("who pays", "fund_pay_type", "reckoned on", "could have paid", "paid")
    for layer in found.layers:
        limit = yuan(layer.limit_left_fen) if layer.limit_left_fen else ""
        amount = yuan(sign * layer.amount_fen)
        table.add_row(layer.name, layer.fund_pay_type, yuan(layer.base_fen), limit, amount)
    table.add_row("cash", "", "", "", yuan(found.row.cash_fen))
    table.add_row("all", "", "", "", yuan(found.row.total_fen), style="bold")
    console.print(table)
