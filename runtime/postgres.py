"""Open PostgreSQL, bring its schema up to date, take over from a predecessor, and tell its failures apart.

Failures are told apart by SQLSTATE, constraint name and COPY line, never by the text. One trap decides the
order of the tests: our own SQLSTATEs arrive as `UnknownPostgresError`, a subclass of `FatalPostgresError`, so
a handler for "connection lost" by class would catch them.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg

from runtime.errors import BackendAlive, DatabaseUnreachable, MigrationEdited, MigrationMisnamed

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

Sessions: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

CONNECT_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 2.0
TERMINATE_TIMEOUT_MS: Final = 3_000
PRIVATE_SQLSTATE_PREFIX: Final = "SG"
"""SQLSTATEs of our own triggers begin so."""
_MIGRATION_LOCK: Final = 0x64736777  # one number for every program of ours that migrates
_MIGRATION_NAME: Final = re.compile(r"^(\d{4})_\w+\.sql$")
_COPY_LINE: Final = re.compile(r"COPY \S+, line (\d+)")

_SETTINGS: Final = {"jit": "off", "timezone": "UTC"}  # jit costs more than our statements take


async def connect(
    dsn: str, *, application_name: str, timeout_s: float = CONNECT_TIMEOUT_S, **settings: str
) -> Connection:
    """Open one connection; `settings` are PostgreSQL's own (`lock_timeout="2s"`). Raises
    `DatabaseUnreachable`.
    """
    try:
        return await asyncpg.connect(
            dsn,
            timeout=timeout_s,
            server_settings={**_SETTINGS, **settings, "application_name": application_name},
        )
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as failed:
        raise DatabaseUnreachable(application_name=application_name) from failed


@contextlib.asynccontextmanager
async def opened(
    dsn: str, *, application_name: str, timeout_s: float = CONNECT_TIMEOUT_S, **settings: str
) -> AsyncIterator[Connection]:
    """`connect` for the length of a block."""
    connection = await connect(dsn, application_name=application_name, timeout_s=timeout_s, **settings)
    try:
        yield connection
    finally:
        await close(connection)


@contextlib.asynccontextmanager
async def pooled(
    dsn: str, *, application_name: str, sessions_max: int, **settings: str
) -> AsyncIterator[Sessions]:
    """At most so many sessions for the length of a block, opened when they are needed and again when they are lost.

    Opening the block needs no server; a session that cannot be had raises what `failure_of` calls LOST.
    """
    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=sessions_max,
        timeout=CONNECT_TIMEOUT_S,
        server_settings={**_SETTINGS, **settings, "application_name": application_name},
    )
    await pool
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT_S)
        except TimeoutError:
            pool.terminate()


async def close(connection: Connection, *, timeout_s: float = 2.0) -> None:
    """Close a connection, by force where the server does not answer; never raises."""
    try:
        await connection.close(timeout=timeout_s)
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ):
        connection.terminate()


def migrations_of(package: str) -> Path:
    """The folder `sql/` of a package of ours, by its dotted name."""
    return Path(str(resources.files(package))) / "sql"


async def migrate(connection: Connection, folder: Path, *, owner: str) -> list[str]:
    """Apply the numbered files of `folder` that this database lacks; gives their names.

    Several packages may share a database, so files are remembered by `owner` (the package's name) and number.
    One transaction a file, one migrating process at a time. Raises `MigrationEdited` before anything is
    applied.
    """
    files = _numbered(folder)
    await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
    try:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (owner text, number int, name text NOT NULL,"
            " sha256 bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
            " PRIMARY KEY (owner, number))"
        )
        rows = await connection.fetch("SELECT number, sha256 FROM migration WHERE owner = $1", owner)
        applied = {row["number"]: row["sha256"] for row in rows}
        for number, file in files.items():
            if number in applied and applied[number] != _sha256(file):
                raise MigrationEdited(
                    f"{owner}/{file.name} was applied to this database and has been edited since; "
                    "restore it and write a new file with the next number."
                )
        due = {number: file for number, file in files.items() if number not in applied}
        for number, file in due.items():
            async with connection.transaction():
                await connection.execute(file.read_text(encoding="utf-8"))
                await connection.execute(
                    "INSERT INTO migration (owner, number, name, sha256) VALUES ($1, $2, $3, $4)",
                    owner, number, file.name, _sha256(file),
                )  # fmt: skip
        return [file.name for file in due.values()]
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", _MIGRATION_LOCK)


def _numbered(folder: Path) -> dict[int, Path]:
    files = sorted(folder.glob("*.sql"))
    numbered: dict[int, Path] = {}
    for expected, file in enumerate(files, start=1):
        named = _MIGRATION_NAME.match(file.name)
        if named is None or int(named[1]) != expected:
            raise MigrationMisnamed(
                f"{file} should begin with {expected:04}_: migrations are numbered from 0001, without a gap."
            )
        numbered[expected] = file
    return numbered


def _sha256(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


async def terminate_backends(
    connection: Connection, application_name_prefix: str, *, timeout_ms: int = TERMINATE_TIMEOUT_MS
) -> int:
    """End every other backend of this database whose application name begins so, and wait until it has ended.

    The takeover: whoever starts does this first. End the prefix with a separator, or slot 1 ends slot 10.
    Gives how many there were; raises `BackendAlive` if one outlived the wait.
    """
    rows = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND starts_with(application_name, $1)",
        application_name_prefix,
    )
    for row in rows:
        await connection.fetchval("SELECT pg_terminate_backend($1, $2)", row["pid"], timeout_ms)
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid = any($1::int[])"
        " AND starts_with(application_name, $2)",
        [row["pid"] for row in rows],
        application_name_prefix,
    )
    if left:
        raise BackendAlive(backends=left)
    return len(rows)


async def copy_in(connection: Connection, table: str, columns: tuple[str, ...], source: bytearray) -> None:
    """A binary COPY of bytes that are put together already.

    The driver's own `copy_to_table` quotes every column's name anew: 28 µs for the sixty of a settlement row.
    """
    driver: Any = connection  # what its own method calls, which its types do not name
    await driver._copy_in(_copy_statement(table, columns), source, None)


@lru_cache(maxsize=64)
def _copy_statement(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join([f'"{column}"' for column in columns])
    return f'COPY "{table}" ({names}) FROM STDIN (FORMAT binary)'


def bytea_array(values: Iterable[bytes | None]) -> str:
    """A `bytea[]` as text, for `$1::text::bytea[]`: the driver looks at every element of a list several times, at a
    text once. The same for the other two.
    """
    return "{" + ",".join(["NULL" if one is None else f'"\\\\x{one.hex()}"' for one in values]) + "}"


def text_array(values: Iterable[str | None]) -> str:
    """A `text[]` as text."""
    return "{" + ",".join(["NULL" if one is None else _quoted(one) for one in values]) + "}"


def number_array(values: Iterable[int | None]) -> str:
    """An `integer[]` or `bigint[]` as text."""
    return "{" + ",".join(["NULL" if one is None else str(one) for one in values]) + "}"


def _quoted(text: str) -> str:
    if text.isalnum():
        return f'"{text}"'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class FailureKind(Enum):
    """What a failed statement means for whoever sent it; constraint and SQLSTATE say the rest."""

    UNIQUE = "unique"  # 23505: somebody was first; by the constraint, read again or give up
    CHECK = "check"  # 23514: by a name the row's own fault; without one there is no partition for it
    NOT_NULL = "not null"  # 23502
    OVERFLOW = "overflow"  # 22003
    UNENCODABLE = "unencodable"  # never left Python; the connection is usable
    PRIVATE = "private"  # raised by our own triggers, SGxxx
    WAIT = "wait"  # 55P03, 57014: a lock or the statement took too long; try again, never bisect
    DEADLOCK = "deadlock"  # 40P01: try again, and mend the sorting
    SERIALIZATION = "serialization"  # 40001
    MISSING_TABLE = "missing table"  # 42P01: a leaf was not made
    LOST = "lost"  # the connection is gone and what the statement did is unknown
    OTHER = "other"  # nothing that is planned for: stop


@dataclass(frozen=True, slots=True)
class Failure:
    """A database error by its structured parts. `copy_line` is the 1-based row of a COPY, None elsewhere."""

    kind: FailureKind
    sqlstate: str | None = None
    constraint: str | None = None
    table: str | None = None
    copy_line: int | None = None


_KINDS: Final = {
    "23505": FailureKind.UNIQUE,
    "23514": FailureKind.CHECK,
    "23502": FailureKind.NOT_NULL,
    "22003": FailureKind.OVERFLOW,
    "22021": FailureKind.UNENCODABLE,  # a NUL in a text: no retry will store it
    "55P03": FailureKind.WAIT,
    "57014": FailureKind.WAIT,
    "40P01": FailureKind.DEADLOCK,
    "40001": FailureKind.SERIALIZATION,
    "42P01": FailureKind.MISSING_TABLE,
    "57P01": FailureKind.LOST,  # terminated by a takeover
    "57P02": FailureKind.LOST,  # crash of the server
    "57P03": FailureKind.LOST,  # starting up or shutting down
    "57P05": FailureKind.LOST,
    "25P03": FailureKind.LOST,  # idle in transaction for too long
}


_LOST: Final = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    OSError,  # a timeout too: it is one
    asyncio.IncompleteReadError,
)


def failure_of(error: BaseException) -> Failure:
    """Which failure an exception of asyncpg is; anything unknown is OTHER."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate:
        sqlstate = str(error.sqlstate)
        line = _COPY_LINE.search(getattr(error, "context", None) or "")
        return Failure(
            kind=_kind_of(sqlstate),
            sqlstate=sqlstate,
            constraint=getattr(error, "constraint_name", None),
            table=getattr(error, "table_name", None),
            copy_line=int(line[1]) if line else None,
        )
    if isinstance(error, asyncpg.DataError | OverflowError):
        return Failure(kind=FailureKind.UNENCODABLE)
    if isinstance(error, _LOST):
        return Failure(kind=FailureKind.LOST)
    return Failure(kind=FailureKind.OTHER)


def _kind_of(sqlstate: str) -> FailureKind:
    if sqlstate.startswith(PRIVATE_SQLSTATE_PREFIX):
        return FailureKind.PRIVATE
    if sqlstate.startswith("08"):
        return FailureKind.LOST
    return _KINDS.get(sqlstate, FailureKind.OTHER)
