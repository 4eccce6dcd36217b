"""The topics of a stack, made by the command that an operator would use: this package imports none of the others."""

from collections.abc import Mapping
from typing import Final

from stack.errors import ServerFailed
from stack.part import base_environment, run_python

TOPICS_TIMEOUT_S: Final = 180.0
WAIT_S: Final = 120.0
"""For brokers that are starting, on a machine under load."""


def make_topics(
    bootstrap: str, topics: Mapping[str, int], *, replication: int = 1, wait_s: float = WAIT_S
) -> None:
    """Make what is missing of `topics` (name to partitions) and wait for leaders. Raises ServerFailed with the
    command's own words. Blocks.
    """
    wanted = [f"--topic={name}:{partitions}" for name, partitions in topics.items()]
    said = run_python(
        ["-m", "bus", "topics", "--bootstrap", bootstrap, f"--replication={replication}", f"--wait-s={wait_s}", *wanted],
        environment=base_environment(), timeout_s=TOPICS_TIMEOUT_S,
    )  # fmt: skip
    if said.code:
        raise ServerFailed(f"{said.text}{said.asides}".strip())
