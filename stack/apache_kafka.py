"""Apache Kafka in KRaft mode without containers: one broker or several, each also a controller, on 127.0.0.1.

    java = need_java()
    kafka = ApacheKafka(home=folder, log_dir=folder / "logs", java=java, jars=need_jars(java), brokers=3)
    kafka.start({"req.44": 2})       # storage formatted, brokers up, topics there with leaders
    kafka.brokers[1].kill()          # SIGKILL
    kafka.start()                    # what does not run, with the log it had
    kafka.stop()

Its first start begins with empty storage: the log is transport, nothing in it is worth keeping from one run to the
next, and a cluster of another size could not read it. A broker that is killed and started again within a run finds
its log. With three brokers every partition has three replicas, of which two must be in sync.

Everything here blocks; an event loop calls it through a thread.
"""

import base64
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from stack import leftovers
from stack.embedded import ENVIRONMENT, HOST, Child, free_port, is_listening
from stack.errors import ServerFailed
from stack.java import Java
from stack.topics import make_topics

BROKERS_ALLOWED: Final = (1, 3)
START_TIMEOUT_S: Final = 240.0
"""3 s on a quiet machine."""
FORMAT_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 3.0
"""Brokers that are stopped together may wait for one another; nothing in their logs is worth waiting for."""
SESSION_TIMEOUT_MS: Final = 3_000
"""A broker that is silent for so long loses its partitions to others."""
_POLL_S: Final = 0.05
_SAID_CHARACTERS_MAX: Final = 600
_MEMORY: Final = {1: "512m", 3: "384m"}
_QUICK_TO_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_LOGGED: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)

Say = Callable[[str], None]


class Broker(Child):
    """One process of a cluster, broker and controller."""

    def __init__(
        self,
        *,
        number: int,
        port: int | None,
        home: Path,
        log_dir: Path,
        children_dir: Path | None,
        command: Sequence[str],
    ) -> None:
        self.name = f"Apache Kafka broker {number}"
        super().__init__(port=port, log_file=log_dir / f"kafka-{number}.log")
        self.number = number
        self.controller_port = free_port()
        self.properties = home / f"broker-{number}.properties"
        self.data = home / f"broker-{number}"
        self._children_dir = children_dir
        self._command = command

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{HOST}:{self.port}"

    @property
    def voter(self) -> str:
        """What the others call it."""
        return f"{self.number}@{HOST}:{self.controller_port}"

    def start(self) -> None:
        """Start it, on the log that it has; it is not up yet."""
        self._forget()
        command = [*self._command, "kafka.Kafka", str(self.properties)]
        self._spawn(command, cwd=self.data, environment=ENVIRONMENT)
        if self._process is not None and self._children_dir is not None:
            leftovers.note(self._children_dir, self._process.pid, name=self.name)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._forget()
        super().kill()

    def await_listening(self, deadline: float) -> None:
        """Wait until it takes clients. Raises ServerFailed where it ends or does not come up."""
        while True:
            if self.pid is None:
                raise self._failed("ended while starting")
            if is_listening(self.port):
                return
            if time.monotonic() > deadline:
                raise self._failed("did not start in time")
            time.sleep(_POLL_S)

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()

    def await_end(self, deadline: float) -> None:
        """Wait for the end of a broker that was asked to end; give up at the deadline."""
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def _forget(self) -> None:
        if self._process is not None and self._children_dir is not None:
            leftovers.forget(self._children_dir, self._process.pid)


