"""The life of a bill: what a call may do to a settlement, as a pure function of what the book says of it.

Each settlement is alive or undone by U; a bill has at most one alive (design: "The life of a bill"). The home node asks
`verdict` for every claimed message, in order, each on top of the one before; `Lives` keeps what follows from it in
memory until W2 has written the same changes, stated a second time in SQL (`homepool/sql`).
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

Id = bytes
"""16 bytes: `runtime.keys.transport_key_id` of a message, or of its visit or bill."""


class Kind(IntEnum):
    """What a message asks for; the numbers are those of `Kind` in messages.proto."""

    SETTLE = 1
    CANCEL = 2
    REVERSE = 3
    REVIVE = 4
    TOMBSTONE = 5


class Status(IntEnum):
    """A final outcome; the numbers are those of `OutcomeStatus` in settlement.proto."""

    PAID = 1
    DECLINED = 2
    EXPIRED = 3
    VOIDED = 4
    OK = 5


class Move(IntEnum):
    """What a verdict does to the books."""

    NOTHING = 0
    PAY = 1
    MIRROR = 2  # the negative of the settlement's row
    REVIVE = 3  # the mirror of the mirror
    TOMBSTONE = 4  # the unknown id becomes VOIDED


BILL_ALREADY_SETTLED: Final = "BILL_ALREADY_SETTLED"
NO_SUCH_SETTLEMENT: Final = "NO_SUCH_SETTLEMENT"
ALREADY_UNDONE: Final = "ALREADY_UNDONE"
OTHER_PERSON: Final = "OTHER_PERSON"
SUPERSEDED: Final = "SUPERSEDED"
NOTHING_TO_UNDO: Final = "NOTHING_TO_UNDO"


@dataclass(frozen=True, slots=True)
class Fate:
    """What the book says of a final id."""

    kind: Kind
    status: Status
    psn_no: str
    bill: Id | None = None
    settlement: Id | None = None  # whose money it moved: of a settlement itself, of a cancel its settlement
    undone_by: Id | None = None
    sealed: bool = False

    @property
    def moved_money(self) -> bool:
        """Did it pay or take back? Only such a thing can be undone."""
        return self.settlement is not None and (
            self.status is Status.PAID or (self.status is Status.OK and self.kind is Kind.CANCEL)
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to a message; `other` names the id whose answer goes inside the answer."""

    status: Status
    move: Move = Move.NOTHING
    code: str = ""
    other: Id | None = None
    seals: bool = False


PAY: Final = Verdict(Status.PAID, Move.PAY)


class Lives:
    """The fates of ids and the live settlement of each bill, as read, then as decided on top."""

    def __init__(self, fates: dict[Id, Fate], live: dict[Id, Id]) -> None:
        self.fates = fates
        self.live = live  # bill -> its live settlement; absent = none

    def settle(self, bill: Id) -> Verdict:
        """A bill is paid where none of its settlements lives."""
        alive = self.live.get(bill)
        if alive is not None:
            return Verdict(Status.DECLINED, code=BILL_ALREADY_SETTLED, other=alive)
        return PAY

    def cancel(self, target: Id, psn_no: str) -> Verdict:
        """2208/2305/2103: the business refund of a live settlement."""
        fate = self.fates.get(target)
        if fate is None or fate.kind is not Kind.SETTLE or not fate.moved_money:
            return Verdict(Status.DECLINED, code=NO_SUCH_SETTLEMENT)
        if fate.psn_no != psn_no:
            return Verdict(Status.DECLINED, code=OTHER_PERSON)
        if fate.undone_by is not None:
            return Verdict(Status.DECLINED, code=ALREADY_UNDONE, other=fate.undone_by)
        return Verdict(Status.OK, Move.MIRROR)

    def reverse(self, target: Id, psn_no: str) -> Verdict:
        """2601 of a settlement: whatever became of it, it is not alive afterwards and never will be."""
        fate = self.fates.get(target)
        if fate is None:
            return Verdict(Status.OK, Move.TOMBSTONE)
        if not fate.moved_money:
            return Verdict(Status.OK, code=NOTHING_TO_UNDO)
        if fate.psn_no != psn_no:
            return Verdict(Status.DECLINED, code=OTHER_PERSON)
        if fate.undone_by is not None:
            return Verdict(Status.OK, code=NOTHING_TO_UNDO, other=fate.undone_by, seals=not fate.sealed)
        return Verdict(Status.OK, Move.MIRROR, seals=not fate.sealed)

    def revive(self, target: Id, psn_no: str) -> Verdict:
        """2601 of a cancel: the settlement lives again, if its bill is still free and it is not sealed.

        The caller checks what is of today (account, caps, lines and days) and declines SUPERSEDED itself.
        """
        fate = self.fates.get(target)
        if fate is None:
            return Verdict(Status.OK, Move.TOMBSTONE)
        if not fate.moved_money:
            return Verdict(Status.OK, code=NOTHING_TO_UNDO)
        if fate.psn_no != psn_no:
            return Verdict(Status.DECLINED, code=OTHER_PERSON)
        if fate.undone_by is not None:
            return Verdict(Status.OK, code=NOTHING_TO_UNDO, other=fate.undone_by)
        assert fate.settlement is not None
        settlement = self.fates[fate.settlement]
        assert settlement.bill is not None
        if settlement.sealed or settlement.bill in self.live:
            return Verdict(Status.DECLINED, code=SUPERSEDED)
        return Verdict(Status.OK, Move.REVIVE)

    def decided(self, id_: Id, fate: Fate, verdict: Verdict, target: Id | None) -> None:
        """Take a decision into account for those that follow it."""
        self.fates[id_] = fate
        if verdict.move is Move.PAY:
            assert fate.bill is not None
            self.live[fate.bill] = id_
        elif verdict.move is Move.TOMBSTONE:
            assert target is not None
            self.fates[target] = Fate(Kind.TOMBSTONE, Status.VOIDED, fate.psn_no)
        elif verdict.move is Move.MIRROR:
            assert target is not None
            undone = self.fates[target]
            assert undone.bill is not None
            self.fates[target] = replace(undone, undone_by=id_, sealed=undone.sealed or verdict.seals)
            self.live.pop(undone.bill, None)
        elif verdict.move is Move.REVIVE:
            assert target is not None
            assert fate.settlement is not None
            self.fates[target] = replace(self.fates[target], undone_by=id_)
            revived = self.fates[fate.settlement]
            assert revived.bill is not None
            self.fates[fate.settlement] = replace(revived, undone_by=None)
            self.live[revived.bill] = fate.settlement
        elif verdict.seals:
            assert target is not None
            self.fates[target] = replace(self.fates[target], sealed=True)
