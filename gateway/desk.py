"""The front desk: one method per call of the service, for single calls and for those of a Session alike.

Here is what waits: for the claim desk, for a home node, until 100 ms before the caller's deadline. What is decided is
decided elsewhere, and the answers come as messages of the contract or as a `Refused`.
"""

import asyncio
from datetime import date
from typing import Final

from gateway.asks import Asks, Person
from gateway.calls import (
    KIND_OF,
    Answer,
    Call,
    ClaimedRequest,
    FeeRequest,
    NeedsNode,
    NotFinal,
    Reply,
)
from gateway.catalogue import split
from gateway.checks import CREDENTIAL_CHARACTERS_MAX, day_of, envelope_violations, identity_violations, named
from gateway.claims import ClaimDesk
from gateway.entrance import House
from gateway.fees.desk import FeeDesk
from gateway.outcomes import ClaimedResponse, fill
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.settling import read_lines
from gateway.silences import Silences
from ledger.life import Kind
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.clock import Clock, china_date
from runtime.keys import partition_of, transaction_code, transport_key_id

DEADLINE_MS_DEFAULT: Final = 30_000
DEADLINE_MS_MAX: Final = 60_000
ANSWER_EARLY_MS: Final = 100
INSURED_WAIT_MS: Final = 1_000
INSURED_INFNOS: Final = frozenset({"1101", "2001"})

RESPONSE_OF: Final[dict[type, type[ClaimedResponse]]] = {
    pb.SettleRequest: pb.SettleResponse,
    pb.CancelRequest: pb.CancelResponse,
    pb.ReverseRequest: pb.ReverseResponse,
    pb.OpenVisitRequest: pb.OpenVisitResponse,
    pb.CancelVisitRequest: pb.CancelVisitResponse,
    pb.UpdateVisitRequest: pb.UpdateVisitResponse,
    pb.CloseVisitRequest: pb.CloseVisitResponse,
    pb.ReopenVisitRequest: pb.ReopenVisitResponse,
    pb.UploadFeesRequest: pb.UploadFeesResponse,
    pb.CancelFeesRequest: pb.CancelFeesResponse,
    fpb.FileRequest: fpb.FileResponse,
    fpb.WithdrawRequest: fpb.WithdrawResponse,
}


