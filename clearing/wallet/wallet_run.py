"""The wallet's run of a day: what home nodes say of transfers, compared and written with positions and journals.

It reads closed days only and closes none. A pair of nodes is in one run of a day; a node that does not answer, or whose
day is open, stays out with its pairs and comes in a later batch. What a run writes is one transaction, for ever.
"""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, Protocol

import asyncpg
import grpc
import grpc.aio

from clearing.books import asking
from clearing.day.run_book import LOCK_WAIT_MS_MAX
from clearing.errors import BookRefused, BookUnreachable, RunBroken, RunElsewhere
from clearing.operator_log import note
from clearing.settings import BookAt
from clearing.wallet.wallets import (
    ARRIVED,
    CREDIT,
    IN_TRANSIT,
    OF_RECEIVER,
    OF_SENDER,
    Sum,
    Told,
    WalletDifference,
    agree,
    compared,
    node_of,
)
from proto.settlement.v1 import wallet_pb2 as pb
from proto.settlement.v1 import wallet_pb2_grpc
from runtime.postgres import Connection, failure_of

CALL_S_MAX: Final = 60.0


class WalletBook(Protocol):
    """A home node's word on wallet transfers."""

    at: BookAt

    async def sums(self, day: date) -> list[Told]:
        """Of a closed day. Raises BookUnreachable, BookRefused."""
        ...

    async def legs(self, day: date, pool: int, to_pool: int, kind: str) -> dict[str, int]:
        """The legs behind a sum, transfer -> fen. Raises BookUnreachable, BookRefused."""
        ...


class WalletResult(NamedTuple):
    """What became of a run."""

    batch: int | None  # None: every pair that answers is in a run of this day
    pairs: int
    credited: int
    fen: int
    differences: int
    absent: dict[str, str]  # node -> why


class GrpcWalletBook:
    """Over gRPC, at the address of the node's books process."""

    def __init__(self, at: BookAt, channel: grpc.aio.Channel) -> None:
        self.at = at
        self._stub: Any = wallet_pb2_grpc.WalletLegServiceStub(channel)

    async def sums(self, day: date) -> list[Told]:
        with asking("wallet", self.at):
            answer = await self._stub.GetWalletSums(
                pb.GetWalletSumsRequest(day=day.isoformat()), timeout=CALL_S_MAX
            )
        return [
            Told(one.pool, one.to_pool, one.kind, one.items, one.amount_fen, one.hash_xor)
            for one in answer.sums
        ]

    async def legs(self, day: date, pool: int, to_pool: int, kind: str) -> dict[str, int]:
        request = pb.GetWalletLegsRequest(day=day.isoformat(), pool=pool, to_pool=to_pool, kind=kind)
        found: dict[str, int] = {}
        with asking("wallet", self.at):
            async for part in self._stub.GetWalletLegs(request, timeout=CALL_S_MAX):
                found |= {one.transfer_id: one.amount_fen for one in part.legs}
        return found


@contextlib.asynccontextmanager
async def opened_wallets(books_at: Sequence[BookAt]) -> AsyncIterator[list[WalletBook]]:
    """The home nodes' wallets, for the length of a block. Opening asks nobody anything."""
    async with contextlib.AsyncExitStack() as stack:
        wallets: list[WalletBook] = []
        for at in (one for one in books_at if one.side == "home"):
            channel = grpc.aio.insecure_channel(at.address)
            stack.push_async_callback(channel.close)
            wallets.append(GrpcWalletBook(at, channel))
        yield wallets


