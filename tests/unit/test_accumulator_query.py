"""5206: which year is meant, whom it is asked of, and that nothing but sums goes on."""

import asyncio
from datetime import date
from typing import Any, cast

import pytest

from gateway.accumulators import AccumulatorQuery, day_asked
from gateway.asks import Asks
from gateway.refusals import Refused, refuse
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import HOME_POOL, NODE, NOW_MS, PARTITION, PSN, TODAY, TODAY_TEXT, a_house, an_envelope
from tests.simulation.virtual_time import VirtualClock, run

YEAR = str(TODAY.year)


class OneNode:
    """Notes how it is asked and gives what it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    async def insured(self, **given: Any) -> Any:
        self.asked.append(given)
        await asyncio.sleep(0)
        return self.answer


def ask(node: OneNode, *, cum_ym: str = "", psn_no: str = PSN, **envelope: Any) -> Any:
    """What a HIS is answered."""

    async def main() -> Any:
        query = AccumulatorQuery(asks=cast(Asks, node), house=a_house(), clock=VirtualClock())
        request = pb.GetAccumulatorsRequest(
            envelope=an_envelope("5206", "q1", **envelope), psn_no=psn_no, cum_ym=cum_ym
        )
        return await query.get_accumulators(request, NOW_MS + 5_000)

    return run(main())


def test_the_home_node_is_asked_and_only_sums_of_the_year_go_on() -> None:
    told = pb.GetInsuredResponse(
        baseinfo=pb.BaseInfo(psn_name="somebody"),
        cuminfo=[
            pb.Accumulated(insutype="310", year=YEAR, cum_type_code="deductible", cum=700),
            pb.Accumulated(insutype="310", year="2001", cum_type_code="deductible", cum=1),
        ],
    )
    node = OneNode(told)
    response = ask(node)
    assert response == pb.GetAccumulatorsResponse(cuminfo=told.cuminfo[:1])
    (asked,) = node.asked
    assert (asked["node"], asked["partition"], asked["home_pool"]) == (NODE, PARTITION, HOME_POOL)
    assert (asked["person"].psn_no, asked["date"]) == (PSN, TODAY_TEXT)
    assert 0 < asked["wait_ms"] < 5_000, "the answer must come before the caller gives up"


@pytest.mark.parametrize(
    ("cum_ym", "day"),
    [
        ("", date(2026, 7, 3)), ("2026", date(2026, 7, 3)), ("202607", date(2026, 7, 3)),
        ("202601", date(2026, 7, 3)), ("2025", date(2025, 12, 31)), ("202512", date(2025, 12, 31)),
        ("2027", None), ("202608", None), ("202613", None), ("202600", None), ("26", None), ("year", None),
        ("1999", None), ("２０２６", None),
    ],
)  # fmt: skip
def test_a_year_or_month_means_a_day_of_that_year(cum_ym: str, day: date | None) -> None:
    assert day_asked(cum_ym, date(2026, 7, 3)) == day


def test_what_the_node_refuses_is_refused() -> None:
    assert ask(OneNode(refuse("UNKNOWN_PERSON", "nobody"))).code == "UNKNOWN_PERSON"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"psn_no": ""}, "INVALID"), ({"cum_ym": "3000"}, "INVALID"), ({"insuplc_admdvs": ""}, "INVALID"),
        ({"insuplc_admdvs": "999999"}, "UNKNOWN_POOL"), ({"fixmedins_code": "H45010390001"}, "WRONG_REGION"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_reaches_no_node(given: dict[str, Any], code: str) -> None:
    node = OneNode(pb.GetInsuredResponse())
    refused = ask(node, **given)
    assert isinstance(refused, Refused)
    assert (refused.code, node.asked) == (code, [])