class Desk:
    """Every call of the institutions' door but the queries of what is booked."""

    def __init__(
        self, *, claims: ClaimDesk, fees: FeeDesk, asks: Asks, house: House, silences: Silences, clock: Clock
    ) -> None:
        self._claims = claims
        self._fees = fees
        self._deciding: set[asyncio.Future[Reply]] = set()
        self._asks = asks
        self._house = house
        self._silences = silences
        self._clock = clock

    def deadline_ms(self, remaining_s: float | None) -> int:
        """The wall-clock deadline of a call that has so many seconds left."""
        remaining_ms = DEADLINE_MS_DEFAULT if remaining_s is None else int(remaining_s * 1000)
        return self._clock.now_ms() + min(remaining_ms, DEADLINE_MS_MAX)

    def submit(
        self,
        request: ClaimedRequest | pb.PreSettleRequest,
        deadline_ms: int,
        node_answer: bytes | None = None,
    ) -> "asyncio.Future[Reply]":
        """Hand a call to the claim desk; the future resolves with its reply."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        presettle = isinstance(request, pb.PreSettleRequest)
        kind = int(Kind.SETTLE) if presettle else KIND_OF[type(request)]
        call = Call(
            kind=kind,
            request=request,
            deadline_ms=deadline_ms,
            reply=future,
            node_answer=node_answer,
            presettle=presettle,
        )
        if (refused := self._claims.submit(call)) is not None:
            future.set_result(refused)
        return future

    async def claimed(self, request: ClaimedRequest, deadline_ms: int) -> ClaimedResponse | Refused:
        """The outcome of a claimed message, or PENDING 100 ms before the deadline."""
        if isinstance(request, pb.UploadFeesRequest | pb.CancelFeesRequest):
            reply = await self._fees_written(request, deadline_ms)
        else:
            reply = await self._decided(request, deadline_ms)
        return answered(request, reply)

    async def _fees_written(self, request: FeeRequest, deadline_ms: int) -> Reply:
        """A fee call, which is decided here; it goes on when its caller has gone."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        call = Call(kind=KIND_OF[type(request)], request=request, deadline_ms=deadline_ms, reply=future)
        deciding = asyncio.ensure_future(self._fees.decide(call))
        self._deciding.add(deciding)
        deciding.add_done_callback(self._deciding.discard)
        wait_s = (deadline_ms - self._clock.now_ms() - ANSWER_EARLY_MS) / 1000
        done, _ = await asyncio.wait((deciding,), timeout=max(wait_s, 0))
        return deciding.result() if done else not_final(request.envelope)

    async def _decided(self, request: ClaimedRequest | pb.PreSettleRequest, deadline_ms: int) -> Reply:
        """The claim desk's reply; where the home node must be asked first, its reply to both together."""
        reply = await self._waited(self.submit(request, deadline_ms), request.envelope, deadline_ms)
        if not isinstance(reply, NeedsNode):
            return reply
        said = await self._asks.before_claim(reply, deadline_ms - ANSWER_EARLY_MS)
        if isinstance(said, Refused):
            return said
        return await self._waited(self.submit(request, deadline_ms, said), request.envelope, deadline_ms)

    async def _waited(self, future: "asyncio.Future[Reply]", envelope: Envelope, deadline_ms: int) -> Reply:
        """The reply, or that it is not final 100 ms before the deadline. The message goes on either way.

        The future is cancelled then, and where the caller has gone: the claim desk sees that nobody waits.
        """
        wait_s = (deadline_ms - self._clock.now_ms() - ANSWER_EARLY_MS) / 1000
        # asyncio.wait costs twice as much
        too_late = asyncio.get_running_loop().call_later(max(wait_s, 0), future.cancel)
        try:
            return await future
        except asyncio.CancelledError:
            waiting = asyncio.current_task()
            if waiting is not None and waiting.cancelling():
                raise
            return not_final(envelope)
        finally:
            too_late.cancel()

    async def pre_settle(
        self, request: pb.PreSettleRequest, deadline_ms: int
    ) -> pb.PreSettleResponse | Refused:
        """What Settle would answer now, with the split of the lines. Stored nowhere."""
        reply = await self._decided(request, deadline_ms)
        if isinstance(reply, Refused):
            return reply
        if not isinstance(reply, Answer):
            return refuse("NOT_ANSWERED", "the home node did not answer in time; ask again")
        response = pb.PreSettleResponse()
        response.outcome.ParseFromString(reply.outcome)
        if response.outcome.status != pb.OUTCOME_STATUS_PAID:
            response.infcode, response.err_msg = -1, response.outcome.err_msg or response.outcome.code
        institution = self._house.directory.institutions[request.envelope.fixmedins_code]
        catalogue = self._house.catalogues[institution.pool]
        response.feesplit.extend(
            split(read_lines(request.input), catalogue, institution.lmtpric_hosp_lv).lines()
        )
        return response

    async def get_insured(
        self, request: pb.GetInsuredRequest, deadline_ms: int
    ) -> pb.GetInsuredResponse | Refused:
        """1101 + 2001: asked of the pool's node, or of every node where the division is not known yet."""
        refused = _insured_refusal(request, self._house, china_date(self._clock.now_ms()))
        if refused is not None:
            return refused
        left_ms = deadline_ms - self._clock.now_ms() - ANSWER_EARLY_MS
        division = request.envelope.insuplc_admdvs
        person = Person(psn_no=request.psn_no)
        if not request.psn_no:
            person = Person(credential=request.credential)
        if not division:
            return await self._ask_all(request, person, min(left_ms, INSURED_WAIT_MS))
        pool = self._house.directory.pool(division)
        assert pool is not None, "looked at before"
        return await self._ask_node(request, person, pool.node, pool.code, left_ms)

    async def _ask_node(
        self, request: pb.GetInsuredRequest, person: Person, node: int, home_pool: int, wait_ms: int
    ) -> pb.GetInsuredResponse | Refused:
        partition = self._partition(node, person.psn_no)
        date = request.begntime[:10] or china_date(self._clock.now_ms()).isoformat()
        return await self._asks.insured(
            node=node, partition=partition, person=person, home_pool=home_pool, med_type=request.med_type,
            date=date, wait_ms=max(wait_ms, 1),
        )  # fmt: skip

    def _partition(self, node: int, psn_no: str) -> int:
        """The person's own partition; any that is heard of where only a certificate is known."""
        if psn_no:
            return partition_of(psn_no, self._house.directory.nodes[node].partitions)
        heard_of = self._silences.heard_of(node)
        return heard_of[0] if heard_of else 0

    async def _ask_all(
        self, request: pb.GetInsuredRequest, person: Person, wait_ms: int
    ) -> pb.GetInsuredResponse | Refused:
        """All nodes in parallel, the institution's own province first; names those that did not answer."""
        institution = self._house.directory.institutions[request.envelope.fixmedins_code]
        own = self._house.directory.pools[institution.pool].node
        nodes = sorted(self._silences.nodes(), key=lambda node: (node != own, node))
        answers = await asyncio.gather(*[self._ask_node(request, person, node, 0, wait_ms) for node in nodes])
        found = pb.GetInsuredResponse()
        unknown = refuse("UNKNOWN_PERSON", "no home node knows this certificate")
        for node, answer in zip(nodes, answers, strict=True):
            if isinstance(answer, pb.GetInsuredResponse):
                _merge(found, answer)
            elif answer.code in ("CREDENTIAL_UNKNOWN", "EVOUCHER_EXPIRED"):
                unknown = answer if unknown.code != "EVOUCHER_EXPIRED" else unknown
            elif answer.code != "UNKNOWN_PERSON":
                found.not_answered.append(f"{node}0000")
        if not found.insuinfo and (unknown.code == "EVOUCHER_EXPIRED" or not found.not_answered):
            return unknown
        if not found.insuinfo:
            found.infcode, found.err_msg = -1, "not found where an answer came; some nodes did not answer"
        return found


