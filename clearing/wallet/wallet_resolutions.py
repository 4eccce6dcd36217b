"""Wallet differences as they are kept: listed, resolved by the actions of their class, and never erased.

What moves money on somebody's word is a proposal, which another person approves; what is decided enters the wallet's next
run. A wrong resolution is undone by a second entry, by two people where it has moved money.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from clearing.errors import BooksUnknown, NotAllowed, NotFound
from clearing.operator_log import note
from clearing.proposals import Proposal, changing, propose
from clearing.wallet.wallet_actions import RULES, WalletAction, agreed_fen
from clearing.wallet.wallet_run import WalletBook
from clearing.wallet.wallets import ARRIVED, CREDIT, IN_TRANSIT, node_of
from runtime.postgres import Connection

KIND: Final = "wallet"
"""The proposals that settle a difference, or take that back."""


class WalletKept(NamedTuple):
    """A transfer of which two nodes do not say the same, and how that stands."""

    day: date
    batch: int
    transfer_id: str
    pool: int
    to_pool: int
    kind: str
    sent_fen: int | None
    credited_fen: int | None
    state: str  # open, proposed, disputed, resolved
    proposal: int | None  # which waits
    resolution: int | None  # which stands
    action: str | None

    @property
    def stake_fen(self) -> int:
        """The larger of what the two nodes say."""
        return max(self.sent_fen or 0, self.credited_fen or 0)

    def as_json(self) -> dict[str, Any]:
        """All of it, with what comes next and what may be done."""
        rule = RULES[self.kind]
        told = {name: value for name, value in self._asdict().items() if name != "kind"}
        return told | {
            "day": self.day.isoformat(), "class": self.kind, "stake_fen": self.stake_fen,
            "next_action": rule.next_action if self.state == "open" else "", "actions": sorted(rule.actions),
        }  # fmt: skip


class Decided(NamedTuple):
    """What became of an action: a resolution that stands, or a proposal that waits for a second person."""

    resolution: int | None
    proposal: int | None
    new: bool
    amount_fen: int


_COLUMNS: Final = (
    "day, batch, transfer_id, pool, to_pool, class, sent_fen, credited_fen,"
    " state, proposal, resolution, action"
)


async def listed(connection: Connection, day: date) -> list[WalletKept]:
    """The differences of a day's runs."""
    records = await connection.fetch(
        f"SELECT {_COLUMNS} FROM wallet_difference_state WHERE day = $1 ORDER BY batch, transfer_id", day
    )
    return [WalletKept(*one) for one in records]


async def resolve(
    connection: Connection,
    day: date,
    transfer_id: str,
    action: WalletAction,
    *,
    operator: str,
    reason: str,
    wallets: Sequence[WalletBook],
) -> Decided:
    """Take an action. Raises NotFound, NotAllowed, BooksUnknown, BookUnreachable, BookRefused."""
    one = await _found(connection, day, transfer_id)
    _checked(one, action)
    # nobody waits for what nodes take to answer
    amount_fen = await _proven(one, wallets) if action is WalletAction.REQUERY else 0
    async with changing(connection):
        one = await _found(connection, day, transfer_id)
        _checked(one, action)
        if action is WalletAction.CARRY_OVER:
            detail = {"action": str(action), "note": reason}
            return await _proposed(
                connection, f"{day}/{transfer_id}", one.credited_fen or 0, detail, operator
            )
        number = await _written(connection, one, action, amount_fen, why=reason, operator=operator)
        return Decided(number, None, True, amount_fen)


