"""Where a server's time goes: cProfile in the processes of the stack, without a line in their code.

Python imports `profiler/sitecustomize.py` at the start of every process whose PYTHONPATH has that folder. What is
shown is CPU time of the main thread. Profiling doubles what Python costs, so the figures say where, not how much.
"""

import io
import os
import pstats
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from loadtest.errors import LoadTestFault

PROFILER_FOLDER: Final = Path(__file__).resolve().parent / "profiler"
PROFILED: Final = ("gateway", "homepool")
LINES_SHOWN: Final = 40


def environment(run_dir: Path, module: str) -> Mapping[str, str]:
    """What the stack's environment needs so that a kind of process is profiled. Raises LoadTestFault."""
    if module not in PROFILED:
        raise LoadTestFault(f"--profile takes {' or '.join(PROFILED)}, not {module}.")
    path = os.pathsep.join(filter(None, (str(PROFILER_FOLDER), os.environ.get("PYTHONPATH", ""))))
    return {
        "PYTHONPATH": path,
        "LOADTEST_PROFILE_MODULE": module,
        "LOADTEST_PROFILE_FOLDER": str(run_dir.resolve()),
    }


def hottest(run_dir: Path, module: str) -> str:
    """The functions that took most of the time themselves, over all processes of that kind."""
    files = sorted(str(file) for file in run_dir.glob(f"{module}-*.pstats"))
    if not files:
        return f"No {module} process left a profile in {run_dir}: did it end in order?"
    text = io.StringIO()
    pstats.Stats(*files, stream=text).sort_stats("tottime").print_stats(LINES_SHOWN)
    return text.getvalue()
