"""Rows of a flush as the bytes of one binary COPY: a driver that looks at each value costs five times as much.

PostgreSQL's format: a header, then per row the number of columns and per column length and value, integers in network
order, NULL as length -1. The columns are sent in an order of our own: first those of fixed length, which one `struct`
packs at once, then texts and ids, then what may be absent.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter
from struct import Struct, error
from typing import Final

from homepool.book import Poison, Written
from ledger.rows import ACCUMULATORS, COLUMNS

_BOOLEANS: Final = ("seals", "fund_includes_account")
_SMALLINTS: Final = ("node", "partition", "kind", "status", "route", "year", "sign")
_INTEGERS: Final = ("home_pool", "care_pool", "month")
_TEXTS: Final = (
    "code", "region", "fixmedins_code", "psn_no", "insutype", "med_type", "clr_type", "commercial_payer",
    "policy_version",
)  # fmt: skip
_BYTES: Final = ("id", "digest", "answer")
_ABSENT_BYTES: Final = ("visit", "bill", "target", "undoes", "settlement", "lines_digest")
_ABSENT_DAYS: Final = ("begin_day", "end_day")
_ABSENT_TEXT: Final = "invoice"
_ARRAYS: Final = ("deltas", "family_amount_fen", "line_keys")
_APART: Final = frozenset(
    (*_BOOLEANS, *_SMALLINTS, *_INTEGERS, *_TEXTS, *_BYTES, *_ABSENT_BYTES, *_ABSENT_DAYS, *_ARRAYS,
     _ABSENT_TEXT, "family_psn_no", "day")
)  # fmt: skip
_BIGINTS: Final = tuple(name for name in COLUMNS if name not in _APART)
_FIXED: Final = (*_BIGINTS, *_INTEGERS, *_SMALLINTS, *_BOOLEANS)

COPY_COLUMNS: Final = (
    *_FIXED, "day", *_TEXTS, *_BYTES, *_ABSENT_BYTES, *_ABSENT_DAYS, _ABSENT_TEXT, *_ARRAYS, "family_psn_no", "version",
    "deadline_ms", "account_read_fen", "family_read_fen",
)  # fmt: skip
"""The columns in the order in which `copy_bytes` sends them."""

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
_TRAILER: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_EPOCH: Final = date(2000, 1, 1).toordinal()
_INT8_OID, _TEXT_OID = 20, 25
_SIZES: Final = (
    *(8 for _ in _BIGINTS),
    *(4 for _ in _INTEGERS),
    *(2 for _ in _SMALLINTS),
    *(1 for _ in _BOOLEANS),
)
_LETTERS: Final = {8: "q", 4: "i", 2: "h", 1: "?"}
_PACK: Final = Struct(">h" + "".join(f"i{_LETTERS[size]}" for size in _SIZES) + "ii").pack
_FIXED_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _FIXED))
_FILLED_OF: Final = itemgetter(*(COLUMNS.index(name) for name in (*_TEXTS, *_BYTES)))
_ABSENT_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _ABSENT_BYTES))
_ARRAYS_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _ARRAYS))
_LENGTHS: Final = [number.to_bytes(4) for number in range(4096)]
_INT4: Final = Struct(">ii").pack
_INT8: Final = Struct(">iq").pack
_ARRAY_HEAD: Final = Struct(">iiiiii").pack
_DELTAS: Final = Struct(">iiiiii" + "iq" * len(ACCUMULATORS)).pack
_DELTAS_BYTES: Final = 20 + 12 * len(ACCUMULATORS)


def copy_bytes(rows: Sequence[Written], version: int) -> bytearray:
    """The whole COPY; the first row carries the flush's head. Raises Poison with the line that cannot be sent."""
    sent = bytearray(_HEADER)
    arguments: list[object] = [len(COPY_COLUMNS)]
    for size in _SIZES:
        arguments += (size, None)
    arguments += (4, rows[0].row.day.toordinal() - _EPOCH)
    last = len(arguments) - 2
    line = 0
    try:
        for line, written in enumerate(rows, 1):
            row = written.row
            arguments[2:last:2] = _FIXED_OF(row)
            arguments[last + 1] = row.day.toordinal() - _EPOCH
            sent += _PACK(*arguments)
            for value in _FILLED_OF(row):
                if type(value) is str:
                    value = value.encode()
                sent += _LENGTHS[len(value)] if len(value) < len(_LENGTHS) else len(value).to_bytes(4)
                sent += value
            for value in _ABSENT_OF(row):
                sent += _NULL if value is None else _LENGTHS[len(value)] + value
            sent += _day(row.begin_day)
            sent += _day(row.end_day)
            sent += _NULL if row.invoice is None else _text(row.invoice)
            for numbers in _ARRAYS_OF(row):
                sent += _numbers(numbers)
            sent += _texts(row.family_psn_no)
            sent += _NULL if line > 1 else _INT8(8, version)
            sent += _NULL if written.deadline_ms is None else _INT8(8, written.deadline_ms)
            sent += _NULL if written.account_read_fen is None else _INT8(8, written.account_read_fen)
            sent += _numbers(written.family_read_fen)
    except (error, TypeError, AttributeError, OverflowError, UnicodeEncodeError):
        raise Poison("encoding", line) from None
    sent += _TRAILER
    return sent


@lru_cache(maxsize=4_096)
def _day(day: date | None) -> bytes:
    """A date with its length."""
    return _NULL if day is None else _INT4(4, day.toordinal() - _EPOCH)


def _text(text: str) -> bytes:
    """A text with its length."""
    encoded = text.encode()
    return len(encoded).to_bytes(4) + encoded


def _numbers(numbers: tuple[int, ...] | None) -> bytes:
    """A bigint[] with its length."""
    if numbers is None:
        return _NULL
    count = len(numbers)
    interleaved: list[int] = [8] * (2 * count)
    interleaved[1::2] = numbers
    if count == len(ACCUMULATORS):
        return _DELTAS(_DELTAS_BYTES, 1, 0, _INT8_OID, count, 1, *interleaved)
    if not count:
        return _ARRAY_HEAD(12, 0, 0, _INT8_OID, 0, 0)[:16]
    return _ARRAY_HEAD(20 + 12 * count, 1, 0, _INT8_OID, count, 1) + Struct(">" + "iq" * count).pack(
        *interleaved
    )


def _texts(texts: tuple[str, ...] | None) -> bytes:
    """A text[] with its length."""
    if texts is None:
        return _NULL
    parts: list[bytes] = []
    for text in texts:
        encoded = text.encode()
        parts += (len(encoded).to_bytes(4), encoded)
    body = b"".join(parts)
    return _ARRAY_HEAD(20 + len(body), 1, 0, _TEXT_OID, len(texts), 1) + body
