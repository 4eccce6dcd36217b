"""`make demo`: start a stack, play a morning through real gRPC, print what a patient gets, prove both books
equal.

Four acts, each with its progress on the screen: the stack, the people, the morning with its mishaps, the
proof. The last line on stdout is one JSON object; the exit code is 1 if anything in it is false or anything
failed.
"""

import asyncio
import contextlib
import csv
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from proto.settlement.v1 import settlement_pb2 as pb
from stack import books, incidents, sheets, verdicts
from stack.bills import read_price_list
from stack.books import Databases
from stack.cast import Cast, cast_of
from stack.compare import compare
from stack.encounters import Encounter, plan_morning
from stack.errors import MorningFailed, StackFault
from stack.hospitals import CHINA, INSTITUTIONS_FILE, read_institutions
from stack.morning import Town, play
from stack.patients import read_patients
from stack.plan import Plan
from stack.stories import Visit
from stack.supervisor import Stack
from stack.verdicts import Verdict
from stack.window import Door

MISHAPS: Final = 4
SHEET_ROUTES: Final = (("11", 3), ("21", 3), ("21", 2), ("41", 1))
"""Sheets are printed of these (med_type, route), as far as the morning has them; else of whoever came first.
"""
SHEETS_PRINTED: Final = 3
CALM_WITHIN_S: Final = 15.0
"""So soon after the last answer nothing may be open any more."""
CALM_POLL_S: Final = 0.2
POOLS_FILE: Final = INSTITUTIONS_FILE.with_name("pools.csv")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the demo is to play."""

    people: int
    seed: int
    run_dir: Path
    keep: bool = False
    """Leave the stack running after the proof, until Ctrl-C."""


async def run_demo(plan: Plan, wish: Wish, console: Console) -> Verdict:
    """Play it; what is for people goes to `console`. Raises a StackFault whose sentence says what to do."""
    began = time.monotonic()

    def say(line: str) -> None:
        console.print(line, style="dim", highlight=False, markup=False)

    console.rule("1 · the stack")
    async with Stack.start(plan, run_dir=wish.run_dir, say=say, fresh=True) as stack:
        databases = databases_of(stack, plan)
        console.rule("2 · the people")
        people_file = await make_people(stack, plan, wish, console)
        before = await compare(databases)
        console.rule("3 · the morning")
        town = await play_morning(stack, plan, people_file, wish, console)
        print_sheets(town, console)
        console.rule("4 · the proof")
        await _calm(databases)
        after = await compare(databases, town.receipts.answers)
        verdict = verdicts.verdict_of(before, after, town.receipts)
        verdicts.show(after, town.receipts, console)
        say(f"the demo took {time.monotonic() - began:.0f} s")
        if wish.keep:
            say(f"the stack stays up until Ctrl-C; its addresses are in {wish.run_dir / 'endpoints.json'}")
            await _interrupted()
    return verdict


def databases_of(stack: Stack, plan: Plan) -> Databases:
    """The addresses of all books of a stack."""
    found = stack.endpoints.databases
    return Databases(
        homes={int(node.code): found[f"node {node.code}"] for node in plan.nodes},
        gateways={region.code: found[f"region {region.code}"] for region in plan.regions},
    )


async def make_people(stack: Stack, plan: Plan, wish: Wish, console: Console) -> Path:
    """Make people from the seed and load them into their nodes; gives the file."""
    pools = [pool for node in plan.nodes for pool in node.pools]
    people_file = (wish.run_dir / "people.jsonl").resolve()
    per_pool = str(-(-wish.people // len(pools)))
    names = [node.processes()[0].name for node in plan.nodes]
    with _progress(console) as progress:
        task = progress.add_task("made and loaded", total=1 + len(names))
        await stack.run(
            names[0], "-m", "homepool", "people", "--pools", ",".join(pools), "--out", str(people_file),
            "--count", per_pool, "--seed", str(wish.seed),
        )  # fmt: skip
        progress.advance(task)

        async def load(node: str, name: str) -> None:
            await stack.run(name, "-m", "homepool", "load", "--node", node, str(people_file))
            progress.advance(task)

        await asyncio.gather(*(load(node.code, name) for node, name in zip(plan.nodes, names, strict=True)))
    return people_file


async def play_morning(stack: Stack, plan: Plan, people_file: Path, wish: Wish, console: Console) -> Town:
    """Everyone's visit, and the mishaps meanwhile. Raises MorningFailed for the first thing that went wrong."""
    today = datetime.now(CHINA).date()
    cast = cast_of(plan, plan_day(plan, people_file, wish, today))
    care_pools = [pool for region in plan.regions for pool in region.care_pools]
    async with contextlib.AsyncExitStack() as doors:
        town = Town(
            doors={
                region: await doors.enter_async_context(Door(addresses))
                for region, addresses in stack.endpoints.gateways.items()
            },
            price_lists={pool: read_price_list(pool, today) for pool in care_pools},
            seed=wish.seed,
        )
        try:
            with _progress(console) as progress:
                await _all_at_once(cast, town, stack, progress)
        except* MorningFailed as failed:
            raise _first(failed) from None
    return town


