"""Both books as an auditor reads them: plain SQL, read-only, in one snapshot per database.

The demo's proof must not lean on the code that wrote the books, so the columns are named here a second time
(a test holds this list against the writers') and nothing of `ledger`, `gateway` or `homepool` is imported. A
book's rows come as a stream in the order of their ids, so that two books of any size are compared side by
side in little memory.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Row(Protocol):
    """A row by column name: a record of asyncpg's, a dict in tests."""

    def __getitem__(self, column: str, /) -> object: ...


FUNDS: Final = (
    "pooled_fen", "big_illness_fen", "large_fen", "civil_fen", "enterprise_fen", "disabled_fen", "aid_fen",
    "commercial_fen", "other_fen",
)  # fmt: skip
"""What makes up fund_pay_sumamt."""
PAYERS: Final = (*FUNDS, "account_fen", "family_fen", "cash_fen", "hospital_fen")
"""Who pays a bill."""
SCOPE: Final = ("full_self_fen", "over_limit_fen", "first_pay_fen", "in_scope_fen")
"""The bill by coverage."""
AMOUNTS: Final = ("total_fen", *SCOPE, "deductible_fen", *PAYERS, "fund_sum_fen")
"""Every column that carries money, in fen."""
COLUMNS: Final = (
    "node", "partition", "term", "number", "day", "id", "kind", "status", "code", "digest", "decided_ms",
    "region", "fixmedins_code", "home_pool", "care_pool", "psn_no", "insutype", "med_type", "clr_type", "route",
    "visit", "bill", "target", "undoes", "settlement", "seals", "year", "sign", "fund_includes_account",
    "asked_fen", *AMOUNTS, "commercial_payer", "deltas", "month", "month_in_scope_fen", "month_pooled_fen",
    "family_psn_no", "family_amount_fen", "line_keys", "lines_digest", "begin_day", "end_day", "invoice",
    "policy_version", "answer",
)  # fmt: skip
"""What both books hold of a decision, the answer's bytes included."""

BY_HAND: Final = "manual"
"""Region of what a home node reimbursed by hand: no care book has a part in it."""
HOME: Final = "decision"
CARE: Final = "care"
PREFETCH_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Databases:
    """Addresses of the databases: home nodes by number, care regions by name."""

    homes: Mapping[int, str]
    gateways: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Books:
    """Open databases, each in one read-only snapshot."""

    homes: Mapping[int, Connection]
    gateways: Mapping[str, Connection]


@contextlib.asynccontextmanager
async def opened(databases: Databases) -> AsyncIterator[Books]:
    """The books for the length of a block; asyncpg's and the system's errors pass through."""
    async with contextlib.AsyncExitStack() as stack:
        homes = {node: await _snapshot(stack, dsn) for node, dsn in sorted(databases.homes.items())}
        gateways = {region: await _snapshot(stack, dsn) for region, dsn in sorted(databases.gateways.items())}
        yield Books(homes, gateways)


async def _snapshot(stack: contextlib.AsyncExitStack, dsn: str) -> Connection:
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "demo compare"})
    stack.push_async_callback(connection.close)
    await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
    return connection


def home_rows(home: Connection, region: str) -> AsyncIterator[Row]:
    """What a home node decided for a care region, by id."""
    return _stream(
        home, f"SELECT {', '.join(COLUMNS)} FROM {HOME} WHERE region = $1 ORDER BY id, day", region
    )


def care_rows(gateway: Connection, node: int) -> AsyncIterator[Row]:
    """What a care region booked of a home node's decisions, by id."""
    return _stream(gateway, f"SELECT {', '.join(COLUMNS)} FROM {CARE} WHERE node = $1 ORDER BY id, day", node)


async def _stream(connection: Connection, query: str, key: object) -> AsyncIterator[Row]:
    async for row in connection.cursor(query, key, prefetch=PREFETCH_ROWS):
        yield row


async def count_rows(connection: Connection, table: str) -> int:
    """How many rows a table has, whoever they speak of."""
    found = await connection.fetchval(f"SELECT count(*) FROM {table}")
    assert isinstance(found, int)
    return found


async def days(gateway: Connection) -> list[date]:
    """The days on which something is booked at a region."""
    return [record[0] for record in await gateway.fetch(f"SELECT DISTINCT day FROM {CARE}")]


SUMS: Final = (
    "SELECT home_pool, care_pool, insutype, day, kind, status, count(*) AS rows, sum(sign) AS alive, "
    + ", ".join(f"sum({name}) AS {name}" for name in AMOUNTS)
    + " FROM {table} WHERE {key} = $1 GROUP BY home_pool, care_pool, insutype, day, kind, status"
)
"""A book in sum: per pool pair, insurance, day and outcome."""
SUM_KEY_COLUMNS: Final = 6


async def home_sums(home: Connection, region: str) -> dict[tuple[object, ...], Row]:
    """A home node's sums for a care region by their key."""
    return _by_key(await home.fetch(SUMS.format(table=HOME, key="region"), region))


async def care_sums(gateway: Connection, node: int) -> dict[tuple[object, ...], Row]:
    """A care region's sums of a home node by their key."""
    return _by_key(await gateway.fetch(SUMS.format(table=CARE, key="node"), node))


def _by_key(rows: list[asyncpg.Record]) -> dict[tuple[object, ...], Row]:
    return {tuple(row.values())[:SUM_KEY_COLUMNS]: row for row in rows}
