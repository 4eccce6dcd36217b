"""The fee lines of a bill before any catalogue: do they add up, are returns in order, what is left of them.

A return (退费) is a line of its own with negative quantity and amount that names the line it takes back
in init_feedetl_sn. Returns are netted with their line before the split; no more is returned than was bought.
Quantities are in 1/10,000, prices in 1/1,000,000 yuan, amounts in fen. Pure.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

PRODUCT_PER_FEN: Final = 100_000_000
"""A quantity times a price counts 1/10,000 × 1/1,000,000 yuan; so many of them are one fen."""


class FeeLine(Protocol):
    """What is read of a line; `FeeDetail` of the wire has it, and so has a netted line."""

    @property
    def feedetl_sn(self) -> str: ...
    @property
    def med_list_codg(self) -> str: ...
    @property
    def det_item_fee_sumamt(self) -> int: ...
    @property
    def cnt(self) -> int: ...
    @property
    def pric(self) -> int: ...
    @property
    def fee_ocur_time(self) -> str: ...
    @property
    def init_feedetl_sn(self) -> str: ...


class NettedLine(NamedTuple):
    """A line after its returns: their quantities and amounts taken off, everything else its own."""

    feedetl_sn: str
    med_list_codg: str
    det_item_fee_sumamt: int
    cnt: int
    pric: int
    fee_ocur_time: str
    init_feedetl_sn: str = ""


class Violation(NamedTuple):
    """Why lines are refused; nothing in it speaks of a person."""

    code: str
    place: int
    """Which line, counted from 0."""
    field: str
    """Which field of it: with the place, the path of the wire's `Violation`."""
    message: str
    """What to mend, in a sentence."""


def line_adds_up(line: FeeLine) -> bool:
    """Whether quantity × price is the amount, to a fen (prices have six decimals, amounts two)."""
    excess = line.cnt * line.pric - line.det_item_fee_sumamt * PRODUCT_PER_FEN
    return -PRODUCT_PER_FEN <= excess <= PRODUCT_PER_FEN


def line_violations(lines: Sequence[FeeLine]) -> list[Violation]:
    """What is wrong with lines as a set: numbers, signs, returns. Empty: they may be netted and split.

    Whether each line adds up is `line_adds_up`'s question, whether item and time are well formed admission's.
    """
    places: dict[str, int] = {}
    returns: list[int] = []
    violations: list[Violation] = []
    for place, line in enumerate(lines):
        if line.init_feedetl_sn:
            returns.append(place)
        elif line.cnt <= 0 or line.pric < 0 or line.det_item_fee_sumamt < 0:
            message = "quantity must be above 0, price and amount not below; a return names init_feedetl_sn"
            violations.append(Violation("LINE_SIGN", place, "cnt", message))
        if places.setdefault(line.feedetl_sn, place) != place:
            message = "another line of the bill has the same feedetl_sn"
            violations.append(Violation("LINE_REPEATED", place, "feedetl_sn", message))
    if returns:
        violations += [found for place in returns if (found := _return_violation(place, lines, places))]
        violations += _excess_violations(returns, lines, places)
    return violations


def _return_violation(place: int, lines: Sequence[FeeLine], places: dict[str, int]) -> Violation | None:
    line, of = lines[place], places.get(lines[place].init_feedetl_sn)
    if line.cnt >= 0 or line.det_item_fee_sumamt > 0:
        return Violation("RETURN_SIGN", place, "cnt", "a return has a negative quantity and amount")
    if of is None:
        return Violation("RETURN_UNKNOWN", place, "init_feedetl_sn", "it names no line of this bill")
    original = lines[of]
    if original.init_feedetl_sn:
        return Violation(
            "RETURN_OF_RETURN", place, "init_feedetl_sn", "it names a return, not what was bought"
        )
    if original.med_list_codg != line.med_list_codg:
        return Violation(
            "RETURN_OTHER_ITEM", place, "med_list_codg", "it is not the item of the line returned"
        )
    if original.pric != line.pric:
        return Violation("RETURN_OTHER_ITEM", place, "pric", "it is not the price of the line returned")
    return None


def _excess_violations(
    returns: Sequence[int], lines: Sequence[FeeLine], places: dict[str, int]
) -> Iterator[Violation]:
    """What is wrong with the returns of a line taken together, told at the line that was bought."""
    left: dict[int, list[int]] = {}
    for place in returns:
        line = lines[place]
        of = places.get(line.init_feedetl_sn)
        if of is not None:
            rest = left.setdefault(of, [lines[of].cnt, lines[of].det_item_fee_sumamt])
            rest[0] += line.cnt
            rest[1] += line.det_item_fee_sumamt
    for of, (cnt, amount) in left.items():
        if cnt < 0:
            yield Violation("RETURN_TOO_MUCH", of, "cnt", "more of it is returned than was bought")
        elif amount < 0:
            yield Violation("RETURN_TOO_MUCH", of, "det_item_fee_sumamt", "more is returned than it cost")
        elif cnt == 0 and amount != 0:
            message = "all of it is returned, so the amounts of line and returns must come to 0"
            yield Violation("RETURN_AMOUNT", of, "det_item_fee_sumamt", message)


def net_returns(lines: Sequence[FeeLine]) -> list[FeeLine]:
    """The lines bought, each less its returns, in the order of the lines.

    For lines in which `line_violations` finds nothing; ValueError for a return whose line is not there.
    """
    left: dict[str, list[int]] = {}
    for line in lines:
        if line.init_feedetl_sn:
            rest = left.setdefault(line.init_feedetl_sn, [0, 0])
            rest[0] += line.cnt
            rest[1] += line.det_item_fee_sumamt
    netted: list[FeeLine] = []
    for line in lines:
        if line.init_feedetl_sn:
            continue
        rest = left.pop(line.feedetl_sn, [0, 0])
        if rest == [0, 0]:
            netted.append(line)
            continue
        amount, cnt = line.det_item_fee_sumamt + rest[1], line.cnt + rest[0]
        item, pric, time = line.med_list_codg, line.pric, line.fee_ocur_time
        netted.append(NettedLine(line.feedetl_sn, item, amount, cnt, pric, time))
    if left:
        raise ValueError("a return names a line that is not in the bill: check line_violations first")
    return netted
