"""What may be done about a difference, by its class: who owns it, what comes next, and which actions settle it. Pure.

Rules: domain's reconciliation outcomes (centre has more, institution has more, data differ) and the project's own that a
class repairs itself only where both books prove it. Money that moves needs a second person. An assumption where no
public rule was found.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from clearing.day.compare import DifferenceClass
from clearing.figures import Figures, money_rows
from ledger.day import KEY_COLUMNS
from ledger.rows import AMOUNTS, PAYERS, SCOPE


class Action(StrEnum):
    """What an operator decides."""

    REQUERY = "requery"  # both books are asked again; where they agree by now, that is the proof
    FETCH_AGAIN = "fetch_again"  # the region books what it lacks; then both books are asked again
    ADOPT_HOME = "adopt_home"  # the home book is right: what it says is paid
    ADOPT_CARE = "adopt_care"  # the care book is right
    REVERSE = "reverse"  # 冲正: the institution reverses it by 2601; nothing is paid
    CARRY_OVER = "carry_over"  # it belongs to another day
    DISPUTE = "dispute"  # set aside until people have agreed; nothing is paid meanwhile


class Rule(NamedTuple):
    """How a class is dealt with."""

    owner: str  # home node, care region or institution
    next_action: str  # in words, for the list
    actions: frozenset[Action]


RULES: Final[Mapping[DifferenceClass, Rule]] = {
    DifferenceClass.MISSING_AT_CARE: Rule(
        "care region",
        "find out why the region could not book it, then fetch again",
        frozenset({Action.REQUERY, Action.FETCH_AGAIN, Action.ADOPT_HOME, Action.DISPUTE}),
    ),
    DifferenceClass.MISSING_AT_HOME: Rule(
        "home node",
        "requery; what the home book never decided is not paid: reverse it, or dispute",
        frozenset({Action.REQUERY, Action.ADOPT_CARE, Action.REVERSE, Action.DISPUTE}),
    ),
    DifferenceClass.MISSING_AT_INSTITUTION: Rule(
        "institution",
        "the institution queries it (5203) and adopts it, or reverses it (2601)",
        frozenset({Action.ADOPT_HOME, Action.REVERSE, Action.DISPUTE}),
    ),
    DifferenceClass.AMOUNT: Rule(
        "home node",
        "the home book decides what is paid; find out who changed the other",
        frozenset({Action.REQUERY, Action.ADOPT_HOME, Action.ADOPT_CARE, Action.DISPUTE}),
    ),
    DifferenceClass.STATUS: Rule(
        "home node",
        "requery; then adopt the book that the stored answer proves right",
        frozenset({Action.REQUERY, Action.ADOPT_HOME, Action.ADOPT_CARE, Action.DISPUTE}),
    ),
    DifferenceClass.DATE_SHIFT: Rule(
        "clearing", "none: counted on the home book's day", frozenset({Action.CARRY_OVER, Action.DISPUTE})
    ),
    DifferenceClass.DUPLICATE: Rule(
        "care region",
        "find the row that is too many; adopt the book that holds it once, then reverse it (2601) if it must go",
        frozenset({Action.REQUERY, Action.ADOPT_HOME, Action.ADOPT_CARE, Action.DISPUTE}),
    ),
    DifferenceClass.REFUND_SIGN: Rule(
        "home node",
        "one book holds a refund where the other holds a settlement: adopt the right one",
        frozenset({Action.REQUERY, Action.ADOPT_HOME, Action.ADOPT_CARE, Action.DISPUTE}),
    ),
    DifferenceClass.INSURANCE_UNKNOWN: Rule(
        "clearing",
        "say in scheme.toml whose money it is, then requery; or find out who wrote that insurance",
        frozenset({Action.REQUERY, Action.ADOPT_HOME, Action.DISPUTE}),
    ),
}

NEEDS_CHECKER: Final = frozenset({Action.ADOPT_HOME, Action.ADOPT_CARE, Action.CARRY_OVER})
"""Money moves on somebody's word: maker and checker differ."""


def counts_on(home: Sequence[Mapping[str, Any]], care: Sequence[Mapping[str, Any]]) -> str:
    """The one day (ISO) on which an id counts, of a difference's rows: it is paid once, on however many days it stands.

    The home book's day, and of several one on which the care book has it too, for there it was paid if the two agreed.
    """
    at_home, at_care = {row["day"] for row in home}, {row["day"] for row in care}
    day: str = min(at_home & at_care or at_home or at_care)
    return day


def adopted(figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The money that a side's rows, as a difference keeps them, bring into the next run: its first row, once.

    Of a duplicate the first row alone counts, for an id is paid once.
    """
    first = next(iter(figures), None)
    if first is None or not first["sign"]:
        return []
    return [
        {name: first[name] for name in KEY_COLUMNS}
        | {"items": 1}
        | {name: first.get(name, 0) for name in AMOUNTS}
    ]


def still_told(kept: Sequence[Mapping[str, Any]], now: Sequence[Figures]) -> list[Mapping[str, Any]]:
    """Of a side's rows, as a difference keeps them, those that its book tells today in the same words."""
    told = [row.as_json() for row in now]
    return [row for row in kept if row in told]


def adds_up(money: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each bill is what its payers pay (identity I4) and what its coverage says (I1).

    A row that was tampered with may not be adopted: it would keep every later run from holding.
    """
    return all(
        row["total_fen"] == sum(row[name] for name in parts) for row in money for parts in (PAYERS, SCOPE)
    )


def agreed(home: Sequence[Figures], care: Sequence[Figures]) -> list[dict[str, Any]] | None:
    """The money of an item that both books hold once and alike; None where they still differ."""
    if len(home) != 1 or len(care) != 1 or home[0].differing(care[0]):
        return None
    return money_rows(home[0])


def negated(money: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The second entry that undoes a resolution whose money has entered a run: the same rows taken back.

    The key's sign stays, for it says whether it was a settlement or a refund; count and amounts are negative.
    """
    return [{**row, "items": -row["items"], **{name: -row[name] for name in AMOUNTS}} for row in money]
