"""Admission of settlements (2207/2304/2102) and of trial settlements (2206/2303/2101). Pure."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

from gateway.bill import Bill, bill_of
from gateway.calls import Call
from gateway.care_book import VISIT_CANCELLED, VISIT_OPEN, BillLines, Known, Sought, Visit
from gateway.checks import INPATIENT, MED_TYPES_OF, PHARMACY, day_of, settle_violations
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
from gateway.feelines import NettedLine
from gateway.refusals import Refused, Violation, invalid, refuse
from ledger.life import Kind
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.errors import IdMalformed
from runtime.keys import partition_of, setl_id_bytes, setl_id_text, visit_key
from runtime.pieces import tag, varint

KINDS: Final = frozenset({int(Kind.SETTLE)})

_FACTS_TAG: Final = tag(mpb.Item, "facts")
_READ: Final = attrgetter(*NettedLine._fields)
_NETTED: Final[Callable[[tuple[Any, ...]], NettedLine]] = partial(tuple.__new__, NettedLine)
"""`NettedLine._make` without its look at the length: this runs for every line."""

CLR_TYPE_OUTPATIENT: Final = "11"
CLR_TYPE_INPATIENT: Final = "21"
CLR_TYPE_PHARMACY: Final = "41"


def sought(call: Call) -> Sought:
    """A settlement speaks of its visit; a sale of the visit that it opens, under either of its keys."""
    given: pb.SettleInput = call.request.input  # type: ignore[assignment]
    if given.mdtrt_id:
        try:
            return Sought((call.id,), setl_id_bytes(given.mdtrt_id))
        except IdMalformed:
            return Sought((call.id,))
    if call.infno in ("2102", "2101"):
        visit, alias = sale_keys(call.envelope.fixmedins_code, given)
        return Sought((call.id,), visit, alias)
    return Sought((call.id,))


def sale_keys(fixmedins_code: str, given: pb.SettleInput) -> tuple[bytes, bytes]:
    """Key of a sale's visit: by its invoice number where it has one; and, always, by person, time and lines."""
    lines = hashlib.sha256()
    for line in given.feedetl:
        lines.update(line.SerializeToString(deterministic=True))
    alias = visit_key(fixmedins_code, f"sale {given.psn_no} {given.fee_ocur_time} {lines.hexdigest()}")
    visit = visit_key(fixmedins_code, f"invoice {given.invono}") if given.invono else alias
    return visit, alias


def admit(call: Call, *, house: House, view: View) -> Verdict:
    """Refuse a settlement or claim it with what its home node needs to know."""
    given: pb.SettleInput = call.request.input  # type: ignore[assignment]
    parties = parties_of(call, house, view.today)
    if isinstance(parties, Refused):
        return parties
    lines = read_lines(given)
    if bad := settle_violations(call.infno, given, lines, view.today):
        return invalid(*bad)
    if refused := agreement_refusal(parties.institution, view.today):
        return refused
    visit = _visit_of(call, given, parties, house, view)
    if isinstance(visit, Refused):
        return visit
    if refused := _visit_refusal(given, parties, visit, presettle=call.presettle):
        return refused
    if visit.med_type not in MED_TYPES_OF[call.infno]:
        fault = f"is {call.infno}, but the visit was opened for medical type {visit.med_type}"
        return invalid(Violation("envelope.infno", fault))
    return _admitted(call, given, lines, parties, visit, house, view)


def _visit_of(
    call: Call, given: pb.SettleInput, parties: Parties, house: House, view: View
) -> Visit | Refused:
    known = view.known
    wanted = sought(call)
    if given.mdtrt_id:
        visit = known.visits.get(wanted.visit) if wanted.visit else None
        if visit is None or visit.fixmedins_code != parties.institution.code:
            return refuse("UNKNOWN_VISIT", f"this institution has no visit {given.mdtrt_id}")
        return visit
    assert wanted.visit is not None
    assert wanted.alias is not None
    by_number = known.visits.get(wanted.visit)
    by_content = known.aliases.get(wanted.alias) or known.visits.get(wanted.alias)
    if by_number is not None and by_content is not None and by_number.id != by_content.id:
        return refuse(
            "SALE_AMBIGUOUS", "invono names one sale, person, time and lines another that is already known"
        )
    return by_number or by_content or _new_sale(wanted.visit, wanted.alias, given, parties, house, view)


