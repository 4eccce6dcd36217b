"""Session: one result per call by its place, a refused one refuses only itself, eight messages at a time, no hanging."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from gateway.session import CALLS_MAX, MESSAGES_IN_FLIGHT_MAX
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import (
    OTHER_PSN,
    a_reverse_request,
    a_settle_request,
    a_visit_cancel,
    an_envelope,
    an_opening,
    the_id,
)
from tests.gateway_scene import Scene
from tests.simulation.virtual_time import run


def play(scenario: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        scene = Scene()
        async with scene.running():
            await scenario(scene)

    run(main())


def settle(msgid: str = "m1", **changes: Any) -> pb.SessionCall:
    return pb.SessionCall(settle=a_settle_request(msgid, **changes))


def reverse(omsgid: str, msgid: str) -> pb.SessionCall:
    return pb.SessionCall(reverse=a_reverse_request(omsgid, msgid))


def message(*calls: pb.SessionCall, batch_no: int = 1, timeout_ms: int = 0) -> pb.SessionRequest:
    return pb.SessionRequest(batch_no=batch_no, timeout_ms=timeout_ms, calls=calls)


async def stream(messages: Sequence[pb.SessionRequest], taken: list[int] | None = None) -> AsyncIterator[Any]:
    """A client's messages; `taken` notes what the gateway has read."""
    for one in messages:
        if taken is not None:
            taken.append(one.batch_no)
        yield one


def test_results_stand_in_the_places_of_their_calls() -> None:
    async def scenario(scene: Scene) -> None:
        calls = [
            settle("bad", psn_no=OTHER_PSN),
            reverse("x", "r1"),
            pb.SessionCall(),
            pb.SessionCall(open_visit=an_opening()),
            pb.SessionCall(cancel_visit=a_visit_cancel()),
            reverse("y", "r2"),
            settle("no visit", mdtrt_id=""),
        ]
        response = await scene.session.answer(message(*calls, batch_no=7))
        assert response.batch_no == 7
        assert [one.WhichOneof("result") for one in response.results] == [
            "refusal", "reverse", "refusal", "open_visit", "cancel_visit", "reverse", "refusal",
        ]  # fmt: skip
        assert [one.refusal.code for one in response.results] == [
            "WRONG_PERSON", "", "INVALID", "", "", "", "INVALID"
        ]  # fmt: skip
        assert response.results[0].refusal.status_code == 9
        assert [one.field for one in response.results[6].refusal.violations] == ["input.mdtrt_id"]
        assert [response.results[place].reverse.outcome.medins_setl_id for place in (1, 5)] == ["r1", "r2"]

    play(scenario)


def test_a_message_is_answered_as_soon_as_all_of_it_is_final() -> None:
    async def scenario(scene: Scene) -> None:
        answering = asyncio.ensure_future(scene.session.answer(message(settle(), reverse("x", "r1"))))
        await asyncio.sleep(1)
        assert not answering.done()
        (repeat,) = await scene.claimed(a_settle_request())
        scene.decide(repeat, answer=pb.Outcome(status=pb.OUTCOME_STATUS_PAID).SerializeToString())
        response = await answering
        assert [one.WhichOneof("result") for one in response.results] == ["settle", "reverse"]
        assert response.results[0].settle.outcome.status == pb.OUTCOME_STATUS_PAID
        assert scene.clock.monotonic_s() < 2

    play(scenario)


def test_what_is_not_final_100_ms_before_the_message_s_deadline_is_pending_and_goes_on() -> None:
    async def scenario(scene: Scene) -> None:
        began_ms = scene.clock.now_ms()
        response = await scene.session.answer(message(settle(), reverse("x", "r1"), timeout_ms=2_000))
        assert scene.clock.now_ms() - began_ms == 1_900
        pending, done = response.results
        assert (pending.settle.infcode, pending.settle.pending.omsgid) == (1, "m1")
        assert done.reverse.outcome.status == pb.OUTCOME_STATUS_OK
        assert scene.database.open_ids == {the_id("2207", "m1")}

        await scene.session.answer(message(settle("m1")))
        waited_ms = scene.clock.now_ms() - began_ms - 1_900
        assert abs(waited_ms - 29_900) <= 1  # 30 s where nothing is said

    play(scenario)


