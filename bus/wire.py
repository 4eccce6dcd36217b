"""The few requests of the Kafka protocol that the bus needs, over aiokafka's connection and codecs.

aiokafka's own producer and consumer are not used: their metadata requests make missing topics, with a default number
of partitions (on the embedded broker that is how a topic is born wrong after a restart), they retry and prefetch in
background tasks whose close waits for a dead broker, they batch records (the embedded broker counts a batch as one
offset), and a send through them costs twice the CPU. What is left of a client, without groups, offsets, keys, headers
and retries, is this page. Nothing above it sees a type of aiokafka.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateTopicsRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from bus.frames import Fetch, Produce

FAILURES: Final = (OSError, EOFError, KafkaError, asyncio.TimeoutError)
"""What a connection raises when the broker is away, dies, is asleep or talks nonsense."""

NO_ERROR: Final = 0
OFFSET_OUT_OF_RANGE: Final = 1
UNKNOWN_TOPIC: Final = 3
LEADER_NOT_AVAILABLE: Final = 5
MESSAGE_TOO_LARGE: Final = 10
TOPIC_ALREADY_EXISTS: Final = 36

LATEST: Final = -1
READ_UNCOMMITTED: Final = 0
ACKS_LEADER: Final = 1
"""The leader's word is enough: an acknowledgement only paces the sender, and what matters is sent again by timer."""

PARTITION_BYTES_MAX: Final = 1_048_576
FETCH_BYTES_MAX: Final = 4_194_304

Address = tuple[str, int]


class Connection:
    """One TCP connection to one broker; requests are answered in the order in which they were sent."""

    def __init__(self, raw: AIOKafkaConnection, address: Address) -> None:
        self._raw = raw
        self.address = address

    @classmethod
    async def open(cls, address: Address, *, client_id: str, request_timeout_ms: int) -> "Connection":
        """Connect and agree on versions. Raises one of FAILURES."""
        host, port = address
        raw = await create_conn(host, port, client_id=client_id, request_timeout_ms=request_timeout_ms)
        return cls(raw, address)

    def alive(self) -> bool:
        """Whether nobody has closed it yet, as far as one can know."""
        return bool(self._raw.connected())

    async def ask(self, request: Any) -> Any:
        """The broker's response. Raises one of FAILURES; the connection must then be dropped."""
        return await self._raw.send(request)

    async def drop(self) -> None:
        """Close at once, unsent bytes and awaited responses included; never waits for the broker."""
        writer = self._raw._writer
        if writer is not None:
            writer.transport.abort()
        closed = self._raw.close()
        if closed is not None:
            await asyncio.wait([closed], timeout=1.0)


class Topics(NamedTuple):
    """What the cluster says of some topics."""

    leaders: dict[tuple[str, int], Address]
    partitions: dict[str, int]  # only of topics that exist
    controller: Address | None


class PartitionFetched(NamedTuple):
    """The answer for one partition of a fetch."""

    partition: int
    asked: int  # the offset that was asked for
    error: int
    end: int
    values: list[bytes]
    next_offset: int


def error_name(code: int) -> str:
    """The protocol's name of an error code."""
    return str(for_code(code).__name__)


def metadata_request(topics: Sequence[str]) -> Any:
    """Ask who leads what, without making a topic that is missing."""
    return MetadataRequest(list(topics), allow_auto_topic_creation=False)


def read_metadata(response: Any) -> Topics:
    """Leaders and partition counts; a partition without a leader is left out of the leaders."""
    addresses: dict[int, Address] = {node: (host, port) for node, host, port, *_ in response.brokers}
    leaders: dict[tuple[str, int], Address] = {}
    counts: dict[str, int] = {}
    for error, topic, _internal, partitions in response.topics:
        if error != NO_ERROR:
            continue
        counts[topic] = len(partitions)
        for _, partition, leader, *_ in partitions:
            if leader in addresses:
                leaders[(topic, partition)] = addresses[leader]
    return Topics(leaders, counts, addresses.get(response.controller_id))


def create_request(topics: Mapping[str, int], *, replication: int, retention_ms: int, timeout_ms: int) -> Any:
    """Make topics with so many partitions each."""
    configs = [("retention.ms", str(retention_ms))]
    rows: list[Any] = [(topic, count, replication, [], configs) for topic, count in topics.items()]
    return CreateTopicsRequest(rows, timeout_ms, False)


def read_created(response: Any) -> dict[str, int]:
    """The error code per topic."""
    return {topic: error for topic, error, *_ in response.topic_errors}


def produce_request(topic: str, partition: int, value: bytes, *, now_ms: int, timeout_ms: int) -> Any:
    """One record in a batch of its own, with neither key nor headers."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=0,
    )
    builder.append(0, timestamp=now_ms, key=None, value=value, headers=[])
    return Produce(topic, partition, bytes(builder.build()), acks=ACKS_LEADER, timeout_ms=timeout_ms)


def read_produced(response: Any) -> int:
    """The error code of the one record sent."""
    _topic, partitions = response.topics[0]
    return int(partitions[0][1])


def ends_request(topic: str, partitions: Sequence[int]) -> Any:
    """Ask for the offsets that the next records will have."""
    return OffsetRequest(-1, READ_UNCOMMITTED, [(topic, [(partition, LATEST) for partition in partitions])])


def read_ends(response: Any) -> dict[int, tuple[int, int]]:
    """(error code, end offset) per partition."""
    _topic, partitions = response.topics[0]
    return {partition: (error, offset) for partition, error, _timestamp, offset in partitions}


def fetch_request(topic: str, positions: Mapping[int, int], *, wait_ms: int) -> Any:
    """Ask for records from the given offsets on."""
    return Fetch(
        topic, positions, wait_ms=wait_ms, bytes_max=FETCH_BYTES_MAX, partition_bytes_max=PARTITION_BYTES_MAX,
        isolation=READ_UNCOMMITTED,
    )  # fmt: skip


def read_fetched(response: Any, positions: Mapping[int, int]) -> list[PartitionFetched]:
    """What came, per partition."""
    if not response.topics:
        return []
    fetched = []
    _topic, partitions = response.topics[0]
    for partition, error, end, *_, message_set in partitions:
        asked = positions[partition]
        values, next_offset = _read_records(message_set, asked) if message_set else ([], asked)
        fetched.append(PartitionFetched(partition, asked, error, end, values, next_offset))
    return fetched


def _read_records(message_set: bytes, asked: int) -> tuple[list[bytes], int]:
    """The values from offset `asked` on, and the offset after the last; ends at a batch whose sum is wrong."""
    records = MemoryRecords(message_set)
    values: list[bytes] = []
    next_offset = asked
    while (batch := records.next_batch()) is not None:
        if not batch.validate_crc():
            # a broken batch can only be skipped; what was in it is sent again by whoever needs it
            next_offset = max(next_offset, batch.next_offset)
            continue
        for record in batch:
            if record.offset >= next_offset:
                values.append(record.value or b"")
                next_offset = record.offset + 1
    return values, next_offset
