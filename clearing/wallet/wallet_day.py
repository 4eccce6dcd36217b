"""What was run of wallet transfers on a day, as the clearing database keeps it. Amounts in fen."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from clearing.wallet.wallet_resolutions import listed
from runtime.postgres import Connection


class WalletDay(NamedTuple):
    """A day's batches together."""

    batches: int  # 0: it was not run
    sums: list[dict[str, Any]]  # legs by both nodes' books
    positions: list[dict[str, Any]]  # which pool owes which
    net: list[dict[str, int]]  # what each pool receives on balance; the sum is zero
    differences: list[dict[str, Any]]  # left out of the positions, and how they stand


async def wallet_day(connection: Connection, day: date) -> WalletDay:
    """All of a day."""
    sums = await connection.fetch(
        "SELECT batch, pool, to_pool, kind, items, amount_fen FROM wallet_sum WHERE day = $1"
        " ORDER BY batch, pool, to_pool, kind",
        day,
    )
    positions = await connection.fetch(
        "SELECT debtor, creditor, isum(items) AS items, isum(amount_fen) AS amount_fen FROM wallet_position"
        " WHERE day = $1 GROUP BY 1, 2 ORDER BY 1, 2",
        day,
    )
    differences = await listed(connection, day)
    batches = await connection.fetchval("SELECT count(*) FROM wallet_run WHERE day = $1", day)
    owed = [dict(one) for one in positions]
    return WalletDay(
        batches, [dict(one) for one in sums], owed, _net(owed), [one.as_json() for one in differences]
    )


def _net(positions: Sequence[dict[str, Any]]) -> list[dict[str, int]]:
    net: dict[int, int] = defaultdict(int)
    for one in positions:
        net[one["debtor"]] -= one["amount_fen"]
        net[one["creditor"]] += one["amount_fen"]
    return [{"pool": pool, "amount_fen": fen} for pool, fen in sorted(net.items())]
