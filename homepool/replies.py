"""Reply records: what a worker sends to the slots that asked, within the bounds of one record of the log.

The records are put together from serialised parts (a repeated field is its parts one after the other), so that a
decision is serialised once and its size is known before it goes into a record.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bus.records import split_items
from proto.settlement.v1 import messages_pb2
from runtime.pieces import tag, varint

_DECISIONS: Final = tag(messages_pb2.ReplyRecord, "decisions")
_ANSWERS: Final = tag(messages_pb2.ReplyRecord, "answers")


def decision_records(node: int, decisions: Iterable[bytes]) -> Iterator[bytes]:
    """Reply records that hold serialised `Decision`s, in their order."""
    return _records(node, _DECISIONS, decisions)


def answer_records(node: int, answers: Iterable[bytes]) -> Iterator[bytes]:
    """Reply records that hold serialised `AskAnswer`s."""
    return _records(node, _ANSWERS, answers)


def beat_record(node: int, beats: Sequence[messages_pb2.Beat]) -> bytes:
    """One record of beats."""
    record: bytes = messages_pb2.ReplyRecord(node=node, beats=beats).SerializeToString()
    return record


def _records(node: int, before: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    head = messages_pb2.ReplyRecord(node=node).SerializeToString()
    for some in split_items(parts):
        pieces = [head]
        for part in some:
            pieces += (before, varint(len(part)), part)
        yield b"".join(pieces)
