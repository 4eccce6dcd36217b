"""Statements as they are kept: a file of an institution and day, replaced until a run freezes it; what did not match."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from clearing.errors import NotAllowed
from clearing.institutions.statement import Match
from clearing.institutions.statement_file import StatementRow
from ledger.life import Id
from runtime.keys import setl_id_text
from runtime.postgres import Connection

QUERY_NO_BYTES = 16


class Frozen(NotAllowed):
    """A run has frozen this day; what differs is settled through `differences` and 3209A."""

    code = "DAY_FROZEN"


class Kept(NamedTuple):
    """A statement that is kept."""

    file_qury_no: str
    answer: bytes
    replaced: bool


def query_no(fixmedins_code: str, day: date, clr_type: str, file: bytes) -> str:
    """The number of a file: the same institution, day and bytes have the same."""
    named: Id = hashlib.blake2b(
        b"\0".join([fixmedins_code.encode(), day.isoformat().encode(), clr_type.encode(), hashlib.sha256(file).digest()]),
        digest_size=QUERY_NO_BYTES, person=b"statement",
    ).digest()  # fmt: skip
    return setl_id_text(named)


async def kept(connection: Connection, file_qury_no: str, fixmedins_code: str) -> Kept | None:
    """A statement of this institution by its number; None where there is none."""
    record = await connection.fetchrow(
        "SELECT file_qury_no, answer, replaced FROM statement WHERE file_qury_no = $1 AND fixmedins_code = $2",
        file_qury_no, fixmedins_code,
    )  # fmt: skip
    return Kept(*record) if record else None


async def is_frozen(connection: Connection, region: str, day: date) -> bool:
    """Whether a run holds this day of a region."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM run_pair WHERE day = $1 AND region = $2)", day, region
        )
    )


async def keep(
    connection: Connection, *, file_qury_no: str, fixmedins_code: str, day: date, clr_type: str, refunds: bool,
    region: str, rows: Sequence[StatementRow], matches: Sequence[Match], nodes: dict[str, str], answer: bytes,
    centre_items: int, centre_fen: int,
) -> None:  # fmt: skip
    """Keep a statement in the place of the one before. Raises Frozen."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('run'), $1)", day.toordinal())
        if await is_frozen(connection, region, day):
            raise Frozen
        await connection.execute(
            "UPDATE statement SET replaced = true WHERE fixmedins_code = $1 AND day = $2 AND clr_type = $3"
            " AND NOT replaced",
            fixmedins_code, day, clr_type,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO statement (file_qury_no, fixmedins_code, day, clr_type, refunds, region, rows, answer,"
            " centre_items, centre_fen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            " ON CONFLICT (file_qury_no) DO UPDATE SET replaced = false, answer = excluded.answer,"
            " centre_items = excluded.centre_items, centre_fen = excluded.centre_fen",
            file_qury_no, fixmedins_code, day, clr_type, refunds, region, len(rows), answer, centre_items, centre_fen,
        )  # fmt: skip
        await connection.execute("DELETE FROM statement_row WHERE file_qury_no = $1", file_qury_no)
        await connection.copy_records_to_table(
            "statement_row",
            records=[
                (file_qury_no, place, row.setl_id, row.medfee_fen, row.fund_fen, row.account_fen, row.refund)
                for place, row in enumerate(rows)
            ],
            columns=("file_qury_no", "place", "setl_id", "medfee_fen", "fund_fen", "account_fen", "refund"),
        )
        await write_unmatched(connection, file_qury_no, matches, nodes)


async def write_unmatched(
    connection: Connection, file_qury_no: str, matches: Sequence[Match], nodes: dict[str, str]
) -> None:
    """What does not match now, in the place of what did not before. `nodes` is setl_id -> home node."""
    await connection.execute("DELETE FROM statement_unmatched WHERE file_qury_no = $1", file_qury_no)
    wrong = {one.setl_id: one for one in matches if one.result != "equal"}
    await connection.copy_records_to_table(
        "statement_unmatched",
        records=[
            (
                file_qury_no, one.setl_id, str(one.result), nodes.get(one.setl_id, ""), _centre(one), _institution(one),
                one.memo,
            )
            for one in wrong.values()
        ],
        columns=("file_qury_no", "setl_id", "result", "node", "centre", "institution", "memo"),
    )  # fmt: skip


async def rows_of(connection: Connection, file_qury_no: str) -> list[StatementRow]:
    """The rows of a statement that is kept, without visit and person, which are not kept."""
    records = await connection.fetch(
        "SELECT setl_id, '' AS mdtrt_id, '' AS psn_no, medfee_fen, fund_fen, account_fen, refund FROM statement_row"
        " WHERE file_qury_no = $1 ORDER BY place",
        file_qury_no,
    )
    return [StatementRow(*record) for record in records]


async def unmatched(
    connection: Connection, fixmedins_code: str, begin: date, end: date
) -> list[dict[str, Any]]:
    """An institution's own items that do not match, of the statements that stand."""
    records = await connection.fetch(
        "SELECT u.setl_id, s.day, u.result, u.centre, u.institution, u.memo FROM statement s"
        " JOIN statement_unmatched u USING (file_qury_no) WHERE s.fixmedins_code = $1 AND s.day BETWEEN $2 AND $3"
        " AND NOT s.replaced ORDER BY s.day, u.setl_id",
        fixmedins_code, begin, end,
    )  # fmt: skip
    return [
        {
            **dict(one),
            "centre": json.loads(one["centre"] or "null"),
            "institution": json.loads(one["institution"] or "null"),
        }
        for one in records
    ]


def _centre(one: Match) -> str | None:
    if one.item is None:
        return None
    item = one.item
    said = {
        "kind": item.kind, "total_fen": item.medfee_fen, "fund_sum_fen": item.fund_fen,
        "account_fen": item.account_fen, "cash_fen": item.cash_fen, "refund": item.refund,
    }  # fmt: skip
    return json.dumps(said)


def _institution(one: Match) -> str | None:
    if one.row is None:
        return None
    row = one.row
    said = {
        "total_fen": row.medfee_fen, "fund_sum_fen": row.fund_fen, "account_fen": row.account_fen,
        "refund": row.refund,
    }  # fmt: skip
    return json.dumps(said)