class ApacheKafka:
    """A cluster of one or three brokers."""

    def __init__(
        self,
        *,
        home: Path,
        log_dir: Path,
        java: Java,
        jars: Path,
        brokers: int = 1,
        first_port: int = 0,
        children_dir: Path | None = None,
        quick_to_start: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        """`first_port` is the first broker's, the next broker's is the next; 0: any free ones. `children_dir` is where
        what runs is noted (`stack.leftovers`). `quick_to_start` saves a third of the CPU that a start costs and loses
        throughput. Raises PortTaken.
        """
        assert brokers in BROKERS_ALLOWED, f"{brokers} brokers"
        self._home = home.resolve()
        self._say = say
        self._java = [java.executable, "-cp", f"{jars.resolve()}/*", *_LOGGED]
        speed = _QUICK_TO_START if quick_to_start else ("-XX:-UsePerfData",)
        self.brokers = [
            Broker(
                number=number,
                port=first_port + number - 1 if first_port else None,
                home=self._home,
                log_dir=log_dir.resolve(),
                children_dir=children_dir,
                command=[*self._java[:1], f"-Xmx{_MEMORY[brokers]}", *speed, *self._java[1:]],
            )
            for number in range(1, brokers + 1)
        ]
        self._formatted = False

    @property
    def bootstrap(self) -> str:
        """The addresses for Kafka clients, `host:port,…`."""
        return ",".join(broker.address for broker in self.brokers)

    @property
    def replication(self) -> int:
        """How many replicas each partition has."""
        return len(self.brokers)

    @property
    def pid(self) -> int | None:
        """The process id of the first broker while all of them run."""
        pids = [broker.pid for broker in self.brokers]
        return pids[0] if None not in pids else None

    def died(self) -> list[Broker]:
        """The brokers that do not run."""
        return [broker for broker in self.brokers if broker.pid is None]

    def start(self, topics: Mapping[str, int] | None = None) -> None:
        """Start what does not run, wait until it takes clients, make the topics (name to partitions) that are missing.

        Raises ServerFailed with the end of the log of the broker that did not start.
        """
        began = time.monotonic()
        if not self._formatted:
            self._format()
            self._formatted = True
        starting = self.died()
        for broker in starting:
            broker.start()
        for broker in starting:
            broker.await_listening(began + START_TIMEOUT_S)
            self._say(f"{broker.name} listens on {broker.address} after {time.monotonic() - began:.1f} s")
        if topics:
            make_topics(self.bootstrap, topics, replication=self.replication)

    def kill(self) -> None:
        """SIGKILL all brokers, and wait until they are gone."""
        for broker in self.brokers:
            broker.kill()

    def stop(self) -> None:
        """End all brokers: a moment for an orderly end, then SIGKILL, at once where the wait is interrupted."""
        try:
            for broker in self.brokers:
                broker.terminate()
            deadline = time.monotonic() + STOP_TIMEOUT_S
            for broker in self.brokers:
                broker.await_end(deadline)
        finally:
            self.kill()

    def _format(self) -> None:
        """Write each broker's properties and format its storage, empty."""
        self._say(f"formatting storage in {self._home}")
        cluster = _random_cluster()
        voters = ",".join(broker.voter for broker in self.brokers)
        tools = []
        for broker in self.brokers:
            shutil.rmtree(broker.data, ignore_errors=True)
            broker.data.mkdir(parents=True)
            broker.properties.write_text(_properties(broker, voters, len(self.brokers)), encoding="utf-8")
            tools.append(self._format_tool(broker, cluster))
        for broker, tool in zip(self.brokers, tools, strict=True):
            _await_format(broker, tool)

    def _format_tool(self, broker: Broker, cluster: str) -> "subprocess.Popen[str]":
        tool = [*self._java, *_QUICK_TO_START, "kafka.tools.StorageTool", "format", "-t", cluster]
        return subprocess.Popen(
            [*tool, "-c", str(broker.properties)], cwd=broker.data, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip


def _await_format(broker: Broker, tool: "subprocess.Popen[str]") -> None:
    with tool:
        try:
            said, _ = tool.communicate(timeout=FORMAT_TIMEOUT_S)
        except BaseException:
            tool.kill()
            raise
    if tool.returncode:
        raise ServerFailed(
            f"The storage of {broker.name} was not formatted: {said.strip()[-_SAID_CHARACTERS_MAX:]}"
        )


def _random_cluster() -> str:
    """A cluster id as Kafka writes it: base64url of 16 bytes; never with a dash in front, which reads like an option."""
    while True:
        cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not cluster.startswith("-"):
            return cluster


def _properties(broker: Broker, voters: str, brokers: int) -> str:
    in_sync = 2 if brokers > 1 else 1
    settings = {
        "process.roles": "broker,controller",
        "node.id": broker.number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://{broker.address},CONTROLLER://{HOST}:{broker.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{broker.address}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": broker.data,
        # a topic that nobody made must be an error, not four partitions for good
        "auto.create.topics.enable": "false",
        "default.replication.factor": brokers,
        "min.insync.replicas": in_sync,
        "broker.session.timeout.ms": SESSION_TIMEOUT_MS,
        "broker.heartbeat.interval.ms": SESSION_TIMEOUT_MS // 3,
        # topics of Kafka's own, which nobody here uses
        "offsets.topic.replication.factor": brokers,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": brokers,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": brokers,
        "share.coordinator.state.topic.min.isr": in_sync,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
