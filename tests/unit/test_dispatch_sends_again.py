"""What is open is sent until it is final: after W1, 1, 2, 4 … 30 s apart, never into silence, at once after it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway import dispatch as dispatch_module
from proto.settlement.v1 import messages_pb2 as mpb
from tests.builders import NODE, PARTITION, a_call, a_settle_request
from tests.gateway_scene import Scene, an_open_item
from tests.simulation.virtual_time import run

OTHER = 1 - PARTITION


def played(play: Callable[[Scene], Awaitable[None]]) -> Scene:
    async def main() -> Scene:
        scene = Scene()
        async with scene.running():
            await play(scene)
        return scene

    return run(main())


def times(scene: Scene, msgid: str) -> list[int]:
    """When a message was sent, in ms."""
    id_ = an_open_item(msgid).id
    return [
        one.at_ms
        for one in scene.log.sent
        if any(mpb.Item.FromString(item).id == id_ for item in one.record.items)
    ]


def look_after(scene: Scene, *names: str, **item: Any) -> None:
    items = [an_open_item(name, **item) for name in names]
    for one in items:
        assert scene.dispatch.look_after(one)
    scene.dispatch.send(items)


def test_it_is_sent_at_once_then_further_and_further_apart_at_most_30_s() -> None:
    async def play(scene: Scene) -> None:
        look_after(scene, "a")
        await asyncio.sleep(125)

    assert times(played(play), "a") == [0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000, 121_000]


def test_what_is_final_is_sent_no_more_and_gives_who_waits() -> None:
    async def play(scene: Scene) -> None:
        call = a_call(a_settle_request())
        item = an_open_item("a")
        scene.dispatch.look_after(item, call)
        assert item.id in scene.dispatch
        assert not scene.dispatch.look_after(item)
        assert scene.dispatch.final(item.id) == [call]
        assert scene.dispatch.final(item.id) == []
        assert len(scene.dispatch) == 0
        await asyncio.sleep(60)

    assert times(played(play), "a") == []


def test_nothing_is_sent_into_silence_and_everything_at_the_first_beat_after_it() -> None:
    async def play(scene: Scene) -> None:
        look_after(scene, "a")
        await asyncio.sleep(1.5)
        scene.beating = False  # the last beat was at 1.0 s: silent from 4.0 s on
        await asyncio.sleep(38.1)
        scene.beating = True
        await asyncio.sleep(30)

    sent = times(played(play), "a")
    assert sent[:3] == [0, 1_000, 3_000]
    assert sent[3] == 40_000  # with the beat, not with the timer
    assert all(at >= 40_000 for at in sent[3:])


def test_a_new_term_is_as_good_as_a_first_beat_and_only_for_its_partition() -> None:
    async def play(scene: Scene) -> None:
        look_after(scene, "a")
        look_after(scene, "b", partition=OTHER)
        await asyncio.sleep(0.5)
        scene.dispatch.send_at_once(NODE, OTHER)

    scene = played(play)
    assert times(scene, "a") == [0]
    assert times(scene, "b") == [0, 500]


def test_a_send_that_fails_is_left_to_the_timer() -> None:
    async def play(scene: Scene) -> None:
        scene.log.up = False
        look_after(scene, "a")
        await asyncio.sleep(0.5)
        scene.log.up = True
        await asyncio.sleep(1)

    assert times(played(play), "a") == [1_000]


def test_a_record_says_who_sends_it_by_which_clock_and_carries_the_very_bytes_of_w1() -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(0.25)
        look_after(scene, "a", "b")
        look_after(scene, "c", partition=OTHER)

    scene = played(play)
    by_partition = {one.partition: one for one in scene.log.sent}
    assert len(scene.log.sent) == 2  # one record per flush and partition
    one = by_partition[PARTITION]
    assert (one.topic, one.record.region, one.record.slot, one.record.partition) == (
        "req.45", "44", 0, PARTITION
    )  # fmt: skip
    assert one.record.sender_clock_ms == 1_795_000_000_000 + 250
    assert list(one.record.items) == [an_open_item("a").item, an_open_item("b").item]
    assert list(by_partition[OTHER].record.items) == [an_open_item("c").item]


def test_a_large_flush_is_cut_into_records_that_a_partition_can_take() -> None:
    async def play(scene: Scene) -> None:
        look_after(scene, *[f"{place:04}" for place in range(1_001)])
        await asyncio.sleep(0.1)

    assert [len(one.record.items) for one in played(play).log.sent] == [500, 500, 1]


def test_a_broker_that_hangs_holds_a_bounded_number_of_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "SENDS_IN_FLIGHT_MAX", 3)

    async def play(scene: Scene) -> None:
        hung = asyncio.Event()
        started: list[bytes] = []

        async def hang(topic: str, partition: int, value: bytes, *, quiet: bool = False) -> None:
            started.append(value)
            await hung.wait()

        scene.log.send = hang  # type: ignore[method-assign]
        for place in range(10):
            look_after(scene, str(place))
            await asyncio.sleep(0)
        assert len(started) == 3
        hung.set()
        await asyncio.sleep(0)

    played(play)


def test_no_more_messages_are_taken_in_than_it_can_look_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "WAITING_MAX", 2)

    async def play(scene: Scene) -> None:
        look_after(scene, "a")
        assert not scene.dispatch.full
        look_after(scene, "b")
        assert scene.dispatch.full

    played(play)


def test_where_messages_take_long_the_first_wait_is_longer() -> None:
    """A region under load asked for everything twice, which made the load."""

    async def play(scene: Scene) -> None:
        for number in range(200):
            scene.dispatch.look_after(an_open_item(f"slow {number}"))
        await asyncio.sleep(0.9)
        for number in range(200):
            scene.dispatch.final(an_open_item(f"slow {number}").id)
        look_after(scene, "a")
        await asyncio.sleep(12)

    first, second, *_ = times(played(play), "a")
    assert 3_500 <= second - first <= 3_750  # four times 0.9 s, to the timer's next tick
