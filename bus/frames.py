"""The two requests that are sent all the time, put together and read by `struct`: Produce 7 and Fetch 11.

aiokafka's codecs write and read each field by calls of their own, which is four fifths of what a request costs. Method:
a class here stands where its connection expects a request of its own and gives the same bytes; connection, order,
timeouts and failures stay aiokafka's. Every broker since Kafka 2.3 speaks these versions.
"""

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from struct import Struct
from typing import Final, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion

_HEADER: Final = Struct(">hhi").pack  # API, version, correlation id; the client's name follows
_INT32: Final = Struct(">i")
_STRING_LENGTH: Final = Struct(">h")
_NULL_STRING: Final = b"\xff\xff"

_PRODUCE_START: Final = Struct(">hi").pack  # acknowledgements, timeout
_PRODUCE_PARTITION: Final = Struct(">iii").pack  # one partition, its number, bytes of its records
_PRODUCED: Final = Struct(">iih")  # one partition, its number, error

_FETCH_START: Final = Struct(
    ">iiiibii"
).pack  # replica, wait, least and most bytes, isolation, session and its epoch
_FETCH_PARTITION: Final = Struct(
    ">iiqqi"
).pack  # number, leader's epoch, offset, start of the log, most bytes
_FETCHED_START: Final = Struct(">ihii")  # throttled, error, session, topics
_FETCHED_PARTITION: Final = Struct(
    ">ihqqqi"
)  # number, error, end, last stable, start of the log, aborted transactions
_FETCHED_RECORDS: Final = Struct(">ii")  # preferred replica, bytes of the records
_ABORTED_BYTES: Final = 16
_UNKNOWN: Final = -1
_NO_SESSION: Final = 0
_NO_TOPICS_NO_RACK: Final = _INT32.pack(0) + _STRING_LENGTH.pack(0)


@lru_cache(maxsize=256)
def _string(text: str) -> bytes:
    """A text with its length; there are few."""
    encoded = text.encode()
    return _STRING_LENGTH.pack(len(encoded)) + encoded


@lru_cache(maxsize=256)
def _one_topic(topic: str) -> bytes:
    """A list of topics of which there is one, up to its partitions."""
    return _INT32.pack(1) + _string(topic)


class Answer(NamedTuple):
    """A response's topics, of which at most one was asked for: its name and what is said of its partitions."""

    topics: list[tuple[str, list[tuple[int, int, int, bytes]]]]
    """Of a partition: number, error, end, records."""


class _Correlation(NamedTuple):
    """The header of a response."""

    correlation_id: int


class _Header(NamedTuple):
    """The header of a request."""

    encoded: bytes

    def encode(self) -> bytes:
        return self.encoded


class _Packed:
    """A request as aiokafka's connection takes one."""

    api: int
    version: int

    def __init__(self, body: bytes) -> None:
        self._body = body

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> "_Packed":
        """Raises IncompatibleBrokerVersion where the broker does not speak this version."""
        least, most = versions.get(self.api, (0, 0))
        if not least <= self.version <= most:
            raise IncompatibleBrokerVersion(
                f"The broker does not speak version {self.version} of {self.api}."
            )
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> _Header:
        """What goes before the body."""
        return _Header(_HEADER(self.api, self.version, correlation_id) + _string(client_id))

    def encode(self) -> bytes:
        """The body."""
        return self._body

    def parse_response_header(self, response: BytesIO) -> _Correlation:
        """Which request is answered."""
        return _Correlation(*_INT32.unpack(response.read(_INT32.size)))


class _Produced:
    """How the answer to `Produce` is read."""

    @staticmethod
    def decode(response: BytesIO) -> Answer:
        """Raises struct.error for what is too short."""
        answer = response.read()
        topic, at = _topic(answer, _INT32.size)
        _, partition, error = _PRODUCED.unpack_from(answer, at)
        return Answer([(topic, [(partition, error, _UNKNOWN, b"")])])


class _Fetched:
    """How the answer to `Fetch` is read."""

    @staticmethod
    def decode(response: BytesIO) -> Answer:
        """Raises struct.error or ValueError for what is too short."""
        answer = response.read()
        *_, topics = _FETCHED_START.unpack_from(answer)
        if topics < 1:
            return Answer([])
        topic, at = _topic(answer, _FETCHED_START.size)
        (count,) = _INT32.unpack_from(answer, at)
        at += _INT32.size
        partitions = []
        for _ in range(count):
            partition, error, end, _, _, aborted = _FETCHED_PARTITION.unpack_from(answer, at)
            at += _FETCHED_PARTITION.size + max(aborted, 0) * _ABORTED_BYTES
            _, size = _FETCHED_RECORDS.unpack_from(answer, at)
            at += _FETCHED_RECORDS.size
            size = max(size, 0)
            partitions.append((partition, error, end, answer[at : at + size]))
            at += size
        if at > len(answer):
            raise ValueError("The answer to a fetch ends too early.")
        return Answer([(topic, partitions)])


def _topic(answer: bytes, at: int) -> tuple[str, int]:
    """A text and the place behind it."""
    (size,) = _STRING_LENGTH.unpack_from(answer, at)
    at += _STRING_LENGTH.size
    return answer[at : at + size].decode(), at + size


class Produce(_Packed):
    """Append one batch to one partition."""

    api, version, RESPONSE_TYPE = 0, 7, _Produced

    def __init__(self, topic: str, partition: int, batch: bytes, *, acks: int, timeout_ms: int) -> None:
        start = _NULL_STRING + _PRODUCE_START(acks, timeout_ms) + _one_topic(topic)
        super().__init__(start + _PRODUCE_PARTITION(1, partition, len(batch)) + batch)


class Fetch(_Packed):
    """Records of some partitions of a topic, from these offsets on."""

    api, version, RESPONSE_TYPE = 1, 11, _Fetched

    def __init__(
        self,
        topic: str,
        positions: Mapping[int, int],
        *,
        wait_ms: int,
        bytes_max: int,
        partition_bytes_max: int,
        isolation: int,
    ) -> None:
        partitions = [
            _FETCH_PARTITION(partition, _UNKNOWN, offset, _UNKNOWN, partition_bytes_max)
            for partition, offset in positions.items()
        ]
        start = _FETCH_START(_UNKNOWN, wait_ms, 1, bytes_max, isolation, _NO_SESSION, _UNKNOWN)
        count = _INT32.pack(len(partitions))
        super().__init__(b"".join((start, _one_topic(topic), count, *partitions, _NO_TOPICS_NO_RACK)))
