"""What a command is about: one day's runs, or a month's."""

from calendar import monthrange
from datetime import date
from typing import Annotated, NamedTuple

import typer

from clearing.options import day_of, read_day

DayOrNone = Annotated[
    str, typer.Option("--date", metavar="DAY", help="yyyy-MM-dd, today or yesterday (China time).")
]
Month = Annotated[
    str, typer.Option("--month", metavar="MONTH", help="yyyy-MM: all runs of its days together.")
]

Batch = Annotated[
    int,
    typer.Option("--batch", metavar="N", min=0, max=32_767, help="Of this batch of the day only; 0: of all."),
]


class Period(NamedTuple):
    """A day (2026-11-24) or a month (2026-11), both ends included."""

    text: str
    first: date
    last: date

    @property
    def is_month(self) -> bool:
        """Whether it is a month."""
        return len(self.text) == len("2026-11")


def read_period(text: str) -> Period | None:
    """The period that a text names, None where it names none."""
    is_month = len(text) == len("2026-11")
    first = read_day(f"{text}-01" if is_month else text)
    if first is None:
        return None
    last = first.replace(day=monthrange(first.year, first.month)[1]) if is_month else first
    return Period(text, first, last)


def period_of(day: str, month: str) -> Period:
    """The period that two options name. Raises typer.BadParameter."""
    if bool(day) == bool(month):
        raise typer.BadParameter("give one of --date and --month")
    if day:
        return Period(day_of(day).isoformat(), day_of(day), day_of(day))
    found = read_period(month)
    if found is None or not found.is_month:
        raise typer.BadParameter(f"{month} is no month; give yyyy-MM", param_hint="--month")
    return found
