"""Whatever lines and catalogue: nothing is lost, no part is negative, returns and order do no harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue import OUTSIDE, Catalogue, Item, split
from gateway.feelines import FeeLine, NettedLine, line_adds_up, line_violations, net_returns
from ledger.money import half_up, share

FEN = 100_000_000
TIME = "2026-11-24 09:30:00"
CODES = [f"X{number}" for number in range(6)]


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """A catalogue of some of the codes, one version each."""
    items = {}
    for code in draw(st.sets(st.sampled_from(CODES))):
        key = draw(
            st.one_of(
                st.just(("01", 0)), st.tuples(st.just("02"), st.integers(1, 9_999)), st.just(("03", 10_000))
            )
        )
        limits = draw(st.tuples(*[st.just(0) | st.integers(1, 5_000_000_000)] * 3))
        items[code] = Item("2024-01-01", "9999-12-31~", key, (0, *limits), None, code, "drug", 1)
    return Catalogue(440300, items)


@st.composite
def bought(draw: st.DrawFn) -> NettedLine:
    """A line that adds up, its amount rounded half up or off by up to a fen."""
    cnt, pric = draw(st.integers(1, 10_000_000)), draw(st.integers(0, 10_000_000_000))
    exact = Fraction(cnt * pric, FEN)
    amount = draw(st.sampled_from([half_up(cnt * pric, FEN), int(exact), int(exact) + 1]))
    return NettedLine("", draw(st.sampled_from(CODES)), amount, cnt, pric, TIME)


def numbered(lines: Sequence[NettedLine]) -> list[NettedLine]:
    return [line._replace(feedetl_sn=str(number)) for number, line in enumerate(lines)]


bills = st.lists(bought(), max_size=12).map(numbered)
levels = st.integers(1, 3)


@dataclass(frozen=True)
class Model:
    """The split again, per line, with exact ratios and the house's rounding."""

    catalogue: Catalogue
    level: int

    def parts(self, line: FeeLine) -> tuple[int, int, int, int]:
        amount = line.det_item_fee_sumamt
        item = self.catalogue.items.get(line.med_list_codg, OUTSIDE)
        if item.key[0] == "03":
            return amount, 0, 0, 0
        limit = item.limits[self.level]
        excess = max(line.pric - limit, 0) * line.cnt if limit else 0
        over = min(half_up(excess, FEN), amount)
        first = share(amount - over, item.key[1])
        return 0, over, first, amount - over - first


@given(catalogues(), bills, levels)
def test_every_line_and_the_sum_agree_with_the_model(
    catalogue: Catalogue, lines: list[NettedLine], level: int
) -> None:
    assert all(map(line_adds_up, lines))
    found, model = split(lines, catalogue, level), Model(catalogue, level)
    expected = [model.parts(line) for line in lines]
    shown = [
        (one.fulamt_ownpay_amt, one.overlmt_amt, one.preselfpay_amt, one.inscp_scp_amt)
        for one in found.lines()
    ]
    assert shown == expected
    assert (
        found.parts == tuple(map(sum, zip(*expected, strict=True))) if lines else found.parts == (0, 0, 0, 0)
    )


@given(catalogues(), bills, levels)
def test_the_parts_are_the_amount_and_none_is_negative(
    catalogue: Catalogue, lines: list[NettedLine], level: int
) -> None:
    found = split(lines, catalogue, level)
    for one in found.lines():
        parts = (one.fulamt_ownpay_amt, one.overlmt_amt, one.preselfpay_amt, one.inscp_scp_amt)
        assert min(parts) >= 0
        assert sum(parts) == one.det_item_fee_sumamt
    assert sum(found.parts) == found.total_fen == sum(line.det_item_fee_sumamt for line in lines)
    assert sum(one.amount_fen for one in found.sums) == found.total_fen
    assert sum(one.in_scope_fen for one in found.sums) == found.parts.in_scope_fen
    assert len({one[:2] for one in found.sums}) == len(found.sums)


@given(catalogues(), bills, levels, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_returns_changes_no_sum(
    catalogue: Catalogue, lines: list[NettedLine], level: int, random: Random
) -> None:
    bill = lines + [returned(line, line.cnt, line.det_item_fee_sumamt, "r") for line in lines[::2]]
    shuffled = list(bill)
    random.shuffle(shuffled)
    one, other = split(bill, catalogue, level), split(shuffled, catalogue, level)
    assert (one.total_fen, one.parts, one.sums) == (other.total_fen, other.parts, other.sums)


def returned(line: NettedLine, cnt: int, amount: int, suffix: str) -> NettedLine:
    return line._replace(
        feedetl_sn=line.feedetl_sn + suffix,
        cnt=-cnt,
        det_item_fee_sumamt=-amount,
        init_feedetl_sn=line.feedetl_sn,
    )


@given(catalogues(), bills, levels)
def test_returning_everything_leaves_nothing(
    catalogue: Catalogue, lines: list[NettedLine], level: int
) -> None:
    bill = lines + [returned(line, line.cnt, line.det_item_fee_sumamt, "r") for line in lines]
    assert not line_violations(bill)
    found = split(bill, catalogue, level)
    assert (found.total_fen, found.parts, found.sums) == (0, (0, 0, 0, 0), ())
    assert all(one.det_item_fee_sumamt == 0 for one in found.lines())


@given(catalogues(), bought(), levels, st.data())
def test_a_partial_return_is_as_if_less_had_been_bought(
    catalogue: Catalogue, line: NettedLine, level: int, data: st.DataObject
) -> None:
    line = line._replace(feedetl_sn="a")
    cnt = data.draw(st.integers(1, line.cnt))
    amount = (
        line.det_item_fee_sumamt
        if cnt == line.cnt
        else min(half_up(cnt * line.pric, FEN), line.det_item_fee_sumamt)
    )
    bill = [line, returned(line, cnt, amount, "r")]
    assert not line_violations(bill)
    less = line._replace(cnt=line.cnt - cnt, det_item_fee_sumamt=line.det_item_fee_sumamt - amount)
    assert split(bill, catalogue, level).parts == split([less], catalogue, level).parts


@given(bills, st.data())
def test_more_returned_than_bought_is_always_seen(lines: list[NettedLine], data: st.DataObject) -> None:
    if not lines:
        return
    line = data.draw(st.sampled_from(lines))
    first = data.draw(st.integers(1, line.cnt))
    bill = [*lines, returned(line, first, 0, "r"), returned(line, line.cnt - first + 1, 0, "s")]
    assert ("RETURN_TOO_MUCH", lines.index(line)) in [found[:2] for found in line_violations(bill)]


@given(bills)
def test_lines_without_returns_are_netted_to_themselves(lines: list[NettedLine]) -> None:
    assert net_returns(lines) == lines
