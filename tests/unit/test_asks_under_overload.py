"""More questions than a node can answer in time: it works on those that are still waited for, and answers them in time.

In virtual time. Where a whole flush was answered together, one that took longer than the questions may wait answered
nobody, and as everybody asked again, nobody was ever answered.
"""

import asyncio
from typing import Any, cast

from homepool.asks import ANSWER_TRAVELS_MS, ASKS_AT_ONCE_MAX, SENT_OUT_EVERY_MS, AskedQuestion, Asks
from homepool.benefits import settle
from homepool.book import FILING_LOCK_TIMEOUT_MS, HomeBook
from homepool.decide import Policies
from proto.settlement.v1 import messages_pb2
from tests.home_items import POOL, PSN, PlainPolicies, person
from tests.simulation.fake_home_book import FakeHomeBook, HomeStore
from tests.simulation.virtual_time import VirtualClock, run

LOOK_UP_MS = 40
WAIT_MS = 1_000


class SlowBook:
    """A book that needs its time for every look-up and knows nothing."""

    def __init__(self) -> None:
        self.looked_up = 0

    async def rows(self, ids: list[bytes]) -> dict[bytes, Any]:
        self.looked_up += 1
        await asyncio.sleep(LOOK_UP_MS / 1000)
        return {}


async def answered(book: SlowBook, questions: int) -> list[tuple[bytes, int]]:
    """Ask so many at once, all with WAIT_MS to go: each ask that was answered, and after how many ms."""
    clock = VirtualClock()
    began_ms = clock.now_ms()
    came: list[tuple[bytes, int]] = []

    def answer(region: str, slot: int, answers: list[bytes]) -> None:
        assert (region, slot) == ("44", 0)
        asks = [messages_pb2.AskAnswer.FromString(one).ask_id for one in answers]
        came.extend((ask, clock.now_ms() - began_ms) for ask in asks)

    asks = Asks(
        node=45, book=cast(HomeBook, book), session=asyncio.Lock(), clock=clock, policies=cast(Policies, None),
        settle=settle, private_key=b"", answer=answer,
    )  # fmt: skip
    for number in range(questions):
        ask = messages_pb2.Ask(
            ask_id=number.to_bytes(16, "big"), deadline_ms=began_ms + WAIT_MS, outcome_of=bytes(16)
        )
        assert asks.intake.put(AskedQuestion(ask, "44", 0))
    working = asyncio.ensure_future(asks.run())
    await asyncio.sleep(3 * questions * LOOK_UP_MS / 1000)
    working.cancel()
    return came


async def filed_beside_a_loader(
    held_s: float, deadline_ms: int
) -> tuple[dict[bytes, tuple[int, str]], HomeStore]:
    """A filing and, a moment later, another question, while a loader holds the cursor: ask -> (after ms, refusal)."""
    clock = VirtualClock()
    began_ms = clock.now_ms()
    store = HomeStore(clock)
    store.people[PSN] = person()
    await FakeHomeBook(store).take_over(0, now_ms=began_ms)
    came: dict[bytes, tuple[int, str]] = {}

    def answer(region: str, slot: int, answers: list[bytes]) -> None:
        for one in map(messages_pb2.AskAnswer.FromString, answers):
            assert one.ask_id not in came
            came[one.ask_id] = (clock.now_ms() - began_ms, one.refusal_code)

    asks = Asks(
        node=44, book=FakeHomeBook(store), session=asyncio.Lock(), clock=clock, policies=PlainPolicies(),
        settle=settle, private_key=b"", answer=answer,
    )  # fmt: skip
    filing = messages_pb2.FilingAsk(
        id=bytes(16), digest=bytes(32), psn_no=PSN, home_pool=POOL, kind="other", insutype="310", care="45"
    )
    asks.intake.put(
        AskedQuestion(
            messages_pb2.Ask(ask_id=b"f", deadline_ms=deadline_ms + began_ms, filing=filing), "44", 0
        )
    )
    working = asyncio.ensure_future(asks.run())
    await store.lock(("cursor", 0), "a loader")
    await asyncio.sleep(0.1)
    other = messages_pb2.Ask(ask_id=b"o", deadline_ms=began_ms + WAIT_MS, outcome_of=bytes(16))
    asks.intake.put(AskedQuestion(other, "44", 0))
    await asyncio.sleep(held_s - 0.1)
    store.unlock("a loader")
    await asyncio.sleep(10)
    working.cancel()
    return came, store


def test_a_filing_waits_for_a_loader_without_holding_other_questions_up() -> None:
    came, store = run(filed_beside_a_loader(held_s=3.0, deadline_ms=5_000))
    assert 100 <= came[b"o"][0] <= FILING_LOCK_TIMEOUT_MS + 50
    assert (3_000 <= came[b"f"][0] <= 3_050, came[b"f"][1]) == (True, "")
    assert len(store.filing_calls) == len(store.people[PSN].filings) == 1


def test_a_filing_that_nobody_waits_for_any_more_is_not_filed() -> None:
    came, store = run(filed_beside_a_loader(held_s=3.0, deadline_ms=2_000))
    assert b"f" not in came
    assert not store.filing_calls


def test_what_is_answered_is_answered_in_time_and_the_rest_is_not_worked_on() -> None:
    book = SlowBook()
    came = run(answered(book, 3 * ASKS_AT_ONCE_MAX))
    in_time = [ask for ask, after_ms in came if after_ms <= WAIT_MS]
    assert len(in_time) >= (WAIT_MS - ANSWER_TRAVELS_MS) // LOOK_UP_MS
    assert len(in_time) == len(came) == book.looked_up


def test_answers_do_not_wait_for_the_whole_flush_where_it_takes_long() -> None:
    came = run(answered(SlowBook(), 3))
    assert LOOK_UP_MS > SENT_OUT_EVERY_MS
    gaps = [came[0][1], came[1][1] - came[0][1], came[2][1] - came[1][1]]
    assert all(abs(gap - LOOK_UP_MS) <= 1 for gap in gaps)
