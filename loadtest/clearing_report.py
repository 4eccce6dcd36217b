"""What the clearing benchmark came to: was everything planted found and nothing else, how long, how much memory."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from loadtest.generator import WindowFigures

MS_PER_S: Final = 1_000
_COLUMNS: Final = (
    "settlements", "run s", "ms/1,000", "aggregate s", "on one core", "ratio", "planted", "found", "false", "peak RSS MB"
)  # fmt: skip


class Verdict(NamedTuple):
    """What clearing found of what was planted."""

    planted: int
    found: int
    """Planted, and listed in its class."""
    false: int
    """Listed, and not planted or of another class."""
    wrong: tuple[str, ...] = ()
    """The first of what is missing or false, in words."""


WORDS_MAX: Final = 10


def verdict(planted: Mapping[str, str], listed: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compare setl_id -> class with what `python -m clearing differences --json` lists."""
    rows = [(str(one["setl_id"]), str(one["kind"])) for one in listed]
    right = {(setl_id, kind) for setl_id, kind in rows if planted.get(setl_id) == kind}
    missing = [
        f"{kind} {setl_id} was not found" for setl_id, kind in planted.items() if (setl_id, kind) not in right
    ]
    false = [f"{kind} {setl_id} was not planted" for setl_id, kind in rows if (setl_id, kind) not in right]
    repeated = len(rows) - len(false) - len(right)
    return Verdict(len(planted), len(right), len(false) + repeated, tuple((missing + false)[:WORDS_MAX]))


class DayFigures(NamedTuple):
    """One day of one size."""

    settlements: int
    run_s: float
    aggregate_s: float
    """One plain aggregate as PostgreSQL plans it."""
    aggregate_one_core_s: float
    peak_rss_mb: float
    verdict: Verdict

    @property
    def ratio(self) -> float:
        """The run by the aggregate."""
        return self.run_s / max(self.aggregate_s, 1e-9)


@dataclass(slots=True)
class ClearingReport:
    """All of it."""

    days: list[DayFigures] = field(default_factory=list)
    per_s: float = 0.0
    """Live settlements a second of the windows: half of what went through at most."""
    live_settlements: int = 0
    without: list[WindowFigures] = field(default_factory=list)
    during: list[WindowFigures] = field(default_factory=list)
    live_verdicts: list[Verdict] = field(default_factory=list)

    def faults(self) -> list[str]:
        """What makes the figures worthless."""
        found = [words for one in self.days for words in one.verdict.wrong]
        found += [words for one in self.live_verdicts for words in one.wrong]
        for window in (*self.without, *self.during):
            found += [reason for reason in window.reasons if "wrong" in reason]
            if window.unsettled:
                found.append(f"{window.unsettled} live calls have no final outcome")
            if not window.answered:
                found.append("no live settlement was answered")
        return found

    def figures(self) -> dict[str, Any]:
        """The figures of the last line, of the largest day; p99_ratio is null where no live traffic was asked for."""
        largest = self.days[-1]
        ratio = None
        if self.without and self.during:
            ratio = round(_p99_ms(self.during) / max(_p99_ms(self.without), 1e-9), 2)
        return {
            "settlements": largest.settlements,
            "run_s": round(largest.run_s, 2),
            "aggregate_s": round(largest.aggregate_s, 3),
            "planted": largest.verdict.planted,
            "found": largest.verdict.found,
            "false": largest.verdict.false,
            "peak_rss_mb": round(largest.peak_rss_mb, 1),
            "p99_ratio": ratio,
        }

    def last_line(self) -> str:
        """One JSON line."""
        return json.dumps(self.figures())

    def print(self, console: Console) -> None:
        """The tables."""
        table = Table(title="A run of clearing")
        for column in _COLUMNS:
            table.add_column(column, justify="right")
        for one in self.days:
            table.add_row(
                f"{one.settlements:,}", f"{one.run_s:.2f}", f"{one.run_s * MS_PER_S / one.settlements * 1_000:.1f}",
                f"{one.aggregate_s:.3f}", f"{one.aggregate_one_core_s:.3f}", f"{one.ratio:.1f}",
                str(one.verdict.planted), str(one.verdict.found), str(one.verdict.false), f"{one.peak_rss_mb:.0f}",
            )  # fmt: skip
        console.print(table)
        if self.without and self.during:
            table = Table(
                title=f"Live settlements, {self.per_s:.0f} a second, while days of {self.live_settlements:,} run"
            )
            for column in ("", "p50 ms", "p99 ms"):
                table.add_column(column, justify="right" if column else "left")
            for name, windows in (("without", self.without), ("during a run", self.during)):
                p50 = median([window.p50_ms for window in windows])
                table.add_row(name, f"{p50:.1f}", f"{_p99_ms(windows):.1f}")
            console.print(table)
        for fault in self.faults():
            console.print(fault, style="red", markup=False, highlight=False)


def _p99_ms(windows: list[WindowFigures]) -> float:
    return median([window.p99_ms for window in windows])
