"""Paying bills back by hand, and taking that back, beside the running worker of the person's partition.

Each bill is decided by the node's own `decide`, in a transaction that holds the cursor's lock and writes with the
cursor's own term and version: the worker then meets a conflict, reads again and goes on. The same application again gives
the same outcome and moves nothing, so a run that ended half-way is simply run again. Two looks keep an invoice to one
payment. For what was paid directly the book is searched before the lock, and its newest numbers under it. What is paid
directly later is declined by the worker, which reads people with the invoices that were paid by hand.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from homepool.answers import INTERNAL, MESSAGES
from homepool.book import Conflict, Cursor, Fenced, LeafMissing, Poison, Stored, Unavailable
from homepool.decide import Flush, Policies, Settle, decide
from homepool.errors import HomePoolError
from homepool.gather import PeopleCache, accounts_of, gather
from homepool.loading.file import Faults
from homepool.postgres_book import LockedPostgresBook, PostgresBook
from homepool.reimbursement import book as register
from homepool.reimbursement.bill import Bill, take_back_item
from homepool.reimbursement.book import Found
from homepool.snapshot import Snapshot
from ledger.day import MANUAL_REGION
from ledger.life import Id, Status
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime.clock import Clock, china_date
from runtime.keys import partition_of, setl_id_text
from runtime.postgres import Connection

BILLS_PER_SEARCH: Final = 200
"""Bills whose invoices are searched for in one look at the leaves."""
TRIES_MAX: Final = 8
TRY_AGAIN_AFTER_MS: Final = 50
INVOICE_PAID: Final = "INVOICE_PAID"
APPLICATION_REUSED: Final = "APPLICATION_REUSED"
NOT_DECIDABLE: Final = "NOT_DECIDABLE"

Progress = Callable[[int, int], None]
"""Told how many bills of how many."""


class NeverServed(HomePoolError):
    """A worker has never served all partitions of this node from 0 on; start it once (`serve`), then pay by hand."""


class BookBusy(HomePoolError):
    """The book was locked or written to too often. What was decided stays: run the same command again."""

    retriable = True


class NothingToTakeBack(HomePoolError):
    """There is no payment that could be taken back; the message says why."""


class _Undecidable(HomePoolError):
    """The node cannot decide this bill; nothing was written."""


class Result(NamedTuple):
    """What became of one bill: an outcome that stays, or a refusal that stored nothing (`row` is None)."""

    application: str
    code: str
    message: str
    row: Row | None
    known: bool = False  # decided by an earlier run
    undone_by: Id | None = None

    @property
    def moved(self) -> bool:
        """Whether it moved money, now or when it was decided."""
        return self.row is not None and self.row.sign != 0

    @property
    def payout_fen(self) -> int:
        """What is paid out to the person: all that he does not bear himself. Below 0: what he pays back."""
        return 0 if self.row is None else self.row.total_fen - self.row.cash_fen - self.row.hospital_fen


class _Searched(NamedTuple):
    """Settlements that may pay one of the invoices, and where each partition stood before they were looked for."""

    payments: list[Id]
    stood: dict[int, Cursor]


class Counter:
    """One operator at work on a home book; one connection, one bill at a time."""

    def __init__(
        self, connection: Connection, *, node: int, policies: Policies, settle: Settle, clock: Clock, by: str
    ) -> None:
        self._connection = connection
        self._book = PostgresBook(connection)
        self._node = node
        self._policies = policies
        self._settle = settle
        self._clock = clock
        self._by = by

    async def unknown_people(self, bills: Sequence[Bill], faults: Faults) -> None:
        """Add to `faults` where the book does not know somebody."""
        unknown = await register.unknown_people(self._connection, [bill.psn_no for bill in bills])
        for bill in bills:
            if bill.psn_no in unknown:
                faults.add(bill.line, "psn_no is not known here; load people first")

    async def pay(self, bills: Sequence[Bill], *, progress: Progress) -> list[Result]:
        """Decide bill by bill, each in a transaction of its own. Raises NeverServed, BookBusy, the book's errors."""
        partitions = await self._partitions()
        results: list[Result] = []
        for start in range(0, len(bills), BILLS_PER_SEARCH):
            part = bills[start : start + BILLS_PER_SEARCH]
            searched = await self._search(part, partitions)
            for bill in part:
                results.append(await self._decided(bill, partition_of(bill.psn_no, partitions), searched))
                progress(len(results), len(bills))
        return results

    async def trial(self, bills: Sequence[Bill]) -> list[Result]:
        """What `pay` would do now, one bill on top of the other; nothing is locked or written."""
        partitions = await self._partitions()
        searched = await self._search(bills, partitions)
        results: dict[Id, Result] = {}
        open_bills: dict[int, list[Bill]] = {}
        for bill in bills:
            early = await self._looked_up(bill, searched.payments)
            if early is not None:
                results[bill.id] = early
            else:
                open_bills.setdefault(partition_of(bill.psn_no, partitions), []).append(bill)
        for partition, some in open_bills.items():
            items = [bill.item() for bill in some]
            snapshot = await gather(self._book, items, partition=partition, people=PeopleCache())
            flush = self._flush(items, snapshot, searched.stood[partition])
            results |= {row.id: _result(some[place].application, row) for place, row in flush.answers}
        return [results[bill.id] for bill in bills]

    async def take_back(self, *, pool: int, application: str) -> Result:
        """Cancel a payment: the person pays back what he got. Raises NothingToTakeBack and what `pay` does."""
        entry = await register.entry_of(self._connection, pool=pool, application=application)
        if entry is None:
            raise NothingToTakeBack(f"This book knows no application {application} of pool {pool}.")
        item = take_back_item(pool=pool, application=application, psn_no=entry.psn_no, payment=entry.id)
        partition = partition_of(entry.psn_no, await self._partitions())

        async def once() -> Result:
            async with self._locked(partition) as book:
                stored = (await book.rows([item.id])).get(item.id)
                if stored is not None:
                    return result_of(application, stored)
                row = await self._written(book, item)
                if row.status != Status.OK:
                    raise NothingToTakeBack(f"Application {application} was declined: nothing was paid.")
                await register.register_cancel(self._connection, id_=entry.id, cancel=item.id, by=self._by)
                return _result(application, row)

        return await self._tried(once)

    # ------------------------------------------------------------------------------------------- one bill

    async def _decided(self, bill: Bill, partition: int, searched: _Searched) -> Result:
        stood = searched.stood[partition]

        async def once() -> Result:
            async with self._locked(partition) as book:
                newer = await register.payments_since(
                    self._connection,
                    bill.invoice,
                    partition=partition,
                    number=stood.next_number,
                    day=stood.day,
                )
                early = await self._looked_up(bill, [*searched.payments, *newer])
                if early is not None:
                    return early
                row = await self._written(book, bill.item())
                await register.register(
                    self._connection, id_=bill.id, pool=bill.pool, application=bill.application,
                    psn_no=bill.psn_no, invoice=bill.invoice, institution=bill.institution, by=self._by,
                )  # fmt: skip
                return _result(bill.application, row)

        try:
            return await self._tried(once)
        except _Undecidable as fault:
            return Result(bill.application, NOT_DECIDABLE, str(fault), None)

    async def _looked_up(self, bill: Bill, payments: Sequence[Id]) -> Result | None:
        """What was decided of the application before, or that its invoice is paid; None where it is to be decided."""
        stored = (await self._book.rows([bill.id])).get(bill.id)
        if stored is not None:
            if stored.row.digest == bill.digest():
                return result_of(bill.application, stored)
            why = "this application number was decided with other content; a new bill needs a new number"
            return Result(bill.application, APPLICATION_REUSED, why, None)
        found = await register.live_payment(self._connection, bill.invoice, payments)
        return None if found is None else Result(bill.application, INVOICE_PAID, _where(found), None)

    async def _written(self, book: LockedPostgresBook, item: messages_pb2.Item) -> Row:
        cursor, people = book.cursor, PeopleCache()
        # once to know whose accounts are concerned, and again when they stand still
        seen = await gather(book, [item], partition=cursor.partition, people=people)
        await book.lock_accounts(accounts_of(seen, [item]))
        snapshot = await gather(book, [item], partition=cursor.partition, people=people)
        flush = self._flush([item], snapshot, cursor)
        if flush.errors:
            raise _Undecidable(
                f"the node cannot decide it ({type(flush.errors[0]).__name__}); nothing was written"
            )
        try:
            await book.write(flush.rows, cursor)
        except Poison as poison:
            raise _Undecidable(f"its row breaks {poison.guard}; nothing was written") from None
        return flush.answers[0][1]

    def _flush(self, items: Sequence[messages_pb2.Item], snapshot: Snapshot, cursor: Cursor) -> Flush:
        return decide(
            items, snapshot, node=self._node, cursor=cursor, now_ms=self._clock.now_ms(),
            policies=self._policies, settle=self._settle,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------- the book

    async def _partitions(self) -> int:
        begun = await register.partitions_begun(self._connection)
        if not begun or begun != set(range(len(begun))):
            raise NeverServed
        return len(begun)

    async def _search(self, bills: Sequence[Bill], partitions: int) -> _Searched:
        stood = {partition: await self._book.cursor(partition) for partition in range(partitions)}
        since = min(bill.first_day for bill in bills)
        invoices = [bill.invoice for bill in bills]
        return _Searched(await register.payments_of(self._connection, invoices, since=since), stood)

    @contextlib.asynccontextmanager
    async def _locked(self, partition: int) -> AsyncIterator[LockedPostgresBook]:
        async with self._book.locked(await self._book.cursor(partition)) as book:
            yield book

    async def _tried(self, once: Callable[[], Awaitable[Result]]) -> Result:
        for attempt in range(TRIES_MAX):
            try:
                return await once()
            except LeafMissing:
                # today, and tomorrow: a day may be closed early
                await self._book.make_leaves(china_date(self._clock.now_ms()), 2)
            except (Conflict, Fenced, Unavailable):  # the worker or another operator was faster
                await asyncio.sleep(TRY_AGAIN_AFTER_MS * (attempt + 1) / 1000)
        raise BookBusy


def _result(application: str, row: Row) -> Result:
    if row.code == INTERNAL:  # of a trial: what is written never has this code
        return Result(application, NOT_DECIDABLE, MESSAGES[INTERNAL], None)
    message = settlement_pb2.Outcome.FromString(row.answer).err_msg if row.code else ""
    return Result(application, row.code, message, row)


def result_of(application: str, stored: Stored) -> Result:
    """What the book holds of an application."""
    return _result(application, stored.row)._replace(known=True, undone_by=stored.undone_by)


def _where(found: Found) -> str:
    how = f"by hand under application {found.application}" if found.region == MANUAL_REGION else "directly"
    at = f" at {found.fixmedins_code}" if found.fixmedins_code else ""
    return f"this invoice was paid {how}{at} on {found.day.isoformat()}, settlement {setl_id_text(found.setl_id)}"
