"""The home node's book as the worker sees it: a port with two implementations, proved equal by one test suite.

`homepool.postgres_book` is the real one (W2: one COPY, one statement trigger); `tests/simulation/fake_home_book.py`
is one in memory. A book object is one session: one at a time uses it. What may go wrong with a write is told
apart by class, because each class has its own cure:

| error | nothing was written, and the cure is |
|---|---|
| `Conflict` | what was read has changed: read and decide again, in a transaction that holds the locks |
| `Fenced` | the cursor has moved: look whether the term is still mine; mine: read and decide again, else exit |
| `Poison` | one row is at fault, the `line`-th where the book can tell: its item is declined and parked |
| `LeafMissing` | the day has no leaf: stop; nobody is declined for the node's own failure |
| `Unavailable` | a lock or statement took too long: the same again |
| `SessionLost` | (unknown whether it was written:) a new session and a new term |
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Final, NamedTuple, Protocol

from homepool.benefits import Filing
from homepool.credentials import Holder
from homepool.errors import HomePoolError
from homepool.insured import Person
from ledger.life import Id
from ledger.rows import Row

FILING_LOCK_TIMEOUT_MS: Final = 250
"""A loader may hold the lock for longer: then other questions are answered, and it is tried again."""


class BookError(HomePoolError):
    """The home book refused or failed; nothing was written unless the class says otherwise."""


class Conflict(BookError):
    """What this flush read has changed in between. Read again, decide again."""

    retriable = True

    def __init__(self, guard: str) -> None:
        super().__init__(f"What this flush read has changed in between ({guard}). Read again, decide again.")
        self.guard = guard


class Fenced(BookError):
    """The cursor is not as this writer knew it. Look at it: my term, read again; another's, exit."""

    def __init__(self, guard: str = "cursor_stands") -> None:
        super().__init__(f"The cursor is not as this writer knew it ({guard}).")
        self.guard = guard


class Poison(BookError):
    """One row of the flush can never be written; `line` is its place from 1, None where the book cannot tell."""

    def __init__(self, guard: str, line: int | None = None) -> None:
        super().__init__(f"A row of the flush breaks {guard}.")
        self.guard = guard
        self.line = line
        self.place: int | None = None  # of the item at fault, once its writer has looked it up


class LeafMissing(BookError):
    """There is no leaf for the day of this flush. Make it (`make_leaves`); nobody was declined."""


class Unavailable(BookError):
    """A lock or a statement took too long, and the statement was rolled back. Try again."""

    retriable = True


class SessionLost(BookError):
    """The session with the database is gone, and it is unknown whether the last write was made."""

    retriable = True


class BookBroken(BookError):
    """The database answered as no plan foresees. The worker stops; people must look."""


class Restored(BookError):
    """The database knows less than this node had written: it was restored from an old backup. Do not start."""


class Cursor(NamedTuple):
    """Where a partition stands. Every write compares all of it and raises `version`."""

    partition: int
    term: int
    version: int
    next_number: int
    day: date  # no decision of an earlier day is written any more
    term_first_number: int
    term_first_day: date


class Key(NamedTuple):
    """What to read for one item; a part that is None reads nothing. `year` is yyyy, `month` yyyyMM."""

    id: Id | None = None
    bill: Id | None = None
    visit: Id | None = None  # for the live bills of the visit
    psn_no: str | None = None  # with insutype: accumulators; alone: the account only
    insutype: str | None = None
    year: int | None = None
    month: int | None = None


class Stored(NamedTuple):
    """A decision as the book holds it, and what has become of it since."""

    row: Row
    undone_by: Id | None
    sealed: bool
    live: Id | None  # the live settlement of the row's bill


class Reading(NamedTuple):
    """The answer to `read`, in no order: what is not there is absent."""

    version: int  # of the partition's cursor: other than mine means that what I cached is void
    clock_ms: int  # the database's
    known: set[Id]  # of the ids that were asked for, those that have an outcome
    live: dict[Id, Id]  # bill -> its live settlement
    visit_live: dict[Id, set[Id]]  # visit -> live settlements
    used: dict[tuple[str, str, int], tuple[int, ...]]  # (psn_no, insutype, year) -> ledger.rows.ACCUMULATORS
    month_used: dict[tuple[str, str, int], tuple[int, int]]  # (…, yyyyMM) -> in scope, pooled
    balances: dict[str, int]  # psn_no -> personal account


