"""Guards taken away, one or a pair at a time, to show that the checker sees what each is for.

Several guards stand in pairs: what passes the one is caught by the other (design: "what a model of this showed"). Those
are taken away together, else a guard looks tested and is not. `patch` puts everything back after the test.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway import undoing
from gateway.care_book import RequestRow
from gateway.dispatch import Dispatch
from homepool.book import Conflict, Cursor, Fenced, Written
from ledger.life import PAY, Lives, Status, Verdict
from tests.simulation import fake_care_book
from tests.simulation.fake_care_book import FakeCareBook
from tests.simulation.fake_home_book import FakeHomeBook, HomeStore, Staged

LATE_S = 0.05


def claim_before_sending(patch: pytest.MonkeyPatch) -> None:
    """W1 is told as done before it is written: a crash in between loses it."""
    patch.setattr(FakeCareBook, "claim", _later(FakeCareBook.claim))


def book_before_answering(patch: pytest.MonkeyPatch) -> None:
    """W3 is told as done before it is written."""
    patch.setattr(FakeCareBook, "book", _later(FakeCareBook.book))


def _later(write: Any) -> Any:
    async def told_too_early(book: FakeCareBook, rows: Sequence[Any]) -> None:
        if any(isinstance(row, RequestRow) and row.item is None for row in rows):
            return await write(book, rows)  # decided here and never sent

        async def write_late() -> None:
            await asyncio.sleep(LATE_S)
            await write(book, rows)

        asyncio.get_running_loop().create_task(write_late()).add_done_callback(
            lambda done: None if done.cancelled() else done.exception()
        )
        return None

    return told_too_early


def skip_what_is_booked(patch: pytest.MonkeyPatch) -> None:
    """W3 writes a decision as often as it comes."""
    book = fake_care_book._book

    def again(tables: fake_care_book.Tables, rows: Sequence[Any]) -> None:
        for row in rows:
            tables.care.pop((row.id, row.day), None)
        book(tables, rows)

    patch.setattr(fake_care_book, "_book", again)


def send_again(patch: pytest.MonkeyPatch) -> None:
    """What is sent once is never sent again by the timer."""
    patch.setattr(Dispatch, "_take_due", lambda self: [])
    patch.setattr(Dispatch, "send_at_once", lambda self, node, partition: None)


def gateway_tombstone(patch: pytest.MonkeyPatch) -> None:
    """A reversal of an unknown id does not claim that id."""
    patch.setattr(undoing, "_with_tombstones", lambda admitted, *_: admitted)


def node_tombstone(patch: pytest.MonkeyPatch) -> None:
    """A reversal that overtakes its original leaves nothing in its way."""
    reverse = Lives.reverse

    def without(self: Lives, target: bytes, psn_no: str) -> Verdict:
        if target not in self.fates:
            return Verdict(Status.OK, code="NOTHING_TO_UNDO")
        return reverse(self, target, psn_no)

    patch.setattr(Lives, "reverse", without)


def seal(patch: pytest.MonkeyPatch) -> None:
    """What was cancelled and then reversed may live again."""
    reverse = Lives.reverse
    patch.setattr(Lives, "reverse", lambda *given: replace(reverse(*given), seals=False))


def one_live_settlement_per_bill(patch: pytest.MonkeyPatch) -> None:
    """The life of a bill, and the CHECK that stands behind it."""
    patch.setattr(Lives, "settle", lambda self, bill: PAY)
    patch.setattr(Staged, "_move_bills", _without(Staged._move_bills, Conflict))


def deadline_compare(patch: pytest.MonkeyPatch) -> None:
    """W2 does not compare the deadline with its own clock."""
    patch.setattr(Staged, "_check_deadlines", lambda self, rows: None)


def new_decisions_after_a_conflict(patch: pytest.MonkeyPatch) -> None:
    """After a conflict the decisions are kept and only put at the cursor's place: patched, not decided again."""
    write = FakeHomeBook.write

    async def patched(book: FakeHomeBook, rows: Sequence[Written], cursor: Cursor) -> Cursor:
        try:
            return await write(book, rows, cursor)
        except (Fenced, Conflict):
            stands = book.store.cursors[cursor.partition]
            kept = [
                Written(one.row._replace(number=stands.next_number + place), one.deadline_ms)
                for place, one in enumerate(rows)
            ]
            return await write(book, kept, stands)

    patch.setattr(FakeHomeBook, "write", patched)


def term_and_number(patch: pytest.MonkeyPatch) -> None:
    """No session is ended and no cursor compared: whoever was the writer may write."""
    patch.setattr(FakeHomeBook, "lose", lambda self: None)
    patch.setattr(Staged, "_check_cursor", lambda self, cursor: None)
    patch.setattr(Staged, "_check_rows", _without(Staged._check_rows, Fenced))
    locked = FakeHomeBook.locked

    def unlooked(self: FakeHomeBook, cursor: Cursor) -> AbstractAsyncContextManager[Any]:
        return locked(self, self.store.cursors[cursor.partition])

    patch.setattr(FakeHomeBook, "locked", unlooked)


def node_claim(patch: pytest.MonkeyPatch) -> None:
    """An id may be decided again."""
    patch.setattr(Staged, "_claim", _without(Staged._claim, Conflict))


def version_at_close(patch: pytest.MonkeyPatch) -> None:
    """The day's end does not stop a flush under way."""
    close = HomeStore.close_day

    def close_quietly(store: HomeStore, day: date) -> None:
        versions = {partition: cursor.version for partition, cursor in store.cursors.items()}
        close(store, day)
        for partition, version in versions.items():
            store.cursors[partition] = store.cursors[partition]._replace(version=version)

    patch.setattr(HomeStore, "close_day", close_quietly)


def day_compare(patch: pytest.MonkeyPatch) -> None:
    """W2 does not compare the day of its rows with the cursor's."""
    check = Staged._check_cursor

    def check_but_day(staged: Staged, cursor: Cursor) -> None:
        cursors = staged._store.cursors
        stands = dict(cursors)
        for partition, one in stands.items():
            cursors[partition] = one._replace(day=date.min)
        try:
            check(staged, cursor)
        finally:
            cursors.update(stands)

    patch.setattr(Staged, "_check_cursor", check_but_day)


def _without(check: Any, refusal: type[Exception]) -> Any:
    """A check whose refusal is not heard; what it did before stays done."""

    def unheard(self: Staged) -> None:
        with suppress(refusal):
            check(self)

    return unheard
