"""Stories of one settlement, as a hospital plays them whose every answer may be lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from proto.settlement.v1 import settlement_pb2 as pb
from tests.simulation.his import His
from tests.simulation.messages import Message, Visit

Story = Callable[[His, Visit], Awaitable[None]]

IMPATIENT_S: Final = 0.012
"""Long enough to be claimed, and often to be paid; the answer is not waited for."""


async def lost_then_again(his: His, message: Message, *, slot: int = 0) -> pb.Outcome:
    """Said at one process, the answer lost; at the same time said again at the other, until it is final."""
    first = asyncio.create_task(his.say(message, slot=slot))
    await asyncio.sleep(0.001)
    outcome = await his.paid(message, slot=1 - slot)
    await first
    return outcome


async def paid_once(his: His, visit: Visit) -> None:
    """A visit, its settlement, and the same again at the other process."""
    await his.paid(visit.open())
    settlement = visit.settle()
    await lost_then_again(his, settlement)
    await his.ask(settlement, slot=1)


async def cancelled_and_revived(his: His, visit: Visit) -> None:
    """Settled, cancelled, the cancel reversed, the settlement reversed, settled anew."""
    await his.paid(visit.open())
    settlement = visit.settle("s")
    await lost_then_again(his, settlement)
    cancel = visit.cancel("c", settlement)
    await lost_then_again(his, cancel, slot=1)
    await lost_then_again(his, visit.reverse("rc", cancel))
    await lost_then_again(his, visit.reverse("rs", settlement), slot=1)
    await his.paid(visit.settle("t"))


async def reversed_unheard(his: His, visit: Visit) -> None:
    """A settlement whose outcome is not waited for is reversed at the other process; then it is said again."""
    await his.paid(visit.open())
    settlement = visit.settle("s")
    await his.say(settlement, patience_s=IMPATIENT_S)
    await lost_then_again(his, visit.reverse("r", settlement), slot=1)
    await his.paid(settlement)
    await his.paid(visit.settle("t"), slot=1)


async def sealed(his: His, visit: Visit) -> None:
    """Cancelled and then reversed too, so that reversing the cancel brings nothing back; a reversal comes first."""
    await his.paid(visit.open())
    settlement = visit.settle("s")
    await his.paid(settlement)
    cancel = visit.cancel("c", settlement)
    await his.paid(cancel)
    await asyncio.gather(
        lost_then_again(his, visit.reverse("r", settlement)),
        lost_then_again(his, visit.reverse("rc", cancel), slot=1),
    )
    late = visit.settle("late")
    await lost_then_again(his, visit.reverse("rl", late))
    await his.paid(late)


async def two_visits(his: His, visit: Visit) -> None:
    """Two visits of one patient are settled at two processes, the one while the other is under way."""
    other = Visit(visit.psn_no, "w")
    await his.paid(visit.open())
    await his.paid(other.open())
    first = asyncio.create_task(his.say(visit.settle()))
    await asyncio.sleep(0.1)
    await his.paid(other.settle(), slot=1)
    await first
    await his.paid(visit.settle())


STORIES: Final[tuple[Story, ...]] = (paid_once, cancelled_and_revived, reversed_unheard, sealed, two_visits)
