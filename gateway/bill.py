"""What a settlement pays for: the lines that came with it, or the uploaded ones of a batch or of some days. Pure."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from gateway.care_book import Visit
from gateway.catalogue import Catalogue, Parts, split
from gateway.checks import INPATIENT, day_of
from gateway.feelines import NettedLine, net_returns
from gateway.fees.changes import Place, Sum, facts_sums, lines_digest, sums_of
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.traceability import (
    LINE_CODES_MAX,
    Traced,
    institution_kind,
    plainly_in_order,
    trace_refusal,
)
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, line_key_bytes


class Uploaded(NamedTuple):
    """Which uploaded lines a bill pays: a batch or, of a stay, every line of its days."""

    batch: str | None
    lines: int


class Bill(NamedTuple):
    """A bill by coverage, with its lines and days."""

    key: bytes
    parts: Parts
    splits: Sequence[mpb.SplitSum | Mapping[str, object]]
    """As messages, or as their fields: a message put into another as an object is copied."""
    line_keys: tuple[int, ...]
    """Of the lines that came with it, then of their drug packs: neither is in two live bills of a visit."""
    lines_digest: bytes
    begin: date
    end: date
    uploaded: Uploaded | None


def bill_of(
    given: pb.SettleInput,
    lines: list[NettedLine],
    *,
    visit: Visit,
    med_type: str,
    catalogue: Catalogue,
    level: int,
    pharmacy: bool,
    sums: dict[Place, Sum],
) -> Bill | Refused:
    """The bill of a settlement, or why it is none."""
    if lines:
        if sums:
            return refuse("FEES_UPLOADED", "lines of this visit were uploaded: settle without lines")
        packs = _packs(given, lines, catalogue, pharmacy=pharmacy)
        if isinstance(packs, Refused):
            return packs
        bill = _of_lines(given, lines, packs, visit, med_type, catalogue, level)
    else:
        found = _of_uploaded(given, visit, med_type, sums)
        if isinstance(found, Refused):
            return found
        bill = found
    if med_type in INPATIENT and (refused := _days_refusal(bill, visit)) is not None:
        return refused
    return _sums_refusal(given, bill.parts) or bill


def _of_lines(
    given: pb.SettleInput, lines: list[NettedLine], packs: list[str], visit: Visit, med_type: str,
    catalogue: Catalogue, level: int,
) -> Bill:  # fmt: skip
    shares = split(lines, catalogue, level)
    named = [*[line.feedetl_sn for line in lines], *[f"pack {code}" for code in packs]]
    keys = line_key_bytes(named)
    begin, end = _days(given, visit, med_type, max([line.fee_ocur_time for line in lines]))
    splits = [
        {"chrgitm_lv": one[0], "first_pay_bp": one[1], "amount_fen": one[2], "in_scope_fen": one[3]}
        for one in shares.sums
    ]
    return Bill(
        _key(given, visit, med_type, begin, end), shares.parts, splits,
        struct.unpack(f">{len(named)}q", keys), hashlib.sha256(keys).digest(), begin, end, None,
    )  # fmt: skip


def _packs(
    given: pb.SettleInput, lines: list[NettedLine], catalogue: Catalogue, *, pharmacy: bool
) -> Refused | list[str]:
    """The traceability codes of the drug lines of which something is left, or what is wrong with them."""
    items, feedetl = catalogue.traces.items, given.feedetl
    drugs = [(place, line) for place, line in enumerate(lines) if line.med_list_codg in items]
    codes = [
        feedetl[place].drug_trac_codg[:] for place, _ in drugs
    ]  # lists: the message's own are slow to read
    packs = [code for found in codes for code in found]
    if all(codes) and plainly_in_order(packs):
        return packs
    left = {line.feedetl_sn: line.cnt for line in net_returns(lines)}  # a return is not in it
    traced = [
        Traced(
            f"input.feedetl[{place}]", line.feedetl_sn, line.med_list_codg,
            catalogue.item(line.med_list_codg, line.fee_ocur_time).key[0], line.fee_ocur_time,
            left.get(line.feedetl_sn, 0), found,
        )
        for (place, line), found in zip(drugs, codes, strict=True)
    ]  # fmt: skip
    refused = trace_refusal(traced, catalogue.traces, institution_kind(pharmacy=pharmacy))
    if refused is not None:
        return refused
    packs = [code for line in traced if line.left for code in line.codes]
    if len(packs) > LINE_CODES_MAX:
        fault = f"have {len(packs)} traceability codes; a settlement carries at most {LINE_CODES_MAX}"
        return invalid(Violation("input.feedetl", fault))
    return packs


def _of_uploaded(
    given: pb.SettleInput, visit: Visit, med_type: str, sums: dict[Place, Sum]
) -> Bill | Refused:
    if med_type in INPATIENT:
        days = [day for _, day in sums]
        begin, end = _days(given, visit, med_type, max(days).isoformat() if days else "")
        begin = begin if given.begntime else min([begin, *days])
        batch = None  # every batch
        left = [day for day in days if day > end]
        if given.mid_setl_flag != "1" and left:
            return refuse(
                "NO_FEES", f"lines of {min(left)} lie after the last day of this settlement: name endtime"
            )
    else:
        batch = given.chrg_bchno
        begin, end = _days(
            given, visit, med_type, max([day.isoformat() for held, day in sums if held == batch], default="")
        )
    chosen = sums_of(sums, batch, begin, end)
    lines = sum([one.lines for one in chosen])
    if not lines:
        return refuse("NO_FEES", "no fee lines came with this settlement, and none are uploaded for it")
    parts, splits = facts_sums(chosen)
    total = sum(parts)
    if total != given.medfee_sumamt:
        fault = f"is {given.medfee_sumamt} fen, the uploaded lines come to {total}"
        return invalid(Violation("input.medfee_sumamt", fault))
    digest = lines_digest(chosen)
    return Bill(
        _key(given, visit, med_type, begin, end),
        parts,
        splits,
        (),
        digest,
        begin,
        end,
        Uploaded(batch, lines),
    )


def _key(given: pb.SettleInput, visit: Visit, med_type: str, begin: date, end: date) -> bytes:
    """Outpatient the charge batch; inpatient the visit, or the days of an interim settlement."""
    if med_type not in INPATIENT:
        return bill_key(visit.id, given.chrg_bchno)
    return bill_key(visit.id, f"interim {begin} {end}" if given.mid_setl_flag == "1" else "")


def _days(given: pb.SettleInput, visit: Visit, med_type: str, last_line: str) -> tuple[date, date]:
    """First and last day that are paid for: of an outpatient the day of treatment, the last line's."""
    end = day_of(given.endtime or given.fee_ocur_time or last_line) or visit.begin_day
    if med_type not in INPATIENT:
        return end, end
    begin = day_of(given.begntime) or visit.begin_day
    return min(begin, end), end


def _days_refusal(bill: Bill, visit: Visit) -> Refused | None:
    """Interim settlements of a stay name days that overlap no live one's (the gateway's look at days)."""
    for live, (begin, end) in zip(visit.live_bills, visit.live_days, strict=False):
        if (
            live != bill.key
            and begin is not None
            and end is not None
            and begin <= bill.end
            and bill.begin <= end
        ):
            return refuse(
                "DAYS_IN_LIVE_BILL", f"a live settlement pays for {begin} to {end}: name other days"
            )
    return None


def _sums_refusal(given: pb.SettleInput, parts: Parts) -> Refused | None:
    """A HIS that sends sums of its own must have come to the same."""
    bad = [
        Violation(f"input.{field}", f"is {getattr(given, field)} fen, the catalogue gives {ours}")
        for field, ours in (
            ("fulamt_ownpay_amt", parts.full_self_fen),
            ("overlmt_selfpay", parts.over_limit_fen),
            ("preselfpay_amt", parts.first_pay_fen),
            ("inscp_scp_amt", parts.in_scope_fen),
        )
        if given.HasField(field) and getattr(given, field) != ours
    ]
    return invalid(*bad) if bad else None
