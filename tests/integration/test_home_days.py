"""A home node's days on real PostgreSQL: closed in one cut under full traffic, summed once, told in parts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from homepool.book import Fenced, Written
from homepool.books import HomeDays, opened_days
from homepool.partition import Answered, Asked, Partition
from ledger.day_book import PART_ITEMS
from ledger.life import Status
from ledger.rows import AMOUNTS, Row
from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import messages_pb2
from runtime.clock import SystemClock
from runtime.refusals import Refusal
from tests.home_items import NODE, PSN, PlainPolicies, person, plain_settle, settle_item
from tests.home_nodes import Heard
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.integration.test_home_book_contract import TODAY, paid, taken
from tests.servers import NewDatabase

TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)
REGION = "45"
CLOCK = SystemClock()
PARTITIONS = (0, 1)
FLUSHES, ITEMS = 30, 20


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home database of this test's own."""
    async with postgres_world(database("ledger", "homepool")) as opened:
        yield opened


@pytest.fixture
async def days(world: PostgresWorld) -> AsyncIterator[HomeDays]:
    """Its days."""
    async with opened_days(world.dsn, node=NODE, regions={REGION}) as opened:
        yield opened


@contextlib.contextmanager
def refused_as(code: str):  # type: ignore[no-untyped-def]
    """The block is refused with this code."""
    with pytest.raises(Refusal) as refusal:
        yield
    assert refusal.value.refused.code == code


async def stands(world: PostgresWorld) -> list[tuple[date, int]]:
    """Day and version of each cursor."""
    return [
        tuple(one) for one in await world.admin.fetch("SELECT day, version FROM cursor ORDER BY partition")
    ]  # type: ignore[misc]


async def settled(
    world: PostgresWorld, *rows: tuple[str, dict[str, object]], partition: int = 0
) -> list[Row]:
    """Rows as one new writer's flush."""
    book, cursor = await taken(world, partition)
    made = [paid(cursor, name, place, **columns) for place, (name, columns) in enumerate(rows)]
    await book.write([Written(row) for row in made], cursor)
    return made


# ------------------------------------------------------------------------------------------------ the cut


async def test_a_day_that_closes_under_full_traffic_has_every_settlement_in_exactly_one_day(
    world: PostgresWorld, days: HomeDays
) -> None:
    await insure(world, person(), balance_fen=5_000)
    answers: list[Answered] = []
    some_done = asyncio.Event()

    def answer(answered: "list[Answered]") -> None:
        answers.extend(answered)
        if len(answers) >= 4 * ITEMS:
            some_done.set()

    async def traffic(number: int) -> None:
        book, cursor = await taken(world, number)
        partition = Partition(
            node=NODE, cursor=cursor, book=book, clock=CLOCK, policies=PlainPolicies(), settle=plain_settle,
            answer=answer, alarms=Heard(),  # type: ignore[arg-type]
        )  # fmt: skip
        for flush in range(FLUSHES):
            names = [f"{number} {flush} {item}" for item in range(ITEMS)]
            items = [settle_item(name, bill=name, visit=name) for name in names]
            await partition.flush([Asked(i.SerializeToString(), REGION, 3, CLOCK.now_ms()) for i in items])

    async def close() -> pb.CloseDayResponse:
        await some_done.wait()
        return await days.close_day(TODAY, "night")

    closed, *_ = await asyncio.gather(close(), *(traffic(number) for number in PARTITIONS))
    assert len(answers) == len(PARTITIONS) * FLUSHES * ITEMS
    assert {one.row.status for one in answers} == {Status.PAID}
    cuts = {cut.partition: cut.last_number for cut in closed.cuts}
    stored = await world.admin.fetch("SELECT id, partition, number, day, answer FROM decision")
    assert {record["id"] for record in stored} == {one.row.id for one in answers}
    assert len(stored) == len(answers)
    for one in stored:
        assert one["day"] == (TODAY if one["number"] <= cuts[one["partition"]] else TOMORROW)
    in_day = sum(one["day"] == TODAY for one in stored)
    assert 0 < in_day < len(stored), "the close fell into the traffic"
    assert {one.row.id: one.row.day for one in answers} == {one["id"]: one["day"] for one in stored}
    assert (await days.sum_day(TODAY, REGION, 0)).items == in_day == sum(cuts.values())


