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
from clearing.payments.instructions import INSTITUTION_SETS, LeftOut, payment_id
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
            "SELECT proposal, fixmedins_code, isum(amount_fen) AS amount_fen FROM institution_unpaid WHERE period = $1"
            " GROUP BY proposal, fixmedins_code ORDER BY proposal, fixmedins_code",
            period.text,
        )
        paid = [(one["proposal"], one["fixmedins_code"]) for one in due if one["fixmedins_code"] in accounts]
        left: dict[str, int] = {}
        for one in due:
            if one["fixmedins_code"] not in accounts:
                left[one["fixmedins_code"]] = left.get(one["fixmedins_code"], 0) + one["amount_fen"]
        left_out = [LeftOut(*one) for one in sorted(left.items())]
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
    await connection.copy_records_to_table(
        "instruction",
        records=[
            (payment_id(one, period.text, batch), period.text, batch, 1, *one, operator) for one in payments
        ],
        columns=("id", "period", "batch", "revision", "payer", "payee", "insutype", "fund", "amount_fen", "made_by"),
    )  # fmt: skip
    await connection.execute("SELECT instructions_hold($1, $2::smallint)", period.text, batch)
    return len(payments)
