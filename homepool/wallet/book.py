"""The home book of wallet transfers: a port, and PostgreSQL behind it.

A write is one transaction (`writing`) that holds the cursors' locks, as a loader's does: no flush is under way, no day is
closed meanwhile, and the book's trigger (sql/0010) moves the account with the leg and raises the cursors' versions.
Errors are those of `homepool.book`.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Final, NamedTuple, Protocol, cast

from homepool.book_failures import failures, whole_transaction
from homepool.wallet.terms import WalletTerms
from homepool.wallet.transfers import DEBIT, Held, Leg, Receiver, Sender, Transfer
from ledger.life import Id
from runtime.clock import china_date
from runtime.postgres import Connection, Sessions


class WalletSum(NamedTuple):
    """What a node booked on a day between two pools, of one kind of leg."""

    pool: int
    to_pool: int
    kind: str
    items: int
    fen: int
    hash_xor: int


class DayLeg(NamedTuple):
    """A leg behind a sum."""

    transfer: Id
    kind: str
    pool: int
    to_pool: int
    fen: int
    day: date
    counter_day: date | None
    code: str


class WalletWriting(Protocol):
    """One transaction."""

    day: date
    """Of what is booked in it."""

    async def held(self, id_: Id, side: str) -> Held | None:
        """A transfer as it stands now; nobody changes it before this transaction ends."""
        ...

    async def sender(self, order: Transfer) -> Sender:
        """The sender of an order."""
        ...

    async def receiver(self, transfer: Transfer) -> Receiver:
        """The receiver of an offer, today in China by `day`."""
        ...

    async def put_order(self, order: Transfer, *, by: str, terms: WalletTerms, nth_of_day: int) -> None:
        """Store a transfer at its sender's node and take the money."""
        ...

    async def put_offer(self, offer: Transfer) -> None:
        """Store a transfer at its receiver's node."""
        ...

    async def put_leg(self, transfer: Transfer, leg: Leg, *, at_ms: int) -> None:
        """Book a leg; the account moves with it."""
        ...


class WalletBook(Protocol):
    """A home book."""

    def writing(self) -> AbstractAsyncContextManager[WalletWriting]:
        """A transaction with the locks; commits at its end."""
        ...

    async def held(self, id_: Id, side: str) -> Held | None:
        """A transfer as it was committed last."""
        ...

    async def in_transit(self, after: Id, transfers_max: int) -> list[Transfer]:
        """Transfers that were sent from here and whose fate is not booked, by their ids, behind `after`."""
        ...


_TRANSFER: Final = "id, psn_no, pool, to_psn_no, to_pool, fen, sent_ms, expires_ms"
_HELD: Final = f"SELECT {_TRANSFER} FROM wallet_transfer WHERE id = $1 AND side = $2"
_LEGS: Final = (
    "SELECT transfer, kind, day, code, counter_day FROM wallet_leg WHERE transfer = $1 AND side = $2"
    " ORDER BY kind <> 'debit'"
)


async def _held(connection: Connection, id_: Id, side: str) -> Held | None:
    with failures():
        found = await connection.fetchrow(_HELD, id_, side)
        if found is None:
            return None
        legs = await connection.fetch(_LEGS, id_, side)
    return Held(side, Transfer(*found), tuple(Leg(*leg) for leg in legs))


class _Writing:
    """A transaction of PostgreSQL."""

    def __init__(self, connection: Connection, day: date) -> None:
        self._connection = connection
        self.day = day

    async def held(self, id_: Id, side: str) -> Held | None:
        return await _held(self._connection, id_, side)

    async def sender(self, order: Transfer) -> Sender:
        with failures():
            record = await self._connection.fetchrow(
                "SELECT coalesce((SELECT pool FROM account WHERE psn_no = $1), 0),"
                " coalesce((SELECT balance_fen FROM account WHERE psn_no = $1), 0),"
                " EXISTS (SELECT FROM relative WHERE psn_no = $2 AND relative_psn_no = $1),"
                " (SELECT count(*) FROM wallet_transfer WHERE side = 'out' AND psn_no = $1"
                " AND china_day(sent_ms) = $3)",
                order.psn_no, order.to_psn_no, china_date(order.sent_ms),
            )  # fmt: skip
        assert record is not None
        return Sender(*record)

    async def receiver(self, transfer: Transfer) -> Receiver:
        day, psn_no = self.day.isoformat(), transfer.to_psn_no
        with failures():
            record = await self._connection.fetchrow(
                "SELECT EXISTS (SELECT FROM person WHERE psn_no = $1),"
                " ARRAY (SELECT pool FROM insurance WHERE psn_no = $1 AND status = '1' AND valid_from <= $2"
                " AND (valid_to = '' OR valid_to >= $2)),"
                " coalesce((SELECT pool FROM account WHERE psn_no = $1), 0)",
                psn_no, day,
            )  # fmt: skip
        assert record is not None
        return Receiver(record[0], frozenset(record[1]), record[2])

    async def put_order(self, order: Transfer, *, by: str, terms: WalletTerms, nth_of_day: int) -> None:
        with failures():
            await self._connection.execute(
                f"INSERT INTO wallet_transfer (side, {_TRANSFER}, ordered_by, nth_of_day, transfers_a_day_most,"
                " amount_fen_most) VALUES ('out', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                *order, by, nth_of_day, terms.transfers_a_day_most, terms.amount_fen_most,
            )  # fmt: skip
        await self.put_leg(order, Leg(order.id, DEBIT, self.day), at_ms=order.sent_ms)

    async def put_offer(self, offer: Transfer) -> None:
        with failures():
            await self._connection.execute(
                f"INSERT INTO wallet_transfer (side, {_TRANSFER}, ordered_by)"
                " VALUES ('in', $1, $2, $3, $4, $5, $6, $7, $8, '')",
                *offer,
            )

    async def put_leg(self, transfer: Transfer, leg: Leg, *, at_ms: int) -> None:
        with failures():
            await self._connection.execute(
                "INSERT INTO wallet_leg (transfer, side, kind, pool, to_pool, fen, day, at_ms, counter_day, code)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                leg.transfer, leg.side, leg.kind, transfer.pool, transfer.to_pool, transfer.fen, leg.day, at_ms,
                leg.counter_day, leg.code,
            )  # fmt: skip


