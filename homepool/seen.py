"""What this node had written, outside its database: the sign that a database came back from an old backup.

Each second the worker notes term and last number of its partitions in the state folder; it never starts on a database
that knows less (design: when a database is lost).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol


class Mark(NamedTuple):
    """How far a partition had come."""

    term: int
    number: int  # the last one written


class Seen(Protocol):
    """Where marks are kept."""

    def marks(self) -> Mapping[int, Mark]:
        """The marks by partition, as last noted."""
        ...

    def note(self, marks: Mapping[int, Mark]) -> None:
        """Replace the marks of these partitions."""
        ...


class SeenFile:
    """Marks in a small file of the node's state folder, replaced whole."""

    def __init__(self, state_dir: Path, *, node: int) -> None:
        self._file = state_dir / f"node-{node}-seen.json"

    def marks(self) -> Mapping[int, Mark]:
        """The marks by partition; none where the node never ran here."""
        try:
            noted = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {int(partition): Mark(*mark) for partition, mark in noted.items()}

    def note(self, marks: Mapping[int, Mark]) -> None:
        """Replace the marks of these partitions; a crash in between leaves the old file."""
        noted = {str(partition): list(mark) for partition, mark in {**self.marks(), **marks}.items()}
        written = self._file.with_suffix(f".{os.getpid()}")
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps(noted), encoding="utf-8")
        written.replace(self._file)
