"""`python -m clearing payout|advance`: what institutions are paid ahead, and what a closed month leaves to pay."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.commands.prepayment import percent
from clearing.commands.proposal import DryRun, told
from clearing.options import ID_MAX, AsJson, MaybeOperator, Operator, day_of, fen_of, named
from clearing.periods import DayOrNone, Month, period_of

if TYPE_CHECKING:
    from clearing.prepaid.payout_book import MonthShare, PayoutLine
    from clearing.session import Session

PAYOUT_HELP: Final = """即时结算: pay institutions a share of what funds owe them for a day, at T+1, as an advance that
the month's document recovers; and, with --month, what a closed month leaves to pay. Proposed with --as, approved by
another person, which books it. Without --as it only looks. Ratios are data: clearing/data/advances.toml. Examples:

python -m clearing payout --date yesterday --as wang --dry-run

python -m clearing payout --date 2026-11-23 --as wang

python -m clearing payout --month 2026-10 --as wang

python -m clearing payout --date 2026-11-23 --json
"""
ADVANCE_HELP: Final = """医保基金预付: an institution's advance for a year, at most its average month, and only where the
fund's reserve covers enough months without a deficit. Applied for, approved by another person, paid, recovered from the
documents of December on. Examples:

python -m clearing advance

python -m clearing advance reserve 440100 employees --reserve-yuan 900000000 --month-yuan 60000000 --surplus-yuan 1000000
 --source "finance office, accounts of 2026" --as wang

python -m clearing advance apply H44010490001 --pool 440100 --insutype 310 --as wang

python -m clearing advance paid 9 --reference 20270112-0007 --as zhao
"""
RESERVE_HELP: Final = """How a pool's fund stands: its reserve, a month's spending, and what the year left over
(negative: a deficit). The latest counts. Example:

python -m clearing advance reserve 440100 residents --reserve-yuan 90000000 --month-yuan 9000000 --surplus-yuan=-5
 --source "finance office, accounts of 2026" --as wang
"""
APPLY_HELP: Final = """An institution applies for its advance of this year. Without --yuan: its average month. Example:

python -m clearing advance apply H44010490001 --pool 440100 --insutype 310 --as wang --dry-run
"""
PAID_HELP: Final = """An approved advance has been paid; whoever approved it may not say so. Example:

python -m clearing advance paid 9 --reference 20270112-0007 --as zhao
"""
LINES_SHOWN_MAX: Final = 200
Yuan = Annotated[str, typer.Option("--yuan", help="Such as 1250000.50.")]
Reference = Annotated[str, typer.Option(help="The bank's reference of the payment; no personal data.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("payout", help=PAYOUT_HELP)(payout)
    group = typer.Typer(invoke_without_command=True, help=ADVANCE_HELP)
    group.callback()(advance)
    group.command("reserve", help=RESERVE_HELP)(reserve)
    group.command("apply", help=APPLY_HELP)(apply)
    group.command("paid", help=PAID_HELP)(paid)
    app.add_typer(group, name="advance")


def payout(
    day: DayOrNone = "",
    month: Month = "",
    operator: MaybeOperator = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Propose, or look."""
    from clearing import session
    from clearing.prepaid.advances import load_payout_rules
    from clearing.prepaid.payout_book import lines_of, propose_for

    period, name = period_of(day, month), named(operator) if operator.strip() else ""

    async def done(opened: "Session") -> "tuple[int, bool, Sequence[PayoutLine | MonthShare]]":
        number, new = 0, False
        async with session.trying(opened, dry_run):
            if name:
                number, new = await propose_for(opened.connection, period, load_payout_rules(), operator=name)
            return number, new, await lines_of(opened.connection, period)

    number, new, found = session.asked(done)
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False, indent=1))
    else:
        _print(found, f"payout of {period.text}")
    if name:
        if not as_json:
            typer.echo(told(number, new=new, dry_run=dry_run))
        typer.echo(session.UNAUTHENTICATED, err=True)


def _print(found: "Sequence[PayoutLine | MonthShare]", title: str) -> None:
    from clearing.commands.tables import show, yuan
    from clearing.prepaid.payout_book import PayoutLine

    rows: list[tuple[Any, ...]] = [
        (one.fixmedins_code, one.book_pool, one.insutype, one.fund, yuan(one.amount_fen),
         f"{percent(one.ratio_bp)} of {yuan(one.base_fen)}" if isinstance(one, PayoutLine) else "")
        for one in found[:LINES_SHOWN_MAX]
    ]  # fmt: skip
    head = ("institution", "by", "ins.", "fund", "yuan", "")
    show(head, rows, nothing=f"{title}: nothing.", title=title)
    if len(found) > LINES_SHOWN_MAX:
        typer.echo(f"{len(found) - LINES_SHOWN_MAX} more lines; --json has them all.")
    if found:
        typer.echo(f"{yuan(sum(one.amount_fen for one in found))} yuan to {len(found)} accounts.")


