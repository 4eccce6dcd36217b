"""Messages, visits, rows and views that tests of the gateway begin from: one valid thing each, changed by keywords.

The scene: a person insured in Nanning (pool 450100, home node 45) is treated in Guangzhou (care region 44), one line of
ten yuan, all in scope. TODAY is the first day of the simulation's virtual time.
"""

import asyncio
import hashlib
from datetime import date
from functools import lru_cache
from typing import Any, cast

from gateway.calls import KIND_OF, Call
from gateway.care_book import VISIT_OPEN, Claim, Decided, Known, RequestRow, Visit
from gateway.catalogue import load_catalogues
from gateway.directory import Directory
from gateway.entrance import House, View
from ledger.life import Kind, Status
from ledger.rows import COLUMNS, PAYERS, SCOPE, Row
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.clock import china_date
from runtime.keys import partition_of, setl_id_text, transport_key_id, visit_key
from tests.simulation.virtual_time import EPOCH_MS

NOW_MS = EPOCH_MS
TODAY = china_date(NOW_MS)
TODAY_TEXT = TODAY.isoformat()
REGION = "44"
HOSPITAL, OTHER_HOSPITAL, PHARMACY = "H44010490001", "H44010490007", "P44010490001"
CARE_POOL, HOME_POOL, NODE, PARTITIONS = 440100, 450100, 45, 2
PSN, OTHER_PSN = "45010000000001", "45010000000002"
PARTITION = partition_of(PSN, PARTITIONS)
IPT_OTP_NO = "visit-1"
ITEM = "001102000010000"  # a consultation, class 01, no first pay, limit 12 yuan
OTHER_ITEM = "001102000040000"
FEN_A_LINE = 1_000
DEADLINE_MS = NOW_MS + 30_000


def an_id(name: str) -> bytes:
    """A 16-byte id for a name."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


@lru_cache(maxsize=4)
def a_house(*, slot: int = 0, region: str = REGION) -> House:
    """A slot with the shipped directory and catalogues."""
    return House(region, slot, _directory(), _catalogues())


@lru_cache(maxsize=1)
def _directory() -> Directory:
    return Directory.load()


@lru_cache(maxsize=1)
def _catalogues() -> Any:
    return load_catalogues()


# ------------------------------------------------------------------------------------------------------- messages


def an_envelope(infno: str, msgid: str, **changes: Any) -> Envelope:
    """The envelope of a message of HOSPITAL for a person of HOME_POOL."""
    fields: dict[str, Any] = {
        "fixmedins_code": HOSPITAL, "insuplc_admdvs": str(HOME_POOL), "inf_time": f"{TODAY_TEXT} 09:30:00",
        "opter_type": "1", "opter": "op1",
    } | changes  # fmt: skip
    return Envelope(infno=infno, msgid=msgid, **fields)


def a_line(sn: str = "line-1", **changes: Any) -> pb.FeeDetail:
    """A line of FEN_A_LINE."""
    fields: dict[str, Any] = {
        "med_list_codg": ITEM, "cnt": 10_000, "pric": 10_000_000, "det_item_fee_sumamt": FEN_A_LINE,
        "fee_ocur_time": f"{TODAY_TEXT} 09:00:00",
    } | changes  # fmt: skip
    return pb.FeeDetail(feedetl_sn=sn, **fields)


def a_return(of: str = "line-1", sn: str = "back-1", **changes: Any) -> pb.FeeDetail:
    """All of a line taken back."""
    changes = {"cnt": -10_000, "det_item_fee_sumamt": -FEN_A_LINE} | changes
    return a_line(sn, init_feedetl_sn=of, **changes)


def a_settle_request(
    msgid: str = "m1", *, infno: str = "2207", envelope: dict[str, Any] | None = None,
    lines: list[pb.FeeDetail] | None = None, **changes: Any,
) -> pb.SettleRequest:  # fmt: skip
    """An outpatient settlement of the visit IPT_OTP_NO; `changes` are fields of its input."""
    lines = [a_line()] if lines is None else lines
    fields: dict[str, Any] = {
        "psn_no": PSN, "mdtrt_id": setl_id_text(a_visit_key()), "chrg_bchno": "batch-1",
        "medfee_sumamt": sum(line.det_item_fee_sumamt for line in lines), "psn_setlway": "01",
    } | changes  # fmt: skip
    return pb.SettleRequest(
        envelope=an_envelope(infno, msgid, **(envelope or {})), input=pb.SettleInput(feedetl=lines, **fields)
    )


def a_sale_request(msgid: str = "m1", *, psn_no: str = PSN, **changes: Any) -> pb.SettleRequest:
    """A pharmacy's sale, by invoice number."""
    changes = {
        "mdtrt_id": "",
        "chrg_bchno": "",
        "invono": "inv-1",
        "med_type": "41",
        "insutype": "310",
    } | changes
    changes.setdefault("fee_ocur_time", f"{TODAY_TEXT} 09:00:00")
    envelope = {"fixmedins_code": PHARMACY} | changes.pop("envelope", {})
    return a_settle_request(msgid, infno="2102", envelope=envelope, psn_no=psn_no, **changes)


