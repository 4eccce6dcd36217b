"""The proof at the end of the demo: both books say the same, row by row and in sum, and every figure adds up.

Four parties are held against one another, by code that shares nothing with the code that wrote their books:
home book, care book, the answers inside them, and the receipts that the hospitals of the morning hold.
Method: two streams in the order of the ids are walked side by side, in both directions, over every column,
the answer's bytes included; each row's identities are recomputed; both books are summed by pool pair,
insurance, day and outcome; what the home pools owe is what the care regions are to receive; every settlement
lives once or not at all; nothing is pending.

A difference is a sentence without personal data; `Comparison` keeps the first of them and the count of all.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from proto.settlement.v1 import settlement_pb2
from stack import books, standing
from stack.books import AMOUNTS, COLUMNS, FUNDS, Books, Connection, Databases, Row
from stack.identities import answer_faults, id_text, row_faults, zero_sum_faults

SENTENCES_MAX: Final = 50
"""So many differences are kept in words; all are counted."""
_PERSONAL: Final = frozenset({"psn_no", "family_psn_no"})

KIND_SETTLE: Final = 1
KIND_CANCEL: Final = 2
KIND_REVERSE: Final = 3
KIND_REVIVE: Final = 4
STATUS_PAID: Final = 1


@dataclass(slots=True)
class Findings:
    """Sentences about what is wrong, the first of them kept."""

    count: int = 0
    sentences: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Count it, and keep it while there is room."""
        self.count += 1
        if len(self.sentences) < SENTENCES_MAX:
            self.sentences.append(sentence)


@dataclass(slots=True)
class Comparison:
    """What the proof found."""

    rows: int = 0
    paid: int = 0
    """Settlements that paid, undone since or not."""
    cancelled: int = 0
    """Cancels that took a settlement back."""
    reversed: int = 0
    """Reversals that undid a settlement or a cancel in the books."""
    by_hand: int = 0
    """Decisions on what people had paid in full: they stand in a home book only."""
    pending: int = 0
    total_fen: int = 0
    """The bills of both books, refunds taken off."""
    fund_fen: int = 0
    """What the funds of all home pools owe for them."""
    openings: dict[int, standing.Openings] = field(default_factory=dict)
    """By node: what accounts and accumulators began with, reckoned back from the rows."""
    differences: Findings = field(default_factory=Findings)
    imbalances: Findings = field(default_factory=Findings)

    @property
    def books_equal(self) -> bool:
        """Nothing differs between the books, their answers, their sums and the receipts."""
        return not self.differences.count

    @property
    def zero_sum(self) -> bool:
        """Every row and the whole is balanced: bills are exactly what is paid, debits are credits."""
        return not self.imbalances.count


Receipts = Mapping[str, bytes]
"""setl_id → the Outcome, serialised, that a hospital was given."""


async def compare(databases: Databases, receipts: Receipts | None = None) -> Comparison:
    """Compare all books; what the hospitals hold (`receipts`) must stand in them too."""
    found = Comparison()
    missing = dict(receipts or {})
    async with books.opened(databases) as opened:
        for region, gateway in opened.gateways.items():
            for node, home in opened.homes.items():
                await _compare_rows(home, gateway, node=node, region=region, found=found, missing=missing)
                await _compare_sums(home, gateway, node=node, region=region, found=found)
            for fault in await standing.bill_faults(gateway, home=False):
                found.differences.add(f"region {region}: {fault}")
            found.pending += await books.count_rows(gateway, "open")
            await _seek_own(gateway, missing, found)
        for setl_id in missing:
            found.differences.add(f"a hospital holds an answer of {setl_id} that stands in no book")
        await _seek_strangers(opened, found)
        await _compare_owed(opened, found)
        for node, home in opened.homes.items():
            await _check_by_hand(home, node, found)
            await _check_lives(home, node, found)
            found.openings[node] = await standing.read_openings(home)
    return found


def compare_openings(before: Comparison, after: Comparison) -> None:
    """Accounts and accumulators: what `after` reckons them to have begun with is what `before` did."""
    for node, openings in before.openings.items():
        for fault in openings.faults(after.openings[node]):
            after.differences.add(f"node {node}: {fault}")


