"""`python -m clearing instructions|bank-returns`: what moves the money, and what the bank answered."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from clearing.options import AsJson, MaybeOperator, Operator, Reason, named
from clearing.periods import DayOrNone, Month, Period, period_of

if TYPE_CHECKING:
    from clearing.payments.instructions import Instruction, LeftOut, PaymentFile
    from clearing.payments.return_book import Booked
    from clearing.session import Session

INSTRUCTIONS_HELP: Final = """Payment instructions of a day, or of a closed month: what its document says, less what its
days have paid. With --as what none pays yet is proposed, by insurance and fund, gross along the path that the scheme
names or net within a group that agreed on it; and what pools owe for wallets (fund wallet), gross, in sets of its own.
Another person approves; then --out writes the payment file (ISO 20022
pain.001) with count and control sum. Again is harmless: the same runs give the same ids, and a run is paid once. Without
--as it only looks. Examples:

python -m clearing instructions --date 2026-11-23 --as wang --dry-run

python -m clearing instructions --month 2026-11 --as wang

python -m clearing instructions approve --month 2026-11 --as li

python -m clearing instructions --month 2026-11 --as wang --out payments

python -m clearing instructions --month 2026-11 --institutions --as wang
"""
APPROVE_HELP: Final = """Approve all instructions of a period that wait; whoever proposed them may not. Example:

python -m clearing instructions approve --date 2026-11-23 --as li
"""
REFUSE_HELP: Final = """Refuse all instructions of a period that wait; `instructions reopen` proposes them anew. Example:

python -m clearing instructions refuse --date 2026-11-23 --as li --reason "account of P45 has changed"
"""
REOPEN_HELP: Final = """Propose what was refused anew, as the next revision. Example:

python -m clearing instructions reopen --date 2026-11-23 --as wang
"""
RETURNS_HELP: Final = """Take what the bank says of payments: ISO 20022 pain.002, or CSV with the columns
instruction,status,paid,reason (accepted, returned, partly). What came back is proposed anew, that pair's only. The same
file again is harmless; a wrong one is refused whole, with line and reason. Examples:

python -m clearing bank-returns pain002.xml --as wang --dry-run

python -m clearing bank-returns returns.csv --as wang
"""
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done; changes nothing.")]
Institutions = Annotated[
    bool,
    typer.Option(
        "--institutions", help="What approved payouts pay to institutions, not what pools pay pools."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write payment files of what is approved.")
]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(invoke_without_command=True, help=INSTRUCTIONS_HELP)
    group.callback()(instructions)
    group.command("approve", help=APPROVE_HELP)(approve)
    group.command("refuse", help=REFUSE_HELP)(refuse)
    group.command("reopen", help=REOPEN_HELP)(reopen)
    app.add_typer(group, name="instructions")
    app.command("bank-returns", help=RETURNS_HELP)(bank_returns)


def instructions(
    context: typer.Context,
    day: DayOrNone = "",
    month: Month = "",
    operator: MaybeOperator = "",
    institutions: Institutions = False,
    out: Out = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Propose, list and write."""
    from clearing import session

    if context.invoked_subcommand is not None:
        return
    period = period_of(day, month)
    if out is not None and not operator.strip():
        raise typer.BadParameter("handing payments to the bank needs a name", param_hint="--as")

    async def done(opened: "Session") -> "_Done":
        async with session.trying(opened, dry_run):
            target = None if dry_run else out
            return await _proposed_and_written(
                opened, period, operator.strip(), target, institutions=institutions
            )

    outcome = session.asked(done)
    if as_json:
        typer.echo(json.dumps(_as_json(period, outcome), ensure_ascii=False, indent=1))
    else:
        _print(period, outcome, dry_run=dry_run, institutions=institutions)
    if operator:
        typer.echo(session.UNAUTHENTICATED, err=True)


