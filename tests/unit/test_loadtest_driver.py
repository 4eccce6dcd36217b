"""The load against a made-up gateway: windows are kept, visits are never billed twice at once, answers all judged."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from loadtest import arrivals, echo
from loadtest.bills import Patient
from loadtest.directory import Institution, Item
from loadtest.driver import CALL_TIMEOUT_S, UNKNOWN, Gateway, Load
from loadtest.errors import DataFileWrong, NoVisitOpened
from loadtest.generator import DRAIN_TIMEOUT_S, Generator, Setting
from loadtest.people import read_people
from loadtest.population import Person, Population
from proto.settlement.v1 import envelope_pb2, settlement_pb2_grpc
from proto.settlement.v1 import settlement_pb2 as pb

ALL = frozenset({"11", "21"})
HOSPITAL = Institution("H44030490001", "a hospital", "44", "440300", frozenset({"310"}), (ALL, ALL, ALL))


class MadeUpGateway(settlement_pb2_grpc.SettlementServiceServicer):
    """Pays every bill in cash after a moment, and watches what the load does."""

    def __init__(self) -> None:
        self.delay_s = 0.002
        self.busy: set[str] = set()
        self.twice = 0
        self.in_flight = self.in_flight_most = 0
        self.messages_in_flight_most = 0
        self.msgids: Counter[str] = Counter()
        self.infnos: Counter[str] = Counter()
        self.per_message: set[int] = set()
        self.pending_first = self.wrong_every = 0
        self.refuse_opening = ""
        self.break_sessions = False
        self.declines: set[str] = set()
        self.abort_with: tuple[grpc.StatusCode, bytes | None] | None = None

    async def Settle(self, request: pb.SettleRequest, context: Any) -> pb.SettleResponse:
        if self.abort_with is not None:
            code, details = self.abort_with
            if details is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", details),))
            await context.abort(code, "no")
        self.in_flight += 1
        self.in_flight_most = max(self.in_flight_most, self.in_flight)
        try:
            return await self._settle(request)
        finally:
            self.in_flight -= 1

    async def _settle(self, request: pb.SettleRequest) -> pb.SettleResponse:
        given, msgid = request.input, request.envelope.msgid
        again = self.msgids[msgid] > 0
        self.msgids[msgid] += 1
        self.infnos[request.envelope.infno] += 1
        self.twice += given.mdtrt_id in self.busy
        self.busy.add(given.mdtrt_id)
        await asyncio.sleep(self.delay_s)
        self.busy.discard(given.mdtrt_id)
        if self.pending_first and not again:
            self.pending_first -= 1
            return pb.SettleResponse(infcode=1, pending=pb.Pending(omsgid=msgid))
        if given.mdtrt_id in self.declines:
            declined = pb.Outcome(
                status=pb.OUTCOME_STATUS_DECLINED, code="NOT_ENTITLED", medins_setl_id=msgid
            )
            return pb.SettleResponse(infcode=-1, outcome=declined)
        total = given.medfee_sumamt + bool(self.wrong_every and len(self.msgids) % self.wrong_every == 0)
        info = pb.SettlementInfo(
            setl_id="S" + msgid[-4:], mdtrt_id=given.mdtrt_id, psn_no=given.psn_no, medfee_sumamt=total,
            inscp_scp_amt=total, psn_part_amt=total, psn_cash_pay=total,
        )  # fmt: skip
        outcome = pb.Outcome(
            status=pb.OUTCOME_STATUS_PAID, setl_id=info.setl_id, medins_setl_id=msgid, setlinfo=info
        )
        return pb.SettleResponse(outcome=outcome)

    async def Session(self, requests: Any, context: Any) -> Any:
        answers: asyncio.Queue[pb.SessionResponse] = asyncio.Queue()
        working: set[asyncio.Task[None]] = set()

        async def work(message: pb.SessionRequest) -> None:
            results = await asyncio.gather(*[self._call(call) for call in message.calls])
            await answers.put(pb.SessionResponse(batch_no=message.batch_no, results=results))

        async def read() -> None:
            async for message in requests:
                self.per_message.add(len(message.calls))
                task = asyncio.create_task(work(message))
                working.add(task)
                task.add_done_callback(working.discard)
                self.messages_in_flight_most = max(self.messages_in_flight_most, len(working))
            await asyncio.gather(*working)

        reading = asyncio.create_task(read())
        while not (reading.done() and answers.empty()):
            if self.break_sessions:
                reading.cancel()
                await context.abort(grpc.StatusCode.UNAVAILABLE, "killed")
            with contextlib.suppress(TimeoutError):
                yield await asyncio.wait_for(answers.get(), 0.05)
        reading.result()

    async def _call(self, call: pb.SessionCall) -> pb.SessionResult:
        if call.WhichOneof("call") == "settle":
            return pb.SessionResult(settle=await self._settle(call.settle))
        if self.refuse_opening:
            return pb.SessionResult(refusal=envelope_pb2.Refusal(code=self.refuse_opening))
        self.infnos[call.open_visit.envelope.infno] += 1
        mdtrt_id = "V" + call.open_visit.input.ipt_otp_no
        outcome = pb.Outcome(status=pb.OUTCOME_STATUS_OK, mdtrt_id=mdtrt_id)
        return pb.SessionResult(open_visit=pb.OpenVisitResponse(outcome=outcome))


@contextlib.asynccontextmanager
async def a_gateway(made_up: MadeUpGateway) -> AsyncIterator[Gateway]:
    server = grpc.aio.server()
    settlement_pb2_grpc.add_SettlementServiceServicer_to_server(made_up, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Gateway("44", channel)
    await server.stop(0)


def a_generator(gateway: Gateway, *, inpatient_share: float = 0.0) -> Generator:
    population = Population(
        people=[
            Person(Patient(f"4403{number:010}", "440300", "310"), envelope_pb2.Credential())
            for number in range(20)
        ],
        institutions=[HOSPITAL],
        price_lists={"440300": tuple(Item(f"X{place:04}", 2_000_000) for place in range(20))},
        lines=8,
        random=Random(1),
        now_s=time.time(),
        run="R",
    )
    setting = Setting([("44", "")], [], [], 8, inpatient_share, 1)
    return Generator(setting=setting, gateways=[gateway], population=population)


async def play(generator: Generator, for_s: float, **load: Any) -> dict[str, Any]:
    """A load for so long, and what its window came to."""
    await generator.do({"do": "run", **load})
    from_ns = time.monotonic_ns()
    await asyncio.sleep(for_s)
    return await generator.do({"do": "stop", "from_ns": from_ns, "to_ns": time.monotonic_ns()})


async def test_unary_calls_keep_their_window_and_every_bill_is_fresh() -> None:
    made_up = MadeUpGateway()
    made_up.delay_s = 0.03
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        said = await generator.do({"do": "open", "outpatient": 50, "inpatient": 0})
        assert said == {"opened": 50, "refused": {}}
        figures = await play(generator, 0.4, shape="unary", in_flight=16)
    assert made_up.in_flight_most == 16
    assert made_up.in_flight == 0, "the load ends only when everything was answered"
    assert made_up.twice == 0
    assert set(made_up.msgids.values()) == {1}
    assert figures["settled"] == figures["answered"] > 50
    assert figures["kinds"] == {"paid": len(made_up.msgids)}
    assert 30.0 <= figures["p50_ms"] <= figures["p99_ms"] < 400


async def test_a_session_keeps_so_many_messages_of_so_many_calls_in_flight() -> None:
    made_up = MadeUpGateway()
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 200, "inpatient": 0})
        figures = await play(generator, 0.4, shape="session", streams=1, window=4, per_message=25)
    assert made_up.messages_in_flight_most == 4
    assert 25 in made_up.per_message
    assert made_up.twice == 0
    assert set(made_up.msgids.values()) == {1}
    assert figures["kinds"] == {"paid": len(made_up.msgids)}
    assert figures["settled"] > 100


async def test_stays_are_opened_and_settled_under_their_own_numbers() -> None:
    made_up = MadeUpGateway()
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway, inpatient_share=0.5)
        await generator.do({"do": "open", "outpatient": 20, "inpatient": 10})
        await play(generator, 0.3, shape="unary", in_flight=4)
    assert made_up.infnos["2401"] == made_up.infnos["2304"] == 10
    assert made_up.infnos["2201"] == 20
    assert made_up.infnos["2207"] > 10


async def test_what_is_pending_is_sent_again_as_it_was_until_it_is_final() -> None:
    made_up = MadeUpGateway()
    made_up.pending_first = 3
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 20, "inpatient": 0})
        figures = await play(generator, 0.2, shape="unary", in_flight=4)
    assert figures["sent_again"] == 3
    assert figures["unsettled"] == 0
    assert sorted(made_up.msgids.values())[-4:] == [1, 2, 2, 2]
    assert figures["kinds"] == {"paid": len(made_up.msgids)}


async def test_a_wrong_answer_is_not_counted_as_settled() -> None:
    made_up = MadeUpGateway()
    made_up.wrong_every = 10
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 20, "inpatient": 0})
        figures = await play(generator, 0.3, shape="unary", in_flight=4)
    assert figures["kinds"]["wrong"] >= 2
    assert figures["settled"] < figures["answered"]
    assert any("not that of the bill" in reason for reason in figures["reasons"])


async def test_a_visit_whose_bill_was_declined_is_billed_no_more() -> None:
    made_up = MadeUpGateway()
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 20, "inpatient": 0})
        made_up.declines = {f"V{visit.number}" for visit in list(generator._till._free["44"])[:5]}
        first = await play(generator, 0.3, shape="unary", in_flight=4)
        second = await play(generator, 0.3, shape="unary", in_flight=4)
    assert first["kinds"]["declined"] >= 5
    assert "wrong" not in first["kinds"]
    assert list(second["kinds"]) == ["paid"]


async def test_where_no_visit_opens_the_first_reason_is_in_the_message() -> None:
    made_up = MadeUpGateway()
    made_up.refuse_opening = "NODE_SILENT"
    async with a_gateway(made_up) as gateway:
        with pytest.raises(NoVisitOpened, match="NODE_SILENT"):
            await a_generator(gateway).do({"do": "open", "outpatient": 5, "inpatient": 0})


async def test_a_probe_waits_until_the_bill_is_final() -> None:
    made_up = MadeUpGateway()
    made_up.pending_first = 1
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 2, "inpatient": 0})
        said = await generator.do({"do": "probe"})
    assert (said["asked"], said["waiting"]) == (1, 0)
    assert said["answer_bytes"] > 50
    assert list(made_up.msgids.values()) == [2]


async def test_an_open_loop_charges_a_slow_server_for_the_calls_that_waited() -> None:
    made_up = MadeUpGateway()
    made_up.delay_s = 0.1
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 10, "inpatient": 0})
        figures = await play(generator, 0.7, shape="rate", rate=200.0, seconds=0.5)
    # ten visits and 0.1 s each: a hundred a second, the other hundred were due and could not be sent
    assert figures["answered"] + figures["not_sent"] > 60
    assert figures["not_sent"] > 20
    assert figures["p50_ms"] >= 100
    assert made_up.twice == 0


@pytest.mark.parametrize("with_reason", [True, False])
async def test_a_refusal_is_told_from_a_call_of_unknown_end(with_reason: bool) -> None:
    made_up = MadeUpGateway()
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason="QUEUE_FULL"))
    said = status_pb2.Status(code=8, details=[detail]).SerializeToString() if with_reason else None
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 1, "inpatient": 0})
        made_up.abort_with = (grpc.StatusCode.RESOURCE_EXHAUSTED, said)
        load = Load(generator._till)
        bill = generator._till.next("44")
        assert bill is not None
        await load.send(bill, gateway.settle(), 0)
        # a visit whose bill is of unknown end may be busy: it stays away
        assert (generator._till.next("44") is not None) is with_reason
        made_up.abort_with = (grpc.StatusCode.RESOURCE_EXHAUSTED, said)
        assert load.samples[0].refusal == ("QUEUE_FULL" if with_reason else UNKNOWN)


async def test_a_broken_stream_leaves_calls_that_are_sent_again_and_settled() -> None:
    made_up = MadeUpGateway()
    async with a_gateway(made_up) as gateway:
        generator = a_generator(gateway)
        await generator.do({"do": "open", "outpatient": 40, "inpatient": 0})
        made_up.delay_s = 5.0
        broken = asyncio.create_task(
            play(generator, 0.2, shape="session", streams=1, window=2, per_message=10)
        )
        await asyncio.sleep(0.15)
        made_up.delay_s = 0.0
        made_up.break_sessions = True
        figures = await broken
    assert figures["sent_again"] == 20
    assert figures["unsettled"] == 0
    assert figures["kinds"] == {"paid": 20}
    assert set(made_up.msgids.values()) == {2}


async def test_the_echo_answers_with_as_many_bytes_as_it_was_told() -> None:
    server, port = await echo.serve(echo.answer_of(700))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = await Gateway("44", channel).echo()(b"x" * 1_300)
    finally:
        await server.stop(0)
    assert len(answer) == 700
    pb.SettleResponse.FromString(answer)


def test_a_call_gives_up_before_the_generator_does() -> None:
    assert CALL_TIMEOUT_S < DRAIN_TIMEOUT_S


def test_an_even_schedule_has_its_rate_and_a_random_one_nearly() -> None:
    assert list(arrivals.evenly(4.0, 1.0)) == [0, 250_000_000, 500_000_000, 750_000_000]
    due = list(arrivals.at_random(1_000.0, 10.0, Random(1)))
    assert due == sorted(due)
    assert 9_500 < len(due) < 10_500
    assert due[-1] < 10_000_000_000
    with pytest.raises(ValueError, match="above zero"):
        next(arrivals.evenly(0.0, 1.0))
    with pytest.raises(ValueError, match="above zero"):
        next(arrivals.at_random(-1.0, 1.0, Random(1)))


def test_patients_who_are_not_insured_today_are_left_out(tmp_path: Path) -> None:
    def a_line(psn_no: str, *insurances: tuple[int, str, str, str, str]) -> str:
        names = ("pool", "insutype", "status", "valid_from", "valid_to")
        said = [dict(zip(names, one, strict=True)) for one in insurances]
        return json.dumps({"psn_no": psn_no, "certno": "c", "psn_name": "n", "insurances": said})

    lines = [
        a_line("1", (440300, "310", "1", "2020-01-01", "")),
        a_line("2", (440300, "310", "2", "2020-01-01", "")),
        a_line("3", (440300, "310", "1", "2020-01-01", "2025-12-31"), (450100, "390", "1", "2026-01-01", "")),
        a_line("4", (440300, "510", "1", "2020-01-01", "")),
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(lines))
    found = [(one.patient.psn_no, one.patient.home_pool) for one in read_people(file, today="2026-06-01")]
    assert found == [("1", "440300"), ("3", "450100")]
    file.write_text(lines[0] + '\n{"psn_no": "secret"}\n')
    with pytest.raises(DataFileWrong, match="line 2") as caught:
        list(read_people(file, today="2026-06-01"))
    assert "secret" not in str(caught.value)
