"""The identity number of a citizen (公民身份号码, GB 11643): six digits of a division, birthday, a serial, a check.

The check is ISO 7064 MOD 11-2 over the first seventeen digits. Pure; a number is personal data and must never be
logged.
"""

from datetime import date
from typing import Final

LENGTH: Final = 18
_WEIGHTS: Final = tuple(2 ** (LENGTH - 1 - place) % 11 for place in range(LENGTH - 1))
_CHECKS: Final = "10X98765432"
_SERIAL_MOST: Final = 999


def check_digit(first_17: str) -> str:
    """The eighteenth character, 0 to 9 or X, of seventeen digits; ValueError for anything else."""
    if len(first_17) != LENGTH - 1 or not (first_17.isascii() and first_17.isdigit()):
        raise ValueError("an identity number begins with seventeen digits")
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True)) % 11]


def is_certno(text: str) -> bool:
    """Whether it has the form of an identity number: eighteen characters, a birthday that exists, its check.

    Whether the division exists, or the person, is not asked. A small x is not accepted: it would be another key.
    """
    return birthday(text) is not None


def birthday(text: str) -> date | None:
    """The birthday in an identity number; None where `text` is none."""
    first_17 = text[: LENGTH - 1]
    if len(text) != LENGTH or not (first_17.isascii() and first_17.isdigit()):
        return None
    if check_digit(first_17) != text[-1]:
        return None
    try:
        return date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return None


def make_certno(division: int, born: date, serial: int) -> str:
    """The number of the `serial`-th (1 to 999) person of a division and day; odd serials are men's."""
    if not 1 <= serial <= _SERIAL_MOST:
        raise ValueError(f"the serial of an identity number is {serial}, not between 1 and {_SERIAL_MOST}")
    first_17 = f"{division:06d}{born:%Y%m%d}{serial:03d}"
    return first_17 + check_digit(first_17)