def plan_day(plan: Plan, people_file: Path, wish: Wish, today: date) -> list[Encounter]:
    """Who is treated where: everyone who is insured today and whom an institution may treat."""
    pools = [pool for node in plan.nodes for pool in node.pools]
    patients = read_patients(people_file, pools=pools, today=today.isoformat())
    care_pools = [pool for region in plan.regions for pool in region.care_pools]
    return plan_morning(
        patients, read_institutions(), care_pools=care_pools, seed=wish.seed, today=today.isoformat()
    )


async def _all_at_once(cast: Cast, town: Town, stack: Stack, progress: Progress) -> None:
    visits = progress.add_task("visits", total=len(cast.others))
    mishaps = progress.add_task("mishaps", total=MISHAPS)

    def done(_: Visit) -> None:
        progress.advance(visits)

    def told(sentence: str) -> None:
        progress.advance(mishaps)
        progress.console.print(f"  • {sentence}", highlight=False, markup=False)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(play(cast.others, town, done))
        tasks.create_task(_mishaps(cast, town, stack, told))


async def _mishaps(cast: Cast, town: Town, stack: Stack, told: Callable[[str], None]) -> None:
    told(await incidents.sent_many_times(cast.many_times, town))
    told(await incidents.reversed_first(cast.reversed_first, town))
    told(await incidents.hospital_dies(cast.dying, town, stack, cast.dying_node))
    told(await incidents.node_late(cast.late, town, stack))


def print_sheets(town: Town, console: Console) -> None:
    """A few settlement sheets, of kinds of care and routes that differ, and one refund."""
    with POOLS_FILE.open(encoding="utf-8", newline="") as file:
        places = {row["pool"]: row["name"] for row in csv.DictReader(file)}
    for visit, outcome in _worth_showing(town.visits):
        console.print(
            sheets.sheet(
                outcome,
                institution=visit.encounter.institution.name,
                name=visit.encounter.patient.name,
                places=places,
            )
        )


def _worth_showing(visits: Sequence[Visit]) -> list[tuple[Visit, pb.Outcome]]:
    paid = [(visit, visit.paid) for visit in visits if visit.paid is not None]
    shown: list[tuple[Visit, pb.Outcome]] = []
    for med_type, route in SHEET_ROUTES:
        for visit, outcome in paid:
            if (visit.encounter.med_type, visit.encounter.route) == (med_type, route):
                shown.append((visit, outcome))
                break
    shown = (shown or paid)[:SHEETS_PRINTED]
    refunds = [
        (visit, outcome)
        for visit in visits
        for outcome in visit.outcomes
        if outcome.setlinfo.refd_setl_flag == "1"
    ]
    return shown + refunds[:1]


async def _calm(databases: Databases) -> None:
    """Wait until nothing is open; what is open for longer is for the proof to name."""
    until = time.monotonic() + CALM_WITHIN_S
    while time.monotonic() < until:
        async with books.opened(databases) as opened:
            counts = [await books.count_rows(gateway, "open") for gateway in opened.gateways.values()]
        if not any(counts):
            return
        await asyncio.sleep(CALM_POLL_S)


async def _interrupted() -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _first(failed: BaseExceptionGroup[MorningFailed]) -> StackFault:
    """The first fault of a group, however deep: the others are mostly its consequence."""
    found: BaseException = failed
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, StackFault)
    return found
