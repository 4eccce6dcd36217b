"""Fee calls on a real PostgreSQL: what is held, what is refused, and what a settlement of uploaded lines reads."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from gateway.admission import admit, sought_by
from gateway.calls import Answer, Reply
from gateway.care_book import VISIT_CANCELLED, VISIT_CLOSED, BillLines, CareBook, ClaimConflict
from gateway.entrance import Admitted, View
from gateway.fees.book import FeeBook
from gateway.fees.changes import VISIT_LINES_MAX, lines_digest
from gateway.fees.desk import FeeDesk
from gateway.postgres_care_book import open_care_book
from gateway.refusals import Refused
from gateway.settling import visits_of_uploaded
from gateway.signed_in import SignedIn
from gateway.slices import Slices
from proto.settlement.v1 import settlement_pb2 as pb
from runtime import postgres
from runtime.keys import setl_id_text
from tests.builders import (
    FEN_A_LINE,
    NOW_MS,
    PSN,
    REGION,
    TODAY,
    a_call,
    a_care_row,
    a_house,
    a_line,
    a_mirror_row,
    a_request_row,
    a_return,
    a_settle_request,
    a_visit,
    a_visit_key,
    an_envelope,
    an_opening_row,
)
from tests.care_regions import StandingClock
from tests.servers import NewDatabase

VISIT = a_visit_key()


def an_upload(
    msgid: str, *lines: pb.FeeDetail, batch: str = "batch-1", psn_no: str = PSN
) -> pb.UploadFeesRequest:
    """2204 of the visit."""
    given = pb.UploadFeesInput(mdtrt_id=setl_id_text(VISIT), psn_no=psn_no, chrg_bchno=batch, feedetl=lines)
    return pb.UploadFeesRequest(envelope=an_envelope("2204", msgid), input=given)


def a_deletion(msgid: str, *sns: str, batch: str = "") -> pb.CancelFeesRequest:
    """2205 of the visit."""
    given = pb.CancelFeesInput(mdtrt_id=setl_id_text(VISIT), psn_no=PSN, chrg_bchno=batch, feedetl_sn=sns)
    return pb.CancelFeesRequest(envelope=an_envelope("2205", msgid), input=given)


@dataclass
class Counter:
    """A fee desk over a fresh care book in which the visit is open."""

    dsn: str
    book: CareBook
    fees: FeeBook
    desk: FeeDesk = field(init=False)

    def __post_init__(self) -> None:
        clock = StandingClock()
        signed_in = SignedIn(book=self.book, clock=clock)
        slices = Slices(pressing=lambda: False, clock=clock)
        self.desk = FeeDesk(book=self.fees, house=a_house(), signed_in=signed_in, slices=slices, clock=clock)

    async def reply(self, request: Any) -> Reply:
        return await self.desk.decide(a_call(request))

    async def done(self, request: Any) -> pb.Outcome:
        """The outcome of a call that must be carried out."""
        reply = await self.reply(request)
        assert isinstance(reply, Answer), reply
        return pb.Outcome.FromString(reply.outcome)

    async def refused(self, request: Any) -> str:
        """Why a call is refused."""
        reply = await self.reply(request)
        assert isinstance(reply, Refused), reply
        return reply.code

    async def rows(self, sql: str, *given: Any) -> list[Any]:
        async with postgres.opened(self.dsn, application_name="test") as connection:
            return list(await connection.fetch(sql, *given))

    async def stored(self) -> tuple[int, int, int]:
        """Lines held, lines that the sums say, lines that the visit says."""
        lines = (await self.rows("SELECT count(*) FROM fee_line"))[0][0]
        sums = (await self.rows("SELECT coalesce(sum(lines), 0)::int FROM fee_sum"))[0][0]
        return lines, sums, (await self.rows("SELECT fee_lines FROM visit"))[0][0]

    async def version(self) -> int:
        found = (await self.rows("SELECT version FROM visit"))[0][0]
        assert isinstance(found, int)
        return found

    async def settling(self, request: pb.SettleRequest) -> Admitted | Refused:
        """What admission makes of a settlement, over what the book says now."""
        call = a_call(request)
        known = await self.book.read([sought_by(call)])
        visits = visits_of_uploaded([call], known)
        sums = await self.book.fee_sums(visits) if visits else {}
        verdict = admit(call, house=a_house(), view=View(known, {}, lambda *_: False, NOW_MS, TODAY, sums))
        assert isinstance(verdict, Admitted | Refused)
        return verdict

    async def paid(self, msgid: str, fen: int, number: int = 1, *, batch: str = "batch-1") -> bytes:
        """Settle uploaded lines and book that they are paid."""
        verdict = await self.settling(a_settle_request(msgid, lines=[], medfee_sumamt=fen, chrg_bchno=batch))
        assert isinstance(verdict, Admitted), verdict
        await self.book.claim(verdict.rows)
        row = verdict.rows[0]
        facts = verdict.item.facts if verdict.item else None
        assert facts is not None
        care = a_care_row(msgid, number, fen=fen, visit=VISIT, bill=row.bill, begin_day=TODAY, end_day=TODAY)
        care = care._replace(
            id=row.id, digest=row.digest, settlement=row.id, lines_digest=bytes(facts.lines_digest)
        )
        await self.book.book([care])
        return row.id

    async def cancelled(self, name: str, settlement: bytes, number: int = 2, fen: int = FEN_A_LINE) -> None:
        """Book that a settlement was taken back."""
        await self.book.claim([a_request_row(name, kind=2, visit=VISIT)])
        bill = (await self.rows("SELECT bill FROM fee_bill WHERE settlement = $1", settlement))[0][0]
        row = a_mirror_row(name, number, "", fen=fen, visit=VISIT, bill=bill)
        await self.book.book([row._replace(settlement=settlement, undoes=settlement, target=settlement)])


@pytest.fixture
async def counter(database: NewDatabase) -> AsyncIterator[Counter]:
    """See Counter."""
    dsn = database("ledger", "gateway")
    async with open_care_book(dsn=dsn, region=REGION, slot=0, clock=StandingClock()) as book:
        await book.take_over()
        await book.claim([an_opening_row("opening", VISIT)])
        fees = FeeBook(dsn=dsn, region=REGION, slot=0)
        try:
            yield Counter(dsn, book, fees)
        finally:
            await fees.close()


async def test_an_upload_is_answered_with_the_split_of_its_lines_and_their_sum(counter: Counter) -> None:
    outcome = await counter.done(an_upload("u1", a_line("1"), a_line("2", med_list_codg="unknown")))
    assert [one.feedetl_sn for one in outcome.feesplit] == ["1", "2"]
    assert [one.inscp_scp_amt for one in outcome.feesplit] == [FEN_A_LINE, 0]
    assert [one.fulamt_ownpay_amt for one in outcome.feesplit] == [0, FEN_A_LINE]
    assert [one.pric_uplmt_amt for one in outcome.feesplit] == [
        12_000_000,
        0,
    ]  # 12 yuan at this level; none outside the catalogue
    assert await counter.stored() == (2, 2, 2)


async def test_sent_again_it_gives_the_same_bytes_and_does_nothing(counter: Counter) -> None:
    first = await counter.reply(an_upload("u1", a_line("1")))
    await counter.done(an_upload("u2", a_line("2")))
    version = await counter.version()
    assert await counter.reply(an_upload("u1", a_line("1"))) == first
    assert (await counter.stored(), await counter.version()) == ((2, 2, 2), version)
    deleted = await counter.reply(a_deletion("d1", "1"))
    assert await counter.reply(a_deletion("d1", "1")) == deleted
    assert isinstance(deleted, Answer)
    assert await counter.stored() == (1, 1, 1)


async def test_other_content_under_a_msgid_is_refused(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    assert await counter.refused(an_upload("u1", a_line("2"))) == "MSGID_REUSED"
    assert await counter.stored() == (1, 1, 1)


async def test_a_line_is_the_same_line_or_refused(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    await counter.done(an_upload("u2", a_line("1"), a_line("2")))
    other = a_line("1", cnt=20_000, det_item_fee_sumamt=2 * FEN_A_LINE)
    assert await counter.refused(an_upload("u3", a_line("3"), other)) == "LINE_REUSED"
    assert await counter.refused(an_upload("u4", a_line("1"), batch="batch-2")) == "LINE_REUSED"
    assert await counter.stored() == (2, 2, 2)


async def test_returns_come_later_than_their_line_and_take_no_more_than_was_bought(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1", cnt=20_000, det_item_fee_sumamt=2 * FEN_A_LINE)))
    await counter.done(an_upload("u2", a_return("1", "back-1")))
    assert (await counter.rows("SELECT total_fen, in_scope_fen, lines FROM fee_sum"))[0] == (
        FEN_A_LINE, FEN_A_LINE, 2,
    )  # fmt: skip
    too_much = a_return("1", "back-2", cnt=-20_000, det_item_fee_sumamt=-2 * FEN_A_LINE)
    assert await counter.refused(an_upload("u3", too_much)) == "INVALID"
    await counter.done(an_upload("u4", a_return("1", "back-2")))
    assert await counter.refused(an_upload("u5", a_return("1", "back-3"))) == "INVALID"
    assert await counter.refused(an_upload("u6", a_return("never", "back-4"))) == "INVALID"
    assert (await counter.rows("SELECT total_fen, lines FROM fee_sum"))[0] == (0, 3)
    await counter.done(a_deletion("d1", "back-1"))  # what was taken back counts again
    assert (await counter.rows("SELECT total_fen, lines FROM fee_sum"))[0] == (FEN_A_LINE, 2)
    await counter.done(a_deletion("d2", "1"))  # with a line go its returns
    assert await counter.stored() == (0, 0, 0)


@pytest.mark.parametrize("in_batch", [True, False], ids=["as batch", "as line"])
async def test_0000_deletes_all_that_is_not_settled(counter: Counter, in_batch: bool) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    await counter.paid("s1", FEN_A_LINE)
    await counter.done(an_upload("u2", a_line("2"), a_line("3"), batch="batch-2"))
    everything = a_deletion("d1", batch="0000") if in_batch else a_deletion("d1", "0000")
    assert (await counter.done(everything)).status == pb.OUTCOME_STATUS_OK
    assert await counter.stored() == (1, 1, 1)
    assert (await counter.rows("SELECT batch FROM fee_line"))[0][0] == "batch-1"


async def test_lines_that_a_live_settlement_pays_stay_as_they_are_until_it_is_cancelled(
    counter: Counter,
) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    settlement = await counter.paid("s1", FEN_A_LINE)
    assert await counter.refused(a_deletion("d1", "1")) == "FEES_SETTLED"
    assert await counter.refused(a_deletion("d2", batch="batch-1")) == "FEES_SETTLED"
    assert await counter.refused(an_upload("u2", a_line("2"))) == "FEES_SETTLED"
    assert await counter.refused(an_upload("u3", a_return("1"), batch="batch-2")) == "FEES_SETTLED"
    await counter.done(an_upload("u4", a_line("2"), batch="batch-2"))
    await counter.cancelled("c1", settlement)
    await counter.done(a_deletion("d3", "1"))
    assert await counter.stored() == (1, 1, 1)


async def test_a_return_of_another_batch_keeps_its_line_as_it_was_paid(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1", cnt=20_000, det_item_fee_sumamt=2 * FEN_A_LINE)))
    await counter.done(an_upload("u2", a_return("1"), batch="batch-2"))
    await counter.paid("s1", FEN_A_LINE)
    assert await counter.refused(a_deletion("d1", "back-1")) == "FEES_SETTLED"
    await counter.done(a_deletion("d2", "0000"))
    assert await counter.stored() == (2, 2, 2)


async def test_fee_calls_wait_for_an_open_settlement(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    verdict = await counter.settling(a_settle_request("s1", lines=[], medfee_sumamt=FEN_A_LINE))
    assert isinstance(verdict, Admitted)
    await counter.book.claim(verdict.rows)
    assert await counter.refused(an_upload("u2", a_line("2"), batch="batch-2")) == "BUSY_VISIT"
    assert await counter.refused(a_deletion("d1", "1")) == "BUSY_VISIT"


async def test_a_settlement_judged_before_an_upload_is_not_claimed_after_it(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    verdict = await counter.settling(a_settle_request("s1", lines=[], medfee_sumamt=FEN_A_LINE))
    assert isinstance(verdict, Admitted)
    await counter.done(an_upload("u2", a_line("2")))
    with pytest.raises(ClaimConflict):
        await counter.book.claim(verdict.rows)


async def test_uploads_of_one_visit_at_once_come_one_after_the_other(counter: Counter) -> None:
    version = await counter.version()
    await asyncio.gather(
        *[counter.done(an_upload(f"u{n}", a_line(f"{n}"), a_line("shared"))) for n in range(6)]
    )
    assert await counter.stored() == (7, 7, 7)
    assert (await counter.rows("SELECT total_fen FROM fee_sum"))[0][0] == 7 * FEN_A_LINE
    assert await counter.version() == version + 6


async def test_the_same_call_at_once_is_carried_out_once(counter: Counter) -> None:
    replies = await asyncio.gather(*[counter.reply(an_upload("u1", a_line("1"))) for _ in range(3)])
    assert len({reply.outcome for reply in replies if isinstance(reply, Answer)}) == 1
    assert all(isinstance(reply, Answer) for reply in replies)
    assert await counter.stored() == (1, 1, 1)


async def test_more_lines_than_a_call_carries_are_refused_and_as_many_are_not(counter: Counter) -> None:
    lines = [a_line(str(number)) for number in range(1_001)]
    assert await counter.refused(an_upload("u1", *lines)) == "INVALID"
    await counter.done(an_upload("u2", *lines[:1_000]))
    assert await counter.stored() == (1_000, 1_000, 1_000)


@pytest.mark.parametrize("state", [VISIT_CANCELLED, VISIT_CLOSED])
async def test_a_visit_that_is_not_open_takes_no_fees(counter: Counter, state: int) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    step = a_request_row(
        "step", kind=14, visit=VISIT, visit_version=await counter.version(), new_state=state, item=None,
        own_answer=b"closed", end_day=TODAY,
    )  # fmt: skip
    await counter.book.claim([step])
    assert await counter.refused(an_upload("u2", a_line("2"))) == "VISIT_CLOSED"
    assert await counter.refused(a_deletion("d1", "1")) == "VISIT_CLOSED"


async def test_another_person_s_visit_takes_no_fees(counter: Counter) -> None:
    assert await counter.refused(an_upload("u1", a_line("1"), psn_no="45010000000002")) == "WRONG_PERSON"


async def test_a_settlement_reads_the_sums_and_names_exactly_those_lines(counter: Counter) -> None:
    lines: Sequence[pb.FeeDetail] = [
        a_line("1"),
        a_line("2", med_list_codg="unknown"),
        a_return("1", "back-1"),
    ]
    await counter.done(an_upload("u1", *lines))
    await counter.done(an_upload("u2", a_line("3"), batch="batch-2"))
    verdict = await counter.settling(a_settle_request("s1", lines=[], medfee_sumamt=FEN_A_LINE))
    assert isinstance(verdict, Admitted)
    assert verdict.item is not None
    facts = verdict.item.facts
    (row,) = await counter.rows("SELECT * FROM fee_sum WHERE batch = 'batch-1'")
    columns = ("total_fen", "full_self_fen", "over_limit_fen", "first_pay_fen", "in_scope_fen")
    assert [row[name] for name in columns] == [getattr(facts, name) for name in columns]
    sums = (await counter.book.fee_sums([VISIT]))[VISIT]
    assert facts.lines_digest == lines_digest([sums[("batch-1", TODAY)]])
    await counter.book.claim(verdict.rows)
    (bill,) = await counter.rows("SELECT * FROM fee_bill")
    assert bill["lines_digest"] == facts.lines_digest
    assert (bill["settlement"], bill["visit"], bill["bill"], bill["batch"], bill["lines"]) == (
        verdict.item.id, VISIT, verdict.item.bill, "batch-1", 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fen", "batch", "code"), [(FEN_A_LINE, "batch-2", "NO_FEES"), (FEN_A_LINE + 1, "batch-1", "INVALID")]
)
async def test_a_settlement_of_other_lines_or_another_sum_is_refused(
    counter: Counter, fen: int, batch: str, code: str
) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    verdict = await counter.settling(a_settle_request("s1", lines=[], medfee_sumamt=fen, chrg_bchno=batch))
    assert isinstance(verdict, Refused)
    assert verdict.code == code


async def test_lines_come_uploaded_or_with_the_settlement_not_both(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    verdict = await counter.settling(a_settle_request("s1", lines=[a_line("2")]))
    assert isinstance(verdict, Refused)
    assert verdict.code == "FEES_UPLOADED"


async def test_the_lines_of_a_cancelled_settlement_are_found_changed_once_one_is_gone(
    counter: Counter,
) -> None:
    await counter.done(an_upload("u1", a_line("1"), a_line("2")))
    settlement = await counter.paid("s1", 2 * FEN_A_LINE)
    await counter.cancelled("c1", settlement, fen=2 * FEN_A_LINE)
    bill = (await counter.rows("SELECT bill FROM fee_bill"))[0][0]
    revived = [BillLines(VISIT, bill, (), settlement)]
    assert await counter.book.lines_in_live_bills(revived) == set()
    await counter.done(a_deletion("d1", "1"))
    assert await counter.book.lines_in_live_bills(revived) == {(VISIT, bill)}
    await counter.done(an_upload("u2", a_line("1")))
    assert await counter.book.lines_in_live_bills(revived) == set()


DRUG = "XC08CAA321A0"
CODE, OTHER_CODE = "81" + "0" * 17 + "1", "81" + "0" * 17 + "2"


def a_drug(sn: str, *codes: str, **changes: Any) -> pb.FeeDetail:
    """Tablets with the traceability codes of their packs."""
    return a_line(sn, **({"med_list_codg": DRUG, "drug_trac_codg": codes} | changes))


def a_drug_back(of: str, sn: str = "back-1") -> pb.FeeDetail:
    """All of them returned."""
    return a_return(of, sn, med_list_codg=DRUG)


async def test_an_uploaded_drug_line_needs_a_traceability_code(counter: Counter) -> None:
    assert await counter.refused(an_upload("u1", a_line("1"), a_drug("2"))) == "TRACE_CODE_MISSING"
    assert await counter.refused(an_upload("u1", a_drug("2", "8" * 19))) == "INVALID"
    assert await counter.stored() == (0, 0, 0)
    await counter.done(an_upload("u1", a_line("1"), a_drug("2", CODE)))
    await counter.done(an_upload("u2", a_drug("3"), a_drug_back("3", "back-3")))


async def test_a_pack_is_on_one_line_of_a_visit_whatever_message_brings_it(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_drug("1", CODE)))
    await counter.done(an_upload("u2", a_drug("1", CODE), a_drug("2", OTHER_CODE)))
    assert await counter.refused(an_upload("u3", a_drug("3", CODE), batch="batch-2")) == "INVALID"
    await counter.done(a_deletion("d1", "1"))
    await counter.done(an_upload("u4", a_drug("3", CODE)))


async def test_a_pack_that_came_back_is_sold_again_and_its_return_stays(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_drug("1", CODE)))
    await counter.done(an_upload("u2", a_drug_back("1"), a_drug("2", CODE)))
    assert await counter.refused(a_deletion("d1", "back-1")) == "INVALID", "the pack would be on two lines"
    await counter.done(a_deletion("d2", "1"))
    assert await counter.refused(an_upload("u3", a_drug("3", CODE))) == "INVALID", "line 2 has it still"
    await counter.done(a_deletion("d3", "0000"))
    await counter.done(an_upload("u4", a_drug("3", CODE)))


async def test_a_line_that_was_returned_in_part_keeps_its_pack(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_drug("1", CODE, cnt=20_000, det_item_fee_sumamt=2 * FEN_A_LINE)))
    await counter.done(an_upload("u2", a_drug_back("1")))
    assert await counter.refused(an_upload("u3", a_drug("2", CODE))) == "INVALID"
    await counter.done(an_upload("u4", a_drug_back("1", "back-2"), a_drug("2", CODE)))


async def test_a_line_without_a_code_stays_returned(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_drug("1"), a_drug_back("1")))
    assert await counter.refused(a_deletion("d1", "back-1")) == "TRACE_CODE_MISSING"
    await counter.done(a_deletion("d2", "1"))
    assert await counter.stored() == (0, 0, 0)


async def test_a_return_that_is_deleted_gives_its_line_the_pack_back(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_drug("1", CODE)))
    await counter.done(an_upload("u2", a_drug_back("1")))
    await counter.done(a_deletion("d1", "back-1"))
    assert await counter.refused(an_upload("u3", a_drug("2", CODE))) == "INVALID"


async def test_a_visit_holds_no_more_lines_than_it_may(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    await counter.rows("UPDATE fee_sum SET lines = $1", VISIT_LINES_MAX - 1)
    await counter.rows("UPDATE visit SET fee_lines = $1", VISIT_LINES_MAX - 1)
    assert await counter.refused(an_upload("u2", a_line("2"), a_line("3"))) == "TOO_MANY_LINES"
    await counter.done(an_upload("u3", a_line("2"), a_line("1")))  # one of them is held already
    assert await counter.refused(an_upload("u4", a_line("3"))) == "TOO_MANY_LINES"


async def test_a_call_writes_the_sums_of_its_own_days_and_no_others(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1", fee_ocur_time="2026-11-16 09:00:00")))
    of_day = "SELECT xmin::text FROM fee_sum WHERE day = '2026-11-16'"
    before = await counter.rows(of_day)
    outcome = await counter.done(an_upload("u2", a_line("2", fee_ocur_time="2026-11-17 09:00:00")))
    assert await counter.rows(of_day) == before
    assert (outcome.fee_lines, outcome.fee_sumamt) == (2, 2 * FEN_A_LINE)
    assert await counter.stored() == (2, 2, 2)


async def test_fees_of_another_pool_than_the_visit_s_are_refused(counter: Counter) -> None:
    upload, deletion = an_upload("u1", a_line("1")), a_deletion("d1", "0000")
    for request in (upload, deletion):
        request.envelope.insuplc_admdvs = "440100"
        assert await counter.refused(request) == "WRONG_POOL"
    assert await counter.stored() == (0, 0, 0)


async def test_no_line_of_a_sum_is_written_that_does_not_add_up(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1")))
    with pytest.raises(asyncpg.CheckViolationError):
        await counter.rows("UPDATE fee_line SET in_scope_fen = in_scope_fen + 1")
    with pytest.raises(asyncpg.CheckViolationError):
        await counter.rows("UPDATE fee_sum SET in_scope_fen = in_scope_fen + 1")


async def test_the_visit_says_how_many_lines_it_holds(counter: Counter) -> None:
    await counter.done(an_upload("u1", a_line("1"), a_line("2")))
    visit = (await counter.book.read([sought_by(a_call(a_settle_request(lines=[])))])).visits[VISIT]
    assert visit == a_visit(version=2, fee_lines=2, serial="opening")
