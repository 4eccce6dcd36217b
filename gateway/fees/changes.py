"""Uploaded fees, pure: what an upload or a deletion of lines does to the lines held and to their sums.

A line is (visit, feedetl_sn): the same content is the same line, other content is refused. A return is netted with its
line before the split, whenever it comes, so the line's parts change and the sums by the difference. Sums stand per batch
and day; a settlement reads them and never a line, so that a stay of 100,000 lines is settled as cheaply as any.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from gateway.catalogue import Catalogue, Item, Parts, parts_of
from gateway.checks import day_of
from gateway.feelines import FeeLine, NettedLine, line_violations, net_returns
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.slices import SLICE_LINES, Sliced
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import line_keys

CONTENT_BYTES: Final = 16
CONTENT_MODULUS: Final = 1 << (8 * CONTENT_BYTES)
VISIT_LINES_MAX: Final = 100_000
CALL_LINES_MAX: Final = 1_000
ALL: Final = "0000"
"""In 2205's chrg_bchno and 2302's feedetl_sn: everything that is not settled."""

NOTHING: Final = Parts(0, 0, 0, 0)


class Held(NamedTuple):
    """A line as it is held, in the order of the table's columns behind the visit."""

    key: int
    batch: str
    day: date
    line: bytes
    content: bytes
    cnt: int
    pric: int
    amount_fen: int
    init_key: int | None
    returned_cnt: int
    returned_fen: int
    chrgitm_lv: str
    first_pay_bp: int
    price_limit: int
    full_self_fen: int
    over_limit_fen: int
    first_pay_fen: int
    in_scope_fen: int
    upload: bytes

    @property
    def parts(self) -> Parts:
        """By coverage, after returns."""
        return Parts(self.full_self_fen, self.over_limit_fen, self.first_pay_fen, self.in_scope_fen)


@dataclass(slots=True)
class Sum:
    """What the lines of one batch and day come to."""

    lines: int = 0
    parts: Parts = NOTHING
    splits: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    """(class, first-pay ratio) → (amount, in scope)."""
    content: int = 0

    @property
    def total_fen(self) -> int:
        """I1: the sum of the parts."""
        return sum(self.parts)

    def take(self, line: Held, sign: int) -> None:
        """Add a line or take it off."""
        self.lines += sign
        self.content = (self.content + sign * int.from_bytes(line.content)) % CONTENT_MODULUS
        self.change(line, line.parts if sign > 0 else Parts(*[-part for part in line.parts]))

    def change(self, line: Held, by: Parts) -> None:
        """A line's parts have changed by so much."""
        ours = self.parts
        self.parts = Parts(ours[0] + by[0], ours[1] + by[1], ours[2] + by[2], ours[3] + by[3])
        key = (line.chrgitm_lv, line.first_pay_bp)
        amount, in_scope = self.splits.get(key, (0, 0))
        self.splits[key] = (amount + sum(by), in_scope + by.in_scope_fen)
        if self.splits[key] == (0, 0):
            del self.splits[key]


Place = tuple[str, date]
"""Batch and day."""


@dataclass(slots=True)
class Change:
    """What a fee call does: lines to write, lines to delete, and the sums that it touches, afterwards."""

    written: dict[int, Held] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    """Lines whose rows go; those among `written` come back changed."""
    sums: dict[Place, Sum] = field(default_factory=dict)
    splits: list[pb.FeeSplit] = field(default_factory=list)
    codes: list[tuple[int, int]] = field(default_factory=list)
    """Keys of (traceability code, line) that are taken from now on; see gateway.fees.traces."""
    codes_given_back: list[tuple[int, int]] = field(default_factory=list)
    """To be deleted before."""


def _line_and_content(line: pb.FeeDetail) -> tuple[bytes, bytes]:
    """A line as it is held, and 16 bytes over everything that it says."""
    written = line.SerializeToString(deterministic=True)
    return written, hashlib.blake2b(written, digest_size=CONTENT_BYTES).digest()


def lines_digest(sums: Iterable[Sum]) -> bytes:
    """32 bytes over exactly the lines of these sums, in no order: what both books keep of them."""
    lines, content = 0, 0
    for one in sums:
        lines += one.lines
        content = (content + one.content) % CONTENT_MODULUS
    return hashlib.sha256(lines.to_bytes(8) + content.to_bytes(CONTENT_BYTES)).digest()


def sums_of(sums: Mapping[Place, Sum], batch: str | None, begin: date, end: date) -> list[Sum]:
    """The sums that a bill pays: those of its batch or, where it has none, those of its days."""
    if batch is not None:
        return [one for (held, _), one in sums.items() if held == batch]
    return [one for (_, day), one in sums.items() if begin <= day <= end]


def places_of(lines: Iterable[Held]) -> set[Place]:
    """Where these lines are summed up."""
    return {(one.batch, one.day) for one in lines}


