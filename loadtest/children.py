"""The load test's own processes: the generator and the echo server, spoken to through their pipes.

Both end when their standard input does, so none outlives the run, however it ends.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from loadtest.errors import HelperDied, LoadTestFault
from loadtest.generator import Setting

REPOSITORY: Final = Path(__file__).resolve().parent.parent
END_TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
LOG_TAIL_CHARACTERS: Final = 600


class Child:
    """A process that answers each line with a line."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, log: Path) -> None:
        self._process = process
        self._name = name
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def hear(self) -> dict[str, Any]:
        """The next line. Raises HelperDied with the end of its log."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            tail = self._log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
            raise HelperDied(f"The {self._name} ended before it was told to; {self._log} ends:\n{tail}")
        said: dict[str, Any] = json.loads(line)
        if "fault" in said:
            raise LoadTestFault(said["fault"])
        return said

    async def tell(self, **command: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        with contextlib.suppress(ConnectionError):  # it died: hear() says so
            await self._process.stdin.drain()
        return await self.hear()


@contextlib.asynccontextmanager
async def child(name: str, module: str, *arguments: str, run_dir: Path) -> AsyncIterator[Child]:
    """A process of ours for the length of a block."""
    log = run_dir / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, cwd=REPOSITORY, limit=ANSWER_BYTES_MAX,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield Child(process, name, log)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def load_generator(setting: Setting, *, run_dir: Path) -> AsyncIterator[Child]:
    """The generator, with its population read."""
    given = json.dumps(asdict(setting))
    async with child("generator", "loadtest.generator", given, run_dir=run_dir) as generator:
        await generator.hear()
        yield generator


@contextlib.asynccontextmanager
async def echo_server(answer_bytes: int, *, run_dir: Path) -> AsyncIterator[tuple[Child, str]]:
    """The echo server and its address."""
    size = str(answer_bytes)
    async with child("echo", "loadtest.echo", "--answer-bytes", size, run_dir=run_dir) as echo:
        said = await echo.hear()
        yield echo, f"127.0.0.1:{said['port']}"
