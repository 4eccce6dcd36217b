"""Filings in PostgreSQL: one transaction that holds the cursor's lock, under the role that may only look.

What is written goes through `store_filings` (sql/0007), which raises the cursor's version: a worker that had cached one
of these people reads and decides again, and no flush is under way while the lock is held.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Final

from homepool.book import FILING_LOCK_TIMEOUT_MS, BookBroken, FilingCall, FilingChange
from homepool.book_failures import failures, whole_transaction
from homepool.insured import Person
from ledger.life import Id
from runtime.postgres import Connection

_PLACES: Final = ", ".join(f"${place}" for place in range(1, 18))
People = Callable[[Iterable[str]], Awaitable[dict[str, Person]]]


class PostgresFilings:
    """Within the transaction."""

    def __init__(self, connection: Connection, partition: int, people: People) -> None:
        self._connection = connection
        self._partition = partition
        self._people = people

    async def people(self, psn_nos: Iterable[str]) -> dict[str, Person]:
        """The persons that the book knows, as this transaction sees them."""
        return await self._people(psn_nos)

    async def filing_calls(self, ids: Iterable[Id]) -> dict[Id, FilingCall]:
        """What these ids were answered."""
        with failures():
            records = await self._connection.fetch(
                "SELECT id, digest, answer FROM filing_call WHERE id = ANY ($1)", list(ids)
            )
        return {record[0]: FilingCall(record[1], record[2]) for record in records}

    async def store_filings(self, changes: Sequence[FilingChange]) -> None:
        """Write them and raise the cursor's version."""
        filed = [(one.filed, one) for one in changes if one.filed is not None]
        ended = [one.ended for one in changes if one.ended is not None]
        with failures():
            await self._connection.execute(
                f"SELECT store_filings({_PLACES})",
                self._partition,
                *([one.id for one in changes], [one.digest for one in changes]),
                *([one.psn_no for one in changes], [one.answer for one in changes]),
                [filing.id for filing, _ in filed],
                [change.psn_no for _, change in filed],
                [filing.insutype for filing, _ in filed],
                [filing.kind for filing, _ in filed],
                ["".join(filing.care) for filing, _ in filed],
                [filing.disease for filing, _ in filed],
                [filing.institution for filing, _ in filed],
                [filing.valid_from for filing, _ in filed],
                [filing.valid_to for filing, _ in filed],
                [change.filed_by for _, change in filed],
                [filing.id for filing in ended],
                [filing.valid_to for filing in ended],
            )


@contextlib.asynccontextmanager
async def filing_transaction(
    connection: Connection, partition: int, people: People
) -> AsyncIterator[PostgresFilings]:
    """A transaction that holds the partition's cursor; commits at the end of the block, else rolls back."""
    async with whole_transaction(connection):
        with failures():
            await connection.execute(
                f"SET LOCAL ROLE book_writer; SET LOCAL lock_timeout = {FILING_LOCK_TIMEOUT_MS}"
            )
            held = await connection.fetchrow("SELECT partition FROM lock_cursor($1::smallint)", partition)
        if held is None:
            raise BookBroken("A filing came to a partition that nobody serves.")
        yield PostgresFilings(connection, partition, people)
