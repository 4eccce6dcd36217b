"""Whether the general ledger still says what it must: journals against what they come from, balances against entries.

What each journal must say is worked out a second time in SQL, in views named `…_meant` (`0020_verified_money.sql`), each
part of clearing for its own kinds of journals. Nothing is believed because it balances.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from clearing.findings import Finding, broken
from runtime.postgres import Connection

TOLD_MAX: Final = 100
"""Findings of one kind; there is one cause behind so many."""
OF_RUNS: Final = tuple(
    f"{kind}{undone}" for kind in ("benefits", "services", "local", "outside") for undone in ("", "_undone")
)
OF_OTHERS: Final = (
    "prepaid", "payout", "advance", "institution_paid", "prepayment_drawn", "deducted", "advance_recovered", "paid",
    "paid_undone", "wallet_sent", "wallet_received", "institution_returned", "institution_repaid",
)  # fmt: skip
_OFF: Final = """
SELECT kind, batch, ref, pool, insutype, fund, name, party, isum(amount_fen) AS off_fen FROM (
  SELECT kind, batch, ref, pool, insutype, fund, name, party, amount_fen FROM gl_booked WHERE kind = any($1) AND {scope}
  UNION ALL SELECT kind, batch, ref, pool, insutype, fund, name, party, -amount_fen FROM {meant} WHERE {scope}) both_sides
GROUP BY kind, batch, ref, pool, insutype, fund, name, party HAVING isum(amount_fen) <> 0
ORDER BY kind, batch, ref, pool, insutype, fund, name, party LIMIT {limit}
"""
_UNBALANCED: Final = """
SELECT j.id, j.kind, j.pool, coalesce(isum(e.amount_fen), 0) AS off_fen, count(e.id) AS entries
FROM gl_journal j LEFT JOIN gl_entry e ON e.journal = j.id WHERE j.day BETWEEN $1 AND $2
GROUP BY j.id, j.kind, j.pool HAVING coalesce(isum(e.amount_fen), 0) <> 0 OR count(e.id) = 0 ORDER BY j.id LIMIT $3
"""
_BALANCES: Final = """
SELECT a.pool, a.insutype, a.fund, a.name, a.party, e.balance_fen, e.amount_fen + coalesce(p.balance_fen, 0) AS meant_fen
FROM gl_journal j JOIN gl_entry e ON e.journal = j.id JOIN gl_account a ON a.id = e.account
LEFT JOIN LATERAL (SELECT balance_fen FROM gl_entry b WHERE b.account = e.account AND b.id < e.id
  ORDER BY b.id DESC LIMIT 1) p ON true
WHERE j.day BETWEEN $1 AND $2 AND e.balance_fen <> e.amount_fen + coalesce(p.balance_fen, 0) ORDER BY e.id LIMIT $3
"""


async def verify_positions(connection: Connection, first: date, last: date) -> list[Finding]:
    """What the runs of some days have published, under the scheme that each has kept."""
    found: list[Finding] = []
    for day, batch, kept in await connection.fetch(
        "SELECT day, batch, s.version IS NOT NULL FROM run LEFT JOIN run_scheme s USING (day, batch)"
        " WHERE day BETWEEN $1 AND $2 ORDER BY day, batch",
        first, last,
    ):  # fmt: skip
        where = f"{day} batch {batch}, positions"
        if not kept:
            found.append(Finding("the scheme that they were made under is not kept", where))
        found += await broken(connection, where, "SELECT positions_hold($1, $2::smallint)", day, batch)
    return found


async def verify_ledger(connection: Connection, first: date, last: date) -> list[Finding]:
    """The journals of some days: balanced, of a kind that somebody books, each balance that of the entry before, and
    those of runs what their runs' sums say."""
    found = [
        Finding(
            f"journal {one['id']} ({one['kind']}) of pool {one['pool']} is off balance by {one['off_fen']} fen"
            if one["entries"]
            else f"journal {one['id']} ({one['kind']}) of pool {one['pool']} has no entries",
            "general ledger",
        )
        for one in await connection.fetch(_UNBALANCED, first, last, TOLD_MAX)
    ]
    found += [
        Finding(
            f"{one['name']} {one['party']} of pool {one['pool']} under {one['insutype']} of fund {one['fund']} stands at"
            f" {one['balance_fen']} fen, by its entries at {one['meant_fen']}",
            "general ledger",
        )
        for one in await connection.fetch(_BALANCES, first, last, TOLD_MAX)
    ]
    unknown = await connection.fetch(
        "SELECT DISTINCT kind FROM gl_journal WHERE day BETWEEN $1 AND $2 AND kind <> ALL($3) ORDER BY kind",
        first, last, [*OF_RUNS, *OF_OTHERS],
    )  # fmt: skip
    found += [Finding(f"nobody books journals of kind {one[0]}", "general ledger") for one in unknown]
    return found + await _off(connection, OF_RUNS, "run_meant", "day BETWEEN $2 AND $3", first, last)


async def journals_off(
    connection: Connection, meant: str, kinds: Sequence[str], first: date, last: date
) -> list[Finding]:
    """What the books say otherwise than the view `meant`: of its journals that are about some days, and of those booked
    on them."""
    refs = await connection.fetch(
        "SELECT ref FROM gl_journal WHERE kind = any($1) AND day BETWEEN $2 AND $3"
        f" UNION SELECT ref FROM {meant} WHERE about BETWEEN $2 AND $3",
        list(kinds), first, last,
    )  # fmt: skip
    return await _off(connection, kinds, meant, "ref = any($2)", [one[0] for one in refs])


async def _off(
    connection: Connection, kinds: Sequence[str], meant: str, scope: str, *arguments: object
) -> list[Finding]:
    query = _OFF.format(meant=meant, scope=scope, limit=TOLD_MAX)
    return [
        Finding(
            f"{one['name']} {one['party']} of pool {one['pool']} under {one['insutype']} of fund {one['fund']} is off by"
            f" {one['off_fen']} fen",
            f"general ledger, {one['kind']} {one['ref']}".rstrip(),
        )
        for one in await connection.fetch(query, list(kinds), *arguments)
    ]
