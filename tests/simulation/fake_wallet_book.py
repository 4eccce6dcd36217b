"""Home books of wallet transfers in memory, with the rules of sql/0010 and a session that may be lost at either end of a
transaction: before it committed, or after, when nobody hears that it did.
"""

import contextlib
import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from homepool.book import SessionLost
from homepool.wallet.terms import WalletTerms
from homepool.wallet.transfers import (
    ARRIVED,
    CREDIT,
    DEBIT,
    IN,
    OUT,
    RETURN,
    Held,
    Leg,
    Receiver,
    Sender,
    Transfer,
)
from ledger.life import Id
from runtime.clock import china_date


@dataclass
class WalletStore:
    """What is committed."""

    accounts: dict[str, tuple[int, int]] = field(default_factory=dict)  # psn_no -> pool, balance
    insured: dict[str, int] = field(default_factory=dict)  # psn_no -> pool
    relatives: set[tuple[str, str]] = field(default_factory=set)  # who is paid for, whose account pays
    transfers: dict[tuple[Id, str], Transfer] = field(default_factory=dict)
    legs: dict[tuple[Id, str], Leg] = field(default_factory=dict)
    open_day: date = date(2026, 1, 1)


class FakeWalletBook:
    """A home database; `loses` is asked at both ends of every write whether the session is lost there."""

    def __init__(self, now: Callable[[], int], loses: Callable[[], bool]) -> None:
        self.store = WalletStore()
        self._now = now
        self._loses = loses

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator["_Writing"]:
        """One transaction."""
        writing = _Writing(copy.deepcopy(self.store), max(self.store.open_day, china_date(self._now())))
        yield writing
        if self._loses():
            raise SessionLost
        self.store = writing.store
        if self._loses():
            raise SessionLost

    async def held(self, id_: Id, side: str) -> Held | None:
        """A transfer."""
        return held_in(self.store, id_, side)

    async def in_transit(self, after: Id, transfers_max: int) -> list[Transfer]:
        """What has no fate."""
        found = [
            transfer
            for (id_, side), transfer in self.store.transfers.items()
            if side == OUT and id_ > after and not {(id_, ARRIVED), (id_, RETURN)} & self.store.legs.keys()
        ]
        return sorted(found)[:transfers_max]

    def close_day(self) -> None:
        """Today is closed."""
        self.store.open_day = max(self.store.open_day, china_date(self._now()) + timedelta(days=1))


def held_in(store: WalletStore, id_: Id, side: str) -> Held | None:
    """A transfer of a store."""
    transfer = store.transfers.get((id_, side))
    if transfer is None:
        return None
    return Held(
        side,
        transfer,
        tuple(leg for (of, _), leg in store.legs.items() if of == id_ and leg.side == side),
    )


class _Writing:
    def __init__(self, store: WalletStore, day: date) -> None:
        self.store = store
        self.day = day

    async def held(self, id_: Id, side: str) -> Held | None:
        return held_in(self.store, id_, side)

    async def sender(self, order: Transfer) -> Sender:
        store, today = self.store, china_date(order.sent_ms)
        pool, balance = store.accounts.get(order.psn_no, (0, 0))
        sent = [
            one
            for (_, side), one in store.transfers.items()
            if side == OUT and one.psn_no == order.psn_no and china_date(one.sent_ms) == today
        ]
        return Sender(pool, balance, (order.to_psn_no, order.psn_no) in store.relatives, len(sent))

    async def receiver(self, transfer: Transfer) -> Receiver:
        insured = self.store.insured.get(transfer.to_psn_no)
        pool, _ = self.store.accounts.get(transfer.to_psn_no, (0, 0))
        return Receiver(insured is not None, frozenset((insured,)) if insured else frozenset(), pool)

    async def put_order(self, order: Transfer, *, by: str, terms: WalletTerms, nth_of_day: int) -> None:
        assert nth_of_day <= terms.transfers_a_day_most
        assert order.fen <= terms.amount_fen_most
        assert (order.id, OUT) not in self.store.transfers
        self.store.transfers[order.id, OUT] = order
        await self.put_leg(order, Leg(order.id, DEBIT, self.day), at_ms=order.sent_ms)

    async def put_offer(self, offer: Transfer) -> None:
        assert (offer.id, IN) not in self.store.transfers
        self.store.transfers[offer.id, IN] = offer

    async def put_leg(self, transfer: Transfer, leg: Leg, *, at_ms: int) -> None:
        store = self.store
        held = held_in(store, leg.transfer, leg.side)
        assert held is not None
        assert held.fate is None, "one fate a side"
        assert leg.day >= store.open_day, "the day is closed"
        store.legs[leg.transfer, leg.kind] = leg
        moves = {DEBIT: -transfer.fen, RETURN: transfer.fen, CREDIT: transfer.fen}.get(leg.kind, 0)
        who = transfer.psn_no if leg.side == OUT else transfer.to_psn_no
        pool, balance = store.accounts.get(who, (transfer.to_pool, 0))
        assert balance + moves >= 0
        if moves:
            store.accounts[who] = (pool, balance + moves)
