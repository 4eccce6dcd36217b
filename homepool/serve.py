"""The parts list of a home node's worker process.

A session that is lost, a lock that does not come and a broker that is away are not the end of the process: the worker
starts again with new sessions, hence a new term. What people must look at is: another worker in its place, a database
that came back from an old backup, a missing leaf, guards that do not stand.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from random import SystemRandom
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from bus.errors import BusError
from bus.kafka import open_log
from bus.log import Log
from bus.settings import BusSettings
from homepool import postgres_book
from homepool.book import BookError
from homepool.policy.files import PolicyBook, load_policies
from homepool.schema import migrated
from homepool.seen import Seen, SeenFile
from homepool.worker import Worker
from runtime import keyring, metrics
from runtime.clock import Clock, SystemClock
from runtime.errors import RuntimeFault
from runtime.serve import run_until_signalled
from runtime.settings import ProcessSettings

START_AGAIN_AFTER_S: Final = 0.5
START_AGAIN_AFTER_S_MAX: Final = 5.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool")


class NodeSettings(ProcessSettings):
    """What a home node is told by its environment, beside what every process is."""

    regions: str = "44,45"
    """DSGW_REGIONS: the care regions that this node answers; their reply topics exist."""


class CountedAlarms:
    """What people must look at: a counted line in the log. Facts never hold personal data."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count = Counter("home_alarms", "What people must look at", ["what"], registry=registry)

    def __call__(self, what: str, **facts: object) -> None:
        """Raise an alarm."""
        self._count.labels(what).inc()
        _log.critical("alarm", what=what, **facts)


class Node:
    """One worker process: its worker of the moment, and the next one after a failure that passes."""

    def __init__(
        self,
        *,
        node: int,
        partitions: Sequence[int],
        dsn: str,
        log: Log,
        clock: Clock,
        policies: PolicyBook,
        alarms: CountedAlarms,
        seen: Seen,
        private_key: bytes,
        regions: frozenset[str],
    ) -> None:
        self.worker: Worker | None = None
        self.beating = asyncio.Event()
        """Set once a worker of this process was heard and heard itself."""
        self._node = node
        self._partitions = partitions
        self._dsn = dsn
        self._log = log
        self._clock = clock
        self._policies = policies
        self._alarms = alarms
        self._seen = seen
        self._private_key = private_key
        self._regions = regions
        self._terms: dict[int, int] = {}

    async def run(self) -> None:
        """Work for ever; raises what does not pass by itself."""
        wait_s = START_AGAIN_AFTER_S
        while True:
            began_s = self._clock.monotonic_s()
            try:
                await self._work()
            except (BookError, BusError, RuntimeFault) as failure:
                if self.worker is not None:
                    self._terms |= {n: part.cursor.term for n, part in self.worker.partitions.items()}
                    self.worker = None
                if not failure.retriable:
                    self._alarms("the worker stops", error=type(failure).__name__)
                    raise
                _log.warning("starting again", failure=type(failure).__name__, wait_s=wait_s)
            if self._clock.monotonic_s() - began_s > START_AGAIN_AFTER_S_MAX:
                wait_s = START_AGAIN_AFTER_S
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, START_AGAIN_AFTER_S_MAX)

    async def _work(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            name = f"home {self._node}"
            books = {
                partition: await stack.enter_async_context(
                    postgres_book.opened(self._dsn, name=f"{name} partition {partition}")
                )
                for partition in self._partitions
            }
            asking = await stack.enter_async_context(postgres_book.opened(self._dsn, name=f"{name} asks"))
            self.worker = Worker(
                node=self._node, books=books, asking=asking, log=self._log, clock=self._clock,
                policies=self._policies, alarms=self._alarms, seen=self._seen, private_key=self._private_key,
                regions=self._regions, random=SystemRandom(), beating=self.beating, terms=self._terms,
            )  # fmt: skip
            await self.worker.run()

    async def ready(self) -> None:
        """Returns when this process can decide."""
        await self.beating.wait()


async def serve(*, settings: NodeSettings, node: int, partitions: Sequence[int]) -> int:
    """Run a worker of `node` for these partitions until a signal; gives the exit code."""
    registry = metrics.new_registry()
    async with migrated(settings.dsn, name=f"home {node} migrations"):
        pass
    bus = BusSettings(
        bootstrap=settings.kafka_bootstrap,
        embedded=settings.kafka_embedded,
        client_id=f"home-{node}-{'-'.join(map(str, partitions))}",
    )
    async with open_log(bus) as log:
        process = Node(
            node=node, partitions=partitions, dsn=settings.dsn, log=log, clock=SystemClock(),
            policies=load_policies(settings.data_dir), alarms=CountedAlarms(registry),
            seen=SeenFile(settings.state_dir, node=node),
            private_key=keyring.own_key(settings.keys_dir, f"node-{node}"),
            regions=frozenset(settings.regions.split(",")),
        )  # fmt: skip
        _count(registry, process)
        with metrics.exposed(registry, port=settings.metrics_port, host=settings.metrics_host):
            return await run_until_signalled(
                {"node": process.run},
                ready=process.ready,
                state_dir=settings.state_dir,
                grace_s=settings.grace_s,
            )


def _count(registry: CollectorRegistry, process: Node) -> None:
    def waiting() -> int:
        worker = process.worker
        return sum(len(part.intake) for part in worker.partitions.values()) if worker else 0

    def decided() -> int:
        worker = process.worker
        return sum(part.decided for part in worker.partitions.values()) if worker else 0

    Gauge("home_items_waiting", "Items waiting to be decided", registry=registry).set_function(waiting)
    Gauge("home_decisions", "Decisions written since the last takeover", registry=registry).set_function(
        decided
    )
