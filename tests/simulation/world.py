"""The simulated world: one home node, one or two care regions, a broker, the hospitals' lines into it, and fate.

The processes run the very code of production: a gateway process is a `gateway.slot.Slot`, the node's a
`homepool.worker.Worker`, over fakes that other suites prove equal to PostgreSQL and to Kafka's behaviour. Databases and
broker outlive every process. The pool's policy is a plain one, because what a bill costs is not the matter here; but it
depends on what was used and on the balance, so that a decision on old knowledge is a wrong amount.

    async with World() as world:
        await world.ready()
        ...                     # clients speak, `strikes` hit processes at their checkpoints
        await world.healed()    # faults end; within bounded time nothing may be open
        assert world.objections == []
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final, Self

from bus.errors import BusError
from gateway.care_book import CareBookUnavailable
from gateway.fees.book import FeeBook
from gateway.slot import Slot
from homepool.benefits import NOTHING_USED, Benefit, BillFacts, Layer, Policy, Standing
from homepool.book import BookError, PersonalData
from homepool.insured import Coverage, Person
from homepool.seen import Mark
from homepool.worker import Worker
from ledger.money import share
from ledger.rows import ACCUMULATORS
from runtime.keys import partition_of
from runtime.sealing import generate_keypair
from tests.builders import HOME_POOL, NODE, PARTITIONS, TODAY, a_house
from tests.home_items import PlainPolicies
from tests.simulation.checker import ACCOUNT_FEN_MAX, DEDUCTIBLE_FEN, RATIO_BP, Checker
from tests.simulation.fake_care_book import FakeCareBook, FakeCareDatabase
from tests.simulation.fake_home_book import FakeHomeBook, HomeStore
from tests.simulation.fake_log import HEALTHY, FakeBroker, FakeLog
from tests.simulation.processes import Process, ProcessLoop, Service
from tests.simulation.virtual_time import VirtualClock

NODE_SERVICE: Final = "node"
SLOTS: Final = {"44": (0, 1), "45": (0,)}
LOOK_EVERY_S: Final = 0.05
READY_WITHIN_S: Final = 30
QUIET_WITHIN_S: Final = 150
"""After the last fault: an orphan is found by the sweeper within 80 s and sent again at most 30 s apart."""
OPENING_BALANCE_FEN: Final = 1_200
_DEDUCTIBLE, _POOLED = ACCUMULATORS.index("outpatient_deductible"), ACCUMULATORS.index("pooled")

EXPECTED_ALARMS: Final = frozenset({"another worker has taken over"})

Strike = Callable[[Process, str], None]


def slot_service(slot: int, region: str = "44") -> str:
    """The name of a gateway process."""
    return f"slot {region}.{slot}"


class Seen:
    """The node's state folder, which outlives the process."""

    def __init__(self) -> None:
        self._marks: dict[int, Mark] = {}

    def marks(self) -> dict[int, Mark]:
        return dict(self._marks)

    def note(self, marks: Any) -> None:
        self._marks |= marks