class Written(NamedTuple):
    """A row as W2 takes it: with what it must find as it was read."""

    row: Row
    deadline_ms: int | None = None  # of what pays or takes back at the counter: must be written by then
    account_read_fen: int | None = None  # the balance that an own draw was decided on; None compares nothing
    family_read_fen: tuple[int, ...] | None = None  # the same for each relative's draw


class Parked(NamedTuple):
    """An item that could not be decided: it is DECLINED INTERNAL, and people look at it."""

    id: Id
    item: bytes
    why: str  # a constraint or an exception's class, never its text


class FilingCall(NamedTuple):
    """What the id of a filing or withdrawal was answered."""

    digest: bytes
    answer: bytes


class FilingChange(NamedTuple):
    """A filing or withdrawal with its answer, as it is stored; a repeat of what holds already changes nothing."""

    id: Id  # of the message
    digest: bytes
    psn_no: str
    answer: bytes
    filed_by: str = ""  # fixmedins_code
    filed: Filing | None = None  # a new filing
    ended: Filing | None = None  # a filing that is withdrawn, with its last day


class BookReads(Protocol):
    """What may be read, within a locked transaction or without."""

    async def read(self, partition: int, keys: Sequence[Key]) -> Reading:
        """Everything a flush needs to know beside people and stored rows, in one round trip."""
        ...

    async def people(self, psn_nos: Iterable[str]) -> dict[str, Person]:
        """The persons that the book knows, with all that changes seldom."""
        ...

    async def rows(self, ids: Iterable[Id]) -> dict[Id, Stored]:
        """Stored decisions by id; an id without an outcome is absent."""
        ...

    async def write(self, rows: Sequence[Written], cursor: Cursor) -> Cursor:
        """W2: write a flush in one statement, or nothing. Gives the cursor after it.

        Raises Conflict, Fenced, Poison, LeafMissing, Unavailable, SessionLost, BookBroken.
        """
        ...


class LockedBook(BookReads, Protocol):
    """A transaction that holds the cursor's lock: between its reads and its write nothing changes."""

    cursor: Cursor

    async def lock_accounts(self, psn_nos: Iterable[str]) -> None:
        """Lock personal accounts in the order of their key. Call it once, before anything is read."""
        ...


class FilingBook(Protocol):
    """A transaction that holds a partition's cursor, for writing filings of its people."""

    async def people(self, psn_nos: Iterable[str]) -> dict[str, Person]:
        """The persons that the book knows."""
        ...

    async def filing_calls(self, ids: Iterable[Id]) -> dict[Id, FilingCall]:
        """What these ids were answered; an id that was never answered is absent."""
        ...

    async def store_filings(self, changes: Sequence[FilingChange]) -> None:
        """Write them and raise the cursor's version, so that nobody decides on what was cached before."""
        ...


class HomeBook(BookReads, Protocol):
    """One session with the home book."""

    async def cursor(self, partition: int) -> Cursor:
        """The partition's cursor; one that was never served stands at term 0."""
        ...

    async def take_over(self, partition: int, *, now_ms: int) -> Cursor:
        """Become the partition's writer: end the session of the writer before, then draw a term above its own.

        The new term is at least `now_ms`. Raises Unavailable where the writer before does not end.
        """
        ...

    def locked(self, cursor: Cursor) -> AbstractAsyncContextManager[LockedBook]:
        """A transaction with the cursor locked, for deciding again after a conflict; commits at its end.

        Raises Fenced where the term is not the cursor's any more.
        """
        ...

    def filing(self, partition: int) -> AbstractAsyncContextManager[FilingBook]:
        """A transaction with the partition's cursor locked, whoever its writer is; commits at its end.

        Raises Unavailable where the lock does not come within FILING_LOCK_TIMEOUT_MS, SessionLost, BookBroken.
        """
        ...

    async def park(self, partition: int, parked: Sequence[Parked]) -> None:
        """Keep items for people to look at; again is harmless."""
        ...

    async def make_leaves(self, first: date, days: int) -> None:
        """Make the leaves of `days` days from `first` on, where they are not there yet."""
        ...

    async def holders(self, hashed: bytes) -> list[Holder]:
        """Whose credential it is, by `homepool.credentials.credential_hash`; a person has a number in each pool."""
        ...

    async def personal_data(self, psn_no: str) -> "PersonalData | None":
        """Name and certificate, for a sealed answer only."""
        ...


class PersonalData(NamedTuple):
    """What identifies a person. Never in a log, a key or a header."""

    name: str
    cert_type: str
    certno: str
    gend: str
    born: str
