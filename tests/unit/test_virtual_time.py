"""The simulation's loop: hours pass in no time, in order, and a standstill is an error."""

import asyncio

import pytest

from tests.simulation.virtual_time import NothingScheduled, VirtualClock, run


def test_timers_fire_in_order_and_time_is_exactly_what_was_slept() -> None:
    async def main() -> tuple[list[str], int]:
        clock = VirtualClock()
        began_ms = clock.now_ms()
        seen: list[str] = []

        async def later(name: str, wait_s: float) -> None:
            await asyncio.sleep(wait_s)
            seen.append(name)

        await asyncio.gather(later("hour", 3_600), later("second", 1), later("day", 86_400))
        return seen, clock.now_ms() - began_ms

    assert run(main()) == (["second", "hour", "day"], 86_400_000)


def test_what_waits_for_nothing_is_told_so() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingScheduled):
        run(main())
