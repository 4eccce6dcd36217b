"""Admission of visits: opening, cancelling and the steps between. Pure; the gateway decides all of them alone.

A visit is a function of the institution and its own visit number, so opening again gives the same visit. It binds one
person and one pool, and is bound anew, once cancelled, only when none of its settlements can live again. A closed visit
takes neither fees nor other facts, but may be settled; 2405 alone opens it again.
"""

from typing import Final

from gateway.calls import Call
from gateway.care_book import (
    CANCEL_VISIT,
    CLOSE_VISIT,
    OPEN_VISIT,
    REOPEN_VISIT,
    UPDATE_VISIT,
    VISIT_CANCELLED,
    VISIT_CLOSED,
    VISIT_OPEN,
    RequestRow,
    Sought,
    Visit,
)
from gateway.checks import (
    INPATIENT,
    OUTPATIENT,
    PHARMACY,
    care_day_violations,
    code_violations,
    day_of,
    disease_violations,
    flag_violations,
    named,
)
from gateway.entrance import (
    Admitted,
    House,
    Parties,
    Verdict,
    View,
    agreement_refusal,
    needs_coverage,
    parties_of,
    request_row,
    silence_refusal,
    voucher_of,
    voucher_violations,
)
from gateway.outcomes import own_outcome
from gateway.refusals import Refused, Violation, invalid, refuse
from ledger.life import Status
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.errors import IdMalformed
from runtime.keys import bill_key, partition_of, setl_id_bytes, setl_id_text, visit_key

KINDS: Final = frozenset({OPEN_VISIT, CANCEL_VISIT, UPDATE_VISIT, CLOSE_VISIT, REOPEN_VISIT})

# what a step does to the visit's row: see gateway/sql
CHANGED_TO_CLOSED: Final = 3
CHANGED_TO_REOPENED: Final = 4
CHANGED_FACTS: Final = 5


def sought(call: Call) -> Sought:
    """The visit that is opened or cancelled."""
    if call.kind == OPEN_VISIT:
        opening: pb.VisitInput = call.request.input  # type: ignore[assignment]
        return Sought((call.id,), visit_key(call.envelope.fixmedins_code, opening.ipt_otp_no))
    try:
        return Sought((call.id,), setl_id_bytes(call.request.input.mdtrt_id))  # type: ignore[union-attr]
    except IdMalformed:
        return Sought((call.id,))


def admit(call: Call, *, house: House, view: View) -> Verdict:
    """Refuse a visit call or decide it."""
    parties = parties_of(call, house, view.today)
    if isinstance(parties, Refused):
        return parties
    if call.kind == OPEN_VISIT:
        return _open(call, parties, house, view)
    given: pb.CancelVisitInput | pb.UpdateVisitInput | pb.CloseVisitInput | pb.ReopenVisitInput
    given = call.request.input  # type: ignore[assignment]
    bad = named("input.mdtrt_id", given.mdtrt_id, characters_max=30)
    bad += named("input.psn_no", given.psn_no, characters_max=30)
    if bad:
        return invalid(*bad)
    key = sought(call).visit
    visit = view.known.visits.get(key) if key else None
    if visit is None or visit.fixmedins_code != parties.institution.code:
        return refuse("UNKNOWN_VISIT", f"this institution has no visit {given.mdtrt_id}")
    if visit.psn_no != given.psn_no:
        return refuse("WRONG_PERSON", "the visit was opened for another person")
    if call.kind == CANCEL_VISIT:
        return cancel_visit(call, visit, house=house, view=view)
    if visit.state == VISIT_CANCELLED:
        return refuse("VISIT_CLOSED", "the visit was cancelled")
    if visit.busy is not None:
        return refuse("BUSY_VISIT", "a settlement of this visit is not final yet; send this one again")
    return _STEPS[call.kind](call, visit, house, view)


