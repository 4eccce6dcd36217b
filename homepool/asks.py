"""Questions to the node: who a person is, what a settlement would give now, what became of an id.

They are answered from what is committed and store nothing, but for filings, which are stored with their answer under the
id of their message; whoever gets no answer asks again. What says who a person is travels sealed both ways: the credential
to the node's key, the answer to a key that came with the question.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog
from google.protobuf.message import DecodeError

from bus.intake import Intake
from homepool import answers
from homepool.benefits import NOTHING_USED
from homepool.book import Conflict, Cursor, HomeBook, Key, PersonalData, Unavailable
from homepool.credentials import (
    CREDENTIAL_UNKNOWN,
    EVOUCHER,
    EVOUCHER_EXPIRED,
    credential_hash,
    valid,
    voucher_fault,
)
from homepool.credentials import MESSAGES as FAULTS
from homepool.decide import Policies, Settle, decide
from homepool.filing.desk import file, list_filings
from homepool.gather import PeopleCache, gather
from homepool.insured import Person
from ledger.rows import ACCUMULATORS
from proto.settlement.v1 import messages_pb2, settlement_pb2
from proto.settlement.v1.envelope_pb2 import Credential
from runtime.clock import Clock, china_date, china_text
from runtime.errors import SealBroken
from runtime.keys import ID_BYTES
from runtime.sealing import INSURED_ANSWER, INSURED_QUESTION, open_sealed, seal

ASKS_WAITING_MAX: Final = 1_000
ASKS_AT_ONCE_MAX: Final = 100
SENT_OUT_EVERY_MS: Final = 25
"""Answers that are ready wait for others so long: whoever asks all nodes gives up after 1 s."""
ANSWER_TRAVELS_MS: Final = 50
"""An answer that would leave later than this before the deadline arrives too late. An assumption."""
_NOBODY: Final = b"\xff" * ID_BYTES
"""The id of a question: no message has it, and the answer does not show it."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool.asks")


class AskedQuestion(NamedTuple):
    """A question as it arrived."""

    ask: messages_pb2.Ask
    region: str
    slot: int
    partition: int = 0
    """The one that it came to: a filing is of one of its people."""


