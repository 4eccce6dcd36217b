"""Admission: what becomes of a message whose id is unknown. Pure, over what was read in one view.

`sought_by` says what must be read, `admit` then gives a refusal, or the rows that claim the message (W1): with the
bytes that travel to the home node, or with the answer where the gateway decides alone. Known ids never come here.
"""

from types import ModuleType
from typing import Final

from gateway import settling, undoing, visiting
from gateway.calls import Call
from gateway.care_book import Claim, Known, Sought
from gateway.entrance import House, Verdict, View
from gateway.filing import rules as filing

_PARTS: Final[dict[int, ModuleType]] = {
    kind: part for part in (filing, settling, undoing, visiting) for kind in part.KINDS
}


def sought_by(call: Call) -> Sought:
    """What must be read before a call can be answered or admitted."""
    sought: Sought = _PARTS[call.kind].sought(call)
    return sought


def admit(call: Call, *, house: House, view: View) -> Verdict:
    """What becomes of a message whose id is unknown."""
    verdict: Verdict = _PARTS[call.kind].admit(call, house=house, view=view)
    return verdict


def targets_of(call: Call, known: Known) -> dict[bytes, Claim]:
    """Claims of the other ids that an undoing call speaks of."""
    return {id_: known.claims[id_] for id_ in sought_by(call).ids[1:] if id_ in known.claims}
