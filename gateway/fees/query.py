"""GetFees (5204): the uploaded lines of a visit as they are held, each with the live settlement that pays it.

Read in one snapshot, without holding the visit. Pages go by the hash of feedetl_sn, so that a line uploaded between two
pages moves no other.
"""

from typing import Final

from gateway.care_book import CareBookUnavailable, ClaimConflict
from gateway.checks import envelope_violations, named
from gateway.entrance import House, caller_of
from gateway.fees.book import FeeBook, FeeTransaction, LiveBill
from gateway.fees.changes import Held, split_of
from gateway.queries import PAGE_MAX, page_size_of
from gateway.refusals import Refused, Violation, invalid, refuse
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date
from runtime.errors import IdMalformed
from runtime.keys import setl_id_bytes, setl_id_text

INFNOS: Final = frozenset({"5204"})
KEY_LEAST: Final = -(2**63)
KEY_MOST: Final = 2**63 - 2
"""The last that a page may go on after."""


class FeeQuery:
    """Reads what UploadFees wrote."""

    def __init__(self, *, book: FeeBook, house: House, clock: Clock) -> None:
        self._book = book
        self._house = house
        self._clock = clock

    async def get_fees(self, request: pb.GetFeesRequest) -> pb.GetFeesResponse | Refused:
        """A page of the lines of a visit of the caller's, or of those that a settlement pays."""
        if bad := self._violations(request):
            return invalid(*bad)
        institution = caller_of(request.envelope, self._house)
        if isinstance(institution, Refused):
            return institution
        try:
            visit = setl_id_bytes(request.mdtrt_id)
            settlement = setl_id_bytes(request.setl_id) if request.setl_id else None
        except IdMalformed:
            return invalid(
                Violation("mdtrt_id", "mdtrt_id and setl_id are the 26 characters that were given out")
            )
        try:
            async with self._book.reading(visit) as held:
                return await _page(request, held, settlement)
        except (CareBookUnavailable, ClaimConflict):
            return refuse("BOOK_UNAVAILABLE", "the care book does not answer; ask again")

    def _violations(self, request: pb.GetFeesRequest) -> list[Violation]:
        today = china_date(self._clock.now_ms())
        bad = envelope_violations(request.envelope, infnos=INFNOS, today=today, division_needed=False)
        bad += named("psn_no", request.psn_no, characters_max=30)
        bad += named("mdtrt_id", request.mdtrt_id, characters_max=30)
        bad += named("setl_id", request.setl_id, characters_max=30, needed=False)
        if not 0 <= request.page_size <= PAGE_MAX:
            bad.append(Violation("page_size", f"must be 0 to {PAGE_MAX}"))
        if request.page_after and _key_of(request.page_after) is None:
            bad.append(Violation("page_after", "is the next_page of the answer before"))
        return bad


async def _page(
    request: pb.GetFeesRequest, held: FeeTransaction, settlement: bytes | None
) -> pb.GetFeesResponse | Refused:
    visit = held.visit
    if visit is None or visit.fixmedins_code != request.envelope.fixmedins_code:
        return refuse("UNKNOWN_VISIT", f"this institution has no visit {request.mdtrt_id}")
    if visit.psn_no != request.psn_no:
        return refuse("WRONG_PERSON", "the visit was opened for another person")
    live = [bill for bill in await held.live_bills() if bill.uploaded]
    only: LiveBill | None = None
    if settlement is not None:
        only = next((bill for bill in live if bill.settlement == settlement), None)
        if only is None:
            return pb.GetFeesResponse(
                infcode=-1, err_msg="NOT_SEEN: no live settlement of this visit with uploaded lines has this setl_id"
            )  # fmt: skip
    size = page_size_of(request.page_size)
    after = _key_of(request.page_after)
    begin = KEY_LEAST if after is None else after + 1
    lines = await held.held_page(begin=begin, limit=size + 1, only=only)
    response = pb.GetFeesResponse()
    for line in lines[:size]:
        response.fees.append(_held_message(line, visit.id, [only] if only else live))
    if len(lines) > size:
        response.next_page = str(lines[size - 1].key)
    return response


def _held_message(line: Held, visit: bytes, live: list[LiveBill]) -> pb.FeeHeld:
    found = pb.FeeHeld(split=split_of(line), chrg_bchno=line.batch)
    found.line.ParseFromString(line.line)
    for bill in live:
        if bill.pays(visit, line.batch, line.day):
            found.setl_id = setl_id_text(bill.settlement)
    return found


def _key_of(text: str) -> int | None:
    """A key by its decimal text, or None."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        return None
    return key if KEY_LEAST <= (key := int(text)) <= KEY_MOST else None
