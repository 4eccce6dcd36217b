"""Rows as the bytes of one binary COPY: a driver that looks at each value costs five times as much.

PostgreSQL's format: a header, then per row the number of columns and per column length and value, integers in network
order, NULL as length -1. The columns are sent in an order of our own: first those of fixed length, which one `struct`
packs at once, then texts and ids, then what may be absent. A book that stores more than the row appends it, encoded.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter
from struct import Struct, error
from typing import Final

from ledger.errors import RowUnencodable
from ledger.rows import COLUMNS, Row

_BOOLEANS: Final = ("seals", "fund_includes_account")
_SMALLINTS: Final = ("node", "partition", "kind", "status", "route", "year", "sign")
_INTEGERS: Final = ("home_pool", "care_pool", "month")
_CODES: Final = (
    "code", "region", "fixmedins_code", "insutype", "med_type", "clr_type", "commercial_payer", "policy_version",
)  # fmt: skip
_BYTES: Final = ("id", "digest", "answer")
_ABSENT_BYTES: Final = ("visit", "bill", "target", "undoes", "settlement", "lines_digest")
_ABSENT_DAYS: Final = ("begin_day", "end_day")
_ABSENT_TEXT: Final = "invoice"
_ARRAYS: Final = ("deltas", "family_amount_fen", "line_keys")
_APART: Final = frozenset(
    (*_BOOLEANS, *_SMALLINTS, *_INTEGERS, *_CODES, *_BYTES, *_ABSENT_BYTES, *_ABSENT_DAYS, *_ARRAYS,
     _ABSENT_TEXT, "psn_no", "family_psn_no", "day")
)  # fmt: skip
_BIGINTS: Final = tuple(name for name in COLUMNS if name not in _APART)
_FIXED: Final = (*_BIGINTS, *_INTEGERS, *_SMALLINTS, *_BOOLEANS)

COPY_COLUMNS: Final = (
    *_FIXED, "day", *_CODES, "psn_no", *_BYTES, *_ABSENT_BYTES, *_ABSENT_DAYS, _ABSENT_TEXT, *_ARRAYS, "family_psn_no",
)  # fmt: skip
"""The columns of a row in the order in which `copy_bytes` sends them."""

NULL: Final = b"\xff\xff\xff\xff"
"""What stands for a value that is absent."""
ENCODING_FAULTS: Final = (error, TypeError, AttributeError, IndexError, OverflowError, UnicodeEncodeError)
"""What a value raises that its column cannot hold."""

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER: Final = b"\xff\xff"
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
_CODES_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _CODES))
_BYTES_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _BYTES))
_ABSENT_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _ABSENT_BYTES))
_ARRAYS_OF: Final = itemgetter(*(COLUMNS.index(name) for name in _ARRAYS))
_LENGTHS: Final = [number.to_bytes(4) for number in range(4096)]
_INT4: Final = Struct(">ii").pack
_INT8: Final = Struct(">iq").pack
_ARRAY_HEAD: Final = Struct(">iiiiii").pack
_EMPTY_ARRAY: Final = _ARRAY_HEAD(12, 0, 0, _INT8_OID, 0, 0)[:16]


def copy_bytes(rows: Sequence[Row], tails: Sequence[bytes] = (), *, tail_columns: int = 0) -> bytearray:
    """The whole COPY. Raises RowUnencodable with the line that cannot be sent.

    `tails` are, for each row, the lengths and values of `tail_columns` more columns; the caller names them after
    COPY_COLUMNS.
    """
    sent = bytearray(HEADER)
    arguments: list[object] = [len(COPY_COLUMNS) + tail_columns]
    for size in _SIZES:
        arguments += (size, None)
    arguments += (4, None)
    last = len(arguments) - 2
    line = 0
    try:
        for line, row in enumerate(rows, 1):
            arguments[2:last:2] = _FIXED_OF(row)
            arguments[last + 1] = row.day.toordinal() - _EPOCH
            sent += _PACK(*arguments)
            for code in _CODES_OF(row):
                sent += usual_text(code)
            sent += _text(row.psn_no)
            for value in _BYTES_OF(row):
                sent += len(value).to_bytes(4)
                sent += value
            for value in _ABSENT_OF(row):
                sent += NULL if value is None else _LENGTHS[len(value)] + value
            sent += day_value(row.begin_day)
            sent += day_value(row.end_day)
            sent += NULL if row.invoice is None else _text(row.invoice)
            for numbers in _ARRAYS_OF(row):
                sent += bigints(numbers)
            sent += _texts(row.family_psn_no)
            if tail_columns:
                sent += tails[line - 1]
    except ENCODING_FAULTS:
        raise RowUnencodable(line) from None
    sent += TRAILER
    return sent


def bigint(number: int | None) -> bytes:
    """A bigint with its length."""
    return NULL if number is None else _INT8(8, number)


@lru_cache(maxsize=4_096)
def day_value(day: date | None) -> bytes:
    """A date with its length."""
    return NULL if day is None else _INT4(4, day.toordinal() - _EPOCH)


def _text(text: str) -> bytes:
    """A text with its length."""
    encoded = text.encode()
    return len(encoded).to_bytes(4) + encoded


usual_text: Final = lru_cache(maxsize=4_096)(_text)
"""Of codes: there are few."""


def bigints(numbers: tuple[int, ...] | None) -> bytes:
    """A bigint[] with its length."""
    if numbers is None:
        return NULL
    count = len(numbers)
    if not count:
        return _EMPTY_ARRAY
    interleaved: list[int] = [8] * (2 * count)
    interleaved[1::2] = numbers
    return _array_packer(count)(20 + 12 * count, 1, 0, _INT8_OID, count, 1, *interleaved)


@lru_cache(maxsize=256)
def _array_packer(count: int) -> Callable[..., bytes]:
    return Struct(">iiiiii" + "iq" * count).pack


def _texts(texts: tuple[str, ...] | None) -> bytes:
    """A text[] with its length."""
    if texts is None:
        return NULL
    body = b"".join([_text(text) for text in texts])
    return _ARRAY_HEAD(20 + len(body), 1, 0, _TEXT_OID, len(texts), 1) + body
