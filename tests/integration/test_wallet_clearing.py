"""The wallet's column of clearing over two real home books and gRPC: agreement, in transit, differences, batches."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import grpc.aio
import pytest

from clearing.positions.explain import explain, position_id
from clearing.settings import BookAt
from clearing.verification import verify_day
from clearing.wallet.wallet_items import transfers
from clearing.wallet.wallet_run import WalletResult, opened_wallets, run_wallet
from clearing.wallet.wallet_standing import wallets
from homepool.wallet.service import WalletLegService
from homepool.wallet.transfers import CREDIT, EXPIRE, Fate, Held
from proto.settlement.v1 import wallet_pb2_grpc
from runtime import postgres
from runtime.keys import setl_id_text
from runtime.postgres import Connection
from stack.embedded import HOST, free_port
from tests.servers import NewDatabase
from tests.wallet_nodes import (
    RECEIVER,
    RECEIVER_POOL,
    SENDER_POOL,
    Noon,
    WalletNode,
    an_order,
    two_nodes,
)

ROOT = Path(__file__).resolve().parents[2]
PAIR = (SENDER_POOL, RECEIVER_POOL)


class Clearing:
    """Two nodes served over gRPC, and a clearing database."""

    def __init__(
        self, here: WalletNode, there: WalletNode, connection: Connection, dsn: str, addresses: dict[str, str]
    ) -> None:
        self.here, self.there, self.connection, self.dsn = here, there, connection, dsn
        self.addresses = addresses

    async def sent(self, msgid: str, fen: int) -> Held:
        found = await self.here.desk.send(an_order(msgid, fen), by="x")
        assert isinstance(found, Held)
        await self.there.desk.offered(found.transfer)
        return found

    async def credited(self, msgid: str, fen: int, *, heard: bool = True) -> Held:
        found = await self.sent(msgid, fen)
        await self.there.desk.accept(found.transfer.id, RECEIVER)
        if heard:
            await self.here.desk.booked(found.transfer, await self.there.desk.offered(found.transfer))
        return found

    async def closed(self, *nodes: WalletNode) -> date:
        day: date = await self.here.admin.fetchval("SELECT book_today()")
        for node in nodes or (self.here, self.there):
            await node.admin.execute("SELECT close_day($1, 'night')", day)
        return day

    async def run(self, day: date) -> WalletResult:
        at = [BookAt("home", node, address) for node, address in self.addresses.items()]
        async with opened_wallets(at) as wallets:
            return await run_wallet(
                day, connection=self.connection, wallets=wallets, operator="night", program="test"
            )

    async def sums(self) -> dict[str, tuple[int, int]]:
        records = await self.connection.fetch("SELECT kind, items, amount_fen, pool, to_pool FROM wallet_sum")
        assert {(one["pool"], one["to_pool"]) for one in records} <= {PAIR}
        return {one["kind"]: (one["items"], one["amount_fen"]) for one in records}

    async def owed(self) -> list[int]:
        return [fen for (fen,) in await self.connection.fetch("SELECT amount_fen FROM wallet_position")]

    async def differences(self) -> dict[str, tuple[int | None, int | None]]:
        records = await self.connection.fetch("SELECT class, sent_fen, credited_fen FROM wallet_difference")
        return {one["class"]: (one["sent_fen"], one["credited_fen"]) for one in records}

    async def planted(self, node: WalletNode, *statements: str) -> None:
        """Change a home book past its triggers."""
        await node.admin.execute("SET session_replication_role = replica")
        for statement in statements:
            assert await node.admin.execute(statement) not in ("UPDATE 0", "DELETE 0")
        await node.admin.execute("SET session_replication_role = origin")


@pytest.fixture
async def clearing(database: NewDatabase) -> AsyncIterator[Clearing]:
    async with AsyncExitStack() as stack:
        here, there, between = await stack.enter_async_context(two_nodes(database, Noon()))
        addresses = {}
        for number, node in between.nodes.items():
            server = grpc.aio.server()
            service = WalletLegService(node=number, desk=node.desk, book=node.book)
            wallet_pb2_grpc.add_WalletLegServiceServicer_to_server(service, server)
            addresses[str(number)] = f"{HOST}:{free_port()}"
            server.add_insecure_port(addresses[str(number)])
            await server.start()
            stack.push_async_callback(server.stop, None)
        dsn = database("clearing")
        connection = await stack.enter_async_context(postgres.opened(dsn, application_name="test"))
        yield Clearing(here, there, connection, dsn, addresses)


async def test_what_was_credited_is_owed_and_stands_in_both_pools_books(clearing: Clearing) -> None:
    await clearing.credited("m1", 1_000)
    await clearing.credited("m2", 200)
    await clearing.sent("m3", 30)
    day = await clearing.closed()
    result = await clearing.run(day)
    assert result == WalletResult(1, 4, 2, 1_200, 0, {})
    assert await clearing.sums() == {
        "debit": (3, 1_230), "arrived": (2, 1_200), "in_transit": (1, 30), "credit": (2, 1_200),
    }  # fmt: skip
    assert await clearing.owed() == [1_200]
    booked = await clearing.connection.fetch(
        "SELECT pool, insutype, fund, name, party, amount_fen FROM gl_booked ORDER BY pool, name"
    )
    assert [tuple(one) for one in booked] == [
        (SENDER_POOL, "310", "wallet", "payable_to_pool", str(RECEIVER_POOL), -1_200),
        (SENDER_POOL, "310", "wallet", "personal_account_liability", "", 1_200),
        (RECEIVER_POOL, "310", "wallet", "personal_account_liability", "", -1_200),
        (RECEIVER_POOL, "310", "wallet", "receivable_from_pool", str(SENDER_POOL), 1_200),
    ]
    assert await clearing.run(day) == WalletResult(None, 0, 0, 0, 0, {}), "again changes nothing"


async def test_a_credit_that_the_sender_has_not_heard_of_is_in_transit_and_owed(clearing: Clearing) -> None:
    await clearing.credited("m1", 1_000)
    await clearing.credited("m2", 200, heard=False)
    day = await clearing.closed()
    result = await clearing.run(day)
    assert (result.differences, await clearing.owed()) == (0, [1_200])
    assert (await clearing.sums())["unheard"] == (1, 200)


async def test_a_senders_book_that_is_a_day_ahead_makes_no_difference(clearing: Clearing) -> None:
    day = await clearing.closed(clearing.here)
    await clearing.credited("m1", 500, heard=False)
    await clearing.closed()
    result = await clearing.run(day)
    assert (result.differences, await clearing.owed()) == (0, [500])


async def test_what_differs_is_named_and_not_paid(clearing: Clearing) -> None:
    first = await clearing.credited("m1", 1_000)
    unsent = await clearing.credited("m2", 200, heard=False)
    returned = await clearing.sent("m3", 30)
    day = await clearing.closed()
    await clearing.planted(
        clearing.here,
        f"UPDATE wallet_leg SET fen = 999 WHERE transfer = '\\x{first.transfer.id.hex()}'",
        f"DELETE FROM wallet_open WHERE transfer = '\\x{unsent.transfer.id.hex()}'",
    )
    # the sender's node believes that what still waits has arrived
    fate = Fate(CREDIT, day)
    await clearing.here.desk.booked(returned.transfer, fate)
    result = await clearing.run(day)
    assert result.differences == 3
    assert await clearing.differences() == {
        "amount": (999, 1_000), "unsent": (None, 200), "uncredited": (30, None),
    }  # fmt: skip
    assert await clearing.owed() == [0]


async def test_a_figure_of_the_wallet_is_drilled_down_to_its_transfers(clearing: Clearing) -> None:
    one, other = await clearing.credited("m1", 1_000), await clearing.credited("m2", 200)
    day = await clearing.closed()
    await clearing.planted(
        clearing.here, f"UPDATE wallet_leg SET fen = 199 WHERE transfer = '\\x{other.transfer.id.hex()}'"
    )
    await clearing.run(day)
    figure = await explain(
        clearing.connection, position_id(f"{day}/310/wallet/{SENDER_POOL}/{RECEIVER_POOL}")
    )
    assert (figure.amount_fen, [(one.batch, one.items) for one in figure.shares]) == (1_000, [(1, 1)])
    at = [BookAt("home", node, address) for node, address in clearing.addresses.items()]
    async with opened_wallets(at) as opened:
        found = [item async for item in transfers(clearing.connection, figure, opened)]
    assert {(item.setl_id, item.amount_fen, item.aside) for item in found} == {
        (setl_id_text(one.transfer.id), 1_000, False), (setl_id_text(other.transfer.id), 200, True)
    }  # fmt: skip


async def test_what_was_not_run_and_what_differs_waits_for_an_operator(clearing: Clearing) -> None:
    day = await clearing.closed()
    assert await wallets(clearing.connection, day) == []
    await clearing.run(day)
    later = day + timedelta(days=1)
    await clearing.connection.execute(
        "INSERT INTO run VALUES ($1, 1, now(), 'x', 'x'), ($2, 1, now(), 'x', 'x')", day, later
    )
    await clearing.connection.execute(
        "INSERT INTO wallet_difference VALUES ($1, 1, 'T', 440300, 500000, 'amount', 5, 9)", day
    )
    assert [one[:3] for one in await wallets(clearing.connection, day)] == [
        (2, 0, f"the wallet of {later} was not run"),
        (4, 9, f"1 wallet transfers of {day} differ between two nodes"),
    ]
    assert len(await wallets(clearing.connection, later + timedelta(days=1))) == 1, (
        "a difference is never too old"
    )


async def test_two_errors_that_cancel_in_the_sum_are_seen(clearing: Clearing) -> None:
    one, other = await clearing.credited("m1", 100), await clearing.credited("m2", 200)
    day = await clearing.closed()
    await clearing.planted(
        clearing.here,
        f"UPDATE wallet_leg SET fen = 200 WHERE transfer = '\\x{one.transfer.id.hex()}'",
        f"UPDATE wallet_leg SET fen = 100 WHERE transfer = '\\x{other.transfer.id.hex()}'",
    )
    assert (await clearing.run(day)).differences == 2


async def test_what_came_back_is_owed_by_nobody(clearing: Clearing) -> None:
    sent = await clearing.sent("m1", 70)
    await clearing.there.admin.execute("UPDATE insurance SET status = '4', valid_to = '2020-01-01'")
    await clearing.there.desk.accept(sent.transfer.id, RECEIVER)
    fate = await clearing.there.desk.offered(sent.transfer)
    assert fate.kind == EXPIRE
    await clearing.here.desk.booked(sent.transfer, fate)
    await clearing.run(await clearing.closed())
    assert await clearing.sums() == {"debit": (1, 70), "return": (1, 70), "expire": (1, 70)}
    assert await clearing.owed() == []


async def test_a_node_whose_day_is_open_comes_in_the_second_batch(clearing: Clearing) -> None:
    await clearing.credited("m1", 1_000)
    day = await clearing.closed(clearing.here)
    first = await clearing.run(day)
    assert (first.batch, first.pairs, list(first.absent)) == (1, 1, ["node 50"])
    assert "DAY_OPEN" in first.absent["node 50"]
    assert await clearing.owed() == []
    await clearing.closed()
    clearing.addresses["50"], kept = f"{HOST}:1", clearing.addresses["50"]
    away = await clearing.run(day)
    assert (away.batch, "does not answer" in away.absent["node 50"]) == (None, True)
    clearing.addresses["50"] = kept
    second = await clearing.run(day)
    assert (second.batch, second.pairs, second.absent) == (2, 3, {})
    assert await clearing.owed() == [1_000]


async def test_two_runs_at_once_write_one_batch(clearing: Clearing) -> None:
    await clearing.credited("m1", 1_000)
    day = await clearing.closed()
    async with postgres.opened(clearing.dsn, application_name="other") as other:
        at = [BookAt("home", node, address) for node, address in clearing.addresses.items()]
        async with opened_wallets(at) as wallets:
            again = run_wallet(day, connection=other, wallets=wallets, operator="b", program="test")
            batches = [one.batch for one in await asyncio.gather(clearing.run(day), again)]
    assert sorted(batches, key=str) == [1, None]
    assert await clearing.owed() == [1_000]


async def test_the_database_refuses_what_does_not_hold(clearing: Clearing) -> None:
    await clearing.credited("m1", 1_000)
    day = await clearing.closed()
    await clearing.run(day)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await clearing.connection.execute("UPDATE wallet_sum SET amount_fen = 1")
    await clearing.connection.execute("SET session_replication_role = replica")
    for statement in (
        "UPDATE wallet_sum SET amount_fen = 999 WHERE kind = 'arrived'",
        "UPDATE wallet_sum SET amount_fen = 999 WHERE kind IN ('arrived', 'credit')",
    ):
        await clearing.connection.execute(statement)
        with pytest.raises(asyncpg.PostgresError) as failed:
            await clearing.connection.execute("SELECT wallet_holds($1, 1::smallint)", day)
        assert failed.value.constraint_name == "wallet_holds"  # type: ignore[attr-defined]
    await clearing.connection.execute("INSERT INTO run VALUES ($1, 1, now(), 'x', 'x')", day)
    found = (await verify_day(day, connection=clearing.connection, books=[])).findings
    assert [one.where for one in found if "wallet, " in one.where] == [f"wallet, {day} batch 1"]


async def command(clearing: Clearing, *arguments: str) -> tuple[int | None, str]:
    books = ",".join(f"node:{node}={address}" for node, address in clearing.addresses.items())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clearing", "wallet", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DSGW_POSTGRES_DSN": clearing.dsn, "DSGW_BOOKS": books,
             "PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert b"Traceback" not in out, out.decode()
    return process.returncode, out.decode()


async def test_the_command_runs_and_shows_a_day(clearing: Clearing) -> None:
    await clearing.credited("m1", 150_000)
    await clearing.sent("m2", 30_000)
    day = str(await clearing.closed())
    code, out = await command(clearing, "--date", day)
    assert (code, out) == (0, f"{day}: the wallet was not run; give --as NAME.\n")
    code, out = await command(clearing, "--date", day, "--as", "wang")
    assert code == 0
    assert out.startswith(
        f"{day}, batch 1: 4 pairs of nodes, 1 transfers credited, 1,500.00 yuan, 0 differences."
    )
    page = (ROOT / "docs" / "wallet.md").read_text(encoding="utf-8")
    shown = page.partition("$ python -m clearing wallet --date 2026-11-24 --as wang\n")[2].partition("```")[0]
    lines = [line.rstrip().replace(day, "2026-11-24") for line in out.splitlines()]
    assert lines == shown.splitlines(), f"\n{out}"
    code, out = await command(clearing, "--date", day, "--json")
    told: dict[str, Any] = json.loads(out)
    assert (code, told["run"], told["positions"], sum(one["amount_fen"] for one in told["net"])) == (
        0, None, [{"debtor": SENDER_POOL, "creditor": RECEIVER_POOL, "items": 1, "amount_fen": 150_000}], 0,
    )  # fmt: skip
    logged = await clearing.connection.fetch("SELECT operator, action FROM operator_log")
    assert [tuple(one) for one in logged] == [("wang", "wallet")]
