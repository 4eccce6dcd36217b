"""What the hot path's own code costs, stage by stage: `python -m tests.hot_path [ROUNDS]`, µs of CPU a settlement.

Goal: two versions can be compared on a machine that others use too, where whole benches differ by more than a change
does. Method: the load generator's bills, 1,000 of them in pieces of 50 as a busy slot and node get them, go through each
stage of gateway and home node in one process, without broker and database; of many rounds the cheapest counts. Run it in
the trees of both versions by turns.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from random import Random
from typing import Any

from gateway import admission
from gateway.calls import Call
from gateway.care_book import Known, Visit
from gateway.catalogue import load_catalogues
from gateway.decisions import row_of
from gateway.directory import Directory
from gateway.entrance import Admitted, House, View
from homepool.benefits import NOTHING_USED, settle
from homepool.benefits.filing import Filing
from homepool.decide import Flush, decide
from homepool.insured import Coverage, Identity, Person
from homepool.loading.people import Person as Record
from homepool.loading.population import population
from homepool.policy.files import load_policies
from homepool.snapshot import Snapshot
from homepool.written_rows import copy_bytes as w2_bytes
from ledger.copy_rows import copy_bytes as w3_bytes
from ledger.life import Kind
from ledger.wire import decision_of
from loadtest import bills, directory
from loadtest.population import Person as Patient
from loadtest.population import Population
from proto.settlement.v1 import envelope_pb2
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import china_date
from runtime.keys import partition_of, setl_id_text, visit_key
from tests.builders import a_visit
from tests.home_items import cursor

POOLS = (440100, 440300, 441500, 450100, 500000)
PEOPLE, BILLS, STAYS, LINES, PIECE = 400, 950, 50, 8, 50


class Scene:
    """People, visits and bills, the same in every run of a day."""

    def __init__(self) -> None:
        now_s = time.time()
        self.now_ms = int(now_s * 1000)
        self.today = china_date(self.now_ms)
        records = list(population(7, POOLS, PEOPLE, as_of=self.today))
        self.people = {one.psn_no: _insured(one) for one in records}
        self.balances = {one.psn_no: one.accounts[0].balance_fen for one in records if one.accounts}
        self.directory, self.catalogues = Directory.load(), load_catalogues()
        self.policies = load_policies()
        self.visits: dict[bytes, Visit] = {}
        self.bills: list[tuple[bytes, House]] = []
        self._bill([one for record in records for one in _patients(record, self.today)], now_s)

    def _bill(self, patients: Sequence[Patient], now_s: float) -> None:
        institutions = directory.read_institutions(self.today)
        prices = {
            pool: directory.read_price_list(pool, self.today)
            for pool in {one.care_pool for one in institutions}
        }
        planned = Population(patients, institutions, prices, LINES, Random(3), now_s, "R")
        ids = bills.MsgIds()
        for number, visit in enumerate(
            planned.plan(BILLS, bills.OUTPATIENT) + planned.plan(STAYS, bills.INPATIENT)
        ):
            institution, patient = visit.institution, visit.person.patient
            key = visit_key(institution.code, visit.number)
            planned.opened(visit, setl_id_text(key))
            node = self.directory.nodes[self.directory.pools[int(patient.home_pool)].node]
            self.visits[key] = a_visit(
                id=key, fixmedins_code=institution.code, psn_no=patient.psn_no, home_pool=int(patient.home_pool),
                care_pool=int(institution.care_pool), node=node.number, insutype=patient.insutype,
                partition=partition_of(patient.psn_no, node.partitions), med_type=visit.med_type, begin_day=self.today,
            )  # fmt: skip
            msgid, inf_time = ids.next(institution.code)
            body = visit.stencil.fill(msgid=msgid, inf_time=inf_time, batch=number + 1)
            self.bills.append((body, House(institution.region, 0, self.directory, self.catalogues)))
        Random(5).shuffle(self.bills)


def _insured(record: Record) -> Person:
    held: dict[tuple[int, str], tuple[Coverage, ...]] = {}
    for one in record.insurances:
        coverage = Coverage(
            one.pool, one.insutype, one.psn_type, one.civil_servant, one.valid_from, one.valid_to, one.status,
            one.paused_on,
        )  # fmt: skip
        held[(one.pool, one.insutype)] = (*held.get((one.pool, one.insutype), ()), coverage)
    return Person(
        psn_no=record.psn_no, born=record.brdy, coverages=held,
        identities=tuple(Identity(one.name, one.valid_from, one.valid_to) for one in record.identities),
        filings=tuple(
            Filing(one.kind, (one.care,) if one.care else (), one.valid_from, one.valid_to, one.insutype, one.disease,
                   one.institution)
            for one in record.filings
        ),
        account_pool=record.accounts[0].pool if record.accounts else 0,
        relatives=tuple((relative, record.insurances[0].pool) for relative in sorted(record.relatives)),
    )  # fmt: skip


def _patients(record: Record, today: date) -> list[Patient]:
    first = record.insurances[0]
    if first.status != "1" or first.insutype not in ("310", "390"):
        return []
    credential = envelope_pb2.Credential(mdtrt_cert_type="02", mdtrt_cert_no=record.certno)
    return [Patient(bills.Patient(record.psn_no, str(first.pool), first.insutype), credential)]


class Stages:
    """Seconds of CPU by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def each(self, stage: str, work: Callable[..., Any], *given: Sequence[Any]) -> list[Any]:
        """`work` for each of what is given, side by side."""
        began = time.process_time()
        made = [work(*one) for one in zip(*given, strict=True)]
        self.spent[stage] = self.spent.get(stage, 0) + time.process_time() - began
        return made


