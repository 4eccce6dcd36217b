"""The CHECKs of `ledger/sql` in Python, written a second time on purpose: for the fakes, which have no SQL.

`broken_rule` names the constraint that a row breaks, or None; one suite proves on a real PostgreSQL that the two agree.
"""

from ledger.rows import ACCUMULATORS, FUND_PAYERS, PAYERS, SCOPE, Row

_SIGNED = ("total_fen", *SCOPE, *PAYERS)


def broken_rule(row: Row) -> str | None:
    """The first constraint of `settlement_row` that a row breaks."""
    for name, holds in (
        ("row_id", len(row.id) == 16 and len(row.digest) == 32),
        ("row_outcome", 1 <= row.kind <= 5 and 1 <= row.status <= 5),
        ("row_zero_sum", row.total_fen == _sum(row, PAYERS)),
        ("row_scope", row.total_fen == _sum(row, SCOPE)),
        ("row_fund_sum", row.fund_sum_fen == _sum(row, FUND_PAYERS) + _accounts_in_fund(row)),
        (
            "row_deductible",
            row.sign * row.deductible_fen >= 0 and row.sign * (row.in_scope_fen - row.deductible_fen) >= 0,
        ),
        ("row_sign", _sign_holds(row)),
        ("row_moves", _moves_hold(row)),
        ("row_asked", row.asked_fen >= 0),
        ("row_family", _family_holds(row)),
        ("row_lines", _lines_hold(row)),
        ("row_invoice", row.invoice != ""),
        ("row_deltas", row.deltas is None or len(row.deltas) == len(ACCUMULATORS)),
    ):
        if not holds:
            return name
    return None


def _sum(row: Row, columns: tuple[str, ...]) -> int:
    return sum(getattr(row, column) for column in columns)


def _accounts_in_fund(row: Row) -> int:
    return row.account_fen + row.family_fen if row.fund_includes_account else 0


def _sign_holds(row: Row) -> bool:
    if row.sign == 0:
        still = all(getattr(row, column) == 0 for column in (*_SIGNED, "deductible_fen"))
        return still and row.deltas is None and row.family_psn_no is None
    return row.sign in (-1, 1) and all(row.sign * getattr(row, column) >= 0 for column in _SIGNED)


def _moves_hold(row: Row) -> bool:
    return (
        (row.sign != 0) == (row.status == 1 or row.undoes is not None)
        and (row.sign == 0 or row.settlement is not None)
        and (not row.seals or row.settlement is not None)
        and (row.undoes is None or row.kind in (2, 3, 4))
    )


def _family_holds(row: Row) -> bool:
    drawn = row.family_psn_no is not None
    return drawn == (row.family_amount_fen is not None) and drawn == (row.family_fen != 0)


def _lines_hold(row: Row) -> bool:
    if (row.begin_day is None) != (row.end_day is None):
        return False
    in_order = row.begin_day is None or row.end_day is None or row.begin_day <= row.end_day
    return in_order and (row.lines_digest is None or len(row.lines_digest) == 32)
