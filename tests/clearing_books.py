"""Books in memory for tests of clearing: they close, sum and tell as BooksService does, and can go away at any call.

The sums and buckets are computed here a second time, in plain Python, so a test that plants a difference does not
depend on the SQL that finds it. tests/integration runs the same over the real books.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from clearing.books import Summed
from clearing.errors import BookRefused, BookUnreachable
from clearing.figures import Figures
from clearing.settings import BookAt
from ledger.day import Bucket, DayKey, DaySum
from ledger.rows import AMOUNTS

DAY = date(2026, 11, 20)
NOON_MS = 1_795_147_200_000  # 2026-11-20 12:00 in China
BUCKETS = 4


def figures(number: int, **changes: Any) -> Figures:
    """A settlement of 100.00 yuan, of which the pooled fund pays 60 and the person 40."""
    amounts = dict.fromkeys(AMOUNTS, 0) | {
        "total_fen": 10_000, "in_scope_fen": 10_000, "pooled_fen": 6_000, "cash_fen": 4_000, "fund_sum_fen": 6_000
    }  # fmt: skip
    sign = changes.pop("sign", 1)
    amounts |= {name: changes.pop(name) for name in list(changes) if name in AMOUNTS}
    key = DayKey(440_300, 450_100, "H45010300001", "310", "11", 3, sign, "", changes.get("day", DAY))
    key = key._replace(**{name: changes.pop(name) for name in list(changes) if name in DayKey._fields})
    told = {
        "setl_id": f"SETL{number:022}", "day": DAY, "kind": 1, "status": 1, "code": "", "settlement": f"SETL{number:022}",
        "person": number, "decided_ms": NOON_MS + number,
    } | changes  # fmt: skip
    return Figures(key=key, amounts=tuple(sign * amounts[name] for name in AMOUNTS), **told)


class MemoryBook:
    """One side's book about all its peers. `away` makes every call fail; `away_at` one of them, by its name."""

    def __init__(self, side: str, name: str, rows: dict[str, list[Figures]]) -> None:
        self.at = BookAt(side, name, "memory:1")
        self.rows = rows  # by peer
        self.away = False
        self.away_at = ""
        self.closed: list[date] = []
        self.calls: list[str] = []

    async def describe(self) -> Any:
        self._called("describe")
        days = [day.isoformat() for day in sorted(self.closed, reverse=True)]
        return SimpleNamespace(side=self.at.side, name=self.at.name, open_day="", closed_days=days)

    async def close_day(self, day: date, *, operator: str) -> Any:
        self._called("close_day")
        if day not in self.closed:
            self.closed.append(day)

    async def sum_day(self, day: date, *, peer: str, buckets: int, anew: bool = False) -> Summed:
        self._called("sum_day")
        if self.at.side == "home" and day not in self.closed:
            raise BookRefused("the day is not closed")
        return Summed(buckets or BUCKETS, len(self._of(day, peer)), 0, 0, False)

    async def day_sums(self, day: date, *, peer: str, again: bool = False) -> AsyncIterator[DaySum]:
        self._called("day_sums")
        counted: dict[DayKey, list[int]] = defaultdict(lambda: [0] * (len(AMOUNTS) + 1))
        for row in self._of(day, peer):
            if row.key.sign:
                sums = counted[row.key]
                for place, amount in enumerate((1, *row.amounts)):
                    sums[place] += amount
        for key, sums in counted.items():
            yield DaySum(key, sums[0], tuple(sums[1:]))

    async def day_sum_lines(self, day: date, *, peer: str) -> AsyncIterator[bytes]:
        async for one in self.day_sums(day, peer=peer):
            yield sum_line(one)

    async def day_buckets(self, day: date, *, peer: str, again: bool = False) -> list[Bucket]:
        self._called("day_buckets")
        found: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in self._of(day, peer):
            one, hashed = found[_bucket(row)], hash(row)
            one[0], one[1], one[2] = one[0] + 1, one[1] ^ hashed, one[2] + hashed
        return [Bucket(bucket, *counted) for bucket, counted in found.items()]

    async def in_buckets(self, day: date, *, peer: str, buckets: Sequence[int]) -> list[Figures]:
        self._called("in_buckets")
        return [row for row in self._of(day, peer) if _bucket(row) in buckets]

    async def day_hashes(self, day: date, *, peer: str, buckets: Sequence[int]) -> list[tuple[bytes, int]]:
        self._called("day_hashes")
        return [(row.setl_id.encode(), hash(row)) for row in self._of(day, peer) if _bucket(row) in buckets]

    async def of_day(self, day: date, *, peer: str, ids: Sequence[bytes]) -> list[Figures]:
        self._called("of_day")
        return [
            row for row in await self.with_ids([one.decode() for one in ids], peer=peer) if row.day == day
        ]

    async def with_ids(self, setl_ids: Sequence[str], *, peer: str) -> list[Figures]:
        self._called("with_ids")
        return [row for row in self.rows.get(peer, []) if row.setl_id in setl_ids]

    async def decisions(self, request: Any) -> AsyncIterator[Figures]:
        self._called("decisions")
        of = {field.name: value for field, value in request.of.ListFields()}
        claims: dict[str, Figures] = {}
        for row in self.rows.get(request.peer, []):
            claims.setdefault(row.setl_id, row)
        for row in self._of(date.fromisoformat(request.day), request.peer):
            if request.unclaimed and claims[row.setl_id] is row:
                continue
            if all(getattr(row.key, name) == of[name] for name in of):
                yield row

    def _of(self, day: date, peer: str) -> list[Figures]:
        return [row for row in self.rows.get(peer, []) if row.day == day]

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.away or self.away_at == name:
            raise BookUnreachable(f"The book of {self.at.text} does not answer.")


def two_books(home: list[Figures], care: list[Figures]) -> tuple[MemoryBook, MemoryBook]:
    """Node 44 and region 45 about each other."""
    return MemoryBook("home", "44", {"45": home}), MemoryBook("care", "45", {"44": care})


def sum_line(one: DaySum) -> bytes:
    """A sum as books tell it to whoever stores it."""
    return ("\t".join(map(str, (*one.key, one.items, *one.amounts))) + "\n").encode()


def next_day(day: date = DAY) -> date:
    """The day after."""
    return day + timedelta(days=1)


def _bucket(row: Figures) -> int:
    return int(row.setl_id[4:]) % BUCKETS
