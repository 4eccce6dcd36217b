"""The parts list of a region's books process: BooksService over the region's care book, with sessions of its own."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from gateway.days.care_days import opened_days
from gateway.directory import Directory
from gateway.errors import GatewayError
from gateway.postgres_care_book import bring_up_to_date
from gateway.serve import LISTEN_DEFAULT, Alarms
from proto.settlement.v1 import books_pb2_grpc
from runtime import books, metrics, postgres
from runtime.serve import grpc_server, run_until_signalled
from runtime.settings import ProcessSettings
from runtime.unreadable import add_service

CALLS_MAX: Final = 64


class BooksSettings(ProcessSettings):
    """It speaks to no broker."""

    kafka_bootstrap: str = ""


class AddressesWrong(GatewayError):
    """--nodes is no list of home nodes and addresses such as 44=127.0.0.1:9544,45=127.0.0.1:9545."""


class OtherBook(GatewayError):
    """The database holds the care book of another region."""


def addresses_of(text: str, directory: Directory) -> dict[int, str]:
    """The nodes' BooksServices from the command line. Raises AddressesWrong."""
    addresses: dict[int, str] = {}
    for one in text.split(","):
        node, _, address = one.strip().partition("=")
        host, _, port = address.rpartition(":")
        if not (node.isascii() and node.isdigit() and host and port.isascii() and port.isdigit()):
            raise AddressesWrong(
                f"--nodes: {one.strip()!r} is no home node with its address, such as 44=127.0.0.1:9544"
            )
        if int(node) not in directory.nodes:
            known = ", ".join(map(str, sorted(directory.nodes)))
            raise AddressesWrong(f"--nodes: the directory has no home node {node}; it has {known}")
        if int(node) in addresses:
            raise AddressesWrong(f"--nodes: home node {node} has two addresses")
        addresses[int(node)] = address
    return addresses


async def serve_books(*, settings: BooksSettings, region: str, addresses: Mapping[int, str]) -> int:
    """Serve until a signal; gives the exit code. Raises OtherBook."""
    registry = metrics.new_registry()
    name = f"books {region} start"
    await bring_up_to_date(settings.dsn, name=name)
    async with postgres.opened(settings.dsn, application_name=name) as connection:
        held = await connection.fetchval("SELECT region FROM care LIMIT 1")
    if held not in (None, region):
        raise OtherBook(f"This database holds the care book of region {held}, not {region}.")
    alarm = Alarms(registry)
    async with opened_days(settings.dsn, region=region, addresses=addresses, alarm=alarm) as days:
        service = books.BooksService(days, registry=registry)
        add = partial(add_service, books_pb2_grpc.add_BooksServiceServicer_to_server, service)
        with metrics.exposed(registry, port=settings.metrics_port, host=settings.metrics_host):
            async with grpc_server(
                listen=settings.listen or LISTEN_DEFAULT, services={books.NAME: add}, calls_max=CALLS_MAX
            ) as server:
                return await run_until_signalled(
                    {}, server=server, state_dir=settings.state_dir, grace_s=settings.grace_s
                )
