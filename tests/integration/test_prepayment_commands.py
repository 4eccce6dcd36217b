"""`prepayment` as operators call it."""

import json

import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.options import fen_of
from tests.clearing_runs import GUANGZHOU, NANNING
from tests.servers import NewDatabase

ACCOUNT = f"{NANNING}/{GUANGZHOU}/310/310100"


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.output


def approved(dsn: str) -> str:
    (waiting,) = json.loads(called(dsn, "proposals", "--json"))
    called(dsn, "proposals", "approve", str(waiting["id"]), "--as", "li")
    return str(waiting["id"])


def test_a_prepayment_from_its_quota_to_its_money(database: NewDatabase) -> None:
    dsn = database("clearing")
    assert "No prepayment has a quota" in called(dsn, "prepayment")
    dry = called(dsn, "prepayment", "quota", ACCOUNT, "--yuan", "20000.50", "--as", "wang", "--dry-run")
    assert "20,000.50 yuan" in dry
    assert json.loads(called(dsn, "proposals", "--json")) == []
    called(dsn, "prepayment", "quota", ACCOUNT, "--yuan", "20000.50", "--as", "wang")
    approved(dsn)
    assert "100.00 %" in called(dsn, "prepayment", exit_code=1)  # red: nothing is paid ahead yet
    assert "20,000.50 yuan" in called(dsn, "prepayment", "top-up", ACCOUNT, "--as", "wang")
    number = approved(dsn)
    assert "could be booked" in called(
        dsn, "prepayment", "received", number, "--reference", "B1", "--as", "wang", "--dry-run"
    )
    called(dsn, "prepayment", "received", number, "--reference", "B1", "--as", "wang")
    (account,) = json.loads(called(dsn, "prepayment", "--json"))
    assert (account["account"], account["balance_fen"], account["used_bp"]) == (ACCOUNT, 2_000_050, 0)
    assert (account["level"], account["runs_out"]) == ("", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quota", "450100", "--yuan", "5"), "is no account"),
        (("quota", ACCOUNT, "--yuan", "5.005"), "is no amount"),
        (("quota", ACCOUNT, "--yuan", "0"), "more than 0"),
        (("top-up", ACCOUNT), "has no quota yet"),
        (("received", "1", "--reference", "B"), "no approved top-up"),
    ],
)
def test_bad_input_is_told_and_changes_nothing(
    database: NewDatabase, arguments: tuple[str, ...], said: str
) -> None:
    dsn = database("clearing")
    assert said in called(dsn, "prepayment", *arguments, "--as", "wang", exit_code=2).replace("\n", " ")
    assert json.loads(called(dsn, "proposals", "--all", "--json")) == []


@pytest.mark.parametrize(("yuan", "fen"), [("5", 500), ("0.5", 50), ("0.05", 5), ("1250000.50", 125_000_050)])
def test_amounts_are_read_without_a_float(yuan: str, fen: int) -> None:
    assert fen_of(yuan) == fen