def test_a_message_with_too_many_calls_is_refused_call_by_call_and_does_nothing() -> None:
    async def scenario(scene: Scene) -> None:
        most = [reverse(f"o{place}", f"r{place}") for place in range(CALLS_MAX)]
        refused = await scene.session.answer(message(*most, reverse("one", "more")))
        assert len(refused.results) == CALLS_MAX + 1
        assert {one.refusal.code for one in refused.results} == {"INVALID"}
        assert scene.database.tables.claims == {}
        taken = await scene.session.answer(message(*most))
        assert {one.WhichOneof("result") for one in taken.results} == {"reverse"}

    play(scenario)


def test_a_call_that_fails_in_a_way_nobody_planned_refuses_only_itself() -> None:
    async def scenario(scene: Scene) -> None:
        async def fail(request: Any) -> Any:
            raise ZeroDivisionError

        scene.session._single["get_settlement"] = lambda request, _: fail(request)
        query = pb.GetSettlementRequest(envelope=an_envelope("5203", "q1"))
        response = await scene.session.answer(
            message(pb.SessionCall(get_settlement=query), reverse("x", "r1"))
        )
        assert response.results[0].refusal.code == "INTERNAL"
        assert response.results[1].reverse.outcome.status == pb.OUTCOME_STATUS_OK

    play(scenario)


def test_queries_are_answered_in_a_session_too() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.claimed(a_settle_request())
        query = pb.GetSettlementRequest(
            envelope=an_envelope("5203", "q1"), input=pb.GetSettlementInput(omsgid="m1", oinfno="2207")
        )
        response = await scene.session.answer(message(pb.SessionCall(get_settlement=query)))
        assert response.results[0].get_settlement.found[0].pending.omsgid == "m1"

    play(scenario)


def test_the_ninth_message_waits_until_one_was_answered() -> None:
    async def scenario(scene: Scene) -> None:
        taken: list[int] = []
        slow = [message(settle(f"m{no}"), batch_no=no, timeout_ms=5_000) for no in range(1, 4)]
        messages = [*slow, *(message(settle("m1"), batch_no=no, timeout_ms=9_000) for no in range(4, 11))]
        answers = scene.session.answers(stream(messages, taken))
        first = asyncio.ensure_future(anext(answers))
        await asyncio.sleep(2)
        assert len(taken) == MESSAGES_IN_FLIGHT_MAX == 8
        await first
        await asyncio.sleep(1)
        assert len(taken) == 8  # until the client has taken the answer, and asks for the next
        rest = [one.batch_no async for one in answers]
        assert sorted([(await first).batch_no, *rest]) == list(range(1, 11))
        assert taken == list(range(1, 11))

    play(scenario)


def test_answers_come_in_the_order_in_which_they_are_ready() -> None:
    async def scenario(scene: Scene) -> None:
        messages = [
            message(settle(), batch_no=1, timeout_ms=3_000), message(reverse("x", "r1"), batch_no=2)
        ]  # fmt: skip
        assert [one.batch_no async for one in scene.session.answers(stream(messages))] == [2, 1]

    play(scenario)


def test_a_client_that_reads_late_gets_every_answer_and_the_end() -> None:
    async def scenario(scene: Scene) -> None:
        messages = [message(reverse(f"o{no}", f"r{no}"), batch_no=no) for no in range(30)]
        answers = scene.session.answers(stream(messages))
        seen = [(await anext(answers)).batch_no]
        await asyncio.sleep(60)
        async for one in answers:
            seen.append(one.batch_no)
            await asyncio.sleep(1)
        assert sorted(seen) == list(range(30))

    play(scenario)


def test_a_stream_that_the_client_leaves_leaves_no_work_of_its_own_behind() -> None:
    async def scenario(scene: Scene) -> None:
        before = asyncio.all_tasks()
        answers = scene.session.answers(stream([message(reverse("x", "r1")), message(settle())]))
        await anext(answers)
        await answers.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == before
        assert scene.database.open_ids == {the_id("2207", "m1")}  # what was claimed goes on

    play(scenario)


def test_an_empty_stream_and_an_empty_message_have_their_answers() -> None:
    async def scenario(scene: Scene) -> None:
        assert [one async for one in scene.session.answers(stream([]))] == []
        assert (await scene.session.answer(message())).results == []

    play(scenario)
