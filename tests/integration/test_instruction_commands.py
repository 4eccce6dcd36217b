"""`instructions` and `bank-returns` as operators call them: two people, files in a folder, the bank's answer."""

import json
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.payments.payment_file import NAMESPACE
from runtime import postgres
from tests.clearing_runs import DAY, GUANGZHOU, NANNING, SHENZHEN, a_run, a_sum
from tests.servers import NewDatabase, run_apart

DATE = ("--date", str(DAY))


@pytest.fixture
def clearing(database: NewDatabase) -> str:
    """A clearing database with one run: three instructions."""
    dsn = database("clearing")

    async def ran() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await a_run(
                connection,
                [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000), a_sum(GUANGZHOU, SHENZHEN, pooled_fen=70)],
            )

    run_apart(ran)
    return dsn


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.stdout if "--json" in arguments else result.output


def states(dsn: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in json.loads(called(dsn, "instructions", *DATE, "--json"))["instructions"]:
        found[one["state"]] = found.get(one["state"], 0) + 1
    return found


def test_from_proposal_to_the_banks_answer(clearing: str, tmp_path: Path) -> None:
    out = tmp_path / "payments"
    assert states(clearing) == {}
    assert "nothing was changed" in called(clearing, "instructions", *DATE, "--as", "wang", "--dry-run")
    assert states(clearing) == {}
    page = called(clearing, "instructions", *DATE, "--as", "wang", "--out", str(out))
    assert "not authenticated" in page
    assert f"instructions approve --date {DAY} --as NAME" in page
    assert not list(tmp_path.rglob("*.xml"))
    assert "wang made 4 of these" in called(
        clearing, "instructions", "approve", *DATE, "--as", "wang", exit_code=2
    )
    called(clearing, "instructions", "approve", *DATE, "--as", "li", "--dry-run")
    assert states(clearing) == {"proposed": 4}
    waits = {one["what"]: one["command"] for one in json.loads(called(clearing, "todo", "--json"))}
    assert f"instructions approve --date {DAY}" in waits[f"4 instructions of {DAY} are proposed"]
    assert "4 instructions over 30.70 yuan are approved" in called(
        clearing, "instructions", "approve", *DATE, "--as", "li"
    )
    assert "samples: no bank moves money" in called(
        clearing, "instructions", *DATE, "--as", "wang", "--out", str(out)
    )
    (file,) = out.iterdir()
    content = file.read_bytes()
    assert xml.fromstring(content).findtext(f".//{{{NAMESPACE}}}CtrlSum") == "30.70"
    told = json.loads(called(clearing, "instructions", *DATE, "--as", "wang", "--out", str(out), "--json"))
    assert (told["files"], told["count"], told["amount_fen"]) == ([str(file)], 4, 3_070)
    assert file.read_bytes() == content

    returns = tmp_path / "returns.csv"
    one, other = (each["id"] for each in told["instructions"][:2])
    returns.write_text(f"instruction,status,paid,reason\n{one},accepted,,\n{other},returned,,AC04\n")
    called(clearing, "bank-returns", str(returns), "--as", "wang", "--dry-run")
    assert states(clearing) == {"filed": 4}
    assert "1 accepted, 1 returned" in called(clearing, "bank-returns", str(returns), "--as", "wang")
    assert states(clearing) == {"filed": 2, "accepted": 1, "returned": 1, "proposed": 1}
    assert "read before; nothing was changed" in called(
        clearing, "bank-returns", str(returns), "--as", "wang"
    )
    log = [entry["action"] for entry in json.loads(called(clearing, "log", "--json"))]
    assert log == ["instructions", "instructions approved", "instructions filed", "bank-returns"]


def test_what_is_refused_may_be_proposed_anew(clearing: str) -> None:
    called(clearing, "instructions", *DATE, "--as", "wang")
    called(clearing, "instructions", "refuse", *DATE, "--as", "li", "--reason", "wrong account")
    assert states(clearing) == {"refused": 4}
    assert "4 instructions are proposed anew" in called(
        clearing, "instructions", "reopen", *DATE, "--as", "wang"
    )
    assert states(clearing) == {"refused": 4, "proposed": 4}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("instructions", "--date", "2026-01-02", "--as", "wang"), "Nothing of 2026-01-02 was run"),
        (("instructions", *DATE, "--out", "somewhere"), "needs a name"),
        (("instructions", "approve", *DATE, "--as", " "), "say who acts"),
        (("instructions", "approve", *DATE, "--as", "li"), "No instruction of 2026-11-24 waits"),
        (("instructions", "approve", *DATE), "Missing option '--as'"),
        (("bank-returns", "no-such-file.csv", "--as", "wang"), "no-such-file.csv cannot be read"),
        (("bank-returns", "README.md", "--as", "wang"), "line 1: the columns are"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_and_changes_nothing(
    clearing: str, arguments: tuple[str, ...], said: str
) -> None:
    assert said in called(clearing, *arguments, exit_code=2)
    assert states(clearing) == {}


def test_a_folder_that_cannot_be_written_is_a_sentence(clearing: str, tmp_path: Path) -> None:
    called(clearing, "instructions", *DATE, "--as", "wang")
    called(clearing, "instructions", "approve", *DATE, "--as", "li")
    (tmp_path / "file").write_text("")
    said = called(
        clearing, "instructions", *DATE, "--as", "wang", "--out", str(tmp_path / "file"), exit_code=2
    )
    assert "cannot be written" in said
