"""A day closes under a running stack: the books of both sides say the same of it, and what follows is of the next day."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import grpc
import pytest
from psutil import Process

from proto.settlement.v1 import books_pb2 as pb
from proto.settlement.v1 import books_pb2_grpc
from proto.settlement.v1 import settlement_pb2 as settlement
from stack.patients import read_patients
from stack.plan import read_plan
from tests.endtoend.his import CHINA, PAID, His, Person
from tests.endtoend.running_stack import RunningStack, running_stack, wait_until

POOL = "440100"
SENT_WITHIN_S = 1.0


@pytest.fixture(scope="module")
def small_stack() -> Iterator[RunningStack]:
    """One region and one home node with their books: a stack of this module's own, for its day closes early."""
    plan = read_plan().with_free_ports()
    plan = replace(plan, regions=plan.regions[:1], nodes=plan.nodes[:1])
    with running_stack(plan, people_per_pool=20) as running:
        yield running


def patient_of(stack: RunningStack) -> Person:
    today = datetime.now(CHINA).date().isoformat()
    one = next(
        one for one in read_patients(stack.people_file, pools=[POOL], today=today) if "310" in one.insutypes
    )
    return Person(one.psn_no, POOL, "310", one.certno, one.name)


def told(stub: Any, day: str, peer: str) -> tuple[list[pb.DaySumRow], list[pb.DayBucket]]:
    """Sums and buckets of a side."""
    sums = [row for part in stub.GetDaySums(pb.GetDaySumsRequest(day=day, peer=peer)) for row in part.sums]
    buckets = [
        row
        for part in stub.GetDayBuckets(pb.GetDayBucketsRequest(day=day, peer=peer, again=True))
        for row in part.buckets
    ]
    return sums, buckets


def unheard(
    stack: RunningStack, his: His, request: settlement.SettleRequest, *, silent: ExitStack
) -> Future[Any]:
    """A settlement that its node decides and its gateway, asleep until `silent` ends, does not hear of."""
    decided = "SELECT count(*) FROM decision"
    before = int(stack.query("node 44", decided))
    threads = silent.enter_context(ThreadPoolExecutor(1))
    with stack.held("node-44"):
        reply = threads.submit(his.call, request, timeout_s=60.0)
        wait_until(lambda: stack.open_messages() == 1, "the settlement is claimed")
        time.sleep(SENT_WITHIN_S)
        silent.enter_context(stack.held("gateway-44-0"))
    wait_until(lambda: int(stack.query("node 44", decided)) > before, "the node has decided")
    return reply


def test_a_day_closes_and_both_books_say_the_same_of_it(small_stack: RunningStack) -> None:
    books = small_stack.endpoints.books
    with (
        His("H44030490001", care_pool="440300", gateways=small_stack.gateways["44"]) as his,
        grpc.insecure_channel(books["node 44"]) as home_channel,
        grpc.insecure_channel(books["region 44"]) as care_channel,
        ExitStack() as silent,
    ):
        home: Any = books_pb2_grpc.BooksServiceStub(home_channel)
        care: Any = books_pb2_grpc.BooksServiceStub(care_channel)
        person = patient_of(small_stack)
        visit = his.open(person)
        _, paid = his.pay(visit)
        his.cancelled(visit, paid)
        _, last = his.pay(his.open(person))
        reply = unheard(small_stack, his, his.settlement(his.open(person)), silent=silent)
        closed = home.CloseDay(pb.CloseDayRequest(day=last.biz_date, operator="night"))
        assert (closed.closed_before, sum(cut.last_number for cut in closed.cuts)) == (False, 4)
        nice = {name: Process(pid).nice() for name, pid in small_stack.pids().items()}
        assert nice["books-node-44"] == nice["books-region-44"] > nice["node-44"], "settlements go first"
        small_stack.kill_and_await_the_next("books-node-44")

        at_home = home.SumDay(pb.SumDayRequest(day=last.biz_date, peer="44"))
        at_care = care.SumDay(pb.SumDayRequest(day=last.biz_date, peer="44", buckets=at_home.buckets))
        assert (at_home.items, at_care.items, at_care.fetched, list(at_care.refused)) == (4, 4, 1, [])
        assert small_stack.open_messages() == 0, (
            "the gateway still sleeps: its books have booked what it has not heard"
        )
        sums, buckets = told(home, last.biz_date, "44")
        assert (sums, buckets) == told(care, last.biz_date, "44")
        assert {one.sign: one.items for one in sums} == {1: 3, -1: 1}
        silent.close()
        assert reply.result().outcome.status == PAID

        _, after = his.pay(his.open(person))
        assert date.fromisoformat(after.biz_date) == date.fromisoformat(last.biz_date) + timedelta(days=1)
        assert home.DescribeBook(pb.DescribeBookRequest()).open_day == after.biz_date
