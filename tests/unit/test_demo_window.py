"""A hospital's window: repeats what a wait can mend, asks for what is not known, takes one outcome only."""

from typing import Any

import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Refusal
from stack import sessions, window
from stack.errors import MorningFailed
from stack.hospitals import Desk
from stack.morning import tell
from stack.window import Receipts, Refused, Window
from tests.demo_people import institution
from tests.demo_rows import paid_row, text_of

PAID = pb.Outcome.FromString(paid_row()["answer"])
REQUEST = pb.SettleRequest()
REQUEST.envelope.msgid, REQUEST.envelope.infno = "m", "2207"


class Door:
    """Gives prepared answers, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def call(self, request: Any, *, timeout_s: float | None = None) -> Any:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def window_at(door: Door) -> Window:
    return Window(desk=Desk(institution()), door=door, receipts=Receipts())  # type: ignore[arg-type]


def paid() -> pb.SettleResponse:
    return pb.SettleResponse(outcome=PAID)


def pending() -> pb.SettleResponse:
    return pb.SettleResponse(infcode=1, pending=pb.Pending(setl_id=PAID.setl_id))


def found(*, final: bool) -> pb.GetSettlementResponse:
    one = pb.SettlementFound(outcome=PAID) if final else pb.SettlementFound(pending=pb.Pending())
    return pb.GetSettlementResponse(found=[one])


async def test_the_very_same_message_is_sent_again_where_waiting_helps() -> None:
    door = Door(Refused("NODE_SILENT", "", 1), Refused("UNAVAILABLE", "", 1), paid())
    at = window_at(door)
    assert await at.send(REQUEST) == PAID
    assert door.asked == [REQUEST] * 3
    assert at.receipts.refused == {"NODE_SILENT": 1, "UNAVAILABLE": 1}


async def test_a_refusal_that_waiting_does_not_mend_fails_the_morning() -> None:
    with pytest.raises(MorningFailed, match="WRONG_PERSON"):
        await window_at(Door(Refused("WRONG_PERSON", "", 0))).send(REQUEST)


async def test_a_person_whose_node_did_not_answer_in_time_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "RETRY_AFTER_S", 0.001)
    found_at_last = pb.GetInsuredResponse(
        insuinfo=[pb.InsuranceInfo(insutype="310")], not_answered=["500000"]
    )
    door = Door(pb.GetInsuredResponse(not_answered=["440000"]), found_at_last)
    assert await window_at(door).ask(pb.GetInsuredRequest()) == found_at_last
    assert len(door.asked) == 2


async def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "FINAL_WITHIN_S", 0.01)
    with pytest.raises(MorningFailed, match="NODE_SILENT"):
        await window_at(Door(Refused("NODE_SILENT", "", 5))).send(REQUEST)


async def test_what_is_pending_is_asked_for_until_it_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "QUERY_EVERY_S", 0.001)
    door = Door(pending(), pb.GetSettlementResponse(), found(final=False), found(final=True))
    at = window_at(door)
    assert await at.send(REQUEST) == PAID
    queries = door.asked[1:]
    assert [(query.input.omsgid, query.input.oinfno) for query in queries] == [("m", "2207")] * 3
    assert at.receipts.pending == 1


async def test_what_stays_pending_fails_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "FINAL_WITHIN_S", 0.01)
    monkeypatch.setattr(window, "QUERY_EVERY_S", 0.001)
    with pytest.raises(MorningFailed, match="not final"):
        await window_at(Door(pending(), found(final=False))).send(REQUEST)


async def test_an_id_that_is_answered_with_other_bytes_fails_the_morning() -> None:
    other = pb.Outcome()
    other.CopyFrom(PAID)
    other.setl_time = "2026-11-24 10:00:00"
    at = window_at(Door(paid(), paid(), pb.SettleResponse(outcome=other)))
    await at.send(REQUEST)
    await at.send(REQUEST)
    assert sum(at.receipts.counted.values()) == 1
    with pytest.raises(MorningFailed, match="other bytes"):
        await at.send(REQUEST)


def test_receipts_are_counted_by_what_they_did() -> None:
    receipts = Receipts()
    receipts.take(PAID)
    for number, undoes in enumerate((text_of(bytes(16)), "")):
        receipts.take(
            pb.Outcome(status=pb.OUTCOME_STATUS_OK, infno="2601", setl_id=str(number), undoes=undoes)
        )
    assert receipts.count(("2207",), "PAID") == 1
    assert receipts.count(("2601",), "OK") == 2
    assert receipts.count(("2601",), "OK", undoing=True) == 1
    assert receipts.count(("2208",), "OK") == 0


def story(requests: list[Any], heard: list[Any]) -> Any:
    for request in requests:
        answer = yield request
        heard.append(answer)


async def test_a_story_is_told_its_answers_one_by_one() -> None:
    heard: list[Any] = []
    insured = pb.GetInsuredResponse(infcode=0, err_msg="hello")
    await tell(story([pb.GetInsuredRequest(), REQUEST], heard), window_at(Door(insured, paid())))
    assert heard == [insured, PAID]


class Stream:
    """A Session stream that answers each batch by a rule."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.batches: list[pb.SessionRequest] = []
        self.ended = False

    async def write(self, batch: pb.SessionRequest) -> None:
        self.batches.append(batch)

    async def read(self) -> Any:
        if self.ended:
            return sessions.grpc.aio.EOF
        batch = self.batches[-1]
        results = [self.answer(len(self.batches), place, call) for place, call in enumerate(batch.calls)]
        return pb.SessionResponse(batch_no=batch.batch_no, results=results)

    async def done_writing(self) -> None:
        self.ended = True

    def cancel(self) -> None:
        pass


