"""The care book in memory: the port of `gateway.care_book` with the meaning of `gateway/sql`, and with faults.

`FakeCareDatabase` is what survives a crash and is shared by the slots of a region; a `FakeCareBook` is one process's hold
on it. One suite (tests/integration/test_care_book_contract.py) proves it equal to PostgreSQL. Besides what the real one
does by itself:

- `checkpoint` is awaited with a name before and after each effect (`care.claim`, `care.claim.done`): raise there to crash
  the process at that very step. Between them the effect is made whole or not at all, as a COPY is;
- `database.up = False` makes every call raise CareBookUnavailable, with nothing done;
- `database.lose_acknowledgement("claim")` lets the next W1 be written and raise all the same (`"book"`: the next W3);
- a book that connects ends the session of its namesake: what that one has under way fails, with nothing written.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from gateway.care_book import (
    VISIT_CANCELLED,
    VISIT_CLOSED,
    VISIT_OPEN,
    BillLines,
    BookedAlready,
    CareBookUnavailable,
    Claim,
    ClaimConflict,
    Decided,
    Known,
    OpenItem,
    RequestRow,
    RowRefused,
    Sought,
    Visit,
)
from gateway.fees.changes import Place, Sum, lines_digest, sums_of
from ledger.rows import Row
from tests.simulation.fake_log import Checkpoint, no_checkpoint
from tests.simulation.row_rules import broken_rule

NEEDED = tuple(
    name
    for name in RequestRow._fields[: RequestRow._fields.index("opens_visit") + 1]
    if name not in ("visit", "visit_version", "item", "own_answer")
)
"""NOT NULL columns of a request."""
BOUND = RequestRow._fields[RequestRow._fields.index("home_pool") : RequestRow._fields.index("end_day")]
"""Columns of a request that a visit is made from, when it is opened or bound anew."""
FACTS = ("med_type", "dise_codg", "matn_type", "emergency", "injury", "third_party")
"""Columns that a step of a visit changes where it names them."""
REOPENED = 4
UPDATED = 5


SMALLINT_MAX = 32_767


@dataclass(frozen=True)
class Open:
    """A claimed id without outcome."""

    day: date
    slot: int
    visit: bytes | None
    since_ms: int
    exclusive: bool


@dataclass(frozen=True)
class Bill:
    """What the booked rows say of one bill."""

    alive: int = 0
    unsealed: int = 0
    last_number: int = 0
    last_id: bytes = b""
    line_keys: tuple[int, ...] = ()
    partition: tuple[int, int] = (0, 0)
    """Node and partition of last_number."""
    days: tuple[date | None, date | None] = (None, None)


class FeeBill(NamedTuple):
    """Which uploaded lines a settlement pays."""

    visit: bytes
    bill: bytes
    batch: str | None
    begin_day: date
    end_day: date
    lines: int
    lines_digest: bytes


@dataclass
class Tables:
    """Everything that is stored; a write works on a copy and takes its place whole."""

    claims: dict[bytes, Claim] = field(default_factory=dict)
    fates: dict[bytes, int] = field(default_factory=dict)
    visits: dict[bytes, Visit] = field(default_factory=dict)
    opens: dict[bytes, Open] = field(default_factory=dict)
    own: dict[bytes, bytes] = field(default_factory=dict)
    requests: dict[bytes, RequestRow] = field(default_factory=dict)
    bills: dict[tuple[bytes, bytes], Bill] = field(default_factory=dict)
    care: dict[tuple[bytes, date], Row] = field(default_factory=dict)
    end_days: dict[bytes, date | None] = field(default_factory=dict)
    """Of visits that are closed."""
    fee_bills: dict[bytes, FeeBill] = field(default_factory=dict)
    fee_sums: dict[bytes, dict[Place, Sum]] = field(default_factory=dict)
    """By visit; fee calls are PostgreSQL's alone, so a test puts here what was uploaded."""

    signed_in: dict[bytes, str] = field(default_factory=dict)
    """Sign-ins that hold, with their institution; PostgreSQL's alone writes them, so a test puts them here."""

    def copy(self) -> "Tables":
        return Tables(**{name: dict(getattr(self, name)) for name in self.__dataclass_fields__})