async def _compare_rows(
    home: Connection,
    gateway: Connection,
    *,
    node: int,
    region: str,
    found: Comparison,
    missing: dict[str, bytes],
) -> None:
    where = f"node {node}, region {region}"
    pairs = _side_by_side(books.home_rows(home, region), books.care_rows(gateway, node))
    before = b""
    async for home_row, care_row in pairs:
        found.rows += 1
        identifier = _key(home_row if home_row is not None else care_row)
        name = f"{where}, {id_text(identifier)}"
        if identifier == before:
            found.differences.add(f"{name}: stands twice")
        before = identifier
        if home_row is None or care_row is None:
            where_missing = "care" if care_row is None else "home"
            found.differences.add(f"{name}: not in the {where_missing} book")
            continue
        for column in COLUMNS:
            if home_row[column] != care_row[column]:
                found.differences.add(f"{name}: {_differs(column, home_row[column], care_row[column])}")
        # each side by itself: two books that err alike are equal and wrong
        for side, one in (("home", home_row), ("care", care_row)):
            for fault in row_faults(one) + answer_faults(one):
                found.differences.add(f"{name}, {side} book: {fault}")
            for fault in zero_sum_faults(one):
                found.imbalances.add(f"{name}, {side} book: {fault}")
        _count(home_row, found)
        _check_receipt(care_row, missing, name, found)


async def _side_by_side(
    home: AsyncIterator[Row], care: AsyncIterator[Row]
) -> AsyncIterator[tuple[Row | None, Row | None]]:
    """Pairs of rows of the same id from two streams in the order of ids; None where one book lacks it.

    An id that stands twice in one book only meets its second row alone.
    """
    left, right = await anext(home, None), await anext(care, None)
    while left is not None or right is not None:
        left_key, right_key = _key(left), _key(right)
        take_left = left is not None and (right is None or left_key <= right_key)
        take_right = right is not None and (left is None or right_key <= left_key)
        yield left if take_left else None, right if take_right else None
        if take_left:
            left = await anext(home, None)
        if take_right:
            right = await anext(care, None)


def _key(row: Row | None) -> bytes:
    if row is None:
        return b""
    identifier = row["id"]
    assert isinstance(identifier, bytes)
    return identifier


def _differs(column: str, home: object, care: object) -> str:
    if column in _PERSONAL:
        return f"{column} differs"
    return f"{column} is {_shown(home)} in the home book, {_shown(care)} in the care book"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:12]}"
    return str(value)


def _count(row: Row, found: Comparison) -> None:
    kind, status = row["kind"], row["status"]
    if kind == KIND_SETTLE and status == STATUS_PAID:
        found.paid += 1
    elif kind == KIND_CANCEL and row["undoes"] is not None:
        found.cancelled += 1
    elif kind in (KIND_REVERSE, KIND_REVIVE) and row["undoes"] is not None:
        found.reversed += 1


def _check_receipt(row: Row, missing: dict[str, bytes], name: str, found: Comparison) -> None:
    held = missing.pop(id_text(row["id"]), None)
    if held is not None and held != _canonical(row["answer"]):
        found.differences.add(f"{name}: the hospital holds another answer than the care book")


async def _seek_own(gateway: Connection, missing: dict[str, bytes], found: Comparison) -> None:
    """What the gateway decided alone (voided ids, visits) stands in `own` and moves no money."""
    async for row in gateway.cursor("SELECT id, answer FROM own", prefetch=books.PREFETCH_ROWS):
        held = missing.pop(id_text(row["id"]), None)
        if held is not None and held != _canonical(row["answer"]):
            found.differences.add(f"{id_text(row['id'])}: the hospital holds another answer than the gateway")


def _canonical(answer: object) -> bytes:
    assert isinstance(answer, bytes)
    return settlement_pb2.Outcome.FromString(answer).SerializeToString(deterministic=True)


async def _compare_sums(
    home: Connection, gateway: Connection, *, node: int, region: str, found: Comparison
) -> None:
    left, right = await books.home_sums(home, region), await books.care_sums(gateway, node)
    for key in sorted(left.keys() | right.keys(), key=str):
        pool_pair = "{} → {}, insurance {}, {}, kind {}, status {}".format(*key)
        if key not in left or key not in right:
            found.differences.add(f"{pool_pair}: summed in one book only (node {node}, region {region})")
            continue
        for name in ("rows", "alive", *AMOUNTS):
            if left[key][name] != right[key][name]:
                sums = f"{left[key][name]} in the home book, {right[key][name]} in the care book"
                found.differences.add(f"{pool_pair}: {name} comes to {sums}")


