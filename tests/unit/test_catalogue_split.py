"""Fee lines split by class, first-pay ratio and price limit: worked by hand."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.catalogue import OUTSIDE, Catalogue, ClassSum, Parts, load_catalogues, split
from gateway.errors import CatalogueError
from gateway.feelines import FeeLine, line_adds_up, line_violations, net_returns
from gateway.tables import DATA_FOLDER
from gateway.traceability import RULES_FILE
from proto.settlement.v1.settlement_pb2 import FeeDetail, FeeSplit

HEADER = (
    "med_list_codg,name,kind,chrgitm_lv,first_pay_bp,"
    "limit_lv1,limit_lv2,limit_lv3,usual_price,valid_from,valid_to"
)
ROWS = """A-FREE,甲,service,01,0,0,0,0,1000000,2024-01-01,
A-LIMIT,甲有限价,service,01,0,8000000,9000000,10000000,1000000,2024-01-01,
B-FREE,乙,drug,02,1250,0,0,0,1000000,2024-01-01,
B-LIMIT,乙有限价,drug,02,1000,3333333,3333333,3333333,1000000,2024-01-01,
C,丙,drug,03,10000,5,5,5,1000000,2024-01-01,
MOVED,换类,drug,02,2000,0,0,0,1000000,2024-01-01,2025-12-31
MOVED,换类,drug,01,0,0,0,0,1000000,2026-01-01,
ENDED,退出,drug,01,0,0,0,0,1000000,2024-01-01,2025-12-31"""
TODAY = "2026-11-24 09:30:00"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return written(tmp_path, ROWS)


def written(folder: Path, rows: str) -> Catalogue:
    path = folder / "440300.csv"
    path.write_text(f"{HEADER}\n{rows}\n", encoding="utf-8")
    return Catalogue.load(path)


def fee(
    code: str, amount: int, *, cnt: int = 10_000, pric: int | None = None, sn: str = "1", **rest: str
) -> FeeDetail:
    """A line; the price follows from amount and quantity unless given."""
    pric = amount * 100_000_000 // cnt if pric is None else pric
    time = rest.pop("time", TODAY)
    return FeeDetail(
        feedetl_sn=sn,
        med_list_codg=code,
        det_item_fee_sumamt=amount,
        cnt=cnt,
        pric=pric,
        fee_ocur_time=time,
        init_feedetl_sn=rest.pop("returns", ""),
    )


def only(lines: Sequence[FeeLine], catalogue: Catalogue, level: int = 3) -> FeeSplit:
    (found,) = split(lines, catalogue, level).lines()
    return found


@pytest.mark.parametrize(
    ("line", "level", "parts"),
    [
        (fee("A-FREE", 12345), 3, (0, 0, 0, 12345)),
        (fee("NOWHERE", 12345), 3, (12345, 0, 0, 0)),
        (fee("C", 12345), 3, (12345, 0, 0, 0)),  # 丙 in full, whatever its limit
        (fee("B-FREE", 100), 3, (0, 0, 13, 87)),  # 12.5 is rounded up
        (fee("B-FREE", 99), 3, (0, 0, 12, 87)),  # 12.375 is rounded down
        (fee("A-LIMIT", 1200), 3, (0, 200, 0, 1000)),
        (fee("A-LIMIT", 1200), 2, (0, 300, 0, 900)),
        (fee("A-LIMIT", 1200), 1, (0, 400, 0, 800)),
        (fee("A-LIMIT", 1000), 3, (0, 0, 0, 1000)),  # at the limit
        (fee("A-LIMIT", 3600, cnt=30_000), 3, (0, 600, 0, 3000)),  # the limit is per unit
        (fee("B-LIMIT", 1000, cnt=10_000), 3, (0, 667, 33, 300)),  # 666.6667 over, 33.3 first
        (fee("B-LIMIT", 333, cnt=10_000, pric=3_333_334), 3, (0, 0, 33, 300)),  # 0.0001 fen over
        (fee("B-LIMIT", 0, cnt=1, pric=60_000_000_000), 3, (0, 0, 0, 0)),  # never above the line
        (fee("ENDED", 500, time="2025-12-31 23:59:59"), 3, (0, 0, 0, 500)),
        (fee("ENDED", 500, time="2026-01-01 00:00:00"), 3, (500, 0, 0, 0)),
        (fee("MOVED", 500, time="2025-12-31 23:59:59"), 3, (0, 0, 100, 400)),
        (fee("MOVED", 500, time="2026-01-01 00:00:00"), 3, (0, 0, 0, 500)),
        (fee("MOVED", 500, time="2023-12-31 23:59:59"), 3, (500, 0, 0, 0)),
        (fee("MOVED", 500, time="2024-01-01 00:00:00"), 3, (0, 0, 100, 400)),
    ],
)
def test_a_line(catalogue: Catalogue, line: FeeDetail, level: int, parts: tuple[int, ...]) -> None:
    found = split([line], catalogue, level)
    assert found.parts == parts
    assert found.total_fen == line.det_item_fee_sumamt


def test_a_line_in_the_words_of_the_national_interface(catalogue: Catalogue) -> None:
    assert only([fee("B-LIMIT", 1000, sn="x7")], catalogue) == FeeSplit(
        feedetl_sn="x7",
        chrgitm_lv="02",
        det_item_fee_sumamt=1000,
        pric_uplmt_amt=3_333_333,
        selfpay_prop=1000,
        fulamt_ownpay_amt=0,
        overlmt_amt=667,
        preselfpay_amt=33,
        inscp_scp_amt=300,
    )
    outside = only([fee("NOWHERE", 1000)], catalogue)
    assert (outside.chrgitm_lv, outside.selfpay_prop, outside.fulamt_ownpay_amt) == ("03", 10_000, 1000)


def test_sums_by_class_and_ratio_are_sorted_and_each_line_is_rounded_for_itself(catalogue: Catalogue) -> None:
    lines = [
        fee("C", 7),
        fee("B-FREE", 100),
        fee("A-FREE", 5),
        fee("B-FREE", 100),
        fee("B-LIMIT", 300),
        fee("MOVED", 9),
    ]
    found = split(lines, catalogue, 3)
    assert found.sums == (
        ClassSum("01", 0, 14, 14),
        ClassSum("02", 1000, 300, 270),
        ClassSum("02", 1250, 200, 174),  # 13 + 13, not the 25 of the sum
        ClassSum("03", 10_000, 7, 0),
    )
    assert found.parts == Parts(7, 0, 56, 458)
    assert found.total_fen == 521


def test_nothing_comes_to_nothing(catalogue: Catalogue) -> None:
    found = split([], catalogue, 3)
    assert (found.total_fen, found.parts, found.sums) == (0, Parts(0, 0, 0, 0), ())


def test_a_return_is_split_with_its_line(catalogue: Catalogue) -> None:
    bought = fee("B-FREE", 300, cnt=30_000, sn="a", time="2026-01-02 08:00:00")
    back = fee("B-FREE", -200, cnt=-20_000, pric=1_000_000, sn="b", returns="a")
    assert not line_violations([back, bought])
    found = only([back, bought], catalogue)
    assert (found.feedetl_sn, found.det_item_fee_sumamt, found.preselfpay_amt) == ("a", 100, 13)


def test_a_return_that_is_wholly_free_of_charge_is_netted_too(catalogue: Catalogue) -> None:
    bought, back = fee("A-FREE", 0, sn="a"), fee("A-FREE", 0, cnt=-10_000, sn="b", returns="a")
    assert [line.cnt for line in net_returns([bought, back])] == [0]
    assert len(list(split([bought, back], catalogue, 3).lines())) == 1


def test_net_returns_refuses_a_return_without_its_line() -> None:
    with pytest.raises(ValueError, match="check line_violations first"):
        net_returns([fee("A-FREE", -1, cnt=-10_000, returns="gone")])


BOUGHT = fee("A-FREE", 300, cnt=30_000, pric=1_000_000, sn="a")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([BOUGHT], []),
        ([BOUGHT, fee("A-FREE", 1, sn="a")], [("LINE_REPEATED", "a")]),
        ([fee("A-FREE", -1, cnt=-1, pric=0)], [("LINE_SIGN", "1")]),
        ([fee("A-FREE", 0, cnt=0, pric=0)], [("LINE_SIGN", "1")]),
        ([fee("A-FREE", -1, cnt=1, pric=0)], [("LINE_SIGN", "1")]),
        ([fee("A-FREE", 1, cnt=1, pric=-1)], [("LINE_SIGN", "1")]),
        ([fee("A-FREE", -1, cnt=-1, pric=0, returns="z")], [("RETURN_UNKNOWN", "1")]),
        ([BOUGHT, fee("A-FREE", 100, pric=1_000_000, sn="b", returns="a")], [("RETURN_SIGN", "b")]),
        ([BOUGHT, fee("A-FREE", 1, cnt=-1, pric=1_000_000, sn="b", returns="a")], [("RETURN_SIGN", "b")]),
        (
            [BOUGHT, fee("C", -100, cnt=-10_000, pric=1_000_000, sn="b", returns="a")],
            [("RETURN_OTHER_ITEM", "b")],
        ),
        (
            [BOUGHT, fee("A-FREE", -100, cnt=-10_000, pric=999_999, sn="b", returns="a")],
            [("RETURN_OTHER_ITEM", "b")],
        ),
        ([BOUGHT, fee("A-FREE", -300, cnt=-30_000, pric=1_000_000, sn="b", returns="a")], []),
        (
            [BOUGHT, fee("A-FREE", -300, cnt=-30_001, pric=1_000_000, sn="b", returns="a")],
            [("RETURN_TOO_MUCH", "a")],
        ),
        (
            [BOUGHT, fee("A-FREE", -301, cnt=-29_999, pric=1_000_000, sn="b", returns="a")],
            [("RETURN_TOO_MUCH", "a")],
        ),
        (
            [BOUGHT, fee("A-FREE", -299, cnt=-30_000, pric=1_000_000, sn="b", returns="a")],
            [("RETURN_AMOUNT", "a")],
        ),
        (
            [
                BOUGHT,
                fee("A-FREE", -200, cnt=-20_000, pric=1_000_000, sn="b", returns="a"),
                fee("A-FREE", -200, cnt=-20_000, pric=1_000_000, sn="c", returns="a"),
            ],
            [("RETURN_TOO_MUCH", "a")],
        ),
    ],
)
def test_what_is_wrong_with_lines(lines: list[FeeDetail], expected: list[tuple[str, str]]) -> None:
    found = line_violations(lines)
    assert [(violation.code, lines[violation.place].feedetl_sn) for violation in found] == expected
    assert all(violation.field in FeeDetail.DESCRIPTOR.fields_by_name for violation in found)
    assert all(violation.message for violation in found)


def test_a_return_of_a_return_is_wrong_whatever_else_is() -> None:
    back = fee("A-FREE", -100, cnt=-10_000, pric=1_000_000, sn="b", returns="a")
    again = fee("A-FREE", -100, cnt=-10_000, pric=1_000_000, sn="c", returns="b")
    assert ("RETURN_OF_RETURN", 2) in [found[:2] for found in line_violations([BOUGHT, back, again])]


@pytest.mark.parametrize(
    ("cnt", "pric", "amount", "adds_up"),
    [
        (10_000, 1_000_000, 100, True),
        (10_000, 1_000_000, 101, True),  # a fen may differ
        (10_000, 1_000_000, 99, True),
        (10_000, 1_000_001, 99, False),  # a hair more than a fen
        (10_000, 1_000_000, 102, False),
        (-10_000, 1_000_000, -100, True),
        (-10_000, 1_000_000, 100, False),
        (3_333, 3_000_000, 100, True),
        (2**62, 2**62, 1, False),  # no overflow
    ],
)
def test_quantity_times_price_is_the_amount_to_a_fen(cnt: int, pric: int, amount: int, adds_up: bool) -> None:
    assert line_adds_up(fee("A-FREE", amount, cnt=cnt, pric=pric)) is adds_up


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("X,甲,drug,01,500,0,0,0,1,2024-01-01,", "line 2: first_pay_bp is 500: 甲 (01) has 0"),
        ("X,乙,drug,02,0,0,0,0,1,2024-01-01,", "line 2: first_pay_bp is 0"),
        ("X,乙,drug,02,10000,0,0,0,1,2024-01-01,", "line 2: first_pay_bp is 10000"),
        ("X,丙,drug,03,9999,0,0,0,1,2024-01-01,", "line 2: first_pay_bp is 9999"),
        ("X,乙,drug,02,10001,0,0,0,1,2024-01-01,", "line 2: first_pay_bp is 10001, not between"),
        ("X,乙,drug,04,500,0,0,0,1,2024-01-01,", "line 2: chrgitm_lv is '04'"),
        ("X,乙,toy,02,500,0,0,0,1,2024-01-01,", "line 2: kind is 'toy'"),
        ("X,乙,drug,02,500,0,0,-1,1,2024-01-01,", "line 2: limit_lv3 is '-1', not a whole number"),
        ("X,乙,drug,02,500,0,0,0.5,1,2024-01-01,", "line 2: limit_lv3 is '0.5', not a whole number"),
        ("X,乙,drug,02,500,0,0,0,1,2024-13-01,", "line 2: valid_from is '2024-13-01', not a day"),
        ("X,乙,drug,02,500,0,0,0,1,2024-02-01,2024-01-31", "line 2: valid_to is before valid_from"),
        (",乙,drug,02,500,0,0,0,1,2024-01-01,", "line 2: med_list_codg is empty"),
        (
            "X,乙,drug,02,500,0,0,0,1,2025-01-01,\nX,乙,drug,02,500,0,0,0,1,2024-01-01,2025-01-01",
            "line 2: X is valid twice on 2025-01-01",
        ),
    ],
)
def test_a_fault_of_a_catalogue_names_its_line(tmp_path: Path, rows: str, sentence: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        written(tmp_path, rows)
    assert f"440300.csv {sentence}" in str(caught.value)


def test_a_catalogue_is_named_after_its_pool(tmp_path: Path) -> None:
    shutil.copy(DATA_FOLDER / RULES_FILE, tmp_path)
    with pytest.raises(CatalogueError, match="holds no catalogue"):
        load_catalogues(tmp_path)
    (tmp_path / "catalogues").mkdir()
    (tmp_path / "catalogues" / "shenzhen.csv").write_text(HEADER, encoding="utf-8")
    with pytest.raises(CatalogueError, match="named after its pool"):
        load_catalogues(tmp_path)


def test_the_shipped_catalogues_hold_what_the_demo_and_the_load_test_draw_from() -> None:
    catalogues = load_catalogues()
    assert set(catalogues) == {440100, 440300, 441500, 450100, 500000}
    for catalogue in catalogues.values():
        valid = [item for code in catalogue.items if (item := catalogue.item(code, TODAY)) is not OUTSIDE]
        assert len(valid) >= 60
        assert {item.key[0] for item in valid} == {"01", "02", "03"}
        assert {item.kind for item in valid} == {"drug", "service", "consumable"}
        assert {500 <= item.key[1] <= 3000 for item in valid if item.key[0] == "02"} == {True}
        assert len({item.limits for item in valid if len(set(item.limits[1:])) == 3}) >= 20  # by level
        assert all(item.usual_price for item in valid)
    ratios = {catalogue.item("XA10AED356B0", TODAY).key for catalogue in catalogues.values()}
    assert len(ratios) >= 3  # the same drug, by pool
