"""Admission of cancels (2208/2305/2103) and reversals (2601). Pure.

An undoing call goes to the node and partition that its original went to, whatever its own envelope says. Where the
gateway knows that the original never was, it decides alone: claims come first, so an id that is not claimed was
never sent, and a reversal makes it VOIDED for ever.
"""

from typing import Final

from gateway.calls import MISPRINTED_INFNOS, REVERSIBLE_INFNOS, Call
from gateway.care_book import CANCEL_VISIT, OPEN_VISIT, VISIT_CANCELLED, BillLines, Claim, RequestRow, Sought
from gateway.checks import named
from gateway.entrance import (
    NO_DIGEST,
    Admitted,
    House,
    Parties,
    Verdict,
    View,
    parties_of,
    request_row,
    silence_refusal,
)
from gateway.outcomes import own_outcome
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.visiting import cancel_visit
from ledger.life import Kind, Status
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.errors import IdMalformed
from runtime.keys import (
    bill_key,
    partition_of,
    setl_id_bytes,
    setl_id_text,
    transaction_code,
    transport_key_id,
)

KINDS: Final = frozenset({int(Kind.CANCEL), int(Kind.REVERSE)})


def sought(call: Call) -> Sought:
    """The original, or both that a misprinted oinfno may mean."""
    if call.kind == Kind.CANCEL:
        cancel: pb.CancelInput = call.request.input  # type: ignore[assignment]
        try:
            return Sought((call.id, setl_id_bytes(cancel.setl_id)))
        except IdMalformed:
            return Sought((call.id,))
    return Sought((call.id, *_named_ids(call)))


def _named_ids(call: Call) -> tuple[bytes, ...]:
    given: pb.ReverseInput = call.request.input  # type: ignore[assignment]
    exact = transaction_code(given.oinfno)
    infnos = [exact, MISPRINTED_INFNOS[exact]] if exact in MISPRINTED_INFNOS else [exact]
    return tuple(transport_key_id(call.envelope.fixmedins_code, infno, given.omsgid) for infno in infnos)


def admit(call: Call, *, house: House, view: View) -> Verdict:
    """Refuse an undoing call, send it after its original, or decide it here."""
    parties = parties_of(call, house, view.today)
    if isinstance(parties, Refused):
        return parties
    if call.kind == Kind.CANCEL:
        return _admit_cancel(call, parties, house, view)
    return _admit_reversal(call, parties, house, view)


def _admit_cancel(call: Call, parties: Parties, house: House, view: View) -> Verdict:
    given: pb.CancelInput = call.request.input  # type: ignore[assignment]
    bad = named("input.psn_no", given.psn_no, characters_max=30)
    bad += named("input.setl_id", given.setl_id, characters_max=30)
    ids = sought(call).ids
    if not bad and len(ids) == 1:
        bad.append(Violation("input.setl_id", "is not an id that this gateway gave out"))
    if bad:
        return invalid(*bad)
    original = view.known.claims.get(ids[1])
    if original is None or original.kind != Kind.SETTLE:
        return _own(call, parties, house, view, given.psn_no, Status.DECLINED, "NO_SUCH_SETTLEMENT")
    visit = view.known.visits.get(original.visit) if original.visit else None
    if visit is not None and visit.fixmedins_code != parties.institution.code:  # not its own settlement
        return _own(call, parties, house, view, given.psn_no, Status.DECLINED, "NO_SUCH_SETTLEMENT")
    if given.mdtrt_id and original.visit is not None and given.mdtrt_id != setl_id_text(original.visit):
        return invalid(Violation("input.mdtrt_id", "is not the visit of that settlement"))
    if refused := silence_refusal(original.node, original.partition, view):
        return refused
    return _sent(call, mpb.KIND_CANCEL, ids[1], original, given.psn_no, house, view)


