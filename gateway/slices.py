"""Long pure work in slices: it yields now and then, and whoever drives it gives others the event loop meanwhile.

A pause is longer than the slice before it, so that an upload takes at most a third of its process while it is worked on:
what is waited for at a counter goes before what a ward sends at night.
"""

import asyncio
import time
from collections.abc import Generator
from typing import Final, TypeVar

Done = TypeVar("Done")

Sliced = Generator[None, None, Done]
"""Work that yields after small pieces and returns what it came to."""

SLICE_LINES: Final = 20
"""A tenth of a millisecond or two of work on fee lines."""
SLICE_MS: Final = 1
"""So much work at once; the event loop's timers are no finer."""
PAUSE_TIMES: Final = 2
"""A pause takes so many times what the slice took."""


async def in_slices(work: Sliced[Done]) -> Done:
    """Drive work, others in between."""
    began_s = time.monotonic()
    while True:
        try:
            next(work)
        except StopIteration as end:
            done: Done = end.value
            return done
        took_s = time.monotonic() - began_s
        if took_s * 1000 >= SLICE_MS:
            await asyncio.sleep(PAUSE_TIMES * took_s)
            began_s = time.monotonic()
