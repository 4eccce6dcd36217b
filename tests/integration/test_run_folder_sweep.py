"""`make clean` ends what died runs left in any folder under the run folder, and refuses while one is alive."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stack.errors import StackRunning
from stack.run_folder import locked, sweep_leftovers

ROOT = Path(__file__).resolve().parents[2]
ORPHAN = """
import subprocess, sys
from pathlib import Path
from stack import leftovers
child = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL)
leftovers.note(Path(sys.argv[1]), child.pid, name=sys.argv[2])
print(child.pid)
"""


def orphan(children: Path, name: str) -> int:
    """A noted process whose owner is gone."""
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN, str(children), name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_leftovers_of_every_folder_are_ended(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "lock").touch()
    pids = [
        orphan(tmp_path / "children", "node-44"),
        orphan(tmp_path / "kafka" / "children", "Apache Kafka broker 1"),
        orphan(tmp_path / "tests" / "children", "postgres"),
    ]
    assert sorted(sweep_leftovers(tmp_path)) == ["Apache Kafka broker 1", "node-44", "postgres"]
    for pid in pids:
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_nothing_is_swept_while_a_kafka_of_the_clone_is_alive(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    with locked(tmp_path / "kafka"), pytest.raises(StackRunning):
        sweep_leftovers(tmp_path)
