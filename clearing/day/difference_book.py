"""Differences as they are kept: listed, resolved by the actions of their class, and never erased.

A resolution is proposed by one person and, where money moves on his word, approved by another; its money enters the next
run, of whatever day. One that was wrong is undone by a second entry: what has entered a run comes back negative in a
later one, what has not never enters.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from clearing.books import Book
from clearing.day.actions import (
    NEEDS_CHECKER,
    RULES,
    Action,
    adds_up,
    adopted,
    agreed,
    counts_on,
    negated,
    still_told,
)  # fmt: skip
from clearing.day.compare import DifferenceClass
from clearing.errors import InsuranceUnknown, NotAllowed, NotFound
from clearing.operator_log import note
from clearing.scheme import load_scheme
from runtime.postgres import Connection

LISTED_MAX: Final = 10_000
STATES: Final = ("open", "proposed", "disputed", "resolved")


class Kept(NamedTuple):
    """A difference as it is kept, and how it stands."""

    id: int
    day: date
    batch: int
    node: str
    region: str
    kind: DifferenceClass
    setl_id: str
    fixmedins_code: str
    home: list[dict[str, Any]]
    care: list[dict[str, Any]]
    institution: list[dict[str, Any]] | None
    differs: tuple[str, ...]
    stake_fen: int
    state: str
    resolution: int | None

    def as_json(self, today: date) -> dict[str, Any]:
        """All of it, with age in days, owner, next action and what may be done."""
        rule = RULES[self.kind]
        return self._asdict() | {
            "day": self.day.isoformat(), "kind": str(self.kind), "age_days": (today - self.day).days,
            "owner": rule.owner, "next_action": rule.next_action if self.state == "open" else "",
            "actions": sorted(rule.actions),
        }  # fmt: skip


class Filter(NamedTuple):
    """Which differences; None and '' leave open."""

    day: date | None = None
    kind: str = ""
    institution: str = ""
    older_than: date | None = None
    states: Sequence[str] = ("open", "proposed", "disputed")


_CHANGED: Final = (
    "The book that is adopted tells otherwise than when the books were compared: refuse what waits for a second person,"
    " and requery."
)
_COLUMNS: Final = (
    "id, day, batch, node, region, class, setl_id, fixmedins_code, home, care, institution, differs, stake_fen, state,"
    " resolution"
)


async def listed(connection: Connection, wanted: Filter) -> list[Kept]:
    """The differences that pass, the largest stake first."""
    records = await connection.fetch(
        f"SELECT {_COLUMNS} FROM difference_state WHERE state = any($1) AND ($2::date IS NULL OR day = $2)"
        " AND ($3 = '' OR class = $3) AND ($4 = '' OR fixmedins_code = $4) AND ($5::date IS NULL OR day <= $5)"
        f" ORDER BY stake_fen DESC, id LIMIT {LISTED_MAX}",
        list(wanted.states), wanted.day, wanted.kind, wanted.institution, wanted.older_than,
    )  # fmt: skip
    return [_kept(record) for record in records]


async def difference(connection: Connection, number: int) -> Kept:
    """One difference. Raises NotFound."""
    record = await connection.fetchrow(f"SELECT {_COLUMNS} FROM difference_state WHERE id = $1", number)
    if record is None:
        raise NotFound(f"There is no difference {number}; `python -m clearing differences` lists them.")
    return _kept(record)


async def propose(
    connection: Connection, number: int, action: Action, *, operator: str, reason: str, books: Sequence[Book]
) -> int:
    """Take an action; the number of the resolution. Raises NotFound, NotAllowed, InsuranceUnknown, the books' faults."""
    one = await _open(connection, number, action)
    money = await _money(one, action, books)  # before anything is locked: a book may take its time
    if not adds_up(money):
        raise NotAllowed(
            "That row is not what its payers pay: somebody changed it, and it cannot be adopted."
        )
    _must_be_known(money)
    async with connection.transaction():
        # one at a time over an item, in whichever differences it stands; a run that finds a shift takes the same
        await connection.execute("SELECT items_taken(ARRAY[$1])", one.setl_id)
        await _open(connection, number, action)
        if money and (before := await connection.fetchval("SELECT brought_in_by($1)", one.setl_id)):
            raise NotAllowed(
                f"Resolution {before} brings {one.setl_id} in already, and an id is paid once: undo that one first."
            )
        resolution: int = await connection.fetchval(
            "INSERT INTO resolution (difference, action, note, made_by, needs_checker, money)"
            " VALUES ($1, $2, $3, $4, $5, $6::jsonb) RETURNING id",
            number, action, reason, operator, action in NEEDS_CHECKER and one.institution is None,
            json.dumps(money),
        )  # fmt: skip
        await note(
            connection, operator, f"resolve {action}", f"difference {number}", {"resolution": resolution}
        )
        return resolution