def _new_sale(
    visit: bytes, alias: bytes, given: pb.SettleInput, parties: Parties, house: House, view: View
) -> Visit:
    node = house.directory.nodes[parties.home.node]
    return Visit(
        id=visit, alias=alias, fixmedins_code=parties.institution.code, serial=given.invono or given.ipt_otp_no,
        psn_no=given.psn_no, home_pool=parties.home.code, care_pool=parties.institution.pool, node=node.number,
        partition=partition_of(given.psn_no, node.partitions), insutype=given.insutype or "310",
        med_type=given.med_type or "41", begin_day=day_of(given.fee_ocur_time) or view.today, dise_codg="",
        matn_type="", emergency=False, injury=False, third_party=False, state=VISIT_OPEN, cancelled_by=None,
        version=0, busy=None, live_bills=(), unsealed=0,
    )  # fmt: skip


def _visit_refusal(
    given: pb.SettleInput, parties: Parties, visit: Visit, *, presettle: bool
) -> Refused | None:
    if visit.psn_no != given.psn_no:
        return refuse("WRONG_PERSON", "the visit was opened for another person")
    if visit.home_pool != parties.home.code:
        return refuse("WRONG_POOL", f"the visit belongs to pool {visit.home_pool}")
    if visit.state == VISIT_CANCELLED:
        return refuse("VISIT_CLOSED", "the visit was cancelled")
    if visit.busy is not None and not presettle:
        return refuse("BUSY_VISIT", "another settlement of this visit is not final yet; send this one again")
    return None


def _admitted(
    call: Call, given: pb.SettleInput, lines: list[NettedLine], parties: Parties, visit: Visit, house: House, view: View
) -> Verdict:  # fmt: skip
    med_type = given.med_type or visit.med_type
    insutype = given.insutype or visit.insutype
    institution = parties.institution
    catalogue = house.catalogues.get(institution.pool)
    if catalogue is None or not house.directory.opened(institution, insutype, med_type, visit.home_pool):
        return refuse(
            "NOT_OPENED",
            f"medical type {med_type} of insurance {insutype} is not opened for pool {visit.home_pool} here",
        )
    if refused := silence_refusal(visit.node, visit.partition, view):
        return refused
    if visit.version == 0 and voucher_of(call) is not None:  # a sale opens its visit itself
        if bad := voucher_violations(call):
            return invalid(*bad)
        if call.node_answer is None:
            return needs_coverage(
                call, node=visit.node, partition=visit.partition, psn_no=visit.psn_no, home_pool=visit.home_pool,
                insutype=insutype,
            )  # fmt: skip
    bill = bill_of(
        given, lines, visit=visit, med_type=med_type, catalogue=catalogue, level=institution.lmtpric_hosp_lv,
        pharmacy=institution.pharmacy, sums=view.fee_sums.get(visit.id, {}),
    )  # fmt: skip
    if isinstance(bill, Refused):
        return bill
    item = mpb.Item(
        id=call.id, digest=call.digest, kind=mpb.KIND_SETTLE, infno=call.infno, msgid=call.envelope.msgid,
        fixmedins_code=institution.code, region=house.region, psn_no=visit.psn_no, home_pool=visit.home_pool,
        care_pool=institution.pool, visit=visit.id, bill=bill.key, deadline_ms=call.deadline_ms,
        mdtrt_id=given.mdtrt_id or setl_id_text(visit.id),
    )  # fmt: skip
    facts = _facts(given, med_type, insutype, parties, visit, house, bill).SerializeToString()
    row = request_row(
        call, house=house, view=view, node=visit.node, partition=visit.partition, psn_no=visit.psn_no,
        visit=visit.id, visit_version=visit.version or None, exclusive=True, deadline_ms=call.deadline_ms,
        # its last field goes behind the others: put into the message as an object it would be copied
        item=b"".join((item.SerializeToString(), _FACTS_TAG, varint(len(facts)), facts)),
    )  # fmt: skip
    if visit.version == 0:
        row = row._replace(
            opens_visit=True, alias=visit.alias, serial=visit.serial, home_pool=visit.home_pool,
            care_pool=visit.care_pool, insutype=visit.insutype, med_type=visit.med_type, begin_day=visit.begin_day,
            dise_codg="", matn_type="", emergency=False, injury=False, third_party=False,
        )  # fmt: skip
    if bill.uploaded is not None:
        row = row._replace(
            bill=bill.key, fee_batch=bill.uploaded.batch, fee_begin=bill.begin, fee_end=bill.end,
            fee_lines=bill.uploaded.lines, lines_digest=bill.lines_digest,
        )  # fmt: skip
    others_live = any(live != bill.key for live in visit.live_bills)
    looked_at = BillLines(visit.id, bill.key, bill.line_keys) if others_live and bill.line_keys else None
    return Admitted((row,), looked_at)


