"""Reading what a fetch brings: batches of several records, positions inside a batch, a broken batch."""

from types import SimpleNamespace

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from bus import wire


def batch(first_offset: int, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1,
        base_sequence=-1, batch_size=1_000_000,
    )  # fmt: skip
    for i, value in enumerate(values):
        builder.append(i, timestamp=1, key=None, value=value, headers=[])
    built = bytearray(builder.build())
    built[0:8] = first_offset.to_bytes(8, "big")  # not covered by the batch's sum
    return bytes(built)


def fetched(message_set: bytes, asked: int) -> wire.PartitionFetched:
    row: tuple[object, ...] = (3, wire.NO_ERROR, 99, 99, 0, [], -1, message_set)
    (answer,) = wire.read_fetched(SimpleNamespace(topics=[("req.44", [row])]), {3: asked})
    return answer


def test_reads_every_record_of_every_batch() -> None:
    answer = fetched(batch(10, b"a", b"b") + batch(12, b"c"), 10)
    assert (answer.values, answer.asked, answer.next_offset, answer.end) == ([b"a", b"b", b"c"], 10, 13, 99)


def test_a_position_inside_a_batch_is_kept() -> None:
    answer = fetched(batch(10, b"a", b"b", b"c"), 11)
    assert (answer.values, answer.next_offset) == ([b"b", b"c"], 13)


def test_a_broken_batch_is_skipped_and_does_not_stop_the_reader() -> None:
    broken = bytearray(batch(10, b"aaaa", b"bbbb"))
    broken[-3] ^= 0xFF
    answer = fetched(bytes(broken) + batch(12, b"c"), 10)
    assert (answer.values, answer.next_offset) == ([b"c"], 13)


def test_nothing_new_leaves_the_position() -> None:
    answer = fetched(b"", 10)
    assert (answer.values, answer.next_offset) == ([], 10)


def test_an_answer_without_topics_is_nothing() -> None:
    assert wire.read_fetched(SimpleNamespace(topics=[]), {0: 5}) == []
