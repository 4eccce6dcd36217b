"""Where a fetch takes long because the machine is busy, close polling is less close."""

import asyncio

from bus.pace import STRETCHED_MS_MAX, Pace
from bus.settings import BusSettings
from tests.simulation.virtual_time import run


def test_a_close_pause_grows_with_the_fetch_up_to_a_limit() -> None:
    async def main() -> list[int]:
        pace = Pace(BusSettings("unused:1", embedded=True))
        loop = asyncio.get_running_loop()
        paused = []
        for fetch_took_s in (0.0, 0.004, 1.0):
            pace.expect_answers()
            began_s = loop.time()
            await pace.pause(1.0, fetch_took_s=fetch_took_s)
            paused.append(round((loop.time() - began_s) * 1000))
        return paused

    assert run(main()) == [5, 12, STRETCHED_MS_MAX]
