"""The log on a real broker of either kind: what arrives, and what a broker that sleeps does to it.

Waits are on conditions; there is no assertion about how long anything took, but for the bounds that the interface
promises.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence

import pytest
import structlog
import structlog.testing
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bus.errors import BusClosed, BusFull, BusUnavailable, RecordTooLarge
from bus.kafka import KafkaLog, open_log
from bus.records import RECORD_BYTES_MAX
from bus.settings import BusSettings
from bus.topics import make_topics
from tests.brokers import LiveBroker
from tests.bus_traffic import PATIENCE_S, TOPICS, read


@pytest.fixture
async def log(either_broker: LiveBroker) -> AsyncIterator[KafkaLog]:
    await make_topics(either_broker.bootstrap, TOPICS)
    async with open_log(either_broker.settings()) as log:
        yield log


async def test_records_reach_the_reader_of_their_partitions_in_order(log: KafkaLog) -> None:
    reader = await log.reader("req.44", [0, 1])
    other = await log.reader("req.44", [1])
    for i in range(20):
        await log.send("req.44", i % 2, b"%d" % i)
    values = await read(reader, 20)
    assert [int(value) for value in values if int(value) % 2 == 0] == list(range(0, 20, 2))
    assert [int(value) for value in values if int(value) % 2 == 1] == list(range(1, 20, 2))
    assert [int(value) for value in await read(other, 10)] == list(range(1, 20, 2))


async def test_sends_at_the_same_time_keep_the_order_in_which_they_began(log: KafkaLog) -> None:
    reader = await log.reader("req.44", [0])
    await log.send("req.44", 0, b"first", quiet=True)
    await asyncio.gather(*(log.send("req.44", 0, b"%d" % i) for i in range(100)))
    assert await read(reader, 101) == [b"first", *(b"%d" % i for i in range(100))]


async def test_a_reader_starts_at_the_end_fixed_when_it_was_made(log: KafkaLog) -> None:
    await log.send("req.44", 0, b"before")
    reader = await log.reader("req.44", [0])
    await log.send("req.44", 0, b"after")
    assert await read(reader, 1) == [b"after"]
    await log.send("req.44", 0, b"skipped")
    await reader.seek_to_end(0)
    await log.send("req.44", 0, b"after again")
    assert await read(reader, 1) == [b"after again"]


async def test_only_records_that_are_answered_make_a_process_poll_closely(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: list[bool] = []
    monkeypatch.setattr(log._pace, "expect_answers", lambda: expected.append(True))
    await log.send("req.44", 0, b"a beat", quiet=True)
    assert expected == []
    await log.send("req.44", 0, b"a settlement")
    assert expected == [True]


async def test_the_largest_record_passes_and_a_larger_one_is_refused_here(log: KafkaLog) -> None:
    reader = await log.reader("req.44", [0, 1])
    largest = os.urandom(RECORD_BYTES_MAX)
    await asyncio.gather(*(log.send("req.44", i % 2, largest) for i in range(6)))
    assert await read(reader, 6) == [largest] * 6
    with pytest.raises(RecordTooLarge):
        await log.send("req.44", 0, largest + b"x")


async def test_a_record_carries_neither_key_nor_headers(log: KafkaLog, either_broker: LiveBroker) -> None:
    await log.send("rep.44", 3, b"value")
    consumer = AIOKafkaConsumer(bootstrap_servers=either_broker.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition("rep.44", 3)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        record = await asyncio.wait_for(consumer.getone(), PATIENCE_S)
    finally:
        await consumer.stop()
    assert (record.key, record.headers, record.value) == (None, (), b"value")


async def test_a_batch_of_several_records_by_another_client_is_read_once(
    log: KafkaLog, either_broker: LiveBroker
) -> None:
    reader = await log.reader("req.44", [0])
    producer = AIOKafkaProducer(bootstrap_servers=either_broker.bootstrap, linger_ms=50)
    await producer.start()
    try:
        futures = [await producer.send("req.44", b"%d" % i, partition=0) for i in range(10)]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    await log.send("req.44", 0, b"end")
    assert await read(reader, 11) == [*(b"%d" % i for i in range(10)), b"end"]


async def test_a_cancelled_poll_loses_nothing(log: KafkaLog) -> None:
    reader = await log.reader("req.44", [0])
    polling = asyncio.create_task(reader.poll(wait_ms=60_000))
    await asyncio.sleep(0.05)
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    await log.send("req.44", 0, b"kept")
    assert await read(reader, 1) == [b"kept"]


async def test_a_seek_discards_a_fetch_that_was_under_way(either_broker: LiveBroker) -> None:
    await make_topics(either_broker.bootstrap, TOPICS)
    # the embedded broker does not wake a fetch, so this one is under way for 0.4 s and then brings what came meanwhile;
    # Apache Kafka brings it at once
    settings = BusSettings(either_broker.bootstrap, embedded=False, fetch_wait_ms=400)
    async with open_log(settings) as log:
        reader = await log.reader("req.44", [0])
        assert await reader.poll(wait_ms=50) == []
        await log.send("req.44", 0, b"skipped")
        await reader.seek_to_end(0)
        await log.send("req.44", 0, b"after")
        assert await read(reader, 1) == [b"after"]


async def test_after_close_nothing_works_and_nothing_hangs(log: KafkaLog) -> None:
    reader = await log.reader("req.44", [0])
    await log.close()
    with pytest.raises(BusClosed):
        await log.send("req.44", 0, b"x")
    with pytest.raises(BusClosed):
        await reader.poll(wait_ms=0)
    with pytest.raises(BusClosed):
        await log.reader("req.44", [0])


async def test_a_topic_that_does_not_exist_is_refused_and_not_made(
    log: KafkaLog, either_broker: LiveBroker
) -> None:
    with pytest.raises(BusUnavailable, match=r"no partition 0 of req\.99"):
        await log.send("req.99", 0, b"x")
    with pytest.raises(BusUnavailable, match=r"no partition 0 of req\.98"):
        await log.reader("req.98", [0])
    with pytest.raises(BusUnavailable, match=r"no partition 2 of req\.44"):
        await log.send("req.44", 2, b"x")
    assert await make_topics(either_broker.bootstrap, {"req.99": 3, "req.98": 1}) == ["req.98", "req.99"]


async def test_an_outage_is_one_line_in_the_log_and_its_end_another(
    log: KafkaLog, either_broker: LiveBroker
) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(BusUnavailable):
                await log.send("req.99", 0, b"x")
            await log.send("req.44", 0, b"another topic is well")
        await make_topics(either_broker.bootstrap, {"req.99": 1})
        await asyncio.sleep(0.3)  # the refusal is remembered for a moment
        await log.send("req.99", 0, b"x")
    assert [(line["event"], line["topic"]) for line in lines] == [
        ("sends fail", "req.99"),
        ("sends succeed again", "req.99"),
    ]


async def test_a_broker_that_sleeps_fails_sends_in_bounded_time_and_does_not_hold_up_closing(
    either_broker: LiveBroker,
) -> None:
    await make_topics(either_broker.bootstrap, TOPICS)
    settings = BusSettings(
        either_broker.bootstrap,
        embedded=either_broker.embedded,
        request_timeout_ms=600,
        unacknowledged_records_max=3,
    )
    async with asyncio.timeout(PATIENCE_S):
        async with open_log(settings) as log:
            reader = await log.reader("req.44", [0])
            await log.send("req.44", 0, b"before")
            os.kill(either_broker.pid, signal.SIGSTOP)
            try:
                sends: Sequence[asyncio.Task[None]] = [
                    asyncio.create_task(log.send("req.44", 0, os.urandom(RECORD_BYTES_MAX))) for _ in range(3)
                ]
                await asyncio.sleep(0)
                with pytest.raises(BusFull):
                    await log.send("req.44", 0, b"one too many")
                failures = await asyncio.gather(*sends, return_exceptions=True)
                assert [type(failure) for failure in failures] == [BusUnavailable] * 3
                assert log._brokers.ready("req.44", 0) is None, "a new connection after any failure"
                with pytest.raises(BusUnavailable):
                    await reader.seek_to_end(0)
                await log.close()
            finally:
                os.kill(either_broker.pid, signal.SIGCONT)
