"""The books processes themselves: started by their commands, killed between catching up and summing, stopped in order."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from proto.settlement.v1 import books_pb2 as pb
from runtime import postgres
from runtime.books import NAME
from tests.both_books import PEER, BothBooks, asked
from tests.builders import NODE, REGION, TODAY_TEXT, a_care_row
from tests.planted import fetch_all
from tests.servers import NewDatabase

ROOT = Path(__file__).resolve().parents[2]
STARTED_S_MAX = 60.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Books:
    """A books process."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address

    async def serving(self) -> None:
        """Until it says that it takes calls."""
        async with grpc.aio.insecure_channel(self.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            async with asyncio.timeout(STARTED_S_MAX):
                while True:
                    assert self.process.returncode is None
                    try:
                        said = await health.Check(health_pb2.HealthCheckRequest(service=NAME))
                        if said.status == health_pb2.HealthCheckResponse.SERVING:
                            return
                    except grpc.aio.AioRpcError:
                        pass
                    await asyncio.sleep(0.1)


@asynccontextmanager
async def running(dsn: str, state: Path, *arguments: str, metrics_port: int = 0) -> AsyncIterator[Books]:
    """`python -m …` until the block ends; killed where it still runs."""
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DSGW_POSTGRES_DSN": dsn, "DSGW_LISTEN": address,
             "DSGW_STATE_DIR": str(state), "DSGW_METRICS_PORT": str(metrics_port)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Books(process, address)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.timeout(180)
async def test_a_region_killed_between_catching_up_and_summing_sums_when_it_is_back(
    database: NewDatabase, tmp_path: Path
) -> None:
    home, care = database("ledger", "homepool"), database("ledger", "gateway")
    books = BothBooks(home=home, care=care, alarms=[])
    await books.decided(a_care_row("a", 1), a_care_row("b", 2))
    request = pb.SumDayRequest(day=TODAY_TEXT, peer=PEER)

    async with running(home, tmp_path / "node", "homepool", "books", "--node", PEER) as node:
        await node.serving()
        async with asked(node.address) as at_home:
            await at_home.CloseDay(pb.CloseDayRequest(day=TODAY_TEXT, operator="tests"))
        command = ("gateway", "books", "--region", REGION, "--nodes", f"{NODE}={node.address}")

        async with running(care, tmp_path / "first", *command) as first, asked(first.address) as region:
            await first.serving()
            # whoever says that a day is summed must wait; whoever books need not
            async with postgres.opened(care, application_name="test") as connection, connection.transaction():
                await connection.execute("LOCK TABLE day_summed IN SHARE MODE")
                summing = asyncio.ensure_future(region.SumDay(request))
                for _ in range(600):
                    if len(booked := await fetch_all(care, "SELECT id FROM care")) == 2:
                        break
                    await asyncio.sleep(0.05)
                assert len(booked) == 2
                first.process.kill()
                with pytest.raises(grpc.aio.AioRpcError):
                    await summing
        assert await fetch_all(care, "SELECT * FROM day_summed") == []

        async with running(care, tmp_path / "second", *command) as second, asked(second.address) as region:
            await second.serving()
            summed = await region.SumDay(request)
            assert (summed.items, summed.fetched, list(summed.refused)) == (2, 0, [])
            second.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(second.process.wait(), 30) == 0


@pytest.mark.timeout(120)
async def test_it_tells_its_contract_its_figures_and_its_book(database: NewDatabase, tmp_path: Path) -> None:
    care, port = database("ledger", "gateway"), free_port()
    command = ("gateway", "books", "--region", REGION, "--nodes", "45=127.0.0.1:1")
    async with running(care, tmp_path, *command, metrics_port=port) as one, asked(one.address) as region:
        await one.serving()
        book = await region.DescribeBook(pb.DescribeBookRequest())
        assert (book.side, book.name) == ("care", REGION)
        async with grpc.aio.insecure_channel(one.address) as channel:
            asks = reflection_pb2.ServerReflectionRequest(list_services="")
            call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asks]))
            (said,) = [answer async for answer in call]
            assert NAME in {service.name for service in said.list_services_response.service}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        page = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        assert 'books_calls_total{call="DescribeBook"} 1.0' in page
        assert (tmp_path / "ready").read_text().strip() == str(one.process.pid)


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no address": (("--region", "44", "--nodes", "45"), "'45' is no home node with its address"),
    "no port": (("--region", "44", "--nodes", "45=localhost"), "'45=localhost' is no home node"),
    "no such node": (("--region", "44", "--nodes", "99=h:1"), "no home node 99; it has"),
    "twice": (("--region", "44", "--nodes", "45=h:1,45=h:2"), "home node 45 has two addresses"),
    "no such region": (("--region", "77", "--nodes", "45=h:1"), "no care region 77; it has"),
    "another region's book": (("--region", "45", "--nodes", "45=h:1"), "the care book of region 44, not 45"),
}


async def test_a_wrong_command_line_ends_with_a_sentence(database: NewDatabase, tmp_path: Path) -> None:
    care = database("ledger", "gateway")
    await BothBooks(home="", care=care, alarms=[]).booked(a_care_row("a", 1))

    async def ended(arguments: tuple[str, ...]) -> tuple[Any, str]:
        async with running(care, tmp_path, "gateway", "books", *arguments) as one:
            _, err = await one.process.communicate()
            return one.process.returncode, err.decode()

    for arguments, says in WRONG.values():
        code, err = await ended(arguments)
        assert code == 2, err
        assert says in err
        assert "Traceback" not in err
