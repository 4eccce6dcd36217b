"""The filings of one batch, answered and stored in one transaction under the cursor's lock, one on top of the other.

An id that was answered before gets the same bytes, whatever holds today; with another digest it is refused. A refusal
stores nothing, so what was mended may come again under the same id.
"""

from collections.abc import Sequence
from dataclasses import replace

from homepool.book import FilingBook, FilingCall, FilingChange, HomeBook
from homepool.decide import Policies
from homepool.filing.rules import Refusal, Ruling, info_of, listed, person_refusal, rule_on
from homepool.insured import Person
from proto.settlement.v1 import filing_pb2, messages_pb2, settlement_pb2
from runtime.clock import china_date, china_text
from runtime.keys import ID_BYTES, setl_id_text

DIGEST_BYTES = 32
_REUSED = Refusal("MSGID_REUSED", "this msgid was used for another filing or withdrawal")
_MALFORMED = Refusal("INTERNAL", "the question lacks id or digest, or holds a NUL")


async def file(
    book: HomeBook, partition: int, asks: Sequence[messages_pb2.FilingAsk], *, policies: Policies, now_ms: int
) -> list[bytes | Refusal]:
    """The answer of each, stored before this returns. Raises the book's errors, then nothing is stored."""
    async with book.filing(partition) as writing:
        return await _Desk(writing, policies, now_ms).answered(asks)


class _Desk:
    def __init__(self, book: FilingBook, policies: Policies, now_ms: int) -> None:
        self._book = book
        self._policies = policies
        self._today = china_date(now_ms)
        self._time = china_text(now_ms)
        self._people: dict[str, Person] = {}
        self._calls: dict[bytes, FilingCall] = {}
        self._changes: list[FilingChange] = []

    async def answered(self, asks: Sequence[messages_pb2.FilingAsk]) -> list[bytes | Refusal]:
        sound = [ask for ask in asks if _is_sound(ask)]
        self._calls = await self._book.filing_calls({ask.id for ask in sound})
        self._people = await self._book.people({ask.psn_no for ask in sound})
        answered = [self._answer(ask) if _is_sound(ask) else _MALFORMED for ask in asks]
        if self._changes:
            await self._book.store_filings(self._changes)
        return answered

    def _answer(self, ask: messages_pb2.FilingAsk) -> bytes | Refusal:
        known = self._calls.get(ask.id)
        if known is not None:
            return known.answer if known.digest == ask.digest else _REUSED
        person = self._people.get(ask.psn_no)
        policy = self._policies.find(ask.home_pool, ask.insutype, self._today.isoformat())
        ruling = rule_on(person, policy, ask, self._today)
        if isinstance(ruling, Refusal):
            return ruling
        assert person is not None
        return self._stored(ask, person, ruling)

    def _stored(self, ask: messages_pb2.FilingAsk, person: Person, ruling: Ruling) -> bytes:
        filing = ruling.filing
        answer: bytes = settlement_pb2.Outcome(
            status=settlement_pb2.OUTCOME_STATUS_OK, setl_id=setl_id_text(ask.id), infno=ask.infno,
            medins_setl_id=ask.msgid, setl_time=self._time, filing=info_of(ask.psn_no, filing, ruling.memo),
        ).SerializeToString()  # fmt: skip
        self._changes.append(
            FilingChange(
                ask.id,
                ask.digest,
                ask.psn_no,
                answer,
                ask.filed_by,
                filed=filing if ruling.filed else None,
                ended=filing if ruling.ended else None,
            )
        )
        self._calls[ask.id] = FilingCall(ask.digest, answer)
        if ruling.filed or ruling.ended:
            others = tuple(one for one in person.filings if one.id != filing.id)
            self._people[ask.psn_no] = replace(person, filings=(*others, filing))
        return answer


def list_filings(person: Person | None, ask: messages_pb2.FilingsAsk) -> bytes | Refusal:
    """A person's filings as a serialised ListFilingsResponse, the latest first."""
    if refusal := person_refusal(person, ask.home_pool):
        return refusal
    assert person is not None
    filings = [info_of(person.psn_no, filing) for filing in listed(person, ask)]
    answer: bytes = filing_pb2.ListFilingsResponse(filings=filings).SerializeToString()
    return answer


def _is_sound(ask: messages_pb2.FilingAsk) -> bool:
    texts = (ask.infno, ask.msgid, ask.filed_by, ask.psn_no, ask.kind, ask.insutype, ask.care, ask.disease)
    return (
        len(ask.id) == ID_BYTES
        and len(ask.digest) == DIGEST_BYTES
        and not any("\0" in text for text in (*texts, ask.institution))
    )