async def undo(connection: Connection, resolution: int, *, operator: str, reason: str) -> Decided:
    """Take a resolution back by a second entry. Raises NotFound, NotAllowed."""
    async with changing(connection):
        record = await connection.fetchrow(
            "SELECT r.day, r.transfer_id, r.amount_fen, s.id IS NOT NULL AS stands FROM wallet_resolution r"
            " LEFT JOIN wallet_resolution_standing s USING (id) WHERE r.id = $1",
            resolution,
        )
        if record is None:
            raise NotFound(f"There is no wallet resolution {resolution}.")
        if not record["stands"]:
            raise NotAllowed(f"Resolution {resolution} does not stand, so there is nothing to take back.")
        one = await _found(connection, record["day"], record["transfer_id"])
        if record["amount_fen"]:
            detail = {"action": "undo", "undoes": resolution, "note": reason}
            ref = f"{one.day}/{one.transfer_id}/undo"
            return await _proposed(connection, ref, -record["amount_fen"], detail, operator)
        number = await _written(connection, one, "undo", 0, why=reason, operator=operator, undoes=resolution)
        return Decided(number, None, True, 0)


async def settle(connection: Connection, proposal: Proposal, _operator: str, _today: date) -> None:
    """What approving such a proposal does: its resolution stands."""
    undoes = proposal.detail.get("undoes")
    day, transfer_id, *_ = proposal.ref.split("/")
    one = await _found(connection, date.fromisoformat(day), transfer_id)
    await _written(
        connection, one, proposal.detail["action"], proposal.amount_fen, why=proposal.detail["note"],
        operator=proposal.made_by, undoes=undoes, proposal=proposal.id,
    )  # fmt: skip


async def _found(connection: Connection, day: date, transfer_id: str) -> WalletKept:
    record = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM wallet_difference_state WHERE day = $1 AND transfer_id = $2",
        day,
        transfer_id,
    )
    if record is None:
        raise NotFound(
            f"No wallet difference of {day} is about {transfer_id}; `python -m clearing wallet --date {day}` lists them."
        )
    return WalletKept(*record)


def _checked(one: WalletKept, action: WalletAction) -> None:
    if action not in RULES[one.kind].actions:
        allowed = ", ".join(sorted(RULES[one.kind].actions))
        raise NotAllowed(f"A wallet difference of class {one.kind} is not settled by {action}; by {allowed}.")
    if one.state in ("proposed", "resolved"):
        by = f"proposal {one.proposal}" if one.state == "proposed" else f"resolution {one.resolution}"
        raise NotAllowed(f"Transfer {one.transfer_id} of {one.day} is {one.state} already, by {by}.")


async def _proven(one: WalletKept, wallets: Sequence[WalletBook]) -> int:
    """What both nodes say by now. Raises NotAllowed where they still differ."""
    at = {wallet.at.name: wallet for wallet in wallets}
    node, to_node = node_of(one.pool), node_of(one.to_pool)
    for name in (node, to_node):
        if name not in at:
            raise BooksUnknown(f"DSGW_BOOKS does not name the book of node {name}, which has to be asked.")

    async def said(name: str, kind: str) -> int | None:
        return (await at[name].legs(one.day, one.pool, one.to_pool, kind)).get(one.transfer_id)

    # in this order: what arrives meanwhile is then found in both, and not in neither
    in_transit = await said(node, IN_TRANSIT)
    fen = agreed_fen(
        credited=await said(to_node, CREDIT), arrived=await said(node, ARRIVED), in_transit=in_transit
    )
    if fen is None:
        raise NotAllowed("The two nodes still differ over it, so asking again settles nothing.")
    return fen


async def _proposed(
    connection: Connection, ref: str, amount_fen: int, detail: dict[str, Any], operator: str
) -> Decided:
    number, new = await propose(
        connection, KIND, ref, amount_fen=amount_fen, detail=detail, operator=operator
    )
    return Decided(None, number, new, amount_fen)


async def _written(
    connection: Connection,
    one: WalletKept,
    action: str,
    amount_fen: int,
    *,
    why: str,
    operator: str,
    undoes: int | None = None,
    proposal: int | None = None,
) -> int:
    number: int = await connection.fetchval(
        "INSERT INTO wallet_resolution (day, transfer_id, action, amount_fen, undoes, proposal, note, made_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        one.day, one.transfer_id, action, amount_fen, undoes, proposal, why, operator,
    )  # fmt: skip
    detail = {"resolution": number, "amount_fen": amount_fen}
    await note(connection, operator, f"wallet {action}", f"{one.day}/{one.transfer_id}", detail)
    return number
