"""An answer that is parsed and serialised again, as the gateway does to put it into its response, keeps its bytes."""

from homepool.decide import decide
from homepool.snapshot import Snapshot
from ledger.life import Kind
from proto.settlement.v1 import settlement_pb2
from tests.home_items import (
    NODE,
    NOW_MS,
    PSN,
    PlainPolicies,
    cursor,
    person,
    plain_settle,
    settle_item,
    undo_item,
)


def test_of_every_kind() -> None:
    snapshot = Snapshot()
    snapshot.people[PSN], snapshot.balances[PSN] = person(), 5_000
    items = [
        settle_item("s", account_used=True),
        settle_item("declined"),
        undo_item(Kind.CANCEL, "c", "s"),
        undo_item(Kind.REVIVE, "rc", "c"),
        undo_item(Kind.REVERSE, "r", "s"),
        undo_item(Kind.REVERSE, "first", "late"),
    ]
    flush = decide(
        items, snapshot, node=NODE, cursor=cursor(), now_ms=NOW_MS, policies=PlainPolicies(), settle=plain_settle
    )  # fmt: skip
    assert [(row.kind, row.status) for _, row in flush.answers] == [
        (1, 1), (1, 2), (2, 5), (4, 5), (3, 5), (3, 5), (5, 4)
    ]  # fmt: skip
    for _, row in flush.answers:
        again = settlement_pb2.Outcome.FromString(row.answer).SerializeToString()
        assert again == row.answer, f"kind {row.kind} status {row.status}"
