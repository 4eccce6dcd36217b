"""The bytes of the two requests that the bus packs by itself are those of aiokafka's codecs, and so is what is read."""

import struct
from io import BytesIO
from typing import Any

import pytest
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.fetch import FetchRequest, FetchResponse_v11
from aiokafka.protocol.produce import ProduceRequest, ProduceResponse_v7
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from bus import wire
from bus.frames import Fetch, Produce

VERSIONS = {0: (0, 7), 1: (4, 11)}
TOPIC = "req.44-地"


def sent(request: Any) -> bytes:
    """What aiokafka's connection writes of a request."""
    prepared = request.prepare(VERSIONS)
    header: bytes = prepared.build_request_header(correlation_id=7, client_id="gateway-44-0").encode()
    body: bytes = prepared.encode()
    return header + body


def batch(value: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 0)
    builder.append(0, timestamp=1_700_000_000_000, key=None, value=value, headers=[])
    return bytes(builder.build())


@pytest.mark.parametrize("value", [b"", b"x", bytes(70_000)])
def test_a_record_is_appended_with_the_bytes_of_the_codec(value: bytes) -> None:
    ours = wire.produce_request(TOPIC, 5, value, now_ms=1_700_000_000_000, timeout_ms=2_000)
    theirs = ProduceRequest(None, wire.ACKS_LEADER, 2_000, [(TOPIC, [(5, batch(value))])])
    assert sent(ours) == sent(theirs)


@pytest.mark.parametrize("positions", [{0: 0}, {3: 2**40, 1: 17}, {}])
def test_records_are_asked_for_with_the_bytes_of_the_codec(positions: dict[int, int]) -> None:
    rows = [(partition, offset, wire.PARTITION_BYTES_MAX) for partition, offset in positions.items()]
    theirs = FetchRequest(500, 1, wire.FETCH_BYTES_MAX, wire.READ_UNCOMMITTED, [(TOPIC, rows)])
    assert sent(wire.fetch_request(TOPIC, positions, wait_ms=500)) == sent(theirs)


def test_a_broker_that_does_not_speak_the_version_is_refused() -> None:
    for versions in ({}, {0: (0, 6), 1: (0, 10)}, {0: (8, 11), 1: (12, 17)}):
        for request in (wire.produce_request("t", 0, b"", now_ms=1, timeout_ms=1), fetch()):
            with pytest.raises(IncompatibleBrokerVersion):
                request.prepare(versions)
    assert issubclass(IncompatibleBrokerVersion, wire.FAILURES)


def fetch() -> Fetch:
    return Fetch("t", {0: 0}, wait_ms=1, bytes_max=1, partition_bytes_max=1, isolation=0)


def test_the_answer_to_an_append_is_read() -> None:
    answer = ProduceResponse_v7(topics=[(TOPIC, [(5, 10, 99, -1, 0)])], throttle_time_ms=0)
    assert wire.read_produced(Produce.RESPONSE_TYPE.decode(BytesIO(answer.encode()))) == 10


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(3, 1, -1, -1, -1, None, -1, None)],
        [(3, 0, 20, 20, 0, [], -1, b"abc"), (1, 0, 7, 7, 0, [(1, 2), (3, 4)], 5, b""), (2, 6, 8, 8, 0, [], -1, b"de")],
    ],
)  # fmt: skip
def test_what_a_fetch_brought_is_read(rows: list[tuple[Any, ...]]) -> None:
    answer = FetchResponse_v11(0, 0, 0, [(TOPIC, rows)])
    read = Fetch.RESPONSE_TYPE.decode(BytesIO(answer.encode()))
    assert read.topics == [(TOPIC, [(*row[:3], row[-1] or b"") for row in rows])]


def test_a_fetch_that_brought_no_topic_is_read() -> None:
    answer = FetchResponse_v11(0, 70, 0, [])
    assert Fetch.RESPONSE_TYPE.decode(BytesIO(answer.encode())).topics == []


def test_an_answer_that_ends_too_early_is_an_error() -> None:
    fetched = FetchResponse_v11(0, 0, 0, [("t", [(3, 0, 20, 20, 0, [], -1, b"abc")])]).encode()
    for size in range(len(fetched)):
        with pytest.raises((ValueError, struct.error)):
            Fetch.RESPONSE_TYPE.decode(BytesIO(fetched[:size]))
    produced = ProduceResponse_v7(topics=[], throttle_time_ms=0).encode()
    with pytest.raises(struct.error):
        Produce.RESPONSE_TYPE.decode(BytesIO(produced))
