"""Fields of operators' requests, read and checked: each raises Malformed with the field's name and what it takes."""

from datetime import date
from typing import Final

from clearing.errors import Malformed
from clearing.operator_log import NAME_CHARACTERS_MAX, name_of
from clearing.options import read_day
from clearing.periods import Period, read_period

FEN_MAX: Final = 10**15 - 1
"""As much as the commands take: thirteen digits of yuan."""
BATCH_MAX: Final = 32_767
TEXT_CHARACTERS_MAX: Final = 200


def day_of(text: str, *, field: str = "day") -> date:
    """A day."""
    found = read_day(text)
    if found is None:
        raise Malformed(f"{field}: {text[:30]!r} is not of the form yyyy-MM-dd.")
    return found


def period_of(text: str) -> Period:
    """A day or a month."""
    found = read_period(text)
    if found is None:
        raise Malformed(f"period: {text[:30]!r} is neither a day (yyyy-MM-dd) nor a month (yyyy-MM).")
    return found


def month_of(text: str) -> Period:
    """A month."""
    found = read_period(text)
    if found is None or not found.is_month:
        raise Malformed(f"month: {text[:30]!r} is not of the form yyyy-MM.")
    return found


def batch_of(number: int) -> int:
    """A batch of a day; 0 = all."""
    if not 0 <= number <= BATCH_MAX:
        raise Malformed(f"batch: {number} is none.")
    return number


def name_in(operator: str) -> str:
    """Who acts, trimmed."""
    found = name_of(operator)
    if found is None:
        raise Malformed(
            f"operator: say who acts, in at most {NAME_CHARACTERS_MAX} characters that can be printed."
        )
    return found


def text_of(value: str, *, field: str, needed: bool = False) -> str:
    """What a person writes, trimmed."""
    found = value.strip()
    if (needed and not found) or len(found) > TEXT_CHARACTERS_MAX or not found.isprintable():
        raise Malformed(
            f"{field}: {'it is needed, ' if needed else ''}at most {TEXT_CHARACTERS_MAX} characters that can be printed."
        )
    return found


def fen_of(amount: int, *, field: str = "amount_fen", least: int = 0) -> int:
    """An amount in fen."""
    if not least <= amount <= FEN_MAX:
        raise Malformed(f"{field}: {amount} is not between {least} and {FEN_MAX} fen.")
    return amount
