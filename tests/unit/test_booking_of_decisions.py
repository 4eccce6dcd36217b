"""W3: a decision is booked, then told; what is booked already is told all the same; what differs stops with an alarm."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway import booking as booking_module
from gateway.calls import Answer, Call
from gateway.care_book import RowRefused
from ledger.life import Kind, Status
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.keys import setl_id_text
from tests.builders import TODAY, a_care_row, a_decision, a_reverse_request, a_settle_request, an_id
from tests.gateway_scene import Scene
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase
from tests.simulation.virtual_time import run


def play(scenario: Callable[[Scene], Awaitable[None]], book: FakeCareBook | None = None) -> None:
    async def main() -> None:
        scene = Scene(book=book)
        if book is not None:
            book._database = scene.database
        async with scene.running():
            await scenario(scene)

    run(main())


async def reversals(scene: Scene, *msgids: str) -> list[Call]:
    """Open messages without a visit of their own, so that any number of them may be open."""
    (settle,) = await scene.claimed(a_settle_request())
    scene.decide(settle, number=100)
    await settle.reply
    return await scene.claimed(*[a_reverse_request("m1", msgid) for msgid in msgids])


def nothing_undone(scene: Scene, call: Call, number: int, **changes: Any) -> Row:
    return scene.decide(call, number=number, sign=0, status=int(Status.OK), asked_fen=0, **changes)


class Picky(FakeCareBook):
    """A book that refuses a row of the number 13, and does not say which."""

    def __init__(self) -> None:
        super().__init__(FakeCareDatabase())

    async def book(self, rows: Sequence[Row]) -> None:
        if any(row.number == 13 for row in rows):
            raise RowRefused(None)
        await super().book(rows)


def test_nobody_is_told_before_it_is_booked() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        seen: list[bool] = []

        async def look(name: str) -> None:
            if name in ("care.book", "care.book.done"):
                seen.append(call.reply.done())
                await asyncio.sleep(1)

        scene.book._checkpoint = look
        row = scene.decide(call)
        assert await call.reply == Answer(row.answer)
        assert seen == [False, False]
        assert scene.database.care_rows == [row]
        assert scene.database.open_ids == set()
        assert call.id not in scene.dispatch

    play(scenario)


def test_a_flush_is_booked_together_and_each_gets_its_own() -> None:
    async def scenario(scene: Scene) -> None:
        calls = await reversals(scene, "a", "b", "c")
        rows = [nothing_undone(scene, call, number) for number, call in enumerate(calls, 1)]
        assert [await call.reply for call in calls] == [Answer(row.answer) for row in rows]

    play(scenario)


def test_a_w3_that_was_written_without_our_knowing_is_told_when_it_is_found_booked() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        scene.database.lose_acknowledgement("book")
        row = scene.decide(call)
        assert await call.reply == Answer(row.answer)
        assert scene.database.care_rows == [row]
        assert scene.alarms == []

    play(scenario)


def test_a_book_that_is_down_for_a_while_loses_no_decision_that_somebody_waits_for() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        scene.database.up = False
        row = scene.decide(call)
        scene.booking.take([a_decision(a_care_row("nobody's", 5, bill=an_id("x")))])
        await asyncio.sleep(0.5)
        assert not call.reply.done()
        scene.database.up = True
        assert await call.reply == Answer(row.answer)
        await asyncio.sleep(1)
        assert scene.database.care_rows == [row]  # the other is asked for again by who looks after it

    play(scenario)


def test_what_another_process_booked_is_told_and_the_rest_of_the_flush_is_booked() -> None:
    async def scenario(scene: Scene) -> None:
        first, second = await reversals(scene, "a", "b")
        row = nothing_undone(scene, first, 1)
        await scene.book.book([row])
        other = nothing_undone(scene, second, 2)
        assert [await first.reply, await second.reply] == [Answer(row.answer), Answer(other.answer)]
        assert scene.database.open_ids == set()

    play(scenario)


def test_a_decision_that_comes_twice_is_booked_once() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        row = scene.decide(call)
        scene.booking.take([a_decision(row)] * 2)
        await call.reply
        scene.booking.take([a_decision(row)])
        await asyncio.sleep(0.1)
        assert (scene.database.care_rows, scene.alarms) == ([row], [])

    play(scenario)


def test_the_same_id_with_other_bytes_stops_with_an_alarm_and_tells_nobody() -> None:
    async def scenario(scene: Scene) -> None:
        first, second = await reversals(scene, "a", "b")
        await scene.book.book([nothing_undone(scene, first, 1)._replace(answer=b"others")])
        row = nothing_undone(scene, second, 2)
        assert await second.reply == Answer(row.answer)
        assert not first.reply.done()
        assert scene.alarms == ["a node decided an id twice, with different bytes"]
        assert scene.alarmed == [setl_id_text(first.id)]

    play(scenario)


def test_a_decision_that_breaks_a_rule_is_left_out_with_an_alarm_and_stops_nobody() -> None:
    async def scenario(scene: Scene) -> None:
        first, poison, last = await reversals(scene, "a", "b", "c")
        rows = [
            nothing_undone(scene, first, 1), nothing_undone(scene, poison, 2, cash_fen=5),
            nothing_undone(scene, last, 3),
        ]  # fmt: skip
        assert [await first.reply, await last.reply] == [Answer(rows[0].answer), Answer(rows[2].answer)]
        assert not poison.reply.done()
        assert scene.database.open_ids == {poison.id}
        assert scene.alarms == ["a decision breaks a rule of the care book"]
        assert scene.alarmed == [setl_id_text(poison.id)]

    play(scenario)


def test_where_the_book_does_not_say_which_row_it_refuses_each_is_written_alone() -> None:
    async def scenario(scene: Scene) -> None:
        calls = await reversals(scene, "a", "b", "c")
        rows = [nothing_undone(scene, call, number) for number, call in enumerate(calls, 12)]
        assert [await calls[0].reply, await calls[2].reply] == [
            Answer(rows[0].answer), Answer(rows[2].answer)
        ]  # fmt: skip
        assert scene.database.open_ids == {calls[1].id}

    play(scenario, Picky())


def test_decisions_of_two_days_are_booked_each_on_its_own() -> None:
    async def scenario(scene: Scene) -> None:
        first, second = await reversals(scene, "a", "b")
        nothing_undone(scene, first, 1)
        tomorrow = nothing_undone(scene, second, 2, day=TODAY + timedelta(days=1))
        assert await second.reply == Answer(tomorrow.answer)
        assert first.reply.done()
        assert {row.day for row in scene.database.care_rows} == {TODAY, TODAY + timedelta(days=1)}

    play(scenario)


@pytest.mark.parametrize("day", ["", "2026-13-01", "yesterday"])
def test_a_decision_that_is_no_row_raises_an_alarm_and_stops_nobody(day: str) -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        broken = a_decision(a_care_row("broken"))
        broken.day = day
        scene.booking.take([broken, mpb.Decision()])
        scene.decide(call)
        await call.reply
        assert scene.alarms == ["a decision came that is no row"] * 2
        assert set(scene.alarmed) == {setl_id_text(broken.id), ""}

    play(scenario)


def test_what_has_undone_it_stands_beside_the_bytes() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        row = scene.decide(call)
        await call.reply
        again = scene.submit(a_settle_request("m5", chrg_bchno="b5"))
        await asyncio.sleep(0.1)
        late = row._replace(id=again.id, digest=again.digest, settlement=again.id, number=2)
        decision = a_decision(late)
        decision.undone_by = setl_id_text(an_id("undoer"))
        scene.booking.take([decision])
        assert await again.reply == Answer(row.answer, an_id("undoer"))

    play(scenario)


def test_a_tombstone_ends_the_message_that_it_voids() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(a_settle_request())
        row = scene.decide(
            call, sign=0, kind=int(Kind.TOMBSTONE), status=int(Status.VOIDED), digest=bytes(32), asked_fen=0
        )
        assert await call.reply == Answer(row.answer)
        assert scene.database.open_ids == set()

    play(scenario)


def test_decisions_for_which_there_is_no_room_are_dropped_for_the_timer_to_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(booking_module, "DECISIONS_MAX", 2)

    async def main() -> None:
        scene = Scene()
        rows = [a_care_row(str(number), number, bill=an_id(str(number))) for number in range(1, 5)]
        scene.booking.take([a_decision(row) for row in rows])
        assert len(scene.booking) == 2
        async with scene.running():
            await asyncio.sleep(0.1)
            assert scene.database.care_rows == rows[:2]

    run(main())
