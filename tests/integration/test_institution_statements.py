"""What an institution asks of StatementService, over the real care book of a region and a real clearing database."""

import contextlib
import io
import zipfile
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
import grpc.aio
import pytest

from clearing.day.compare import DifferenceClass
from clearing.day.difference_book import Filter, listed
from clearing.institutions.statement_file import packed, yuan
from clearing.service import statement_service
from clearing.service.statement_service import StatementService
from clearing.session import Session
from clearing.settings import ClearingSettings
from proto.settlement.v1 import settlement_pb2, statement_pb2_grpc
from proto.settlement.v1 import statement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.keys import setl_id_text
from runtime.serve import grpc_server
from runtime.unreadable import add_service
from tests.builders import CARE_POOL, HOSPITAL, TODAY, TODAY_TEXT, a_care_row, a_mirror_row, an_id
from tests.clearing_scene import Scene, clearing_scene, ran
from tests.servers import NewDatabase

MONTH = TODAY.strftime("%Y%m")


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    async with clearing_scene(database) as made:
        yield made


@pytest.fixture
async def his(scene: Scene) -> AsyncIterator[Any]:
    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Session]:
        yield Session(scene.clearing, scene.at, ClearingSettings(postgres_dsn="unused"))

    service = StatementService(opened)
    add = partial(add_service, statement_pb2_grpc.add_StatementServiceServicer_to_server, service)
    async with (
        grpc_server(listen="127.0.0.1:0", services={statement_service.NAME: add}) as server,
        grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        yield statement_pb2_grpc.StatementServiceStub(channel)


def envelope(infno: str, msgid: str = "m1", code: str = HOSPITAL) -> Envelope:
    return Envelope(infno=infno, msgid=msgid, fixmedins_code=code)


def settled(name: str, number: int) -> Any:
    """A settlement with a stored answer that can be read, as all are."""
    answer = settlement_pb2.Outcome(medins_setl_id=f"msgid {name}")
    return a_care_row(name, number, answer=answer.SerializeToString())


def a_row(name: str, fen: int, fund: int, *, refund: bool = False) -> tuple[str, ...]:
    return (setl_id_text(an_id(name)), "", "", yuan(fen), yuan(fund), yuan(0), "1" if refund else "0")


def details(
    rows: list[tuple[str, ...]], *, count: int, fen: int, fund: int, **changes: Any
) -> pb.CompareDetailsRequest:
    given = pb.DetailsInput(
        setl_optins=str(CARE_POOL), stmt_begndate=TODAY_TEXT, stmt_enddate=TODAY_TEXT, medfee_sumamt=fen,
        fund_pay_sumamt=fund, fixmedins_setl_cnt=count, file=packed(rows, name="day.txt"),
    )  # fmt: skip
    code = changes.pop("code", HOSPITAL)
    given.MergeFrom(pb.DetailsInput(**changes))
    return pb.CompareDetailsRequest(envelope=envelope("3202", code=code), input=given)


def refused(status: grpc.StatusCode, says: str) -> Any:
    return pytest.raises(
        grpc.aio.AioRpcError,
        check=lambda failed: failed.code() is status and says in (failed.details() or ""),
    )


async def test_totals_agree_or_say_which_side_has_more(his: Any, scene: Scene) -> None:
    await scene.books.both(a_care_row("a", 1), a_care_row("b", 2), a_mirror_row("c", 3, "b"))
    total, fund = a_care_row("a").total_fen, a_care_row("a").pooled_fen
    given = pb.TotalsInput(
        insutype="310", clr_type="11", setl_optins=str(CARE_POOL), stmt_begndate=TODAY_TEXT, stmt_enddate=TODAY_TEXT,
        medfee_sumamt=total, fund_pay_sumamt=fund, fixmedins_setl_cnt=3,
    )  # fmt: skip
    request = pb.CompareTotalsRequest(envelope=envelope("3201"), input=given)
    assert (await his.CompareTotals(request)).stmt_rslt == "0"
    request.input.fixmedins_setl_cnt = 2
    answer = await his.CompareTotals(request)
    assert (answer.stmt_rslt, answer.centre.fixmedins_setl_cnt) == ("1", 3)
    request.input.refd_setl_flag = "0"  # without the refund
    request.input.medfee_sumamt, request.input.fund_pay_sumamt = 2 * total, 2 * fund
    assert (await his.CompareTotals(request)).stmt_rslt == "0"


async def test_a_detail_file_is_compared_taken_over_by_the_run_and_frozen(his: Any, scene: Scene) -> None:
    await scene.books.both(settled("a", 1), settled("b", 2), settled("c", 3))
    total, fund = a_care_row("a").total_fen, a_care_row("a").pooled_fen
    first = details([a_row("a", total, fund)], count=1, fen=total, fund=fund)
    assert (await his.CompareDetails(first)).centre_more == 2
    rows = [a_row("a", total, fund), a_row("b", total, fund - 1), a_row("unknown", total, fund)]
    second = details(rows, count=3, fen=3 * total, fund=3 * fund - 1)
    answer = await his.CompareDetails(second)  # replaces the first
    told = (answer.rows, answer.equal, answer.centre_more, answer.institution_more, answer.differ)
    assert told == (3, 1, 1, 1, 1)
    with zipfile.ZipFile(io.BytesIO(answer.result_file)) as archive:
        lines = archive.read(answer.filename).decode().splitlines()
    assert {line.split("\t")[3] for line in lines[1:]} == {"msgid b", "msgid c", "null"}  # for 2601
    assert await his.CompareDetails(second) == answer
    by_number = pb.CompareDetailsRequest(
        envelope=envelope("3202"), input=pb.DetailsInput(file_qury_no=answer.file_qury_no)
    )
    assert await his.CompareDetails(by_number) == answer

    done = await ran(scene)
    assert done.differences == 3
    found = {
        one.setl_id: (one.kind, one.institution is not None) for one in await listed(scene.clearing, Filter())
    }
    assert found == {
        setl_id_text(an_id("b")): (DifferenceClass.AMOUNT, True),
        setl_id_text(an_id("c")): (DifferenceClass.MISSING_AT_INSTITUTION, True),
        setl_id_text(an_id("unknown")): (DifferenceClass.MISSING_AT_CARE, True),
    }
    # the two books agree over all of it, so all is paid: only the institution does not know
    paid = await scene.clearing.fetchval("SELECT sum(items)::bigint FROM run_paid")
    assert paid == 3
    assert await his.CompareDetails(second) == answer
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "DAY_FROZEN"):
        await his.CompareDetails(first)
    unmatched = await his.ListUnmatched(
        pb.ListUnmatchedRequest(envelope=envelope("3209A"), begndate=TODAY_TEXT, enddate=TODAY_TEXT)
    )
    assert sorted(one.stmt_rslt for one in unmatched.rows) == ["1", "2", "3"]