class World:
    """See above. `broker`, `care` (by region) and `store` are what the processes stand on."""

    def __init__(
        self,
        *,
        seed: int = 0,
        regions: Sequence[str] = ("44",),
        broker: type[FakeBroker] = FakeBroker,
        care_book: type[FakeCareBook] = FakeCareBook,
        clocks_off_ms: dict[str, int] | None = None,
    ) -> None:
        self.rng = random.Random(seed)
        self.broker = broker(rng=random.Random(seed + 1), faults=HEALTHY)
        self.broker.make_topics({f"req.{NODE}": PARTITIONS} | {f"rep.{region}": 8 for region in regions})
        self.care = {region: FakeCareDatabase() for region in regions}
        self.store = HomeStore(VirtualClock())
        self.checker = Checker(self.store, self.care, self.store.clock.now_ms)
        self.objections = self.checker.objections
        self.alarms: list[str] = []
        self.strikes: list[Strike] = []
        self.services: dict[str, Service] = {}
        self.replaced: list[Service] = []
        self._regions = regions
        self._care_book = care_book
        self._clocks_off_ms = clocks_off_ms or {}
        self._seen = Seen()

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_exception_handler(self._unhandled)
        for region in self._regions:
            for slot in SLOTS[region]:
                name = slot_service(slot, region)
                self.start(
                    name, lambda process, region=region, slot=slot: self._gateway(process, region, slot)
                )
        self.start(NODE_SERVICE, self._node)
        return self

    async def __aexit__(self, *_: object) -> None:
        for service in (*self.services.values(), *self.replaced):
            await service.stop()

    def start(self, name: str, main: Callable[[Process], Coroutine[Any, Any, None]]) -> Service:
        """Keep a process running under this name."""
        service = self.services[name] = Service(name, main, watch=self._watch, ended=self._ended)
        return service

    def replace_node(self) -> None:
        """Start another worker in the node's place: it takes over, whether the one before is dead, asleep or well."""
        before = self.services[NODE_SERVICE]
        before.restarts = False
        self.replaced.append(before)
        self.start(NODE_SERVICE, self._node)

    def insure(self, psn_no: str, balance_fen: int = OPENING_BALANCE_FEN) -> None:
        """Make the node know a patient of HOME_POOL."""
        self.store.people[psn_no] = Person(
            psn_no=psn_no, born="1980-05-06", account_pool=HOME_POOL,
            coverages={(HOME_POOL, "310"): (Coverage(HOME_POOL, "310", "1101", False, "2001-01-01"),)},
        )  # fmt: skip
        self.store.personal[psn_no] = PersonalData("somebody", "01", "", "1", "1980-05-06")
        self.load(psn_no, balance_fen)

    def load(self, psn_no: str, difference_fen: int) -> None:
        """A loader changes an account in its own transaction."""
        self.checker.look()
        self.store.load_account(psn_no, difference_fen)
        self.checker.loaded(psn_no, difference_fen)

    def close_day(self, day: date = TODAY) -> None:
        """The day's end, also by hand and early."""
        self.checker.look()
        self.store.close_day(day)
        self.checker.day_closed(day)

    async def ready(self) -> None:
        """Until every gateway process serves and hears of every partition."""
        for _ in range(int(READY_WITHIN_S / LOOK_EVERY_S)):
            if all(self._hears(name) for name in self.services if name.startswith("slot")):
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise TimeoutError("the world did not come up")

    async def healed(self) -> None:
        """No more faults; then all that was claimed must become final within bounded time, and the books equal."""
        self.heal()
        for _ in range(int(QUIET_WITHIN_S / LOOK_EVERY_S)):
            if not any(care.tables.opens for care in self.care.values()):
                break
            await asyncio.sleep(LOOK_EVERY_S)
        self.checker.end()
        for alarm in set(self.alarms) - EXPECTED_ALARMS:
            self.checker.object_to(f"alarm: {alarm}")

    def heal(self) -> None:
        """Faults end; who sleeps wakes."""
        self.strikes.clear()
        self.broker.faults = HEALTHY
        self.broker.come_up()
        for care in self.care.values():
            care.up = True
        for service in (*self.services.values(), *self.replaced):
            if service.process is not None and service.process.asleep:
                service.process.wake()

    # ------------------------------------------------------------------------------------------- processes

    async def _gateway(self, process: Process, region: str, number: int) -> None:
        clock = VirtualClock(off_ms=self._clocks_off_ms.get(process.name, 0))
        slot = Slot(
            fee_book=FeeBook(dsn="", region="", slot=0),  # no story uploads fees; nothing connects
            book=self._care_book(self.care[region], slot=number, checkpoint=process.checkpoint),
            log=FakeLog(self.broker, checkpoint=process.checkpoint), house=a_house(slot=number, region=region),
            partitions=[(NODE, partition) for partition in range(PARTITIONS)], clock=clock,
            node_key=lambda _: _node_keys()[1], alarm=lambda what, **_: self.alarms.append(what),
        )  # fmt: skip
        await slot.take_over()
        running = [asyncio.create_task(task(), name=name) for name, task in slot.tasks().items()]
        process.parts = slot
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _node(self, process: Process) -> None:
        books = {
            partition: FakeHomeBook(self.store, checkpoint=process.checkpoint)
            for partition in range(PARTITIONS)
        }
        worker = Worker(
            node=NODE, books=books, asking=FakeHomeBook(self.store, checkpoint=process.checkpoint),
            log=FakeLog(self.broker, checkpoint=process.checkpoint),
            clock=VirtualClock(off_ms=self._clocks_off_ms.get(process.name, 0)), policies=PlainPolicies(),
            alarms=lambda what, **_: self.alarms.append(what), seen=self._seen, private_key=_node_keys()[0],
            regions=frozenset(self._regions), random=random.Random(self.rng.random()), settle=settle,
        )  # fmt: skip
        await worker.run()

    def _hears(self, name: str) -> bool:
        process = self.services[name].process
        return process is not None and process.parts is not None and not process.parts.silences.all_silent()

    def _watch(self, process: Process, checkpoint: str) -> None:
        self.checker.look()
        for strike in self.strikes:
            strike(process, checkpoint)

    def _ended(self, name: str, error: BaseException) -> None:
        if not isinstance(error, BookError | BusError | CareBookUnavailable):
            self.checker.object_to(f"{name} ended by {error!r}")

    def _unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.checker.object_to(f"unhandled: {context.get('message')} {context.get('exception')!r}")


@lru_cache(maxsize=1)
def _node_keys() -> tuple[bytes, bytes]:
    return generate_keypair()


def settle(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
    """A yearly deductible, then three fifths from the fund, then a little from the account, the rest in cash."""
    total = bill.total_fen
    deductible = min(total, max(0, DEDUCTIBLE_FEN - standing.used[_DEDUCTIBLE]))
    pooled = share(total - deductible, RATIO_BP)
    account = max(0, min(ACCOUNT_FEN_MAX, standing.balance_fen, total - pooled)) if bill.account_used else 0
    deltas = list(NOTHING_USED)
    deltas[_DEDUCTIBLE], deltas[_POOLED] = deductible, pooled
    layers = (Layer("pooled_fen", "310100", "pooled fund", total, 0, pooled),)
    return Benefit(
        "", "", int(bill.care_date[:4]), total, deductible, 0, pooled, 0, 0, 0, 0, 0, 0, 0, 0, account, 0,
        total - pooled - account, 0, "", RATIO_BP, tuple(deltas), 0, 0, 0, (), layers,
    )  # fmt: skip


def patients(count: int) -> list[str]:
    """Numbers of so many patients, spread over the node's partitions in turn."""
    found: list[str] = []
    number = 45010000000001
    while len(found) < count:
        if partition_of(str(number), PARTITIONS) == len(found) % PARTITIONS:
            found.append(str(number))
        number += 1
    return found


def play(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a story to its end in virtual time."""
    with asyncio.Runner(loop_factory=ProcessLoop) as runner:
        return runner.run(main)
