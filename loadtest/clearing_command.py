"""`python -m loadtest clearing`: what closing, comparing and summing a day of very many settlements takes."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from loadtest.children import load_generator
from loadtest.clearing_bench import NODE, REGION, ClearingBench, ClearingPlan, stack_databases
from loadtest.clearing_plant import PER_10000_MAX
from loadtest.clearing_report import ClearingReport
from loadtest.generator import Setting
from loadtest.running import PRINTED_WIDTH, progress_bar, reported
from loadtest.target import people_of, started_target

OWN_RUN_DIR: Final = Path(".run/bench-clearing")
PEOPLE: Final = 400
LIVE_POOL: Final = "440300"
LIVE_LINES: Final = 8
LIVE_SETTLEMENTS_MAX: Final = 200_000
SETTLEMENTS_MIN: Final = 1_000
SETTLEMENTS_MAX: Final = 5_000_000
PREPARATION_STEPS: Final = 4

EXAMPLES: Final = """
Examples:

`python -m loadtest clearing` — what `make bench-clearing` runs, some minutes and 5 GB under `.run`

`python -m loadtest clearing --settlements 20000 --no-live --json` — a quick look, the last line only

`python -m loadtest clearing --settlements 100000 --per-10000 70` — 0.1 % of each of the seven classes
"""


def clearing(
    settlements: Annotated[
        int, typer.Option(min=SETTLEMENTS_MIN, max=SETTLEMENTS_MAX, help="of the largest day")
    ] = 1_000_000,
    per_10000: Annotated[
        int,
        typer.Option(min=1, max=PER_10000_MAX, help="planted differences in 10,000 settlements, all classes"),
    ] = 10,
    live: Annotated[
        bool, typer.Option(help="also what live settlements feel of a run, on days of at most 200,000")
    ] = True,
    rounds: Annotated[int, typer.Option(min=1, help="windows of live settlements without and during")] = 2,
    json_only: Annotated[bool, typer.Option("--json", help="the last line only")] = False,
) -> None:
    """Plant days of a hundredth, a tenth and the whole of so many settlements, with differences of every class, into
    both books of a stack of our own; run each, beside one plain aggregate over the same rows.

    Ends with one line of JSON. Exit code 1 where a planted difference was not found or another one was.
    """
    plan = ClearingPlan(
        sizes=(settlements // 100, settlements // 10, settlements), per_10000=per_10000, rounds=rounds,
        live_settlements=min(settlements, LIVE_SETTLEMENTS_MAX) if live else 0,
    )  # fmt: skip
    console = (
        Console(quiet=json_only) if sys.stdout.isatty() else Console(quiet=json_only, width=PRINTED_WIDTH)
    )
    reported(_clearing(plan, console), console)


async def _clearing(plan: ClearingPlan, console: Console) -> ClearingReport:
    with progress_bar(console, plan.steps + PREPARATION_STEPS) as say:
        arguments = ("--free-ports", "--fresh")
        async with started_target(OWN_RUN_DIR, arguments=arguments, environment={}, say=say) as whole:
            target = whole.narrowed((REGION,))
            bench = ClearingBench(
                plan=plan, databases=await stack_databases(target), run_dir=target.run_dir, say=say
            )
            await bench.alone()
            if plan.live_settlements:
                files = await people_of(target, pools=(LIVE_POOL,), count=PEOPLE, seed=NODE, say=say)
                setting = Setting(
                    gateways=list(target.gateways), people=[str(file) for file in files], pools=[LIVE_POOL],
                    lines=LIVE_LINES, inpatient_share=0.0, seed=NODE,
                )  # fmt: skip
                async with load_generator(setting, run_dir=target.run_dir) as generator:
                    await bench.among_live(generator)
            return bench.report
