"""Whatever is uploaded, returned and deleted, in any order, the sums are those of the lines that are held."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalogue import Catalogue, Item, split
from gateway.fees.changes import Change, Held, Place, Sum, delete, facts_sums, keys_of, lines_digest, upload
from gateway.refusals import Refused
from gateway.slices import at_once
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import an_id

LEVEL = 3
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")
CATALOGUE = Catalogue(
    440100,
    {
        code: Item("2020-01-01", "9999-12-31~", key, (0, limit, limit, limit), None, code, "drug", 0)
        for code, key, limit in (
            ("first", ("01", 0), 0), ("limited", ("02", 1_500), 7_000_000), ("half", ("02", 3_333), 0),
            ("outside", ("03", 10_000), 0),
        )
    },
)  # fmt: skip


def a_bought(number: int, item: str, units: int, fen: int, day: str) -> pb.FeeDetail:
    """Some units of an item at `fen` each."""
    return pb.FeeDetail(
        feedetl_sn=f"line {number}", med_list_codg=item, cnt=units * 10_000, pric=fen * 10_000,
        det_item_fee_sumamt=units * fen, fee_ocur_time=f"{day} 09:00:00",
    )  # fmt: skip


def a_taken_back(of: pb.FeeDetail, units: int, day: str, name: str) -> pb.FeeDetail:
    """Some units of a line."""
    return pb.FeeDetail(
        feedetl_sn=f"{name} of {of.feedetl_sn}", med_list_codg=of.med_list_codg, cnt=-units * 10_000, pric=of.pric,
        det_item_fee_sumamt=-units * (of.pric // 10_000), fee_ocur_time=f"{day} 10:00:00",
        init_feedetl_sn=of.feedetl_sn,
    )  # fmt: skip


class Shelf:
    """The lines and sums of a visit, as the book holds them between calls."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.sums: dict[Place, Sum] = {}

    @property
    def names(self) -> set[str]:
        """The feedetl_sn of what is held."""
        return {pb.FeeDetail.FromString(one.line).feedetl_sn for one in self.held.values()}

    def apply(self, change: Change) -> None:
        for key in change.deleted:
            del self.held[key]
        self.held |= change.written
        self.sums = {place: one for place, one in change.sums.items() if one.lines}
        assert self.sums == self.recomputed()

    def upload(self, lines: Sequence[pb.FeeDetail], name: str = "upload") -> Change | Refused:
        sums = {
            place: Sum(one.lines, one.parts, dict(one.splits), one.content)
            for place, one in self.sums.items()
        }
        done = at_once(
            upload(
                lines, keys=keys_of(lines)[0], batch="b", held=self.held, sums=sums, visit_lines=len(self.held),
                catalogue=CATALOGUE, level=LEVEL, upload_id=an_id(name), default_time=DAYS[0],
            )
        )  # fmt: skip
        if isinstance(done, Change):
            self.apply(done)
        return done

    def delete(self, sns: Sequence[str]) -> None:
        named = [one for one in self.held.values() if pb.FeeDetail.FromString(one.line).feedetl_sn in sns]
        keys = {one.key for one in named}
        back = {one.key: one for one in self.held.values() if one.init_key in keys}
        wanted = {one.init_key for one in named}
        originals = {one.key: one for one in self.held.values() if one.key in wanted}
        work = delete(
            named, sums=self.sums, returns=back, originals=originals, catalogue=CATALOGUE, level=LEVEL
        )
        self.apply(at_once(work))

    def recomputed(self) -> dict[Place, Sum]:
        """From the lines alone, by the split that a settlement with its lines would have."""
        lines = {key: pb.FeeDetail.FromString(one.line) for key, one in self.held.items()}
        sums: dict[Place, Sum] = {}
        for key, one in self.held.items():
            of = sums.setdefault((one.batch, one.day), Sum())
            of.lines += 1
            of.content = (of.content + int.from_bytes(one.content)) % (1 << 128)
            if one.init_key is not None:
                continue
            family = [
                lines[key],
                *[lines[back] for back, other in self.held.items() if other.init_key == key],
            ]
            shares = split(family, CATALOGUE, LEVEL)
            assert sum(shares.parts) == shares.total_fen  # I1
            of.parts = type(of.parts)(*[a + b for a, b in zip(of.parts, shares.parts, strict=True)])
            for share in shares.sums:
                before = of.splits.get(share[:2], (0, 0))
                of.splits[share[:2]] = (before[0] + share.amount_fen, before[1] + share.in_scope_fen)
        return sums


