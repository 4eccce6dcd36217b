"""After traffic of every kind, a database error included: no name, certificate, card or token in any log, page of
metrics, Kafka key or header, nor in the records on Kafka, nor in a care region's database.

The people are made up, so that everything personal is known and can be sought. One item is made to fail in the home
book by a constraint that the test adds: PostgreSQL's DETAIL of it holds the whole row.
"""

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential
from tests.endtoend.his import DECLINED, PAID, His, NewPerson, Person, Refused, Visit, line, now_text, refused
from tests.endtoend.running_stack import RunningStack

POISON_FEN = 777_701
PHONE = "13912345678"
PLAIN_TABLES = "SELECT string_agg(format('%I', tablename), ' ') FROM pg_tables WHERE schemaname = 'public'"


def of_everybody(stack: RunningStack, *fields: str) -> set[str]:
    """What the file of the people says of them under these names."""
    people = [json.loads(text) for text in stack.people_file.read_text(encoding="utf-8").splitlines()]
    found = {str(person[field]) for person in people for field in fields} - {""}  # not everybody has a token
    assert len(found) >= len(people) / 2
    return found


@pytest.fixture(scope="module")
def personal(stack: RunningStack) -> set[str]:
    """Everything of everybody that stays in the home pool."""
    return {PHONE} | of_everybody(stack, "psn_name", "certno", "card_sn", "evoucher")


@pytest.fixture(scope="module")
def never_logged(stack: RunningStack, personal: set[str]) -> set[str]:
    """And the person numbers, which the books of both sides hold: a DETAIL would print them."""
    return personal | of_everybody(stack, "psn_no")


@contextlib.contextmanager
def poisoned(stack: RunningStack, node: str) -> Iterator[None]:
    """A bill of that amount breaks a rule of the home book."""
    stack.query(node, f"ALTER TABLE decision ADD CONSTRAINT poison CHECK (total_fen <> {POISON_FEN})")
    try:
        yield
    finally:
        stack.query(node, "ALTER TABLE decision DROP CONSTRAINT poison")


def scanned_by_two(stack: RunningStack, hospital: His, new_person: NewPerson) -> None:
    """An e-voucher opens a visit of its person, and none of another's."""
    record: dict[str, Any] = {"evoucher_valid_to": ""}
    while record["evoucher_valid_to"] < now_text():
        person = new_person("450100", "310")
        record = stack.record(person.psn_no)
    openings = [hospital.opening(Visit(whose, "11")) for whose in (person, new_person("450100", "310"))]
    for opening in openings:
        opening.credential.CopyFrom(Credential(mdtrt_cert_type="01", mdtrt_cert_no=record["evoucher"]))
    hospital.outcome(openings[0])
    with refused("WRONG_PERSON", grpc.StatusCode.FAILED_PRECONDITION) as said:
        hospital.ask(openings[1])
    assert record["evoucher"] not in said[0].message


@pytest.fixture(scope="module", autouse=True)
def told_everything(stack: RunningStack, hospital: His, new_person: NewPerson) -> Person:
    """Send everything personal that the contract has a place for, in calls that work and in calls that do not."""
    person = new_person("450100", "310")
    full = person.credential()
    full.card_sn, full.mdtrt_cert_type = PHONE, "03"
    by_token = hospital.insured(person, by_certificate=True)
    by_token.credential.mdtrt_cert_no = PHONE
    with contextlib.suppress(Refused):
        hospital.call(by_token)
    assert hospital.ask(hospital.insured(person, by_certificate=True)).baseinfo.psn_name == person.name
    assert hospital.ask(hospital.insured(person)).baseinfo.certno == person.certno
    visit = Visit(person, "11")
    opening = hospital.opening(visit)
    opening.credential.CopyFrom(full)
    visit.mdtrt_id = hospital.outcome(opening).mdtrt_id
    scanned_by_two(stack, hospital, new_person)
    request = hospital.settlement(visit)
    request.credential.CopyFrom(full)
    paid = hospital.outcome(request)
    hospital.cancelled(visit, paid)
    for spoilt in ("psn_no", "mdtrt_id", "chrg_bchno"):
        wrong = hospital.settlement(visit)
        wrong.credential.CopyFrom(full)
        setattr(wrong.input, spoilt, person.certno + person.name * 9)
        with pytest.raises(Refused) as told:
            hospital.call(wrong)
        assert person.name not in told.value.message
    misplaced = hospital.query(omsgid=person.certno, oinfno="2207")
    assert not hospital.call(misplaced).found
    return person


