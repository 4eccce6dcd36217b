"""Payouts to institutions in the clearing database: a share of a day at T+1, and what a closed month leaves to pay."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from clearing.errors import NotAllowed, NotFound
from clearing.institutions.application import pay_month
from clearing.periods import Period
from clearing.prepaid.advances import PayoutRules
from clearing.proposals import Proposal, changing, propose
from runtime.postgres import Connection

_OF: Final = "payout_of($1, $2::smallint[], $3, $4::jsonb, $5::text[])"


class PayoutLine(NamedTuple):
    """What an institution gets of a day from one fund, by the books of one pool. Amounts in fen."""

    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    base_fen: int
    ratio_bp: int
    amount_fen: int


class MonthShare(NamedTuple):
    """What an institution gets of a closed month from one fund, by the books of one pool."""

    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    amount_fen: int


async def propose_for(
    connection: Connection, period: Period, rules: PayoutRules, *, operator: str
) -> tuple[int, bool]:
    """The payout of a day, or the rest of a closed month; (proposal, whether it is new). Raises NotFound, NotAllowed."""
    if period.is_month:
        return await propose_month_pay(connection, period, operator=operator)
    return await propose_payout(connection, period.first, rules, operator=operator)


async def lines_of(connection: Connection, period: Period) -> Sequence[PayoutLine | MonthShare]:
    """What institutions get of a day by payouts that wait or are approved, or of a closed month."""
    return await (
        month_shares(connection, period) if period.is_month else day_lines(connection, period.first)
    )


async def propose_payout(
    connection: Connection, day: date, rules: PayoutRules, *, operator: str
) -> tuple[int, bool]:
    """A day's payout: its runs that none has paid out. Raises NotFound, NotAllowed."""
    async with changing(connection):
        runs = await connection.fetch(
            "SELECT batch, EXISTS (SELECT FROM payout_paid p WHERE p.day = r.day AND p.batch = r.batch) AS paid,"
            " EXISTS (SELECT FROM month_run_paid m WHERE m.day = r.day AND m.batch = r.batch) AS closed"
            " FROM run r WHERE day = $1 ORDER BY batch",
            day,
        )
        if not runs:
            raise NotFound(f"{day} was not run; `python -m clearing runs` lists what was.")
        due = [one["batch"] for one in runs if not one["paid"] and not one["closed"]]
        if not due:
            raise NotAllowed(f"{day} is paid out, or its month is closed.")
        detail = {
            "batches": due,
            "ratio_bp": rules.ratio_bp,
            "pools": rules.pools_json,
            "clr_types": list(rules.clr_types),
        }
        asked = (day, due, rules.ratio_bp, rules.pools_json, list(rules.clr_types))
        amount_fen = await connection.fetchval(f"SELECT isum(amount_fen) FROM {_OF}", *asked)
        if not amount_fen:
            raise NotAllowed(f"{day} brought nothing of which a share is paid out.")
        made, new = await propose(
            connection, "payout", day.isoformat(), amount_fen=amount_fen, detail=detail, operator=operator
        )
        if new:
            await connection.executemany(
                "INSERT INTO payout_run VALUES ($1, $2, $3)", [(made, day, batch) for batch in due]
            )
            await connection.execute(f"INSERT INTO payout_line SELECT $6::bigint, * FROM {_OF}", *asked, made)
        return made, new


async def propose_month_pay(connection: Connection, period: Period, *, operator: str) -> tuple[int, bool]:
    """The rest of a closed month, to its institutions. Raises NotAllowed."""
    month = period.text.replace("-", "")
    async with changing(connection):
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM month_final WHERE month = $1)", month):
            raise NotAllowed(f"{period.text} is not closed; its rest is paid by its document.")
        if await connection.fetchval("SELECT EXISTS (SELECT FROM month_paid WHERE month = $1)", month):
            raise NotAllowed(f"{period.text} is paid.")
        shares = await month_shares(connection, period)
        amount_fen = sum(one.amount_fen for one in shares)
        return await propose(
            connection,
            "payout",
            period.text,
            amount_fen=amount_fen,
            detail={"lines": len(shares)},
            operator=operator,
        )


async def month_shares(connection: Connection, period: Period) -> list[MonthShare]:
    """What a closed month leaves to pay; who is due nothing is not in it."""
    records = await connection.fetch(
        "SELECT fixmedins_code, book_pool, insutype, fund, isum(to_pay_fen) FROM month_final f"
        " JOIN month_institution_line l USING (proposal) WHERE f.month = $1 AND bearer IN ('pool', 'account')"
        " GROUP BY 1, 2, 3, 4 HAVING isum(to_pay_fen) > 0 ORDER BY 1, 2, 3, 4",
        period.text.replace("-", ""),
    )
    return [MonthShare(*one) for one in records]


async def day_lines(connection: Connection, day: date) -> list[PayoutLine]:
    """The lines of a day's payouts that wait or are approved."""
    records = await connection.fetch(
        "SELECT fixmedins_code, book_pool, insutype, fund, isum(base_fen), min(ratio_bp), isum(l.amount_fen)"
        " FROM payout_line l JOIN proposal_state p ON p.id = l.proposal AND p.state IN ('waiting', 'approved')"
        " WHERE day = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        day,
    )
    return [PayoutLine(*one) for one in records]


async def pay(connection: Connection, proposal: Proposal, _operator: str, today: date) -> None:
    """What approving a payout does: it is booked; a day's as an advance, a month's against what is due."""
    if len(proposal.ref) == len("2026-11"):
        month = proposal.ref.replace("-", "")
        await connection.execute("SELECT month_pay($1, $2, $3)", proposal.id, month, today)
        records = await connection.fetch(
            "SELECT party, insutype, isum(amount_fen) FROM gl_booked WHERE ref = $1 AND name = 'payable_to_institution'"
            " AND kind IN ('institution_paid', 'advance_recovered') GROUP BY party, insutype",
            month,
        )
        await pay_month(connection, month, {(party, insutype): fen for party, insutype, fen in records})
    else:
        await connection.execute("SELECT payout_pay($1, $2)", proposal.id, today)
