"""A run takes over the statements of its day: what does not match becomes a difference, and the day is frozen.

A statement was compared when it came. Where the care book has grown since, it is compared anew; elsewhere not a single
item is fetched. The books agree over such an item and it is paid: the difference is one with the institution alone. An
institution that sent nothing is not compared, and holds nothing up.
"""

from typing import Final

from clearing.books import Book
from clearing.day.run_book import RunWriter
from clearing.institutions.institution_desk import Key, held
from clearing.institutions.statement import compared
from clearing.institutions.statement_book import rows_of, write_unmatched

TAKE: Final = """
INSERT INTO difference (day, batch, node, region, class, setl_id, fixmedins_code, home, care, institution, differs,
  stake_fen)
SELECT $1, $2, u.node, s.region, CASE u.result WHEN 'centre_more' THEN 'missing_at_institution'
    WHEN 'institution_more' THEN 'missing_at_care' ELSE CASE
      WHEN u.centre IS NULL OR u.memo = 'twice in your file' THEN 'duplicate'
      WHEN u.centre -> 'refund' <> u.institution -> 'refund' THEN 'refund_sign' ELSE 'amount' END END,
  u.setl_id, s.fixmedins_code, sides.centre, sides.centre, sides.institution, '{}',
  greatest(abs(coalesce((u.centre ->> 'total_fen')::bigint, 0) - coalesce((u.institution ->> 'total_fen')::bigint, 0)),
    abs(coalesce((u.centre ->> 'fund_sum_fen')::bigint, 0)
      - coalesce((u.institution ->> 'fund_sum_fen')::bigint, 0)),
    abs(coalesce((u.centre ->> 'account_fen')::bigint, 0) - coalesce((u.institution ->> 'account_fen')::bigint, 0)))
FROM statement s JOIN statement_unmatched u USING (file_qury_no)
CROSS JOIN LATERAL (SELECT CASE WHEN u.centre IS NULL THEN '[]' ELSE jsonb_build_array(u.centre) END AS centre,
  CASE WHEN u.institution IS NULL THEN '[]' ELSE jsonb_build_array(u.institution) END AS institution) sides
WHERE s.file_qury_no = any($3)
ON CONFLICT DO NOTHING
"""
# what the care book holds, as run_care has it, summed before the run has proved it
_STANDING: Final = """
WITH standing AS (SELECT * FROM statement s WHERE s.day = $1 AND s.region = $3 AND NOT s.replaced
    AND NOT EXISTS (SELECT FROM statement_taken t WHERE t.file_qury_no = s.file_qury_no)),
  held AS (SELECT region, fixmedins_code, clr_type, isum(f * items) AS items, isum(f * total_fen) AS total_fen
    FROM (SELECT *, CASE source WHEN 'home_aside' THEN -1 ELSE 1 END AS f FROM run_sum
      WHERE day = $1 AND batch = $2 AND setl_day = $1 AND source IN ('home', 'home_aside', 'care_aside')
        AND fixmedins_code IN (SELECT fixmedins_code FROM standing)) counted
    GROUP BY region, fixmedins_code, clr_type)
SELECT s.file_qury_no, s.fixmedins_code, s.clr_type, s.refunds,
  s.centre_items = isum(h.items) AND s.centre_fen = isum(h.total_fen) AS as_compared
FROM standing s LEFT JOIN held h ON h.region = s.region AND h.fixmedins_code = s.fixmedins_code
  AND s.clr_type IN ('', h.clr_type)
GROUP BY s.file_qury_no, s.fixmedins_code, s.clr_type, s.refunds, s.centre_items, s.centre_fen
"""


async def take_statements(writer: RunWriter, region: Book) -> int:
    """Take over the statements of a region; gives how many. Raises BookUnreachable, BookRefused."""
    connection, (day, batch) = writer.connection, writer.run
    standing = await connection.fetch(_STANDING, day, batch, region.at.name)
    for one in standing:
        if not one["as_compared"]:
            key = Key(one["fixmedins_code"], day, day, clr_type=one["clr_type"])
            await _compare_anew(writer, one["file_qury_no"], key, one["refunds"], region)
    taken = [one["file_qury_no"] for one in standing]
    await connection.execute(TAKE, day, batch, taken)
    await connection.execute(
        "INSERT INTO statement_taken SELECT unnest($3::text[]), $1, $2", day, batch, taken
    )
    return len(taken)


async def _compare_anew(writer: RunWriter, file_qury_no: str, key: Key, refunds: bool, region: Book) -> None:
    found = await held([region], key)
    items = [one for one in found.items if refunds or not one.refund]
    matches = compared(await rows_of(writer.connection, file_qury_no), items)
    await write_unmatched(writer.connection, file_qury_no, matches, found.nodes)
