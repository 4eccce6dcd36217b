"""`python -m clearing deduct`: audit results, taken from a file, and what became of each."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clearing.commands.proposal import DryRun, told
from clearing.options import AsJson, MaybeOperator, named

if TYPE_CHECKING:
    from clearing.prepaid.audit_book import Kept
    from clearing.session import Session

DEDUCT_HELP: Final = """Audit results (审核扣款): taken from a CSV file with the columns declaration, setl_id,
fixmedins_code, home_pool, care_pool, insutype, fund, result (0 given back, 1 passed, 2 deducted, 3 refused,
4 postponed), bearer (01 person, 02 doctor, 03 hospital, 11 shared), amount (yuan, negative takes), reason. Another person
approves; they enter the next month's document, never a closed one. A wrong file is refused whole, with line and reason;
the same file again is the same. Without FILE it lists what was taken. Examples:

python -m clearing deduct results.csv --as wang --dry-run

python -m clearing deduct results.csv --as wang

python -m clearing deduct --institution H44010490001 --json

python -m clearing deduct --month 2026-11
"""
ROWS_SHOWN_MAX: Final = 200


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deduct", help=DEDUCT_HELP)(deduct)


def deduct(
    file: Annotated[Path | None, typer.Argument(help="CSV; left out: list.")] = None,
    operator: MaybeOperator = "",
    institution: Annotated[str, typer.Option(metavar="CODE", help="List: of this institution only.")] = "",
    month: Annotated[str, typer.Option(metavar="MONTH", help="List: in this month's document only.")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take, or list."""
    from clearing import session
    from clearing.prepaid.audit_book import listed, propose_audit
    from clearing.prepaid.audit_file import read_audit
    from clearing.scheme import load_scheme
    from runtime.operators import NotAnswered

    name = "" if file is None else named(operator)

    async def done(opened: "Session") -> "tuple[int, bool, list[Kept]]":
        number, new = 0, False
        async with session.trying(opened, dry_run):
            if file is not None:
                try:
                    raw = file.read_bytes()
                except OSError as failed:
                    raise NotAnswered(f"{file} cannot be read: {failed.strerror}.") from None
                number, new = await propose_audit(
                    opened.connection, raw, read_audit(raw), load_scheme(), name=file.name, operator=name
                )
            found = await listed(opened.connection, proposal=number, institution=institution, month=month)
            return number, new, found

    number, new, found = session.asked(done)
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=1))
    else:
        _print(found)
    if file is not None:
        if not as_json:
            typer.echo(told(number, new=new, dry_run=dry_run))
        typer.echo(session.UNAUTHENTICATED, err=True)


def _print(found: "list[Kept]") -> None:
    from clearing.commands.tables import show, yuan
    from clearing.prepaid.audit_file import BEARERS, RESULTS

    rows = [
        (one.result.declaration, one.result.setl_id, one.result.fixmedins_code,
         f"{one.result.home_pool}/{one.result.care_pool}", f"{one.result.insutype}/{one.result.fund}",
         RESULTS[one.result.result], BEARERS.get(one.result.bearer, ""), yuan(one.result.amount_fen), one.result.reason,
         one.state if one.month is None else f"in {one.month[:4]}-{one.month[4:]}")
        for one in found[:ROWS_SHOWN_MAX]
    ]  # fmt: skip
    head = (
        "declaration",
        "setl_id",
        "institution",
        "pools",
        "fund",
        "result",
        "borne by",
        "yuan",
        "reason",
        "state",
    )
    show(head, rows, nothing="No audit result.")
    if len(found) > ROWS_SHOWN_MAX:
        typer.echo(f"{len(found) - ROWS_SHOWN_MAX} more; --json has them all.")
    takes = sum(min(0, one.result.amount_fen) for one in found)
    gives = sum(max(0, one.result.amount_fen) for one in found)
    typer.echo(f"{len(found)} results: {yuan(takes)} yuan taken, {yuan(gives)} yuan given back.")
