"""The processes that a run of clearing needs, by their command lines: both books' and `python -m clearing`.

Memory is what the kernel kept as the most of each process (VmHWM), read while it lives.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from loadtest.errors import HelperDied

REPOSITORY: Final = Path(__file__).resolve().parent.parent
START_S_MAX: Final = 60.0
STOP_S_MAX: Final = 20.0
POLL_S: Final = 0.05
KIB_PER_MB: Final = 1024
LOG_TAIL_CHARACTERS: Final = 800
LOOK_EXIT: Final = 1
"""Exit code of `clearing run` where something differs."""
OPERATOR: Final = "bench"
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Databases(NamedTuple):
    """Addresses of the three databases, and whose books they are."""

    home: str
    care: str
    clearing: str
    node: int
    region: str


class Ran(NamedTuple):
    """A run of clearing."""

    seconds: float
    """Of the whole process, from its start to its end."""
    said: dict[str, Any]
    peak_rss_mb: float
    """The most that any one of the three processes had."""


@dataclass(slots=True)
class Scene:
    """Both books processes, which are up."""

    databases: Databases
    books: str
    """DSGW_BOOKS."""
    pids: list[int]
    run_dir: Path
    nice: int = 0
    _peak_kib: dict[int, int] = field(default_factory=dict)

    async def run(self, day: date) -> Ran:
        """`python -m clearing run` of a day. Raises HelperDied where it could not run."""
        self._peak_kib.clear()
        began_s = time.monotonic()
        said = await self._clearing("run", "--date", day.isoformat(), "--as", OPERATOR, "--json")
        seconds = time.monotonic() - began_s
        return Ran(seconds, said, max(self._peak_kib.values()) / KIB_PER_MB)

    async def differences(self, day: date) -> list[dict[str, Any]]:
        """What `python -m clearing differences` lists of a day, also what is settled already."""
        found: list[dict[str, Any]] = await self._clearing(
            "differences", "--date", day.isoformat(), "--all", "--json"
        )
        return found

    async def send_statement(self, file: Path, *, institution: str, care_pool: int, day: date) -> None:
        """3202 by the operator's command. Raises HelperDied where it is not taken."""
        await self._clearing(
            "institution", "details", str(file), "--institution", institution, "--date", day.isoformat(),
            "--pool", str(care_pool), "--json",
        )  # fmt: skip

    async def migrate(self) -> None:
        """Any command brings the clearing database up to date."""
        await self._clearing("runs", "--json")

    async def _clearing(self, *arguments: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *_lowered(self.nice), sys.executable, "-m", "clearing", *arguments, cwd=REPOSITORY,
            env=_environment(
                self.run_dir / "clearing", dsn=self.databases.clearing, DSGW_BOOKS=self.books
            ),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        watching = asyncio.create_task(
            self._watch([process.pid, *self.pids] if arguments[0] == "run" else [])
        )
        try:
            said, words = await process.communicate()
        finally:
            watching.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode in (0, LOOK_EXIT):
            with contextlib.suppress(ValueError):  # exit code 1 is also what Python itself ends with
                return json.loads(said)
        tail = words.decode(errors="replace").strip()[-LOG_TAIL_CHARACTERS:]
        raise HelperDied(f"`python -m clearing {' '.join(arguments)}` failed: {tail}")

    async def _watch(self, pids: Iterable[int]) -> None:
        while True:
            for pid in pids:
                with contextlib.suppress(OSError):
                    found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
                    if found:
                        self._peak_kib[pid] = int(found[1])
            await asyncio.sleep(POLL_S)


@contextlib.asynccontextmanager
async def scene(databases: Databases, *, run_dir: Path, nice: int = 0) -> AsyncIterator[Scene]:
    """Both books processes for the length of a block; they and clearing `nice` below all others. Raises HelperDied."""
    node_at, region_at = f"127.0.0.1:{_free_port()}", f"127.0.0.1:{_free_port()}"
    home = ("homepool", "books", "--node", str(databases.node))
    care = ("gateway", "books", "--region", databases.region, "--nodes", f"{databases.node}={node_at}")
    async with contextlib.AsyncExitStack() as stack:
        pids = []
        for name, command, dsn, address in (
            ("home-books", home, databases.home, node_at),
            ("care-books", care, databases.care, region_at),
        ):
            state = run_dir / name
            environment = _environment(state, dsn=dsn, DSGW_LISTEN=address, DSGW_REGIONS=databases.region)
            pids.append(await stack.enter_async_context(_serving(command, environment, state, nice)))
        books = f"node:{databases.node}={node_at},region:{databases.region}={region_at}"
        yield Scene(databases, books, pids, run_dir, nice)


@contextlib.asynccontextmanager
async def _serving(
    command: tuple[str, ...], environment: dict[str, str], state: Path, nice: int
) -> AsyncIterator[int]:
    """A server process that is ready, for the length of a block; gives its pid."""
    state.mkdir(parents=True, exist_ok=True)
    ready, log = state / "ready", state / "log"
    ready.unlink(missing_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *_lowered(nice), sys.executable, "-m", *command, cwd=REPOSITORY, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_S_MAX
        while not ready.exists():
            if process.returncode is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
                raise HelperDied(f"`python -m {' '.join(command)}` did not come up; {log} ends:\n{tail}")
            await asyncio.sleep(POLL_S)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _lowered(nice: int) -> tuple[str, ...]:
    return ("nice", "-n", str(nice)) if nice else ()


def _environment(state: Path, *, dsn: str, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DSGW_")}
    return inherited | {"DSGW_POSTGRES_DSN": dsn, "DSGW_STATE_DIR": str(state.resolve())} | more


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
