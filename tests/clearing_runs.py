"""Runs planted into a clearing database through its own writer: sums of a day as two books would have told them.

Amounts of a sum are made from its payers, so that every row adds up whatever a test asks for.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Final

from clearing.day.run_book import Pair, RunId, writing
from clearing.positions.position_book import publish_positions
from clearing.scheme import Scheme, load_scheme
from ledger.day import DayKey, DaySum
from ledger.rows import AMOUNTS, FUND_PAYERS, PAYERS
from runtime.postgres import Connection
from tests.clearing_books import sum_line

DAY: Final = date(2026, 11, 24)
GUANGZHOU, SHENZHEN, SHANWEI, NANNING, CHONGQING, PROVINCE_POOL = (
    440100,
    440300,
    441500,
    450100,
    500000,
    449900,
)
HOSPITALS: Final = {
    GUANGZHOU: "H44010490001",
    SHENZHEN: "H44030590002",
    SHANWEI: "H44150290003",
    NANNING: "H45010390004",
    CHONGQING: "H50010390005",
}


def route_of(home_pool: int, care_pool: int) -> int:
    """As the directory tells it; the province-level pool is at home in its capital."""
    if home_pool == care_pool or (home_pool, care_pool) == (PROVINCE_POOL, GUANGZHOU):
        return 1
    return 2 if home_pool // 10_000 == care_pool // 10_000 else 3


def a_sum(
    home_pool: int,
    care_pool: int,
    *,
    insutype: str = "310",
    sign: int = 1,
    items: int = 1,
    hospital: str = "",
    commercial_payer: str = "",
    day: date = DAY,
    **payers: int,
) -> DaySum:
    """A sum with what each payer paid (fen, the sign is put on here); cash is 100 fen more."""
    amounts = dict.fromkeys(AMOUNTS, 0) | {"cash_fen": 100} | payers
    amounts["total_fen"] = amounts["in_scope_fen"] = sum(amounts[payer] for payer in PAYERS)
    amounts["fund_sum_fen"] = sum(amounts[payer] for payer in FUND_PAYERS)
    code = hospital or HOSPITALS.get(care_pool, f"H{care_pool}90009")
    key = DayKey(
        home_pool,
        care_pool,
        code,
        insutype,
        "11",
        route_of(home_pool, care_pool),
        sign,
        commercial_payer,
        day,
    )
    return DaySum(key, items, tuple(sign * amounts[name] for name in AMOUNTS))


async def a_run(
    connection: Connection,
    sums: Sequence[DaySum],
    *,
    day: date = DAY,
    node: str = "45",
    region: str = "44",
    scheme: Scheme | None = None,
    care: Sequence[DaySum] | None = None,
) -> RunId:
    """Run a day of one pair whose books say the same, positions published; raises what `writing` raises."""
    pair = Pair(node, region, 4, sum(one.items for one in sums), sum(one.items for one in sums), 0)

    async def told(rows: Sequence[DaySum]) -> AsyncIterator[bytes]:
        for one in rows:
            yield sum_line(one)

    async with writing(connection, day, operator="test", program="test") as writer:
        await writer.add_pair(pair)
        await writer.copy_sums(pair, "home", told(sums))
        await writer.copy_sums(pair, "care", told(sums if care is None else care))
        await writer.hold()
        await publish_positions(writer, scheme or load_scheme())
        return writer.run


async def a_wallet_run(
    connection: Connection, owed: Sequence[tuple[int, int, int]], *, day: date = DAY
) -> int:
    """A run of the wallet: (pool, to_pool, fen) that were credited, and have arrived at the sender's. Gives its batch."""
    batch: int = await connection.fetchval(
        "INSERT INTO wallet_run (day, batch, made_by, program) SELECT $1, coalesce(max(batch), 0) + 1, 'test', 'test'"
        " FROM wallet_run WHERE day = $1 RETURNING batch",
        day,
    )
    await connection.executemany(
        "INSERT INTO wallet_sum VALUES ($1, $2, $3, $4, $5, 1, $6)",
        [(day, batch, *pools, kind, fen) for *pools, fen in owed for kind in ("credit", "arrived")],
    )
    for step in ("wallet_post", "wallet_holds"):
        await connection.execute(f"SELECT {step}($1, $2::smallint)", day, batch)
    return batch
