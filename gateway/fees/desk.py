"""Fee calls: UploadFees (2204/2301) and CancelFees (2205/2302). Decided here alone, with claims and answers of their own.

Each call is one transaction that holds its visit. It is refused while a settlement or revival of the visit is open, while
the visit is closed, and where it touches lines that a live settlement pays.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import structlog

from gateway.calls import Answer, Call, Reply
from gateway.care_book import UPLOAD_FEES, VISIT_CLOSED, VISIT_OPEN, CareBookUnavailable, ClaimConflict
from gateway.catalogue import Catalogue
from gateway.checks import INPATIENT, day_of, each_line_violations, named
from gateway.entrance import House, Parties, View, parties_of, request_row
from gateway.fees.book import FeeBook, FeeTransaction, LiveBill
from gateway.fees.changes import ALL, CALL_LINES_MAX, Change, Held, Place, delete, keys_of, places_of, upload
from gateway.fees.traces import code_keys, trace, written_codes
from gateway.outcomes import own_outcome
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.settling import read_fee_lines
from gateway.signed_in import SignedIn
from gateway.slices import SLICE_LINES, Sliced, Slices
from ledger.life import Status
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date
from runtime.errors import IdMalformed
from runtime.keys import line_keys, setl_id_bytes, setl_id_text
from runtime.logs import safe_error

ATTEMPTS_MAX: Final = 3
AGAIN_AFTER_MS: Final = 50

_log: structlog.stdlib.BoundLogger = structlog.get_logger("fees")


class FeeDesk:
    """Where fee calls are judged and written."""

    def __init__(
        self, *, book: FeeBook, house: House, signed_in: SignedIn, slices: Slices, clock: Clock
    ) -> None:
        self._book = book
        self._slices = slices
        self._signed_in = signed_in
        self._house = house
        self._clock = clock

    async def decide(self, call: Call) -> Reply:
        """The reply to a fee call; what a transaction may have written without our knowing is PENDING."""
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await self._once(call)
            except ClaimConflict:
                await asyncio.sleep(AGAIN_AFTER_MS * (attempt + 1) / 1000)
            except CareBookUnavailable as lost:
                _log.error("care book unavailable", error=safe_error(lost.__cause__ or lost))
                return call.not_final
        return refuse("BUSY_VISIT", "another message of this visit is under way; send this one again")

    async def _once(self, call: Call) -> Reply:
        now_ms = self._clock.now_ms()
        view = View.of_moment(now_ms)
        visit_id = _visit_id(call)
        await self._signed_in.learn([call.envelope])
        async with self._book.transaction(visit_id) as held:
            known = await held.claim(call.id)
            if known is not None:
                claim, answer = known
                if claim.digest != call.digest or answer is None:
                    return refuse("MSGID_REUSED", "this msgid was used for other content; take a new one")
                return Answer(answer, claim.undone_by or b"")
            if (refused := self._signed_in.refusal(call.envelope)) is not None:
                return refused
            parties = parties_of(call, self._house, view.today)
            if isinstance(parties, Refused):
                return parties
            refused = await self._slices.of(_refusal(call, parties, held, view.today))
            if refused is not None:
                return refused
            return await self._written(call, parties, held, view)

    async def _written(self, call: Call, parties: Parties, held: FeeTransaction, view: View) -> Reply:
        visit = held.visit
        assert visit is not None
        live = await held.live_bills()
        if call.kind == UPLOAD_FEES:
            change = await self._uploaded(call, parties, held, live)
        else:
            change = await self._cancelled(call, parties, held, live)
        if isinstance(change, Refused):
            return change
        if change.written or change.deleted:
            await held.write(change, self._slices)
        lines, total_fen = await held.totals()
        answer = own_outcome(
            id_=call.id, infno=call.infno, msgid=call.envelope.msgid, status=Status.OK, now_ms=view.now_ms,
            mdtrt_id=setl_id_text(visit.id), splits=change.splits, fee_lines=lines, fee_sumamt=total_fen,
        )  # fmt: skip
        row = request_row(
            call, house=self._house, view=view, node=visit.node, partition=visit.partition, psn_no=visit.psn_no,
            visit=visit.id, visit_version=visit.version, own_answer=answer,
        )  # fmt: skip
        await held.answer(row)
        return Answer(answer)

    async def _uploaded(
        self, call: Call, parties: Parties, held: FeeTransaction, live: Sequence[LiveBill]
    ) -> Refused | Change:
        given: pb.UploadFeesInput = call.request.input  # type: ignore[assignment]
        visit = held.visit
        assert visit is not None
        catalogue = self._house.catalogues.get(parties.institution.pool)
        if catalogue is None:
            return refuse("NOT_OPENED", f"care pool {parties.institution.pool} has no catalogue here")
        if any(not bill.uploaded for bill in live):
            return refuse("FEES_INLINE", "a settlement of this visit carried its lines itself; go on so")
        batch = "" if visit.med_type in INPATIENT else given.chrg_bchno
        today = china_date(self._clock.now_ms()).isoformat()
        keys, named_keys = keys_of(given.feedetl)
        known = await held.held([*keys, *named_keys])
        days = {day_of(line.fee_ocur_time or today) for line in given.feedetl}
        change = await self._slices.of(
            upload(
                given.feedetl, keys=keys, batch=batch, held=known,
                sums=await held.sums({(batch, day) for day in days if day} | places_of(known.values())),
                visit_lines=visit.fee_lines, catalogue=catalogue, level=parties.institution.lmtpric_hosp_lv,
                upload_id=call.id, default_time=today,
            )
        )  # fmt: skip
        if isinstance(change, Refused):
            return change
        places = dict(zip(keys, range(len(keys)), strict=True))
        if (
            refused := await _traced(change, parties, held, catalogue, self._slices, places=places)
        ) is not None:
            return refused
        return _settled_refusal(places_of(change.written.values()), visit.id, live) or change

    async def _cancelled(
        self, call: Call, parties: Parties, held: FeeTransaction, live: Sequence[LiveBill]
    ) -> Refused | Change:
        given: pb.CancelFeesInput = call.request.input  # type: ignore[assignment]
        visit = held.visit
        assert visit is not None
        everything = ALL in (given.chrg_bchno, *given.feedetl_sn)
        if everything and not live:
            await held.delete_all()
            return Change()
        lines = await _named_lines(given, held)
        if isinstance(lines, Refused):
            return lines
        returns = await held.returns_of([one.key for one in lines])
        originals = await held.held([one.init_key for one in lines if one.init_key is not None])
        settled = _settled_keys([*lines, *returns.values(), *originals.values()], visit.id, live)
        # a line and its returns change together, on whatever days they are
        if everything:
            settled |= {back.init_key for key, back in returns.items() if key in settled}
            lines = [one for one in lines if not settled & {one.key, one.init_key}]
            kept = {one.key for one in lines}
            returns = {key: back for key, back in returns.items() if back.init_key in kept}
        elif settled:
            return refuse(
                "FEES_SETTLED", "a live settlement pays lines of this batch or day; cancel it first"
            )
        sums = await held.sums(places_of([*lines, *returns.values(), *originals.values()]))
        catalogue = self._house.catalogues[parties.institution.pool]
        change = await self._slices.of(
            delete(
                lines, sums=sums, returns=returns, originals=originals, catalogue=catalogue,
                level=parties.institution.lmtpric_hosp_lv,
            )
        )  # fmt: skip
        gone = [*lines, *returns.values()]
        return await _traced(change, parties, held, catalogue, self._slices, gone=gone) or change


async def _traced(
    change: Change, parties: Parties, held: FeeTransaction, catalogue: Catalogue, slices: Slices, *,
    places: Mapping[int, int] | None = None, gone: Sequence[Held] = (),
) -> Refused | None:  # fmt: skip
    """Looks at the traceability codes of a change, and writes into it what becomes of them."""
    written = await slices.of(written_codes(change, catalogue))
    codes = await slices.of(code_keys(written.values()))
    return await slices.of(
        trace(
            change, written, places=places or {}, gone=gone, taken=await held.takers(codes) if codes else {},
            catalogue=catalogue, pharmacy=parties.institution.pharmacy,
        )
    )  # fmt: skip


def _visit_id(call: Call) -> bytes | None:
    try:
        return setl_id_bytes(call.request.input.mdtrt_id)  # type: ignore[union-attr]
    except IdMalformed:
        return None


def _refusal(call: Call, parties: Parties, held: FeeTransaction, today: date) -> Sliced[Refused | None]:
    given: pb.UploadFeesInput | pb.CancelFeesInput = call.request.input  # type: ignore[assignment]
    bad = named("input.mdtrt_id", given.mdtrt_id, characters_max=30)
    bad += named("input.psn_no", given.psn_no, characters_max=30)
    bad += named("input.chrg_bchno", given.chrg_bchno, characters_max=30, needed=False)
    if isinstance(given, pb.UploadFeesInput):
        if not given.feedetl:
            bad.append(Violation("input.feedetl", "is empty"))
        if len(given.feedetl) > CALL_LINES_MAX:
            bad.append(
                Violation("input.feedetl", f"has {len(given.feedetl)} lines; a call carries {CALL_LINES_MAX}")
            )
        else:
            bad += yield from _line_violations(given.feedetl, today)
    elif not given.chrg_bchno and not given.feedetl_sn:
        bad.append(Violation("input.feedetl_sn", "is missing: name lines, a chrg_bchno, or 0000 for all"))
    if bad:
        return invalid(*bad)
    visit = held.visit
    if visit is None or visit.fixmedins_code != parties.institution.code:
        return refuse("UNKNOWN_VISIT", f"this institution has no visit {given.mdtrt_id}")
    if visit.psn_no != given.psn_no:
        return refuse("WRONG_PERSON", "the visit was opened for another person")
    if visit.home_pool != parties.home.code:
        return refuse("WRONG_POOL", f"the visit belongs to pool {visit.home_pool}")
    if visit.state != VISIT_OPEN:
        what = "is closed: open it again (2405)" if visit.state == VISIT_CLOSED else "was cancelled"
        return refuse("VISIT_CLOSED", f"the visit {what}")
    if visit.busy is not None:
        return refuse("BUSY_VISIT", "a settlement of this visit is not final yet; send this one again")
    return None


def _line_violations(given: Sequence[pb.FeeDetail], today: date) -> Sliced[list[Violation]]:
    found = []
    for first in range(0, len(given), SLICE_LINES):
        lines = read_fee_lines(given[first : first + SLICE_LINES], today.isoformat())
        found += each_line_violations(lines, today, first_place=first)
        yield
    return found


async def _named_lines(given: pb.CancelFeesInput, held: FeeTransaction) -> Refused | list[Held]:
    if ALL in given.feedetl_sn or given.chrg_bchno == ALL:
        return await held.held_of(batch=None)
    if not given.feedetl_sn:
        return await held.held_of(batch=given.chrg_bchno)
    keys = line_keys(list(given.feedetl_sn))
    known = await held.held(keys)
    for sn, key in zip(given.feedetl_sn, keys, strict=True):
        if key not in known:
            return refuse("LINE_UNKNOWN", f"the visit holds no line {sn}")
    return list(known.values())


def _settled(places: Iterable[Place], visit: bytes, live: Sequence[LiveBill]) -> set[Place]:
    """Those of some batches and days that a live settlement pays."""
    return {place for place in places if any(bill.pays(visit, *place) for bill in live)}


def _settled_keys(lines: Sequence[Held], visit: bytes, live: Sequence[LiveBill]) -> set[int | None]:
    settled = _settled(places_of(lines), visit, live)
    return {one.key for one in lines if (one.batch, one.day) in settled}


def _settled_refusal(places: Iterable[Place], visit: bytes, live: Sequence[LiveBill]) -> Refused | None:
    if _settled(places, visit, live):
        return refuse("FEES_SETTLED", "a live settlement pays lines of this batch or day; cancel it first")
    return None
