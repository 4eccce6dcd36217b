"""What goes wrong in the morning, on purpose, while everyone else is being served.

Each incident is a coroutine that plays one mishap through real gRPC and raises MorningFailed where the promise that it
stands for is broken. Its sentence, given back, says what happened. The mishaps: one message sent several times at
once; a reversal that arrives before its original; a home node that does not answer for a while; a hospital whose
process is killed in the middle of a settlement and that comes back.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from proto.settlement.v1 import settlement_pb2 as pb
from stack import stories
from stack.encounters import Encounter
from stack.errors import MorningFailed
from stack.hospitals import PHARMACY
from stack.morning import Town, tell
from stack.stories import Visit
from stack.window import Claimed, Refused, Window

SHORT_DEADLINE_S: Final = 0.8
"""Of the callers who do not wait for the node that is late."""
SILENT_AFTER_S: Final = 4.0
"""The node is late for so long: past the 3 s after which the gateway calls it silent."""
PENDING_ATTEMPTS_MAX: Final = 3
OTHERS_WITHIN_S: Final = 15.0
"""A patient of another node is through with his whole visit by then, on a machine under load."""
SENDER_TIMEOUT_S: Final = 20.0
REPOSITORY: Final = Path(__file__).resolve().parent.parent


class Processes(Protocol):
    """What an incident does to the stack's processes."""

    def pause(self, name: str) -> None:
        """SIGSTOP a part."""

    def resume(self, name: str) -> None:
        """SIGCONT a part."""


class Ready(NamedTuple):
    """A visit that has come as far as its settlement, and the message that would settle it."""

    visit: Visit
    window: Window
    request: pb.SettleRequest


async def ready_to_settle(encounter: Encounter, town: Town) -> Ready:
    """Play a visit up to its settlement."""
    visit, window = town.visit(encounter), town.window(encounter)
    await tell(stories.before_settlement(visit), window)
    return Ready(visit, window, visit.settlement())


async def sent_many_times(encounter: Encounter, town: Town) -> str:
    """The same message three times at once and once more later: one outcome, byte for byte."""
    visit, window, request = await ready_to_settle(encounter, town)
    first, *others = await asyncio.gather(*(window.send(request) for _ in range(3)))
    again = await window.send(request)
    for other in (*others, again):
        if other.SerializeToString(deterministic=True) != first.SerializeToString(deterministic=True):
            raise MorningFailed("The same message was answered with two outcomes.")
    stories.take_settlement(visit, first)
    return f"one message was sent four times: one outcome, {_size(first)} equal bytes each time"


async def reversed_first(encounter: Encounter, town: Town) -> str:
    """A reversal overtakes its original: the original is void for ever, a new message pays."""
    visit, window, request = await ready_to_settle(encounter, town)
    reversal = await window.send(window.desk.reverse(request.envelope, request.input.psn_no))
    if reversal.status != pb.OUTCOME_STATUS_OK:
        raise MorningFailed(f"A reversal that came first was answered {reversal.code}.")
    late = await window.send(request)
    if late.status != pb.OUTCOME_STATUS_VOIDED:
        raise MorningFailed("An original that came after its reversal was not VOIDED.")
    visit.outcomes += (reversal, late)
    paid = await _paid_anew(visit, window)
    return f"a reversal overtook its settlement, which was VOIDED; a new message was {paid}"


@dataclass(frozen=True, slots=True)
class LateNode:
    """A home node that will be late, and who is there when it is."""

    name: str
    waiting: Sequence[Encounter]
    """Of the node, about to settle."""
    regretful: Encounter
    """Of the node, settled, and reversed while it sleeps."""
    newcomer: Encounter
    """Of the node, arriving when it is known to be silent."""
    bystander: Encounter
    """Of another node."""


