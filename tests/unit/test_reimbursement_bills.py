"""Bills to be reimbursed by hand: a wrong file is refused whole by line and column; ids and items are what was given."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from homepool.loading.book import House
from homepool.loading.load import LoadRefused
from homepool.policy.files import load_policies
from homepool.reimbursement.bill import Bill, invoice_bill, payment_id, read_bills, route_of, take_back_item
from homepool.reimbursement.words import word_of
from proto.settlement.v1 import messages_pb2

SAMPLE = Path(__file__).parent.parent.parent / "docs" / "samples" / "bills.csv"
TEXT = SAMPLE.read_text(encoding="utf-8")
HOUSE = House(node=44, policies=load_policies())
TODAY = date(2026, 11, 24)


def read(folder: Path, content: str, *, name: str = "bills.csv") -> list[Bill]:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return read_bills(path, house=HOUSE, today=TODAY)


def refusal(folder: Path, content: str, *, name: str = "bills.csv") -> str:
    with pytest.raises(LoadRefused) as refused:
        read(folder, content, name=name)
    assert "is refused as a whole and nothing was written" in str(refused.value)
    return str(refused.value)


def changed(bill: Bill, **values: Any) -> Bill:
    return Bill(bill.line, {**bill.values, **values})


@pytest.fixture
def bill() -> Bill:
    """The first of the sample: a stay in another province."""
    return read_bills(SAMPLE, house=HOUSE, today=TODAY)[0]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            ",in_scope_fen",
            ",in_scope",
            "line 1: 'in_scope' is no column of bills; they are application, psn_no, ",
        ),
        ("1040000,0,0", "1040001,0,0", "line 2: total_fen is not the sum of full_self_fen, over_limit_fen, "),
        ("1184020,90000", "1184020,-90000", "line 2: one of full_self_fen, over_limit_fen, "),
        (",1184020,", ",0,", "line 2: total_fen is not above 0"),
        (",1184020,", ",11840.20,", "line 2: total_fen is not a whole number"),
        ("2026-09-02,2026-09-09", "2026-09-10,2026-09-09", "line 2: first_day is after last_day"),
        ("2026-09-02,", "2026-9-2,", "line 2: first_day is no day like 2026-01-31"),
        ("2026-10-12,2026-10-12", "2026-10-12,2026-11-25", "line 3: last_day has not come yet"),
        ("25460000000000001701", "2546000000000001", "line 2: invoice is no number of a fiscal invoice"),
        ("25460000000000001701", "2546000000000000170X", "line 2: invoice is no number of a fiscal invoice"),
        ("25440000000000009911", "25460000000000001701", "line 4: invoice stands in line 2 too"),
        ("SZ-2026-000019", "SZ-2026-000017", "line 4: pool, application stands in line 2 too"),
        (",440300,310,21", ",450100,310,21", "line 2: pool is none of node 44"),
        (",440300,310,21", ",441600,310,21", "line 2: pool is unknown: it has no policy for this insurance"),
        (",310,21,", ",311,21,", "line 2: insutype is none of 310, 390, 510"),
        (",310,21,", ",310,77,", "line 2: med_type is none that a policy knows"),
        ("460200,2,", "460200,4,", "line 2: hosp_lv is none of 1, 2, 3"),
        ("460200,2,", "46020,2,", "line 2: care_division is no division of six digits"),
        (",三亚市示例医院,", ",,", "line 2: institution is missing"),
    ],
)
def test_a_wrong_file_is_refused_whole_by_line_and_column(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    assert old in TEXT
    said = refusal(tmp_path, TEXT.replace(old, new, 1))
    assert fault in said
    assert "44030090000102" not in said


def test_json_lines_say_the_same_and_defaults_may_be_left_out(tmp_path: Path, bill: Bill) -> None:
    given = {name: value for name, value in bill.values.items() if value not in ("", 0, False)} | {
        "over_limit_fen": 4020
    }
    given["first_pay_fen"] = bill.values["first_pay_fen"]
    (same,) = read(tmp_path, json.dumps(given) + "\n", name="bills.jsonl")
    assert same.item() == bill.item()
    assert "line 1: 'payee' is no column" in refusal(
        tmp_path, json.dumps({**given, "payee": "x"}), name="b.jsonl"
    )


def test_an_application_has_one_id_per_pool_and_an_invoice_one_bill(bill: Bill) -> None:
    assert bill.id == payment_id(440300, "SZ-2026-000017")
    ids = {bill.id, payment_id(440100, "SZ-2026-000017"), payment_id(440300, "SZ-2026-000018")}
    back = take_back_item(pool=440300, application="SZ-2026-000017", psn_no=bill.psn_no, payment=bill.id)
    assert len(ids | {back.id}) == 4
    assert (back.region, back.target, back.kind) == ("manual", bill.id, messages_pb2.KIND_CANCEL)
    other = changed(bill, application="X", psn_no="44030090000101", total_fen=1)
    assert other.item().bill == bill.item().bill == invoice_bill(bill.invoice)
    assert other.item().visit != bill.item().visit


def test_what_an_application_says_is_its_digest_and_what_it_leaves_out_is_not(bill: Bill) -> None:
    assert changed(bill, total_fen=1).digest() != bill.digest()
    assert changed(bill, institution="another").digest() != bill.digest()
    assert Bill(99, bill.values).digest() == bill.digest()
    assert changed(bill, a_later_column="").digest() == bill.digest()


def test_the_item_says_what_the_bill_says(bill: Bill) -> None:
    item, facts = bill.item(), bill.item().facts
    assert (item.region, item.msgid, item.fixmedins_code, item.home_pool, item.care_pool) == (
        "manual", "SZ-2026-000017", "", 440300, 460200,
    )  # fmt: skip
    assert (facts.care_date, facts.begin_date, facts.end_date, facts.admission_date) == (
        "2026-09-09", "2026-09-02", "2026-09-09", "2026-09-02",
    )  # fmt: skip
    assert (facts.route, facts.clr_type, facts.hosp_lv, facts.invoice) == (3, "21", "2", bill.invoice)
    assert (facts.total_fen, facts.full_self_fen, facts.over_limit_fen, facts.first_pay_fen, facts.in_scope_fen) == (
        1_184_020, 90_000, 4_020, 50_000, 1_040_000,
    )  # fmt: skip
    outpatient = read_bills(SAMPLE, house=HOUSE, today=TODAY)[1].item()
    assert (outpatient.fixmedins_code, outpatient.facts.emergency, outpatient.facts.admission_date) == (
        "H43010200017", True, "",
    )  # fmt: skip
    flags = changed(bill, injury=True, third_party=True, account_used=True).item().facts
    assert (flags.injury, flags.third_party, flags.account_used, flags.emergency) == (True, True, True, False)


@pytest.mark.parametrize(
    ("pool", "division", "route"),
    [
        (440300, 440300, 1), (440300, 440305, 1), (440300, 440106, 2), (440300, 430100, 3), (500000, 500103, 1),
        (500000, 440300, 3), (449900, 440106, 2),
    ],
)  # fmt: skip
def test_the_route_follows_from_the_codes(pool: int, division: int, route: int) -> None:
    assert route_of(pool, division) == route


def test_a_route_that_is_given_wins(bill: Bill) -> None:
    item = changed(bill, pool=449900, care_division=440106, route=1).item()
    assert (item.facts.route, item.care_pool) == (1, 449900)


def test_a_refusal_has_no_row() -> None:
    from homepool.reimbursement.counter import Result

    assert word_of(Result("A", "INVOICE_PAID", "", None)) == "REFUSED"
