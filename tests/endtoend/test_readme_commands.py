"""The README's commands do what it says they do."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.endtoend.running_stack import RunningStack

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
TIMEOUT_S = 120


def commands() -> list[str]:
    """Every line of the README's shell blocks, without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def run(command: str, *more: str) -> str:
    """Run a README command with this interpreter and give what it prints."""
    words = [sys.executable if word.endswith("bin/python") else word for word in shlex.split(command)]
    done = subprocess.run(
        [*words, *more], cwd=REPOSITORY, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_make_command_is_a_target() -> None:
    targets = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
    named = {command.split()[1] for command in commands() if command.startswith("make ")}
    assert named == {"demo", "test", "check", "up", "bench", "bench-fees", "bench-clearing", "clean"}
    assert named <= targets


def test_quote_and_adjudicate_need_no_server() -> None:
    quote = next(command for command in commands() if " quote " in command)
    assert "12,000.00" in run(quote)
    adjudicate = next(command for command in commands() if " adjudicate " in command)
    assert "32" in run(adjudicate)


def test_a_first_settlement_prints_what_the_readme_shows(stack: RunningStack) -> None:
    command = next(command for command in commands() if "first_settlement.py" in command)
    printed = run(command, "--endpoints", str(stack.run_dir / "endpoints.json")).splitlines()
    shown = README.split("```text\n")[1].split("```")[0].splitlines()
    assert [line[:4] for line in printed] == [line[:4] for line in shown]
    assert "OUTCOME_STATUS_PAID" in printed[3]
    assert printed[5] == "2207 the same message again: the same bytes"
    assert "OUTCOME_STATUS_OK undoes" in printed[6]


def test_operators_commands_find_a_running_part_by_its_script(stack: RunningStack) -> None:
    script = next(command for command in commands() if command.startswith(". "))
    assert script == ". .run/env/clearing.sh"
    for part, command, says in (
        ("clearing", "clearing todo", "was not run"),
        ("gateway-44-0", "gateway status --region 44", "visits"),
        ("node-44", "homepool status --node 44", "partition"),
    ):
        file = stack.run_dir / "env" / f"{part}.sh"
        assert file.stat().st_mode & 0o077 == 0, "it holds a password"
        shell = f". {shlex.quote(str(file))} && {shlex.quote(sys.executable)} -m {command}"
        assert says in run("sh", "-c", shell)


def test_whoever_runs_a_day_before_its_end_is_told(stack: RunningStack) -> None:
    shell = (
        f". {stack.run_dir}/env/clearing.sh && {sys.executable} -m clearing run --as wang --dry-run --date"
    )
    assert "is not over" in run("sh", "-c", f"{shell} today 2>&1")
    assert "is not over" not in run("sh", "-c", f"{shell} yesterday 2>&1")


def test_the_files_that_the_readme_names_are_there() -> None:
    linked = re.findall(r"\]\(([\w./-]+)\)", README)
    on_the_way = re.findall(r"((?:gateway|homepool)/[\w.]+(?:/|\.py))", README)
    missing = [name for name in linked + on_the_way if not (REPOSITORY / name).exists()]
    assert missing == []
