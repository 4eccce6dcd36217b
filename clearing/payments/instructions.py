"""Payment instructions: their stable ids and what the bank's answer means for each. Pure. Amounts in fen."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from clearing.positions.netting import Payment

ID_CHARACTERS: Final = 32
"""ISO 20022 allows 35 in EndToEndId."""
WALLET_SETS: Final = 1000
"""Sets of the wallet are numbered above it, those of settlements up to it."""
INSTITUTION_SETS: Final = 2000
"""Sets that pay institutions are numbered above it."""


class Instruction(NamedTuple):
    """Money from one party to another, from one fund, for one period; and how it stands."""

    id: str
    period: str
    batch: int
    revision: int
    payer: str
    payee: str
    insutype: str
    fund: str
    amount_fen: int
    made_by: str
    state: str  # proposed, refused, approved, filed, accepted, partly, returned
    checked_by: str | None
    returned_fen: int
    msg_id: str | None  # of the payment file that it went out with


def set_name(batch: int) -> str:
    """A set's number for people: 1, wallet 1, or institutions 1."""
    if batch > INSTITUTION_SETS:
        return f"institutions {batch - INSTITUTION_SETS}"
    return f"wallet {batch - WALLET_SETS}" if batch > WALLET_SETS else str(batch)


class LeftOut(NamedTuple):
    """An institution without an account, and what it is to get."""

    fixmedins_code: str
    amount_fen: int


class PaymentFile(NamedTuple):
    """What goes to the bank in one file; who was left out of its sets, for want of an account."""

    msg_id: str
    period: str
    made_at: datetime
    instructions: list[Instruction]
    left_out: Sequence[LeftOut] = ()

    @property
    def amount_fen(self) -> int:
        """The control sum."""
        return sum(one.amount_fen for one in self.instructions)


def instruction_id(
    payer: str, payee: str, insutype: str, fund: str, period: str, batch: int, revision: int
) -> str:
    """The id of an instruction: a hash of natural keys and of nothing else, so it is the same whoever makes it."""
    told = "|".join((payer, payee, insutype, fund, period, str(batch), str(revision)))
    return hashlib.sha256(told.encode()).hexdigest()[:ID_CHARACTERS]


def payment_id(payment: Payment, period: str, batch: int) -> str:
    """The id of a payment's first instruction."""
    return instruction_id(payment.payer, payment.payee, payment.insutype, payment.fund, period, batch, 1)


def message_id(ids: Iterable[str]) -> str:
    """The id of a payment file: a function of what is in it."""
    return hashlib.sha256("|".join(sorted(ids)).encode()).hexdigest()[:ID_CHARACTERS]


class BankWord(NamedTuple):
    """What the bank said in one line of its file: of an instruction, or of a whole payment file."""

    line: int
    instruction: str  # empty: of all of msg_id
    msg_id: str
    status: str  # accepted, returned, partly
    paid_fen: int | None  # of partly
    reason: str


def returned_fen(instruction: Instruction, word: BankWord) -> int | str:
    """How much of an instruction has come back by this word, all in all; or a sentence why the word cannot be."""
    if instruction.msg_id is None:
        return f"instruction {instruction.id} was not sent to the bank, it is {instruction.state}"
    if word.status == "accepted":
        returned = 0
    elif word.status == "returned":
        returned = instruction.amount_fen
    else:
        paid_fen = word.paid_fen or 0
        if not 0 < paid_fen < instruction.amount_fen:
            return f"instruction {instruction.id} is of {instruction.amount_fen} fen, {paid_fen} are no part of it"
        returned = instruction.amount_fen - paid_fen
    if returned < instruction.returned_fen:
        return (
            f"of instruction {instruction.id} {instruction.returned_fen} fen had come back before, and are paid again by"
            " a later revision; a bank does not take that back"
        )
    return returned