def keys_of(given: Sequence[pb.FeeDetail]) -> tuple[list[int], list[int]]:
    """Keys of a call's lines, and of the lines that its returns name."""
    keys = line_keys([line.feedetl_sn for line in given])
    named = line_keys([line.init_feedetl_sn for line in given if line.init_feedetl_sn])
    return list(keys), list(named)


def upload(
    given: Sequence[pb.FeeDetail],
    *,
    keys: Sequence[int],
    batch: str,
    held: Mapping[int, Held],
    sums: dict[Place, Sum],
    visit_lines: int,
    catalogue: Catalogue,
    level: int,
    upload_id: bytes,
    default_time: str,
) -> Sliced[Refused | Change]:
    """What an upload does; `keys` are those of its lines, `held` are the lines that it or its returns name, `sums` those
    of its and their days, `visit_lines` how many lines the visit has.
    """
    change = Change(sums=sums)
    fresh: list[tuple[int, pb.FeeDetail]] = []
    for place, (key, line) in enumerate(zip(keys, given, strict=True)):
        if place % SLICE_LINES == 0:
            yield
        known = held.get(key)
        if known is None:
            fresh.append((place, line))
        elif known.content != _line_and_content(line)[1] or known.batch != batch:
            return refuse(
                "LINE_REUSED", f"line {line.feedetl_sn} is held with other content; take a new feedetl_sn"
            )
    yield
    if visit_lines + len(fresh) > VISIT_LINES_MAX:
        return refuse("TOO_MANY_LINES", f"a visit holds at most {VISIT_LINES_MAX:,} lines")
    families = yield from _families(fresh, held, default_time)
    if isinstance(families, Refused):
        return families
    new = {line.feedetl_sn: (keys[place], line) for place, line in fresh}
    taken = partial(_take_new, change, batch=batch, upload_id=upload_id, default_time=default_time)
    for key, line in new.values():
        if line.init_feedetl_sn:
            taken(key, line, None, None, level)
    for number, netted in enumerate(families):
        if number % SLICE_LINES == 0:
            yield
        item = catalogue.item(netted.med_list_codg, netted.fee_ocur_time)
        if netted.feedetl_sn in new:
            taken(*new[netted.feedetl_sn], netted, item, level)
        else:
            _split_again(netted, held, change, item, level)
    for number, (key, line) in enumerate(zip(keys, given, strict=True)):
        if number % SLICE_LINES == 0:
            yield
        change.splits.append(_split_message(line.feedetl_sn, change.written.get(key) or held[key]))
    return change


def _families(
    fresh: Sequence[tuple[int, pb.FeeDetail]], held: Mapping[int, Held], default_time: str
) -> Sliced[Refused | list[FeeLine]]:
    """The new lines, and those held that new returns name, after all returns; or what is wrong with them."""
    lines = [_netted(line, default_time) for _, line in fresh]
    new = {line.feedetl_sn for line in lines}
    before = []
    for sn in dict.fromkeys(line.init_feedetl_sn for line in lines if line.init_feedetl_sn):
        known = held.get(line_keys([sn])[0])
        if sn not in new and known is not None and known.init_key is None:
            before.append(_left_of(known))
    if empty := [line.feedetl_sn for line in before if line.cnt == 0]:
        return invalid(Violation("input.feedetl", f"RETURN_TOO_MUCH: line {empty[0]} is returned already"))
    yield
    bad = line_violations([*before, *lines])
    yield
    if bad:
        return invalid(
            *[
                Violation(
                    f"input.feedetl[{fresh[max(one.place - len(before), 0)][0]}].{one.field}",
                    f"{one.code}: {one.message}",
                )
                for one in bad
            ]
        )
    return net_returns([*before, *lines])


def _netted(line: pb.FeeDetail, default_time: str) -> NettedLine:
    time = line.fee_ocur_time or default_time
    return NettedLine(
        line.feedetl_sn, line.med_list_codg, line.det_item_fee_sumamt, line.cnt, line.pric, time, line.init_feedetl_sn
    )  # fmt: skip


def _left_of(known: Held) -> NettedLine:
    line = pb.FeeDetail.FromString(known.line)
    return NettedLine(
        line.feedetl_sn, line.med_list_codg, known.amount_fen + known.returned_fen, known.cnt + known.returned_cnt,
        line.pric, line.fee_ocur_time or known.day.isoformat(), "",
    )  # fmt: skip


