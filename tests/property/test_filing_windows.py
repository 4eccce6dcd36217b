"""The days of filings, whatever is filed in whatever order: at least six months, and never two that say the same."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from homepool.benefits import filed_as
from homepool.benefits.filing import TEMPORARY, Filing
from homepool.filing.rules import Ruling, rule_on
from tests.bills import a_policy
from tests.home_items import CARE_POOL, TODAY, PlainPolicies, person
from tests.unit.test_filing_rules import ask, withdrawal

DAYS = st.integers(-90, 90).map(lambda days: TODAY + timedelta(days=days))
ENDS = st.none() | st.integers(0, 900)
STEP = st.tuples(st.sampled_from(("long_term", *TEMPORARY)), DAYS, ENDS, st.booleans())
POLICY = PlainPolicies().policy


Step = tuple[str, date, int | None, bool]


def played(steps: list[Step]) -> tuple[list[Ruling], tuple[Filing, ...]]:
    """Each filing on top of those before, withdrawn again where the step says so; then what the person has."""
    held: dict[bytes, Filing] = {}
    rulings = []
    for place, (kind, begin, length, withdrawn) in enumerate(steps):
        end = "" if length is None else str(begin + timedelta(days=length))
        asked = [ask(f"f{place}", kind=kind, begin_date=str(begin), end_date=end)]
        while asked:
            somebody = replace(person(), filings=tuple(held.values()))
            ruling = rule_on(somebody, POLICY, asked.pop(), TODAY)
            assert isinstance(ruling, Ruling)
            held[ruling.filing.id] = ruling.filing
            if not ruling.filing.withdrawn:
                rulings.append(ruling)
                asked = [withdrawal(ruling.filing.id)] if withdrawn else []
    return rulings, tuple(held.values())


@given(st.lists(STEP, min_size=1, max_size=6))
def test_what_was_asked_is_covered_and_a_temporary_filing_holds_half_a_year(steps: list[Step]) -> None:
    for ruling, (kind, begin, length, _) in zip(played(steps)[0], steps, strict=True):
        filing = ruling.filing
        assert filing.kind == kind
        assert filing.holds(str(begin))
        if length is not None:
            assert filing.holds(str(begin + timedelta(days=length)))
        if kind in TEMPORARY:
            assert date.fromisoformat(filing.valid_to) - date.fromisoformat(filing.valid_from) >= timedelta(
                181
            )


@given(st.lists(STEP, min_size=1, max_size=6), st.integers(-200, 1_200))
def test_care_counts_as_filed_exactly_on_the_days_that_some_filing_covers(
    steps: list[Step], after: int
) -> None:
    day = str(TODAY + timedelta(days=after))
    _, held = played(steps)
    counts = filed_as(
        a_policy(), insutype="310", care_pool=CARE_POOL, route=3, med_type="21", day=day, emergency=False,
        filings=held,
    )  # fmt: skip
    covering = [one for one in held if one.valid_from <= day and (not one.valid_to or day <= one.valid_to)]
    assert (counts.by in covering) if covering else (counts.kind == "unfiled")


@given(st.lists(STEP, min_size=1, max_size=6))
def test_asked_again_nothing_is_filed_twice(steps: list[Step]) -> None:
    kept = [(kind, begin, length, False) for kind, begin, length, _ in steps]
    twice, _ = played([*kept, *kept])
    assert not any(ruling.filed for ruling in twice[len(kept) :])
