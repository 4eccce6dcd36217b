"""`python -m clearing prepayment`: what pools have paid each other ahead, and how long it lasts."""

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clearing.commands.proposal import DryRun, told
from clearing.options import ID_MAX, AsJson, Operator, day_of, fen_of, named

if TYPE_CHECKING:
    from clearing.prepaid.prepayment import Account, Rules
    from clearing.session import Session

PREPAYMENT_HELP: Final = """Prepayments between agencies (预付金): quota, what is left, how much of the quota is used, and
the day on which it runs out if days go on as the last 30 did. An account is HOME/CARE/INSUTYPE/FUND: a home pool with a
care pool, under one insurance and from one fund. Exit code 1: one of them is red. Examples:

python -m clearing prepayment

python -m clearing prepayment --json

python -m clearing prepayment quota 450100/440100/310/310100 --yuan 2000000 --as wang

python -m clearing prepayment top-up 450100/440100/310/310100 --as wang

python -m clearing prepayment received 7 --reference 20261124-0031 --as zhao
"""
QUOTA_HELP: Final = """Agree on a quota; another person approves it. Without --yuan it is twice the monthly average of the
last quarter of the year before. Examples:

python -m clearing prepayment quota 450100/440100/310/310100 --as wang --dry-run

python -m clearing prepayment quota 450100/440100/310/310100 --yuan 2000000 --as wang
"""
TOP_UP_HELP: Final = """Ask the home pool for money; another person approves it, and when it has arrived its receipt is
booked. Without --yuan it is what fills the account up to its quota. Examples:

python -m clearing prepayment top-up 450100/440100/310/310100 --as wang --dry-run

python -m clearing prepayment top-up 450100/440100/310/310100 --yuan 500000 --as wang
"""
RECEIVED_HELP: Final = """An approved top-up has arrived: both pools' books say so. Whoever approved it may not say it.
Example:

python -m clearing prepayment received 7 --reference 20261124-0031 --as zhao
"""
RED_EXIT: Final = 1

AccountText = Annotated[str, typer.Argument(metavar="ACCOUNT", help="HOME/CARE/INSUTYPE/FUND.")]
Yuan = Annotated[str, typer.Option("--yuan", help="Such as 1250000.50.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(invoke_without_command=True, help=PREPAYMENT_HELP)
    group.callback()(prepayment)
    group.command("quota", help=QUOTA_HELP)(quota)
    group.command("top-up", help=TOP_UP_HELP)(top_up)
    group.command("received", help=RECEIVED_HELP)(received)
    app.add_typer(group, name="prepayment")


def prepayment(context: typer.Context, as_json: AsJson = False) -> None:
    """List."""
    from clearing import session
    from clearing.prepaid.prepayment import load_rules
    from clearing.prepaid.prepayment_book import accounts

    if context.invoked_subcommand is not None:
        return
    rules = load_rules()

    async def looked(opened: "Session") -> "tuple[list[Account], date]":
        return await accounts(opened.connection, opened.today, rules), opened.today

    found, today = session.asked(looked)
    if as_json:
        typer.echo(json.dumps([one.as_json(today, rules) for one in found], ensure_ascii=False, indent=1))
    else:
        _print(found, today, rules)
    if any(one.level(rules) == "red" for one in found):
        raise typer.Exit(RED_EXIT)


def _print(found: "list[Account]", today: date, rules: "Rules") -> None:
    from clearing.commands.tables import show, yuan
    from clearing.parties import load_parties, party_label

    parties = load_parties()

    def pool(code: int) -> str:
        return party_label(parties, str(code))

    rows = [
        (pool(one.key.home_pool), pool(one.key.care_pool), one.key.insutype, one.key.fund, yuan(one.quota_fen),
         yuan(one.balance_fen), yuan(one.accrued_fen), yuan(one.left_fen), percent(one.used_bp),
         one.level(rules), one.runs_out(today, rules) or "not in sight")
        for one in found
    ]  # fmt: skip
    head = (
        "paid by", "held by", "ins.", "fund", "quota", "paid ahead", "days owe", "left", "used", "alert", "runs out"
    )  # fmt: skip
    show(head, rows, nothing="No prepayment has a quota.")
    if found:
        typer.echo(
            f"Amounts in yuan. days owe: what is in no closed month yet. runs out: linear, as the last"
            f" {rules.forecast_days} days. Yellow from {percent(rules.yellow_bp)}, red from {percent(rules.red_bp)}."
        )


def percent(basis_points: int) -> str:
    """7035 basis points are 70.35 %."""
    return f"{basis_points // 100}.{basis_points % 100:02} %"


def quota(of: AccountText, operator: Operator, yuan: Yuan = "", dry_run: DryRun = False) -> None:
    """Agree on a quota."""
    from clearing.prepaid.prepayment_book import propose_quota

    _proposed(of, yuan, operator, propose_quota, dry_run=dry_run)


def top_up(of: AccountText, operator: Operator, yuan: Yuan = "", dry_run: DryRun = False) -> None:
    """Ask for money."""
    from clearing.prepaid.prepayment_book import propose_top_up

    _proposed(of, yuan, operator, propose_top_up, dry_run=dry_run)


def _proposed(
    of: str,
    amount: str,
    operator: str,
    propose: "Callable[..., Awaitable[tuple[int, bool]]]",
    *,
    dry_run: bool,
) -> None:
    from clearing import session
    from clearing.commands.tables import yuan
    from clearing.prepaid.prepayment import load_rules, read_key
    from clearing.proposals import found

    key, fen, name, rules = read_key(of), fen_of(amount) if amount else None, named(operator), load_rules()
    if key is None:
        raise typer.BadParameter(f"{of} is no account; give HOME/CARE/INSUTYPE/FUND", param_hint="ACCOUNT")

    async def done(opened: "Session") -> tuple[int, bool, int]:
        async with session.trying(opened, dry_run):
            number, new = await propose(
                opened.connection, key, fen, operator=name, today=opened.today, rules=rules
            )
            return number, new, (await found(opened.connection, number)).amount_fen

    number, new, proposed_fen = session.asked(done)
    typer.echo(f"{of}: {yuan(proposed_fen)} yuan.")
    typer.echo(told(number, new=new, dry_run=dry_run))
    typer.echo(session.UNAUTHENTICATED, err=True)


def received(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="The top-up's proposal.")],
    reference: Annotated[str, typer.Option(help="The bank's reference of the payment; no personal data.")],
    operator: Operator,
    day: Annotated[str, typer.Option("--date", metavar="DAY", help="When it arrived; today.")] = "today",
    dry_run: DryRun = False,
) -> None:
    """Book a receipt."""
    from clearing import session
    from clearing.prepaid.prepayment_book import receive

    name, on = named(operator), day_of(day)

    async def done(opened: "Session") -> None:
        async with session.trying(opened, dry_run):
            await receive(opened.connection, number, day=on, reference=reference, operator=name)

    session.asked(done)
    typer.echo(f"Top-up {number} {'could be' if dry_run else 'is'} booked as received.")
    typer.echo(session.UNAUTHENTICATED, err=True)
