"""Months in the clearing database: what is missing, the document as it is proposed, and the close. The rules are SQL's.

A month closes when each of its days before today is run. Books that stayed out and differences that are open hold nothing
up: they are named, and what comes of them later enters the document of a later month.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from clearing.books import Book
from clearing.errors import NotAllowed, NotFound
from clearing.figures import Figures
from clearing.institutions.application import accept_month
from clearing.institutions.apportionment import carry_over
from clearing.months.month_document import Document, InstitutionLine, PoolLine
from clearing.periods import Period
from clearing.proposals import Proposal, changing, propose
from clearing.scheme import ACCOUNT, PAYERS
from ledger.rows import AMOUNTS
from runtime.postgres import Connection

_POOL: Final = ", ".join(PoolLine._fields)
_INSTITUTION: Final = ", ".join(InstitutionLine._fields)


class MonthStands(NamedTuple):
    """What a month still lacks, and what does not hold it up but has to be known."""

    missing: list[date]  # days up to its last, and before today, without a run
    unclosed: list[str]  # earlier months with runs that are not closed
    over: bool
    closed: bool  # it, or a later one: its document would take in what that one withheld, a second time
    absent: list[str]  # "2026-11-20 region 45: why"
    differences: int
    stake_fen: int
    late: list[tuple[date, int]]  # runs of earlier, closed months
    runs: int

    def fault(self, period: Period) -> str:
        """Why it cannot be closed; empty where it can. Whether it is over is the caller's to judge."""
        if self.closed:
            return f"{period.text} is closed, or a later month is; what came since is in the next month's document."
        if self.unclosed:
            return f"Close {', '.join(self.unclosed)} first: months close in their order."
        if self.missing:
            days = ", ".join(map(str, self.missing[:10])) + (", …" if len(self.missing) > 10 else "")
            return f"{len(self.missing)} days up to {period.text} were not run: {days}."
        if not self.runs:
            return f"Nothing of {period.text} was run; `python -m clearing runs` lists what was."
        return ""


async def stands(connection: Connection, period: Period, today: date) -> MonthStands:
    """How a month stands. Days before the first run of all are not asked for; days after an early close still are."""
    first_run = await connection.fetchval("SELECT min(day) FROM run")
    last = min(period.last, today - timedelta(days=1))
    missing = await connection.fetch(
        "SELECT d::date FROM generate_series($1::date, $2::date, interval '1 day') d"
        " WHERE NOT EXISTS (SELECT FROM run WHERE day = d::date) ORDER BY 1",
        first_run or last, last,
    )  # fmt: skip
    unclosed = await connection.fetch(
        "SELECT DISTINCT to_char(day, 'YYYY-MM') AS month FROM run WHERE day < $1"
        " AND NOT EXISTS (SELECT FROM month_closed WHERE month >= to_char(day, 'YYYYMM')) ORDER BY 1",
        period.first,
    )
    absent = await connection.fetch(
        "SELECT a.day, a.book, a.why FROM run_absent a WHERE a.day BETWEEN $1 AND $2"
        " AND a.batch = (SELECT max(batch) FROM run WHERE day = a.day) ORDER BY 1, 2",
        period.first, period.last,
    )  # fmt: skip
    open_ones = await connection.fetchrow(
        "SELECT count(*) AS items, isum(stake_fen) AS stake_fen FROM difference_state"
        " WHERE day BETWEEN $1 AND $2 AND state <> 'resolved'",
        period.first, period.last,
    )  # fmt: skip
    due = await connection.fetch(
        "SELECT day, batch, late FROM month_due($1) ORDER BY day, batch", _compact(period)
    )
    closed = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM month_closed WHERE month >= $1)", _compact(period)
    )
    assert open_ones is not None
    return MonthStands(
        [one[0] for one in missing], [one[0] for one in unclosed], period.last < today, closed,
        [f"{one['day']} {one['book']}: {one['why']}" for one in absent], open_ones["items"], open_ones["stake_fen"],
        [(one["day"], one["batch"]) for one in due if one["late"]], len(due),
    )  # fmt: skip


