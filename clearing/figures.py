"""A decision as clearing compares it: what both books, and the institution, must agree on. Pure.

A book says more of a decision (its answer, its deltas); what stands here is who, where, what kind, and every amount.
No psn_no is kept: a difference names its settlement by setl_id.
"""

from datetime import date
from typing import Any, Final, NamedTuple

from ledger.day import DayKey
from ledger.rows import AMOUNTS
from proto.settlement.v1 import messages_pb2
from runtime.clock import china_date
from runtime.keys import setl_id_text


class Figures(NamedTuple):
    """One decision in one book. Amounts in fen with the sign of the row, in the order of ledger.rows.AMOUNTS."""

    setl_id: str
    day: date
    kind: int
    status: int
    code: str
    settlement: str
    person: int  # hash of psn_no within this process: only equality means anything
    key: DayKey  # sign 0 where nothing moved
    decided_ms: int
    amounts: tuple[int, ...]

    @property
    def total_fen(self) -> int:
        """The whole bill, in the sign of the row."""
        return self.amounts[0]

    def as_json(self) -> dict[str, Any]:
        """What is kept of it in a difference: its key and its amounts that are not 0."""
        key = {name: _plain(value) for name, value in self.key._asdict().items()}
        amounts = {name: value for name, value in zip(AMOUNTS, self.amounts, strict=True) if value}
        return {
            "day": self.day.isoformat(), "kind": self.kind, "status": self.status, "code": self.code,
            "settlement": self.settlement, "decided_ms": self.decided_ms, **key, **amounts,
        }  # fmt: skip

    def differing(self, other: "Figures") -> list[str]:
        """Columns in which two books' rows of one id differ, by the books' names."""
        names = [
            name
            for name in ("day", "kind", "status", "settlement", "person", "decided_ms")
            if getattr(self, name) != getattr(other, name)
        ]
        names += [name for name in DayKey._fields if getattr(self.key, name) != getattr(other.key, name)]
        ours = zip(AMOUNTS, self.amounts, other.amounts, strict=True)
        return names + [name for name, mine, theirs in ours if mine != theirs]


_AMOUNTS_OF: Final = AMOUNTS


def figures_of(decision: messages_pb2.Decision) -> Figures:
    """A decision as BooksService tells it."""
    key = DayKey(
        decision.home_pool, decision.care_pool, decision.fixmedins_code, decision.insutype, decision.clr_type,
        decision.route, decision.sign, decision.commercial_payer, china_date(decision.decided_ms),
    )  # fmt: skip
    return Figures(
        setl_id_text(decision.id), date.fromisoformat(decision.day), decision.kind, decision.status, decision.code,
        setl_id_text(decision.settlement) if decision.settlement else "", hash(decision.psn_no), key,
        decision.decided_ms, tuple([getattr(decision, name) for name in _AMOUNTS_OF]),
    )  # fmt: skip


def money_rows(figures: Figures) -> list[dict[str, Any]]:
    """What a decision brings into a run: nothing where nothing moved."""
    if not figures.key.sign:
        return []
    key = {name: _plain(value) for name, value in figures.key._asdict().items()}
    return [{**key, "items": 1, **dict(zip(AMOUNTS, figures.amounts, strict=True))}]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
