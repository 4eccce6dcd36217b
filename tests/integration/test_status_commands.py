"""`status` of a gateway and of a home node and `parked` on real PostgreSQL: what operators see, and that looking and
retrying write nothing.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Gauge

from gateway.postgres_care_book import open_care_book
from homepool.benefits import Benefit, BillFacts, Policy, Standing, settle
from homepool.parked import parked_item, tried
from homepool.partition import Answered, Asked, Partition
from homepool.policy.files import load_policies
from ledger.life import Status
from runtime import metrics, operators, postgres
from runtime.clock import SystemClock, china_date
from runtime.keys import setl_id_text
from tests import builders
from tests.builders import (
    PARTITION,
    REGION,
    a_care_row,
    a_request_row,
    an_id,
    an_opening_row,
)
from tests.home_items import NODE, PSN, person, settle_item, sixteen
from tests.home_nodes import Heard
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.servers import NewDatabase

ROOT = Path(__file__).parent.parent.parent
CLOCK = SystemClock()
AGE_MS = 250_000


@dataclass
class Ran:
    """How a command ended."""

    code: int | None
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


async def run(dsn: str, *arguments: str, **environment: str) -> Ran:
    """Run `python -m …` against a database."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DSGW_POSTGRES_DSN": dsn,
             "PYTHONIOENCODING": "utf-8", "COLUMNS": "160", **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return Ran(process.returncode, out.decode(), err.decode())


# ------------------------------------------------------------------------------------------------- gateway


@pytest.fixture
async def care(database: NewDatabase) -> AsyncIterator[str]:
    """A region's book with a slot at work: two open messages, one decision of its own, one booked, one visit."""
    dsn = database("ledger", "gateway")
    now_ms = CLOCK.now_ms()
    today = china_date(now_ms)
    async with open_care_book(dsn=dsn, region=REGION, slot=3, clock=CLOCK) as book:
        await book.take_over()
        at = {"day": today, "since_ms": now_ms - 1_000}
        await book.claim(
            [
                a_request_row("new", **at),
                a_request_row("old", **at | {"since_ms": now_ms - AGE_MS}),
                a_request_row("done", **at),
                an_opening_row("opened", an_id("visit"), **at),
            ]
        )
        await book.book([a_care_row("done", day=today)])
        yield dsn


async def test_a_region_tells_what_is_open_decided_and_booked(care: str) -> None:
    ran = await run(care, "gateway", "status", "--region", REGION, "--json")
    assert (ran.code, ran.err) == (0, "")
    said = ran.json
    (opened,) = said["open"]
    assert (opened["node"], opened["partition"], opened["messages"]) == (builders.NODE, PARTITION, 2)
    assert opened["oldest_setl_id"] == setl_id_text(an_id("old"))
    assert AGE_MS <= opened["oldest_ms"] < AGE_MS + 60_000
    assert said["slots"] == [3]
    assert sum(said["own_decisions_today"].values()) == 1
    assert said["booked_today"] == {"PAID": 1}
    assert said["visits"] == {"open": 1}
    assert (said["bills_alive"], said["bills_undone"], said["bills_unsealed"]) == (1, 0, 1)
    assert said["summed"] == []
    assert said["process"] is None
    words = await run(care, "gateway", "status", "--region", REGION)
    assert "4 min " in words.out
    assert setl_id_text(an_id("old")) in words.out
    assert "not asked; give --metrics" in words.out


async def test_a_region_tells_the_last_day_summed_with_each_node(care: str) -> None:
    async with postgres.opened(care, application_name="test") as connection:
        for day, peer in ((date(2026, 11, 17), "45"), (date(2026, 11, 18), "45"), (date(2026, 11, 17), "50")):
            await connection.execute("SELECT sum_day('care', 'node', $1, $2, 0)", day, peer)
        refused = [an_id("x"), an_id("y")]
        await connection.execute("INSERT INTO day_caught_up VALUES ('2026-11-18', '45', 7, $1)", refused)
    said = (await run(care, "gateway", "status", "--region", REGION, "--json")).json
    assert said["summed"] == [
        {"node": 45, "day": "2026-11-18", "decisions": 0, "fetched": 7, "refused": 2},
        {"node": 50, "day": "2026-11-17", "decisions": 0, "fetched": 0, "refused": 0},
    ]
    words = await run(care, "gateway", "status", "--region", REGION)
    assert "2026-11-18" in words.out


