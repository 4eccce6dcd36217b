"""GetSettlement by setl_id: an institution is told of its own messages only, final or not."""

from typing import Any

from gateway.refusals import Refused
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import setl_id_text
from tests.builders import (
    HOSPITAL,
    OTHER_HOSPITAL,
    a_reverse_request,
    a_settle_request,
    an_envelope,
    the_id,
)
from tests.gateway_scene import Scene
from tests.simulation.virtual_time import run


def a_query(setl_id: str, sender: str) -> pb.GetSettlementRequest:
    """5203 by setl_id."""
    envelope = an_envelope("5203", "q1", fixmedins_code=sender, insuplc_admdvs="")
    return pb.GetSettlementRequest(envelope=envelope, input=pb.GetSettlementInput(setl_id=setl_id))


async def told(scene: Scene, id_: bytes) -> list[int]:
    """How many answers the sender of a message gets to its setl_id, and how many another institution."""
    counts = []
    for sender in (HOSPITAL, OTHER_HOSPITAL):
        answer: Any = await scene.queries.get_settlement(a_query(setl_id_text(id_), sender))
        assert not isinstance(answer, Refused), answer
        counts.append(len(answer.found))
    return counts


def test_a_message_that_is_open_is_told_to_its_own_institution_only() -> None:
    async def main() -> None:
        scene = Scene()
        async with scene.running():
            await scene.claimed(a_settle_request("m1"))
            assert await told(scene, the_id("2207", "m1")) == [1, 0]

    run(main())


def test_a_reversal_decided_here_is_told_to_its_own_institution_only() -> None:
    async def main() -> None:
        scene = Scene()
        async with scene.running():
            await scene.replies(a_reverse_request("never", "r1"))
            assert await told(scene, the_id("2601", "r1")) == [1, 0]

    run(main())