async def propose_month(
    connection: Connection, books: Sequence[Book], period: Period, *, operator: str, today: date, early: bool
) -> tuple[int, bool]:
    """Make a month's document and leave it to a second person; (proposal, whether it is new).

    Raises NotAllowed with what is missing, BookUnreachable, BookRefused.
    """
    standing = await stands(connection, period, today)
    if fault := standing.fault(period):
        raise NotAllowed(fault)
    if not standing.over and not early:
        raise NotAllowed(
            f"{period.text} is not over. With --early it closes with the days that were run; the others enter the"
            " next month's document."
        )
    withheld = await _withheld(connection, books, period)
    async with changing(connection):
        return await _made(connection, period, withheld, operator=operator, early=not standing.over)


async def _made(
    connection: Connection,
    period: Period,
    withheld: Sequence[tuple["_Unconfirmed", Figures]],
    *,
    operator: str,
    early: bool,
) -> tuple[int, bool]:
    month = _compact(period)
    waits = await connection.fetchval(
        "SELECT id FROM proposal_state WHERE kind = 'month' AND ref = $1 AND state = 'waiting'"
        " AND month_moved(id) IS NULL",
        period.text,
    )
    if waits is not None:
        return waits, False
    due = await connection.fetch("SELECT day, batch, late FROM month_due($1) ORDER BY day, batch", month)
    said_fen = await connection.fetchval(
        "SELECT isum(s.amount_fen) FROM month_due($1) m JOIN pool_sum s ON (s.day, s.batch) = (m.day, m.batch)",
        month,
    )
    version = await connection.fetchval("SELECT count(*) + 1 FROM month_document WHERE month = $1", month)
    detail = {"version": version, "runs": len(due), "withheld": len({row.setl_id for row, _ in withheld})}
    made, _ = await propose(
        connection, "month", period.text, amount_fen=said_fen, detail=detail, operator=operator
    )
    previous = await connection.fetchval("SELECT proposal FROM month_final ORDER BY month DESC LIMIT 1")
    await connection.execute(
        "INSERT INTO month_document VALUES ($1, $2, $3, $4)", made, month, early, previous
    )
    await connection.copy_records_to_table("month_run", records=[(made, *one) for one in due])
    await _add_withheld(connection, made, withheld)
    for step in ("month_write", "month_take_off", "month_holds"):
        await connection.execute(f"SELECT {step}($1)", made)
    return made, True


class _Unconfirmed(NamedTuple):
    """A listed row without its institution's word, and where the run found it."""

    setl_id: str
    day: date
    batch: int
    node: str
    region: str


async def _withheld(
    connection: Connection, books: Sequence[Book], period: Period
) -> list[tuple[_Unconfirmed, Figures]]:
    """What is not confirmed, by payer, as the care books tell it. Raises NotFound, BookUnreachable, BookRefused."""
    records = await connection.fetch(
        "SELECT a.setl_id, a.day, s.batch, s.node, s.region FROM month_unconfirmed($1) a CROSS JOIN LATERAL"
        " (SELECT batch, node, region FROM run_sum s WHERE s.day = a.day AND s.source IN ('home', 'care', 'care_aside')"
        "   AND s.fixmedins_code = a.fixmedins_code AND s.home_pool = a.home_pool AND s.care_pool = a.care_pool"
        "   LIMIT 1) s"
        " ORDER BY s.region, s.node, a.setl_id",
        _compact(period),
    )
    rows = {one["setl_id"]: _Unconfirmed(*one) for one in records}
    care = {book.at.name: book for book in books if book.at.side == "care"}
    found: list[tuple[_Unconfirmed, Figures]] = []
    for region, node in sorted({(one.region, one.node) for one in rows.values()}):
        if region not in care:
            raise NotFound(f"DSGW_BOOKS does not name the book of region {region}.")
        ids = [one.setl_id for one in rows.values() if (one.region, one.node) == (region, node)]
        figures = await care[region].with_ids(ids, peer=node)
        found += [(rows[one.setl_id], one) for one in figures if one.day == rows[one.setl_id].day]
    if lost := rows.keys() - {one.setl_id for one, _ in found}:
        raise NotFound(
            f"The care books no longer tell of {len(lost)} unconfirmed settlements, {min(lost)} first."
        )
    return found


