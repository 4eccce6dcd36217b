"""Paying back by hand on a real home book: once for an invoice, beside the worker, on the same accumulators."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homepool.partition import Answered, Asked, Partition
from homepool.reimbursement import book as register
from homepool.reimbursement.bill import Bill
from homepool.reimbursement.counter import BookBusy, Counter, NeverServed, NothingToTakeBack, Result
from homepool.reimbursement.words import word_of
from ledger.life import Kind, Status
from ledger.rows import ACCUMULATORS
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime import postgres
from runtime.clock import SystemClock
from tests.home_items import (
    NODE,
    OTHER_PSN,
    POOL,
    POOLED_FEN,
    PSN,
    TOTAL_FEN,
    PlainPolicies,
    person,
    plain_settle,
    settle_item,
    sixteen,
    undo_item,
)
from tests.home_nodes import Heard
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.servers import NewDatabase

CLOCK = SystemClock()
INVOICE, OTHER = "25447000000000000001", "25447000000000000002"
POOLED = ACCUMULATORS.index("pooled")
WAIT_S = 0.3


class Scene:
    """A home book with two people, its worker, and operators."""

    def __init__(self, world: PostgresWorld) -> None:
        self.world = world
        self.answered: list[Answered] = []
        self.heard = Heard()

    async def start_worker(self) -> None:
        book = await self.world.book()
        self.partition = Partition(
            node=NODE, cursor=await book.take_over(0, now_ms=CLOCK.now_ms()), book=book, clock=CLOCK,
            policies=PlainPolicies(), settle=plain_settle, answer=self.answered.extend, alarms=self.heard,
        )  # fmt: skip

    def counter(self, by: str = "wang", connection: "postgres.Connection | None" = None) -> Counter:
        return Counter(
            connection or self.world.admin, node=NODE, policies=PlainPolicies(), settle=plain_settle,
            clock=CLOCK, by=by,
        )  # fmt: skip

    async def direct(self, *items: messages_pb2.Item) -> list[str]:
        """What the worker answers a gateway."""
        self.answered.clear()
        await self.partition.flush(
            [Asked(item.SerializeToString(), "45", 3, CLOCK.now_ms()) for item in items]
        )
        return [one.row.code or Status(one.row.status).name for one in self.answered]

    async def by_hand(self, *bills: Bill) -> list[Result]:
        return await self.counter().pay(bills, progress=lambda done, of: None)

    async def pooled(self, psn_no: str = PSN) -> int:
        """What the pooled fund has paid for a person this year."""
        used = (await self.world.dump())["used"]
        return int(used.get((psn_no, "310", 2026), [0] * len(ACCUMULATORS))[POOLED])


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    """A worker that has begun."""
    async with postgres_world(database("ledger", "homepool")) as world:
        for psn_no in (PSN, OTHER_PSN):
            await insure(world, person(psn_no), balance_fen=5_000)
        made = Scene(world)
        await made.start_worker()
        yield made


def bill(application: str = "A1", *, invoice: str = INVOICE, **values: Any) -> Bill:
    """An outpatient bill of 100 yuan in another province."""
    given: dict[str, Any] = {
        "application": application, "psn_no": PSN, "pool": POOL, "insutype": "310", "med_type": "11",
        "first_day": "2026-03-01", "last_day": "2026-03-01", "care_division": 430100, "hosp_lv": "3",
        "institution": "Clinic at the lake", "invoice": invoice, "total_fen": TOTAL_FEN, "full_self_fen": 0,
        "over_limit_fen": 0, "first_pay_fen": 0, "in_scope_fen": TOTAL_FEN, "emergency": False, "injury": False,
        "third_party": False, "account_used": False, "dise_codg": "", "matn_type": "", "route": 0,
    }  # fmt: skip
    return Bill(2, given | values)


def words(results: list[Result]) -> list[str]:
    return [result.code or word_of(result) for result in results]


# ------------------------------------------------------------------------------------------------ what is paid


async def test_a_bill_is_paid_back_to_the_person_by_the_nodes_own_engine(scene: Scene) -> None:
    (result,) = await scene.by_hand(bill(account_used=True))
    row = result.row
    assert row is not None
    assert (row.region, row.invoice, row.route, row.care_pool, row.fixmedins_code) == (
        "manual", INVOICE, 3, 430100, "",
    )  # fmt: skip
    assert (row.pooled_fen, row.account_fen, row.cash_fen) == (POOLED_FEN, 1_000, 3_000)
    assert result.payout_fen == 7_000
    info = settlement_pb2.Outcome.FromString(row.answer).setlinfo
    assert (info.fulamt_advpay_flag, info.psn_cash_pay) == ("1", 3_000)
    assert (await scene.world.dump())["accounts"][PSN] == 4_000
    entry = await register.entry_of(scene.world.admin, pool=POOL, application="A1")
    assert entry is not None
    assert (entry.decided_by, entry.institution, entry.cancel) == ("wang", "Clinic at the lake", None)


async def test_the_same_application_again_gives_the_same_outcome_and_pays_nothing(scene: Scene) -> None:
    (first,) = await scene.by_hand(bill())
    before = await scene.world.dump()
    (again,) = await scene.by_hand(bill())
    assert (again.known, again.row) == (True, first.row)
    assert words(await scene.by_hand(bill(total_fen=9_000, in_scope_fen=9_000))) == ["APPLICATION_REUSED"]
    assert await scene.world.dump() == before


async def test_what_was_paid_directly_counts_by_hand_and_the_other_way_round(scene: Scene) -> None:
    assert await scene.direct(settle_item("s0")) == ["PAID"]
    await scene.by_hand(bill())
    assert await scene.direct(settle_item("s1", bill="b1")) == ["PAID"]
    assert await scene.pooled() == 3 * POOLED_FEN
    await scene.counter().take_back(pool=POOL, application="A1")
    assert await scene.pooled() == 2 * POOLED_FEN


async def test_taking_back_frees_the_invoice_and_is_done_once(scene: Scene) -> None:
    await scene.by_hand(bill())
    before = await scene.pooled()
    done = await scene.counter("li").take_back(pool=POOL, application="A1")
    assert (done.payout_fen, await scene.pooled()) == (-POOLED_FEN, before - POOLED_FEN)
    again = await scene.counter().take_back(pool=POOL, application="A1")
    assert (again.known, again.row) == (True, done.row)
    (old,) = await scene.by_hand(bill())
    assert (old.known, word_of(old)) == (True, "TAKEN_BACK")
    assert await scene.direct(settle_item("s0", invoice=INVOICE)) == ["PAID"]
    entry = await register.entry_of(scene.world.admin, pool=POOL, application="A1")
    assert entry is not None
    assert entry.cancelled_by == "li"


async def test_what_was_never_paid_cannot_be_taken_back(scene: Scene) -> None:
    with pytest.raises(NothingToTakeBack, match="no application"):
        await scene.counter().take_back(pool=POOL, application="A1")
    assert words(await scene.by_hand(bill(insutype="510"))) == ["NO_SUCH_INSURANCE"]
    before = await scene.world.dump()
    with pytest.raises(NothingToTakeBack, match="declined"):
        await scene.counter().take_back(pool=POOL, application="A1")
    assert await scene.world.dump() == before


# ------------------------------------------------------------------------------------------------ an invoice once


async def test_an_invoice_is_paid_by_hand_once_whoever_brings_it(scene: Scene) -> None:
    results = await scene.by_hand(
        bill("A1"), bill("A2"), bill("A3", psn_no=OTHER_PSN), bill("A4", invoice=OTHER)
    )
    assert words(results) == ["PAID", "INVOICE_PAID", "INVOICE_PAID", "PAID"]
    assert "by hand under application A1" in results[1].message
    assert await scene.pooled() == 2 * POOLED_FEN


async def test_what_was_paid_directly_is_refused_by_hand_and_named(scene: Scene) -> None:
    assert await scene.direct(settle_item("s0", invoice=INVOICE)) == ["PAID"]
    before = await scene.world.dump()
    results = await scene.by_hand(bill("A1"), bill("A2", psn_no=OTHER_PSN))
    assert words(results) == ["INVOICE_PAID"] * 2
    row = scene.answered[0].row
    for told in ("directly at H45010000001", row.day.isoformat()):
        assert told in results[0].message
    assert await scene.world.dump() == before
    await scene.direct(undo_item(Kind.CANCEL, "c0", "s0"))
    assert words(await scene.by_hand(bill("A1"))) == ["PAID"]
    assert await scene.direct(undo_item(Kind.REVIVE, "r0", "c0")) == ["SUPERSEDED"]


async def test_what_was_paid_by_hand_is_declined_directly_by_a_worker_that_knew_the_person(
    scene: Scene,
) -> None:
    assert await scene.direct(settle_item("s0", bill="b0")) == ["PAID"]  # the person is cached from now on
    await scene.by_hand(bill())
    items = settle_item("s1", invoice=INVOICE), settle_item("s2", bill="b2", invoice=OTHER)
    assert await scene.direct(*items) == ["INVOICE_PAID_BY_HAND", "PAID"]


async def test_no_gateway_can_say_that_it_pays_by_hand(scene: Scene) -> None:
    item = settle_item("s0")
    item.region = "manual"
    before = await scene.world.dump()
    assert await scene.direct(item) == []
    assert scene.heard.words == ["a gateway's item says it is paid by hand"]
    assert await scene.world.dump() == before


async def held_up(scene: Scene, *works: Any) -> list[Any]:
    """Works that all wait for the cursor's lock, in this order, and go on one after the other."""
    async with postgres.opened(scene.world.dsn, application_name="holder") as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SELECT 1 FROM cursor FOR UPDATE")
        tasks = []
        for work in works:
            tasks.append(asyncio.create_task(work))
            await asyncio.sleep(WAIT_S)
        await transaction.rollback()
        return await asyncio.gather(*tasks)


