"""An institution's detail file (3202, 9101): a zip of one UTF-8 file, tab-separated, `null` for empty. Pure.

Columns by public HIS code: setl_id, mdtrt_id, psn_no, medfee_sumamt, fund_pay_sumamt, acct_pay, refd_setl_flag and
perhaps exp_content. Amounts are yuan with two decimals there and fen here; nothing passes through a float. A wrong file
is refused whole, with line and reason. What a zip claims to unpack to is not believed: reading stops at the limit.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final, NamedTuple

from clearing.errors import Malformed
from runtime.errors import IdMalformed
from runtime.keys import setl_id_bytes

FILE_BYTES_MAX: Final = 14 * 1024 * 1024
"""What one message can carry."""
UNPACKED_BYTES_MAX: Final = 200 * 1024 * 1024
ROWS_MAX: Final = 500_000
COLUMNS: Final = (
    "setl_id",
    "mdtrt_id",
    "psn_no",
    "medfee_sumamt",
    "fund_pay_sumamt",
    "acct_pay",
    "refd_setl_flag",
)
LINE_CHARACTERS_MAX: Final = 4_096
_AMOUNT: Final = re.compile(r"-?\d{1,12}(\.\d{1,2})?")
_REFUNDS: Final = {"0": False, "1": True, "000": False, "001": True, "000000": False, "000001": True}
_EMPTY: Final = "null"
_READ_BYTES: Final = 1 << 20


class FileWrong(Malformed):
    """The detail file cannot be taken; the message names the line."""


class StatementRow(NamedTuple):
    """One item as the institution has it. Amounts in fen, refunds negative."""

    setl_id: str
    mdtrt_id: str
    psn_no: str
    medfee_fen: int
    fund_fen: int
    account_fen: int
    refund: bool


def read(file: bytes) -> list[StatementRow]:
    """The rows of a file. Raises FileWrong."""
    if len(file) > FILE_BYTES_MAX:
        raise FileWrong(
            f"The file has {len(file)} bytes; at most {FILE_BYTES_MAX} are taken. Send the day in parts by clr_type."
        )
    rows = []
    for number, line in enumerate(_lines(file), start=1):
        if number == 1 and line.split("\t")[0] == COLUMNS[0]:
            continue
        rows.append(_row(number, line))
        if len(rows) > ROWS_MAX:
            raise FileWrong(f"Line {number}: more than {ROWS_MAX} rows.")
    return rows


def packed(lines: Iterable[Sequence[str]], *, name: str) -> bytes:
    """A zip of one tab-separated UTF-8 file; the same lines give the same bytes."""
    text = "".join("\t".join(cell or _EMPTY for cell in line) + "\n" for line in lines)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def yuan(fen: int) -> str:
    """Fen as the file writes them, `-12.34`."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def _lines(file: bytes) -> Iterator[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) != 1:
                raise FileWrong(f"The zip holds {len(members)} files; it must hold one.")
            if members[0].flag_bits & 1:
                raise FileWrong("The zip is encrypted; send it plain.")
            with archive.open(members[0]) as unpacked:
                yield from _decoded(_within_limit(unpacked))
    except FileWrong:
        raise
    except Exception:  # of a damaged zip the library lets through whatever its parsers and unpackers raise
        raise FileWrong("The file is no zip that can be unpacked.") from None


def _within_limit(unpacked: IO[bytes]) -> Iterator[bytes]:
    left = UNPACKED_BYTES_MAX
    while part := unpacked.read(_READ_BYTES):
        left -= len(part)
        if left < 0:
            raise FileWrong(f"The file unpacks to more than {UNPACKED_BYTES_MAX} bytes.")
        yield part


def _decoded(parts: Iterable[bytes]) -> Iterator[str]:
    number, rest = 0, b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        if len(rest) > 4 * LINE_CHARACTERS_MAX:
            raise FileWrong(f"Line {number + len(whole) + 1}: longer than {LINE_CHARACTERS_MAX} characters.")
        for line in whole:
            number += 1
            yield _text(number, line)
    if rest:
        yield _text(number + 1, rest)


def _text(number: int, line: bytes) -> str:
    try:
        text = line.removesuffix(b"\r").decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise FileWrong(f"Line {number}: is not UTF-8.") from None
    if len(text) > LINE_CHARACTERS_MAX:
        raise FileWrong(f"Line {number}: longer than {LINE_CHARACTERS_MAX} characters.")
    return text


def _row(number: int, line: str) -> StatementRow:
    cells = ["" if cell == _EMPTY else cell for cell in line.split("\t")]
    if len(cells) not in (len(COLUMNS), len(COLUMNS) + 1):
        raise FileWrong(
            f"Line {number}: has {len(cells)} columns; {', '.join(COLUMNS)} and perhaps exp_content are needed,"
            " apart by tabs."
        )
    setl_id, mdtrt_id, psn_no, medfee, fund, account, refund = cells[: len(COLUMNS)]
    try:
        setl_id_bytes(setl_id)
    except IdMalformed:
        raise FileWrong(
            f"Line {number}: setl_id is not the 26 characters that a settlement answered."
        ) from None
    if refund not in _REFUNDS:
        raise FileWrong(f"Line {number}: refd_setl_flag is {refund[:10]!r}; 0 or 1 is needed.")
    row = StatementRow(
        setl_id, mdtrt_id, psn_no, _fen(number, "medfee_sumamt", medfee), _fen(number, "fund_pay_sumamt", fund),
        _fen(number, "acct_pay", account), _REFUNDS[refund],
    )  # fmt: skip
    if any((amount > 0) if row.refund else (amount < 0) for amount in row[3:6]):
        raise FileWrong(f"Line {number}: amounts of a refund are negative, those of a settlement are not.")
    return row


def _fen(number: int, column: str, text: str) -> int:
    if not text:
        return 0
    if not _AMOUNT.fullmatch(text):
        raise FileWrong(f"Line {number}: {column} is no amount in yuan with two decimals.")
    whole, _, part = text.lstrip("-").partition(".")
    fen = int(whole) * 100 + int(part.ljust(2, "0") or 0)
    return -fen if text.startswith("-") else fen
