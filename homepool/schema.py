"""A home database that is up to date, for whoever begins to work with it."""

import contextlib
from collections.abc import AsyncIterator

from runtime import postgres
from runtime.postgres import Connection


@contextlib.asynccontextmanager
async def migrated(dsn: str, *, name: str) -> AsyncIterator[Connection]:
    """A session with a home database that is up to date. Raises DatabaseUnreachable, MigrationEdited."""
    async with postgres.opened(dsn, application_name=name) as connection:
        for package in ("ledger", "homepool"):
            await postgres.migrate(connection, postgres.migrations_of(package), owner=package)
        yield connection