async def test_closing_makes_the_leaf_that_the_next_decision_needs(
    world: PostgresWorld, days: HomeDays
) -> None:
    book, cursor = await taken(world)
    await world.drop_leaf(TOMORROW)
    await days.close_day(TODAY, "night")
    stands = await book.cursor(0)
    assert (stands.term, stands.version, stands.day) == (cursor.term, cursor.version + 1, TOMORROW)
    await book.write([Written(paid(stands, "s0"))], stands)


async def test_closing_again_is_harmless_and_says_so(world: PostgresWorld, days: HomeDays) -> None:
    await settled(world, ("s0", {}), ("s1", {}))
    _, other = await taken(world, 1)
    first = await days.close_day(TODAY, "night")
    assert [(cut.partition, cut.last_number) for cut in first.cuts] == [(0, 2), (1, 0)]
    assert first.cuts[1].term == other.term
    assert (first.closed_before, list(first.closed_with)) == (False, [])
    before = await stands(world)
    again = await days.close_day(TODAY, "somebody else")
    assert (again.closed_before, again.cuts) == (True, first.cuts)
    assert await stands(world) == before
    assert {day for day, _ in before} == {TOMORROW}
    assert await world.admin.fetchval("SELECT operator FROM closed_day") == "night"


async def test_closing_a_day_closes_the_open_days_before_it_each_with_its_own_cut(
    world: PostgresWorld, days: HomeDays
) -> None:
    book, _ = await taken(world)
    await book.make_leaves(TODAY - timedelta(days=4), 4)
    await settled(
        world, ("s0", {"day": TODAY - timedelta(days=3)}), ("s1", {"day": TODAY - timedelta(days=3)})
    )
    await settled(world, ("s2", {"day": YESTERDAY}))
    assert (await days.describe()).open_day == (TODAY - timedelta(days=3)).isoformat()
    closed = await days.close_day(YESTERDAY, "night")
    earlier = [(TODAY - timedelta(days=ago)).isoformat() for ago in (3, 2)]
    assert list(closed.closed_with) == earlier
    assert [cut.last_number for cut in closed.cuts] == [3]
    for day, last in ((3, 2), (2, 2)):
        one = await days.close_day(TODAY - timedelta(days=day), "night")
        assert (one.closed_before, [cut.last_number for cut in one.cuts]) == (True, [last])
    described = await days.describe()
    assert (described.side, described.name, described.open_day) == ("home", str(NODE), TODAY.isoformat())
    assert list(described.closed_days) == [YESTERDAY.isoformat(), *reversed(earlier)]
    assert (
        await days.close_day(TODAY - timedelta(days=9), "night")
    ).closed_before  # nothing can be added to it


async def test_an_empty_day_closes_and_sums_to_nothing(world: PostgresWorld, days: HomeDays) -> None:
    assert not (await days.close_day(TODAY, "night")).closed_before
    summed = await days.sum_day(TODAY, REGION, 0)
    assert (summed.items, summed.buckets) == (0, 1)
    assert [part async for part in days.sums(TODAY, REGION, again=False)] == []


async def test_a_day_that_has_not_begun_is_refused_and_makes_nothing(
    world: PostgresWorld, days: HomeDays
) -> None:
    with refused_as("DAY_AHEAD"):
        await days.close_day(TODAY + timedelta(days=40), "night")
    assert await world.admin.fetchval("SELECT count(*) FROM closed_day") == 0
    assert await world.admin.fetchval("SELECT count(*) FROM pg_inherits") == 0
    with pytest.raises(asyncpg.PostgresError) as refused:  # nor by SQL alone
        await world.admin.execute("SELECT close_day($1, 'night')", TOMORROW)
    assert refused.value.sqlstate == "SG201"


async def test_a_close_that_dies_on_its_way_leaves_nothing(world: PostgresWorld, days: HomeDays) -> None:
    await settled(world, ("s0", {}))
    await taken(world, 1)
    before = await stands(world)
    async with world.admin.transaction():
        await world.admin.execute("SELECT 1 FROM cursor WHERE partition = 1 FOR UPDATE")
        closing = asyncio.create_task(days.close_day(TODAY, "night"))
        pid = None
        while pid is None:  # until it holds the first cursor and waits for the second
            await asyncio.sleep(0.02)
            pid = await world.admin.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'books%' AND wait_event_type = 'Lock'"
            )
        await world.admin.execute("SELECT pg_terminate_backend($1, 3000)", pid)
        with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
            await closing
    assert await stands(world) == before
    assert await world.admin.fetchval("SELECT count(*) FROM closed_day") == 0
    assert not (await days.close_day(TODAY, "night")).closed_before, "and the next one has a new session"


