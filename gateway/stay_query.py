"""ListStays (5303): the open stays of a person in this care region, so that nobody is admitted twice.

Another institution's stay is told by place and day; its number and `mdtrt_id` are its own.
"""

from typing import Final

from gateway.care_book import CareBookUnavailable, ClaimConflict
from gateway.checks import envelope_violations, named
from gateway.entrance import House, parties_asking
from gateway.fees.book import FeeBook
from gateway.refusals import Refused, invalid, refuse
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date
from runtime.keys import setl_id_text

INFNOS: Final = frozenset({"5303"})
STAYS_MAX: Final = 100
_OPEN_STAYS: Final = """
SELECT id, fixmedins_code, serial, insutype, med_type, begin_day FROM visit
WHERE psn_no = $1 AND home_pool = $2 AND state = 1 AND med_type IN ('21', '22', '23', '24', '52')
ORDER BY begin_day DESC, id LIMIT $3
"""


class StayQuery:
    """Reads open visits."""

    def __init__(self, *, book: FeeBook, house: House, clock: Clock) -> None:
        self._book = book
        self._house = house
        self._clock = clock

    async def list_stays(self, request: pb.ListStaysRequest) -> pb.ListStaysResponse | Refused:
        """Where the person was admitted and not discharged, the latest first."""
        today = china_date(self._clock.now_ms())
        bad = envelope_violations(request.envelope, infnos=INFNOS, today=today)
        bad += named("psn_no", request.psn_no, characters_max=30)
        if bad:
            return invalid(*bad)
        parties = parties_asking(request.envelope, self._house)
        if isinstance(parties, Refused):
            return parties
        pool = parties.home
        try:
            async with self._book.connection() as connection:
                rows = await connection.fetch(_OPEN_STAYS, request.psn_no, pool.code, STAYS_MAX)
        except (CareBookUnavailable, ClaimConflict):
            return refuse("BOOK_UNAVAILABLE", "the care book does not answer; ask again")
        response = pb.ListStaysResponse()
        for id_, code, serial, insutype, med_type, begin_day in rows:
            institution = self._house.directory.institution(code)
            own = code == parties.institution.code
            response.stays.add(
                fixmedins_code=code, fixmedins_name=institution.name if institution else "", insutype=insutype,
                med_type=med_type, begntime=begin_day.isoformat(), mdtrt_id=setl_id_text(id_) if own else "",
                ipt_otp_no=serial if own else "",
            )  # fmt: skip
        return response
