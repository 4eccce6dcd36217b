"""`python -m homepool explain`: a decision of a real home book in words and as JSON; what is unknown is a sentence."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homepool.benefits import settle
from homepool.partition import Answered, Asked, Partition
from homepool.policy.files import load_policies
from ledger.life import Kind, Status
from runtime.clock import SystemClock
from runtime.keys import setl_id_text
from tests.home_items import NODE, person, settle_item, sixteen, undo_item
from tests.home_nodes import Heard
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.servers import NewDatabase

ROOT = Path(__file__).parent.parent.parent
CLOCK = SystemClock()


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home book with a stay that was paid, a second try that was declined, and a cancel."""
    async with postgres_world(database("ledger", "homepool")) as made:
        await insure(made, person(), balance_fen=5_000)
        book = await made.book()
        answered: list[Answered] = []
        partition = Partition(
            node=NODE, cursor=await book.take_over(0, now_ms=CLOCK.now_ms()), book=book, clock=CLOCK,
            policies=load_policies(), settle=settle, answer=answered.extend, alarms=Heard(),
        )  # fmt: skip
        items = [
            settle_item("s0", med_type="21", total_fen=1_200_000, in_scope_fen=1_200_000, account_used=True),
            settle_item("s1"),
            undo_item(Kind.CANCEL, "c0", "s0"),
        ]
        await partition.flush([Asked(item.SerializeToString(), "45", 3, CLOCK.now_ms()) for item in items])
        assert [one.row.status for one in answered] == [Status.PAID, Status.DECLINED, Status.OK]
        yield made


async def explain(world: PostgresWorld, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", "explain", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DSGW_POSTGRES_DSN": world.dsn,
             "DSGW_KAFKA_BOOTSTRAP": "nowhere:1", "PYTHONIOENCODING": "utf-8", "COLUMNS": "160"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_settlement_in_words_and_as_json(world: PostgresWorld) -> None:
    code, out, err = await explain(world, setl_id_text(sixteen("s0")))
    assert (code, err) == (0, "")
    for sentence in (
        "Filing: not filed: each ratio counts at 90%.",
        "Deductible: 600.00 borne",
        "81% of 11,400.00: 9,234.00.",
        f"undone since, by {setl_id_text(sixteen('c0'))}",
    ):
        assert sentence in out, out
    _, out, _ = await explain(world, setl_id_text(sixteen("s0")), "--json")
    answer = json.loads(out)
    assert answer["amounts"]["pooled_fen"] == 923_400
    assert answer["policy"] == "440300-310-2023-10-01"
    assert sum(layer["amount_fen"] for layer in answer["layers"]) + answer["amounts"]["cash_fen"] == 1_200_000


async def test_a_refusal_and_a_refund(world: PostgresWorld) -> None:
    _, declined, _ = await explain(world, setl_id_text(sixteen("s1")))
    assert "No money moved (BILL_ALREADY_SETTLED: " in declined
    assert f"It points to {setl_id_text(sixteen('s0'))}." in declined
    _, refund, _ = await explain(world, setl_id_text(sixteen("c0")))
    assert f"It takes back {setl_id_text(sixteen('s0'))}, every amount of it:" in refund
    assert "-9,234.00" in refund


async def test_what_is_unknown_is_a_sentence(world: PostgresWorld) -> None:
    code, out, err = await explain(world, setl_id_text(sixteen("other")))
    assert (code, out) == (2, "")
    assert err.startswith("error: This home book holds no decision ")
    code, _, err = await explain(world, "abc")
    assert code == 2
    assert err.startswith("error: 'ABC' is no setl_id: 26 characters")
