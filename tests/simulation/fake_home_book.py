"""The home book in memory: the same port as `homepool.postgres_book`, the same refusals, for virtual time.

`HomeStore` is the database; each `FakeHomeBook` is one session with it, with a `checkpoint` awaited by name at every
await point: raise there to crash the process at that very step. `book.written` comes after the commit, so a crash
there loses the acknowledgement and not the payment. tests/integration/test_home_book_contract.py proves it equal.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from operator import add

from homepool.benefits import NOTHING_USED
from homepool.book import (
    FILING_LOCK_TIMEOUT_MS,
    BookBroken,
    Conflict,
    Cursor,
    Fenced,
    FilingCall,
    FilingChange,
    Key,
    LeafMissing,
    Parked,
    PersonalData,
    Poison,
    Reading,
    SessionLost,
    Stored,
    Unavailable,
    Written,
)
from homepool.credentials import Holder
from homepool.insured import Person
from ledger.life import Id
from ledger.rows import ACCUMULATORS, Row
from runtime.clock import Clock, china_date
from tests.simulation.row_rules import broken_rule

Checkpoint = Callable[[str], Awaitable[None]]
LOCK_TIMEOUT_S = 5.0
LEAVES_AHEAD_DAYS = 4
NEVER = date(2000, 1, 1)
INT8_MAX = (1 << 63) - 1
_NULLABLE = frozenset(
    (
        "visit",
        "bill",
        "target",
        "undoes",
        "settlement",
        "deltas",
        "family_psn_no",
        "family_amount_fen",
        "line_keys",
        "lines_digest",
        "begin_day",
        "end_day",
        "invoice",
    )
)
_IN_SCOPE, _POOLED = ACCUMULATORS.index("in_scope"), ACCUMULATORS.index("pooled")


async def no_checkpoint(name: str) -> None:
    """Never crashes."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What has become of an id."""

    row: Row
    undone_by: Id | None = None
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """How many settlements of a bill live (0 or 1), and which."""

    visit: Id | None
    alive: int
    live: Id | None


@dataclass(slots=True)
class HomeStore:
    """The committed state of one home node's database."""

    clock: Clock
    cursors: dict[int, Cursor] = field(default_factory=dict)
    writers: dict[int, "FakeHomeBook"] = field(default_factory=dict)
    claims: dict[Id, Claim] = field(default_factory=dict)
    numbers: dict[tuple[int, int, date], Id] = field(default_factory=dict)
    bills: dict[Id, Bill] = field(default_factory=dict)
    used: dict[tuple[str, str, int], tuple[int, ...]] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    credentials: dict[bytes, list[str]] = field(default_factory=dict)
    personal: dict[str, PersonalData] = field(default_factory=dict)
    leaves: set[date] = field(default_factory=set)
    filing_calls: dict[Id, FilingCall] = field(default_factory=dict)
    parked: dict[Id, Parked] = field(default_factory=dict)
    holders: dict[object, object] = field(default_factory=dict)  # lock -> who holds it
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)
    lock_timeout_s: float = LOCK_TIMEOUT_S

    def decisions(self) -> list[Row]:
        """Every decision, by partition and number."""
        return [self.claims[id_].row for _, id_ in sorted(self.numbers.items())]

    def load_account(self, psn_no: str, difference_fen: int) -> None:
        """What a loader does to an account: a difference, under all cursors' versions."""
        self.accounts[psn_no] = self.accounts.get(psn_no, 0) + difference_fen
        self.raise_versions()

    def raise_versions(self) -> None:
        """Whoever else changes the book makes the workers read again."""
        for partition, cursor in self.cursors.items():
            self.cursors[partition] = cursor._replace(version=cursor.version + 1)

    def file(self, partition: int, changes: Sequence[FilingChange]) -> None:
        """Filings with their answers, under a version that rises."""
        for one in changes:
            person = self.people[one.psn_no]
            changed = [filing for filing in (one.filed, one.ended) if filing is not None]
            others = tuple(
                held for held in person.filings if held.id not in {filing.id for filing in changed}
            )
            self.people[one.psn_no] = replace(person, filings=tuple(sorted((*others, *changed))))
            self.filing_calls[one.id] = FilingCall(one.digest, one.answer)
        cursor = self.cursors[partition]
        self.cursors[partition] = cursor._replace(version=cursor.version + 1)

    def close_day(self, day: date) -> None:
        """No later decision belongs to `day`."""
        for partition, cursor in self.cursors.items():
            later = max(cursor.day, day + timedelta(days=1))
            self.cursors[partition] = cursor._replace(version=cursor.version + 1, day=later)

    async def lock(self, key: object, holder: object, *, timeout_s: float | None = None) -> None:
        """Wait for a lock. Raises Unavailable after `timeout_s`, left out: LOCK_TIMEOUT_S."""
        try:
            async with asyncio.timeout(self.lock_timeout_s if timeout_s is None else timeout_s):
                while self.holders.get(key, holder) is not holder:
                    released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self.waiting.append(released)
                    await released
        except TimeoutError:
            raise Unavailable from None
        self.holders[key] = holder

    def unlock(self, holder: object) -> None:
        """Release all locks of a holder."""
        for key in [key for key, held_by in self.holders.items() if held_by is holder]:
            del self.holders[key]
        waiting, self.waiting = self.waiting, []
        for released in waiting:
            if not released.done():
                released.set_result(None)


