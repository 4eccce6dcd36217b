"""What rests on the rows: accounts, accumulators and bills, reckoned back from a book to where they began.

Whatever has been paid or taken back, a balance plus all that the rows drew from it is the opening balance,
and an accumulator less all deltas of the rows is the opening one. So the demo reckons the openings back
before its morning and after it, and they must be the same; and the bills that a book keeps alive must be
those of its rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stack.books import CARE, HOME, Connection

ACCUMULATORS: Final = (
    "inpatient_deductible", "outpatient_deductible", "chronic_deductible", "pooled", "outpatient_pooled",
    "chronic_pooled", "maternity_pooled", "in_scope", "big_illness_base", "big_illness_paid", "supplement_base",
    "supplement_paid", "aid_base", "aid_paid", "commercial_base", "commercial_paid", "admissions",
)  # fmt: skip
"""In the order of a row's deltas."""

_ACCOUNTS: Final = f"""
  WITH drawn AS (
    SELECT psn_no, sum(fen)::bigint AS fen FROM (
      SELECT psn_no, account_fen AS fen FROM {HOME} WHERE account_fen <> 0
      UNION ALL
      SELECT relative.psn_no, relative.fen FROM {HOME},
        unnest(family_psn_no, family_amount_fen) AS relative(psn_no, fen)) AS draw
    GROUP BY psn_no)
  SELECT psn_no, coalesce(balance_fen, 0) + coalesce(fen, 0) AS opening FROM account FULL JOIN drawn USING (psn_no)
"""

_DELTAS: Final = ", ".join(
    f"sum(deltas[{place}])::bigint AS {name}" for place, name in enumerate(ACCUMULATORS, 1)
)
_MONTHLY: Final = {"in_scope": "month_in_scope_fen", "pooled": "month_pooled_fen"}
_MONTH_SUMS: Final = ", ".join(f"sum({_MONTHLY.get(name, '0')})::bigint" for name in ACCUMULATORS)
_OPENINGS: Final = ", ".join(
    f"coalesce(accumulator.{name}, 0) - coalesce(moved.{name}, 0)" for name in ACCUMULATORS
)
_ACCUMULATORS: Final = f"""
  WITH moved AS (
    SELECT psn_no, insutype, year::integer AS period, {_DELTAS}
      FROM {HOME} WHERE deltas IS NOT NULL GROUP BY psn_no, insutype, year
    UNION ALL
    SELECT psn_no, insutype, month, {_MONTH_SUMS} FROM {HOME} WHERE month <> 0 GROUP BY psn_no, insutype, month)
  SELECT psn_no, insutype, period, ARRAY[{_OPENINGS}] AS opening
    FROM accumulator FULL JOIN moved USING (psn_no, insutype, period)
"""


@dataclass(frozen=True, slots=True)
class Openings:
    """A home book's balances and accumulators before its first row; what is nothing is left out."""

    accounts: Mapping[str, int]
    """psn_no → fen."""
    used: Mapping[tuple[str, str, int], tuple[int, ...]]
    """psn_no, insutype, yyyy or yyyyMM → in the order of ACCUMULATORS."""

    def faults(self, later: "Openings") -> list[str]:
        """How many accounts and accumulators another reckoning of the same book makes different."""
        accounts = _differing(self.accounts, later.accounts)
        used = _differing(self.used, later.used)
        sentences = {
            "accounts are not their opening balance less what the rows drew": accounts,
            "accumulators are not their opening plus the deltas of the rows": used,
        }
        return [f"{count} {what}" for what, count in sentences.items() if count]


def _differing(before: Mapping[Any, object], after: Mapping[Any, object]) -> int:
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


async def read_openings(home: Connection) -> Openings:
    """Reckon a home book back to its openings."""
    accounts = {row["psn_no"]: row["opening"] for row in await home.fetch(_ACCOUNTS) if row["opening"]}
    used = {
        (row["psn_no"], row["insutype"], row["period"]): tuple(row["opening"])
        for row in await home.fetch(_ACCUMULATORS)
        if any(row["opening"])
    }
    return Openings(accounts, used)


_ALIVE: Final = """
  SELECT count(*) FROM (SELECT bill, sum(alive) AS alive FROM bill GROUP BY bill) kept
    FULL JOIN (SELECT bill, sum(sign) AS alive FROM {table} WHERE sign <> 0 GROUP BY bill) reckoned USING (bill)
  WHERE coalesce(kept.alive, 0) <> coalesce(reckoned.alive, 0)
"""


async def bill_faults(connection: Connection, *, home: bool) -> list[str]:
    """Whether the bills that a book keeps alive are those that its rows leave alive."""
    count = await connection.fetchval(_ALIVE.format(table=HOME if home else CARE))
    return [f"{count} bills are kept otherwise than their rows leave them"] if count else []
