"""A sheet of figures as finance gets it, whatever it is about: what stands on it, and the same for machines as CSV. Pure.

Amounts are fen inside and yuan with two places in every file. `workbook.py` prints a sheet.
"""

import csv
import io
from collections.abc import Sequence
from typing import Final, NamedTuple

TOTAL: Final = "合计 total"
BOOK_LABELS: Final = {"employees": "职工", "residents": "居民"}


class Column(NamedTuple):
    """One column of money or of a count."""

    name: str
    label: str


COUNTS: Final = (Column("psntime", "人次"), Column("refunds", "退费笔数"))


class Line(NamedTuple):
    """A line of a document: its keys as text, its figures in the order of its columns."""

    keys: tuple[str, ...]
    figures: tuple[int, ...]


class Sheet(NamedTuple):
    """What is printed on one sheet."""

    name: str
    title: str
    party: str
    period: str  # and whatever else stands in the line under the party
    keys: Sequence[Column]
    columns: Sequence[Column]
    lines: Sequence[Line]
    totals: Sequence[Line]
    foot: str


def sheet_name(book: str) -> str:
    """Of one of the two books: 职工 employees."""
    return f"{BOOK_LABELS.get(book, '')} {book}".strip()


def file_name(code: str) -> str:
    """A party's file name without a suffix; characters that a file system may not take are replaced."""
    return "".join(one if one.isalnum() or one in "-_." else "_" for one in code)


def sheet_csv(sheet: Sheet) -> str:
    """Header of field names, lines, and the totals as the last lines."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in (*sheet.keys, *sheet.columns)])
    for line in (*sheet.lines, *sheet.totals):
        told = [
            str(one) if is_count(column) else plain_yuan(one)
            for column, one in zip(sheet.columns, line.figures, strict=True)
        ]
        writer.writerow([*line.keys, *told])
    return out.getvalue()


def summed(keys: tuple[str, ...], lines: Sequence[Line], width: int) -> Line:
    """The sum of lines; of none it is zeros."""
    return Line(keys, tuple(sum(line.figures[place] for line in lines) for place in range(width)))


def plain_yuan(fen: int) -> str:
    """An amount for machines: -12345 fen are -123.45."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def is_count(column: Column) -> bool:
    """Whether a column counts; all others are money."""
    return column in COUNTS
