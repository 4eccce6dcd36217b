"""The sign_no of a message: one that is signed in, read once and remembered for a minute; absent, it is not asked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.calls import Answer
from gateway.refusals import Refused
from gateway.signed_in import REMEMBERED_MS, SIGNS_MAX
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import setl_id_text
from tests.builders import HOSPITAL, OTHER_HOSPITAL, a_settle_request, an_id
from tests.gateway_scene import Scene
from tests.simulation.virtual_time import run

SIGNED, FOREIGN, NEVER = an_id("signed"), an_id("foreign"), an_id("never")


class CountedScene(Scene):
    """Counts which sign-ins are read."""

    def __init__(self) -> None:
        super().__init__()
        self.database.tables.signed_in = {SIGNED: HOSPITAL, FOREIGN: OTHER_HOSPITAL}
        self.reads: list[list[bytes]] = []
        reading = self.book.signed_in

        async def counted(ids: Sequence[bytes]) -> dict[bytes, str]:
            self.reads.append(list(ids))
            found: dict[bytes, str] = await reading(ids)
            return found

        self.book.signed_in = counted


def play(scenario: Callable[[CountedScene], Awaitable[None]]) -> None:
    async def main() -> None:
        scene = CountedScene()
        async with scene.running():
            await scenario(scene)

    run(main())


def a_message(msgid: str, sign_no: str, **changes: str) -> pb.SettleRequest:
    """A settlement that an operator sends."""
    return a_settle_request(msgid, envelope={"sign_no": sign_no}, **changes)


def code_of(reply: object) -> str:
    assert isinstance(reply, Refused), reply
    return reply.code


def test_a_message_of_nobody_who_is_signed_in_is_refused_and_says_what_to_do() -> None:
    async def scenario(scene: CountedScene) -> None:
        for number, sign_no in enumerate((setl_id_text(NEVER), setl_id_text(FOREIGN), "1", "x" * 26)):
            (reply,) = await scene.replies(a_message(f"m{number}", sign_no))
            assert code_of(reply) == "SIGN_NO_INVALID"
            assert isinstance(reply, Refused)
            assert "9001" in reply.err_msg
        assert not scene.database.tables.requests

    play(scenario)


def test_a_message_of_who_is_signed_in_or_without_a_sign_no_is_claimed() -> None:
    async def scenario(scene: CountedScene) -> None:
        await scene.claimed(a_message("m1", setl_id_text(SIGNED)))
        assert len(scene.database.tables.requests) == 1
        assert scene.reads == [[SIGNED]]

    play(scenario)

    async def without(scene: CountedScene) -> None:
        await scene.claimed(a_settle_request("m1"))
        assert len(scene.database.tables.requests) == 1
        assert scene.reads == []

    play(without)


def test_a_sign_no_is_read_once_and_again_after_a_minute() -> None:
    async def scenario(scene: CountedScene) -> None:
        (call,) = await scene.claimed(a_message("m1", setl_id_text(SIGNED)))
        scene.decide(call)
        await call.reply
        await scene.replies(a_message("m2", setl_id_text(SIGNED), psn_no="nobody"))
        assert len(scene.reads) == 1
        del scene.database.tables.signed_in[SIGNED]  # signed out at another process
        await asyncio.sleep(REMEMBERED_MS / 1000 + 1)
        (reply,) = await scene.replies(a_message("m3", setl_id_text(SIGNED)))
        assert code_of(reply) == "SIGN_NO_INVALID"
        (again,) = await scene.replies(a_message("m1", setl_id_text(SIGNED)))
        assert isinstance(again, Answer), "what was sent once is answered whoever has signed out since"

    play(scenario)


def test_no_more_is_remembered_than_a_region_has_operators() -> None:
    async def scenario(scene: CountedScene) -> None:
        many = {an_id(str(number)): HOSPITAL for number in range(SIGNS_MAX)}
        scene.database.tables.signed_in |= many
        envelopes = [a_message("m", setl_id_text(id_)).envelope for id_ in many]
        await scene.signed_in.learn(envelopes)
        await scene.signed_in.learn([a_message("m", setl_id_text(SIGNED)).envelope])
        assert scene.signed_in.refusal(a_message("m", setl_id_text(SIGNED)).envelope) is None
        assert scene.signed_in.refusal(envelopes[0]) is not None
        await scene.signed_in.learn(envelopes[:1])
        assert scene.signed_in.refusal(envelopes[0]) is None

    play(scenario)
