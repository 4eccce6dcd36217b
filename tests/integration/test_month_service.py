"""ProposalService and MonthService over real gRPC and a real database: what operators' programs see."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import grpc
import pytest

from clearing.service import month_desk
from clearing.session import Session
from proto.settlement.v1 import month_pb2 as pb
from proto.settlement.v1 import month_pb2_grpc, proposal_pb2_grpc
from proto.settlement.v1 import proposal_pb2 as ppb
from runtime import postgres
from runtime.clock import SystemClock, china_date
from tests.clearing_door import Door, refused, served
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.servers import NewDatabase

LAST = china_date(SystemClock().now_ms()).replace(day=1) - timedelta(days=1)
MONTH = f"{LAST:%Y-%m}"
HOSPITAL = HOSPITALS[GUANGZHOU]


@pytest.fixture
async def door(database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    """Clearing with the last day of last month run, and every day since; today is the second day of this month."""
    monkeypatch.setattr(Session, "today", LAST + timedelta(days=2))
    dsn = database("clearing")
    async with postgres.opened(dsn, application_name="test") as connection:
        owed = [a_sum(NANNING, GUANGZHOU, pooled_fen=750, account_fen=40, day=LAST),
                a_sum(NANNING, GUANGZHOU, insutype="390", pooled_fen=9, day=LAST)]  # fmt: skip
        await a_run(connection, owed, day=LAST)
        await a_run(connection, [], day=LAST + timedelta(days=1))
    async with served(dsn) as opened:
        yield opened


@pytest.fixture
def months(door: Door) -> Any:
    return month_pb2_grpc.MonthServiceStub(door.channel)


@pytest.fixture
def proposals(door: Door) -> Any:
    return proposal_pb2_grpc.ProposalServiceStub(door.channel)


async def seen(call: Any) -> list[Any]:
    return [part async for part in call]


async def test_a_month_is_closed_by_two_people(
    door: Door, months: Any, proposals: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose = partial(pb.ProposeMonthRequest, month=MONTH, operator="wang")
    dry = await months.ProposeMonth(propose(dry_run=True))
    assert (dry.proposal.id, dry.document.proposal, dry.made, dry.document.to_pay_fen) == (0, 0, True, 799)
    (head,) = await seen(months.GetMonth(pb.GetMonthRequest(month=MONTH)))
    assert (head.HasField("document"), head.standing.fault, head.standing.over) == (False, "", True)
    assert "the month is closed" in [one.what for one in head.standing.due]
    made = await months.ProposeMonth(propose())
    assert (made.proposal.kind, made.proposal.about, made.proposal.state) == ("month", MONTH, "waiting")
    assert (await months.ProposeMonth(propose())).made is False
    check = partial(ppb.CheckProposalRequest, proposal=made.proposal.id)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "NOT_ALLOWED: .*another person"):
        await proposals.CheckProposal(check(operator="wang"))
    assert (await proposals.CheckProposal(check(operator="li", dry_run=True))).proposal.state == "approved"
    (waiting,) = (await proposals.ListProposals(ppb.ListProposalsRequest(state="waiting"))).proposals
    assert waiting == made.proposal
    done = await proposals.CheckProposal(check(operator="li"))
    assert (done.proposal.state, done.proposal.checked_by) == ("approved", "li")
    monkeypatch.setattr(month_desk, "PART_LINES", 2)
    head, *parts = await seen(months.GetMonth(pb.GetMonthRequest(month=MONTH)))
    assert (head.standing.closed, head.document.state, head.document.checked_by) == (True, "approved", "li")
    pools = [(one.fund, one.to_pay_fen) for part in parts for one in part.pools]
    assert pools == [("310100", 750), ("310200", 40), ("390100", 9)]
    assert [len(part.pools) for part in parts] == [2, 1, 0, 0]
    lines = [one for part in parts for one in part.institutions]
    assert (head.document.pool_lines, head.document.institution_lines, len(lines)) == (3, 3, 3)
    assert {one.fixmedins_code for one in lines} == {HOSPITAL}
    told = await door.told("month", "--month", MONTH)
    assert (told["stands"]["closed"], told["document"]["checked_by"]) == (True, "li")


async def test_a_refused_month_stays_open_and_may_be_proposed_again(months: Any, proposals: Any) -> None:
    propose = pb.ProposeMonthRequest(month=MONTH, operator="wang")
    first = (await months.ProposeMonth(propose)).proposal.id
    refusal = ppb.CheckProposalRequest(proposal=first, operator="li", refuse=True, reason="a run comes first")
    assert (await proposals.CheckProposal(refusal)).proposal.state == "refused"
    (head, *_) = await seen(months.GetMonth(pb.GetMonthRequest(month=MONTH)))
    assert (head.standing.closed, head.document.state) == (False, "refused")
    again = await months.ProposeMonth(propose)
    assert again.made
    assert again.proposal.id != first


async def test_a_month_that_is_not_over_closes_early_only(months: Any) -> None:
    this = f"{LAST + timedelta(days=2):%Y-%m}"
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "months close in their order"):
        await months.ProposeMonth(pb.ProposeMonthRequest(month=this, operator="wang", early=True))


async def test_a_year_is_closed_by_two_people(database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    last = LAST.replace(year=LAST.year - 1, month=12, day=31)
    monkeypatch.setattr(Session, "today", last + timedelta(days=2))
    dsn = database("clearing")
    async with postgres.opened(dsn, application_name="test") as connection:
        await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=750, day=last)], day=last)
        await a_run(connection, [], day=last + timedelta(days=1))
    async with served(dsn) as door:
        months = month_pb2_grpc.MonthServiceStub(door.channel)
        proposals = proposal_pb2_grpc.ProposalServiceStub(door.channel)
        ask = pb.ProposeYearRequest(year=last.year, operator="wang")
        with refused(grpc.StatusCode.FAILED_PRECONDITION, f"not closed: {last.year}-12"):
            await months.ProposeYear(ask)
        month = pb.ProposeMonthRequest(month=f"{last:%Y-%m}", operator="wang")
        number = (await months.ProposeMonth(month)).proposal.id
        await proposals.CheckProposal(ppb.CheckProposalRequest(proposal=number, operator="li"))
        dry = await months.ProposeYear(pb.ProposeYearRequest(year=last.year, operator="wang", dry_run=True))
        assert (dry.proposal.id, dry.document.to_pay_fen) == (0, 750)
        (empty,) = await seen(months.GetYear(pb.GetYearRequest(year=last.year)))
        assert not empty.HasField("document")
        year = await months.ProposeYear(ask)
        await proposals.CheckProposal(ppb.CheckProposalRequest(proposal=year.proposal.id, operator="li"))
        head, part = await seen(months.GetYear(pb.GetYearRequest(year=last.year)))
        assert (head.document.state, list(head.document.months)) == ("approved", [f"{last:%Y-%m}"])
        assert "is closed" in head.fault
        (line,) = part.lines
        assert (line.fixmedins_code, line.payable_fen, line.paid_fen, line.to_pay_fen) == (
            HOSPITAL,
            750,
            0,
            750,
        )
        assert (await door.told("year", "--year", str(last.year)))["document"]["checked_by"] == "li"


@pytest.mark.parametrize(
    ("method", "request_", "status", "said"),
    [
        ("GetMonth", pb.GetMonthRequest(month="2026-11-01"), grpc.StatusCode.INVALID_ARGUMENT, "yyyy-MM"),
        ("GetMonth", pb.GetMonthRequest(month="2026-13"), grpc.StatusCode.INVALID_ARGUMENT, "yyyy-MM"),
        ("ProposeMonth", pb.ProposeMonthRequest(month=MONTH), grpc.StatusCode.INVALID_ARGUMENT, "say who acts"),
        ("ProposeMonth", pb.ProposeMonthRequest(month=MONTH, operator="w\0"), grpc.StatusCode.INVALID_ARGUMENT,
         "can be printed"),
        ("ProposeMonth", pb.ProposeMonthRequest(month="2020-01", operator="wang"), grpc.StatusCode.FAILED_PRECONDITION,
         "Nothing of 2020-01 was run"),
        ("GetYear", pb.GetYearRequest(year=26), grpc.StatusCode.INVALID_ARGUMENT, "between 2000"),
        ("ProposeYear", pb.ProposeYearRequest(year=2020, operator="wang"), grpc.StatusCode.FAILED_PRECONDITION,
         "Nothing of 2020 was run"),
        ("ListProposals", ppb.ListProposalsRequest(state="open"), grpc.StatusCode.INVALID_ARGUMENT, "none of waiting"),
        ("ListProposals", ppb.ListProposalsRequest(kind="raise"), grpc.StatusCode.INVALID_ARGUMENT, "none of month"),
        ("CheckProposal", ppb.CheckProposalRequest(proposal=7, operator="li"), grpc.StatusCode.NOT_FOUND,
         "no proposal 7"),
        ("CheckProposal", ppb.CheckProposalRequest(proposal=7, operator="li", reason="\n" * 3 + "a\nb"),
         grpc.StatusCode.INVALID_ARGUMENT, "reason: "),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_and_changes_nothing(
    door: Door, months: Any, proposals: Any, method: str, request_: Any, status: grpc.StatusCode, said: str
) -> None:
    call = getattr(months, method, None) or getattr(proposals, method)
    with refused(status, said):
        answer = call(request_)
        await (seen(answer) if method.startswith("Get") else answer)
    assert await door.told("proposals", "--all") == []
