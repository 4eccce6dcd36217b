"""The month's apportionment of off-site items (清分, 3260 to 3262): listed page by page, confirmed, rolled back.

An institution lists the off-site items of its closed days; each has a number for ever. What it confirms enters the
month's clearing; what it has not confirmed when the month is closed carries over to the next one. An institution that
never listed a month holds nothing up: nothing of it waits. Source: national 3260-3262 as public HIS code calls them; that
an unlisted month counts as confirmed is an assumption.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from clearing.books import Book
from clearing.errors import Malformed, NotAllowed, NotFound
from clearing.institutions.statement import centre_item
from proto.settlement.v1 import books_pb2, statement_pb2
from runtime.clock import china_text
from runtime.keys import setl_id_text
from runtime.postgres import Connection

PAGE_ROWS_MAX: Final = 100
ACROSS: Final = (2, 3)
"""Routes that are apportioned: within the province and across provinces."""
WHOLE_MONTH: Final = "0"


class Month(NamedTuple):
    """A month of an institution."""

    fixmedins_code: str
    month: str  # yyyyMM

    @property
    def first(self) -> date:
        """Its first day."""
        return date(int(self.month[:4]), int(self.month[4:]), 1)

    @property
    def next_first(self) -> date:
        """The first day of the next one."""
        first = self.first
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def month_of(fixmedins_code: str, trt_year: str, trt_month: str) -> Month:
    """What a request names. Raises Malformed."""
    if (
        not (trt_year + trt_month).isdigit()
        or len(trt_year) != 4
        or len(trt_month) != 2
        or not 1 <= int(trt_month) <= 12
    ):
        raise Malformed("trt_year and trt_month must be yyyy and MM.")
    return Month(fixmedins_code, trt_year + trt_month)


def month_named(fixmedins_code: str, month: str) -> Month:
    """The month that an operator names, yyyy-MM. Raises Malformed."""
    year, _, of_year = month.partition("-")
    return month_of(fixmedins_code, year, of_year)


async def page(
    connection: Connection, books: Sequence[Book], month: Month, startrow: int
) -> statement_pb2.GetApportionmentResponse:
    """3260: rows from a number on. Raises Malformed, BookUnreachable, BookRefused."""
    if startrow < 1:
        raise Malformed("startrow counts from 1.")
    await _list_closed_days(connection, books, month)
    total = await connection.fetchval(
        "SELECT count(*) FROM apportioned WHERE fixmedins_code = $1 AND month = $2", *month
    )
    records = await connection.fetch(
        "SELECT seqno, setl_id, mdtrt_id, setl_ms, care_pool, medfee_fen, agency_fen, confirmed_by FROM apportioned"
        f" WHERE fixmedins_code = $1 AND month = $2 ORDER BY seqno OFFSET $3 LIMIT {PAGE_ROWS_MAX}",
        *month, startrow - 1,
    )  # fmt: skip
    return statement_pb2.GetApportionmentResponse(
        totalrow=total,
        rows=[
            statement_pb2.ApportionmentRow(
                seqno=one["seqno"], mdtrtarea=str(one["care_pool"]), medins_no=month.fixmedins_code,
                mdtrt_id=one["mdtrt_id"], mdtrt_setl_time=china_text(one["setl_ms"]), setl_sn=one["setl_id"],
                fulamt_advpay_flag="0", medfee_sumamt=one["medfee_fen"], optins_pay_sumamt=one["agency_fen"],
                cnfm_flag="1" if one["confirmed_by"] else "0",
            )
            for one in records
        ],
    )  # fmt: skip


async def _list_closed_days(connection: Connection, books: Sequence[Book], month: Month) -> None:
    """Number what the runs of the month's days have closed since the list was looked at last."""
    records = await connection.fetch(
        "SELECT DISTINCT p.day, p.region FROM run_pair p WHERE p.day >= $2 AND p.day < $3"
        " AND EXISTS (SELECT FROM run_sum s WHERE s.day = p.day AND s.region = p.region AND s.fixmedins_code = $1"
        "   AND s.source IN ('home', 'care', 'care_aside') AND s.route = any($4))"
        " AND NOT EXISTS (SELECT FROM apportioned_day d WHERE d.fixmedins_code = $1 AND d.day = p.day) ORDER BY p.day",
        month.fixmedins_code, month.first, month.next_first, list(ACROSS),
    )  # fmt: skip
    care = {book.at.name: book for book in books if book.at.side == "care"}
    for day, region in records:
        if region not in care:
            raise NotFound(f"DSGW_BOOKS does not name the book of region {region}.")
        rows = []
        request = books_pb2.GetDecisionsRequest(
            day=day.isoformat(), of=books_pb2.DecisionsOf(fixmedins_code=month.fixmedins_code)
        )
        async for decision in care[region].stored(request):
            item = centre_item(decision)
            if item is not None and item.route in ACROSS:
                agency = item.medfee_fen - item.cash_fen - decision.hospital_fen
                rows.append((
                    item.setl_id, item.mdtrt_id, decision.decided_ms, day, decision.home_pool, decision.care_pool,
                    item.insutype, item.medfee_fen, agency,
                ))  # fmt: skip
        await _number(connection, month, day, sorted(rows))


