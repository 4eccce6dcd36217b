"""Two home databases with people, for wallet transfers between them."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from homepool.wallet.book import PostgresWalletBook
from homepool.wallet.courier import Courier, NodeAway, node_of
from homepool.wallet.desk import WalletDesk
from homepool.wallet.terms import load_terms
from homepool.wallet.transfers import Fate, Transfer, transfer_id
from runtime import postgres
from runtime.clock import CHINA_OFFSET_MS, DAY_MS, SystemClock
from tests.servers import NewDatabase

SENDER, SENDER_POOL = "44030090000101", 440300
RECEIVER, RECEIVER_POOL = "50000090000102", 500000
BALANCE_FEN = 300_000


class Noon:
    """Noon of today in China; a test moves it."""

    def __init__(self) -> None:
        now_ms = SystemClock().now_ms()
        self.ms = (now_ms + CHINA_OFFSET_MS) // DAY_MS * DAY_MS + DAY_MS // 2 - CHINA_OFFSET_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


@dataclass
class WalletNode:
    """One home database with its desk and courier."""

    dsn: str
    admin: postgres.Connection
    book: PostgresWalletBook
    desk: WalletDesk
    courier: Courier = field(init=False)

    async def balance(self, psn_no: str) -> int | None:
        found: int | None = await self.admin.fetchval(
            "SELECT balance_fen FROM account WHERE psn_no = $1", psn_no
        )
        return found

    async def kinds(self) -> list[str]:
        """The legs of this book."""
        return [
            kind
            for (kind,) in await self.admin.fetch(
                "SELECT kind FROM wallet_leg ORDER BY kind <> 'debit', kind"
            )
        ]


class Between:
    """The way between the two; a test takes nodes away."""

    def __init__(self) -> None:
        self.nodes: dict[int, WalletNode] = {}
        self.away: set[int] = set()

    async def offer(self, node: int, offers: Sequence[Transfer]) -> list[Fate]:
        if node in self.away:
            raise NodeAway
        return await self.nodes[node].desk.offered_many(offers)


def an_order(msgid: str = "m1", fen: int = 100_000) -> Transfer:
    """From Shenzhen to Chongqing."""
    return Transfer(transfer_id("SZDESK", msgid), SENDER, SENDER_POOL, RECEIVER, RECEIVER_POOL, fen)


async def insure(connection: postgres.Connection, psn_no: str, pool: int, balance_fen: int | None) -> None:
    """An employee of a pool; None: without an account."""
    await connection.execute(
        "INSERT INTO person VALUES ($1, '张三', '01', '110101198005061234', '1', '1980-05-06')", psn_no
    )
    await connection.execute(
        "INSERT INTO insurance VALUES ($1, $2, '310', '2001-01-01', '', '1101', '1', '', false)", psn_no, pool
    )
    if balance_fen is not None:
        await connection.execute("INSERT INTO account VALUES ($1, $2, $3)", psn_no, pool, balance_fen)


async def authorise(connection: postgres.Connection) -> None:
    """The sender's account may pay for the receiver, whom his node does not know."""
    await connection.execute("INSERT INTO relative VALUES ($1, $2)", RECEIVER, SENDER)


@contextlib.asynccontextmanager
async def two_nodes(
    database: NewDatabase, clock: Noon
) -> AsyncIterator[tuple[WalletNode, WalletNode, Between]]:
    """Node 44 with the sender, node 50 with the receiver, who has no account yet."""
    between, alarms = Between(), list[str]()
    async with contextlib.AsyncExitStack() as stack:
        for node in (node_of(SENDER_POOL), node_of(RECEIVER_POOL)):
            dsn = database("ledger", "homepool")
            admin = await stack.enter_async_context(postgres.opened(dsn, application_name="test"))
            sessions = await stack.enter_async_context(
                postgres.pooled(dsn, application_name="wallet", sessions_max=3, lock_timeout="2s")
            )
            book = PostgresWalletBook(sessions)
            desk = WalletDesk(book, terms=load_terms(), clock=clock)
            made = WalletNode(dsn, admin, book, desk)
            made.courier = Courier(book, desk, between, clock=clock, alarm=alarms.append)
            between.nodes[node] = made
        sender, receiver = between.nodes.values()
        await insure(sender.admin, SENDER, SENDER_POOL, BALANCE_FEN)
        await authorise(sender.admin)
        await insure(receiver.admin, RECEIVER, RECEIVER_POOL, None)
        yield sender, receiver, between
        assert not alarms
