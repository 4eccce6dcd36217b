"""The log as gateway and home node see it: a port with two implementations.

`bus.kafka` is the real one; `tests/simulation/fake_log.py` is one in memory, with virtual time and faults. The port
promises little, on purpose: a record that was acknowledged may be lost, one that failed may arrive, any may arrive
twice or out of order, and the log may forget everything. What matters is sent again by timers elsewhere.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Arrived(NamedTuple):
    """One record as it was read."""

    partition: int
    value: bytes


class Reader(Protocol):
    """Reads some partitions of one topic, each from the end that it had when the reader was made."""

    async def poll(self, *, wait_ms: int) -> list[Arrived]:
        """What has arrived, in the order of each partition; waits up to `wait_ms` for the first record.

        Empty when nothing came, and also while the broker is away: a reader reconnects by itself and an outage
        is silence, never an error. What one call gives is bounded by a few MiB.
        Raises BusClosed after close.
        """
        ...

    async def seek_to_end(self, partition: int) -> None:
        """Start again at the end of this partition, as a new consumer would; what lies between is never read.

        The position is fixed when this returns. Raises BusUnavailable (the old position stays; try again).
        """
        ...

    async def close(self) -> None:
        """Stop reading. Returns within a bounded time even if the broker is dead."""
        ...


class Log(Protocol):
    """One process's hold on the log."""

    async def send(self, topic: str, partition: int, value: bytes, *, quiet: bool = False) -> None:
        """Append one record; returns when the broker has acknowledged it, which promises no more than that.

        `quiet` marks a record that no answer is expected to (beat, hello, probe); anything else makes this
        process's readers poll closely for a while. Raises BusUnavailable or BusFull (retriable: nothing is known,
        respectively nothing was sent) and RecordTooLarge.
        """
        ...

    async def reader(self, topic: str, partitions: Sequence[int]) -> Reader:
        """A reader that starts at the end of the log. Its positions are fixed when this returns.

        Raises BusUnavailable while the broker or the topic is not there.
        """
        ...
