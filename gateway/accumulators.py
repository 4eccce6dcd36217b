"""GetAccumulators (5206): what a person has used up in a year, asked of the home node that insures him.

The question is that of GetInsured, for a day of the wanted year; of the answer only the sums go on.
"""

from datetime import date
from typing import Final

from gateway.asks import Asks, Person
from gateway.checks import envelope_violations, named
from gateway.entrance import House, parties_asking
from gateway.refusals import Refused, Violation, invalid
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date
from runtime.keys import partition_of

INFNOS: Final = frozenset({"5206"})
ANSWER_EARLY_MS: Final = 100


class AccumulatorQuery:
    """Asks home nodes for sums."""

    def __init__(self, *, asks: Asks, house: House, clock: Clock) -> None:
        self._asks = asks
        self._house = house
        self._clock = clock

    async def get_accumulators(
        self, request: pb.GetAccumulatorsRequest, deadline_ms: int
    ) -> pb.GetAccumulatorsResponse | Refused:
        """The sums of the pool that the envelope names; a month is answered with its year's."""
        today = china_date(self._clock.now_ms())
        bad = envelope_violations(request.envelope, infnos=INFNOS, today=today)
        bad += named("psn_no", request.psn_no, characters_max=30)
        day = day_asked(request.cum_ym, today)
        if day is None:
            bad.append(Violation("cum_ym", "must be yyyy or yyyyMM, and not in the future"))
        if bad or day is None:
            return invalid(*bad)
        parties = parties_asking(request.envelope, self._house)
        if isinstance(parties, Refused):
            return parties
        pool = parties.home
        node = self._house.directory.nodes[pool.node]
        wait_ms = deadline_ms - self._clock.now_ms() - ANSWER_EARLY_MS
        answer = await self._asks.insured(
            node=node.number, partition=partition_of(request.psn_no, node.partitions),
            person=Person(psn_no=request.psn_no), home_pool=pool.code, med_type="", date=day.isoformat(),
            wait_ms=max(wait_ms, 1),
        )  # fmt: skip
        if isinstance(answer, Refused):
            return answer
        return pb.GetAccumulatorsResponse(
            cuminfo=[one for one in answer.cuminfo if one.year == str(day.year)]
        )


def day_asked(cum_ym: str, today: date) -> date | None:
    """A day of the year that is meant: today, or the last day of a year that is over; None where it is no year."""
    if not cum_ym:
        return today
    if len(cum_ym) not in (4, 6) or not (cum_ym.isascii() and cum_ym.isdigit()) or int(cum_ym[:4]) < 2000:
        return None
    year, month = int(cum_ym[:4]), int(cum_ym[4:] or 1)
    if not 1 <= month <= 12 or (year, month) > (today.year, today.month):
        return None
    return today if year == today.year else date(year, 12, 31)