async def _open(connection: Connection, number: int, action: Action) -> Kept:
    """A difference that this action may settle now. Raises NotFound, NotAllowed."""
    one = await difference(connection, number)
    if action not in RULES[one.kind].actions:
        allowed = ", ".join(sorted(RULES[one.kind].actions))
        raise NotAllowed(f"A difference of class {one.kind} is not settled by {action}; by {allowed}.")
    if one.state in ("proposed", "resolved"):
        raise NotAllowed(f"Difference {number} is {one.state} already, by resolution {one.resolution}.")
    return one


async def waits(connection: Connection, resolution: int) -> bool:
    """Whether a resolution waits for a second person: over what an institution's file alone says none does."""
    return bool(
        await connection.fetchval(
            "SELECT needs_checker AND checked_by IS NULL FROM resolution WHERE id = $1", resolution
        )
    )


async def check(
    connection: Connection, resolution: int, *, operator: str, books: Sequence[Book], refuse: bool = False
) -> None:
    """The second person's word; what is adopted must still stand in its book. Raises as `propose` does."""
    if not refuse:
        await _must_stand(connection, resolution, books)
    async with connection.transaction():
        record = await connection.fetchrow(
            "SELECT difference, action, made_by, needs_checker, checked_by, money FROM resolution"
            " WHERE id = $1 FOR UPDATE",
            resolution,
        )
        if record is None:
            raise NotFound(f"There is no resolution {resolution}.")
        if not record["needs_checker"] or record["checked_by"] is not None:
            raise NotAllowed(f"Resolution {resolution} does not wait for anybody.")
        if record["made_by"] == operator:
            raise NotAllowed(f"{operator} made resolution {resolution}; another person has to look at it.")
        if not refuse and record["action"] != "undo":
            _must_be_known(json.loads(record["money"]))  # the scheme may be another one by now
        await connection.execute(
            "UPDATE resolution SET checked_by = $2, checked_at = now(), refused = $3 WHERE id = $1",
            resolution, operator, refuse,
        )  # fmt: skip
        word = "refuse" if refuse else "approve"
        await note(
            connection, operator, word, f"resolution {resolution}", {"difference": record["difference"]}
        )


async def undo(connection: Connection, resolution: int, *, operator: str, reason: str) -> tuple[int, bool]:
    """A second entry that takes a resolution back; another person approves it where money has moved by it.

    Gives its number, and whether it waits for that. Raises NotFound, NotAllowed.
    """
    async with connection.transaction():
        record = await connection.fetchrow(
            "SELECT r.*, EXISTS (SELECT FROM resolution_standing s WHERE s.id = r.id) AS stands"
            " FROM resolution r WHERE r.id = $1 FOR UPDATE OF r",
            resolution,
        )
        if record is None:
            raise NotFound(f"There is no resolution {resolution}.")
        if not record["stands"] or record["action"] == "undo":
            raise NotAllowed(f"Resolution {resolution} does not stand, so there is nothing to take back.")
        money = json.loads(record["money"])
        try:
            number: int = await connection.fetchval(
                "INSERT INTO resolution (difference, action, note, made_by, needs_checker, undoes, money)"
                " VALUES ($1, 'undo', $2, $3, $4, $5, $6::jsonb) RETURNING id",
                record["difference"], reason, operator, bool(money), resolution, json.dumps(negated(money)),
            )  # fmt: skip
        except asyncpg.UniqueViolationError:
            raise NotAllowed(f"Resolution {resolution} is taken back already.") from None
        await note(connection, operator, "undo", f"resolution {resolution}", {"by": number})
        return number, bool(money)


