"""A stack that keeps running while blocking tests call it: its supervisor lives on a loop in a thread of its own.

    with running_stack(plan, people_per_pool=60) as stack:
        stack.gateways["44"]            # addresses
        stack.kill("node-44")           # SIGKILL; the supervisor starts it again

Everything here blocks and is called from the test's thread. The run folder is one under `.run/tests` that no living
stack uses; what a killed test run left in it is ended first. Logs stay for whoever looks into a failure.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from stack import up
from stack.books import Databases
from stack.compare import Comparison, Receipts, compare
from stack.demo import databases_of
from stack.embedded import psql
from stack.endpoints import Endpoints
from stack.errors import StackRunning
from stack.plan import Plan
from stack.supervisor import Stack

ROOT: Final = Path(__file__).resolve().parents[2]
RUN_DIRS: Final = ROOT / ".run" / "tests"
RUN_DIRS_MAX: Final = 8
START_TIMEOUT_S: Final = 180.0
STOP_TIMEOUT_S: Final = 60.0
CALM_WITHIN_S: Final = 60.0

Result = TypeVar("Result")


class RunningStack:
    """A stack with people, as the tests' thread sees it."""

    def __init__(self, *, stack: Stack, plan: Plan, run_dir: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._stack = stack
        self._plan = plan
        self._loop = loop
        self._ending = asyncio.Event()
        self.run_dir = run_dir

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is."""
        return self._stack.endpoints

    @property
    def gateways(self) -> dict[str, list[str]]:
        """The gateway processes' addresses by care region."""
        return self._stack.endpoints.gateways

    @property
    def topics(self) -> dict[str, int]:
        """The topics with their partitions."""
        return self._plan.topics()

    @property
    def databases(self) -> Databases:
        """The addresses of all books."""
        return databases_of(self._stack, self._plan)

    @property
    def people_file(self) -> Path:
        """The people who were loaded, one JSON object a line."""
        return up.people_file(self.run_dir)

    def record(self, psn_no: str) -> dict[str, Any]:
        """Everything that was loaded of a person."""
        with self.people_file.open(encoding="utf-8") as file:
            return next(one for one in map(json.loads, file) if one["psn_no"] == psn_no)

    def load(self, kind: str, *rows: dict[str, object], node: str = "") -> None:
        """`python -m homepool load KIND`, as a node's operators run it; left out, the first person's home node."""
        node = node or str(rows[0]["psn_no"])[:2]
        path = self.run_dir / f"{kind}-{secrets.token_hex(4)}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        environment = {"DSGW_POSTGRES_DSN": self.endpoints.databases[f"node {node}"]}
        done = subprocess.run(
            [sys.executable, "-m", "homepool", "load", kind, str(path), "--node", node],
            cwd=ROOT, check=False, capture_output=True, text=True, timeout=60, env=dict(os.environ) | environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        path.unlink()

    def pids(self) -> dict[str, int]:
        """Process ids by part, of what runs."""
        return self._stack.pids()

    def kill_and_await_the_next(self, name: str) -> None:
        """SIGKILL a part, then wait until what the supervisor starts in its place is ready."""
        before = self.pids()[name]
        self._on_loop(self._stack.kill(name))
        wait_until(lambda: self.pids().get(name, before) != before, f"{name} is started again")
        self._on_loop(self._stack.ready(name))

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """SIGSTOP for the length of the block: the process lives, keeps its connections and answers nobody."""
        self._on_loop(self._signal(self._stack.pause, name))
        try:
            yield
        finally:
            self._on_loop(self._signal(self._stack.resume, name))

    def query(self, database: str, statement: str) -> str:
        """SQL on `region 44`, `node 50` …; rows as text, columns apart by `|`."""
        return psql(self.endpoints.databases[database], statement)

    def open_messages(self) -> int:
        """How many claimed messages of all regions have no outcome."""
        regions = [name for name in self.endpoints.databases if name.startswith("region")]
        return sum(int(self.query(region, "SELECT count(*) FROM open")) for region in regions)

    def await_calm(self) -> None:
        """Wait until no message is open."""
        wait_until(lambda: not self.open_messages(), "nothing is open", within_s=CALM_WITHIN_S)

    def compare(self, receipts: Receipts | None = None) -> Comparison:
        """Both books side by side, by the code that the demo ends with."""
        return self._on_loop(compare(self.databases, receipts))

    def end(self) -> None:
        """Let the stack stop."""
        self._loop.call_soon_threadsafe(self._ending.set)

    async def ended(self) -> None:
        """Wait, on the stack's loop, until `end`."""
        await self._ending.wait()

    async def _signal(self, send: Callable[[str], None], name: str) -> None:
        send(name)

    def _on_loop(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT_S)


def wait_until(true: Callable[[], bool], what: str, *, within_s: float = 30.0) -> None:
    """Look again and again until something is true."""
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


@contextlib.contextmanager
def running_stack(plan: Plan, *, people_per_pool: int) -> Iterator[RunningStack]:
    """Start a stack with made-up people; stop it at the end of the block."""
    started: list[RunningStack] = []
    failed: list[BaseException] = []
    said: list[str] = []
    up_or_not = threading.Event()

    async def live() -> None:
        async with contextlib.AsyncExitStack() as resources:
            stack, run_dir = await _in_a_free_folder(plan, resources, said.append)
            await up.load_people(stack, plan, per_pool=people_per_pool, run_dir=run_dir, say=said.append)
            running = RunningStack(stack=stack, plan=plan, run_dir=run_dir, loop=asyncio.get_running_loop())
            started.append(running)
            up_or_not.set()
            await running.ended()

    def work() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            failed.append(error)
        finally:
            up_or_not.set()

    thread = threading.Thread(target=work, name="stack")
    thread.start()
    try:
        up_or_not.wait(START_TIMEOUT_S)
        if not started:
            raise AssertionError("the stack did not start:\n" + "\n".join(said)) from next(iter(failed), None)
        yield started[0]
    finally:
        for one in started:
            one.end()
        thread.join(STOP_TIMEOUT_S)
    shutil.rmtree(started[0].run_dir / "postgres", ignore_errors=True)
    assert not failed, failed


async def _in_a_free_folder(
    plan: Plan, resources: contextlib.AsyncExitStack, say: Callable[[str], None]
) -> tuple[Stack, Path]:
    for number in range(RUN_DIRS_MAX):
        run_dir = RUN_DIRS / f"endtoend-{number}"
        try:
            start = Stack.start(plan, run_dir=run_dir, fresh=True, say=say)
            return await resources.enter_async_context(start), run_dir
        except StackRunning:
            continue
    raise StackRunning
