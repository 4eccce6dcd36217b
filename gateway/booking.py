"""W3: decisions of the home nodes are booked in flushes, and only then the calls are answered.

What is booked already is skipped, and taken out of `open` all the same. The same id with other bytes stops with an
alarm: it stays open, for people to look at.
"""

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import Final

import structlog

from bus.intake import Intake
from gateway.alarm import Alarm
from gateway.calls import Answer
from gateway.care_book import CareBook, CareBookUnavailable
from gateway.decisions import row_of
from gateway.dispatch import Dispatch
from gateway.entrance import NO_DIGEST
from gateway.refusals import refuse
from gateway.row_booking import RowBooking
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.errors import IdMalformed
from runtime.keys import message_name, setl_id_bytes
from runtime.logs import safe_error

DECISIONS_MAX: Final = 20_000
BOOK_AGAIN_AFTER_MS: Final = 200

_log: structlog.stdlib.BoundLogger = structlog.get_logger("booking")


class Booking:
    """The one who writes the care book of this slot."""

    def __init__(self, *, book: CareBook, dispatch: Dispatch, alarm: Alarm) -> None:
        self._rows = RowBooking(book=book, alarm=alarm)
        self._dispatch = dispatch
        self._alarm = alarm
        self._intake: Intake[mpb.Decision] = Intake(items_max=DECISIONS_MAX)

    def __len__(self) -> int:
        return len(self._intake)

    def take(self, decisions: Iterable[mpb.Decision]) -> None:
        """Queue decisions; those for which there is no room are asked for again by the timer."""
        for decision in decisions:
            if not self._intake.put(decision):
                return

    async def run(self) -> None:
        """Flush after flush, for ever."""
        while True:
            decisions = {decision.id: decision for decision in await self._intake.take()}
            try:
                await self._flush(decisions)
            except CareBookUnavailable as lost:
                _log.error("care book unavailable", error=safe_error(lost.__cause__ or lost))
                self._intake.put_back([d for id_, d in decisions.items() if id_ in self._dispatch])
                await asyncio.sleep(BOOK_AGAIN_AFTER_MS / 1000)

    async def _flush(self, decisions: dict[bytes, mpb.Decision]) -> None:
        by_day: dict[date, list[Row]] = {}
        for decision in decisions.values():
            try:
                row = row_of(decision)
            except (ValueError, TypeError):
                self._alarm("a decision came that is no row", setl_id=message_name(decision.id))
                continue
            by_day.setdefault(row.day, []).append(row)
        for rows in by_day.values():
            for row in await self._rows.booked(rows):
                self._answer(row, decisions[row.id])

    def _answer(self, row: Row, decision: mpb.Decision) -> None:
        try:
            undone_by = setl_id_bytes(decision.undone_by) if decision.undone_by else b""
        except IdMalformed:
            undone_by = b""
        for call in self._dispatch.final(row.id):
            if row.digest not in (NO_DIGEST, call.digest):
                call.answer(
                    refuse("MSGID_REUSED", "this msgid was decided with other content; take a new one")
                )
            else:
                call.answer(Answer(row.answer, undone_by))
