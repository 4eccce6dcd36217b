"""Whatever bytes come as a file from a bank, an auditor or an institution: they are read, or refused in words.

A reader that lets another exception through would end in "this should not have happened" before whoever sent the file.
"""

import io
import zipfile
from collections.abc import Callable
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from clearing.errors import ClearingFault
from clearing.institutions import statement_file
from clearing.payments.bank_returns import HEADER, read_returns
from clearing.prepaid.audit_file import COLUMNS, read_audit

READERS: Final[dict[str, Callable[[bytes], object]]] = {"returns": read_returns, "audit": read_audit}
LONG_CELL: Final = "x" * 200_000
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ROW: Final = "\t".join(("A" * 26, "null", "null", "1.00", "0", "0", "0"))
RESULT: Final = "H44010490001,450100,440100,310,310100,2,03,-1.00,"
REPORT: Final = (
    "<Document><CstmrPmtStsRpt><TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts></CstmrPmtStsRpt></Document>"
)


def read_or_refused(reader: Callable[[bytes], object], file: bytes) -> bool:
    """Whether rows were read, or a sentence says why not; any other exception goes through."""
    try:
        return isinstance(reader(file), list)
    except ClearingFault as refused:
        return str(refused).endswith(".")


def a_zip(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("day.txt", f"{ROW}\n" * 30)
    return buffer.getvalue()


ZIPS: Final = [a_zip(method) for method in METHODS]


@given(st.sampled_from(ZIPS), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6))
def test_a_damaged_zip_is_refused_in_words(whole: bytes, damage: list[tuple[int, int]]) -> None:
    file = bytearray(whole)
    for place, value in damage:
        file[place % len(file)] = value
    assert read_or_refused(statement_file.read, bytes(file))


@given(
    st.sampled_from(sorted(READERS)),
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)),
)
@example("returns", LONG_CELL.encode())
@example("audit", LONG_CELL.encode())
def test_bytes_of_any_kind_are_refused_in_words(reader: str, file: bytes) -> None:
    assert read_or_refused(READERS[reader], file)


@given(
    st.sampled_from(
        [
            ("returns", ",".join(HEADER) + "\n" + "0" * 32 + ",partly,1.00,why\n"),
            ("returns", REPORT),
            ("audit", ",".join(COLUMNS) + f"\nB44010026100000001,{'A' * 26},{RESULT}\n"),
        ]
    ),
    st.lists(st.tuples(st.integers(0, 10**4), st.text(max_size=3)), min_size=1, max_size=4),
)  # fmt: skip
def test_a_file_with_other_characters_in_it_is_read_or_refused_in_words(
    file: tuple[str, str], changes: list[tuple[int, str]]
) -> None:
    reader, text = file
    for place, put in changes:
        at = place % len(text)
        text = text[:at] + put + text[at + 1 :]
        text = text or " "
    assert read_or_refused(READERS[reader], text.encode("utf-8", "surrogatepass"))
