"""A random morning: some patients and bills, hospitals in a hurry, and a weather of faults drawn from a seed.

Each seed draws its own rates (most runs are spared most faults, else nothing would ever get far); then everything heals,
every message that was ever said is said until it is final, and the checker looks at the books.
"""

import asyncio
import random
from dataclasses import dataclass
from typing import Final, Self

from tests.simulation.fake_log import Faults
from tests.simulation.his import His
from tests.simulation.messages import Message, Visit
from tests.simulation.strikes import AtRandom, sleep_for
from tests.simulation.world import NODE_SERVICE, SLOTS, World, patients

CLOCK_OFF_MS_MAX: Final = 2_000
"""Two clocks may then be 4 s apart: 5 s silence a partition."""
GUST_EVERY_S: Final = 0.5
MORNING_S_MAX: Final = 20.0


@dataclass(frozen=True)
class Weather:
    """How often what goes wrong: of records in per cent, of checkpoints in ten thousand, of half seconds in per cent."""

    faults: Faults
    kill: int
    sleep: int
    broker_down: int
    forget: int
    care_down: int
    acknowledgement_lost: int
    session_lost: int
    node_replaced: int
    loaded: int
    day_closed: int
    clocks_off_ms: int

    @classmethod
    def drawn(cls, rng: random.Random) -> Self:
        """The weather of a seed."""

        def some(most: int) -> int:
            return rng.randint(1, most) if rng.random() < 0.4 else 0

        return cls(
            Faults(
                drop_pct=some(30), duplicate_pct=some(50), delay_pct=some(40), delay_ms_max=rng.randint(5, 3_000),
                refuse_pct=some(20), ack_lost_pct=some(30),
            ),
            kill=some(80), sleep=some(20), broker_down=some(15), forget=some(15), care_down=some(15),
            acknowledgement_lost=some(30), session_lost=some(20), node_replaced=some(20), loaded=some(40),
            day_closed=some(10), clocks_off_ms=some(CLOCK_OFF_MS_MAX),
        )  # fmt: skip


class Morning:
    """One run from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.weather = Weather.drawn(self.rng)
        regions = ("44", "45") if self.rng.random() < 0.3 else ("44",)
        off = self.weather.clocks_off_ms
        names = ["slot 44.0", "slot 44.1", "slot 45.0", NODE_SERVICE]
        self.world = World(
            seed=seed, regions=regions, clocks_off_ms={name: self.rng.randint(-off, off) for name in names}
        )  # fmt: skip
        people = patients(self.rng.randint(1, 3))
        self.visits = [
            Visit(self.rng.choice(people), f"v{place}", self.rng.choice(regions))
            for place in range(self.rng.randint(1, 4))
        ]
        self.people = people
        self.said: list[Message] = []

    async def play(self) -> list[str]:
        """Storm, calm, judgement: the checker's objections."""
        async with self.world as world:
            for psn_no in self.people:
                world.insure(psn_no)
            await world.ready()
            await self._storm()
            world.heal()
            his = His(world)
            await asyncio.gather(*[his.insist(message) for message in self.said])
            await world.healed()
            for message in self.said:
                await his.ask(message)
            world.checker.end()
            return world.objections

    async def _storm(self) -> None:
        world, weather, rng = self.world, self.weather, self.rng
        world.broker.faults = weather.faults
        world.strikes += [
            AtRandom(rng, weather.kill),
            AtRandom(rng, weather.sleep, sleep_for(4 * rng.random())),
        ]
        gusts = asyncio.create_task(self._gusts())
        hospitals = [asyncio.create_task(Hospital(self, visit).run()) for visit in self.visits]
        await asyncio.wait(hospitals, timeout=MORNING_S_MAX)
        for task in (gusts, *hospitals):
            task.cancel()
        await asyncio.gather(gusts, *hospitals, return_exceptions=True)
        for task in hospitals:
            if not task.cancelled():
                task.result()

    async def _gusts(self) -> None:
        world, weather, rng = self.world, self.weather, self.rng
        while True:
            await asyncio.sleep(GUST_EVERY_S * 2 * rng.random())
            care = world.care[rng.choice(list(world.care))]
            world.broker.come_up()
            care.up = True
            if self._happens(weather.broker_down):
                world.broker.go_down()
            if self._happens(weather.forget):
                world.broker.forget(grow_again=rng.random() < 0.5)
            if self._happens(weather.care_down):
                care.up = False
            if self._happens(weather.acknowledgement_lost):
                care.lose_acknowledgement(rng.choice(("claim", "book")))
            if self._happens(weather.session_lost):
                for writer in world.store.writers.values():
                    writer.lose()
            if self._happens(weather.node_replaced):
                world.replace_node()
            if self._happens(weather.loaded):
                world.load(rng.choice(self.people), rng.randint(1, 400))
            if self._happens(weather.day_closed):
                world.close_day()

    def _happens(self, per_cent: int) -> bool:
        return self.rng.randrange(100) < per_cent


class Hospital:
    """One visit's HIS in the storm: says this and that, hangs up, says it again elsewhere."""

    def __init__(self, morning: Morning, visit: Visit) -> None:
        self._his = His(morning.world)
        self._rng = morning.rng
        self._all_said = morning.said
        self._said: list[Message] = []
        self._visit = visit
        self._settlements: list[Message] = []
        self._cancels: list[Message] = []

    async def run(self) -> None:
        """The visit is opened, then some messages are said."""
        opening = self._visit.open()
        self._note(opening)
        await self._his.insist(opening, slot=self._slot())
        for place in range(self._rng.randint(2, 7)):
            message = self._next(place)
            self._note(message)
            says = [self._say(message)]
            if self._rng.random() < 0.3:
                says.append(self._say(message))
            await asyncio.gather(*says)
            if self._rng.random() < 0.2:
                await self._his.ask(message, slot=self._slot())
            await asyncio.sleep(self._rng.choice((0, 0, 0.02, 0.5)))

    def _next(self, place: int) -> Message:
        rng, visit = self._rng, self._visit
        if not self._settlements or rng.random() < 0.35:
            settlement = visit.settle(f"s{place}", bill=rng.choice(("b", "b", "c")), lines=rng.randint(1, 3))
            self._settlements.append(settlement)
            if rng.random() < 0.15:
                return visit.reverse(f"r{place}", settlement)
            return settlement
        if rng.random() < 0.2:
            return rng.choice(self._said)
        if rng.random() < 0.5:
            self._cancels.append(visit.cancel(f"c{place}", rng.choice(self._settlements)))
            return self._cancels[-1]
        return visit.reverse(f"r{place}", rng.choice(self._settlements + self._cancels))

    async def _say(self, message: Message) -> None:
        rng = self._rng
        await asyncio.sleep(rng.choice((0, 0, 0.001, 0.01)))
        deadline_s = rng.choice((0.3, 1.0, 5.0))
        patience_s = rng.choice((None, None, 0.01, 0.1))
        await self._his.say(message, slot=self._slot(), deadline_s=deadline_s, patience_s=patience_s)

    def _note(self, message: Message) -> None:
        if message not in self._said:
            self._said.append(message)
            self._all_said.append(message)

    def _slot(self) -> int:
        return self._rng.choice(SLOTS[self._visit.region])
