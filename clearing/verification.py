"""`verify`: a day or a month recomputed, by each part of clearing that has written something of it."""

from collections.abc import Sequence
from datetime import date

from clearing.books import Book
from clearing.day.verify import Verified, verify, verify_runs
from clearing.errors import NotFound
from clearing.findings import Finding
from clearing.months.month_verify import months_of, verify_months
from clearing.payments.payment_verify import verify_payments
from clearing.periods import Period
from clearing.positions.ledger_verify import verify_ledger, verify_positions
from clearing.prepaid.money_verify import verify_money
from clearing.wallet.wallet_verify import verify_wallets
from runtime.postgres import Connection


async def verify_day(day: date, *, connection: Connection, books: Sequence[Book]) -> Verified:
    """A day that was run, from its items in both books to what was paid of it. Raises NotFound."""
    found = await verify(day, connection=connection, books=books)
    others = await _derived(connection, await months_of(connection, day), day, day)
    return found._replace(findings=[*found.findings, *others])


async def verify_month(period: Period, *, connection: Connection) -> Verified:
    """A month in clearing's own books: its days' runs by their own rules, and all that was made of them. The books of the
    others are asked day by day, by `verify_day`. Raises NotFound."""
    batches = await connection.fetch(
        "SELECT day, batch FROM run WHERE day BETWEEN $1 AND $2 ORDER BY day, batch",
        period.first,
        period.last,
    )
    if not batches:
        raise NotFound(f"Nothing of {period.text} was run; `python -m clearing runs` lists what was.")
    found: list[Finding] = []
    for day in sorted({one["day"] for one in batches}):
        some = [one["batch"] for one in batches if one["day"] == day]
        found += [
            one._replace(where=f"{day}, {one.where}")
            for one in await verify_runs(day, some, connection=connection)
        ]
    found += await _derived(connection, [f"{period.first:%Y%m}"], period.first, period.last)
    return Verified(len(batches), 0, 0, 0, found)


async def _derived(connection: Connection, months: list[str], first: date, last: date) -> list[Finding]:
    return [
        *await verify_positions(connection, first, last),
        *await verify_ledger(connection, first, last),
        *await verify_wallets(connection, first, last),
        *await verify_payments(connection, first, last),
        *await verify_months(connection, months, first, last),
        *await verify_money(connection, first, last),
    ]
