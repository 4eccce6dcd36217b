"""A bank's file in the clearing database: each word an event, each return a new revision of that instruction only."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from clearing.errors import ReturnsWrong
from clearing.operator_log import note
from clearing.payments.instruction_book import changing, meant_by, reopen
from clearing.payments.instructions import BankWord, Instruction, returned_fen
from runtime.postgres import Connection


class Booked(NamedTuple):
    """What a bank's file brought."""

    accepted: int
    returned: int  # instructions of which something came back now
    known: int  # words that said nothing new
    reopened: list[str]  # ids of the new revisions
    before: bool  # the very file was read before: nothing happened


async def book_returns(
    connection: Connection, raw: bytes, words: Sequence[BankWord], *, name: str, operator: str
) -> Booked:
    """Take a bank's file whole, in one transaction; the same file again is harmless.

    Raises ReturnsWrong with the line of the first word that cannot be; then nothing of it is booked.
    """
    sha256 = hashlib.sha256(raw).digest()
    async with changing(connection):
        if await connection.fetchval("SELECT EXISTS (SELECT FROM bank_return WHERE sha256 = $1)", sha256):
            return Booked(0, 0, len(words), [], True)
        due = _due(await meant_by(connection, words), words)
        news = [one for one in due if one[2] or one[0].state == "filed"]
        returned = [one for one in news if one[2]]
        await connection.execute(
            "INSERT INTO bank_return (sha256, name, made_by, accepted, returned, known) VALUES ($1, $2, $3, $4, $5, $6)",
            sha256, name, operator, len(news) - len(returned), len(returned), len(due) - len(news),
        )  # fmt: skip
        await _note_events(connection, news, sha256, operator)
        reopened = [
            await reopen(connection, instruction, more_fen, operator=operator)
            for instruction, _, more_fen in returned
        ]
        for period, batch in sorted({(one[0].period, one[0].batch) for one in news}):
            await connection.execute("SELECT instruction_book($1, $2::smallint)", period, batch)
        booked = Booked(len(news) - len(returned), len(returned), len(due) - len(news), reopened, False)
        await note(connection, operator, "bank-returns", name, booked._asdict() | {"sha256": sha256.hex()})
    return booked


def _due(
    instructions: Sequence[Instruction], words: Sequence[BankWord]
) -> list[tuple[Instruction, BankWord, int]]:
    """(instruction, what was said, how much more has come back) of every word."""
    by_id = {one.id: one for one in instructions}
    due = []
    for word in words:
        if word.instruction:
            meant = [by_id[word.instruction]] if word.instruction in by_id else []
        else:
            meant = [one for one in instructions if one.msg_id == word.msg_id]
        if not meant:
            told = word.instruction or f"payment file {word.msg_id}"
            raise ReturnsWrong(f"line {word.line}: there is no {told}.")
        for one in meant:
            returned = returned_fen(one, word)
            if isinstance(returned, str):
                raise ReturnsWrong(f"line {word.line}: {returned}.")
            due.append((one, word, returned - one.returned_fen))
    return due


async def _note_events(
    connection: Connection, news: Sequence[tuple[Instruction, BankWord, int]], sha256: bytes, operator: str
) -> None:
    records = []
    for instruction, word, more_fen in news:
        if more_fen:
            records.append((instruction.id, "returned", more_fen, word.reason, operator, sha256))
        paid_fen = instruction.amount_fen - instruction.returned_fen - more_fen
        if paid_fen and instruction.state == "filed":
            records.append((instruction.id, "accepted", paid_fen, word.reason, operator, sha256))
    columns = ("instruction", "what", "amount_fen", "reason", "made_by", "sha256")
    await connection.copy_records_to_table("instruction_event", records=records, columns=columns)
