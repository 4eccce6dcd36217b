"""Working days as the State Council announced them, and the days by which clearing has to be done."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.errors import SchemeWrong
from clearing.workdays import DATA_FOLDER, load_workdays, read_workdays

CALENDAR = load_workdays()
SHIPPED = (DATA_FOLDER / "workdays.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-24", True),
        ("2026-11-28", False),  # a Saturday
        ("2026-10-05", False),  # a Monday, National Day
        ("2026-10-10", True),  # a Saturday that is worked instead
        ("2026-02-23", False),
        ("2026-02-28", True),
        ("2027-02-08", False),
    ],
)
def test_holidays_and_the_weekends_worked_instead(day: str, works: bool) -> None:
    assert CALENDAR.is_workday(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("day", "workdays", "then"),
    [
        ("2026-11-24", 0, "2026-11-24"),
        ("2026-11-28", 0, "2026-11-30"),
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),
    ],
)
def test_the_so_many_th_working_day_after_a_day(day: str, workdays: int, then: str) -> None:
    assert CALENDAR.after(date.fromisoformat(day), workdays) == date.fromisoformat(then)


@given(
    start=st.dates(date(2026, 1, 1), date(2027, 6, 30)),
    workdays=st.integers(0, 60),
)
def test_so_many_working_days_lie_between(start: date, workdays: int) -> None:
    end = CALENDAR.after(start, workdays)
    assert CALENDAR.is_workday(end)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    expected = workdays or (0 if end == start else 1)
    assert sum(map(CALENDAR.is_workday, between)) == expected


def test_due_dates_of_a_month_say_where_the_calendar_is_not_announced_yet() -> None:
    due = {one.what: one for one in CALENDAR.of_month(2026, 10)}
    assert due["the month is closed"].by == date(2026, 11, 25)
    assert due["institutions are paid"].by == date(2026, 12, 8)
    assert not due["institutions are paid"].provisional
    across = {one.what: one for one in CALENDAR.of_month(2026, 11)}
    assert across["institutions have confirmed (3260 to 3262)"].by == date(
        2026, 12, 21
    )  # the 20th is a Sunday
    assert across["institutions are paid"].by == date(2027, 1, 8)
    assert across["institutions are paid"].provisional


def test_a_year_closes_by_the_action_plan() -> None:
    due = {year: CALENDAR.of_year(year) for year in (2025, 2026, 2024)}
    assert due[2024] is None
    assert due[2025] is not None
    assert due[2026] is not None
    assert due[2025].by == date(2026, 6, 1)  # 31 May is a Sunday
    assert due[2026].by == date(2027, 4, 30)


@pytest.mark.parametrize(
    ("was", "put", "said"),
    [
        ("2026-06-19..2026-06-21", "2026-06-21..2026-06-19", "stands under 2026"),
        ("2026-06-19..2026-06-21", "19 June", "neither"),
        ('"2026-01-04", "2026-02-14"', '"2026-01-03", "2026-02-14"', "off and worked"),
        ('source = "H26"', 'source = "Q"', r"\[\[year\]\] names source Q"),
        ("workdays = 20", "working = 20", "lacks workdays"),
        ("[sources]", "[sources", "workdays.toml: "),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_with_the_place(was: str, put: str, said: str) -> None:
    assert was in SHIPPED
    with pytest.raises(SchemeWrong, match=said):
        read_workdays(SHIPPED.replace(was, put, 1).encode())
