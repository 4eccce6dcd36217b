"""One patient is treated in two care regions at the same time, over one home node: both regions' books equal its."""

import asyncio

from tests.simulation.fake_log import Faults
from tests.simulation.his import His
from tests.simulation.messages import Visit
from tests.simulation.world import World, patients, play

LOSSY = Faults(drop_pct=20, duplicate_pct=20, delay_pct=20, delay_ms_max=400)


async def a_day_in_two_regions(seed: int) -> World:
    async with World(seed=seed, regions=("44", "45")) as world:
        [psn_no] = patients(1)
        world.insure(psn_no)
        await world.ready()
        world.broker.faults = LOSSY
        his = His(world)

        async def treated(visit: Visit) -> None:
            await his.paid(visit.open())
            settlement, again = visit.settle("s"), visit.settle("t")
            await his.paid(settlement)
            await his.paid(visit.reverse("r", settlement))
            await his.paid(again)
            await his.paid(visit.cancel("c", again))
            await his.paid(visit.settle("u"))

        await asyncio.gather(*[treated(Visit(psn_no, "v", region)) for region in world.care])
        await world.healed()
        return world


def test_each_region_books_its_own_rows_and_no_other() -> None:
    for seed in range(12):
        world = play(a_day_in_two_regions(seed))
        assert world.objections == []
        for care in world.care.values():
            assert sorted(row.kind for row in care.care_rows) == [1, 1, 1, 2, 3]


def test_the_same_msgid_and_visit_number_in_two_regions_are_two_things() -> None:
    world = play(a_day_in_two_regions(1))
    assert len(world.store.bills) == 2
    assert not world.care["44"].tables.claims.keys() & world.care["45"].tables.claims.keys()
