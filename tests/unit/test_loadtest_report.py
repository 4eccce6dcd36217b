"""The report: medians of rounds, idle burn off, the supervisor out, and a run with wrong answers is worth nothing."""

import json

from rich.console import Console

from loadtest.bench import Plan
from loadtest.cpu import GATEWAY, NODE, OTHER, SUPERVISOR
from loadtest.generator import WindowFigures, percentile_ms
from loadtest.report import ECHO, RATE, SESSION, UNARY, Report, Window


def a_window(
    shape: str, *, calls: int, gateway_us: int = 0, idle_us: float = 0.0, figures: WindowFigures | None = None
) -> Window:
    return Window(
        shape=shape,
        seconds=2.0,
        figures=figures or WindowFigures(answered=calls, settled=0 if shape == ECHO else calls),
        used_us={GATEWAY: gateway_us, NODE: 1_000, SUPERVISOR: 77_000},
        idle_us={GATEWAY: idle_us, SUPERVISOR: 7_000.0},
        client_us=5_000,
    )


def a_report() -> Report:
    return Report(
        windows=[
            a_window(UNARY, calls=1_000, gateway_us=220_000, idle_us=20_000.0),
            a_window(UNARY, calls=4_000, gateway_us=900_000, idle_us=100_000.0),
            a_window(UNARY, calls=2_000, gateway_us=999_000),
            a_window(ECHO, calls=8_000, gateway_us=799_000),
            a_window(SESSION, calls=40_000, gateway_us=1_999_000),
        ]
    )


def test_the_last_line_has_the_medians_under_the_agreed_names() -> None:
    said = json.loads(a_report().last_line())
    assert list(said) == [
        "unary_per_s", "echo_per_s", "unary_cpu_us", "echo_cpu_us", "session_per_s", "session_cpu_us",
    ]  # fmt: skip
    assert said["unary_per_s"] == 1_000.0
    assert said["echo_per_s"] == 4_000.0
    assert said["session_cpu_us"] == 50.0
    # (220 - 20 + 1) / 1, (900 - 100 + 1) / 4, (999 + 1) / 2 microseconds: the middle one
    assert said["unary_cpu_us"] == 201.0


def test_the_idle_burn_is_subtracted_and_the_supervisor_is_not_counted() -> None:
    window = a_window(UNARY, calls=100, gateway_us=10_000, idle_us=3_000.0)
    assert window.cpu_us(GATEWAY) == 70.0
    assert window.server_us == 80.0
    assert window.idle_per_call_us == 30.0


def test_a_settlement_counts_only_when_it_is_settled() -> None:
    figures = WindowFigures(answered=100, settled=60)
    assert a_window(UNARY, calls=0, figures=figures).per_s == 30.0
    assert a_window(ECHO, calls=0, figures=figures).per_s == 50.0


def test_a_run_with_a_wrong_answer_or_an_unsettled_call_is_worthless() -> None:
    assert a_report().faults() == []
    wrong = WindowFigures(answered=9, settled=8, reasons={"wrong: I4: M is not F + P + H": 1})
    open_still = WindowFigures(answered=9, settled=9, unsettled=1)
    report = a_report()
    report.windows += [
        a_window(SESSION, calls=9, figures=wrong),
        a_window(UNARY, calls=9, figures=open_still),
        a_window(RATE, calls=0),
    ]
    faults = report.faults()
    assert any("I4" in fault for fault in faults)
    assert any("1 calls have no final outcome" in fault for fault in faults)
    assert any(fault.startswith("rate: nothing") for fault in faults)


def test_the_tables_show_every_kind_that_used_time() -> None:
    report = a_report()
    report.idle_share = [{GATEWAY: 0.05, NODE: 0.01, SUPERVISOR: 0.5}]
    report.notes = ["a note [with brackets]"]
    console = Console(record=True, width=200)
    report.print(console)
    text = console.export_text()
    assert "1,000 (500 to 2,000)" in text
    assert "a note [with brackets]" in text
    assert "supervisor, not counted" in text
    assert "others, % of a core" in text
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if line.count("│") > 3}
    assert "6.0" in rows["all servers"], "idle without the supervisor, percent of a core"
    assert OTHER not in rows


def test_percentiles_are_by_nearest_rank() -> None:
    waited_ns = [number * 1_000_000 for number in range(1, 101)]
    assert (percentile_ms(waited_ns, 50), percentile_ms(waited_ns, 99)) == (50.0, 99.0)
    assert percentile_ms([7_000_000], 99) == 7.0
    assert percentile_ms([], 50) == 0.0


def test_the_bar_has_a_step_for_each_window() -> None:
    assert Plan(rounds=3).steps == 13
    assert Plan(rounds=2, rate=100.0).steps == 11


def test_a_window_begins_after_one_turn_of_what_is_in_flight() -> None:
    plan = Plan(in_flight=256, streams=4, window=8, per_message=100)
    assert [plan.in_flight_of(shape) for shape in (ECHO, UNARY, SESSION, RATE)] == [256, 256, 3_200, 0]
