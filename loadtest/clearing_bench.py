"""The clearing benchmark: days of rising size planted into both books of a stack of our own, each run once and timed.

Method: a day is planted and some institutions send their files; one plain aggregate over its rows is timed, then
`python -m clearing run` as a process, from its start to its end, and what it lists is compared with what was planted. At
last live settlements at half of what went through at most are sent at their due moments, by turns without and during the
run of one more planted day, at the lower priority that a stack gives books processes.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from loadtest.bench import open_visits, probe
from loadtest.children import Child
from loadtest.clearing_plant import CHINA, Day, Planter
from loadtest.clearing_report import ClearingReport, DayFigures, Verdict, verdict
from loadtest.clearing_scene import Databases, Ran, Scene, scene
from loadtest.clearing_statements import send_statements
from loadtest.generator import WindowFigures
from loadtest.report import RATE, UNARY
from loadtest.target import Target

NODE: Final = 44
REGION: Final = "44"
CARE_POOLS: Final = (440100, 440300, 441500)
CLEARING_DATABASE: Final = "dsgw_clearing_bench"
BOOKS_NICE: Final = 10
AGGREGATES: Final = 3
WARM_UP_S: Final = 2.0
CAPACITY_S: Final = 5.0
LATE_S: Final = 300.0
"""The open loop is planned so much longer than a run of the same day took alone."""
_AGGREGATE: Final = """
SELECT home_pool, care_pool, insutype, day, sum(total_fen), sum(fund_sum_fen), sum(pooled_fen), sum(account_fen),
  sum(cash_fen) FROM decision WHERE day = $1 GROUP BY home_pool, care_pool, insutype, day
