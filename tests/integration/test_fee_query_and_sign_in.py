"""Uploaded lines read page by page with the settlement that pays them, and sign-in, over PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from gateway.calls import Answer
from gateway.care_book import CareBook
from gateway.fees.book import FeeBook, open_fee_book
from gateway.fees.desk import FeeDesk
from gateway.fees.query import FeeQuery
from gateway.refusals import Refused
from gateway.sign_in import SignBook
from gateway.signed_in import SignedIn
from gateway.slices import Slices
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, setl_id_text
from tests.builders import (
    HOSPITAL,
    OTHER_HOSPITAL,
    OTHER_PSN,
    PSN,
    REGION,
    TODAY,
    a_call,
    a_house,
    a_line,
    a_return,
    a_visit_key,
    an_envelope,
    an_id,
    an_opening_row,
)
from tests.care_regions import StandingClock, real_region
from tests.servers import NewDatabase

VISIT = a_visit_key()


class Door:
    """What a HIS reaches of fees and sign-in, over one database with one visit."""

    def __init__(
        self, *, book: FeeBook, care_book: CareBook, connection: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        parts: dict[str, Any] = {"book": book, "house": a_house(), "clock": StandingClock()}
        self.signed_in = SignedIn(book=care_book, clock=StandingClock())
        self.query = FeeQuery(**parts)
        slices = Slices(pressing=lambda: False, clock=StandingClock())
        self.desk = FeeDesk(**parts, signed_in=self.signed_in, slices=slices)
        self.signs = SignBook(**parts, signed_in=self.signed_in)
        self.connection = connection

    async def upload(self, batch: str, *lines: pb.FeeDetail, msgid: str = "") -> None:
        given = pb.UploadFeesInput(mdtrt_id=setl_id_text(VISIT), psn_no=PSN, chrg_bchno=batch, feedetl=lines)
        envelope = an_envelope("2204", msgid or f"up{batch}")
        reply = await self.desk.decide(a_call(pb.UploadFeesRequest(envelope=envelope, input=given)))
        assert isinstance(reply, Answer), reply

    async def fees(self, *, sender: str = HOSPITAL, **given: Any) -> pb.GetFeesResponse | Refused:
        fields: dict[str, Any] = {"psn_no": PSN, "mdtrt_id": setl_id_text(VISIT)} | given
        envelope = an_envelope("5204", "q1", fixmedins_code=sender, insuplc_admdvs="")
        return await self.query.get_fees(pb.GetFeesRequest(envelope=envelope, **fields))

    async def settled(self, name: str, *, batch: str | None, first: date, last: date, alive: int = 1) -> str:
        """A settlement over uploaded lines is booked; gives its setl_id."""
        bill = bill_key(VISIT, batch or "")
        await self.connection.execute(
            "INSERT INTO fee_bill (settlement, visit, bill, batch, begin_day, end_day, lines, lines_digest)"
            " VALUES ($1, $2, $3, $4, $5, $6, 1, $1)",
            an_id(name), VISIT, bill, batch, first, last,
        )  # fmt: skip
        await self.connection.execute(
            "INSERT INTO bill (visit, bill, alive, unsealed, last_number, last_id, last_day, node, partition)"
            " VALUES ($1, $2, $3, 0, 1, $4, $5, 45, 0)",
            VISIT, bill, alive, an_id(name), last,
        )  # fmt: skip
        return setl_id_text(an_id(name))


@pytest.fixture
async def door(database: NewDatabase) -> AsyncIterator[Door]:
    dsn = database("ledger", "gateway")
    async with real_region(dsn) as region:
        book = await region()
        await book.take_over()
        await book.claim([an_opening_row("visit", VISIT)])
        connection = await asyncpg.connect(dsn)
        try:
            async with open_fee_book(dsn=dsn, region=REGION, slot=0) as fees:
                yield Door(book=fees, care_book=book, connection=connection)
        finally:
            await connection.close()


def by_sn(response: pb.GetFeesResponse | Refused) -> dict[str, pb.FeeHeld]:
    assert isinstance(response, pb.GetFeesResponse), response
    return {held.line.feedetl_sn: held for held in response.fees}


async def test_a_line_is_given_as_it_came_with_its_split_and_batch(door: Door) -> None:
    await door.upload("1", a_line("a"), a_line("b"))
    held = by_sn(await door.fees())
    assert held["a"].line == a_line("a")
    assert (held["a"].chrg_bchno, held["a"].setl_id) == ("1", "")
    assert (held["a"].split.feedetl_sn, held["a"].split.chrgitm_lv) == ("a", "01")
    assert held["a"].split.inscp_scp_amt == held["a"].split.det_item_fee_sumamt == 1_000
    assert set(held) == {"a", "b"}


async def test_the_split_is_that_after_returns(door: Door) -> None:
    await door.upload("1", a_line("a"))
    await door.upload("1", a_return("a", "r"), msgid="back")
    held = by_sn(await door.fees())
    assert (held["a"].line.det_item_fee_sumamt, held["a"].split.det_item_fee_sumamt) == (1_000, 0)
    assert held["r"].line.init_feedetl_sn == "a"


async def test_pages_give_every_line_once(door: Door) -> None:
    names = [f"line-{number}" for number in range(7)]
    await door.upload("1", *[a_line(name) for name in names])
    got: list[str] = []
    after, pages = "", 0
    while True:
        page = await door.fees(page_size=3, page_after=after)
        got += by_sn(page)
        pages += 1
        assert isinstance(page, pb.GetFeesResponse)
        if not page.next_page:
            break
        after = page.next_page
    assert (sorted(got), pages) == (names, 3)
    whole = await door.fees(page_size=7)
    assert isinstance(whole, pb.GetFeesResponse)
    assert whole.next_page == ""


async def test_lines_name_the_live_settlement_of_their_batch_and_can_be_asked_by_it(door: Door) -> None:
    await door.upload("1", a_line("a"))
    await door.upload("2", a_line("b"))
    paid = await door.settled("paid", batch="1", first=TODAY, last=TODAY)
    held = by_sn(await door.fees())
    assert (held["a"].setl_id, held["b"].setl_id) == (paid, "")
    assert set(by_sn(await door.fees(setl_id=paid))) == {"a"}


async def test_an_undone_settlement_pays_nothing_any_more(door: Door) -> None:
    await door.upload("1", a_line("a"))
    undone = await door.settled("undone", batch="1", first=TODAY, last=TODAY, alive=0)
    assert by_sn(await door.fees())["a"].setl_id == ""
    response = await door.fees(setl_id=undone)
    assert isinstance(response, pb.GetFeesResponse)
    assert (response.infcode, list(response.fees)) == (-1, [])
    assert response.err_msg.startswith("NOT_SEEN")


async def test_a_settlement_of_days_pays_the_lines_of_those_days(door: Door) -> None:
    before = TODAY - timedelta(days=3)
    await door.upload("1", a_line("old", fee_ocur_time=f"{before} 08:00:00"), a_line("new"))
    paid = await door.settled("days", batch=None, first=before, last=TODAY - timedelta(days=1))
    held = by_sn(await door.fees())
    assert (held["old"].setl_id, held["new"].setl_id) == (paid, "")
    assert set(by_sn(await door.fees(setl_id=paid))) == {"old"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"sender": OTHER_HOSPITAL}, "UNKNOWN_VISIT"), ({"psn_no": OTHER_PSN}, "WRONG_PERSON"),
        ({"mdtrt_id": setl_id_text(an_id("other"))}, "UNKNOWN_VISIT"), ({"mdtrt_id": "x"}, "INVALID"),
        ({"page_size": 1_001}, "INVALID"), ({"page_after": "x"}, "INVALID"), ({"page_after": "9" * 19}, "INVALID"),
        ({"page_after": "-"}, "INVALID"), ({"psn_no": ""}, "INVALID"),
    ],
)  # fmt: skip
async def test_lines_of_others_and_malformed_questions_are_refused(
    door: Door, given: dict[str, Any], code: str
) -> None:
    await door.upload("1", a_line("a"))
    refused = await door.fees(**given)
    assert isinstance(refused, Refused), refused
    assert refused.code == code


async def test_a_question_does_not_wait_for_whoever_holds_the_visit(door: Door) -> None:
    await door.upload("1", a_line("a"))
    async with door.connection.transaction():
        await door.connection.execute("SELECT 1 FROM visit WHERE id = $1 FOR UPDATE", VISIT)
        assert set(by_sn(await asyncio.wait_for(door.fees(), 2))) == {"a"}


def signing_in(msgid: str = "in1", **given: Any) -> pb.SignInRequest:
    fields: dict[str, Any] = {"opter_no": "op1", "mac": "00:16:3e:00:00:01", "ip": "10.0.0.1"} | given
    return pb.SignInRequest(envelope=an_envelope("9001", msgid, insuplc_admdvs=""), **fields)


def signing_out(sign_no: str, *, sender: str = HOSPITAL, opter_no: str = "op1") -> pb.SignOutRequest:
    envelope = an_envelope("9002", "out1", fixmedins_code=sender, insuplc_admdvs="")
    return pb.SignOutRequest(envelope=envelope, sign_no=sign_no, opter_no=opter_no)


async def test_a_sign_in_sent_again_is_the_same_and_another_message_is_another(door: Door) -> None:
    first = await door.signs.sign_in(signing_in())
    assert isinstance(first, pb.SignInResponse)
    assert await door.signs.sign_in(signing_in()) == first
    other = await door.signs.sign_in(signing_in("in2"))
    assert isinstance(other, pb.SignInResponse)
    assert other.sign_no != first.sign_no
    assert first.sign_time.startswith(TODAY.isoformat())
    assert await door.connection.fetchval("SELECT count(*) FROM signed_in WHERE out_ms IS NULL") == 2


async def test_a_message_that_signed_another_operator_in_is_not_used_again(door: Door) -> None:
    await door.signs.sign_in(signing_in())
    refused = await door.signs.sign_in(signing_in(opter_no="op2"))
    assert isinstance(refused, Refused)
    assert refused.code == "MSGID_REUSED"


async def test_signing_out_ends_it_once(door: Door) -> None:
    signed = await door.signs.sign_in(signing_in())
    assert isinstance(signed, pb.SignInResponse)
    out = await door.signs.sign_out(signing_out(signed.sign_no))
    assert isinstance(out, pb.SignOutResponse)
    assert out.sign_time
    assert await door.signs.sign_out(signing_out(signed.sign_no)) == out
    assert await door.connection.fetchval("SELECT count(*) FROM signed_in WHERE out_ms IS NOT NULL") == 1


async def test_fees_with_a_sign_no_are_taken_only_while_it_is_signed_in(door: Door) -> None:
    signed = await door.signs.sign_in(signing_in())
    assert isinstance(signed, pb.SignInResponse)

    async def upload(msgid: str, sn: str, sign_no: str) -> Any:
        given = pb.UploadFeesInput(
            mdtrt_id=setl_id_text(VISIT), psn_no=PSN, chrg_bchno="1", feedetl=[a_line(sn)]
        )
        envelope = an_envelope("2204", msgid, sign_no=sign_no)
        return await door.desk.decide(a_call(pb.UploadFeesRequest(envelope=envelope, input=given)))

    first = await upload("u1", "a", signed.sign_no)
    assert isinstance(first, Answer)
    assert (await upload("u2", "b", setl_id_text(an_id("never")))).code == "SIGN_NO_INVALID"
    await door.signs.sign_out(signing_out(signed.sign_no))
    assert (await upload("u3", "c", signed.sign_no)).code == "SIGN_NO_INVALID"
    assert await upload("u1", "a", signed.sign_no) == first, "what was sent once is answered"
    assert set(by_sn(await door.fees())) == {"a"}


async def test_nobody_signs_another_out(door: Door) -> None:
    signed = await door.signs.sign_in(signing_in())
    assert isinstance(signed, pb.SignInResponse)
    for request in (
        signing_out(signed.sign_no, sender=OTHER_HOSPITAL),
        signing_out(signed.sign_no, opter_no="op2"),
        signing_out(setl_id_text(an_id("never"))),
    ):
        refused = await door.signs.sign_out(request)
        assert isinstance(refused, Refused)
        assert refused.code == "SIGN_NO_INVALID"
    malformed = await door.signs.sign_out(signing_out("1"))
    assert isinstance(malformed, Refused)
    assert malformed.code == "INVALID"
    assert await door.connection.fetchval("SELECT count(*) FROM signed_in WHERE out_ms IS NOT NULL") == 0
