"""The clearing benchmark's own eyes: what is planted, and how what was found is judged."""

from datetime import date

import pytest

from loadtest.clearing_plant import AMOUNT, CLASSES, STATUS, Day, Planter, setl_id
from loadtest.clearing_report import ClearingReport, DayFigures, Verdict, verdict
from loadtest.generator import WindowFigures
from runtime.keys import setl_id_text

PLANTED = {"A": AMOUNT, "B": STATUS}


def listed(**kinds: str) -> list[dict[str, str]]:
    """What clearing lists, setl_id -> class."""
    return [{"setl_id": setl_id, "kind": kind} for setl_id, kind in kinds.items()]


def test_all_that_was_planted_and_nothing_else_is_a_clean_verdict() -> None:
    assert verdict(PLANTED, listed(A=AMOUNT, B=STATUS)) == Verdict(2, 2, 0)


def test_what_is_not_listed_is_not_found() -> None:
    judged = verdict(PLANTED, listed(A=AMOUNT))
    assert judged[:3] == (2, 1, 0)
    assert judged.wrong == ("status B was not found",)


def test_another_item_is_false_and_another_class_is_both_missing_and_false() -> None:
    assert verdict(PLANTED, listed(A=AMOUNT, B=STATUS, C=AMOUNT))[:3] == (2, 2, 1)
    assert verdict(PLANTED, listed(A=AMOUNT, B=AMOUNT))[:3] == (2, 1, 1)


def test_the_same_difference_listed_twice_is_false_once() -> None:
    assert verdict(PLANTED, listed(A=AMOUNT, B=STATUS) + listed(A=AMOUNT))[:3] == (2, 2, 1)


def test_ids_are_told_as_clearing_tells_them() -> None:
    identifier = bytes(range(3, 19))
    assert setl_id(identifier) == setl_id_text(identifier)


def test_the_last_line_is_of_the_largest_day_and_compares_windows_by_their_middles() -> None:
    clean = Verdict(1, 1, 0)
    report = ClearingReport(
        days=[DayFigures(10, 1.0, 0.1, 0.1, 90.0, clean), DayFigures(100, 2.0, 0.5, 0.6, 91.04, clean)],
        without=[WindowFigures(answered=1, p99_ms=ms) for ms in (10.0, 20.0, 30.0)],
        during=[WindowFigures(answered=1, p99_ms=ms) for ms in (10.0, 30.0, 90.0)],
    )
    assert report.figures() == {
        "settlements": 100, "run_s": 2.0, "aggregate_s": 0.5, "planted": 1, "found": 1, "false": 0, "peak_rss_mb": 91.0,
        "p99_ratio": 1.5,
    }  # fmt: skip
    assert report.faults() == []


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (ClearingReport(live_verdicts=[verdict(PLANTED, listed(A=AMOUNT))]), "status B was not found"),
        (ClearingReport(during=[WindowFigures()]), "no live settlement was answered"),
        (
            ClearingReport(without=[WindowFigures(answered=1, unsettled=2)]),
            "2 live calls have no final outcome",
        ),
    ],
)
def test_figures_are_worthless_where_something_is_wrong(report: ClearingReport, says: str) -> None:
    assert report.faults() == [says]


def test_the_same_seed_plants_the_same_and_a_day_before_takes_the_shifted() -> None:
    what = Day(date(2026, 3, 1), 100, 44, "44", (440100,))
    assert what.before == date(2026, 2, 28)
    one, same, other = Planter(what, seed="1"), Planter(what, seed="1"), Planter(what, seed="2")
    assert vars(one) == vars(same) != vars(other)
    assert len(set(CLASSES)) == 7
