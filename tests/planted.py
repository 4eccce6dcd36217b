"""Rows put into a book past its triggers, and changed there: what no process of ours would do."""

from collections.abc import Sequence
from typing import Any, Final

from ledger.rows import COLUMNS, Row
from runtime import postgres

_TRIGGERS: Final = {"care": "care_written", "decision": "decision_written"}


async def plant(dsn: str, table: str, rows: Sequence[Row]) -> None:
    """Put rows into `care` or `decision`; nothing else of that book knows of them but a node's claims."""
    async with postgres.opened(dsn, application_name="plant") as connection, connection.transaction():
        for day in {row.day for row in rows}:
            leaf = await connection.fetchval("SELECT make_leaf($1, $2, $3)", table, day, _TRIGGERS[table])
            await connection.execute(f"ALTER TABLE {leaf} DISABLE TRIGGER written")
            some = [row for row in rows if row.day == day]
            await connection.copy_records_to_table(leaf, records=some, columns=COLUMNS)
            await connection.execute(f"ALTER TABLE {leaf} ENABLE ALWAYS TRIGGER written")
        if table == "decision":  # through which ids are found
            await connection.copy_records_to_table(
                "claim",
                records=[(row.id, row.partition, row.number, row.day) for row in rows],
                columns=("id", "partition", "number", "day"),
            )


async def run_sql(dsn: str, statement: str, *arguments: Any) -> str:
    """One statement with the owner's rights; what it did, in PostgreSQL's words."""
    async with postgres.opened(dsn, application_name="plant") as connection:
        return str(await connection.execute(statement, *arguments))


async def fetch_all(dsn: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """What a query gives."""
    async with postgres.opened(dsn, application_name="plant") as connection:
        return [tuple(record) for record in await connection.fetch(query, *arguments)]
