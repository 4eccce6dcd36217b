"""Working days and the days by which clearing has to be done: `clearing/data/workdays.toml`. Pure.

A day that falls on a holiday is kept on the next working day (民法典 article 203, for the last day of a period; that it
holds for agencies' dates is an assumption). Of a year without a notice only the holidays themselves are known: what is
counted in it says so.
"""

import tomllib
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from clearing.errors import SchemeWrong
from clearing.scheme import DATA_FOLDER

_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
MONTHS: Final = 12


class Due(NamedTuple):
    """By when something has to be done."""

    what: str
    by: date
    source: str
    provisional: bool  # counted over days of which no notice is out yet


class Rule(NamedTuple):
    """A due date of months: so many months after, until `day`, and then so many working days."""

    what: str
    months: int
    day: int
    workdays: int
    source: str


@dataclass(frozen=True, slots=True)
class Workdays:
    """The calendar and what has to be kept in it."""

    off: frozenset[date]
    worked: frozenset[date]
    announced: frozenset[int]  # years whose notice is out
    rules: tuple[Rule, ...]
    annual: Mapping[int, tuple[int, str]]  # year -> (month of the year after, source)

    def is_workday(self, day: date) -> bool:
        """Whether agencies and banks work on a day."""
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.off)

    def after(self, day: date, workdays: int) -> date:
        """The so many-th working day after a day; 0: the day itself, or the next working one."""
        left = workdays
        while left > 0 or not self.is_workday(day):
            day += _DAY
            left -= self.is_workday(day)
        return day

    def of_month(self, year: int, month: int) -> list[Due]:
        """The due dates of a month's clearing, in the order of the file."""
        found = []
        for rule in self.rules:
            years, month_then = divmod(month - 1 + rule.months, MONTHS)
            by = self.after(_day_of(year + years, month_then + 1, rule.day), rule.workdays)
            found.append(Due(rule.what, by, rule.source, by.year not in self.announced))
        return found

    def of_year(self, year: int) -> Due | None:
        """By when a year is closed; None where no rule is known."""
        if year not in self.annual:
            return None
        month, source = self.annual[year]
        by = self.after(_day_of(year + 1, month, 31), 0)
        return Due("the year is closed", by, source, by.year not in self.announced)


def load_workdays(folder: Path | None = None) -> Workdays:
    """Read and check `workdays.toml` of a folder, the shipped one by default. Raises SchemeWrong."""
    try:
        return read_workdays(((folder or DATA_FOLDER) / "workdays.toml").read_bytes())
    except OSError as failed:
        raise SchemeWrong(f"workdays.toml cannot be read: {failed.strerror}.") from None


def read_workdays(raw: bytes) -> Workdays:
    """The calendar of a file's bytes. Raises SchemeWrong."""
    try:
        told = tomllib.loads(raw.decode())
        years = _sourced(told, "year")
        off = [day for one in years for text in one["off"] for day in _days(text, one["year"])]
        worked = [day for one in years for text in one["worked"] for day in _days(text, one["year"])]
        rules = [Rule(*(one[name] for name in Rule._fields)) for one in _sourced(told, "due")]
        annual = {one["year"]: (one["month"], one["source"]) for one in _sourced(told, "annual")}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failed:
        raise SchemeWrong(f"workdays.toml: {failed}.") from None
    except KeyError as missing:
        raise SchemeWrong(f"workdays.toml: an entry lacks {missing.args[0]}.") from None
    if both := set(off) & set(worked):
        raise SchemeWrong(f"workdays.toml: {min(both)} is off and worked.")
    announced = frozenset(one["year"] for one in years if not one["provisional"])
    return Workdays(frozenset(off), frozenset(worked), announced, tuple(rules), annual)


def _sourced(told: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    entries: Sequence[Mapping[str, Any]] = told[name]
    for entry in entries:
        tag = entry["source"].split(";")[0].split(":")[0]
        if tag not in told["sources"]:
            raise SchemeWrong(f"workdays.toml: [[{name}]] names source {tag}, which [sources] does not have.")
    return entries


def _days(text: str, year: int) -> Iterator[date]:
    first, _, last = text.partition("..")
    try:
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise SchemeWrong(
            f"workdays.toml: {text} is neither yyyy-MM-dd nor yyyy-MM-dd..yyyy-MM-dd."
        ) from None
    if {day.year, end.year} != {year} or day > end:
        raise SchemeWrong(f"workdays.toml: {text} stands under {year}.")
    while day <= end:
        yield day
        day += _DAY


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