async def _number(
    connection: Connection, month: Month, day: date, rows: Sequence[tuple[object, ...]]
) -> None:
    async with connection.transaction():
        await _alone(connection, month)
        done = await connection.execute(
            "INSERT INTO apportioned_day VALUES ($1, $2) ON CONFLICT DO NOTHING", month.fixmedins_code, day
        )
        if done.endswith(" 0"):
            return
        last = await connection.fetchval(
            "SELECT coalesce(max(seqno), 0) FROM apportioned WHERE fixmedins_code = $1 AND month = $2", *month
        )
        await connection.copy_records_to_table(
            "apportioned",
            records=[(*month, last + number, *row) for number, row in enumerate(rows, start=1)],
            columns=(
                "fixmedins_code", "month", "seqno", "setl_id", "mdtrt_id", "setl_ms", "day", "home_pool", "care_pool",
                "insutype", "medfee_fen", "agency_fen",
            ),
        )  # fmt: skip


async def confirm(
    connection: Connection, month: Month, *, msgid: str, totalrow: int,
    detail: Sequence[statement_pb2.ApportionmentConfirmation],
) -> statement_pb2.ConfirmApportionmentResponse:  # fmt: skip
    """3261: the same message again is answered as before. Raises Malformed, NotAllowed, NotFound."""
    if not 1 <= len(detail) <= PAGE_ROWS_MAX:
        raise Malformed(f"detail holds 1 to {PAGE_ROWS_MAX} rows.")
    digest = hashlib.sha256(
        b"".join(one.SerializeToString(deterministic=True) + b"\n" for one in detail) + month.month.encode()
    ).digest()
    named = setl_id_text(
        hashlib.blake2b(f"{month.fixmedins_code} {msgid}".encode(), digest_size=16, person=b"3261").digest()
    )
    async with connection.transaction():
        await _alone(connection, month)
        before = await connection.fetchrow("SELECT * FROM apportionment_call WHERE inf_refmsgid = $1", named)
        if before is not None:
            if before["digest"] != digest:
                raise NotAllowed("This msgid was used for other content; take a new one.")
            return statement_pb2.ConfirmApportionmentResponse(
                inf_refmsgid=named, confirmed=before["confirmed"], left=before["left_over"]
            )
        held = await connection.fetch(
            "SELECT seqno, setl_id FROM apportioned WHERE fixmedins_code = $1 AND month = $2", *month
        )
        if totalrow != len(held):
            raise NotAllowed(f"The month holds {len(held)} rows now, not {totalrow}: read it again (3260).")
        numbers = {one["seqno"]: one["setl_id"] for one in held}
        for one in detail:
            if numbers.get(one.seqno) != one.setl_sn or one.cnfm_flag not in ("0", "1"):
                raise NotFound(
                    f"Row {one.seqno} is not {one.setl_sn[:30]}, or its cnfm_flag is neither 0 nor 1."
                )
        confirmed = [one.seqno for one in detail if one.cnfm_flag == "1"]
        refused = [one.seqno for one in detail if one.cnfm_flag == "0"]
        await _refuse_closed(connection, month)
        await connection.execute(
            "UPDATE apportioned SET confirmed_by = $3 WHERE fixmedins_code = $1 AND month = $2 AND seqno = any($4)",
            *month, named, confirmed,
        )  # fmt: skip
        await connection.execute(
            "UPDATE apportioned SET confirmed_by = NULL WHERE fixmedins_code = $1 AND month = $2 AND seqno = any($3)",
            *month, refused,
        )  # fmt: skip
        left = await connection.fetchval(
            "SELECT count(*) FROM apportioned WHERE fixmedins_code = $1 AND month = $2 AND confirmed_by IS NULL",
            *month,
        )
        await connection.execute(
            "INSERT INTO apportionment_call (inf_refmsgid, fixmedins_code, msgid, month, digest, confirmed, left_over)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            named, month.fixmedins_code, msgid, month.month, digest, len(confirmed), left,
        )  # fmt: skip
    return statement_pb2.ConfirmApportionmentResponse(inf_refmsgid=named, confirmed=len(confirmed), left=left)


