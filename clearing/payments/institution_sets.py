"""Sets of instructions that pay institutions what approved payouts say: a day's share at T+1, the rest of a closed month.

A payout was proposed and approved by two people; its instructions are looked at by two people once more, for they name
accounts. Who has no account is left out by name, and paid by a later set once it has one.
"""

from collections.abc import Mapping
from typing import NamedTuple

from clearing.errors import NotFound
from clearing.operator_log import note
from clearing.parties import Party
from clearing.payments.instruction_book import changing
from clearing.payments.instruction_sets import write_payments
from clearing.payments.instructions import INSTITUTION_SETS, LeftOut
from clearing.periods import Period
from clearing.positions.netting import Payment
from clearing.scheme import Scheme
from runtime.postgres import Connection


class InstitutionsProposed(NamedTuple):
    """What was made now: (set, instructions); and who has no account."""

    made: dict[int, int]
    left_out: list[LeftOut]


async def propose_institutions(
    connection: Connection, period: Period, scheme: Scheme, accounts: Mapping[str, Party], *, operator: str
) -> InstitutionsProposed:
    """Make the instructions of a period's approved payouts where none pay them yet; again makes nothing.

    Raises NotFound where no payout of the period is approved.
    """
    async with changing(connection):
        approved = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM payout_owed WHERE period = $1)", period.text
        )
        if not approved:
            option = f"--{'month' if period.is_month else 'date'} {period.text}"
            raise NotFound(
                f"No payout of {period.text} to institutions is approved; `python -m clearing payout {option} --as NAME`"
                " proposes one."
            )
        due = await connection.fetch(
            "SELECT DISTINCT proposal, fixmedins_code FROM institution_unpaid WHERE period = $1 ORDER BY 1, 2",
            period.text,
        )
        paid = [(proposal, code) for proposal, code in due if code in accounts]
        left_out = await without_account(connection, period, accounts)
        if not paid:
            return InstitutionsProposed({}, left_out)
        batch = await _opened(connection, period, scheme, operator)
        await connection.executemany(
            "INSERT INTO instruction_institution VALUES ($1, $2, $3, $4)",
            [(*one, period.text, batch) for one in paid],
        )
        await connection.executemany(
            "INSERT INTO instruction_left_out VALUES ($1, $2, $3, $4)",
            [(period.text, batch, *one) for one in left_out],
        )
        made = await _instructed(connection, period, batch, operator)
        detail = {"made": {batch: made}, "left_out": [one.fixmedins_code for one in left_out]}
        await note(connection, operator, "instructions institutions", period.text, detail)
    return InstitutionsProposed({batch: made}, left_out)


async def without_account(
    connection: Connection, period: Period, accounts: Mapping[str, Party]
) -> list[LeftOut]:
    """Who of a period's approved payouts has no account and is paid by no set."""
    records = await connection.fetch(
        "SELECT fixmedins_code, isum(amount_fen) FROM institution_unpaid WHERE period = $1 GROUP BY 1 ORDER BY 1",
        period.text,
    )
    return [LeftOut(*one) for one in records if one["fixmedins_code"] not in accounts]


async def _opened(connection: Connection, period: Period, scheme: Scheme, operator: str) -> int:
    batch: int = await connection.fetchval(
        "INSERT INTO instruction_set (period, batch, scheme_sha256, made_by)"
        " SELECT $1, 1 + greatest($4::smallint, coalesce(max(batch), 0)), $2, $3 FROM instruction_set WHERE period = $1"
        " RETURNING batch",
        period.text, scheme.sha256, operator, INSTITUTION_SETS,
    )  # fmt: skip
    return batch


async def _instructed(connection: Connection, period: Period, batch: int, operator: str) -> int:
    records = await connection.fetch(
        "SELECT book_pool::text, fixmedins_code, insutype, fund, amount_fen FROM institution_owed"
        " WHERE period = $1 AND batch = $2 ORDER BY 1, 2, 3, 4",
        period.text, batch,
    )  # fmt: skip
    payments = [Payment(*one) for one in records]
    await write_payments(connection, period.text, batch, payments, operator=operator)
    return len(payments)