def cancel_visit(
    call: Call, visit: Visit, *, house: House, view: View, undoes: bytes | None = None
) -> Verdict:
    """Ends a visit of which nothing is open and nothing lives; one that is cancelled stays so."""
    if visit.busy is not None or visit.live_bills:
        return refuse("VISIT_IN_USE", "a settlement of this visit lives or is not final; cancel it first")
    if visit.fee_lines:  # whom the number is bound to next would inherit them
        return refuse("VISIT_IN_USE", "the visit holds uploaded fee lines; delete them first (2205, 2302)")
    cancelled = visit.state == VISIT_CANCELLED
    answer = own_outcome(
        id_=call.id, infno=call.infno, msgid=call.envelope.msgid, status=Status.OK, now_ms=view.now_ms,
        code="NOTHING_TO_UNDO" if cancelled else "", mdtrt_id=setl_id_text(visit.id), undoes=undoes,
    )  # fmt: skip
    row = request_row(
        call, house=house, view=view, node=visit.node, partition=visit.partition, psn_no=visit.psn_no,
        visit=visit.id, visit_version=visit.version, own_answer=answer,
    )  # fmt: skip
    return Admitted((row if cancelled else row._replace(new_state=VISIT_CANCELLED),))


def _step_row(call: Call, visit: Visit, house: House, view: View, code: str = "") -> RequestRow:
    """The claim of a step, with its answer."""
    answer = own_outcome(
        id_=call.id, infno=call.infno, msgid=call.envelope.msgid, status=Status.OK, now_ms=view.now_ms, code=code,
        mdtrt_id=setl_id_text(visit.id),
    )  # fmt: skip
    return request_row(
        call, house=house, view=view, node=visit.node, partition=visit.partition, psn_no=visit.psn_no,
        visit=visit.id, visit_version=visit.version, own_answer=answer,
    )  # fmt: skip


def _update(call: Call, visit: Visit, house: House, view: View) -> Verdict:
    """2203/2403: other facts of an open visit; what the message leaves out stays."""
    given: pb.UpdateVisitInput = call.request.input  # type: ignore[assignment]
    if visit.state == VISIT_CLOSED:
        return refuse("VISIT_CLOSED", "the visit is closed: open it again (2405)")
    bad = disease_violations(given.dise_codg, given.matn_type)
    if given.med_type and given.med_type not in _family(visit.med_type):
        bad.append(Violation("input.med_type", f"is of another kind of visit than {visit.med_type}"))
    flags = {}
    for field in ("otp_er_refl_flag", "trum_flag", "rel_ttp_flag"):
        value = getattr(given, field)
        bad += flag_violations(f"input.{field}", value)
        flags[field] = None if value == "" else value == "1"
    if bad:
        return invalid(*bad)
    row = _step_row(call, visit, house, view)._replace(
        new_state=CHANGED_FACTS, med_type=given.med_type or None, dise_codg=given.dise_codg or None,
        matn_type=given.matn_type or None, emergency=flags["otp_er_refl_flag"], injury=flags["trum_flag"],
        third_party=flags["rel_ttp_flag"],
    )  # fmt: skip
    return Admitted((row,))


def _close(call: Call, visit: Visit, house: House, view: View) -> Verdict:
    """2402: the person is discharged; fees and facts stand still, the settlement may come."""
    given: pb.CloseVisitInput = call.request.input  # type: ignore[assignment]
    end = view.today
    if given.endtime:
        if bad := care_day_violations("input.endtime", given.endtime, view.today):
            return invalid(*bad)
        end = day_of(given.endtime) or end
    if end < visit.begin_day:
        return invalid(Violation("input.endtime", f"lies before the visit began ({visit.begin_day})"))
    if visit.state == VISIT_CLOSED:
        return Admitted((_step_row(call, visit, house, view, "NOTHING_TO_UNDO"),))
    row = _step_row(call, visit, house, view)._replace(new_state=CHANGED_TO_CLOSED, end_day=end)
    return Admitted((row,))


def _reopen(call: Call, visit: Visit, house: House, view: View) -> Verdict:
    """2405: the discharge is taken back, once its settlement is undone; interim settlements may live."""
    if bill_key(visit.id, "") in visit.live_bills:
        return refuse("VISIT_IN_USE", "the settlement of this stay lives; cancel it first (2305)")
    if visit.state == VISIT_OPEN:
        return Admitted((_step_row(call, visit, house, view, "NOTHING_TO_UNDO"),))
    return Admitted((_step_row(call, visit, house, view)._replace(new_state=CHANGED_TO_REOPENED),))


