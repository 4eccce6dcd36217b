"""`python -m clearing institution …`: what institutions ask about their own money, done for them by an operator."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clearing.commands import institution_month
from clearing.commands.institution_month import Institution, Month
from clearing.options import ID_MAX, AsJson, day_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from clearing.session import Session
    from proto.settlement.v1.envelope_pb2 import Envelope

ROW_MAX: Final = 2**31 - 1
HELP: Final = """What an institution asks about its own money (3201, 3202, 3203 to 3205, 3209, 3260 to 3262), by file and
command; its HIS asks the same of StatementService. Amounts are fen."""
TOTALS_HELP: Final = """3201: an institution's totals of a day against the books. Example:

python -m clearing institution totals --institution H45010300001 --date 2026-11-20 --insutype 310 --clr-type 11
  --pool 450100 --count 12 --medfee 120000 --fund 72000 --account 0
"""
DETAILS_HELP: Final = """3202: an institution's detail file of a day against the books, item by item; the result file goes
to --out. Same file, same answer; another one replaces it until the day is run. Example:

python -m clearing institution details h45_20261120.zip --institution H45010300001 --date 2026-11-20 --pool 450100
  --out result.zip
"""
UNMATCHED_HELP: Final = """3209A: an institution's items that do not match. Example:

python -m clearing institution unmatched --institution H45010300001 --date 2026-11-20
"""
APPORTIONED_HELP: Final = """3260: a month's off-site items of an institution, a page of 100. Example:

python -m clearing institution apportionment --institution H45010300001 --month 2026-11 --from 1
"""
APPLICATIONS_HELP: Final = """3205A: an institution's applications for clearing. Example:

python -m clearing institution applications --institution H45010300001 --month 2026-11
"""

DayOption = Annotated[
    str, typer.Option("--date", metavar="DAY", help="Day of setl_time, yyyy-MM-dd (China time).")
]
Pool = Annotated[str, typer.Option("--pool", metavar="POOL", help="Care pool, six digits.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("totals", help=TOTALS_HELP)(totals)
    group.command("details", help=DETAILS_HELP)(details)
    group.command("unmatched", help=UNMATCHED_HELP)(unmatched)
    group.command("apportionment", help=APPORTIONED_HELP)(apportioned)
    group.command("applications", help=APPLICATIONS_HELP)(applied)
    institution_month.attach(group)
    app.add_typer(group, name="institution")


def totals(
    institution: Institution,
    day: DayOption,
    pool: Pool,
    insutype: Annotated[str, typer.Option(help="310, 390 or 510.")],
    clr_type: Annotated[str, typer.Option(help="11 outpatient, 21 inpatient, 41 pharmacy.")],
    count: Annotated[int, typer.Option(min=0, max=ID_MAX, help="Its settlements and refunds.")],
    medfee: Annotated[int, typer.Option(min=-ID_MAX, max=ID_MAX, help="medfee_sumamt, fen.")],
    fund: Annotated[int, typer.Option(min=-ID_MAX, max=ID_MAX, help="fund_pay_sumamt, fen.")],
    account: Annotated[int, typer.Option(min=-ID_MAX, max=ID_MAX, help="acct_pay, fen.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare totals."""
    from clearing import session
    from clearing.institutions.institution_desk import compare_totals
    from proto.settlement.v1 import statement_pb2 as pb

    text = day_of(day).isoformat()
    given = pb.TotalsInput(
        insutype=insutype, clr_type=clr_type, setl_optins=pool, stmt_begndate=text, stmt_enddate=text,
        medfee_sumamt=medfee, fund_pay_sumamt=fund, acct_pay=account, fixmedins_setl_cnt=count,
    )  # fmt: skip
    found = session.asked(lambda opened: compare_totals(opened.books, _envelope(institution), given))
    _tell(found, as_json, f"{found.stmt_rslt}: {found.stmt_rslt_dscr}")


