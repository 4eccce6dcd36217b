"""Reading a table of a policy file strictly: what is wrong, missing or unknown is a sentence, not a guess."""

from typing import Any

from homepool.benefits.facts import NO_LIMIT
from homepool.errors import PolicyInvalid

Band = tuple[int, int | None, int]


class Table:
    """One table of a file. Each key is taken once; `finish` refuses the keys that nobody took."""

    def __init__(self, origin: str, path: str, raw: object) -> None:
        self.origin = origin
        self.path = path
        if not isinstance(raw, dict):
            raise self.wrong("", "must be a table")
        self._raw: dict[str, Any] = raw
        self._taken: set[str] = set()

    def wrong(self, key: str, why: str) -> PolicyInvalid:
        """The error that names this file and key."""
        return PolicyInvalid(self.origin, ".".join(part for part in (self.path, key) if part) or "file", why)

    def has(self, key: str) -> bool:
        """Whether the file gives this key."""
        return key in self._raw

    def _take(self, key: str) -> Any:
        self._taken.add(key)
        return self._raw.get(key)

    def text(self, key: str, *, default: str | None = None, among: tuple[str, ...] = ()) -> str:
        """A string, one of `among` where given."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self.wrong(key, "a string is needed")
        if among and value not in among:
            raise self.wrong(key, f"{value!r} is none of {', '.join(among)}")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """true or false."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false is needed")
        return value

    def number(self, key: str, *, default: int | None = None, least: int = 0, most: int = NO_LIMIT) -> int:
        """A whole number within bounds."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(key, "a whole number is needed")
        if not least <= value <= most:
            raise self.wrong(key, f"{value} is not between {least} and {most}")
        return value

    def cap(self, key: str) -> int:
        """An amount in fen that limits something; left out: no limit."""
        return self.number(key, default=NO_LIMIT)

    def ratio(self, key: str, *, default: int | None = None) -> int:
        """Basis points, 0 to 10000."""
        return self.number(key, default=default, most=10_000)

    def texts(self, key: str, *, among: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of strings; left out: empty, which means all."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of strings is needed")
        for item in value:
            if among and item not in among:
                raise self.wrong(key, f"{item!r} is none of {', '.join(among)}")
        return tuple(value)

    def amounts(self, key: str) -> tuple[int, ...]:
        """An amount in fen or a list of them (by admission); left out: (0,)."""
        value = self._take(key)
        items = value if isinstance(value, list) else [0 if value is None else value]
        if not items or not all(
            isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in items
        ):
            raise self.wrong(key, "an amount in fen, or a list of them, is needed")
        return tuple(items)

    def table(self, key: str) -> "Table":
        """A table within this one; left out: an empty one."""
        value = self._take(key)
        return Table(self.origin, f"{self.path}.{key}" if self.path else key, {} if value is None else value)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; left out: none."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "a list of tables is needed")
        path = f"{self.path}.{key}" if self.path else key
        return [Table(self.origin, f"{path}[{place}]", item) for place, item in enumerate(value)]

    def bands(self) -> list[Band]:
        """`bands` (from_fen, to_fen, ratio_bp; ascending, disjoint), or one `ratio_bp` for the whole."""
        if not self.has("bands"):
            return [(0, None, self.ratio("ratio_bp"))]
        bands: list[Band] = []
        reached: int | None = 0
        for table in self.tables("bands"):
            start = table.number("from_fen")
            end = (
                table.number("to_fen") if table.has("to_fen") and table._take("to_fen") is not None else None
            )
            if reached is None or start < reached:
                raise table.wrong("from_fen", "bands must ascend and not overlap; only the last may be open")
            if end is not None and end <= start:
                raise table.wrong("to_fen", "must be above from_fen")
            bands.append((start, end, table.ratio("ratio_bp")))
            reached = end
            table.finish()
        return bands

    def words(self) -> dict[str, object]:
        """All of it, as it stands in the file."""
        self._taken.update(self._raw)
        return dict(self._raw)

    def finish(self) -> None:
        """Refuse what nobody has read: most likely a misspelt key."""
        unknown = sorted(set(self._raw) - self._taken)
        if unknown:
            raise self.wrong(unknown[0], "no such key here; is it misspelt?")
