"""Which Postgres process does what: `pg_stat_activity` knows the application name of each backend.

The address of the server is that of any of its databases; backends of all databases are shown to its owner.
"""

from typing import Final

import asyncpg

from loadtest.cpu import POSTGRES

CONNECT_TIMEOUT_S: Final = 5.0
APPLICATION_NAME: Final = "loadtest"

CLAIM: Final = "Postgres W1 (claim)"
DECIDE: Final = "Postgres W2 (decide)"
BOOK: Final = "Postgres W3 (book)"
FEES: Final = "Postgres, fee lines"
BACKENDS: Final = (CLAIM, DECIDE, BOOK, FEES)


def kind_of(application_name: str) -> str:
    """The write that a backend makes, with the reads that prepare it, by its application name.

    A gateway names its connections `gateway REGION slot SLOT USE`, a home node begins with `home`.
    """
    who, use = application_name.partition(" ")[0], application_name.rpartition(" ")[2]
    if who == "home":
        return DECIDE
    if who == "gateway":
        return {"claims": CLAIM, "booking": BOOK, "fees": FEES}.get(use, POSTGRES)
    return POSTGRES


async def backend_kinds(dsn: str) -> dict[int, str]:
    """Kind of each server process by pid, our own connection left out; empty where the server does not answer."""
    try:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": APPLICATION_NAME}
        )
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return {}
    try:
        rows = await connection.fetch(
            "SELECT pid, application_name FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        return {row["pid"]: kind_of(row["application_name"] or "") for row in rows}
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_S)
