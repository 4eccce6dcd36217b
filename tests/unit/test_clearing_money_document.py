"""The operator's guide of months and money names what the code does."""

import re
from pathlib import Path

import pytest
import typer.main

from clearing.__main__ import app
from clearing.approvals import APPLIED
from clearing.commands.prepayment import percent
from clearing.prepaid.advances import load_advance_rules, load_payout_rules
from clearing.prepaid.audit_file import BEARERS, COLUMNS, RESULTS
from clearing.prepaid.prepayment import load_rules

GUIDE = Path("docs/clearing-money.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"[\w-]+", GUIDE))
SQL = {file.name: file.read_text(encoding="utf-8") for file in sorted(Path("clearing/sql").glob("*.sql"))}
MONEY = "".join(text for name, text in SQL.items() if name[5:10] in ("prepa", "deduc", "paid_"))
COMMANDS = typer.main.get_command(app)


def test_every_journal_and_its_accounts_are_in_the_guide() -> None:
    posted = (
        re.findall(r"0::smallint,\s*'(\w+)'", MONEY)
        + re.findall(r"WHEN 1 THEN '(\w+)' ELSE '(\w+)' END", MONEY)[0:1]
    )
    kinds = {kind for one in posted for kind in ((one,) if isinstance(one, str) else one)}
    assert kinds >= {
        "prepaid",
        "prepayment_drawn",
        "payout",
        "advance",
        "deducted",
        "advance_recovered",
        "paid",
    }
    accounts = set(re.findall(r"'((?:prepay|advance_to|payable_to|receivable_from)_\w+)'", MONEY))
    assert len(accounts) == 6
    assert kinds | accounts <= set(re.findall(r"`(\w+)`", GUIDE))


@pytest.mark.parametrize(
    "command",
    ["month", "year", "proposals", "proposals approve", "prepayment", "prepayment quota", "prepayment top-up",
     "prepayment received", "payout", "advance", "advance reserve", "advance apply", "advance paid", "deduct"],
)  # fmt: skip
def test_every_command_is_in_the_guide_and_shows_examples(command: str) -> None:
    assert f"clearing {command}" in GUIDE
    found = COMMANDS
    for part in command.split():
        found = found.commands[part]  # type: ignore[attr-defined]
    assert "Example" in (found.help or "")
    assert f"python -m clearing {command}" in (found.help or "")


def test_every_kind_of_proposal_can_be_approved() -> None:
    kinds = re.findall(r"CONSTRAINT proposal_kind_check CHECK \(kind IN \(([^)]*)\)", "".join(SQL.values()))[
        -1
    ]
    assert set(re.findall(r"'(\w+)'", kinds)) == set(APPLIED)


def test_figures_of_the_guide_are_those_of_the_data() -> None:
    rules, payout, yearly = load_rules(), load_payout_rules(), load_advance_rules()
    assert f"Yellow from {percent(rules.yellow_bp)}, red from {percent(rules.red_bp)}" in GUIDE
    assert f"the last {rules.forecast_days} days" in " ".join(GUIDE.split())
    assert f"{percent(payout.ratio_bp)} of" in GUIDE
    assert f"{yearly.employees_months} months (employees) or {yearly.residents_months} (residents)" in GUIDE


def test_codes_of_audit_results_are_explained() -> None:
    assert ",".join(COLUMNS) in GUIDE
    for code, word in RESULTS.items():
        assert f"{code} {word.split(',')[0]}" in GUIDE
    assert set(BEARERS) <= WORDS
