"""Every sequence of settle, cancel and reverse up to length 5 agrees with a model written apart from `ledger.life`.

The model keeps no state but the history: from it, it replays who lives, who was undone by whom and what was sealed,
in the words of the design's table. After every step each earlier message comes again (an answer was lost): it must
get the very same bytes and move nothing. Messages may be reversed before they arrive; another person tries too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from homepool.decide import decide
from homepool.snapshot import Snapshot
from ledger.life import Kind, Status
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime.keys import setl_id_text
from tests.home_items import (
    NODE,
    NOW_MS,
    OTHER_PSN,
    POOLED_FEN,
    PSN,
    PlainPolicies,
    cursor,
    person,
    plain_settle,
    settle_item,
    sixteen,
    undo_item,
)

LENGTH = 5
POLICIES = PlainPolicies()


@dataclass(frozen=True)
class Call:
    """A message: `name` is its msgid, `target` the msgid it names."""

    kind: Kind
    name: str
    target: str = ""
    psn_no: str = PSN


@dataclass(frozen=True)
class Told:
    """What the model expects: status, code, and the msgids named inside and undone."""

    status: Status
    code: str = ""
    other: str = ""
    effect: str = ""  # pays, undoes, revives, voids


History = tuple[tuple[Call, Told], ...]


# ------------------------------------------------------------------------------------------------ the model


def undone_by(history: History, name: str) -> str | None:
    """Who undid a message that had taken effect: '' = nobody, None = it never took effect."""
    answer: str | None = None
    for call, told in history:
        if call.name == name and told.effect in ("pays", "undoes") and call.kind is not Kind.REVERSE:
            answer = ""
        if call.target == name and told.effect in ("undoes", "revives"):
            answer = call.name
        if told.effect == "revives" and cancelled_by(history, call.target) == name:
            answer = ""
    return answer


def cancelled_by(history: History, cancel: str) -> str:
    """Which settlement a cancel undid."""
    return next(call.target for call, told in history if call.name == cancel and told.effect == "undoes")


def living(history: History) -> str:
    """The settlement that lives, '' = none."""
    alive = [
        call.name for call, _ in history if call.kind is Kind.SETTLE and undone_by(history, call.name) == ""
    ]
    assert len(alive) <= 1
    return alive[0] if alive else ""


def sealed(history: History, settlement: str) -> bool:
    """Was a reversal of it ever answered OK?"""
    return any(
        call.kind is Kind.REVERSE and call.target == settlement and told.status is Status.OK
        for call, told in history
    )


def voided(history: History, name: str) -> bool:
    """Did a reversal come before the message itself?"""
    return any(call.target == name and told.effect == "voids" for call, told in history)


def known(history: History, name: str) -> bool:
    """Has this msgid a final outcome?"""
    return voided(history, name) or any(call.name == name for call, _ in history)


def expected(history: History, call: Call) -> Told:
    """The table of the design, for a msgid that has no outcome yet."""
    alive = living(history)
    if call.kind is Kind.SETTLE:
        if alive:
            return Told(Status.DECLINED, "BILL_ALREADY_SETTLED", alive)
        return Told(Status.PAID, effect="pays")
    target = call.target
    ender = undone_by(history, target)
    if call.kind is Kind.CANCEL:
        if ender is None:
            return Told(Status.DECLINED, "NO_SUCH_SETTLEMENT")
        if call.psn_no != PSN:
            return Told(Status.DECLINED, "OTHER_PERSON")
        return Told(Status.DECLINED, "ALREADY_UNDONE", ender) if ender else Told(Status.OK, effect="undoes")
    if not known(history, target):
        return Told(Status.OK, effect="voids")
    if ender is None:
        return Told(Status.OK, "NOTHING_TO_UNDO")
    if call.psn_no != PSN:
        return Told(Status.DECLINED, "OTHER_PERSON")
    if ender:
        return Told(Status.OK, "NOTHING_TO_UNDO", ender)
    if call.kind is Kind.REVERSE:
        return Told(Status.OK, effect="undoes")
    if alive or sealed(history, cancelled_by(history, target)):
        return Told(Status.DECLINED, "SUPERSEDED")
    return Told(Status.OK, effect="revives")


# ------------------------------------------------------------------------------------------------ every sequence


def next_calls(history: History) -> Iterator[Call]:
    """What may come next: every kind, at every target that makes a difference, known or not."""
    step = len(history)
    settles = [name for name in named(history, "s") if not voided(history, name)]
    cancels = [name for name in named(history, "c") if not voided(history, name)]
    late = [name for name in (*named(history, "s"), *named(history, "c")) if voided(history, name)]
    fresh_settle, fresh_cancel = f"s{step}", f"c{step}"
    yield Call(Kind.SETTLE, fresh_settle)
    for target in (*settles, fresh_settle):
        yield Call(Kind.CANCEL, fresh_cancel, target)
        yield Call(Kind.REVERSE, f"r{step}", target)
    for target in (*cancels, fresh_cancel):
        yield Call(Kind.REVIVE, f"r{step}", target)
    for name in late:
        again = Call(Kind.SETTLE, name) if name[0] == "s" else Call(Kind.CANCEL, name, (settles or ["s9"])[0])
        if all(call.name != name for call, _ in history):
            yield again
    if settles:
        yield Call(Kind.CANCEL, fresh_cancel, settles[0], OTHER_PSN)
        yield Call(Kind.REVERSE, f"r{step}", settles[0], OTHER_PSN)
    if cancels:
        yield Call(Kind.REVIVE, f"r{step}", cancels[0], OTHER_PSN)


def named(history: History, letter: str) -> list[str]:
    """All msgids of a kind that were sent or spoken of."""
    names = {name for call, _ in history for name in (call.name, call.target) if name.startswith(letter)}
    return sorted(names)


def item_of(call: Call) -> messages_pb2.Item:
    """The message on the wire."""
    if call.kind is Kind.SETTLE:
        return settle_item(call.name, psn_no=call.psn_no)  # type: ignore[no-any-return]
    return undo_item(call.kind, call.name, call.target, psn_no=call.psn_no)


def send(snapshot: Snapshot, number: int, call: Call) -> tuple[list[Row], Row]:
    """Decide one message; the rows written and the row that answers it."""
    flush = decide(
        [item_of(call)], snapshot, node=NODE, cursor=cursor(next_number=number), now_ms=NOW_MS,
        policies=POLICIES, settle=plain_settle,
    )  # fmt: skip
    assert not flush.parked
    return [written.row for written in flush.rows], flush.answers[0][1]


def check_answer(call: Call, told: Told, answer: Row) -> None:
    """The stored answer says what the model expects."""
    outcome = settlement_pb2.Outcome.FromString(answer.answer)
    assert (answer.status, answer.code) == (told.status, told.code)
    assert (outcome.status, outcome.code) == (told.status, told.code)
    assert outcome.other.setl_id == (setl_id_text(sixteen(told.other)) if told.other else "")
    sign = {"pays": 1, "undoes": -1, "revives": 1}.get(told.effect, 0)
    assert (answer.sign, answer.pooled_fen) == (sign, sign * POOLED_FEN)
    assert outcome.setlinfo.hifp_pay == sign * POOLED_FEN
    assert answer.undoes == (sixteen(call.target) if told.effect in ("undoes", "revives") else None)


def explore(history: History, snapshot: Snapshot, number: int, visited: list[int]) -> None:
    """Try every next message, and after each of them every earlier one again."""
    for call in next_calls(history):
        after = snapshot.copied()
        rows, answer = send(after, number, call)
        visited[len(history)] += 1
        if voided(history, call.name):  # the reversal came first: whatever it says, it is answered VOIDED
            assert (answer.status, rows) == (Status.VOIDED, [])
            continue
        told = expected(history, call)
        check_answer(call, told, answer)
        assert len(rows) == (2 if told.effect == "voids" else 1)
        now = (*history, (call, told))
        alive = living(now)
        assert after.lives.live == ({sixteen("bill"): sixteen(alive)} if alive else {})
        assert after.used.get((PSN, "310", 2026), (0,) * 17)[3] == (POOLED_FEN if alive else 0)
        if len(now) < LENGTH:
            for earlier, _ in now:
                resent, same = send(after, number + len(rows), earlier)
                assert not resent
                assert same is after.rows[sixteen(earlier.name)]
            explore(now, after, number + len(rows), visited)


def test_every_sequence_up_to_length_five_agrees_with_the_model() -> None:
    snapshot = Snapshot()
    snapshot.people[PSN] = person()
    visited = [0] * LENGTH
    explore((), snapshot, 1, visited)
    assert visited[0] == 4  # settle; cancel and reverse an unknown one; reverse an unknown cancel
    assert visited[4] > 10_000


def test_a_flush_that_holds_a_whole_sequence_decides_exactly_like_one_by_one() -> None:
    calls = [
        Call(Kind.SETTLE, "s0"), Call(Kind.SETTLE, "s1"), Call(Kind.SETTLE, "s0"), Call(Kind.CANCEL, "c0", "s0"),
        Call(Kind.REVIVE, "r0", "c0"), Call(Kind.REVERSE, "r1", "s0"), Call(Kind.CANCEL, "c0", "s0"),
        Call(Kind.SETTLE, "s2"), Call(Kind.REVERSE, "r2", "s9"), Call(Kind.SETTLE, "s9"),
    ]  # fmt: skip
    together, apart = Snapshot(), Snapshot()
    together.people[PSN] = apart.people[PSN] = person()
    flush = decide(
        [item_of(call) for call in calls], together, node=NODE, cursor=cursor(), now_ms=NOW_MS,
        policies=POLICIES, settle=plain_settle,
    )  # fmt: skip
    one_by_one: list[Row] = []
    for call in calls:
        one_by_one += send(apart, 1 + len(one_by_one), call)[0]
    assert [written.row for written in flush.rows] == one_by_one
    assert [row.number for row in one_by_one] == list(range(1, len(one_by_one) + 1))
