"""The made-up people: the same for a seed, each in order, every kind among few, nobody twice."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import homepool
from homepool.loading.people import Person
from homepool.loading.population import (
    AID_IDENTITIES,
    DIVISIONS,
    ENROLMENTS,
    KINDS,
    PEOPLE_PER_POOL_MOST,
    SERIALS,
    population,
)
from runtime.certno import birthday

POOLS = (440100, 440300, 441500, 450100, 500000)
DAY = date(2026, 11, 24)
POLICIES = Path(homepool.__file__).parent / "policies"


def made(seed: int = 7, pools: tuple[int, ...] = POOLS, count: int = 200, day: date = DAY) -> list[Person]:
    return list(population(seed, pools, count, as_of=day))


PEOPLE = made()


def test_the_same_seed_gives_the_same_people() -> None:
    assert made() == PEOPLE


def test_another_seed_gives_others() -> None:
    other = made(seed=8)
    assert {person.psn_no for person in other} == {person.psn_no for person in PEOPLE}
    same = sum(one.certno == two.certno for one, two in zip(PEOPLE, other, strict=True))
    assert same < len(PEOPLE) / 20


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 199])
def test_a_longer_list_begins_with_the_shorter_one(count: int) -> None:
    short = made(count=count)
    assert len(short) == count * len(POOLS)
    assert short == [
        person for first in range(0, len(PEOPLE), 200) for person in PEOPLE[first : first + count]
    ]


def test_a_pool_s_people_do_not_depend_on_the_order_of_the_pools() -> None:
    turned = {person.psn_no: person.certno for person in made(pools=POOLS[::-1])}
    assert turned == {person.psn_no: person.certno for person in PEOPLE}


def test_everybody_is_in_order() -> None:
    for person in PEOPLE:
        person.check()


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2027, 1, 1), date(2026, 12, 31), date(2026, 3, 30)])
def test_everybody_is_in_order_on_any_day(day: date) -> None:
    for person in made(count=60, day=day):
        person.check()


def test_nobody_is_there_twice() -> None:
    for name in ("psn_no", "certno", "card_sn"):
        assert len({getattr(person, name) for person in PEOPLE}) == len(PEOPLE)
    tokens = [person.evoucher for person in PEOPLE if person.evoucher]
    assert 0 < len(tokens) == len(set(tokens)) < len(PEOPLE)
    assert all(len(person.psn_no) <= 30 for person in PEOPLE)


def test_identity_numbers_stay_different_where_many_share_a_serial() -> None:
    """The first people of a pool and those SERIALS places on have the same serial: birthdays keep them apart."""
    people = made(pools=(440300,), count=12 * SERIALS)
    assert len({person.certno for person in people}) == len(people)


def test_identity_numbers_are_nobody_s() -> None:
    divisions = {person.certno[4:6] for person in PEOPLE}
    assert divisions <= {str(number) for number in DIVISIONS}
    assert all(person.certno.startswith(str(person.insurances[0].pool)[:4]) for person in PEOPLE)


def test_birthdays_lie_all_over_the_year() -> None:
    assert {person.brdy[5:7] for person in PEOPLE} == {f"{month:02d}" for month in range(1, 13)}


def test_who_is_paused_has_neither_filings_nor_used_anything() -> None:
    paused = [person for person in PEOPLE if person.insurances[0].status == "2"]
    assert paused
    assert not any(person.filings or person.used for person in paused)


def test_a_small_population_has_every_kind() -> None:
    few = made(pools=(450100,), count=9)
    assert {person.insurances[0].psn_type for person in few} == {kind.psn_type for kind in KINDS}


def test_ages_fit_the_kind() -> None:
    ages = {kind.psn_type: (kind.age_least, kind.age_most) for kind in KINDS}
    for person in PEOPLE:
        born = birthday(person.certno)
        assert born is not None
        age = DAY.year - born.year - ((DAY.month, DAY.day) < (born.month, born.day))
        least, most = ages[person.insurances[0].psn_type]
        assert least <= age <= most


def test_employees_have_an_account_and_who_works_has_maternity_insurance() -> None:
    for person in PEOPLE:
        main = person.insurances[0]
        assert bool(person.accounts) == (main.insutype == "310")
        maternity = [one for one in person.insurances if one.insutype == "510"]
        assert bool(maternity) == (main.psn_type in ("1101", "1102") and main.status == "1")
        assert main.civil_servant == (main.psn_type == "1102") or main.psn_type == "1201"


def test_relatives_are_account_holders_of_the_same_pool() -> None:
    holders = {person.psn_no: person.accounts[0].pool for person in PEOPLE if person.accounts}
    lent = [(person, other) for person in PEOPLE for other in person.relatives]
    assert len({person.psn_no for person, _ in lent}) > 100
    assert all(holders[other] == person.insurances[0].pool for person, other in lent)
    assert any(person.insurances[0].insutype == "390" for person, _ in lent)


def test_what_policies_tell_apart_turns_up() -> None:
    statuses = Counter(one.status for person in PEOPLE for one in person.insurances)
    assert statuses["2"] >= 10
    assert statuses["4"] >= 3
    identities = {one.name for person in PEOPLE for one in person.identities}
    assert identities == {*AID_IDENTITIES, *ENROLMENTS.values()}
    assert any(account.balance_fen == 0 for person in PEOPLE for account in person.accounts)
    assert 100 < sum(bool(person.used) for person in PEOPLE) < 500
    assert {one.insutype for person in PEOPLE for one in person.used} == {"310", "390"}


def test_the_identities_are_those_that_the_policies_look_at() -> None:
    asked = {
        name
        for path in POLICIES.glob("*.toml")
        for name in identities_in(tomllib.loads(path.read_text("utf-8")))
    }
    assert asked == {*AID_IDENTITIES, *ENROLMENTS.values()}


def identities_in(found: object) -> Iterator[str]:
    """The values of every `identities` in a policy file, however deep."""
    if isinstance(found, dict):
        yield from found.get("identities", [])
        for value in found.values():
            yield from identities_in(value)
    elif isinstance(found, list):
        for value in found:
            yield from identities_in(value)


def test_an_earlier_insurance_ended_before_the_present_one_in_a_pool_of_the_same_node() -> None:
    ended = [
        (person.insurances[0], one) for person in PEOPLE for one in person.insurances if one.status == "4"
    ]
    for main, one in ended:
        assert one.pool != main.pool
        assert one.pool // 10_000 == main.pool // 10_000
        assert one.valid_to < main.valid_from


def test_filings_name_other_places_and_some_have_expired() -> None:
    filings = [(person, one) for person in PEOPLE for one in person.filings if one.care]
    assert {one.kind for _, one in filings} == {"long_term", "referral", "other"}
    assert all(not str(person.insurances[0].pool).startswith(one.care) for person, one in filings)
    assert {one.care for _, one in filings} == {"4401", "4403", "4415", "4501", "50"}
    expired = [one for _, one in filings if one.valid_to and one.valid_to < DAY.isoformat()]
    valid = [one for _, one in filings if one.valid_from <= DAY.isoformat() <= (one.valid_to or "9999")]
    assert 5 < len(expired) < len(valid)
    assert len(expired) + len(valid) == len(filings)


def test_who_must_file_at_home_has_filed() -> None:
    guangzhou = [person for person in PEOPLE if person.insurances[0].pool == 440100]
    employees = 0
    for person in guangzhou:
        if person.insurances[0].status != "1":
            continue
        assert {one.disease for one in person.filings if one.kind == "chronic"} == {"M03900", "M01600"}
        chosen = {one.institution for one in person.filings if one.kind == "designated"}
        if person.insurances[0].insutype == "310":
            assert "H44010490007" in chosen
            employees += 1
        else:
            assert not chosen
    assert employees > 5


def test_a_year_half_used_adds_up() -> None:
    for person in PEOPLE:
        for one in person.used:
            used = one.amounts
            assert one.year == DAY.year
            assert used["outpatient_pooled"] <= used["pooled"] <= used["in_scope"]
            assert used["outpatient_deductible"] + used["outpatient_pooled"] <= used["in_scope"]
            if "admissions" in used:
                stay = used["in_scope"] - used["pooled"]
                assert used["inpatient_deductible"] <= used["big_illness_base"] <= stay


def test_a_pool_alone_files_nowhere() -> None:
    assert not any(person.filings for person in made(pools=(440300,), count=40))


@pytest.mark.parametrize(
    ("pools", "count"),
    [
        ((440300, 440300), 1),
        ((4403,), 1),
        ((4403001,), 1),
        ((440300,), -1),
        ((440300,), PEOPLE_PER_POOL_MOST + 1),
    ],
)
def test_a_population_that_cannot_be(pools: tuple[int, ...], count: int) -> None:
    with pytest.raises(ValueError, match=r"pools are|people per pool"):
        made(pools=pools, count=count)
