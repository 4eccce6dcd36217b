"""A known id is recognised before any check: whoever sends it again, whenever, gets its one outcome or waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.calls import Answer
from gateway.care_book import VISIT_CANCELLED
from gateway.entrance import NO_DIGEST
from gateway.refusals import Refused
from ledger.life import Kind, Status
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import HOSPITAL, a_reverse_request, a_settle_request, a_visit, an_id, an_opening, the_id
from tests.gateway_scene import Scene
from tests.simulation.fake_care_book import FakeCareBook
from tests.simulation.virtual_time import run

SETTLE = a_settle_request()
OTHER_CONTENT = a_settle_request(acct_used_flag="1")


def play(scenario: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        scene = Scene()
        async with scene.running():
            await scenario(scene)

    run(main())


def code_of(reply: object) -> str:
    assert isinstance(reply, Refused), reply
    return reply.code


def test_a_repeat_after_its_visit_was_closed_and_its_node_fell_silent_is_answered() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)
        row = scene.decide(call)
        assert await call.reply == Answer(row.answer)
        visit = scene.database.tables.visits[a_visit().id]
        scene.database.tables.visits[visit.id] = visit._replace(state=VISIT_CANCELLED)
        scene.beating = False
        await asyncio.sleep(10)

        repeat, fresh = await scene.replies(SETTLE, a_settle_request("m9"))
        assert repeat == Answer(row.answer)
        assert code_of(fresh) == "VISIT_CLOSED"

    play(scenario)


def test_a_repeat_after_its_institution_was_suspended_is_answered() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)
        row = scene.decide(call)
        assert await call.reply == Answer(row.answer)
        directory = scene.house.directory
        suspended = replace(directory.institutions[HOSPITAL], network="suspended")
        institutions = {**directory.institutions, HOSPITAL: suspended}
        house = replace(scene.house, slot=1, directory=replace(directory, institutions=institutions))
        later = Scene(book=FakeCareBook(scene.database, slot=1), slot=1, house=house)
        later.database = scene.database
        async with later.running():
            repeat, fresh = await later.replies(SETTLE, a_settle_request("m9"))
        assert repeat == Answer(row.answer)
        assert code_of(fresh) == "NOT_IN_AGREEMENT"

    play(scenario)


def test_a_repeat_of_an_open_message_waits_for_its_outcome_and_is_not_claimed_again() -> None:
    async def scenario(scene: Scene) -> None:
        first, again = await scene.claimed(SETTLE, SETTLE)  # in one flush
        (late,) = await scene.claimed(SETTLE)  # in another
        assert len(scene.database.tables.requests) == 1
        row = scene.decide(first)
        assert [await call.reply for call in (first, again, late)] == [Answer(row.answer)] * 3
        assert len(scene.log.items()) == 1

    play(scenario)


def test_a_repeat_at_another_slot_is_sent_from_there_and_answered_there() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.claimed(SETTLE)
        other = Scene(book=FakeCareBook(scene.database, slot=1), slot=1)
        other.database = scene.database
        async with other.running():
            (there,) = await other.claimed(SETTLE)
            assert [one.record.slot for one in other.log.sent] == [1]
            assert other.log.items() == scene.log.items()
            row = other.decide(there)
            assert await there.reply == Answer(row.answer)

    play(scenario)


def test_a_repeat_says_beside_the_bytes_what_has_undone_it_since() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)
        row = scene.decide(call)
        await call.reply
        (reversal,) = await scene.claimed(a_reverse_request("m1"))
        scene.decide(
            reversal, number=2, sign=-1, status=int(Status.OK), undoes=call.id, settlement=call.id, seals=True
        )
        await reversal.reply
        assert await scene.replies(SETTLE) == [Answer(row.answer, reversal.id)]

    play(scenario)


def test_the_same_msgid_with_other_content_is_refused_while_open_and_for_ever() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)
        assert [code_of(reply) for reply in await scene.replies(OTHER_CONTENT)] == ["MSGID_REUSED"]
        scene.decide(call)
        await call.reply
        assert [code_of(reply) for reply in await scene.replies(OTHER_CONTENT)] == ["MSGID_REUSED"]
        assert len(scene.log.items()) == 1

    play(scenario)


def test_both_contents_of_one_msgid_in_one_flush_are_one_message_and_one_refusal() -> None:
    async def scenario(scene: Scene) -> None:
        first, other = await scene.claimed(SETTLE, OTHER_CONTENT)
        assert code_of(await other.reply) == "MSGID_REUSED"
        assert not first.reply.done()
        assert len(scene.log.items()) == 1

    play(scenario)


def test_a_booked_outcome_with_another_content_s_digest_is_told_to_nobody_else() -> None:
    """The node had decided another content of this msgid before, for a region that was restored, say."""

    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)
        scene.decide(call, digest=an_id("other") * 2)
        assert code_of(await call.reply) == "MSGID_REUSED"
        assert [code_of(reply) for reply in await scene.replies(SETTLE)] == ["MSGID_REUSED"]

    play(scenario)


def test_a_message_that_was_reversed_before_it_came_is_voided_whatever_it_says() -> None:
    async def scenario(scene: Scene) -> None:
        (reversed_,) = await scene.replies(a_reverse_request("m1"))
        assert isinstance(reversed_, Answer)
        assert pb.Outcome.FromString(reversed_.outcome).status == pb.OUTCOME_STATUS_OK
        voided, again = await scene.replies(SETTLE, OTHER_CONTENT)
        assert voided == again
        assert isinstance(voided, Answer)
        assert pb.Outcome.FromString(voided.outcome).status == pb.OUTCOME_STATUS_VOIDED
        assert scene.log.items() == []

    play(scenario)


def test_a_message_that_its_node_voided_is_answered_voided_whatever_it_says() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)
        row = scene.decide(
            call, sign=0, kind=int(Kind.TOMBSTONE), status=int(Status.VOIDED), digest=NO_DIGEST
        )
        assert await call.reply == Answer(row.answer)
        assert await scene.replies(SETTLE, OTHER_CONTENT) == [Answer(row.answer)] * 2

    play(scenario)


def test_an_opening_is_answered_from_what_was_stored_and_nobody_is_asked_again() -> None:
    async def scenario(scene: Scene) -> None:
        first, again = await scene.replies(an_opening(), an_opening())
        assert isinstance(first, Answer)
        assert first == again
        await asyncio.sleep(3)  # a second later its answer would tell another time
        assert await scene.replies(an_opening()) == [first]
        assert the_id("2201", "v1") in scene.database.tables.own

    play(scenario)


def test_what_is_booked_between_two_looks_is_answered_all_the_same() -> None:
    async def scenario(scene: Scene) -> None:
        (call,) = await scene.claimed(SETTLE)

        async def book_behind_its_back(name: str) -> None:
            if name == "care.open_items" and call.id in scene.database.tables.opens:
                scene.decide(call)
                await call.reply

        scene.book._checkpoint = book_behind_its_back
        (reply,) = await scene.replies(SETTLE)
        assert isinstance(reply, Answer)

    play(scenario)


def test_pending_comes_100_ms_before_the_deadline_and_the_message_goes_on_by_itself() -> None:
    async def scenario(scene: Scene) -> None:
        began_ms = scene.clock.now_ms()
        response = await scene.desk.claimed(SETTLE, scene.deadline_ms(5_000))
        assert scene.clock.now_ms() - began_ms == 4_900
        assert isinstance(response, pb.SettleResponse)
        assert (response.infcode, response.outcome.status) == (1, pb.OUTCOME_STATUS_UNSPECIFIED)
        assert (response.pending.omsgid, response.pending.oinfno) == ("m1", "2207")
        asked = pb.GetSettlementRequest(
            envelope=SETTLE.envelope, input=pb.GetSettlementInput(omsgid="m1", oinfno="2207")
        )
        asked.envelope.infno = "5203"
        found = await scene.queries.get_settlement(asked)
        assert isinstance(found, pb.GetSettlementResponse)
        assert found.found[0].pending == response.pending

        (call,) = await scene.claimed(SETTLE)
        paid = pb.Outcome(status=pb.OUTCOME_STATUS_PAID, setl_id="x").SerializeToString()
        scene.decide(call, answer=paid)
        await call.reply
        found = await scene.queries.get_settlement(asked)
        assert isinstance(found, pb.GetSettlementResponse)
        assert found.found[0].outcome.SerializeToString() == paid

    play(scenario)


def test_an_answer_in_time_is_given_at_once() -> None:
    async def scenario(scene: Scene) -> None:
        waiting = asyncio.ensure_future(scene.desk.claimed(SETTLE, scene.deadline_ms()))
        await asyncio.sleep(0.05)
        (repeat,) = await scene.claimed(SETTLE)
        scene.decide(repeat, answer=pb.Outcome(status=pb.OUTCOME_STATUS_PAID).SerializeToString())
        response = await waiting
        assert isinstance(response, pb.SettleResponse)
        assert (response.infcode, response.outcome.status) == (0, pb.OUTCOME_STATUS_PAID)
        assert scene.clock.monotonic_s() < 0.5

    play(scenario)


def test_who_goes_before_the_claim_leaves_nothing_behind_but_a_reversal() -> None:
    async def scenario(scene: Scene) -> None:
        for request, kinds in ((SETTLE, set()), (a_reverse_request("m9"), {Kind.REVERSE, Kind.TOMBSTONE})):
            waiting = asyncio.ensure_future(scene.desk.claimed(request, scene.deadline_ms()))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0.3)
            assert waiting.cancelled()
            assert {row.kind for row in scene.database.tables.requests.values()} == kinds

    play(scenario)


def test_what_was_claimed_goes_on_when_its_caller_has_gone() -> None:
    async def scenario(scene: Scene) -> None:
        waiting = asyncio.ensure_future(scene.desk.claimed(SETTLE, scene.deadline_ms()))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.3)
        assert waiting.cancelled()
        (again,) = await scene.claimed(SETTLE)
        row = scene.decide(again)
        assert await again.reply == Answer(row.answer)
        assert len(scene.log.items()) == 1  # sent once, before the caller went

    play(scenario)


def test_a_deadline_is_30_s_where_none_is_given_and_60_s_at_most() -> None:
    async def scenario(scene: Scene) -> None:
        now_ms = scene.clock.now_ms()
        given = {None: 30_000, 1.5: 1_500, 3600.0: 60_000}
        assert {wait: scene.desk.deadline_ms(wait) - now_ms for wait in given} == given

    play(scenario)
