"""A region's care books for tests: in memory and in PostgreSQL, and what tests read of either.

`tests/integration/conftest.py` makes `region` and `book` of it, each test running once per kind.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from gateway.care_book import CareBook, Claim, RequestRow, Sought, Visit
from gateway.entrance import NO_DIGEST
from gateway.postgres_care_book import open_care_book
from ledger.life import Kind
from tests.builders import NOW_MS, REGION, a_request_row, an_id
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase

VISIT = an_id("visit")
MEMORY, REAL = "memory", "postgres"


class StandingClock:
    """It is always TODAY."""

    def now_ms(self) -> int:
        return NOW_MS

    def monotonic_s(self) -> float:
        return 0.0


class Region(Protocol):
    """Opens the book of a slot of one region; all over one database."""

    async def __call__(self, slot: int = 0) -> CareBook: ...


@asynccontextmanager
async def real_region(dsn: str) -> AsyncIterator[Region]:
    """Over a migrated database."""
    async with AsyncExitStack() as stack:

        async def book(slot: int = 0) -> CareBook:
            opened = open_care_book(dsn=dsn, region=REGION, slot=slot, clock=StandingClock())
            return await stack.enter_async_context(opened)

        yield book


def fake_region(database: FakeCareDatabase) -> Region:
    """In memory."""

    async def book(slot: int = 0) -> CareBook:
        return FakeCareBook(database, slot=slot)

    return book


async def claims_of(book: CareBook, *names: str) -> dict[bytes, Claim]:
    """The claims of these names' ids."""
    return (await book.read([Sought(tuple(an_id(name) for name in names))])).claims


async def the_visit(book: CareBook, visit: bytes = VISIT) -> Visit:
    """A visit that is there."""
    return (await book.read([Sought((), visit)])).visits[visit]


async def open_names(book: CareBook, *names: str) -> set[str]:
    """Which of these names' ids are open."""
    ids = {an_id(name): name for name in names}
    return {ids[item.id] for item in await book.open_items(list(ids))}


def a_settling_row(name: str, *, version: int | None = 1) -> RequestRow:
    """A settlement of VISIT as admission claims it."""
    return a_request_row(name, visit=VISIT, visit_version=version, exclusive=True)


def a_tombstone_row(name: str) -> RequestRow:
    """A VOIDED id."""
    row = a_request_row(name, kind=int(Kind.TOMBSTONE), digest=NO_DIGEST, input=b"", item=None)
    return row._replace(own_answer=b"voided " + name.encode())
