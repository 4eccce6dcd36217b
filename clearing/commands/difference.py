"""`python -m clearing todo|differences|resolve|approve|refuse|undo|log`: what an operator looks at and decides."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.commands.proposal import DryRun
from clearing.options import AGE_DAYS_MAX, ID_MAX, AsJson, Operator, Reason, day_of, named

if TYPE_CHECKING:
    from clearing.day.difference_book import Kept
    from clearing.session import Session

TODO_HELP: Final = """What waits for you today, most urgent and largest first, with the command that does it. Example:

python -m clearing todo
"""
LIST_HELP: Final = """Differences between the books, the largest stake first: both sides' figures, class, age, owner, what
comes next. Examples:

python -m clearing differences

python -m clearing differences --date 2026-11-23 --class amount

python -m clearing differences --institution H44030500001 --age 3 --all --json
"""
RESOLVE_HELP: Final = """Settle a difference by an action of its class: requery (both books are asked again), fetch_again,
adopt_home, adopt_care, reverse, carry_over, dispute. Where money moves on your word, another person approves it, and it
enters the next run. Examples:

python -m clearing resolve 17 --action requery --as wang

python -m clearing resolve 18 --action adopt_home --as wang --reason "care row was edited by hand" --dry-run
"""
APPROVE_HELP: Final = """Approve what another person decided. Examples:

python -m clearing approve 5 --as li --dry-run

python -m clearing approve 5 --as li
"""
REFUSE_HELP: Final = """Refuse what another person decided; the difference is open again. Example:

python -m clearing refuse 5 --as li
"""
UNDO_HELP: Final = """Take a resolution back by a second entry; what has entered a run comes back negative in a later one.
Example:

python -m clearing undo 5 --as wang --reason "the hospital has found its receipt"
"""
LOG_HELP: Final = """Every operator action, in order. Examples:

python -m clearing log

python -m clearing log --by wang --json > log.json
"""


DIFFERING_SHOWN_MAX: Final = 3


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("todo", help=TODO_HELP)(todo)
    app.command("differences", help=LIST_HELP)(differences)
    app.command("resolve", help=RESOLVE_HELP)(resolve)
    app.command("approve", help=APPROVE_HELP)(approve)
    app.command("refuse", help=REFUSE_HELP)(refuse)
    app.command("undo", help=UNDO_HELP)(undo)
    app.command("log", help=LOG_HELP)(log)


def todo(as_json: AsJson = False) -> None:
    """What waits."""
    from clearing import session, standing
    from clearing.commands.tables import show, yuan

    found = session.asked(lambda opened: standing.waiting(opened.connection, opened.today))
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False, indent=1))
        return
    rows = [(one.what, yuan(one.amount_fen) if one.amount_fen else "", one.command) for one in found]
    show(("what", "at stake (yuan)", "command"), rows, nothing="Nothing waits for you.")


def differences(
    day: Annotated[str, typer.Option("--date", metavar="DAY", help="Of this day only.")] = "",
    kind: Annotated[
        str, typer.Option("--class", metavar="CLASS", help="Of this class only, such as amount.")
    ] = "",
    age_days: Annotated[
        int, typer.Option("--age", min=0, max=AGE_DAYS_MAX, help="At least so many days old.")
    ] = 0,
    institution: Annotated[str, typer.Option(help="Of this institution only.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is resolved.")] = False,
    as_json: AsJson = False,
) -> None:
    """List."""
    from datetime import timedelta

    from clearing import session
    from clearing.day.compare import DifferenceClass
    from clearing.day.difference_book import STATES, Filter, listed

    if kind and kind not in list(DifferenceClass):
        raise typer.BadParameter(f"classes are {', '.join(DifferenceClass)}", param_hint="--class")

    async def looked(opened: "Session") -> "tuple[list[Kept], Any]":
        oldest = opened.today - timedelta(days=age_days) if age_days else None
        wanted = Filter(day_of(day) if day else None, kind, institution, oldest)
        wanted = wanted._replace(states=STATES) if everything else wanted
        return await listed(opened.connection, wanted), opened.today

    found, today = session.asked(looked)
    if as_json:
        typer.echo(json.dumps([one.as_json(today) for one in found], ensure_ascii=False, indent=1))
    else:
        _print(found, today)


def _print(found: "list[Kept]", today: Any) -> None:
    from clearing.commands.tables import show, yuan
    from clearing.day.actions import RULES

    rows = [
        (
            one.id, one.day, f"{(today - one.day).days} d", one.kind, one.setl_id, one.fixmedins_code,
            _total(one.home), _total(one.care), _differs(one), yuan(one.stake_fen), one.state, RULES[one.kind].owner,
            RULES[one.kind].next_action if one.state == "open" else f"resolution {one.resolution}",
        )
        for one in found
    ]  # fmt: skip
    head = (
        "id",
        "day",
        "age",
        "class",
        "setl_id",
        "institution",
        "home",
        "care",
        "differs",
        "at stake",
        "state",
        "owner",
        "next",
    )
    show(head, rows, nothing="Nothing differs.")


def _total(rows: list[dict[str, Any]]) -> str:
    from clearing.commands.tables import yuan

    return " + ".join(yuan(row.get("total_fen", 0)) for row in rows) or "-"


def _differs(one: "Kept") -> str:
    """The figures that differ, as both books have them."""
    from clearing.commands.tables import yuan

    if len(one.home) != 1 or len(one.care) != 1 or one.institution is not None:
        return ""
    told = []
    for name in one.differs[:DIFFERING_SHOWN_MAX]:
        ours, theirs = one.home[0].get(name, 0), one.care[0].get(name, 0)
        money = name.endswith("_fen")
        told.append(f"{name} {yuan(ours) if money else ours} / {yuan(theirs) if money else theirs}")
    return ", ".join(told)


Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="As `differences` shows it.")]
Resolution = Annotated[
    int, typer.Argument(metavar="RESOLUTION", min=1, max=ID_MAX, help="As `todo` shows it.")
]


def resolve(
    number: Number,
    action: Annotated[str, typer.Option(help="What to do; the class allows some.")],
    operator: Operator,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Settle a difference."""
    from clearing import session
    from clearing.day.actions import Action
    from clearing.day.difference_book import propose, waits

    if action not in list(Action):
        raise typer.BadParameter(f"actions are {', '.join(Action)}", param_hint="--action")
    name = named(operator)

    async def done(opened: "Session") -> tuple[int, bool]:
        async with session.trying(opened, dry_run):
            made = await propose(
                opened.connection, number, Action(action), operator=name, reason=reason, books=opened.books
            )
            return made, await waits(opened.connection, made)

    made, waiting = session.asked(done)
    if dry_run:
        typer.echo(f"Difference {number} could be settled by {action}. Nothing was changed.")
    elif waiting:
        typer.echo(f"Resolution {made} waits for another person: python -m clearing approve {made} --as NAME")
    else:
        typer.echo(f"Resolution {made}: difference {number} is settled by {action}.")
    typer.echo(session.UNAUTHENTICATED, err=True)


