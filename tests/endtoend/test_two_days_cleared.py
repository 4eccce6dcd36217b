"""Two days of clearing through the operators' commands, over the real books of a node and a region.

Every class of difference is planted past the triggers, for no process of ours would make one. Day one is run, its
differences are settled by two people; day two takes their money in; an institution's file is taken over; the month is
closed; a bank's return opens one payment again; everything is recomputed. And a run that is killed at any moment is
simply started again.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from clearing.institutions.statement_file import packed, yuan
from proto.settlement.v1 import settlement_pb2
from runtime.clock import SystemClock, china_date
from runtime.keys import setl_id_text
from tests.agency import Agency
from tests.builders import CARE_POOL, HOSPITAL, a_care_row, a_mirror_row, an_id
from tests.clearing_scene import clearing_scene
from tests.planted import run_sql
from tests.servers import NewDatabase

TODAY = china_date(SystemClock().now_ms())
DAY_MS = 86_400_000
# two days of the month before this one, the last ones, so that nothing of the month is missing
TWO = TODAY.replace(day=1) - timedelta(days=1)
ONE = TWO - timedelta(days=1)
MONTH = f"{TWO:%Y-%m}"


@pytest.fixture
async def agency(database: NewDatabase) -> AsyncIterator[Agency]:
    async with clearing_scene(database) as scene:
        yield Agency(scene, scene.dsn)


def row(name: str, number: int, day: date = ONE, **changes: Any) -> Any:
    """A settlement of a day, decided at its noon in China, with a stored answer."""
    noon_ms = (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS + 4 * 3_600_000
    answer = settlement_pb2.Outcome(medins_setl_id=f"msgid {name}").SerializeToString()
    return a_care_row(name, number, day=day, decided_ms=noon_ms, answer=answer, **changes)


async def plant_day_one(agency: Agency) -> None:
    books = agency.scene.books
    await books.both(*(row(f"same {number}", number) for number in range(1, 31)))
    amount, sign, status = row("amount", 41), row("sign", 42), row("status", 43)
    shifted, twice = row("shifted", 44), row("twice", 45)
    await books.decided(amount, sign, status, shifted, twice, row("stuck", 46))
    await books.booked(
        amount._replace(
            pooled_fen=amount.pooled_fen - 7, fund_sum_fen=amount.fund_sum_fen - 7, cash_fen=amount.cash_fen + 7
        ),
        row("sign", 42, sign=-1, kind=2, status=5, undoes=an_id("sign")),
        status._replace(fixmedins_code="H44030599999"),
        shifted._replace(day=TWO), twice, twice._replace(day=TWO),
        row("only at care", 47),
    )  # fmt: skip
    leaf = f"care_{ONE:%Y%m%d}"
    await run_sql(books.care, f"ALTER TABLE {leaf} ADD CONSTRAINT stuck CHECK (number <> 46)")


async def test_two_days_from_the_close_to_the_banks_answer(agency: Agency, tmp_path: Path) -> None:
    await plant_day_one(agency)
    await day_one(agency)
    await day_two(agency, tmp_path)
    await month(agency, tmp_path)
    for day in (ONE, TWO):
        verified = await agency.told("verify", "--date", str(day))
        assert verified["findings"] == []
    assert (await agency.told("verify", "--month", MONTH))["findings"] == []
    assert "operator" in (await agency.told("log"))[0]


async def day_one(agency: Agency) -> None:
    """Every difference is found; two people settle what they can; the region fetches what was stuck."""
    ran = await agency.told("run", "--date", str(ONE), "--as", "wang", exit_code=1)
    assert (ran["batch"], ran["items"]) == (1, 36)
    found = {one["setl_id"]: one for one in await agency.told("differences", "--all")}
    names = ("amount", "sign", "status", "shifted", "only at care", "stuck")
    assert {name: found[setl_id_text(an_id(name))]["kind"] for name in names} == {
        "amount": "amount", "sign": "refund_sign", "status": "status", "shifted": "date_shift",
        "only at care": "missing_at_home", "stuck": "missing_at_care",
    }  # fmt: skip
    assert len(found) == 6
    for name in ("amount", "sign", "status"):
        number = str(found[setl_id_text(an_id(name))]["id"])
        await agency(
            "resolve", number, "--action", "adopt_home", "--as", "wang", "--reason", "the answer says so"
        )
    stuck, only = (str(found[setl_id_text(an_id(name))]["id"]) for name in ("stuck", "only at care"))
    await run_sql(agency.scene.books.care, f"ALTER TABLE care_{ONE:%Y%m%d} DROP CONSTRAINT stuck")
    await agency("resolve", stuck, "--action", "fetch_again", "--as", "wang")
    await agency(
        "resolve", only, "--action", "dispute", "--as", "wang", "--reason", "the node never decided it"
    )
    waiting = [
        one["command"].split()[4] for one in await agency.told("todo") if "second person" in one["what"]
    ]
    assert len(waiting) == 3
    await agency("approve", waiting[0], "--as", "wang", exit_code=2)
    for resolution in waiting:
        await agency("approve", resolution, "--as", "li")


async def day_two(agency: Agency, tmp_path: Path) -> None:
    """An institution's file is taken over, and the money of day one's differences enters."""
    one = row("a", 51, TWO)
    refund = a_mirror_row("c", 53, "b", day=TWO, decided_ms=one.decided_ms, answer=one.answer)
    await agency.scene.books.both(one, row("b", 52, TWO), refund)
    lines = [(setl_id_text(one.id), "", "", yuan(one.total_fen), yuan(one.fund_sum_fen), yuan(0), "0")]
    file = tmp_path / "day.zip"
    file.write_bytes(packed(lines, name="day.txt"))
    who = ("--institution", HOSPITAL, "--date", str(TWO), "--pool", str(CARE_POOL))
    compared = await agency.told(
        "institution", "details", str(file), *who, "--out", str(tmp_path / "result.zip")
    )
    assert (compared["equal"], compared["centre_more"]) == ("1", "2")
    ran = await agency.told("run", "--date", str(TWO), "--as", "wang", exit_code=1)
    assert (ran["batch"], ran["carried"]) == (1, 4)
    second = {
        one["setl_id"]: one["kind"] for one in await agency.told("differences", "--date", str(TWO), "--all")
    }
    assert second == {
        setl_id_text(an_id("shifted")): "date_shift", setl_id_text(an_id("twice")): "duplicate",
        setl_id_text(an_id("b")): "missing_at_institution", setl_id_text(an_id("c")): "missing_at_institution",
    }  # fmt: skip
    await agency("institution", "details", str(file), *who)  # the same bytes: answered as before
    positions = await agency.told("positions", "--month", MONTH)
    assert positions["nets_zero"] is True


async def month(agency: Agency, tmp_path: Path) -> None:
    """The month is closed and paid by two people; one payment comes back, and that pair's alone is proposed anew."""
    await agency("month", "--month", MONTH, "--as", "wang")
    (proposal,) = await agency.told("proposals")
    await agency("proposals", "approve", str(proposal["id"]), "--as", "li")
    await agency("instructions", "--month", MONTH, "--as", "wang")
    await agency("instructions", "approve", "--month", MONTH, "--as", "li")
    written = await agency.told(
        "instructions", "--month", MONTH, "--as", "wang", "--out", str(tmp_path / "payments")
    )
    assert written["files"]
    returned = written["instructions"][0]["id"]
    answer = tmp_path / "returns.csv"
    answer.write_text(f"instruction,status,paid,reason\n{returned},returned,,AC04\n")
    await agency("bank-returns", str(answer), "--as", "wang")
    after = (await agency.told("instructions", "--month", MONTH))["instructions"]
    assert [one["state"] for one in after if one["id"] == returned] == ["returned"]
    assert sum(one["state"] == "proposed" for one in after) == 1  # that pair's, and no other
    await agency("statements", "--month", MONTH, "--out", str(tmp_path / "statements"))
    assert list((tmp_path / "statements").rglob("index.csv"))


async def test_a_run_that_is_killed_at_any_moment_is_started_again_and_comes_to_the_same(
    agency: Agency,
) -> None:
    await plant_day_one(agency)
    for wait_s in (0.4, 0.8, 1.1, 1.4):
        process = await agency.started("run", "--date", str(ONE), "--as", "wang", "--json")
        try:
            await asyncio.wait_for(process.wait(), wait_s)
        except TimeoutError:
            process.kill()
        await process.communicate()
    await agency(
        "run", "--date", str(ONE), "--as", "wang", exit_code=1 if not await agency.told("runs") else 0
    )
    (run,) = await agency.told("runs")
    assert (run["batch"], run["items"], run["differences"]) == (1, 36, 6)
    assert (await agency.told("verify", "--date", str(ONE)))["findings"] == []