async def test_the_process_adds_queues_and_silent_nodes_and_one_that_is_down_is_told(care: str) -> None:
    registry = metrics.new_registry()
    Gauge("gateway_messages_open", "x", registry=registry).set(2)
    silent = Gauge("gateway_partition_silent", "x", ["node", "partition"], registry=registry)
    silent.labels("44", "1").set(1)
    with metrics.exposed(registry, port=_free_port()) as port:
        ran = await run(care, "gateway", "status", "--region", REGION, "--json", DSGW_METRICS_PORT=str(port))
    assert (ran.code, ran.json["process"]["queues"]["messages open"]) == (0, 2)
    assert ran.json["process"]["silent_partitions"] == ["44/1"]
    down = await run(care, "gateway", "status", "--region", REGION, "--metrics", f"127.0.0.1:{port}")
    assert down.code == 1
    assert "does not answer" in down.out
    assert setl_id_text(an_id("old")) in down.out  # what the book says is told all the same


async def test_a_wrong_place_is_a_sentence_without_the_password(care: str, database: NewDatabase) -> None:
    region = ("gateway", "status", "--region", REGION)
    for dsn, arguments, said in (
        (care, ("gateway", "status", "--region", "99"), "The directory has no care region 99"),
        (care, ("gateway", "status", "--region", "45"), f"holds the care book of region {REGION}, not 45"),
        (care, ("homepool", "status", "--node", "44"), "holds no home book"),
        (care, ("homepool", "parked", "list"), "holds no home book"),
        (database(), region, "holds no care book"),
        ("postgresql://u:hunter2@127.0.0.1:1/x", region, "PostgreSQL does not answer"),
        ("hunter2", region, "is no address"),
        ("", region, "DSGW_POSTGRES_DSN"),
    ):
        ran = await run(dsn, *arguments)
        assert (ran.code, ran.out) == (2, ""), ran
        assert ran.err.startswith("error: "), ran.err
        assert said in ran.err
        assert "hunter2" not in ran.err


# ------------------------------------------------------------------------------------------------- home node


