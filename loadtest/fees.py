"""The upload benchmark: is it linear, is such a stay settled as cheaply as any, does it hold others up.

Method: stays of each size are uploaded one call after another, as a HIS does it, with nothing else under way, and the
servers' CPU is read before and after; small sizes many times, for the kernel counts in ticks of 10 ms. Then a stay of
few lines and one of the most are settled and cancelled by turns. At last another process settles other visits at their
due moments, for some seconds without an upload, for as long as one lasts, and for as long as one lasts at another
region's gateway on the same machine, by turns: the last says what the machine does to them, and not the gateway.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from loadtest.bench import open_visits, probe
from loadtest.children import Child
from loadtest.fee_report import FeeReport, SettleFigures, SizeFigures
from loadtest.generator import WindowFigures
from loadtest.meter import Meter
from loadtest.report import RATE
from loadtest.stays import CALL_LINES, Stay, Ward

LINES_LEAST: Final = 20_000
"""So many lines of each size at least are measured, over several stays."""
FEW_LINES: Final = 200
IDLE_S: Final = 4.0
TURNS: Final = 4
"""Short and long stay are settled by turns, so often."""
LATE_S: Final = 60.0
"""An upload among others takes at most so much longer than one alone."""
WARM_UP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class FeePlan:
    """What is measured."""

    sizes: tuple[int, ...] = (1_000, 10_000, 100_000)
    settlements: int = 30
    """Of each of the two stays, in each turn."""
    others_per_s: float = 40.0
    rounds: int = 2
    visits: int = 600

    @property
    def steps(self) -> int:
        """How often progress is told something."""
        return 3 + len(self.sizes) + 3 * self.rounds


@dataclass(slots=True)
class FeeBench:
    """One run."""

    plan: FeePlan
    ward: Ward
    elsewhere: Ward
    """At another region's gateway."""
    meter: Meter
    generator: Child
    say: Callable[[str], None]
    report: FeeReport = field(default_factory=FeeReport)
    _longest: Stay | None = None
    _upload_s: float = 0.0

    async def run(self) -> FeeReport:
        """All of it. Raises LoadTestFault where an answer is not the expected one."""
        self.say("warming up")
        await open_visits(self.generator, outpatient=self.plan.visits)
        await probe(self.generator)
        await self._uploaded(CALL_LINES)
        self.say("idle")
        await self.meter.settle_idle(IDLE_S)
        for lines in self.plan.sizes:
            self.say(f"uploading stays of {lines:,} lines")
            self.report.sizes.append(await self._size(lines))
        self.say("settling a short and a long stay by turns")
        await self._settlements()
        for number in range(1, self.plan.rounds + 1):
            self.say(f"round {number}: others alone")
            self.report.without.append(await self._others(None, []))
            self.say(f"round {number}: others during an upload elsewhere")
            took_ns = self.report.beside_others_ns
            self.report.elsewhere.append(await self._others(self.elsewhere, took_ns["elsewhere"]))
            self.say(f"round {number}: others during an upload")
            self.report.during.append(await self._others(self.ward, took_ns["during"]))
        return self.report

    async def _uploaded(self, lines: int) -> tuple[Stay, list[int]]:
        stay = await self.ward.open(lines)
        return stay, await self.ward.upload(self.ward.prepare(stay, lines))

    async def _size(self, lines: int) -> SizeFigures:
        stays = [await self.ward.open(lines) for _ in range(-(-LINES_LEAST // lines))]
        uploads = [one for stay in stays for one in self.ward.prepare(stay, lines)]
        took_ns, used = await self.meter.of(self.ward.upload(uploads))
        self._longest, self._upload_s = stays[-1], sum(took_ns) / 1e9 / len(stays)
        spare = stays[0]
        if len(stays) == 1:
            spare, _ = await self._uploaded(lines)
        return SizeFigures(lines, lines * len(stays), used, took_ns, await self.ward.delete(spare))

    async def _settlements(self) -> None:
        assert self._longest is not None, "sizes come first"
        short, _ = await self._uploaded(FEW_LINES)
        self.report.few = SettleFigures(short.lines)
        self.report.many = SettleFigures(self._longest.lines)
        for _ in range(TURNS):
            for stay, figures in ((short, self.report.few), (self._longest, self.report.many)):
                took_ns, used = await self.meter.of(self._settled(stay))
                figures.took_ns += took_ns
                figures.cpu_us.append(used.servers_us / len(took_ns))

    async def _settled(self, stay: Stay) -> list[int]:
        took = []
        for _ in range(self.plan.settlements):
            paid, took_ns = await self.ward.settle(stay)
            took.append(took_ns)
            await self.ward.cancel(stay, paid)
        return took

    async def _others(self, ward: Ward | None, took_ns: list[int]) -> WindowFigures:
        """Settlements of other visits at their due moments, for as long as an upload takes, at that ward or at none;
        notes how long a line took.
        """
        lines = self.plan.sizes[-1]
        figures: dict[str, Any] = {"rate": self.plan.others_per_s, "seconds": self._upload_s + LATE_S}
        uploads = ward.prepare(await ward.open(lines), lines) if ward else []
        await self.generator.tell(do="run", shape=RATE, **figures)
        await asyncio.sleep(WARM_UP_S)
        from_ns = time.monotonic_ns()
        if ward:
            took_ns.append(sum(await ward.upload(uploads)) // lines)
        else:
            await asyncio.sleep(self._upload_s)
        said = await self.generator.tell(do="stop", from_ns=from_ns, to_ns=time.monotonic_ns())
        return WindowFigures(**said)
