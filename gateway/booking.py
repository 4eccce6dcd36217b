"""W3: decisions of the home nodes are booked in flushes, and only then the calls are answered.

What is booked already is skipped, and taken out of `open` all the same. The same id with other bytes stops with an
alarm: it stays open, for people to look at. Decisions stand by themselves, so a flush that meets a booked one is
simply written again without it.
"""

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import Final

import structlog

from bus.intake import Intake
from gateway.alarm import Alarm
from gateway.calls import Answer
from gateway.care_book import BookedAlready, CareBook, CareBookUnavailable, RowRefused
from gateway.decisions import row_of
from gateway.dispatch import Dispatch
from gateway.entrance import NO_DIGEST
from gateway.refusals import refuse
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
        self._book = book
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
            for row in await self._booked(rows):
                self._answer(row, decisions[row.id])

    async def _booked(self, rows: list[Row]) -> list[Row]:
        """Book rows of one day; gives those whose outcome may be told."""
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
        return [booked for row in rows for booked in await self._booked([row])]

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
