"""The load generator's process: opens visits, sends what it is told to send, judges every answer.

Goal: what the load costs is not counted with the servers, and the process that reads their CPU is not disturbed by it.
Method: `python -m loadtest.generator` takes one JSON object a line on its standard input and answers with one line
each; `bench` is at the other end. It ends with its standard input, so it never outlives the run.

| command | what it does | what it says |
|---|---|---|
| `open`: outpatient, inpatient | opens so many visits through Session batches | opened, refused by code |
| `probe` | one bill for each home pool at each gateway, until all are answered | ok, why not |
| `run`: shape, and its figures | begins a load | (at once) |
| `answered` | nothing | how many calls of the load have ended so far |
| `stop`: from_ns, to_ns | ends it, waits, sends again what is unsettled, judges | the figures of that window |
"""

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import grpc.aio
import uvloop

from loadtest import arrivals
from loadtest.answers import DECLINED, PENDING, REFUSED, WRONG, Tally, Verdict, judge
from loadtest.bills import INPATIENT, OUTPATIENT, MsgIds
from loadtest.directory import read_institutions, read_price_list
from loadtest.driver import SESSION_METHOD, UNKNOWN, Gateway, Load, Sample, settle
from loadtest.errors import LoadTestFault, NoVisitOpened, PeopleMissing
from loadtest.people import read_people
from loadtest.population import Population, Till, Visit
from proto.settlement.v1 import settlement_pb2 as pb

OPEN_BATCH: Final = 100
OPEN_WINDOW: Final = 4
OPEN_TIMEOUT_MS: Final = 30_000
SETTLE_AGAIN_S: Final = 0.5
SETTLE_AGAIN_TIMES_MAX: Final = 60
SETTLE_AGAIN_BATCH: Final = 100
NOT_FINAL: Final = frozenset({PENDING, REFUSED})
PROBE_TIMEOUT_S: Final = 60.0
DRAIN_TIMEOUT_S: Final = 60.0
CHANNEL_OPTIONS: Final = [
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.use_local_subchannel_pool", 1),  # else two channels to one address would share a connection
]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the generator is told at its start."""

    gateways: list[tuple[str, str]]
    """Care region and address of each gateway process."""
    people: list[str]
    """Files of insured persons."""
    pools: list[str]
    """Home pools to treat, empty = all that the files have."""
    lines: int
    inpatient_share: float
    seed: int


@dataclass(slots=True)
class WindowFigures:
    """What a window came to. Latencies in milliseconds, from the due moment."""

    answered: int = 0
    """Calls that ended within the window."""
    settled: int = 0
    """Of these, final outcomes that are as they should be."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)
    """Verdicts of all calls of the load, also before and after the window."""
    reasons: dict[str, int] = field(default_factory=dict)
    sent_again: int = 0
    unsettled: int = 0
    """Calls that have no final outcome although they were sent again and again."""
    starved: int = 0
    not_sent: int = 0


