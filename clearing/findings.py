"""What `verify` finds, whichever part of clearing looks: one thing that does not hold, and where."""

from typing import NamedTuple

import asyncpg

from runtime.postgres import Connection


class Finding(NamedTuple):
    """One thing that does not hold."""

    what: str
    where: str


async def broken(connection: Connection, where: str, query: str, *arguments: object) -> list[Finding]:
    """Ask a rule of the database once more: it raises what does not hold."""
    try:
        async with connection.transaction():
            await connection.fetch(query, *arguments)
    except asyncpg.PostgresError as failed:
        return [Finding(str(failed.args[0]), where)]
    return []
