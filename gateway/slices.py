"""Long pure work in slices: it yields now and then, and whoever drives it lets others have the event loop meanwhile."""

import asyncio
from collections.abc import Generator
from typing import Final, TypeVar

Done = TypeVar("Done")

Sliced = Generator[None, None, Done]
"""Work that yields between its slices and returns what it came to."""

SLICE_LINES: Final = 20
"""About half a millisecond of work on fee lines: a settlement comes back to the event loop dozens of times."""


async def in_slices(work: Sliced[Done]) -> Done:
    """Drive work, others in between."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            done: Done = end.value
            return done
        await asyncio.sleep(0)
