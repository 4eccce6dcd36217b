"""`python -m tests`: the whole suite as two runs of pytest at once, for most tests wait more than they compute.

The one's output comes as it goes, the other's when both have ended. The exit code is 0 only where both passed. Arguments
go to both (`python -m tests -x`); for a few tests call pytest itself.
"""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APART = "tests/integration"
"""Takes about as long as all the others together."""
NO_TEST_SELECTED = 5
INTERRUPTED_S_MAX = 30


def main(arguments: list[str]) -> int:
    """Run both; the exit code of the first that failed."""
    command = [sys.executable, "-m", "pytest", *arguments]
    with tempfile.TemporaryFile() as output:
        apart = subprocess.Popen([*command, APART], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            others = subprocess.call([*command, "tests", f"--ignore={APART}"], cwd=ROOT)
            code = apart.wait()
        except KeyboardInterrupt:  # both have heard it, and put their servers away
            with contextlib.suppress(subprocess.TimeoutExpired):
                apart.wait(INTERRUPTED_S_MAX)
            apart.kill()
            raise
        output.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return next((one for one in (others, code) if one not in (0, NO_TEST_SELECTED)), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
