"""What a filing becomes: its days, what is refused and why, what is filed already, and what a withdrawal ends."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from homepool.benefits import FilingTerms, Policy
from homepool.benefits.filing import Filing
from homepool.filing.rules import Refusal, Ruling, care_prefix, listed, months_later, rule_on
from homepool.insured import Person
from proto.settlement.v1 import messages_pb2
from tests.home_items import POOL, PSN, TODAY, PlainPolicies, person, sixteen

YESTERDAY = TODAY - timedelta(days=1)
TERMS = FilingTerms(chronic_diseases=frozenset({"M01600", "M03900"}), begin_back_days_most=30)


def policy(**terms: Any) -> Policy:
    return replace(PlainPolicies().policy, filing=replace(TERMS, **terms))


def ask(name: str = "f1", **fields: Any) -> messages_pb2.FilingAsk:
    given = {
        "kind": "referral", "care": "450100", "insutype": "310", "begin_date": TODAY.isoformat(),
        "id": sixteen(name), "digest": sixteen(name) * 2, "psn_no": PSN, "home_pool": POOL,
    } | fields  # fmt: skip
    return messages_pb2.FilingAsk(**given)


def withdrawal(number: bytes, name: str = "w1") -> messages_pb2.FilingAsk:
    return messages_pb2.FilingAsk(id=sixteen(name), psn_no=PSN, home_pool=POOL, withdraws=number)


def ruled(asked: messages_pb2.FilingAsk, *held: Filing, terms: dict[str, Any] | None = None) -> Ruling:
    ruling = rule_on(replace(person(), filings=held), policy(**(terms or {})), asked, TODAY)
    assert isinstance(ruling, Ruling), ruling
    return ruling


def refused(asked: messages_pb2.FilingAsk, *held: Filing, of: Person | None = None) -> str:
    refusal = rule_on(of or replace(person(), filings=held), policy(), asked, TODAY)
    assert isinstance(refusal, Refusal), refusal
    return refusal.code


@pytest.mark.parametrize("kind", ["referral", "emergency", "other"])
def test_a_temporary_filing_holds_six_months_at_least(kind: str) -> None:
    least = "2026-09-02"
    assert ruled(ask(kind=kind)).filing.valid_to == least
    shorter = ruled(ask(kind=kind, end_date="2026-04-01"))
    assert (shorter.filing.valid_to, "at least 6 months" in shorter.memo) == (least, True)
    longer = ruled(ask(kind=kind, end_date="2027-03-01"))
    assert (longer.filing.valid_to, longer.memo) == ("2027-03-01", "")
    assert ruled(ask(kind=kind), terms={"temporary_months_least": 12}).filing.valid_to == "2027-03-02"


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "long_term"},
        {"kind": "chronic", "disease": "M01600", "care": ""},
        {"kind": "designated", "institution": "H44030000001", "care": ""},
    ],
)
def test_other_filings_hold_until_they_are_withdrawn_unless_an_end_is_given(content: dict[str, str]) -> None:
    assert ruled(ask(**content)).filing.valid_to == ""
    assert ruled(ask(**content, end_date="2026-03-31")).filing.valid_to == "2026-03-31"


def test_what_does_not_belong_to_a_kind_is_not_stored() -> None:
    everything = {"disease": "M01600", "institution": "H44030000001"}
    kept = [ruled(ask(kind=kind, **everything)).filing for kind in ("other", "chronic", "designated")]
    assert [(one.care, one.disease, one.institution) for one in kept] == [
        (("4501",), "", ""), ((), "M01600", ""), ((), "", "H44030000001"),
    ]  # fmt: skip


def test_a_filing_begins_today_unless_it_says_otherwise() -> None:
    assert ruled(ask(begin_date="")).filing.valid_from == TODAY.isoformat()


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (TODAY - timedelta(days=31), ""),
        (TODAY + timedelta(days=91), ""),
        ("2026-02-30", ""),
        ("20260301", ""),
        ("tomorrow", ""),
        (TODAY, YESTERDAY),
        (TODAY, "2026-2-1"),
    ],
)
def test_days_too_far_off_in_the_wrong_order_or_none_are_refused(begin: object, end: object) -> None:
    assert refused(ask(begin_date=str(begin), end_date=str(end))) == "FILING_DAYS"


def test_who_files_before_the_discharge_may_name_the_day_of_admission() -> None:
    ruling = ruled(ask(begin_date=str(TODAY - timedelta(days=30))))
    assert ruling.filed
    assert "filed afterwards" in ruling.memo
    assert ruled(ask(begin_date=str(TODAY + timedelta(days=90)))).filed


@pytest.mark.parametrize(
    ("division", "prefix"),
    [
        ("450100", "4501"), ("469001", "469001"), ("450000", "45"), ("500000", "50"), ("310115", "31"),
        ("4501", "4501"), ("45", "45"), ("", ""), ("45010", ""), ("0501", ""), ("45010a", ""), ("4501001", ""),
    ],
)  # fmt: skip
def test_a_city_is_covered_whole_and_so_is_a_municipality_or_province(division: str, prefix: str) -> None:
    assert care_prefix(division) == prefix


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"care": "440300"}, "FILING_PLACE"),
        ({"care": "440305"}, "FILING_PLACE"),
        ({"care": ""}, "FILING_PLACE"),
        ({"care": "abc"}, "FILING_PLACE"),
        ({"kind": "chronic", "disease": "M99999"}, "FILING_DISEASE"),
        ({"kind": "chronic"}, "FILING_DISEASE"),
        ({"kind": "designated"}, "FILING_INSTITUTION"),
        ({"kind": "designated", "institution": "H4403"}, "FILING_INSTITUTION"),
        ({"kind": "holiday"}, "FILING_KIND"),
        ({"insutype": "390"}, "NO_SUCH_INSURANCE"),
        ({"home_pool": 440100}, "NOT_INSURED_HERE"),
    ],
)
def test_what_cannot_be_filed_is_refused(content: dict[str, Any], code: str) -> None:
    assert refused(ask(**content)) == code


def test_nothing_is_filed_for_who_is_unknown_or_whose_pool_has_no_policy() -> None:
    for unknown in (rule_on(None, policy(), ask(), TODAY), rule_on(None, policy(), withdrawal(b"x"), TODAY)):
        assert isinstance(unknown, Refusal)
        assert unknown.code == "PERSON_UNKNOWN"
    without = rule_on(person(), None, ask(), TODAY)
    assert isinstance(without, Refusal)
    assert without.code == "NO_POLICY"


def test_what_a_filing_covers_already_is_not_filed_again() -> None:
    first = ruled(ask()).filing
    again = ruled(ask("f2"), first)
    assert (again.filing, again.filed, again.ended) == (first, False, False)
    inside = ruled(ask("f2", kind="long_term", end_date="2026-12-31"), ruled(ask(kind="long_term")).filing)
    assert not inside.filed


@pytest.mark.parametrize(
    "change",
    [
        {"begin_date": (TODAY + timedelta(days=1)).isoformat()},  # then it ends later too
        {"end_date": "2027-01-01"},
        {"begin_date": YESTERDAY.isoformat()},
        {"care": "500000"},
        {"kind": "other"},
    ],
)
def test_whatever_says_more_is_another_filing(change: dict[str, str]) -> None:
    first = ruled(ask()).filing
    assert ruled(ask("f2", **change), first).filed


def test_a_withdrawn_filing_or_one_of_another_insurance_covers_nothing_that_is_filed() -> None:
    first = ruled(ask()).filing
    assert ruled(ask("f2"), first._replace(withdrawn=True)).filed
    assert ruled(ask("f2"), first._replace(insutype="390")).filed
    assert not ruled(ask("f2"), first._replace(insutype="")).filed


def test_a_withdrawn_filing_ends_yesterday() -> None:
    held = Filing("long_term", ("4501",), "2025-01-01", id=sixteen("f1"))
    ruling = ruled(withdrawal(held.id), held)
    assert ruling.ended
    assert (ruling.filing.valid_to, ruling.filing.withdrawn) == (YESTERDAY.isoformat(), True)
    assert ruling.filing.holds(YESTERDAY.isoformat())
    assert not ruling.filing.holds(TODAY.isoformat())


def test_a_filing_is_withdrawn_by_the_number_of_its_own_kind() -> None:
    place = Filing("long_term", ("4501",), "2025-01-01", id=sixteen("f1"))
    disease = Filing("chronic", (), "2025-01-01", disease="M01600", id=sixteen("f1"))
    for infno, held, other in (("2502", place, disease), ("2504", disease, place), ("2506", None, place)):
        asked = withdrawal(sixteen("f1"))
        asked.infno = infno
        assert held is None or ruled(asked, held).ended
        assert refused(asked, other) == "FILING_UNKNOWN"


def test_a_filing_that_has_ended_keeps_its_end_when_it_is_withdrawn() -> None:
    held = Filing("referral", ("4501",), "2025-01-01", "2025-07-01", id=sixteen("f1"))
    assert ruled(withdrawal(held.id), held).filing.valid_to == "2025-07-01"


@pytest.mark.parametrize("begin", [TODAY, TODAY + timedelta(days=9)])
def test_a_filing_withdrawn_before_it_held_never_holds(begin: date) -> None:
    held = ruled(ask(begin_date=begin.isoformat())).filing
    gone = ruled(withdrawal(held.id), held).filing
    for day in (YESTERDAY, TODAY, begin, begin + timedelta(days=30)):
        assert not gone.holds(day.isoformat())
        assert not gone.holds(YESTERDAY.isoformat(), day.isoformat())


def test_withdrawn_again_it_is_answered_the_same_and_of_another_s_nothing_is_told() -> None:
    held = Filing("long_term", ("4501",), "2025-01-01", id=sixteen("f1"))
    gone = ruled(withdrawal(held.id), held).filing
    again = ruled(withdrawal(held.id, "w2"), gone)
    assert (again.filing, again.ended) == (gone, False)
    assert refused(withdrawal(sixteen("another's")), held) == "FILING_UNKNOWN"


def test_filings_are_listed_the_latest_first_by_kind_and_day() -> None:
    old = Filing("referral", ("4501",), "2024-01-01", "2024-07-01", id=sixteen("a"))
    new = Filing("other", ("50",), "2026-01-01", "2026-07-01", id=sixteen("b"))
    chronic = Filing("chronic", (), "2025-01-01", disease="M01600", id=sixteen("c"))
    somebody = replace(person(), filings=(old, chronic, new))
    assert listed(somebody, messages_pb2.FilingsAsk()) == [new, chronic, old]
    assert listed(somebody, messages_pb2.FilingsAsk(date="2024-07-01")) == [old]
    assert listed(somebody, messages_pb2.FilingsAsk(kinds=["chronic"])) == [chronic]


def test_months_end_where_the_month_is_shorter() -> None:
    assert months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_later(date(2027, 8, 31), 6) == date(2028, 2, 29)
    assert months_later(date(2026, 12, 1), 12) == date(2027, 12, 1)
