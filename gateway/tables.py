"""Reading the care side's CSV files: every fault becomes one sentence that names file and line.

A table is UTF-8 with a header line; columns are named, their order is free, a column too many or too few is
a fault.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.errors import GatewayError

DATA_FOLDER = Path(__file__).parent / "data"
"""The files that are shipped; a deployment has a folder of its own with the same names."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table with typed readers; each raises `fault` with a sentence that says what to mend."""

    file: str
    line: int
    cells: dict[str, str]
    fault: type[GatewayError]

    def error(self, sentence: str) -> GatewayError:
        """The fault of this row, to raise."""
        return self.fault(f"{self.file} line {self.line}: {sentence}")

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        value = self.cells[column]
        if not value:
            raise self.error(f"{column} is empty")
        return value

    def number(self, column: str, *, least: int, most: int) -> int:
        """A whole number within bounds; ASCII digits only, no sign."""
        value = self.cells[column]
        if not (value.isascii() and value.isdigit()) or len(value) > 18:
            raise self.error(f"{column} is {value!r}, not a whole number")
        if not least <= int(value) <= most:
            raise self.error(f"{column} is {value}, not between {least} and {most}")
        return int(value)

    def division(self, column: str) -> int:
        """A division code: six digits that do not begin with 0 (GB/T 2260 and its 医保 additions)."""
        return self.number(column, least=100_000, most=999_999)

    def flag(self, column: str) -> bool:
        """0 or 1."""
        return bool(self.number(column, least=0, most=1))

    def day(self, column: str) -> date:
        """A day as yyyy-MM-dd."""
        value = self.cells[column]
        try:
            if len(value) != 10:
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            raise self.error(f"{column} is {value!r}, not a day like 2026-01-31") from None

    def day_or_none(self, column: str) -> date | None:
        """A day, or None where the cell is empty."""
        return self.day(column) if self.cells[column] else None

    def words(self, column: str) -> frozenset[str]:
        """Codes with a space between them; the cell may be empty."""
        return frozenset(self.cells[column].split())

    def choice(self, column: str, options: frozenset[str]) -> str:
        """One of some words."""
        value = self.cells[column]
        if value not in options:
            raise self.error(f"{column} is {value!r}, not one of {', '.join(sorted(options))}")
        return value


def read_rows(path: Path, columns: tuple[str, ...], fault: type[GatewayError]) -> Iterator[Row]:
    """The rows of a table; raises `fault` for a file that is missing, is no UTF-8 or has other columns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise fault(f"{path.name} cannot be read: {error.strerror} ({path})") from None
    except UnicodeDecodeError:
        raise fault(f"{path.name} is not UTF-8") from None
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    if sorted(header) != sorted(columns):
        raise fault(f"{path.name} line 1: the columns are {','.join(header)}, expected {','.join(columns)}")
    for cells in reader:
        if not cells:
            continue
        row = Row(path.name, reader.line_num, dict(zip(header, cells, strict=False)), fault)
        if len(cells) != len(header):
            raise row.error(f"{len(cells)} cells under {len(header)} columns")
        yield row
