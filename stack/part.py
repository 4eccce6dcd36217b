"""One process of the stack under supervision: started with its log, watched, killed, started again with
back-off.

A death is answered at once the first time and then after 0.5, 1, 2 … s, at most 10; half a minute of life
clears the count. A part that is *held* stays down until it is released.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from stack import leftovers
from stack.plan import Process

BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 10.0
CALM_S: Final = 30.0
HEALTH_TIMEOUT_S: Final = 1.0
LOG_TAIL_CHARACTERS: Final = 800
REPOSITORY: Final = Path(__file__).resolve().parent.parent


class Part:
    """A supervised process. Not thread-safe: one task of one event loop moves it."""

    def __init__(
        self,
        *,
        process: Process,
        address: str,
        environment: Mapping[str, str],
        state_dir: Path,
        log_file: Path,
        children_dir: Path,
    ) -> None:
        self.process = process
        self.address = address
        self.environment = environment
        self.log_file = log_file
        self.held = False
        self.restarts = 0
        self._ready_file = state_dir / "ready"
        self._children_dir = children_dir
        self._child: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._started_at = 0.0
        self._died_at: float | None = None
        self._channel: grpc.aio.Channel | None = None

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs or before it began."""
        return self._child.poll() if self._child is not None else None

    def start(self) -> None:
        """Start the process now."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self._ready_file.parent.mkdir(parents=True, exist_ok=True)
        self._ready_file.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, *self.process.arguments],
                cwd=REPOSITORY,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self.process.nice:
            with contextlib.suppress(ProcessLookupError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, self._child.pid, os.nice(0) + self.process.nice)
        leftovers.note(self._children_dir, self._child.pid, name=self.name)
        self._started_at = time.monotonic()
        self._died_at = None

    def watch(self) -> bool:
        """Look once: note a death, start again when it is time. True where it was started again."""
        if self.held or self._child is None or self._child.poll() is None:
            return False
        now = time.monotonic()
        if self._died_at is None:
            self._died_at = now
            leftovers.forget(self._children_dir, self._child.pid)
            self._deaths = 1 if now - self._started_at > CALM_S else self._deaths + 1
        wait_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (self._deaths - 2)) if self._deaths > 1 else 0.0
        if now - self._died_at < wait_s:
            return False
        self.start()
        self.restarts += 1
        return True

    async def is_ready(self) -> bool:
        """Whether the running process says that it can work."""
        pid = self.pid
        if pid is None:
            return False
        if self.process.health:
            return await self._is_serving()
        with contextlib.suppress(OSError):
            return self._ready_file.read_text().strip() == str(pid)
        return False

    def signal(self, number: int) -> None:
        """Send a signal to the running process; a dead one does not mind."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def ended(self, *, timeout_s: float) -> None:
        """Wait for the end of a process that was asked to end, and kill it after `timeout_s`. Blocks."""
        if self._child is None:
            return
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        leftovers.forget(self._children_dir, self._child.pid)

    async def close(self) -> None:
        """Let go of the health channel."""
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    def log_tail(self) -> str:
        """The end of its log, for a sentence about why it ended."""
        with contextlib.suppress(OSError):
            return self.log_file.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
        return ""

    async def _is_serving(self) -> bool:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(
                self.address,
                options=[("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)],
            )
        stub = health_pb2_grpc.HealthStub(self._channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=HEALTH_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    text: str
    """Its answer: what it wrote to stdout."""
    asides: str
    """What it told the person beside it: stderr."""


def run_python(arguments: Sequence[str], *, environment: Mapping[str, str], timeout_s: float) -> Said:
    """Run a Python command of ours to its end. Blocks."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, env=dict(environment), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=timeout_s,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def base_environment() -> dict[str, str]:
    """The caller's environment without our settings, but for the log level."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DSGW_")}
    if "DSGW_LOG_LEVEL" in os.environ:
        kept["DSGW_LOG_LEVEL"] = os.environ["DSGW_LOG_LEVEL"]
    return kept


STOP_SIGNAL: Final = signal.SIGTERM
