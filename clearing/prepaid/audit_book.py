"""Audit results in the clearing database: proposed by file, approved by another person, applied at the next document.

Whoever bears a deduction by its code, the books say the same: the fund of the home pool pays less, and the institution is
due less; what the institution then asks of its doctor or of the person is its own affair. An assumption.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from clearing.errors import Malformed
from clearing.prepaid.audit_file import AuditResult
from clearing.proposals import Proposal, changing, propose
from clearing.scheme import INTER_POOL, Scheme
from runtime.postgres import Connection

LISTED_MAX: Final = 10_000
_COLUMNS: Final = ("proposal", *AuditResult._fields)


class Kept(NamedTuple):
    """A result as it is kept, and how it stands."""

    result: AuditResult
    proposal: int
    state: str  # waiting, approved, refused, superseded
    month: str | None  # whose document it is in

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {**self.result._asdict(), "proposal": self.proposal, "state": self.state, "month": self.month}


async def propose_audit(
    connection: Connection,
    raw: bytes,
    results: Sequence[AuditResult],
    scheme: Scheme,
    *,
    name: str,
    operator: str,
) -> tuple[int, bool]:
    """Leave a file to a second person; (proposal, whether it is new). The same bytes are the same file.

    Raises Malformed for a fund that no home pool owes a care pool, NotAllowed for what could not be approved.
    """
    ours = {(one.insutype, one.fund) for one in scheme.funds if one.bearer in INTER_POOL}
    for one in results:
        if (one.insutype, one.fund) not in ours:
            raise Malformed(
                f"Line {one.line}: fund {one.fund} of insurance {one.insutype} is none that pools owe each other."
            )
    sha256 = hashlib.sha256(raw).hexdigest()
    async with changing(connection):
        before: int | None = await connection.fetchval(
            "SELECT max(id) FROM proposal_state WHERE kind = 'deduct' AND ref = $1 AND state IN ('waiting', 'approved')",
            sha256,
        )
        if before is not None:
            return before, False
        made, _ = await propose(
            connection, "deduct", sha256, amount_fen=sum(one.amount_fen for one in results),
            detail={"name": name, "results": len(results)}, operator=operator,
        )  # fmt: skip
        await connection.copy_records_to_table(
            "audit_result", records=[(made, *one) for one in results], columns=_COLUMNS
        )
        await _try_to_take(connection, made)
        return made, True


async def _try_to_take(connection: Connection, proposal: int) -> None:
    """What an approval would refuse is refused at once, in the database's words."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute("SELECT audit_take($1)", proposal)
    finally:
        await attempt.rollback()


async def take_audit(connection: Connection, proposal: Proposal, _operator: str, _today: date) -> None:
    """What approving a file does: its results count from the next document on."""
    await connection.execute("SELECT audit_take($1)", proposal.id)


async def listed(
    connection: Connection, *, proposal: int = 0, institution: str = "", month: str = ""
) -> list[Kept]:
    """Results, the latest file first; empty filters let all through. month: yyyy-MM of the document they are in."""
    columns = ", ".join(f"r.{name}" for name in AuditResult._fields)
    records = await connection.fetch(
        f"SELECT r.proposal, p.state, a.month, {columns} FROM audit_result r JOIN proposal_state p ON p.id = r.proposal"
        " LEFT JOIN audit_applied a ON a.proposal = r.proposal"
        " WHERE $1::bigint IN (0, r.proposal) AND $2 IN ('', r.fixmedins_code) AND $3 IN ('', coalesce(a.month, '-'))"
        f" ORDER BY r.proposal DESC, r.line LIMIT {LISTED_MAX}",
        proposal, institution, month.replace("-", ""),
    )  # fmt: skip
    return [Kept(AuditResult(*one[3:]), one[0], one[1], one[2]) for one in map(tuple, records)]
