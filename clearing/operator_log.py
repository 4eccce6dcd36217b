"""Every operator action, in the transaction that it belongs to. No personal data is ever part of it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from runtime.postgres import Connection

SHOWN_MAX: Final = 100_000
NAME_CHARACTERS_MAX: Final = 64


def name_of(operator: str) -> str | None:
    """An operator's name as the log keeps it, trimmed; None where it is none that a book would take."""
    name = operator.strip()
    return name if 0 < len(name) <= NAME_CHARACTERS_MAX and name.isprintable() else None


async def note(
    connection: Connection, operator: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Write a line into the log."""
    await connection.execute(
        "INSERT INTO operator_log (operator, action, subject, detail) VALUES ($1, $2, $3, $4::jsonb)",
        operator, action, subject, json.dumps(detail or {}),
    )  # fmt: skip


async def entries(connection: Connection, *, operator: str = "", after: int = 0) -> list[dict[str, Any]]:
    """The log from a number on, in its order."""
    records = await connection.fetch(
        "SELECT id, at, operator, action, subject, detail FROM operator_log WHERE id > $1 AND ($2 = '' OR operator = $2)"
        f" ORDER BY id LIMIT {SHOWN_MAX}",
        after, operator,
    )  # fmt: skip
    return [
        {
            **dict(record),
            "at": record["at"].isoformat(timespec="seconds"),
            "detail": json.loads(record["detail"]),
        }
        for record in records
    ]
