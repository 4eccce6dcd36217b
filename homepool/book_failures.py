"""Which of the book's errors a database error is: by SQLSTATE, constraint and COPY line, never by its text.

The failure table is in docs/adr/0003-the-payment-write.md. What comes out of here carries the guard's name only: a
CHECK's DETAIL prints the row, which is personal data.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator

from homepool.book import (
    BookBroken,
    BookError,
    Conflict,
    Fenced,
    LeafMissing,
    Poison,
    SessionLost,
    Unavailable,
)
from runtime import postgres
from runtime.postgres import Connection, Failure, FailureKind


class NotAllowed(BookBroken):
    """The session's role may not do this."""


_INSUFFICIENT_PRIVILEGE = "42501"
_MADE_BY_ANOTHER = frozenset(("claim_pkey", "bill_pkey", "accumulator_pkey", "hand_paid_pkey"))
"""Keys that somebody else may have made since this flush read."""


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Turn asyncpg's errors into ours; their DETAIL, which may hold a row, stays behind."""
    try:
        yield
    except BookError:
        raise
    except Exception as error:
        raise book_error(error) from None


@contextlib.asynccontextmanager
async def whole_transaction(connection: Connection) -> AsyncIterator[None]:
    """A transaction that commits at the end of the block, else rolls back; its own failures are the book's errors."""
    transaction = connection.transaction()
    with failures():
        await transaction.start()
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            await transaction.rollback()
        raise
    with failures():
        await transaction.commit()


def book_error(error: Exception) -> BookError:
    """Which of the book's errors a database error is (failure table of docs/adr/0003)."""
    failure = postgres.failure_of(error)
    guard = failure.constraint or failure.sqlstate or type(error).__name__
    kind = failure.kind
    if kind is FailureKind.LOST:
        return SessionLost()
    if kind in (FailureKind.WAIT, FailureKind.DEADLOCK, FailureKind.SERIALIZATION):
        return Unavailable()
    if kind is FailureKind.PRIVATE:
        return _private_error(failure.sqlstate, guard)
    if kind is FailureKind.UNIQUE:
        return Conflict(guard) if guard in _MADE_BY_ANOTHER else Fenced(guard)
    if kind is FailureKind.MISSING_TABLE or (kind is FailureKind.CHECK and _is_of_a_leaf(failure)):
        return LeafMissing()
    if kind is FailureKind.CHECK and guard in ("bill_alive", "account_balance"):
        return Conflict(guard)
    if kind in (FailureKind.CHECK, FailureKind.NOT_NULL, FailureKind.OVERFLOW, FailureKind.UNENCODABLE):
        return Poison(guard, failure.copy_line)
    if failure.copy_line is not None and (failure.sqlstate or "")[:2] == "22":
        return Poison(
            guard, failure.copy_line
        )  # a text that PostgreSQL cannot hold, a number out of its column
    if failure.sqlstate == _INSUFFICIENT_PRIVILEGE:
        return NotAllowed()
    return BookBroken(f"The database answered as no plan foresees ({guard}).")


def _private_error(sqlstate: str | None, guard: str) -> BookError:
    if sqlstate in ("SG001", "SG002"):
        return Fenced(guard)
    if sqlstate in ("SG004", "SG005"):
        return Conflict(guard)
    if sqlstate == "SG006":
        return Poison(guard)
    return BookBroken(f"The flush was put together wrongly ({guard}).")


def _is_of_a_leaf(failure: Failure) -> bool:
    # a row that no leaf takes is 23514 without a name, one in another day's leaf breaks <leaf>_day
    return failure.constraint is None or failure.constraint.endswith("_day")
