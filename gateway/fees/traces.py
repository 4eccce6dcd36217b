"""Traceability codes of uploaded lines: what a change of lines does to the codes that a visit's lines hold. Pure.

A pack is on one line of a visit. A line of which nothing is left gives its codes back, and takes them again when its
return is deleted. So codes are looked at after the change was worked out, on every line that it writes.
"""

from collections.abc import Iterable, Mapping

from gateway.catalogue import Catalogue
from gateway.fees.changes import Change, Held
from gateway.refusals import Refused, invalid
from gateway.slices import SLICE_LINES, Sliced
from gateway.traceability import Traced, institution_kind, repeated, trace_steps
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import line_keys


def written_codes(change: Change, catalogue: Catalogue) -> Sliced[dict[int, pb.FeeDetail]]:
    """Of the lines that a change writes those that codes are looked at of, by key; returns too."""
    lines: dict[int, pb.FeeDetail] = {}
    for number, (key, held) in enumerate(change.written.items()):
        if number % SLICE_LINES == 0:
            yield
        line = pb.FeeDetail.FromString(held.line)
        if line.med_list_codg in catalogue.traces.items:
            lines[key] = line
    return lines


def code_keys(lines: Iterable[pb.FeeDetail]) -> Sliced[list[int]]:
    """Keys of the codes of some lines."""
    keys: list[int] = []
    for number, line in enumerate(lines):
        if number % SLICE_LINES == 0:
            yield
        keys += line_keys(list(line.drug_trac_codg))
    return keys


def trace(
    change: Change,
    lines: Mapping[int, pb.FeeDetail],
    *,
    places: Mapping[int, int],
    gone: Iterable[Held],
    taken: Mapping[int, int],
    catalogue: Catalogue,
    pharmacy: bool,
) -> Sliced[Refused | None]:
    """Writes into the change which codes are taken and given back, or says why it is refused.

    `lines` are the lines that it writes, `places` where those of this message stand in it, `gone` the lines that it
    deletes; `taken` says which line has a code now, both by key.
    """
    traced: dict[int, Traced] = {}
    for number, (key, line) in enumerate(lines.items()):
        if number % SLICE_LINES == 0:
            yield
        held = change.written[key]
        traced[key] = Traced(
            f"input.feedetl[{places[key]}]" if key in places else "input.feedetl_sn", line.feedetl_sn,
            line.med_list_codg, held.chrgitm_lv, held.day.isoformat(), _left(held), line.drug_trac_codg,
        )  # fmt: skip
    refused = yield from trace_steps(traced.values(), catalogue.traces, institution_kind(pharmacy=pharmacy))
    if refused is not None:
        return refused
    left_over = {key: line for key, line in lines.items() if not traced[key].left}
    deleted = {held.key: pb.FeeDetail.FromString(held.line) for held in gone if held.init_key is None}
    given_back = {*(yield from _pairs(deleted)), *(yield from _pairs(left_over))}
    now = yield from _pairs({key: line for key, line in lines.items() if traced[key].left})
    for code, key in now:
        other = taken.get(code, key)
        if other != key and (code, other) not in given_back:
            wrong = traced[key]
            return invalid(
                repeated(f"{wrong.field}.drug_trac_codg", wrong.feedetl_sn, "another line of the visit")
            )
    change.codes = [(code, key) for code, key in now if taken.get(code) != key]
    change.codes_given_back = list(given_back)
    return None


def _pairs(lines: Mapping[int, pb.FeeDetail]) -> Sliced[list[tuple[int, int]]]:
    """(code, line) of some lines, by key."""
    found: list[tuple[int, int]] = []
    for number, (key, line) in enumerate(lines.items()):
        if number % SLICE_LINES == 0:
            yield
        found += [(code, key) for code in line_keys(list(line.drug_trac_codg))]
    return found


def _left(held: Held) -> int:
    return 0 if held.init_key is not None else held.cnt + held.returned_cnt
