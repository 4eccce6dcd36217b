"""Reading a file that is to be loaded: CSV or JSON lines, row by row, each fault with its line.

A file is read twice: once as a whole, to refuse it before anything is written, and once to apply it. Lines are decoded
one by one, so that a wrong encoding has a line too; nothing of a file is kept but hashes of what may not stand twice.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from homepool.loading.kinds import (
    FLAG,
    HINTS,
    ROW_ID,
    ROW_ID_LENGTH_MOST,
    TEXT,
    WHOLE,
    Column,
    Kind,
    Row,
    RowWrong,
)
from homepool.loading.people import LINE_LENGTH_MOST

TEXT_LENGTH_MOST: Final = 200
FAULTS_SHOWN_MAX: Final = 20
CSV_SUFFIXES: Final = (".csv",)
JSON_SUFFIXES: Final = (".jsonl", ".ndjson")
_WHOLE_LENGTH_MOST: Final = 18


@dataclass(slots=True)
class Faults:
    """What is wrong with a file: the first FAULTS_SHOWN_MAX in words, all of them counted."""

    shown: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, why: str) -> None:
        """One more."""
        self.count += 1
        if len(self.shown) < FAULTS_SHOWN_MAX:
            self.shown.append(f"line {line}: {why}" if line else why)

    def __bool__(self) -> bool:
        return self.count > 0

    def in_words(self, path: Path) -> str:
        """All of it as one message."""
        rest = self.count - len(self.shown)
        more = [f"and {rest} more"] if rest else []
        return "\n  ".join(
            [f"{path.name} is refused as a whole and nothing was written:", *self.shown, *more]
        )


class FileUnreadable(ValueError):
    """The file cannot be read on: line (0 = as a whole) and reason."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def scan(path: Path, kind: Kind) -> tuple[int, bytes, Faults]:
    """How many rows a file has, the digest under which its progress is kept, and everything that is wrong with it."""
    faults = Faults()
    seen: dict[bytes, int] = {}
    count = 0
    try:
        for row in rows_of(path, kind, faults):
            count += 1
            for words, key in _what_stands_once(row, kind):
                if (earlier := seen.setdefault(key, row.line)) != row.line:
                    faults.add(row.line, f"{words} stands in line {earlier} too")
        if not count and not faults:
            faults.add(0, "it holds no row")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return count, hashlib.sha256(digest + kind.name.encode()).digest(), faults
    except FileUnreadable as broken:
        faults.add(broken.line, str(broken))
    except OSError as failed:
        faults.add(0, f"it cannot be read: {failed.strerror}")
    return count, b"", faults


def _what_stands_once(row: Row, kind: Kind) -> Iterator[tuple[str, bytes]]:
    values = row.values
    if row.id:
        yield ROW_ID, row.id
    if kind.key != (ROW_ID,):
        yield ", ".join(kind.key), _hash(kind.name, *(values[name] for name in kind.key))
    if kind.name == "insurances" and values["status"] == "1":
        names = ("psn_no", "pool", "insutype")
        yield (
            f"a normal insurance of this {', '.join(names)}",
            _hash("normal", *(values[name] for name in names)),
        )


def rows_of(path: Path, kind: Kind, faults: Faults) -> Iterator[Row]:
    """The rows of a file in order; what is wrong with one goes to `faults`. Raises FileUnreadable, OSError."""
    suffix = path.suffix.lower()
    if suffix not in (*CSV_SUFFIXES, *JSON_SUFFIXES):
        raise FileUnreadable(0, f"its name must end in {', '.join((*CSV_SUFFIXES, *JSON_SUFFIXES))}")
    given = _csv_rows(path, kind, faults) if suffix in CSV_SUFFIXES else _json_rows(path, kind, faults)
    columns = [(name, column, _READERS[column.type]) for name, column in kind.by_name.items()]
    for line, cells in given:
        try:
            values = {name: _value(column, reader, cells) for name, column, reader in columns}
            row_id = values.get(ROW_ID, "")
            if len(row_id) > ROW_ID_LENGTH_MOST:
                raise RowWrong(f"row_id is longer than {ROW_ID_LENGTH_MOST} characters")
            kind.check(values)
        except RowWrong as wrong:
            faults.add(line, str(wrong))
            continue
        said = {name: value for name, value in values.items() if name != ROW_ID and name not in HINTS}
        digest = _hash(kind.name, *(f"{name}={value!r}" for name, value in said.items()))
        own = _hash("row", kind.name, row_id) if row_id else b""
        yield Row(line, own, digest, values)