class FakeCareDatabase:
    """The region's database; lives longer than any process."""

    def __init__(self) -> None:
        self.up = True
        self.tables = Tables()
        self.sessions: dict[str, object] = {}
        """By slot and use: the session that is the live one; a newer one ends it."""
        self._lost: Counter[str] = Counter()

    def lose_acknowledgement(self, of: str, *, times: int = 1) -> None:
        """The next writes of this kind (`claim` is W1, `book` is W3) are made, and raise CareBookUnavailable."""
        assert of in ("claim", "book")
        self._lost[of] += times

    def acknowledges(self, of: str) -> bool:
        """Whether a write that was made is acknowledged; one call counts as one write."""
        if self._lost[of] > 0:
            self._lost[of] -= 1
            return False
        return True

    @property
    def open_ids(self) -> set[bytes]:
        """What is claimed and not final."""
        return set(self.tables.opens)

    @property
    def care_rows(self) -> list[Row]:
        """What is booked, by partition and number: for comparing the books."""
        return sorted(self.tables.care.values(), key=lambda row: (row.node, row.partition, row.number))


class FakeCareBook:
    """See `gateway.care_book.CareBook`."""

    def __init__(
        self, database: FakeCareDatabase, *, slot: int = 0, checkpoint: Checkpoint = no_checkpoint
    ) -> None:
        self._database = database
        self._slot = slot
        self._checkpoint = checkpoint
        self._sessions: dict[str, object] = {}

    @asynccontextmanager
    async def _using(self, use: str, name: str) -> AsyncIterator[Tables]:
        """One statement of a session; the block does not wait, so that its effect is whole."""
        session = self._connected(use)
        await self._checkpoint(f"care.{name}")
        await asyncio.sleep(0)
        if not self._database.up or self._database.sessions.get(f"{self._slot} {use}") is not session:
            self._sessions.pop(use, None)
            raise CareBookUnavailable
        yield self._database.tables
        await self._checkpoint(f"care.{name}.done")

    def _connected(self, use: str) -> object:
        if not self._database.up:
            self._sessions.pop(use, None)
            raise CareBookUnavailable
        if use not in self._sessions:
            self._sessions[use] = self._database.sessions[f"{self._slot} {use}"] = object()
        return self._sessions[use]

    async def take_over(self) -> list[OpenItem]:
        """See CareBook."""
        for use in ("claims", "booking", "queries"):
            self._sessions.pop(use, None)
            self._connected(use)
        async with self._using("claims", "take_over") as tables:
            return _open_items(tables, [id_ for id_, one in tables.opens.items() if one.slot == self._slot])

    async def make_leaves(self) -> None:
        """There is always a leaf."""
        async with self._using("queries", "make_leaves"):
            pass

    async def read(self, sought: Sequence[Sought]) -> Known:
        """See CareBook."""
        async with self._using("claims", "read") as tables:
            ids = {id_ for one in sought for id_ in one.ids}
            claims = {id_: tables.claims[id_] for id_ in ids if id_ in tables.claims}
            wanted = {one.visit for one in sought} | {claim.visit for claim in claims.values()}
            aliases = {one.alias for one in sought} - {None}
            found = [
                _as_it_stands(tables, visit)
                for visit in tables.visits.values()
                if visit.id in wanted or visit.alias in aliases
            ]
            return Known(
                claims,
                {visit.id: visit for visit in found},
                {visit.alias: visit for visit in found if visit.alias},
            )

    async def finals(self, claims: dict[bytes, Claim]) -> dict[bytes, Decided]:
        """See CareBook."""
        async with self._using("queries", "finals") as tables:
            finals = {id_: Decided(tables.own[id_], None, True, None) for id_ in claims if id_ in tables.own}
            for (id_, _), row in tables.care.items():
                if id_ in claims and id_ not in finals and id_ not in tables.opens:
                    finals[id_] = Decided(row.answer, row.digest, False, row)
            return finals

    async def open_items(self, ids: Sequence[bytes]) -> list[OpenItem]:
        """See CareBook."""
        async with self._using("queries", "open_items") as tables:
            return _open_items(tables, [id_ for id_ in dict.fromkeys(ids) if id_ in tables.opens])

    async def stale_items(self, *, since_before_ms: int, limit: int) -> list[OpenItem]:
        """See CareBook."""
        async with self._using("queries", "stale_items") as tables:
            stale = [id_ for id_, one in tables.opens.items() if one.since_ms < since_before_ms]
            return _open_items(tables, stale)[:limit]

    async def lines_in_live_bills(self, wanted: Sequence[BillLines]) -> set[tuple[bytes, bytes]]:
        """See CareBook."""
        async with self._using("claims", "lines_in_live_bills") as tables:
            return {
                (one.visit, one.bill)
                for one in wanted
                for (visit, bill), booked in tables.bills.items()
                if visit == one.visit
                and bill != one.bill
                and booked.alive > 0
                and set(one.line_keys) & set(booked.line_keys)
            } | {(one.visit, one.bill) for one in wanted if _has_changed(tables, one.settlement)}

    async def fee_sums(self, visits: Sequence[bytes]) -> dict[bytes, dict[Place, Sum]]:
        """See CareBook."""
        async with self._using("claims", "fee_sums") as tables:
            return {visit: dict(tables.fee_sums[visit]) for visit in visits if tables.fee_sums.get(visit)}

    async def bills_of(self, visit: bytes) -> dict[bytes, Claim]:
        """See CareBook."""
        async with self._using("queries", "bills_of") as tables:
            bills = [bill for (of, _), bill in tables.bills.items() if of == visit]
            bills.sort(key=lambda bill: bill.last_number)
            return {
                bill.last_id: tables.claims[bill.last_id] for bill in bills if bill.last_id in tables.claims
            }

    async def signed_in(self, ids: Sequence[bytes]) -> dict[bytes, str]:
        """See CareBook."""
        async with self._using("queries", "signed_in") as tables:
            return {id_: tables.signed_in[id_] for id_ in ids if id_ in tables.signed_in}

    async def claim(self, rows: Sequence[RequestRow]) -> None:
        """See CareBook."""
        async with self._using("claims", "claim"):
            self._write("claim", rows, _claim)
        self._acknowledge("claim", "claims")

    async def book(self, rows: Sequence[Row]) -> None:
        """See CareBook."""
        async with self._using("booking", "book"):
            self._write("book", rows, _book)
        self._acknowledge("book", "booking")

    async def booked(self, rows: Sequence[Row]) -> dict[bytes, bytes]:
        """See CareBook."""
        async with self._using("booking", "booked") as tables:
            days = {row.day for row in rows}
            ids = {row.id for row in rows}
            answers = {
                id_: row.answer for (id_, day), row in tables.care.items() if id_ in ids and day in days
            }
            for id_ in answers:
                tables.opens.pop(id_, None)
            return answers

    def _write(self, of: str, rows: Sequence[Any], effect: Any) -> None:
        assert rows, f"nothing to {of}"
        tables = self._database.tables.copy()
        effect(tables, rows)
        self._database.tables = tables

    def _acknowledge(self, of: str, use: str) -> None:
        if not self._database.acknowledges(of):
            self._sessions.pop(use, None)
            raise CareBookUnavailable


