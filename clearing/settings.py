"""Settings of clearing: its database, and where the books are.

| variable | meaning |
|---|---|
| `DSGW_POSTGRES_DSN` | the clearing database |
| `DSGW_BOOKS` | `node:44=host:port,region:44=host:port,…`: the BooksService of every home node and care region |
"""

from typing import NamedTuple

from clearing.errors import BooksUnknown
from runtime.settings import ProcessSettings


class BookAt(NamedTuple):
    """A book and where it answers."""

    side: str  # home or care
    name: str  # node's number or region's code
    address: str

    @property
    def text(self) -> str:
        """How operators call it: node 44, region 44."""
        return f"{'node' if self.side == 'home' else 'region'} {self.name}"


class ClearingSettings(ProcessSettings):
    """What clearing is told by its environment; it needs no broker."""

    kafka_bootstrap: str = ""
    books: str = ""

    def books_at(self) -> list[BookAt]:
        """The books, nodes first. Raises BooksUnknown."""
        found = []
        for entry in filter(None, (part.strip() for part in self.books.split(","))):
            named, _, address = entry.partition("=")
            side, _, name = named.partition(":")
            if side not in ("node", "region") or not name or ":" not in address:
                raise BooksUnknown(
                    f"DSGW_BOOKS: {entry} is not of the form node:44=host:port or region:44=host:port."
                )
            found.append(BookAt("home" if side == "node" else "care", name, address))
        if len({(one.side, one.name) for one in found}) < len(found):
            raise BooksUnknown("DSGW_BOOKS names a book twice.")
        return sorted(found, key=lambda one: (one.side != "home", one.name))
