"""The parts list of a home node's books process: it closes and sums days, and tells clearing what they hold.

It decides nothing and needs no broker. It may run beside the workers at a lower priority, and may be away: then days are
closed later.
"""

from functools import partial
from typing import Final

from homepool.books import opened_days
from homepool.schema import migrated
from proto.settlement.v1 import books_pb2_grpc
from runtime import metrics
from runtime.books import NAME, BooksService
from runtime.errors import SettingsWrong
from runtime.serve import grpc_server, run_until_signalled
from runtime.settings import ProcessSettings
from runtime.unreadable import add_service

LISTEN_DEFAULT: Final = "127.0.0.1:0"
CALLS_MAX: Final = 64


class BooksSettings(ProcessSettings):
    """What a books process is told by its environment, beside what every process is."""

    kafka_bootstrap: str = ""  # it needs none
    regions: str = "44,45"
    """DSGW_REGIONS: the care regions that this node answers: the peers of its days."""


async def serve(*, settings: BooksSettings, node: int) -> int:
    """Run the books process of `node` until a signal; gives the exit code. Raises SettingsWrong, DatabaseUnreachable."""
    registry = metrics.new_registry()
    async with migrated(settings.dsn, name=f"books {node} migrations") as connection:
        held = await connection.fetchval("SELECT node FROM decision LIMIT 1")
        if held not in (None, node):
            raise SettingsWrong(f"DSGW_POSTGRES_DSN names the home book of node {held}, not of {node}.")
    regions = frozenset(settings.regions.split(","))
    async with opened_days(settings.dsn, node=node, regions=regions) as days:
        service = BooksService(days, registry=registry)
        add = partial(add_service, books_pb2_grpc.add_BooksServiceServicer_to_server, service)
        with metrics.exposed(registry, port=settings.metrics_port, host=settings.metrics_host):
            async with grpc_server(
                listen=settings.listen or LISTEN_DEFAULT, services={NAME: add}, calls_max=CALLS_MAX
            ) as server:
                return await run_until_signalled(
                    {}, server=server, state_dir=settings.state_dir, grace_s=settings.grace_s
                )