def test_a_row_that_breaks_a_rule_is_declined_alone_and_the_node_goes_on(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    bad, good = hospital.open(new_person("450100", "310")), hospital.open(new_person("450100", "310"))
    poison = hospital.settlement(bad, hospital.bill(bad, line("1", POISON_FEN)))
    before = stack.pids()
    with poisoned(stack, "node 45"):
        declined, paid = hospital.many(
            [lambda: hospital.final(poison), lambda: hospital.final(hospital.settlement(good))]
        )
        assert (declined.status, declined.code) == (DECLINED, "INTERNAL")
        assert paid.status == PAID
    assert hospital.outcome(hospital.settlement(bad, poison.input)).status == PAID
    assert stack.pids() == before
    parked = stack.query("node 45", "SELECT count(*) FROM parked")
    assert int(parked) >= 1


def test_no_log_holds_anything_personal(stack: RunningStack, never_logged: set[str]) -> None:
    logs = sorted(path for path in (stack.run_dir / "logs").iterdir() if path.suffix != ".previous")
    assert {path.name for path in logs} >= {
        "broker.log",
        "postgres.log",
        "gateway-44-0.jsonl",
        "node-45.jsonl",
    }
    for path in logs:
        assert_clean(path.read_text(encoding="utf-8", errors="replace"), never_logged, path.name)
    assert (
        "poison" in (stack.run_dir / "logs" / "postgres.log").read_text()
    )  # the error was logged, without its row


def test_no_page_of_metrics_holds_anything_personal(stack: RunningStack, never_logged: set[str]) -> None:
    for name, address in stack.endpoints.metrics.items():
        with urllib.request.urlopen(address, timeout=10) as page:
            assert_clean(page.read().decode(), never_logged, name)


def test_kafka_has_neither_keys_nor_headers_and_its_records_hold_no_certificate(
    stack: RunningStack, personal: set[str], told_everything: Person, hospital: His
) -> None:
    hospital.call(hospital.insured(told_everything, by_certificate=True))
    records = asyncio.run(all_records(stack))
    items = [record for record in records if len(record.value) > 100]
    assert items
    for record in records:
        assert record.key is None
        assert not record.headers
    whole = b"\n".join(record.value for record in records)
    assert told_everything.psn_no.encode() in whole  # what was sent is among them
    for secret in personal:
        assert secret.encode() not in whole


async def all_records(stack: RunningStack) -> list[Any]:
    """Everything that the broker still holds of every topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.endpoints.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [
            TopicPartition(topic, partition)
            for topic, partitions in stack.topics.items()
            for partition in range(partitions)
        ]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        records: list[Any] = []
        quiet = 0
        while quiet < 3 and len(records) < 20_000:
            fetched = await consumer.getmany(timeout_ms=500, max_records=5_000)
            found = [record for batch in fetched.values() for record in batch]
            substantial = [
                record for record in found if len(record.value) > 100
            ]  # beats and probes never end
            quiet = 0 if substantial else quiet + 1
            records += found
        return records
    finally:
        await consumer.stop()


def test_a_care_regions_database_holds_no_certificate_and_no_name(
    stack: RunningStack, personal: set[str], told_everything: Person
) -> None:
    """Identity stays in the home pool: neither as text nor within the bytes of a message."""
    requests = stack.query("region 44", "SELECT t::text FROM request t")
    assert told_everything.psn_no in requests  # so would the others be, in text
    assert told_everything.psn_no.encode().hex() in requests  # and in the bytes of the message
    for region in ("region 44", "region 45"):
        for table in stack.query(region, PLAIN_TABLES).split():
            text = stack.query(region, f"SELECT t::text FROM ONLY {table} t")
            assert_clean(text, personal, f"{region} {table}")
            in_bytes = {secret.encode().hex() for secret in personal}
            assert not [one for one in in_bytes if one in text], f"{region} {table}"


def test_answers_and_books_hold_no_name_but_where_it_is_asked_for(
    stack: RunningStack, hospital: His, new_person: NewPerson
) -> None:
    person = new_person()
    visit = hospital.open(person)
    request, paid = hospital.pay(visit)
    for answer in (paid, hospital.found(request)[0], hospital.call(hospital.refund(visit, paid))):
        text = answer.SerializeToString()
        assert person.name.encode() not in text
        assert person.certno.encode() not in text
    assert isinstance(paid, pb.Outcome)


def assert_clean(text: str, personal: set[str], where: str) -> None:
    """None of it stands in the text; the failure names the place, not the secret."""
    found = [len(secret) for secret in personal if secret in text]
    assert not found, f"{where} holds {len(found)} personal values"