async def _seek_strangers(opened: Books, found: Comparison) -> None:
    """Rows that no pairing saw: of a region or node that is not here."""
    regions, nodes = list(opened.gateways), list(opened.homes)
    for node, home in opened.homes.items():
        count = await home.fetchval(
            f"SELECT count(*) FROM {books.HOME} WHERE region <> ALL($1::text[])", [*regions, books.BY_HAND]
        )
        if count:
            found.differences.add(f"node {node} holds {count} rows of regions that are not here")
    for region, gateway in opened.gateways.items():
        count = await gateway.fetchval(
            f"SELECT count(*) FROM {books.CARE} WHERE node <> ALL($1::int[])", nodes
        )
        if count:
            found.differences.add(f"region {region} holds {count} rows of nodes that are not here")


async def _check_by_hand(home: Connection, node: int, found: Comparison) -> None:
    """What was paid back by hand stands in one book only: it is held against its own answer and the identities."""
    async for row in books.home_rows(home, books.BY_HAND):
        found.by_hand += 1
        name = f"node {node}, by hand, {id_text(row['id'])}"
        for fault in row_faults(row) + answer_faults(row):
            found.differences.add(f"{name}: {fault}")
        for fault in zero_sum_faults(row):
            found.imbalances.add(f"{name}: {fault}")


async def _compare_owed(opened: Books, found: Comparison) -> None:
    """The whole: what home pools owe by their books is what care pools receive by theirs, to the fen."""
    owed = {
        "total_fen": "total_fen",
        "fund_fen": " + ".join(FUNDS),
        "account_fen": "account_fen + family_fen",
    }
    sums = ", ".join(f"coalesce(sum({what}), 0)::bigint AS {name}" for name, what in owed.items())
    query = f"SELECT {sums} FROM {{}}"
    direct = f"{books.HOME} WHERE region <> '{books.BY_HAND}'"
    debit = [await home.fetchrow(query.format(direct)) for home in opened.homes.values()]
    credit = [await gateway.fetchrow(query.format(books.CARE)) for gateway in opened.gateways.values()]
    for name in owed:
        debits = sum(row[name] for row in debit if row is not None)
        credits = sum(row[name] for row in credit if row is not None)
        if debits != credits:
            found.imbalances.add(f"{name}: home pools are debited {debits}, care pools credited {credits}")
    found.total_fen = sum(row["total_fen"] for row in debit if row is not None)
    found.fund_fen = sum(row["fund_fen"] for row in debit if row is not None)


_LIVES: Final = (
    "SELECT moved.settlement FROM (SELECT settlement, sum(sign) AS alive, "
    + ", ".join(f"sum({name}) AS {name}" for name in AMOUNTS)
    + f" FROM {books.HOME} WHERE sign <> 0 GROUP BY settlement) moved"
    + f" LEFT JOIN {books.HOME} paid ON paid.id = moved.settlement AND paid.kind = 1 AND paid.status = 1"
    + " WHERE paid.id IS NULL OR moved.alive NOT IN (0, 1) OR "
    + " OR ".join(f"moved.{name} <> moved.alive * paid.{name}" for name in AMOUNTS)
)
_BILLS: Final = f"SELECT bill FROM {books.HOME} WHERE sign <> 0 GROUP BY bill HAVING sum(sign) NOT IN (0, 1)"


async def _check_lives(home: Connection, node: int, found: Comparison) -> None:
    """A settlement and all that undid or revived it come to itself or to nothing; a bill is paid at most
    once.
    """
    for fault in await standing.bill_faults(home, home=True):
        found.differences.add(f"node {node}: {fault}")
    for row in await home.fetch(_LIVES):
        found.imbalances.add(
            f"node {node}: what moved of {id_text(row['settlement'])} is neither it nor nothing"
        )
    for row in await home.fetch(_BILLS):
        found.differences.add(f"node {node}: bill {id_text(row['bill'])} is not paid once or not at all")
