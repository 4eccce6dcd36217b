"""Apache Kafka as a stack's own broker, and in the foreground for stacks that come and go: `make kafka`."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bus.topics import make_topics
from stack.errors import PlanWrong
from stack.plan import APACHE, Node, Plan, Region
from stack.supervisor import Stack
from tests.brokers import KafkaParts

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 240.0
PLAN = Plan(
    regions=(
        Region(
            code="44", name="", care_pools=("440300",), database="care_44", slots=1, slots_at_birth=2, port=0,
            program="tests.stand_in",
        ),
    ),
    nodes=(
        Node(
            code="45", name="", pools=("450100",), database="home_45", partitions=2, workers=((0, 1),),
            program="tests.stand_in",
        ),
    ),
    kafka=APACHE,
)  # fmt: skip
PLAN_TOML = """
[[region]]
code = "44"
name = ""
care_pools = ["440300"]
database = "care_44"
slots = 1
slots_at_birth = 2
port = 0

[[node]]
code = "45"
name = ""
pools = ["450100"]
database = "home_45"
partitions = 3
workers = [[0, 1, 2]]
"""


async def test_a_stack_starts_it_tells_its_processes_and_starts_it_again_with_its_topics(
    server_dir: Path, kafka_parts: KafkaParts
) -> None:
    run_dir = server_dir / "stack-on-apache"
    async with Stack.start(PLAN, run_dir=run_dir) as stack:
        broker = psutil.Process(stack.pids()["broker"])
        assert "kafka.Kafka" in broker.cmdline()
        for name in ("gateway-44-0", "node-45"):
            environment = stack.environment(name)
            assert environment["DSGW_KAFKA_EMBEDDED"] == "false"
            assert environment["DSGW_KAFKA_BOOTSTRAP"] == stack.endpoints.kafka
        assert await make_topics(stack.endpoints.kafka, PLAN.topics()) == [], "made by the stack"
        await stack.kill("broker")
        await stack.ready("broker", timeout_s=START_TIMEOUT_S)
        assert stack.pids()["broker"] != broker.pid
        assert await make_topics(stack.endpoints.kafka, PLAN.topics()) == []
        last = stack.pids()["broker"]
    assert not psutil.pid_exists(last)


async def test_a_given_kafka_and_a_wish_for_another_are_refused(
    server_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSGW_KAFKA", "127.0.0.1:1")
    with pytest.raises(PlanWrong, match="DSGW_KAFKA names a Kafka that is there already; unset it"):
        async with Stack.start(PLAN, run_dir=server_dir / "stack-on-two"):
            pass


def test_in_the_foreground_it_says_how_to_use_it_restarts_what_dies_and_ends_with_ctrl_c(
    server_dir: Path, kafka_parts: KafkaParts
) -> None:
    run_dir = server_dir / "kafka-in-front"
    plan = server_dir / "kafka-in-front.toml"
    plan.write_text(PLAN_TOML)
    command = [
        sys.executable, "-m", "stack", "kafka", "--port", "0", "--plan", str(plan), "--run-dir", str(run_dir),
    ]  # fmt: skip
    with subprocess.Popen(
        ignoring_interrupts(command),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said = read_until(process, "Ctrl-C stops it")
            assert "topics: req.45 (3), rep.44 (2); one replica each" in said
            [address] = re.findall(r"^export DSGW_KAFKA=(\S+)$", said, re.MULTILINE)
            assert asyncio.run(make_topics(address, {"req.45": 3, "rep.44": 2})) == []
            [broker] = [child for child in psutil.Process(process.pid).children() if child.name() == "java"]
            os.kill(broker.pid, signal.SIGKILL)
            again = read_until(process, f"listens on {address}")
            assert "Apache Kafka broker 1 ended; starting again" in again
            second = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
            assert (second.returncode, second.stdout) == (1, "")
            assert "stop it there with Ctrl-C" in second.stderr
            [broker] = [child for child in psutil.Process(process.pid).children() if child.name() == "java"]
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            assert not broker.is_running()
            assert not list((run_dir / "children").glob("*"))
        finally:
            if process.poll() is None:  # a failure must leave no broker
                for child in psutil.Process(process.pid).children():
                    child.kill()
            process.kill()


def test_two_brokers_are_refused_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stack", "kafka", "--brokers", "2"],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "1 or 3, not 2" in done.stderr


def test_a_plan_with_an_unknown_broker_is_refused() -> None:
    with pytest.raises(PlanWrong, match="embedded or apache, not rabbit"):
        replace(PLAN, kafka="rabbit")


def ignoring_interrupts(command: list[str]) -> list[str]:
    """As the background job of a shell starts: it must heed Ctrl-C's signal all the same."""
    return ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"ended without {text!r}: {said}")