class Refusal(Exception):
    """The question cannot be answered: a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Asks:
    """Answers questions, some at a time, on a session of its own."""

    def __init__(
        self,
        *,
        node: int,
        book: HomeBook,
        session: asyncio.Lock,
        clock: Clock,
        policies: Policies,
        settle: Settle,
        private_key: bytes,
        answer: Callable[[str, int, list[bytes]], None],
    ) -> None:
        self.intake: Intake[AskedQuestion] = Intake(
            items_max=ASKS_WAITING_MAX, flush_items_max=ASKS_AT_ONCE_MAX, floor_ms=1
        )
        self._node = node
        self._book = book
        self._session = session
        self._clock = clock
        self._policies = policies
        self._settle = settle
        self._private_key = private_key
        self._answer = answer
        self._ready: dict[tuple[str, int], list[bytes]] = {}
        self._sent_out_s = 0.0

    async def run(self) -> None:
        """Answer for ever. Raises the book's errors."""
        while True:
            asked = await self.intake.take()
            async with self._session:
                await self._answer_all(asked)

    async def _answer_all(self, asked: list[AskedQuestion]) -> None:
        self._sent_out_s = self._clock.monotonic_s()
        by_question: dict[str | None, list[AskedQuestion]] = {}
        for one in asked:
            if self._given_up(one):
                continue
            by_question.setdefault(one.ask.WhichOneof("question"), []).append(one)
        if trials := by_question.pop("pre_settle", None):
            await self._pre_settle(trials)
        if openings := by_question.pop("coverage", None):
            await self._coverage(openings)
        filings = by_question.pop("filing", [])
        await self._answer_each(by_question)
        self._send_out()
        await self._file(filings)  # last: they wait for a lock
        self._send_out()

    async def _answer_each(self, by_question: dict[str | None, list[AskedQuestion]]) -> None:
        """One after the other: under load, work goes only into what is still waited for, and leaves in time."""
        for question, one in [(question, one) for question, many in by_question.items() for one in many]:
            if self._given_up(one):
                continue
            try:
                if question == "insured":
                    answer = await self._insured(one.ask.insured)
                elif question == "outcome_of":
                    answer = await self._outcome_of(one.ask.outcome_of)
                elif question == "filings":
                    answer = await self._filings(one.ask.filings)
                else:
                    raise Refusal("UNKNOWN_QUESTION", "this node does not know this kind of question")
            except Refusal as refusal:
                self._refuse(one, refusal)
            else:
                self._send(one, messages_pb2.AskAnswer(ask_id=one.ask.ask_id, answer=answer))
            if self._clock.monotonic_s() - self._sent_out_s >= SENT_OUT_EVERY_MS / 1000:
                self._send_out()

    def _given_up(self, one: AskedQuestion) -> bool:
        """Whether nobody would be waiting for the answer any more when it arrives."""
        deadline_ms = one.ask.deadline_ms
        return bool(deadline_ms) and deadline_ms < self._clock.now_ms() + ANSWER_TRAVELS_MS

    async def _pre_settle(self, trials: list[AskedQuestion]) -> None:
        """Each as if it came next, none on top of another, nothing written."""
        items = []
        for one in trials:
            item = messages_pb2.Item()
            item.CopyFrom(one.ask.pre_settle)
            item.id, item.kind, item.deadline_ms = _NOBODY, messages_pb2.KIND_SETTLE, 0
            items.append(item)
        snapshot = await gather(self._book, items, partition=0, people=PeopleCache())
        now_ms = self._clock.now_ms()
        today = china_date(now_ms)
        cursor = Cursor(0, 0, 0, 0, today, 0, today)
        for one, item in zip(trials, items, strict=True):
            flush = decide(
                [item], snapshot.copied(), node=self._node, cursor=cursor, now_ms=now_ms,
                policies=self._policies, settle=self._settle,
            )  # fmt: skip
            if flush.parked or not flush.rows:
                self._refuse(one, Refusal("INTERNAL", "this bill could not be computed"))
                continue
            outcome = settlement_pb2.Outcome.FromString(flush.rows[0].row.answer)
            outcome.ClearField("setl_id")
            if outcome.HasField("setlinfo"):
                outcome.setlinfo.ClearField("setl_id")
            answer = outcome.SerializeToString()
            self._send(one, messages_pb2.AskAnswer(ask_id=one.ask.ask_id, answer=answer))

    async def _coverage(self, openings: list[AskedQuestion]) -> None:
        people = await self._book.people({one.ask.coverage.psn_no.replace("\0", "") for one in openings})
        for one in openings:
            ask = one.ask.coverage
            person = people.get(ask.psn_no)
            try:
                if ask.sealed_credential:
                    await self._look_at_voucher(ask)
            except Refusal as refusal:
                self._refuse(one, refusal)
                continue
            if person is None:
                self._refuse(one, Refusal(answers.PERSON_UNKNOWN, answers.MESSAGES[answers.PERSON_UNKNOWN]))
            elif (ask.home_pool, ask.insutype) not in person.coverages:
                here = person.known_in(ask.home_pool)
                code = answers.NO_SUCH_INSURANCE if here else answers.NOT_INSURED_HERE
                self._refuse(one, Refusal(code, answers.MESSAGES[code]))
            else:
                self._send(one, messages_pb2.AskAnswer(ask_id=one.ask.ask_id))

    async def _file(self, asked: list[AskedQuestion]) -> None:
        """Those of one partition in one transaction; where its lock does not come they queue again, while waited for."""
        for partition in sorted({one.partition for one in asked}):
            ours = [one for one in asked if one.partition == partition]
            try:
                answered = await file(
                    self._book, partition, [one.ask.filing for one in ours], policies=self._policies,
                    now_ms=self._clock.now_ms(),
                )  # fmt: skip
            except (Conflict, Unavailable) as failure:
                _log.info("filings wait", failure=type(failure).__name__, asked=len(ours))
                for one in ours:
                    if one.ask.deadline_ms and not self._given_up(one):
                        self.intake.put(one)
                continue
            for one, answer in zip(ours, answered, strict=True):
                if isinstance(answer, bytes):
                    self._send(one, messages_pb2.AskAnswer(ask_id=one.ask.ask_id, answer=answer))
                else:
                    self._refuse(one, Refusal(*answer))

    async def _filings(self, ask: messages_pb2.FilingsAsk) -> bytes:
        people = await self._book.people([ask.psn_no] if "\0" not in ask.psn_no else [])
        answer = list_filings(people.get(ask.psn_no), ask)
        if isinstance(answer, bytes):
            return answer
        raise Refusal(*answer)

    async def _look_at_voucher(self, ask: messages_pb2.CoverageAsk) -> None:
        """The e-voucher that a visit is opened with is this person's and still holds."""
        token = self._opened(ask.sealed_credential).mdtrt_cert_no
        holders = await self._book.holders(credential_hash(EVOUCHER, token))
        if fault := voucher_fault(holders, ask.psn_no, china_text(self._clock.now_ms())):
            raise Refusal(fault, FAULTS[fault])

    def _opened(self, sealed: bytes) -> Credential:
        try:
            return Credential.FromString(open_sealed(self._private_key, sealed, purpose=INSURED_QUESTION))
        except (SealBroken, DecodeError):
            raise Refusal(
                "CREDENTIAL_UNREADABLE", "the credential was not sealed to this node's key"
            ) from None

    async def _outcome_of(self, id_: bytes) -> bytes:
        stored = await self._book.rows([id_])
        if id_ not in stored:
            raise Refusal("NOT_SEEN", "this node has no outcome of this id, which promises nothing")
        return stored[id_].row.answer

    async def _insured(self, ask: messages_pb2.InsuredAsk) -> bytes:
        psn_nos = [ask.psn_no] if ask.psn_no and "\0" not in ask.psn_no else []
        name = ""
        if ask.sealed_credential:
            credential = self._opened(ask.sealed_credential)
            psn_nos, name = await self._found_by(credential), credential.psn_name
        people = await self._book.people(psn_nos)
        response = settlement_pb2.GetInsuredResponse()
        for psn_no in psn_nos:
            person = people.get(psn_no)
            if person is None or (ask.home_pool and not person.known_in(ask.home_pool)):
                continue
            data = await self._book.personal_data(psn_no)
            if data is None or (name and data.name != name):
                continue
            await self._describe(response, ask, person, data)
        if not response.insuinfo:
            raise Refusal("PERSON_UNKNOWN", "nobody with this credential or psn_no is insured here")
        try:
            return seal(ask.answer_key, response.SerializeToString(), purpose=INSURED_ANSWER)
        except ValueError:
            raise Refusal("ANSWER_KEY_WRONG", "answer_key is no X25519 public key of 32 bytes") from None

    async def _found_by(self, credential: Credential) -> list[str]:
        candidates = [(credential.mdtrt_cert_type, credential.mdtrt_cert_no)]
        if credential.psn_cert_type in ("", "01"):
            candidates.append(("02", credential.certno))
        candidates.append(("03", credential.card_sn))
        now = china_text(self._clock.now_ms())
        for kind, value in candidates:
            holders = await self._book.holders(credential_hash(kind, value)) if value else []
            if found := valid(holders, now):
                return found
            if holders:
                raise Refusal(EVOUCHER_EXPIRED, FAULTS[EVOUCHER_EXPIRED])
        if credential.mdtrt_cert_type == EVOUCHER:
            raise Refusal(CREDENTIAL_UNKNOWN, FAULTS[CREDENTIAL_UNKNOWN])
        return []

    async def _describe(
        self,
        response: settlement_pb2.GetInsuredResponse,
        ask: messages_pb2.InsuredAsk,
        person: Person,
        data: PersonalData,
    ) -> None:
        day = ask.date or china_date(self._clock.now_ms()).isoformat()
        year = int(day[:4])
        held = [coverage for many in person.coverages.values() for coverage in many]
        keys = [Key(psn_no=person.psn_no, insutype=coverage.insutype, year=year) for coverage in held]
        reading = await self._book.read(0, keys)
        response.baseinfo.CopyFrom(
            settlement_pb2.BaseInfo(
                psn_no=person.psn_no, psn_cert_type=data.cert_type, certno=data.certno, psn_name=data.name,
                gend=data.gend, brdy=data.born, age=person.age_on(day),
            )
        )  # fmt: skip
        balance = reading.balances.get(person.psn_no, 0)
        seen: set[str] = set()
        for coverage in held:
            if ask.home_pool and coverage.pool != ask.home_pool:
                continue
            response.insuinfo.add(
                balc=balance if coverage.pool == person.account_pool and coverage.insutype == "310" else 0,
                insutype=coverage.insutype, psn_type=coverage.psn_type, psn_insu_stas=coverage.status,
                psn_insu_date=coverage.valid_from, paus_insu_date=coverage.paused_on or coverage.valid_to,
                cvlserv_flag="1" if coverage.civil_servant else "0", insuplc_admdvs=str(coverage.pool),
                psn_no=person.psn_no,
            )  # fmt: skip
            enjoyed = coverage.covers(day)
            has_policy = self._policies.find(coverage.pool, coverage.insutype, day) is not None
            why = "" if enjoyed else "the insurance is paused or ended on this day"
            if enjoyed and not has_policy:
                why = "the home pool has no policy for this insurance on this day"
            response.trtinfo.add(
                insutype=coverage.insutype, med_type=ask.med_type,
                trt_enjymnt_flag="0" if why else "1", trt_chk_rslt=why,
            )  # fmt: skip
            if coverage.insutype in seen:
                continue
            seen.add(coverage.insutype)
            used = reading.used.get((person.psn_no, coverage.insutype, year), NOTHING_USED)
            for name, amount in zip(ACCUMULATORS, used, strict=True):
                if amount:
                    response.cuminfo.add(
                        insutype=coverage.insutype, year=str(year), cum_type_code=name, cum=amount
                    )
        for identity in person.identities:
            response.idetinfo.add(
                psn_idet_type=identity.kind, begntime=identity.valid_from, endtime=identity.valid_to
            )

    def _refuse(self, one: AskedQuestion, refusal: Refusal) -> None:
        self._send(
            one,
            messages_pb2.AskAnswer(ask_id=one.ask.ask_id, refusal_code=refusal.code, err_msg=refusal.message),
        )

    def _send(self, one: AskedQuestion, answer: messages_pb2.AskAnswer) -> None:
        self._ready.setdefault((one.region, one.slot), []).append(answer.SerializeToString())

    def _send_out(self) -> None:
        """What is ready travels in one record per slot."""
        self._sent_out_s = self._clock.monotonic_s()
        for (region, slot), ready in self._ready.items():
            self._answer(region, slot, ready)
        self._ready.clear()
