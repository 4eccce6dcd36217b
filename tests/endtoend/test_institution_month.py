"""A month of an institution by the operators' commands: confirmed, rolled back, applied for, taken back."""

from collections.abc import AsyncIterator

import pytest

from tests.agency import Agency
from tests.builders import HOSPITAL, TODAY, a_care_row
from tests.clearing_scene import clearing_scene, ran
from tests.servers import NewDatabase

MONTH = f"{TODAY:%Y-%m}"
WHO = ("--institution", HOSPITAL, "--month", MONTH)
KEY = ("--insutype", "310", "--clr-type", "11")


@pytest.fixture
async def agency(database: NewDatabase) -> AsyncIterator[Agency]:
    async with clearing_scene(database) as scene:
        yield Agency(scene, scene.dsn)


async def test_a_month_is_confirmed_rolled_back_and_applied_for(agency: Agency) -> None:
    await agency.scene.books.both(*(a_care_row(f"n{number}", number) for number in range(1, 106)))
    await ran(agency.scene)
    assert "104 are not" in await agency("institution", "confirm", *WHO, "--seqno", "3", "--as", "wang")
    assert "no items 999" in await agency(
        "institution", "confirm", *WHO, "--seqno", "999", "--as", "wang", exit_code=2
    )
    assert "105 items" in await agency("institution", "confirm", *WHO, "--all", "--as", "wang")
    back = await agency("institution", "roll-back", *WHO, "--transaction", "0", "--as", "wang")
    assert "105 items" in back
    assert "not authenticated" in back

    looked = await agency("institution", "apply", *WHO, *KEY, "--as", "wang", "--dry-run")
    assert "105 items" in looked
    assert "Nothing was changed" in looked
    assert await agency.told("institution", "applications", *WHO) == {}
    told = await agency("institution", "apply", *WHO, *KEY, "--as", "wang")
    (one,) = (await agency.told("institution", "applications", *WHO))["applications"]
    assert one["clr_appy_evt_id"] in told
    await agency("institution", "cancel-application", one["clr_appy_evt_id"], *WHO[:2], "--as", "li")
    (one,) = (await agency.told("institution", "applications", *WHO))["applications"]
    assert one["state"] == "withdrawn"
    actions = [entry["action"] for entry in await agency.told("log")]
    assert actions == ["confirm", "confirm", "confirm", "roll back", "apply", "cancel application"]
    empty = await agency(
        "institution", "apply", *WHO, "--insutype", "390", "--clr-type", "11", "--as", "wang", exit_code=2
    )
    assert "Nothing of institution" in empty