class Staged:
    """A flush that keeps every rule, not yet visible."""

    def __init__(self, store: HomeStore, rows: Sequence[Written], cursor: Cursor) -> None:
        self._store = store
        self._claims: dict[Id, Claim] = {}
        self._bills: dict[Id, Bill] = {}
        self._used: dict[tuple[str, str, int], tuple[int, ...]] = {}
        self._accounts: dict[str, int] = {}
        self._rows = [written.row for written in rows]
        self._check_rows()
        self._check_cursor(cursor)
        self._check_deadlines(rows)
        self._claim()
        self._move_bills()
        self._use()
        self._draw(rows)

    def commit(self) -> Cursor:
        """Make it visible; gives the cursor after it."""
        store, last = self._store, self._rows[-1]
        stands = store.cursors[last.partition]
        after = stands._replace(version=stands.version + 1, next_number=last.number + 1, day=last.day)
        store.cursors[last.partition] = after
        store.claims.update(self._claims)
        store.numbers.update({(row.partition, row.number, row.day): row.id for row in self._rows})
        store.bills.update(self._bills)
        store.used.update(self._used)
        store.accounts.update(self._accounts)
        return after

    def _check_rows(self) -> None:
        first = self._rows[0]
        if first.day not in self._store.leaves:
            raise LeafMissing
        for line, row in enumerate(self._rows, 1):
            for value in row:
                numbers = value if isinstance(value, tuple) else (value,)
                if any(type(number) is int and abs(number) > INT8_MAX for number in numbers):
                    raise Poison("encoding", line)
            if any(isinstance(value, str) and "\0" in value for value in row):
                raise Poison("text", line)
            if any(value is None and name not in _NULLABLE for name, value in row._asdict().items()):
                raise Poison("not_null", line)
            broken = broken_rule(row)
            if broken is not None:
                raise Poison(broken, line)
            if row.day != first.day:
                raise LeafMissing
        for row in self._rows:
            if (row.partition, row.number, row.day) in self._store.numbers:
                raise Fenced("decision_pkey")

    def _check_cursor(self, cursor: Cursor) -> None:
        first, numbers = self._rows[0], sorted(row.number for row in self._rows)
        stands = self._store.cursors.get(first.partition)
        if (
            stands is None
            or stands.term != first.term
            or stands.version != cursor.version
            or stands.next_number != numbers[0]
            or stands.day > first.day
        ):
            raise Fenced("cursor_stands")
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise Fenced("number_dense")

    def _check_deadlines(self, rows: Sequence[Written]) -> None:
        now_ms = self._store.clock.now_ms()
        if any(one.row.sign and one.deadline_ms is not None and one.deadline_ms < now_ms for one in rows):
            raise Conflict("deadline_stands")

    def _claim(self) -> None:
        claims = self._store.claims
        for row in self._rows:
            if row.id in claims or row.id in self._claims:
                raise Conflict("claim_pkey")
            self._claims[row.id] = Claim(row)
        for row in self._rows:
            if row.undoes is not None:
                self._became(row.undoes, undone_by=row.id)
                if row.sign > 0 and row.settlement is not None:
                    self._became(row.settlement, undone_by=None)
            if row.seals and row.settlement is not None:
                self._became(row.settlement, sealed=True)

    def _became(self, id_: Id, **change: object) -> None:
        claim = self._claims.get(id_) or self._store.claims.get(id_)
        if claim is not None:
            self._claims[id_] = replace(claim, **change)  # type: ignore[arg-type]

    def _move_bills(self) -> None:
        for row in self._rows:
            if not row.sign:
                continue
            assert row.bill is not None
            before = self._bills.get(row.bill) or self._store.bills.get(row.bill) or Bill(row.visit, 0, None)
            live = row.settlement if row.sign > 0 else None
            self._bills[row.bill] = Bill(before.visit, before.alive + row.sign, live)
        if any(bill.alive not in (0, 1) for bill in self._bills.values()):
            raise Conflict("bill_alive")

    def _use(self) -> None:
        for row in self._rows:
            if row.deltas is not None:
                self._add((row.psn_no, row.insutype, row.year), row.deltas)
            if row.month:
                month = [0] * len(ACCUMULATORS)
                month[_IN_SCOPE], month[_POOLED] = row.month_in_scope_fen, row.month_pooled_fen
                self._add((row.psn_no, row.insutype, row.month), tuple(month))

    def _add(self, key: tuple[str, str, int], deltas: tuple[int, ...]) -> None:
        before = self._used.get(key) or self._store.used.get(key, NOTHING_USED)
        after = tuple(map(add, before, deltas))
        if any(abs(amount) > INT8_MAX for amount in after):
            raise Poison("overflow")
        self._used[key] = after

    def _draw(self, rows: Sequence[Written]) -> None:
        for psn_no, _, _, amount, read in draws_of(rows):
            balance = self._accounts.get(psn_no, self._store.accounts.get(psn_no))
            if balance is None or read not in (None, balance):
                raise Conflict("account_draw")
            if balance < amount:
                raise Conflict("account_balance")
            self._accounts[psn_no] = balance - amount
        drawn = sum(amount for _, _, _, amount, _ in draws_of(rows))
        if drawn != sum(row.account_fen + row.family_fen for row in self._rows):
            raise Poison("draw_sum")


