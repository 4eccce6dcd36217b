"""Apache Kafka's jars, fetched once by the user's own Maven and kept under `.run`.

Maven is told names and versions in a pom that is written here; where it fetches them is its configuration's business.
The folder is made whole under another name and renamed, so that a fetch that was broken off is never taken for one
that succeeded, and two at once do no harm.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stack.errors import FetchFailed, PartMissing
from stack.java import Java

KAFKA_VERSION: Final = "4.3.0"
ARTIFACTS: Final = (
    ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
    ("org.slf4j", "slf4j-simple", "1.7.36"),
)
"""Group, artifact, version; what they need comes with them. The second writes the broker's warnings to its log."""
CACHE: Final = Path(__file__).resolve().parent.parent / ".run" / "apache-kafka"
FETCH_TIMEOUT_S: Final = 900.0
_SAID_CHARACTERS_MAX: Final = 600

Say = Callable[[str], None]

_POM: Final = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>settlement</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
_DEPENDENCY: Final = (
    "    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
)


def cached_jars(cache: Path = CACHE) -> Path | None:
    """The folder of jars where they were fetched before."""
    folder = cache / KAFKA_VERSION / "lib"
    return folder if folder.is_dir() else None


def need_jars(java: Java, *, say: Say = lambda _: None, cache: Path = CACHE) -> Path:
    """The folder of jars, fetched now if need be. Raises PartMissing where there is no Maven, FetchFailed with its
    words.
    """
    folder = cached_jars(cache)
    if folder is not None:
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise PartMissing(
            "Apache Kafka's jars come through Maven and there is no `mvn` on the PATH; install it (Debian, Ubuntu: "
            "apt install maven) and try again."
        )
    say(f"fetching Apache Kafka {KAFKA_VERSION} through Maven (44 MB, once)")
    cache.mkdir(parents=True, exist_ok=True)
    work = cache / f"fetch-{os.getpid()}-{secrets.token_hex(3)}"
    work.mkdir()
    try:
        (work / "pom.xml").write_text(pom(), encoding="utf-8")
        _copy_dependencies(maven, work, java)
        with contextlib.suppress(OSError):  # somebody else was faster
            work.rename(cache / KAFKA_VERSION)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    folder = cached_jars(cache)
    assert folder is not None, "fetched, but not there"
    say(f"fetched {sum(1 for _ in folder.glob('*.jar'))} jars")
    return folder


def pom() -> str:
    """What Maven is told."""
    return _POM.format(dependencies="\n".join(_DEPENDENCY.format(*artifact) for artifact in ARTIFACTS))


def _copy_dependencies(maven: str, work: Path, java: Java) -> None:
    command = [
        maven, "-B", "-q", "-f", str(work / "pom.xml"), "dependency:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={work / 'lib'}",
    ]  # fmt: skip
    environment = os.environ | ({"JAVA_HOME": str(java.home)} if java.home else {})
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, timeout=FETCH_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise FetchFailed(f"Maven did not fetch Apache Kafka within {FETCH_TIMEOUT_S:.0f} s.") from None
    if done.returncode or not any((work / "lib").glob(f"kafka_*-{KAFKA_VERSION}.jar")):
        said = done.stdout.strip()[:_SAID_CHARACTERS_MAX]
        raise FetchFailed(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}; its own words: {said}")
