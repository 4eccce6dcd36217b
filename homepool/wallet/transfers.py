"""Wallet transfers (医保钱包) as both home nodes see them, and what may be sent, credited and returned. Pure.

A transfer goes through legs, each booked once for its name (transfer, kind): `debit` at the sender's node; then `credit`
or `expire` at the receiver's, which alone decides; then `arrived` or `return` at the sender's. What was debited and has
no fate yet is in transit. Rules: domestic reports of the national wallet (`homepool/wallets.toml` has the source); that
the relation stands in the `relative` table of the sender's node and that whoever is insured in the pool may receive are
assumptions. Money is fen, times are ms since 1970-01-01 UTC.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from homepool.wallet.terms import WalletTerms
from ledger.life import Id
from runtime.keys import transport_key_id

OUT: Final = "out"
IN: Final = "in"
DEBIT: Final = "debit"
ARRIVED: Final = "arrived"
RETURN: Final = "return"
CREDIT: Final = "credit"
EXPIRE: Final = "expire"
IN_TRANSIT: Final = "in_transit"

BOOKED_FOR: Final = {CREDIT: ARRIVED, EXPIRE: RETURN}
"""What the sender's node books when it hears of the receiver's leg."""
STATES: Final = {
    (OUT, ""): "IN_TRANSIT", (OUT, ARRIVED): "CREDITED", (OUT, RETURN): "RETURNED",
    (IN, ""): "WAITING", (IN, CREDIT): "CREDITED", (IN, EXPIRE): "EXPIRED",
}  # fmt: skip
NOT_ACCEPTED: Final = "NOT_ACCEPTED"
_KIND: Final = "WLT1"
_FEN_PER_YUAN: Final = 100


class Refused(NamedTuple):
    """Nothing was stored: a code of docs/codes.md and a sentence."""

    code: str
    message: str


class Transfer(NamedTuple):
    """Who sends what to whom, until when it can be accepted."""

    id: Id
    psn_no: str
    pool: int
    to_psn_no: str
    to_pool: int
    fen: int
    sent_ms: int = 0
    expires_ms: int = 0

    def says_the_same(self, other: "Transfer") -> bool:
        """Whether another one under this id is this one: times are computed and do not count."""
        return self[:6] == other[:6]


class Leg(NamedTuple):
    """One booking. `counter_day` is the day of the other side's leg, of `arrived` and `return`."""

    transfer: Id
    kind: str
    day: date
    code: str = ""
    counter_day: date | None = None

    @property
    def side(self) -> str:
        """Whose book it stands in."""
        return IN if self.kind in (CREDIT, EXPIRE) else OUT


class Fate(NamedTuple):
    """What the receiver's node says of an offer; without a kind it is not decided yet, or refused for `code`."""

    kind: str = ""
    day: date | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A transfer as one side's book has it."""

    side: str
    transfer: Transfer
    legs: tuple[Leg, ...] = field(default=())

    @property
    def fate(self) -> Leg | None:
        """Its final leg here."""
        return next((leg for leg in self.legs if leg.kind != DEBIT), None)

    @property
    def state(self) -> str:
        """In one word."""
        return STATES[self.side, self.fate.kind if self.fate else ""]


class Sender(NamedTuple):
    """What the sender's node knows of a sender."""

    account_pool: int  # 0 = has no account
    balance_fen: int
    authorised: bool  # his account may pay for this relative
    sent_today: int


class Receiver(NamedTuple):
    """What the receiver's node knows of a receiver."""

    known: bool
    pools: frozenset[int]  # in which he is insured today
    account_pool: int  # 0 = has no account yet


def transfer_id(orderer: str, msgid: str) -> Id:
    """A function of its transport key and of nothing else."""
    return transport_key_id(orderer, _KIND, msgid)


def order_refusal(
    order: Transfer, terms: WalletTerms | None, terms_there: WalletTerms | None, now_ms: int
) -> Refused | None:
    """Why an order cannot be sent, whoever sends it; `terms` are those of its two pools today."""
    if order.pool == order.to_pool:
        return Refused(
            "WALLET_SAME_POOL",
            "the relative is insured in the same pool: this account pays his bills directly",
        )
    if terms is None or terms_there is None:
        closed = order.pool if terms is None else order.to_pool
        return Refused("WALLET_NOT_OPEN", f"pool {closed} has no wallet terms today")
    if terms.closed_at(now_ms):
        hours = f"{_clock(terms.closed_from)} to {_clock(terms.closed_to)}"
        return Refused("WALLET_CLOSED_HOURS", f"nothing is sent from {hours}, China time")
    if order.fen > terms.amount_fen_most:
        return Refused("WALLET_LIMIT", f"at most {terms.amount_fen_most // _FEN_PER_YUAN} yuan a transfer")
    return None


def sender_refusal(order: Transfer, terms: WalletTerms, sender: Sender) -> Refused | None:
    """Why this sender cannot send it."""
    if sender.account_pool != order.pool:
        return Refused("NO_ACCOUNT", f"the sender has no personal account in pool {order.pool}")
    if not sender.authorised:
        return Refused("RELATIVE_NOT_AUTHORISED", "the sender has not opened his account to this relative")
    if sender.sent_today >= terms.transfers_a_day_most:
        return Refused("WALLET_LIMIT", f"at most {terms.transfers_a_day_most} transfers a day")
    if sender.balance_fen < order.fen:
        return Refused("ACCOUNT_TOO_SMALL", "the account holds less than is to be sent")
    return None


def receiver_refusal(transfer: Transfer, terms: WalletTerms | None, receiver: Receiver) -> str:
    """Why money cannot be credited here, as the code that it expires with; '' where it can."""
    if terms is None:
        return "WALLET_NOT_OPEN"
    if not receiver.known:
        return "PERSON_UNKNOWN"
    if transfer.to_pool not in receiver.pools:
        return "NOT_INSURED_HERE"
    if receiver.account_pool not in (0, transfer.to_pool):
        return "ACCOUNT_ELSEWHERE"
    return ""


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