def _admit_reversal(call: Call, parties: Parties, house: House, view: View) -> Verdict:
    given: pb.ReverseInput = call.request.input  # type: ignore[assignment]
    bad = named("input.psn_no", given.psn_no, characters_max=30)
    bad += named("input.omsgid", given.omsgid, characters_max=30)
    if transaction_code(given.oinfno) not in REVERSIBLE_INFNOS:
        wanted = ", ".join(sorted(REVERSIBLE_INFNOS))
        bad.append(Violation("input.oinfno", f"is {given.oinfno!r}; reversed can be {wanted}"))
    if bad:
        return invalid(*bad)
    ids = _named_ids(call)
    target = _meant(ids, given.psn_no, view)
    if target is None:
        own = _own(call, parties, house, view, given.psn_no, Status.OK, "")
        return _with_tombstones(own, ids, call, view)
    original = view.known.claims[target]
    if original.kind in (OPEN_VISIT, CANCEL_VISIT):
        return _reverse_visit(call, target, original, parties, house, view)
    verdict: Verdict
    if original.kind not in (Kind.SETTLE, Kind.CANCEL) or _decided_here(target, view):
        verdict = _own(call, parties, house, view, given.psn_no, Status.OK, "NOTHING_TO_UNDO")
    elif original.kind == Kind.SETTLE:
        verdict = _sent(call, mpb.KIND_REVERSE, target, original, given.psn_no, house, view)
    else:
        verdict = _revival(call, target, original, parties, house, view)
    if isinstance(verdict, Admitted) and target != ids[0]:
        # the very id that was named was never sent either: it must not be paid after this is answered
        return _with_tombstones(verdict, ids[:1], call, view)
    return verdict


def _meant(ids: tuple[bytes, ...], psn_no: str, view: View) -> bytes | None:
    """The claimed id that a reversal means: the exact one, else the misprinted one of the same person."""
    claims = view.known.claims
    if ids[0] in claims:
        return ids[0]
    for other in ids[1:]:
        if other in claims and claims[other].psn_no == psn_no:
            return other
    return None


def _decided_here(target: bytes, view: View) -> bool:
    decided = view.finals.get(target)
    return decided is not None and decided.own


def _revival(
    call: Call, target: bytes, original: Claim, parties: Parties, house: House, view: View
) -> Verdict:
    """2601 of a cancel pays again: as a settlement does, it takes the visit and needs its node.

    What it would pay again is known once the cancel is booked here, so it waits for that; and the settlement of a stay
    whose discharge was taken back since (2405) stays undone, for fees may change until 2402 says it again.
    """
    visit = view.known.visits.get(original.visit) if original.visit else None
    if visit is None:
        return refuse("UNKNOWN_VISIT", "the visit of that cancel is not known here")
    if visit.state == VISIT_CANCELLED:  # a stay after discharge is settled, and so lives again
        return refuse("VISIT_CLOSED", "the visit was cancelled")
    if visit.busy is not None:
        return refuse("BUSY_VISIT", "a settlement of this visit is not final yet; send this one again")
    decided = view.finals.get(target)
    if decided is None or decided.row is None:
        return refuse("BUSY_VISIT", "the cancel that this reverses is not final yet; send this one again")
    if refused := silence_refusal(original.node, original.partition, view):
        return refused
    given: pb.ReverseInput = call.request.input  # type: ignore[assignment]
    sent = _sent(call, mpb.KIND_REVIVE, target, original, given.psn_no, house, view)
    row = sent.rows[0]._replace(visit_version=visit.version, exclusive=True)
    if visit.reopened and original.undone_by is None and decided.row.bill == bill_key(visit.id, ""):
        return superseded(call, (row,), now_ms=view.now_ms)
    return Admitted((row,), _revived_lines(decided.row))


def _revived_lines(row: Row) -> BillLines | None:
    """The lines that would be paid again, by the row of the cancel; None where it took nothing back.

    Uploaded lines are known by their settlement: the book compares their digest with what is held now.
    """
    if row.visit is None or row.bill is None:
        return None
    return BillLines(row.visit, row.bill, tuple(row.line_keys or ()), row.settlement)


def superseded(call: Call, rows: tuple[RequestRow, ...], *, now_ms: int) -> Admitted:
    """A revival whose lines are in another live bill, or gone, or whose stay is open again, is declined here."""
    answer = own_outcome(
        id_=call.id, infno=call.infno, msgid=call.envelope.msgid, status=Status.DECLINED, now_ms=now_ms,
        code="SUPERSEDED",
    )  # fmt: skip
    declined = rows[0]._replace(
        item=None, own_answer=answer, exclusive=False, visit_version=None, deadline_ms=0
    )
    return Admitted((declined, *rows[1:]))


