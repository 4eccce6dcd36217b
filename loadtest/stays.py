"""Stays of very many fee lines: opened, uploaded a thousand lines a call, settled and cancelled, as a ward's HIS does it.

A stay has a thousand lines a day, so the longer it is the more days its settlement has to add up: nothing is made easy
for the gateway. Every answer must be the expected one, else the figures are worth nothing. Amounts in fen.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

import grpc.aio
from google.protobuf.message import Message

from loadtest import bills
from loadtest.answers import PAID, Asked, judge
from loadtest.bills import INPATIENT, MsgIds
from loadtest.driver import refusal_of
from loadtest.errors import AnswerWrong, PeopleMissing
from loadtest.population import Population, Visit
from proto.settlement.v1 import envelope_pb2, settlement_pb2_grpc
from proto.settlement.v1 import settlement_pb2 as pb

CALL_LINES: Final = 1_000
"""Lines of a call: as many as one carries."""
DAY_LINES: Final = 1_000
PLANNED_MAX: Final = 200
TIMEOUT_S: Final = 30.0
_DAY_S: Final = 86_400
_PRICES: Final = bills.PRICE_MOST[bills.OUTPATIENT]

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)


@dataclass(slots=True)
class Stay:
    """An open stay."""

    visit: Visit
    days: int
    total_fen: int = 0
    lines: int = 0


@dataclass(slots=True)
class Ward:
    """The sender: one call at a time, as one HIS sends."""

    channel: grpc.aio.Channel
    population: Population
    random: Random
    ids: MsgIds

    async def open(self, lines: int) -> Stay:
        """A stay of a person at home, long enough for so many lines."""
        planned = self.population.plan(PLANNED_MAX, INPATIENT)
        visit = next(
            (one for one in planned if one.person.patient.home_pool == one.institution.care_pool), None
        )
        if visit is None:
            raise PeopleMissing("Nobody of the population has a hospital in the own pool.")
        stay = Stay(visit, days=max(lines // DAY_LINES, 1))
        patient, institution = visit.person.patient, visit.institution
        msgid, inf_time = self.ids.next(institution.code)
        request = bills.open_visit(
            patient, institution, med_type=INPATIENT, number=visit.number, begntime=self._day(stay.days - 1),
            msgid=msgid, inf_time=inf_time, credential=visit.person.credential,
        )  # fmt: skip
        answer = await self._ask(self._stub().OpenVisit, request)
        _must_be_ok(answer.outcome)
        visit.mdtrt_id = answer.outcome.mdtrt_id
        return stay

    async def upload(self, uploads: Sequence[pb.UploadFeesRequest]) -> list[int]:
        """Send what was prepared; how long each call took, nanoseconds."""
        stub = self._stub()
        took_ns = []
        for request in uploads:
            began_ns = time.monotonic_ns()
            answer = await self._ask(stub.UploadFees, request)
            took_ns.append(time.monotonic_ns() - began_ns)
            _must_be_ok(answer.outcome)
        return took_ns

    def prepare(self, stay: Stay, lines: int) -> list[pb.UploadFeesRequest]:
        """Messages that upload so many lines more: written before the clock runs, for we share the servers' cores."""
        uploads = []
        patient, price_list = stay.visit.person.patient, self.population.price_lists
        items = [item for item in price_list[stay.visit.institution.care_pool] if item.price <= _PRICES]
        for first in range(0, lines, CALL_LINES):
            request = pb.UploadFeesRequest(
                envelope=self._envelope(stay, "2301"),
                input=pb.UploadFeesInput(mdtrt_id=stay.visit.mdtrt_id, psn_no=patient.psn_no),
            )
            for number in range(stay.lines, stay.lines + min(CALL_LINES, lines - first)):
                item = self.random.choice(items)
                pric = item.price * self.random.randint(940, 1_060) // 1_000
                amount = bills.amount_fen(bills.ONE, pric)
                stay.total_fen += amount
                request.input.feedetl.add(
                    feedetl_sn=f"L{number:08}", med_list_codg=item.code, det_item_fee_sumamt=amount, cnt=bills.ONE,
                    pric=pric, fee_ocur_time=self._day(max(stay.days - 1 - number // DAY_LINES, 0)),
                    drug_trac_codg=[f"81{number:018}"] if item.drug else [],
                )  # fmt: skip
            stay.lines += len(request.input.feedetl)
            uploads.append(request)
        return uploads

    async def settle(self, stay: Stay) -> tuple[pb.Outcome, int]:
        """Settle all of it; the outcome, and how long it took, nanoseconds."""
        patient = stay.visit.person.patient
        request = pb.SettleRequest(
            envelope=self._envelope(stay, "2304"),
            credential=stay.visit.person.credential,
            input=pb.SettleInput(
                psn_no=patient.psn_no, mdtrt_id=stay.visit.mdtrt_id, med_type=INPATIENT,
                insutype=patient.insutype, medfee_sumamt=stay.total_fen, psn_setlway="01",
                begntime=self._day(stay.days - 1), endtime=self._day(0),
            ),
        )  # fmt: skip
        began_ns = time.monotonic_ns()
        answer = await self._ask(self._stub().Settle, request)
        took_ns = time.monotonic_ns() - began_ns
        asked = Asked(request.envelope.msgid, stay.visit.mdtrt_id, patient.psn_no, stay.total_fen)
        verdict = judge(answer, asked)
        if verdict.kind != PAID:
            raise AnswerWrong(f"A stay of {stay.lines} lines was {verdict.kind}: {verdict.reason}.")
        return answer.outcome, took_ns

    async def cancel(self, stay: Stay, paid: pb.Outcome) -> None:
        """Take a settlement back, so that the stay can be settled again."""
        request = pb.CancelRequest(
            envelope=self._envelope(stay, "2305"),
            credential=stay.visit.person.credential,
            input=pb.CancelInput(
                setl_id=paid.setl_id, mdtrt_id=stay.visit.mdtrt_id, psn_no=stay.visit.person.patient.psn_no
            ),
        )
        answer = await self._ask(self._stub().Cancel, request)
        _must_be_ok(answer.outcome)

    async def delete(self, stay: Stay) -> int:
        """Delete every line by 0000; how long it took, nanoseconds."""
        request = pb.CancelFeesRequest(
            envelope=self._envelope(stay, "2302"),
            input=pb.CancelFeesInput(
                mdtrt_id=stay.visit.mdtrt_id, psn_no=stay.visit.person.patient.psn_no, feedetl_sn=["0000"]
            ),
        )
        began_ns = time.monotonic_ns()
        answer = await self._ask(self._stub().CancelFees, request)
        _must_be_ok(answer.outcome)
        return time.monotonic_ns() - began_ns

    def _envelope(self, stay: Stay, infno: str) -> envelope_pb2.Envelope:
        institution = stay.visit.institution
        msgid, inf_time = self.ids.next(institution.code)
        home_pool = stay.visit.person.patient.home_pool
        return bills.envelope(institution, infno=infno, msgid=msgid, inf_time=inf_time, home_pool=home_pool)

    def _stub(self) -> "settlement_pb2_grpc.SettlementServiceAsyncStub":
        stub: settlement_pb2_grpc.SettlementServiceAsyncStub
        stub = settlement_pb2_grpc.SettlementServiceStub(self.channel)
        return stub

    def _day(self, days_ago: int) -> str:
        return bills.china_text(self.population.now_s - days_ago * _DAY_S)

    async def _ask(
        self, call: "grpc.aio.UnaryUnaryMultiCallable[Request, Answer]", request: Request
    ) -> Answer:
        try:
            return await call(request, timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise AnswerWrong(f"{type(request).__name__} was refused: {refusal_of(error)}.") from None


def _must_be_ok(outcome: pb.Outcome) -> None:
    if outcome.status != pb.OUTCOME_STATUS_OK:
        name = pb.OutcomeStatus.Name(outcome.status)
        raise AnswerWrong(f"A {outcome.infno or 'call'} of a stay became {name} {outcome.code}.")
