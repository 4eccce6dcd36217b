"""Splitting a flush into records that respect both limits, and names of topics."""

import pytest

from bus.errors import BusError, BusUnavailable, RecordTooLarge
from bus.records import ITEMS_BYTES_MAX, RECORD_BYTES_MAX, RECORD_ITEMS_MAX, split_items
from bus.settings import BusSettings
from bus.topics import reply_topic, request_topic
from proto.settlement.v1 import messages_pb2


def test_keeps_order_and_loses_nothing() -> None:
    items = [bytes([i % 256]) * (i % 50 + 1) for i in range(1_234)]
    parts = list(split_items(items))
    assert [item for part in parts for item in part] == items
    assert [len(part) for part in parts] == [500, 500, 234]


def test_nothing_gives_no_record() -> None:
    assert list(split_items([])) == []


def test_a_serialised_record_stays_within_the_limit_of_bytes() -> None:
    items = [b"x" * 9_999] * 300
    for part in split_items(items):
        record = messages_pb2.RequestRecord(
            region="r" * 100, slot=7, partition=2**31, sender_clock_ms=2**60, items=part
        )
        assert len(part) <= RECORD_ITEMS_MAX
        assert record.ByteSize() <= RECORD_BYTES_MAX


def test_the_largest_item_fits_alone_and_one_byte_more_is_refused() -> None:
    largest = ITEMS_BYTES_MAX - 6
    assert [len(part) for part in split_items([b"a", b"x" * largest, b"b"])] == [1, 1, 1]
    with pytest.raises(RecordTooLarge):
        list(split_items([b"x" * (largest + 1)]))


def test_names_of_topics() -> None:
    assert request_topic(44) == "req.44"
    assert reply_topic("50") == "rep.50"


def test_errors_say_what_happened_and_whether_to_try_again() -> None:
    assert str(BusUnavailable()).startswith("The broker does not answer.")
    assert BusUnavailable.retriable
    assert not RecordTooLarge.retriable
    assert issubclass(RecordTooLarge, BusError)


def test_bootstrap_names_several_brokers() -> None:
    assert BusSettings("a:1, b:2,[::1]:3").addresses() == [("a", 1), ("b", 2), ("::1", 3)]
