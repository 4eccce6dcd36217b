"""What the demo comes to: the figures of its last line, and the proof behind them in words."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from stack.compare import Comparison, compare_openings
from stack.hospitals import CANCEL, SETTLE
from stack.sheets import yuan
from stack.window import Receipts

REVERSE: Final = ("2601",)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last line: what the hospitals were told, and whether the books bear it out."""

    settled: int
    """Settlements that paid, undone since or not."""
    cancelled: int
    """Cancels that took a settlement back."""
    reversed: int
    """Reversals that were carried out: of a settlement, of a cancel, or of what had not come yet."""
    pending: int
    books_equal: bool
    zero_sum: bool
    cleared: bool = False
    """Clearing has closed and compared every day, and recomputed it."""
    differences: int = 0
    """Found by clearing between the two books."""
    nets_zero: bool = False
    """What the pools owe one another adds up to nothing, per insurance and fund."""

    @property
    def proved(self) -> bool:
        """The books bear out what the hospitals were told, and nothing is open."""
        return self.books_equal and self.zero_sum and not self.pending and self.settled > 0

    @property
    def good(self) -> bool:
        """Everything is proved, and the day is cleared."""
        return self.proved and self.cleared and not self.differences and self.nets_zero

    def line(self) -> str:
        """One JSON object."""
        return json.dumps(asdict(self), separators=(",", ":"))


def verdict_of(before: Comparison, after: Comparison, receipts: Receipts) -> Verdict:
    """The verdict on a morning between two comparisons; tallies that disagree become differences of `after`."""
    compare_openings(before, after)
    settled = receipts.count(tuple(SETTLE.values()), "PAID")
    cancelled = receipts.count(tuple(CANCEL.values()), "OK", undoing=True)
    undoing = receipts.count(REVERSE, "OK", undoing=True)
    for what, told, booked in (
        ("settlements paid", settled, after.paid - before.paid),
        ("cancels that took back", cancelled, after.cancelled - before.cancelled),
        ("reversals that undid", undoing, after.reversed - before.reversed),
    ):
        if told != booked:
            after.differences.add(f"{what}: the hospitals know of {told}, the books of {booked}")
    return Verdict(
        settled=settled,
        cancelled=cancelled,
        reversed=receipts.count(REVERSE, "OK"),
        pending=after.pending,
        books_equal=after.books_equal,
        zero_sum=after.zero_sum,
    )


def show(found: Comparison, receipts: Receipts, console: Console) -> None:
    """The proof in words: what the hospitals were told, what the books hold, every difference that was kept."""
    told = Table(title="What the hospitals were told", title_justify="left")
    told.add_column("transaction, outcome")
    told.add_column("messages", justify="right")
    for outcome, number in sorted(receipts.counted.items()):
        told.add_row(outcome, str(number))
    for code, number in sorted(receipts.refused.items()):
        told.add_row(f"{code}: not taken, so sent again", str(number))
    told.add_row("PENDING at first, final later", str(receipts.pending))
    console.print(told)
    console.print(
        f"Both books hold the same {found.rows} decisions, compared row by row over every column, answers byte for "
        "byte, and in sum by pool pair, insurance, day and outcome."
        if found.books_equal
        else f"[bold red]The books differ in {found.differences.count} places.[/bold red]"
    )
    console.print(
        f"Zero sum: bills of {yuan(found.total_fen)} yuan are exactly what is paid; funds owe {yuan(found.fund_fen)} "
        "yuan of them, which is what the care pools are to receive."
        if found.zero_sum
        else f"[bold red]{found.imbalances.count} rows or sums are not balanced.[/bold red]"
    )
    if found.by_hand:
        console.print(
            f"Paid back by hand, outside clearing: {found.by_hand} decisions, in the home book only and balanced."
        )
    console.print(f"Still pending: {found.pending}.")
    for findings in (found.differences, found.imbalances):
        for sentence in findings.sentences:
            console.print(f"  ✗ {sentence}", style="red", highlight=False, markup=False)
        if findings.count > len(findings.sentences):
            console.print(f"  … and {findings.count - len(findings.sentences)} more", style="red")
