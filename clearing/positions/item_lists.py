"""The items behind the documents: one CSV per party and book, sorted, with its SHA-256 and what its bills come to.

Items stream from the home books of the runs, those that stand in a difference left out, those that a resolved difference
brought in added. They are spooled to files in parts, so memory holds one party's list at most.
"""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from clearing.books import Book
from clearing.errors import BooksUnknown
from clearing.figures import Figures
from clearing.periods import Period
from clearing.positions.documents import INSTITUTION, POOL
from clearing.positions.sheet import plain_yuan
from clearing.scheme import Scheme
from ledger.day import DayKey
from ledger.rows import AMOUNTS
from proto.settlement.v1 import books_pb2 as pb
from runtime.postgres import Connection

SPOOLED_LINES_MAX: Final = 50_000
COLUMNS: Final = ("day", "setl_id", "carried_in", *DayKey._fields, *AMOUNTS)


class Item(NamedTuple):
    """One settlement or refund that a run pays."""

    day: date  # of the run
    setl_id: str
    carried: bool
    key: DayKey
    amounts: tuple[int, ...]


class ItemList(NamedTuple):
    """A finished list."""

    items: int
    total_fen: int
    sha256: str


async def items_of(
    connection: Connection, period: Period, books: Sequence[Book], *, batch: int = 0
) -> AsyncIterator[Item]:
    """Every item that the runs of a period pay, `batch` 0: all of them.

    Raises BooksUnknown, BookUnreachable, BookRefused.
    """
    at = {book.at.name: book for book in books if book.at.side == "home"}
    pairs = await connection.fetch(
        "SELECT day, batch, node, region FROM run_pair WHERE day BETWEEN $1 AND $2 AND $3::smallint IN (0, batch)"
        " ORDER BY 1, 2, 3, 4",
        period.first, period.last, batch,
    )  # fmt: skip
    for day, batch, node, region in pairs:
        if node not in at:
            raise BooksUnknown(
                f"DSGW_BOOKS does not name the book of node {node}, which has the items; without them:"
                " --without-items"
            )
        differing = await connection.fetch(
            "SELECT setl_id FROM difference WHERE day = $1 AND batch = $2", day, batch
        )
        aside = {one["setl_id"] for one in differing}
        request = pb.GetDecisionsRequest(day=day.isoformat(), peer=region)
        async for figures in at[node].decisions(request):
            if figures.key.sign and figures.setl_id not in aside:
                yield _item(figures, day)
    for record in await connection.fetch(
        "SELECT r.entered_day, d.setl_id, r.money FROM resolution r JOIN difference d ON d.id = r.difference"
        " WHERE r.entered_day BETWEEN $1 AND $2 AND $3::smallint IN (0, r.entered_batch) ORDER BY r.id",
        period.first, period.last, batch,
    ):  # fmt: skip
        for row in json.loads(record["money"]):
            yield _carried(record["entered_day"], record["setl_id"], row)


def _item(figures: Figures, day: date) -> Item:
    return Item(day, figures.setl_id, False, figures.key, figures.amounts)


def _carried(day: date, setl_id: str, row: dict[str, Any]) -> Item:
    key = DayKey(**{name: row[name] for name in DayKey._fields})
    return Item(day, setl_id, True, key, tuple(row[name] for name in AMOUNTS))


class Spool:
    """Item lists as they grow: `add` every item, then `finish` every list."""

    def __init__(self, folder: Path, scheme: Scheme, wanted: frozenset[str]) -> None:
        """`wanted`: the parties whose lists are kept; empty: all."""
        self._wanted = wanted
        self._folder = folder
        self._scheme = scheme
        self._lines: dict[Path, list[str]] = defaultdict(list)
        self._spooled = 0
        self._counts: dict[Path, int] = defaultdict(int)
        self._totals: dict[Path, int] = defaultdict(int)

    def add(self, item: Item) -> None:
        """Put an item into the lists of its institution and, between pools, of both its pools."""
        book = self._scheme.book_of(item.key.insutype)
        parties = [(INSTITUTION, item.key.fixmedins_code)]
        if item.key.route != 1:
            parties += [(POOL, str(item.key.home_pool)), (POOL, str(item.key.care_pool))]
        if self._wanted:
            parties = [one for one in parties if one[1] in self._wanted]
        line = _line(item) if parties else ""
        for kind, code in parties:
            path = self.path(kind, code, book)
            self._lines[path].append(line)
            self._counts[path] += 1
            self._totals[path] += item.amounts[0]
            self._spooled += 1
        if self._spooled >= SPOOLED_LINES_MAX:
            self._flush()

    def path(self, kind: str, code: str, book: str) -> Path:
        """Where a list is."""
        return self._folder / kind / f"{code}-{book}-items.csv"

    def finish(self) -> None:
        """No more items."""
        self._flush()

    def finished(self, kind: str, code: str, book: str) -> ItemList:
        """A party's list, sorted and hashed; of a party without items an empty one."""
        path = self.path(kind, code, book)
        lines = sorted(path.read_text(encoding="utf-8").splitlines()) if self._counts[path] else []
        content = "\n".join([",".join(COLUMNS), *lines, ""]).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return ItemList(self._counts[path], self._totals[path], hashlib.sha256(content).hexdigest())

    def _flush(self) -> None:
        for path, lines in self._lines.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if self._counts[path] > len(lines) else "w", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
        self._lines.clear()
        self._spooled = 0


def _line(item: Item) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(
        [item.day, item.setl_id, int(item.carried), *item.key, *[plain_yuan(fen) for fen in item.amounts]]
    )
    return out.getvalue()
