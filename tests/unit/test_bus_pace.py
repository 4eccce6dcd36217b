"""How long a reader of the embedded broker pauses between two fetches, in virtual time."""

import asyncio

from bus.pace import Pace
from bus.settings import BusSettings
from tests.simulation.virtual_time import run

SETTINGS = BusSettings("unused:1", embedded=True)


async def paused_ms(pace: Pace, wait_ms: int = 1_000) -> int:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await pace.pause(wait_ms / 1000)
    return round((loop.time() - began_s) * 1000)


def test_an_idle_process_pauses_long_and_one_that_expects_answers_briefly_for_a_while() -> None:
    async def main() -> None:
        pace = Pace(SETTINGS)
        assert await paused_ms(pace) == SETTINGS.fetch_idle_ms
        pace.expect_answers()
        assert await paused_ms(pace) == SETTINGS.fetch_busy_ms
        await asyncio.sleep(SETTINGS.busy_ms / 1000)
        assert await paused_ms(pace) == SETTINGS.fetch_idle_ms

    run(main())


def test_a_pause_is_never_longer_than_the_caller_waits() -> None:
    async def main() -> None:
        pace = Pace(SETTINGS)
        assert await paused_ms(pace, wait_ms=20) == 20
        pace.expect_answers()
        assert await paused_ms(pace, wait_ms=2) == 2

    run(main())


def test_the_first_send_ends_an_idle_pause_of_every_reader() -> None:
    async def main() -> None:
        pace = Pace(SETTINGS)
        pauses = [asyncio.create_task(paused_ms(pace)) for _ in range(2)]
        await asyncio.sleep(0.01)
        pace.expect_answers()
        assert await asyncio.gather(*pauses) == [10, 10]

    run(main())
