"""The benchmark: what a settlement costs and how many a second there are, unary and in batches, beside a bare echo.

Goal: figures that can be trusted on a machine whose neighbours are noisy. Method: rounds of idle, echo, unary, Session,
one after the other (so a bad minute hits all of them), each with a warm-up before its window; CPU of all servers read at
both ends of the window while the load goes on; the idle burn of an equal window measured in the same round and
subtracted; the embedded broker restarted before each figure, because each record costs it more as its log grows. The
window is steady state: what was in flight when it began and when it ended cancels out.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from loadtest import cpu
from loadtest.answers import DECLINED
from loadtest.backends import backend_kinds
from loadtest.children import Child
from loadtest.cpu import Snapshot, snapshot
from loadtest.errors import StackNotReady
from loadtest.generator import WindowFigures
from loadtest.report import ECHO, RATE, SESSION, UNARY, US_PER_S, Report, Window
from loadtest.target import Target

ONE_TURN_S_MAX: Final = 10.0
WARMING_S: Final = 2.0
BROKER_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.05
RATE_GUESS: Final = {UNARY: 4_000.0, SESSION: 20_000.0, RATE: 0.0}
"""Settlements a second before any was measured: for so many stays must be opened before the window."""
STAYS_MARGIN: Final = 1.3

Progress = Callable[[str], None]
"""Told what begins; the bar moves by one with each."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    seconds: float = 5.0
    warm_up_s: float = 1.0
    rounds: int = 3
    shapes: tuple[str, ...] = (ECHO, UNARY, SESSION)
    in_flight: int = 256
    streams: int = 4
    window: int = 8
    per_message: int = 100
    rate: float = 0.0
    visits: int = 8_000
    inpatient_share: float = 0.05
    fresh_broker: bool = True

    @property
    def steps(self) -> int:
        """How often Progress is told something: the warm-up, then round by round the idle window and the loads."""
        return 1 + self.rounds * (1 + len(self.loads))

    def in_flight_of(self, shape: str) -> int:
        """How many calls of a shape are in flight at once; an open loop has no such number."""
        sizes = {SESSION: self.streams * self.window * self.per_message, RATE: 0}
        return sizes.get(shape, self.in_flight)

    @property
    def loads(self) -> tuple[str, ...]:
        """The shapes of a round, with the open loop where a rate is given."""
        return (*self.shapes, RATE) if self.rate else self.shapes


