"""What uploading fees came to: per size of a stay, the settlement of a short and a long one, and what others felt."""

import json
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from loadtest.backends import FEES
from loadtest.cpu import GATEWAY
from loadtest.generator import WindowFigures, percentile_ms
from loadtest.meter import Used

NS_PER_MS: Final = 1_000_000


class SizeFigures(NamedTuple):
    """Stays of one size, uploaded; and, of one of them, everything deleted."""

    lines: int
    uploaded: int
    """Lines of all stays together."""
    used: Used
    calls_ns: list[int]
    deleted_ns: int

    def us_per_line(self) -> float:
        """CPU of the gateway and of PostgreSQL."""
        return (self.used.us.get(GATEWAY, 0.0) + self.used.postgres_us) / self.uploaded

    def json(self) -> dict[str, float]:
        """For the last line."""
        return {
            "cpu_us_per_line": round(self.us_per_line(), 1),
            "gateway_us_per_line": round(self.used.us.get(GATEWAY, 0.0) / self.uploaded, 1),
            "fee_backend_us_per_line": round(self.used.us.get(FEES, 0.0) / self.uploaded, 1),
            "ms_per_line": round(sum(self.calls_ns) / NS_PER_MS / self.uploaded, 4),
            "slowest_call_ms": round(max(self.calls_ns) / NS_PER_MS, 1),
            "delete_ms_per_line": round(self.deleted_ns / NS_PER_MS / self.lines, 4),
        }


@dataclass(slots=True)
class SettleFigures:
    """Settlements of one stay, each cancelled before the next; CPU is that of settlement and cancel."""

    lines: int
    took_ns: list[int] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def json(self) -> dict[str, float]:
        """For the last line."""
        took = sorted(self.took_ns)
        return {
            "lines": self.lines,
            "cpu_us": round(median(self.cpu_us), 1),
            "p50_ms": round(percentile_ms(took, 50), 2),
            "p99_ms": round(percentile_ms(took, 99), 2),
        }


@dataclass(slots=True)
class FeeReport:
    """All of it."""

    sizes: list[SizeFigures] = field(default_factory=list)
    few: SettleFigures = field(default_factory=lambda: SettleFigures(0))
    many: SettleFigures = field(default_factory=lambda: SettleFigures(0))
    without: list[WindowFigures] = field(default_factory=list)
    during: list[WindowFigures] = field(default_factory=list)
    elsewhere: list[WindowFigures] = field(default_factory=list)
    """During an upload to another gateway on the same machine."""
    beside_others_ns: dict[str, list[int]] = field(default_factory=lambda: {"elsewhere": [], "during": []})
    """How long a line of those uploads took, by whose gateway took it."""

    def faults(self) -> list[str]:
        """What makes the figures worthless."""
        found = []
        for window in (*self.without, *self.elsewhere, *self.during):
            found += [reason for reason in window.reasons if "wrong" in reason]
            if window.unsettled:
                found.append(f"{window.unsettled} calls of others have no final outcome")
            if not window.answered:
                found.append("others were not heard at all")
        return found

    def figures(self) -> dict[str, Any]:
        """The figures of the last line; ratios are of the largest to the smallest, of many lines to few;
        `machine` is elsewhere to without, `gateway` during to elsewhere, `others` both together."""
        few, many = self.few.json(), self.many.json()
        without, elsewhere, during = (_middle(one) for one in (self.without, self.elsewhere, self.during))
        return {
            "sizes": {str(one.lines): one.json() for one in self.sizes},
            "cpu_per_line_ratio": _ratio(self.sizes[-1].us_per_line(), self.sizes[0].us_per_line()),
            "settle_few": few,
            "settle_many": many,
            "settle_cpu_ratio": _ratio(many["cpu_us"], few["cpu_us"]),
            "settle_p50_ratio": _ratio(many["p50_ms"], few["p50_ms"]),
            "others_without": without,
            "others_elsewhere": elsewhere,
            "others_during": during,
            "upload_ms_per_line": {
                "alone": self.sizes[-1].json()["ms_per_line"],
                **{
                    name: round(median(took) / NS_PER_MS, 4)
                    for name, took in self.beside_others_ns.items()
                    if took
                },
            },
            "machine_p50_ratio": _ratio(elsewhere["p50_ms"], without["p50_ms"]),
            "machine_p99_ratio": _ratio(elsewhere["p99_ms"], without["p99_ms"]),
            "others_p50_ratio": _ratio(during["p50_ms"], without["p50_ms"]),
            "others_p99_ratio": _ratio(during["p99_ms"], without["p99_ms"]),
            "gateway_p50_ratio": _ratio(during["p50_ms"], elsewhere["p50_ms"]),
            "gateway_p99_ratio": _ratio(during["p99_ms"], elsewhere["p99_ms"]),
        }

    def last_line(self) -> str:
        """One JSON line."""
        return json.dumps(self.figures())

    def print(self, console: Console) -> None:
        """The tables."""
        table = Table(title="Upload, idle burn taken off")
        for column in ("lines of a stay", "CPU µs/line", "gateway", "its fee backend", "ms/line", "slowest call ms",
                       "deleting, ms/line"):  # fmt: skip
            table.add_column(column, justify="right")
        for one in self.sizes:
            table.add_row(f"{one.lines:,}", *[f"{figure:g}" for figure in one.json().values()])
        console.print(table)
        table = Table(title="What it does to settlements")
        for column in ("", "CPU µs", "p50 ms", "p99 ms"):
            table.add_column(column, justify="right" if column else "left")
        for settled in (self.few, self.many):
            said = settled.json()
            cells = [f"{said[name]:g}" for name in ("cpu_us", "p50_ms", "p99_ms")]
            table.add_row(f"of a stay of {settled.lines:,} lines, and its cancel", *cells)
        for name, windows in (
            ("of others", self.without),
            ("of others, during an upload to another gateway", self.elsewhere),
            ("of others, during an upload to theirs", self.during),
        ):
            middle = _middle(windows)
            table.add_row(name, "", f"{middle['p50_ms']:g}", f"{middle['p99_ms']:g}")
        console.print(table)
        for fault in self.faults():
            console.print(fault, style="red", markup=False, highlight=False)


def _middle(windows: list[WindowFigures]) -> dict[str, float]:
    return {
        "p50_ms": round(median([window.p50_ms for window in windows]), 1),
        "p99_ms": round(median([window.p99_ms for window in windows]), 1),
    }


def _ratio(one: float, other: float) -> float:
    return round(one / max(other, 1e-9), 2)
