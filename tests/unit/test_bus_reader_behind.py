"""A reader of the embedded broker that has fallen behind gives it time to read; one at the end does not make it wait."""

from typing import Any

import pytest

from bus import wire
from bus.pace import Pace
from bus.reader import (
    EMBEDDED_BEHIND_WAIT_MS,
    EMBEDDED_BEHIND_WAIT_MS_MAX,
    EMBEDDED_FETCH_WAIT_MS,
    KafkaReader,
)
from bus.settings import BusSettings


class OneBroker:
    """Brokers with one connection; what is asked goes straight back as the answer."""

    def ready(self, topic: str, partition: int) -> "OneBroker":
        return self

    async def ask(self, request: Any) -> Any:
        return request


async def waits_of(monkeypatch: pytest.MonkeyPatch, settings: BusSettings, reads: list[int]) -> list[int]:
    """How long each fetch may wait where partition 0 ends at 1,000 and the broker reads so many records a fetch."""
    waits: list[int] = []

    def request(topic: str, positions: dict[int, int], *, wait_ms: int) -> dict[int, int]:
        waits.append(wait_ms)
        return positions

    def fetched(response: dict[int, int], positions: dict[int, int]) -> list[wire.PartitionFetched]:
        at = positions[0]
        to = min(at + reads[len(waits) - 1], 1_000)
        return [wire.PartitionFetched(0, at, wire.NO_ERROR, 1_000, [b"x"] * (to - at), to)]

    monkeypatch.setattr(wire, "fetch_request", request)
    monkeypatch.setattr(wire, "read_fetched", fetched)
    reading = KafkaReader(topic="req.44", settings=settings, pace=Pace(settings))
    monkeypatch.setattr(reading, "_brokers", OneBroker())
    reading._positions = {0: 0}
    for _ in reads:
        for task in [*reading._fetches]:
            await task
            reading._take(task)
        reading._start_fetches()
    for task in [*reading._fetches]:
        await task
    return waits


async def test_a_fetch_after_one_that_left_records_behind_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = BusSettings(bootstrap="127.0.0.1:1", embedded=True)
    waits = await waits_of(monkeypatch, settings, [0, 10, 990, 0])
    assert waits == [
        EMBEDDED_FETCH_WAIT_MS, EMBEDDED_BEHIND_WAIT_MS, EMBEDDED_BEHIND_WAIT_MS, EMBEDDED_FETCH_WAIT_MS,
    ]  # fmt: skip


async def test_the_wait_grows_while_a_patient_fetch_brings_nothing_and_what_a_log_needs_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = BusSettings(bootstrap="127.0.0.1:1", embedded=True)
    in_vain = [0] * 7
    waits = await waits_of(monkeypatch, settings, [*in_vain, 400, 600, 0])
    assert waits == [1, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1]
    assert waits[-2] == EMBEDDED_BEHIND_WAIT_MS_MAX < settings.request_timeout_ms


async def test_whoever_got_nothing_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def request(topic: str, positions: dict[int, int], *, wait_ms: int) -> dict[int, int]:
        asked.append(list(positions))
        return positions

    def fetched(response: dict[int, int], positions: dict[int, int]) -> list[wire.PartitionFetched]:
        """Both are behind; the first in the request takes it all."""
        first = next(iter(positions))
        return [
            wire.PartitionFetched(number, at, wire.NO_ERROR, 1_000, [b"x"] * took, at + took)
            for number, at in positions.items()
            for took in [number == first]
        ]

    monkeypatch.setattr(wire, "fetch_request", request)
    monkeypatch.setattr(wire, "read_fetched", fetched)
    settings = BusSettings(bootstrap="127.0.0.1:1", embedded=True)
    reading = KafkaReader(topic="req.44", settings=settings, pace=Pace(settings))
    monkeypatch.setattr(reading, "_brokers", OneBroker())
    reading._positions = {0: 0, 1: 0}
    for _ in range(4):
        assert len(await reading.poll(wait_ms=100)) == 1
    assert asked == [[0, 1], [1, 0], [0, 1], [1, 0]]


async def test_kafka_itself_wakes_a_fetch_and_is_told_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = BusSettings(bootstrap="127.0.0.1:1", embedded=False)
    assert set(await waits_of(monkeypatch, settings, [0, 10, 990, 0])) == {settings.fetch_wait_ms}
