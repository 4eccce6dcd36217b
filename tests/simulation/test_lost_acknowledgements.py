"""A durable write is made and its acknowledgement lost, or the database goes away at any await: no answer is wrong."""

import asyncio

import pytest

from tests.simulation.his import His
from tests.simulation.messages import Visit
from tests.simulation.processes import Process
from tests.simulation.scenarios import SERVICES, blows
from tests.simulation.stories import STORIES, Story, cancelled_and_revived
from tests.simulation.strikes import Nth
from tests.simulation.world import NODE_SERVICE, World, patients, play, slot_service

AWAY_S = 1.5


@pytest.mark.parametrize("of", ["claim", "book"])
@pytest.mark.parametrize("story", STORIES)
def test_of_w1_and_w3(story: Story, of: str) -> None:
    for service in SERVICES[:2]:
        runs = blows(
            story, service, lambda world: lambda _: world.care["44"].lose_acknowledgement(of), at=f"care.{of}"
        )
        assert not [run for run in runs if run.objections]


@pytest.mark.parametrize("at", ["book.write", "book.written", "book.commit"])
@pytest.mark.parametrize("story", STORIES)
def test_of_w2_or_its_session_is_lost_before_it(story: Story, at: str) -> None:
    def lose_sessions(world: World) -> None:
        for writer in world.store.writers.values():
            writer.lose()

    runs = blows(story, NODE_SERVICE, lambda world: lambda _: lose_sessions(world), at=at)
    assert not [run for run in runs if run.objections]


@pytest.mark.parametrize("service", SERVICES[:2])
def test_the_care_book_goes_away_at_every_await(service: str) -> None:
    def goes_away(world: World) -> None:
        care = world.care["44"]
        care.up = False
        asyncio.get_running_loop().call_later(AWAY_S, setattr, care, "up", True)

    runs = blows(cancelled_and_revived, service, lambda world: lambda _: goes_away(world))
    assert not [run for run in runs if run.objections]


async def a_crowded_flush(n: int, told: list[str]) -> bool:
    """One flush holds a fresh settlement and the repeat of one that is open, and the book goes away in it."""
    async with World() as world:
        his, (one, another) = His(world), patients(2)
        visits = Visit(one, "v"), Visit(another, "w")
        for visit in visits:
            world.insure(visit.psn_no)
        await world.ready()
        for visit in visits:
            await his.paid(visit.open())
        node = world.services[NODE_SERVICE].process
        assert node is not None
        node.sleep()
        first = asyncio.create_task(his.say(visits[0].settle()))
        await asyncio.sleep(0.02)

        def goes_away(_: Process) -> None:
            world.care["44"].up = False

        strike = Nth(slot_service(0), n, goes_away)
        world.strikes.append(strike)
        both = [asyncio.create_task(his.say(visit.settle())) for visit in visits]
        await asyncio.sleep(0.1)
        world.heal()
        await asyncio.gather(first, *both)
        for visit in visits:
            await his.paid(visit.settle())
        await world.healed()
        told += world.objections
        return strike.struck


def test_a_message_that_was_claimed_is_not_refused_because_a_later_read_of_its_flush_failed() -> None:
    told: list[str] = []
    for n in range(1, 12):
        assert play(a_crowded_flush(n, told))
    assert told == []
