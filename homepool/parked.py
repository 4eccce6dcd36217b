"""Parked items: what could not be decided, was answered DECLINED INTERNAL, and waits for people to look at it.

An outcome is final: nothing here changes it. `released` notes who has looked; `tried` decides the item anew on what
the book holds now, and writes nothing.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from google.protobuf.message import DecodeError

from homepool.book import Poison
from homepool.book_failures import failures
from homepool.decide import Flush, Policies, Settle, decide
from homepool.gather import PeopleCache, gather
from homepool.postgres_book import PostgresBook
from homepool.written_rows import COPY_COLUMNS, copy_bytes
from ledger.life import Id, Kind, Status
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2
from runtime.errors import IdMalformed
from runtime.keys import message_name, setl_id_bytes
from runtime.operators import NotAnswered, masked
from runtime.postgres import Connection

AMOUNTS: Final = ("total_fen", "fund_sum_fen", "account_fen", "family_fen", "cash_fen", "hospital_fen")
_KINDS: Final = {int(kind): kind.name for kind in Kind}
_COLUMNS: Final = "id, partition, why, parked_at, released_by, released_at, note"


@dataclass(frozen=True, slots=True)
class ParkedItem:
    """One line of the list."""

    id: Id
    partition: int
    why: str  # a constraint or an exception's class
    parked_at: datetime
    released_by: str | None
    released_at: datetime | None
    note: str | None

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "setl_id": message_name(self.id),
            "partition": self.partition,
            "why": self.why,
            "parked_at": self.parked_at.isoformat(),
            "released_by": self.released_by,
            "released_at": self.released_at.isoformat() if self.released_at else None,
            "note": self.note,
        }


async def parked_items(
    connection: Connection, *, items_max: int, released_too: bool = False
) -> list[ParkedItem]:
    """The oldest first; those that were looked at only where asked for."""
    records = await connection.fetch(
        f"SELECT {_COLUMNS} FROM parked WHERE $2 OR released_at IS NULL ORDER BY parked_at, id LIMIT $1",
        items_max,
        released_too,
    )
    return [ParkedItem(*record) for record in records]


async def parked_item(
    connection: Connection, setl_id: str
) -> tuple[ParkedItem, messages_pb2.Item, Row | None]:
    """An item as it is parked, what was asked, and the decision that answered it. Raises NotAnswered."""
    wanted = _id_of(setl_id)
    record = await connection.fetchrow(f"SELECT {_COLUMNS}, item FROM parked WHERE id = $1", wanted)
    if record is None:
        raise NotAnswered(
            f"No item {setl_id} is parked here; `parked list --all` shows what is. Other nodes have books of their own."
        )
    try:
        item = messages_pb2.Item.FromString(record["item"])
    except DecodeError:
        raise NotAnswered(
            f"The stored item {setl_id} cannot be read; its bytes are in the table `parked`."
        ) from None
    stored = (await PostgresBook(connection).rows([wanted])).get(wanted)
    return ParkedItem(*record[:-1]), item, stored.row if stored else None


async def released(connection: Connection, setl_id: str, *, by: str, note: str) -> ParkedItem:
    """Note that somebody has looked at it. Raises NotAnswered, also where somebody already has."""
    before, _, _ = await parked_item(connection, setl_id)
    record = await connection.fetchrow(
        "UPDATE parked SET released_by = $2, released_at = now(), note = nullif($3, '')"
        f" WHERE id = $1 AND released_at IS NULL RETURNING {_COLUMNS}",
        before.id, by, note,
    )  # fmt: skip
    if record is None:
        raise NotAnswered(f"{before.released_by or 'Somebody'} has looked at {setl_id} before you.")
    return ParkedItem(*record)


def item_facts(item: messages_pb2.Item) -> dict[str, Any]:
    """What may be shown of an item: no personal data but the masked number of the person."""
    facts = item.facts
    said: dict[str, Any] = {
        "kind": _KINDS.get(int(item.kind), f"kind {item.kind}"),
        "infno": item.infno,
        "region": item.region,
        "fixmedins_code": item.fixmedins_code,
        "psn_no": masked(item.psn_no),
        "home_pool": item.home_pool,
        "care_pool": item.care_pool,
    }
    if item.target:
        said["target"] = message_name(item.target)
    if item.HasField("facts"):
        for name in ("insutype", "med_type", "care_date", "begin_date", "end_date", "hosp_lv", "clr_type"):
            said[name] = getattr(facts, name)
        for name in ("total_fen", "full_self_fen", "over_limit_fen", "first_pay_fen", "in_scope_fen"):
            said[name] = getattr(facts, name)
    return said


@dataclass(frozen=True, slots=True)
class Tried:
    """What an item would be now. `guard` is the rule of the book that its row would break, `error` the class of what
    deciding it raises: either parks it again.
    """

    status: str
    code: str
    amounts_fen: dict[str, int]
    guard: str = ""
    error: str = ""

    @property
    def parked_again(self) -> bool:
        """Whether it would fare no better."""
        return bool(self.guard or self.error)


async def tried(
    connection: Connection, item: messages_pb2.Item, *, partition: int, node: int, now_ms: int,
    policies: Policies, settle: Settle,
) -> Tried:  # fmt: skip
    """Decide an item as if it came now for the first time, its deadline left out of account; nothing is written.

    Use on a transaction that will be rolled back or is of no consequence: a temporary table takes the rows, so that the
    book's own rules for a row are asked. Balances are not drawn on.
    """
    anew = messages_pb2.Item()
    anew.CopyFrom(item)
    anew.deadline_ms = 0
    book = PostgresBook(connection)
    cursor = await book.cursor(partition)
    snapshot = await gather(book, [anew], partition=partition, people=PeopleCache())
    snapshot.rows.pop(anew.id, None)
    snapshot.lives.fates.pop(anew.id, None)
    flush = decide(
        [anew], snapshot, node=node, cursor=cursor, now_ms=now_ms, policies=policies, settle=settle
    )
    row = next((row for _, row in flush.answers if row.id == anew.id), None)
    error = type(flush.errors[0]).__name__ if flush.errors else ""
    if row is None:
        return Tried("", "", {}, error=error or "no answer")
    guard = await _broken_guard(connection, flush, cursor.version)
    amounts = {name: getattr(row, name) for name in AMOUNTS} if row.sign else {}
    return Tried(Status(row.status).name, row.code, amounts, guard, error)


async def _broken_guard(connection: Connection, flush: Flush, version: int) -> str:
    """The rule that a row of the flush breaks, empty where it breaks none."""
    async with _undone(connection):
        await connection.execute(
            "CREATE TEMP TABLE tried_rows (LIKE decision INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        try:
            with failures():
                source: Any = copy_bytes(flush.rows, version)  # a buffer is taken as it is
                await connection.copy_to_table(
                    "tried_rows", source=source, columns=COPY_COLUMNS, format="binary"
                )
        except Poison as poison:
            return poison.guard
    return ""


@contextlib.asynccontextmanager
async def _undone(connection: Connection) -> AsyncIterator[None]:
    """A savepoint that is always rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


def _id_of(setl_id: str) -> Id:
    try:
        return setl_id_bytes(setl_id)
    except IdMalformed:
        pass
    try:
        return bytes.fromhex(setl_id)  # the list shows hex where an item came without an id as it should be
    except ValueError:
        raise NotAnswered(
            f"{setl_id!r} is no setl_id: 26 characters of A to Z and 2 to 7, as `parked list` shows it."
        ) from None