def _take_new(
    change: Change, key: int, line: pb.FeeDetail, left: FeeLine | None, item: Item | None, level: int,
    *, batch: str, upload_id: bytes, default_time: str,
) -> None:  # fmt: skip
    """A new line, and its item, of which so much is left after returns; a return (None) has no parts of its own."""
    init_key = line_keys([line.init_feedetl_sn])[0] if line.init_feedetl_sn else None
    day = day_of(line.fee_ocur_time or default_time)
    assert day is not None, "admission has looked at the times"
    cnt, amount = line.cnt, line.det_item_fee_sumamt
    returned_cnt = returned_fen = limit = 0
    key_of_split, parts = ("", 0), NOTHING
    if left is not None and item is not None:
        returned_cnt, returned_fen = left.cnt - cnt, left.det_item_fee_sumamt - amount
        key_of_split, limit = item.key, item.limits[level]
        parts = parts_of(left, item, level) if left.cnt else NOTHING
    held = Held(
        key, batch, day, *_line_and_content(line), cnt, line.pric, amount, init_key, returned_cnt, returned_fen,
        *key_of_split, limit, *parts, upload_id,
    )  # fmt: skip
    change.written[key] = held
    change.sums.setdefault((batch, day), Sum()).take(held, 1)


def _split_again(netted: FeeLine, held: Mapping[int, Held], change: Change, item: Item, level: int) -> None:
    """The parts of a line that was held before after its returns, and the sums by the difference."""
    key = line_keys([netted.feedetl_sn])[0]
    before = held[key]
    chrgitm_lv, first_pay_bp = item.key
    parts = parts_of(netted, item, level) if netted.cnt else NOTHING
    after = before._replace(
        returned_cnt=netted.cnt - before.cnt, returned_fen=netted.det_item_fee_sumamt - before.amount_fen,
        chrgitm_lv=chrgitm_lv, first_pay_bp=first_pay_bp, price_limit=item.limits[level],
        full_self_fen=parts.full_self_fen, over_limit_fen=parts.over_limit_fen, first_pay_fen=parts.first_pay_fen,
        in_scope_fen=parts.in_scope_fen,
    )  # fmt: skip
    change.written[key] = after
    change.deleted.add(key)
    difference = Parts(*[new - old for new, old in zip(parts, before.parts, strict=True)])
    change.sums.setdefault((after.batch, after.day), Sum()).change(after, difference)


def split_of(held: Held) -> pb.FeeSplit:
    """The split of a line after its returns."""
    return _split_message(pb.FeeDetail.FromString(held.line).feedetl_sn, held)


def _split_message(feedetl_sn: str, held: Held) -> pb.FeeSplit:
    return pb.FeeSplit(
        feedetl_sn=feedetl_sn, chrgitm_lv=held.chrgitm_lv, det_item_fee_sumamt=held.amount_fen + held.returned_fen,
        pric_uplmt_amt=held.price_limit, selfpay_prop=held.first_pay_bp, fulamt_ownpay_amt=held.full_self_fen,
        overlmt_amt=held.over_limit_fen, preselfpay_amt=held.first_pay_fen, inscp_scp_amt=held.in_scope_fen,
    )  # fmt: skip


def delete(
    named: Sequence[Held],
    *,
    sums: dict[Place, Sum],
    returns: Mapping[int, Held],
    originals: Mapping[int, Held],
    catalogue: Catalogue,
    level: int,
) -> Sliced[Change]:
    """Deletes lines; with a line go its `returns`, and a return that goes alone gives its original back its part."""
    change = Change(sums=sums)
    gone = {line.key: line for line in (*named, *returns.values())}
    for number, line in enumerate(gone.values()):
        if number % SLICE_LINES == 0:
            yield
        change.deleted.add(line.key)
        sums[(line.batch, line.day)].take(line, -1)
    given_back: dict[int, NettedLine] = {}
    for line in gone.values():
        if line.init_key is None or line.init_key in gone:
            continue
        left = given_back.get(line.init_key) or _left_of(originals[line.init_key])
        given_back[line.init_key] = left._replace(
            cnt=left.cnt - line.cnt, det_item_fee_sumamt=left.det_item_fee_sumamt - line.amount_fen
        )
    for left in given_back.values():
        item = catalogue.item(left.med_list_codg, left.fee_ocur_time)
        _split_again(left, originals, change, item, level)
    return change


def facts_sums(sums: Iterable[Sum]) -> tuple[Parts, list[mpb.SplitSum]]:
    """The parts and the split of some batches or days together, for the home node."""
    parts, splits = NOTHING, dict[tuple[str, int], tuple[int, int]]()
    for one in sums:
        parts = Parts(*[ours + more for ours, more in zip(parts, one.parts, strict=True)])
        for key, (amount, in_scope) in one.splits.items():
            before = splits.get(key, (0, 0))
            splits[key] = (before[0] + amount, before[1] + in_scope)
    return parts, [
        mpb.SplitSum(chrgitm_lv=level, first_pay_bp=ratio, amount_fen=amount, in_scope_fen=in_scope)
        for (level, ratio), (amount, in_scope) in sorted(splits.items())
    ]