class _Done(NamedTuple):
    """What the command has done, and found."""

    proposed: bool
    elsewhere: dict[str, str]
    found: "Sequence[Instruction]"
    left_out: "Sequence[LeftOut]"
    written: list[Path]


async def _proposed_and_written(
    opened: "Session", period: Period, operator: str, out: Path | None, *, institutions: bool
) -> _Done:
    from clearing.parties import load_accounts
    from clearing.payments import institution_sets
    from clearing.payments import instruction_book as book
    from clearing.payments.payment_file import checked_parties, payment_file
    from clearing.scheme import load_scheme

    connection, scheme, accounts = opened.connection, load_scheme(), load_accounts(institutions=institutions)
    elsewhere: dict[str, str] = {}
    written = []
    if operator and institutions:
        await institution_sets.propose_institutions(connection, period, scheme, accounts, operator=operator)
    elif operator:
        elsewhere = (await book.propose(connection, period, scheme, accounts, operator=operator)).elsewhere
    if out is not None:
        checked_parties(await book.listed(connection, period, institutions=institutions), accounts)
        await book.file_approved(connection, period, operator=operator, institutions=institutions)
        for file in await book.files(connection, period, institutions=institutions):
            written.append(_written(out, file, payment_file(file, parties=accounts, scheme=scheme)))
    found = await book.listed(connection, period, institutions=institutions)
    left_out = await institution_sets.without_account(connection, period, accounts) if institutions else []
    return _Done(bool(operator), elsewhere, found, left_out, written)


def _written(out: Path, file: "PaymentFile", content: bytes) -> Path:
    from runtime.operators import NotAnswered

    target = out / f"payments-{file.period}-{file.msg_id[:8]}.xml"
    try:
        out.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as failed:
        raise NotAnswered(
            f"{target} cannot be written: {failed.strerror}. Start the command again; its files do not change."
        ) from None
    return target


def _as_json(period: Period, done: _Done) -> dict[str, Any]:
    return {
        "period": period.text, "count": len(done.found), "amount_fen": sum(one.amount_fen for one in done.found),
        "instructions": [one._asdict() for one in done.found], "left_out": [one._asdict() for one in done.left_out],
        "files": [str(path) for path in done.written],
    }  # fmt: skip


def _print(period: Period, done: _Done, *, dry_run: bool, institutions: bool) -> None:
    from clearing.commands.tables import show, yuan
    from clearing.parties import load_accounts, party_label
    from clearing.payments.instructions import set_name
    from clearing.scheme import load_scheme

    scheme, parties, found = load_scheme(), load_accounts(institutions=institutions), done.found

    rows = [
        (one.id, set_name(one.batch), one.revision, party_label(parties, one.payer), party_label(parties, one.payee),
         one.insutype, f"{one.fund} {scheme.fund_name(one.insutype, one.fund)}", yuan(one.amount_fen), one.state,
         one.made_by, one.checked_by)
        for one in found
    ]  # fmt: skip
    head = ("id", "batch", "rev", "payer", "payee", "ins.", "fund", "yuan", "state", "made by", "checked by")
    show(head, rows, nothing=f"No instruction for {period.text}.", title=f"instructions of {period.text}")
    states: dict[str, list[int]] = {}
    for one in found:
        states.setdefault(one.state, []).append(one.amount_fen)
    for state, amounts in states.items():
        typer.echo(f"{state}: {len(amounts)} instructions, {yuan(sum(amounts))} yuan")
    for out in done.left_out:
        typer.echo(
            f"no account: {out.fixmedins_code}, {yuan(out.amount_fen)} yuan, left out; add it to"
            " institution_accounts.csv and propose again."
        )
    if done.proposed:
        for run, paid_with in done.elsewhere.items():
            typer.echo(f"{run} is paid with {paid_with}, not here.")
        if dry_run:
            typer.echo("A dry run: nothing was changed.")
        elif "proposed" in states:
            option = f"--{'month' if period.is_month else 'date'} {period.text}"
            option += " --institutions" if institutions else ""
            typer.echo(f"Another person: python -m clearing instructions approve {option} --as NAME")
    for path in done.written:
        typer.echo(f"written: {path}")
    if done.written and any(parties[code].sample for one in found for code in (one.payer, one.payee)):
        typer.echo("Accounts of these parties are samples: no bank moves money on these files.")


