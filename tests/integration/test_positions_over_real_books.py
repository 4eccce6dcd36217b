"""Positions, explanations and statements over the real books of a node and a region, through real gRPC."""

import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from clearing.day.actions import Action
from clearing.day.difference_book import Filter, check, listed, propose
from clearing.day.run import RunResult, run_day
from clearing.parties import load_parties
from clearing.periods import read_period
from clearing.positions import explain as behind
from clearing.positions.document_files import write_documents
from clearing.positions.publish import publish
from clearing.scheme import load_scheme
from clearing.verification import verify_day
from runtime.keys import setl_id_text
from tests.builders import CARE_POOL, HOME_POOL, OTHER_HOSPITAL, TODAY, a_care_row, a_mirror_row, an_id
from tests.clearing_scene import Scene, clearing_scene
from tests.servers import NewDatabase

YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    async with clearing_scene(database) as made:
        yield made


async def ran(scene: Scene, day: object) -> RunResult:
    return await run_day(
        day, connection=scene.clearing, books=scene.at, operator="wang", program="test", publish=publish,
        progress=lambda *_: None,
    )  # type: ignore[arg-type]  # fmt: skip


def position(day: object) -> behind.PositionId:
    return behind.position_id(f"{day}/310/310100/{HOME_POOL}/{CARE_POOL}")


async def explained(scene: Scene, day: object) -> tuple[int, int, dict[str, tuple[int, bool]]]:
    """The figure, what of it was carried in, and its settlements."""
    found = await behind.explain(scene.clearing, position(day))
    items = {
        one.setl_id: (one.amount_fen, one.aside)
        async for one in behind.items(scene.clearing, found, scene.at)
    }
    return found.amount_fen, sum(one.carried_fen for one in found.shares), items


async def documents(scene: Scene, out: Path, day: object) -> dict[str, dict[str, str]]:
    """The index of a day's statements, written with their items, by party."""
    period = read_period(str(day))
    assert period is not None
    await write_documents(
        scene.clearing, period, out, books=scene.at, scheme=load_scheme(), parties=load_parties(),
        wanted=frozenset(), progress=lambda *_: None, batch=1,
    )  # fmt: skip
    with (out / f"{day}-batch-1" / "index.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


async def test_a_figure_and_its_statement_are_what_the_books_items_say_before_and_after_a_difference(
    scene: Scene, tmp_path: Path
) -> None:
    sold = [
        a_care_row("one", 1, fen=1_000, day=YESTERDAY),
        a_care_row("two", 2, fen=3_000, day=YESTERDAY, fixmedins_code=OTHER_HOSPITAL),
        a_care_row("no", 3, sign=0, fen=900, day=YESTERDAY),
        a_mirror_row("undone", 4, "one", fen=1_000, day=YESTERDAY),
        a_care_row("residents", 5, insutype="390", fen=500, day=YESTERDAY),
    ]
    differing = a_care_row("differs", 6, fen=2_000, day=YESTERDAY)
    await scene.books.both(*sold)
    await scene.books.decided(differing)
    await scene.books.booked(differing._replace(cash_fen=801, pooled_fen=1_199, fund_sum_fen=1_199))
    await scene.books.both(a_care_row("tomorrow", 7, fen=100))
    assert (await ran(scene, YESTERDAY)).differences == 1
    figure, carried, items = await explained(scene, YESTERDAY)
    assert (figure, carried) == (1_800, 0)
    assert items == {
        setl_id_text(an_id("one")): (600, False), setl_id_text(an_id("two")): (1_800, False),
        setl_id_text(an_id("undone")): (-600, False), setl_id_text(an_id("differs")): (1_200, True),
    }  # fmt: skip
    index = await documents(scene, tmp_path, YESTERDAY)
    assert (index[OTHER_HOSPITAL]["amount"], index[OTHER_HOSPITAL]["items"]) == ("30.00", "1")
    assert index[str(HOME_POOL)]["book"] == "residents"  # the last of its two books
    assert index[str(CARE_POOL)]["amount"] == "5.00"

    (difference,) = await listed(scene.clearing, Filter())
    made = await propose(
        scene.clearing, difference.id, Action.ADOPT_HOME, operator="wang", reason="", books=scene.at
    )
    await check(scene.clearing, made, operator="li", books=scene.at)
    assert (await ran(scene, TODAY)).carried == 1
    figure, carried, items = await explained(scene, TODAY)
    assert (figure, carried) == (60 + 1_200, 1_200)
    assert items == {setl_id_text(an_id("tomorrow")): (60, False)}
    assert (await documents(scene, tmp_path, TODAY))[str(CARE_POOL)]["items"] == "2"
    assert (await documents(scene, tmp_path, YESTERDAY)) == index
    assert (await verify_day(TODAY, connection=scene.clearing, books=scene.at)).findings == []