Draw = tuple[str, int, int, int, int | None]


def draws_of(rows: Sequence[Written]) -> list[Draw]:
    """(account, number, place, amount, balance read), in the order in which they are made."""
    draws: list[Draw] = []
    for row, _, own, family in rows:
        if row.account_fen:
            draws.append((row.psn_no, row.number, 0, row.account_fen, own))
        for place, (psn_no, amount) in enumerate(
            zip(row.family_psn_no or (), row.family_amount_fen or (), strict=True), 1
        ):
            draws.append((psn_no, row.number, place, amount, family[place - 1] if family else None))
    return sorted(draws, key=lambda draw: draw[:3])


class FakeReads:
    """What may be read and written in a transaction or without; `holder` owns the locks that it waits for."""

    def __init__(self, store: HomeStore, checkpoint: Checkpoint) -> None:
        self.store = store
        self.session: FakeHomeBook
        self._checkpoint = checkpoint

    async def _step(self, name: str) -> None:
        await self._checkpoint(name)
        if self.session.lost:
            raise SessionLost

    async def read(self, partition: int, keys: Sequence[Key]) -> Reading:
        """What is committed."""
        await self._step("book.read")
        store = self.store
        reading = Reading(
            store.cursors[partition].version if partition in store.cursors else 0,
            store.clock.now_ms(), set(), {}, {}, {}, {}, {},
        )  # fmt: skip
        for id_, bill, visit, psn_no, insutype, year, month in keys:
            if id_ is not None and id_ in store.claims:
                reading.known.add(id_)
            if bill is not None and bill in store.bills and (live := store.bills[bill].live) is not None:
                reading.live[bill] = live
            if visit is not None:
                reading.visit_live[visit] = {
                    one.live for one in store.bills.values() if one.visit == visit and one.live is not None
                }
            if psn_no is None:
                continue
            if psn_no in store.accounts:
                reading.balances[psn_no] = store.accounts[psn_no]
            if insutype is None:
                continue
            if year is not None and (used := store.used.get((psn_no, insutype, year))) is not None:
                reading.used[(psn_no, insutype, year)] = used
            if month is not None and (used := store.used.get((psn_no, insutype, month))) is not None:
                reading.month_used[(psn_no, insutype, month)] = (used[_IN_SCOPE], used[_POOLED])
        return reading

    async def people(self, psn_nos: Iterable[str]) -> dict[str, Person]:
        """The persons that the store knows."""
        await self._step("book.people")
        return {psn_no: self.store.people[psn_no] for psn_no in psn_nos if psn_no in self.store.people}

    async def rows(self, ids: Iterable[Id]) -> dict[Id, Stored]:
        """Stored decisions."""
        await self._step("book.rows")
        stored = {}
        for id_ in ids:
            claim = self.store.claims.get(id_)
            if claim is not None:
                bill = self.store.bills.get(claim.row.bill) if claim.row.bill else None
                stored[id_] = Stored(claim.row, claim.undone_by, claim.sealed, bill.live if bill else None)
        return stored

    async def _stage(self, rows: Sequence[Written], cursor: Cursor, holder: object) -> Staged:
        await self._step("book.write")
        await self.store.lock(("cursor", rows[0].row.partition), holder)
        for psn_no in sorted({draw[0] for draw in draws_of(rows)}):
            await self.store.lock(("account", psn_no), holder)
        if self.session.lost:
            raise SessionLost
        return Staged(self.store, rows, cursor)


