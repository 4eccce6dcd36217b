"""The clearing benchmark over real books processes: all that it plants is found, nothing else. No time is asserted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loadtest.clearing_bench import ClearingBench, ClearingPlan
from loadtest.clearing_plant import CLASSES, Day, Planter
from loadtest.clearing_scene import Databases
from loadtest.clearing_statements import INSTITUTIONS, LEFT_OUT, MISSING_AT_INSTITUTION
from tests.planted import fetch_all
from tests.servers import NewDatabase

SETTLEMENTS = 2_000
PER_10000 = 500
PLANTED = SETTLEMENTS * PER_10000 // 10_000 + INSTITUTIONS * LEFT_OUT


@pytest.mark.timeout(300)
async def test_every_planted_difference_of_every_class_is_found_and_no_other(
    database: NewDatabase, tmp_path: Path
) -> None:
    databases = Databases(
        database("ledger", "homepool"), database("ledger", "gateway"), database("clearing"), 44, "44"
    )
    said: list[str] = []
    bench = ClearingBench(
        plan=ClearingPlan(sizes=(SETTLEMENTS,), per_10000=PER_10000), databases=databases, run_dir=tmp_path,
        say=said.append,
    )  # fmt: skip
    await bench.alone()
    (day,) = bench.report.days
    assert (day.verdict.planted, day.verdict.found, day.verdict.false) == (PLANTED, PLANTED, 0), (
        day.verdict.wrong
    )
    assert bench.report.faults() == []
    assert day.peak_rss_mb > 10
    assert len(said) == bench.plan.steps
    planted = await fetch_all(databases.clearing, "SELECT class, count(*)::int FROM difference GROUP BY 1")
    assert {kind for kind, _ in planted} == {*CLASSES, MISSING_AT_INSTITUTION}
    (items,) = await fetch_all(databases.clearing, "SELECT home_items FROM run_pair")
    assert items == (
        SETTLEMENTS - sum(count for kind, count in planted if kind in ("missing_at_home", "duplicate")),
    )


async def test_what_is_planted_is_what_the_books_hold(database: NewDatabase) -> None:
    home, care = database("ledger", "homepool"), database("ledger", "gateway")
    day = (datetime.now(UTC) + timedelta(hours=8)).date() - timedelta(days=1)
    planter = Planter(Day(day, 700, 44, "44", (440100, 440300), per_10000=1_000))
    await planter.at_home(home)
    await planter.at_care(care)
    planted = await planter.planted(care)
    assert Counter(planted.values()) == dict.fromkeys(CLASSES, 10)
    (only_home,) = await fetch_all(home, "SELECT count(*) FROM decision")
    (only_care,) = await fetch_all(care, "SELECT count(*), count(DISTINCT id) FROM care")
    assert (only_home, only_care) == ((690,), (700, 690))
    enabled = await fetch_all(home, "SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgname = 'written'")
    assert enabled == [(b"A",)]
