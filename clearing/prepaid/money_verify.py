"""Whether prepayments, payouts, advances and audit results still say what was approved, moved and booked."""

from datetime import date
from typing import Final

from clearing.findings import Finding, broken
from clearing.positions.ledger_verify import TOLD_MAX, journals_off
from runtime.postgres import Connection

KINDS: Final = ("prepaid", "payout", "advance", "institution_paid")
_QUOTAS: Final = """
SELECT id FROM (SELECT id, (detail ->> 'home_pool')::integer AS home_pool, (detail ->> 'care_pool')::integer AS care_pool,
    detail ->> 'insutype' AS insutype, detail ->> 'fund' AS fund, amount_fen AS quota_fen
  FROM proposal_state WHERE kind = 'quota' AND state = 'approved') p
FULL JOIN (SELECT proposal AS id, * FROM prepayment_quota) q USING (id, home_pool, care_pool, insutype, fund, quota_fen)
WHERE p.quota_fen IS NULL OR q.proposal IS NULL OR p.home_pool IS NULL ORDER BY id
"""
_PAID: Final = """
SELECT p.id FROM proposal_state p WHERE p.kind = 'payout' AND (p.state = 'approved') <> (
    EXISTS (SELECT FROM payout_paid d WHERE d.proposal = p.id)
    OR EXISTS (SELECT FROM month_paid m WHERE m.proposal = p.id))
  AND (p.ref BETWEEN $1::date::text AND $2::date::text OR p.ref = to_char($2::date, 'YYYY-MM')) ORDER BY p.id
"""
_SHARES: Final = """
SELECT DISTINCT d.proposal, fixmedins_code, book_pool, insutype, fund FROM (SELECT DISTINCT proposal FROM payout_paid
  WHERE day BETWEEN $1 AND $2) d JOIN proposal p ON p.id = d.proposal CROSS JOIN LATERAL (
    SELECT day, batch, fixmedins_code, book_pool, insutype, fund, isum(amount_fen) AS off_fen FROM (
      SELECT day, batch, fixmedins_code, book_pool, insutype, fund, amount_fen FROM payout_line l
        WHERE l.proposal = d.proposal
      UNION ALL SELECT o.day, o.batch, o.fixmedins_code, o.book_pool, o.insutype, o.fund, -o.amount_fen
        FROM payout_of(p.ref::date, ARRAY(SELECT b::smallint FROM jsonb_array_elements_text(p.detail -> 'batches') b),
          (p.detail ->> 'ratio_bp')::integer, (p.detail ->> 'pools')::jsonb,
          ARRAY(SELECT jsonb_array_elements_text(p.detail -> 'clr_types'))) o) both_sides
    GROUP BY day, batch, fixmedins_code, book_pool, insutype, fund HAVING isum(amount_fen) <> 0) wrong
ORDER BY 1, 2, 3, 4, 5 LIMIT $3
"""
_AUDITS: Final = """
SELECT proposal, line FROM (SELECT proposal, line, declaration FROM audit_result r
    JOIN proposal_state p ON p.id = r.proposal AND p.kind = 'deduct' AND p.state = 'approved') a
  FULL JOIN audit_taken t USING (proposal, line, declaration)
WHERE a.proposal IS NULL OR t.fund IS NULL ORDER BY proposal, line LIMIT $1
"""


async def verify_money(connection: Connection, first: date, last: date) -> list[Finding]:
    """What is about some days; how prepayments, quotas and audit results stand is looked at whenever."""
    found = [
        Finding("it is not what was approved", f"quota of proposal {one[0]}")
        for one in await connection.fetch(_QUOTAS)
    ]
    found += await broken(connection, "prepayments", "SELECT prepayment_holds()")
    found += [
        Finding(
            f"what is left of pool {one['home_pool']}'s money at pool {one['care_pool']} under {one['insutype']} of fund"
            f" {one['fund']} is off by {one['off_fen']} fen against what arrived and was drawn",
            "prepayments",
        )
        for one in await connection.fetch("SELECT * FROM prepayment_off ORDER BY 1, 2, 3, 4")
    ]
    found += [
        Finding("it is paid and not approved, or approved and not paid", f"payout of proposal {one[0]}")
        for one in await connection.fetch(_PAID, first, last)
    ]
    found += [
        Finding(
            f"{one['fixmedins_code']} of pool {one['book_pool']} under {one['insutype']} of fund {one['fund']} gets"
            " another share than its run says",
            f"payout of proposal {one['proposal']}",
        )
        for one in await connection.fetch(_SHARES, first, last, TOLD_MAX)
    ]
    found += [
        Finding(
            f"line {one['line']} counts and was not approved, or the other way round",
            f"audit results of proposal {one['proposal']}",
        )
        for one in await connection.fetch(_AUDITS, TOLD_MAX)
    ]
    return found + await journals_off(connection, "ahead_meant", KINDS, first, last)
