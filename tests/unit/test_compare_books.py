"""Two books compared item by item: the class of each difference, what is at stake, and nothing where nothing differs."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.day.compare import (
    DifferenceClass,
    buckets_that_differ,
    by_id,
    differences,
    ids_that_differ,
    told_of,
    unmatched,
)
from clearing.figures import Figures
from ledger.day import Bucket
from tests.clearing_books import DAY, figures


def found(home: list[Figures], care: list[Figures], **everywhere: list[Figures]) -> list:
    return differences(
        by_id(home),
        by_id(care),
        by_id(everywhere.get("home_everywhere", [])),
        by_id(everywhere.get("care_everywhere", [])),
    )


def test_what_is_fetched_is_what_one_side_says_otherwise_or_twice() -> None:
    home = [(b"same", 1), (b"other", 2), (b"only home", 3), (b"twice", 4), (b"twice", 4)]
    care = [(b"twice", 4), (b"twice", 4), (b"other", 5), (b"same", 1), (b"only care", 6)]
    ids = ids_that_differ(home, care)
    assert ids == {b"other", b"only home", b"only care", b"twice"}
    assert (told_of(home, ids), told_of(care, ids)) == (4, 4)
    assert ids_that_differ(home, home[:3]) == {b"twice"}


def test_books_that_say_the_same_differ_in_nothing() -> None:
    rows = [figures(number) for number in range(5)]
    assert found(rows, list(reversed(rows))) == []


@pytest.mark.parametrize(
    ("changes", "kind", "stake"),
    [
        ({"cash_fen": 5_000, "pooled_fen": 5_000, "fund_sum_fen": 5_000}, DifferenceClass.AMOUNT, 1_000),
        ({"sign": -1}, DifferenceClass.REFUND_SIGN, 20_000),
        ({"status": 2}, DifferenceClass.STATUS, 10_000),
        ({"home_pool": 440_100}, DifferenceClass.STATUS, 10_000),
        ({"person": 77}, DifferenceClass.STATUS, 10_000),
        ({"day": DAY + timedelta(days=1)}, DifferenceClass.DATE_SHIFT, 0),
    ],
)
def test_a_row_that_differs_is_classed_by_what_weighs_most(changes, kind, stake) -> None:
    (one,) = found([figures(1)], [figures(1, **changes)])
    assert (one.kind, one.stake_fen) == (kind, stake)
    assert one.home[0].setl_id == one.care[0].setl_id == one.setl_id


def test_what_only_one_book_has_is_missing_at_the_other() -> None:
    (one,) = found([figures(1)], [])
    (other,) = found([], [figures(2)])
    assert (one.kind, one.stake_fen) == (DifferenceClass.MISSING_AT_CARE, 10_000)
    assert (other.kind, other.stake_fen) == (DifferenceClass.MISSING_AT_HOME, 10_000)


def test_what_stands_in_the_other_book_on_another_day_is_a_date_shift_not_missing() -> None:
    shifted = figures(1, day=DAY + timedelta(days=1))
    (one,) = found([figures(1)], [], home_everywhere=[figures(1)], care_everywhere=[shifted])
    assert (one.kind, one.differs) == (DifferenceClass.DATE_SHIFT, ("day", "setl_day"))


def test_an_id_twice_in_one_book_is_a_duplicate_even_on_two_days() -> None:
    twice = [figures(1), figures(1, day=DAY + timedelta(days=1))]
    (one,) = found([], [twice[1]], home_everywhere=[figures(1)], care_everywhere=twice)
    assert (one.kind, one.stake_fen) == (DifferenceClass.DUPLICATE, 10_000)
    (other,) = found([figures(2), figures(2)], [figures(2)])
    assert other.kind is DifferenceClass.DUPLICATE


def test_only_buckets_that_differ_are_fetched() -> None:
    home = [Bucket(1, 2, 3, 4), Bucket(2, 1, 1, 1), Bucket(3, 1, 5, 5)]
    care = [Bucket(1, 2, 3, 4), Bucket(2, 1, 1, 2), Bucket(4, 1, 6, 6)]
    assert buckets_that_differ(home, care) == [2, 3, 4]


@given(
    st.lists(st.integers(0, 30), unique=True),
    st.lists(st.integers(0, 30), unique=True),
    st.sets(st.integers(0, 30)),
)
def test_every_planted_difference_is_found_and_no_other(home, care, changed) -> None:
    """Whatever is missing on a side or changed at the care book; everything else is not spoken of."""
    ours = [figures(number) for number in home]
    theirs = [
        figures(number, cash_fen=1, pooled_fen=9_999, fund_sum_fen=9_999)
        if number in changed
        else figures(number)
        for number in care
    ]
    expected = {figures(number).setl_id for number in set(home) ^ set(care) | set(home) & set(care) & changed}
    assert {one.setl_id for one in found(ours, theirs)} == expected
    assert set(unmatched(by_id(ours), by_id(theirs))) == {figures(n).setl_id for n in set(home) ^ set(care)}
