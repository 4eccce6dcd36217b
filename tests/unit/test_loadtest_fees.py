"""The upload benchmark: cost per line by size, ratios that say whether it is linear, sizes that make sense."""

import json

import pytest
from typer.testing import CliRunner

from loadtest.__main__ import app
from loadtest.backends import FEES
from loadtest.cpu import GATEWAY, NODE
from loadtest.fee_report import FeeReport, SettleFigures, SizeFigures
from loadtest.generator import WindowFigures
from loadtest.meter import Used

MS = 1_000_000


def a_size(lines: int, *, gateway_us: float) -> SizeFigures:
    """Uploaded in calls of 50 ms; the node's CPU is not an upload's."""
    used = Used(1.0, {GATEWAY: gateway_us * lines, FEES: 10.0 * lines, NODE: 99.0 * lines})
    return SizeFigures(lines, lines, used, [50 * MS] * (lines // 1_000), lines * MS)


def a_report(**during: int) -> FeeReport:
    return FeeReport(
        sizes=[a_size(1_000, gateway_us=40.0), a_size(100_000, gateway_us=65.0)],
        few=SettleFigures(200, [20 * MS, 30 * MS], [10_000.0, 20_000.0, 12_000.0]),
        many=SettleFigures(100_000, [30 * MS, 40 * MS], [15_000.0]),
        without=[WindowFigures(answered=10, p50_ms=20.0, p99_ms=40.0)],
        elsewhere=[WindowFigures(answered=10, p50_ms=24.0, p99_ms=50.0)],
        during=[WindowFigures(answered=10, p50_ms=30.0, p99_ms=50.0, **during)],
        beside_others_ns={"elsewhere": [MS // 10], "during": [MS // 5]},
    )


def test_the_last_line_says_what_a_line_costs_and_what_it_does_to_others() -> None:
    said = json.loads(a_report().last_line())
    assert said["sizes"]["1000"]["cpu_us_per_line"] == 50.0
    assert said["sizes"]["100000"]["ms_per_line"] == 0.05
    assert said["sizes"]["100000"]["delete_ms_per_line"] == 1.0
    assert said["cpu_per_line_ratio"] == 1.5
    assert (said["settle_few"]["cpu_us"], said["settle_cpu_ratio"], said["settle_p50_ratio"]) == (
        12_000.0,
        1.25,
        1.5,
    )
    assert (said["others_p50_ratio"], said["others_p99_ratio"]) == (1.5, 1.25)
    assert (said["machine_p50_ratio"], said["machine_p99_ratio"]) == (1.2, 1.25)
    assert said["upload_ms_per_line"] == {"alone": 0.05, "elsewhere": 0.1, "during": 0.2}
    assert (said["gateway_p50_ratio"], said["gateway_p99_ratio"]) == (1.25, 1.0)


def test_figures_are_worth_nothing_where_others_got_no_outcome() -> None:
    assert a_report().faults() == []
    assert a_report(unsettled=2).faults() == ["2 calls of others have no final outcome"]


@pytest.mark.parametrize("lines", ["many", "", "1000,1000", "2000,1000", "0", "100001"])
def test_sizes_that_make_no_sense_are_refused_before_anything_is_started(lines: str) -> None:
    said = CliRunner().invoke(app, ["fees", "--lines", lines])
    assert said.exit_code == 2
    assert "--lines" in said.output
