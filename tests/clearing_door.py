"""Every service of the clearing process over real gRPC and a real database, beside the commands on the same database."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.service.serve import services_of
from clearing.session import Session
from clearing.settings import ClearingSettings
from runtime import postgres
from runtime.serve import grpc_server


class Door:
    """A served clearing database."""

    def __init__(self, dsn: str, channel: grpc.aio.Channel) -> None:
        self.dsn = dsn
        self.channel = channel

    async def told(self, *arguments: str, exit_code: int = 0) -> Any:
        """What a command says with --json."""
        result = await asyncio.to_thread(
            CliRunner().invoke, app, [*arguments, "--json"], env={"DSGW_POSTGRES_DSN": self.dsn, "DSGW_BOOKS": ""}
        )  # fmt: skip
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)


@contextlib.asynccontextmanager
async def served(dsn: str, *, books: Sequence[Any] = (), books_at: str = "") -> AsyncIterator[Door]:
    """The process's services on a free port. `books` are in memory, `books_at` is what DSGW_BOOKS would say."""
    settings = ClearingSettings(postgres_dsn=dsn, books=books_at)

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Session]:
        async with postgres.opened(dsn, application_name="test") as connection:
            yield Session(connection, list(books), settings)

    async with (
        grpc_server(listen="127.0.0.1:0", services=services_of(opened)) as server,
        grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        yield Door(dsn, channel)


@contextlib.contextmanager
def refused(status: grpc.StatusCode, said: str) -> Any:
    """A call within is refused with a status and a sentence."""
    with pytest.raises(grpc.aio.AioRpcError, match=said) as refusal:
        yield
    assert refusal.value.code() is status
