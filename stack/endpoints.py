"""Where the parts of a running stack are: a value for Python, `endpoints.json` for everybody else, and for operators'
commands the environment of each part, to be read by a shell.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where everything is; written to `endpoints.json` in the run folder."""

    gateway: list[str]
    """Every gateway process's address."""
    gateways: dict[str, list[str]]
    """By region, in the order of the slots."""
    nodes: dict[str, list[str]]
    """By node: the addresses of the workers' gRPC servers, for those that have one."""
    books: dict[str, str]
    """By `region <code>` and `node <code>`: the address of its BooksService."""
    clearing: str
    """Where ClearingService and StatementService answer; empty: there is none."""
    postgres: str
    """The server's address, password included."""
    databases: dict[str, str]
    """By `region <code>`, `node <code>` and `clearing`: the database's address."""
    kafka: str
    metrics: dict[str, str] = field(default_factory=dict)
    """By part: the address of its Prometheus page."""

    def write(self, file: Path) -> None:
        """Write them as JSON."""
        _write(file, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")


def write_environment(file: Path, environment: Mapping[str, str]) -> None:
    """Write a part's settings (`DSGW_…`) as a shell script: `. FILE`, then run a command beside the part."""
    settings = {name: value for name, value in sorted(environment.items()) if name.startswith("DSGW_")}
    file.parent.mkdir(exist_ok=True)
    _write(file, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items()))


def _write(file: Path, text: str) -> None:
    """Only the owner may read it: it holds the password of the embedded PostgreSQL."""
    whole = file.with_suffix(".new")  # renamed when complete: readers wait for the file to appear
    whole.unlink(missing_ok=True)
    whole.touch(mode=0o600)
    whole.write_text(text)
    whole.replace(file)
