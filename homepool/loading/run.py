"""Loading a file into a home book while its worker works: in one transaction, or in parts that are resumed.

First the whole file is read, then compared with the book, without a lock; only a file without any fault is written.
Writing takes the cursors' locks in order, as a load of whole records does, so that no flush is under way; compares with
the book once more; applies the rows that were never applied; and raises the cursors' versions, so that a worker that had
read any of these people reads again. A resumable load does so part by part and writes its position in the same
transaction: whatever ends it, the next run goes on behind the last part, and a row is never applied twice for its id.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from homepool.book_failures import book_error
from homepool.errors import HomePoolError
from homepool.loading.book import House, read, sift, write
from homepool.loading.file import Faults, rows_of, scan
from homepool.loading.kinds import Kind, Row
from homepool.loading.load import LoadRefused
from runtime.postgres import Connection

ROWS_PER_PART: Final = 2_000
ROWS_PER_TRANSACTION_MAX: Final = 50_000
"""What one transaction may hold: the node's flushes wait as long as it writes."""
_LOADERS_LOCK: Final = 0x6C6F6164

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many rows of how many."""


class Done(NamedTuple):
    """What a load did."""

    rows: int
    applied: int
    known: int  # applied before, by this or another file
    skipped: int  # behind the position of an earlier, resumed run


def quiet(what: str, done: int, of: int) -> None:
    """No progress."""


async def load(
    connection: Connection,
    path: Path,
    kind: Kind,
    *,
    house: House,
    resumable: bool = False,
    dry_run: bool = False,
    progress: Progress = quiet,
) -> Done:
    """Load a file. Raises LoadRefused, then nothing of the file (of the part, where resumed) is in the book."""
    progress("reading", 0, 0)
    count, digest, faults = await asyncio.to_thread(scan, path, kind)
    if faults:
        raise LoadRefused(faults.in_words(path))
    if not resumable and not dry_run and count > ROWS_PER_TRANSACTION_MAX:
        raise LoadRefused(
            f"{path.name} has {count} rows; one transaction takes {ROWS_PER_TRANSACTION_MAX} at most, for the node's"
            " flushes wait for it. Load it with --resumable."
        )
    run = _Run(connection, path, kind, house, count, digest, progress)
    try:
        start = await run.position() if resumable else 0
        await run.look(start)
        if dry_run:
            return Done(count, 0, run.known, start)
        if resumable:
            await run.in_parts(start)
        else:
            await run.at_once()
    except HomePoolError:
        raise
    except Exception as error:
        raise book_error(error) from None
    return Done(count, run.applied, run.known, start)


class _Run:
    """One load of one file."""

    def __init__(
        self,
        connection: Connection,
        path: Path,
        kind: Kind,
        house: House,
        count: int,
        digest: bytes,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._path = path
        self._kind = kind
        self._house = house
        self._count = count
        self._digest = digest
        self._progress = progress
        self.applied = 0
        self.known = 0

    def _parts(self, start: int) -> Iterator[list[Row]]:
        faults, count = Faults(), start
        rows = islice(rows_of(self._path, self._kind, faults), start, None)
        while part := list(islice(rows, ROWS_PER_PART)):
            count += len(part)
            if faults or count > self._count:
                break
            yield part
        if faults or count != self._count:
            raise LoadRefused(f"{self._path.name} was changed while it was loaded; load it again.")

    async def position(self) -> int:
        """How many rows an earlier run has applied."""
        found = await self._connection.fetchval(
            "SELECT rows_done FROM load_file WHERE file = $1", self._digest
        )
        return found or 0

    async def look(self, start: int) -> None:
        """Compare all rows with the book, without a lock. Raises LoadRefused for all that it refuses."""
        faults, done, known = Faults(), start, 0
        accounts: dict[str, tuple[int, int]] = {}  # as the parts before will have made them
        for part in self._parts(start):
            book = await read(self._connection, self._kind, part)
            book.accounts.update({row.psn_no: accounts[row.psn_no] for row in part if row.psn_no in accounts})
            known += len(part) - len(sift(self._kind, part, book, self._house, faults))
            accounts.update(book.accounts)
            done += len(part)
            self._progress("comparing with the book", done, self._count)
        if faults:
            raise LoadRefused(faults.in_words(self._path))
        self.known = known

    async def at_once(self) -> None:
        """Everything in one transaction."""
        self.known = 0
        async with self._connection.transaction():
            await self._lock()
            done = 0
            for part in self._parts(0):
                await self._apply(part, "nothing was written")
                done += len(part)
                self._progress("writing", done, self._count)
            await self._raise_versions()

    async def in_parts(self, start: int) -> None:
        """Part by part, each with the position that it reaches."""
        self.known = 0
        done = start
        for part in self._parts(start):
            async with self._connection.transaction():
                await self._lock()
                await self._apply(part, f"what stands before line {part[0].line} is in the book")
                await self._raise_versions()
                done += len(part)
                await self._connection.execute(
                    "INSERT INTO load_file (file, what, rows_all, rows_done) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (file) DO UPDATE SET rows_done = excluded.rows_done, changed_at = now()",
                    self._digest,
                    self._kind.name,
                    self._count,
                    done,
                )
            self._progress("writing", done, self._count)

    async def _lock(self) -> None:
        # one loader at a time, even before a worker has made a cursor; then no flush of any partition is under way
        await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _LOADERS_LOCK)
        await self._connection.execute("SELECT 1 FROM cursor ORDER BY partition FOR UPDATE")

    async def _raise_versions(self) -> None:
        await self._connection.execute("UPDATE cursor SET version = version + 1")

    async def _apply(self, part: list[Row], what_stands: str) -> None:
        faults = Faults()
        book = await read(self._connection, self._kind, part)  # again: it may have changed since the look
        fresh = sift(self._kind, part, book, self._house, faults)
        if not faults and fresh:
            await write(self._connection, self._kind, fresh, faults)
        if faults:
            lines = "\n  ".join(faults.shown)
            raise LoadRefused(f"{self._path.name} is refused, {what_stands}:\n  {lines}")
        self.applied += len(fresh)
        self.known += len(part) - len(fresh)
