"""`month`, `year` and `proposals` as operators call them."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from runtime import postgres
from runtime.clock import SystemClock, china_date
from tests.clearing_runs import GUANGZHOU, NANNING, a_run, a_sum
from tests.servers import NewDatabase, run_apart

TODAY = china_date(SystemClock().now_ms())
LAST = TODAY.replace(day=1) - timedelta(days=1)
MONTH = f"{LAST:%Y-%m}"


@pytest.fixture
def clearing(database: NewDatabase) -> str:
    """A clearing database with one day run, the last of the month before this one."""
    dsn = database("clearing")

    async def plant() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=123_456, day=LAST)], day=LAST)

    run_apart(plant)
    return dsn


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.output


def test_a_month_is_looked_at_proposed_and_approved(clearing: str) -> None:
    assert "the month is closed by" in called(clearing, "month", "--month", MONTH, exit_code=1)
    dry = called(clearing, "month", "--month", MONTH, "--as", "wang", "--dry-run")
    assert "1,234.56" in dry
    assert "nothing was changed" in dry
    assert "Nothing waits" in called(clearing, "proposals")
    page = called(clearing, "month", "--month", MONTH, "--as", "wang")
    assert "proposals approve 2" in page or "proposals approve 1" in page
    (waiting,) = json.loads(called(clearing, "proposals", "--json"))
    number = str(waiting["id"])
    assert (waiting["kind"], waiting["ref"], waiting["amount_fen"]) == ("month", MONTH, 123_456)
    assert "another person" in called(clearing, "proposals", "approve", number, "--as", "wang", exit_code=2)
    assert "could be approved" in called(clearing, "proposals", "approve", number, "--as", "li", "--dry-run")
    assert json.loads(called(clearing, "proposals", "--json")) == [waiting]
    assert "is approved" in called(clearing, "proposals", "approve", number, "--as", "li")
    told = json.loads(called(clearing, "month", "--month", MONTH, "--json"))
    assert told["stands"]["closed"] is True
    assert [one["to_pay_fen"] for one in told["document"]["pools"]] == [123_456]
    assert told["document"]["checked_by"] == "li"
    assert "is closed" in called(clearing, "month", "--month", MONTH, "--as", "wang", exit_code=2)


def test_a_year_that_is_not_over_says_what_is_missing(clearing: str) -> None:
    page = called(clearing, "year", "--year", str(LAST.year), exit_code=1)
    assert f"not closed: {MONTH}" in page
    assert f"not closed: {MONTH}" in called(
        clearing, "year", "--year", str(LAST.year), "--as", "wang", exit_code=2
    )
    assert json.loads(called(clearing, "year", "--year", "2001", "--json", exit_code=1))["document"] is None


def test_bad_input_is_told_and_changes_nothing(clearing: str) -> None:
    assert "is no month" in called(clearing, "month", "--month", "2026-13", exit_code=2)
    assert "There is no proposal 99" in called(
        clearing, "proposals", "approve", "99", "--as", "li", exit_code=2
    )
    assert "say who acts" in called(clearing, "proposals", "refuse", "1", "--as", " ", exit_code=2)
    early = f"{TODAY:%Y-%m}"
    assert f"Close {MONTH} first" in called(clearing, "month", "--month", early, "--as", "wang", exit_code=2)
