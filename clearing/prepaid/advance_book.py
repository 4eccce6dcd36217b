"""Advances to institutions (医保基金预付) in the clearing database: a fund's reserve, application, payment.

Recovery is the month's: a document from December on takes back what is outstanding, never more than is due.
"""

from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from clearing.errors import Malformed, NotAllowed
from clearing.operator_log import note
from clearing.prepaid.advances import MONTHS, AdvanceRules, Reserve
from clearing.proposals import Proposal, changing, propose
from clearing.scheme import Scheme
from runtime.postgres import Connection

YEAR_DAYS: Final = 365


class Whom(NamedTuple):
    """An institution, by the books of the pool that pays it, under one insurance."""

    fixmedins_code: str
    book_pool: int
    insutype: str


class Advance(NamedTuple):
    """One of them, and how it stands. Amounts in fen."""

    proposal: int
    year: int
    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    amount_fen: int
    state: str  # waiting, approved, paid, refused, superseded
    outstanding_fen: int  # of all that this institution was paid ahead from this fund, days' payouts too


async def note_reserve(
    connection: Connection,
    pool: int,
    book: str,
    stands: Reserve,
    *,
    as_of: date,
    source: str,
    operator: str,
    scheme: Scheme,
) -> None:
    """How a fund stands; the latest counts. Raises Malformed."""
    if book not in scheme.books:
        raise Malformed(f"{book[:30]} is no book; books are {', '.join(scheme.books)}.")
    if stands.reserve_fen < 0 or stands.month_spend_fen <= 0:
        raise Malformed("A reserve is not negative, and a month's spending is more than 0.")
    if not source.strip():
        raise Malformed("Say where the figures are from.")
    async with changing(connection):
        await connection.execute(
            "INSERT INTO fund_reserve (pool, book, as_of, reserve_fen, month_spend_fen, surplus_fen, source, made_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            pool, book, as_of, *stands, source.strip(), operator,
        )  # fmt: skip
        await note(connection, operator, "note reserve", f"{pool} {book}", stands._asdict())


async def reserve(connection: Connection, pool: int, book: str) -> Reserve | None:
    """How a fund stands; None where nobody has said."""
    record = await connection.fetchrow(
        "SELECT reserve_fen, month_spend_fen, surplus_fen FROM fund_reserve WHERE pool = $1 AND book = $2"
        " ORDER BY id DESC LIMIT 1",
        pool, book,
    )  # fmt: skip
    return Reserve(*record) if record else None


async def average_month(
    connection: Connection, whom: Whom, fund: str, today: date, rules: AdvanceRules
) -> int:
    """What the fund paid an institution a month on average over the last year's days, rounded down to the fen."""
    spent: int = await connection.fetchval(
        "SELECT isum(amount_fen) FROM institution_sum WHERE fixmedins_code = $1 AND book_pool = $2 AND insutype = $3"
        " AND fund = $4 AND day > $5 AND day <= $6",
        *whom, fund, today - timedelta(days=YEAR_DAYS * rules.average_over_months // MONTHS), today,
    )  # fmt: skip
    return max(0, spent) // rules.average_over_months


async def apply_for(
    connection: Connection,
    whom: Whom,
    amount_fen: int | None,
    *,
    operator: str,
    today: date,
    rules: AdvanceRules,
    scheme: Scheme,
) -> tuple[int, bool]:
    """An institution's application; None: its average month. Raises Malformed, NotAllowed."""
    if whom.insutype not in (known := [kind for kinds in scheme.books.values() for kind in kinds]):
        raise Malformed(f"{whom.insutype[:10]} is no insurance of the scheme; those are {', '.join(known)}.")
    book = scheme.book_of(whom.insutype)
    fund = next(
        one.fund for one in scheme.funds if (one.insutype, one.payer) == (whom.insutype, "pooled_fen")
    )
    needed = rules.months_needed(book)
    async with changing(connection):
        stands = await reserve(connection, whom.book_pool, book)
        if stands is None:
            raise NotAllowed(
                f"Nobody has said how the fund of {book} of pool {whom.book_pool} stands:"
                " python -m clearing advance reserve"
            )
        if not stands.allows(needed):
            raise NotAllowed(
                f"The fund of {book} of pool {whom.book_pool} covers {stands.months_tenths // 10}."
                f"{stands.months_tenths % 10} months{' and has a deficit' if stands.surplus_fen < 0 else ''};"
                f" {needed} months without a deficit are needed."
            )
        average = await average_month(connection, whom, fund, today, rules)
        amount_fen = average if amount_fen is None else amount_fen
        if not 0 < amount_fen <= average:
            raise NotAllowed(
                f"The average month of {whom.fixmedins_code} is {average} fen: an advance is at most that."
            )
        ref = f"{today.year}/{whom.fixmedins_code}/{whom.book_pool}/{whom.insutype}"
        made, new = await propose(
            connection, "advance", ref, amount_fen=amount_fen, operator=operator,
            detail={"reserve": stands._asdict(), "in_time": today.month == rules.apply_in_month},
        )  # fmt: skip
        if new:
            await connection.execute(
                "INSERT INTO advance_application VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                made, today.year, *whom, fund, book, amount_fen, needed,
                f"{today.year}{rules.recovered_from_month:02}",
            )  # fmt: skip
        return made, new


async def approve(connection: Connection, proposal: Proposal, _operator: str, _today: date) -> None:
    """What approving an advance does: its condition is looked at once more. Money moves when it is paid."""
    await connection.execute("SELECT advance_allowed($1)", proposal.id)


async def pay(connection: Connection, number: int, *, day: date, reference: str, operator: str) -> None:
    """An approved advance has been paid; it is booked. Raises Malformed, NotAllowed."""
    if not reference.strip():
        raise Malformed("The bank's reference of the payment is needed.")
    async with changing(connection):
        before = await connection.fetchval(
            "SELECT proposal FROM advance_payment WHERE bank_reference = $1", reference.strip()
        )
        if before not in (None, number):
            raise NotAllowed(f"Advance {before} was paid under this reference of the bank; it counts once.")
        await connection.execute(
            "SELECT advance_pay($1, $2, $3, $4)", number, day, reference.strip(), operator
        )
        detail: dict[str, Any] = {"day": day.isoformat(), "bank_reference": reference.strip()}
        await note(connection, operator, "pay advance", f"proposal {number}", detail)


async def listed(connection: Connection) -> list[Advance]:
    """All of them, the latest first."""
    records = await connection.fetch(
        "SELECT a.proposal, a.year, a.fixmedins_code, a.book_pool, a.insutype, a.fund, a.amount_fen,"
        " CASE WHEN y.proposal IS NOT NULL THEN 'paid' ELSE p.state END, coalesce(b.balance_fen, 0)"
        " FROM advance_application a JOIN proposal_state p ON p.id = a.proposal"
        " LEFT JOIN advance_payment y ON y.proposal = a.proposal"
        " LEFT JOIN gl_balance b ON b.name = 'advance_to_institution' AND b.party = a.fixmedins_code"
        "   AND (b.pool, b.insutype, b.fund) = (a.book_pool, a.insutype, a.fund) ORDER BY a.proposal DESC"
    )
    return [Advance(*one) for one in records]
