"""ListFilings (5301, 5302, 5304): the filings of a person, asked of the home node that keeps them."""

from typing import Final

from gateway.asks import Asks
from gateway.checks import day_of, envelope_violations, named
from gateway.desk import ANSWER_EARLY_MS
from gateway.entrance import House, parties_asking
from gateway.filing.rules import KINDS_OF_INFNO
from gateway.refusals import Refused, Violation, invalid
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.clock import Clock, china_date
from runtime.keys import partition_of, transaction_code

INFNOS: Final = frozenset({"5301", "5302", "5304"})


class FilingQuery:
    """Asks home nodes for filings."""

    def __init__(self, *, asks: Asks, house: House, clock: Clock) -> None:
        self._asks = asks
        self._house = house
        self._clock = clock

    async def list_filings(
        self, request: fpb.ListFilingsRequest, deadline_ms: int
    ) -> fpb.ListFilingsResponse | Refused:
        """The filings of the kind that the transaction number names, the latest first."""
        today = china_date(self._clock.now_ms())
        bad = envelope_violations(request.envelope, infnos=INFNOS, today=today)
        bad += named("psn_no", request.psn_no, characters_max=30)
        if request.date and (len(request.date) != 10 or day_of(request.date) is None):
            bad.append(Violation("date", "must be yyyy-MM-dd"))
        if bad:
            return invalid(*bad)
        parties = parties_asking(request.envelope, self._house)
        if isinstance(parties, Refused):
            return parties
        pool = parties.home
        node = self._house.directory.nodes[pool.node]
        question = mpb.FilingsAsk(
            psn_no=request.psn_no, home_pool=pool.code, date=request.date,
            kinds=KINDS_OF_INFNO[transaction_code(request.envelope.infno)],
        )  # fmt: skip
        return await self._asks.filings(
            node=node.number, partition=partition_of(request.psn_no, node.partitions), question=question,
            deadline_ms=deadline_ms - ANSWER_EARLY_MS,
        )  # fmt: skip
