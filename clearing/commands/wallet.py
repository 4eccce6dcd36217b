"""`python -m clearing wallet`: what wallet transfers (医保钱包) of a day moved between pools."""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.options import AsJson, Day, day_of

if TYPE_CHECKING:
    from clearing.wallet.wallet_run import WalletResult
    from runtime.postgres import Connection

HELP: Final = """Wallet transfers of a day between pools: what both home nodes book of it, what is in transit, what
differs, and what the pools owe one another for it. With --as it is compared and written first; harmless to start again,
and a node that stayed out comes in a later batch. Close the day before (`run`). Exit code 1: look at it (a node stayed
out, or something differs). Examples:

python -m clearing wallet --date 2026-11-24 --as wang

python -m clearing wallet --date yesterday --json
"""
LOOK_EXIT: Final = 1


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("wallet", help=HELP)(wallet)


def wallet(
    day: Day,
    operator: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Who runs it; left out: only show what was run.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Run and show."""
    from runtime import operators

    result, found = operators.run(_looked(day_of(day), operator.strip()))
    if as_json:
        run = None if result is None else result._asdict()
        typer.echo(
            json.dumps({"day": day_of(day).isoformat(), "run": run, **found}, ensure_ascii=False, indent=1)
        )
    else:
        _print(day_of(day), result, found)
    if found["differences"] or (result is not None and result.absent):
        raise typer.Exit(LOOK_EXIT)


async def _looked(day: date, operator: str) -> "tuple[WalletResult | None, dict[str, Any]]":
    from clearing import session
    from clearing.operator_log import note
    from clearing.wallet.wallet_run import opened_wallets, run_wallet

    async with session.opened() as opened:
        result = None
        if operator:
            async with opened_wallets(opened.settings.books_at()) as wallets:
                result = await run_wallet(
                    day, connection=opened.connection, wallets=wallets, operator=operator,
                    program=session.PROGRAM,
                )  # fmt: skip
            await note(opened.connection, operator, "wallet", f"day {day}", result._asdict())
        return result, await _found(opened.connection, day)


async def _found(connection: "Connection", day: date) -> dict[str, Any]:
    sums = await connection.fetch(
        "SELECT batch, pool, to_pool, kind, items, amount_fen FROM wallet_sum WHERE day = $1"
        " ORDER BY batch, pool, to_pool, kind",
        day,
    )
    positions = await connection.fetch(
        "SELECT debtor, creditor, isum(items) AS items, isum(amount_fen) AS amount_fen FROM wallet_position"
        " WHERE day = $1 GROUP BY 1, 2 ORDER BY 1, 2",
        day,
    )
    differences = await connection.fetch(
        "SELECT batch, transfer_id, pool, to_pool, class, sent_fen, credited_fen FROM wallet_difference"
        " WHERE day = $1 ORDER BY batch, transfer_id",
        day,
    )
    batches = await connection.fetchval("SELECT count(*) FROM wallet_run WHERE day = $1", day)
    return {
        "batches": batches,
        "sums": [dict(one) for one in sums],
        "positions": [dict(one) for one in positions],
        "net": _net(positions),
        "differences": [dict(one) for one in differences],
    }


def _net(positions: Any) -> list[dict[str, int]]:
    """What each pool receives on balance; the sum over all is zero."""
    net: dict[int, int] = {}
    for one in positions:
        net[one["debtor"]] = net.get(one["debtor"], 0) - one["amount_fen"]
        net[one["creditor"]] = net.get(one["creditor"], 0) + one["amount_fen"]
    return [{"pool": pool, "amount_fen": fen} for pool, fen in sorted(net.items())]


def _print(day: date, result: "WalletResult | None", found: dict[str, Any]) -> None:
    from clearing.commands.tables import show, yuan

    if result is not None and result.batch is not None:
        typer.echo(
            f"{day}, batch {result.batch}: {result.pairs} pairs of nodes, {result.credited} transfers credited,"
            f" {yuan(result.fen)} yuan, {result.differences} differences."
        )
    elif result is not None:
        typer.echo(
            f"{day}: nothing was left to run; every pair of nodes that answers is in a run of this day."
        )
    elif not found["batches"]:
        typer.echo(f"{day}: the wallet was not run; give --as NAME.")
        return
    for node, why in result.absent.items() if result is not None else ():
        typer.echo(f"stayed out: {node}. {why}")
    show(
        ("from pool", "to pool", "leg", "items", "yuan"),
        [
            (one["pool"], one["to_pool"], one["kind"], one["items"], yuan(one["amount_fen"]))
            for one in found["sums"]
        ],
        nothing="No wallet transfer touched this day.", title="legs by both nodes' books",
    )  # fmt: skip
    show(
        ("owes", "to", "items", "yuan"),
        [(one["debtor"], one["creditor"], one["items"], yuan(one["amount_fen"])) for one in found["positions"]],
        nothing="No pool owes another anything for wallets.", title="positions, fund wallet",
    )  # fmt: skip
    if found["net"]:
        show(
            ("pool", "net yuan"),
            [(one["pool"], yuan(one["amount_fen"])) for one in found["net"]],
            nothing="", title="net",
        )  # fmt: skip
    if found["differences"]:
        show(
            ("transfer", "from pool", "to pool", "what", "sent", "credited"),
            [
                (one["transfer_id"], one["pool"], one["to_pool"], one["class"],
                 *("" if one[side] is None else yuan(one[side]) for side in ("sent_fen", "credited_fen")))
                for one in found["differences"]
            ],
            nothing="", title="differences: not paid",
        )  # fmt: skip
