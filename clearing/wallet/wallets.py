"""Wallet transfers as two nodes tell of a day: what agrees, what is in transit, what differs. Pure; amounts in fen.

The receiver's node says what it credited, the sender's what has arrived by the same day, or is in transit. What was
credited and is in transit at the sender's is no difference: the sender's node has not heard of it yet.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

ARRIVED: Final = "arrived"
CREDIT: Final = "credit"
IN_TRANSIT: Final = "in_transit"
UNHEARD: Final = "unheard"
CREDIT_ASIDE: Final = "credit_aside"
ARRIVED_ASIDE: Final = "arrived_aside"
OF_SENDER: Final = ("debit", "return", ARRIVED, IN_TRANSIT)
OF_RECEIVER: Final = (CREDIT, "expire")


_PROVINCE: Final = 10_000


def node_of(pool: int) -> str:
    """The home node of a pool: its first two digits."""
    return str(pool // _PROVINCE)


class Told(NamedTuple):
    """What a node says of two pools and a kind of leg; `hash_xor` is over ids and amounts."""

    pool: int
    to_pool: int
    kind: str
    items: int
    fen: int
    hash_xor: int


class Sum(NamedTuple):
    """What is written of it."""

    pool: int
    to_pool: int
    kind: str
    items: int
    fen: int


class WalletDifference(NamedTuple):
    """A transfer of which the two nodes do not say the same."""

    transfer_id: str
    pool: int
    to_pool: int
    kind: str  # unsent, uncredited, amount
    sent_fen: int | None
    credited_fen: int | None


def agree(told: Iterable[Told]) -> bool:
    """Whether what was credited between two pools is what has arrived, leg by leg."""
    at = {one.kind: one for one in told}
    credited, arrived = at.get(CREDIT), at.get(ARRIVED)
    return (credited and credited[3:]) == (arrived and arrived[3:])


def compared(
    pool: int,
    to_pool: int,
    *,
    credited: Mapping[str, int],
    arrived: Mapping[str, int],
    in_transit: Mapping[str, int],
) -> tuple[list[Sum], list[WalletDifference]]:
    """The sums that the comparison leg by leg gives, and the differences. Legs are given as transfer -> fen.

    What has arrived since it was told to be in transit stands in both, and counts as arrived.
    """
    found: list[WalletDifference] = []
    unheard: list[int] = []
    for id_, fen in sorted(credited.items()):
        sent = arrived.get(id_, in_transit.get(id_))
        if sent is None:
            found.append(WalletDifference(id_, pool, to_pool, "unsent", None, fen))
        elif sent != fen:
            found.append(WalletDifference(id_, pool, to_pool, "amount", sent, fen))
        elif id_ not in arrived:
            unheard.append(fen)
    found += [
        WalletDifference(id_, pool, to_pool, "uncredited", fen, None)
        for id_, fen in sorted(arrived.items())
        if id_ not in credited
    ]
    sides = {
        ARRIVED: list(arrived.values()),
        IN_TRANSIT: [fen for id_, fen in in_transit.items() if id_ not in arrived],
        UNHEARD: unheard,
        CREDIT_ASIDE: [one.credited_fen for one in found if one.credited_fen is not None],
        ARRIVED_ASIDE: [arrived[one.transfer_id] for one in found if one.transfer_id in arrived],
    }
    return [Sum(pool, to_pool, kind, len(fens), sum(fens)) for kind, fens in sides.items() if fens], found