async def _money(one: Kept, action: Action, books: Sequence[Book]) -> list[dict[str, Any]]:
    if one.institution is not None:
        return []  # the books agree over it, and it is paid: only the institution does not know
    if action in NEEDS_CHECKER:
        if counts_on(one.home, one.care) != one.day.isoformat():
            return []  # it counts on the other day, and is paid or differs there
        return adopted(await _adoptable(one, action, books))
    if action not in (Action.REQUERY, Action.FETCH_AGAIN):
        return []
    node = _book(books, "home", one.node)
    region = _book(books, "care", one.region)
    if action is Action.FETCH_AGAIN:
        await region.fetch(one.day, [one.setl_id], peer=one.node)
    home = await node.with_ids([one.setl_id], peer=one.region)
    money = agreed(home, await region.with_ids([one.setl_id], peer=one.node))
    if money is None:
        raise NotAllowed("The two books still differ over it, so asking again settles nothing.")
    return money if home[0].day == one.day else []  # else it counts on the other day


async def _must_stand(connection: Connection, resolution: int, books: Sequence[Book]) -> None:
    """What a resolution brings in on somebody's word is what its book tells today. Raises as `_adoptable` does."""
    record = await connection.fetchrow(
        "SELECT difference, action, money FROM resolution WHERE id = $1 AND needs_checker AND checked_by IS NULL"
        " AND action <> 'undo' AND money <> '[]'",
        resolution,
    )
    if record is None:
        return
    one = await difference(connection, record["difference"])
    rows = await _adoptable(one, Action(record["action"]), books)
    if json.loads(record["money"]) not in [adopted([row]) for row in rows]:
        raise NotAllowed(_CHANGED)


async def _adoptable(one: Kept, action: Action, books: Sequence[Book]) -> list[Mapping[str, Any]]:
    """The adopted side's rows that its book tells today as they are kept; none where it had and has none.

    Raises NotFound, NotAllowed, BookUnreachable, BookRefused.
    """
    if action is Action.ADOPT_CARE:
        kept, book, peer = one.care, _book(books, "care", one.region), one.node
    else:
        kept, book, peer = one.home, _book(books, "home", one.node), one.region
    now = await book.with_ids([one.setl_id], peer=peer)
    rows = still_told(kept, now)
    if (kept or now) and not rows:
        raise NotAllowed(_CHANGED)
    return rows


def _must_be_known(money: Sequence[Mapping[str, Any]]) -> None:
    unknown = {row["insutype"] for row in money} - load_scheme().insutypes
    if unknown:
        raise InsuranceUnknown(
            f"scheme.toml does not know insurance {', '.join(sorted(unknown))}, so nobody could say whose money it is:"
            " every run that it enters would break. Add the insurance there, or dispute the difference."
        )


def _book(books: Sequence[Book], side: str, name: str) -> Book:
    for book in books:
        if (book.at.side, book.at.name) == (side, name):
            return book
    raise NotFound(f"DSGW_BOOKS does not name the book of {'node' if side == 'home' else 'region'} {name}.")


def _kept(record: asyncpg.Record) -> Kept:
    values = dict(record)
    for name in ("home", "care", "institution"):
        values[name] = None if values[name] is None else json.loads(values[name])
    values["kind"] = DifferenceClass(values.pop("class"))
    values["differs"] = tuple(values["differs"])
    return Kept(**values)
