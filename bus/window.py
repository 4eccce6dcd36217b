"""How many records may wait for the broker's acknowledgement at the same time: fewer once it has failed.

Method: that of TCP's slow start. After a failure RECORDS_MIN may be under way; each acknowledgement lets one more, so
that the number doubles with each round trip and is at its bound again in a moment where the broker is well. Where it
is slow, what is under way stays what it can acknowledge within the request timeout, and the rest is refused at once.
"""

from typing import Final

RECORDS_MIN: Final = 8
"""Room for what a process says each second of itself: probes, beats, hellos. An assumption."""


class Window:
    """The records and bytes of one process that are under way to the broker."""

    def __init__(self, *, records_max: int, bytes_max: int) -> None:
        self._records_max = records_max
        self._bytes_max = bytes_max
        self._allowed = records_max
        self._records = 0
        self._bytes = 0

    def room(self, size: int) -> bool:
        """Whether a record of `size` bytes may be sent now."""
        return self._records < self._allowed and self._bytes + size <= self._bytes_max

    def enter(self, size: int) -> None:
        """A record is under way."""
        self._records += 1
        self._bytes += size

    def leave(self, size: int) -> None:
        """It is not any more, whatever became of it."""
        self._records -= 1
        self._bytes -= size

    def acknowledged(self) -> None:
        """The broker has taken one."""
        self._allowed = min(self._allowed + 1, self._records_max)

    def failed(self) -> None:
        """The broker did not answer in time, or the connection broke with what was under way."""
        self._allowed = min(RECORDS_MIN, self._records_max)