async def test_what_was_settled_after_the_file_came_is_compared_anew_by_the_run(
    his: Any, scene: Scene
) -> None:
    await scene.books.both(a_care_row("a", 1))
    total, fund = a_care_row("a").total_fen, a_care_row("a").pooled_fen
    assert (
        await his.CompareDetails(details([a_row("a", total, fund)], count=1, fen=total, fund=fund))
    ).equal == 1
    await scene.books.both(a_care_row("late", 2))
    assert (await ran(scene)).differences == 1


async def test_an_institution_that_sent_nothing_is_not_compared_and_holds_nothing_up(scene: Scene) -> None:
    await scene.books.both(a_care_row("a", 1))
    assert (await ran(scene)).differences == 0


async def test_a_wrong_file_is_refused_whole_and_changes_nothing(his: Any, scene: Scene) -> None:
    await scene.books.both(a_care_row("a", 1), a_care_row("other", 2, fixmedins_code="H44010590004"))
    total, fund = a_care_row("a").total_fen, a_care_row("a").pooled_fen
    wrong = grpc.StatusCode.INVALID_ARGUMENT
    with refused(wrong, "the message says"):
        await his.CompareDetails(details([a_row("a", total, fund)], count=2, fen=total, fund=fund))
    with refused(wrong, "another institution's"):
        await his.CompareDetails(
            details(
                [a_row("a", total, fund), a_row("other", total, fund)], count=2, fen=2 * total, fund=2 * fund
            )
        )
    with refused(wrong, "about one day"):
        await his.CompareDetails(
            details([], count=0, fen=0, fund=0, stmt_enddate="2099-01-01", stmt_begndate="2098-12-31")
        )
    with refused(wrong, "no zip"):
        await his.CompareDetails(details([], count=0, fen=0, fund=0, file=b"garbage"))
    assert await scene.clearing.fetchval("SELECT count(*) FROM statement") == 0


