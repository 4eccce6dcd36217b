"""Each guard is taken away, with its twin where it has one, and the checker objects in some run; so it is not blind.

The other way round: one of a pair alone is held by its twin, and the checker has nothing to say.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.simulation import removals
from tests.simulation.scenarios import LONG_SLEEP_S, Run, blows, crashes, mornings, sleeping_workers
from tests.simulation.stories import Story, paid_once, reversed_unheard, sealed, two_visits
from tests.simulation.strikes import sleep_for
from tests.simulation.world import NODE_SERVICE, slot_service

Removal = Callable[[pytest.MonkeyPatch], None]
Runs = Callable[[], Iterator[Run]]


def at_every_write(story: Story, *, close: bool = False) -> Iterator[Run]:
    """A loader, or the day's end, between reading and writing."""
    return blows(
        story, NODE_SERVICE, at="book.write",
        blow=lambda world: lambda _: world.close_day() if close else world.load(*world.store.accounts, 100),
    )  # fmt: skip


def originals_overtaken() -> Iterator[Run]:
    """The gateway process stops before it sends; its message is reversed by way of the other meanwhile."""
    return blows(reversed_unheard, slot_service(0), lambda _: sleep_for(1.0), at="log.send")


def seeds() -> Iterator[Run]:
    return mornings(range(150))


SEEN: dict[str, tuple[tuple[Removal, ...], Runs, str]] = {
    "claim before sending": (
        (removals.claim_before_sending,), lambda: crashes(paid_once, slot_service(0)),
        "what its region had not claimed was decided",
    ),
    "book before answering": (
        (removals.book_before_answering,), lambda: crashes(paid_once, slot_service(0)),
        "was answered in other bytes than those stored",
    ),
    "skip what is booked": ((removals.skip_what_is_booked,), seeds, "the live bills of region"),
    "send again": ((removals.send_again,), lambda: crashes(paid_once, NODE_SERVICE), "never became final"),
    "the gateway's tombstone": (
        (removals.gateway_tombstone,), lambda: crashes(sealed, NODE_SERVICE),
        "what a reversal was answered OK for lives again",
    ),
    "the node's tombstone": (
        (removals.node_tombstone,), originals_overtaken, "what a reversal was answered OK for lives again"
    ),
    "seal": (
        (removals.seal,), lambda: crashes(sealed, NODE_SERVICE), "what a reversal was answered OK for lives again"
    ),
    "one live settlement per bill": (
        (removals.one_live_settlement_per_bill,), seeds, "two settlements of one bill live"
    ),
    "deadline compared when writing": (
        (removals.deadline_compare,), lambda: blows(paid_once, NODE_SERVICE, lambda _: sleep_for(LONG_SLEEP_S)),
        "money moved after its deadline",
    ),
    "decided again after a conflict": (
        (removals.new_decisions_after_a_conflict,), lambda: at_every_write(paid_once),
        "an answer names another balance than the account's",
    ),
    "term and number": (
        (removals.term_and_number,), lambda: sleeping_workers(two_visits),
        "accumulators are not the sum of their deltas",
    ),
    "the node's claim, term and number": (
        (removals.node_claim, removals.term_and_number), lambda: sleeping_workers(sealed),
        "a node decided an id twice",
    ),
    "version raised at the close and day compared": (
        (removals.version_at_close, removals.day_compare), lambda: at_every_write(paid_once, close=True),
        "a closed day grew",
    ),
}  # fmt: skip

HELD_BY_ITS_TWIN: dict[str, tuple[Removal, Runs]] = {
    "the node's claim": (removals.node_claim, lambda: sleeping_workers(two_visits)),
    "term and number, where all was sent again": (removals.term_and_number, lambda: sleeping_workers(sealed)),
    "version raised at the close": (
        removals.version_at_close, lambda: at_every_write(paid_once, close=True)
    ),
    "day compared": (removals.day_compare, lambda: at_every_write(paid_once, close=True)),
}  # fmt: skip


@pytest.mark.parametrize("guard", SEEN)
def test_a_guard_that_is_missing_is_seen(guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    removed, runs, words = SEEN[guard]
    for remove in removed:
        remove(monkeypatch)
    assert any(words in objection for run in runs() for objection in run.objections)


@pytest.mark.parametrize("guard", HELD_BY_ITS_TWIN)
def test_one_of_a_pair_is_held_by_its_twin(guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remove, runs = HELD_BY_ITS_TWIN[guard]
    remove(monkeypatch)
    assert not [run for run in runs() if run.objections]
