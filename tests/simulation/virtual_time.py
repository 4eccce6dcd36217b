"""An event loop whose time is a number: nothing waits, the clock jumps to the next timer.

`run` gives a coroutine such a loop and takes it away again. The same run always does the same, for nothing in it depends
on the machine; where nothing is scheduled and something still waits, the run says so and does not hang.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

EPOCH_MS = 1_795_000_000_000
"""The simulated world's first moment: 2026-11-18 in China, around midday."""


class NothingScheduled(Exception):
    """Everything waits for something that will never happen."""


class _JumpingSelector(selectors.SelectSelector):
    """Never blocks: the time that the loop would have waited passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingScheduled
        if timeout > 0:
            self.now_s += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop on virtual seconds."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


class VirtualClock:
    """`runtime.clock.Clock` of a process in the simulation; it may be wrong by `off_ms`."""

    def __init__(self, *, off_ms: int = 0) -> None:
        self.off_ms = off_ms

    def now_ms(self) -> int:
        return EPOCH_MS + self.off_ms + int(asyncio.get_running_loop().time() * 1000)

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