def _open_items(tables: Tables, ids: Sequence[bytes]) -> list[OpenItem]:
    items = []
    for id_ in sorted(ids, key=lambda id_: tables.opens[id_].since_ms):
        request, one = tables.requests[id_], tables.opens[id_]
        assert request.item is not None
        items.append(
            OpenItem(id_, request.kind, request.digest, request.node, request.partition, request.deadline_ms,
                     one.since_ms, one.slot, request.item)
        )  # fmt: skip
    return items


def _as_it_stands(tables: Tables, visit: Visit) -> Visit:
    busy = [id_ for id_, one in tables.opens.items() if one.visit == visit.id and one.exclusive]
    bills = {bill: booked for (of, bill), booked in sorted(tables.bills.items()) if of == visit.id}
    live = {bill: booked for bill, booked in bills.items() if booked.alive > 0}
    return visit._replace(
        busy=busy[0] if busy else None,
        live_bills=tuple(live),
        unsealed=sum(booked.unsealed for booked in bills.values()),
        live_days=tuple(booked.days for booked in live.values()),
        fee_lines=sum(one.lines for one in tables.fee_sums.get(visit.id, {}).values()),
    )


def _has_changed(tables: Tables, settlement: bytes | None) -> bool:
    paid = tables.fee_bills.get(settlement or b"")
    if paid is None:
        return False
    held = sums_of(tables.fee_sums.get(paid.visit, {}), paid.batch, paid.begin_day, paid.end_day)
    return lines_digest(held) != paid.lines_digest


