"""After an overload the log is usable again by itself: however long it has grown, and however many sends had failed."""

import asyncio
import os
import signal

import pytest

from bus import reader as reading
from bus.errors import BusFull, BusUnavailable
from bus.kafka import KafkaLog, open_log
from bus.settings import BusSettings
from bus.topics import make_topics
from bus.window import RECORDS_MIN
from stack.embedded import EmbeddedBroker
from tests.brokers import LiveBroker
from tests.bus_traffic import PATIENCE_S, TOPICS, read

RECORDS = 4_000
"""A log that the embedded broker cannot go through in the first waits of a reader, on any machine."""


async def grow(log: KafkaLog, records: int) -> None:
    """Make partition 0 of req.44 so long."""
    for _ in range(records // 200):
        await asyncio.gather(*(log.send("req.44", 0, b"fill", quiet=True) for _ in range(200)))


async def test_a_reader_at_the_end_of_a_log_too_long_for_a_short_fetch_still_reads_what_comes(
    own_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "EMBEDDED_BEHIND_WAIT_MS", 1)
    await make_topics(own_broker.bootstrap, TOPICS)
    async with open_log(BusSettings(own_broker.bootstrap, embedded=True)) as log:
        await grow(log, RECORDS)
        reader = await log.reader("req.44", [1, 0])
        await log.send("req.44", 0, b"a probe")
        assert await read(reader, 1) == [b"a probe"]
        await reader.seek_to_end(
            0
        )  # as who hears nothing does: what the log needs must not be forgotten by it
        await log.send("req.44", 0, b"another")
        await log.send("req.44", 1, b"a short partition beside it")
        assert sorted(await read(reader, 2)) == [b"a short partition beside it", b"another"]


async def test_after_a_failure_a_burst_lets_few_records_through_and_grows_with_what_is_acknowledged(
    either_broker: LiveBroker,
) -> None:
    """Else a queue longer than a slow broker's request timeout is dropped whole, sent again, and dropped again."""

    async def burst(log: KafkaLog) -> tuple[int, int]:
        """Of 100 records at once: how many were acknowledged, how many refused unsent."""
        sends = [log.send("req.44", 0, b"x") for _ in range(100)]
        ends = await asyncio.gather(*sends, return_exceptions=True)
        assert all(end is None or isinstance(end, BusFull | BusUnavailable) for end in ends)
        return ends.count(None), sum(isinstance(end, BusFull) for end in ends)

    await make_topics(either_broker.bootstrap, TOPICS)
    async with asyncio.timeout(PATIENCE_S), open_log(either_broker.settings()) as log:
        assert await burst(log) == (100, 0)
        os.kill(either_broker.pid, signal.SIGSTOP)
        try:
            acknowledged, refused = await burst(log)
            assert acknowledged < 100, "at least one has failed"
            assert refused == 0
        finally:
            os.kill(either_broker.pid, signal.SIGCONT)
        after = await burst(log)
        while not after[0]:  # the broker has not woken yet, or its absence is remembered for a moment
            await asyncio.sleep(0.3)
            after = await burst(log)
        assert after == (RECORDS_MIN, 100 - RECORDS_MIN)
        assert await burst(log) == (2 * RECORDS_MIN, 100 - 2 * RECORDS_MIN)
