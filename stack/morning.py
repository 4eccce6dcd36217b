"""The morning: everyone's visit, some by calls of their own and some in Session batches, all through real gRPC.

`play` tells the stories of `stack.stories` with bounded concurrency and reports each visit that is done; what goes
wrong on purpose is `stack.incidents`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stack import stories
from stack.bills import Item
from stack.encounters import Encounter
from stack.hospitals import Desk
from stack.sessions import tell_together
from stack.stories import Telling, Visit
from stack.window import Door, Receipts, Window

WINDOWS_OPEN: Final = 24
"""So many unary visits at the same time, over all hospitals."""
SESSION_VISITS_MAX: Final = 60
"""So many visits share one Session stream; a region has one stream at a time."""


@dataclass(slots=True)
class Town:
    """Where the morning takes place: the regions' doors, the hospitals' windows, what they are given."""

    doors: Mapping[str, Door]
    price_lists: Mapping[str, Sequence[Item]]
    seed: int
    receipts: Receipts = field(default_factory=Receipts)
    visits: list[Visit] = field(default_factory=list)
    _windows: dict[str, Window] = field(default_factory=dict)

    def window(self, encounter: Encounter) -> Window:
        """The window of the encounter's institution."""
        institution = encounter.institution
        if institution.code not in self._windows:
            self._windows[institution.code] = Window(
                desk=Desk(institution), door=self.doors[institution.region], receipts=self.receipts
            )
        return self._windows[institution.code]

    def visit(self, encounter: Encounter) -> Visit:
        """A visit of that encounter, noted down."""
        visit = Visit(
            encounter=encounter,
            desk=self.window(encounter).desk,
            price_list=self.price_lists[encounter.institution.care_pool],
            seed=self.seed,
        )
        self.visits.append(visit)
        return visit


async def tell(telling: Telling, window: Window) -> None:
    """Tell one story by unary calls. Raises MorningFailed."""
    request = next(telling, None)
    while request is not None:
        answer = await window.answer(request)
        try:
            request = telling.send(answer)
        except StopIteration:
            return


async def play(encounters: Sequence[Encounter], town: Town, done: Callable[[Visit], None]) -> None:
    """All encounters; `done` hears of each visit that has ended. Raises MorningFailed in an exception group."""
    windows_open = asyncio.Semaphore(WINDOWS_OPEN)

    async def alone(encounter: Encounter) -> None:
        async with windows_open:
            visit = town.visit(encounter)
            await tell(stories.whole(visit), town.window(encounter))
            done(visit)

    async def together(region: str, batched: Sequence[Encounter]) -> None:
        for first in range(0, len(batched), SESSION_VISITS_MAX):
            visits = [town.visit(encounter) for encounter in batched[first : first + SESSION_VISITS_MAX]]
            told = [(_heard(visit, done), town.window(visit.encounter)) for visit in visits]
            await tell_together(told, town.doors[region])

    async with asyncio.TaskGroup() as tasks:
        for region in town.doors:
            batched = [one for one in encounters if one.by_session and one.institution.region == region]
            tasks.create_task(together(region, batched))
        for encounter in encounters:
            if not encounter.by_session:
                tasks.create_task(alone(encounter))


def _heard(visit: Visit, done: Callable[[Visit], None]) -> Telling:
    yield from stories.whole(visit)
    done(visit)