def _claim(tables: Tables, rows: Sequence[RequestRow]) -> None:
    """COPY's own checks in the order of the ids, then what the trigger does."""
    for row in sorted(rows, key=lambda row: row.id):
        missing = [name for name in NEEDED if getattr(row, name) is None]
        if missing or (row.item is None) == (row.own_answer is None) or row.day != rows[0].day:
            raise RowRefused(rows.index(row))
    for row in rows:
        if len(row.digest) != 32:
            raise RowRefused(None)
        if row.id in tables.claims:
            raise ClaimConflict
        tables.requests[row.id] = row
        tables.claims[row.id] = Claim(
            row.digest, row.day, row.kind, row.node, row.partition, row.psn_no, row.visit, None
        )
        tables.fates[row.id] = 0
        if row.own_answer is not None:
            tables.own[row.id] = row.own_answer
    _change_visits(tables, rows)
    for row in rows:
        if row.item is None:
            continue
        if row.exclusive and row.visit is not None and _busy(tables, row.visit):
            raise ClaimConflict
        tables.opens[row.id] = Open(row.day, row.slot, row.visit, row.since_ms, row.exclusive)
    for row in rows:
        if row.lines_digest is not None:
            if None in (row.visit, row.bill, row.fee_begin, row.fee_end, row.fee_lines):
                raise RowRefused(None)
            named = (row.visit, row.bill, row.fee_batch, row.fee_begin, row.fee_end, row.fee_lines)
            tables.fee_bills[row.id] = FeeBill._make((*named, row.lines_digest))


def _busy(tables: Tables, visit: bytes) -> bool:
    return any(one.visit == visit and one.exclusive for one in tables.opens.values())


def _change_visits(tables: Tables, rows: Sequence[RequestRow]) -> None:
    for row in rows:
        if row.opens_visit:
            _insert_visit(tables, row)
    guarded = [row for row in rows if row.visit_version is not None]
    for visit in {row.visit for row in guarded}:
        versions = [row.visit_version for row in guarded if row.visit == visit]
        stands = tables.visits.get(visit or b"")
        if stands is None or versions != [stands.version]:
            raise ClaimConflict
        tables.visits[stands.id] = stands._replace(version=stands.version + 1)
    for row in rows:
        if row.new_state is None or row.visit not in tables.visits:
            continue
        stands = tables.visits[row.visit]
        if row.new_state == VISIT_CANCELLED:
            tables.visits[stands.id] = stands._replace(state=VISIT_CANCELLED, cancelled_by=row.id)
        elif row.new_state == VISIT_OPEN:
            bound = {name: getattr(row, name) for name in BOUND if name != "care_pool"}
            if None in bound.values():
                raise RowRefused(None)
            tables.visits[stands.id] = stands._replace(
                state=VISIT_OPEN, cancelled_by=None, reopened=False, psn_no=row.psn_no, node=row.node,
                partition=row.partition, **bound,
            )  # fmt: skip
        else:
            _step_visit(tables, row, stands)


