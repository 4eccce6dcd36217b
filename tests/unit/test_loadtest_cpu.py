"""CPU is counted for every process of a tree, once, whoever comes and goes between two looks."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loadtest import backends, cpu
from loadtest.cpu import BROKER, GATEWAY, NODE, OTHER, POSTGRES, SUPERVISOR, Process, Snapshot, used_us
from loadtest.errors import NotMeasurable

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


def a_proc(folder: Path, processes: dict[int, tuple[int, int, int]]) -> Path:
    """A /proc with processes: pid → parent, own ticks, ticks of ended children."""
    for pid, (parent, own, children) in processes.items():
        (folder / str(pid)).mkdir(parents=True)
        fields = ["S", str(parent), *["0"] * 9, str(own), "0", str(children), "0", *["0"] * 30]
        (folder / str(pid) / "stat").write_text(f"{pid} (a (strange) name) {' '.join(fields)}\n")
    (folder / "uptime").write_text("1 1")
    return folder


def test_a_snapshot_holds_the_whole_tree_and_nobody_else(tmp_path: Path) -> None:
    proc = a_proc(tmp_path, {1: (0, 900, 0), 10: (1, 1, 2), 11: (10, 3, 0), 12: (11, 4, 5), 20: (1, 70, 0)})
    seen = cpu.snapshot([10], proc)
    assert seen.processes == {
        10: Process(1, 3 * TICK_US),
        11: Process(10, 3 * TICK_US),
        12: Process(11, 9 * TICK_US),
    }


def test_a_process_that_is_gone_is_no_error(tmp_path: Path) -> None:
    proc = a_proc(tmp_path, {10: (1, 1, 0)})
    (tmp_path / "11").mkdir()  # its files are gone
    assert set(cpu.snapshot([10, 99], proc).processes) == {10}


def test_what_an_ended_process_had_used_is_not_counted_again_at_its_parent() -> None:
    before = Snapshot(0, {1: Process(0, 100), 2: Process(1, 5_000)})
    # 2 used 30 more, ended, and was waited for: all its time stands at its parent now
    after = Snapshot(1, {1: Process(0, 100 + 7 + 5_030)})
    assert used_us(before, after, {1: POSTGRES, 2: "W1"}) == {POSTGRES: 37}


def test_a_process_that_began_within_the_window_counts_whole() -> None:
    before = Snapshot(0, {1: Process(0, 100)})
    after = Snapshot(1, {1: Process(0, 100), 2: Process(1, 40), 3: Process(1, 2)})
    assert used_us(before, after, {1: SUPERVISOR, 2: GATEWAY}) == {SUPERVISOR: 0, GATEWAY: 40, OTHER: 2}


def test_a_grandparent_inherits_where_the_parent_ended_too() -> None:
    before = Snapshot(0, {1: Process(0, 10), 2: Process(1, 100), 3: Process(2, 1_000)})
    after = Snapshot(1, {1: Process(0, 10 + 1_110)})
    assert used_us(before, after, {1: SUPERVISOR}) == {SUPERVISOR: 10}


def test_the_machine_is_busy_with_everything_but_waiting(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  100 20 3 9999 888 4 5 60 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    assert cpu.machine(tmp_path) == cpu.Machine(132 * TICK_US, 60 * TICK_US)
    with pytest.raises(NotMeasurable):
        cpu.machine(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (["/v/bin/python", "-m", "gateway", "serve", "--region", "44"], GATEWAY),
        (["/v/bin/python", "-m", "homepool", "serve", "--node", "44"], NODE),
        (["python", "-m", "stack", "up"], SUPERVISOR),
        (["/x/postgres", "-D", "/data"], POSTGRES),
        (["postgres: walwriter "], POSTGRES),
        (["/x/bin/tansu", "broker"], BROKER),
        (["java", "-Xmx512m", "kafka.Kafka", "server.properties"], BROKER),
        (["sh", "-c", "true"], OTHER),
        ([""], OTHER),
    ],
)
def test_a_process_is_known_by_its_command_line(command: list[str], kind: str) -> None:
    assert cpu.kind_of(command) == kind


@pytest.mark.parametrize(
    ("application_name", "kind"),
    [
        ("gateway 44 slot 0 claims", backends.CLAIM),
        ("gateway 44 slot 0 booking", backends.BOOK),
        ("gateway 44 slot 0 fees", backends.FEES),
        ("gateway 44 slot 0 queries", POSTGRES),
        ("home 44 partition 1", backends.DECIDE),
        ("", POSTGRES),
    ],
)
def test_a_backend_is_known_by_the_name_of_its_application(application_name: str, kind: str) -> None:
    assert backends.kind_of(application_name) == kind


def test_the_time_of_a_busy_child_is_seen_while_it_lives_and_after_it_ended() -> None:
    before = cpu.snapshot([os.getpid()])
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ninput()"
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE) as child:
        deadline = time.monotonic() + 30
        while cpu.snapshot([child.pid]).processes[child.pid].used_us < 300_000:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        alive = sum(used_us(before, cpu.snapshot([os.getpid()]), {}).values())
        child.communicate(b"\n")
    ended = sum(used_us(before, cpu.snapshot([os.getpid()]), {}).values())
    assert alive >= 300_000
    assert alive <= ended < alive + 250_000
