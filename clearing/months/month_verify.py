"""Whether a closed month still says what its days say, and what was approved: documents against runs, books and words."""

from datetime import date
from typing import Final

from clearing.findings import Finding, broken
from clearing.positions.ledger_verify import journals_off
from runtime.postgres import Connection

KINDS: Final = ("prepayment_drawn", "deducted", "advance_recovered")
_CLOSED: Final = """
SELECT month, p.id AS approved, f.proposal AS closed_with
FROM (SELECT id, replace(ref, '-', '') AS month FROM proposal_state WHERE kind = 'month' AND state = 'approved') p
FULL JOIN month_final f USING (month)
WHERE month = any($1) AND p.id IS DISTINCT FROM f.proposal
"""
_RUNS: Final = """
SELECT day, batch, r.proposal IS NULL AS added FROM (SELECT day, batch, proposal FROM month_run WHERE proposal = $1) r
FULL JOIN (SELECT day, batch, month FROM month_run_paid WHERE month = $2) p USING (day, batch)
WHERE r.proposal IS NULL OR p.month IS NULL ORDER BY day, batch
"""
_WITHHELD: Final = """
SELECT home_pool, care_pool, insutype, fund, isum(fen) AS off_fen FROM (
  SELECT home_pool, care_pool, insutype, fund, amount_fen AS fen FROM month_withheld WHERE proposal = $1
  UNION ALL SELECT home_pool, care_pool, insutype, fund, amount_fen FROM month_pool
    WHERE proposal = $1 AND part = 'withheld') both_sides
GROUP BY home_pool, care_pool, insutype, fund HAVING isum(fen) <> 0 ORDER BY 1, 2, 3, 4
"""


async def verify_months(connection: Connection, months: list[str], first: date, last: date) -> list[Finding]:
    """The closed documents of some months (yyyyMM), and the journals of those that closed on some days."""
    found = [
        Finding(
            f"proposal {one['approved']} was approved, the month is closed with {one['closed_with']}",
            _where(one["month"]),
        )
        for one in await connection.fetch(_CLOSED, months)
    ]
    for month, proposal in await connection.fetch(
        "SELECT month, proposal FROM month_final WHERE month = any($1) ORDER BY month", months
    ):
        found += await _document(connection, month, proposal)
    return found + await journals_off(connection, "document_meant", KINDS, first, last)


async def months_of(connection: Connection, day: date) -> list[str]:
    """The closed months that a day's runs are in."""
    return [one[0] for one in await connection.fetch("SELECT month FROM month_of_day WHERE day = $1", day)]


async def _document(connection: Connection, month: str, proposal: int) -> list[Finding]:
    found = await broken(connection, _where(month), "SELECT month_holds($1)", proposal)
    found += [
        Finding(
            f"{one['day']} batch {one['batch']} is"
            f" {'taken for paid by it and not in it' if one['added'] else 'in it and not taken for paid by it'}",
            _where(month),
        )
        for one in await connection.fetch(_RUNS, proposal, month)
    ]
    return found + [
        Finding(
            f"what pool {one['home_pool']} owes pool {one['care_pool']} under {one['insutype']} of fund {one['fund']} for"
            f" unconfirmed settlements is off by {one['off_fen']} fen",
            _where(month),
        )
        for one in await connection.fetch(_WITHHELD, proposal)
    ]


def _where(month: str) -> str:
    return f"document of {month[:4]}-{month[4:]}"
