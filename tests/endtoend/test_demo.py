"""`make demo`, small: a real stack, a real morning, the proof, one JSON line and an exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.checks import MED_TYPES_OF
from gateway.filing.rules import CHRONIC, DESIGNATED, OFF_SITE

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 240


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", "demo", *arguments],
        cwd=ROOT, env=os.environ | {"COLUMNS": "120"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=TIMEOUT_S,
    )  # fmt: skip


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_a_small_demo_proves_both_books_equal(tmp_path: Path) -> None:
    done = demo("--people", "60", "--seed", "11", "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert list(figures) == [
        "settled", "cancelled", "reversed", "pending", "books_equal", "zero_sum", "cleared", "differences", "nets_zero"
    ]  # fmt: skip
    assert (figures["cleared"], figures["differences"], figures["nets_zero"]) == (True, 0, True)
    assert figures["settled"] >= 40
    assert figures["cancelled"] >= 3
    assert figures["reversed"] >= 3
    assert (figures["pending"], figures["books_equal"], figures["zero_sum"]) == (0, True, True)
    for said in (
        "one message was sent four times",
        "a reversal overtook its settlement",
        "a hospital was killed",
        "node-50 slept",
        "医疗保险结算单 Settlement sheet",
        "Refund sheet",
        "compared row by row",
        "The same stay of the same person under each filing",
        "a drug without its traceability code was refused",
        "manual reimbursement",
    ):
        assert said in done.stdout, said
    shown = [file.stem.split("-", 2)[1:] for file in (tmp_path / "run" / "sheets").glob("*.txt")]
    assert {care for care, _ in shown} == frozenset().union(*MED_TYPES_OF.values())
    assert {filing for _, filing in shown} >= {*OFF_SITE, CHRONIC, DESIGNATED, "unfiled", "local"}


def test_too_few_people_is_a_sentence_and_no_stack(tmp_path: Path) -> None:
    done = demo("--people", "5", "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "60" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_fault_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("nonsense = 1\n")
    done = demo("--plan", str(plan), "--run-dir", str(tmp_path / "run"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a plan of a stack" in done.stderr
