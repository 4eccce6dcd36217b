"""Whether instructions move what their runs owe, again only what came back, and the books say so."""

from datetime import date
from typing import Final

from clearing.findings import Finding, broken
from clearing.positions.ledger_verify import journals_off
from runtime.postgres import Connection

KINDS: Final = ("paid", "paid_undone")
OF_INSTITUTIONS: Final = ("institution_returned", "institution_repaid")
_SETS: Final = """
SELECT period, batch FROM instruction_run WHERE day BETWEEN $1 AND $2
UNION SELECT period, batch FROM instruction_wallet WHERE day BETWEEN $1 AND $2
UNION SELECT period, batch FROM instruction_institution
  WHERE period IN (SELECT d::date::text FROM generate_series($1::date, $2::date, interval '1 day') d
    UNION SELECT to_char(d, 'YYYY-MM') FROM generate_series($1::date, $2::date, interval '1 day') d)
ORDER BY period, batch
"""
_REPLACED: Final = """
SELECT i.id, i.returned_fen, again.fen FROM instruction_state i CROSS JOIN LATERAL
  (SELECT isum(amount_fen) AS fen FROM instruction n WHERE n.replaces = i.id) again
WHERE i.period = $1 AND i.batch = $2 AND again.fen <> i.returned_fen AND NOT (i.refused AND again.fen = i.amount_fen)
ORDER BY i.id
"""


async def verify_payments(connection: Connection, first: date, last: date) -> list[Finding]:
    """The sets that pay the runs of some days, and what was booked as paid on them."""
    found: list[Finding] = []
    for period, batch in await connection.fetch(_SETS, first, last):
        where = f"instructions of {period}, batch {batch}"
        found += await broken(connection, where, "SELECT instructions_hold($1, $2::smallint)", period, batch)
        for one in await connection.fetch(_REPLACED, period, batch):
            what = f"{one['returned_fen']} fen of {one['id']} came back, {one['fen']} are paid again"
            found.append(Finding(what, where))
    found += await journals_off(connection, "instruction_meant", KINDS, first, last)
    return found + await journals_off(connection, "institution_return_meant", OF_INSTITUTIONS, first, last)
