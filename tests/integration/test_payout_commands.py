"""`payout`, `advance` and `deduct` as operators call them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.prepaid.audit_file import COLUMNS
from runtime import postgres
from runtime.clock import SystemClock, china_date
from runtime.keys import setl_id_text
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.servers import NewDatabase, run_apart

DAY = china_date(SystemClock().now_ms()) - timedelta(days=1)
HOSPITAL = HOSPITALS[GUANGZHOU]
RESERVE = ("advance", "reserve", str(GUANGZHOU), "employees", "--source", "accounts", "--as", "zhao")


@pytest.fixture
def clearing(database: NewDatabase) -> str:
    """A clearing database with yesterday run: a stay of which the pool pays 120.00 yuan."""
    dsn = database("clearing")
    one = a_sum(NANNING, GUANGZHOU, pooled_fen=12_000, day=DAY)

    async def plant() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await a_run(connection, [one._replace(key=one.key._replace(clr_type="21"))], day=DAY)

    run_apart(plant)
    return dsn


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.output


def approved(dsn: str) -> str:
    (waiting,) = json.loads(called(dsn, "proposals", "--json"))
    called(dsn, "proposals", "approve", str(waiting["id"]), "--as", "li")
    return str(waiting["id"])


def test_a_day_is_paid_out(clearing: str) -> None:
    assert "nothing" in called(clearing, "payout", "--date", "yesterday")
    dry = called(clearing, "payout", "--date", "yesterday", "--as", "wang", "--dry-run")
    assert "72.00" in dry
    assert "60.00 % of 120.00" in dry
    assert json.loads(called(clearing, "proposals", "--all", "--json")) == []
    called(clearing, "payout", "--date", "yesterday", "--as", "wang")
    approved(clearing)
    (line,) = json.loads(called(clearing, "payout", "--date", "yesterday", "--json"))
    assert (line["fixmedins_code"], line["amount_fen"]) == (HOSPITAL, 7_200)
    assert "is paid out" in called(clearing, "payout", "--date", "yesterday", "--as", "wang", exit_code=2)
    assert "is not closed" in called(
        clearing, "payout", "--month", f"{DAY:%Y-%m}", "--as", "wang", exit_code=2
    )


def test_an_advance_is_applied_for_and_paid(clearing: str) -> None:
    apply = ("advance", "apply", HOSPITAL, "--pool", str(GUANGZHOU), "--insutype", "310", "--as", "wang")
    assert "Nobody has said" in called(clearing, *apply, exit_code=2)
    poor = called(clearing, *RESERVE, "--reserve-yuan", "115", "--month-yuan", "10", "--surplus-yuan=-5")
    assert "covers 11.5 months, with a deficit" in poor
    assert "covers 11.5 months and has a deficit" in called(clearing, *apply, exit_code=2)
    called(clearing, *RESERVE, "--reserve-yuan", "120", "--month-yuan", "10", "--surplus-yuan", "0")
    assert "10.00 yuan" in called(clearing, *apply, "--dry-run")
    called(clearing, *apply)
    number = approved(clearing)
    called(clearing, "advance", "paid", number, "--reference", "B", "--as", "zhao")
    (one,) = json.loads(called(clearing, "advance", "--json"))
    assert (one["state"], one["amount_fen"], one["outstanding_fen"]) == ("paid", 1_000, 1_000)
    assert "paid" in called(clearing, "advance")


def test_audit_results_are_taken_from_a_file(clearing: str, tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    line = f"B44010026110000001,{setl_id_text(bytes(16))},{HOSPITAL},{NANNING},{GUANGZHOU},310,310100,2,03,-5,twice\n"
    file.write_text(",".join(COLUMNS) + "\n" + line, encoding="utf-8")
    assert "could be proposed" in called(clearing, "deduct", str(file), "--as", "wang", "--dry-run")
    assert "No audit result" in called(clearing, "deduct")
    called(clearing, "deduct", str(file), "--as", "wang")
    approved(clearing)
    again = called(clearing, "deduct", str(file), "--as", "wang")
    assert "was proposed before" in again
    (one,) = json.loads(called(clearing, "deduct", "--institution", HOSPITAL, "--json"))
    assert (one["amount_fen"], one["state"], one["month"]) == (-500, "approved", None)
    assert "扣款" in called(clearing, "deduct")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("payout", "--as", "wang"), "give one of --date and --month"),
        (("payout", "--date", "2020-01-01", "--as", "wang"), "was not run"),
        (("deduct", "nowhere.csv", "--as", "wang"), "cannot be read"),
        (("deduct", "README.md", "--as", "wang"), "Line 1: the columns"),
        (("deduct", "README.md"), "say who acts"),
        ((*RESERVE, "--reserve-yuan", "x", "--month-yuan", "1", "--surplus-yuan", "0"), "is no amount"),
        ((*RESERVE, "--reserve-yuan", "1", "--month-yuan", "0", "--surplus-yuan", "0"), "more than 0"),
        (("advance", "paid", "1", "--reference", "B", "--as", "zhao"), "no approved advance"),
    ],
)
def test_bad_input_is_told_and_changes_nothing(clearing: str, arguments: tuple[str, ...], said: str) -> None:
    assert said in called(clearing, *arguments, exit_code=2).replace("\n", " ")
    assert json.loads(called(clearing, "proposals", "--all", "--json")) == []