def approve(resolution: Resolution, operator: Operator, dry_run: DryRun = False) -> None:
    """Approve."""
    _checked(resolution, operator, refused=False, dry_run=dry_run)
    if not dry_run:
        typer.echo(f"Resolution {resolution} is approved; its money enters the next run.")


def refuse(resolution: Resolution, operator: Operator, dry_run: DryRun = False) -> None:
    """Refuse."""
    _checked(resolution, operator, refused=True, dry_run=dry_run)
    if not dry_run:
        typer.echo(f"Resolution {resolution} is refused; nothing moves.")


def _checked(resolution: int, operator: str, *, refused: bool, dry_run: bool) -> None:
    from clearing import session
    from clearing.day.difference_book import check

    name = named(operator)

    async def done(opened: "Session") -> None:
        async with session.trying(opened, dry_run):
            await check(opened.connection, resolution, operator=name, books=opened.books, refuse=refused)

    session.asked(done)
    if dry_run:
        word = "refused" if refused else "approved"
        typer.echo(f"Resolution {resolution} could be {word}. A dry run: nothing was changed.")
    typer.echo(session.UNAUTHENTICATED, err=True)


def undo(resolution: Resolution, operator: Operator, reason: Reason = "", dry_run: DryRun = False) -> None:
    """Take back."""
    from clearing import session
    from clearing.day.difference_book import undo as undone

    name = named(operator)

    async def done(opened: "Session") -> tuple[int, bool]:
        async with session.trying(opened, dry_run):
            return await undone(opened.connection, resolution, operator=name, reason=reason)

    made, waits = session.asked(done)
    if dry_run:
        typer.echo(f"Resolution {resolution} could be taken back. A dry run: nothing was changed.")
    else:
        typer.echo(f"Entry {made} takes resolution {resolution} back.")
        if waits:
            typer.echo(f"It waits for another person: python -m clearing approve {made} --as NAME")
    typer.echo(session.UNAUTHENTICATED, err=True)


def log(
    by: Annotated[str, typer.Option(metavar="NAME", help="Only what this operator did.")] = "",
    after: Annotated[int, typer.Option(min=0, max=ID_MAX, help="Only entries after this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The log."""
    from clearing import session
    from clearing.commands.tables import show
    from clearing.operator_log import entries

    found = session.asked(lambda opened: entries(opened.connection, operator=by, after=after))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    rows = [(one["id"], one["at"], one["operator"], one["action"], one["subject"]) for one in found]
    show(("number", "at", "operator", "action", "what"), rows, nothing="The log is empty.")
