"""`python -m clearing institution confirm|roll-back|apply|cancel-application`: what an operator does for an institution.

The same functions as StatementService calls (3261, 3262, 3203, 3204); who acted stands in the operators' log.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.options import Operator, named

if TYPE_CHECKING:
    from clearing.institutions.apportionment import Month as ApportionedMonth
    from clearing.institutions.statement import Totals
    from clearing.session import Session

CONFIRM_HELP: Final = """3261: confirm a month's off-site items of an institution, all of them or some by their seqno.
What is not confirmed when the month is closed carries over. Examples:

python -m clearing institution confirm --institution H45010300001 --month 2026-11 --all --as wang

python -m clearing institution confirm --institution H45010300001 --month 2026-11 --seqno 4 --seqno 7 --as wang
"""
ROLL_BACK_HELP: Final = """3262: take a confirmation back by its number, or the whole month by 0, until the month is
closed. Example:

python -m clearing institution roll-back --institution H45010300001 --month 2026-11 --transaction 0 --as wang
"""
APPLY_HELP: Final = """3203: apply for the clearing of a month of one insurance and clr_type, with what was run. Example:

python -m clearing institution apply --institution H45010300001 --month 2026-11 --insutype 310 --clr-type 11
  --as wang --dry-run
"""
CANCEL_HELP: Final = """3204: take an application back while it is not paid. Example:

