"""Whether what was written of wallet transfers still holds together."""

from datetime import date

from clearing.findings import Finding, broken
from runtime.postgres import Connection


async def verify_wallets(connection: Connection, first: date, last: date) -> list[Finding]:
    """The wallet's runs of some days."""
    found: list[Finding] = []
    for day, batch in await connection.fetch(
        "SELECT day, batch FROM wallet_run WHERE day BETWEEN $1 AND $2 ORDER BY day, batch", first, last
    ):
        where = f"wallet, {day} batch {batch}"
        found += await broken(connection, where, "SELECT wallet_holds($1, $2::smallint)", day, batch)
    return found
