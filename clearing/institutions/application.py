"""An institution applies for the clearing of a month (3203), takes it back (3204), and asks how it stands (3205A).

An application must say what the runs of the month's closed days say; where it does not, it is refused with what they
say. One of a month, insurance, clr_type and clr_way stands at a time. Its number is a function of what it is about, so
the same application again is the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from clearing.errors import Malformed, NotAllowed, NotFound
from clearing.institutions.institution_desk import as_message
from clearing.institutions.statement import Totals
from proto.settlement.v1 import statement_pb2
from runtime.keys import setl_id_text
from runtime.postgres import Connection

APPLICATIONS_MAX: Final = 1_000


async def apply(
    connection: Connection, fixmedins_code: str, given: statement_pb2.ClearingApplication
) -> statement_pb2.ApplyForClearingResponse:
    """3203. Gives infcode -1 and the centre's totals where they differ. Raises Malformed, NotAllowed."""
    begin, end = _month_days(given)
    for name in ("clr_type", "clr_way", "insutype"):
        if not getattr(given, name):
            raise Malformed(f"input.{name} is missing.")
    centre = await month_totals(connection, fixmedins_code, given.insutype, given.clr_type, begin, end)
    said = Totals(given.psntime, given.medfee_sumamt, given.fund_appy_sum, given.acct_pay, given.cash_payamt)
    if said != centre:
        return statement_pb2.ApplyForClearingResponse(
            infcode=-1, err_msg="the application differs from what was run; the books' totals are in centre",
            centre=as_message(centre),
        )  # fmt: skip
    content = given.SerializeToString(deterministic=True)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('apply ' || $1))", fixmedins_code)
        about = (fixmedins_code, given.setlym, given.insutype, given.clr_type, given.clr_way)
        stands = await connection.fetchrow(
            "SELECT clr_appy_evt_id, input FROM clearing_application WHERE fixmedins_code = $1 AND setlym = $2"
            " AND insutype = $3 AND clr_type = $4 AND clr_way = $5 AND state <> 'withdrawn'",
            *about,
        )
        if stands is not None and stands["input"] == content:
            return statement_pb2.ApplyForClearingResponse(clr_appy_evt_id=stands["clr_appy_evt_id"])
        if stands is not None:
            raise NotAllowed(
                f"Application {stands['clr_appy_evt_id']} of this month stands; take it back first (3204)."
            )
        before = await connection.fetchval(
            "SELECT count(*) FROM clearing_application WHERE fixmedins_code = $1 AND setlym = $2 AND insutype = $3"
            " AND clr_type = $4 AND clr_way = $5",
            *about,
        )
        named = " ".join((*about, str(before))).encode()
        number = setl_id_text(hashlib.blake2b(named, digest_size=16, person=b"3203").digest())
        await connection.execute(
            "INSERT INTO clearing_application (clr_appy_evt_id, fixmedins_code, setlym, insutype, clr_type, clr_way,"
            " input, state) VALUES ($1, $2, $3, $4, $5, $6, $7, 'applied')",
            number, *about, content,
        )  # fmt: skip
    return statement_pb2.ApplyForClearingResponse(clr_appy_evt_id=number)


async def month_totals(
    connection: Connection, fixmedins_code: str, insutype: str, clr_type: str, begin: date, end: date
) -> Totals:
    """What the runs of closed days pay an institution's items, refunds taken off. Amounts in fen."""
    record = await connection.fetchrow(
        "SELECT isum(sign * items), isum(total_fen), isum(fund_sum_fen), isum(account_fen + family_fen), isum(cash_fen)"
        " FROM run_paid WHERE day BETWEEN $4 AND $5 AND fixmedins_code = $1 AND insutype = $2 AND clr_type = $3",
        fixmedins_code, insutype, clr_type, begin, end,
    )  # fmt: skip
    assert record is not None
    return Totals(*record)


async def withdraw(connection: Connection, fixmedins_code: str, number: str) -> None:
    """3204; again is harmless. Raises NotFound, NotAllowed."""
    async with connection.transaction():
        state = await connection.fetchval(
            "SELECT state FROM clearing_application WHERE clr_appy_evt_id = $1 AND fixmedins_code = $2 FOR UPDATE",
            number, fixmedins_code,
        )  # fmt: skip
        if state is None:
            raise NotFound(f"This institution has no application {number[:30]}.")
        if state not in ("applied", "withdrawn"):
            raise NotAllowed(f"Application {number} is {state} and cannot be taken back.")
        await connection.execute(
            "UPDATE clearing_application SET state = 'withdrawn' WHERE clr_appy_evt_id = $1", number
        )


async def accept_month(connection: Connection, setlym: str) -> int:
    """When a month is closed: what stands of its applications is accepted. Gives how many."""
    done = await connection.execute(
        "UPDATE clearing_application SET state = 'accepted' WHERE setlym = $1 AND state = 'applied'", setlym
    )
    return int(done.split()[-1])


async def pay_month(connection: Connection, setlym: str, paid: Mapping[tuple[str, str], int]) -> None:
    """When a closed month is paid: (institution, insurance) -> fen.

    Each application is told what it applied for, in their order, as far as it goes, and the last one the rest.
    """
    records = await connection.fetch(
        "SELECT clr_appy_evt_id, fixmedins_code, insutype, input FROM clearing_application"
        " WHERE setlym = $1 AND state IN ('applied', 'accepted') ORDER BY fixmedins_code, insutype, at, clr_appy_evt_id",
        setlym,
    )
    for whom, group in groupby(records, key=lambda one: (one["fixmedins_code"], one["insutype"])):
        left, some = paid.get(whom, 0), list(group)
        for one in some:
            given = statement_pb2.ClearingApplication.FromString(one["input"])
            applied = given.fund_appy_sum + given.acct_pay
            fen = left if one is some[-1] else max(0, min(left, applied))
            left -= fen
            await connection.execute(
                "UPDATE clearing_application SET state = 'paid', paid_fen = $2 WHERE clr_appy_evt_id = $1",
                one["clr_appy_evt_id"], fen,
            )  # fmt: skip


async def applications(
    connection: Connection, fixmedins_code: str, *, number: str, setlym: str
) -> Sequence[statement_pb2.ApplicationState]:
    """3205A: one by its number, or those of a month."""
    records = await connection.fetch(
        "SELECT clr_appy_evt_id, input, state, paid_fen, at FROM clearing_application WHERE fixmedins_code = $1"
        f" AND ($2 = '' OR clr_appy_evt_id = $2) AND ($3 = '' OR setlym = $3) ORDER BY at LIMIT {APPLICATIONS_MAX}",
        fixmedins_code, number, setlym,
    )  # fmt: skip
    return [
        statement_pb2.ApplicationState(
            clr_appy_evt_id=one["clr_appy_evt_id"], input=statement_pb2.ClearingApplication.FromString(one["input"]),
            state=one["state"], paid_fen=one["paid_fen"], at=one["at"].isoformat(timespec="seconds"),
        )
        for one in records
    ]  # fmt: skip


def _month_days(given: statement_pb2.ClearingApplication) -> tuple[date, date]:
    try:
        begin, end = date.fromisoformat(given.begndate), date.fromisoformat(given.enddate)
    except ValueError:
        raise Malformed("input.begndate and enddate must be yyyy-MM-dd.") from None
    if begin > end or {begin.strftime("%Y%m"), end.strftime("%Y%m")} != {given.setlym}:
        raise Malformed("input.begndate to enddate must lie in the month of setlym, yyyyMM.")
    return begin, end
