"""A period's documents in a folder: CSV, workbook and item list of each party, and an index over all, written last."""

import csv
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final, NamedTuple

from clearing.books import Book
from clearing.errors import ItemsDiffer, NotFound
from clearing.parties import Party
from clearing.periods import Period
from clearing.positions.document_book import DocumentReader, told
from clearing.positions.documents import KINDS, PAYER, Document, csv_text
from clearing.positions.item_lists import Item, Spool, items_of
from clearing.positions.position_book import PositionReader
from clearing.positions.sheet import plain_yuan
from clearing.positions.workbook import write_workbook
from clearing.scheme import Scheme
from runtime.postgres import Connection

INDEX: Final = (
    *("kind", "code", "name", "book", "file", "lines", "psntime", "refunds", "amount"),
    *("csv_sha256", "items", "items_sha256"),
)
PROGRESS_ITEMS: Final = 1_000
Progress = Callable[[str, int], None]
"""(what, how many so far)"""


class Written(NamedTuple):
    """What was written."""

    folder: Path
    documents: dict[str, int]  # by kind
    items: int  # lines of item lists, an item in those of its institution and its pools


async def write_documents(
    connection: Connection,
    period: Period,
    out: Path,
    *,
    books: Sequence[Book] | None,
    scheme: Scheme,
    parties: Mapping[str, Party],
    wanted: frozenset[str],
    progress: Progress,
    batch: int = 0,
) -> Written:
    """Write the documents of a period, or of one batch of a day: of some parties or (`wanted` empty) of all.

    `books` None: without item lists.
    Raises NotFound where nothing was run, ItemsDiffer where items do not come to the figures, BooksUnknown,
    BookUnreachable, BookRefused, OSError.
    """
    if not await PositionReader(connection, period.first, period.last, batch=batch).runs():
        raise NotFound(f"Nothing of {told(period, batch)} was run; `python -m clearing runs` lists what was.")
    folder = out / told(period, batch).replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.csv").unlink(missing_ok=True)
    spool = Spool(folder, scheme, wanted) if books is not None else None
    if spool is not None and books is not None:
        await _spooled(items_of(connection, period, books, batch=batch), spool, progress)
    counted = dict.fromkeys(KINDS, 0)
    rows: list[list[str]] = []
    async with aclosing(documents_of(connection, period, scheme, parties, batch=batch)) as found:
        async for documents in found:
            if not wanted or documents[0].code in wanted:
                rows += _written(folder, documents, spool)
                counted[documents[0].kind] += len(documents)
                progress("statements", sum(counted.values()))
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([INDEX, *rows])
    return Written(folder, counted, sum(int(row[INDEX.index("items")]) for row in rows))


async def _spooled(items: AsyncIterator[Item], spool: Spool, progress: Progress) -> None:
    number = 0
    async for item in items:
        number += 1
        spool.add(item)
        if not number % PROGRESS_ITEMS:
            progress("items", number)
    spool.finish()


async def documents_of(
    connection: Connection, period: Period, scheme: Scheme, parties: Mapping[str, Party], *, batch: int = 0
) -> AsyncGenerator[list[Document], None]:
    """Every document of a period, a party's together: pools, institutions, payers outside the pools."""
    reader = DocumentReader(connection, period, scheme=scheme, parties=parties, batch=batch)
    for read in (reader.pools, reader.institutions, reader.payers):
        async with aclosing(read()) as found:
            async for documents in found:
                yield documents


def _written(folder: Path, documents: Sequence[Document], spool: Spool | None) -> list[list[str]]:
    """One party's files; gives its lines of the index."""
    kind = documents[0].kind
    (folder / kind).mkdir(exist_ok=True)
    rows = []
    for document in documents:
        totals = dict(zip((one.name for one in document.columns), document.totals, strict=True))
        amount_fen = totals["amount" if kind == PAYER else "medfee_sumamt"]
        if spool is not None and kind != PAYER:
            listed = spool.finished(kind, document.code, document.book)
            if listed.total_fen != amount_fen:
                raise ItemsDiffer(
                    f"The {listed.items} settlements of {document.code}, {document.book}, come to"
                    f" {plain_yuan(listed.total_fen)} yuan, its statement to {plain_yuan(amount_fen)}; index.csv was not"
                    f" written. `python -m clearing verify` says more."
                )
            document.items, document.items_sha256 = listed.items, listed.sha256
        content = csv_text(document).encode()
        path = folder / kind / f"{document.file_name}-{document.book}.csv"
        path.write_bytes(content)
        rows.append([
            kind, document.code, document.name, document.book, str(path.relative_to(folder)), str(len(document.lines)),
            str(totals["psntime"]), str(totals.get("refunds", 0)), plain_yuan(amount_fen),
            hashlib.sha256(content).hexdigest(), str(document.items), document.items_sha256,
        ])  # fmt: skip
    write_workbook(folder / kind / f"{documents[0].file_name}.xlsx", [one.sheet for one in documents])
    return rows