python -m clearing institution cancel-application AGRA2XMDKDKITQQB3RDIZD45JI --institution H45010300001 --as wang
"""

Institution = Annotated[str, typer.Option("--institution", metavar="CODE", help="Its 12 characters.")]
Month = Annotated[str, typer.Option("--month", metavar="MONTH", help="yyyy-MM.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look; changes nothing.")]


def attach(group: typer.Typer) -> None:
    """Add the commands to `institution`."""
    group.command("confirm", help=CONFIRM_HELP)(confirm)
    group.command("roll-back", help=ROLL_BACK_HELP)(roll_back)
    group.command("apply", help=APPLY_HELP)(apply)
    group.command("cancel-application", help=CANCEL_HELP)(cancel_application)


def confirm(
    institution: Institution,
    month: Month,
    operator: Operator,
    everything: Annotated[bool, typer.Option("--all", help="All items of the month.")] = False,
    seqno: Annotated[list[int] | None, typer.Option(help="This item; may be given often.")] = None,
) -> None:
    """Confirm items."""
    if everything == bool(seqno):
        raise typer.BadParameter("give --all, or --seqno for each item", param_hint="--all")
    who = named(operator)

    async def done(session: "Session") -> tuple[int, int, list[str]]:
        from clearing.institutions.apportionment import month_named

        return await _confirmed(session, month_named(institution, month), who, frozenset(seqno or ()))

    confirmed, left, numbers = _acted(done)
    for number in numbers:
        typer.echo(f"Confirmation {number}.")
    typer.echo(f"{confirmed} items of {month} are confirmed, {left} are not.")


async def _confirmed(
    session: "Session", month: "ApportionedMonth", operator: str, only: frozenset[int]
) -> tuple[int, int, list[str]]:
    from clearing.errors import NotFound
    from clearing.institutions import apportionment
    from clearing.operator_log import note
    from proto.settlement.v1 import statement_pb2 as pb

    connection = session.connection
    confirmed, left, numbers, startrow, missing = 0, 0, [], 1, set(only)
    while True:
        page = await apportionment.page(connection, session.books, month, startrow)
        left = page.totalrow if startrow == 1 else left
        chosen = [row for row in page.rows if not only or row.seqno in only]
        missing -= {row.seqno for row in page.rows}
        if chosen:
            answer = await apportionment.confirm(
                connection, month, msgid=f"operator {secrets.token_hex(8)}", totalrow=page.totalrow,
                detail=[
                    pb.ApportionmentConfirmation(seqno=row.seqno, setl_sn=row.setl_sn, cnfm_flag="1") for row in chosen
                ],
            )  # fmt: skip
            confirmed, left = confirmed + answer.confirmed, answer.left
            numbers.append(answer.inf_refmsgid)
            await note(
                connection,
                operator,
                "confirm",
                f"institution {month.fixmedins_code}",
                {"number": numbers[-1]},
            )
        startrow += len(page.rows)
        if startrow > page.totalrow:
            break
    if missing:
        raise NotFound(
            f"The month has no items {', '.join(map(str, sorted(missing)))}; the others are confirmed."
        )
    return confirmed, left, numbers


def roll_back(
    institution: Institution,
    month: Month,
    operator: Operator,
    transaction: Annotated[str, typer.Option(help="Number of a confirmation, or 0 for the whole month.")],
) -> None:
    """Take confirmations back."""
    who = named(operator)

    async def done(session: "Session") -> int:
        from clearing.institutions import apportionment
        from clearing.operator_log import note

        number = await apportionment.roll_back(
            session.connection, apportionment.month_named(institution, month), transaction
        )
        await note(
            session.connection,
            who,
            "roll back",
            f"institution {institution}",
            {"month": month, "items": number},
        )
        return number

    typer.echo(f"{_acted(done)} items of {month} are not confirmed any more.")


def apply(
    institution: Institution,
    month: Month,
    operator: Operator,
    insutype: Annotated[str, typer.Option(help="310, 390 or 510.")],
    clr_type: Annotated[str, typer.Option(help="11 outpatient, 21 inpatient, 41 pharmacy.")],
    clr_way: Annotated[str, typer.Option(help="As the agency agreed with the institution.")] = "1",
    dry_run: DryRun = False,
) -> None:
    """Apply with what was run."""
    who = named(operator)

    async def done(session: "Session") -> "tuple[Totals, str]":
        return await _applied(session, institution, month, who, (insutype, clr_type, clr_way), dry_run)

    from clearing.commands.tables import yuan

    centre, number = _acted(done)
    typer.echo(
        f"{month}, insurance {insutype}, clr_type {clr_type}: {centre.items} items, {yuan(centre.medfee_fen)} yuan, funds"
        f" {yuan(centre.fund_fen)}, accounts {yuan(centre.account_fen)}, cash {yuan(centre.cash_fen)}."
    )
    typer.echo(f"Application {number}." if number else "Nothing was changed.")


async def _applied(
    session: "Session", institution: str, month: str, operator: str, key: tuple[str, str, str], dry_run: bool
) -> "tuple[Totals, str]":
    from datetime import timedelta

    from clearing.errors import NotFound
    from clearing.institutions import application, apportionment
    from clearing.operator_log import note
    from proto.settlement.v1 import statement_pb2 as pb

    insutype, clr_type, clr_way = key
    wanted = apportionment.month_named(institution, month)
    first, last = wanted.first, wanted.next_first - timedelta(days=1)
    centre = await application.month_totals(session.connection, institution, insutype, clr_type, first, last)
    if not any(centre):
        raise NotFound(
            f"Nothing of institution {institution} was run in {month} under this insurance and clr_type."
        )
    if dry_run:
        return centre, ""
    given = pb.ClearingApplication(
        clr_type=clr_type, clr_way=clr_way, setlym=wanted.month, psntime=centre.items, medfee_sumamt=centre.medfee_fen,
        fund_appy_sum=centre.fund_fen, cash_payamt=centre.cash_fen, acct_pay=centre.account_fen, insutype=insutype,
        begndate=first.isoformat(), enddate=last.isoformat(),
    )  # fmt: skip
    answer = await application.apply(session.connection, institution, given)
    await note(
        session.connection,
        operator,
        "apply",
        f"institution {institution}",
        {"number": answer.clr_appy_evt_id},
    )
    return centre, answer.clr_appy_evt_id


def cancel_application(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As `applications` shows it.")],
    institution: Institution,
    operator: Operator,
) -> None:
    """Take an application back."""
    who = named(operator)

    async def done(session: "Session") -> None:
        from clearing.institutions import application
        from clearing.operator_log import note

        await application.withdraw(session.connection, institution, number)
        await note(
            session.connection, who, "cancel application", f"institution {institution}", {"number": number}
        )

    _acted(done)
    typer.echo(f"Application {number} is taken back.")


def _acted(acting: "Callable[[Session], Awaitable[Any]]") -> Any:
    from clearing import session

    done = session.asked(acting)
    typer.echo(session.UNAUTHENTICATED, err=True)
    return done
