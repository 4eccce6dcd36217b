"""Run a process until a signal: its gRPC server, its tasks, an orderly end.

`run` is what `__main__` calls: it puts uvloop under the process and turns a fault of ours into one log line
and an exit code. `run_until_signalled` starts the tasks and the server, says when the process is ready, and
waits. The first SIGTERM or SIGINT drains: the server takes no new calls and lets those in flight end (the
tasks still run, for they carry the answers), then the tasks are cancelled. The second signal leaves at once.
A task that ends by itself, with or without an error, ends the process with code 1: half a process is worse
than none, and a supervisor is waiting to start a whole one.
"""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import grpc.aio
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from runtime import logs
from runtime.errors import PortTaken, RuntimeFault, TaskDied

READY_FILE: Final = "ready"
"""Name of the file in the state folder that holds the pid of a process that is ready."""
EXIT_FAULT: Final = 2
GC_ALLOCATIONS: Final = 50_000
EXIT_TASK_DIED: Final = 1
STUBBORN_TIMEOUT_S: Final = 1.0
_MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024

Task = Callable[[], Coroutine[Any, Any, None]]
AddService = Callable[[grpc.aio.Server], None]


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a process's `main` on uvloop; the exit code. Configure the log before.

    A task that will not be cancelled does not keep the process: it is named in the log and left behind.
    """
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    code = EXIT_FAULT
    try:
        runner.get_loop().set_exception_handler(_log_unhandled)
        code = runner.run(main())
    except RuntimeFault as fault:
        logs.logger().critical("stopped", fault=fault)
    except KeyboardInterrupt:  # before the signal handlers stood
        code = 128 + signal.SIGINT
    except Exception:
        logs.logger().critical("stopped by an error nobody planned for", exc_info=True)
    if runner.run(_stubborn_tasks()):  # closing the runner would wait for them for ever
        sys.stderr.flush()
        os._exit(code)
    runner.close()
    return code


async def _stubborn_tasks() -> list[str]:
    """Cancel what is left on the loop; the names of what does not end."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if not left:
        return []
    _, stubborn = await asyncio.wait(left, timeout=STUBBORN_TIMEOUT_S)
    names = [task.get_name() for task in stubborn]
    if names:
        logs.logger().error("tasks did not end", tasks=names)
    return names


def _log_unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    logs.logger().error("unhandled in the event loop", what=context.get("message"), exc_info=error)


class GrpcServer:
    """A grpc.aio server with health and reflection; not serving until told that the process is ready."""

    def __init__(
        self, *, server: grpc.aio.Server, port: int, health_servicer: Any, names: Sequence[str]
    ) -> None:
        self._server = server
        self._health = health_servicer
        self._names = ("", *names)
        self.port = port
        """The port it listens on, also where it was asked for port 0."""

    async def set_serving(self, serving: bool) -> None:
        """Tell health checks whether the process takes calls."""
        known = health_pb2.HealthCheckResponse
        status = known.SERVING if serving else known.NOT_SERVING
        for name in self._names:
            await self._health.set(name, status)

    async def stop(self, grace_s: float) -> None:
        """Take no new calls, give those in flight `grace_s` seconds, cancel the rest."""
        await self._server.stop(grace_s)


@contextlib.asynccontextmanager
async def grpc_server(
    *,
    listen: str,
    services: Mapping[str, AddService],
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    credentials: grpc.ServerCredentials | None = None,
    message_bytes_max: int = _MESSAGE_BYTES_MAX,
    calls_max: int | None = None,
) -> AsyncIterator[GrpcServer]:
    """A started server on `host:port` for the length of a block. Raises `PortTaken`.

    `services` maps a full name (`settlement.v1.SettlementService`) to what adds its servicer to a server.
    """
    _refuse_taken(listen)
    server = grpc.aio.server(
        interceptors=interceptors,
        maximum_concurrent_rpcs=calls_max,
        options=[
            ("grpc.so_reuseport", 0),  # a taken port must be an error, not half of the calls
            ("grpc.max_receive_message_length", message_bytes_max),
            ("grpc.max_send_message_length", message_bytes_max),
        ],
    )
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    for add in services.values():
        add(server)
    known = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(known, server)
    try:
        if credentials is None:
            port = server.add_insecure_port(listen)
        else:
            port = server.add_secure_port(listen, credentials)
    except RuntimeError:
        raise PortTaken(f"{listen} is taken; choose another address with DSGW_LISTEN.") from None
    opened = GrpcServer(server=server, port=port, health_servicer=health_servicer, names=tuple(services))
    await opened.set_serving(False)
    await server.start()
    try:
        yield opened
    finally:
        await server.stop(0)


