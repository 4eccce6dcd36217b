"""GetSettlement (5203): answered from what is committed here, and it never speaks for an id.

`open` is PENDING, then what the gateway decided itself, then the care book, else NOT_SEEN, which promises nothing about
a message that is still on its way: repeat it or reverse it.
"""

from datetime import date
from typing import Final

from gateway.calls import Answer, NotFinal
from gateway.care_book import CareBook, CareBookUnavailable, Claim, Decided, Known, Sought
from gateway.checks import envelope_violations, named
from gateway.entrance import House, caller_of
from gateway.outcomes import found
from gateway.refusals import Refused, Violation, invalid, refuse
from ledger.life import Kind
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date
from runtime.errors import IdMalformed
from runtime.keys import setl_id_bytes, setl_id_text, transaction_code, transport_key_id

INFNOS: Final = frozenset({"5203"})
NOT_SEEN: Final = (
    "NOT_SEEN: no such message is known here; repeat it, or reverse it before taking a new msgid"
)


PAGE_MAX: Final = 1_000
PAGE_DEFAULT: Final = 100


def page_size_of(given: int) -> int:
    """How many a page carries; the caller has checked that it is 0 to PAGE_MAX."""
    return given or PAGE_DEFAULT


class Queries:
    """Reads for the institutions' questions."""

    def __init__(self, *, book: CareBook, house: House, clock: Clock) -> None:
        self._book = book
        self._house = house
        self._clock = clock

    async def get_settlement(self, request: pb.GetSettlementRequest) -> pb.GetSettlementResponse | Refused:
        """By setl_id, by omsgid and oinfno, or by psn_no and mdtrt_id."""
        refused = self._refusal(request, china_date(self._clock.now_ms()))
        if refused is not None:
            return refused
        try:
            return await self._answered(request)
        except IdMalformed:
            return invalid(
                Violation("input", "setl_id and mdtrt_id are the 26 characters that were given out")
            )
        except CareBookUnavailable:
            return refuse("BOOK_UNAVAILABLE", "the care book does not answer; ask again")

    def _refusal(self, request: pb.GetSettlementRequest, today: date) -> Refused | None:
        given = request.input
        bad = envelope_violations(request.envelope, infnos=INFNOS, today=today, division_needed=False)
        ways = [bool(given.setl_id), bool(given.omsgid or given.oinfno), bool(given.psn_no or given.mdtrt_id)]
        if sum(ways) != 1:
            bad.append(
                Violation("input", "needs either setl_id, or omsgid and oinfno, or psn_no and mdtrt_id")
            )
        elif ways[1]:
            bad += named("input.omsgid", given.omsgid, characters_max=30)
            bad += named("input.oinfno", given.oinfno, characters_max=5)
        elif ways[2]:
            bad += named("input.psn_no", given.psn_no, characters_max=30)
            bad += named("input.mdtrt_id", given.mdtrt_id, characters_max=30)
        if bad:
            return invalid(*bad)
        caller = caller_of(request.envelope, self._house)
        return caller if isinstance(caller, Refused) else None

    async def _answered(self, request: pb.GetSettlementRequest) -> pb.GetSettlementResponse:
        known = await self._known(request)
        finals = await self._book.finals(known.claims) if known.claims else {}
        response = pb.GetSettlementResponse()
        for id_, claim in known.claims.items():
            decided = finals.get(id_)
            visit = known.visits.get(claim.visit) if claim.visit else None
            if decided is None:
                if visit is not None and visit.fixmedins_code != request.envelope.fixmedins_code:
                    continue
                response.found.append(found(NotFinal(id_, request.input.omsgid, request.input.oinfno)))
            elif _speaks_for(decided, claim, request):
                response.found.append(found(Answer(decided.answer, known.undone_by(claim))))
        if not response.found:
            response.infcode, response.err_msg = -1, NOT_SEEN
        return response

    async def _known(self, request: pb.GetSettlementRequest) -> Known:
        given = request.input
        if given.mdtrt_id:
            return Known(await self._claims_of_visit(request), {}, {})
        if given.setl_id:
            id_ = setl_id_bytes(given.setl_id)
        else:
            id_ = transport_key_id(
                request.envelope.fixmedins_code, transaction_code(given.oinfno), given.omsgid
            )
        return await self._book.read([Sought((id_,))])

    async def _claims_of_visit(self, request: pb.GetSettlementRequest) -> dict[bytes, Claim]:
        """The newest settlement of each bill, and what is open of the visit."""
        given = request.input
        key = setl_id_bytes(given.mdtrt_id)
        visit = (await self._book.read([Sought((), key)])).visits.get(key)
        ours = visit is not None and visit.fixmedins_code == request.envelope.fixmedins_code
        if visit is None or not ours or visit.psn_no != given.psn_no:
            return {}
        claims = await self._book.bills_of(key)
        if visit.busy is not None:
            claims |= (await self._book.read([Sought((visit.busy,))])).claims
        return claims


def _speaks_for(decided: Decided, claim: Claim, request: pb.GetSettlementRequest) -> bool:
    """An institution is told of its own settlements only; of visits and voided ids nothing is told by setl_id."""
    if decided.row is not None:
        return decided.row.fixmedins_code == request.envelope.fixmedins_code
    if request.input.omsgid:  # the id was made of the asking institution's own code
        return True
    if claim.kind not in (Kind.CANCEL, Kind.REVERSE):
        return False
    outcome = pb.Outcome.FromString(decided.answer)
    asking = request.envelope.fixmedins_code
    return outcome.setl_id == setl_id_text(
        transport_key_id(asking, outcome.infno, outcome.medins_setl_id)
    )  # an id is a function of who sent it
