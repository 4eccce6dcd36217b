"""What one person proposes about money and another approves or refuses: months, years, prepayments, payouts, deductions,
wallet differences.

A proposal does nothing until it is approved; what it does then happens in the same transaction as the approval, or there
is none. Of two proposals about the same thing the later one counts. The same proposal again is the same.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import asyncpg

from clearing.errors import NotAllowed, NotFound
from clearing.operator_log import note
from runtime.postgres import Connection, failure_of

LISTED_MAX: Final = 1_000
_REFUSALS: Final = frozenset(
    {
        "proposal_four_eyes",
        "month_holds",
        "month_fresh",
        "year_fresh",
        "prepayment_holds",
        "payout_holds",
        "audit_holds",
        "gl_balanced",
        "wallet_resolution_holds",
    }
)
"""Names of the database's rules whose breaking is told to the operator in the database's own words."""


class Proposal(NamedTuple):
    """One of them, and how it stands."""

    id: int
    kind: str
    ref: str
    amount_fen: int
    detail: dict[str, Any]
    made_by: str
    made_at: datetime
    state: str  # waiting, approved, refused, superseded
    checked_by: str | None

    @property
    def about(self) -> str:
        """What it is about, for people: a file goes by its name."""
        return str(self.detail.get("name", self.ref))

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return self._asdict() | {"made_at": self.made_at.isoformat(timespec="seconds")}


Apply = Callable[[Connection, Proposal, str, date], Awaitable[None]]
"""(connection, proposal, who approves, today): what an approval does, within its transaction."""

_COLUMNS: Final = ", ".join(Proposal._fields)


@contextlib.asynccontextmanager
async def changing(connection: Connection) -> AsyncIterator[None]:
    """One transaction, one changer at a time. Raises NotAllowed for what the database refuses."""
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('proposals'), 0)")
            yield
    except asyncpg.PostgresError as failed:
        if failure_of(failed).constraint in _REFUSALS:
            said = str(failed.args[0])
            raise NotAllowed(f"{said[:1].upper()}{said[1:]}.") from None
        raise


async def propose(
    connection: Connection, kind: str, ref: str, *, amount_fen: int, detail: Mapping[str, Any], operator: str
) -> tuple[int, bool]:
    """Within `changing`: a proposal's id, and whether it is new; the same one that waits already is not made again."""
    before = await connection.fetchrow(
        "SELECT id, amount_fen, detail FROM proposal_state WHERE kind = $1 AND ref = $2 AND state = 'waiting'",
        kind, ref,
    )  # fmt: skip
    if (
        before is not None
        and before["amount_fen"] == amount_fen
        and json.loads(before["detail"]) == json.loads(json.dumps(detail))
    ):
        return before["id"], False
    made: int = await connection.fetchval(
        "INSERT INTO proposal (kind, ref, amount_fen, detail, made_by) VALUES ($1, $2, $3, $4::jsonb, $5) RETURNING id",
        kind, ref, amount_fen, json.dumps(detail), operator,
    )  # fmt: skip
    await note(connection, operator, f"propose {kind}", ref, {"proposal": made, "amount_fen": amount_fen})
    return made, True


async def check(
    connection: Connection,
    number: int,
    *,
    operator: str,
    today: date,
    applied: Mapping[str, Apply],
    refuse: bool = False,
    reason: str = "",
) -> Proposal:
    """Approve or refuse; gives how it stands then. Raises NotFound, NotAllowed."""
    async with changing(connection):
        one = await found(connection, number)
        await connection.execute(
            "INSERT INTO proposal_check (proposal, refused, reason, checked_by) VALUES ($1, $2, $3, $4)",
            number, refuse, reason, operator,
        )  # fmt: skip
        word = "refuse" if refuse else "approve"
        await note(
            connection, operator, f"{word} {one.kind}", one.ref, {"proposal": number, "reason": reason}
        )
        if not refuse:
            await applied[one.kind](connection, one, operator, today)
        return await found(connection, number)


async def found(connection: Connection, number: int) -> Proposal:
    """A proposal by its number. Raises NotFound."""
    record = await connection.fetchrow(f"SELECT {_COLUMNS} FROM proposal_state WHERE id = $1", number)
    if record is None:
        raise NotFound(f"There is no proposal {number}; `python -m clearing proposals` lists what there is.")
    return _proposal(record)


async def listed(connection: Connection, *, state: str = "", kind: str = "") -> list[Proposal]:
    """Proposals, the latest first; empty filters let all through."""
    records = await connection.fetch(
        f"SELECT {_COLUMNS} FROM proposal_state WHERE $1 IN ('', state) AND $2 IN ('', kind)"
        f" ORDER BY id DESC LIMIT {LISTED_MAX}",
        state, kind,
    )  # fmt: skip
    return [_proposal(record) for record in records]


def _proposal(record: Any) -> Proposal:
    return Proposal(**{**dict(record), "detail": json.loads(record["detail"])})