def unbalanced(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
    """A policy engine with a fault that has been mended since."""
    benefit = settle(bill, policy, standing)
    return benefit._replace(cash_fen=benefit.cash_fen + 1) if bill.total_fen == 66_600 else benefit


@pytest.fixture
async def home(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A book with a paid bill and two parked items: s1 by a fault that is mended now, s2 that nobody can decide."""
    async with postgres_world(database("ledger", "homepool")) as made:
        await insure(made, person(), balance_fen=5_000)
        book = await made.book()
        answered: list[Answered] = []
        partition = Partition(
            node=NODE, cursor=await book.take_over(0, now_ms=CLOCK.now_ms()), book=book, clock=CLOCK,
            policies=load_policies(), settle=unbalanced, answer=answered.extend, alarms=(heard := Heard()),
        )  # fmt: skip
        items = [
            settle_item("s0", bill="b0"),
            settle_item(
                "s1", bill="b1", total_fen=66_600, in_scope_fen=66_600, deadline_ms=CLOCK.now_ms() + 9_000
            ),
            settle_item("s2", bill="b2", care_date="yesterday"),
        ]
        for item in items:
            await partition.flush([Asked(item.SerializeToString(), "45", 3, CLOCK.now_ms())])
        assert [one.row.status for one in answered] == [Status.PAID, Status.DECLINED, Status.DECLINED]
        named = {facts.get("setl_id") for _, facts in heard.alarms}
        assert named == {setl_id_text(sixteen("s1")), setl_id_text(sixteen("s2"))}
        yield made


S1, S2 = setl_id_text(sixteen("s1")), setl_id_text(sixteen("s2"))


async def test_a_node_tells_partitions_decisions_parked_items_and_loads(home: PostgresWorld) -> None:
    ran = await run(home.dsn, "homepool", "status", "--node", str(NODE), "--json")
    assert (ran.code, ran.err) == (0, "")
    (partition,) = ran.json["partitions"]
    assert (partition["partition"], partition["writer_alive"], partition["next_number"]) == (0, True, 4)
    assert partition["decisions_today"] == {"PAID": 1, "DECLINED": 2}
    assert (ran.json["parked_waiting"], ran.json["parked_all"]) == (2, 2)
    assert {one["setl_id"] for one in ran.json["parked"]} == {S1, S2}
    assert sum(load["differences"] for load in ran.json["loads"]) == await home.admin.fetchval(
        "SELECT count(*) FROM load"
    )
    assert ran.json["closed"] is None
    await home.admin.fetch("SELECT pg_terminate_backend(writer_pid, 3000) FROM cursor")
    words = await run(home.dsn, "homepool", "status", "--node", str(NODE))
    assert "2 wait for people, 2 in all" in words.out
    assert "1 PAID, 2 DECLINED" in words.out
    assert "No day was ever closed" in words.out
    assert "none" in words.out  # its writer
    assert (await run(home.dsn, "homepool", "status", "--node", str(NODE), "--json")).json["partitions"][0][
        "writer_alive"
    ] is False
    today = china_date(CLOCK.now_ms())
    await home.admin.execute("SELECT close_day($1, 'night')", today)
    assert (
        f"Last closed day: {today}, by night"
        in (await run(home.dsn, "homepool", "status", "--node", str(NODE))).out
    )
    other = await run(home.dsn, "homepool", "status", "--node", "45")
    assert (other.code, other.err) == (
        2,
        f"error: This database holds the home book of node {NODE}, not 45.\n",
    )


async def test_a_parked_item_is_shown_without_personal_data_and_released_once(home: PostgresWorld) -> None:
    shown = await run(home.dsn, "homepool", "parked", "show", S1)
    assert (shown.code, shown.err) == (0, "")
    assert PSN not in shown.out
    assert "*" * (len(PSN) - 4) + PSN[-4:] in shown.out
    assert "DECLINED INTERNAL, final" in shown.out
    done = await run(home.dsn, "homepool", "parked", "release", S1, "--as", "wang", "--note", "mended")
    assert done.code == 0, done
    again = await run(home.dsn, "homepool", "parked", "release", S1, "--as", "li")
    assert (again.code, again.err) == (2, f"error: wang has looked at {S1} before you.\n")
    waiting = (await run(home.dsn, "homepool", "parked", "list", "--json")).json
    assert [one["setl_id"] for one in waiting] == [S2]
    everything = (await run(home.dsn, "homepool", "parked", "list", "--all", "--json")).json
    (looked,) = (one for one in everything if one["setl_id"] == S1)
    assert (looked["released_by"], looked["note"], len(everything)) == ("wang", "mended", 2)
    nobody = await run(home.dsn, "homepool", "parked", "show", setl_id_text(sixteen("s0")))
    assert nobody.code == 2
    assert "is parked here" in nobody.err


async def test_a_retry_says_what_it_would_be_now_and_writes_nothing(home: PostgresWorld) -> None:
    before = await home.dump()
    mended = await run(home.dsn, "homepool", "parked", "retry", S1)
    assert (mended.code, mended.err) == (0, "")
    assert mended.out.startswith("Now it would be PAID: of 666.00 yuan ")
    assert "An outcome is final: it stays DECLINED INTERNAL." in mended.out
    still = await run(home.dsn, "homepool", "parked", "retry", S2, "--json")
    assert still.code == 1, still
    assert still.json["parked_again"] is True
    assert still.json["outcome"] == "DECLINED INTERNAL"
    assert still.json["error"] == "ValueError"
    async with operators.looking(home.dsn, name="test", book="home book", writes=True) as connection:
        parked, item, _ = await parked_item(connection, S1)
        broken = await tried(
            connection, item, partition=parked.partition, node=NODE, now_ms=CLOCK.now_ms(),
            policies=load_policies(), settle=unbalanced,
        )  # fmt: skip
    assert (broken.guard, broken.parked_again) == ("row_zero_sum", True)
    assert await home.dump() == before
    assert await home.admin.fetchval("SELECT count(*) FROM parked WHERE released_at IS NULL") == 2


async def test_help_says_that_an_outcome_is_final_and_shows_examples(home: PostgresWorld) -> None:
    for arguments in (("parked", "retry"), ("parked", "release"), ("parked",)):
        said = " ".join((await run(home.dsn, "homepool", *arguments, "--help")).out.replace("│", " ").split())
        assert "outcome is final" in said, said
    for arguments in (("gateway", "status"), ("homepool", "status"), ("homepool", "parked", "retry")):
        ran = await run(home.dsn, *arguments, "--help")
        assert f"python -m {' '.join(arguments)}" in ran.out


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
