"""`python -m tests`: the whole suite as three runs of pytest at once, for most tests wait more than they compute.

The first one's output comes as it goes, that of the others when all have ended. The exit code is 0 only where all passed.
Arguments go to all (`python -m tests -x`); for a few tests call pytest itself.
"""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APART = "tests/integration"
"""Takes twice as long as all the others together, so two runs share its files."""
APART_RUNS = 2
NO_TEST_SELECTED = 5
INTERRUPTED_S_MAX = 30


def main(arguments: list[str]) -> int:
    """Run all; the exit code of the first that failed."""
    command = [sys.executable, "-m", "pytest", *arguments]
    files = sorted(str(file.relative_to(ROOT)) for file in (ROOT / APART).glob("test_*.py"))
    with contextlib.ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(APART_RUNS)]
        apart = [
            subprocess.Popen(
                [*command, *files[number::APART_RUNS]], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
            )
            for number, output in enumerate(outputs)
        ]
        try:
            codes = [subprocess.call([*command, "tests", f"--ignore={APART}"], cwd=ROOT)]
            codes += [run.wait() for run in apart]
        except KeyboardInterrupt:  # all have heard it, and put their servers away
            for run in apart:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    run.wait(INTERRUPTED_S_MAX)
                run.kill()
            raise
        for output in outputs:
            output.seek(0)
            sys.stdout.flush()
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    return next((one for one in codes if one not in (0, NO_TEST_SELECTED)), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