def _refuse_taken(listen: str) -> None:
    """Try the address ourselves: gRPC's core writes a line of its own to stderr when it cannot have it."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if port == "0":
        return
    try:
        socket.create_server(
            (host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ).close()
    except OSError as refused:
        reason = "is taken" if refused.errno == errno.EADDRINUSE else "cannot be listened on"
        raise PortTaken(f"{listen} {reason}; choose another address with DSGW_LISTEN.") from None


async def run_until_signalled(
    tasks: Mapping[str, Task],
    *,
    server: GrpcServer | None = None,
    ready: Callable[[], Awaitable[None]] | None = None,
    state_dir: Path | None = None,
    grace_s: float = 10.0,
    signals: Sequence[int] = (signal.SIGTERM, signal.SIGINT),
) -> int:
    """Run named tasks (and a server that `grpc_server` opened) until a signal; gives the exit code.

    `ready` returns when the process can work; then health says SERVING and `state_dir/ready` holds our pid,
    which is what a supervisor waits for. Without it the process is ready at once.
    """
    log = logs.logger()
    stopping = asyncio.Event()
    _collect_seldom()
    ready_file = state_dir / READY_FILE if state_dir else None
    if ready_file is not None:
        # of a process that was killed; in a container the next one often has the same pid
        ready_file.unlink(missing_ok=True)
    with _signals(signals, stopping):
        running = {name: asyncio.create_task(task(), name=name) for name, task in tasks.items()}
        announce = asyncio.create_task(_announce(ready, server, ready_file), name="ready")
        stop = asyncio.create_task(stopping.wait(), name="stop")
        try:
            died = await _first_to_end(running, announce, stop)
            if died is None:
                log.info("draining", grace_s=grace_s)
                if server is not None:
                    await server.set_serving(False)
                    await server.stop(grace_s)
                return 0
            log.critical("task died", task=died.get_name(), exc_info=_reason(died))
            return EXIT_TASK_DIED
        finally:
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)
            await _cancelled([*running.values(), announce, stop], grace_s)


def _collect_seldom() -> None:
    """What was made at the start stays; of what comes later nearly all goes by itself, so cycles are sought less often.

    Python's default looks at every object of the catalogue again and again while the process is busy.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 50)


async def _announce(
    ready: Callable[[], Awaitable[None]] | None, server: GrpcServer | None, ready_file: Path | None
) -> None:
    if ready is not None:
        await ready()
    if server is not None:
        await server.set_serving(True)
    if ready_file is not None:
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        ready_file.write_text(f"{os.getpid()}\n")
    logs.logger().info("ready", port=server.port if server else None)


async def _first_to_end(
    running: Mapping[str, asyncio.Task[None]], announce: asyncio.Task[None], stop: asyncio.Task[bool]
) -> asyncio.Task[Any] | None:
    """The task that ended unasked, or None where a signal came."""
    waiting: set[asyncio.Task[Any]] = {*running.values(), announce, stop}
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stop in done:
            return None
        if announce in done and announce.exception() is None:
            done.discard(announce)
        if done:
            return done.pop()


def _reason(died: asyncio.Task[Any]) -> BaseException:
    if died.cancelled():
        return TaskDied("A background task was cancelled from within.")
    return died.exception() or TaskDied()


async def _cancelled(tasks: Sequence[asyncio.Task[Any]], grace_s: float) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=max(grace_s, 0.1))
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # looked at, so that the event loop does not report it again
    logs.logger().info("stopped")


@contextlib.contextmanager
def _signals(signals: Sequence[int], stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stopping.is_set():
            os._exit(128 + signal.SIGTERM)  # the second signal: at once, nothing is flushed
        stopping.set()

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
