"""What only Apache Kafka does: it wakes a waiting fetch, keeps its log over a kill -9, and says where a log was lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus.kafka import KafkaLog, open_log
from bus.settings import BusSettings
from bus.topics import make_topics
from stack.apache_kafka import ApacheKafka
from tests.brokers import delete_topics
from tests.bus_traffic import PATIENCE_S, read, refuses, send_until_read

TOPICS = {"req.44": 2}


@pytest.fixture
async def log(apache_kafka: ApacheKafka) -> AsyncIterator[KafkaLog]:
    await make_topics(apache_kafka.bootstrap, TOPICS)
    async with open_log(BusSettings(apache_kafka.bootstrap)) as log:
        yield log
    await delete_topics(apache_kafka.bootstrap)


async def test_a_waiting_fetch_is_woken(apache_kafka: ApacheKafka) -> None:
    await make_topics(apache_kafka.bootstrap, TOPICS)
    # a fetch that is not woken would come back after our patience has ended
    wait_ms = int(2 * PATIENCE_S * 1000)
    settings = BusSettings(apache_kafka.bootstrap, fetch_wait_ms=wait_ms, request_timeout_ms=2 * wait_ms)
    async with open_log(settings) as log:
        reader = await log.reader("req.44", [0, 1])
        assert await reader.poll(wait_ms=50) == []
        await log.send("req.44", 1, b"wakes")
        assert await read(reader, 1) == [b"wakes"]
    await delete_topics(apache_kafka.bootstrap)


async def test_the_same_log_and_reader_go_on_after_a_kill_and_nothing_acknowledged_is_lost(
    log: KafkaLog, apache_kafka: ApacheKafka
) -> None:
    reader = await log.reader("req.44", [0, 1])
    await log.send("req.44", 0, b"read before")
    assert await read(reader, 1) == [b"read before"]
    unread = [b"%d" % i for i in range(20)]
    for value in unread:
        await log.send("req.44", 1, value)
    apache_kafka.kill()
    await refuses(log)
    await asyncio.to_thread(apache_kafka.start)
    assert await read(reader, 20) == unread, "the log was kept, and the reader's position in it"
    for partition in (0, 1):
        await send_until_read(log, reader, partition, b"after")


async def test_a_topic_that_was_deleted_and_made_again_is_read_from_its_new_end(
    log: KafkaLog, apache_kafka: ApacheKafka
) -> None:
    reader = await log.reader("req.44", [0])
    for _ in range(200):
        await log.send("req.44", 0, b"before")
    await read(reader, 200)
    await delete_topics(apache_kafka.bootstrap, ["req.44"])
    assert await make_topics(apache_kafka.bootstrap, TOPICS) == ["req.44"]
    appended = await send_until_read(log, reader, 0, b"after")
    assert appended < 200, "heard before the log had grown to where the reader stood"