async def node_late(late: LateNode, town: Town, processes: Processes) -> str:
    """A home node answers nobody for some seconds: PENDING for its own, nothing for the others.

    What is pending resolves by itself: a settlement whose caller's deadline has passed is EXPIRED, and the hospital
    settles anew; a reversal never expires.
    """
    ready = [await ready_to_settle(encounter, town) for encounter in late.waiting]
    regretful = await ready_to_settle(late.regretful, town)
    paid = await regretful.window.send(regretful.request)
    stories.take_settlement(regretful.visit, paid)
    reversal = regretful.window.desk.reverse(regretful.request.envelope, paid.setlinfo.psn_no)
    processes.pause(late.name)
    try:
        paused_at = time.monotonic()
        await asyncio.gather(
            *(_pending(one.window, one.request) for one in ready), _pending(regretful.window, reversal)
        )
        others_s = await _bystander(late.bystander, town)
        await asyncio.sleep(max(0.0, SILENT_AFTER_S - (time.monotonic() - paused_at)))
        refusal = await _refused_at_once(late.newcomer, town)
    finally:
        processes.resume(late.name)
    expired = 0
    for one in ready:
        outcome = await one.window.find(one.request)
        stories.take_settlement(one.visit, outcome)
        if outcome.status == pb.OUTCOME_STATUS_EXPIRED:
            expired += 1
            await _paid_anew(one.visit, one.window)
        elif outcome.status != pb.OUTCOME_STATUS_PAID:
            raise MorningFailed(f"A settlement that was pending ended as {outcome.code}.")
    undone = await regretful.window.find(reversal)
    regretful.visit.outcomes.append(undone)
    if undone.undoes != paid.setl_id:
        raise MorningFailed(f"A reversal that was pending ended as {undone.code}.")
    await tell(stories.whole(town.visit(late.newcomer)), town.window(late.newcomer))
    return (
        f"{late.name} slept {SILENT_AFTER_S:.0f} s: {len(ready)} settlements and a reversal were PENDING and resolved "
        f"by themselves ({expired} expired and were settled anew, the reversal took effect); a new message was "
        f"refused {refusal}; a patient of another node was through in {others_s:.1f} s"
    )


async def _pending(window: Window, request: Claimed) -> None:
    """Send a message with a short deadline, again where a busy machine let even that pass; it must be PENDING."""
    for _ in range(PENDING_ATTEMPTS_MAX):
        response = await window.door.call(request, timeout_s=SHORT_DEADLINE_S)
        if isinstance(response, pb.SettleResponse | pb.ReverseResponse) and response.HasField("pending"):
            window.receipts.pending += 1
            return
        if not (isinstance(response, Refused) and response.retry_after_ms):
            break
    raise MorningFailed(f"{request.envelope.msgid} was not PENDING while its node slept: {response}")


async def _bystander(encounter: Encounter, town: Town) -> float:
    """The whole visit of a patient of another node; how many seconds it took."""
    began = time.monotonic()
    await tell(stories.whole(town.visit(encounter)), town.window(encounter))
    took_s = time.monotonic() - began
    if took_s > OTHERS_WITHIN_S:
        raise MorningFailed(f"A patient of another node waited {took_s:.1f} s for a node that slept.")
    return took_s


async def hospital_dies(encounter: Encounter, town: Town, processes: Processes, node: str) -> str:
    """A hospital's process is killed after it has sent a settlement; it comes back and repeats the message.

    The home node sleeps while that happens, so that the death is always in the middle: claimed, not decided.
    """
    visit, window, request = await ready_to_settle(encounter, town)
    async with _sender(window.door.addresses[0]) as process:
        processes.pause(node)
        try:
            assert process.stdin is not None
            process.stdin.write(request.SerializeToString().hex().encode() + b"\n")
            await _expect(process, b"pending")
            process.kill()
            await process.wait()
        finally:
            processes.resume(node)
    by_itself = await window.find(request)
    repeated = await window.send(request)
    for outcome in (by_itself, repeated):
        if outcome.status != pb.OUTCOME_STATUS_PAID or outcome.setl_id != by_itself.setl_id:
            raise MorningFailed(f"The settlement of a hospital that died ended as {outcome.code}.")
    stories.take_settlement(visit, repeated)
    return "a hospital was killed (-9) in the middle of a settlement, came back and repeated it: paid, once"


@contextlib.asynccontextmanager
async def _sender(address: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A `python -m stack.sender` that is ready to send; it is dead when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stack.sender", address, cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await _expect(process, b"ready")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _expect(process: asyncio.subprocess.Process, word: bytes) -> None:
    assert process.stdout is not None
    said = await asyncio.wait_for(process.stdout.readline(), SENDER_TIMEOUT_S)
    if said.strip() != word:
        raise MorningFailed(f"The hospital that was to die said {said.decode(errors='replace').strip()!r}.")


async def _refused_at_once(encounter: Encounter, town: Town) -> str:
    window = town.window(encounter)
    visit = town.visit(encounter)
    town.visits.remove(visit)  # nothing came of it
    if visit.setting == PHARMACY:
        request: pb.SettleRequest | pb.OpenVisitRequest = visit.settlement()
    else:
        request = visit.opening()
    response = await window.door.call(request, timeout_s=2.0)
    if not isinstance(response, Refused):
        raise MorningFailed("A new message for a silent node was accepted.")
    town.receipts.refused[response.code] += 1
    return response.code


async def _paid_anew(visit: Visit, window: Window) -> str:
    outcome = await window.send(visit.settlement())
    stories.take_settlement(visit, outcome)
    if outcome.status != pb.OUTCOME_STATUS_PAID:
        raise MorningFailed(f"A bill that nothing was paid for was declined: {outcome.code}.")
    return "paid"


def _size(outcome: pb.Outcome) -> int:
    return len(outcome.SerializeToString())
