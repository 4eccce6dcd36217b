"""Java and the jars of Apache Kafka: what is found, fetched once, or named in a sentence that says what to do."""

import re
import stat
from pathlib import Path

import pytest

from stack import java, kafka_jars
from stack.errors import FetchFailed, PartMissing
from stack.java import Java, find_java, need_java
from stack.kafka_jars import KAFKA_VERSION, need_jars, pom
from tests.brokers import find_parts

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Java("/usr/bin/java", 17)


def program(folder: Path, name: str, script: str) -> Path:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH beside the system's shell; no wheel is installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(java, "WHEEL", "a_wheel_that_nobody_has")
    return folder


def says_version(version: str) -> str:
    return f"echo 'openjdk version \"{version}\" 2025-01-01' >&2"


def test_the_java_of_the_path_is_used_where_it_is_new_enough(path: Path) -> None:
    file = program(path, "java", says_version("17.0.15"))
    assert need_java() == Java(str(file), 17)


@pytest.mark.parametrize("script", [says_version("11.0.2"), says_version("1.8.0_402"), "exit 1"])
def test_an_older_java_or_a_broken_one_is_none(path: Path, script: str) -> None:
    program(path, "java", script)
    assert find_java() is None
    with pytest.raises(PartMissing, match="Java 17 or later and there is none on the PATH; run `make java`"):
        need_java()


def test_else_the_wheels_is_used_and_maven_is_told(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path, "java", says_version("11.0.2"))
    package = tmp_path / "packages" / "java_of_a_wheel"
    file = program(package / "java-runtime" / "bin", "java", says_version("25.0.2"))
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(java, "WHEEL", "java_of_a_wheel")
    found = need_java()
    assert found == Java(str(file), 25, home=package / "java-runtime")
    program(path, "mvn", maven('echo "$JAVA_HOME" > "$out/java-home"'))
    jars = need_jars(found, cache=tmp_path / "cache")
    assert (jars / "java-home").read_text().strip() == str(found.home)


def maven(more: str = ":", *, version: str = KAFKA_VERSION) -> str:
    """A Maven that makes one jar where it is told to."""
    return (
        'for word in "$@"; do case "$word" in -DoutputDirectory=*) out="${word#-DoutputDirectory=}";; esac; done\n'
        f'/bin/mkdir -p "$out"; : > "$out/kafka_2.13-{version}.jar"\n{more}'
    )


def test_jars_are_fetched_once_and_said_so(path: Path, tmp_path: Path) -> None:
    program(path, "mvn", maven())
    said: list[str] = []
    jars = need_jars(SYSTEM, cache=tmp_path / "cache", say=said.append)
    assert [file.name for file in jars.iterdir()] == [f"kafka_2.13-{KAFKA_VERSION}.jar"]
    assert said == [f"fetching Apache Kafka {KAFKA_VERSION} through Maven (44 MB, once)", "fetched 1 jars"]
    (path / "mvn").unlink()
    assert need_jars(SYSTEM, cache=tmp_path / "cache", say=said.append) == jars
    assert len(said) == 2


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo '[ERROR] Could not transfer artifact'; exit 1", "Could not transfer artifact"),
        (maven(version="0.0.1"), "could not fetch"),
    ],
)
def test_a_fetch_that_fails_gives_mavens_words_and_leaves_nothing(
    path: Path, tmp_path: Path, script: str, words: str
) -> None:
    program(path, "mvn", script)
    with pytest.raises(FetchFailed, match=words):
        need_jars(SYSTEM, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_maven_is_a_sentence_that_says_what_to_do(path: Path, tmp_path: Path) -> None:
    with pytest.raises(PartMissing, match=r"no `mvn` on the PATH; install it .*apt install maven"):
        need_jars(SYSTEM, cache=tmp_path / "cache")


def test_tests_are_skipped_with_the_reason_and_fail_where_they_must_run(path: Path, tmp_path: Path) -> None:
    program(path, "java", says_version("21.0.1"))
    with pytest.raises(pytest.skip.Exception, match=r"nothing is tried on Apache Kafka: .*no `mvn`"):
        find_parts(required=False, cache=tmp_path / "cache")
    with pytest.raises(pytest.fail.Exception, match=r"DSGW_REQUIRE_APACHE_KAFKA=1, but: .*no `mvn`"):
        find_parts(required=True, cache=tmp_path / "cache")


def test_the_pom_names_versions_and_no_host() -> None:
    assert "://" not in pom()
    for _, artifact, version in kafka_jars.ARTIFACTS:
        assert f"<artifactId>{artifact}</artifactId><version>{version}</version>" in pom()


def test_the_wheel_is_pinned_by_name_and_version() -> None:
    [pin] = (ROOT / "constraints-java.txt").read_text().splitlines()
    assert re.fullmatch(rf"{java.WHEEL}==[0-9.]+", pin)
