"""An institution's detail file: read exactly, refused whole with the line, and compared item by item."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.institutions import statement_file
from clearing.institutions.dialects import Result, written
from clearing.institutions.statement import CentreItem, Totals, compared, netted, totals, totals_result
from clearing.institutions.statement_file import FileWrong, packed, read, yuan
from ledger.life import Kind
from runtime.keys import setl_id_text

ID = setl_id_text(bytes(16))


def an_id(number: int) -> str:
    return setl_id_text(number.to_bytes(16))


def a_file(*lines: str, name: str = "day.txt", encoding: str = "utf-8") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "\n".join(lines).encode(encoding))
    return buffer.getvalue()


def a_line(
    setl_id: str = ID, medfee: str = "100.00", fund: str = "60.00", account: str = "0", flag: str = "0"
) -> str:
    return "\t".join((setl_id, "null", "null", medfee, fund, account, flag))


def an_item(number: int, **changes: object) -> CentreItem:
    values: dict[str, object] = {
        "setl_id": an_id(number), "undoes": "", "kind": int(Kind.SETTLE), "insutype": "310", "clr_type": "11", "route": 3,
        "medfee_fen": 10_000, "fund_fen": 6_000, "account_fen": 0, "cash_fen": 4_000, "psn_no": "P", "mdtrt_id": "",
        "msgid": "",
    }  # fmt: skip
    return CentreItem(**(values | changes))


def test_a_file_is_read_to_the_fen_with_or_without_a_heading() -> None:
    heading = "\t".join(statement_file.COLUMNS)
    rows = read(a_file(heading, a_line(), a_line(an_id(1), "-0.07", "-0.05", "-0.01", "1")))
    assert [row[3:] for row in rows] == [(10_000, 6_000, 0, False), (-7, -5, -1, True)]
    assert read(a_file(a_line())) == rows[:1]
    assert read(a_file()) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (a_line(medfee="100.001"), "Line 2: medfee_sumamt"),
        (a_line(fund="1e5"), "Line 2: fund_pay_sumamt"),
        (a_line(medfee="-1"), "Line 2: amounts of a refund are negative"),
        (a_line(flag="1"), "Line 2: amounts of a refund are negative"),
        (a_line(flag="2"), "Line 2: refd_setl_flag"),
        (a_line(setl_id="H45010300001"), "Line 2: setl_id"),
        ("a\tb", "Line 2: has 2 columns"),
        ("x" * 5_000, "Line 2: longer than"),
    ],
)
def test_a_wrong_line_refuses_the_whole_file_and_is_named(line: str, says: str) -> None:
    with pytest.raises(FileWrong, match=says):
        read(a_file(a_line(an_id(9)), line))


def test_what_is_no_readable_zip_is_refused() -> None:
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a", "")
        archive.writestr("b", "")
    for file, says in (
        (b"garbage", "no zip"),
        (a_file(a_line())[:40], "no zip"),
        (two.getvalue(), "holds 2 files"),
        (a_file(a_line() + "机", encoding="gbk"), "is not UTF-8"),
    ):
        with pytest.raises(FileWrong, match=says):
            read(file)


def test_a_bomb_is_unpacked_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_file, "UNPACKED_BYTES_MAX", 1 << 20)
    bomb = a_file(*[a_line(an_id(number)) for number in range(20_000)])
    assert len(bomb) < 300_000
    with pytest.raises(FileWrong, match="unpacks to more"):
        read(bomb)
    monkeypatch.setattr(statement_file, "UNPACKED_BYTES_MAX", 1 << 30)
    monkeypatch.setattr(statement_file, "ROWS_MAX", 100)
    with pytest.raises(FileWrong, match="more than 100 rows"):
        read(bomb)


@given(st.lists(st.tuples(st.integers(0, 10**11), st.booleans()), max_size=20))
def test_what_is_packed_is_read_again_to_the_fen(amounts: list[tuple[int, bool]]) -> None:
    signed = [(-fen if refund else fen, refund) for fen, refund in amounts]
    lines = [
        (an_id(n), "", "", yuan(fen), yuan(fen), yuan(0), "01"[refund])
        for n, (fen, refund) in enumerate(signed)
    ]
    assert [(row.medfee_fen, row.refund) for row in read(packed(lines, name="x"))] == signed
    assert packed(lines, name="x") == packed(lines, name="x")


# ------------------------------------------------------------------------------------------------ compared


def test_every_item_of_either_side_is_told_once() -> None:
    rows = read(a_file(a_line(an_id(1)), a_line(an_id(2), fund="59.99"), a_line(an_id(3)), a_line(an_id(1))))
    found = compared(rows, [an_item(1), an_item(2), an_item(4)])
    assert [(one.setl_id, one.result) for one in found] == [
        (an_id(1), Result.EQUAL),
        (an_id(1), Result.DIFFER),  # twice in the file
        (an_id(2), Result.DIFFER),
        (an_id(3), Result.INSTITUTION_MORE),
        (an_id(4), Result.CENTRE_MORE),
    ]


def test_what_took_itself_back_counts_on_neither_side() -> None:
    settled, cancelled = an_item(1), an_item(2, kind=int(Kind.CANCEL), undoes=an_id(1), medfee_fen=-10_000)
    reversed_ = an_item(3, kind=int(Kind.REVERSE), undoes=an_id(1), medfee_fen=-10_000)
    revived = an_item(4, kind=int(Kind.REVIVE), undoes=an_id(2))
    assert netted([settled, reversed_]) == []
    assert netted([settled, cancelled]) == [settled, cancelled]  # a refund is an item of its own
    assert netted([settled, cancelled, revived]) == [settled]
    assert netted([reversed_]) == [reversed_]  # of an earlier period: it gives back in this one
    assert totals([settled, cancelled], refunds=False).items == 1


@pytest.mark.parametrize(
    ("theirs", "result"),
    [
        (Totals(2, 20_000, 12_000, 0), Result.EQUAL),
        (Totals(1, 20_000, 12_000, 0), Result.CENTRE_MORE),
        (Totals(3, 20_000, 12_000, 0), Result.INSTITUTION_MORE),
        (Totals(2, 20_000, 11_999, 0), Result.DIFFER),
    ],
)
def test_totals_compare_by_count_first(theirs: Totals, result: Result) -> None:
    assert totals_result(theirs, totals([an_item(1), an_item(2)]), with_cash=False) is result
    assert totals_result(theirs, totals([an_item(1), an_item(2)]), with_cash=True) is not Result.EQUAL


def test_a_result_is_written_as_the_care_province_writes_it() -> None:
    assert written(Result.EQUAL, 450_100) == "0"
    assert written(Result.DIFFER, 420_100) == "000103"