async def test_a_worker_that_settles_the_invoice_before_the_lock_comes_wins(scene: Scene) -> None:
    direct, by_hand = await held_up(
        scene, scene.direct(settle_item("s0", invoice=INVOICE)), scene.by_hand(bill())
    )
    assert (direct, words(by_hand)) == (["PAID"], ["INVOICE_PAID"])
    assert await scene.pooled() == POOLED_FEN


async def test_a_worker_that_comes_behind_a_payment_by_hand_reads_again_and_declines(scene: Scene) -> None:
    by_hand, direct = await held_up(
        scene, scene.by_hand(bill()), scene.direct(settle_item("s0", invoice=INVOICE))
    )
    assert (words(by_hand), direct) == (["PAID"], ["INVOICE_PAID_BY_HAND"])
    assert await scene.pooled() == POOLED_FEN


async def test_a_settlement_that_lives_again_while_the_lock_is_awaited_is_seen(scene: Scene) -> None:
    await scene.direct(settle_item("s0", invoice=INVOICE), undo_item(Kind.CANCEL, "c0", "s0"))
    revival, by_hand = await held_up(
        scene, scene.direct(undo_item(Kind.REVIVE, "r0", "c0")), scene.by_hand(bill())
    )
    assert (revival, words(by_hand)) == (["OK"], ["INVOICE_PAID"])


