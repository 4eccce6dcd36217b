"""The embedded broker's pulse: whether it answers, how long its log has become, and when to start it afresh.

The broker keeps every record in memory and deletes none, and each fetch goes through the whole partition from its
first record on: 165 µs a record at 2,000 records in it, 705 at 14,000, until nothing is answered in time any more.
Nothing in the log is needed for long (whoever needs an answer sends again), so a new broker with empty topics is the
cure. It costs a moment of silence; therefore early where little is under way, and only later under load.

The one request is spoken here, because this package imports none of ours: ListOffsets, version 1, of the Kafka
protocol, which has the broker go through all partitions as a fetch would.
"""

import socket
import struct
from collections.abc import Mapping
from typing import Final

PULSE_EVERY_S = 5.0
ANSWER_TIMEOUT_S = 5.0
NO_ANSWERS_MAX: Final = 3
RECORDS_AT_LEISURE = 3_000
RECORDS_MAX = 10_000
QUIET_RECORDS_MAX: Final = 50
"""Growth of the longest partition from one pulse to the next while little is under way. All three are assumptions."""

_LIST_OFFSETS: Final = 2
_VERSION: Final = 1
_LATEST: Final = -1
_CLIENT: Final = b"settlement-stack"
_ANSWER_BYTES_MAX: Final = 1_048_576


def longest_partition(host: str, port: int, topics: Mapping[str, int]) -> int | None:
    """How many records the longest partition of these topics (name to partitions) holds; None = no answer in time."""
    try:
        with socket.create_connection((host, port), timeout=ANSWER_TIMEOUT_S) as connection:
            connection.sendall(_request(topics))
            (size,) = struct.unpack(">i", _read(connection, 4))
            if not 0 < size <= _ANSWER_BYTES_MAX:
                return None
            return _longest(_read(connection, size))
    except (OSError, EOFError, struct.error):
        return None


class Care:
    """Decides from one pulse after the other; a new one for each broker that was started."""

    def __init__(self) -> None:
        self._longest = 0
        self._no_answers = 0

    def why_restart(self, longest: int | None) -> str | None:
        """Take a pulse; why the broker is to be started afresh, or None."""
        if longest is None:
            self._no_answers += 1
            if self._no_answers < NO_ANSWERS_MAX:
                return None
            return f"it did not answer {self._no_answers} times in a row"
        self._no_answers = 0
        grown, self._longest = longest - self._longest, longest
        if longest >= RECORDS_MAX or (longest >= RECORDS_AT_LEISURE and grown <= QUIET_RECORDS_MAX):
            return f"a partition of its log holds {longest:,} records, which makes it slow"
        return None


def _request(topics: Mapping[str, int]) -> bytes:
    body = struct.pack(">hhih", _LIST_OFFSETS, _VERSION, 1, len(_CLIENT)) + _CLIENT
    body += struct.pack(">ii", -1, len(topics))
    for name, partitions in topics.items():
        text = name.encode()
        body += struct.pack(">h", len(text)) + text + struct.pack(">i", partitions)
        body += b"".join(struct.pack(">iq", partition, _LATEST) for partition in range(partitions))
    return struct.pack(">i", len(body)) + body


def _longest(answer: bytes) -> int:
    """The highest end in an answer."""
    topics, at = struct.unpack_from(">i", answer, 4)[0], 8
    longest = 0
    for _ in range(topics):
        at += 2 + struct.unpack_from(">h", answer, at)[0]
        partitions, at = struct.unpack_from(">i", answer, at)[0], at + 4
        for _ in range(partitions):
            *_, end = struct.unpack_from(">ihqq", answer, at)
            longest, at = max(longest, end), at + 22
    return longest


def _read(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
