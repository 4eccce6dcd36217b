"""What the rounds came to: medians with their range, CPU by kind of process, and one line for machines.

The machine's neighbours halve rates for minutes, so a figure is the median of several rounds, shown with the least and
the most; CPU per settlement moves less than the rate and is the figure to trust. CPU is whole microseconds, the idle
burn of an equal window subtracted.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from loadtest.backends import BACKENDS
from loadtest.cpu import BROKER, GATEWAY, NODE, OTHER, POSTGRES, SUPERVISOR
from loadtest.generator import WindowFigures

ECHO: Final = "echo"
UNARY: Final = "unary"
SESSION: Final = "session"
RATE: Final = "rate"
SERVER_KINDS: Final = (GATEWAY, NODE, BROKER, *BACKENDS, POSTGRES, OTHER)
"""What is counted, in the order of the table; the supervisor is not."""
US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """One measured window of one shape."""

    shape: str
    seconds: float
    figures: WindowFigures
    used_us: Mapping[str, int]
    """CPU of the servers (of the echo: of its process) within the window, by kind."""
    idle_us: Mapping[str, float]
    """What the same processes burn in a window of that length when nothing is asked of them."""
    client_us: int
    others_us: int = 0
    """CPU that programs which have nothing to do with this, or other guests of the host, took meanwhile."""

    @property
    def calls(self) -> int:
        """Calls that count: settled ones; of the echo, answered ones."""
        return self.figures.answered if self.shape == ECHO else self.figures.settled

    @property
    def per_s(self) -> float:
        """Settlements (echo: calls) a second."""
        return self.calls / self.seconds

    def cpu_us(self, kind: str) -> float:
        """CPU of a kind of process per call, idle burn subtracted."""
        return (self.used_us.get(kind, 0) - self.idle_us.get(kind, 0.0)) / max(self.calls, 1)

    @property
    def server_us(self) -> float:
        """CPU of all server processes per call, idle burn subtracted."""
        return sum(self.cpu_us(kind) for kind in set(self.used_us) - {SUPERVISOR})

    @property
    def idle_per_call_us(self) -> float:
        """The idle burn that was subtracted, per call."""
        return sum(us for kind, us in self.idle_us.items() if kind != SUPERVISOR) / max(self.calls, 1)


@dataclass(slots=True)
class Report:
    """All windows of a run."""

    windows: list[Window] = field(default_factory=list)
    idle_share: list[Mapping[str, float]] = field(default_factory=list)
    """Idle burn of each round by kind, as a share of one core."""
    notes: list[str] = field(default_factory=list)

    def of(self, shape: str) -> list[Window]:
        """The windows of one shape."""
        return [window for window in self.windows if window.shape == shape]

    def faults(self) -> list[str]:
        """What makes the figures worthless: wrong answers, calls that were never settled, nothing settled."""
        found = []
        for shape in (UNARY, SESSION, RATE):
            windows = self.of(shape)
            wrong = [reason for window in windows for reason in window.figures.reasons if "wrong" in reason]
            unsettled = sum(window.figures.unsettled for window in windows)
            if wrong:
                found.append(f"{shape}: wrong answers ({'; '.join(sorted(set(wrong))[:3])})")
            if unsettled:
                found.append(f"{shape}: {unsettled} calls have no final outcome")
            if windows and not any(window.calls for window in windows):
                found.append(f"{shape}: nothing was settled")
        return found

    def figures(self) -> dict[str, float]:
        """The medians, under the names of the last line."""
        said: dict[str, float] = {}
        for shape in (UNARY, ECHO, SESSION):
            said[f"{shape}_per_s"] = round(_middle(self.of(shape), lambda window: window.per_s), 1)
        for shape in (UNARY, ECHO, SESSION):
            said[f"{shape}_cpu_us"] = round(_middle(self.of(shape), lambda window: window.server_us), 1)
        order = (
            "unary_per_s",
            "echo_per_s",
            "unary_cpu_us",
            "echo_cpu_us",
            "session_per_s",
            "session_cpu_us",
        )
        return {name: said[name] for name in order}

    def last_line(self) -> str:
        """One JSON line."""
        return json.dumps(self.figures())

    def print(self, console: Console) -> None:
        """The tables."""
        console.print(self._rates())
        console.print(self._costs())
        for note in (*self.notes, *self._remarks()):
            console.print(f"- {note}", style="dim", markup=False, highlight=False)
        for fault in self.faults():
            console.print(fault, style="red", markup=False, highlight=False)

    def _shapes(self) -> list[str]:
        return [shape for shape in (ECHO, UNARY, SESSION, RATE) if self.of(shape)]

    def _rates(self) -> Table:
        table = Table(title="Rate, latency and server CPU; median (least to most of the rounds)")
        for column in (
            "",
            "calls/s",
            "server CPU µs/call",
            "p50 ms",
            "p99 ms",
            "settled",
            "declined",
            "refused",
            "others, % of a core",
        ):
            table.add_column(column, justify="left" if not column else "right")
        for shape in self._shapes():
            windows = self.of(shape)
            kinds: Counter[str] = Counter()
            for window in windows:
                kinds.update(window.figures.kinds)
            table.add_row(
                shape,
                _range(windows, lambda window: window.per_s, 0),
                _range(windows, lambda window: window.server_us, 1),
                _range(windows, lambda window: window.figures.p50_ms, 1),
                _range(windows, lambda window: window.figures.p99_ms, 1),
                str(sum(window.calls for window in windows)),
                str(kinds["declined"]),
                str(kinds["refused"]),
                _range(windows, lambda window: 100 * window.others_us / US_PER_S / window.seconds, 0),
            )
        return table

    def _costs(self) -> Table:
        table = Table(title="Server CPU by kind of process, µs per call, idle burn subtracted; medians")
        table.add_column("process")
        table.add_column("idle, % of a core", justify="right")
        for shape in self._shapes():
            table.add_column(shape, justify="right")
        shown = [kind for kind in SERVER_KINDS if self._appears(kind)]
        for kind in shown:
            table.add_row(kind, self._idle(kind), *self._costs_of(kind))
        table.add_section()
        totals = [_middle(self.of(shape), lambda window: window.server_us) for shape in self._shapes()]
        everything = [sum(us for kind, us in idle.items() if kind != SUPERVISOR) for idle in self.idle_share]
        table.add_row("all servers", _percent(everything), *[f"{total:.1f}" for total in totals])
        idle = [_middle(self.of(shape), lambda window: window.idle_per_call_us) for shape in self._shapes()]
        table.add_row("idle burn subtracted", "", *[f"{us:.1f}" for us in idle], style="dim")
        table.add_row(
            f"{SUPERVISOR}, not counted", self._idle(SUPERVISOR), *self._costs_of(SUPERVISOR), style="dim"
        )
        clients = [
            _middle(self.of(shape), lambda window: window.client_us / max(window.calls, 1))
            for shape in self._shapes()
        ]
        table.add_row("load generator, not counted", "", *[f"{us:.1f}" for us in clients], style="dim")
        return table

    def _appears(self, kind: str) -> bool:
        return any(window.used_us.get(kind) for window in self.windows)

    def _idle(self, kind: str) -> str:
        return _percent([idle.get(kind, 0.0) for idle in self.idle_share])

    def _costs_of(self, kind: str) -> list[str]:
        cells = []
        for shape in self._shapes():
            windows = self.of(shape)
            there = any(kind in window.used_us for window in windows)
            cells.append(f"{_middle(windows, lambda window: window.cpu_us(kind)):.1f}" if there else "")
        return cells

    def _remarks(self) -> list[str]:
        """What a reader must know to judge the figures."""
        said = []
        figures = self.figures()
        if self.of(UNARY) and self.of(ECHO):
            pairs = list(zip(self.of(UNARY), self.of(ECHO), strict=False))
            rate = median([unary.per_s / max(echo.per_s, 1e-9) for unary, echo in pairs])
            cpu = figures["unary_cpu_us"] / max(figures["echo_cpu_us"], 1e-9)
            said.append(f"unary : echo of the same round: {rate:.2f} in calls/s, {cpu:.1f} in CPU")
        reasons: Counter[str] = Counter()
        for window in self.windows:
            reasons.update(window.figures.reasons)
        said += [f"{number} × {reason}" for reason, number in reasons.most_common(8)]
        for name in ("sent_again", "starved", "not_sent"):
            if total := sum(getattr(window.figures, name) for window in self.windows):
                said.append(f"{total} × {_WORDS[name]}")
        return said


_WORDS: Final = {
    "sent_again": "no final outcome at first, sent again after the window",
    "starved": "no visit was free to be billed (raise --visits)",
    "not_sent": "due and not sent: too many calls were waiting for their answer",
}


def _middle(windows: Sequence[Window], value: Callable[[Window], float]) -> float:
    return median([value(window) for window in windows]) if windows else 0.0


def _range(windows: Sequence[Window], value: Callable[[Window], float], digits: int) -> str:
    values = [value(window) for window in windows]
    middle, least, most = (f"{found:,.{digits}f}" for found in (median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({least} to {most})"


def _percent(shares: Iterable[float]) -> str:
    found = list(shares)
    return f"{100 * median(found):.1f}" if found else ""