def advance(context: typer.Context, as_json: AsJson = False) -> None:
    """List."""
    from clearing import session
    from clearing.commands.tables import show, yuan
    from clearing.prepaid.advance_book import listed

    if context.invoked_subcommand is not None:
        return
    found = session.asked(lambda opened: listed(opened.connection))
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False, indent=1))
        return
    rows = [
        (one.proposal, one.year, one.fixmedins_code, one.book_pool, one.insutype, one.fund, yuan(one.amount_fen),
         one.state, yuan(one.outstanding_fen))
        for one in found
    ]  # fmt: skip
    head = ("id", "year", "institution", "by", "ins.", "fund", "yuan", "state", "all that is outstanding")
    show(head, rows, nothing="Nobody has applied for an advance.")


def reserve(
    pool: Annotated[int, typer.Argument(metavar="POOL", min=100_000, max=999_999, help="Six digits.")],
    book: Annotated[str, typer.Argument(metavar="BOOK", help="employees or residents.")],
    reserve_yuan: Annotated[str, typer.Option(help="What the fund has.")],
    month_yuan: Annotated[str, typer.Option(help="What it spends a month.")],
    surplus_yuan: Annotated[str, typer.Option(help="What the year left over; negative: a deficit.")],
    source: Annotated[str, typer.Option(help="Where the figures are from.")],
    operator: Operator,
    day: Annotated[str, typer.Option("--date", metavar="DAY", help="As of; today.")] = "today",
    dry_run: DryRun = False,
) -> None:
    """Note a reserve."""
    from clearing import session
    from clearing.prepaid.advance_book import note_reserve
    from clearing.prepaid.advances import Reserve
    from clearing.scheme import load_scheme

    sign = -1 if surplus_yuan.startswith("-") else 1
    stands = Reserve(fen_of(reserve_yuan), fen_of(month_yuan), sign * fen_of(surplus_yuan.removeprefix("-")))
    name, as_of = named(operator), day_of(day)

    async def done(opened: "Session") -> None:
        async with session.trying(opened, dry_run):
            await note_reserve(
                opened.connection, pool, book, stands, as_of=as_of, source=source, operator=name,
                scheme=load_scheme(),
            )  # fmt: skip

    session.asked(done)
    tenths = stands.months_tenths
    covers = (
        f"covers {tenths // 10}.{tenths % 10} months{', with a deficit' if stands.surplus_fen < 0 else ''}"
    )
    typer.echo(f"The fund of {book} of pool {pool} {covers}.{' Nothing was changed.' if dry_run else ''}")
    typer.echo(session.UNAUTHENTICATED, err=True)


def apply(
    institution: Annotated[str, typer.Argument(metavar="CODE", help="The institution.")],
    pool: Annotated[int, typer.Option(min=100_000, max=999_999, help="The pool whose books pay it.")],
    insutype: Annotated[str, typer.Option(help="The insurance, such as 310.")],
    operator: Operator,
    yuan: Yuan = "",
    dry_run: DryRun = False,
) -> None:
    """Apply."""
    from clearing import session
    from clearing.commands.tables import yuan as shown
    from clearing.prepaid.advance_book import Whom, apply_for
    from clearing.prepaid.advances import load_advance_rules
    from clearing.proposals import Proposal, found
    from clearing.scheme import load_scheme

    rules, name, fen = load_advance_rules(), named(operator), fen_of(yuan) if yuan else None

    async def done(opened: "Session") -> "tuple[Proposal, bool]":
        async with session.trying(opened, dry_run):
            number, new = await apply_for(
                opened.connection, Whom(institution, pool, insutype), fen, operator=name, today=opened.today,
                rules=rules, scheme=load_scheme(),
            )  # fmt: skip
            return await found(opened.connection, number), new

    one, new = session.asked(done)
    typer.echo(f"{one.ref}: {shown(one.amount_fen)} yuan.")
    if not one.detail["in_time"]:
        typer.echo(
            f"Advances are applied for in month {rules.apply_in_month}; whoever approves this sees that it is not."
        )
    typer.echo(told(one.id, new=new, dry_run=dry_run))
    typer.echo(session.UNAUTHENTICATED, err=True)


def paid(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="The advance's proposal.")],
    reference: Reference,
    operator: Operator,
    day: Annotated[str, typer.Option("--date", metavar="DAY", help="When it was paid; today.")] = "today",
    dry_run: DryRun = False,
) -> None:
    """Book a payment."""
    from clearing import session
    from clearing.prepaid.advance_book import pay

    name, on = named(operator), day_of(day)

    async def done(opened: "Session") -> None:
        async with session.trying(opened, dry_run):
            await pay(opened.connection, number, day=on, reference=reference, operator=name)

    session.asked(done)
    typer.echo(f"Advance {number} {'could be' if dry_run else 'is'} booked as paid.")
    typer.echo(session.UNAUTHENTICATED, err=True)
