"""A file of audit results is read whole, or refused whole with line and reason."""

import pytest

from clearing.errors import Malformed
from clearing.prepaid.audit_file import COLUMNS, read_audit
from runtime.keys import setl_id_text

HEAD = ",".join(COLUMNS)
SETTLEMENT = setl_id_text(bytes(16))
GOOD = f"B44010026100000001,{SETTLEMENT},H44010490001,450100,440100,310,310100,2,03,-50.00,twice charged"


def read(*lines: str) -> list[tuple[str, str, int]]:
    text = "\n".join((HEAD, *lines)) + "\n"
    return [(one.result, one.bearer, one.amount_fen) for one in read_audit(text.encode())]


def test_results_are_read_with_their_sign_and_bearer() -> None:
    back = GOOD.replace("0000001,", "0000002,").replace(",2,03,-50.00,", ",0,11,0.5,")
    passed = GOOD.replace("0000001,", "0000003,").replace(",2,03,-50.00,", ",1,,0,")
    assert read(GOOD, "", back, passed) == [("2", "03", -5_000), ("0", "11", 50), ("1", "", 0)]


@pytest.mark.parametrize(
    ("was", "put", "said"),
    [
        (",2,03,-50.00,", ",2,03,50.00,", "Line 2: result 2 has amounts that are negative"),
        (",2,03,-50.00,", ",0,03,-50.00,", "Line 2: result 0 has amounts that are positive"),
        (",2,03,-50.00,", ",1,03,-50.00,", "Line 2: result 1 has amounts that are 0"),
        (",2,03,-50.00,", ",4,,-50.00,", "Line 2: bearer is missing"),
        (",2,03,-50.00,", ",5,03,-50.00,", "Line 2: result is '5'"),
        ("-50.00", "-50.001", "Line 2: amount is"),
        ("-50.00", "1e3", "Line 2: amount is"),
        ("B44010026100000001", "B4401002610000001", "Line 2: declaration is"),
        (SETTLEMENT, SETTLEMENT[:-1], "Line 2: setl_id is not"),
        ("450100", "440100", "Line 2: home and care pool are the same"),
        (",twice charged", "", "Line 2: 10 cells under 11 columns"),
        ("twice charged", "x" * 201, "Line 2: reason is longer"),
        (GOOD, f"{GOOD}\n{GOOD}", "Line 3: .* stands twice"),
        (GOOD, "", "holds no result"),
    ],
)
def test_a_line_that_cannot_be_refuses_the_file(was: str, put: str, said: str) -> None:
    assert was in GOOD
    with pytest.raises(Malformed, match=said):
        read(GOOD.replace(was, put, 1))


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"a,b\n", "Line 1"), (b"", "Line 1"), (b"\xff\xfe", "not UTF-8"), (b" " * 33_600_000, "larger")],
)
def test_what_is_no_such_file_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read_audit(raw)
