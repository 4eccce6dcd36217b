"""Long work goes on at once where nobody waits for others, gives way where somebody does, and always gets on.

The clock is made of the work that was done and of the loop's virtual time, so nothing here depends on the machine.
"""

import asyncio
from collections.abc import Callable

import pytest

from gateway.slices import LOOK_AGAIN_MS, PAUSE_TIMES_MAX, SLICE_US, TURNS, Sliced, Slices
from tests.simulation.virtual_time import run

PIECE_US = 100
PIECES = 50
WORK_US = PIECE_US * PIECES


class WorkClock:
    """What was worked so far, and what was waited."""

    def __init__(self) -> None:
        self.worked_us = 0

    def now_ms(self) -> int:
        return int(self.monotonic_s() * 1000)

    def monotonic_s(self) -> float:
        return self.worked_us / 1_000_000 + asyncio.get_running_loop().time()


def pieces(
    clock: WorkClock, name: str = "", done: list[str] | None = None, count: int = PIECES
) -> Sliced[int]:
    """Work of some pieces; notes each in `done`."""
    for _ in range(count):
        clock.worked_us += PIECE_US
        if done is not None:
            done.append(name)
        yield
    return count


def waited_us(pressing: Callable[[], bool], works: int = 1) -> int:
    """For how long the loop had nothing to do but to wait until so much work was done."""

    async def main() -> int:
        clock = WorkClock()
        slices = Slices(pressing=pressing, clock=clock)
        assert await asyncio.gather(*[slices.of(pieces(clock)) for _ in range(works)]) == [PIECES] * works
        return int(asyncio.get_running_loop().time() * 1_000_000)

    return run(main())


def test_no_pause_is_made_where_nobody_waits() -> None:
    assert waited_us(lambda: False) == 0


@pytest.mark.parametrize("works", [1, 10])
def test_work_has_a_tenth_of_the_loop_while_others_press_without_end_and_ten_have_no_more_than_one(
    works: int,
) -> None:
    worked_us = works * WORK_US
    waited = waited_us(lambda: True, works)
    assert worked_us * (PAUSE_TIMES_MAX - 1) <= waited <= worked_us * PAUSE_TIMES_MAX


def test_short_works_one_after_the_other_give_way_like_a_long_one() -> None:
    async def main() -> None:
        clock = WorkClock()
        slices = Slices(pressing=lambda: True, clock=clock)
        for _ in range(PIECES):
            await slices.of(pieces(clock, count=1))
        paused_us = asyncio.get_running_loop().time() * 1_000_000
        assert paused_us >= (WORK_US - SLICE_US) * (PAUSE_TIMES_MAX - 1)

    run(main())


def test_a_pause_ends_soon_after_the_last_answer() -> None:
    async def main() -> None:
        clock = WorkClock()
        loop = asyncio.get_running_loop()
        answered_s = 0.003
        work = Slices(pressing=lambda: loop.time() < answered_s, clock=clock).of(pieces(clock))
        assert await work == PIECES
        assert answered_s <= loop.time() <= answered_s + LOOK_AGAIN_MS / 1000

    run(main())


def test_between_slices_the_loop_goes_round_some_times_and_no_slice_is_longer_than_said() -> None:
    async def main() -> None:
        clock = WorkClock()
        seen_us: list[int] = []

        async def others() -> None:
            while True:
                seen_us.append(clock.worked_us)
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        await Slices(pressing=lambda: False, clock=clock).of(pieces(clock))
        other.cancel()
        ends = sorted({at for at in seen_us if at})
        assert all(after - before <= SLICE_US for before, after in zip([0, *ends], ends, strict=False))
        assert all(seen_us.count(at) >= TURNS for at in ends)

    run(main())


def test_two_works_go_slice_by_slice_in_turn() -> None:
    async def main() -> None:
        clock, done = WorkClock(), list[str]()
        slices = Slices(pressing=lambda: False, clock=clock)
        await asyncio.gather(*[slices.of(pieces(clock, name, done)) for name in "ab"])
        slice_pieces = SLICE_US // PIECE_US
        assert "".join(done) == ("a" * slice_pieces + "b" * slice_pieces) * (PIECES // slice_pieces)

    run(main())
