"""One fault at a time, at every place where it can happen: what the tests run, with all guards and without some.

Each gives the objections of one run after the other, with a name to play that very run again by.
"""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from tests.simulation.fake_log import FakeBroker
from tests.simulation.his import His
from tests.simulation.messages import Visit
from tests.simulation.processes import Process
from tests.simulation.stories import Story
from tests.simulation.strikes import Blow, Nth, kill, sleep_for
from tests.simulation.weather import Morning
from tests.simulation.world import NODE_SERVICE, OPENING_BALANCE_FEN, World, patients, play, slot_service

SERVICES = (slot_service(0), slot_service(1), NODE_SERVICE)
SLEEP_S = 3.5
"""Longer than a silence, and shorter than a hospital's deadline: who wakes may still pay."""
LONG_SLEEP_S = 8.0
"""Longer than any deadline."""


class Run(NamedTuple):
    """One run that is over."""

    name: str
    objections: list[str]


def crashes(story: Story, service: str) -> Iterator[Run]:
    """The process dies at its n-th checkpoint, for every n."""
    return _everywhere(story, lambda _, n: [Nth(service, n, kill)], service)


def double_crashes(story: Story, first: str, second: str, *, every: int = 1) -> Iterator[Run]:
    """One process dies at its n-th checkpoint and one at its m-th; each `every`-th of these pairs."""
    n_max, m_max = _checkpoints(story, first), _checkpoints(story, second)
    pairs = [(n, m) for n in range(1, n_max + 1) for m in range(1, m_max + 1) if first != second or n < m]
    for n, m in pairs[::every]:
        strikes = [Nth(first, n, kill), Nth(second, m, kill)]
        yield Run(
            f"{story.__name__}: {first} at {n}, {second} at {m}", _played(story, lambda _, s=strikes: s)
        )


def blows(story: Story, service: str, blow: Callable[[World], Blow], *, at: str = "") -> Iterator[Run]:
    """Anything else happens at the process's n-th checkpoint (of a name), for every n."""
    return _everywhere(story, lambda world, n: [Nth(service, n, blow(world), at=at)], service)


def sleeping_workers(story: Story) -> Iterator[Run]:
    """The node's worker falls asleep at its n-th checkpoint, and another takes over while it sleeps.

    The gateway process that asked first sleeps even longer, so that nothing is sent again meanwhile: the worker that
    wakes may be the only one that knows of what it is about to write. The patient has no account, for the compare of
    its balance would stop the sleeper too.
    """

    def blow(world: World) -> Blow:
        def asleep(process: Process) -> None:
            sleep_for(SLEEP_S)(process)
            asking = world.services[slot_service(0)].process
            if asking is not None:
                sleep_for(SLEEP_S + 1)(asking)
            world.replace_node()

        return asleep

    return _everywhere(
        story, lambda world, n: [Nth(NODE_SERVICE, n, blow(world))], NODE_SERVICE, balance_fen=0
    )


def forgetful_brokers(story: Story, *, grow_again: bool) -> Iterator[Run]:
    """The broker forgets everything after its k-th record, for every k."""

    class Forgetful(FakeBroker):
        left = 0
        forgot = False

        def accept(self, topic: str, partition: int, value: bytes) -> bool:
            acknowledged = super().accept(topic, partition, value)
            self.left -= 1
            if self.left == 0:
                self.forgot = True
                self.forget(grow_again=grow_again)
            return acknowledged

    for k in count(1):
        brokers: list[Forgetful] = []

        def prepare(world: World, k: int = k, brokers: list[Forgetful] = brokers) -> Sequence[Nth]:
            assert isinstance(world.broker, Forgetful)
            world.broker.left = k
            brokers.append(world.broker)
            return ()

        objections = _played(story, prepare, broker=Forgetful)
        yield Run(
            f"{story.__name__}: the broker forgets after record {k}, grows again: {grow_again}", objections
        )
        if not brokers[0].forgot:
            return


def mornings(seeds: range) -> Iterator[Run]:
    """Random runs."""
    for seed in seeds:
        morning = Morning(seed)
        yield Run(f"seed {seed}", _outcome(morning.play, morning.world.objections))


def _everywhere(
    story: Story,
    strikes: Callable[[World, int], Sequence[Nth]],
    what: str,
    *,
    balance_fen: int = OPENING_BALANCE_FEN,
) -> Iterator[Run]:
    for n in count(1):
        made: list[Nth] = []

        def prepare(world: World, n: int = n, made: list[Nth] = made) -> Sequence[Nth]:
            made += strikes(world, n)
            return made

        objections = _played(story, prepare, balance_fen=balance_fen)
        yield Run(f"{story.__name__}: {what} at {n} {made[0].name}", objections)
        if not made[0].struck:
            return


def _checkpoints(story: Story, service: str) -> int:
    """How many checkpoints a process comes to where nothing goes wrong."""
    never = Nth(service, 1_000_000)
    _played(story, lambda _: [never])
    return never.passed


def _played(
    story: Story,
    strikes: Callable[[World], Sequence[Nth]],
    *,
    broker: type[FakeBroker] = FakeBroker,
    balance_fen: int = OPENING_BALANCE_FEN,
) -> list[str]:
    objections: list[str] = []

    async def main() -> None:
        async with World(broker=broker) as world:
            world.checker.objections = world.objections = objections
            [psn_no] = patients(1)
            world.insure(psn_no, balance_fen)
            await world.ready()
            world.strikes += strikes(world)
            await story(His(world), Visit(psn_no))
            await world.healed()

    return _outcome(main, objections)


def _outcome(main: Callable[[], Coroutine[Any, Any, Any]], objections: list[str]) -> list[str]:
    """The checker's objections; a run that breaks off has one more."""
    try:
        play(main())
    except Exception as broken:
        objections.append(f"the run broke off: {broken!r}")
    return objections
