"""A home node's worker on a real PostgreSQL and a real broker: it answers, repeats, parks, stops and starts again."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest

from bus.kafka import open_log
from bus.log import Log
from bus.settings import BusSettings
from bus.topics import SLOTS_AT_BIRTH, make_topics, reply_topic, request_topic
from homepool.benefits import Benefit, BillFacts, Policy, Standing
from homepool.book import Fenced, LeafMissing, Restored, SessionLost
from homepool.decide import Settle
from homepool.seen import Mark
from homepool.worker import Worker
from ledger.life import Kind, Status
from proto.settlement.v1 import filing_pb2, messages_pb2, settlement_pb2
from proto.settlement.v1.envelope_pb2 import Credential
from runtime.clock import SystemClock, china_date
from runtime.keys import setl_id_text
from runtime.sealing import INSURED_ANSWER, INSURED_QUESTION, generate_keypair, open_sealed, seal
from tests.home_items import PSN, person, plain_settle, settle_item, sixteen, undo_item
from tests.home_nodes import KEYS, Asker, Heard, SeenInMemory, asker, running, worker_of
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.servers import NewDatabase

PARTITIONS = (0, 1)
CLOCK = SystemClock()


@dataclass
class House:
    """A home node's surroundings."""

    world: PostgresWorld
    log: Log
    node: int
    region: str
    alarms: Heard
    seen: SeenInMemory

    async def worker(
        self, *, settle: Settle = plain_settle, terms: Mapping[int, int] | None = None
    ) -> Worker:
        """A new worker with sessions of its own."""
        books = {partition: await self.world.book() for partition in PARTITIONS}
        return worker_of(
            books, await self.world.book(), self.log, CLOCK, alarms=self.alarms, seen=self.seen, node=self.node,
            region=self.region, settle=settle, terms=terms,
        )  # fmt: skip

    def asker(self) -> contextlib.AbstractAsyncContextManager[Asker]:
        """A slot."""
        return asker(self.log, CLOCK, node=self.node, region=self.region)


@pytest.fixture
async def house(database: NewDatabase, broker: str) -> AsyncIterator[House]:
    """A database with one person, a broker with topics of this test's own."""
    node = int.from_bytes(os.urandom(2)) % 30_000 + 1_000
    region = f"t{node}"
    await make_topics(
        broker, {request_topic(str(node)): len(PARTITIONS), reply_topic(region): SLOTS_AT_BIRTH}, wait_s=30.0
    )
    async with (
        postgres_world(database("ledger", "homepool")) as world,
        open_log(BusSettings(bootstrap=broker, embedded=True)) as log,
    ):
        await insure(world, person(), balance_fen=5_000)
        yield House(world, log, node, region, Heard(), SeenInMemory())


def outcome(decision: messages_pb2.Decision) -> settlement_pb2.Outcome:
    """The stored answer."""
    return settlement_pb2.Outcome.FromString(decision.answer)


async def test_what_was_asked_is_decided_written_and_answered_and_repeats_are_the_same_bytes(
    house: House,
) -> None:
    items = [settle_item("s0", account_used=True), settle_item("s1"), undo_item(Kind.REVERSE, "r9", "s9")]
    async with house.asker() as slot, running(await house.worker()):
        first = await slot.outcome(*items)
        assert [one.status for one in first] == [Status.PAID, Status.DECLINED, Status.OK]
        assert outcome(first[1]).other.setl_id == setl_id_text(sixteen("s0"))
        assert (
            slot.decisions[sixteen("s9")][0].status == Status.VOIDED
        )  # told at once, not only when it arrives
        again = await slot.outcome(*items, settle_item("s9"))
        assert [one.answer for one in again[:3]] == [one.answer for one in first]
        assert again[3].status == Status.VOIDED
        await slot.outcome(undo_item(Kind.CANCEL, "c0", "s0"))
        beside = (await slot.outcome(items[0]))[0]
        assert (beside.answer, beside.undone_by) == (first[0].answer, setl_id_text(sixteen("c0")))
    dump = await house.world.dump()
    assert (dump["accounts"][PSN], len(dump["decisions"])) == (5_000, 5)
    assert not house.alarms.words


