"""The fake log of the simulation: each of its faults happens, and a seed replays them."""

import asyncio
import random

import pytest

from bus.errors import BusClosed, BusUnavailable, RecordTooLarge
from bus.log import Arrived, Reader
from bus.records import RECORD_BYTES_MAX
from tests.simulation.fake_log import HEALTHY, FakeBroker, FakeLog, Faults
from tests.simulation.virtual_time import run

TOPIC = "req.44"


def new_broker(faults: Faults = HEALTHY, *, seed: int = 1) -> FakeBroker:
    broker = FakeBroker(rng=random.Random(seed), faults=faults)
    broker.make_topics({TOPIC: 2})
    return broker


async def read_for(reader: Reader, wait_ms: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + wait_ms / 1000
    values: list[bytes] = []
    while (left_s := until_s - loop.time()) > 0:
        values += [arrived.value for arrived in await reader.poll(wait_ms=max(1, int(left_s * 1000)))]
    return values


async def send_many(log: FakeLog, count: int) -> int:
    """How many were acknowledged."""
    acknowledged = 0
    for i in range(count):
        try:
            await log.send(TOPIC, 0, b"%d" % i)
            acknowledged += 1
        except BusUnavailable:
            pass
    return acknowledged


def outcome(faults: Faults, *, seed: int = 1, count: int = 200) -> tuple[int, list[int]]:
    """(acknowledged, the numbers that arrived in the order of their arrival)."""

    async def main() -> tuple[int, list[int]]:
        log = FakeLog(new_broker(faults, seed=seed))
        reader = await log.reader(TOPIC, [0])
        acknowledged = await send_many(log, count)
        return acknowledged, [int(value) for value in await read_for(reader, 5_000)]

    return run(main())


def test_a_healthy_log_delivers_all_in_order_to_the_partition_that_was_named() -> None:
    async def main() -> None:
        log = FakeLog(new_broker())
        reader = await log.reader(TOPIC, [0, 1])
        await log.send(TOPIC, 1, b"b")
        await log.send(TOPIC, 0, b"a", quiet=True)
        assert await reader.poll(wait_ms=0) == [Arrived(0, b"a"), Arrived(1, b"b")]
        assert await reader.poll(wait_ms=10) == []

    run(main())


def test_a_waiting_poll_is_woken_by_a_record() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        log = FakeLog(new_broker())
        reader = await log.reader(TOPIC, [0])
        polling = asyncio.create_task(reader.poll(wait_ms=60_000))
        await asyncio.sleep(1)
        await log.send(TOPIC, 0, b"a")
        assert await polling == [Arrived(0, b"a")]
        assert loop.time() < 2

    run(main())


def test_drops_happen_behind_the_acknowledgement() -> None:
    acknowledged, arrived = outcome(Faults(drop_pct=30))
    assert acknowledged == 200
    assert 100 < len(arrived) < 180
    assert arrived == sorted(arrived)


def test_lost_acknowledgements_leave_the_record_in_the_log() -> None:
    acknowledged, arrived = outcome(Faults(ack_lost_pct=30))
    assert 100 < acknowledged < 180
    assert arrived == list(range(200))


def test_a_refused_record_is_not_in_the_log() -> None:
    acknowledged, arrived = outcome(Faults(refuse_pct=30))
    assert 100 < acknowledged < 180
    assert len(arrived) == acknowledged


def test_duplicates_arrive_later_and_at_most_once_more() -> None:
    _, arrived = outcome(Faults(duplicate_pct=30, delay_ms_max=50))
    assert set(arrived) == set(range(200))
    assert 230 < len(arrived) < 290
    assert max(arrived.count(i) for i in range(200)) == 2


def test_delays_reorder_within_their_limit() -> None:
    _, arrived = outcome(Faults(delay_pct=50, delay_ms_max=20, ack_ms=1))
    assert sorted(arrived) == list(range(200))
    assert arrived != sorted(arrived)
    assert max(abs(place - number) for place, number in enumerate(arrived)) <= 21, "1 ms a record, 20 ms late"


def test_a_seed_replays_a_run_and_another_seed_gives_another() -> None:
    faults = Faults(
        drop_pct=10, duplicate_pct=10, delay_pct=20, delay_ms_max=30, refuse_pct=5, ack_lost_pct=5
    )
    assert outcome(faults, seed=7) == outcome(faults, seed=7)
    assert outcome(faults, seed=7) != outcome(faults, seed=8)


def test_a_reader_beyond_the_end_of_a_log_that_forgot_is_deaf_until_it_seeks() -> None:
    async def main() -> None:
        broker = new_broker()
        log = FakeLog(broker)
        await send_many(log, 10)
        reader = await log.reader(TOPIC, [0])
        broker.forget()
        await send_many(log, 3)
        assert await read_for(reader, 5_000) == []
        await reader.seek_to_end(0)
        await log.send(TOPIC, 0, b"heard")
        assert await read_for(reader, 100) == [b"heard"]

    run(main())


def test_a_log_that_forgot_and_has_grown_again_skips_what_the_reader_cannot_see() -> None:
    async def main() -> None:
        broker = new_broker()
        log = FakeLog(broker)
        reader = await log.reader(TOPIC, [0])
        await send_many(log, 10)
        assert len(await read_for(reader, 100)) == 10
        broker.forget(grow_again=True)
        assert broker.end(TOPIC, 0) > 10
        await log.send(TOPIC, 0, b"new")
        values = await read_for(reader, 100)
        assert values[-1] == b"new"
        assert len(values) == broker.end(TOPIC, 0) - 10

    run(main())


def test_while_the_broker_is_down_sends_fail_and_readers_hear_nothing() -> None:
    async def main() -> None:
        broker = new_broker()
        log = FakeLog(broker)
        reader = await log.reader(TOPIC, [0])
        broker.go_down()
        with pytest.raises(BusUnavailable):
            await log.send(TOPIC, 0, b"lost")
        with pytest.raises(BusUnavailable):
            await reader.seek_to_end(0)
        assert await reader.poll(wait_ms=1_000) == []
        polling = asyncio.create_task(reader.poll(wait_ms=60_000))
        await asyncio.sleep(0.1)
        broker.come_up()
        await log.send(TOPIC, 0, b"again")
        assert await polling == [Arrived(0, b"again")]

    run(main())


@pytest.mark.parametrize(
    "step", ["log.reader", "log.seek", "log.send", "log.appended", "log.acknowledged", "log.poll"]
)
def test_a_crash_can_be_injected_at_each_step(step: str) -> None:
    class Crash(Exception):
        pass

    async def live(log: FakeLog) -> None:
        reader = await log.reader(TOPIC, [0])
        await log.send(TOPIC, 0, b"a")
        await reader.poll(wait_ms=10)

    async def checkpoint(name: str) -> None:
        if name == step:
            raise Crash

    async def main() -> int:
        broker = new_broker()
        log = FakeLog(broker, checkpoint=checkpoint)
        with pytest.raises(Crash):
            await live(log)
        return broker.end(TOPIC, 0)

    assert run(main()) == (1 if step in ("log.appended", "log.acknowledged", "log.poll") else 0)


def test_misuse_is_refused_as_the_real_log_refuses_it() -> None:
    async def main() -> None:
        log = FakeLog(new_broker())
        with pytest.raises(RecordTooLarge):
            await log.send(TOPIC, 0, b"x" * (RECORD_BYTES_MAX + 1))
        with pytest.raises(BusUnavailable):
            await log.send("req.unmade", 0, b"x")
        with pytest.raises(BusUnavailable):
            await log.reader(TOPIC, [2])
        reader = await log.reader(TOPIC, [0])
        await reader.close()
        with pytest.raises(BusClosed):
            await reader.poll(wait_ms=0)
        await log.close()
        with pytest.raises(BusClosed):
            await log.send(TOPIC, 0, b"x")

    run(main())
