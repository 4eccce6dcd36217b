"""The log on the embedded broker, which forgets everything when it is killed: the same readers are heard again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus import wire
from bus.errors import BusUnavailable
from bus.kafka import KafkaLog, open_log
from bus.settings import BusSettings
from bus.topics import make_topics
from stack.embedded import EmbeddedBroker
from tests.bus_traffic import PATIENCE_S, TOPICS, read, refuses, send_until_read

OLD_POSITION = 100


@pytest.fixture
async def log(own_broker: EmbeddedBroker) -> AsyncIterator[KafkaLog]:
    await make_topics(own_broker.bootstrap, TOPICS)
    async with open_log(BusSettings(own_broker.bootstrap, embedded=True)) as log:
        yield log


def restart(broker: EmbeddedBroker, topics: dict[str, int] | None = None) -> None:
    broker.kill()
    broker.start(topics)


async def fill(broker: EmbeddedBroker, partition: int, count: int) -> None:
    async with open_log(BusSettings(broker.bootstrap, embedded=True)) as other:
        for _ in range(count):
            await other.send("req.44", partition, b"fill")


async def test_the_same_log_and_reader_work_after_the_broker_was_killed_and_forgot_everything(
    log: KafkaLog, own_broker: EmbeddedBroker
) -> None:
    reader = await log.reader("req.44", [0, 1])
    for i in range(2 * OLD_POSITION):
        await log.send("req.44", i % 2, b"before")
    await read(reader, 2 * OLD_POSITION)
    own_broker.kill()
    await refuses(log)
    assert await reader.poll(wait_ms=300) == [], "an outage is silence"
    own_broker.start()
    with pytest.raises(BusUnavailable):
        await log.send("req.44", 0, b"the topic is not made yet, and must not be made by this")
    assert await make_topics(own_broker.bootstrap, TOPICS) == ["rep.44", "req.44"]
    for partition in (0, 1):
        appended = await send_until_read(log, reader, partition, b"after")
        assert appended < OLD_POSITION, "heard before the log had grown to where the reader stood"


async def test_a_log_that_has_grown_again_past_the_old_position_is_read_on(
    log: KafkaLog, own_broker: EmbeddedBroker
) -> None:
    reader = await log.reader("req.44", [0])
    for _ in range(5):
        await log.send("req.44", 0, b"before")
    await read(reader, 5)
    restart(own_broker, TOPICS)
    await fill(own_broker, 0, 20)
    await send_until_read(log, reader, 0, b"after")


async def test_a_busy_partition_does_not_hide_one_that_is_stuck(
    log: KafkaLog, own_broker: EmbeddedBroker
) -> None:
    reader = await log.reader("req.44", [0, 1])
    for i in range(2 * OLD_POSITION):
        await log.send("req.44", i % 2, b"before")
    await read(reader, 2 * OLD_POSITION)
    restart(own_broker, TOPICS)
    # 0 has grown past its old position, 1 is empty and its reader stands beyond the end
    await fill(own_broker, 0, OLD_POSITION + 10)
    stop = asyncio.Event()

    async def keep_busy() -> None:
        while not stop.is_set():
            await log.send("req.44", 0, b"busy")
            await asyncio.sleep(0.01)

    await send_until_read(log, reader, 0, b"awake")
    busy = asyncio.create_task(keep_busy())
    try:
        assert await send_until_read(log, reader, 1, b"heard") < OLD_POSITION
    finally:
        stop.set()
        await busy


async def test_what_was_sent_before_its_topic_existed_is_lost_and_sending_again_recovers(
    own_broker: EmbeddedBroker,
) -> None:
    address = ("127.0.0.1", own_broker.port)
    raw = await wire.Connection.open(address, client_id="careless", request_timeout_ms=2_000)
    for _ in range(5):
        request = wire.produce_request("req.44", 0, b"orphan", now_ms=1, timeout_ms=1_000)
        assert wire.read_produced(await raw.ask(request)) == wire.NO_ERROR, "the trap: acknowledged"
    await raw.drop()
    await make_topics(own_broker.bootstrap, TOPICS)
    async with open_log(BusSettings(own_broker.bootstrap, embedded=True)) as log:
        reader = await log.reader("req.44", [0])
        seen: list[bytes] = []
        async with asyncio.timeout(PATIENCE_S):
            while b"again" not in seen:
                try:
                    await log.send("req.44", 0, b"again")
                except BusUnavailable:
                    await asyncio.sleep(0.1)
                seen += [arrived.value for arrived in await reader.poll(wait_ms=100)]
        assert b"orphan" not in seen