class Generator:
    """See the module."""

    def __init__(self, *, setting: Setting, gateways: Sequence[Gateway], population: Population) -> None:
        self._setting = setting
        self._gateways = gateways
        self._population = population
        self._ids = MsgIds()
        self._till = Till(ids=self._ids, inpatient_share=setting.inpatient_share)
        self._load: Load | None = None
        self._echo: list[grpc.aio.Channel] = []
        self._judged = True

    async def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """One command, one answer."""
        action = command.pop("do")
        answer: dict[str, Any] = await getattr(self, f"_do_{action}")(**command)
        return answer

    # -------------------------------------------------------------------------------------------- visits

    async def _do_open(self, outpatient: int, inpatient: int) -> dict[str, Any]:
        planned = self._population.plan(outpatient, OUTPATIENT) + self._population.plan(inpatient, INPATIENT)
        refused: Counter[str] = Counter()
        opened = 0
        for gateway, visits in self._by_gateway(planned):
            opened += await self._open(gateway, visits, refused)
        if planned and not opened:
            reason = next(iter(refused), "no answer")
            raise NoVisitOpened(f"None of {len(planned)} visits could be opened: {reason}.")
        return {"opened": opened, "refused": dict(refused)}

    def _by_gateway(self, planned: list[Visit]) -> list[tuple[Gateway, list[Visit]]]:
        shares = []
        for region in {gateway.region for gateway in self._gateways}:
            serving = [gateway for gateway in self._gateways if gateway.region == region]
            visits = [visit for visit in planned if visit.institution.region == region]
            shares += [(gateway, visits[place :: len(serving)]) for place, gateway in enumerate(serving)]
        return shares

    async def _open(self, gateway: Gateway, visits: list[Visit], refused: Counter[str]) -> int:
        """Opens visits over one stream, a few batches in flight; how many are open."""
        call = gateway.channel.stream_stream(
            SESSION_METHOD,
            request_serializer=pb.SessionRequest.SerializeToString,
            response_deserializer=pb.SessionResponse.FromString,
        )()
        batches = [visits[place : place + OPEN_BATCH] for place in range(0, len(visits), OPEN_BATCH)]
        opened = asked = 0
        for taken in range(len(batches)):
            while asked < len(batches) and asked < taken + OPEN_WINDOW:
                await call.write(self._opening(asked, batches[asked]))
                asked += 1
            message = await call.read()
            if not isinstance(message, pb.SessionResponse):
                raise NoVisitOpened("A gateway ended the session in which visits were being opened.")
            for visit, result in zip(batches[message.batch_no], message.results, strict=True):
                outcome = result.open_visit.outcome
                if outcome.status == pb.OUTCOME_STATUS_OK and outcome.mdtrt_id:
                    self._population.opened(visit, outcome.mdtrt_id)
                    self._till.add([visit])
                    opened += 1
                else:
                    refused[_why_not_opened(result)] += 1
        await call.done_writing()
        return opened

    def _opening(self, batch_no: int, visits: list[Visit]) -> pb.SessionRequest:
        calls = [pb.SessionCall(open_visit=self._population.request(visit, self._ids)) for visit in visits]
        return pb.SessionRequest(batch_no=batch_no, timeout_ms=OPEN_TIMEOUT_MS, calls=calls)

    async def _do_probe(self) -> dict[str, Any]:
        """Settle one bill for each home pool at each gateway, until all are settled or time is up."""
        deadline = time.monotonic() + PROBE_TIMEOUT_S
        asked = [
            (bill, gateway.settle())
            for gateway in self._gateways
            for bill in self._till.one_of_each(gateway.region)
        ]
        waiting, why, sizes = asked, "", [0]
        while waiting and time.monotonic() < deadline:
            samples = await asyncio.gather(*[settle(bill, call, 0) for bill, call in waiting])
            still = []
            for pair, sample in zip(waiting, samples, strict=True):
                verdict = _verdict(sample)
                if verdict.kind in NOT_FINAL:
                    still.append(pair)
                    why = f"{verdict.kind} {verdict.reason}"
                    continue
                self._till.give_back(sample.bill)
                sizes.append(len(sample.answer) if isinstance(sample.answer, bytes) else 0)
            waiting = still
            if waiting:
                await asyncio.sleep(SETTLE_AGAIN_S)
        # the visits of what is still waiting stay away: they may be busy
        mean = sum(sizes) // max(len(sizes) - 1, 1)
        return {"asked": len(asked), "waiting": len(waiting), "why": why, "answer_bytes": mean}

    # -------------------------------------------------------------------------------------------- loads

    async def _do_run(self, shape: str, **figures: Any) -> dict[str, Any]:
        load = self._load = Load(self._till)
        self._till.starved = 0
        self._judged = shape != "echo"
        calls = [(gateway.region, gateway.settle()) for gateway in self._gateways]
        if shape == "unary":
            load.unary(calls, figures["in_flight"])
        elif shape == "session":
            load.sessions(self._gateways, **figures)
        elif shape == "rate":
            schedule = arrivals.at_random(figures["rate"], figures["seconds"], Random(self._setting.seed))
            load.scheduled(calls, schedule)
        else:
            load.unary(await self._echo_calls(figures["address"]), figures["in_flight"])
        return {}

    async def _do_answered(self) -> dict[str, Any]:
        assert self._load is not None, "nothing runs"
        return {"answered": len(self._load.samples)}

    async def _echo_calls(self, address: str) -> list[tuple[str, Any]]:
        # as many connections as to the gateways: the same client
        self._echo = [grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) for _ in self._gateways]
        return [
            (gateway.region, Gateway(gateway.region, channel).echo())
            for gateway, channel in zip(self._gateways, self._echo, strict=True)
        ]

    async def _do_stop(self, from_ns: int, to_ns: int) -> dict[str, Any]:
        load, self._load = self._load, None
        assert load is not None, "nothing runs"
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await load.stop()
        except TimeoutError:
            raise LoadTestFault(
                f"Calls have no answer {DRAIN_TIMEOUT_S:.0f} s after the load ended."
            ) from None
        for channel in self._echo:
            await channel.close()
        self._echo = []
        figures = WindowFigures(starved=self._till.starved, not_sent=load.not_sent)
        within = [sample for sample in load.samples if from_ns <= sample.done_ns < to_ns]
        figures.answered = len(within)
        waited_ns = sorted(sample.done_ns - sample.due_ns for sample in within)
        figures.p50_ms, figures.p99_ms = percentile_ms(waited_ns, 50), percentile_ms(waited_ns, 99)
        if self._judged:
            await self._judge(load, within, figures)
        return asdict(figures)

    async def _judge(self, load: Load, within: list[Sample], figures: WindowFigures) -> None:
        tally, inside = Tally(), Tally()
        first, last = (within[0].done_ns, within[-1].done_ns) if within else (1, 0)
        unsettled: list[Sample] = []
        declined: list[Visit] = []
        for number, sample in enumerate(load.samples):
            if number % 1_000 == 0:
                await asyncio.sleep(0)
            verdict = _verdict(sample)
            if verdict.kind == PENDING or sample.refusal == UNKNOWN:
                unsettled.append(sample)
                continue
            tally.add(verdict)
            if verdict.kind == DECLINED:
                declined.append(sample.bill.visit)
            if first <= sample.done_ns <= last:
                inside.add(verdict)
        self._till.retire(declined)
        figures.sent_again = len(unsettled)
        figures.unsettled = await self._settle_again(unsettled, tally)
        figures.settled = inside.settled
        figures.kinds, figures.reasons = dict(tally.kinds), dict(tally.reasons)

    async def _settle_again(self, unsettled: list[Sample], tally: Tally) -> int:
        """Send the very same messages until each has a final outcome; how many have none."""
        calls = {gateway.region: gateway.settle() for gateway in self._gateways}
        for _ in range(SETTLE_AGAIN_TIMES_MAX):
            still: list[Sample] = []
            for place in range(0, len(unsettled), SETTLE_AGAIN_BATCH):
                some = unsettled[place : place + SETTLE_AGAIN_BATCH]
                again = await asyncio.gather(
                    *[settle(one.bill, calls[one.bill.visit.institution.region], one.due_ns) for one in some]
                )
                for before, now in zip(some, again, strict=True):
                    verdict = _verdict(now)
                    if verdict.kind in NOT_FINAL:
                        still.append(before)
                        continue
                    tally.add(verdict)
                    if before.refusal == UNKNOWN:  # else it was given back already
                        self._till.give_back(before.bill)
            unsettled = still
            if not unsettled:
                break
            await asyncio.sleep(SETTLE_AGAIN_S)
        return len(unsettled)


