"""`make demo`: start a stack, play a morning through real gRPC, print what a patient gets, prove both books equal,
and clear the day.

Six acts, each with its progress on the screen: the stack, the people, the morning with its mishaps, a sheet for every
kind of care and of filing, the proof, the evening with its clearing. The last line on stdout is one JSON object; the
exit code is 1 if anything in it is false or anything failed.
"""

import asyncio
import contextlib
import csv
import json
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from proto.settlement.v1 import settlement_pb2 as pb
from stack import books, evening, gallery_sheets, incidents, sheets, verdicts
from stack.bills import read_price_list
from stack.books import Databases
from stack.cast import Cast, cast_of
from stack.compare import compare
from stack.encounters import Encounter, plan_morning
from stack.errors import MorningFailed, StackFault
from stack.gallery import EXHIBITS, Gallery
from stack.gallery import play as play_gallery
from stack.hospitals import CHINA, INSTITUTIONS_FILE, read_institutions
from stack.morning import Town, play
from stack.patients import read_patients
from stack.plan import Plan
from stack.stories import Visit
from stack.supervisor import Stack
from stack.verdicts import Verdict
from stack.visitors import EXTRA_PER_POOL, Visitors, set_aside
from stack.window import Door

MISHAPS: Final = 4
SHEET_ROUTES: Final = (("11", 3), ("21", 3), ("21", 2), ("41", 1))
"""Sheets are printed of these (med_type, route), as far as the morning has them; else of whoever came first.
"""
SHEETS_PRINTED: Final = 1
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
        town, gallery = await play_morning(stack, plan, people_file, wish, console)
        print_sheets(town, gallery, wish.run_dir / "sheets", console)
        console.rule("5 · the proof")
        await _calm(databases)
        after = await compare(databases, town.receipts.answers)
        verdict = verdicts.verdict_of(before, after, town.receipts)
        verdicts.show(after, town.receipts, console)
        console.rule("6 · the evening")
        statements_dir = (wish.run_dir.parent / "statements").resolve()
        ended = await evening.clear(stack, databases, statements_dir=statements_dir, console=console)
        verdict = replace(verdict, **asdict(ended))
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
    per_pool = str(-(-wish.people // len(pools)) + EXTRA_PER_POOL)
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


async def play_morning(
    stack: Stack, plan: Plan, people_file: Path, wish: Wish, console: Console
) -> tuple[Town, Gallery]:
    """Everyone's visit, and the mishaps meanwhile; then a sheet of everything. Raises MorningFailed for the first
    thing that went wrong.
    """
    today = datetime.now(CHINA).date()
    encounters, visitors = plan_day(plan, people_file, wish, today)
    cast = cast_of(plan, encounters)
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
        gallery = Gallery(town, visitors, partial(_reimbursed, stack, plan, wish.run_dir))
        try:
            with _progress(console) as progress:
                await _all_at_once(cast, town, stack, progress)
            console.rule("4 · every kind of care and of filing")
            with _progress(console) as progress:
                task = progress.add_task("exhibits", total=len(EXHIBITS))
                await play_gallery(gallery, partial(progress.advance, task))
        except* MorningFailed as failed:
            raise _first(failed) from None
    return town, gallery


async def _reimbursed(
    stack: Stack, plan: Plan, run_dir: Path, applications: Sequence[dict[str, object]]
) -> list[dict[str, Any]]:
    """`python -m homepool reimburse pay`, as the agency of the first node types it."""
    file, node = (run_dir / "by-hand.jsonl").resolve(), plan.nodes[0]
    file.write_text("\n".join(map(json.dumps, applications)), encoding="utf-8")
    said = await stack.run(
        node.processes()[0].name, "-m", "homepool", "reimburse", "pay", str(file), "--node", node.code,
        "--as", "demo", "--json",
    )  # fmt: skip
    results: list[dict[str, Any]] = json.loads(said)
    return results


def plan_day(plan: Plan, people_file: Path, wish: Wish, today: date) -> tuple[list[Encounter], Visitors]:
    """Who is treated where: everyone who is insured today and whom an institution may treat; and who comes later."""
    pools = [pool for node in plan.nodes for pool in node.pools]
    patients = read_patients(people_file, pools=pools, today=today.isoformat())
    care_pools = [pool for region in plan.regions for pool in region.care_pools]
    institutions, day = read_institutions(), today.isoformat()
    people, others = set_aside(patients)
    encounters = plan_morning(others, institutions, care_pools=care_pools, seed=wish.seed, today=day)
    return encounters, Visitors(people, institutions, day)


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


def print_sheets(town: Town, gallery: Gallery, folder: Path, console: Console) -> None:
    """Every sheet of the gallery in short, and in full in a folder; of the morning one in full and one refund."""
    with POOLS_FILE.open(encoding="utf-8", newline="") as file:
        places = {row["pool"]: row["name"] for row in csv.DictReader(file)}
    gallery_sheets.print_all(gallery.sheets, gallery.told, places, console)
    gallery_sheets.write_all(gallery.sheets, places, folder)
    console.print(f"  • {len(gallery.sheets)} sheets in full: {folder}", highlight=False, markup=False)
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
