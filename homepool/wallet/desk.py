"""Sending, accepting, offering and booking what became of it: every step is one transaction, again is harmless.

The receiver's node alone decides what becomes of an offer: a credit or a tombstone, each once for ever, and whatever
comes later is answered with it. The sender's node books what it hears and nothing else; it never returns money because of
a clock or a silence of its own.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from homepool.book import BookBroken
from homepool.errors import HomePoolError
from homepool.wallet.book import WalletBook, WalletWriting
from homepool.wallet.terms import WalletTermsBook
from homepool.wallet.transfers import (
    BOOKED_FOR,
    CREDIT,
    EXPIRE,
    IN,
    NOT_ACCEPTED,
    OUT,
    Fate,
    Held,
    Leg,
    Refused,
    Transfer,
    order_refusal,
    receiver_refusal,
    sender_refusal,
)
from ledger.life import Id
from runtime.clock import Clock, china_date
from runtime.keys import setl_id_text

_REUSED: Final = Refused("MSGID_REUSED", "this msgid of this orderer names another transfer")
_UNKNOWN: Final = Refused("TRANSFER_UNKNOWN", "no transfer of this id has come to this node")
_OTHER_PERSON: Final = Refused("OTHER_PERSON", "the transfer is for another person")
_log: structlog.stdlib.BoundLogger = structlog.get_logger("homepool.wallet")


class FateDiffers(HomePoolError):
    """The receiver's node tells another fate of a transfer than the one that is booked: people must look."""


class WalletDesk:
    """One home node's end of all transfers."""

    def __init__(self, book: WalletBook, *, terms: WalletTermsBook, clock: Clock) -> None:
        self._book = book
        self._terms = terms
        self._clock = clock

    async def send(self, order: Transfer, *, by: str) -> Held | Refused:
        """Take the money of an order, once for its id. Raises the book's errors; then it is not known whether."""
        if known := await self._book.held(order.id, OUT):
            return known if known.transfer.says_the_same(order) else _REUSED
        now_ms = self._clock.now_ms()
        today = china_date(now_ms)
        terms = self._terms.find(order.pool, today)
        if refused := order_refusal(order, terms, self._terms.find(order.to_pool, today), now_ms):
            return refused
        assert terms is not None
        order = order._replace(sent_ms=now_ms, expires_ms=terms.returns_ms(now_ms))
        async with self._book.writing() as writing:
            if known := await writing.held(order.id, OUT):
                return known if known.transfer.says_the_same(order) else _REUSED
            sender = await writing.sender(order)
            if refused := sender_refusal(order, terms, sender):
                return refused
            await writing.put_order(order, by=by, terms=terms, nth_of_day=sender.sent_today + 1)
            sent = await _held(writing, order.id, OUT)
        _log.info("sent", transfer=setl_id_text(order.id), pool=order.pool, to_pool=order.to_pool)
        return sent

    async def accept(self, id_: Id, psn_no: str) -> Held | Refused:
        """Credit what waits for a person, once. Raises the book's errors."""
        known = await self._book.held(id_, IN)
        if known is None:
            return _UNKNOWN
        if known.transfer.to_psn_no != psn_no:
            return _OTHER_PERSON
        if known.fate is None:
            async with self._book.writing() as writing:
                known = await _held(writing, id_, IN)
                if known.fate is None:
                    known = await self._decided(writing, known, accepting=True)
        assert known.fate is not None
        if known.fate.kind == EXPIRE:
            return Refused("TRANSFER_EXPIRED", f"it goes back to its sender ({known.fate.code})")
        return known

    async def offered(self, offer: Transfer) -> Fate:
        """What becomes of an offer; the first one is stored. Raises the book's errors."""
        known = await self._book.held(offer.id, IN)
        if known is None or (known.fate is None and self._clock.now_ms() >= known.transfer.expires_ms):
            async with self._book.writing() as writing:
                known = await writing.held(offer.id, IN)
                if known is None:
                    await writing.put_offer(offer)
                    known = Held(IN, offer)
                if known.fate is None:
                    known = await self._decided(writing, known, accepting=False)
        if not known.transfer.says_the_same(offer):
            _log.error("an offer differs from the one of its id", transfer=setl_id_text(offer.id))
            return Fate(code=_REUSED.code)
        return Fate() if known.fate is None else Fate(known.fate.kind, known.fate.day, known.fate.code)

    async def booked(self, transfer: Transfer, fate: Fate) -> None:
        """Book at the sender's node what the receiver's has decided. Raises FateDiffers, the book's errors."""
        kind = BOOKED_FOR[fate.kind]
        async with self._book.writing() as writing:
            known = await _held(writing, transfer.id, OUT)
            if known.fate is None:
                leg = Leg(transfer.id, kind, writing.day, fate.code, fate.day)
                await writing.put_leg(known.transfer, leg, at_ms=self._clock.now_ms())
                _log.info("booked", transfer=setl_id_text(transfer.id), kind=kind)
            elif (known.fate.kind, known.fate.counter_day) != (kind, fate.day):
                raise FateDiffers

    async def offered_many(self, offers: Sequence[Transfer]) -> list[Fate]:
        """The fates of offers, in their order; each is a transaction of its own. Raises the book's errors."""
        return [await self.offered(offer) for offer in offers]

    async def _decided(self, writing: WalletWriting, known: Held, *, accepting: bool) -> Held:
        """The transfer with its fate, where it is decided now."""
        transfer, now_ms = known.transfer, self._clock.now_ms()
        terms = self._terms.find(transfer.to_pool, china_date(now_ms))
        code = receiver_refusal(transfer, terms, await writing.receiver(transfer))
        if not code and now_ms >= transfer.expires_ms:
            code = NOT_ACCEPTED
        if not (code or accepting):
            return known
        leg = Leg(transfer.id, EXPIRE if code else CREDIT, writing.day, code)
        await writing.put_leg(transfer, leg, at_ms=now_ms)
        _log.info("decided", transfer=setl_id_text(transfer.id), kind=leg.kind, code=code)
        return Held(IN, transfer, (leg,))


async def _held(writing: WalletWriting, id_: Id, side: str) -> Held:
    held = await writing.held(id_, side)
    if held is None:
        raise BookBroken(f"The book has lost the side {side} of a transfer.")
    return held
