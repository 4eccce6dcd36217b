"""What a bank says of payments: a file read whole, or refused with line and reason. Pure.

Two forms. ISO 20022 pain.002: `TxInfAndSts` per transfer, or `OrgnlGrpInfAndSts` alone for all of a payment file; ACCP,
ACSP and ACSC (and ACWC, with a change) mean accepted, RJCT returned; PART over the group says that transfers follow.
CSV in UTF-8 with the header `instruction,status,paid,reason`: status accepted, returned or partly, `paid` in yuan of
what was paid of a partly paid one. Nothing here reads a floating-point number.
"""

import csv
import re
from typing import Any, Final
from xml.parsers import expat

from clearing.errors import ReturnsWrong
from clearing.payments.instructions import BankWord

FILE_BYTES_MAX: Final = 32 * 1024 * 1024
WORDS_MAX: Final = 200_000
HEADER: Final = ("instruction", "status", "paid", "reason")
_REASON_CHARACTERS_MAX: Final = 200
_ID: Final = re.compile(r"[0-9a-f]{32}")
_YUAN: Final = re.compile(r"(\d{1,13})(?:\.(\d{2}))?")
_STATUS: Final = {
    "ACCP": "accepted", "ACSP": "accepted", "ACSC": "accepted", "ACCC": "accepted", "ACWC": "accepted",
    "RJCT": "returned",
}  # fmt: skip
_ROOT: Final = "CstmrPmtStsRpt"


def read_returns(raw: bytes) -> list[BankWord]:
    """The words of a bank's file. Raises ReturnsWrong with line and reason."""
    if len(raw) > FILE_BYTES_MAX:
        raise ReturnsWrong(f"The file is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as failed:
        line = 1 + raw.count(b"\n", 0, failed.start)
        raise ReturnsWrong(f"line {line}: the file is not UTF-8.") from None
    words = _Report().read(text) if text.lstrip().startswith("<") else _read_csv(text)
    if not words:
        raise ReturnsWrong("The file says nothing of any payment.")
    if len(words) > WORDS_MAX:
        raise ReturnsWrong(f"The file speaks of more than {WORDS_MAX} payments.")
    seen: dict[str, int] = {}
    for word in words:
        named = word.instruction or word.msg_id
        if named in seen:
            raise ReturnsWrong(f"line {word.line}: {named} stood in line {seen[named]} already.")
        seen[named] = word.line
    return words


def _read_csv(text: str) -> list[BankWord]:
    reader = csv.reader(text.splitlines())
    words = []
    try:
        header = tuple(next(reader, ()))
        if header != HEADER:
            raise ReturnsWrong(
                f"line 1: the columns are {','.join(header)[:100]}, expected {','.join(HEADER)}."
            )
        for cells in reader:
            if cells:
                words.append(_csv_word(cells, reader.line_num))
    except csv.Error as failed:
        raise ReturnsWrong(f"line {reader.line_num}: {failed}.") from None
    return words


def _csv_word(cells: list[str], line: int) -> BankWord:
    if len(cells) != len(HEADER):
        raise ReturnsWrong(f"line {line}: {len(cells)} cells under {len(HEADER)} columns.")
    instruction, status, paid, reason = (cell.strip() for cell in cells)
    _checked_id(instruction, line)
    if status not in ("accepted", "returned", "partly"):
        raise ReturnsWrong(f"line {line}: status is {status}, not accepted, returned or partly.")
    if (status == "partly") != bool(paid):
        raise ReturnsWrong(f"line {line}: paid is told of what is partly paid, and only there.")
    return BankWord(
        line, instruction, "", status, _fen(paid, line) if paid else None, reason[:_REASON_CHARACTERS_MAX]
    )


def _fen(text: str, line: int) -> int:
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ReturnsWrong(f"line {line}: {text} is no amount in yuan, such as 1234.50.")
    return int(found[1]) * 100 + int(found[2] or "0")


def _checked_id(text: str, line: int) -> None:
    if not _ID.fullmatch(text):
        raise ReturnsWrong(f"line {line}: {text[:40]} is no id of an instruction (32 digits and a to f).")


class _Report:
    """A pain.002 as it is read: an expat parser that knows the line; entities and document types are refused."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text = ""
        self._lines: list[int] = []
        self._transfer: dict[str, str] | None = None
        self._group: dict[str, str] = {}
        self._group_line = 0
        self._words: list[BankWord] = []
        self._parser: Any = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> list[BankWord]:
        """All words. Raises ReturnsWrong."""
        try:
            self._parser.Parse(text.encode(), True)
        except expat.ExpatError as failed:
            raise ReturnsWrong(
                f"line {failed.lineno}: the XML is broken: {expat.ErrorString(failed.code)}."
            ) from None
        if not self._words and self._group:
            status = self._group.get("GrpSts", "")
            if status not in _STATUS:
                raise ReturnsWrong(f"line {self._group_line}: GrpSts is {status}, and no transfer follows.")
            _checked_id(self._group.get("OrgnlMsgId", ""), self._group_line)
            return [
                BankWord(
                    self._group_line,
                    "",
                    self._group["OrgnlMsgId"],
                    _STATUS[status],
                    None,
                    _reason(self._group),
                )
            ]
        return self._words

    @property
    def _line(self) -> int:
        return int(self._parser.CurrentLineNumber)

    def _doctype(self, *_: object) -> None:
        raise ReturnsWrong(f"line {self._line}: a document type is not taken.")

    def _start(self, name: str, _: object) -> None:
        local = name.rpartition(" ")[2]
        if len(self._path) == 1 and local != _ROOT:
            raise ReturnsWrong(f"line {self._line}: {local} is no payment status report ({_ROOT}).")
        self._path.append(local)
        self._lines.append(self._line)
        self._text = ""
        if local == "TxInfAndSts":
            self._transfer = {}

    def _characters(self, text: str) -> None:
        self._text += text

    def _end(self, _: str) -> None:
        local, line = self._path.pop(), self._lines.pop()
        if local == "TxInfAndSts" and self._transfer is not None:
            self._words.append(_transfer_word(self._transfer, line))
            self._transfer = None
        elif local == "OrgnlGrpInfAndSts":
            self._group_line = line
        elif self._transfer is not None:
            self._transfer.setdefault(local, self._text.strip())
        elif "OrgnlGrpInfAndSts" in self._path:
            self._group.setdefault(local, self._text.strip())
        self._text = ""


def _transfer_word(told: dict[str, str], line: int) -> BankWord:
    instruction = told.get("OrgnlInstrId") or told.get("OrgnlEndToEndId", "")
    _checked_id(instruction, line)
    status = told.get("TxSts", "")
    if status not in _STATUS:
        raise ReturnsWrong(f"line {line}: TxSts is {status}, not one of {', '.join(_STATUS)}.")
    return BankWord(line, instruction, "", _STATUS[status], None, _reason(told))


def _reason(told: dict[str, str]) -> str:
    parts = (told.get(name, "") for name in ("Cd", "Prtry", "AddtlInf"))
    return " ".join(part for part in parts if part)[:_REASON_CHARACTERS_MAX]
