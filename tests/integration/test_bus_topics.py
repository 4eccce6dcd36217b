"""Making topics, by function and by command: again is harmless, and what is wrong is a sentence."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bus.errors import BusUnavailable, TopicMismatch
from bus.topics import RETENTION_MS, make_topics
from stack.embedded import EmbeddedBroker
from tests.brokers import LiveBroker

ROOT = Path(__file__).resolve().parent.parent.parent


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bus", "topics", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def test_making_topics_again_is_harmless_and_more_partitions_are_left_alone(
    either_broker: LiveBroker,
) -> None:
    assert await make_topics(either_broker.bootstrap, {"req.44": 2, "rep.44": 8}) == ["rep.44", "req.44"]
    assert await make_topics(either_broker.bootstrap, {"req.44": 2, "req.50": 1}) == ["req.50"]
    assert await make_topics(either_broker.bootstrap, {"rep.44": 3}) == []


async def test_two_makers_at_the_same_time_agree(either_broker: LiveBroker) -> None:
    topics = {f"req.{node}": 2 for node in range(8)}
    made = await asyncio.gather(*(make_topics(either_broker.bootstrap, topics) for _ in range(4)))
    assert {topic for names in made for topic in names} == set(topics)


async def test_a_topic_with_fewer_partitions_is_refused(either_broker: LiveBroker) -> None:
    await make_topics(either_broker.bootstrap, {"rep.44": 4})
    with pytest.raises(TopicMismatch, match=r"rep\.44 has 4 partitions and 8 are wanted"):
        await make_topics(either_broker.bootstrap, {"rep.44": 8})


async def test_waits_for_a_broker_that_is_not_up_yet(own_broker: EmbeddedBroker) -> None:
    own_broker.kill()
    making = asyncio.create_task(make_topics(own_broker.bootstrap, {"req.44": 2}))
    await asyncio.sleep(0.3)
    own_broker.start()
    assert await making == ["req.44"]
    own_broker.kill()
    with pytest.raises(BusUnavailable, match="could not be made within"):
        await make_topics(own_broker.bootstrap, {"req.44": 2}, wait_s=0.3)


def test_the_command_makes_topics_and_says_which(either_broker: LiveBroker) -> None:
    both = ("--bootstrap", either_broker.bootstrap, "--topic", "req.44:2", "--topic", "rep.44:8")
    first = command(*both)
    assert (first.returncode, first.stdout) == (0, "req.44 2 made\nrep.44 8 made\n"), first.stderr
    assert command(*both).stdout == "req.44 2 was there\nrep.44 8 was there\n"


def test_the_commands_errors_are_sentences(own_broker: EmbeddedBroker) -> None:
    bad = command("--bootstrap", own_broker.bootstrap, "--topic", "req.44")
    assert bad.returncode == 2
    assert "NAME:PARTITIONS" in bad.stderr
    own_broker.kill()
    dead = command("--bootstrap", own_broker.bootstrap, "--topic", "req.44:2", "--wait-s", "0.3")
    assert dead.returncode == 1
    assert dead.stderr.startswith("The topics could not be made within 0.3 s at 127.0.0.1:")
    assert "Traceback" not in dead.stderr


def test_retention_is_an_hour() -> None:
    assert RETENTION_MS == 60 * 60 * 1000
