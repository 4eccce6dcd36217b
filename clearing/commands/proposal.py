"""`python -m clearing proposals`: what waits for a second person, and that person's word."""

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clearing.options import ID_MAX, AsJson, Operator, named

if TYPE_CHECKING:
    from clearing.proposals import Proposal
    from clearing.session import Session

PROPOSALS_HELP: Final = """What was proposed about money: closing months and years, prepayments, payouts, advances, audit
deductions, wallet differences. A proposal does nothing until another person approves it. Examples:

python -m clearing proposals

python -m clearing proposals --all --json

python -m clearing proposals approve 12 --as li --dry-run

python -m clearing proposals refuse 12 --as li --reason "run of the 20th comes first"
"""
APPROVE_HELP: Final = """Approve what another person proposed; it is done at once. Exit code 2: it is not, and nothing was
changed. Examples:

python -m clearing proposals approve 12 --as li --dry-run

python -m clearing proposals approve 12 --as li
"""
REFUSE_HELP: Final = """Refuse what another person proposed; it may be proposed again. Example:

python -m clearing proposals refuse 12 --as li --reason "run of the 20th comes first"
"""
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only look whether it could be done; changes nothing.")
]
Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="As `proposals` shows it.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(invoke_without_command=True, help=PROPOSALS_HELP)
    group.callback()(proposals)
    group.command("approve", help=APPROVE_HELP)(approve)
    group.command("refuse", help=REFUSE_HELP)(refuse)
    app.add_typer(group, name="proposals")


def proposals(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what nobody waits for any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """List."""
    from clearing import session
    from clearing.commands.tables import show, yuan
    from clearing.proposals import listed

    if context.invoked_subcommand is not None:
        return
    state = "" if everything else "waiting"
    found = session.asked(lambda opened: listed(opened.connection, state=state))
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=1))
        return
    rows = [
        (one.id, one.kind, one.about, yuan(one.amount_fen), one.state, one.made_by, one.checked_by)
        for one in found
    ]
    head = ("id", "kind", "about", "yuan", "state", "made by", "checked by")
    show(head, rows, nothing="Nothing waits for a second person.")


def approve(number: Number, operator: Operator, dry_run: DryRun = False) -> None:
    """Approve."""
    _checked(number, operator, refused=False, reason="", dry_run=dry_run)


def refuse(
    number: Number,
    operator: Operator,
    reason: Annotated[str, typer.Option(help="Why; no personal data.")] = "",
    dry_run: DryRun = False,
) -> None:
    """Refuse."""
    _checked(number, operator, refused=True, reason=reason, dry_run=dry_run)


def _checked(number: int, operator: str, *, refused: bool, reason: str, dry_run: bool) -> None:
    from clearing import session
    from clearing.approvals import APPLIED
    from clearing.commands.tables import yuan
    from clearing.proposals import check

    name = named(operator)

    async def done(opened: "Session") -> "Proposal":
        async with session.trying(opened, dry_run):
            return await check(
                opened.connection, number, operator=name, today=opened.today, applied=APPLIED, refuse=refused,
                reason=reason,
            )  # fmt: skip

    one = session.asked(done)
    verb = "could be" if dry_run else "is"
    typer.echo(f"Proposal {number} ({one.kind} {one.about}, {yuan(one.amount_fen)} yuan) {verb} {one.state}.")
    if dry_run:
        typer.echo("A dry run: nothing was changed.")
    typer.echo(session.UNAUTHENTICATED, err=True)


def told(number: int, *, new: bool, dry_run: bool) -> str:
    """What a maker is told of a proposal."""
    if dry_run:
        return "It could be proposed. A dry run: nothing was changed."
    again = "" if new else " was proposed before and"
    return f"Proposal {number}{again} waits for another person: python -m clearing proposals approve {number} --as NAME"
