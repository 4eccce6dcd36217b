"""The parts list of a gateway process: one slot of a care region."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from bus.kafka import open_log
from bus.settings import BusSettings
from gateway import service
from gateway.catalogue import load_catalogues
from gateway.directory import Directory
from gateway.entrance import House
from gateway.errors import GatewayError
from gateway.fees.book import open_fee_book
from gateway.filing import service as filing_service
from gateway.filing.service import FilingService
from gateway.postgres_care_book import open_care_book
from gateway.service import SettlementService
from gateway.slot import Slot
from proto.settlement.v1 import filing_pb2_grpc, settlement_pb2_grpc
from runtime import keyring, metrics
from runtime.clock import SystemClock
from runtime.serve import AddService, grpc_server, run_until_signalled
from runtime.settings import ProcessSettings
from runtime.unreadable import add_service

FIRST_BEATS_S_MAX: Final = 5.0
LISTEN_DEFAULT: Final = "127.0.0.1:0"

_log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway")


class WrongPlace(GatewayError):
    """The directory has no such care region or home node."""


def house_of(region: str, slot: int, data: Path | None = None) -> House:
    """Directory and catalogues of a folder (default: those shipped).

    Raises WrongPlace, DirectoryError, CatalogueError.
    """
    directory = Directory.load(data)
    if region not in directory.regions:
        raise WrongPlace(
            f"the directory has no care region {region}; it has {', '.join(sorted(directory.regions))}"
        )
    return House(region, slot, directory, load_catalogues(data))


def partitions_of(directory: Directory, nodes: Sequence[int]) -> list[tuple[int, int]]:
    """Every home partition that this gateway speaks to; all nodes of the directory where none is named."""
    unknown = [node for node in nodes if node not in directory.nodes]
    if unknown:
        raise WrongPlace(f"the directory has no home node {unknown[0]}")
    chosen = nodes or sorted(directory.nodes)
    return [(node, partition) for node in chosen for partition in range(directory.nodes[node].partitions)]


class Alarms:
    """What people must look at: a counted line in the log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count = Counter("gateway_alarms", "What people must look at", ["what"], registry=registry)

    def __call__(self, what: str, *, setl_id: str = "") -> None:
        self._count.labels(what).inc()
        _log.critical("alarm", what=what, **({"setl_id": setl_id} if setl_id else {}))


def count_queues(registry: CollectorRegistry, slot: Slot) -> None:
    """Gauges that are read when somebody looks."""
    gauges: dict[str, Callable[[], int]] = {
        "calls waiting to be claimed": lambda: len(slot.claims),
        "messages open": lambda: len(slot.dispatch),
        "decisions waiting to be booked": lambda: len(slot.booking),
        "questions under way": lambda: len(slot.asks),
        "partitions silent": lambda: len(slot.silences.all_silent()),
    }
    for words, read in gauges.items():
        gauge = Gauge("gateway_" + words.replace(" ", "_"), words.capitalize(), registry=registry)
        gauge.set_function(read)
    silent = Gauge("gateway_partition_silent", "1: not heard of", ["node", "partition"], registry=registry)
    for node, partition in slot.silences.all():
        silent.labels(str(node), str(partition)).set_function(partial(slot.silences.silent, node, partition))


def services_of(slot: Slot) -> dict[str, AddService]:
    """What a slot serves, by name."""
    settlement = SettlementService(
        desk=slot.desk, queries=slot.queries, session=slot.session, accumulators=slot.accumulators,
        fee_query=slot.fee_query, stays=slot.stays, catalogue=slot.catalogue, signs=slot.signs,
    )  # fmt: skip
    filing = FilingService(desk=slot.desk, filings=slot.filings)
    return {
        service.NAME: partial(
            add_service, settlement_pb2_grpc.add_SettlementServiceServicer_to_server, settlement
        ),
        filing_service.NAME: partial(
            add_service, filing_pb2_grpc.add_FilingServiceServicer_to_server, filing
        ),
    }


async def serve(*, settings: ProcessSettings, region: str, slot: int, nodes: Sequence[int] = ()) -> int:
    """Run one slot until a signal; gives the exit code."""
    house = house_of(region, slot, settings.data_dir)
    partitions = partitions_of(house.directory, nodes)
    registry = metrics.new_registry()
    clock = SystemClock()
    bus = BusSettings(
        bootstrap=settings.kafka_bootstrap,
        embedded=settings.kafka_embedded,
        client_id=f"gateway-{region}-{slot}",
    )
    async with (
        open_care_book(dsn=settings.dsn, region=region, slot=slot, clock=clock) as book,
        open_fee_book(dsn=settings.dsn, region=region, slot=slot) as fee_book,
        open_log(bus) as log,
    ):
        parts = Slot(
            book=book, fee_book=fee_book, log=log, house=house, partitions=partitions, clock=clock,
            alarm=Alarms(registry), node_key=lambda node: keyring.public_key(settings.keys_dir, f"node-{node}"),
        )  # fmt: skip
        await parts.take_over()
        count_queues(registry, parts)
        with metrics.exposed(registry, port=settings.metrics_port, host=settings.metrics_host):
            async with grpc_server(
                listen=settings.listen or LISTEN_DEFAULT, services=services_of(parts)
            ) as server:
                return await run_until_signalled(
                    parts.tasks(), server=server, state_dir=settings.state_dir, grace_s=settings.grace_s,
                    ready=partial(first_beats, parts),
                )  # fmt: skip


async def first_beats(slot: Slot) -> None:
    """Ready when every partition was heard of, or after a moment: a silent node must not keep the others waiting."""
    for _ in range(int(FIRST_BEATS_S_MAX / 0.05)):
        if not slot.silences.all_silent():
            return
        await asyncio.sleep(0.05)