class LockedFakeBook(FakeReads):
    """A transaction that holds the cursor's lock; what it writes is seen when it commits."""

    def __init__(self, session: "FakeHomeBook", cursor: Cursor, checkpoint: Checkpoint) -> None:
        super().__init__(session.store, checkpoint)
        self.session = session
        self.cursor = cursor
        self.staged: Staged | None = None

    async def lock_accounts(self, psn_nos: Iterable[str]) -> None:
        """Lock personal accounts in order."""
        await self._step("book.lock_accounts")
        for psn_no in sorted(psn_nos):
            await self.store.lock(("account", psn_no), self)

    async def write(self, rows: Sequence[Written], cursor: Cursor) -> Cursor:
        """W2, visible at the end of the transaction."""
        if not rows:
            return cursor
        self.staged = await self._stage(rows, cursor, self)
        last = rows[-1].row
        return cursor._replace(version=cursor.version + 1, next_number=last.number + 1, day=last.day)


class FakeFilings(FakeReads):
    """A transaction that holds the cursor's lock, for filings; what it writes is seen when it commits."""

    def __init__(self, session: "FakeHomeBook", checkpoint: Checkpoint) -> None:
        super().__init__(session.store, checkpoint)
        self.session = session
        self.staged: Sequence[FilingChange] = ()

    async def filing_calls(self, ids: Iterable[Id]) -> dict[Id, FilingCall]:
        """What these ids were answered."""
        await self._step("book.filing_calls")
        calls = self.store.filing_calls
        return {id_: calls[id_] for id_ in ids if id_ in calls}

    async def store_filings(self, changes: Sequence[FilingChange]) -> None:
        """Seen at the end of the transaction."""
        await self._step("book.store_filings")
        self.staged = changes


