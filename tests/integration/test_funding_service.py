"""FundingService over real gRPC and a real database: prepayments, payouts, advances, deductions, each by two people."""

from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from typing import Any

import grpc
import pytest

from clearing.prepaid.audit_file import COLUMNS
from clearing.session import Session
from proto.settlement.v1 import funding_pb2 as pb
from proto.settlement.v1 import funding_pb2_grpc, month_pb2_grpc, proposal_pb2_grpc
from proto.settlement.v1 import month_pb2 as mpb
from proto.settlement.v1 import proposal_pb2 as ppb
from runtime import postgres
from runtime.keys import setl_id_text
from tests.clearing_door import Door, refused, served
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, a_run, a_sum
from tests.servers import NewDatabase

LAST, AFTER = date(2026, 10, 31), date(2026, 11, 1)
ACCOUNT = f"{NANNING}/{GUANGZHOU}/310/310100"
HOSPITAL = HOSPITALS[GUANGZHOU]
LINE = f"B44010026110000001,{setl_id_text(bytes(16))},{HOSPITAL},{NANNING},{GUANGZHOU},310,310100,2,03,-5,twice\n"
AUDIT = f"{','.join(COLUMNS)}\n{LINE}".encode()
BAD, NOT_NOW = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture
async def door(database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    """Clearing on the day after a day that was run: a stay of which the pool pays 120.00 yuan."""
    monkeypatch.setattr(Session, "today", AFTER)
    dsn = database("clearing")
    stay = a_sum(NANNING, GUANGZHOU, pooled_fen=12_000, day=LAST)
    async with postgres.opened(dsn, application_name="test") as connection:
        await a_run(connection, [stay._replace(key=stay.key._replace(clr_type="21"))], day=LAST)
    async with served(dsn) as opened:
        yield opened


@pytest.fixture
def funding(door: Door) -> Any:
    return funding_pb2_grpc.FundingServiceStub(door.channel)


async def approved(door: Door, number: int, *, by: str = "li") -> None:
    proposals = proposal_pb2_grpc.ProposalServiceStub(door.channel)
    await proposals.CheckProposal(ppb.CheckProposalRequest(proposal=number, operator=by))


async def closed_month(door: Door) -> list[Any]:
    """The parts of October's document once two people have closed it."""
    months = month_pb2_grpc.MonthServiceStub(door.channel)
    made = await months.ProposeMonth(mpb.ProposeMonthRequest(month="2026-10", operator="wang"))
    await approved(door, made.proposal.id)
    return [part async for part in months.GetMonth(mpb.GetMonthRequest(month="2026-10"))]


async def account(funding: Any) -> Any:
    (one,) = (await funding.ListPrepayments(pb.ListPrepaymentsRequest())).prepayments
    return one


async def test_a_prepayment_from_its_quota_to_its_money(door: Door, funding: Any) -> None:
    quota = partial(pb.ProposeQuotaRequest, account=ACCOUNT, amount_fen=30_000, operator="wang")
    dry = await funding.ProposeQuota(quota(dry_run=True))
    assert (dry.made, dry.proposal.id, dry.proposal.amount_fen) == (True, 0, 30_000)
    assert await door.told("proposals", "--all") == []
    made = await funding.ProposeQuota(quota())
    assert (await funding.ProposeQuota(quota())).proposal == made.proposal
    with refused(NOT_NOW, "another person"):
        await approved(door, made.proposal.id, by="wang")
    assert not (await funding.ListPrepayments(pb.ListPrepaymentsRequest())).prepayments
    await approved(door, made.proposal.id)
    assert ((await account(funding)).level, (await account(funding)).left_fen) == ("red", -12_000)

    top_up = partial(pb.ProposeTopUpRequest, account=ACCOUNT, operator="wang")
    asked = await funding.ProposeTopUp(top_up())
    assert asked.proposal.amount_fen == 42_000  # what fills it up to its quota
    receive = partial(pb.ReceiveTopUpRequest, proposal=asked.proposal.id, bank_reference="B1")
    with refused(NOT_NOW, "no approved top-up"):
        await funding.ReceiveTopUp(receive(operator="zhao"))
    await approved(door, asked.proposal.id)
    with refused(NOT_NOW, "li has approved it"):
        await funding.ReceiveTopUp(receive(operator="li"))
    await funding.ReceiveTopUp(receive(operator="zhao", dry_run=True))
    assert (await account(funding)).balance_fen == 0
    await funding.ReceiveTopUp(receive(operator="zhao", day=f"{LAST}"))
    found = await account(funding)
    assert (found.account, found.balance_fen, found.used_bp, found.level) == (ACCOUNT, 42_000, 0, "")
    (told,) = await door.told("prepayment")
    assert (told["balance_fen"], told["runs_out"]) == (42_000, found.runs_out)


async def test_a_banks_reference_counts_once(door: Door, funding: Any) -> None:
    for amount_fen in (30_000, 50_000):
        quota = pb.ProposeQuotaRequest(account=ACCOUNT, amount_fen=amount_fen, operator="wang")
        await approved(door, (await funding.ProposeQuota(quota)).proposal.id)
        top_up = pb.ProposeTopUpRequest(account=ACCOUNT, operator="wang")
        number = (await funding.ProposeTopUp(top_up)).proposal.id
        await approved(door, number)
        receive = pb.ReceiveTopUpRequest(proposal=number, bank_reference="B1", operator="zhao")
        if amount_fen == 30_000:
            await funding.ReceiveTopUp(receive)
    with refused(NOT_NOW, "counts once"):
        await funding.ReceiveTopUp(receive)
    assert (await account(funding)).balance_fen == 42_000


async def test_a_day_is_paid_out_recovered_by_its_month_and_the_rest_is_paid(
    door: Door, funding: Any
) -> None:
    propose = partial(pb.ProposePayoutRequest, operator="wang")
    dry = await funding.ProposePayout(propose(period=f"{LAST}", dry_run=True))
    assert [(one.base_fen, one.ratio_bp, one.amount_fen) for one in dry.lines] == [(12_000, 6_000, 7_200)]
    assert not (await funding.ListPayouts(pb.ListPayoutsRequest(period=f"{LAST}"))).lines
    made = await funding.ProposePayout(propose(period=f"{LAST}"))
    with refused(NOT_NOW, "another person"):
        await approved(door, made.proposal.id, by="wang")
    await approved(door, made.proposal.id)
    with refused(NOT_NOW, "is paid out"):
        await funding.ProposePayout(propose(period=f"{LAST}"))
    (line,) = await door.told("payout", "--date", f"{LAST}")
    assert (line["fixmedins_code"], line["amount_fen"]) == (HOSPITAL, 7_200)

    with refused(NOT_NOW, "is not closed"):
        await funding.ProposePayout(propose(period="2026-10"))
    institutions = [one for part in await closed_month(door) for one in part.institutions]
    assert [(one.advanced_fen, one.to_pay_fen) for one in institutions] == [(-7_200, 4_800)]
    rest = await funding.ListPayouts(pb.ListPayoutsRequest(period="2026-10"))
    assert (rest.amount_fen, [one.fixmedins_code for one in rest.lines]) == (4_800, [HOSPITAL])
    last = await funding.ProposePayout(propose(period="2026-10"))
    await approved(door, last.proposal.id)
    with refused(NOT_NOW, "2026-10 is paid"):
        await funding.ProposePayout(propose(period="2026-10"))


async def test_an_advance_is_applied_for_where_the_fund_allows_it_and_paid(door: Door, funding: Any) -> None:
    apply = partial(
        pb.ApplyForAdvanceRequest, fixmedins_code=HOSPITAL, book_pool=GUANGZHOU, insutype="310", operator="wang"
    )  # fmt: skip
    reserve = partial(
        pb.NoteReserveRequest, pool=GUANGZHOU, book="employees", month_spend_fen=1_000, source="accounts",
        operator="zhao",
    )  # fmt: skip
    poor = await funding.NoteReserve(reserve(reserve_fen=11_500, surplus_fen=-5))
    assert (poor.months_tenths, poor.months_needed, poor.allows) == (115, 12, False)
    with refused(NOT_NOW, "11.5 months and has a deficit"):
        await funding.ApplyForAdvance(apply())
    assert (await funding.NoteReserve(reserve(reserve_fen=12_000, dry_run=True))).allows
    with refused(NOT_NOW, "11.5 months"):
        await funding.ApplyForAdvance(apply())
    await funding.NoteReserve(reserve(reserve_fen=12_000))
    with refused(NOT_NOW, "at most that"):
        await funding.ApplyForAdvance(apply(amount_fen=1_001))
    assert (await funding.ApplyForAdvance(apply(dry_run=True))).proposal.id == 0
    assert await door.told("advance") == []
    made = await funding.ApplyForAdvance(apply())
    assert (made.proposal.amount_fen, made.in_time) == (1_000, False)  # applied for in January
    pay = partial(pb.PayAdvanceRequest, proposal=made.proposal.id, bank_reference="B")
    await approved(door, made.proposal.id)
    with refused(NOT_NOW, "li has approved it"):
        await funding.PayAdvance(pay(operator="li"))
    await funding.PayAdvance(pay(operator="zhao", dry_run=True))
    (one,) = (await funding.ListAdvances(pb.ListAdvancesRequest())).advances
    assert (one.state, one.outstanding_fen) == ("approved", 0)
    await funding.PayAdvance(pay(operator="zhao"))
    (one,) = (await funding.ListAdvances(pb.ListAdvancesRequest())).advances
    assert (one.state, one.amount_fen, one.outstanding_fen) == ("paid", 1_000, 1_000)
    assert [told["state"] for told in await door.told("advance")] == ["paid"]


async def test_audit_results_are_taken_and_come_off_the_next_document(door: Door, funding: Any) -> None:
    propose = partial(pb.ProposeDeductionsRequest, content=AUDIT, name="audit.csv", operator="wang")
    dry = await funding.ProposeDeductions(propose(dry_run=True))
    assert (dry.made, dry.results, dry.proposal.id, dry.proposal.amount_fen) == (True, 1, 0, -500)
    assert await door.told("deduct") == []
    made = await funding.ProposeDeductions(propose())
    assert made.proposal.about == "audit.csv"
    again = await funding.ProposeDeductions(propose(name="again.csv"))
    assert (again.made, again.proposal.id) == (False, made.proposal.id)
    with refused(NOT_NOW, "another person"):
        await approved(door, made.proposal.id, by="wang")
    await approved(door, made.proposal.id)
    assert [told["state"] for told in await door.told("deduct", "--institution", HOSPITAL)] == ["approved"]
    pools = [one for part in await closed_month(door) for one in part.pools]
    assert [(one.deducted_fen, one.to_pay_fen) for one in pools] == [(-500, 11_500)]
    (one,) = (await funding.ListDeductions(pb.ListDeductionsRequest(month="2026-10"))).deductions
    assert (one.declaration, one.amount_fen, one.bearer, one.month) == (LINE[:18], -500, "03", "2026-10")
    assert not (await funding.ListDeductions(pb.ListDeductionsRequest(month="2026-11"))).deductions
    assert not (await funding.ListDeductions(pb.ListDeductionsRequest(fixmedins_code="H1"))).deductions


@pytest.mark.parametrize(
    ("method", "fields", "status", "said"),
    [
        ("ProposeQuota", {"account": "450100", "amount_fen": 5}, BAD, "account: "),
        ("ProposeQuota", {"account": ACCOUNT, "amount_fen": -5}, BAD, "amount_fen: "),
        ("ProposeQuota", {"account": ACCOUNT, "amount_fen": 2**62}, BAD, "amount_fen: "),
        ("ProposeQuota", {"account": ACCOUNT, "operator": " "}, BAD, "say who acts"),
        ("ProposeQuota", {"account": f"{NANNING}/{NANNING}/310/310100", "amount_fen": 5}, BAD, "pays itself"),
        ("ProposeQuota", {"account": ACCOUNT}, NOT_NOW, "name the quota"),
        ("ProposeTopUp", {"account": ACCOUNT}, NOT_NOW, "has no quota yet"),
        ("ReceiveTopUp", {"proposal": 1, "bank_reference": "B"}, NOT_NOW, "no approved top-up"),
        ("ReceiveTopUp", {"proposal": 1}, BAD, "bank_reference: "),
        ("ReceiveTopUp", {"proposal": 1, "bank_reference": "B", "day": "20261101"}, BAD, "yyyy-MM-dd"),
        ("ProposePayout", {"period": "October"}, BAD, "period: "),
        ("ProposePayout", {"period": "2020-01-01"}, grpc.StatusCode.NOT_FOUND, "was not run"),
        ("NoteReserve", {"pool": GUANGZHOU, "book": "employees", "source": "x"}, BAD, "month_spend_fen: "),
        ("NoteReserve", {"pool": GUANGZHOU, "book": "soldiers", "source": "x", "month_spend_fen": 1}, BAD, "employees"),
        ("NoteReserve", {"pool": 1, "book": "employees", "source": "x", "month_spend_fen": 1}, BAD, "pool: "),
        ("NoteReserve", {"pool": GUANGZHOU, "book": "employees", "month_spend_fen": 1}, BAD, "source: "),
        ("ApplyForAdvance", {"fixmedins_code": HOSPITAL, "book_pool": GUANGZHOU, "insutype": "310"}, NOT_NOW,
         "Nobody has said"),
        ("ApplyForAdvance", {"fixmedins_code": HOSPITAL, "book_pool": GUANGZHOU, "insutype": "999"}, BAD,
         "no insurance of the scheme"),
        ("PayAdvance", {"proposal": 1, "bank_reference": "B"}, NOT_NOW, "no approved advance"),
        ("ProposeDeductions", {"content": AUDIT.replace(b"-5,", b"5,"), "name": "a"}, BAD, "Line 2: result 2"),
        ("ProposeDeductions", {"content": b"x", "name": "a"}, BAD, "Line 1: the columns"),
        ("ProposeDeductions", {"content": AUDIT}, BAD, "name: "),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_and_changes_nothing(
    door: Door, funding: Any, method: str, fields: dict[str, Any], status: grpc.StatusCode, said: str
) -> None:
    request = getattr(pb, f"{method}Request")(**({"operator": "wang"} | fields))
    with refused(status, said):
        await getattr(funding, method)(request)
    assert await door.told("proposals", "--all") == []
    assert await door.told("log") == []
