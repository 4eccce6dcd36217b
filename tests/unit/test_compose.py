"""docker-compose.yml, Dockerfile and .dockerignore agree with the plan, the settings and the packages.

Parsed only: no container engine is needed, and none has run them.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from clearing.settings import ClearingSettings
from homepool.serve import NodeSettings
from stack.kafka_jars import KAFKA_VERSION
from stack.plan import Plan, read_plan

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "POSTGRES_PASSWORD"
JOBS = {"databases", "topics"}
SERVERS = {"postgres", "kafka"}
LOOPBACK = re.compile(r"127\.0\.0\.1:(\d+):\1")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as compose merges it; ours to substitute is the password alone."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    variables = set(re.findall(r"(?<!\$)\$\{?(\w+)", text))
    assert variables == {PASSWORD}, variables
    text = re.sub(r"\$\{POSTGRES_PASSWORD[^}]*\}", "secret1", text).replace("$$", "$")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


@pytest.fixture(scope="module")
def processes(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that are processes of ours."""
    return {name: service for name, service in compose["services"].items() if name not in JOBS | SERVERS}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan()


def python_of(command: list[str]) -> list[str]:
    """What Python is told."""
    return command[command.index("python") + 1 :]


def test_its_processes_are_those_of_the_plan_on_their_own_databases(
    processes: dict[str, dict[str, Any]], plan: Plan
) -> None:
    inside = {process.name: f"{process.name}:{process.port}" for process in plan.processes()}
    wanted = {" ".join(process.knowing(inside).arguments): process for process in plan.processes()}
    found = {" ".join(python_of(service["command"])): service for service in processes.values()}
    assert set(found) == set(wanted)
    for command, service in found.items():
        process, environment = wanted[command], service["environment"]
        assert environment["DSGW_POSTGRES_DSN"].rpartition("/")[2] == process.database
        lower = ["nice", "-n", str(process.nice)] if process.nice else []
        assert service["command"][: len(lower) + 1] == [*lower, "python"]


def test_gateways_listen_where_the_plan_says_and_for_this_machine_only(
    compose: dict[str, Any], plan: Plan
) -> None:
    for process in plan.processes():
        if process.health:
            service = compose["services"][process.name.removesuffix("-0")]
            assert service["environment"]["DSGW_LISTEN"] == f"0.0.0.0:{process.port}"
            assert service["ports"] == [f"127.0.0.1:{process.port}:{process.port}"]
    for name, service in compose["services"].items():
        for port in service.get("ports", ()):
            assert LOOPBACK.fullmatch(port), f"{name} is open to everybody: {port}"


def test_clearing_is_told_where_the_books_are_as_the_plan_says(compose: dict[str, Any], plan: Plan) -> None:
    inside = {process.name: f"{process.name}:{process.port}" for process in plan.processes()}
    [process] = [one for one in plan.processes() if one.name == "clearing"]
    environment = compose["services"]["clearing"]["environment"]
    assert {"DSGW_BOOKS": environment["DSGW_BOOKS"]} == dict(process.knowing(inside).settings)
    at = ClearingSettings(postgres_dsn="x", books=environment["DSGW_BOOKS"]).books_at()
    assert len(at) == len(plan.nodes) + len(plan.regions)


def test_the_jobs_make_the_plans_topics_and_databases(compose: dict[str, Any], plan: Plan) -> None:
    command = compose["services"]["topics"]["command"]
    assert command[:4] == ["python", "-m", "bus", "topics"]
    topics = [word.removeprefix("--topic=") for word in command if word.startswith("--topic=")]
    assert topics == [f"{name}:{partitions}" for name, partitions in plan.topics().items()]
    databases = compose["services"]["databases"]["environment"]["DATABASES"].split()
    assert databases == plan.databases()


