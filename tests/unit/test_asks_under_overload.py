"""More questions than a node can answer in time: it works on those that are still waited for, and answers them in time.

In virtual time. Where a whole flush was answered together, one that took longer than the questions may wait answered
nobody, and as everybody asked again, nobody was ever answered.
"""

import asyncio
from typing import Any, cast

from homepool.asks import ANSWER_TRAVELS_MS, ASKS_AT_ONCE_MAX, SENT_OUT_EVERY_MS, AskedQuestion, Asks
from homepool.benefits import settle
from homepool.book import HomeBook
from homepool.decide import Policies
from proto.settlement.v1 import messages_pb2
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