def a_cancel_request(
    setl_id: str, msgid: str = "m2", *, infno: str = "2208", envelope: dict[str, Any] | None = None, **changes: Any
) -> pb.CancelRequest:  # fmt: skip
    """A refund of a settlement."""
    given = pb.CancelInput(**({"setl_id": setl_id, "psn_no": PSN} | changes))
    return pb.CancelRequest(envelope=an_envelope(infno, msgid, **(envelope or {})), input=given)


def a_reverse_request(
    omsgid: str, msgid: str = "m3", *, oinfno: str = "2207", psn_no: str = PSN, **envelope: Any
) -> pb.ReverseRequest:
    """2601 of a message."""
    given = pb.ReverseInput(omsgid=omsgid, oinfno=oinfno, psn_no=psn_no)
    return pb.ReverseRequest(envelope=an_envelope("2601", msgid, **envelope), input=given)


def an_opening(
    msgid: str = "v1", *, infno: str = "2201", envelope: dict[str, Any] | None = None, **changes: Any
) -> pb.OpenVisitRequest:  # fmt: skip
    """A registration of the visit IPT_OTP_NO."""
    fields = {"psn_no": PSN, "insutype": "310", "med_type": "11", "ipt_otp_no": IPT_OTP_NO} | changes
    return pb.OpenVisitRequest(
        envelope=an_envelope(infno, msgid, **(envelope or {})), input=pb.VisitInput(**fields)
    )


def a_visit_cancel(msgid: str = "v2", *, infno: str = "2202", **changes: Any) -> pb.CancelVisitRequest:
    """A cancellation of the visit IPT_OTP_NO."""
    fields = {"psn_no": PSN, "mdtrt_id": setl_id_text(a_visit_key())} | changes
    return pb.CancelVisitRequest(envelope=an_envelope(infno, msgid), input=pb.CancelVisitInput(**fields))


def a_filing(
    msgid: str = "f1", *, infno: str = "2501", envelope: dict[str, Any] | None = None, **changes: Any
) -> fpb.FileRequest:  # fmt: skip
    """Treatment in Guangzhou is filed by PSN himself."""
    fields: dict[str, Any] = {"psn_no": PSN, "insutype": "310"} | changes
    if infno == "2501":
        fields = {"fil_type": "other", "mdtrtarea_admdvs": str(CARE_POOL)} | fields
    return fpb.FileRequest(
        envelope=an_envelope(infno, msgid, **(envelope or {})), input=fpb.FilingInput(**fields)
    )


def a_referral(msgid: str = "f1", **changes: Any) -> fpb.FileRequest:
    """HOSPITAL refers PSN to Guangzhou's other hospital."""
    fields = {
        "fil_type": "referral", "refl_type": "3", "refl_date": TODAY_TEXT, "reflin_medins_no": OTHER_HOSPITAL,
    } | changes  # fmt: skip
    return a_filing(msgid, **fields)


def a_withdrawal(of: bytes, msgid: str = "f2", *, infno: str = "2502", **changes: Any) -> fpb.WithdrawRequest:
    """A filing of PSN is withdrawn."""
    fields = {"psn_no": PSN, "trt_dcla_detl_sn": setl_id_text(of)} | changes
    return fpb.WithdrawRequest(envelope=an_envelope(infno, msgid), input=fpb.WithdrawInput(**fields))


def a_call(
    request: Any, *, deadline_ms: int = DEADLINE_MS, node_answer: bytes | None = None, reply: Any = None
) -> Call:
    """A call with its message; `reply` is a future where somebody is to answer it."""
    presettle = isinstance(request, pb.PreSettleRequest)
    return Call(
        kind=int(Kind.SETTLE) if presettle else KIND_OF[type(request)], request=request, deadline_ms=deadline_ms,
        reply=cast("asyncio.Future[Any]", reply), node_answer=node_answer, presettle=presettle,
    )  # fmt: skip


def the_id(infno: str, msgid: str, fixmedins_code: str = HOSPITAL) -> bytes:
    """The id of a message."""
    return transport_key_id(fixmedins_code, infno, msgid)


# ------------------------------------------------------------------------------------------------- what is known


def a_visit_key(ipt_otp_no: str = IPT_OTP_NO, fixmedins_code: str = HOSPITAL) -> bytes:
    """The key of a visit by its number."""
    return visit_key(fixmedins_code, ipt_otp_no)


def a_visit(**changes: Any) -> Visit:
    """The visit IPT_OTP_NO, open and free."""
    visit = Visit(
        id=a_visit_key(), alias=None, fixmedins_code=HOSPITAL, serial=IPT_OTP_NO, psn_no=PSN, home_pool=HOME_POOL,
        care_pool=CARE_POOL, node=NODE, partition=PARTITION, insutype="310", med_type="11", begin_day=TODAY,
        dise_codg="", matn_type="", emergency=False, injury=False, third_party=False, state=VISIT_OPEN,
        cancelled_by=None, version=1, busy=None, live_bills=(), unsealed=0,
    )  # fmt: skip
    return visit._replace(**changes)


