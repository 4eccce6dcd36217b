"""A morning's plan is a function of its seed and sends people only where they may be treated."""

import json
from pathlib import Path

import pytest

from gateway.directory import Directory
from stack.cast import PEOPLE_MIN, cast_of
from stack.encounters import Encounter, Ending, plan_morning
from stack.errors import DemoDataWrong
from stack.hospitals import read_institutions, route
from stack.patients import read_patients
from stack.plan import read_plan
from tests.demo_people import POOLS, TODAY, patients


def plan(number: int = 300, seed: int = 7) -> list[Encounter]:
    return plan_morning(
        patients(number), read_institutions(), care_pools=POOLS, seed=seed, today=TODAY.isoformat()
    )


def test_the_same_seed_gives_the_same_morning() -> None:
    assert plan(seed=7) == plan(seed=7)
    assert plan(seed=7) != plan(seed=8)


def test_everyone_goes_where_the_directory_lets_him_be_treated() -> None:
    directory = Directory.load()
    for one in plan():
        there = directory.institution(one.institution.code)
        assert there is not None
        assert there.on_network
        assert there.in_agreement(TODAY)
        assert there.pool == int(one.institution.care_pool)
        home_pool = int(one.patient.home_pool)
        assert directory.opened(there, one.insutype, one.med_type, home_pool)
        assert one.route == directory.route(home_pool, there.pool)


def test_a_small_morning_has_every_kind_of_care_route_ending_and_way() -> None:
    encounters = plan(PEOPLE_MIN)
    assert {one.med_type for one in plan()} == {"11", "13", "14", "21", "41", "51", "52"}
    assert {one.route for one in encounters} == {1, 2, 3}
    assert {one.ending for one in encounters} == set(Ending)
    assert (
        {one.by_session for one in encounters} == {one.knows_division for one in encounters} == {True, False}
    )


def test_maternity_care_is_for_women_of_an_age_and_its_insurance_for_nothing_else() -> None:
    for one in plan():
        if one.med_type in ("51", "52"):
            assert one.patient.woman
            assert 20 <= one.patient.age <= 45
        elif one.insutype == "510":
            pytest.fail(f"maternity insurance would pay for {one.med_type}")


def test_nobody_to_treat_is_a_sentence() -> None:
    with pytest.raises(DemoDataWrong):
        plan_morning(patients(10), [], care_pools=POOLS, seed=1, today=TODAY.isoformat())


def test_the_cast_takes_each_person_once_and_leaves_the_endings_to_the_others() -> None:
    encounters = plan(PEOPLE_MIN)
    cast = cast_of(read_plan(), encounters)
    mishaps = [
        cast.many_times, cast.reversed_first, cast.dying, *cast.late.waiting, cast.late.regretful,
        cast.late.newcomer, cast.late.bystander,
    ]  # fmt: skip
    assert sorted(one.number for one in mishaps + cast.others) == [one.number for one in encounters]
    assert {one.ending for one in mishaps} == {Ending.PAID}
    assert {one.patient.home_pool for one in cast.late.waiting} == {"500000"}
    assert cast.late.bystander.patient.home_pool != "500000"
    assert (cast.dying_node, cast.dying.patient.home_pool) == ("node-45", "450100")


def test_a_cast_needs_enough_people() -> None:
    with pytest.raises(DemoDataWrong, match=str(PEOPLE_MIN)):
        cast_of(read_plan(), plan(8))


@pytest.mark.parametrize(
    ("home", "care", "expected"), [("440300", "440300", 1), ("440300", "440100", 2), ("440300", "500000", 3)]
)
def test_routes_go_by_the_first_digits(home: str, care: str, expected: int) -> None:
    assert route(home, care) == expected


def person(**fields: object) -> dict[str, object]:
    insurance = {"pool": 440300, "insutype": "310", "status": "1", "valid_from": "2020-01-01", "valid_to": ""}
    return {
        "psn_no": "1", "psn_name": "王安", "certno": "x", "gend": "1", "brdy": "1990-12-01", "insurances": [insurance],
    } | fields  # fmt: skip


def test_patients_are_those_who_are_insured_today(tmp_path: Path) -> None:
    normal = {"pool": 440300, "insutype": "310", "status": "1", "valid_from": "2020-01-01", "valid_to": ""}
    people = [
        person(),
        person(psn_no="2", insurances=[normal | {"status": "2"}]),
        person(psn_no="3", insurances=[normal | {"valid_to": "2026-11-23"}]),
        person(psn_no="4", insurances=[normal | {"pool": 110000}]),
        person(
            psn_no="5", insurances=[normal, normal | {"insutype": "510"}, normal | {"status": "4", "pool": 1}]
        ),
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in people), encoding="utf-8")
    found = read_patients(file, pools=POOLS, today=TODAY.isoformat())
    assert [(one.psn_no, one.insutypes) for one in found] == [("1", ("310",)), ("5", ("310", "510"))]
    assert found[0].age == 35  # the birthday is to come


def test_a_line_that_is_no_person_is_named_without_its_values(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(json.dumps(person()) + '\n{"psn_name": "secret"}\n', encoding="utf-8")
    with pytest.raises(DemoDataWrong, match=r"people\.jsonl line 2") as raised:
        read_patients(file, pools=POOLS, today=TODAY.isoformat())
    assert "secret" not in str(raised.value)
