"""What fate does to processes at their checkpoints: at the n-th, or at any with some chance."""

import asyncio
import contextvars
import random
from collections.abc import Callable

from tests.simulation.processes import Process

Blow = Callable[[Process], None]


def kill(process: Process) -> None:
    """kill -9."""
    process.kill()


def sleep_for(seconds: float) -> Blow:
    """SIGSTOP, and SIGCONT later."""

    def blow(process: Process) -> None:
        process.sleep()
        # the waking hand is no process's: one that sleeps could not run its own timer
        asyncio.get_running_loop().call_later(seconds, process.wake, context=contextvars.Context())

    return blow


class Nth:
    """Strikes one service at the n-th checkpoint that it comes to (of one name, where a name is given)."""

    def __init__(self, service: str, n: int, blow: Blow = kill, *, at: str = "") -> None:
        self.struck = False
        self.name = ""
        """Of the checkpoint that it struck at."""
        self._service = service
        self.passed = 0
        self._n = n
        self._blow = blow
        self._at = at

    def __call__(self, process: Process, checkpoint: str) -> None:
        if self.struck or process.name != self._service or self._at not in ("", checkpoint):
            return
        self.passed += 1
        if self.passed == self._n:
            self.struck, self.name = True, checkpoint
            self._blow(process)


class AtRandom:
    """Strikes whoever comes to a checkpoint, so many times in ten thousand."""

    def __init__(self, rng: random.Random, per_10_000: int, blow: Blow = kill, *, prefix: str = "") -> None:
        self._rng = rng
        self._per_10_000 = per_10_000
        self._blow = blow
        self._prefix = prefix

    def __call__(self, process: Process, checkpoint: str) -> None:
        if process.name.startswith(self._prefix) and self._rng.randrange(10_000) < self._per_10_000:
            self._blow(process)