class PostgresWalletBook:
    """The home database; every call takes a session of its own."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[_Writing]:
        """A transaction with the locks. Raises Unavailable where they are not to be had, SessionLost."""
        async with self._session() as connection, whole_transaction(connection):
            with failures():
                day = await connection.fetchval("SELECT open_wallet_leg()")
            yield _Writing(connection, day)

    async def held(self, id_: Id, side: str) -> Held | None:
        """A transfer as it was committed last."""
        async with self._session() as connection:
            return await _held(connection, id_, side)

    async def in_transit(self, after: Id, transfers_max: int) -> list[Transfer]:
        """Transfers whose fate is not booked, by their ids."""
        columns = ", ".join(f"t.{name}" for name in _TRANSFER.split(", "))
        async with self._session() as connection:
            with failures():
                records = await connection.fetch(
                    f"SELECT {columns} FROM wallet_open o JOIN wallet_transfer t ON t.id = o.transfer AND t.side = 'out'"
                    " WHERE o.transfer > $1 ORDER BY o.transfer LIMIT $2",
                    after,
                    transfers_max,
                )
        return [Transfer(*record) for record in records]

    async def of_person(self, psn_no: str, transfers_max: int) -> list[Held]:
        """What a person has sent and received, the latest first."""
        async with self._session() as connection:
            with failures():
                records = await connection.fetch(
                    f"SELECT side, {_TRANSFER} FROM wallet_transfer WHERE $1 = '' OR (side = 'out' AND psn_no = $1)"
                    " OR (side = 'in' AND to_psn_no = $1) ORDER BY sent_ms DESC, id, side LIMIT $2",
                    psn_no,
                    transfers_max,
                )
            found = []
            for side, *transfer in records:
                with failures():
                    legs = await connection.fetch(_LEGS, transfer[0], side)
                found.append(Held(side, Transfer(*transfer), tuple(Leg(*leg) for leg in legs)))
        return found

    async def is_closed(self, day: date) -> bool:
        """Whether a day is closed."""
        async with self._session() as connection:
            with failures():
                found = await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM closed_day WHERE day >= $1)", day
                )
        return bool(found)

    async def sums(self, day: date) -> list[WalletSum]:
        """What was booked on a day, per pair of pools and kind."""
        async with self._session() as connection:
            with failures():
                records = await connection.fetch(
                    "SELECT pool, to_pool, kind, count(*), isum(fen),"
                    " bit_xor(hashtextextended(encode(transfer, 'hex') || ' ' || fen, 0)) FROM wallet_day($1)"
                    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                    day,
                )
        return [WalletSum(*record) for record in records]

    async def legs(
        self, day: date, *, pool: int, to_pool: int, kind: str, after: Id, legs_max: int
    ) -> Sequence[DayLeg]:
        """The legs behind a sum, by their ids, behind `after`."""
        async with self._session() as connection:
            with failures():
                records = await connection.fetch(
                    "SELECT transfer, kind, pool, to_pool, fen, day, counter_day, code FROM wallet_day($1)"
                    " WHERE pool = $2 AND to_pool = $3 AND kind = $4 AND transfer > $5 ORDER BY transfer LIMIT $6",
                    day, pool, to_pool, kind, after, legs_max,
                )  # fmt: skip
        return [DayLeg(*record) for record in records]

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        with failures():
            session = await self._sessions.acquire()
        try:
            yield cast(Connection, session)
        finally:
            await self._sessions.release(session)
