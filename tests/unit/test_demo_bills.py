"""The demo's bills add up as the gateway demands, whatever care, catalogue and chance."""

from random import Random

import pytest

from gateway.catalogue import load_catalogues, split
from gateway.feelines import line_adds_up, line_violations
from stack.bills import ONE, RECIPES, amount_fen, make_bill, read_price_list
from stack.errors import DemoDataWrong
from tests.demo_people import POOLS, TODAY

AT = "2026-11-24 09:30:00"


def bill_of(pool: str, med_type: str, seed: int, days: int = 5):  # type: ignore[no-untyped-def]
    price_list = read_price_list(pool, TODAY)
    return make_bill(
        price_list, med_type=med_type, days=days, at=AT, serial="26112409300000001", random=Random(seed)
    )


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("med_type", sorted(RECIPES))
def test_bills_are_lines_that_add_up(pool: str, med_type: str) -> None:
    for seed in range(12):
        bill = bill_of(pool, med_type, seed)
        assert 0 < len(bill.lines) <= 200
        assert bill.total_fen == sum(line.det_item_fee_sumamt for line in bill.lines) > 0
        assert all(line_adds_up(line) for line in bill.lines)
        assert line_violations(bill.lines) == []
        assert all(0 < len(line.feedetl_sn) <= 30 for line in bill.lines)


def test_every_drug_line_has_a_traceability_code_of_its_own_and_no_other_line_one() -> None:
    drugs = {item.code for item in read_price_list("440300", TODAY) if item.drug}
    lines = [line for seed in range(12) for line in bill_of("440300", "21", seed).lines]
    assert {line.med_list_codg for line in lines if line.drug_trac_codg} == drugs & {
        line.med_list_codg for line in lines
    }
    codes = [code for line in bill_of("440300", "21", 4).lines for code in line.drug_trac_codg]
    assert len(codes) == len(set(codes)) > 2
    assert all(len(code) == 20 and code.isdigit() for code in codes)


def test_bills_exercise_every_part_of_the_split() -> None:
    catalogue = load_catalogues()[440300]
    parts = [split(bill_of("440300", "21", seed).lines, catalogue, 1).parts for seed in range(20)]
    assert all(any(one[part] > 0 for one in parts) for part in range(4))


def test_the_same_chance_gives_the_same_bill_and_another_another() -> None:
    assert bill_of("440300", "11", 1) == bill_of("440300", "11", 1)
    assert bill_of("440300", "11", 1) != bill_of("440300", "11", 2)


def test_beds_are_charged_by_the_day() -> None:
    beds = [
        line for line in bill_of("440300", "21", 3, days=6).lines if line.med_list_codg == "001109000010000"
    ]
    assert [line.cnt for line in beds] == [6 * ONE]


@pytest.mark.parametrize(
    ("cnt", "pric", "fen"),
    [
        (ONE, 12_340_000, 1_234),
        (ONE, 5_000, 1),
        (ONE, 4_999, 0),
        (15_000, 330_000, 50),
        (7 * ONE, 33_333, 23),
    ],
)
def test_amounts_round_half_up_to_the_fen(cnt: int, pric: int, fen: int) -> None:
    assert amount_fen(cnt, pric) == fen


def test_an_item_is_priced_only_while_it_is_valid() -> None:
    codes = {item.code for item in read_price_list("440300", TODAY)}
    assert "XC02CXY168B0" not in codes  # left the catalogue at the end of 2025
    assert "XJ05AHA218N0" in codes


def test_a_missing_catalogue_says_so() -> None:
    with pytest.raises(DemoDataWrong, match="catalogue of care pool 999999"):
        read_price_list("999999", TODAY)