async def told_together(answer: Any) -> tuple[Stream, list[list[Any]]]:
    stream = Stream(answer)
    door = Door(found(final=True))
    door.stub = type("Stub", (), {"Session": lambda _: stream})()  # type: ignore[attr-defined]
    heard: list[list[Any]] = [[], []]
    requests = [[pb.GetInsuredRequest(), REQUEST], [REQUEST]]
    stories = [(story(asked, told), window_at(door)) for asked, told in zip(requests, heard, strict=True)]
    await sessions.tell_together(stories, door)  # type: ignore[arg-type]
    return stream, heard


def answer_all(batch: int, place: int, call: pb.SessionCall) -> pb.SessionResult:
    if call.WhichOneof("call") == "get_insured":
        return pb.SessionResult(get_insured=pb.GetInsuredResponse())
    return pb.SessionResult(settle=paid())


async def test_stories_told_together_move_in_step() -> None:
    stream, heard = await told_together(answer_all)
    kinds = [[call.WhichOneof("call") for call in batch.calls] for batch in stream.batches]
    assert kinds == [["get_insured", "settle"], ["settle"]]
    assert heard == [[pb.GetInsuredResponse(), PAID], [PAID]]


async def test_a_refused_call_of_a_batch_is_in_the_next_and_the_others_go_on() -> None:
    def refuse_first(batch: int, place: int, call: pb.SessionCall) -> pb.SessionResult:
        if (batch, place) == (1, 1):
            return pb.SessionResult(refusal=Refusal(code="BUSY_VISIT", retry_after_ms=1))
        return answer_all(batch, place, call)

    stream, heard = await told_together(refuse_first)
    assert [len(batch.calls) for batch in stream.batches] == [2, 2]
    assert stream.batches[1].calls[1].settle == REQUEST
    assert heard == [[pb.GetInsuredResponse(), PAID], [PAID]]


async def test_a_pending_call_of_a_batch_is_asked_for() -> None:
    def pend(batch: int, place: int, call: pb.SessionCall) -> pb.SessionResult:
        return answer_all(batch, place, call) if place == 0 else pb.SessionResult(settle=pending())

    _, heard = await told_together(pend)
    assert heard[1] == [PAID]


async def test_a_result_of_another_kind_fails_the_morning() -> None:
    with pytest.raises(MorningFailed, match="answered with"):
        await told_together(lambda *_: pb.SessionResult(cancel=pb.CancelResponse()))


async def test_a_batch_with_too_few_results_fails_the_morning() -> None:
    stream = Stream(answer_all)

    async def one_short() -> pb.SessionResponse:
        return pb.SessionResponse(batch_no=1)

    stream.read = one_short  # type: ignore[method-assign]
    door = Door()
    door.stub = type("Stub", (), {"Session": lambda _: stream})()  # type: ignore[attr-defined]
    with pytest.raises(MorningFailed, match="0 results"):
        await sessions.tell_together([(story([REQUEST], []), window_at(door))], door)  # type: ignore[arg-type]
