"""Fee lines and their traceability codes as pieces of a binary COPY, made in slices.

The driver would look at each value, and put all rows of a call into bytes before it lets others have the event loop.
The columns of a line are sent in an order of our own, those of fixed length first, which one `struct` packs at once;
the format is that of `ledger.copy_rows`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from operator import itemgetter
from struct import Struct
from typing import Final, TypeVar

from gateway.fees.changes import Held
from gateway.slices import SLICE_LINES, Sliced, Slices
from ledger.copy_rows import HEADER, TRAILER, bigint, day_value, usual_text

One = TypeVar("One")

PIECE_ROWS: Final = 120
"""Rows that are sent at once: what PostgreSQL does with them is no longer than what is done here between pauses."""

_BIGINTS: Final = (
    "key", "cnt", "pric", "amount_fen", "returned_cnt", "returned_fen", "price_limit", "full_self_fen", "over_limit_fen",
    "first_pay_fen", "in_scope_fen",
)  # fmt: skip
_FIXED: Final = (*_BIGINTS, "first_pay_bp")
LINE_COLUMNS: Final = (
    *_FIXED, "day", "batch", "chrgitm_lv", "line", "content", "init_key", "visit", "upload"
)  # fmt: skip
CODE_COLUMNS: Final = ("code", "key", "visit")

_FIXED_OF: Final = itemgetter(*map(Held._fields.index, _FIXED))
_PACK: Final = Struct(">h" + "iq" * len(_BIGINTS) + "ii").pack
_PACK_CODE: Final = Struct(">hiqiq").pack


async def line_pieces(visit: bytes, lines: Sequence[Held], slices: Slices) -> AsyncIterator[bytes]:
    """The COPY of lines of a visit, in the order of LINE_COLUMNS."""
    async for piece in _pieces(lines, lambda part: _lines(visit, part), slices):
        yield piece


async def code_pieces(visit: bytes, codes: Sequence[tuple[int, int]], slices: Slices) -> AsyncIterator[bytes]:
    """The COPY of (code, line) of a visit, in the order of CODE_COLUMNS."""
    async for piece in _pieces(codes, lambda part: _codes(visit, part), slices):
        yield piece


async def _pieces(
    rows: Sequence[One], encoded: Callable[[Sequence[One]], Sliced[bytes]], slices: Slices
) -> AsyncIterator[bytes]:
    yield HEADER
    for first in range(0, len(rows), PIECE_ROWS):
        yield await slices.of(encoded(rows[first : first + PIECE_ROWS]))
    yield TRAILER


def _lines(visit: bytes, lines: Sequence[Held]) -> Sliced[bytes]:
    sent = bytearray()
    arguments: list[int] = [len(LINE_COLUMNS), *(8, 0) * len(_BIGINTS), 4, 0]
    of_visit = _with_length(visit)
    for number, held in enumerate(lines):
        if number % SLICE_LINES == 0:
            yield
        arguments[2::2] = _FIXED_OF(held)
        sent += _PACK(*arguments)
        sent += day_value(held.day)
        sent += usual_text(held.batch)
        sent += usual_text(held.chrgitm_lv)
        sent += _with_length(held.line)
        sent += _with_length(held.content)
        sent += bigint(held.init_key)
        sent += of_visit
        sent += _with_length(held.upload)
    return bytes(sent)


def _codes(visit: bytes, codes: Sequence[tuple[int, int]]) -> Sliced[bytes]:
    of_visit = _with_length(visit)
    yield
    return b"".join([_PACK_CODE(len(CODE_COLUMNS), 8, code, 8, key) + of_visit for code, key in codes])


def _with_length(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value