async def test_a_month_is_listed_confirmed_page_by_page_and_rolled_back(his: Any, scene: Scene) -> None:
    await scene.books.both(*(a_care_row(f"n{number}", number) for number in range(1, 121)))
    await ran(scene)
    year = {"trt_year": MONTH[:4], "trt_month": MONTH[4:]}
    first = await his.GetApportionment(
        pb.GetApportionmentRequest(envelope=envelope("3260"), startrow=1, **year)
    )
    second = await his.GetApportionment(
        pb.GetApportionmentRequest(envelope=envelope("3260"), startrow=101, **year)
    )
    assert (first.totalrow, len(first.rows), len(second.rows)) == (120, 100, 20)
    one = a_care_row("n1", 1)
    assert first.rows[0].optins_pay_sumamt == one.total_fen - one.cash_fen
    detail = [
        pb.ApportionmentConfirmation(seqno=row.seqno, setl_sn=row.setl_sn, cnfm_flag="1")
        for row in first.rows
    ]
    confirm = pb.ConfirmApportionmentRequest(
        envelope=envelope("3261", "c1"), totalrow=120, detail=detail, **year
    )
    answer = await his.ConfirmApportionment(confirm)
    assert (answer.confirmed, answer.left) == (100, 20)
    assert await his.ConfirmApportionment(confirm) == answer
    confirm.detail[0].cnfm_flag = "0"
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "other content"):
        await his.ConfirmApportionment(confirm)
    confirm.envelope.msgid, confirm.totalrow = "c2", 119
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "120 rows now"):
        await his.ConfirmApportionment(confirm)
    back = pb.RollBackApportionmentRequest(envelope=envelope("3262"), otransid=answer.inf_refmsgid, **year)
    assert (await his.RollBackApportionment(back)).rolled_back == 100
    assert (await his.RollBackApportionment(back)).rolled_back == 0
    with refused(grpc.StatusCode.NOT_FOUND, "no confirmation"):
        await his.RollBackApportionment(
            pb.RollBackApportionmentRequest(envelope=envelope("3262"), otransid="elsewhere", **year)
        )


async def test_an_application_must_say_what_was_run_and_can_be_taken_back(his: Any, scene: Scene) -> None:
    await scene.books.both(a_care_row("a", 1), a_care_row("b", 2))
    await ran(scene)
    one = a_care_row("a")
    given = pb.ClearingApplication(
        clr_type="11", clr_way="1", setlym=MONTH, psntime=2, medfee_sumamt=2 * one.total_fen, insutype="310",
        fund_appy_sum=2 * one.fund_sum_fen, cash_payamt=2 * one.cash_fen, begndate=TODAY_TEXT, enddate=TODAY_TEXT,
    )  # fmt: skip
    request = pb.ApplyForClearingRequest(envelope=envelope("3203"), input=given)
    answer = await his.ApplyForClearing(request)
    assert answer.clr_appy_evt_id
    assert await his.ApplyForClearing(request) == answer
    request.input.psntime = 3
    wrong = await his.ApplyForClearing(request)
    assert (wrong.infcode, wrong.centre.fixmedins_setl_cnt, wrong.clr_appy_evt_id) == (-1, 2, "")
    cancel = pb.CancelApplicationRequest(envelope=envelope("3204"), clr_appy_evt_id=answer.clr_appy_evt_id)
    await his.CancelApplication(cancel)
    await his.CancelApplication(cancel)
    (state,) = (
        await his.GetApplication(pb.GetApplicationRequest(envelope=envelope("3205A"), setlym=MONTH))
    ).applications
    assert state.state == "withdrawn"
    request.input.psntime = 2
    assert (await his.ApplyForClearing(request)).clr_appy_evt_id not in ("", answer.clr_appy_evt_id)
    with refused(grpc.StatusCode.NOT_FOUND, "no application"):
        await his.CancelApplication(
            pb.CancelApplicationRequest(
                envelope=envelope("3204", code="H44010590004"), clr_appy_evt_id=answer.clr_appy_evt_id
            )
        )


async def test_an_envelope_that_is_not_of_the_call_is_refused(his: Any) -> None:
    wrong = grpc.StatusCode.INVALID_ARGUMENT
    with refused(wrong, "this call takes 3201"):
        await his.CompareTotals(pb.CompareTotalsRequest(envelope=envelope("3202")))
    with refused(wrong, "envelope.msgid"):
        await his.CompareTotals(pb.CompareTotalsRequest(envelope=envelope("3201", "m" * 31)))
    with refused(wrong, "fixmedins_code"):
        await his.CompareTotals(pb.CompareTotalsRequest(envelope=envelope("3201", code="H1")))
