"""What every command of clearing opens: its database, brought up to date, and the books of the others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from clearing.books import Book, opened_books
from clearing.day.run import Progress, RunResult, run_day
from clearing.positions.publish import publish
from clearing.settings import ClearingSettings
from runtime import operators, postgres
from runtime.clock import SystemClock, china_date
from runtime.postgres import Connection
from runtime.version import VERSION

UNAUTHENTICATED: Final = "operators are not authenticated yet: whoever runs this command may give any name"
KEPT_EVERY_S: Final = 0.5
PROGRAM: Final = f"direct-settlement-gateway {VERSION}"
"""Name and version of this program, as runs and documents keep it."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Session:
    """A command's session with the clearing database and the books."""

    connection: Connection
    books: list[Book]
    settings: ClearingSettings

    @property
    def today(self) -> date:
        """The date in China."""
        return china_date(SystemClock().now_ms())


Opened = Callable[[], contextlib.AbstractAsyncContextManager[Session]]
"""How those who answer calls open a session for each."""


@contextlib.asynccontextmanager
async def opened(*, up_to_date: bool = False) -> AsyncIterator[Session]:
    """For the length of a block; `up_to_date`: this process has migrated the database already.

    Raises SettingsWrong, BooksUnknown, DatabaseUnreachable, MigrationEdited.
    """
    settings = ClearingSettings.read()
    async with (
        opened_books(settings.books_at()) as books,
        postgres.opened(settings.dsn, application_name="clearing") as connection,
    ):
        if not up_to_date:
            await postgres.migrate(connection, postgres.migrations_of("clearing"), owner="clearing")
        yield Session(connection, books, settings)


def asked(asking: Callable[[Session], Awaitable[Answer]]) -> Answer:
    """What a command asks, in a session of its own; a fault is one sentence and exit code 2."""

    async def within() -> Answer:
        async with opened() as session:
            return await asking(session)

    return operators.run(within())


@contextlib.asynccontextmanager
async def trying(session: Session, dry_run: bool) -> AsyncIterator[None]:
    """With `dry_run` everything that the block writes is taken back at its end."""
    if not dry_run:
        yield
        return
    transaction = session.connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


class Watched:
    """The progress of one run: shown at once, kept when there is time."""

    def __init__(self, connection: Connection, day: date, show: Progress) -> None:
        self._connection = connection
        self._day = day
        self._show = show
        self._latest: tuple[str, int, int] | None = None

    def __call__(self, step: str, done: int, of: int) -> None:
        """Note a step."""
        self._show(step, done, of)
        self._latest = (step, done, of)

    async def keep(self) -> None:
        """Write what was noted last, if anything is new."""
        if self._latest is not None:
            latest, self._latest = self._latest, None
            await self._connection.execute(
                "UPDATE run_progress SET step = $2, done = $3, total = $4, at = clock_timestamp() WHERE day = $1",
                self._day, *latest,
            )  # fmt: skip


@contextlib.asynccontextmanager
async def watched(session: Session, day: date, *, operator: str, show: Progress) -> AsyncIterator[Watched]:
    """Keeps a run's progress where others can see it, on a session of its own: the run's is in its transaction."""
    async with postgres.opened(session.settings.dsn, application_name="clearing progress") as connection:
        await connection.execute(
            "INSERT INTO run_progress (day, step, done, total, operator, began_at) VALUES ($1, 'begin', 0, 0, $2, now())"
            " ON CONFLICT (day) DO UPDATE SET step = 'begin', done = 0, total = 0, operator = $2, began_at = now(),"
            " at = clock_timestamp()",
            day, operator,
        )  # fmt: skip
        # held as long as this process lives: a row that nobody holds is of a run that died
        await connection.execute("SELECT pg_advisory_lock_shared(hashtext('progress'), $1)", day.toordinal())
        watching = Watched(connection, day, show)
        yield watching
        await connection.execute("DELETE FROM run_progress WHERE day = $1", day)


async def ran(session: Session, day: date, *, operator: str, show: Progress) -> RunResult:
    """Run a day with all that is derived from it, its progress kept where others can see it. Raises as `run_day`."""
    async with watched(session, day, operator=operator, show=show) as progress, kept(progress):
        return await run_day(
            day, connection=session.connection, books=session.books, operator=operator, program=PROGRAM, publish=publish,
            progress=progress,
        )  # fmt: skip


@contextlib.asynccontextmanager
async def kept(watched: Watched) -> AsyncIterator[None]:
    """Writes what a run notes, while a block runs."""

    async def keep() -> None:
        while True:
            await watched.keep()
            await asyncio.sleep(KEPT_EVERY_S)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
