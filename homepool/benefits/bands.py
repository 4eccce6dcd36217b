"""Ratios over stretches of money, exactly: the one place where an amount meets a ratio.

A compiled ratio is an integer in hundred-millionths (basis points times a multiplier in basis points), so
that points, multiplier and sum stay exact; a layer is rounded once, half up, on the exact sum.
"""

from typing import Final

from homepool.benefits.facts import NO_LIMIT

Bands = tuple[tuple[int, int, int], ...]
"""(from_fen, to_fen, ratio in hundred-millionths), ascending, disjoint; the last may end at NO_LIMIT."""

WHOLE: Final = 100_000_000
"""A ratio of 1."""


def weighted(low_fen: int, high_fen: int, bands: Bands) -> int:
    """Ratio × money over the stretch from `low_fen` to `high_fen`, in hundred-millionths of a fen, exact."""
    numerator = 0
    for start, end, ratio in bands:
        if high_fen <= start:
            break
        upper = high_fen if high_fen < end else end
        lower = low_fen if low_fen > start else start
        if upper > lower:
            numerator += (upper - lower) * ratio
    return numerator


def rounded(numerator: int) -> int:
    """A non-negative amount in hundred-millionths of a fen, half up to the fen."""
    return (numerator + WHOLE // 2) // WHOLE


def by_band(low_fen: int, high_fen: int, bands: Bands) -> list[int]:
    """What each band contributes, each rounded by itself: for showing, never for summing."""
    return [rounded(weighted(low_fen, high_fen, (band,))) for band in bands]


def compiled(
    bands: list[tuple[int, int | None, int]], *, points_bp: int = 0, multiplier_bp: int = 10_000
) -> Bands:
    """Bands in basis points, off-site points added (never below 0 or above 1), then the multiplier."""
    return tuple(
        (start, NO_LIMIT if end is None else end, min(10_000, max(0, ratio + points_bp)) * multiplier_bp)
        for start, end, ratio in bands
    )
