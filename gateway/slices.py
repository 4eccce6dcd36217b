"""Long pure work in slices: what is waited for at a counter goes before what a ward sends at night.

Method: the work yields after small pieces. After a slice of a millisecond the event loop has its turns, and where
somebody waits for an answer of this process the next slice waits too, but at most nine times as long as the slice took:
an upload always has a tenth of its process, and nearly all of it where nobody else wants it. So long a pause is not for
the event loop alone: a process that computes all the time is the last to get a core of a busy machine. All long work of
a process takes turns, slice by slice in the order of asking, so that ten wards take no more than one.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import Final, TypeVar

from runtime.clock import Clock

Done = TypeVar("Done")

Sliced = Generator[None, None, Done]
"""Work that yields after small pieces and returns what it came to."""

SLICE_LINES: Final = 20
"""A tenth of a millisecond or two of work on fee lines."""
SLICE_US: Final = 1_000
"""So much work at once: what comes meanwhile waits no longer, and shorter slices cost more for their pauses."""
TURNS: Final = 3
"""So often the loop goes round after a slice: a call that came in meanwhile gets from its socket to its queue."""
PAUSE_TIMES_MAX: Final = 9
"""A pause takes at most so many times what the slice took."""
LOOK_AGAIN_MS: Final = 3
"""How soon a pause looks again whether it may end: to wake up costs as much as some lines."""


class Slices:
    """Where the long work of a process takes turns.

    `pressing` says whether somebody waits for what goes first.
    """

    def __init__(self, *, pressing: Callable[[], bool], clock: Clock) -> None:
        self._pressing = pressing
        self._clock = clock
        self._turn = asyncio.Lock()
        self._worked_us = 0  # since the last pause: short works one after the other are one long work

    async def of(self, work: Sliced[Done]) -> Done:
        """Drive work to its end, others in between."""
        while True:
            async with self._turn:
                began_s, before_us = self._clock.monotonic_s(), self._worked_us
                while self._worked_us < SLICE_US:
                    try:
                        next(work)
                    except StopIteration as end:
                        done: Done = end.value
                        return done
                    finally:
                        took_us = round((self._clock.monotonic_s() - began_s) * 1_000_000)
                        self._worked_us = before_us + took_us
                worked_us, self._worked_us = self._worked_us, 0
                await self._give_way(PAUSE_TIMES_MAX * worked_us)

    async def _give_way(self, most_us: int) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        until_s = self._clock.monotonic_s() + most_us / 1_000_000
        while self._pressing():
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0:
                return
            await asyncio.sleep(min(left_s, LOOK_AGAIN_MS / 1000))


def at_once(work: Sliced[Done]) -> Done:
    """Sliced work that is short this time, to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            done: Done = end.value
            return done
