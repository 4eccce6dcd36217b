"""Sums and buckets of a day say what is in it, not in which order it came: real SQL over random sets of decisions."""

from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.rows import Row
from runtime import postgres
from tests.builders import REGION, TODAY, a_care_row
from tests.planted import plant
from tests.servers import NewDatabase, run_apart

TABLES = "decision, claim, day_sum, day_bucket, day_summed"

decisions = st.lists(
    st.fixed_dictionaries(
        {
            "fixmedins_code": st.sampled_from(["H1", "H2", "P1"]),
            "insutype": st.sampled_from(["310", "390"]),
            "clr_type": st.sampled_from(["11", "21"]),
            "sign": st.sampled_from([1, 1, 0]),
            "fen": st.integers(1, 10**9),
            "decided_ms": st.integers(0, 2 * 86_400_000),
            "region": st.sampled_from([REGION, REGION, "46"]),
        }
    ),
    max_size=40,
)


@pytest.fixture
def home(database: NewDatabase) -> str:
    """One database for all examples."""
    return database("ledger", "homepool")


async def told(dsn: str, rows: list[Row], buckets: int) -> tuple[Any, ...]:
    """What the day is, after rows came in this order."""
    async with postgres.opened(dsn, application_name="test") as connection:
        await connection.execute(f"TRUNCATE {TABLES}")
        await plant(dsn, "decision", rows)
        await connection.execute("SELECT sum_day('decision', 'region', $1, $2, $3)", TODAY, REGION, buckets)
        return (
            await connection.fetchrow("SELECT buckets, items FROM day_summed"),
            await connection.fetch("SELECT * FROM day_sum ORDER BY day_sum"),
            await connection.fetch("SELECT * FROM day_bucket ORDER BY bucket"),
        )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=decisions, buckets=st.sampled_from([0, 1, 8]), seed=st.integers())
def test_sums_and_buckets_do_not_depend_on_the_order_and_count_everything(
    home: str, wanted: list[dict[str, Any]], buckets: int, seed: int
) -> None:
    rows = [a_care_row(f"row {number}", number, **one) for number, one in enumerate(wanted, start=1)]
    other = list(rows)
    Random(seed).shuffle(other)

    async def both() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return await told(home, rows, buckets), await told(home, other, buckets)

    summed, sums, in_buckets = (first := run_apart(both))[0]
    assert (summed, sums, in_buckets) == first[1]
    of_peer = [row for row in rows if row.region == REGION]
    assert summed["items"] == sum(one["items"] for one in in_buckets) == len(of_peer)
    assert sum(one["items"] for one in sums) == sum(row.sign != 0 for row in of_peer)
    assert sum(one["total_fen"] for one in sums) == sum(row.total_fen for row in of_peer)
    assert {one["setl_day"] for one in sums} <= {date(1970, 1, day) for day in (1, 2, 3)}
