"""Messages of a visit beyond its plain story: uploaded fees, discharge and its return, filings and their withdrawal."""

from collections.abc import Sequence
from datetime import datetime

from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Envelope
from stack import hospitals
from stack.hospitals import china_text
from stack.stories import Visit

FILES = {"chronic": "2503", "designated": "2505"}
"""infno by kind; the off-site kinds are 2501."""
WITHDRAWS = {"2501": "2502", "2503": "2504", "2505": "2506"}


def upload(visit: Visit, lines: Sequence[pb.FeeDetail]) -> pb.UploadFeesRequest:
    """2204 or 2301."""
    return pb.UploadFeesRequest(
        envelope=_envelope(visit, hospitals.UPLOAD_FEES[visit.setting]),
        input=pb.UploadFeesInput(
            mdtrt_id=visit.mdtrt_id, psn_no=visit.encounter.patient.psn_no,
            chrg_bchno="" if visit.setting == hospitals.INPATIENT else f"{visit.number}-1", feedetl=lines,
        ),
    )  # fmt: skip


def returned(line: pb.FeeDetail) -> pb.FeeDetail:
    """All of a line taken back, under a serial of its own."""
    back = pb.FeeDetail()
    back.CopyFrom(line)
    back.feedetl_sn, back.init_feedetl_sn = f"{line.feedetl_sn}R", line.feedetl_sn
    back.cnt, back.det_item_fee_sumamt = -line.cnt, -line.det_item_fee_sumamt
    del back.drug_trac_codg[:]
    return back


def uploaded_bill(
    visit: Visit, fen: int, *, days: tuple[datetime, datetime] | None = None, interim: bool = False
) -> pb.SettleInput:
    """What settles uploaded lines, of a stay those of some days."""
    given = visit.settlement_input()
    del given.feedetl[:]
    given.medfee_sumamt = fen
    if days is not None:
        given.begntime, given.endtime = (china_text(day) for day in days)
    given.mid_setl_flag = "1" if interim else ""
    return given


def trial(visit: Visit, given: pb.SettleInput) -> pb.PreSettleRequest:
    """2206, 2303 or 2101."""
    return pb.PreSettleRequest(
        envelope=_envelope(visit, hospitals.PRE_SETTLE[visit.setting]),
        credential=visit.encounter.patient.credential(),
        input=given,
    )


def settlement(visit: Visit, given: pb.SettleInput) -> pb.SettleRequest:
    """2207, 2304 or 2102."""
    return pb.SettleRequest(
        envelope=_envelope(visit, hospitals.SETTLE[visit.setting]),
        credential=visit.encounter.patient.credential(),
        input=given,
    )


def discharge(visit: Visit) -> pb.CloseVisitRequest:
    """2402."""
    return pb.CloseVisitRequest(
        envelope=_envelope(visit, "2402"),
        input=pb.CloseVisitInput(
            mdtrt_id=visit.mdtrt_id, psn_no=visit.encounter.patient.psn_no, endtime=china_text(visit.end)
        ),
    )


def reopening(visit: Visit) -> pb.ReopenVisitRequest:
    """2405."""
    return pb.ReopenVisitRequest(
        envelope=_envelope(visit, "2405"),
        input=pb.ReopenVisitInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.encounter.patient.psn_no),
    )


def filing(visit: Visit, kind: str, *, disease: str = "") -> fpb.FileRequest:
    """2501 for care where the visit is, 2503 of a disease, 2505 of the visit's institution."""
    encounter = visit.encounter
    given = fpb.FilingInput(psn_no=encounter.patient.psn_no, insutype=encounter.insutype)
    if kind == "chronic":
        given.opsp_dise_code = disease
    elif kind == "designated":
        given.fixmedins_code = encounter.institution.code
    else:
        given.fil_type, given.mdtrtarea_admdvs = kind, encounter.institution.care_pool
    if kind == "referral":
        given.refl_type, given.refl_date = str(encounter.route), china_text(visit.end)[:10]
        given.reflin_medins_no, given.hosp_agre_refl_flag = encounter.institution.code, "1"
    return fpb.FileRequest(envelope=_envelope(visit, FILES.get(kind, "2501")), input=given)


def withdrawal(visit: Visit, filed: pb.Outcome) -> fpb.WithdrawRequest:
    """2502, 2504 or 2506."""
    return fpb.WithdrawRequest(
        envelope=_envelope(visit, WITHDRAWS[filed.infno[:4]]),
        input=fpb.WithdrawInput(
            psn_no=visit.encounter.patient.psn_no, trt_dcla_detl_sn=filed.filing.trt_dcla_detl_sn
        ),
    )


def _envelope(visit: Visit, infno: str) -> Envelope:
    return visit.desk.envelope(infno, visit.encounter.patient.home_pool)
