"""`python -m clearing wallet`: what wallet transfers (医保钱包) of a day moved between pools."""

import json
from datetime import date
from typing import TYPE_CHECKING, Final

import typer

from clearing.commands.proposal import DryRun, MaybeOperator
from clearing.options import AsJson, Day, day_of, named

if TYPE_CHECKING:
    from clearing.session import Session
    from clearing.wallet.wallet_day import WalletDay
    from clearing.wallet.wallet_run import WalletResult

HELP: Final = """Wallet transfers of a day between pools: what both home nodes book of it, what is in transit, what
differs, and what the pools owe one another for it. With --as it is compared and written first; harmless to start again,
and a node that stayed out comes in a later batch. Close the day before (`run`). Exit code 1: look at it (a node stayed
out, or something differs). Examples:

python -m clearing wallet --date 2026-11-24 --as wang --dry-run

python -m clearing wallet --date 2026-11-24 --as wang

python -m clearing wallet --date yesterday --json
"""
LOOK_EXIT: Final = 1


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("wallet", help=HELP)(wallet)


def wallet(
    day: Day,
    operator: MaybeOperator = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run and show."""
    from clearing import session
    from clearing.wallet.wallet_day import wallet_day
    from clearing.wallet.wallet_run import opened_wallets, run_wallet

    of, name = day_of(day), named(operator) if operator.strip() else ""

    async def done(opened: "Session") -> "tuple[WalletResult | None, WalletDay]":
        result = None
        async with session.trying(opened, dry_run):
            if name:
                async with opened_wallets(opened.settings.books_at()) as wallets:
                    result = await run_wallet(
                        of,
                        connection=opened.connection,
                        wallets=wallets,
                        operator=name,
                        program=session.PROGRAM,
                    )
            return result, await wallet_day(opened.connection, of)

    result, found = session.asked(done)
    if as_json:
        run = None if result is None else result._asdict()
        typer.echo(json.dumps({"day": str(of), "run": run, **found._asdict()}, ensure_ascii=False, indent=1))
    else:
        _print(of, result, found)
        if dry_run:
            typer.echo("A dry run: nothing was changed.")
    if found.differences or (result is not None and result.absent):
        raise typer.Exit(LOOK_EXIT)


def _print(day: date, result: "WalletResult | None", found: "WalletDay") -> None:
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
    elif not found.batches:
        typer.echo(f"{day}: the wallet was not run; give --as NAME.")
        return
    for node, why in result.absent.items() if result is not None else ():
        typer.echo(f"stayed out: {node}. {why}")
    show(
        ("from pool", "to pool", "leg", "items", "yuan"),
        [
            (one["pool"], one["to_pool"], one["kind"], one["items"], yuan(one["amount_fen"]))
            for one in found.sums
        ],
        nothing="No wallet transfer touched this day.", title="legs by both nodes' books",
    )  # fmt: skip
    show(
        ("owes", "to", "items", "yuan"),
        [(one["debtor"], one["creditor"], one["items"], yuan(one["amount_fen"])) for one in found.positions],
        nothing="No pool owes another anything for wallets.", title="positions, fund wallet",
    )  # fmt: skip
    if found.net:
        show(
            ("pool", "net yuan"),
            [(one["pool"], yuan(one["amount_fen"])) for one in found.net],
            nothing="", title="net",
        )  # fmt: skip
    if found.differences:
        show(
            ("transfer", "from pool", "to pool", "what", "sent", "credited"),
            [
                (one["transfer_id"], one["pool"], one["to_pool"], one["class"],
                 *("" if one[side] is None else yuan(one[side]) for side in ("sent_fen", "credited_fen")))
                for one in found.differences
            ],
            nothing="", title="differences: not paid",
        )  # fmt: skip
