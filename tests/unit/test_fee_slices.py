"""A call of a thousand lines lets others have the event loop while it is worked on."""

import asyncio

from gateway.fees.changes import CALL_LINES_MAX, Change, delete, keys_of, upload
from gateway.slices import Slices
from tests.builders import a_house, a_line, an_id

POOL = 440100
LEAST_TURNS = 100


class HastyClock:
    """Every look at it finds a millisecond gone, so that each piece of work is a slice."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now_ms(self) -> int:
        return int(self.monotonic_s() * 1000)

    def monotonic_s(self) -> float:
        self.now_s += 0.001
        return self.now_s


async def test_others_have_their_turns_during_an_upload_and_a_deletion() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    slices = Slices(pressing=lambda: False, clock=HastyClock())
    catalogue = a_house().catalogues[POOL]
    lines = [a_line(f"{number}") for number in range(CALL_LINES_MAX)]
    uploaded = await slices.of(
        upload(
            lines, keys=keys_of(lines)[0], batch="b", held={}, sums={}, visit_lines=0,
            catalogue=catalogue, level=3, upload_id=an_id("upload"), default_time="2026-11-18",
        )
    )  # fmt: skip
    assert isinstance(uploaded, Change)
    assert len(uploaded.written) == CALL_LINES_MAX
    assert turns >= LEAST_TURNS
    turns = 0
    written = list(uploaded.written.values())
    gone = await slices.of(
        delete(written, sums=uploaded.sums, returns={}, originals={}, catalogue=catalogue, level=3)
    )
    assert len(gone.deleted) == CALL_LINES_MAX
    assert turns >= LEAST_TURNS
    other.cancel()
