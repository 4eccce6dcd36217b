"""The care books that the contract's suite runs over."""

from collections.abc import AsyncIterator

import pytest

from gateway.care_book import CareBook
from tests.care_regions import MEMORY, REAL, Region, fake_region, real_region
from tests.servers import NewDatabase
from tests.simulation.fake_care_book import FakeCareDatabase


@pytest.fixture(params=[MEMORY, REAL])
async def region(request: pytest.FixtureRequest) -> AsyncIterator[Region]:
    """The care books of a region's slots, in memory and in PostgreSQL."""
    if request.param == MEMORY:
        yield fake_region(FakeCareDatabase())
        return
    new_database: NewDatabase = request.getfixturevalue("database")
    async with real_region(new_database("ledger", "gateway")) as real:
        yield real


@pytest.fixture
async def book(region: Region) -> CareBook:
    """The book of slot 0."""
    made = await region()
    await made.take_over()
    return made
