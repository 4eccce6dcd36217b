"""Options that many commands share, and how a day is read."""

import re
from datetime import date, timedelta
from typing import Annotated, Final

import typer

from clearing.operator_log import NAME_CHARACTERS_MAX, name_of
from runtime.clock import SystemClock, china_date

YEAR_MIN: Final = 2000
YEAR_MAX: Final = 2999
"""What is asked of another year is a slip."""
ID_MAX: Final = 2**63 - 1
"""The largest number that the database, and an int64 of the contract, hold."""
AGE_DAYS_MAX: Final = 36_500
"""Of a difference: a hundred years."""
AsJson = Annotated[bool, typer.Option("--json", help="The same as JSON, amounts in fen.")]
Day = Annotated[
    str, typer.Option("--date", metavar="DAY", help="yyyy-MM-dd, today or yesterday (China time).")
]
Operator = Annotated[
    str,
    typer.Option("--as", metavar="NAME", help="Who acts. Not authenticated yet; kept in the operators' log."),
]
MaybeOperator = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who acts. Not authenticated yet; left out: only look.")
]
Reason = Annotated[str, typer.Option(help="Why; no personal data.")]


def day_of(text: str) -> date:
    """The day that an option names. Raises typer.BadParameter."""
    today = china_date(SystemClock().now_ms())
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    found = read_day(text)
    if found is None:
        raise typer.BadParameter(
            f"{text} is no day; give yyyy-MM-dd, today or yesterday", param_hint="--date"
        )
    return found


def read_day(text: str) -> date | None:
    """The day that a text of the form yyyy-MM-dd names; None where it names none of our times."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text and YEAR_MIN <= found.year <= YEAR_MAX else None


def fen_of(yuan: str) -> int:
    """An amount in yuan as an operator types it, in fen; never by way of a float. Raises typer.BadParameter."""
    if not re.fullmatch(r"\d{1,13}(\.\d{1,2})?", yuan):
        raise typer.BadParameter(
            f"{yuan} is no amount; give yuan with at most two decimals, such as 1250000.50",
            param_hint="--yuan",
        )
    whole, _, part = yuan.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or "0")


def named(operator: str) -> str:
    """The operator's name, trimmed. Raises typer.BadParameter where there is none that a book would take."""
    name = name_of(operator)
    if name is None:
        raise typer.BadParameter(
            f"say who acts, in at most {NAME_CHARACTERS_MAX} characters that can be printed",
            param_hint="--as",
        )
    return name
