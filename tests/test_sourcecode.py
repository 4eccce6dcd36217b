"""Rules about the source itself: lengths, docstrings, words that must not stay, generated code, pins."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("runtime", "ledger", "bus", "gateway", "homepool", "clearing", "loadtest", "stack")
FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 450
TEST_LINES_MAX = 550
"""A contract suite reads best in one piece."""
TEXT_SUFFIXES = {".py", ".sql", ".toml", ".md", ".proto", ".yaml", ".yml", ".txt", ".csv", ".json", ""}
# put together so that this file does not find itself
LEFT_OVER = re.compile(
    r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]) + r")\b"
)
OUTSIDE = re.compile(
    "|".join(
        [
            r"\.\./sha" + "red",
            "/wo" + r"rk/(?:main|sha" + "red)",
            "py" + r"pi\.org",
            "files.python" + "hosted",
        ]
    )
)


def modules() -> Iterator[Path]:
    """Our own Python modules, generated code left out."""
    for package in (*PACKAGES, "tests"):
        yield from (file for file in sorted((ROOT / package).rglob("*.py")))


def texts() -> Iterator[Path]:
    """Every text file that a clone would hold, generated code left out."""
    for folder in (*PACKAGES, "tests", "docs", "proto", ".ci"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and file.suffix in TEXT_SUFFIXES and "_pb2" not in file.name:
                yield file
    top = (file for file in sorted(ROOT.glob("*")) if file.is_file() and file.name != ".git")
    yield from (file for file in top if file.suffix in TEXT_SUFFIXES)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_functions_and_modules_stay_short() -> None:
    long = []
    for file in modules():
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > (TEST_LINES_MAX if file.is_relative_to(ROOT / "tests") else MODULE_LINES_MAX):
            long.append(f"{name(file)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{name(file)}:{node.lineno} {node.name}: {lines} lines")
    assert not long, "\n".join(long)


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name(file) for file in modules() if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    silent = [file for file in silent if (ROOT / file).stat().st_size]
    assert not silent, "\n".join(silent)


@pytest.mark.parametrize(("what", "pattern"), [("left over", LEFT_OVER), ("outside the project", OUTSIDE)])
def test_no_text_holds_what_must_not_stay(what: str, pattern: re.Pattern[str]) -> None:
    found = []
    for file in texts():
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{name(file)}:{number} {line.strip()[:80]}")
    assert not found, f"{what}:\n" + "\n".join(found)


def test_generated_code_is_current(tmp_path: Path) -> None:
    protos = [name(file) for file in sorted((ROOT / "proto").rglob("*.proto"))]
    kinds = ["python_out", "pyi_out", "grpc_python_out", "mypy_grpc_out"]
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        "-I",
        ".",
        *(f"--{kind}={tmp_path}" for kind in kinds),
    ]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # where protoc finds its mypy plugin
    subprocess.run([*command, *protos], cwd=ROOT, env={"PATH": path}, check=True)
    committed = {
        name(file): file.read_bytes() for file in (ROOT / "proto").rglob("*_pb2*.py*") if file.is_file()
    }
    committed = {file: text for file, text in committed.items() if "__pycache__" not in file}
    made = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*_pb2*.py*")}
    stale = sorted(file for file in made.keys() | committed.keys() if made.get(file) != committed.get(file))
    assert not stale, f"run `make proto`: {stale}"


def test_pins_are_names_and_versions_and_cover_what_is_asked_for() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in pins}
    asked = re.findall(
        r"^  .*$", (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool")[0], re.M
    )
    wanted = {
        re.sub(r"[-_.]+", "-", item).lower()
        for item in re.findall(r'"([A-Za-z0-9_.-]+)(?:[>=]|")', "\n".join(asked))
    }
    assert wanted <= pinned, wanted - pinned
