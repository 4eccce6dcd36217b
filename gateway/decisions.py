"""A decision as it came from a home node, as a row of the care book. The columns are those of ledger.rows."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from ledger.rows import COLUMNS, Row
from proto.settlement.v1 import messages_pb2 as mpb

_PLACES: Final = {name: place for place, name in enumerate(COLUMNS)}
# the columns of the row that stand in the message as they are, in one run
_FIRST: Final = _PLACES["seals"]
_LAST: Final = _PLACES["commercial_payer"]
_HEAD: Final = attrgetter(
    *(
        "id",
        "kind",
        "status",
        "code",
        "digest",
        "decided_ms",
        "region",
        "fixmedins_code",
        "home_pool",
        "care_pool",
    ),
    *("psn_no", "insutype", "med_type", "clr_type", "route"),
)
_RUN: Final = attrgetter(*COLUMNS[_FIRST : _LAST + 1])
_day: Final = lru_cache(maxsize=64)(date.fromisoformat)


def _day_or_none(text: str) -> date | None:
    return _day(text) if text else None


def _tuple_or_none(repeated: Sequence[Any]) -> tuple[Any, ...] | None:
    return tuple(repeated[:]) or None  # a slice is a list, which is read in half the time


def row_of(decision: mpb.Decision) -> Row:
    """The row that W3 writes; ValueError for a day that is none."""
    return Row._make((
        decision.node, decision.partition, decision.term, decision.number, _day(decision.day), *_HEAD(decision),
        decision.visit or None, decision.bill or None, decision.target or None, decision.undoes or None,
        decision.settlement or None, *_RUN(decision),
        _tuple_or_none(decision.deltas), decision.month, decision.month_in_scope_fen, decision.month_pooled_fen,
        _tuple_or_none(decision.family_psn_no), _tuple_or_none(decision.family_amount_fen),
        _tuple_or_none(decision.line_keys), decision.lines_digest or None, _day_or_none(decision.begin_day),
        _day_or_none(decision.end_day), decision.invoice or None, decision.policy_version, decision.answer,
    ))  # fmt: skip
