"""Sets of instructions: what is paid together, made from what runs, a month's document or the wallet's runs owe.

A set pays one column. Numbers up to 1000 are settlements', those above are the wallet's, so neither is ever netted with
the other, and a late run of one changes no id of the other. Whoever calls holds the lock of instructions.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from clearing.parties import Party
from clearing.payments.instructions import WALLET_SETS, payment_id
from clearing.payments.payment_file import checked_parties
from clearing.periods import Period
from clearing.positions.netting import Owed, Payment, payments
from clearing.scheme import Scheme
from runtime.postgres import Connection


async def wallet_parts(connection: Connection, period: Period) -> dict[int, list[tuple[date, int]]]:
    """The wallet's runs that nothing pays yet, by the number of the set that would.

    A day's are paid by their batch. A month takes in all up to its last day, late ones of earlier months too.
    """
    records = await connection.fetch(
        "SELECT day, batch FROM wallet_run r WHERE day <= $2 AND (day = $1 OR $3) AND NOT EXISTS"
        " (SELECT FROM instruction_wallet i WHERE (i.day, i.wallet_batch) = (r.day, r.batch)) ORDER BY day, batch",
        period.first, period.last, period.is_month,
    )  # fmt: skip
    due = [(one["day"], one["batch"]) for one in records]
    if not period.is_month:
        return {WALLET_SETS + batch: [(day, batch)] for day, batch in due}
    if not due:
        return {}
    made: int = await connection.fetchval(
        "SELECT count(DISTINCT batch) FROM instruction_wallet WHERE period = $1", period.text
    )
    return {WALLET_SETS + made + 1: due}


async def wallets_elsewhere(connection: Connection, period: Period) -> dict[str, str]:
    """The wallet's runs of a period that another period's set pays: "2026-11-24 wallet 1" -> "2026-11"."""
    records = await connection.fetch(
        "SELECT day, wallet_batch, period FROM instruction_wallet WHERE day BETWEEN $1 AND $2 AND period <> $3"
        " ORDER BY day, wallet_batch",
        period.first, period.last, period.text,
    )  # fmt: skip
    return {f"{day} wallet {batch}": paid_with for day, batch, paid_with in records}


class SetMaker:
    """Makes the sets of one period, and proves of each in SQL that it pays what is owed."""

    def __init__(
        self,
        connection: Connection,
        period: Period,
        scheme: Scheme,
        parties: Mapping[str, Party],
        *,
        operator: str,
    ) -> None:
        self._connection, self._period, self._operator = connection, period, operator
        self._scheme, self._parties = scheme, parties

    async def of_runs(self, batch: int, runs: Sequence[tuple[date, int]], document: int | None) -> int:
        """What runs owe, or the document that they are in. Gives how many instructions; raises NotFound."""
        await self._opened(batch)
        await self._connection.executemany(
            "INSERT INTO instruction_run VALUES ($1, $2, $3, $4)",
            [(*run, self._period.text, batch) for run in runs],
        )
        if document is not None:
            await self._connection.execute(
                "INSERT INTO instruction_month VALUES ($1, $2, $3)", self._period.text, batch, document
            )
        return await self._instructed(batch)

    async def of_wallet(self, batch: int, runs: Sequence[tuple[date, int]]) -> int:
        """What the wallet's runs owe. Gives how many instructions; raises NotFound."""
        await self._opened(batch)
        await self._connection.executemany(
            "INSERT INTO instruction_wallet VALUES ($1, $2, $3, $4)",
            [(*run, self._period.text, batch) for run in runs],
        )
        return await self._instructed(batch)

    async def _opened(self, batch: int) -> None:
        await self._connection.execute(
            "INSERT INTO instruction_set (period, batch, scheme_sha256, made_by) VALUES ($1, $2, $3, $4)",
            self._period.text, batch, self._scheme.sha256, self._operator,
        )  # fmt: skip

    async def _instructed(self, batch: int) -> int:
        connection, period = self._connection, self._period.text
        records = await connection.fetch(
            "SELECT insutype, fund, debtor, creditor, amount_fen, net_group FROM instruction_owed"
            " WHERE period = $1 AND batch = $2",
            period, batch,
        )  # fmt: skip
        paid = payments((Owed(*record) for record in records), self._scheme)
        checked_parties(paid, self._parties)
        await write_payments(connection, period, batch, paid, operator=self._operator)
        if not paid:
            await connection.execute("SELECT instruction_book($1, $2::smallint)", period, batch)
        return len(paid)


async def write_payments(
    connection: Connection, period: str, batch: int, paid: Sequence[Payment], *, operator: str
) -> None:
    """The first instructions of a set; SQL proves that they pay what is owed, or raises `instructions_hold`."""
    await connection.copy_records_to_table(
        "instruction",
        records=[(payment_id(one, period, batch), period, batch, 1, *one, operator) for one in paid],
        columns=("id", "period", "batch", "revision", "payer", "payee", "insutype", "fund", "amount_fen", "made_by"),
    )  # fmt: skip
    await connection.execute("SELECT instructions_hold($1, $2::smallint)", period, batch)
