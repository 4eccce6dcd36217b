"""WalletService and WalletLegService on gRPC, beside BooksService in a node's books process.

Who calls is not authenticated yet: the port is for a node's own front end and operators, for other nodes and clearing
(docs/running.md). The contract is proto/settlement/v1/wallet.proto; docs/codes.md lists the codes.
"""

import contextlib
import datetime
from collections.abc import AsyncGenerator, Awaitable
from datetime import date
from typing import Final, TypeVar

import grpc
import grpc.aio

from homepool.book import BookError
from homepool.wallet.book import PostgresWalletBook
from homepool.wallet.courier import node_of
from homepool.wallet.desk import WalletDesk
from homepool.wallet.transfers import DEBIT, IN, OUT, Held, Refused, Transfer, transfer_id
from ledger.life import Id
from proto.settlement.v1 import wallet_pb2 as pb
from proto.settlement.v1 import wallet_pb2_grpc
from runtime import refusals
from runtime.clock import china_text
from runtime.errors import IdMalformed
from runtime.keys import ID_BYTES, setl_id_bytes, setl_id_text
from runtime.refusals import Context, Refusal, Violation, answered, malformed, streamed

NAME: Final = "settlement.v1.WalletService"
LEGS_NAME: Final = "settlement.v1.WalletLegService"
OFFERS_MAX: Final = 200
TRANSFERS_MAX: Final = 500
TRANSFERS_DEFAULT: Final = 50
PART_LEGS: Final = 500
WORD_CHARACTERS_MAX: Final = 30
AMOUNT_FEN_MAX: Final = 10**12
RETRY_AFTER_MS: Final = 1_000

