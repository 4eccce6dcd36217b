"""A home book of either kind with the same handles, so that one suite can hold PostgreSQL and the fake together."""

import contextlib
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Protocol

from homepool import postgres_book
from homepool.book import HomeBook
from homepool.insured import Person
from homepool.loading.load import load_people
from homepool.loading.people import Account, Insurance
from homepool.loading.people import Person as Record
from ledger.rows import ACCUMULATORS
from runtime import postgres
from runtime.clock import SystemClock
from tests.home_items import POOL
from tests.simulation.fake_home_book import FakeHomeBook, HomeStore

LOCK_TIMEOUT_MS = 1_500


class World(Protocol):
    """A home database and sessions with it."""

    async def book(self) -> HomeBook:
        """A new session."""
        ...

    async def account(self, psn_no: str, balance_fen: int) -> None:
        """A difference to a personal account, by a loader that takes all cursors' locks."""
        ...

    async def close_day(self, day: date) -> None:
        """The day's close, in another transaction."""
        ...

    async def drop_leaf(self, day: date) -> None:
        """Take a day's leaf away."""
        ...

    async def dump(self) -> dict[str, Any]:
        """Everything that money depends on."""
        ...


class FakeWorld:
    """In memory."""

    def __init__(self) -> None:
        self.store = HomeStore(SystemClock(), lock_timeout_s=LOCK_TIMEOUT_MS / 1000)

    async def book(self) -> HomeBook:
        return FakeHomeBook(self.store)

    async def account(self, psn_no: str, balance_fen: int) -> None:
        self.store.load_account(psn_no, balance_fen)

    async def close_day(self, day: date) -> None:
        self.store.close_day(day)

    async def drop_leaf(self, day: date) -> None:
        self.store.leaves.discard(day)

    async def dump(self) -> dict[str, Any]:
        store = self.store
        return {
            "cursors": {number: tuple(cursor) for number, cursor in store.cursors.items()},
            "decisions": [(row.partition, row.number, row.id) for row in store.decisions()],
            "claims": {id_: (claim.undone_by, claim.sealed) for id_, claim in store.claims.items()},
            "bills": {id_: (bill.visit, bill.alive, bill.live) for id_, bill in store.bills.items()},
            "used": {key: tuple(used) for key, used in store.used.items()},
            "accounts": dict(store.accounts),
        }


class PostgresWorld:
    """A real database; sessions end with the test."""

    def __init__(self, dsn: str, stack: contextlib.AsyncExitStack, admin: postgres.Connection) -> None:
        self.dsn = dsn
        self.admin = admin
        self._stack = stack

    async def book(self) -> HomeBook:
        return await self._stack.enter_async_context(
            postgres_book.opened(self.dsn, name="home 44 test", lock_timeout_ms=LOCK_TIMEOUT_MS)
        )

    async def account(self, psn_no: str, balance_fen: int) -> None:
        await self.admin.execute(
            "INSERT INTO account VALUES ($1, $2, 0) ON CONFLICT DO NOTHING", psn_no, POOL
        )
        await self.admin.execute(
            "UPDATE account SET balance_fen = balance_fen + $2 WHERE psn_no = $1", psn_no, balance_fen
        )
        await self.admin.execute("UPDATE cursor SET version = version + 1")

    async def close_day(self, day: date) -> None:
        await self.admin.execute(
            "UPDATE cursor SET version = version + 1, day = greatest(day, $1::date + 1)", day
        )

    async def drop_leaf(self, day: date) -> None:
        await self.admin.execute(f"DROP TABLE decision_{day:%Y%m%d}")

    async def dump(self) -> dict[str, Any]:
        fetch = self.admin.fetch
        cursors = await fetch(
            "SELECT partition, term, version, next_number, day, term_first_number, term_first_day FROM cursor"
        )
        used = await fetch(f"SELECT psn_no, insutype, period, {', '.join(ACCUMULATORS)} FROM accumulator")
        return {
            "cursors": {record[0]: tuple(record) for record in cursors},
            "decisions": [
                tuple(record)
                for record in await fetch(
                    "SELECT partition, number, id FROM decision ORDER BY partition, number"
                )
            ],
            "claims": {r[0]: (r[1], r[2]) for r in await fetch("SELECT id, undone_by, sealed FROM claim")},
            "bills": {
                r[0]: (r[1], r[2], r[3]) for r in await fetch("SELECT bill, visit, alive, live FROM bill")
            },
            "used": {(r[0], r[1], r[2]): tuple(r[3:]) for r in used},
            "accounts": {r[0]: r[1] for r in await fetch("SELECT psn_no, balance_fen FROM account")},
        }


@contextlib.asynccontextmanager
async def postgres_world(dsn: str) -> AsyncIterator[PostgresWorld]:
    """A world over a migrated database."""
    async with contextlib.AsyncExitStack() as stack:
        admin = await stack.enter_async_context(postgres.opened(dsn, application_name="test"))
        yield PostgresWorld(dsn, stack, admin)


async def insure(world: World, person: Person, *, balance_fen: int = 0) -> None:
    """Make the book know a person, with an account."""
    if isinstance(world, FakeWorld):
        world.store.people[person.psn_no] = person
        world.store.load_account(person.psn_no, balance_fen)
        return
    assert isinstance(world, PostgresWorld)
    record = Record(
        psn_no=person.psn_no, psn_name="张三", certno="110101198005061234", gend="1", brdy=person.born,
        card_sn=f"CARD{person.psn_no}", psn_cert_type="99",
        insurances=(Insurance(pool=POOL, insutype="310", psn_type="1101", status="1", valid_from="2001-01-01"),),
        accounts=(Account(pool=POOL, balance_fen=balance_fen),),
        relatives=tuple(relative for relative, _ in person.relatives),
    )  # fmt: skip
    await load_people(world.admin, [record], node=44)