def _hash(*parts: object) -> bytes:
    text = "\0".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"load row").digest()


# ------------------------------------------------------------------------------------------------ lines


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if len(raw) > LINE_LENGTH_MOST:
                raise FileUnreadable(number, f"longer than {LINE_LENGTH_MOST} bytes")
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise FileUnreadable(number, "not UTF-8; an export in GBK must be converted first") from None


def _csv_rows(path: Path, kind: Kind, faults: Faults) -> Iterator[tuple[int, Mapping[str, Any]]]:
    at = 0

    def texts() -> Iterator[str]:
        nonlocal at
        for number, line in _lines(path):
            at = number
            yield line

    reader = csv.reader(texts(), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        _check_header(header, kind)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                faults.add(at, f"{len(cells)} cells under {len(header)} columns")
                continue
            yield at, {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
    except csv.Error as broken:
        raise FileUnreadable(at, f"not CSV: {broken}") from None


def _check_header(header: list[str], kind: Kind) -> None:
    columns = kind.by_name
    for name in header:
        if name not in columns:
            raise FileUnreadable(1, f"{name!r} is no column of {kind.name}; they are {', '.join(columns)}")
        if header.count(name) > 1:
            raise FileUnreadable(1, f"the column {name} stands twice")
    missing = [name for name, column in columns.items() if column.needed and name not in header]
    if missing:
        raise FileUnreadable(1, f"columns are missing: {', '.join(missing)}")


def _json_rows(path: Path, kind: Kind, faults: Faults) -> Iterator[tuple[int, Mapping[str, Any]]]:
    columns = kind.by_name
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            faults.add(number, "not JSON")
            continue
        if not isinstance(given, dict):
            faults.add(number, "not an object")
        elif unknown := sorted(given.keys() - columns.keys()):
            faults.add(number, f"{unknown[0]!r} is no column of {kind.name}")
        else:
            yield number, given


# ------------------------------------------------------------------------------------------------ cells


def _value(column: Column, read: Callable[[Any], Any], cells: Mapping[str, Any]) -> Any:
    """A cell of CSV is always a text, a value of JSON has its type."""
    given = cells.get(column.name)
    if given is None:
        if column.needed:
            raise RowWrong(f"{column.name} is missing")
        return column.default
    value = read(given)
    if value is None:
        raise RowWrong(f"{column.name} is not {column.type}")
    return value


def _text(given: Any) -> str | None:
    if not isinstance(given, str) or len(given) > TEXT_LENGTH_MOST:
        return None
    return given if given.isprintable() and given == given.strip() else None


def _whole(given: Any) -> int | None:
    if isinstance(given, str):
        digits = given.removeprefix("-")
        plain = digits.isascii() and digits.isdigit() and len(digits) <= _WHOLE_LENGTH_MOST
        return int(given) if plain else None
    return given if type(given) is int and abs(given) < 10**_WHOLE_LENGTH_MOST else None


def _flag(given: Any) -> bool | None:
    if given in (True, False, "0", "1") and not isinstance(given, float):
        return given in (True, "1")
    return None


_READERS: Final[dict[str, Callable[[Any], Any]]] = {TEXT: _text, WHOLE: _whole, FLAG: _flag}