def read_lines(given: pb.SettleInput) -> list[NettedLine]:
    """The lines as tuples, read once; those without a time of their own take that of the message."""
    return read_fee_lines(given.feedetl, given.fee_ocur_time or given.endtime)


def read_fee_lines(feedetl: Iterable[pb.FeeDetail], default_time: str) -> list[NettedLine]:
    """Fee lines as tuples; those without a time take the default."""
    lines = list(map(_NETTED, map(_READ, feedetl)))
    if "" in [line.fee_ocur_time for line in lines]:
        lines = [line if line.fee_ocur_time else line._replace(fee_ocur_time=default_time) for line in lines]
    return lines


def visits_of_uploaded(calls: Sequence[Call], known: Known) -> list[bytes]:
    """Visits of these settlements that hold uploaded fees: their sums must be read."""
    visits = []
    for call in calls:
        if call.kind == Kind.SETTLE and call.id not in known.claims:
            visit = known.visits.get(sought(call).visit or b"")
            if visit is not None and visit.fee_lines:
                visits.append(visit.id)
    return visits


def _facts(
    given: pb.SettleInput, med_type: str, insutype: str, parties: Parties, visit: Visit, house: House, bill: Bill
) -> mpb.SettleFacts:  # fmt: skip
    institution = parties.institution
    parts = bill.parts
    end = bill.end.isoformat()
    return mpb.SettleFacts(
        insutype=insutype, med_type=med_type, care_date=end, hosp_lv=str(institution.hosp_lv),
        dedc_hosp_lv=str(institution.dedc_hosp_lv), pharmacy=institution.pharmacy,
        dise_codg=given.dise_codg or visit.dise_codg, matn_type=given.matn_type or visit.matn_type,
        emergency=given.er_flag == "1" or visit.emergency or med_type in ("13", "24"),
        injury=given.trum_flag == "1" or visit.injury, third_party=given.rel_ttp_flag == "1" or visit.third_party,
        account_used=given.acct_used_flag == "1", total_fen=given.medfee_sumamt, full_self_fen=parts.full_self_fen,
        over_limit_fen=parts.over_limit_fen, first_pay_fen=parts.first_pay_fen, in_scope_fen=parts.in_scope_fen,
        splits=bill.splits, lines_digest=bill.lines_digest, line_keys=bill.line_keys, clr_type=_clr_type(med_type),
        route=house.directory.route(visit.home_pool, institution.pool), begin_date=bill.begin.isoformat(),
        end_date=end, psn_setlway=given.psn_setlway, interim=given.mid_setl_flag == "1",
        admission_date=visit.begin_day.isoformat() if med_type in INPATIENT else "", invoice=given.invono,
        relative=given.acct_mulaid_psn_no,
    )  # fmt: skip


def _clr_type(med_type: str) -> str:
    if med_type in INPATIENT:
        return CLR_TYPE_INPATIENT
    return CLR_TYPE_PHARMACY if med_type in PHARMACY else CLR_TYPE_OUTPATIENT
