"""Detail files (3202) of some institutions, each without some of its rows: differences of class missing_at_institution.

Method: institutions among whose rows nothing else is planted; the file is made of what the care book holds, in the form
of the interface (a zip of one tab-separated file, yuan with two decimals, `null` for empty), and sent by the operator's
command.
"""

import io
import zipfile
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from loadtest.clearing_plant import id_bytes, setl_id
from loadtest.clearing_scene import Scene

MISSING_AT_INSTITUTION: Final = "missing_at_institution"
INSTITUTIONS: Final = 3
LEFT_OUT: Final = 2
"""Rows that each file lacks."""
ROWS_MIN, ROWS_MAX = 5, 1_000
_CHOSEN: Final = """
SELECT fixmedins_code, care_pool FROM care WHERE day = $1 AND sign <> 0 GROUP BY fixmedins_code, care_pool
HAVING count(*) BETWEEN $2 AND $3 AND NOT fixmedins_code = any(
  SELECT fixmedins_code FROM care WHERE id = any($4::bytea[])) ORDER BY count(*) DESC, fixmedins_code LIMIT $5
"""
_ROWS: Final = """
SELECT id, total_fen, fund_sum_fen, account_fen + family_fen, sign < 0 FROM care
WHERE day = $1 AND fixmedins_code = $2 AND sign <> 0 ORDER BY id
"""


class _File(NamedTuple):
    institution: str
    care_pool: int
    held: bytes
    left_out: list[str]


async def send_statements(up: Scene, day: date, planted: dict[str, str]) -> dict[str, str]:
    """Send the files of some institutions; gives setl_id -> class of what they lack. Raises HelperDied."""
    found: dict[str, str] = {}
    for file in await _files(up.databases.care, day, planted):
        path = up.run_dir / f"{file.institution}-{day}.zip"
        path.write_bytes(file.held)
        await up.send_statement(path, institution=file.institution, care_pool=file.care_pool, day=day)
        found |= dict.fromkeys(file.left_out, MISSING_AT_INSTITUTION)
    return found


async def _files(dsn: str, day: date, planted: dict[str, str]) -> list[_File]:
    connection = await asyncpg.connect(dsn)
    try:
        others = [id_bytes(one) for one in planted]
        chosen = await connection.fetch(_CHOSEN, day, ROWS_MIN, ROWS_MAX, others, INSTITUTIONS)
        return [
            _file(code, care_pool, await connection.fetch(_ROWS, day, code)) for code, care_pool in chosen
        ]
    finally:
        await connection.close()


def _file(institution: str, care_pool: int, rows: list[Any]) -> _File:
    sent = [
        "\t".join((setl_id(id_), "null", "null", _yuan(total), _yuan(fund), _yuan(account), str(int(refund))))
        for id_, total, fund, account, refund in rows[LEFT_OUT:]
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{institution}.txt", "".join(f"{line}\n" for line in sent))
    return _File(institution, care_pool, buffer.getvalue(), [setl_id(row[0]) for row in rows[:LEFT_OUT]])


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