# ------------------------------------------------------------------------------------------------ nothing is added


async def test_nobody_adds_a_row_to_a_closed_day(world: PostgresWorld, days: HomeDays) -> None:
    await settled(world, ("s0", {}))
    await days.close_day(TODAY, "night")
    book, cursor = await taken(world)
    assert cursor.day == TOMORROW
    with pytest.raises(Fenced):  # with the right term, version and number
        await book.write([Written(paid(cursor, "s1", day=TODAY))], cursor)
    columns = ", ".join(
        name for name in Row._fields if name not in ("id", "number", "settlement", "bill", "term")
    )
    with pytest.raises(asyncpg.PostgresError) as refused:  # by whoever owns the tables
        await world.admin.execute(
            f"INSERT INTO decision_{TODAY:%Y%m%d} (id, number, settlement, bill, term, version, {columns})"
            f" SELECT $1, $2, $1, $1, $3, $4, {columns} FROM decision",
            bytes(16), cursor.next_number, cursor.term, cursor.version,
        )  # fmt: skip
    assert refused.value.sqlstate == "SG001"
    await book.write([Written(paid(cursor, "s1"))], cursor)  # the next day takes it


async def test_a_partition_that_is_first_served_after_the_close_begins_behind_it(
    world: PostgresWorld, days: HomeDays
) -> None:
    await days.close_day(TODAY, "night")
    _, cursor = await taken(world, 1)
    assert (cursor.day, cursor.term_first_day) == (TOMORROW, TOMORROW)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await world.admin.execute("UPDATE cursor SET day = $1", TODAY)
    assert refused.value.sqlstate == "SG202"


async def test_a_partition_that_is_born_while_a_day_closes_waits_for_it(
    world: PostgresWorld, days: HomeDays
) -> None:
    await taken(world, 0)
    async with world.admin.transaction():
        await world.admin.execute("SELECT close_day($1, 'night')", TODAY)
        born = asyncio.create_task(taken(world, 1))
        await asyncio.sleep(0.2)
        assert not born.done()
    assert (await born)[1].day == TOMORROW


# ------------------------------------------------------------------------------------------------ sums


async def test_only_a_closed_day_is_summed_and_only_a_summed_day_is_told(
    world: PostgresWorld, days: HomeDays
) -> None:
    await settled(world, ("s0", {}))
    with refused_as("DAY_OPEN"):
        await days.sum_day(TODAY, REGION, 0)
    with refused_as("DAY_OPEN"):
        _ = [part async for part in days.sums(TODAY, REGION, again=True)]
    await days.close_day(TODAY, "night")
    with refused_as("DAY_NOT_SUMMED"):
        _ = [part async for part in days.buckets(TODAY, REGION, again=False)]
    with refused_as("UNKNOWN_PEER"):
        await days.sum_day(TODAY, "manual", 0)
    first = await days.sum_day(TODAY, REGION, 8)
    assert (first.buckets, first.items) == (8, 1)
    assert await days.sum_day(TODAY, REGION, 16) == first, "once for ever"
    with refused_as("INVALID"):
        asked = pb.GetDecisionsRequest(day=TODAY.isoformat(), peer=REGION, buckets=[8])
        _ = [part async for part in days.decisions(TODAY, asked)]


async def test_a_sum_that_takes_long_keeps_nobody_from_closing_the_next_day(
    world: PostgresWorld, days: HomeDays
) -> None:
    await days.close_day(YESTERDAY, "night")
    async with world.admin.transaction():
        await world.admin.execute("LOCK TABLE day_summed IN ACCESS EXCLUSIVE MODE")
        summing = asyncio.create_task(days.sum_day(YESTERDAY, REGION, 0))
        assert not (await days.close_day(TODAY, "night")).closed_before
        assert not summing.done()
    assert (await summing).items == 0


async def decisions(days: HomeDays, **asked: object) -> list[messages_pb2.Decision]:
    """What is told."""
    day = date.fromisoformat(str(asked["day"])) if "day" in asked else None
    request = pb.GetDecisionsRequest(**asked)  # type: ignore[arg-type]
    parts = [part async for part in days.decisions(day, request)]
    assert all(len(part) <= PART_ITEMS for part in parts)
    return [one for part in parts for one in part]


