"""A hospital's information system: it says its messages, loses answers, asks again until it knows."""

import asyncio
from typing import Final

from gateway.outcomes import ClaimedResponse
from gateway.refusals import Refused
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import transaction_code
from tests.simulation.messages import Message
from tests.simulation.processes import ConnectionLost
from tests.simulation.world import SLOTS, World, slot_service

AGAIN_AFTER_S: Final = 1.0
GIVES_UP_AFTER_S: Final = 150.0
DEADLINE_S: Final = 5.0

Heard = pb.Outcome | Refused | None
"""What a call brought: an outcome, a refusal, or nothing that is final (PENDING, or the line was lost)."""


class His:
    """Speaks to the gateway processes of a region."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def say(
        self,
        message: Message,
        *,
        slot: int = 0,
        deadline_s: float = DEADLINE_S,
        patience_s: float | None = None,
    ) -> Heard:
        """One call. Whoever has less patience than deadline hangs up."""
        checker = self._world.checker
        service = self._world.services[slot_service(slot, message.region)]
        checker.begun(message)
        try:
            answer: ClaimedResponse | Refused = await service.call(
                lambda parts: parts.desk.claimed(message.request, parts.desk.deadline_ms(deadline_s)),
                patience_s=patience_s or deadline_s + 1,
            )
        except ConnectionLost:
            checker.lost(message)
            return None
        if isinstance(answer, Refused):
            checker.refused(message, answer)
            return answer
        if answer.HasField("pending"):
            checker.pending(message)
            return None
        checker.final(message, answer.outcome)
        return answer.outcome

    async def insist(self, message: Message, *, slot: int = 0) -> pb.Outcome | Refused:
        """The same message again, at one process after the other, until it is final or refused for good."""
        gives_up_s = asyncio.get_running_loop().time() + GIVES_UP_AFTER_S
        while asyncio.get_running_loop().time() < gives_up_s:
            heard = await self.say(message, slot=slot % len(SLOTS[message.region]))
            if heard is not None and not (isinstance(heard, Refused) and heard.retry_after_ms):
                return heard
            slot += 1
            await asyncio.sleep(AGAIN_AFTER_S)
        self._world.checker.object_to(f"{message.name} never became final")
        raise TimeoutError(message.name)

    async def paid(self, message: Message, *, slot: int = 0) -> pb.Outcome:
        """Insist on what can only end well."""
        outcome = await self.insist(message, slot=slot)
        assert isinstance(outcome, pb.Outcome), outcome
        return outcome

    async def ask(self, message: Message, *, slot: int = 0) -> None:
        """5203 by the message's own number; what it finds must be what is stored."""
        envelope = message.request.envelope
        request = pb.GetSettlementRequest(
            envelope=envelope,
            input=pb.GetSettlementInput(omsgid=envelope.msgid, oinfno=transaction_code(envelope.infno)),
        )
        request.envelope.infno, request.envelope.msgid = "5203", f"ask {envelope.msgid}"[:30]
        service = self._world.services[slot_service(slot, message.region)]
        try:
            answer = await service.call(
                lambda parts: parts.queries.get_settlement(request), patience_s=DEADLINE_S
            )
        except ConnectionLost:
            return
        if isinstance(answer, pb.GetSettlementResponse):
            for found in answer.found:
                if found.HasField("outcome"):
                    self._world.checker.told(message.region, message.id, found.outcome, message.name)
