"""Remember child processes on disk, so that the next start ends those of a parent that died without doing it.

A note is a small file named by the child's pid; it holds the start times of child and owner too, because pids
are used again. Only children whose owner is gone are ended, so several stacks or test runs may share a
folder.
"""

import contextlib
import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Final

import psutil

_END_TIMEOUT_S: Final = 10.0
_SAME_START_S: Final = 1.0
_POLL_S: Final = 0.05


def note(folder: Path, child_pid: int, *, name: str, data_dir: Path | None = None) -> None:
    """Remember a child of this process; `data_dir` is removed with it if it is ever swept."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = psutil.Process()
    said = {
        "name": name,
        "child": [child_pid, psutil.Process(child_pid).create_time()],
        "owner": [owner.pid, owner.create_time()],
        "data_dir": str(data_dir) if data_dir else None,
    }
    (folder / f"{child_pid}.json").write_text(json.dumps(said))


def forget(folder: Path, child_pid: int) -> None:
    """The child has been ended in an orderly way."""
    (folder / f"{child_pid}.json").unlink(missing_ok=True)


def sweep(folder: Path) -> list[str]:
    """End what dead owners left running (SIGINT, then SIGKILL); gives the names of what was still alive."""
    orphans = [said for said in _notes(folder) if _alive(*said["owner"]) is None]
    left = {said["name"]: process for said in orphans if (process := _alive(*said["child"]))}
    for process in left.values():
        with contextlib.suppress(psutil.Error):
            process.resume()  # a stopped process sees no signal
            process.send_signal(signal.SIGINT)  # for PostgreSQL the fast shutdown, for all others as Ctrl-C
    deadline = time.monotonic() + _END_TIMEOUT_S
    for process in left.values():
        _end(process, deadline)
    for said in orphans:
        if said["data_dir"]:
            shutil.rmtree(said["data_dir"], ignore_errors=True)
        forget(folder, said["child"][0])
    return list(left)


def _notes(folder: Path) -> list[dict[str, Any]]:
    notes = []
    for file in sorted(folder.glob("*.json")):
        try:
            notes.append(json.loads(file.read_text()))
        except (OSError, ValueError):  # cut short by a death, or gone since: nothing to be learned from it
            file.unlink(missing_ok=True)
    return notes


def _alive(pid: int, started: float) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SAME_START_S
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _end(process: psutil.Process, deadline: float) -> None:
    """Wait for the end of a process that is nobody's child here; kill it at the deadline."""
    with contextlib.suppress(psutil.Error):
        started = process.create_time()
        while _alive(process.pid, started):
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(_POLL_S)
