"""`python -m homepool adjudicate` and `quote`, as a person or a checker runs them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CASES = ROOT / "tests" / "golden" / "cases.json"


def homepool(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the home node."""
    return subprocess.run(
        [sys.executable, "-m", "homepool", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "200", "PATH": "/usr/bin:/bin"}
        | environment,
    )


def test_adjudicate_prints_one_entry_per_case_in_order() -> None:
    done = homepool("adjudicate", "--cases", str(CASES), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    entries, cases = json.loads(done.stdout), json.loads(CASES.read_text(encoding="utf-8"))
    assert [entry["id"] for entry in entries] == [case["id"] for case in cases]
    for entry, case in zip(entries, cases, strict=True):
        if case["check"] == "split":
            assert entry["computed"] == {"payers_sum_fen": case["input"]["total_fen"], "conserved": True}
        else:
            assert case["expected"].items() <= entry["computed"].items()


def test_adjudicate_without_json_is_a_table_of_agreement() -> None:
    done = homepool("adjudicate", "--cases", str(CASES))
    assert done.returncode == 0
    assert "32 of 32 agree to the fen" in done.stdout


def test_a_case_that_disagrees_or_cannot_be_computed_is_shown_and_fails(tmp_path: Path) -> None:
    cases = json.loads(CASES.read_text(encoding="utf-8"))[:2]
    cases[0]["expected"]["pooled_fen"] += 1
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([*cases, {"id": "bad", "policy": {}}, 7]), encoding="utf-8")
    done = homepool("adjudicate", "--cases", str(path))
    assert done.returncode == 1
    assert "1 of 4 agree to the fen" in done.stdout
    as_json = homepool("adjudicate", "--cases", str(path), "--json")
    assert as_json.returncode == 0
    assert [set(entry) for entry in json.loads(as_json.stdout)[2:]] == [{"id", "error"}] * 2


def test_a_file_that_is_missing_or_no_json_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "object.json").write_text("{}", encoding="utf-8")
    (tmp_path / "text.json").write_text("[", encoding="utf-8")
    for name in ("missing.json", "object.json", "text.json"):
        done = homepool("adjudicate", "--cases", str(tmp_path / name), "--json")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert name in done.stderr
        assert "Traceback" not in done.stderr


def test_quote_in_words_and_as_json() -> None:
    question = ("quote", "--pool", "440300", "--insutype", "310", "--med-type", "21", "--total", "12000.00")
    day = ("--date", "2025-03-01", "--filing", "referral")
    words = homepool(*question, *day)
    assert words.returncode == 0
    assert "You pay 2,880.00 in cash" in words.stdout
    figures = json.loads(homepool(*question, *day, "--json").stdout)
    assert (figures["payers"]["pooled_fen"], figures["payers"]["cash_fen"]) == (912_000, 288_000)
    today = homepool(*question)
    assert today.returncode == 0


def test_quote_asked_wrongly_is_one_sentence() -> None:
    done = homepool("quote", "--pool", "1", "--insutype", "310", "--med-type", "21", "--total", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --pool: there is no policy for 1; there are 440100, ")


def test_a_quote_by_the_policies_of_another_folder(tmp_path: Path) -> None:
    shutil.copy(ROOT / "homepool" / "policies" / "440100-310-2024-01-01.toml", tmp_path)
    question = ("quote", "--pool", "440300", "--insutype", "310", "--med-type", "21", "--total", "12000.00")
    for done in (
        homepool(*question, "--policies", str(tmp_path)),
        homepool(*question, DSGW_DATA_DIR=str(tmp_path)),
    ):
        assert done.returncode == 2
        assert "there is no policy for 440300; there are 440100\n" in done.stderr


def test_help_has_examples() -> None:
    done = homepool("quote", "--help")
    assert done.returncode == 0
    assert "python -m homepool quote --pool 440300" in done.stdout