def one_round(scene: Scene) -> dict[str, float]:
    """Seconds of CPU by stage, of all bills."""
    stages = Stages()
    snapshot = Snapshot()
    snapshot.people, snapshot.balances, snapshot.clock_ms = scene.people, dict(scene.balances), scene.now_ms
    snapshot.used = {
        (one.psn_no, insutype, scene.today.year): NOTHING_USED
        for one in scene.people.values() for _, insutype in one.coverages
    }  # fmt: skip
    view = View(Known({}, scene.visits, {}), {}, lambda _node, _partition: False, scene.now_ms, scene.today)
    nobody: Any = None

    def call(request: pb.SettleRequest) -> Call:
        return Call(kind=int(Kind.SETTLE), request=request, deadline_ms=scene.now_ms + 30_000, reply=nobody)

    def admitted(call: Call, house: House) -> Admitted:
        verdict = admission.admit(call, house=house, view=view)
        assert isinstance(verdict, Admitted), verdict
        return verdict

    def decided(items: Sequence[mpb.Item], number: int) -> Flush:
        return decide(
            items, snapshot, node=45, cursor=cursor(next_number=number, day=scene.today), now_ms=scene.now_ms,
            policies=scene.policies, settle=settle,
        )  # fmt: skip

    for first in range(0, len(scene.bills), PIECE):
        bodies, houses = zip(*scene.bills[first : first + PIECE], strict=True)
        requests = stages.each("parse request", pb.SettleRequest.FromString, bodies)
        calls = stages.each("call, id, digest", call, requests)
        verdicts = stages.each("admission", admitted, calls, houses)
        items = stages.each("parse item", mpb.Item.FromString, [one.rows[0].item for one in verdicts])
        (flush,) = stages.each("decide", decided, [items], [first + 1])
        assert not flush.errors, flush.errors
        stages.each("W2 rows as bytes", w2_bytes, [flush.rows], [1])
        decisions = stages.each("decision", decision_of, [row for _, row in flush.answers])
        sent = stages.each("decision as bytes", mpb.Decision.SerializeToString, decisions)
        booked = stages.each(
            "row of decision", row_of, stages.each("parse decision", mpb.Decision.FromString, sent)
        )
        stages.each("W3 rows as bytes", w3_bytes, [booked])
    return stages.spent


def main(rounds: int) -> None:
    """Prints the cheapest round of each stage."""
    scene = Scene()
    best = one_round(scene)
    gc.collect()
    gc.freeze()  # as the processes do
    for _ in range(rounds):
        best = {stage: min(best[stage], seconds) for stage, seconds in one_round(scene).items()}
    for stage, seconds in best.items():
        print(f"{stage:20}{seconds / len(scene.bills) * 1e6:8.1f}")
    print(f"{'all':20}{sum(best.values()) / len(scene.bills) * 1e6:8.1f}", os.getloadavg()[0])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
