"""`python -m homepool reimburse` on the sample files, as docs/reimbursement.md shows it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homepool.loading.book import House
from homepool.loading.kinds import KINDS
from homepool.loading.run import load
from homepool.policy.files import load_policies
from runtime.clock import SystemClock
from tests.home_worlds import PostgresWorld, postgres_world
from tests.servers import NewDatabase

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "docs" / "samples"
BILLS = "docs/samples/bills.csv"
TEXT = (ROOT / "docs" / "reimbursement.md").read_text(encoding="utf-8")
IN_ORDER = (
    "people.csv",
    "insurances.csv",
    "identities.jsonl",
    "relatives.csv",
    "accounts.csv",
    "accumulators.csv",
)


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home book with the people of the samples, whose worker has begun."""
    async with postgres_world(database("ledger", "homepool")) as made:
        house = House(node=44, policies=load_policies())
        for name in IN_ORDER:
            await load(made.admin, SAMPLES / name, KINDS[name.split(".")[0]], house=house)
        for partition in (0, 1):
            await (await made.book()).take_over(partition, now_ms=SystemClock().now_ms())
        yield made


async def reimburse(world: PostgresWorld, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", "reimburse", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DSGW_POSTGRES_DSN": world.dsn,
             "PYTHONIOENCODING": "utf-8", "COLUMNS": "128"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out.decode()


def shown(command: str) -> str:
    """What the page shows under a command."""
    return (
        TEXT.split(f"$ python -m homepool reimburse {command}\n", 1)[1].split("\n$ ", 1)[0].split("```", 1)[0]
    )


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


async def test_the_page_shows_what_the_command_prints(world: PostgresWorld) -> None:
    for command in (
        f"pay {BILLS} --node 44 --as wang --dry-run",
        f"pay {BILLS} --node 44 --as wang",
        "cancel SZ-2026-000018 --pool 440300 --as wang",
    ):
        _, out = await reimburse(world, *command.split())
        assert lines_of(out) == lines_of(shown(command)), f"\n{command}\n{out}"
    command = "show SZ-2026-000017"
    _, out = await reimburse(world, *command.split())
    told = [line for line in lines_of(out) if not line.startswith("decided")]  # it has the time of this run
    assert told == [line for line in lines_of(shown(command)) if not line.startswith("decided")], f"\n{out}"
