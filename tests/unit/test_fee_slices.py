"""A call of a thousand lines lets others have the event loop while it is worked on."""

import asyncio

from gateway.fees import CALL_LINES_MAX, Change, delete, upload
from gateway.slices import in_slices
from tests.builders import a_house, a_line, an_id

POOL = 440100
LEAST_TURNS = 100
"""Pauses are longer than slices, and an idle turn takes some microseconds."""


async def test_others_have_their_turns_during_an_upload_and_a_deletion() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    catalogue = a_house().catalogues[POOL]
    uploaded = await in_slices(
        upload(
            [a_line(f"{number}") for number in range(CALL_LINES_MAX)], batch="b", held={}, sums={}, visit_lines=0,
            catalogue=catalogue, level=3, upload_id=an_id("upload"), default_time="2026-11-18",
        )
    )  # fmt: skip
    assert isinstance(uploaded, Change)
    assert len(uploaded.written) == CALL_LINES_MAX
    assert turns >= LEAST_TURNS
    turns = 0
    lines = list(uploaded.written.values())
    gone = await in_slices(
        delete(lines, sums=uploaded.sums, returns={}, originals={}, catalogue=catalogue, level=3)
    )
    assert len(gone.deleted) == CALL_LINES_MAX
    assert turns >= LEAST_TURNS
    other.cancel()
