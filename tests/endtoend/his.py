"""A HIS as a vendor would write it: envelopes, visits, bills, refunds and queries over gRPC.

It knows the contract in proto/ and the directory's codes, nothing else of the project. A `His` is one institution
with a channel to each gateway process of its region; `Visit` is what it notes down of a patient. A call gives the
response, or raises `Refused` with what the gateway said; any other gRPC error passes through.
"""

import contextlib
import itertools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import filing_pb2_grpc, settlement_pb2_grpc
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential, Envelope

CHINA: Final = timezone(timedelta(hours=8))
CALL_TIMEOUT_S: Final = 15.0
FINAL_WITHIN_S: Final = 60.0
WAIT_WITHIN_S: Final = 20.0
CONSULTATION: Final = "001102000010000"
BLOOD_TEST: Final = "002504010250000"
DRUG: Final = "XA02BCA348X0"
OPENING: Final = {"11": "2201", "21": "2401"}
TRIAL: Final = {"11": "2206", "21": "2303", "41": "2101"}
SETTLING: Final = {"11": "2207", "21": "2304", "41": "2102"}
CANCELLING: Final = {"11": "2208", "21": "2305", "41": "2103"}
METHODS: Final = {
    pb.GetInsuredRequest: "GetInsured",
    pb.OpenVisitRequest: "OpenVisit",
    pb.CancelVisitRequest: "CancelVisit",
    pb.PreSettleRequest: "PreSettle",
    pb.SettleRequest: "Settle",
    pb.CancelRequest: "Cancel",
    pb.ReverseRequest: "Reverse",
    pb.GetSettlementRequest: "GetSettlement",
    pb.UpdateVisitRequest: "UpdateVisit",
    pb.CloseVisitRequest: "CloseVisit",
    pb.ReopenVisitRequest: "ReopenVisit",
    pb.UploadFeesRequest: "UploadFees",
    pb.CancelFeesRequest: "CancelFees",
    pb.GetFeesRequest: "GetFees",
    pb.GetAccumulatorsRequest: "GetAccumulators",
    pb.ListStaysRequest: "ListStays",
    pb.GetInstitutionRequest: "GetInstitution",
    pb.GetCatalogueRequest: "GetCatalogue",
    pb.SignInRequest: "SignIn",
    pb.SignOutRequest: "SignOut",
}
FILING_METHODS: Final = {
    fpb.FileRequest: "File",
    fpb.WithdrawRequest: "Withdraw",
    fpb.ListFilingsRequest: "ListFilings",
}
PAID, DECLINED, EXPIRED, VOIDED, OK = (
    pb.OUTCOME_STATUS_PAID, pb.OUTCOME_STATUS_DECLINED, pb.OUTCOME_STATUS_EXPIRED, pb.OUTCOME_STATUS_VOIDED,
    pb.OUTCOME_STATUS_OK,
)  # fmt: skip

Result = TypeVar("Result")
_numbers = itertools.count(1)


class Refused(Exception):
    """The gateway stored and sent nothing; what it said, from the status and its details."""

    def __init__(self, failed: grpc.RpcError) -> None:
        status = rpc_status.from_call(failed)
        assert status is not None, f"a status without details: {failed}"
        self.status: grpc.StatusCode = failed.code()
        self.message: str = status.message
        self.code = ""
        self.violations: dict[str, str] = {}
        self.retry_after_ms = 0
        for packed in status.details:
            info, bad, retry = (
                error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo(),
            )  # fmt: skip
            if packed.Unpack(info):
                self.code = info.reason
            elif packed.Unpack(bad):
                self.violations = {one.field: one.description for one in bad.field_violations}
            elif packed.Unpack(retry):
                self.retry_after_ms = retry.retry_delay.ToMilliseconds()
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the hospital treats: as the card reader or the patient says it."""

    psn_no: str
    pool: str
    insutype: str
    certno: str = ""
    name: str = ""

    def credential(self) -> Credential:
        """The identity number."""
        return Credential(
            mdtrt_cert_type="02", mdtrt_cert_no=self.certno, psn_cert_type="01", certno=self.certno,
            psn_name=self.name,
        )  # fmt: skip


@dataclass(slots=True)
class Visit:
    """A patient who is being treated."""

    person: Person
    med_type: str
    mdtrt_id: str = ""
    number: str = field(default_factory=lambda: secrets.token_hex(8))
    bills: int = 0


NewPerson = Callable[..., Person]
"""The fixture `new_person(pool="440100", insutype="310")`: somebody whom no other test has met."""


def now_text(*, days: float = 0) -> str:
    """Now and so many days, China time, as the national interface writes it."""
    return f"{datetime.now(CHINA) + timedelta(days=days):%Y-%m-%d %H:%M:%S}"


def line(number: int | str, fen: int, *, item: str = CONSULTATION, at: str = "") -> pb.FeeDetail:
    """One unit of an item at that price; a drug's pack has a traceability code of its own."""
    codes = [f"81{secrets.randbelow(10**18):018}"] if item[0] in "XZ" else []
    return pb.FeeDetail(
        feedetl_sn=str(number), med_list_codg=item, medins_list_codg="1", det_item_fee_sumamt=fen, cnt=10_000,
        pric=fen * 10_000, fee_ocur_time=at or now_text(),
        drug_trac_codg=codes,
    )  # fmt: skip


