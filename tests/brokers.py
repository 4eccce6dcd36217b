"""Apache Kafka for tests, where it can be had: one broker per session, shared by all who do not destroy it.

Maven fetches it once into `.run`. Where Maven or Java is missing the tests that ask for it are skipped and say so;
with `DSGW_REQUIRE_APACHE_KAFKA=1` in the environment they fail instead.
"""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from bus.settings import BusSettings
from stack.apache_kafka import ApacheKafka
from stack.embedded import EmbeddedBroker
from stack.errors import FetchFailed, PartMissing
from stack.java import Java, need_java
from stack.kafka_jars import CACHE, need_jars
from tests.servers import CHILDREN, run_apart

REQUIRED = os.environ.get("DSGW_REQUIRE_APACHE_KAFKA", "") == "1"
GONE_WITHIN_S = 30.0


class KafkaParts(NamedTuple):
    """What Apache Kafka is started from."""

    java: Java
    jars: Path


def find_parts(*, required: bool, cache: Path = CACHE) -> KafkaParts:
    """Java and the jars; skips the test where they cannot be had, fails it where they must."""
    try:
        java = need_java()
        return KafkaParts(java, need_jars(java, cache=cache))
    except (PartMissing, FetchFailed) as missing:
        if required:
            pytest.fail(f"DSGW_REQUIRE_APACHE_KAFKA=1, but: {missing}")
        pytest.skip(f"nothing is tried on Apache Kafka: {missing}")


@pytest.fixture(scope="session")
def kafka_parts() -> KafkaParts:
    """What Apache Kafka is started from."""
    return find_parts(required=REQUIRED)


@pytest.fixture(scope="session")
def apache_kafka(server_dir: Path, kafka_parts: KafkaParts) -> Iterator[ApacheKafka]:
    """One broker of Apache Kafka. A test may kill it if it starts it again; its log outlives that."""
    home = server_dir / "apache-kafka"
    kafka = ApacheKafka(
        home=home, log_dir=home, java=kafka_parts.java, jars=kafka_parts.jars, children_dir=CHILDREN,
        quick_to_start=True,
    )  # fmt: skip
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()


@dataclass(frozen=True)
class LiveBroker:
    """A broker of either kind, without topics at first."""

    bootstrap: str
    embedded: bool
    pid: int

    def settings(self) -> BusSettings:
        """How the bus is opened on it."""
        return BusSettings(self.bootstrap, embedded=self.embedded)


@pytest.fixture(params=["embedded broker", "Apache Kafka"])
def either_broker(request: pytest.FixtureRequest) -> Iterator[LiveBroker]:
    """The test runs on the embedded broker, and again on Apache Kafka."""
    if request.param == "embedded broker":
        own: EmbeddedBroker = request.getfixturevalue("own_broker")
        assert own.pid is not None
        yield LiveBroker(own.bootstrap, True, own.pid)
        return
    shared: ApacheKafka = request.getfixturevalue("apache_kafka")
    assert shared.pid is not None
    yield LiveBroker(shared.bootstrap, False, shared.pid)
    run_apart(lambda: delete_topics(shared.bootstrap))


async def delete_topics(bootstrap: str, topics: Sequence[str] = ()) -> None:
    """Delete topics of Apache Kafka, all where none is named, and wait until they are gone."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id=f"tests-{secrets.token_hex(3)}")
    await admin.start()
    try:
        wanted = set(topics or await admin.list_topics())
        if wanted:
            await admin.delete_topics(sorted(wanted))
        until = time.monotonic() + GONE_WITHIN_S
        while wanted & set(await admin.list_topics()):
            assert time.monotonic() < until, f"still there: {wanted}"
    finally:
        await admin.close()
