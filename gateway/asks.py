"""Questions to home nodes: no claim, no decision, nothing stored but filings; without an answer they are asked again.

They travel on the topics of the settlements. A certificate number travels sealed to the node's key, and what comes
back about the person is sealed to a key that lives as long as the question.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final, NamedTuple

from gateway.calls import Answer, Call, NeedsNode
from gateway.entrance import Admitted
from gateway.refusals import STATUS_OF, Refused, refuse
from gateway.silences import Silences
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential
from runtime.clock import Clock
from runtime.errors import RuntimeFault, SealBroken
from runtime.sealing import INSURED_ANSWER, INSURED_QUESTION, generate_keypair, open_sealed, seal

ASKS_MAX: Final = 5_000
ASK_ID_BYTES: Final = 16
GATHER_MS: Final = 3
RECORD_ASKS_MAX: Final = 100

_AS_REFUSED: Final = {
    "PERSON_UNKNOWN": "UNKNOWN_PERSON",
    "NOT_INSURED_HERE": "NOT_INSURED",
    "NO_SUCH_INSURANCE": "NOT_INSURED",
}
"""What a node says of a question in other words than our own refusals; what is in neither is a fault of one of us."""

Post = Callable[[int, int, mpb.RequestRecord], None]


class Person(NamedTuple):
    """Whom to ask for: by number, or by credential."""

    psn_no: str = ""
    credential: Credential | None = None


class Asks:
    """The questions of one slot that wait for an answer."""

    def __init__(
        self, *, post: Post, silences: Silences, node_key: Callable[[int], bytes], clock: Clock
    ) -> None:
        self._post = post
        self._silences = silences
        self._node_key = node_key
        self._clock = clock
        self._waiting: dict[bytes, asyncio.Future[mpb.AskAnswer]] = {}
        self._outbox: dict[tuple[int, int], list[mpb.Ask]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def answered(self, answer: mpb.AskAnswer) -> None:
        """Take an answer; one that nobody waits for any more is dropped."""
        waiting = self._waiting.pop(answer.ask_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def pre_settle(self, call: Call, admitted: Admitted) -> None:
        """Ask what a settlement would give now; the call gets the outcome, which speaks for no id."""
        row = admitted.rows[0]
        ask = mpb.Ask(pre_settle=admitted.item)
        asking = asyncio.ensure_future(self._ask(row.node, row.partition, ask, call.deadline_ms))
        asking.add_done_callback(lambda done: call.answer(_outcome_of(done)))

    async def insured(
        self,
        *,
        node: int,
        partition: int,
        person: Person,
        home_pool: int,
        med_type: str,
        date: str,
        wait_ms: int,
    ) -> pb.GetInsuredResponse | Refused:
        """Who a person is and what he is entitled to, as the home node says."""
        private, public = generate_keypair()
        question = mpb.InsuredAsk(
            psn_no=person.psn_no, answer_key=public, home_pool=home_pool, med_type=med_type, date=date
        )
        if person.credential is not None:
            sealed = self._sealed(node, person.credential)
            if isinstance(sealed, Refused):
                return sealed
            question.sealed_credential = sealed
        deadline_ms = self._clock.now_ms() + wait_ms
        answer = await self._ask(node, partition, mpb.Ask(insured=question), deadline_ms)
        if isinstance(answer, Refused):
            return answer
        try:
            return pb.GetInsuredResponse.FromString(
                open_sealed(private, answer.answer, purpose=INSURED_ANSWER)
            )
        except SealBroken:
            return refuse("INTERNAL", f"what home node {node} answered cannot be opened")

    async def before_claim(self, needs: NeedsNode, deadline_ms: int) -> bytes | Refused:
        """What the node says before a message can be claimed; a credential that came with it travels sealed."""
        if needs.credential is not None:
            sealed = self._sealed(needs.node, needs.credential)
            if isinstance(sealed, Refused):
                return sealed
            needs.question.coverage.sealed_credential = sealed
        answer = await self._ask(needs.node, needs.partition, needs.question, deadline_ms)
        return answer if isinstance(answer, Refused) else answer.answer

    async def filings(
        self, *, node: int, partition: int, question: mpb.FilingsAsk, deadline_ms: int
    ) -> fpb.ListFilingsResponse | Refused:
        """The filings of a person, as the home node holds them."""
        answer = await self._ask(node, partition, mpb.Ask(filings=question), deadline_ms)
        if isinstance(answer, Refused):
            return answer
        return fpb.ListFilingsResponse.FromString(answer.answer)

    def _sealed(self, node: int, credential: Credential) -> bytes | Refused:
        """Only the node that it goes to can read it."""
        try:
            key = self._node_key(node)
        except RuntimeFault:
            return refuse("NODE_SILENT", f"the key of home node {node} is not here; it has never started")
        return seal(key, credential.SerializeToString(), purpose=INSURED_QUESTION)

    def _outgoing(self, node: int, partition: int, ask: mpb.Ask) -> None:
        """Questions to one partition within a few milliseconds go in one record."""
        outgoing = self._outbox.setdefault((node, partition), [])
        outgoing.append(ask)
        if len(outgoing) == 1:
            loop = asyncio.get_running_loop()
            loop.call_later(GATHER_MS / 1000, self._go_out, node, partition)

    def _go_out(self, node: int, partition: int) -> None:
        asks = self._outbox.pop((node, partition))
        for first in range(0, len(asks), RECORD_ASKS_MAX):
            self._post(node, partition, mpb.RequestRecord(asks=asks[first : first + RECORD_ASKS_MAX]))

    async def _ask(
        self, node: int, partition: int, ask: mpb.Ask, deadline_ms: int
    ) -> mpb.AskAnswer | Refused:
        if self._silences.silent(node, partition):
            return refuse("NODE_SILENT", f"home node {node} does not answer at present")
        if len(self._waiting) >= ASKS_MAX:
            return refuse("QUEUE_FULL", "too many questions are under way here; ask again in a second")
        ask.ask_id, ask.deadline_ms = os.urandom(ASK_ID_BYTES), deadline_ms
        waiting = self._waiting[ask.ask_id] = asyncio.get_running_loop().create_future()
        self._outgoing(node, partition, ask)
        try:
            async with asyncio.timeout(max(deadline_ms - self._clock.now_ms(), 1) / 1000):
                answer: mpb.AskAnswer = await waiting
        except TimeoutError:
            return refuse("NOT_ANSWERED", f"home node {node} did not answer in time; ask again")
        finally:
            self._waiting.pop(ask.ask_id, None)
        if answer.refusal_code:
            code = _AS_REFUSED.get(answer.refusal_code, answer.refusal_code)
            return refuse(code if code in STATUS_OF else "INTERNAL", answer.err_msg)
        return answer


def _outcome_of(done: "asyncio.Future[mpb.AskAnswer | Refused]") -> Answer | Refused:
    if done.cancelled() or done.exception() is not None:
        return refuse("NOT_ANSWERED", "the question was given up; ask again")
    answer = done.result()
    return answer if isinstance(answer, Refused) else Answer(answer.answer)