def _sent(
    call: Call, kind: mpb.Kind, target: bytes, original: Claim, psn_no: str, house: House, view: View
) -> Admitted:
    institution = house.directory.institutions[call.envelope.fixmedins_code]
    visit = view.known.visits.get(original.visit) if original.visit else None
    pool = house.directory.pool(call.envelope.insuplc_admdvs)
    # a reversal of a settlement never expires; what pays or takes back at the counter does
    deadline_ms = 0 if kind == mpb.KIND_REVERSE else call.deadline_ms
    item = mpb.Item(
        id=call.id, digest=call.digest, kind=kind, infno=call.infno, msgid=call.envelope.msgid,
        fixmedins_code=institution.code, region=house.region, psn_no=psn_no, home_pool=pool.code if pool else 0,
        care_pool=institution.pool, visit=original.visit or b"", target=target, deadline_ms=deadline_ms,
        mdtrt_id=setl_id_text(original.visit) if original.visit else "",
        facts=mpb.SettleFacts(med_type=visit.med_type) if visit else None,
    )  # fmt: skip
    row = request_row(
        call, house=house, view=view, node=original.node, partition=original.partition, psn_no=psn_no,
        visit=original.visit, deadline_ms=deadline_ms, item=item.SerializeToString(),
    )  # fmt: skip
    return Admitted((row,))


def _own(
    call: Call, parties: Parties, house: House, view: View, psn_no: str, status: Status, code: str
) -> Admitted:
    answer = own_outcome(
        id_=call.id, infno=call.infno, msgid=call.envelope.msgid, status=status, now_ms=view.now_ms, code=code
    )
    node = house.directory.nodes[parties.home.node]
    row = request_row(
        call, house=house, view=view, node=node.number, partition=partition_of(psn_no, node.partitions),
        psn_no=psn_no, own_answer=answer,
    )  # fmt: skip
    return Admitted((row,))


def _with_tombstones(admitted: Admitted, ids: tuple[bytes, ...], call: Call, view: View) -> Admitted:
    """Claims the named ids as VOIDED together with the reversal; an original that comes later meets that claim.

    One that is claimed, by another person's message of this msgid, is not meant and stays as it is.
    """
    given: pb.ReverseInput = call.request.input  # type: ignore[assignment]
    infnos = [transaction_code(given.oinfno), MISPRINTED_INFNOS.get(transaction_code(given.oinfno), "")]
    rows = []
    for id_, infno in zip(ids, infnos, strict=False):
        if id_ in view.known.claims:
            continue
        voided = own_outcome(
            id_=id_, infno=infno, msgid=given.omsgid, status=Status.VOIDED, now_ms=view.now_ms, code="VOIDED"
        )
        rows.append(
            admitted.rows[0]._replace(
                id=id_,
                kind=int(Kind.TOMBSTONE),
                infno=infno,
                msgid=given.omsgid,
                digest=NO_DIGEST,
                input=b"",
                item=None,
                own_answer=voided,
                visit=None,
                visit_version=None,
                exclusive=False,
                deadline_ms=0,
            )
        )
    return Admitted((*admitted.rows, *rows), admitted.lines)


def _reverse_visit(
    call: Call, target: bytes, original: Claim, parties: Parties, house: House, view: View
) -> Verdict:
    """2601 of 2401 is decided here, as CancelVisit is."""
    given: pb.ReverseInput = call.request.input  # type: ignore[assignment]
    visit = view.known.visits.get(original.visit) if original.visit else None
    if original.kind == CANCEL_VISIT or visit is None:
        return invalid(Violation("input.oinfno", "names a message that is no admission"))
    if original.psn_no != given.psn_no:
        return refuse("WRONG_PERSON", "that admission was another person's")
    if visit.psn_no != original.psn_no:  # bound anew since: what that message had opened is gone
        return _own(call, parties, house, view, given.psn_no, Status.OK, "NOTHING_TO_UNDO")
    return cancel_visit(call, visit, house=house, view=view, undoes=target)
