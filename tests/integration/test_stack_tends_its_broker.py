"""The supervisor starts the embedded broker afresh when its log has grown long or it answers nobody."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.errors import BusError
from bus.kafka import open_log
from bus.settings import BusSettings
from bus.topics import make_topics
from stack import pulse
from stack.embedded import HOST, EmbeddedBroker
from stack.plan import Node, Plan
from stack.supervisor import Stack
from tests.bus_traffic import PATIENCE_S, read

NODE = Node(
    code="45", name="", pools=("450100",), database="home_45", partitions=2, workers=((0, 1),),
    program="tests.stand_in",
)  # fmt: skip
PLAN = Plan(regions=(), nodes=(NODE,))


@pytest.fixture
def run_dir(server_dir: Path, request: pytest.FixtureRequest) -> Path:
    folder = server_dir / f"stack-{request.node.name[:40]}"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PULSE_EVERY_S", 0.1)


async def another_broker(stack: Stack, first: int) -> int:
    async with asyncio.timeout(PATIENCE_S):
        now = first
        while now == first:
            await asyncio.sleep(0.05)
            now = stack.pids().get("broker", first)
    await stack.ready("broker")
    return now


async def test_a_long_log_is_thrown_away_and_the_same_readers_hear_again(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "RECORDS_MAX", 100)
    said: list[str] = []
    async with Stack.start(PLAN, run_dir=run_dir, say=said.append) as stack:
        first = stack.pids()["broker"]
        async with open_log(BusSettings(stack.endpoints.kafka, embedded=True)) as log:
            reader = await log.reader("req.45", [0, 1])
            for _ in range(99):
                await log.send("req.45", 1, b"many")
            assert await read(reader, 99) == [b"many"] * 99
            await asyncio.sleep(0.5)  # some pulses
            assert stack.pids()["broker"] == first
            await log.send("req.45", 1, b"one more")
            await another_broker(stack, first)
            async with asyncio.timeout(PATIENCE_S):
                while not any(arrived.value == b"again" for arrived in await reader.poll(wait_ms=200)):
                    try:
                        await log.send("req.45", 1, b"again")
                    except BusError:
                        continue
    assert "the broker is started afresh: a partition of its log holds 100 records" in "\n".join(said)


async def test_a_broker_that_answers_nobody_is_started_again(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "ANSWER_TIMEOUT_S", 1.0)
    said: list[str] = []
    async with Stack.start(PLAN, run_dir=run_dir, say=said.append) as stack:
        first = stack.pids()["broker"]
        os.kill(first, signal.SIGSTOP)
        await another_broker(stack, first)
    assert "the broker is started afresh: it did not answer 3 times in a row" in "\n".join(said)


async def test_the_pulse_is_the_length_of_the_longest_partition(own_broker: EmbeddedBroker) -> None:
    topics = {"req.45": 2, "rep.44": 8}

    async def longest() -> int | None:
        return await asyncio.to_thread(pulse.longest_partition, HOST, own_broker.port, topics)

    await make_topics(own_broker.bootstrap, topics)
    assert await longest() == 0
    async with open_log(BusSettings(own_broker.bootstrap, embedded=True)) as log:
        for topic, partition, records in (("req.45", 1, 3), ("rep.44", 7, 5), ("rep.44", 0, 4)):
            for _ in range(records):
                await log.send(topic, partition, b"x")
    assert await longest() == 5
    own_broker.kill()
    assert await longest() is None


@pytest.fixture
def taken() -> Callable[[list[int | None]], list[bool]]:
    """Which of some pulses in a row had the broker started afresh."""

    def take(pulses: list[int | None]) -> list[bool]:
        care = pulse.Care()
        return [care.why_restart(longest) is not None for longest in pulses]

    return take


def test_care_is_taken_early_where_little_is_under_way_and_late_under_load(
    taken: Callable[[list[int | None]], list[bool]],
) -> None:
    assert taken([2_000, 2_999, 2_999]) == [False] * 3
    assert taken([2_990, 3_000]) == [False, True]
    assert taken([1_000, 4_000, 7_000, 9_999, 10_000]) == [False, False, False, False, True]
    assert taken([4_000, 7_000, 7_040]) == [False, False, True]


def test_only_three_unanswered_pulses_in_a_row_say_that_the_broker_is_sick(
    taken: Callable[[list[int | None]], list[bool]],
) -> None:
    assert taken([None, None, 5, None, None, None]) == [False] * 5 + [True]
