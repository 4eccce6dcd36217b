"""`python -m loadtest fees`: what uploading very many fee lines costs, and what it does to everybody else."""

import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Final

import grpc.aio
import typer
from rich.console import Console

from loadtest.bills import MsgIds
from loadtest.children import load_generator
from loadtest.fee_report import FeeReport
from loadtest.fees import FeeBench, FeePlan
from loadtest.generator import CHANNEL_OPTIONS, Setting, make_population
from loadtest.meter import Meter
from loadtest.running import PRINTED_WIDTH, listed, own_or_given, progress_bar, reported
from loadtest.stays import Ward
from loadtest.target import Target, people_of

HERE: Final = ("44", "440300")
"""Region and pool of the uploads that are measured, and of the others."""
ELSEWHERE: Final = ("45", "450100")
PEOPLE: Final = 400
OTHERS_LINES: Final = 8
PREPARATION_STEPS: Final = 5
VISIT_LINES_MAX: Final = 100_000

EXAMPLES: Final = """
Examples:

`python -m loadtest fees` — what `make bench-fees` runs, about two minutes

`python -m loadtest fees --lines 1000,5000 --rounds 1 --json` — a quick look, the last line only

`python -m loadtest fees --lines 1000,20000 --profile gateway` — where the gateway's time goes
"""


def fees(
    lines: Annotated[
        str, typer.Option(help="lines of a stay, with commas between, rising; at most 100000")
    ] = "1000,10000,100000",
    rounds: Annotated[int, typer.Option(min=1, help="windows of others without and during an upload")] = 2,
    rate: Annotated[float, typer.Option(min=1, help="settlements of others, a second")] = 40.0,
    run_dir: Annotated[
        Path | None, typer.Option(help="run folder of a running stack; default: start one, empty, and end it")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed uploads the same lines")] = 7,
    profile: Annotated[str, typer.Option(help="run `gateway` or `homepool` under cProfile")] = "",
    json_only: Annotated[bool, typer.Option("--json", help="the last line only")] = False,
) -> None:
    """CPU and time per uploaded line by size of a stay, the settlement of a long stay beside a short one's, and what
    others feel of an upload.

    CPU is that of the gateway and of PostgreSQL, the idle burn of an equal time subtracted. Ends with one line of JSON.
    Exit code 1 where an answer was wrong.
    """
    plan = FeePlan(sizes=_sizes(lines), rounds=rounds, others_per_s=rate)
    console = (
        Console(quiet=json_only) if sys.stdout.isatty() else Console(quiet=json_only, width=PRINTED_WIDTH)
    )
    reported(
        _fees(plan, run_dir=run_dir, profile=profile, seed=seed, console=console), console, profile=profile
    )


async def _fees(
    plan: FeePlan, *, run_dir: Path | None, profile: str, seed: int, console: Console
) -> FeeReport:
    with progress_bar(console, plan.steps + PREPARATION_STEPS) as say:
        async with own_or_given(run_dir, profile, say) as target, contextlib.AsyncExitStack() as channels:
            files = await people_of(target, pools=(HERE[1], ELSEWHERE[1]), count=PEOPLE, seed=seed, say=say)
            settings = [_setting(target, files, place, seed) for place in (HERE, ELSEWHERE)]
            wards = [await channels.enter_async_context(_ward(setting)) for setting in settings]
            async with load_generator(settings[0], run_dir=target.run_dir) as generator:
                run = FeeBench(
                    plan=plan, ward=wards[0], elsewhere=wards[1], meter=Meter(target), generator=generator, say=say
                )  # fmt: skip
                return await run.run()


def _setting(target: Target, files: Sequence[Path], place: tuple[str, str], seed: int) -> Setting:
    region, pool = place
    return Setting(
        gateways=list(target.narrowed((region,)).gateways), people=[str(file) for file in files], pools=[pool],
        lines=OTHERS_LINES, inpatient_share=0.0, seed=seed,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def _ward(setting: Setting) -> AsyncIterator[Ward]:
    address = setting.gateways[0][1]
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        population = make_population(setting)
        population.run += "F"  # the generator has a population of its own: no visit number twice
        yield Ward(channel, population, Random(setting.seed), MsgIds())


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in listed(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of numbers", param_hint="--lines") from None
    if not sizes or sorted(set(sizes)) != list(sizes) or sizes[0] < 1 or sizes[-1] > VISIT_LINES_MAX:
        raise typer.BadParameter(
            f"sizes rise from 1 to {VISIT_LINES_MAX:,}, like 1000,10000,100000", param_hint="--lines"
        )
    return sizes