async def _add_withheld(
    connection: Connection, proposal: int, withheld: Iterable[tuple[_Unconfirmed, Figures]]
) -> None:
    """The same funds and bearers as the run that summed a settlement had."""
    rows = [
        (row.setl_id, row.day, row.batch, figures, payer, fen)
        for row, figures in withheld
        for payer in PAYERS
        if (fen := paid_by(figures, payer))
    ]
    await connection.execute(
        "INSERT INTO month_withheld"
        " SELECT $1, u.setl_id, u.fixmedins_code, u.day, u.batch, u.home_pool, u.care_pool, u.insutype, f.fund, f.bearer,"
        "   CASE WHEN f.bearer = 'commercial' THEN coalesce(nullif(u.payer_named, ''), 'commercial:' || u.home_pool)"
        "     WHEN f.bearer IN ('carrier', 'aid') THEN coalesce(o.party, f.bearer || ':' || u.home_pool) ELSE '' END,"
        "   u.fen"
        " FROM unnest($2::text[], $3::text[], $4::date[], $5::smallint[], $6::integer[], $7::integer[], $8::text[],"
        "   $9::text[], $10::text[], $11::bigint[]) AS u (setl_id, fixmedins_code, day, batch, home_pool, care_pool,"
        "   insutype, payer, payer_named, fen)"
        " JOIN run_fund f ON (f.day, f.batch, f.insutype, f.payer) = (u.day, u.batch, u.insutype, u.payer)"
        " LEFT JOIN run_outside o ON (o.day, o.batch, o.bearer, o.home_pool) = (u.day, u.batch, f.bearer, u.home_pool)",
        proposal,
        [one[0] for one in rows], [one[3].key.fixmedins_code for one in rows], [one[1] for one in rows],
        [one[2] for one in rows], [one[3].key.home_pool for one in rows], [one[3].key.care_pool for one in rows],
        [one[3].key.insutype for one in rows], [one[4] for one in rows],
        [one[3].key.commercial_payer for one in rows], [one[5] for one in rows],
    )  # fmt: skip


def paid_by(figures: Figures, payer: str) -> int:
    """What a payer of the scheme paid of a decision: account money is both kinds of it."""
    amounts = dict(zip(AMOUNTS, figures.amounts, strict=True))
    return amounts["account_fen"] + amounts["family_fen"] if payer == ACCOUNT else amounts[payer]


async def close_month(connection: Connection, proposal: Proposal, operator: str, today: date) -> None:
    """What approving a month does: it is closed as proposed, or not at all where anything moved meanwhile."""
    await connection.execute("SELECT month_close($1, $2, $3)", proposal.id, operator, today)
    first = date.fromisoformat(f"{proposal.ref}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    await carry_over(connection, f"{first:%Y%m}", f"{following:%Y%m}")
    await accept_month(connection, f"{first:%Y%m}")


async def document(connection: Connection, proposal: int) -> Document:
    """A document by its proposal. Raises NotFound."""
    head = await connection.fetchrow(
        "SELECT p.id, p.ref, p.state, p.made_by, p.checked_by, d.early,"
        " (SELECT count(DISTINCT setl_id) FROM month_withheld WHERE proposal = p.id) AS withheld"
        " FROM month_document d JOIN proposal_state p ON p.id = d.proposal WHERE p.id = $1",
        proposal,
    )
    if head is None:
        raise NotFound(f"Proposal {proposal} is no month's document.")
    runs = await connection.fetch(
        "SELECT day, batch, late FROM month_run WHERE proposal = $1 ORDER BY day, batch", proposal
    )
    pools = await connection.fetch(
        f"SELECT {_POOL} FROM month_pool_line WHERE proposal = $1"
        " ORDER BY insutype, fund, local, party, home_pool, care_pool",
        proposal,
    )
    institutions = await connection.fetch(
        f"SELECT {_INSTITUTION} FROM month_institution_line WHERE proposal = $1"
        " ORDER BY fixmedins_code, book_pool, insutype, fund, local",
        proposal,
    )
    return Document(
        head["ref"], proposal, head["state"], head["early"], head["made_by"], head["checked_by"],
        [(one["day"].isoformat(), one["batch"], one["late"]) for one in runs], head["withheld"],
        [PoolLine(*one) for one in pools], [InstitutionLine(*one) for one in institutions],
    )  # fmt: skip


async def latest_document(connection: Connection, period: Period) -> Document | None:
    """The document that a month closed with, else the one that waits or was refused last; None where there is none."""
    found: int | None = await connection.fetchval(
        "SELECT coalesce((SELECT proposal FROM month_final WHERE month = $1),"
        " (SELECT max(proposal) FROM month_document WHERE month = $1))",
        _compact(period),
    )
    return None if found is None else await document(connection, found)


def _compact(period: Period) -> str:
    return period.text.replace("-", "")