_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
STATUS_OF: Final[dict[str, grpc.StatusCode]] = {
    "INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "MSGID_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "WALLET_NOT_OPEN": _PRECONDITION,
    "WALLET_SAME_POOL": _PRECONDITION,
    "WALLET_CLOSED_HOURS": _PRECONDITION,
    "WALLET_LIMIT": _PRECONDITION,
    "NO_ACCOUNT": _PRECONDITION,
    "RELATIVE_NOT_AUTHORISED": _PRECONDITION,
    "ACCOUNT_TOO_SMALL": _PRECONDITION,
    "NO_SUCH_NODE": _PRECONDITION,
    "TRANSFER_UNKNOWN": grpc.StatusCode.NOT_FOUND,
    "OTHER_PERSON": _PRECONDITION,
    "TRANSFER_EXPIRED": _PRECONDITION,
    "DAY_OPEN": _PRECONDITION,
    "BOOK_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}
"""Every code that the wallet's calls refuse with."""
_Answer = TypeVar("_Answer")


# ------------------------------------------------------------------------------------------------ services


class WalletService(wallet_pb2_grpc.WalletServiceServicer):
    """What people do."""

    def __init__(
        self, *, node: int, nodes: frozenset[int], desk: WalletDesk, book: PostgresWalletBook
    ) -> None:
        self._node = node
        self._nodes = nodes | {node}
        self._desk = desk
        self._book = book

    async def SendTransfer(
        self, request: pb.SendTransferRequest, context: Context
    ) -> pb.SendTransferResponse:
        async def sent() -> pb.SendTransferResponse:
            order = _order(request)
            self._check_node(order.pool, "the sender's pool")
            if node_of(order.to_pool) not in self._nodes:
                raise _refusal(
                    Refused("NO_SUCH_NODE", f"no home node is known here that has pool {order.to_pool}")
                )
            return pb.SendTransferResponse(
                transfer=told(_value(await self._desk.send(order, by=request.orderer)))
            )

        return await _reached(sent(), context)

    async def AcceptTransfer(
        self, request: pb.AcceptTransferRequest, context: Context
    ) -> pb.AcceptTransferResponse:
        async def accepted() -> pb.AcceptTransferResponse:
            id_ = _id(request.transfer_id)
            return pb.AcceptTransferResponse(
                transfer=told(_value(await self._desk.accept(id_, request.psn_no)))
            )

        return await _reached(accepted(), context)

    async def GetTransfer(self, request: pb.GetTransferRequest, context: Context) -> pb.GetTransferResponse:
        async def found() -> pb.GetTransferResponse:
            id_ = _id(request.transfer_id)
            sides = [await self._book.held(id_, side) for side in (OUT, IN)]
            held = [told(one) for one in sides if one is not None]
            if not held:
                raise _refusal(Refused("TRANSFER_UNKNOWN", "this node has no transfer of this id"))
            return pb.GetTransferResponse(transfers=held)

        return await _reached(found(), context)

    async def ListTransfers(
        self, request: pb.ListTransfersRequest, context: Context
    ) -> pb.ListTransfersResponse:
        async def listed() -> pb.ListTransfersResponse:
            faults = _words(psn_no=request.psn_no)
            if request.transfers_max > TRANSFERS_MAX:
                faults.append(Violation("transfers_max", f"at most {TRANSFERS_MAX}"))
            _raise(faults)
            held = await self._book.of_person(request.psn_no, request.transfers_max or TRANSFERS_DEFAULT)
            return pb.ListTransfersResponse(transfers=[told(one) for one in held])

        return await _reached(listed(), context)

    def _check_node(self, pool: int, what: str) -> None:
        if node_of(pool) != self._node:
            raise _refusal(Refused("NO_SUCH_NODE", f"{what} is none of node {self._node}: ask its own node"))


class WalletLegService(wallet_pb2_grpc.WalletLegServiceServicer):
    """What nodes tell one another, and clearing."""

    def __init__(self, *, node: int, desk: WalletDesk, book: PostgresWalletBook) -> None:
        self._node = node
        self._desk = desk
        self._book = book

    async def OfferTransfers(
        self, request: pb.OfferTransfersRequest, context: Context
    ) -> pb.OfferTransfersResponse:
        async def offered() -> pb.OfferTransfersResponse:
            _raise(self._faults_of(request))
            fates = await self._desk.offered_many([_offered(one) for one in request.offers])
            return pb.OfferTransfersResponse(
                fates=[
                    pb.TransferFate(id=one.id, kind=fate.kind, day=_day_text(fate.day), code=fate.code)
                    for one, fate in zip(request.offers, fates, strict=True)
                ]
            )

        return await _reached(offered(), context)

    async def GetWalletSums(
        self, request: pb.GetWalletSumsRequest, context: Context
    ) -> pb.GetWalletSumsResponse:
        async def summed() -> pb.GetWalletSumsResponse:
            day = await self._closed(request.day)
            rows = [
                pb.WalletSumRow(
                    pool=one.pool,
                    to_pool=one.to_pool,
                    kind=one.kind,
                    items=one.items,
                    amount_fen=one.fen,
                    hash_xor=one.hash_xor,
                )
                for one in await self._book.sums(day)
            ]
            return pb.GetWalletSumsResponse(day=request.day, sums=rows)

        return await _reached(summed(), context)

    async def GetWalletLegs(
        self, request: pb.GetWalletLegsRequest, context: Context
    ) -> AsyncGenerator[pb.GetWalletLegsResponse, None]:
        async def parts() -> AsyncGenerator[pb.GetWalletLegsResponse, None]:
            if not (_is_pool(request.pool) and _is_pool(request.to_pool)):
                raise Refusal(malformed(Violation("pool", "two pools of six digits")))
            day, after = await self._closed(request.day), bytes(ID_BYTES)
            while True:
                legs = await self._book.legs(
                    day, pool=request.pool, to_pool=request.to_pool, kind=request.kind, after=after,
                    legs_max=PART_LEGS,
                )  # fmt: skip
                if not legs:
                    return
                after = legs[-1].transfer
                yield pb.GetWalletLegsResponse(
                    legs=[
                        pb.WalletLeg(
                            transfer_id=setl_id_text(one.transfer), kind=one.kind, pool=one.pool,
                            to_pool=one.to_pool, amount_fen=one.fen, day=one.day.isoformat(),
                            counter_day=_day_text(one.counter_day), code=one.code,
                        )
                        for one in legs
                    ]
                )  # fmt: skip

        async for part in streamed(_reached_parts(parts()), context):
            yield part

    async def _closed(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise Refusal(malformed(Violation("day", "a day as yyyy-MM-dd is needed"))) from None
        if not await self._book.is_closed(day):
            raise _refusal(Refused("DAY_OPEN", f"{text} is open: close it first"))
        return day

    def _faults_of(self, request: pb.OfferTransfersRequest) -> list[Violation]:
        if len(request.offers) > OFFERS_MAX:
            return [Violation("offers", f"at most {OFFERS_MAX}")]
        faults = []
        for place, one in enumerate(request.offers):
            where = f"offers[{place}]"
            if len(one.id) != ID_BYTES:
                faults.append(Violation(f"{where}.id", f"{ID_BYTES} bytes"))
            if not _is_pool(one.pool):
                faults.append(Violation(f"{where}.pool", "a pool of six digits"))
            if node_of(one.to_pool) != self._node or one.to_pool == one.pool:
                faults.append(Violation(f"{where}.to_pool", f"is none of node {self._node}, or the sender's"))
            if not 0 < one.amount_fen <= AMOUNT_FEN_MAX or one.expires_ms <= one.sent_ms:
                faults.append(Violation(where, "an amount above 0, expiring after it was sent"))
            faults += _words(f"{where}.", psn_no=one.psn_no, to_psn_no=one.to_psn_no)
        return faults


# ------------------------------------------------------------------------------------------------ words


def told(held: Held) -> pb.Transfer:
    """A transfer as it is told."""
    transfer, fate = held.transfer, held.fate
    legs = [
        pb.WalletLeg(
            transfer_id=setl_id_text(leg.transfer), kind=leg.kind, pool=transfer.pool, to_pool=transfer.to_pool,
            amount_fen=transfer.fen, day=leg.day.isoformat(), counter_day=_day_text(leg.counter_day),
            code=leg.code,
        )
        for leg in sorted(held.legs, key=lambda leg: leg.kind != DEBIT)
    ]  # fmt: skip
    return pb.Transfer(
        transfer_id=setl_id_text(transfer.id), side=held.side, state=held.state, code=fate.code if fate else "",
        psn_no=transfer.psn_no, pool=transfer.pool, to_psn_no=transfer.to_psn_no, to_pool=transfer.to_pool,
        amount_fen=transfer.fen, sent_time=china_text(transfer.sent_ms),
        expires_time=china_text(transfer.expires_ms), legs=legs,
    )  # fmt: skip


def _day_text(day: datetime.date | None) -> str:
    return "" if day is None else day.isoformat()


def _offered(offer: pb.TransferOffer) -> Transfer:
    return Transfer(
        offer.id, offer.psn_no, offer.pool, offer.to_psn_no, offer.to_pool, offer.amount_fen, offer.sent_ms,
        offer.expires_ms,
    )  # fmt: skip


def _order(request: pb.SendTransferRequest) -> Transfer:
    faults = _words(
        orderer=request.orderer, msgid=request.msgid, psn_no=request.psn_no, to_psn_no=request.to_psn_no
    )
    for field in ("pool", "to_pool"):
        if not _is_pool(getattr(request, field)):
            faults.append(Violation(field, "a pool of six digits"))
    if not 0 < request.amount_fen <= AMOUNT_FEN_MAX:
        faults.append(Violation("amount_fen", "an amount above 0"))
    _raise(faults)
    return Transfer(
        transfer_id(request.orderer, request.msgid), request.psn_no, request.pool, request.to_psn_no,
        request.to_pool, request.amount_fen,
    )  # fmt: skip


def _is_pool(pool: int) -> bool:
    return 100_000 <= pool <= 999_999


def _words(prefix: str = "", **texts: str) -> list[Violation]:
    said = f"is needed, of at most {WORD_CHARACTERS_MAX} characters that can be printed"
    return [
        Violation(f"{prefix}{name}", said)
        for name, text in texts.items()
        if not (0 < len(text) <= WORD_CHARACTERS_MAX and text.isprintable() and text == text.strip())
    ]


def _id(text: str) -> Id:
    try:
        return setl_id_bytes(text)
    except IdMalformed:
        raise Refusal(malformed(Violation("transfer_id", "26 characters A-Z, 2-7"))) from None


def _raise(faults: list[Violation]) -> None:
    if faults:
        raise Refusal(malformed(*faults))


def _value(found: Held | Refused) -> Held:
    if isinstance(found, Refused):
        raise _refusal(found)
    return found


def _refusal(refused: Refused) -> Refusal:
    status = STATUS_OF[refused.code]
    after_ms = RETRY_AFTER_MS if status is grpc.StatusCode.UNAVAILABLE else 0
    return Refusal(refusals.Refused(refused.code, refused.message, status, (), after_ms))


_AWAY: Final = Refused("BOOK_UNAVAILABLE", "the book's database does not answer, or its locks are held")


async def _reached(answering: Awaitable[_Answer], context: Context) -> _Answer:
    async def reached() -> _Answer:
        try:
            return await answering
        except BookError as failed:
            if failed.retriable:
                raise _refusal(_AWAY) from failed
            raise

    return await answered(reached(), context)


async def _reached_parts(parts: AsyncGenerator[_Answer, None]) -> AsyncGenerator[_Answer, None]:
    async with contextlib.aclosing(parts) as found:
        try:
            async for part in found:
                yield part
        except BookError as failed:
            if failed.retriable:
                raise _refusal(_AWAY) from failed
            raise
