"""Money is a whole number of fen; ratios are basis points; nothing here is ever a float.

One rounding rule serves the whole house: half up, away from zero (domain practice: each payer's amount is
rounded once, the remainder falls to cash).
"""

from typing import Final, NewType

Fen = NewType("Fen", int)
"""One hundredth of a yuan."""

BASIS_POINTS: Final = 10_000
"""A ratio of 1 (100 %)."""


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded half away from zero; the denominator is positive."""
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def share(amount_fen: int, ratio_bp: int) -> int:
    """`ratio_bp` basis points of an amount in fen, rounded half up to the fen."""
    return half_up(amount_fen * ratio_bp, BASIS_POINTS)