@dataclass(slots=True)
class Bench:
    """One run of the benchmark."""

    plan: Plan
    target: Target
    generator: Child
    echo: Child
    echo_address: str
    progress: Progress
    report: Report = field(default_factory=Report)
    _seen_per_s: dict[str, float] = field(default_factory=lambda: dict(RATE_GUESS))

    async def run(self) -> Report:
        """All rounds, after a load that counts for nothing."""
        self.progress("warming up")
        await self._warm_up()
        for number in range(1, self.plan.rounds + 1):
            self.progress(f"round {number}: idle")
            idle = await self._idle()
            for shape in self.plan.loads:
                self.progress(f"round {number}: {shape}")
                if shape != ECHO:
                    await self._prepare(shape)
                window = await self._window(shape, idle)
                self.report.windows.append(window)
                if shape != ECHO:
                    self._seen_per_s[shape] = max(window.per_s, 1.0)
        return self.report

    # ------------------------------------------------------------------------------------------- before a window

    async def _warm_up(self) -> None:
        """A short load in batches: every process has seen its work; visits whose bills are declined are left out."""
        await self.generator.tell(do="run", shape=SESSION, **self._figures_of(SESSION))
        await asyncio.sleep(WARMING_S)
        said = await self.generator.tell(do="stop", from_ns=0, to_ns=time.monotonic_ns())
        if declined := said["kinds"].get(DECLINED):
            self.report.notes.append(
                f"{declined} bills declined while warming up; their visits were left out"
            )

    async def _prepare(self, shape: str) -> None:
        """A fresh broker, then as many open stays as the load will ask for."""
        if self.plan.fresh_broker and self.target.ours:
            await self._restart_broker()
        per_s = self.plan.rate if shape == RATE else self._seen_per_s[shape]
        wanted = per_s * (self.plan.seconds + self.plan.warm_up_s) * self.plan.inpatient_share * STAYS_MARGIN
        await open_visits(self.generator, inpatient=int(wanted))

    async def _restart_broker(self) -> None:
        before = self._broker()
        if before is None:
            return
        os.kill(before, signal.SIGKILL)  # it keeps nothing; its supervisor starts the next one
        deadline = time.monotonic() + BROKER_TIMEOUT_S
        while (now := self._broker()) is None or now == before:
            if time.monotonic() > deadline:
                raise StackNotReady("The broker was not started again after it was ended for a fresh one.")
            await asyncio.sleep(POLL_S)
        await probe(self.generator)

    def _broker(self) -> int | None:
        pids = snapshot([self.target.supervisor]).processes
        return next((pid for pid, kind in cpu.kinds(pids).items() if kind == cpu.BROKER), None)

    # ------------------------------------------------------------------------------------------- windows

    async def _idle(self) -> Mapping[str, float]:
        """Idle burn by kind, microseconds a second; the echo's own under ECHO."""
        span = await self._span()
        burn = {kind: us / span.seconds for kind, us in span.servers_us().items()}
        self.report.idle_share.append({kind: us / US_PER_S for kind, us in burn.items()})
        return burn | {ECHO: span.echo_us / span.seconds}

    async def _window(self, shape: str, idle: Mapping[str, float]) -> Window:
        await self.generator.tell(do="run", shape=shape, **self._figures_of(shape))
        await asyncio.sleep(self.plan.warm_up_s)
        await self._one_turn(shape)
        span = await self._span()
        said = await self.generator.tell(do="stop", from_ns=span.from_ns, to_ns=span.to_ns)
        used, burn = span.servers_us(), {kind: us for kind, us in idle.items() if kind != ECHO}
        if shape == ECHO:
            used, burn = {cpu.OTHER: span.echo_us}, {cpu.OTHER: idle[ECHO]}
        return Window(
            shape=shape,
            seconds=span.seconds,
            figures=WindowFigures(**said),
            used_us=used,
            idle_us={kind: us * span.seconds for kind, us in burn.items()},
            client_us=span.client_us,
            others_us=span.others_us,
        )

    async def _one_turn(self, shape: str) -> None:
        """Wait until as many calls have ended as are in flight: before that no answer says what steady state is."""
        in_flight = self.plan.in_flight_of(shape)
        deadline = time.monotonic() + ONE_TURN_S_MAX
        while time.monotonic() < deadline:
            if (await self.generator.tell(do="answered"))["answered"] >= in_flight:
                break
            await asyncio.sleep(POLL_S)

    def _figures_of(self, shape: str) -> dict[str, Any]:
        plan = self.plan
        if shape == SESSION:
            return {"streams": plan.streams, "window": plan.window, "per_message": plan.per_message}
        if shape == RATE:
            return {"rate": plan.rate, "seconds": plan.warm_up_s + plan.seconds + 1.0}
        if shape == ECHO:
            return {"in_flight": plan.in_flight, "address": self.echo_address}
        return {"in_flight": plan.in_flight}

    async def _span(self) -> "_Span":
        """Watch every process for the length of a window."""
        kinds = await backend_kinds(self.target.postgres)
        before = self._ends()
        await asyncio.sleep(self.plan.seconds)
        after = self._ends()
        kinds = cpu.kinds({*before.servers.processes, *after.servers.processes}) | kinds
        return _Span(before, after, kinds | await backend_kinds(self.target.postgres))

    def _ends(self) -> "_Ends":
        return _Ends(
            servers=snapshot([self.target.supervisor]),
            echo=snapshot([self.echo.pid]),
            client=snapshot([self.generator.pid]),
            machine=cpu.machine(),
        )


class _Ends(NamedTuple):
    """Everything that is measured, at one end of a window."""

    servers: Snapshot
    echo: Snapshot
    client: Snapshot
    machine: cpu.Machine


class _Span(NamedTuple):
    """A window between its two ends."""

    before: _Ends
    after: _Ends
    kinds: Mapping[int, str]

    @property
    def from_ns(self) -> int:
        return self.before.servers.at_ns

    @property
    def to_ns(self) -> int:
        return self.after.servers.at_ns

    @property
    def seconds(self) -> float:
        return (self.to_ns - self.from_ns) / 1e9

    def servers_us(self) -> dict[str, int]:
        return cpu.used_us(self.before.servers, self.after.servers, self.kinds)

    @property
    def echo_us(self) -> int:
        return sum(cpu.used_us(self.before.echo, self.after.echo, {}).values())

    @property
    def client_us(self) -> int:
        return sum(cpu.used_us(self.before.client, self.after.client, {}).values())

    @property
    def others_us(self) -> int:
        """What programs that have nothing to do with this, and other guests of the host, took of the machine."""
        busy, stolen = (
            after - before for before, after in zip(self.before.machine, self.after.machine, strict=True)
        )
        ours = sum(self.servers_us().values()) + self.echo_us + self.client_us
        return max(busy - ours, 0) + stolen


async def open_visits(generator: Child, *, outpatient: int = 0, inpatient: int = 0) -> dict[str, Any]:
    """Open visits before a window; what was opened and what was refused."""
    if not outpatient and not inpatient:
        return {"opened": 0, "refused": {}}
    return await generator.tell(do="open", outpatient=outpatient, inpatient=inpatient)


async def probe(generator: Child) -> int:
    """Wait until a bill of each home pool is settled through each gateway; the mean size of the answers, bytes.

    Raises StackNotReady with the last answer where that takes too long.
    """
    said = await generator.tell(do="probe")
    if said["waiting"]:
        raise StackNotReady(
            f"{said['waiting']} of {said['asked']} home pools do not settle; the last answer was: {said['why']}."
        )
    return int(said["answer_bytes"])
