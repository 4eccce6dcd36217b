"""W1: calls come in, are read for, judged and claimed in flushes, and only then sent.

One loop per slot. A flush reads everything that its calls speak of in one view, answers what is known, refuses what
may not be, and claims the rest in one COPY. A conflict with another process throws the flush away: it is read and
judged again. Every caller gets an answer: what W1 may have written, without our knowing, is PENDING.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from bus.intake import Intake
from gateway.admission import admit, sought_by, targets_of
from gateway.alarm import Alarm
from gateway.asks import Asks
from gateway.calls import Answer, Call, NeedsNode, Reply
from gateway.care_book import (
    CareBook,
    CareBookUnavailable,
    Claim,
    ClaimConflict,
    Decided,
    Known,
    OpenItem,
    RowRefused,
)
from gateway.dispatch import Dispatch
from gateway.entrance import NO_DIGEST, Admitted, House, Verdict, View
from gateway.refusals import Refused, refuse
from gateway.settling import visits_of_uploaded
from gateway.signed_in import SignedIn
from gateway.silences import Silences
from gateway.undoing import superseded
from ledger.life import Kind
from runtime.clock import Clock, china_date
from runtime.keys import message_name
from runtime.logs import safe_error

CALLS_MAX: Final = 10_000
ATTEMPTS_MAX: Final = 5
UNCERTAIN_MAX: Final = 10_000
BOOK_AGAIN_AFTER_MS: Final = 200
LOOK_AGAIN_AFTER_MS: Final = 20

_log: structlog.stdlib.BoundLogger = structlog.get_logger("claims")


class ClaimDesk:
    """Where every claimed call and every trial settlement passes."""

    def __init__(
        self,
        *,
        book: CareBook,
        house: House,
        dispatch: Dispatch,
        silences: Silences,
        asks: Asks,
        signed_in: SignedIn,
        clock: Clock,
        alarm: Alarm,
    ) -> None:
        self._book = book
        self._house = house
        self._dispatch = dispatch
        self._silences = silences
        self._asks = asks
        self._signed_in = signed_in
        self._clock = clock
        self._alarm = alarm
        self._intake: Intake[Call] = Intake(items_max=CALLS_MAX)
        self._uncertain: list[bytes] = []
        self._unanswered = 0

    def __len__(self) -> int:
        return len(self._intake)

    @property
    def unanswered(self) -> int:
        """How many calls that were taken in have no reply yet; who has stopped waiting is not counted."""
        return self._unanswered

    def submit(self, call: Call) -> Refused | None:
        """Take a call in; its reply resolves later. A full queue refuses, and nothing happened."""
        if self._dispatch.full or not self._intake.put(call):
            return refuse(
                "QUEUE_FULL", "too many messages are under way here; send this one again in a second"
            )
        self._unanswered += 1
        call.reply.add_done_callback(self._replied)
        return None

    def _replied(self, _: "asyncio.Future[Reply]") -> None:
        self._unanswered -= 1

    async def run(self) -> None:
        """Flush after flush, for ever."""
        while True:
            calls = await self._intake.take()
            try:
                await self._flush(calls)
            except CareBookUnavailable as lost:
                for call in calls:
                    call.answer(
                        refuse("BOOK_UNAVAILABLE", "the care book does not answer; nothing was stored")
                    )
                _log.error("care book unavailable", error=safe_error(lost.__cause__ or lost))
                await asyncio.sleep(BOOK_AGAIN_AFTER_MS / 1000)

    async def _flush(self, calls: list[Call]) -> None:
        await self._look_after_uncertain()
        for _ in range(ATTEMPTS_MAX):
            # who has stopped waiting is told to ask again; a reversal is carried out all the same
            calls = [call for call in calls if not call.reply.done() or _carried_out_anyway(call)]
            try:
                await self._attempt(calls)
                return
            except ClaimConflict:
                continue
        for call in calls:
            call.answer(refuse("CONTENDED", "other processes work on the same visit; send this one again"))

    async def _attempt(self, calls: list[Call]) -> None:
        """One read, one judgement, one W1. Raises ClaimConflict with nothing written."""
        known = await self._book.read([sought_by(call) for call in calls])
        await self._signed_in.learn([call.envelope for call in calls])
        now_ms = self._clock.now_ms()
        seen: dict[bytes, Claim] = {}
        for call in calls:
            if (claim := known.claims.get(call.id)) is not None and not call.presettle:
                seen[call.id] = claim
            elif call.kind in (Kind.CANCEL, Kind.REVERSE):
                seen |= targets_of(call, known)
        finals = await self._book.finals(seen) if seen else {}
        visits = visits_of_uploaded(calls, known)
        fee_sums = await self._book.fee_sums(visits) if visits else {}
        view = View(known, finals, self._silences.silent, now_ms, china_date(now_ms), fee_sums)
        fresh: dict[bytes, list[Call]] = {}
        repeats: list[Call] = []
        for call in calls:
            if call.presettle:
                self._pre_settle(call, view)
            elif call.id in known.claims:
                repeats.append(call)
            else:
                fresh.setdefault(call.id, []).append(call)
        # W1 comes last: whatever fails before it, nothing of this flush was stored, and all may be refused
        await self._answer_known(repeats, known, finals)
        later = await self._claim(list(fresh.values()), view)
        self._intake.put_back(later)

    def _judged(self, call: Call, view: View) -> Verdict:
        """What becomes of a message; one that breaks admission refuses itself only."""
        try:
            return self._signed_in.refusal(call.envelope) or admit(call, house=self._house, view=view)
        except Exception as error:
            named = message_name(call.id)
            self._alarm("admission failed on a message", setl_id=named)
            _log.error("admission failed", setl_id=named, error=safe_error(error))
            return refuse("INTERNAL", "the message could not be judged here; nothing was stored")

    def _pre_settle(self, call: Call, view: View) -> None:
        verdict = self._judged(call, view)
        if isinstance(verdict, Admitted):
            self._asks.pre_settle(call, verdict)
        else:
            call.answer(verdict)

    async def _claim(self, messages: Sequence[Sequence[Call]], view: View) -> list[Call]:
        """Refuse or claim messages, each with the calls that bring it; gives the calls that must meet a claim."""
        admitted: list[tuple[Call, Admitted]] = []
        later: list[Call] = []
        taken: set[bytes] = set()
        for calls in messages:
            for place, call in enumerate(calls):
                verdict = self._judged(call, view)
                if isinstance(verdict, Refused | NeedsNode):
                    call.answer(verdict)  # a refusal speaks of one call: the next is judged by itself
                elif self._taken(verdict, taken):
                    call.answer(
                        refuse(
                            "BUSY_VISIT", "another message of this visit is under way; send this one again"
                        )
                    )
                else:
                    admitted.append((call, verdict))
                    later += calls[place + 1 :]
                    break
        admitted = await self._free_of_live_lines(admitted, view)
        while admitted:
            rows = [row for _, verdict in admitted for row in verdict.rows]
            try:
                await self._book.claim(rows)
            except RowRefused as refused:
                line = 0 if len(rows) == 1 else refused.line
                named = message_name(rows[line].id) if line is not None else ""
                self._alarm("a row of W1 breaks a rule of the care book", setl_id=named)
                admitted = _without_culprit(admitted, refused)
            except CareBookUnavailable:
                self._uncertain_after(admitted)
                raise
            else:
                self._claimed(admitted)
                break
        return later

    @staticmethod
    def _taken(verdict: Admitted, taken: set[bytes]) -> bool:
        """Two rows of one flush may neither change the same visit nor set the same tombstone."""
        keys = {row.visit for row in verdict.rows if row.visit_version or row.opens_visit}
        keys |= {row.alias for row in verdict.rows} | {row.id for row in verdict.rows}
        keys.discard(None)
        if keys & taken:
            return True
        taken |= {key for key in keys if key}
        return False

    async def _free_of_live_lines(
        self, admitted: list[tuple[Call, Admitted]], view: View
    ) -> list[tuple[Call, Admitted]]:
        """No fee line is in two live bills; few messages come here, for most visits have one bill."""
        wanted = [verdict.lines for _, verdict in admitted if verdict.lines is not None]
        if not wanted:
            return admitted
        in_live = await self._book.lines_in_live_bills(wanted)
        free = []
        for call, verdict in admitted:
            lines = verdict.lines
            if lines is None or (lines.visit, lines.bill) not in in_live:
                free.append((call, verdict))
            elif call.kind == Kind.SETTLE:
                call.answer(
                    refuse(
                        "LINES_IN_LIVE_BILL",
                        "some fee line or drug pack is in another settlement of this visit that lives",
                    )
                )
            else:
                free.append((call, superseded(call, verdict.rows, now_ms=view.now_ms)))
        return free

    def _claimed(self, admitted: list[tuple[Call, Admitted]]) -> None:
        """W1 has committed: answer what was decided here, send the rest."""
        sent = []
        for call, verdict in admitted:
            row = verdict.rows[0]
            if row.own_answer is not None:
                call.answer(Answer(row.own_answer))
                continue
            assert row.item is not None
            item = OpenItem(
                row.id,
                row.kind,
                row.digest,
                row.node,
                row.partition,
                row.deadline_ms,
                row.since_ms,
                row.slot,
                row.item,
            )
            self._dispatch.look_after(item, call)
            sent.append(item)
        self._dispatch.send(sent)

    def _uncertain_after(self, admitted: list[tuple[Call, Admitted]]) -> None:
        """A W1 of unknown end is PENDING, never a refusal; what it wrote is looked after once that can be read."""
        for call, _ in admitted:
            call.answer(call.not_final)
        self._uncertain = [*self._uncertain, *(call.id for call, _ in admitted)][-UNCERTAIN_MAX:]

    async def _look_after_uncertain(self) -> None:
        if self._uncertain:
            items = await self._book.open_items(self._uncertain)
            self._uncertain = []
            self._dispatch.send([item for item in items if self._dispatch.look_after(item)])

    async def _answer_known(self, calls: list[Call], known: Known, finals: dict[bytes, Decided]) -> None:
        """A known id is recognised before any check: its outcome, or wait for it."""
        open_calls: dict[bytes, list[Call]] = {}
        for call in calls:
            claim, decided = known.claims[call.id], finals.get(call.id)
            voided = NO_DIGEST in (claim.digest, decided.digest if decided else None)
            if not voided and claim.digest != call.digest:
                call.answer(refuse("MSGID_REUSED", "this msgid was used for other content; take a new one"))
            elif decided is None:
                open_calls.setdefault(call.id, []).append(call)
            elif decided.digest not in (None, NO_DIGEST, call.digest):
                call.answer(
                    refuse("MSGID_REUSED", "this msgid was decided with other content; take a new one")
                )
            else:
                call.answer(Answer(decided.answer, known.undone_by(claim)))
        if open_calls:
            await self._wait_for(open_calls)

    async def _wait_for(self, open_calls: dict[bytes, list[Call]]) -> None:
        """Attach callers to open messages; a message that another slot looks after is sent from here as well."""
        items = {item.id: item for item in await self._book.open_items(list(open_calls))}
        fresh = []
        for id_, calls in open_calls.items():
            item = items.get(id_)
            if item is None:  # booked a moment ago: the next flush finds its outcome
                asyncio.get_running_loop().call_later(
                    LOOK_AGAIN_AFTER_MS / 1000, self._intake.put_back, calls
                )
                continue
            for call in calls:
                if self._dispatch.look_after(item, call):
                    fresh.append(item)
        self._dispatch.send(fresh)


def _carried_out_anyway(call: Call) -> bool:
    return call.kind == Kind.REVERSE and call.reply.cancelled()


def _without_culprit(
    admitted: list[tuple[Call, Admitted]], refused: RowRefused
) -> list[tuple[Call, Admitted]]:
    """Refuse the message whose row the book does not take (all of them where it does not say which)."""
    owners = [place for place, (_, verdict) in enumerate(admitted) for _ in verdict.rows]
    culprits = range(len(admitted)) if refused.line is None else [owners[refused.line]]
    for place in culprits:
        admitted[place][0].answer(
            refuse("INTERNAL", "the message breaks a rule of the care book; it was not stored")
        )
    return [one for place, one in enumerate(admitted) if place not in culprits]
