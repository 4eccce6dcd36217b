"""What pools allow of wallet transfers (医保钱包): dated data in `homepool/wallets.toml`, with the source of each figure.

Hours are of China; a pool that is closed from 22:00 to 06:00 is closed over midnight. A file that breaks its form names
the entry and the key (PolicyInvalid), and nothing starts with it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from homepool.errors import PolicyInvalid
from runtime.clock import CHINA_OFFSET_MS, DAY_MS

SHIPPED: Final = Path(__file__).parents[1] / "wallets.toml"
_MINUTE_MS: Final = 60_000
_KEYS: Final = frozenset(
    ("pools", "from", "transfers_a_day_most", "amount_fen_most", "closed_from", "closed_to", "returns_at")
)


class WalletTerms(NamedTuple):
    """The terms of a pool from a day on; times are minutes after midnight in China."""

    valid_from: date
    transfers_a_day_most: int
    amount_fen_most: int
    closed_from: int
    closed_to: int
    returns_at: int

    def closed_at(self, now_ms: int) -> bool:
        """Whether nothing can be sent at this moment."""
        minute = (now_ms + CHINA_OFFSET_MS) % DAY_MS // _MINUTE_MS
        if self.closed_from <= self.closed_to:
            return self.closed_from <= minute < self.closed_to
        return minute >= self.closed_from or minute < self.closed_to

    def returns_ms(self, sent_ms: int) -> int:
        """When what was sent at a moment returns if nobody has accepted it: at `returns_at` of the next day."""
        next_day = (sent_ms + CHINA_OFFSET_MS) // DAY_MS + 1
        return next_day * DAY_MS - CHINA_OFFSET_MS + self.returns_at * _MINUTE_MS


class WalletTermsBook:
    """Terms by pool and day."""

    def __init__(self, terms: Iterable[tuple[int, WalletTerms]]) -> None:
        """Raises PolicyInvalid where two entries of a pool begin on one day."""
        self._by_pool: dict[int, list[WalletTerms]] = {}
        for pool, one in sorted(terms):
            dated = self._by_pool.setdefault(pool, [])
            if dated and dated[-1].valid_from == one.valid_from:
                raise PolicyInvalid(SHIPPED.name, f"pool {pool}", f"two terms begin on {one.valid_from}")
            dated.append(one)

    def find(self, pool: int, day: date) -> WalletTerms | None:
        """The terms in force on a day; None where the pool has no wallet then."""
        holding = [one for one in self._by_pool.get(pool, ()) if one.valid_from <= day]
        return holding[-1] if holding else None


def load_terms(path: Path = SHIPPED) -> WalletTermsBook:
    """The terms of a file. Raises PolicyInvalid."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyInvalid(path.name, "file", f"cannot be read as TOML: {error}") from None
    if not isinstance(raw.get("terms"), list) or not raw.get("sources"):
        raise PolicyInvalid(path.name, "file", "has no [sources] or no [[terms]]")
    return WalletTermsBook(
        (pool, terms)
        for number, entry in enumerate(raw["terms"], 1)
        for pool, terms in _entry(entry, path.name, f"terms {number}")
    )


def _entry(entry: Mapping[str, Any], origin: str, where: str) -> list[tuple[int, WalletTerms]]:
    if entry.keys() != _KEYS:
        wrong = ", ".join(sorted(entry.keys() ^ _KEYS))
        raise PolicyInvalid(origin, where, f"keys that are missing or unknown: {wrong}")
    try:
        terms = WalletTerms(
            date.fromisoformat(entry["from"]),
            _number(entry["transfers_a_day_most"]),
            _number(entry["amount_fen_most"]),
            *(_minutes(entry[key]) for key in ("closed_from", "closed_to", "returns_at")),
        )
        return [(_number(pool), terms) for pool in entry["pools"]]
    except (TypeError, ValueError) as wrong:
        raise PolicyInvalid(origin, where, f"a value is of another form: {wrong}") from None


def _number(value: object) -> int:
    if type(value) is not int or value <= 0:
        raise ValueError("a whole number above 0 is needed")
    return value


def _minutes(text: str) -> int:
    hour, colon, minute = text.partition(":")
    if not (colon and len(hour) == len(minute) == 2 and int(hour) < 24 and int(minute) < 60):
        raise ValueError("a time like 06:00 is needed")
    return int(hour) * 60 + int(minute)
