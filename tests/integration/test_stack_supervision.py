"""The stack starts in order, starts again what dies, and leaves nothing behind; with stand-ins for our processes."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from stack.embedded import HOST, EmbeddedBroker, EmbeddedPostgres, free_port, psql
from stack.errors import AddressUnreachable, PortTaken, ServerFailed, StackFault, StackRunning
from stack.plan import Node, Plan, Region
from stack.supervisor import Stack

REGION = Region(
    code="44", name="", care_pools=("440300",), database="care_44", slots=1, slots_at_birth=2, port=0,
    program="tests.stand_in",
)  # fmt: skip
NODE = Node(
    code="45",
    name="",
    pools=("450100",),
    database="home_45",
    partitions=2,
    workers=((0, 1),),
    program="tests.stand_in",
)
PLAN = Plan(regions=(REGION,), nodes=(NODE,))

PLAN_TOML = """
[[region]]
code = "44"
name = ""
care_pools = ["440300"]
database = "care_44"
slots = 1
slots_at_birth = 2
port = 0
program = "tests.stand_in"

[[node]]
code = "45"
name = ""
pools = ["450100"]
database = "home_45"
partitions = 1
workers = [[0]]
program = "tests.stand_in"
"""


@pytest.fixture
def run_dir(server_dir: Path, request: pytest.FixtureRequest) -> Path:
    folder = server_dir / f"stack-{request.node.name[:40]}"
    folder.mkdir()
    return folder


def children_of(run_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        with contextlib.suppress(psutil.Error):
            text = " ".join(process.info["cmdline"] or []) + str(process.info["cwd"]) + str(process.environ())
            if str(run_dir) in text and process.pid != os.getpid():
                found.append(process)
    return found


async def test_what_dies_is_started_again_and_the_end_leaves_nothing(run_dir: Path) -> None:
    said: list[str] = []
    async with Stack.start(PLAN, run_dir=run_dir, say=said.append) as stack:
        first = stack.pids()
        assert set(first) == {"postgres", "broker", "gateway-44-0", "node-45"}
        endpoints = json.loads((run_dir / "endpoints.json").read_text())
        assert endpoints["gateway"] == endpoints["gateways"]["44"] == stack.endpoints.gateway
        assert (run_dir / "endpoints.json").stat().st_mode & 0o077 == 0

        for name in ("gateway-44-0", "node-45"):
            await stack.kill(name)
            await stack.ready(name)
            assert stack.pids()[name] != first[name]
        assert stack.restarts() == {"gateway-44-0": 1, "node-45": 1}

        await stack.restart("postgres")
        boots = psql(stack.endpoints.databases["region 44"], "SELECT count(*) FROM boot")
        assert boots == "2"

        await stack.restart("broker")
        with pytest.raises(ServerFailed, match=r"rep\.44"):  # made again by the stack
            stack._servers._own_broker().create_topic("rep.44", 2)

        stack.pause("node-45")
        paused = psutil.Process(stack.pids()["node-45"])
        for _ in range(100):  # the signal is seen when the process next runs
            if paused.status() == psutil.STATUS_STOPPED:
                break
            await asyncio.sleep(0.05)
        assert paused.status() == psutil.STATUS_STOPPED
    assert not children_of(run_dir)
    assert not (run_dir / "endpoints.json").exists()
    assert said[-1] == "stopped"


async def test_a_held_part_stays_down_until_it_is_released(run_dir: Path) -> None:
    async with Stack.start(PLAN, run_dir=run_dir) as stack:
        await stack.hold("node-45")
        await asyncio.sleep(0.5)
        assert "node-45" not in stack.pids()
        await stack.release("node-45")
        assert "node-45" in stack.pids()
        with pytest.raises(StackFault, match="There is no part node-46; there are postgres, broker"):
            await stack.kill("node-46")


async def test_a_second_stack_in_one_folder_is_refused(run_dir: Path) -> None:
    async with Stack.start(Plan(regions=(), nodes=()), run_dir=run_dir):
        with pytest.raises(StackRunning, match="stop it with Ctrl-C"):
            async with Stack.start(PLAN, run_dir=run_dir):
                pass


async def test_a_process_that_ends_while_starting_is_told_with_its_log_and_all_is_stopped(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", "die")
    with pytest.raises(ServerFailed, match=r"(?s)node-45 ended with code 2 while starting.*told to die"):
        async with Stack.start(PLAN, run_dir=run_dir):
            pass
    assert not children_of(run_dir)


async def test_a_taken_port_is_a_sentence(run_dir: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        plan = replace(PLAN, regions=(replace(REGION, port=port),))
        with pytest.raises(PortTaken, match=f"Port {port} for gateway-44-0 is taken; .*--free-ports"):
            async with Stack.start(plan, run_dir=run_dir):
                pass


@pytest.fixture
def up(run_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    plan = run_dir / "plan.toml"
    plan.write_text(PLAN_TOML)
    command = [sys.executable, "-m", "stack", "up", "--plan", str(plan), "--run-dir", str(run_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.kill()


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"ended without {text!r}: {said}")


def test_up_says_how_to_call_it_and_ctrl_c_ends_it(up: "subprocess.Popen[str]", run_dir: Path) -> None:
    said = read_until(up, "Ctrl-C stops it")
    assert "grpcurl -plaintext 127.0.0.1:" in said
    assert (run_dir / "endpoints.json").exists()
    up.send_signal(signal.SIGINT)
    assert up.wait(30) == 0
    assert not children_of(run_dir)


def test_a_signal_while_starting_leaves_nothing(up: "subprocess.Popen[str]", run_dir: Path) -> None:
    read_until(up, "starting PostgreSQL")
    up.send_signal(signal.SIGTERM)
    assert up.wait(30) == 0
    assert not children_of(run_dir)


async def test_the_next_stack_ends_what_a_killed_one_left_behind(
    up: "subprocess.Popen[str]", run_dir: Path
) -> None:
    await asyncio.to_thread(read_until, up, "Ctrl-C stops it")
    up.kill()
    up.wait()
    assert len(children_of(run_dir)) >= 4
    said: list[str] = []
    async with Stack.start(PLAN, run_dir=run_dir, say=said.append) as stack:
        assert psql(stack.endpoints.databases["node 45"], "SELECT count(*) FROM boot") == "2"
    assert sum("left behind" in line for line in said) == 4
    assert not children_of(run_dir)


def test_the_second_signal_kills_at_once(up: "subprocess.Popen[str]", run_dir: Path) -> None:
    read_until(up, "Ctrl-C stops it")
    for process in children_of(run_dir):
        with contextlib.suppress(psutil.Error):
            if "tests.stand_in" in process.cmdline():
                process.suspend()  # so that an orderly end would take its time
    up.send_signal(signal.SIGINT)
    read_until(up, "stopping")
    up.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert up.wait(10) != 0
    assert time.monotonic() - began < 5
    for process in children_of(run_dir):
        process.wait(10)


async def test_given_servers_win_and_are_left_alone(
    run_dir: Path,
    own_postgres: EmbeddedPostgres,
    own_broker: EmbeddedBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DSGW_POSTGRES", own_postgres.dsn())
    monkeypatch.setenv("DSGW_KAFKA", own_broker.bootstrap)
    async with Stack.start(PLAN, run_dir=run_dir, fresh=True) as stack:
        assert set(stack.pids()) == {"gateway-44-0", "node-45"}
        assert stack.endpoints.kafka == own_broker.bootstrap
        assert psql(stack.endpoints.databases["region 44"], "SELECT count(*) FROM boot") == "1"
        with pytest.raises(ServerFailed, match=r"req\.45"):  # made by `python -m bus topics`
            own_broker.create_topic("req.45", 2)
        with pytest.raises(StackFault, match="not ours to touch"):
            await stack.kill("postgres")
    assert own_postgres.pid is not None
    assert own_broker.pid is not None
    assert own_postgres.psql("SELECT count(*) FROM pg_database WHERE datname ~ 'care|home'") == "0"


async def test_a_given_server_that_does_not_answer_is_named(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSGW_POSTGRES", f"postgresql://x:secret@{HOST}:{free_port()}/x")
    with pytest.raises(AddressUnreachable, match=r"given in DSGW_POSTGRES.*refused") as unreachable:
        async with Stack.start(PLAN, run_dir=run_dir):
            pass
    assert "secret" not in str(unreachable.value)
