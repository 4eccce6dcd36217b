"""The parts list of a home node's books process: it closes and sums days, tells clearing what they hold, and carries
wallet transfers to other nodes.

It decides no bill and needs no broker. It may run beside the workers at a lower priority, and may be away: then days are
closed later, and transfers stay in transit.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from homepool.books import LOCK_TIMEOUT_MS, opened_days
from homepool.schema import migrated
from homepool.serve import CountedAlarms
from homepool.wallet.book import PostgresWalletBook
from homepool.wallet.carrier import opened_carrier
from homepool.wallet.courier import Courier
from homepool.wallet.desk import WalletDesk
from homepool.wallet.service import LEGS_NAME, WalletLegService, WalletService
from homepool.wallet.service import NAME as WALLET_NAME
from homepool.wallet.terms import WalletTermsBook
from proto.settlement.v1 import books_pb2_grpc, wallet_pb2_grpc
from runtime import metrics, postgres
from runtime.books import NAME, BooksService
from runtime.clock import SystemClock
from runtime.errors import SettingsWrong
from runtime.serve import grpc_server, run_until_signalled
from runtime.settings import ProcessSettings
from runtime.unreadable import add_service

LISTEN_DEFAULT: Final = "127.0.0.1:0"
CALLS_MAX: Final = 64
WALLET_SESSIONS_MAX: Final = 3


class BooksSettings(ProcessSettings):
    """What a books process is told by its environment, beside what every process is."""

    kafka_bootstrap: str = ""  # it needs none
    regions: str = "44,45"
    """DSGW_REGIONS: the care regions that this node answers: the peers of its days."""


async def serve(
    *, settings: BooksSettings, node: int, terms: WalletTermsBook, addresses: Mapping[int, str]
) -> int:
    """Run the books process of `node` until a signal; gives the exit code. Raises SettingsWrong, DatabaseUnreachable.

    `addresses` are those of other nodes' books processes: money is sent to their pools only.
    """
    registry = metrics.new_registry()
    async with migrated(settings.dsn, name=f"books {node} migrations") as connection:
        held = await connection.fetchval("SELECT node FROM decision LIMIT 1")
        if held not in (None, node):
            raise SettingsWrong(f"DSGW_POSTGRES_DSN names the home book of node {held}, not of {node}.")
    regions, clock = frozenset(settings.regions.split(",")), SystemClock()
    async with (
        opened_days(settings.dsn, node=node, regions=regions) as days,
        postgres.pooled(
            settings.dsn, application_name=f"books {node} wallet", sessions_max=WALLET_SESSIONS_MAX,
            lock_timeout=str(LOCK_TIMEOUT_MS),
        ) as sessions,
    ):  # fmt: skip
        book = PostgresWalletBook(sessions)
        desk = WalletDesk(book, terms=terms, clock=clock)
        wallet = WalletService(node=node, nodes=frozenset(addresses), desk=desk, book=book)
        legs = WalletLegService(node=node, desk=desk, book=book)
        services: dict[str, tuple[Any, Any]] = {
            NAME: (books_pb2_grpc.add_BooksServiceServicer_to_server, BooksService(days, registry=registry)),
            WALLET_NAME: (wallet_pb2_grpc.add_WalletServiceServicer_to_server, wallet),
            LEGS_NAME: (wallet_pb2_grpc.add_WalletLegServiceServicer_to_server, legs),
        }
        added = {name: partial(add_service, add, service) for name, (add, service) in services.items()}
        async with opened_carrier(node=node, desk=desk, addresses=addresses) as carrier:
            courier = Courier(book, desk, carrier, clock=clock, alarm=CountedAlarms(registry))
            with metrics.exposed(registry, port=settings.metrics_port, host=settings.metrics_host):
                async with grpc_server(
                    listen=settings.listen or LISTEN_DEFAULT, services=added, calls_max=CALLS_MAX
                ) as server:
                    return await run_until_signalled(
                        {"courier": courier.run}, server=server, state_dir=settings.state_dir,
                        grace_s=settings.grace_s,
                    )  # fmt: skip