def details(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The zip.")],
    institution: Institution,
    day: DayOption,
    pool: Pool,
    clr_type: Annotated[str, typer.Option(help="Only of this clr_type; empty: all.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where the result file goes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare details."""
    from clearing import session
    from clearing.institutions import statement_file
    from clearing.institutions.institution_desk import compare_details
    from proto.settlement.v1 import statement_pb2 as pb
    from runtime import operators

    held = file.read_bytes()

    async def read() -> list[statement_file.StatementRow]:
        return statement_file.read(held)

    rows = operators.run(read())
    text = day_of(day).isoformat()
    given = pb.DetailsInput(
        setl_optins=pool, stmt_begndate=text, stmt_enddate=text, clr_type=clr_type, file=held,
        fixmedins_setl_cnt=len(rows), medfee_sumamt=sum(row.medfee_fen for row in rows),
        fund_pay_sumamt=sum(row.fund_fen for row in rows),
    )  # fmt: skip
    found = session.asked(
        lambda opened: compare_details(opened.connection, opened.books, _envelope(institution), given)
    )
    if out is not None:
        try:
            out.write_bytes(found.result_file)
        except OSError as failed:
            raise typer.BadParameter(
                f"{out} cannot be written: {failed.strerror}", param_hint="--out"
            ) from None
    found.ClearField("result_file")
    _tell(
        found, as_json,
        f"{found.rows} rows: {found.equal} equal, {found.centre_more} only in the books, {found.institution_more}"
        f" only in the file, {found.differ} differ. Number {found.file_qury_no}.",
    )  # fmt: skip


def unmatched(
    institution: Institution,
    day: DayOption,
    to: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day; left out: the same day.")] = "",
    pool: Pool = "",
    as_json: AsJson = False,
) -> None:
    """List what does not match."""
    from clearing import session
    from clearing.commands.tables import show, yuan
    from clearing.institutions.institution_desk import list_unmatched

    begin, end = day_of(day).isoformat(), day_of(to or day).isoformat()
    envelope = _envelope(institution)
    envelope.mdtrtarea_admvs = pool
    found = session.asked(lambda opened: list_unmatched(opened.connection, envelope, begin, end))
    if as_json:
        _tell(found, as_json, "")
        return
    rows = [
        (
            one.setl_id,
            one.setl_day,
            one.stmt_rslt,
            yuan(one.medfee_sumamt),
            yuan(one.fixmedins_medfee_sumamt),
            one.memo,
        )
        for one in found.rows
    ]
    show(
        ("setl_id", "day", "stmt_rslt", "books", "file", "next"),
        rows,
        nothing="Everything that was sent matches.",
    )


def apportioned(
    institution: Institution,
    month: Month,
    startrow: Annotated[int, typer.Option("--from", min=1, max=ROW_MAX, help="First row, from 1.")] = 1,
    as_json: AsJson = False,
) -> None:
    """List a month's off-site items."""
    from clearing import session
    from clearing.commands.tables import show, yuan
    from clearing.institutions.apportionment import month_named, page
    from proto.settlement.v1 import statement_pb2 as pb

    async def asked(opened: "Session") -> pb.GetApportionmentResponse:
        return await page(opened.connection, opened.books, month_named(institution, month), startrow)

    found = session.asked(asked)
    if as_json:
        _tell(found, as_json, "")
        return
    rows = [
        (
            one.seqno,
            one.mdtrt_setl_time,
            one.setl_sn,
            yuan(one.medfee_sumamt),
            yuan(one.optins_pay_sumamt),
            one.cnfm_flag,
        )
        for one in found.rows
    ]
    head = ("seqno", "setl_time", "setl_sn", "total", "agency pays", "cnfm_flag")
    show(
        head,
        rows,
        nothing="The month has no off-site items of this institution.",
        title=f"{found.totalrow} rows",
    )


def applied(institution: Institution, month: Month = "", as_json: AsJson = False) -> None:
    """List applications."""
    from clearing import session
    from clearing.commands.tables import show, yuan
    from clearing.institutions.application import applications
    from proto.settlement.v1 import statement_pb2 as pb

    async def asked(opened: "Session") -> pb.GetApplicationResponse:
        found = await applications(opened.connection, institution, number="", setlym=month.replace("-", ""))
        return pb.GetApplicationResponse(applications=found)

    found = session.asked(asked)
    if as_json:
        _tell(found, as_json, "")
        return
    rows = [
        (
            one.clr_appy_evt_id, one.input.setlym, one.input.insutype, one.input.clr_type,
            yuan(one.input.fund_appy_sum), one.state,
        )
        for one in found.applications
    ]  # fmt: skip
    show(("application", "month", "insutype", "clr_type", "funds", "state"), rows, nothing="There is none.")


def _envelope(institution: str) -> "Envelope":
    from proto.settlement.v1.envelope_pb2 import Envelope

    return Envelope(fixmedins_code=institution)


def _tell(found: "Message", as_json: bool, words: str) -> None:
    from google.protobuf.json_format import MessageToDict

    if as_json:
        typer.echo(
            json.dumps(MessageToDict(found, preserving_proto_field_name=True), ensure_ascii=False, indent=1)
        )
    else:
        typer.echo(words)
