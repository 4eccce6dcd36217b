"""The bounded queue before each flush: everything that came meanwhile goes together, and a full one takes nothing."""

import asyncio

from bus.intake import PLENTY_ITEMS, Intake
from tests.simulation.virtual_time import run


def test_a_flush_takes_what_has_come_in_its_order_and_no_more_than_it_may() -> None:
    async def main() -> None:
        intake: Intake[int] = Intake(items_max=10, flush_items_max=3)
        for item in range(5):
            assert intake.put(item)
        assert await intake.take() == [0, 1, 2]
        assert await intake.take() == [3, 4]
        assert len(intake) == 0

    run(main())


def test_a_full_queue_takes_nothing_until_a_flush_was_taken() -> None:
    async def main() -> None:
        intake: Intake[int] = Intake(items_max=2)
        assert [intake.put(item) for item in range(3)] == [True, True, False]
        assert await intake.take() == [0, 1]
        assert intake.put(2)

    run(main())


def test_a_flush_begins_the_floor_after_the_one_before_began() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        intake: Intake[int] = Intake(items_max=10, floor_ms=5)
        await asyncio.sleep(1)
        began: list[float] = []
        for work_s in (0.001, 0.010, 0.030, 0.0):
            intake.put(1)
            await intake.take()
            began.append(loop.time())
            await asyncio.sleep(work_s)
        at_ms = [round((at - began[0]) * 1000) for at in began]
        # 1 ms of work: the floor; 10 ms: three times that; 30 ms: at most 60 ms after it began
        assert at_ms == [0, 5, 35, 95]

    run(main())


def test_who_finds_plenty_waiting_goes_at_once() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        intake: Intake[int] = Intake(items_max=1_000, floor_ms=5)
        intake.put(1)
        await intake.take()
        began_s = loop.time()
        await asyncio.sleep(0.020)
        for item in range(PLENTY_ITEMS):
            intake.put(item)
        assert len(await intake.take()) == PLENTY_ITEMS
        assert round((loop.time() - began_s) * 1000) == 20

    run(main())


def test_what_comes_during_the_floor_goes_along() -> None:
    async def main() -> None:
        intake: Intake[str] = Intake(items_max=10, floor_ms=5)
        intake.put("a")
        await intake.take()
        intake.put("b")
        taking = asyncio.ensure_future(intake.take())
        await asyncio.sleep(0.004)
        intake.put("c")
        assert await taking == ["b", "c"]

    run(main())


def test_what_is_put_back_comes_first_and_is_taken_into_a_full_queue_too() -> None:
    async def main() -> None:
        intake: Intake[int] = Intake(items_max=2)
        intake.put(3)
        intake.put(4)
        intake.put_back([1, 2])
        assert not intake.put(5)
        assert await intake.take() == [1, 2, 3, 4]

    run(main())


def test_a_taker_waits_for_the_first_item_and_is_woken_by_what_is_put_back() -> None:
    async def main() -> None:
        intake: Intake[int] = Intake(items_max=2)
        for put in (lambda: intake.put(1), lambda: intake.put_back([1])):
            taking = asyncio.ensure_future(intake.take())
            await asyncio.sleep(10)
            assert not taking.done()
            put()
            assert await taking == [1]

    run(main())
