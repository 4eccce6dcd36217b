"""Topics: their names, and making them.

Whoever starts the broker makes the topics before anyone produces (`python -m bus topics …`): on the embedded broker
a record sent to a topic that does not exist is acknowledged and lost, and the topic limps for a while afterwards.
"""

import asyncio
import re
from collections.abc import Mapping

from bus import wire
from bus.brokers import Brokers
from bus.errors import BusUnavailable, TopicMismatch
from bus.settings import BusSettings

SLOTS_AT_BIRTH = 8
RETENTION_MS = 3_600_000  # one hour: the log is transport, nobody reads yesterday's
PARTITIONS_MAX = 1_000
TRY_EVERY_S = 0.1

_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


def request_topic(node: int | str) -> str:
    """What gateways send to a home node: one partition per partition of the node's book."""
    return _checked(f"req.{node}")


def reply_topic(region: str) -> str:
    """What home nodes send to a care region: one partition per slot (gateway process)."""
    return _checked(f"rep.{region}")


async def make_topics(
    bootstrap: str, topics: Mapping[str, int], *, replication: int = 1, wait_s: float = 30.0
) -> list[str]:
    """Make what is missing of `topics` (name to partitions) and wait until every partition's leader serves it.

    Gives the names that it made; again is harmless. Raises BusUnavailable if the broker does not come up within
    `wait_s`, TopicMismatch if a topic exists with fewer partitions (more are left alone).
    """
    for topic, partitions in topics.items():
        _checked(topic)
        assert 0 < partitions <= PARTITIONS_MAX, f"{topic}: 1 to {PARTITIONS_MAX} partitions"
    brokers = Brokers(BusSettings(bootstrap=bootstrap, client_id="settlement-topics"))
    made: set[str] = set()
    failure: Exception = BusUnavailable()
    try:
        async with asyncio.timeout(wait_s):
            while True:
                try:
                    if await _step(brokers, topics, made, replication):
                        return sorted(made)
                except (*wire.FAILURES, BusUnavailable) as raised:
                    failure = raised
                await asyncio.sleep(TRY_EVERY_S)
    except TimeoutError:
        raise BusUnavailable(
            f"The topics could not be made within {wait_s:g} s at {bootstrap}: {failure or type(failure).__name__}"
        ) from failure
    finally:
        await brokers.close()


async def _step(brokers: Brokers, topics: Mapping[str, int], made: set[str], replication: int) -> bool:
    """Look, and ask for what is missing; whether everything is there with leaders."""
    found = await brokers.metadata(topics)
    missing = {topic: count for topic, count in topics.items() if topic not in found.partitions}
    for topic, count in found.partitions.items():
        if count < topics[topic]:
            raise TopicMismatch(
                f"Topic {topic} has {count} partitions and {topics[topic]} are wanted. Add partitions with the broker's "
                "own tools, or delete the topic: nothing in it is needed."
            )
    if not missing:
        return await _served(brokers, topics, found)
    if found.controller is None:
        return False
    connection = await brokers.connection_to(found.controller)
    request = wire.create_request(
        missing, replication=replication, retention_ms=RETENTION_MS, timeout_ms=5_000
    )
    answers = wire.read_created(await connection.ask(request))
    made.update(topic for topic, error in answers.items() if error == wire.NO_ERROR)
    for topic, error in answers.items():
        if error not in (wire.NO_ERROR, wire.TOPIC_ALREADY_EXISTS):  # somebody else may have been faster
            raise BusUnavailable(f"The broker did not make {topic}: {wire.error_name(error)}.")
    return False


async def _served(brokers: Brokers, topics: Mapping[str, int], found: wire.Topics) -> bool:
    """Whether every partition has a leader that tells its end: Apache Kafka names one a moment before it serves."""
    for topic, count in topics.items():
        led: dict[wire.Address | None, list[int]] = {}
        for partition in range(count):
            led.setdefault(found.leaders.get((topic, partition)), []).append(partition)
        for leader, partitions in led.items():
            if leader is None:
                return False
            connection = await brokers.connection_to(leader)
            ends = wire.read_ends(await connection.ask(wire.ends_request(topic, partitions)))
            if {partition for partition, (error, _) in ends.items() if error == wire.NO_ERROR} != set(
                partitions
            ):
                return False
    return True


def _checked(topic: str) -> str:
    assert _NAME.fullmatch(topic), f"not a topic name: {topic!r}"
    return topic
