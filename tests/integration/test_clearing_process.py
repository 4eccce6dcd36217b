"""`python -m clearing serve` itself: a client that knows only its address finds every service, and every call answers."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from proto.settlement.v1 import (
    clearing_pb2,
    funding_pb2,
    month_pb2,
    payment_pb2,
    proposal_pb2,
    statement_pb2,
)
from stack.embedded import HOST, free_port
from tests.servers import NewDatabase

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = (clearing_pb2, funding_pb2, month_pb2, payment_pb2, proposal_pb2, statement_pb2)
SERVICES = [service for one in CONTRACTS for service in one.DESCRIPTOR.services_by_name.values()]
STARTED_S_MAX = 60.0
ANSWERED_S_MAX = 5.0


async def answer_to_nothing(channel: grpc.aio.Channel, service: Any, method: Any) -> grpc.StatusCode:
    """The status of a call with an empty request; of WatchRun, which would watch for ever, with a day."""
    day = "2026-11-20" if method.name == "WatchRun" else ""
    body = clearing_pb2.WatchRunRequest(day=day).SerializeToString()
    open_call = channel.unary_stream if method.server_streaming else channel.unary_unary
    call: Any = open_call(f"/{service.full_name}/{method.name}")(body, timeout=ANSWERED_S_MAX)
    try:
        _ = [part async for part in call] if method.server_streaming else await call
    except grpc.aio.AioRpcError as failed:
        return failed.code()
    return grpc.StatusCode.OK


async def test_every_service_is_found_by_reflection_is_healthy_and_answers(database: NewDatabase) -> None:
    address = f"{HOST}:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clearing", "serve", cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DSGW_POSTGRES_DSN": database("clearing"), "DSGW_LISTEN": address},
    )  # fmt: skip
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for service in SERVICES:
                asked = health_pb2.HealthCheckRequest(service=service.full_name)
                said = await health.Check(asked, wait_for_ready=True, timeout=STARTED_S_MAX)
                assert said.status == health_pb2.HealthCheckResponse.SERVING, service.full_name
            reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            (listed,) = [part async for part in reflection.ServerReflectionInfo(iter([ask]))]
            names = {one.name for one in listed.list_services_response.service}
            assert {service.full_name for service in SERVICES} <= names
            for service in SERVICES:
                for method in service.methods:
                    code = await answer_to_nothing(channel, service, method)
                    allowed = {
                        grpc.StatusCode.OK,
                        grpc.StatusCode.INVALID_ARGUMENT,
                        grpc.StatusCode.NOT_FOUND,
                    }
                    assert code in allowed, method.full_name
    finally:
        process.terminate()
        assert await process.wait() == 0