def _family(med_type: str) -> frozenset[str]:
    return next((family for family in (OUTPATIENT, INPATIENT, PHARMACY) if med_type in family), frozenset())


_STEPS: Final = {UPDATE_VISIT: _update, CLOSE_VISIT: _close, REOPEN_VISIT: _reopen}


def _open(call: Call, parties: Parties, house: House, view: View) -> Verdict:
    given: pb.VisitInput = call.request.input  # type: ignore[assignment]
    bad = named("input.psn_no", given.psn_no, characters_max=30)
    bad += named("input.ipt_otp_no", given.ipt_otp_no, characters_max=30)
    bad += named("input.med_type", given.med_type, characters_max=6)
    bad += named("input.insutype", given.insutype, characters_max=6)
    bad += code_violations(call.infno, given.med_type, given.insutype) if not bad else []
    bad += disease_violations(given.dise_codg, given.matn_type)
    if given.begntime:
        bad += care_day_violations("input.begntime", given.begntime, view.today)
    for field in ("otp_er_refl_flag", "trum_flag", "rel_ttp_flag"):
        bad += flag_violations(f"input.{field}", getattr(given, field))
    bad += voucher_violations(call)
    if bad:
        return invalid(*bad)
    if refused := agreement_refusal(parties.institution, view.today):
        return refused
    if not house.directory.opened(parties.institution, given.insutype, given.med_type, parties.home.code):
        return refuse(
            "NOT_OPENED",
            f"medical type {given.med_type} of insurance {given.insutype} is not opened here"
            f" for pool {parties.home.code}",
        )
    visit = view.known.visits.get(visit_key(parties.institution.code, given.ipt_otp_no))
    same = visit is not None and (visit.psn_no, visit.home_pool) == (given.psn_no, parties.home.code)
    if visit is not None and not same and (visit.state != VISIT_CANCELLED or visit.unsealed or visit.busy):
        return refuse("WRONG_PERSON", "this visit number belongs to another person or pool")
    stands = visit is not None and same and visit.state != VISIT_CANCELLED
    if call.node_answer is None and (voucher_of(call) is not None or not stands):
        node = house.directory.nodes[parties.home.node]
        partition = partition_of(given.psn_no, node.partitions)
        return silence_refusal(node.number, partition, view) or needs_coverage(
            call, node=node.number, partition=partition, psn_no=given.psn_no, home_pool=parties.home.code,
            insutype=given.insutype,
        )  # fmt: skip
    if visit is not None and stands:
        return _row(call, parties, visit.id, house, view)
    return _bound(call, given, parties, visit, house, view)


def _row(call: Call, parties: Parties, visit: bytes, house: House, view: View) -> Admitted:
    """The claim of an opening, with its answer; the visit itself is as it should be."""
    node = house.directory.nodes[parties.home.node]
    psn_no = call.request.input.psn_no
    answer = own_outcome(
        id_=call.id, infno=call.infno, msgid=call.envelope.msgid, status=Status.OK, now_ms=view.now_ms,
        mdtrt_id=setl_id_text(visit),
    )  # fmt: skip
    row = request_row(
        call, house=house, view=view, node=node.number, partition=partition_of(psn_no, node.partitions),
        psn_no=psn_no, visit=visit, own_answer=answer,
    )  # fmt: skip
    return Admitted((row,))


def _bound(
    call: Call, given: pb.VisitInput, parties: Parties, visit: Visit | None, house: House, view: View
) -> Admitted:
    """A new visit, or a cancelled one opened again and bound anew."""
    id_ = visit_key(parties.institution.code, given.ipt_otp_no)
    row = _row(call, parties, id_, house, view).rows[0]._replace(
        serial=given.ipt_otp_no, home_pool=parties.home.code, care_pool=parties.institution.pool,
        insutype=given.insutype, med_type=given.med_type, begin_day=day_of(given.begntime) or view.today,
        dise_codg=given.dise_codg, matn_type=given.matn_type, emergency=given.otp_er_refl_flag == "1",
        injury=given.trum_flag == "1", third_party=given.rel_ttp_flag == "1",
    )  # fmt: skip
    if visit is None:
        return Admitted((row._replace(opens_visit=True),))
    return Admitted((row._replace(visit_version=visit.version, new_state=VISIT_OPEN),))