def _step_visit(tables: Tables, row: RequestRow, stands: Visit) -> None:
    """Closed, open again, or open with other facts; what is None stays as it is."""
    assert row.new_state in (VISIT_CLOSED, REOPENED, UPDATED), row.new_state
    named = {name: getattr(row, name) for name in FACTS if getattr(row, name) is not None}
    state = VISIT_CLOSED if row.new_state == VISIT_CLOSED else VISIT_OPEN
    tables.visits[stands.id] = stands._replace(state=state, **named)
    if row.new_state != UPDATED:
        tables.visits[stands.id] = tables.visits[stands.id]._replace(reopened=row.new_state == REOPENED)
        tables.end_days[stands.id] = row.end_day if row.new_state == VISIT_CLOSED else None


def _insert_visit(tables: Tables, row: RequestRow) -> None:
    bound = {name: getattr(row, name) for name in BOUND}
    if row.visit is None or len(row.visit) != 16 or row.serial is None or None in bound.values():
        raise RowRefused(None)
    aliases = {visit.alias for visit in tables.visits.values()} - {None}
    if row.visit in tables.visits or row.alias in aliases:
        raise ClaimConflict
    tables.visits[row.visit] = Visit(
        id=row.visit, alias=row.alias, fixmedins_code=row.fixmedins_code, serial=row.serial, psn_no=row.psn_no,
        node=row.node, partition=row.partition, state=VISIT_OPEN, cancelled_by=None, version=1, busy=None,
        live_bills=(), unsealed=0, **bound,
    )  # fmt: skip


def _book(tables: Tables, rows: Sequence[Row]) -> None:
    """COPY's own checks in the order of the ids, then what the trigger does."""
    ordered = sorted(rows, key=lambda row: row.id)
    for row in ordered:
        if max(abs(row.node), abs(row.partition)) > SMALLINT_MAX:  # it never leaves the client
            raise RowRefused(rows.index(row))
    for row in ordered:
        if broken_rule(row) is not None or row.day != ordered[0].day:
            raise RowRefused(rows.index(row))
    for row in ordered:
        if (row.id, row.day) in tables.care:
            raise BookedAlready
        tables.care[(row.id, row.day)] = row
        tables.opens.pop(row.id, None)
    for row in ordered:
        if row.settlement is not None:
            if row.visit is None or row.bill is None:
                raise RowRefused(None)
            _move_bill(tables, row, row.visit, row.bill, row.settlement)
    for row in ordered:
        if row.undoes is not None:
            assert row.settlement is not None
            _undo(tables, row.settlement, row.number, row.id if row.sign == -1 else None)
            if row.kind == 4:
                _undo(tables, row.undoes, row.number, row.id)


def _move_bill(tables: Tables, row: Row, visit: bytes, bill: bytes, settlement: bytes) -> None:
    partition = (row.node, row.partition)
    stands = tables.bills.get((visit, bill), Bill(last_id=settlement, partition=partition))
    moved = replace(
        stands,
        alive=stands.alive + row.sign,
        unsealed=stands.unsealed + (row.kind == 1) - row.seals,
    )
    if row.sign == 1 and (row.number > stands.last_number or partition != stands.partition):
        moved = replace(
            moved, last_number=row.number, last_id=settlement, line_keys=tuple(row.line_keys or ()),
            partition=partition, days=(row.begin_day, row.end_day),
        )  # fmt: skip
    tables.bills[(visit, bill)] = moved


def _undo(tables: Tables, id_: bytes, number: int, undone_by: bytes | None) -> None:
    if id_ in tables.claims and tables.fates[id_] < number:
        tables.claims[id_] = tables.claims[id_]._replace(undone_by=undone_by)
        tables.fates[id_] = number
