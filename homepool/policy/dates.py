"""Days on which a pool's insurance has no policy, or two: each day of each insurance of a pool is answered once."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from homepool.benefits.rule import Policy
from homepool.policy.checks import PSN_HEADS

Words = tuple[str, str]
"""Key and sentence."""
_INSURANCES: Final = tuple(PSN_HEADS)


def prove_dates(policies: Sequence[Policy], *, since: str = "") -> tuple[list[Words], list[Words]]:
    """Faults and notes of the days of these policies, pool by pool; `since` must be answered everywhere."""
    faults: list[Words] = []
    notes: list[Words] = []
    by_pool: dict[int, dict[str, list[Policy]]] = {}
    for policy in sorted(policies, key=lambda one: (one.division, one.insutype, one.effective_from)):
        by_pool.setdefault(policy.division, {}).setdefault(policy.insutype, []).append(policy)
    for pool, chains in by_pool.items():
        faults += _of_a_pool(pool, chains, since)
        for chain in chains.values():
            faults += _of_a_chain(chain)
            if last := chain[-1].effective_to:
                notes.append((chain[-1].version, f"its last day is {last}, and no policy follows"))
    return faults, notes


def _of_a_pool(pool: int, chains: dict[str, list[Policy]], since: str) -> Iterator[Words]:
    first = min(chain[0].effective_from for chain in chains.values())
    if since and first > since:
        yield f"{pool}", f"no policy holds on {since}: the first begins on {first}"
    for insutype in _INSURANCES:
        if insutype not in chains:
            yield f"{pool}-{insutype}", f"pool {pool} has no policy for insurance {insutype}"
            continue
        begins = chains[insutype][0].effective_from
        if begins != first:
            why = f"from {first} to {_before(begins)} no policy holds, though the pool has one for another insurance"
            yield f"{pool}-{insutype}", why


def _of_a_chain(chain: Sequence[Policy]) -> Iterator[Words]:
    for one, following in pairwise(chain):
        if one.effective_from == following.effective_from:
            yield following.version, "two policies begin on this day"
        elif one.effective_to and one.effective_to >= following.effective_from:
            why = f"overlaps {one.version}, whose last day is {one.effective_to}"
            yield following.version, why
        elif one.effective_to and one.effective_to != _before(following.effective_from):
            gap = f"from {_after(one.effective_to)} to {_before(following.effective_from)}"
            yield (
                following.version,
                f"{gap} no policy holds: the one before ends too early, or this begins too late",
            )


def _before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