def same_bytes(one: Message, other: Message) -> bool:
    """Whether two outcomes are the same, byte for byte."""
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


class His:
    """One institution's system. Use it as a context: it has channels open."""

    def __init__(self, code: str, *, care_pool: str, gateways: Sequence[str]) -> None:
        self.code = code
        self.care_pool = care_pool
        options = [
            ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500),
            ("grpc.use_local_subchannel_pool", 1),
        ]  # fmt: skip
        self.channels = [grpc.insecure_channel(address, options=options) for address in gateways]
        self.stubs = [settlement_pb2_grpc.SettlementServiceStub(channel) for channel in self.channels]
        self.filing_stubs = [filing_pb2_grpc.FilingServiceStub(channel) for channel in self.channels]

    def __enter__(self) -> "His":
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self.channels:
            channel.close()

    # ------------------------------------------------------------------------------------------ calls

    def call(self, request: Any, *, gateway: int = 0, timeout_s: float = CALL_TIMEOUT_S) -> Any:
        """One unary call through a gateway process. Raises Refused, or the gRPC error where there is no code."""
        if (filing := FILING_METHODS.get(type(request))) is not None:
            method = getattr(self.filing_stubs[gateway], filing)
        else:
            method = getattr(self.stubs[gateway], METHODS[type(request)])
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as failed:
            status = rpc_status.from_call(failed)
            if status is None or not status.details:
                raise
            raise Refused(failed) from None

    def final(self, request: Any, *, gateway: int = 0, within_s: float = FINAL_WITHIN_S) -> pb.Outcome:
        """Send the very same message until its outcome is known, whatever happens to the gateway meanwhile."""
        until = time.monotonic() + within_s
        places = itertools.cycle(range(gateway, gateway + len(self.stubs)))
        while True:
            try:
                response = self.call(request, gateway=next(places) % len(self.stubs), timeout_s=5.0)
                if response.HasField("outcome"):
                    outcome: pb.Outcome = response.outcome
                    return outcome
            except Refused as refused:
                if not refused.retry_after_ms or time.monotonic() > until:
                    raise
            except grpc.RpcError:
                if time.monotonic() > until:
                    raise
            assert time.monotonic() < until, f"{request.envelope.msgid} is not final after {within_s:.0f} s"
            time.sleep(0.2)

    def ask(self, request: Any, *, gateway: int = 0) -> Any:
        """A call that must succeed: the very same again where the gateway says that waiting helps (a busy machine)."""
        until = time.monotonic() + WAIT_WITHIN_S
        while True:
            try:
                return self.call(request, gateway=gateway)
            except Refused as refused:
                if not refused.retry_after_ms or time.monotonic() > until:
                    raise
                time.sleep(refused.retry_after_ms / 1000)

    def outcome(self, request: Any, *, gateway: int = 0) -> pb.Outcome:
        """A call that must be answered with an outcome."""
        response = self.ask(request, gateway=gateway)
        assert response.HasField("outcome"), response
        outcome: pb.Outcome = response.outcome
        return outcome

    def many(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """Make calls at the same time, each in a thread of its own."""
        with ThreadPoolExecutor(len(calls)) as threads:
            return [done.result() for done in [threads.submit(call) for call in calls]]

    # ------------------------------------------------------------------------------------------ messages

    def envelope(self, infno: str, pool: str) -> Envelope:
        """Of a new message: the msgid is institution, time and four digits."""
        now = datetime.now(CHINA)
        return Envelope(
            infno=infno, msgid=f"{self.code}{now:%Y%m%d%H%M%S}{next(_numbers) % 10_000:04}",
            mdtrtarea_admvs=self.care_pool, insuplc_admdvs=pool, recer_sys_code="HIS", infver="V1.0", opter_type="1",
            opter="cashier", opter_name="收费窗口", inf_time=now_text(), fixmedins_code=self.code,
            fixmedins_name="医院",
        )  # fmt: skip

    def insured(self, person: Person, *, by_certificate: bool = False) -> pb.GetInsuredRequest:
        """1101 by person number, or by identity number without knowing the insured division."""
        if by_certificate:
            return pb.GetInsuredRequest(envelope=self.envelope("1101", ""), credential=person.credential())
        return pb.GetInsuredRequest(envelope=self.envelope("1101", person.pool), psn_no=person.psn_no)

    def opening(self, visit: Visit) -> pb.OpenVisitRequest:
        """2201 or 2401."""
        given = pb.VisitInput(
            psn_no=visit.person.psn_no, insutype=visit.person.insutype, med_type=visit.med_type,
            ipt_otp_no=visit.number, begntime=now_text(),
        )  # fmt: skip
        return pb.OpenVisitRequest(
            envelope=self.envelope(OPENING[visit.med_type], visit.person.pool), input=given,
            credential=visit.person.credential(),
        )  # fmt: skip

    def closing(self, visit: Visit) -> pb.CancelVisitRequest:
        """2202 or 2404."""
        given = pb.CancelVisitInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no)
        infno = {"11": "2202", "21": "2404"}[visit.med_type]
        return pb.CancelVisitRequest(envelope=self.envelope(infno, visit.person.pool), input=given)

    def bill(self, visit: Visit, *lines: pb.FeeDetail, batch: str = "") -> pb.SettleInput:
        """What trial and settlement share. A new bill each time, unless `batch` names one again."""
        visit.bills += 1
        lines = lines or (
            line(f"{visit.bills}a", 1_200), line(f"{visit.bills}b", 2_000, item=BLOOD_TEST),
        )  # fmt: skip
        given = pb.SettleInput(
            psn_no=visit.person.psn_no, mdtrt_id=visit.mdtrt_id, med_type=visit.med_type,
            insutype=visit.person.insutype, psn_setlway="01", acct_used_flag="1", feedetl=lines,
            medfee_sumamt=sum(one.det_item_fee_sumamt for one in lines),
        )  # fmt: skip
        if visit.med_type == "41":
            given.invono, given.fee_ocur_time = f"F{visit.number}", now_text()
        elif visit.med_type == "21":
            given.begntime, given.endtime = now_text(), now_text()
        else:
            given.chrg_bchno = batch or str(visit.bills)
        return given

    def trial(self, visit: Visit, given: pb.SettleInput) -> pb.PreSettleRequest:
        """2206, 2303 or 2101."""
        envelope = self.envelope(TRIAL[visit.med_type], visit.person.pool)
        return pb.PreSettleRequest(envelope=envelope, input=given, credential=visit.person.credential())

    def settlement(self, visit: Visit, given: pb.SettleInput | None = None) -> pb.SettleRequest:
        """2207, 2304 or 2102, in a new message."""
        envelope = self.envelope(SETTLING[visit.med_type], visit.person.pool)
        body = given if given is not None else self.bill(visit)
        return pb.SettleRequest(envelope=envelope, input=body, credential=visit.person.credential())

    def refund(self, visit: Visit, paid: pb.Outcome) -> pb.CancelRequest:
        """2208, 2305 or 2103."""
        given = pb.CancelInput(setl_id=paid.setl_id, mdtrt_id=paid.mdtrt_id, psn_no=visit.person.psn_no)
        return pb.CancelRequest(
            envelope=self.envelope(CANCELLING[visit.med_type], visit.person.pool), input=given
        )

    def reversal(self, visit: Visit, original: Any, *, oinfno: str = "") -> pb.ReverseRequest:
        """2601 of a message, by the msgid and infno of its envelope."""
        sent = original.envelope
        given = pb.ReverseInput(psn_no=visit.person.psn_no, omsgid=sent.msgid, oinfno=oinfno or sent.infno)
        return pb.ReverseRequest(envelope=self.envelope("2601", visit.person.pool), input=given)

    def filing(self, person: Person, *, infno: str = "2501", **given: str) -> fpb.FileRequest:
        """2501, 2503 or 2505."""
        body = fpb.FilingInput(psn_no=person.psn_no, insutype=person.insutype, **given)
        return fpb.FileRequest(envelope=self.envelope(infno, person.pool), input=body)

    def withdrawal(self, person: Person, filed: pb.FilingInfo, *, infno: str = "2502") -> fpb.WithdrawRequest:
        """2502, 2504 or 2506."""
        body = fpb.WithdrawInput(psn_no=person.psn_no, trt_dcla_detl_sn=filed.trt_dcla_detl_sn)
        return fpb.WithdrawRequest(envelope=self.envelope(infno, person.pool), input=body)

    def filings(self, person: Person, *, infno: str = "5304", on: str = "") -> list[pb.FilingInfo]:
        """5301, 5302 or 5304: what the home pool holds."""
        request = fpb.ListFilingsRequest(
            envelope=self.envelope(infno, person.pool), psn_no=person.psn_no, date=on
        )
        return list(self.ask(request).filings)

    def query(self, **given: str) -> pb.GetSettlementRequest:
        """5203 in any of its ways."""
        return pb.GetSettlementRequest(
            envelope=self.envelope("5203", ""), input=pb.GetSettlementInput(**given)
        )

    # ------------------------------------------------------------------------------------------ stories

    def open(self, person: Person, med_type: str = "11") -> Visit:
        """Open a visit."""
        visit = Visit(person, med_type)
        visit.mdtrt_id = self.outcome(self.opening(visit)).mdtrt_id
        assert visit.mdtrt_id
        return visit

    def pay(self, visit: Visit) -> tuple[pb.SettleRequest, pb.Outcome]:
        """Settle a new bill of a visit; it must be paid."""
        request = self.settlement(visit)
        paid = self.outcome(request)
        assert paid.status == PAID, paid
        return request, paid

    def cancelled(self, visit: Visit, paid: pb.Outcome) -> tuple[pb.CancelRequest, pb.Outcome]:
        """Take a settlement back; it must work."""
        request = self.refund(visit, paid)
        outcome = self.outcome(request)
        assert outcome.status == OK, outcome
        assert outcome.undoes == paid.setl_id
        return request, outcome

    def found(self, request: Any, *, gateway: int = 0) -> list[pb.SettlementFound]:
        """What GetSettlement says of a message."""
        sent = request.envelope
        return list(self.call(self.query(omsgid=sent.msgid, oinfno=sent.infno), gateway=gateway).found)

    def resolved(self, request: Any, *, within_s: float = FINAL_WITHIN_S) -> pb.Outcome:
        """The outcome by asking only: nothing is sent again."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for one in self.found(request):
                if one.HasField("outcome"):
                    return one.outcome
            time.sleep(0.2)
        raise AssertionError(f"{request.envelope.msgid} did not resolve by itself within {within_s:.0f} s")


@contextlib.contextmanager
def refused(code: str, status: grpc.StatusCode, *, says: str = "") -> Iterator[list[Refused]]:
    """The block's call must be refused with that code, and a message that says what to mend."""
    caught: list[Refused] = []
    with contextlib.suppress(Refused):
        try:
            yield caught
        except Refused as one:
            caught.append(one)
            raise
    assert caught, f"nothing was refused; {code} was expected"
    said = caught[0]
    assert (said.code, said.status) == (code, status), said.message
    assert says in f"{said.message} {said.violations}", (said.message, said.violations)
    assert "Traceback" not in said.message
