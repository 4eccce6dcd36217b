"""W1: what is admitted is claimed together, then sent; what goes wrong with the write is never a refusal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gateway import claims as claims_module
from gateway.calls import Answer, NotFinal
from gateway.care_book import ClaimConflict, Known, RequestRow, RowRefused, Sought
from gateway.refusals import Refused
from ledger.life import Kind
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, line_keys, setl_id_text
from tests.builders import (
    OTHER_PSN,
    a_cancel_request,
    a_care_row,
    a_line,
    a_reverse_request,
    a_sale_request,
    a_settle_request,
    a_visit,
    an_id,
    the_id,
)
from tests.gateway_scene import Scene
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase
from tests.simulation.fake_log import no_checkpoint
from tests.simulation.virtual_time import run

SETTLE = a_settle_request()
ID = the_id("2207", "m1")


def play(scenario: Callable[[Scene], Awaitable[None]], **scene: Any) -> None:
    async def main() -> None:
        made = Scene(**scene)
        async with made.running():
            await scenario(made)

    run(main())


def code_of(reply: object) -> str:
    assert isinstance(reply, Refused), reply
    return reply.code


def outcome_of(reply: object) -> pb.Outcome:
    assert isinstance(reply, Answer), reply
    return pb.Outcome.FromString(reply.outcome)


class Spoiled(FakeCareBook):
    """A book that refuses rows of the msgid `poison`, with their line or without."""

    tells_line = True

    async def claim(self, rows: Sequence[RequestRow]) -> None:
        for line, row in enumerate(rows):
            if row.msgid == "poison":
                raise RowRefused(line if self.tells_line else None)
        await super().claim(rows)


class Contended(FakeCareBook):
    """A book where somebody else is always first."""

    tries = 0

    async def claim(self, rows: Sequence[RequestRow]) -> None:
        self.tries += 1
        raise ClaimConflict


# ------------------------------------------------------------------------------------------------- order of things


def test_only_what_is_claimed_is_sent_and_with_the_bytes_that_were_stored() -> None:
    async def scenario(scene: Scene) -> None:
        async def not_yet(name: str) -> None:
            if name == "care.claim":
                await asyncio.sleep(1)
                assert scene.log.sent == []

        scene.book._checkpoint = not_yet
        scene.submit(SETTLE)
        await asyncio.sleep(1.1)
        (record,) = (one.record for one in scene.log.sent)
        assert list(record.items) == [scene.database.tables.requests[ID].item]

    play(scenario)


def test_a_refused_message_stores_and_sends_nothing() -> None:
    async def scenario(scene: Scene) -> None:
        before = scene.database.tables.copy()
        replies = await scene.replies(
            a_settle_request("m" * 31),
            a_settle_request("m2", psn_no=OTHER_PSN),
            a_settle_request("m3", mdtrt_id=setl_id_text(an_id("never"))),
            a_settle_request("m4", medfee_sumamt=-5),
        )
        assert [code_of(reply) for reply in replies] == [
            "INVALID", "WRONG_PERSON", "UNKNOWN_VISIT", "INVALID"
        ]  # fmt: skip
        assert scene.database.tables == before
        assert scene.log.sent == []

    play(scenario)


def test_one_refused_message_refuses_only_itself() -> None:
    async def scenario(scene: Scene) -> None:
        bad, good = scene.submit(a_settle_request("bad", psn_no=OTHER_PSN)), scene.submit(SETTLE)
        assert code_of(await bad.reply) == "WRONG_PERSON"
        await asyncio.sleep(0.1)
        assert scene.database.open_ids == {good.id}

    play(scenario)


# ------------------------------------------------------------------------------------------------- one flush


def test_repeats_of_a_refused_message_do_not_take_a_flush_each() -> None:
    """A HIS gone wild with one bad message must not keep the others waiting."""
    bad = a_settle_request(medfee_sumamt=1)

    async def scenario(scene: Scene) -> None:
        reads: list[int] = []
        read = scene.book.read

        async def counted(sought: Sequence[Sought]) -> Known:
            reads.append(len(sought))
            return await read(sought)  # type: ignore[no-any-return]

        scene.book.read = counted
        replies = await scene.replies(*[bad] * 300, a_cancel_request("?"))
        assert {code_of(reply) for reply in replies} == {"INVALID"}
        assert len(reads) <= 2
        spoilt, sent, again = await scene.claimed(bad, SETTLE, SETTLE)  # a refusal speaks of its call only
        assert code_of(await spoilt.reply) == "INVALID"
        row = scene.decide(sent)
        assert [await call.reply for call in (sent, again)] == [Answer(row.answer)] * 2

    play(scenario)


def test_a_call_is_unanswered_until_its_reply_or_until_its_caller_has_gone() -> None:
    async def scenario(scene: Scene) -> None:
        refused = scene.desk.submit(a_settle_request("m1", medfee_sumamt=-1), scene.deadline_ms())
        left = scene.desk.submit(a_settle_request("m2"), scene.deadline_ms())
        assert scene.claims.unanswered == 2
        await refused
        assert scene.claims.unanswered == 1
        left.cancel()
        await asyncio.sleep(0)
        assert scene.claims.unanswered == 0

    play(scenario)


def test_two_settlements_of_a_visit_in_one_flush_are_one_settlement_and_a_busy_visit() -> None:
    async def scenario(scene: Scene) -> None:
        first, second = await scene.claimed(SETTLE, a_settle_request("m2", chrg_bchno="batch-2"))
        assert code_of(await second.reply) == "BUSY_VISIT"
        assert scene.database.open_ids == {first.id}
        scene.decide(first)
        await first.reply
        await scene.claimed(a_settle_request("m2", chrg_bchno="batch-2"))
        assert scene.database.open_ids == {second.id}

    play(scenario)


def test_one_sale_under_two_numbers_in_one_flush_does_not_throw_the_flush_away() -> None:
    async def scenario(scene: Scene) -> None:
        first, second, other = await scene.claimed(
            a_sale_request("s1", invono="inv-1"), a_sale_request("s2", invono="inv-2"), SETTLE
        )
        assert code_of(await second.reply) == "BUSY_VISIT"
        assert scene.database.open_ids == {first.id, other.id}
        scene.decide(first)
        await first.reply
        await scene.claimed(a_sale_request("s2", invono="inv-2"))
        tables = scene.database.tables  # the same sale: its bill, where the node finds it paid
        assert tables.requests[second.id].visit == tables.requests[first.id].visit

    play(scenario)


def test_a_reversal_that_may_mean_another_person_s_message_does_not_throw_the_flush_away() -> None:
    async def scenario(scene: Scene) -> None:
        others = a_cancel_request(setl_id_text(an_id("x")), "m1", infno="2305", psn_no=OTHER_PSN)
        await scene.replies(others)
        reversal, settle = await scene.claimed(a_reverse_request("m1"), a_settle_request("m5"))
        assert outcome_of(await reversal.reply).status == pb.OUTCOME_STATUS_OK
        assert scene.database.open_ids == {settle.id}
        assert scene.database.tables.claims[ID].kind == Kind.TOMBSTONE

    play(scenario)


def test_two_reversals_of_one_unknown_message_void_it_once() -> None:
    async def scenario(scene: Scene) -> None:
        first, second = await scene.replies(a_reverse_request("m1", "r1"), a_reverse_request("m1", "r2"))
        assert outcome_of(first).status == pb.OUTCOME_STATUS_OK
        assert code_of(second) == "BUSY_VISIT"
        (again,) = await scene.replies(a_reverse_request("m1", "r2"))
        assert outcome_of(again).code == "NOTHING_TO_UNDO"

    play(scenario)


def test_a_message_and_its_reversal_in_one_flush_never_both_take_effect() -> None:
    async def scenario(scene: Scene) -> None:
        reversal, settle = await scene.replies(a_reverse_request("m1"), SETTLE)
        assert outcome_of(reversal).status == pb.OUTCOME_STATUS_OK
        assert code_of(settle) == "BUSY_VISIT"
        assert outcome_of((await scene.replies(SETTLE))[0]).status == pb.OUTCOME_STATUS_VOIDED

    play(scenario)


# ------------------------------------------------------------------------------------------------- lines


async def booked_bill(scene: Scene, bill: str, *sns: str) -> None:
    """A live bill of the visit that holds these lines."""
    keys = line_keys(list(sns))
    row = a_care_row(bill, 9, visit=a_visit().id, bill=bill_key(a_visit().id, bill), line_keys=keys)
    await scene.book.book([row])


def test_a_line_that_is_in_another_live_bill_is_not_settled_twice() -> None:
    async def scenario(scene: Scene) -> None:
        await booked_bill(scene, "batch-9", "line-1", "line-2")
        (reply,) = await scene.replies(SETTLE)
        assert code_of(reply) == "LINES_IN_LIVE_BILL"
        assert scene.database.open_ids == set()
        await scene.claimed(a_settle_request("m2", lines=[a_line("line-3")]))
        assert scene.database.open_ids == {the_id("2207", "m2")}

    play(scenario)


def test_a_revival_whose_lines_were_settled_since_is_declined_here() -> None:
    async def scenario(scene: Scene) -> None:
        (settle,) = await scene.claimed(SETTLE)
        place = {"bill": bill_key(a_visit().id, "batch-1"), "line_keys": line_keys(["line-1"])}
        scene.decide(settle, number=1, **place)
        await settle.reply
        (cancel,) = await scene.claimed(a_cancel_request(setl_id_text(settle.id), "c1"))
        undone = {"status": 5, "undoes": settle.id, "settlement": settle.id}
        scene.decide(cancel, number=2, sign=-1, **undone, **place)
        await cancel.reply
        await booked_bill(scene, "batch-2", "line-1")

        (reply,) = await scene.replies(a_reverse_request("c1", "r1", oinfno="2208"))
        assert (outcome_of(reply).status, outcome_of(reply).code) == (
            pb.OUTCOME_STATUS_DECLINED, "SUPERSEDED"
        )  # fmt: skip
        assert scene.database.open_ids == set()

    play(scenario)


# ------------------------------------------------------------------------------------------------- conflicts


def test_whoever_loses_the_race_for_an_id_reads_again_and_waits_for_the_winner_s() -> None:
    async def scenario(scene: Scene) -> None:
        other = Scene(book=FakeCareBook(scene.database, slot=1), slot=1)
        async with other.running():
            won = False

            async def be_first(name: str) -> None:
                nonlocal won
                if name == "care.claim" and not won:
                    won = True
                    await other.claimed(SETTLE)

            scene.book._checkpoint = be_first
            (loser,) = await scene.claimed(SETTLE)
            await asyncio.sleep(0.1)
            assert (len(scene.log.items()), len(other.log.items())) == (1, 1)
            row = scene.decide(loser)
            assert await loser.reply == Answer(row.answer)

    play(scenario)


def test_a_flush_that_always_loses_gives_up_and_says_so() -> None:
    async def main() -> None:
        book = Contended(FakeCareDatabase())
        scene = Scene(book=book)
        book._database = scene.database
        async with scene.running():
            (reply,) = await scene.replies(SETTLE)
            assert (code_of(reply), book.tries) == ("CONTENDED", claims_module.ATTEMPTS_MAX)
            assert scene.log.sent == []

    run(main())


@pytest.mark.parametrize("tells_line", [True, False])
def test_a_row_that_the_book_does_not_take_is_left_out_with_an_alarm(tells_line: bool) -> None:
    async def main() -> None:
        book = Spoiled(FakeCareDatabase())
        book.tells_line = tells_line
        scene = Scene(book=book)
        book._database = scene.database
        async with scene.running():
            good, bad = await scene.claimed(SETTLE, a_sale_request("poison"))
            assert code_of(await bad.reply) == "INTERNAL"
            assert len(scene.alarms) == 1
            assert scene.alarmed == [setl_id_text(bad.id) if tells_line else ""]
            if tells_line:
                assert scene.database.open_ids == {good.id}
            else:
                assert code_of(await good.reply) == "INTERNAL"
                assert scene.database.open_ids == set()

    run(main())


# ------------------------------------------------------------------------------------------------- unknown ends


def test_a_w1_of_unknown_end_is_pending_and_what_it_wrote_is_sent_once_that_can_be_read() -> None:
    async def scenario(scene: Scene) -> None:
        scene.database.lose_acknowledgement("claim")
        (reply,) = await scene.replies(SETTLE)
        assert reply == NotFinal(ID, "m1", "2207")
        assert scene.log.sent == []
        await scene.claimed(a_reverse_request("other"))  # whatever comes next
        assert [item.id for item in scene.log.items()] == [ID]
        assert ID in scene.dispatch

    play(scenario)


def test_a_w1_of_unknown_end_that_wrote_nothing_is_pending_too_and_can_be_sent_again() -> None:
    async def scenario(scene: Scene) -> None:
        async def fail(name: str) -> None:
            if name == "care.claim":
                scene.database.up = False

        scene.book._checkpoint = fail
        (reply,) = await scene.replies(SETTLE)
        assert isinstance(reply, NotFinal)
        scene.book._checkpoint = no_checkpoint
        scene.database.up = True
        (again,) = await scene.claimed(SETTLE)
        row = scene.decide(again)
        assert await again.reply == Answer(row.answer)

    play(scenario)


def test_a_repeat_of_a_w1_of_unknown_end_waits_for_it() -> None:
    async def scenario(scene: Scene) -> None:
        scene.database.lose_acknowledgement("claim")
        await scene.replies(SETTLE)
        (again,) = await scene.claimed(SETTLE)
        row = scene.decide(again)
        assert await again.reply == Answer(row.answer)
        assert len(scene.log.items()) == 1

    play(scenario)


def test_a_book_that_is_down_refuses_and_comes_back() -> None:
    async def scenario(scene: Scene) -> None:
        scene.database.up = False
        (reply,) = await scene.replies(SETTLE)
        assert code_of(reply) == "BOOK_UNAVAILABLE"
        assert isinstance(reply, Refused)
        assert reply.retry_after_ms > 0
        scene.database.up = True
        await asyncio.sleep(1)
        await scene.claimed(SETTLE)
        assert scene.database.open_ids == {ID}

    play(scenario)


# ------------------------------------------------------------------------------------------------- room and silence


def test_a_full_queue_refuses_and_nothing_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "CALLS_MAX", 2)

    async def main() -> None:
        scene = Scene()
        kept = [scene.submit(a_reverse_request(f"o{place}", f"r{place}")) for place in range(2)]
        refused = scene.submit(SETTLE)
        assert code_of(refused.reply.result()) == "QUEUE_FULL"
        assert len(scene.claims) == 2
        async with scene.running():
            await asyncio.sleep(0.1)
            assert all(call.reply.done() for call in kept)
            assert ID not in scene.database.tables.claims
            await scene.claimed(SETTLE)
            assert scene.database.open_ids == {ID}

    run(main())


def test_who_looks_after_too_many_takes_no_more_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.claimed(SETTLE)
        monkeypatch.setattr("gateway.dispatch.WAITING_MAX", 1)
        assert code_of(scene.submit(a_settle_request("m2")).reply.result()) == "QUEUE_FULL"

    play(scenario)


def test_a_silent_node_gets_no_settlement_but_its_reversals() -> None:
    async def scenario(scene: Scene) -> None:
        (settle,) = await scene.claimed(SETTLE)
        scene.decide(settle)
        await settle.reply
        scene.beating = False
        await asyncio.sleep(10)
        (refused,) = await scene.replies(a_settle_request("m2"))
        assert code_of(refused) == "NODE_SILENT"

        response = await scene.desk.claimed(a_reverse_request("m1"), scene.deadline_ms(3_000))
        assert isinstance(response, pb.ReverseResponse)
        assert response.pending.omsgid == "m3"
        await asyncio.sleep(120)
        assert scene.database.open_ids == {the_id("2601", "m3")}
        sent = len(scene.log.items())
        scene.beat()
        await asyncio.sleep(0)
        assert scene.log.items()[sent:][0].kind == mpb.KIND_REVERSE

    play(scenario)


def test_who_has_stopped_waiting_before_its_turn_is_not_claimed_but_a_reversal_is() -> None:
    async def main() -> None:
        scene = Scene()
        settle, reversal = scene.submit(SETTLE), scene.submit(a_reverse_request("m7"))
        settle.reply.cancel()
        reversal.reply.cancel()
        async with scene.running():
            await asyncio.sleep(0.1)
            claims = scene.database.tables.claims
            assert settle.id not in claims
            assert claims[the_id("2207", "m7")].kind == Kind.TOMBSTONE

    run(main())
