"""Settlements over a cluster of three Apache Kafka brokers, through the public door: one, then many while the broker
that leads most is killed (-9). Traffic goes on without it; nothing is lost or doubled; both books are equal.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from proto.settlement.v1 import settlement_pb2 as pb
from stack.apache_kafka import ApacheKafka, Broker
from stack.patients import read_patients
from stack.plan import Plan, read_plan
from stack.servers import KAFKA_VARIABLE
from tests.brokers import KafkaParts
from tests.endtoend.his import CHINA, EXPIRED, OK, PAID, His, Person, Visit, same_bytes
from tests.endtoend.running_stack import RunningStack, running_stack, wait_until
from tests.servers import CHILDREN

HOSPITALS = 4
"""Cashiers at work at the same time, each with patients of his own."""
BEFORE_THE_KILL = 8
WITHOUT_THE_BROKER = 12
"""Settlements whose message was new when the broker was dead."""
PATIENCE_S = 120.0
PEOPLE_PER_POOL = 20
POOLS = ("440100", "500000")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """One care region and two home nodes: of a cross-region settlement and of a local one."""
    whole = read_plan().with_free_ports()
    return replace(
        whole,
        regions=tuple(region for region in whole.regions if region.code == "44"),
        nodes=tuple(node for node in whole.nodes if node.code in ("44", "50")),
    )


@pytest.fixture(scope="module")
def cluster(plan: Plan, server_dir: Path, kafka_parts: KafkaParts) -> Iterator[ApacheKafka]:
    """Three brokers with the plan's topics."""
    home = server_dir / "three-brokers"
    kafka = ApacheKafka(
        home=home, log_dir=home, java=kafka_parts.java, jars=kafka_parts.jars, brokers=3, children_dir=CHILDREN,
        quick_to_start=True,
    )  # fmt: skip
    try:
        kafka.start(plan.topics())
        yield kafka
    finally:
        kafka.kill()


@pytest.fixture(scope="module")
def stack(plan: Plan, cluster: ApacheKafka) -> Iterator[RunningStack]:
    """The stack on the cluster."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KAFKA_VARIABLE, cluster.bootstrap)
        with running_stack(plan, people_per_pool=PEOPLE_PER_POOL) as running:
            yield running


@pytest.fixture(scope="module")
def people(stack: RunningStack) -> list[Person]:
    """Employees of both home nodes, in turn."""
    today = datetime.now(CHINA).date().isoformat()
    patients = [
        patient
        for patient in read_patients(stack.people_file, pools=POOLS, today=today)
        if "310" in patient.insutypes
    ]
    found = [Person(one.psn_no, one.home_pool, "310", one.certno, one.name) for one in patients]
    by_pool = [[person for person in found if person.pool == pool] for pool in POOLS]
    return [person for pair in zip(*by_pool, strict=False) for person in pair]


def hospital(stack: RunningStack) -> His:
    return His("H44030490001", care_pool="440300", gateways=stack.gateways["44"])


async def described(bootstrap: str, topic: str) -> tuple[list[int], list[int], str]:
    """Per partition its leader and how many replicas it has; min.insync.replicas of the topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        [found] = await admin.describe_topics([topic])
        partitions = sorted(found["partitions"], key=lambda partition: partition["partition"])
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        [resource] = answer.resources
        settings = {name: value for name, value, *_ in resource[4]}
    finally:
        await admin.close()
    replicas = [len(partition["replicas"]) for partition in partitions]
    return [partition["leader"] for partition in partitions], replicas, settings["min.insync.replicas"]


def leading(cluster: ApacheKafka, topics: list[str]) -> Broker:
    """The broker that leads most partitions of these topics."""
    leaders = Counter(
        leader for topic in topics for leader in asyncio.run(described(cluster.bootstrap, topic))[0]
    )
    number = leaders.most_common(1)[0][0]
    return next(broker for broker in cluster.brokers if broker.number == number)


