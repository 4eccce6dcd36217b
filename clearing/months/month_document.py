"""The document of a month: closed days rolled up per insurance and fund, never across them. Pure; amounts in fen.

What a pool is due is what its days say, less what institutions listed and did not confirm, plus what the month before
left out so, and audit results with their sign; the prepayment is drawn on before money moves, and what was advanced to
an institution comes off what it is paid. The same rules stand in SQL. Columns: those of the inter-pool clearing sheet and
of the disbursement slip (拨付单), put together from public field names, for the official forms were not found.
"""

from typing import Any, NamedTuple


class PoolLine(NamedTuple):
    """What a home pool, or a payer outside the pools for its people, owes a care pool from one fund."""

    home_pool: int
    care_pool: int
    insutype: str
    fund: str
    bearer: str
    party: str  # a payer outside the pools; empty = the home pool
    local: bool  # 本市: the home pool pays the institution itself
    items: int
    runs_fen: int
    withheld_fen: int  # 0 or what takes it out
    carried_in_fen: int
    deducted_fen: int
    due_fen: int
    prepaid_fen: int  # 0 or negative
    to_pay_fen: int


class InstitutionLine(NamedTuple):
    """What an institution gets by one pool's books from one fund."""

    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    bearer: str
    local: bool
    items: int
    runs_fen: int
    withheld_fen: int
    carried_in_fen: int
    deducted_fen: int
    due_fen: int
    advanced_fen: int  # 0 or negative
    to_pay_fen: int


class Document(NamedTuple):
    """A month as it was proposed or closed."""

    month: str  # 2026-11
    proposal: int
    state: str  # waiting, approved (then the month is closed), refused, superseded
    early: bool
    made_by: str
    checked_by: str | None
    runs: list[tuple[str, int, bool]]  # day, batch, late
    withheld: int  # settlements
    pools: list[PoolLine]
    institutions: list[InstitutionLine]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return self._asdict() | {
            "runs": [{"day": day, "batch": batch, "late": late} for day, batch, late in self.runs],
            "pools": [one._asdict() for one in self.pools],
            "institutions": [one._asdict() for one in self.institutions],
        }


def drawn(due_fen: int, balance_fen: int) -> int:
    """How much of what is due a prepayment covers: never more than either, never negative."""
    return max(0, min(due_fen, balance_fen))
