"""W3 of rows that are of one day: what is booked already is skipped, what cannot be booked is alarmed and left out.

Decisions stand by themselves, so a flush that meets a booked one is simply written again without it. The same id with
other bytes stops with an alarm, for people to look at.
"""

from gateway.alarm import Alarm
from gateway.care_book import BookedAlready, CareBook, RowRefused
from ledger.rows import Row
from runtime.keys import message_name


class RowBooking:
    """Writes rows into a care book."""

    def __init__(self, *, book: CareBook, alarm: Alarm) -> None:
        self._book = book
        self._alarm = alarm

    async def booked(self, rows: list[Row]) -> list[Row]:
        """Book rows of one day; gives those whose outcome may be told. Raises CareBookUnavailable."""
        told: list[Row] = []
        while rows:
            try:
                await self._book.book(rows)
                return told + rows
            except BookedAlready:
                answers = await self._book.booked(rows)
                told += self._same(rows, answers)
                rows = [row for row in rows if row.id not in answers]
            except RowRefused as refused:
                line = 0 if len(rows) == 1 else refused.line
                named = message_name(rows[line].id) if line is not None else ""
                self._alarm("a decision breaks a rule of the care book", setl_id=named)
                if refused.line is None:
                    return told + await self._one_by_one(rows)
                del rows[refused.line]
        return told

    async def _one_by_one(self, rows: list[Row]) -> list[Row]:
        """The book does not say which row it refuses: each is written alone."""
        if len(rows) == 1:
            return []
        return [booked for row in rows for booked in await self.booked([row])]

    def _same(self, rows: list[Row], answers: dict[bytes, bytes]) -> list[Row]:
        """Rows that are booked with these very bytes; others stop with an alarm."""
        same = []
        for row in rows:
            if row.id in answers:
                if answers[row.id] == row.answer:
                    same.append(row)
                else:
                    self._alarm(
                        "a node decided an id twice, with different bytes", setl_id=message_name(row.id)
                    )
        return same