async def test_decisions_are_told_by_what_their_sums_have_in_common_by_bucket_and_by_id_on_whatever_day(
    world: PostgresWorld, days: HomeDays
) -> None:
    today = await settled(
        world, *((f"s{n}", {"fixmedins_code": f"H{n % 3}", "clr_type": "21" if n % 2 else "11"}) for n in range(700)),
        ("far", {"region": "44"}),
    )  # fmt: skip
    await days.close_day(TODAY, "night")
    [later] = await settled(world, ("later", {}))
    await days.sum_day(TODAY, REGION, 64)
    of = pb.DecisionsOf(fixmedins_code="H1", clr_type="21", setl_day="1970-01-01")
    wanted = {row.id for row in today if row.fixmedins_code == "H1" and row.clr_type == "21"}
    told = await decisions(days, day=TODAY.isoformat(), peer=REGION, of=of)
    assert {one.id for one in told} == wanted
    assert not any(one.answer or one.deltas for one in told)
    assert [one.pooled_fen for one in told] == [60] * len(wanted)
    everything = await decisions(days, day=TODAY.isoformat(), peer=REGION)
    assert len(everything) == 700
    in_bucket = {row.id for row in today[:700] if int.from_bytes(row.id[13:]) % 64 in (3, 5)}
    told = await decisions(days, day=TODAY.isoformat(), peer=REGION, buckets=[3, 5], full=True)
    assert {one.id for one in told} == in_bucket
    assert {one.answer for one in told} == {row.answer for row in today if row.id in in_bucket}
    told = await decisions(days, peer=REGION, ids=[later.id, today[4].id, today[700].id, bytes(16)])
    assert {one.id: one.day for one in told} == {
        later.id: TOMORROW.isoformat(),
        today[4].id: TODAY.isoformat(),
    }


async def test_sums_are_what_python_adds_up_and_stored_and_recomputed_ones_agree(
    world: PostgresWorld, days: HomeDays
) -> None:
    rows = await settled(
        world, *((f"s{n}", {"fixmedins_code": f"H{n % 7}", "insutype": "390" if n % 2 else "310"}) for n in range(300))
    )  # fmt: skip
    await days.close_day(TODAY, "night")
    await days.sum_day(TODAY, REGION, 0)
    by_hand: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        held = by_hand.setdefault((row.fixmedins_code, row.insutype), [0] * (len(AMOUNTS) + 1))
        for place, amount in enumerate((1, *(getattr(row, name) for name in AMOUNTS))):
            held[place] += amount
    for again in (False, True):
        told = [row async for part in days.sums(TODAY, REGION, again=again) for row in part]
        assert {(one.fixmedins_code, one.insutype): [one.items, *one.amounts] for one in told} == by_hand
        assert {one.setl_day for one in told} == {"1970-01-01"}


async def test_buckets_that_differ_hold_exactly_what_was_changed_past_the_guards(
    world: PostgresWorld, days: HomeDays
) -> None:
    rows = await settled(world, *((f"s{n}", {}) for n in range(500)))
    await days.close_day(TODAY, "night")
    summed = await days.sum_day(TODAY, REGION, 64)
    leaf = f"decision_{TODAY:%Y%m%d}"
    await world.admin.execute(f"UPDATE {leaf} SET psn_no = 'x' WHERE id = $1", rows[7].id)
    await world.admin.execute(
        f"UPDATE {leaf} SET cash_fen = 30, hospital_fen = 10 WHERE id = $1", rows[70].id
    )
    await world.admin.execute(f"DELETE FROM {leaf} WHERE id = $1", rows[170].id)

    async def told(again: bool) -> set[tuple[int, int, int, int]]:
        found = [row async for part in days.buckets(TODAY, REGION, again=again) for row in part]
        return {(one.bucket, one.items, one.hash_xor, one.hash_sum) for one in found}

    differ = {bucket for bucket, *_ in await told(False) ^ await told(True)}
    assert differ == {int.from_bytes(rows[n].id[13:]) % summed.buckets for n in (7, 70, 170)}
    assert PSN not in {one.psn_no for one in await decisions(days, ids=[rows[7].id])}
