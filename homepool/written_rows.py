"""The rows of W2 as the bytes of one binary COPY: the settlement row's columns, then what only the home book checks."""

from collections.abc import Sequence
from typing import Final

from homepool.book import Poison, Written
from ledger import copy_rows
from ledger.copy_rows import ENCODING_FAULTS, bigint, bigints
from ledger.errors import RowUnencodable

_MORE: Final = ("version", "deadline_ms", "account_read_fen", "family_read_fen")

COPY_COLUMNS: Final = (*copy_rows.COPY_COLUMNS, *_MORE)
"""The columns in the order in which `copy_bytes` sends them."""


def copy_bytes(rows: Sequence[Written], version: int) -> bytearray:
    """The whole COPY; the first row carries the flush's head. Raises Poison with the line that cannot be sent."""
    tails: list[bytes] = []
    head: int | None = version
    try:
        for _, deadline_ms, account_read_fen, family_read_fen in rows:
            tails.append(
                bigint(head) + bigint(deadline_ms) + bigint(account_read_fen) + bigints(family_read_fen)
            )
            head = None
    except ENCODING_FAULTS:
        raise Poison("encoding", len(tails) + 1) from None
    try:
        return copy_rows.copy_bytes([written.row for written in rows], tails, tail_columns=len(_MORE))
    except RowUnencodable as unencodable:
        raise Poison("encoding", unencodable.line) from None
