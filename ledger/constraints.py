"""The constraints of a settlement row, said a second time in Python: `ledger/sql/0001_settlement_rows.sql` has them too.

A book in memory refuses what PostgreSQL refuses, by the same names; a test holds the two against each other.
"""

from typing import Final

from ledger.rows import ACCUMULATORS, FUND_PAYERS, PAYERS, SCOPE, Row

_SIGNED: Final = ("total_fen", *SCOPE, *PAYERS)
_NULLABLE: Final = frozenset(
    (
        "visit",
        "bill",
        "target",
        "undoes",
        "settlement",
        "deltas",
        "family_psn_no",
        "family_amount_fen",
        "line_keys",
    )
)
_ID_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
INT8_MAX: Final = (1 << 63) - 1


def violated(row: Row) -> str | None:
    """The name of a constraint that the row breaks, None where it breaks none; `not_null` for a missing value."""
    for name, value in row._asdict().items():
        if value is None and name not in _NULLABLE:
            return "not_null"
    fund = sum(getattr(row, payer) for payer in FUND_PAYERS)
    if row.fund_includes_account:
        fund += row.account_fen + row.family_fen
    holds = {
        "row_id": len(row.id) == _ID_BYTES and len(row.digest) == _DIGEST_BYTES,
        "row_outcome": 1 <= row.kind <= 5 and 1 <= row.status <= 5,
        "row_zero_sum": row.total_fen == sum(getattr(row, payer) for payer in PAYERS),
        "row_scope": row.total_fen == sum(getattr(row, part) for part in SCOPE),
        "row_fund_sum": row.fund_sum_fen == fund,
        "row_deductible": row.sign * row.deductible_fen >= 0
        and row.sign * (row.in_scope_fen - row.deductible_fen) >= 0,
        "row_sign": _sign_holds(row),
        "row_moves": _moves_hold(row),
        "row_asked": row.asked_fen >= 0,
        "row_family": (row.family_psn_no is None) == (row.family_amount_fen is None)
        and (row.family_psn_no is None) == (row.family_fen == 0),
        "row_deltas": row.deltas is None or len(row.deltas) == len(ACCUMULATORS),
    }
    return next((name for name, kept in holds.items() if not kept), None)


def _sign_holds(row: Row) -> bool:
    amounts = [getattr(row, name) for name in _SIGNED]
    if row.sign == 0:
        nothing = not any(amounts) and not row.deductible_fen
        return nothing and row.deltas is None and row.family_psn_no is None
    return row.sign in (-1, 1) and all(row.sign * amount >= 0 for amount in amounts)


def _moves_hold(row: Row) -> bool:
    undoes = row.undoes is not None
    return (
        (row.sign != 0) == (row.status == 1 or undoes)
        and (row.sign == 0 or row.settlement is not None)
        and (not row.seals or row.settlement is not None)
        and (not undoes or row.kind in (2, 3, 4))
    )