async def roll_back(connection: Connection, month: Month, otransid: str) -> int:
    """3262: takes a confirmation back, or the whole month; again is harmless. Raises Malformed, NotFound, NotAllowed."""
    if not otransid:
        raise Malformed("otransid is missing: inf_refmsgid of a confirmation, or 0 for the whole month.")
    async with connection.transaction():
        await _alone(connection, month)
        await _refuse_closed(connection, month)
        if otransid != WHOLE_MONTH:
            known = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM apportionment_call WHERE inf_refmsgid = $3 AND fixmedins_code = $1"
                " AND month = $2)",
                *month, otransid,
            )  # fmt: skip
            if not known:
                raise NotFound(f"There is no confirmation {otransid[:30]} of this month.")
        done = await connection.execute(
            "UPDATE apportioned SET confirmed_by = NULL WHERE fixmedins_code = $1 AND month = $2"
            " AND confirmed_by IS NOT NULL AND ($3 = '0' OR confirmed_by = $3)",
            *month, otransid,
        )  # fmt: skip
        await connection.execute(
            "UPDATE apportionment_call SET rolled_back_at = now() WHERE fixmedins_code = $1 AND month = $2"
            " AND rolled_back_at IS NULL AND ($3 = '0' OR inf_refmsgid = $3)",
            *month, otransid,
        )  # fmt: skip
        return int(done.split()[-1])


async def _alone(connection: Connection, month: Month) -> None:
    """One change of an institution's rows at a time, and none beside the close of a month: what is read next still holds
    when it is written."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtext('apportion ' || $1))", month.fixmedins_code
    )
    await connection.execute("LOCK TABLE apportioned IN ROW EXCLUSIVE MODE")


async def _refuse_closed(connection: Connection, month: Month) -> None:
    if await connection.fetchval("SELECT EXISTS (SELECT FROM month_closed WHERE month = $1)", month.month):
        raise NotAllowed(
            f"Month {month.month} is closed; what was not confirmed has carried over to the next one."
        )


async def carry_over(connection: Connection, closed: str, into: str) -> int:
    """When a month is closed: what its institutions listed and did not confirm gets a number in the next one."""
    done = await connection.execute(
        "INSERT INTO apportioned (fixmedins_code, month, seqno, setl_id, mdtrt_id, setl_ms, day, home_pool, care_pool,"
        " insutype, medfee_fen, agency_fen)"
        " SELECT a.fixmedins_code, $2, coalesce((SELECT max(seqno) FROM apportioned n"
        "     WHERE n.fixmedins_code = a.fixmedins_code AND n.month = $2), 0)"
        "   + row_number() OVER (PARTITION BY a.fixmedins_code ORDER BY a.seqno),"
        "   a.setl_id, a.mdtrt_id, a.setl_ms, a.day, a.home_pool, a.care_pool, a.insutype, a.medfee_fen, a.agency_fen"
        " FROM apportioned a WHERE a.month = $1 AND a.confirmed_by IS NULL ON CONFLICT DO NOTHING",
        closed, into,
    )  # fmt: skip
    return int(done.split()[-1])