async def test_two_operators_at_once_pay_each_invoice_once(scene: Scene) -> None:
    theirs = [
        bill(f"A{n}", invoice=f"2544700000000000010{n}", psn_no=(PSN, OTHER_PSN)[n % 2]) for n in range(6)
    ]
    others = [Bill(one.line, {**one.values, "application": f"B{n}"}) for n, one in enumerate(theirs)]
    async with postgres.opened(scene.world.dsn, application_name="second") as second:
        one, other, same = await asyncio.gather(
            scene.by_hand(*theirs),
            scene.counter("li", second).pay(others, progress=lambda done, of: None),
            scene.direct(settle_item("s0", bill="b0")),
        )
    assert same == ["PAID"]
    for left, right in zip(one, other, strict=True):
        assert sorted(words([left, right])) == ["INVOICE_PAID", "PAID"]
    assert await scene.pooled() + await scene.pooled(OTHER_PSN) == 7 * POOLED_FEN


# ------------------------------------------------------------------------------------------------ what fails


async def test_a_run_that_ended_half_way_is_run_again(scene: Scene) -> None:
    bills = bill("A1"), bill("A2", invoice=OTHER)

    def dies(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await scene.counter().pay(bills, progress=dies)
    assert await scene.pooled() == POOLED_FEN
    results = await scene.by_hand(*bills)
    assert [(result.known, word_of(result)) for result in results] == [(True, "PAID"), (False, "PAID")]
    assert await scene.pooled() == 2 * POOLED_FEN


async def test_decision_and_register_are_written_together_or_not_at_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await scene.world.dump()

    async def fails(*_: object, **__: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(register, "register", fails)
        with pytest.raises(ConnectionResetError):
            await scene.by_hand(bill())
    assert await scene.world.dump() == before
    assert words(await scene.by_hand(bill())) == ["PAID"]


async def test_a_day_without_a_leaf_gets_one(scene: Scene) -> None:
    for record in await scene.world.admin.fetch(
        "SELECT relid::regclass::text AS leaf FROM pg_partition_tree('decision') WHERE isleaf"
    ):
        await scene.world.admin.execute(f"DROP TABLE {record['leaf']}")
    assert words(await scene.by_hand(bill())) == ["PAID"]


async def test_a_lock_that_never_comes_is_a_sentence_and_nothing_is_written(scene: Scene) -> None:
    before = await scene.world.dump()
    await scene.world.admin.execute("SET lock_timeout = '20ms'")
    async with postgres.opened(scene.world.dsn, application_name="holder") as holder, holder.transaction():
        await holder.execute("SELECT 1 FROM cursor FOR UPDATE")
        with pytest.raises(BookBusy, match="run the same command again"):
            await scene.by_hand(bill())
    assert await scene.world.dump() == before


async def test_a_bill_that_cannot_be_decided_is_refused_and_the_next_is_paid(scene: Scene) -> None:
    def breaks(facts: Any, policy: Any, standing: Any) -> Any:
        if facts.total_fen == 13:
            raise ZeroDivisionError
        return plain_settle(facts, policy, standing)

    counter = Counter(
        scene.world.admin, node=NODE, policies=PlainPolicies(), settle=breaks, clock=CLOCK, by="wang"
    )
    bills = bill("A1", total_fen=13, in_scope_fen=13), bill("A2", invoice=OTHER)
    assert words(await counter.trial(bills)) == ["NOT_DECIDABLE", "PAID"]
    results = await counter.pay(bills, progress=lambda done, of: None)
    assert words(results) == ["NOT_DECIDABLE", "PAID"]
    assert "ZeroDivisionError" in results[0].message
    assert await scene.world.admin.fetchval("SELECT count(*) FROM decision") == 1


async def test_a_trial_says_what_would_be_paid_one_bill_on_top_of_the_other_and_writes_nothing(
    scene: Scene,
) -> None:
    await scene.by_hand(bill("A1"))
    before = await scene.world.dump()
    bills = (
        bill("A1"), bill("A2"), bill("A3", invoice=OTHER, account_used=True),
        bill("A4", invoice="25447000000000000003", account_used=True), bill("A5", invoice=OTHER, psn_no=OTHER_PSN),
    )  # fmt: skip
    results = await scene.counter().trial(bills[:4])
    assert [(one.known, word) for one, word in zip(results, words(results), strict=True)] == [
        (True, "PAID"), (False, "INVOICE_PAID"), (False, "PAID"), (False, "PAID"),
    ]  # fmt: skip
    infos = [settlement_pb2.Outcome.FromString(one.row.answer).setlinfo for one in results[2:] if one.row]
    assert [info.balc for info in infos] == [4_000, 3_000]
    assert await scene.world.dump() == before


async def test_a_node_whose_worker_never_began_is_refused(database: NewDatabase) -> None:
    async with postgres_world(database("ledger", "homepool")) as world:
        await insure(world, person())
        scene = Scene(world)
        for work in (scene.by_hand(bill()), scene.counter().trial([bill()])):
            with pytest.raises(NeverServed, match="start it once"):
                await work
        book = await world.book()
        await book.take_over(1, now_ms=CLOCK.now_ms())  # of two partitions only the second has begun
        with pytest.raises(NeverServed):
            await scene.by_hand(bill())


async def test_a_bill_goes_into_the_partition_of_its_person(scene: Scene) -> None:
    book = await scene.world.book()
    await book.take_over(1, now_ms=CLOCK.now_ms())
    psn_nos = [f"4403000000{n:04}" for n in range(8)]
    for psn_no in psn_nos:
        await insure(scene.world, person(psn_no))
    bills = [bill(f"A{n}", invoice=f"2544700000000000010{n}", psn_no=psn) for n, psn in enumerate(psn_nos)]
    results = await scene.by_hand(*bills)
    rows = [result.row for result in results if result.row]
    assert {row.partition for row in rows} == {0, 1}
    assert len(rows) == 8
    assert await scene.direct(settle_item("s0", bill=sixteen("x").hex())) == ["PAID"]
