"""The run folder of a stack: one stack at a time, logs of the run before kept, children of dead stacks ended."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from stack import leftovers
from stack.errors import StackRunning


def sweep_leftovers(run_dir: Path) -> list[str]:
    """End what dead stacks and test runs left running; the names. Raises `StackRunning` where one is alive."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as locks:
        # folders of their own lie within: the demo's, that of `make kafka`, the tests'
        for folder in (run_dir, *(lock.parent for lock in run_dir.glob("*/lock"))):
            locks.enter_context(locked(folder))
        folders = (run_dir / "children", *run_dir.glob("*/children"))
        return [name for folder in folders for name in leftovers.sweep(folder)]


@contextlib.contextmanager
def locked(run_dir: Path) -> Iterator[None]:
    """One stack a run folder; the system lets go of the lock however this process ends."""
    with (run_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackRunning from None
        yield


def keep_previous_logs(folder: Path) -> None:
    """Logs of the run before stay as `.previous`; older ones go."""
    for file in folder.glob("*"):
        if file.suffix != ".previous":
            file.replace(file.with_name(file.name + ".previous"))
