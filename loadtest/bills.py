"""The messages of the load: written once per visit, then filled in per bill.

Goal: a load generator that shares two cores with the servers must cost next to nothing, and still send fresh bills
with the moment of sending in them. Method: a *stencil* is a serialised SettleRequest in which msgid, inf_time and the
number of the charge batch are placeholders of the length that they will have; filling it joins the pieces between them,
and the lengths inside the message stay true. The number of the batch begins every feedetl_sn and is in every
traceability code, so lines are fresh too.

Amounts are fen, cnt 1/10,000, pric 1/1,000,000 yuan.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple

from loadtest.directory import Institution, Item
from proto.settlement.v1 import envelope_pb2, settlement_pb2

ONE: Final = 10_000
"""`cnt` of one unit."""
PRODUCT_PER_FEN: Final = 100_000_000
"""cnt × pric of one fen."""
OUTPATIENT: Final = "11"
INPATIENT: Final = "21"
INFNO_OPEN: Final = {OUTPATIENT: "2201", INPATIENT: "2401"}
INFNO_SETTLE: Final = {OUTPATIENT: "2207", INPATIENT: "2304"}
PRICE_MOST: Final = {OUTPATIENT: 80_000_000, INPATIENT: 2_000_000_000}
"""The dearest item of a bill of that kind, 1/1,000,000 yuan (assumption: a clinic's bill is some hundred yuan)."""
CHINA_OFFSET_S: Final = 8 * 3_600

_TOKEN_MSGID: Final = b"~msgid~msgid~msgid~msgid~msgid"  # 30 characters, as in the field
_TOKEN_TIME: Final = b"~inf_time~inf_time~"
_TOKEN_BATCH: Final = b"~batch~~"
_BATCHES_MAX: Final = 10 ** len(_TOKEN_BATCH)
_BASE_36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PAIRS: Final = [first + second for first in _BASE_36 for second in _BASE_36]
_TAILS: Final = len(_PAIRS) ** 2


class MsgIds:
    """msgids: institution (12), China time (14), four characters that count, so that none comes twice."""

    def __init__(self) -> None:
        self._second = -1
        self._compact = self._spelled = ""
        self._number = 0

    def next(self, institution: str) -> tuple[str, str]:
        """A fresh msgid and the inf_time that goes with it, both of now."""
        second = int(time.time())
        if second != self._second:
            now = time.gmtime(second + CHINA_OFFSET_S)
            self._second = second
            self._compact = time.strftime("%Y%m%d%H%M%S", now)
            self._spelled = time.strftime("%Y-%m-%d %H:%M:%S", now)
        self._number = (self._number + 1) % _TAILS
        first, second_pair = divmod(self._number, len(_PAIRS))
        return f"{institution}{self._compact}{_PAIRS[first]}{_PAIRS[second_pair]}", self._spelled


def china_text(seconds: float) -> str:
    """A moment (seconds since 1970) as the national interface writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + CHINA_OFFSET_S))


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom a bill is for, as the institution knows him."""

    psn_no: str
    home_pool: str
    insutype: str


class Stencil(NamedTuple):
    """A SettleRequest of one visit cut at its placeholders, and what it comes to in fen."""

    before_msgid: bytes
    before_time: bytes
    between_batches: tuple[bytes, ...]
    """From behind the time to the end, cut where the number of the batch belongs."""
    total_fen: int

    @classmethod
    def cut(cls, body: bytes, total_fen: int) -> "Stencil":
        """Cuts a serialised request; protobuf writes fields in the order of their numbers, the envelope first."""
        before_msgid, rest = body.split(_TOKEN_MSGID)
        before_time, rest = rest.split(_TOKEN_TIME)
        return cls(before_msgid, before_time, tuple(rest.split(_TOKEN_BATCH)), total_fen)

    def fill(self, *, msgid: str, inf_time: str, batch: int) -> bytes:
        """The serialised request of one bill. `batch` must be new within the visit."""
        behind = (b"%08d" % (batch % _BATCHES_MAX)).join(self.between_batches)
        return b"".join((self.before_msgid, msgid.encode(), self.before_time, inf_time.encode(), behind))


def envelope(
    institution: Institution, *, infno: str, msgid: str, inf_time: str, home_pool: str
) -> envelope_pb2.Envelope:
    """The national envelope as a HIS writes it."""
    return envelope_pb2.Envelope(
        infno=infno,
        msgid=msgid,
        mdtrtarea_admvs=institution.care_pool,
        insuplc_admdvs=home_pool,
        recer_sys_code="DSGW",
        infver="V1.0",
        opter_type="1",
        opter="cashier01",
        opter_name="收费窗口",
        inf_time=inf_time,
        fixmedins_code=institution.code,
        fixmedins_name=institution.name,
    )


def open_visit(
    patient: Patient,
    institution: Institution,
    *,
    med_type: str,
    number: str,
    begntime: str,
    msgid: str,
    inf_time: str,
    credential: envelope_pb2.Credential,
) -> settlement_pb2.OpenVisitRequest:
    """2201 or 2401; `number` is the institution's own number of the visit, unique there for ever."""
    return settlement_pb2.OpenVisitRequest(
        envelope=envelope(
            institution,
            infno=INFNO_OPEN[med_type],
            msgid=msgid,
            inf_time=inf_time,
            home_pool=patient.home_pool,
        ),
        credential=credential,
        input=settlement_pb2.VisitInput(
            psn_no=patient.psn_no,
            insutype=patient.insutype,
            med_type=med_type,
            ipt_otp_no=number,
            begntime=begntime,
            dept_code="A03",
            atddr_no="D440000000001",
        ),
    )


def stencil(
    patient: Patient,
    institution: Institution,
    *,
    med_type: str,
    mdtrt_id: str,
    lines: Sequence[settlement_pb2.FeeDetail],
    first_day: str,
    last_day: str,
    account_used: bool,
    credential: envelope_pb2.Credential,
) -> Stencil:
    """The stencil of a visit's bills: 2207 for an outpatient, 2304 for a stay from `first_day` to `last_day`."""
    total_fen = sum(line.det_item_fee_sumamt for line in lines)
    stay = med_type == INPATIENT
    request = settlement_pb2.SettleRequest(
        envelope=envelope(
            institution,
            infno=INFNO_SETTLE[med_type],
            msgid=_TOKEN_MSGID.decode(),
            inf_time=_TOKEN_TIME.decode(),
            home_pool=patient.home_pool,
        ),
        credential=credential,
        input=settlement_pb2.SettleInput(
            psn_no=patient.psn_no,
            mdtrt_id=mdtrt_id,
            med_type=med_type,
            insutype=patient.insutype,
            chrg_bchno="" if stay else _TOKEN_BATCH.decode(),
            medfee_sumamt=total_fen,
            psn_setlway="01",
            acct_used_flag="1" if account_used else "0",
            invono="I" + _TOKEN_BATCH.decode(),
            begntime=first_day if stay else "",
            endtime=last_day if stay else "",
            feedetl=lines,
        ),
    )
    return Stencil.cut(request.SerializeToString(), total_fen)


def fee_lines(
    price_list: Sequence[Item], *, med_type: str, lines: int, at: str, random: Random
) -> list[settlement_pb2.FeeDetail]:
    """So many different items around their usual price; `at` is every line's fee_ocur_time.

    A few per mille around the usual price, so that some lines lie above the price limit and some amounts round.
    Raises ValueError where the price list has fewer items of that kind of care.
    """
    fitting = [item for item in price_list if item.price <= PRICE_MOST[med_type]]
    made = []
    for place, item in enumerate(random.sample(fitting, lines)):
        cnt = random.choice((ONE, ONE, 2 * ONE, 3 * ONE, ONE // 2))
        pric = item.price * random.randint(940, 1_060) // 1_000
        made.append(
            settlement_pb2.FeeDetail(
                feedetl_sn=f"{_TOKEN_BATCH.decode()}-{place + 1:02}",
                med_list_codg=item.code,
                medins_list_codg=item.code[-6:],
                det_item_fee_sumamt=amount_fen(cnt, pric),
                cnt=cnt,
                pric=pric,
                fee_ocur_time=at,
                bilg_dept_codg="A03",
                bilg_dr_codg="D440000000001",
                # 20 digits that no other line of the visit has: the number of the batch, then the line's place
                drug_trac_codg=[f"810000000{_TOKEN_BATCH.decode()}{place + 1:03}"] if item.drug else [],
            )
        )
    return made


def amount_fen(cnt: int, pric: int) -> int:
    """cnt × pric in fen, rounded half up; neither is negative."""
    return (2 * cnt * pric + PRODUCT_PER_FEN) // (2 * PRODUCT_PER_FEN)


# ------------------------------------------------------------------------------------------ the session's frame

_SETTLE_TAG: Final = settlement_pb2.SessionCall.DESCRIPTOR.fields_by_name["settle"].number << 3 | 2
_CALLS_TAG: Final = settlement_pb2.SessionRequest.DESCRIPTOR.fields_by_name["calls"].number << 3 | 2


def session_message(batch_no: int, timeout_ms: int, settles: Iterable[bytes]) -> bytes:
    """A serialised SessionRequest around serialised SettleRequests: nothing is parsed to be wrapped."""
    parts = [settlement_pb2.SessionRequest(batch_no=batch_no, timeout_ms=timeout_ms).SerializeToString()]
    for settle in settles:
        parts += (_call_head(len(settle)), settle)
    return b"".join(parts)


@lru_cache(maxsize=4_096)
def _call_head(settle_bytes: int) -> bytes:
    """What stands before a SettleRequest of that length within a SessionRequest: two tags with their lengths."""
    inner = bytes((_SETTLE_TAG,)) + _varint(settle_bytes)
    return bytes((_CALLS_TAG,)) + _varint(len(inner) + settle_bytes) + inner


def _varint(number: int) -> bytes:
    said = bytearray()
    while number > 0x7F:
        said.append(number & 0x7F | 0x80)
        number >>= 7
    said.append(number)
    return bytes(said)