class FakeHomeBook(FakeReads):
    """One session with the store."""

    def __init__(self, store: HomeStore, *, checkpoint: Checkpoint = no_checkpoint) -> None:
        super().__init__(store, checkpoint)
        self.session = self
        self.lost = False

    def lose(self) -> None:
        """The backend is terminated: what was under way is rolled back."""
        self.lost = True
        self.store.unlock(self)

    async def cursor(self, partition: int) -> Cursor:
        """Where the partition stands."""
        await self._step("book.cursor")
        return self.store.cursors.get(partition) or Cursor(partition, 0, 0, 1, NEVER, 1, NEVER)

    async def take_over(self, partition: int, *, now_ms: int) -> Cursor:
        """End the session of the writer before, then draw a term."""
        await self._step("book.take_over")
        before = self.store.writers.get(partition)
        if before is not None and before is not self:
            before.lose()
        await self._step("book.term")
        await self.store.lock(("cursor", partition), self)
        stands = self.store.cursors.get(partition) or Cursor(partition, 0, 0, 1, NEVER, 1, NEVER)
        cursor = stands._replace(
            term=max(now_ms, stands.term + 1), version=stands.version + 1,
            term_first_number=stands.next_number, term_first_day=stands.day,
        )  # fmt: skip
        self.store.cursors[partition] = cursor
        self.store.writers[partition] = self
        self.store.unlock(self)
        await self.make_leaves(max(cursor.day, china_date(now_ms)), LEAVES_AHEAD_DAYS)
        return cursor

    async def write(self, rows: Sequence[Written], cursor: Cursor) -> Cursor:
        """W2."""
        if not rows:
            return cursor
        try:
            after = (await self._stage(rows, cursor, self)).commit()
        finally:
            self.store.unlock(self)
        await self._step("book.written")
        return after

    @contextlib.asynccontextmanager
    async def locked(self, cursor: Cursor) -> AsyncIterator[LockedFakeBook]:
        """A transaction with the cursor locked."""
        await self._step("book.locked")
        transaction = LockedFakeBook(self, cursor, self._checkpoint)
        try:
            await self.store.lock(("cursor", cursor.partition), transaction)
            stands = self.store.cursors[cursor.partition]
            if stands.term != cursor.term:
                raise Fenced
            transaction.cursor = stands
            yield transaction
            await self._step("book.commit")
            if transaction.staged is not None:
                transaction.staged.commit()
        finally:
            self.store.unlock(transaction)
        await self._step("book.committed")

    @contextlib.asynccontextmanager
    async def filing(self, partition: int) -> AsyncIterator[FakeFilings]:
        """A transaction with the cursor locked, for filings."""
        await self._step("book.filing")
        transaction = FakeFilings(self, self._checkpoint)
        try:
            await self.store.lock(("cursor", partition), transaction, timeout_s=FILING_LOCK_TIMEOUT_MS / 1000)
            if partition not in self.store.cursors:
                raise BookBroken("A filing came to a partition that nobody serves.")
            yield transaction
            await self._step("book.commit")
            if transaction.staged:
                self.store.file(partition, transaction.staged)
        finally:
            self.store.unlock(transaction)
        await self._step("book.committed")

    async def park(self, partition: int, parked: Sequence[Parked]) -> None:
        """Keep items for people to look at."""
        await self._step("book.park")
        for one in parked:
            self.store.parked.setdefault(one.id, one)

    async def make_leaves(self, first: date, days: int) -> None:
        """Make leaves ahead."""
        await self._step("book.leaves")
        self.store.leaves.update(first + timedelta(days=ahead) for ahead in range(days))

    async def holders(self, hashed: bytes) -> list[Holder]:
        """Whose credential it is."""
        await self._step("book.credential")
        return self.store.credentials.get(hashed, [])

    async def personal_data(self, psn_no: str) -> PersonalData | None:
        """Name and certificate."""
        await self._step("book.personal")
        return self.store.personal.get(psn_no)
