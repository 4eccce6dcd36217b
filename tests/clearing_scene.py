"""Both real books, clearing's way to them over real gRPC, and a real clearing database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import NamedTuple

from clearing.books import Book, opened_books
from clearing.day.run import Publish, RunResult, run_day
from clearing.settings import BookAt
from runtime import postgres
from runtime.postgres import Connection
from tests.both_books import BothBooks, both_books, region_books
from tests.builders import NODE, REGION, TODAY
from tests.servers import NewDatabase


class Scene(NamedTuple):
    """Both books, clearing's way to them, and its database."""

    books: BothBooks
    at: list[Book]
    clearing: Connection
    dsn: str  # of the clearing database


@asynccontextmanager
async def clearing_scene(database: NewDatabase) -> AsyncIterator[Scene]:
    """A node, a region and clearing, over new databases."""
    async with AsyncExitStack() as stack:
        books = await stack.enter_async_context(
            both_books(database("ledger", "homepool"), database("ledger", "gateway"))
        )
        addresses = {NODE: books.node_address}
        region_at = await stack.enter_async_context(region_books(books.care, addresses, books.alarms))
        places = [BookAt("home", str(NODE), books.node_address), BookAt("care", REGION, region_at)]
        at = await stack.enter_async_context(opened_books(places))
        dsn = database("clearing")
        clearing = await stack.enter_async_context(postgres.opened(dsn, application_name="test"))
        yield Scene(books, at, clearing, dsn)


async def nothing(_: object) -> None:
    """No positions here."""


async def ran(scene: Scene, day: date = TODAY, *, publish: Publish = nothing) -> RunResult:
    """A run of a day, without positions."""
    return await run_day(
        day, connection=scene.clearing, books=scene.at, operator="wang", program="test", publish=publish,
        progress=lambda *_: None,
    )  # fmt: skip
