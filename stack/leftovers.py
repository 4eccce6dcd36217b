"""Remember child processes on disk, so that the next start ends those of a parent that died without doing it.

A note is a small file named by the child's pid; it holds the start times of child and owner too, because pids
are used again. Only children whose owner is gone are ended, so several stacks or test runs may share a
folder.
"""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Final

import psutil

_END_TIMEOUT_S: Final = 10.0
_SAME_START_S: Final = 1.0


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
    """End what dead owners left running (SIGTERM, then SIGKILL); gives the names of what was still alive."""
    ended = []
    for file in sorted(folder.glob("*.json")):
        try:
            said = json.loads(file.read_text())
            owner, child, name, data_dir = said["owner"], said["child"], said["name"], said["data_dir"]
        except (OSError, ValueError, KeyError):
            file.unlink(missing_ok=True)
            continue
        if _alive(*owner) is not None:
            continue
        left = _alive(*child)
        if left is not None:
            _end(left)
            ended.append(str(name))
        if data_dir:
            shutil.rmtree(data_dir, ignore_errors=True)
        file.unlink(missing_ok=True)
    return ended


def _alive(pid: int, started: float) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SAME_START_S
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.resume()  # a stopped process does not see SIGTERM
        process.terminate()
        try:
            process.wait(_END_TIMEOUT_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_END_TIMEOUT_S)
