"""A file of audit results (审核扣款): read whole or refused whole, with line and reason. Pure.

Codes: 0 given back (补回), 1 passed, 2 deducted, 3 refused, 4 payment postponed; bearer: 01 the insured person, 02 the
doctor, 03 the hospital, 11 both of these. Negative takes, positive gives back. A declaration number is B, the care
division, YYMM and seven digits. Source: the 清分结果 record of Shenzhen's public interface. The file is UTF-8 CSV: an
assumption.
"""

import csv
import re
from typing import Final, NamedTuple

from clearing.errors import Malformed
from runtime.errors import IdMalformed
from runtime.keys import setl_id_bytes

COLUMNS: Final = (
    "declaration", "setl_id", "fixmedins_code", "home_pool", "care_pool", "insutype", "fund", "result", "bearer",
    "amount", "reason",
)  # fmt: skip
ROWS_MAX: Final = 100_000
BYTES_MAX: Final = 32 * 1024 * 1024
REASON_CHARACTERS_MAX: Final = 200
RESULTS: Final = {
    "0": "补回, given back",
    "1": "通过, passed",
    "2": "扣款, deducted",
    "3": "拒付, refused",
    "4": "延期支付, postponed",
}
BEARERS: Final = {
    "01": "the insured person",
    "02": "the doctor",
    "03": "the hospital",
    "11": "doctor and hospital",
}
_SHAPES: Final = {
    "declaration": (re.compile(r"B\d{17}"), "B, six digits of the care division, YYMM and seven digits"),
    "fixmedins_code": (re.compile(r"[HP]\d{11}"), "H or P and eleven digits"),
    "home_pool": (re.compile(r"[1-9]\d{5}"), "six digits"),
    "care_pool": (re.compile(r"[1-9]\d{5}"), "six digits"),
    "insutype": (re.compile(r"\d{3}"), "three digits"),
    "fund": (re.compile(r"\d{6}"), "six digits"),
    "result": (re.compile(r"[0-4]"), "0, 1, 2, 3 or 4"),
    "bearer": (re.compile(r"01|02|03|11|"), "01, 02, 03 or 11"),
    "amount": (re.compile(r"-?\d{1,11}(\.\d{1,2})?"), "yuan with at most two decimals"),
}


class AuditResult(NamedTuple):
    """One line. amount_fen: negative takes, positive gives back."""

    line: int
    declaration: str
    setl_id: str
    fixmedins_code: str
    home_pool: int
    care_pool: int
    insutype: str
    fund: str
    result: str
    bearer: str
    amount_fen: int
    reason: str


def read_audit(raw: bytes) -> list[AuditResult]:
    """The results of a file's bytes. Raises Malformed with line and reason."""
    if len(raw) > BYTES_MAX:
        raise Malformed(f"The file is larger than {BYTES_MAX // 1024 // 1024} MiB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The file is not UTF-8.") from None
    reader = csv.reader(text.splitlines())
    found: list[AuditResult] = []
    seen: set[tuple[str, str, str]] = set()
    try:
        if tuple(next(reader, [])) != COLUMNS:
            raise Malformed(f"Line 1: the columns are to be {','.join(COLUMNS)}.")
        for cells in reader:
            if not cells:
                continue
            one = _result(reader.line_num, cells)
            if (key := (one.declaration, one.setl_id, one.fund)) in seen:
                raise Malformed(
                    f"Line {one.line}: the result of this declaration, settlement and fund stands twice."
                )
            seen.add(key)
            found.append(one)
            if len(found) > ROWS_MAX:
                raise Malformed(f"Line {one.line}: a file holds at most {ROWS_MAX} results.")
    except csv.Error as failed:
        raise Malformed(f"Line {reader.line_num}: {failed}.") from None
    if not found:
        raise Malformed("The file holds no result.")
    return found


def _result(line: int, cells: list[str]) -> AuditResult:
    if len(cells) != len(COLUMNS):
        raise Malformed(f"Line {line}: {len(cells)} cells under {len(COLUMNS)} columns.")
    given = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
    for column, (shape, said) in _SHAPES.items():
        if not shape.fullmatch(given[column]):
            raise Malformed(f"Line {line}: {column} is {given[column][:30]!r}; {said} is needed.")
    try:
        setl_id_bytes(given["setl_id"])
    except IdMalformed:
        raise Malformed(
            f"Line {line}: setl_id is not the 26 characters that a settlement answered."
        ) from None
    fen = _fen(given["amount"])
    if fault := _fault(given["result"], given["bearer"], fen):
        raise Malformed(f"Line {line}: {fault}.")
    if given["home_pool"] == given["care_pool"]:
        raise Malformed(
            f"Line {line}: home and care pool are the same, so nothing of it is cleared between pools."
        )
    if len(given["reason"]) > REASON_CHARACTERS_MAX:
        raise Malformed(f"Line {line}: reason is longer than {REASON_CHARACTERS_MAX} characters.")
    return AuditResult(
        line, given["declaration"], given["setl_id"], given["fixmedins_code"], int(given["home_pool"]),
        int(given["care_pool"]), given["insutype"], given["fund"], given["result"], given["bearer"], fen, given["reason"],
    )  # fmt: skip


def _fault(result: str, bearer: str, fen: int) -> str:
    """The same rule stands in SQL (audit_result_sign, audit_result_bearer)."""
    if not bearer and result != "1":
        return "bearer is missing: 01, 02, 03 or 11"
    wanted = {"0": fen > 0, "1": fen == 0}.get(result, fen < 0)
    signs = {"0": "positive", "1": "0"}
    return "" if wanted else f"result {result} has amounts that are {signs.get(result, 'negative')}"


def _fen(text: str) -> int:
    whole, _, part = text.removeprefix("-").partition(".")
    fen = int(whole) * 100 + int(part.ljust(2, "0") or "0")
    return -fen if text.startswith("-") else fen