def test_every_topic_has_three_replicas_two_of_them_in_sync(plan: Plan, cluster: ApacheKafka) -> None:
    for topic, count in plan.topics().items():
        _, replicas, in_sync = asyncio.run(described(cluster.bootstrap, topic))
        assert (replicas, in_sync) == ([3] * count, "2"), topic


def test_one_settlement_end_to_end(stack: RunningStack, cluster: ApacheKafka, people: list[Person]) -> None:
    assert stack.endpoints.kafka == cluster.bootstrap
    with hospital(stack) as his:
        visit = his.open(people.pop())
        request, paid = his.pay(visit)
        assert same_bytes(his.outcome(request), paid)
        _, refund = his.cancelled(visit, paid)
    assert refund.status == OK
    stack.await_calm()
    books = stack.compare({one.setl_id: one.SerializeToString(deterministic=True) for one in (paid, refund)})
    assert (books.books_equal, books.zero_sum, books.pending) == (True, True, 0), books.differences.sentences
    assert (books.paid, books.cancelled) == (1, 1)


@dataclass
class Cashier:
    """Settles visit after visit until told to stop; holds every outcome that he was given."""

    his: His
    people: list[Person]
    stop: threading.Event
    outcomes: dict[str, bytes] = field(default_factory=dict)
    paid_at: list[float] = field(default_factory=list)
    """When the message of each settlement that was paid was made."""

    def work(self) -> None:
        while not self.stop.is_set():
            person = self.people[len(self.paid_at) % len(self.people)]
            visit = Visit(person, "11")
            opened = self._final(self.his.opening(visit))
            visit.mdtrt_id = opened.mdtrt_id
            given = self.his.bill(visit)
            while True:  # an expired settlement is no payment: the hospital settles the bill anew
                began = time.monotonic()
                outcome = self._final(self.his.settlement(visit, given))
                if outcome.status != EXPIRED:
                    break
            assert outcome.status == PAID, outcome
            self.paid_at.append(began)

    def _final(self, request: object) -> pb.Outcome:
        outcome = self.his.final(request, within_s=PATIENCE_S)
        answer = outcome.SerializeToString(deterministic=True)
        assert self.outcomes.setdefault(outcome.setl_id, answer) == answer
        return outcome


def test_a_broker_is_killed_and_traffic_goes_on_nothing_lost_or_doubled(
    stack: RunningStack, cluster: ApacheKafka, people: list[Person], plan: Plan
) -> None:
    stack.await_calm()
    before = stack.compare()
    stop = threading.Event()
    with ExitStack() as doors, ThreadPoolExecutor(HOSPITALS) as threads:
        doors.callback(stop.set)  # before the threads are waited for, whatever happens
        cashiers = [
            Cashier(doors.enter_context(hospital(stack)), people[number::HOSPITALS], stop)
            for number in range(HOSPITALS)
        ]
        shifts = [threads.submit(cashier.work) for cashier in cashiers]

        def paid_since(moment: float) -> int:
            for shift in shifts:
                if shift.done():
                    shift.result()
            return sum(began > moment for cashier in cashiers for began in cashier.paid_at)

        wait_until(lambda: paid_since(0) >= BEFORE_THE_KILL, "settlements are paid", within_s=PATIENCE_S)
        killed = leading(cluster, list(plan.topics()))
        killed.kill()
        since = time.monotonic()
        wait_until(lambda: paid_since(since) >= WITHOUT_THE_BROKER, "traffic goes on", within_s=PATIENCE_S)
        assert cluster.died() == [killed], "it was dead all the while"
        cluster.start()
        back = time.monotonic()
        wait_until(
            lambda: paid_since(back) >= HOSPITALS, "traffic goes on with it again", within_s=PATIENCE_S
        )
        stop.set()
        for shift in shifts:
            shift.result(PATIENCE_S)
    stack.await_calm()
    receipts = {key: answer for cashier in cashiers for key, answer in cashier.outcomes.items()}
    after = stack.compare(receipts)
    assert after.books_equal, after.differences.sentences
    assert after.zero_sum, after.imbalances.sentences
    assert after.pending == 0
    assert after.paid - before.paid == sum(len(cashier.paid_at) for cashier in cashiers)
