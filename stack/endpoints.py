"""Where the parts of a running stack are: a value for Python, `endpoints.json` for everybody else."""

import json
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
        """Write them as JSON that only its owner may read: it holds the password of the embedded PostgreSQL."""
        whole = file.with_suffix(".new")  # renamed when complete: readers wait for the file to appear
        whole.unlink(missing_ok=True)
        whole.touch(mode=0o600)
        whole.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
        whole.replace(file)
