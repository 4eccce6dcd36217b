"""The system under load is found by what `python -m stack up` writes; what is missing is a sentence."""

import fcntl
import json
import os
import pstats
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadtest import profiles
from loadtest.__main__ import app
from loadtest.errors import EndpointsWrong, LoadTestFault, StackNotReady
from loadtest.target import read_target, started_target

ENDPOINTS = {
    "gateway": ["127.0.0.1:1", "127.0.0.1:2"],
    "gateways": {"44": ["127.0.0.1:1"], "45": ["127.0.0.1:2"]},
    "nodes": {},
    "postgres": "postgresql://postgres:p@127.0.0.1:5/postgres",
    "databases": {"region 44": "postgresql://c", "node 44": "postgresql://a", "node 50": "postgresql://b"},
    "kafka": "127.0.0.1:9",
}


def a_run_dir(folder: Path, *, owner: int) -> Path:
    (folder / "endpoints.json").write_text(json.dumps(ENDPOINTS))
    (folder / "children").mkdir()
    note = {"name": "broker", "child": [1, 0.0], "owner": [owner, 0.0], "data_dir": None}
    (folder / "children" / "1.json").write_text(json.dumps(note))
    return folder


def test_a_running_stack_is_known_by_its_run_folder(tmp_path: Path) -> None:
    target = read_target(a_run_dir(tmp_path, owner=os.getpid()), ours=False)
    assert target.gateways == (("44", "127.0.0.1:1"), ("45", "127.0.0.1:2"))
    assert target.nodes() == {"44": "postgresql://a", "50": "postgresql://b"}
    assert target.supervisor == os.getpid()
    assert target.narrowed(("45",)).gateways == (("45", "127.0.0.1:2"),)
    with pytest.raises(EndpointsWrong, match="it has 44, 45"):
        target.narrowed(("46",))


def test_a_folder_without_a_stack_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EndpointsWrong, match="make up"):
        read_target(tmp_path, ours=False)
    with subprocess.Popen(["true"]) as ended:
        pass
    with pytest.raises(EndpointsWrong, match="No stack runs"):
        read_target(a_run_dir(tmp_path, owner=ended.pid), ours=False)
    (tmp_path / "endpoints.json").write_text('{"gateways": []}')
    with pytest.raises(EndpointsWrong, match="is not what"):
        read_target(tmp_path, ours=False)


async def test_a_folder_where_a_stack_works_is_left_alone(tmp_path: Path) -> None:
    run_dir = a_run_dir(tmp_path, owner=os.getpid())
    with (run_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StackNotReady, match=f"kill {os.getpid()}"):
            async with started_target(run_dir, arguments=(), environment={}, say=lambda _: None):
                pass
    assert (run_dir / "endpoints.json").exists()


def test_the_command_line_names_its_faults_and_shows_examples(tmp_path: Path) -> None:
    runner = CliRunner()
    failed = runner.invoke(app, ["bench", "--run-dir", str(tmp_path / "nowhere")])
    assert failed.exit_code == 2
    assert "make up" in failed.output
    assert "--rate 500" in runner.invoke(app, ["bench", "--help"]).output
    assert runner.invoke(app, ["bench", "--window", "9"]).exit_code == 2, "a stream takes 8 messages"


def test_only_the_process_that_is_wanted_is_profiled(tmp_path: Path) -> None:
    package = tmp_path / "gateway"
    package.mkdir()
    (package / "__main__.py").write_text("def hot():\n    for _ in range(1_000_000):\n        pass\nhot()\n")
    environment = {**os.environ, **profiles.environment(tmp_path, "gateway")}
    for arguments in (["-m", "gateway", "serve"], ["-m", "gateway", "other"], ["-c", "pass"]):
        subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, check=True)
    files = list(tmp_path.glob("gateway-*.pstats"))
    assert len(files) == 1
    assert any(name == "hot" for _, _, name in pstats.Stats(str(files[0])).stats)  # type: ignore[attr-defined]
    assert "hot" in profiles.hottest(tmp_path, "gateway")
    assert "did it end in order" in profiles.hottest(tmp_path, "homepool")
    with pytest.raises(LoadTestFault, match="gateway or homepool"):
        profiles.environment(tmp_path, "stack")