def _verdict(sample: Sample) -> Verdict:
    if sample.answer is None:
        return Verdict(REFUSED, sample.refusal)
    answer = sample.answer
    try:
        parsed = pb.SettleResponse.FromString(answer) if isinstance(answer, bytes) else answer
    except ValueError:
        return Verdict(WRONG, "the answer cannot be read")
    return judge(parsed, sample.bill.asked)


def _why_not_opened(result: pb.SessionResult) -> str:
    if result.HasField("refusal"):
        return f"{result.refusal.code} {result.refusal.err_msg}".strip()
    answer = result.open_visit
    return answer.outcome.code or ("PENDING" if answer.HasField("pending") else "no outcome")


def percentile_ms(waited_ns: Sequence[int], percent: int) -> float:
    """The latency in ms that so many percent of the calls did not exceed (nearest rank); `waited_ns` is sorted."""
    if not waited_ns:
        return 0.0
    rank = -(-len(waited_ns) * percent // 100)
    return round(waited_ns[max(rank, 1) - 1] / 1e6, 3)


# ------------------------------------------------------------------------------------------------ the process


@contextlib.asynccontextmanager
async def _channels(setting: Setting) -> AsyncIterator[list[Gateway]]:
    gateways = [
        Gateway(region, grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS))
        for region, address in setting.gateways
    ]
    try:
        yield gateways
    finally:
        for gateway in gateways:
            await gateway.channel.close()


def make_population(setting: Setting) -> Population:
    """The population of a setting, from the files."""
    now = datetime.now(UTC)
    today = (now + timedelta(hours=8)).date()
    regions = {region for region, _ in setting.gateways}
    institutions = [place for place in read_institutions(today) if place.region in regions]
    people = [
        person
        for file in setting.people
        for person in read_people(Path(file), today=today.isoformat())
        if not setting.pools or person.patient.home_pool in setting.pools
    ]
    if not people:
        raise PeopleMissing
    care_pools = {place.care_pool for place in institutions}
    return Population(
        people=people,
        institutions=institutions,
        price_lists={care_pool: read_price_list(care_pool, today) for care_pool in sorted(care_pools)},
        lines=setting.lines,
        random=Random(setting.seed),
        now_s=now.timestamp(),
        run=f"{now:%y%m%d%H%M%S}",
    )


async def main(setting: Setting) -> None:
    """Serve commands from standard input until it ends; a fault of the load test is an answer, and the end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        population = make_population(setting)
        async with _channels(setting) as gateways:
            generator = Generator(setting=setting, gateways=gateways, population=population)
            _say({"people": len(population.people), "institutions": len(population.institutions)})
            while line := await reader.readline():
                _say(await generator.do(json.loads(line)))
    except LoadTestFault as fault:
        _say({"fault": str(fault)})


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m loadtest.generator", description="The load generator.")
    parser.add_argument("setting", help="a Setting as JSON")
    given = json.loads(parser.parse_args().setting)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(Setting(**given)))
