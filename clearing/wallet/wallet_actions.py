"""What may be done about a wallet transfer of which two nodes do not say the same, by its class. Pure; amounts in fen.

Only what both nodes prove settles itself. That the receiver's credit is what is owed where people decide follows from who
decides a transfer's fate (the receiver's node); which actions a class has is the project's own (assumption).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class WalletAction(StrEnum):
    """What an operator decides."""

    REQUERY = "requery"  # both nodes are asked again; where they agree by now, that is the proof
    CARRY_OVER = "carry_over"  # what the receiver's node credited is owed: it enters the wallet's next run
    RETURN = (
        "return"  # nothing is owed between the pools; the sender's node gives the money back to the sender
    )
    DISPUTE = "dispute"  # set aside until people have agreed; nothing is paid meanwhile


class WalletRule(NamedTuple):
    """How a class is dealt with."""

    next_action: str
    actions: frozenset[WalletAction]


RULES: Final[Mapping[str, WalletRule]] = {
    "unsent": WalletRule(
        "find out why the sender's node does not know it; requery, or carry over what was credited",
        frozenset({WalletAction.REQUERY, WalletAction.CARRY_OVER, WalletAction.DISPUTE}),
    ),
    "uncredited": WalletRule(
        "requery; what the receiver's node never credited is returned by the sender's node",
        frozenset({WalletAction.REQUERY, WalletAction.RETURN, WalletAction.DISPUTE}),
    ),
    "amount": WalletRule(
        "the receiver's credit decides; find out who changed the other",
        frozenset({WalletAction.REQUERY, WalletAction.CARRY_OVER, WalletAction.DISPUTE}),
    ),
}


def agreed_fen(*, credited: int | None, arrived: int | None, in_transit: int | None) -> int | None:
    """What two nodes say alike of a transfer by now: what was credited, 0 where neither has it; None: they differ."""
    sent = arrived if arrived is not None else in_transit
    if credited is not None:
        return credited if credited == sent else None
    return 0 if arrived is None else None
