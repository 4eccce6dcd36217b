"""The system under load: a stack of its own, or one that is running, and the people who are treated at it.

`started_target` starts `python -m stack up` in a run folder of its own on free ports with empty databases,
`read_target` reads the endpoints of a given run folder. Either way the process that supervises the servers is known,
and with it the tree of all of them. People are made and loaded by the home pool's own commands, as an operator would.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from loadtest.errors import EndpointsWrong, PeopleMissing, StackNotReady

REPOSITORY: Final = Path(__file__).resolve().parent.parent
START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 60.0
COMMAND_TIMEOUT_S: Final = 300.0
POLL_S: Final = 0.1
LOG_TAIL_CHARACTERS: Final = 800

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A system that runs."""

    run_dir: Path
    gateways: tuple[tuple[str, str], ...]
    """Care region and address of each gateway process."""
    databases: Mapping[str, str]
    """By `region <code>` and `node <code>`: the database's address, password included."""
    postgres: str
    kafka: str
    supervisor: int
    """The process whose descendants are the servers."""
    ours: bool
    """Started by this run: its broker may be restarted."""

    def nodes(self) -> dict[str, str]:
        """Database address of each home node, by its code."""
        return {name[5:]: dsn for name, dsn in self.databases.items() if name.startswith("node ")}

    def narrowed(self, regions: Sequence[str]) -> "Target":
        """The same with the gateways of some regions only; all where none is named."""
        chosen = tuple(pair for pair in self.gateways if not regions or pair[0] in regions)
        if not chosen:
            known = ", ".join(sorted({region for region, _ in self.gateways}))
            raise EndpointsWrong(f"The stack has no gateway of these regions; it has {known}.")
        return replace(self, gateways=chosen)


def read_target(run_dir: Path, *, ours: bool, supervisor: int | None = None) -> Target:
    """What `endpoints.json` of a run folder says. Raises EndpointsWrong."""
    file = run_dir / "endpoints.json"
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        gateways = tuple(
            (region, address) for region, addresses in said["gateways"].items() for address in addresses
        )
        return Target(
            run_dir=run_dir,
            gateways=gateways,
            databases=said["databases"],
            postgres=said["postgres"],
            kafka=said["kafka"],
            supervisor=supervisor or _supervisor(run_dir),
            ours=ours,
        )
    except OSError as missing:
        raise EndpointsWrong(
            f"{file} cannot be read: start a stack with `make up`, or leave --run-dir out."
        ) from missing
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise EndpointsWrong(f"{file} is not what `python -m stack up` writes: {wrong!r}") from wrong


def _supervisor(run_dir: Path) -> int:
    """Who watches the servers of a running stack, by the notes that it keeps of its children."""
    for note in sorted((run_dir / "children").glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            owner = int(json.loads(note.read_text())["owner"][0])
            os.kill(owner, 0)
            return owner
    raise EndpointsWrong(f"No stack runs in {run_dir}; start one with `make up`, or leave --run-dir out.")


def _refuse_if_running(run_dir: Path) -> None:
    """Raises StackNotReady where a stack still works in the folder: its data must not go from under it."""
    try:
        with (run_dir / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError:
        with contextlib.suppress(EndpointsWrong):
            pid = _supervisor(run_dir)
            raise StackNotReady(
                f"A stack still runs in {run_dir}; end it with `kill {pid}` and try again."
            ) from None
        raise StackNotReady(f"Another benchmark is starting a stack in {run_dir}; wait for it.") from None


@contextlib.asynccontextmanager
async def started_target(
    run_dir: Path, *, arguments: Sequence[str], environment: Mapping[str, str], say: Say
) -> AsyncIterator[Target]:
    """A stack of our own for the length of a block. Raises StackNotReady with the end of its log."""
    _refuse_if_running(run_dir)
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(parents=True)
    log = run_dir / "stack.log"
    command = [sys.executable, "-m", "stack", "up", "--run-dir", str(run_dir), *arguments]
    with log.open("ab") as output:
        # a session of its own: Ctrl-C reaches us alone, and we end it in order
        stack = await asyncio.create_subprocess_exec(
            *command, cwd=REPOSITORY, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        say("starting a stack")
        while not (run_dir / "endpoints.json").exists():
            if stack.returncode is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
                raise StackNotReady(f"The stack did not come up; {log} ends:\n{tail}")
            await asyncio.sleep(POLL_S)
        yield read_target(run_dir, ours=True, supervisor=stack.pid)
    finally:
        say("stopping the stack")
        if stack.returncode is None:
            stack.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await stack.wait()
        except TimeoutError:
            stack.kill()
            await stack.wait()


async def people_of(target: Target, *, pools: Sequence[str], count: int, seed: int, say: Say) -> list[Path]:
    """Files of made-up persons who are loaded into their nodes: those of a running stack, else new ones."""
    there = target.run_dir / "people.jsonl"
    if not target.ours and there.exists():
        return [there]
    files = []
    for node, dsn in sorted(target.nodes().items()):
        served = [pool for pool in pools if pool.startswith(node)]
        if not served:
            continue
        file = (target.run_dir / f"people-{node}.jsonl").resolve()
        say(f"making and loading {count} people for each of {', '.join(served)}")
        environment = {
            "DSGW_POSTGRES_DSN": dsn,
            "DSGW_KAFKA_BOOTSTRAP": target.kafka,
            "DSGW_KEYS_DIR": str((target.run_dir / "keys").resolve()),
        }
        made = ["--pools", ",".join(served), "--count", str(count), "--seed", str(seed), "--out", str(file)]
        await _homepool(["people", *made], environment)
        await _homepool(["load", "--node", node, str(file)], environment)
        files.append(file)
    if not files:
        raise PeopleMissing(f"No home node of the stack serves any of the pools {', '.join(pools)}.")
    return files


async def _homepool(arguments: list[str], environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", *arguments, cwd=REPOSITORY, env={**os.environ, **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise StackNotReady(f"`python -m homepool {arguments[0]}` took too long.") from None
    if process.returncode:
        tail = said.decode(errors="replace").strip()[-LOG_TAIL_CHARACTERS:]
        raise StackNotReady(f"`python -m homepool {' '.join(arguments)}` failed: {tail}")
