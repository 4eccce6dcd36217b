"""A whole stack as one resource: servers, databases, topics, processes; started in order, watched, stopped in
order.

    async with Stack.start(read_plan(), run_dir=Path(".run"), say=print) as stack:
        stack.endpoints.gateways["44"]        # addresses of the region's gateway processes
        await stack.kill("node-44")           # SIGKILL; the supervisor starts it again
        await stack.ready("node-44")

Names of parts: `postgres`, `broker`, `gateway-<region>-<slot>`, `node-<node>`, `books-node-<node>`,
`books-region-<region>`. A watcher starts again whatever dies, and the embedded broker also when it is sick or its log
has grown long (`stack.pulse`). While it starts, the processes are stopped (SIGSTOP) for the moment until its topics are
there: a record for a missing topic would be accepted and lost.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stack import leftovers, pulse
from stack.embedded import HOST, free_port, is_listening
from stack.endpoints import Endpoints, write_environment
from stack.errors import PortTaken, ServerFailed, StackFault
from stack.part import STOP_SIGNAL, Part, base_environment, run_python
from stack.plan import CLEARING, Plan, Process
from stack.run_folder import keep_previous_logs, locked
from stack.servers import POSTGRES_VARIABLE, Servers

WATCH_S: Final = 0.1
READY_POLL_S: Final = 0.1
READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 15.0
PREPARATION_TIMEOUT_S: Final = 300.0
SERVERS: Final = ("postgres", "broker")
ENVIRONMENTS: Final = "env"
"""Folder of the settings of each part, as shell scripts."""

Say = Callable[[str], None]


class Stack:
    """A running stack; made by `Stack.start`."""

    def __init__(self, *, plan: Plan, run_dir: Path, servers: Servers, say: Say, suffix: str) -> None:
        self._plan = plan
        self._run_dir = run_dir
        self._servers = servers
        self._say = say
        self._suffix = suffix
        self._parts: dict[str, Part] = {}
        self._held_servers: set[str] = set()
        self._paused: set[str] = set()
        self.is_new = False
        """Whether this start made a database: nobody is loaded yet."""

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls, plan: Plan, *, run_dir: Path, say: Say = lambda _: None, fresh: bool = False
    ) -> "AsyncIterator[Stack]":
        """Start everything and keep it running for the length of the block.

        `fresh` begins with empty databases: embedded data is thrown away; on a given server databases of
        another name are used and dropped afterwards. Raises a `StackFault` whose sentence says what to do.
        """
        run_dir.mkdir(parents=True, exist_ok=True)
        children = run_dir / "children"
        with locked(run_dir):
            for name in leftovers.sweep(children):
                say(f"ended {name}, left behind by a stack that died")
            suffix = f"_{secrets.token_hex(3)}" if fresh and _is_given(POSTGRES_VARIABLE) else ""
            if fresh:
                for folder in ("postgres", "state"):
                    shutil.rmtree(run_dir / folder, ignore_errors=True)
            keep_previous_logs(run_dir / "logs")
            servers = Servers(
                run_dir=run_dir, topics=plan.topics(), children_dir=children, broker=plan.kafka, say=say
            )
            stack = cls(plan=plan, run_dir=run_dir, servers=servers, say=say, suffix=suffix)
            watchers: list[asyncio.Task[None]] = []
            try:
                await stack._start_all()
                watchers.append(asyncio.create_task(stack._watch(), name="supervisor"))
                if servers.kafka_embedded:
                    watchers.append(asyncio.create_task(stack._tend_broker(), name="broker's pulse"))
                yield stack
            finally:
                for watcher in watchers:
                    watcher.cancel()
                await asyncio.gather(*watchers, return_exceptions=True)
                await stack._stop_all()

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is."""
        gateways = {
            region.code: [self._parts[process.name].address for process in region.processes()]
            for region in self._plan.regions
        }
        nodes = {
            node.code: [self._parts[process.name].address for process in node.processes()]
            for node in self._plan.nodes
        }
        books = {f"node {node.code}": one.name for node in self._plan.nodes for one in node.books()}
        books |= {
            f"region {region.code}": one.name
            for region in self._plan.regions
            for one in region.books(self._plan.nodes)
        }
        databases = {f"region {region.code}": self._dsn(region.database) for region in self._plan.regions}
        databases |= {f"node {node.code}": self._dsn(node.database) for node in self._plan.nodes}
        if self._plan.clearing is not None:
            databases[CLEARING] = self._dsn(self._plan.clearing.database)
        clearing = self._parts.get(CLEARING)
        return Endpoints(
            gateway=[address for addresses in gateways.values() for address in addresses],
            gateways=gateways,
            nodes=nodes,
            books={whose: self._parts[name].address for whose, name in books.items()},
            clearing=clearing.address if clearing is not None else "",
            postgres=self._servers.postgres,
            databases=databases,
            kafka=self._servers.kafka,
            metrics={
                name: f"http://{HOST}:{part.environment['DSGW_METRICS_PORT']}/metrics"
                for name, part in self._parts.items()
            },
        )

    def pids(self) -> dict[str, int]:
        """The process ids by part, servers included, of what runs now."""
        running = {name: part.pid for name, part in self._parts.items()}
        return self._servers.pids() | {name: pid for name, pid in running.items() if pid is not None}

    def restarts(self) -> dict[str, int]:
        """How often each process was started again."""
        return {name: part.restarts for name, part in self._parts.items()}

    def environment(self, name: str) -> Mapping[str, str]:
        """The environment of a process of ours, for running commands beside it."""
        return dict(self._part(name).environment)

    async def run(self, name: str, *arguments: str, timeout_s: float = PREPARATION_TIMEOUT_S) -> str:
        """Run `python ARGUMENT…` in the environment of a part to its end; what it said. Raises
        `ServerFailed`.
        """
        return await _run(arguments, self.environment(name), timeout_s)

    async def kill(self, name: str) -> None:
        """SIGKILL a part; the supervisor starts it again at once."""
        self._say(f"kill -9 {name}")
        if name in SERVERS:
            await asyncio.to_thread(self._servers.kill, name)
        else:
            await asyncio.to_thread(self._part(name).kill)

    async def hold(self, name: str) -> None:
        """SIGKILL a part and leave it dead until `release`."""
        if name in SERVERS:
            self._held_servers.add(name)
        else:
            self._part(name).held = True
        await self.kill(name)

    async def release(self, name: str) -> None:
        """Start a part that was held, and wait until it is ready."""
        if name in SERVERS:
            self._held_servers.discard(name)
        else:
            self._part(name).held = False
        await self.ready(name)

    async def restart(self, name: str) -> None:
        """Kill a part and wait until the next one is ready."""
        await self.hold(name)
        await self.release(name)

    def pause(self, name: str) -> None:
        """SIGSTOP a process: it lives, holds its connections and answers nobody."""
        self._paused.add(name)
        self._part(name).signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT a process that was paused."""
        self._paused.discard(name)
        self._part(name).signal(signal.SIGCONT)

    async def ready(self, name: str, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until a part can work. Raises `ServerFailed` after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if name in SERVERS:
                if self._servers.is_up(name):
                    return
            elif await self._part(name).is_ready():
                return
            await asyncio.sleep(READY_POLL_S)
        raise ServerFailed(f"{name} was not ready after {timeout_s:.0f} s.{self._why(name)}")

    async def _start_all(self) -> None:
        began = time.monotonic()
        self._say("starting PostgreSQL and the broker")
        await _all(_whole(self._servers.start_postgres), _whole(self._servers.start_broker))
        wanted = [self._named(name) for name in self._plan.databases()]
        self.is_new = bool(await asyncio.to_thread(self._servers.create_databases, wanted))
        processes = self._plan.processes()
        # before any part: they name one another
        addresses = {one.name: f"{HOST}:{one.port or free_port()}" for one in processes}
        self._parts |= {one.name: self._make_part(one, addresses) for one in processes}
        await self._prepare()
        for group in self._plan.groups():
            names = [process.name for process in group]
            if not names:
                continue
            self._say(f"starting {', '.join(names)}")
            for name in names:
                self._parts[name].start()
            await _all(*(self._first_ready(name) for name in names))
        self.endpoints.write(self._run_dir / "endpoints.json")
        self._say(f"the stack is up after {time.monotonic() - began:.1f} s")

    async def _prepare(self) -> None:
        for step in self._plan.preparations:
            members: Sequence[tuple[str, str]]
            if step.environment_of == "node":
                members = [(node.code, node.processes()[0].name) for node in self._plan.nodes]
            else:
                members = [(region.code, region.processes()[0].name) for region in self._plan.regions]
            for code, name in members:
                arguments = [argument.replace("{code}", code) for argument in step.arguments]
                self._say(f"preparing {name}: {' '.join(arguments)}")
                await self.run(name, *arguments)

    async def _first_ready(self, name: str) -> None:
        """Wait for a part's first start; one that ends instead is a fault, not a reason to try again."""
        part = self._parts[name]
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not await part.is_ready():
            if part.pid is None:
                raise ServerFailed(
                    f"{name} ended with code {part.exit_code} while starting.{self._why(name)}"
                )
            if time.monotonic() > deadline:
                raise ServerFailed(f"{name} was not ready after {READY_TIMEOUT_S:.0f} s.{self._why(name)}")
            await asyncio.sleep(READY_POLL_S)
        self._say(f"{name} is ready" + (f" on {part.address}" if part.process.health else ""))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            for name in self._servers.died():
                if name not in self._held_servers:
                    await self._start_server(name)
            for part in self._parts.values():
                code = part.exit_code
                if part.watch():
                    self._say(f"{part.name} ended with code {code}; started again")

    async def _tend_broker(self) -> None:
        """Kill the embedded broker when it is sick or its log is long; the watcher starts it afresh."""
        care, pid = pulse.Care(), self.pids().get("broker")
        while True:
            await asyncio.sleep(pulse.PULSE_EVERY_S)
            longest = await asyncio.to_thread(self._servers.broker_pulse)
            if (now := self.pids().get("broker")) != pid:
                care, pid = pulse.Care(), now
            elif self._servers.is_up("broker") and (why := care.why_restart(longest)) is not None:
                self._say(f"the broker is started afresh: {why}; nothing in it is needed")
                await self.kill("broker")

    async def _start_server(self, name: str) -> None:
        try:
            if name == "postgres":
                await _whole(self._servers.start_postgres)
            else:
                # Apache Kafka remembers its topics, so that nobody need be stopped until they are there
                with self._all_stopped() if self._servers.kafka_embedded else contextlib.nullcontext():
                    await _whole(self._servers.start_broker)
        except StackFault as failed:
            self._say(f"{name} did not start again: {failed}")
            await asyncio.sleep(1.0)
        else:
            self._say(f"{name} started again")

    @contextlib.contextmanager
    def _all_stopped(self) -> Iterator[None]:
        for part in self._parts.values():
            part.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for name, part in self._parts.items():
                if name not in self._paused:
                    part.signal(signal.SIGCONT)

    async def _stop_all(self) -> None:
        self._say("stopping")
        for group in reversed(self._plan.groups()):
            parts = [self._parts[process.name] for process in group if process.name in self._parts]
            for part in parts:
                part.signal(signal.SIGCONT)
                part.signal(STOP_SIGNAL)
            await asyncio.gather(*(asyncio.to_thread(part.ended, timeout_s=STOP_TIMEOUT_S) for part in parts))
            for part in parts:
                await part.close()
        if self._suffix:
            with contextlib.suppress(StackFault):
                databases = [self._named(name) for name in self._plan.databases()]
                await asyncio.to_thread(self._servers.drop_databases, databases)
        await asyncio.to_thread(self._servers.stop)
        (self._run_dir / "endpoints.json").unlink(missing_ok=True)
        shutil.rmtree(self._run_dir / ENVIRONMENTS, ignore_errors=True)
        self._say("stopped")

    def _make_part(self, process: Process, addresses: Mapping[str, str]) -> Part:
        if process.port and is_listening(process.port):
            raise PortTaken(
                f"Port {process.port} for {process.name} is taken; stop what listens there, "
                "or start with --free-ports, or change `port` in stack/stack.toml."
            )
        address = addresses[process.name]
        process = process.knowing(addresses)
        state_dir = (self._run_dir / "state" / process.name).resolve()
        environment = base_environment() | {
            "DSGW_POSTGRES_DSN": self._dsn(process.database),
            "DSGW_KAFKA_BOOTSTRAP": self._servers.kafka,
            "DSGW_KAFKA_EMBEDDED": str(self._servers.kafka_embedded).lower(),
            "DSGW_LISTEN": address,
            "DSGW_METRICS_PORT": str(free_port()),
            "DSGW_STATE_DIR": str(state_dir),
            "DSGW_KEYS_DIR": str((self._run_dir / "keys").resolve()),
            "DSGW_REGIONS": ",".join(region.code for region in self._plan.regions),
        }
        environment |= dict(process.settings)
        write_environment(self._run_dir / ENVIRONMENTS / f"{process.name}.sh", environment)
        return Part(
            process=process,
            address=address,
            environment=environment,
            state_dir=state_dir,
            log_file=self._run_dir / "logs" / f"{process.name}.jsonl",
            children_dir=self._run_dir / "children",
        )

    def _part(self, name: str) -> Part:
        if name not in self._parts:
            raise StackFault(f"There is no part {name}; there are {', '.join([*SERVERS, *self._parts])}.")
        return self._parts[name]

    def _named(self, database: str) -> str:
        return database + self._suffix

    def _dsn(self, database: str) -> str:
        return self._servers.dsn(self._named(database))

    def _why(self, name: str) -> str:
        if name in SERVERS:
            return ""
        part = self._parts[name]
        return f" Its log {part.log_file} ends:\n{part.log_tail()}"


async def _all(*work: Coroutine[Any, Any, None]) -> None:
    """Run them together; the first that fails ends the others and is raised once they have ended."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _whole(start: Callable[[], None]) -> None:
    """Run a blocking start to its end even where we are cancelled, so that what it started is there to be
    stopped.
    """
    work = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


async def _run(arguments: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> str:
    said = await asyncio.to_thread(run_python, arguments, environment=environment, timeout_s=timeout_s)
    told = f"{said.text}{said.asides}"
    if said.code:
        raise ServerFailed(f"python {' '.join(arguments)} ended with code {said.code}: {told.strip()[-800:]}")
    return told


def _is_given(variable: str) -> bool:
    return bool(os.environ.get(variable))