def approve(
    operator: Operator,
    day: DayOrNone = "",
    month: Month = "",
    institutions: Institutions = False,
    dry_run: DryRun = False,
) -> None:
    """Approve."""
    count, amount = _checked(
        period_of(day, month), operator, refuse=False, reason="", institutions=institutions, dry_run=dry_run
    )
    typer.echo(
        f"{count} instructions over {amount} yuan {'could be' if dry_run else 'are'} approved;"
        " `instructions --out DIR` writes the payment file."
    )


def refuse(
    operator: Operator,
    day: DayOrNone = "",
    month: Month = "",
    reason: Reason = "",
    institutions: Institutions = False,
    dry_run: DryRun = False,
) -> None:
    """Refuse."""
    count, amount = _checked(
        period_of(day, month),
        operator,
        refuse=True,
        reason=reason,
        institutions=institutions,
        dry_run=dry_run,
    )
    typer.echo(f"{count} instructions over {amount} yuan {'could be' if dry_run else 'are'} refused.")


def _checked(
    period: Period, operator: str, *, refuse: bool, reason: str, institutions: bool, dry_run: bool
) -> tuple[int, str]:
    from clearing import session
    from clearing.commands.tables import yuan
    from clearing.payments.instruction_book import check

    async def done(opened: "Session") -> "list[Instruction]":
        async with session.trying(opened, dry_run):
            return await check(
                opened.connection,
                period,
                operator=named(operator),
                refuse=refuse,
                reason=reason,
                institutions=institutions,
            )

    found = session.asked(done)
    typer.echo(session.UNAUTHENTICATED, err=True)
    return len(found), yuan(sum(one.amount_fen for one in found))


def reopen(
    operator: Operator,
    day: DayOrNone = "",
    month: Month = "",
    institutions: Institutions = False,
    dry_run: DryRun = False,
) -> None:
    """Propose anew."""
    from clearing import session
    from clearing.payments.instruction_book import reopen_refused

    period = period_of(day, month)

    async def done(opened: "Session") -> int:
        async with session.trying(opened, dry_run):
            return await reopen_refused(
                opened.connection, period, operator=named(operator), institutions=institutions
            )

    count = session.asked(done)
    typer.echo(
        f"{count} instructions {'could be' if dry_run else 'are'} proposed anew, by their next revision."
    )
    typer.echo(session.UNAUTHENTICATED, err=True)


def bank_returns(
    file: Annotated[Path, typer.Argument(help="pain.002 or CSV.")],
    operator: Operator,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take."""
    from clearing import session
    from clearing.payments.bank_returns import read_returns
    from clearing.payments.return_book import book_returns
    from runtime import operators
    from runtime.operators import NotAnswered

    async def done() -> "Booked":
        try:
            raw = file.read_bytes()
        except OSError as failed:
            raise NotAnswered(f"{file} cannot be read: {failed.strerror}.") from None
        words = read_returns(raw)
        async with session.opened() as opened, session.trying(opened, dry_run):
            return await book_returns(opened.connection, raw, words, name=file.name, operator=named(operator))

    booked = operators.run(done())
    if as_json:
        typer.echo(json.dumps(booked._asdict()))
    elif booked.before:
        typer.echo(f"{file.name} was read before; nothing was changed.")
    else:
        typer.echo(f"{booked.accepted} accepted, {booked.returned} returned, {booked.known} known before.")
        for one in booked.reopened:
            typer.echo(f"to be paid again, once approved: {one}")
        if dry_run:
            typer.echo("A dry run: nothing was changed.")
    typer.echo(session.UNAUTHENTICATED, err=True)