async def test_a_poison_row_and_an_exception_are_parked_and_the_node_goes_on(house: House) -> None:
    def unbalanced(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
        benefit = plain_settle(bill, policy, standing)
        if bill.total_fen == 666:
            return benefit._replace(cash_fen=benefit.cash_fen + 1)  # a row that breaks row_zero_sum
        if bill.total_fen == 667:
            return benefit._replace(deltas=(1 << 63,) * 17)  # a row that cannot even be sent
        return benefit

    items = [
        settle_item(f"s{place}", bill=f"b{place}", total_fen=total, in_scope_fen=total)
        for place, total in enumerate((100, 666, 100, 667, 100))
    ]
    async with house.asker() as slot, running(await house.worker(settle=unbalanced)):
        answers = await slot.outcome(*items)
        assert [one.code for one in answers] == ["", "INTERNAL", "", "INTERNAL", ""]
        assert (await slot.outcome(settle_item("s9", bill="b9")))[0].status == Status.PAID
        again = await slot.outcome(*items)
        assert [one.answer for one in again] == [one.answer for one in answers]
    parked = await house.world.admin.fetch("SELECT id, why FROM parked")
    assert {record["id"] for record in parked} == {sixteen("s1"), sixteen("s3")}
    assert "a row breaks the book's rules" in house.alarms.words
    assert (await house.world.dump())["used"][(PSN, "310", 2026)][3] == 3 * 60 + 6_000


async def test_a_missing_leaf_stops_the_worker_and_declines_nobody(house: House) -> None:
    worker = await house.worker()
    async with house.asker() as slot:
        async with running(worker) as task:
            await asyncio.wait_for(worker.beating.wait(), 30)
            await house.world.drop_leaf(china_date(CLOCK.now_ms()))
            await slot.send(settle_item("s0"))
            with pytest.raises(LeafMissing):
                await asyncio.wait_for(task, 30)
        assert not (await house.world.dump())["decisions"]
        assert "the day has no leaf" in house.alarms.words
        async with running(await house.worker()):  # starting makes the leaf
            assert (await slot.outcome(settle_item("s0")))[0].status == Status.PAID


async def test_a_lost_session_ends_the_worker_and_the_next_one_repeats_what_was_decided(house: House) -> None:
    worker = await house.worker()
    async with house.asker() as slot:
        async with running(worker) as task:
            first = await slot.outcome(settle_item("s0"))
            await house.world.admin.fetch(
                "SELECT pg_terminate_backend(writer_pid, 3000) FROM cursor WHERE partition = 0"
            )
            await slot.send(settle_item("s1", bill="b1"))
            with pytest.raises(SessionLost):
                await asyncio.wait_for(task, 30)
        next_one = await house.worker()
        async with running(next_one):
            again = await slot.outcome(settle_item("s0"), settle_item("s1", bill="b1"))
        assert again[0].answer == first[0].answer
        assert again[1].status == Status.PAID
        assert next_one.partitions[0].cursor.term > worker.partitions[0].cursor.term


async def test_a_takeover_ends_the_worker_before(house: House) -> None:
    old = await house.worker()
    async with house.asker() as slot, running(old) as task:
        await slot.outcome(settle_item("s0"))
        new = await house.worker()
        async with running(new):
            await asyncio.wait_for(new.beating.wait(), 30)
            assert (await slot.outcome(settle_item("s1", bill="b1")))[0].status == Status.PAID
            with pytest.raises((Fenced, SessionLost)):
                await asyncio.wait_for(task, 30)
        again = await house.worker(terms={0: old.partitions[0].cursor.term})
        with pytest.raises(Fenced):  # who was taken over does not take over again by itself
            await again.run()


async def test_a_loader_in_between_makes_the_worker_read_again(house: House) -> None:
    async with house.asker() as slot, running(await house.worker()):
        spent = await slot.outcome(settle_item("s0", account_used=True))
        await house.world.account(PSN, -4_000)  # all that is left, behind the worker's back
        poor = await slot.outcome(settle_item("s1", bill="b1", account_used=True))
    assert [one.account_fen for one in (*spent, *poor)] == [1_000, 0]


async def test_a_record_from_a_wrong_clock_is_left_to_be_sent_again(house: House) -> None:
    async with house.asker() as slot, running(await house.worker()):
        await slot.send(settle_item("s0"), clock_off_ms=60_000)
        await slot.send(settle_item("s1", bill="b1"), clock_off_ms=-120_000)
        await slot.outcome(settle_item("s2", bill="b2"))
    assert set(slot.decisions) == {sixteen("s2")}


async def test_a_hello_is_answered_by_beats_of_both_partitions(house: House) -> None:
    worker = await house.worker()
    async with house.asker() as slot, running(worker):
        beat = await slot.first_beat()
        assert beat.term == worker.partitions[beat.partition].cursor.term
        assert (beat.term_first_number, abs(beat.clock_ms - CLOCK.now_ms()) < 60_000) == (1, True)
        await slot.beats_of(set(PARTITIONS))
    assert house.seen.noted[0].term == worker.partitions[0].cursor.term


async def test_a_database_that_knows_less_than_the_node_had_written_is_not_served(house: House) -> None:
    house.seen.note({0: Mark(term=1, number=5)})
    with pytest.raises(Restored):
        await (await house.worker()).run()
    house.seen.note({0: Mark(term=1 << 50, number=0)})
    with pytest.raises(Restored):
        await (await house.worker()).run()
    assert house.alarms.words == ["the database knows less than this node had written"] * 2


async def test_a_trial_settlement_is_what_a_settlement_gives_and_stores_nothing(house: House) -> None:
    item = settle_item("s0", account_used=True)
    async with house.asker() as slot, running(await house.worker()):
        asks = [messages_pb2.Ask(ask_id=sixteen(f"a{place}"), pre_settle=item) for place in range(2)]
        trials = [settlement_pb2.Outcome.FromString((await slot.answer(ask)).answer) for ask in asks]
        assert not (await house.world.dump())["decisions"]
        real = outcome((await slot.outcome(item))[0])
        later = messages_pb2.Ask(ask_id=sixteen("a9"), pre_settle=item)
        settled = settlement_pb2.Outcome.FromString((await slot.answer(later)).answer)
        seen = await slot.answer(messages_pb2.Ask(ask_id=sixteen("a8"), outcome_of=item.id))
        unseen = await slot.answer(messages_pb2.Ask(ask_id=sixteen("a7"), outcome_of=sixteen("s9")))
    assert trials[0].setl_id == trials[0].setlinfo.setl_id == ""
    for trial in trials:
        trial.setlinfo.setl_id = real.setlinfo.setl_id
        assert trial.setlinfo == real.setlinfo
    assert (settled.code, settled.other.setl_id) == ("BILL_ALREADY_SETTLED", real.setl_id)
    assert settlement_pb2.Outcome.FromString(seen.answer) == real
    assert unseen.refusal_code == "NOT_SEEN"


async def test_who_is_insured_travels_sealed_both_ways(house: House) -> None:
    private, public = generate_keypair()
    credential = Credential(mdtrt_cert_type="02", mdtrt_cert_no="110101198005061234", psn_name="张三")
    sealed = seal(KEYS[1], credential.SerializeToString(), purpose=INSURED_QUESTION)

    def ask(name: str, **question: object) -> messages_pb2.Ask:
        insured = messages_pb2.InsuredAsk(answer_key=public, med_type="21", date="2026-03-01", **question)  # type: ignore[arg-type]
        return messages_pb2.Ask(ask_id=sixteen(name), insured=insured)

    async with house.asker() as slot, running(await house.worker()):
        by_card = await slot.answer(ask("a0", sealed_credential=sealed))
        by_number = await slot.answer(ask("a1", psn_no=PSN, home_pool=440300))
        elsewhere = await slot.answer(ask("a2", psn_no=PSN, home_pool=440100))
        garbled = await slot.answer(ask("a3", sealed_credential=sealed[:-1]))
    assert "张三".encode() not in by_card.answer
    answers = [
        settlement_pb2.GetInsuredResponse.FromString(open_sealed(private, one.answer, purpose=INSURED_ANSWER))
        for one in (by_card, by_number)
    ]
    assert answers[0] == answers[1]
    assert (answers[0].baseinfo.psn_name, answers[0].baseinfo.age) == ("张三", 45)
    assert [(one.insutype, one.balc, one.psn_insu_stas) for one in answers[0].insuinfo] == [
        ("310", 5_000, "1")
    ]
    assert [one.trt_enjymnt_flag for one in answers[0].trtinfo] == ["1"]
    assert (elsewhere.refusal_code, garbled.refusal_code) == ("PERSON_UNKNOWN", "CREDENTIAL_UNREADABLE")


async def test_a_filing_beside_a_running_worker_counts_for_the_next_bill(house: House) -> None:
    def filing(name: str, **fields: object) -> messages_pb2.Ask:
        given: dict[str, object] = {
            "id": sixteen("f1"), "digest": bytes(32), "infno": "2501", "msgid": "f1", "psn_no": PSN, "home_pool": 440300,
            "kind": "other", "insutype": "310", "care": "450100", "begin_date": china_date(CLOCK.now_ms()).isoformat(),
        } | fields  # fmt: skip
        return messages_pb2.Ask(ask_id=sixteen(name), filing=messages_pb2.FilingAsk(**given))  # type: ignore[arg-type]

    today = china_date(CLOCK.now_ms()).isoformat()
    listing = messages_pb2.Ask(
        ask_id=sixteen("a5"), filings=messages_pb2.FilingsAsk(psn_no=PSN, home_pool=440300, date=today)
    )
    async with house.asker() as slot, running(await house.worker()):
        before = outcome((await slot.outcome(settle_item("s0", bill="b0", care_date=today)))[0])
        first = await slot.answer(filing("a1"))
        again = await slot.answer(filing("a2"))
        reused = await slot.answer(filing("a3", digest=bytes(31) + b"1"))
        refused = await slot.answer(filing("a4", id=sixteen("f2"), care="440300"))
        after = outcome((await slot.outcome(settle_item("s1", bill="b1", care_date=today)))[0])
        listed = filing_pb2.ListFilingsResponse.FromString((await slot.answer(listing)).answer)
    assert (before.setlinfo.filing, after.setlinfo.filing) == ("unfiled", "other")
    assert first.answer == again.answer
    assert (reused.refusal_code, refused.refusal_code) == ("MSGID_REUSED", "FILING_PLACE")
    stored = settlement_pb2.Outcome.FromString(first.answer).filing
    assert [one.trt_dcla_detl_sn for one in listed.filings] == [stored.trt_dcla_detl_sn]
    assert not house.alarms.words
