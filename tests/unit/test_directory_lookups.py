"""The shipped directory answers who is where: pools, nodes, regions, routes and what is opened."""

from collections import Counter
from datetime import date

import pytest

from gateway.directory import ACROSS_PROVINCES, LOCAL, WITHIN_PROVINCE, Directory, Institution

CARE_POOLS = (440100, 440300, 441500, 450100, 500000)


@pytest.fixture(scope="module")
def directory() -> Directory:
    return Directory.load()


def institution(directory: Directory, code: str) -> Institution:
    found = directory.institution(code)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("division", "pool"),
    [
        ("440300", 440300),
        ("440305", 440300),  # a district
        ("440399", 440300),  # 市本级
        ("449900", 449900),  # 省本级 is a pool of its own
        ("500235", 500000),  # a county whose first four digits are not the pool's
        ("110101", 110000),
        ("120116", 120000),
        ("659001", 660800),  # a city in Xinjiang whose people the Corps insures
    ],
)
def test_any_division_of_a_pool_resolves_to_it(directory: Directory, division: str, pool: int) -> None:
    found = directory.pool(division)
    assert found is not None
    assert found.code == pool


@pytest.mark.parametrize("division", ["", "990000", "44030", "4403000", "440305 ", "abcdef"])
def test_an_unknown_division_is_none(directory: Directory, division: str) -> None:
    assert directory.pool(division) is None


def test_a_pool_s_node_is_its_province_s(directory: Directory) -> None:
    node = directory.node_of(440300)
    assert node is not None
    assert (node.number, node.partitions) == (44, 2)
    assert directory.node_of(123456) is None
    assert all(pool.node == pool.province for pool in directory.pools.values())


PROVINCES = (
    *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46),
    *(50, 51, 52, 53, 54, 61, 62, 63, 64, 65),
)
MUNICIPALITIES = (11, 12, 31, 50)


def test_every_province_and_the_corps_is_a_node_with_pools_of_its_own(directory: Directory) -> None:
    assert sorted(directory.nodes) == sorted((*PROVINCES, 66))
    held = Counter(pool.node for pool in directory.pools.values())
    assert all(held[node] >= (1 if node in MUNICIPALITIES else 2) for node in directory.nodes)
    province_level = {code // 10_000 for code in directory.pools if code % 10_000 == 9_900}
    assert province_level == set(directory.nodes) - set(MUNICIPALITIES)


def test_divisions_are_many_and_each_stands_in_the_province_of_its_pool(directory: Directory) -> None:
    real = [division for division in directory.divisions if not division.endswith("99")]
    assert len(real) >= 50
    strange = {d: pool for d, pool in directory.divisions.items() if int(d[:2]) != pool // 10_000}
    assert strange == {"659001": 660800, "659002": 660100}


@pytest.mark.parametrize(
    ("home", "care", "route"),
    [
        (440300, 440300, LOCAL),
        (440300, 440100, WITHIN_PROVINCE),
        (440300, 450100, ACROSS_PROVINCES),
        (500000, 500000, LOCAL),
        (500000, 450100, ACROSS_PROVINCES),  # one region serves both, the route is of provinces
        (449900, 440100, LOCAL),  # province-level pool in the city of its seat
        (440100, 449900, LOCAL),
        (449900, 440300, WITHIN_PROVINCE),
        (449900, 459900, ACROSS_PROVINCES),  # 99 is no city that two provinces share
        (459900, 440100, ACROSS_PROVINCES),
        (510100, 519900, LOCAL),
        (660800, 660100, WITHIN_PROVINCE),
        (660800, 650100, ACROSS_PROVINCES),  # the Corps is a node of its own beside Xinjiang
        (669900, 650100, LOCAL),  # though its seat is there
    ],
)
def test_the_route(directory: Directory, home: int, care: int, route: int) -> None:
    assert directory.route(home, care) == route


def test_every_care_pool_has_hospitals_of_each_level_and_pharmacies(directory: Directory) -> None:
    day = date(2026, 11, 24)
    serving = [i for i in directory.institutions.values() if i.on_network and i.in_agreement(day)]
    levels = Counter((i.pool, i.hosp_lv) for i in serving)
    for pool in CARE_POOLS:
        assert sum(count for (of, _), count in levels.items() if of == pool) >= 8
        assert all(levels[pool, level] >= 2 for level in (0, 1, 2, 3))


def test_region_and_care_pools_agree(directory: Directory) -> None:
    assert {440100, 440300, 441500} <= directory.regions["44"]
    assert {450100, 500000} <= directory.regions["45"]
    assert all(i.pool in directory.regions[i.region] for i in directory.institutions.values())
    assert directory.region_of("P50010390001") == "45"
    assert directory.region_of("H44030599999") is None


def test_an_institution_knows_its_pool_kind_and_levels(directory: Directory) -> None:
    hospital, pharmacy = institution(directory, "H44010590004"), institution(directory, "P44030490001")
    levels = (hospital.hosp_lv, hospital.lmtpric_hosp_lv, hospital.dedc_hosp_lv)
    assert (hospital.pool, hospital.pharmacy, levels) == (440100, False, (3, 2, 2))
    assert (pharmacy.pool, pharmacy.pharmacy, pharmacy.hosp_lv, pharmacy.dedc_hosp_lv) == (440300, True, 0, 0)


def test_the_agreement_covers_both_its_ends(directory: Directory) -> None:
    ended = institution(directory, "H44011190022")
    assert ended.in_agreement(date(2024, 12, 31))
    assert not ended.in_agreement(date(2025, 1, 1))
    assert ended.in_agreement(date(2023, 1, 1))
    assert not ended.in_agreement(date(2022, 12, 31))
    assert institution(directory, "H44010490001").in_agreement(date(2099, 1, 1))


def test_who_left_the_network_or_rests(directory: Directory) -> None:
    assert institution(directory, "H44010490001").on_network
    assert not institution(directory, "H44011190021").on_network  # suspended
    assert not institution(directory, "H44030790021").on_network  # closed


@pytest.mark.parametrize(
    ("code", "insutype", "med_type", "home", "opened"),
    [
        ("H44010490001", "310", "21", 450100, True),
        ("H44010490001", "310", "51", 440300, True),
        ("H44010490001", "310", "51", 450100, False),  # prenatal care only within the province
        ("H44010490001", "310", "41", 440100, False),  # a hospital is no pharmacy
        ("P44010490001", "310", "41", 500000, True),
        ("P44010490001", "510", "41", 440100, False),  # maternity insurance buys nothing there
        ("P44011190024", "310", "41", 440100, True),  # opened for its own city only
        ("P44011190024", "310", "41", 440300, False),
        ("H44011290023", "310", "11", 440300, True),
        ("H44011290023", "310", "11", 450100, False),  # not opened across provinces
        ("H44010490001", "310", "21", 430500, True),
        ("H44010490001", "310", "11", 430500, False),  # the home pool has opened stays only
        ("H44010490001", "310", "11", 449900, True),
    ],
)
def test_what_is_opened(
    directory: Directory, code: str, insutype: str, med_type: str, home: int, opened: bool
) -> None:
    assert directory.opened(institution(directory, code), insutype, med_type, home) is opened