@st.composite
def stays(draw: st.DrawFn) -> list[pb.FeeDetail]:
    """Lines, and returns of no more than was bought, each original before its returns."""
    lines: list[pb.FeeDetail] = []
    for number in range(draw(st.integers(1, 6))):
        units = draw(st.integers(1, 5))
        item = draw(st.sampled_from([*CATALOGUE.items, "unknown"]))
        bought = a_bought(number, item, units, draw(st.integers(1, 2_000)), draw(st.sampled_from(DAYS)))
        lines.append(bought)
        for name in ("a return", "another"):
            if units and draw(st.booleans()):
                back = draw(st.integers(1, units))
                units -= back
                lines.append(a_taken_back(bought, back, draw(st.sampled_from(DAYS)), name))
    return lines


def in_calls(lines: Sequence[pb.FeeDetail], size: int) -> list[Sequence[pb.FeeDetail]]:
    """As calls of so many lines."""
    return [lines[first : first + size] for first in range(0, len(lines), size)]


@settings(max_examples=60, deadline=None)
@given(lines=stays(), size=st.integers(1, 5), data=st.data())
def test_sums_are_those_of_the_lines_held_after_every_call(
    lines: list[pb.FeeDetail], size: int, data: st.DataObject
) -> None:
    shelf = Shelf()
    for batch in in_calls(lines, size):
        there = shelf.names | {one.feedetl_sn for one in batch}
        # what returns name may have been deleted since: that is refused, as another test says
        call = [one for one in batch if not one.init_feedetl_sn or one.init_feedetl_sn in there]
        if not call:
            continue
        assert isinstance(shelf.upload(call), Change)
        if data.draw(st.booleans()):
            shelf.delete(data.draw(st.lists(st.sampled_from([one.feedetl_sn for one in call]), unique=True)))
        if data.draw(st.booleans()):
            before = (dict(shelf.held), shelf.recomputed())
            again = [one for one in call if one.feedetl_sn in shelf.names]
            done = shelf.upload(again, "again")
            assert isinstance(done, Change)
            assert not done.written
            assert (shelf.held, shelf.sums) == before
    parts, splits = facts_sums(shelf.sums.values())
    assert sum(parts) == sum(one.amount_fen for one in splits)
    assert parts.in_scope_fen == sum(one.in_scope_fen for one in splits)
    shelf.delete(list(shelf.names))
    assert (shelf.held, shelf.sums) == ({}, {})


@settings(max_examples=60, deadline=None)
@given(lines=stays(), data=st.data())
def test_the_order_of_lines_and_the_cut_into_calls_change_neither_sums_nor_digest(
    lines: list[pb.FeeDetail], data: st.DataObject
) -> None:
    bought = data.draw(st.permutations([one for one in lines if not one.init_feedetl_sn]))
    back = data.draw(st.permutations([one for one in lines if one.init_feedetl_sn]))
    one, other = Shelf(), Shelf()
    one.upload(data.draw(st.permutations(lines)))
    for call in in_calls([*bought, *back], data.draw(st.integers(1, 4))):
        assert isinstance(other.upload(call), Change)
    assert one.sums == other.sums
    assert lines_digest(one.sums.values()) == lines_digest(reversed(list(other.sums.values())))


@given(lines=stays(), place=st.integers(0, 100))
def test_the_digest_tells_a_line_more_or_another_content(lines: list[pb.FeeDetail], place: int) -> None:
    whole, changed = Shelf(), Shelf()
    whole.upload(lines)
    other = [pb.FeeDetail.FromString(one.SerializeToString()) for one in lines]
    other[place % len(other)].medins_list_codg = "other"
    changed.upload(other)
    digests = {lines_digest(shelf.sums.values()) for shelf in (whole, changed, Shelf())}
    assert len(digests) == 3
    one_less = Shelf()
    one_less.upload(lines)
    one_less.delete([lines[-1].feedetl_sn])
    assert lines_digest(one_less.sums.values()) != lines_digest(whole.sums.values())


@given(lines=stays(), data=st.data())
def test_other_content_and_returns_of_too_much_are_refused_and_change_nothing(
    lines: list[pb.FeeDetail], data: st.DataObject
) -> None:
    shelf = Shelf()
    shelf.upload(lines)
    before = (dict(shelf.held), shelf.recomputed())
    other = pb.FeeDetail.FromString(data.draw(st.sampled_from(lines)).SerializeToString())
    other.medins_list_codg = "other"
    reused = shelf.upload([other])
    assert isinstance(reused, Refused)
    assert reused.code == "LINE_REUSED"
    bought = data.draw(st.sampled_from([one for one in lines if not one.init_feedetl_sn]))
    too_much = shelf.upload([a_taken_back(bought, bought.cnt // 10_000 + 1, DAYS[0], "too much")])
    assert isinstance(too_much, Refused)
    nothing = a_bought(99, "first", 1, 1, DAYS[0])
    assert isinstance(shelf.upload([a_taken_back(nothing, 1, DAYS[0], "of nothing")]), Refused)
    assert (shelf.held, shelf.sums) == before
