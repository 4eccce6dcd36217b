"""A process serves until a signal: drains at the first, leaves at the second, and never lives on by half."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from stack.embedded import HOST, free_port

# a server with one method that takes a second, a task that may die, and readiness when a file says go
PROGRAM = """
import asyncio, os, pathlib, sys
import grpc
from runtime import logs, serve

async def slow(request, context):
    pathlib.Path(os.environ["STATE"], "called").touch()
    await asyncio.sleep(1)
    return b"answered"

def add(server):
    handler = grpc.unary_unary_rpc_method_handler(slow)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Slow", {"Call": handler}),))

async def ticking():
    while True:
        await asyncio.sleep(0.05)

async def dying():
    await asyncio.sleep(0.3)
    raise ValueError("person 440301199001011234")

async def ending():
    await asyncio.sleep(0.3)

async def stubborn():
    while True:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            pass

async def main():
    async def ready():
        while not (state / "go").exists():
            await asyncio.sleep(0.02)
    state = pathlib.Path(os.environ["STATE"])
    tasks = {"task": globals()[sys.argv[2]]}
    async with serve.grpc_server(listen=sys.argv[1], services={"test.Slow": add}) as server:
        return await serve.run_until_signalled(tasks, server=server, ready=ready, state_dir=state, grace_s=3)

logs.configure(process="test")
sys.exit(serve.run(main))
"""


class Served:
    """The program above as a process."""

    def __init__(self, folder: Path, task: str, *, port: int | None = None, go: bool = True) -> None:
        folder.mkdir(exist_ok=True)
        if go:
            (folder / "go").touch()
        self.address = f"{HOST}:{port or free_port()}"
        self.state = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, self.address, task],
            env={**os.environ, "STATE": str(folder), "PYTHONPATH": os.getcwd()},
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_file(self, name: str) -> Path:
        for _ in range(200):
            if (self.state / name).exists():
                return self.state / name
            time.sleep(0.05)
        raise AssertionError(f"no file {name}")

    def end(self, timeout_s: float = 10) -> tuple[int, list[dict[str, object]]]:
        _, said = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, [json.loads(line) for line in said.splitlines()]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[list[Served]]:
    started: list[Served] = []
    yield started
    for served in started:
        served.process.kill()
        served.process.communicate()


def test_the_first_signal_lets_a_call_in_flight_end(tmp_path: Path, serving: list[Served]) -> None:
    served = Served(tmp_path, "ticking")
    serving.append(served)
    assert served.await_file("ready").read_text().strip() == str(served.process.pid)
    with grpc.insecure_channel(served.address) as channel:
        answer = channel.unary_unary("/test.Slow/Call").future(b"")
        served.await_file("called")
        served.process.send_signal(signal.SIGTERM)
        assert answer.result(timeout=5) == b"answered"
    code, said = served.end()
    assert code == 0
    assert [line["event"] for line in said] == ["ready", "draining", "stopped"]
    assert not (tmp_path / "ready").exists()


def test_the_second_signal_leaves_at_once(tmp_path: Path, serving: list[Served]) -> None:
    served = Served(tmp_path, "ticking")
    serving.append(served)
    served.await_file("ready")
    with grpc.insecure_channel(served.address) as channel:
        answer = channel.unary_unary("/test.Slow/Call").future(b"")
        served.await_file("called")
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        served.process.send_signal(signal.SIGINT)
        code, _ = served.end(0.6)
        assert code == 128 + signal.SIGTERM
        with pytest.raises(grpc.RpcError):
            answer.result(timeout=5)


@pytest.mark.parametrize(
    ("task", "error"), [("dying", "builtins.ValueError"), ("ending", "runtime.errors.TaskDied")]
)
def test_a_task_that_ends_by_itself_ends_the_process_with_one_line(
    tmp_path: Path, serving: list[Served], task: str, error: str
) -> None:
    served = Served(tmp_path, task)
    serving.append(served)
    code, said = served.end()
    assert code == 1
    fatal = [line for line in said if line["level"] == "critical"]
    assert len(fatal) == 1
    assert (fatal[0]["event"], fatal[0]["task"]) == ("task died", "task")
    trace = fatal[0]["trace"]
    assert isinstance(trace, list)
    assert trace[0]["error"] == error
    assert "440301199001011234" not in str(said)


def test_a_task_that_will_not_be_cancelled_does_not_keep_the_process(
    tmp_path: Path, serving: list[Served]
) -> None:
    served = Served(tmp_path, "stubborn")
    serving.append(served)
    served.await_file("ready")
    served.process.send_signal(signal.SIGTERM)
    code, said = served.end(15)
    assert code == 0
    assert said[-1] == {**said[-1], "event": "tasks did not end", "tasks": ["task"]}


def test_health_says_not_serving_until_ready_and_reflection_lists_the_services(
    tmp_path: Path, serving: list[Served]
) -> None:
    served = Served(tmp_path, "ticking", go=False)
    serving.append(served)
    with grpc.insecure_channel(served.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        seen = {check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=10).status}
        (tmp_path / "go").touch()
        served.await_file("ready")
        last = check(health_pb2.HealthCheckRequest(service="test.Slow"), timeout=5).status
        assert seen == {health_pb2.HealthCheckResponse.NOT_SERVING}
        assert last == health_pb2.HealthCheckResponse.SERVING
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
        listed = {service.name for service in next(answers).list_services_response.service}
    assert {"test.Slow", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= listed


def test_a_taken_port_is_one_line_that_says_what_to_do(tmp_path: Path, serving: list[Served]) -> None:
    first = Served(tmp_path, "ticking")
    serving.append(first)
    first.await_file("ready")
    second = Served(tmp_path / "second", "ticking", port=int(first.address.rpartition(":")[2]))
    serving.append(second)
    code, said = second.end()
    assert code == 2
    assert [line["fault"]["sentence"] for line in said if line["event"] == "stopped"] == [  # type: ignore[index]
        f"{first.address} is taken; choose another address with DSGW_LISTEN."
    ]