def answered(request: ClaimedRequest, reply: Reply) -> ClaimedResponse | Refused:
    """A reply as the response of its call."""
    if isinstance(reply, Refused):
        return reply
    if isinstance(reply, NeedsNode):
        return refuse("NOT_ANSWERED", "the home node was not asked in time; send this one again")
    return fill(RESPONSE_OF[type(request)](), reply)


def not_final(envelope: Envelope) -> NotFinal:
    """PENDING for a message by its envelope."""
    infno = transaction_code(envelope.infno)
    return NotFinal(transport_key_id(envelope.fixmedins_code, infno, envelope.msgid), envelope.msgid, infno)


def _insured_refusal(request: pb.GetInsuredRequest, house: House, today: date) -> Refused | None:
    division = request.envelope.insuplc_admdvs
    credential = request.credential
    bad = envelope_violations(request.envelope, infnos=INSURED_INFNOS, today=today, division_needed=False)
    if request.psn_no and not division:
        bad.append(Violation("envelope.insuplc_admdvs", "is needed where psn_no is given"))
    if not request.psn_no and not credential.mdtrt_cert_no and not credential.certno:
        bad.append(
            Violation("credential.mdtrt_cert_no", "is missing: a person is named by credential or psn_no")
        )
    for field, value in credential.ListFields():
        bad += named(f"credential.{field.name}", value, characters_max=CREDENTIAL_CHARACTERS_MAX)
    bad += identity_violations(credential)
    bad += named("psn_no", request.psn_no, characters_max=30, needed=False)
    bad += named("med_type", request.med_type, characters_max=6, needed=False)
    if request.begntime and day_of(request.begntime) is None:
        bad.append(Violation("begntime", "must be yyyy-MM-dd HH:mm:ss"))
    if bad:
        return invalid(*bad)
    institution = house.directory.institution(request.envelope.fixmedins_code)
    if institution is None:
        return refuse(
            "UNKNOWN_INSTITUTION", f"no institution {request.envelope.fixmedins_code!r} is in the directory"
        )
    if institution.region != house.region:
        return refuse(
            "WRONG_REGION", f"{institution.code} belongs to the gateway of region {institution.region}"
        )
    if division and house.directory.pool(division) is None:
        return refuse("UNKNOWN_POOL", f"no pool holds the division {division}")
    return None


def _merge(found: pb.GetInsuredResponse, answer: pb.GetInsuredResponse) -> None:
    if not found.HasField("baseinfo"):
        found.MergeFrom(answer)
        return
    found.insuinfo.extend(answer.insuinfo)
    found.idetinfo.extend(answer.idetinfo)
    found.trtinfo.extend(answer.trtinfo)
    found.cuminfo.extend(answer.cuminfo)
