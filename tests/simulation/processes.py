"""Processes of the simulation: they are killed, put to sleep and started again, all within one event loop.

A `Process` is one life: every task and timer that its code starts belongs to it, because the loop looks at a context
variable. Killed, its tasks are cancelled and its checkpoints let nothing out any more, so that what it kept in memory
is gone and what it had written stays. Asleep (SIGSTOP), not one of its callbacks runs until it wakes, and then all of
them, late. A `Service` starts one life after another, as a supervisor does.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.simulation.virtual_time import VirtualTimeLoop

Result = TypeVar("Result")
Main = Callable[["Process"], Coroutine[Any, Any, None]]
Watch = Callable[["Process", str], None]

START_AGAIN_AFTER_MS = 300
_TASKS_LOOKED_THROUGH_AT = 256

RUNNING: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("RUNNING", default=None)
"""Whose code is running; None is the world outside, where the clients live."""


class ProcessLoop(VirtualTimeLoop):
    """Virtual time for several processes: whose callback it is decides whether it runs now."""

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_task)

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        context = contextvars.copy_context() if context is None else context
        process = context.get(RUNNING)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        call = _Call(process, context, callback, args)
        call.handle = super().call_soon(call.run, context=context)
        return call.handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        context = contextvars.copy_context() if context is None else context
        process = context.get(RUNNING)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        call = _Call(process, context, callback, args)
        call.handle = handle = super().call_at(when, call.run, context=context)
        return handle

    def late(self, call: "_Call") -> None:
        """Run what was held back."""
        super().call_soon(call.run, context=call.context)


class _Call:
    """A callback of a process, which may be held back and may be cancelled meanwhile."""

    __slots__ = ("args", "callback", "context", "handle", "process")

    def __init__(
        self, process: "Process", context: contextvars.Context, callback: Any, args: tuple[Any, ...]
    ) -> None:
        self.process = process
        self.context = context
        self.callback = callback
        self.args = args
        self.handle: asyncio.Handle | None = None

    def run(self) -> None:
        """Now, or when the process wakes."""
        if self.process.asleep:
            self.process.held.append(self)
            return
        assert self.handle is not None
        if not self.handle.cancelled():
            self.handle = None  # a cycle less for the garbage collector
            self.callback(*self.args)


def _task(loop: asyncio.AbstractEventLoop, coro: Any, context: Any = None) -> "asyncio.Task[Any]":
    process = RUNNING.get() if context is None else context.get(RUNNING)
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, context=context)
    if process is not None:
        process.owns(task)
    return task


class ConnectionLost(Exception):
    """The process that was called is not there, or died before it answered."""


class Process:
    """One life of a service, from its start to its death."""

    def __init__(self, name: str, watch: Watch) -> None:
        self.name = name
        self.alive = True
        self.asleep = False
        self.parts: Any = None
        """What the life has built, once it serves."""
        self.context = contextvars.Context()
        self.context.run(RUNNING.set, self)
        self.held: list[_Call] = []
        self._watch = watch
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, coro: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        """Run something as this process."""
        return asyncio.get_running_loop().create_task(coro, context=self.context)

    def owns(self, task: "asyncio.Task[Any]") -> None:
        """A task of this life, which ends with it."""
        self._tasks.append(task)
        if len(self._tasks) % _TASKS_LOOKED_THROUGH_AT == 0:
            self._tasks = [one for one in self._tasks if not one.done()]
        if not self.alive:
            task.cancel()

    async def checkpoint(self, name: str) -> None:
        """What the fakes await wherever production code would wait: here it is struck, or stays for ever."""
        if self.alive and not self.asleep:
            self._watch(self, name)
        if not self.alive:
            raise asyncio.CancelledError
        if self.asleep:
            await asyncio.sleep(0)

    def kill(self) -> None:
        """The end, at once (SIGKILL)."""
        self.alive, self.parts = False, None
        for task in self._tasks:
            task.cancel()
        self.wake()

    def sleep(self) -> None:
        """Nothing of it runs any more (SIGSTOP)."""
        self.asleep = True

    def wake(self) -> None:
        """Everything that it missed runs now, in the order of its time (SIGCONT)."""
        self.asleep = False
        held, self.held = self.held, []
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ProcessLoop)
        for call in held:
            loop.late(call)


class Service:
    """A name under which lives follow one another."""

    def __init__(
        self, name: str, main: Main, *, watch: Watch, ended: Callable[[str, BaseException], None]
    ) -> None:
        self.name = name
        self.process: Process | None = None
        self.restarts = True
        """Whether a life that ended is followed by another."""
        self._main = main
        self._watch = watch
        self._ended = ended
        self._supervising = asyncio.create_task(self._supervise(), context=contextvars.Context())

    @property
    def serving(self) -> bool:
        """Whether a call would find somebody."""
        return self.process is not None and self.process.parts is not None

    def kill(self) -> None:
        """Kill the present life, if there is one."""
        if self.process is not None:
            self.process.kill()

    async def call(self, work: Callable[[Any], Coroutine[Any, Any, Result]], *, patience_s: float) -> Result:
        """Ask the present life for something, as over a connection. Raises ConnectionLost.

        A caller whose patience ends hangs up: what was begun for him is cancelled, as gRPC does.
        """
        process = self.process
        if process is None or process.parts is None:
            await asyncio.sleep(0.001)
            raise ConnectionLost
        asking = process.start(work(process.parts))
        done, _ = await asyncio.wait((asking,), timeout=patience_s)
        if not done:
            asking.cancel()
        if not done or asking.cancelled():
            raise ConnectionLost
        return asking.result()

    async def stop(self) -> None:
        """No further life, and the end of this one."""
        self.restarts = False
        self.kill()
        self._supervising.cancel()
        await asyncio.wait((self._supervising,))

    async def _supervise(self) -> None:
        while self.restarts:
            process = self.process = Process(self.name, self._watch)
            living = process.start(self._main(process))
            await asyncio.wait((living,))
            if not living.cancelled() and (error := living.exception()) is not None:
                self._ended(self.name, error)
            if process.alive:
                process.kill()
            await asyncio.sleep(START_AGAIN_AFTER_MS / 1000)