def test_every_setting_is_one_that_a_process_reads_and_all_are_valid(
    processes: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {f"DSGW_{field.upper()}" for field in NodeSettings.model_fields | ClearingSettings.model_fields}
    for name, service in processes.items():
        environment = service["environment"]
        assert set(environment) <= known, name
        assert all(isinstance(value, str) for value in environment.values()), "not what YAML makes of it"
        with monkeypatch.context() as patch:
            for variable, value in environment.items():
                patch.setenv(variable, value)
            settings = NodeSettings.read()
        assert settings.kafka_embedded is False
        assert settings.dsn.startswith("postgresql://postgres:secret1@postgres:5432/")
        assert settings.metrics_port
        assert settings.kafka_bootstrap == "kafka:9092"
        # docker kills after its own grace: the process must have ended before
        assert int(service["stop_grace_period"].removesuffix("s")) > settings.grace_s


def test_everything_that_keeps_running_has_a_health_check_and_waits_for_what_it_needs(
    compose: dict[str, Any], processes: dict[str, dict[str, Any]]
) -> None:
    services = compose["services"]
    for name in SERVERS | set(processes):
        check = services[name]["healthcheck"]
        assert check["test"][0] == "CMD"
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name
        assert services[name]["restart"] == "unless-stopped"
    for service in processes.values():
        assert service["healthcheck"]["test"][1:] == ["python", "-m", "runtime.healthy"]
        assert service["depends_on"] == {job: {"condition": "service_completed_successfully"} for job in JOBS}
    for job, server in (("databases", "postgres"), ("topics", "kafka")):
        assert services[job]["depends_on"] == {server: {"condition": "service_healthy"}}
        assert services[job]["restart"] == "no"


def test_what_must_outlive_a_container_is_on_a_volume(
    compose: dict[str, Any], processes: dict[str, dict[str, Any]]
) -> None:
    mounts = {
        name: dict(volume.split(":")[1::-1] for volume in service.get("volumes", ()))
        for name, service in compose["services"].items()
    }
    used = {volume for by_path in mounts.values() for volume in by_path.values()}
    assert used == set(compose["volumes"])
    assert mounts["postgres"] == {"/var/lib/postgresql": "postgres"}, "18 keeps its data below, not in …/data"
    kafka = compose["services"]["kafka"]["environment"]
    assert mounts["kafka"] == {kafka["KAFKA_LOG_DIRS"]: "kafka"}
    states = [
        mounts[name][service["environment"]["DSGW_STATE_DIR"]]
        for name, service in processes.items()
        if name.startswith("node-")
    ]
    assert len(set(states)) == len(states) == 3, "a node's state is its own"


def test_gateways_cannot_read_a_nodes_private_key(processes: dict[str, dict[str, Any]]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    image_user = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)[-1]
    assert image_user.split(":")[0] not in ("0", "root")
    for name, service in processes.items():
        keys = next((volume for volume in service.get("volumes", ()) if volume.startswith("keys:")), "")
        if name.startswith("books-") or name == "clearing":
            assert not keys, "it seals and opens nothing"
            assert service["user"] not in (image_user, "0", "root", "0:0")
        elif name.startswith("gateway-"):
            assert keys.endswith(":ro")
            assert service["user"] not in (image_user, "0", "root", "0:0")
        else:
            assert "user" not in service
            assert keys == f"keys:{service['environment']['DSGW_KEYS_DIR']}"


def test_servers_are_the_ones_that_the_tests_run_on(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["postgres"]["image"] == services["databases"]["image"] == "postgres:18"
    assert services["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert services["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_image_holds_every_package_that_a_command_needs(compose: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) \./\1$", dockerfile, re.MULTILINE)
    commands = [service["command"] for service in compose["services"].values() if "build" in service]
    for command in commands:
        assert python_of(command)[1] in copied
    imported = {
        found
        for package in copied
        for file in (ROOT / package).rglob("*.py")
        for found in re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    ours = {folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").exists()}
    assert imported & ours <= set(copied)
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert let_through == {*copied, "constraints.txt"}
    assert "-r constraints.txt" in dockerfile
    assert re.search(r"^FROM python:3\.\d+-slim$", dockerfile, re.MULTILINE)