async def run_wallet(
    day: date, *, connection: Connection, wallets: Sequence[WalletBook], operator: str, program: str
) -> WalletResult:
    """Run a day with every pair of nodes that answers and is in no run of it. Raises RunElsewhere, RunBroken."""
    absent: dict[str, str] = {}
    told: dict[str, list[Told]] = {}
    at = {one.at.name: one for one in wallets}
    for name, wallet in at.items():
        try:
            told[name] = await wallet.sums(day)
        except (BookUnreachable, BookRefused) as failed:
            absent[f"node {name}"] = str(failed)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS_MAX}")
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext('wallet run'), $1)", day.toordinal()
            )
            done = await _done(connection, day)
            pairs = [
                (one, other) for one in sorted(told) for other in sorted(told) if (one, other) not in done
            ]
            result = WalletResult(None, 0, 0, 0, 0, absent)
            if pairs:
                sums, differences = await _compared(day, pairs, told, at)
                batch = await _written(connection, day, pairs, sums, differences, (operator, program))
                credited = [one for one in sums if one.kind == CREDIT]
                result = WalletResult(
                    batch, len(pairs), sum(one.items for one in credited), sum(one.fen for one in credited),
                    len(differences), absent,
                )  # fmt: skip
            await note(connection, operator, "wallet", f"day {day}", result._asdict())
            return result
    except asyncpg.LockNotAvailableError:
        raise RunElsewhere from None
    except asyncpg.PostgresError as failed:
        if failure_of(failed).constraint == "wallet_holds":
            raise RunBroken(f"The wallet's run of {day} does not exist: {failed.args[0]}.") from None
        raise


async def _done(connection: Connection, day: date) -> set[tuple[str, str]]:
    records = await connection.fetch("SELECT node, to_node FROM wallet_pair WHERE day = $1", day)
    return {(record[0], record[1]) for record in records}


async def _compared(
    day: date, pairs: Sequence[tuple[str, str]], told: Mapping[str, list[Told]], at: Mapping[str, WalletBook]
) -> tuple[list[Sum], list[WalletDifference]]:
    """Each side's sums of the pairs, and what their comparison adds."""
    sums: list[Sum] = []
    differences: list[WalletDifference] = []
    for node, to_node in pairs:
        by_pools: dict[tuple[int, int], list[Told]] = defaultdict(list)
        for name, kinds in ((node, OF_SENDER), (to_node, OF_RECEIVER)):
            for one in told[name]:
                between = (node_of(one.pool), node_of(one.to_pool)) == (node, to_node)
                if between and one.kind in kinds:
                    by_pools[one.pool, one.to_pool].append(one)
        for (pool, to_pool), some in sorted(by_pools.items()):
            alike = agree(some)
            sums += [Sum(*one[:5]) for one in some if alike or one.kind not in (ARRIVED, IN_TRANSIT)]
            if alike:
                continue
            # in this order: what arrives meanwhile is then found in both, and not in neither
            in_transit = await at[node].legs(day, pool, to_pool, IN_TRANSIT)
            more, found = compared(
                pool, to_pool,
                credited=await at[to_node].legs(day, pool, to_pool, CREDIT),
                arrived=await at[node].legs(day, pool, to_pool, ARRIVED), in_transit=in_transit,
            )  # fmt: skip
            sums += more
            differences += found
    return sums, differences


async def _written(
    connection: Connection,
    day: date,
    pairs: Sequence[tuple[str, str]],
    sums: Sequence[Sum],
    differences: Sequence[WalletDifference],
    by: tuple[str, str],
) -> int:
    batch: int = await connection.fetchval(
        "INSERT INTO wallet_run (day, batch, made_by, program) SELECT $1, coalesce(max(batch), 0) + 1, $2, $3"
        " FROM wallet_run WHERE day = $1 RETURNING batch",
        day, *by,
    )  # fmt: skip
    records: dict[str, list[tuple[Any, ...]]] = {
        "wallet_pair": [(day, batch, *pair) for pair in pairs],
        "wallet_sum": [(day, batch, *one) for one in sums],
        "wallet_difference": [(day, batch, *one) for one in differences],
    }
    for table, rows in records.items():
        if rows:
            await connection.copy_records_to_table(table, records=rows)
    for step in ("wallet_carry", "wallet_post", "wallet_holds"):
        await connection.execute(f"SELECT {step}($1, $2::smallint)", day, batch)
    return batch
