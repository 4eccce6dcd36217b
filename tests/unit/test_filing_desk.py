"""A filing goes to its home node first and is claimed with what the node answered; known ones are answered from here."""

import asyncio
from typing import Any

from gateway.refusals import Refused
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import (
    NODE,
    OTHER_PSN,
    PARTITION,
    PSN,
    a_filing,
    a_withdrawal,
    an_envelope,
    an_id,
    an_opening,
)
from tests.gateway_scene import Scene
from tests.simulation.virtual_time import run

FILED = pb.Outcome(
    status=pb.OUTCOME_STATUS_OK, infno="2501", filing=pb.FilingInfo(psn_no=PSN, fil_type="other")
)


def asks_of(scene: Scene) -> list[mpb.Ask]:
    return [ask for one in scene.log.sent for ask in one.record.asks]


async def answered(scene: Scene, request: Any, **answer: Any) -> Any:
    """The response to a call, whose question to the node is answered so."""
    before = len(asks_of(scene))
    calling = asyncio.ensure_future(scene.desk.claimed(request, scene.deadline_ms()))
    await asyncio.sleep(0.5)
    assert len(asks_of(scene)) == before + 1
    sent = next(one for one in reversed(scene.log.sent) if one.record.asks)
    assert (sent.topic, sent.partition) == (f"req.{NODE}", PARTITION)
    scene.asks.answered(mpb.AskAnswer(ask_id=sent.record.asks[-1].ask_id, **answer))
    return await calling


def test_what_the_node_said_is_the_answer_for_ever_and_it_is_asked_once() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        async with scene.running():
            first = await answered(scene, a_filing(), answer=FILED.SerializeToString())
            assert (first.infcode, first.outcome) == (0, FILED)
            again = await scene.desk.claimed(a_filing(), scene.deadline_ms())
            other = await scene.desk.claimed(a_filing(psn_no=OTHER_PSN), scene.deadline_ms())
        assert again == first
        assert isinstance(other, Refused)
        assert other.code == "MSGID_REUSED"
        assert len(asks_of(scene)) == 1

    run(main())


def test_a_refusal_of_the_node_is_a_refusal_and_nothing_is_stored() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        withdrawal = a_withdrawal(an_id("f"))
        async with scene.running():
            for said, code in (("PERSON_UNKNOWN", "UNKNOWN_PERSON"), ("WHATEVER", "INTERNAL")):
                refused = await answered(scene, withdrawal, refusal_code=said, err_msg="why")
                assert (refused.code, refused.err_msg) == (code, "why")
        assert not scene.database.tables.claims

    run(main())


def test_a_node_that_does_not_answer_in_time_leaves_the_same_message_to_be_sent_again() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        async with scene.running():
            refused = await scene.desk.claimed(a_filing(), scene.deadline_ms(2_000))
            assert isinstance(refused, Refused)
            assert refused.code == "NOT_ANSWERED"
            assert refused.retry_after_ms > 0
            response = await answered(scene, a_filing(), answer=FILED.SerializeToString())
            assert response.outcome == FILED
        first, second = (ask.filing for ask in asks_of(scene))
        assert first == second, "the node must know the second for the first"

    run(main())


def test_a_filing_whose_claim_was_lost_is_answered_by_the_node_once_more() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        async with scene.running():
            calling = asyncio.ensure_future(scene.desk.claimed(a_filing(), scene.deadline_ms()))
            await asyncio.sleep(0.5)
            scene.database.up = False
            ask = asks_of(scene)[-1]
            scene.asks.answered(mpb.AskAnswer(ask_id=ask.ask_id, answer=FILED.SerializeToString()))
            refused = await calling
            assert isinstance(refused, Refused)
            assert (refused.code, refused.retry_after_ms > 0) == ("BOOK_UNAVAILABLE", True)
            scene.database.up = True
            response = await answered(scene, a_filing(), answer=FILED.SerializeToString())
            assert response.outcome == FILED
            again = await scene.desk.claimed(a_filing(), scene.deadline_ms())
            assert again == response

    run(main())


def test_a_claim_of_unknown_end_is_pending_and_then_told() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        async with scene.running():
            scene.database.lose_acknowledgement("claim")
            pending = await answered(scene, a_filing(), answer=FILED.SerializeToString())
            assert (pending.pending.omsgid, pending.pending.oinfno) == ("f1", "2501")
            again = await scene.desk.claimed(a_filing(), scene.deadline_ms())
        assert isinstance(again, fpb.FileResponse)
        assert again.outcome == FILED
        assert len(asks_of(scene)) == 1

    run(main())


def test_a_filing_is_found_by_the_message_that_filed_it() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        async with scene.running():
            await answered(scene, a_filing(), answer=FILED.SerializeToString())
            query = pb.GetSettlementRequest(
                envelope=an_envelope("5203", "q1"), input=pb.GetSettlementInput(omsgid="f1", oinfno="2501")
            )
            response = await scene.queries.get_settlement(query)
        assert isinstance(response, pb.GetSettlementResponse)
        assert [one.outcome for one in response.found] == [FILED]

    run(main())


def test_an_e_voucher_travels_sealed_and_no_other_credential_travels_at_all() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        async with scene.running():
            for kind in ("01", "02"):
                opening = an_opening(kind, ipt_otp_no=kind)
                opening.credential.mdtrt_cert_type, opening.credential.mdtrt_cert_no = kind, "a token"
                response = await answered(scene, opening)
                assert isinstance(response, pb.OpenVisitResponse)
        voucher, identity = (ask.coverage for ask in asks_of(scene))
        assert voucher.sealed_credential
        assert b"a token" not in voucher.sealed_credential
        assert not identity.sealed_credential

    run(main())


def test_the_list_asks_for_the_kinds_of_its_number() -> None:
    async def main() -> None:
        scene = Scene(visit=False)
        held = fpb.ListFilingsResponse(filings=[pb.FilingInfo(psn_no=PSN, fil_type="chronic")])
        for infno, kinds in (
            ("5301", ["chronic"]), ("5302", ["designated"]), ("5304", ["long_term", "referral", "emergency", "other"]),
        ):  # fmt: skip
            async with scene.running():
                request = fpb.ListFilingsRequest(
                    envelope=an_envelope(infno, infno), psn_no=PSN, date="2026-11-18"
                )
                asking = asyncio.ensure_future(scene.filings.list_filings(request, scene.deadline_ms()))
                await asyncio.sleep(0.1)
                ask = asks_of(scene)[-1]
                scene.asks.answered(mpb.AskAnswer(ask_id=ask.ask_id, answer=held.SerializeToString()))
                assert await asking == held
            assert (ask.filings.psn_no, ask.filings.date, list(ask.filings.kinds)) == (
                PSN,
                "2026-11-18",
                kinds,
            )

    run(main())
