"""`python -m clearing wallet`: what wallet transfers (医保钱包) of a day moved between pools."""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.commands.proposal import DryRun
from clearing.options import ID_MAX, AsJson, Day, MaybeOperator, Operator, Reason, day_of, named
from clearing.periods import DayOrNone

if TYPE_CHECKING:
    from clearing.session import Session
    from clearing.wallet.wallet_day import WalletDay
    from clearing.wallet.wallet_resolutions import Decided
    from clearing.wallet.wallet_run import WalletResult

HELP: Final = """Wallet transfers of a day between pools: what both home nodes book of it, what is in transit, what
differs, and what the pools owe one another for it. With --as it is compared and written first; harmless to start again,
and a node that stayed out comes in a later batch. Close the day before (`run`). Exit code 1: look at it (a node stayed
out, or something differs). Examples:

python -m clearing wallet --date 2026-11-24 --as wang --dry-run

python -m clearing wallet --date 2026-11-24 --as wang

python -m clearing wallet --date yesterday --json
"""
RESOLVE_HELP: Final = """Settle a transfer of which two nodes do not say the same, by an action of its class: requery
(both are asked again), carry_over (what was credited is owed, and enters the wallet's next run; another person approves
it), return (nothing is owed, the sender's node gives it back), dispute. Examples:

python -m clearing wallet resolve AAAAAAAAAAIZE3OEJG2GQTTHVE --date 2026-11-24 --action requery --as wang

python -m clearing wallet resolve AAAAAAAAAAIZE3OEJG2GQTTHVE --date 2026-11-24 --action carry_over --as wang
 --reason "the sender's node was restored from a backup" --dry-run
"""
UNDO_HELP: Final = """Take a resolution back by a second entry; what it has moved comes back with the wallet's next run,
once another person has approved it. Example:

python -m clearing wallet undo 5 --as wang --reason "the sender's node has found it"
"""
TRANSFER_CHARACTERS_MAX: Final = 30
LOOK_EXIT: Final = 1


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(invoke_without_command=True, help=HELP)
    group.callback()(wallet)
    group.command("resolve", help=RESOLVE_HELP)(resolve)
    group.command("undo", help=UNDO_HELP)(undo)
    app.add_typer(group, name="wallet")


def wallet(
    context: typer.Context,
    day: DayOrNone = "",
    operator: MaybeOperator = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run and show."""
    from clearing import session
    from clearing.wallet.wallet_day import wallet_day
    from clearing.wallet.wallet_run import opened_wallets, run_wallet

    if context.invoked_subcommand is not None:
        return
    if not day:
        raise typer.BadParameter("say of which day", param_hint="--date")
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
    unsettled = any(one["state"] != "resolved" for one in found.differences)
    if unsettled or (result is not None and result.absent):
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
            ("transfer", "from pool", "to pool", "what", "sent", "credited", "state", "what may be done"),
            [
                (one["transfer_id"], one["pool"], one["to_pool"], one["class"],
                 *("" if one[side] is None else yuan(one[side]) for side in ("sent_fen", "credited_fen")),
                 _stands(one), ", ".join(one["actions"]) if one["state"] in ("open", "disputed") else "")
                for one in found.differences
            ],
            nothing="", title="differences: not paid",
        )  # fmt: skip
        typer.echo(
            f"Settle one: python -m clearing wallet resolve TRANSFER --date {day} --action ACTION --as NAME"
        )


def _stands(one: dict[str, Any]) -> str:
    if one["state"] == "proposed":
        return f"proposal {one['proposal']} waits"
    if one["state"] == "open":
        return "open, not paid"
    return f"{one['state']}: resolution {one['resolution']}, {one['action']}"


def resolve(
    transfer: Annotated[str, typer.Argument(metavar="TRANSFER", help="Its id, as `wallet` shows it.")],
    day: Day,
    action: Annotated[str, typer.Option(help="One of those that its class has.")],
    operator: Operator,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Settle a difference."""
    from clearing import session
    from clearing.wallet.wallet_actions import WalletAction
    from clearing.wallet.wallet_resolutions import resolve as settle
    from clearing.wallet.wallet_run import opened_wallets

    if action not in list(WalletAction):
        raise typer.BadParameter(f"actions are {', '.join(WalletAction)}", param_hint="--action")
    wanted, name = day_of(day), named(operator)
    if not transfer.isalnum() or len(transfer) > TRANSFER_CHARACTERS_MAX:
        raise typer.BadParameter("that is no id of a transfer", param_hint="TRANSFER")

    async def done(opened: "Session") -> "Decided":
        async with (
            session.trying(opened, dry_run),
            opened_wallets(opened.settings.books_at()) as wallets,
        ):
            return await settle(
                opened.connection, wanted, transfer, WalletAction(action), operator=name, reason=reason,
                wallets=wallets,
            )  # fmt: skip

    _told(session.asked(done), dry_run=dry_run)


def undo(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="Of the resolution.")],
    operator: Operator,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Take back."""
    from clearing import session
    from clearing.wallet.wallet_resolutions import undo as taken_back

    name = named(operator)

    async def done(opened: "Session") -> "Decided":
        async with session.trying(opened, dry_run):
            return await taken_back(opened.connection, number, operator=name, reason=reason)

    _told(session.asked(done), dry_run=dry_run)


def _told(done: "Decided", *, dry_run: bool) -> None:
    from clearing import session
    from clearing.commands.proposal import told
    from clearing.commands.tables import yuan

    if done.proposal is not None:
        typer.echo(told(done.proposal, new=done.new, dry_run=dry_run))
    elif dry_run:
        typer.echo("It could be done. A dry run: nothing was changed.")
    else:
        typer.echo(
            f"Resolution {done.resolution} stands"
            + (
                f"; {yuan(done.amount_fen)} yuan enter the next run of the wallet."
                if done.amount_fen
                else "."
            )
        )
    typer.echo(session.UNAUTHENTICATED, err=True)