"""


@dataclass(frozen=True, slots=True)
class ClearingPlan:
    """What is measured."""

    sizes: tuple[int, ...]
    """Settlements of each day, rising."""
    per_10000: int = 10
    live_settlements: int = 0
    """Of the days that are run among live traffic; 0: no live traffic."""
    rounds: int = 2
    in_flight: int = 64
    visits: int = 4_000

    @property
    def days(self) -> int:
        """How many days are planted."""
        return len(self.sizes) + (self.rounds if self.live_settlements else 0)

    @property
    def steps(self) -> int:
        """How often progress is told something."""
        return 2 * self.days + (2 + self.rounds if self.live_settlements else 0)


@dataclass(slots=True)
class ClearingBench:
    """One run of the benchmark over empty books."""

    plan: ClearingPlan
    databases: Databases
    run_dir: Path
    say: Callable[[str], None]
    report: ClearingReport = field(default_factory=ClearingReport)
    _days: list[date] = field(default_factory=list)

    def __post_init__(self) -> None:
        today = (datetime.now(UTC) + CHINA).date()
        # every second day: the one before holds what was shifted
        self._days = [today - timedelta(days=1 + 2 * back) for back in reversed(range(self.plan.days))]

    async def alone(self) -> None:
        """Days of all sizes, with nothing else under way."""
        async with scene(self.databases, run_dir=self.run_dir) as up:
            await up.migrate()
            for settlements in self.plan.sizes:
                planter, day = await self._planted(settlements)
                planted = await planter.planted(self.databases.home)
                planted |= await send_statements(up, day, planted)
                aggregate_s, one_core_s = await _aggregates(self.databases.home, day)
                self.say(f"running a day of {settlements:,}")
                ran, found = await self._ran(up, planted, day)
                self.report.days.append(
                    DayFigures(settlements, ran.seconds, aggregate_s, one_core_s, ran.peak_rss_mb, found)
                )

    async def among_live(self, generator: Child) -> None:
        """Live settlements without and during runs, by turns."""
        self.say("measuring what goes through at most")
        await open_visits(generator, outpatient=self.plan.visits)
        await probe(generator)
        self.report.per_s = await self._capacity(generator) / 2
        self.report.live_settlements = self.plan.live_settlements
        async with scene(self.databases, run_dir=self.run_dir / "live", nice=BOOKS_NICE) as up:
            await up.migrate()
            for number in range(self.plan.rounds):
                planter, day = await self._planted(self.plan.live_settlements)
                self.say(f"round {number + 1}: live settlements during a run")
                planted = await planter.planted(self.databases.home)
                window, took_s = await self._window(generator, self._ran(up, planted, day))
                self.report.during.append(window)
                self.say(f"round {number + 1}: live settlements without")
                window, _ = await self._window(generator, asyncio.sleep(took_s))
                self.report.without.append(window)

    async def _planted(self, settlements: int) -> tuple[Planter, date]:
        self.say(f"planting a day of {settlements:,}")
        day = self._days.pop(0)
        databases = self.databases
        what = Day(
            day=day, settlements=settlements, node=databases.node, region=databases.region, care_pools=CARE_POOLS,
            per_10000=self.plan.per_10000,
        )  # fmt: skip
        planter = Planter(what)
        await asyncio.gather(planter.at_home(databases.home), planter.at_care(databases.care))
        return planter, day

    async def _ran(self, up: Scene, planted: dict[str, str], day: date) -> tuple[Ran, Verdict]:
        ran = await up.run(day)
        return ran, verdict(planted, await up.differences(day))

    async def _capacity(self, generator: Child) -> float:
        """Settlements a second of a closed loop."""
        await generator.tell(do="run", shape=UNARY, in_flight=self.plan.in_flight)
        await asyncio.sleep(WARM_UP_S)
        from_ns = time.monotonic_ns()
        await asyncio.sleep(CAPACITY_S)
        to_ns = time.monotonic_ns()
        said = WindowFigures(**await generator.tell(do="stop", from_ns=from_ns, to_ns=to_ns))
        return said.settled / CAPACITY_S

    async def _window(self, generator: Child, work: Any) -> tuple[WindowFigures, float]:
        """Live settlements at their due moments for as long as some work takes; gives that time too."""
        rate = max(self.report.per_s, 1.0)
        await generator.tell(do="run", shape=RATE, rate=rate, seconds=LATE_S)
        await asyncio.sleep(WARM_UP_S)
        from_ns = time.monotonic_ns()
        done = await work
        to_ns = time.monotonic_ns()
        said = await generator.tell(do="stop", from_ns=from_ns, to_ns=to_ns)
        seconds = (to_ns - from_ns) / 1e9
        if isinstance(done, tuple):
            ran, found = done
            self.report.live_verdicts.append(found)
            seconds = ran.seconds
        return WindowFigures(**said), seconds


async def stack_databases(target: Target) -> Databases:
    """The databases of a stack's node and region, and an empty one for clearing."""
    connection = await asyncpg.connect(target.postgres)
    try:
        await connection.execute(f"CREATE DATABASE {CLEARING_DATABASE}")
    finally:
        await connection.close()
    clearing = urlsplit(target.postgres)._replace(path=f"/{CLEARING_DATABASE}").geturl()
    books = target.databases
    return Databases(books[f"node {NODE}"], books[f"region {REGION}"], clearing, NODE, REGION)


async def _aggregates(dsn: str, day: date) -> tuple[float, float]:
    """Seconds of the plain aggregate: as PostgreSQL plans it by itself, and on one core."""
    connection = await asyncpg.connect(dsn)
    try:
        free = await _aggregate_s(connection, day)
        await connection.execute("SET max_parallel_workers_per_gather = 0")
        return free, await _aggregate_s(connection, day)
    finally:
        await connection.close()


async def _aggregate_s(connection: Any, day: date) -> float:
    """The middle of some, after one that counts for nothing."""
    took = []
    for _ in range(1 + AGGREGATES):
        began_s = time.monotonic()
        await connection.fetch(_AGGREGATE, day)
        took.append(time.monotonic() - began_s)
    return median(took[1:])