def a_claim(kind: int = Kind.SETTLE, **changes: Any) -> Claim:
    """A message of the visit IPT_OTP_NO that was claimed."""
    claim = Claim(bytes([7]) * 32, TODAY, int(kind), NODE, PARTITION, PSN, a_visit_key(), None)
    return claim._replace(**changes)


def a_view(
    *, claims: dict[bytes, Claim] | None = None, visits: tuple[Visit, ...] = (),
    finals: dict[bytes, Decided] | None = None, silent: bool = False, now_ms: int = NOW_MS,
) -> View:  # fmt: skip
    """What was read for a flush."""
    known = Known(
        claims or {}, {visit.id: visit for visit in visits}, {visit.alias: visit for visit in visits if visit.alias}
    )  # fmt: skip
    return View(known, finals or {}, lambda node, partition: silent, now_ms, china_date(now_ms))


# ------------------------------------------------------------------------------------------------- rows of the book


def a_request_row(name: str, **changes: Any) -> RequestRow:
    """A row of W1 that claims the id of a name and is sent; it touches no visit."""
    row = RequestRow(
        day=TODAY, id=an_id(name), slot=0, kind=int(Kind.SETTLE), infno="2207", msgid=name, fixmedins_code=HOSPITAL,
        node=NODE, partition=PARTITION, psn_no=PSN, visit=None, visit_version=None, exclusive=False,
        deadline_ms=DEADLINE_MS, since_ms=NOW_MS, digest=an_id(name) * 2, input=b"in", item=b"item " + name.encode(),
        own_answer=None,
    )  # fmt: skip
    return row._replace(**changes)


def an_opening_row(name: str, visit: bytes, **changes: Any) -> RequestRow:
    """A row of W1 that opens a visit and is decided at the gateway."""
    return a_request_row(
        name, kind=11, item=None, own_answer=b"opened", visit=visit, opens_visit=True, serial=name,
        home_pool=HOME_POOL, care_pool=CARE_POOL, insutype="310", med_type="11", begin_day=TODAY, dise_codg="",
        matn_type="", emergency=False, injury=False, third_party=False, **changes,
    )  # fmt: skip


def a_care_row(name: str, number: int = 1, *, sign: int = 1, fen: int = FEN_A_LINE, **changes: Any) -> Row:
    """A decision: a settlement of `fen`, three fifths from the pooled fund; `sign` 0 is a declined one."""
    id_ = an_id(name)
    fields: dict[str, Any] = dict.fromkeys(COLUMNS, 0) | {
        "node": NODE, "partition": PARTITION, "term": 1, "number": number, "day": TODAY, "id": id_, "kind": 1,
        "status": int(Status.PAID if sign else Status.DECLINED), "code": "", "digest": id_ * 2, "decided_ms": NOW_MS,
        "region": REGION, "fixmedins_code": HOSPITAL, "home_pool": HOME_POOL, "care_pool": CARE_POOL, "psn_no": PSN,
        "insutype": "310", "med_type": "11", "clr_type": "11", "route": 3, "visit": an_id("visit"),
        "bill": an_id("bill"), "target": None, "undoes": None, "settlement": id_ if sign else None, "seals": False,
        "year": TODAY.year, "sign": sign, "fund_includes_account": False, "asked_fen": fen, "commercial_payer": "",
        "deltas": None, "family_psn_no": None, "family_amount_fen": None, "line_keys": None,
        "lines_digest": None, "begin_day": None, "end_day": None, "invoice": None, "policy_version": "1",
        "answer": b"answer " + name.encode(),
    }  # fmt: skip
    pooled = fen * 3 // 5
    fields |= {
        "total_fen": sign * fen, "in_scope_fen": sign * fen, "pooled_fen": sign * pooled,
        "fund_sum_fen": sign * pooled, "cash_fen": sign * (fen - pooled),
    }  # fmt: skip
    assert set(PAYERS) | set(SCOPE) <= set(fields)
    return Row(**(fields | changes))


def a_mirror_row(name: str, number: int, settlement: str, **changes: Any) -> Row:
    """A cancel that undid a settlement."""
    given: dict[str, Any] = {
        "kind": int(Kind.CANCEL), "status": int(Status.OK), "settlement": an_id(settlement),
        "undoes": an_id(settlement), "target": an_id(settlement),
    } | changes  # fmt: skip
    return a_care_row(name, number, sign=-1, **given)


def a_revival_row(name: str, number: int, cancel: str, settlement: str, **changes: Any) -> Row:
    """A reversal of a cancel: the settlement lives again."""
    given: dict[str, Any] = {
        "kind": int(Kind.REVIVE), "status": int(Status.OK), "settlement": an_id(settlement), "undoes": an_id(cancel),
        "target": an_id(cancel),
    } | changes  # fmt: skip
    return a_care_row(name, number, **given)


def a_decision(row: Row) -> mpb.Decision:
    """A row as its home node sends it."""
    decision = mpb.Decision()
    for column, value in zip(COLUMNS, row, strict=True):
        if value is None:
            continue
        if isinstance(value, tuple):
            getattr(decision, column).extend(value)
        else:
            setattr(decision, column, value.isoformat() if isinstance(value, date) else value)
    return decision
