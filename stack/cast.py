"""Who plays in the mishaps of the morning, and who is simply treated."""

from collections.abc import Sequence
from dataclasses import dataclass

from stack.encounters import Encounter, Ending
from stack.errors import DemoDataWrong
from stack.incidents import LateNode
from stack.plan import Plan

PEOPLE_MIN = 60
"""Fewer would leave a node without the people that its mishaps need."""
LATE_SETTLEMENTS = 3
"""So many settlements wait for the node that is late."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the mishaps, and everyone else."""

    many_times: Encounter
    reversed_first: Encounter
    dying: Encounter
    dying_node: str
    """The node's process of the one whose hospital dies."""
    late: LateNode
    others: list[Encounter]


def cast_of(plan: Plan, encounters: Sequence[Encounter]) -> Cast:
    """Choose the people of the mishaps: the last node will be late, the one before it sees a hospital die.

    Only those who pay and go, so that every ending is left to the others. Raises DemoDataWrong where there
    are too few, or where a node has several processes (a pause stops one).
    """
    left = list(encounters)
    processes = {node.code: node.processes() for node in plan.nodes}
    if any(len(found) > 1 for found in processes.values()):
        raise DemoDataWrong("The demo pauses whole nodes: give each node one worker process in the plan.")
    process_of = {pool: processes[node.code][0].name for node in plan.nodes for pool in node.pools}
    late_node, dying_node = (processes[node.code][0].name for node in reversed(plan.nodes[-2:]))

    def take(node: str = "", *, elsewhere: bool = False) -> Encounter:
        for place, one in enumerate(left):
            home = process_of[one.patient.home_pool]
            if one.ending is Ending.PAID and (not node or (home == node) != elsewhere):
                return left.pop(place)
        raise DemoDataWrong(f"There are too few people for the mishaps; ask for at least {PEOPLE_MIN}.")

    late = LateNode(
        name=late_node,
        waiting=[take(late_node) for _ in range(LATE_SETTLEMENTS)],
        regretful=take(late_node),
        newcomer=take(late_node),
        bystander=take(late_node, elsewhere=True),
    )
    return Cast(
        late=late,
        dying_node=dying_node,
        dying=take(dying_node),
        many_times=take(),
        reversed_first=take(),
        others=left,
    )
