"""`python -m loadtest`: what the system takes, and what it costs."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from loadtest import clearing_command, fee_command
from loadtest.bench import Bench, Plan, open_visits, probe
from loadtest.children import echo_server, load_generator
from loadtest.generator import Setting
from loadtest.report import ECHO, SESSION, UNARY, Report
from loadtest.running import PRINTED_WIDTH, listed, own_or_given, progress_bar, reported
from loadtest.target import Target, people_of

POOLS: Final = ("440100", "440300", "441500", "450100", "500000")
SHAPES: Final = (ECHO, UNARY, SESSION)
PREPARATION_STEPS: Final = 4

EXAMPLES: Final = """
Examples:

`python -m loadtest bench` — what `make bench` runs, two to three minutes

`python -m loadtest bench --seconds 3 --rounds 1` — a quick look

`python -m loadtest bench --regions 44 --pools 440300` — one gateway, one home node

`python -m loadtest bench --rate 500` — besides, calls at their due moment

`python -m loadtest bench --run-dir .run` — against the stack that `make up` keeps running

`python -m loadtest bench --rounds 1 --shapes unary --profile gateway` — where the gateway's time goes
"""

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)


app.command("fees", epilog=fee_command.EXAMPLES)(fee_command.fees)
app.command("clearing", epilog=clearing_command.EXAMPLES)(clearing_command.clearing)


@app.callback()
def loadtest() -> None:
    """Traffic against the institutions' door, and what it costs."""


@dataclass(frozen=True, slots=True)
class People:
    """Whom the load treats, and where."""

    per_pool: int
    pools: tuple[str, ...]
    regions: tuple[str, ...]
    lines: int
    seed: int


@app.command(epilog=EXAMPLES)
def bench(
    seconds: Annotated[float, typer.Option(min=0.5, help="length of each window")] = 5.0,
    rounds: Annotated[
        int, typer.Option(min=1, help="rounds of idle, echo, unary, Session; medians are shown")
    ] = 3,
    in_flight: Annotated[int, typer.Option(min=1, help="unary calls in flight")] = 256,
    lines: Annotated[int, typer.Option(min=1, max=60, help="fee lines of a bill")] = 8,
    streams: Annotated[int, typer.Option(min=1, help="Session streams")] = 4,
    window: Annotated[int, typer.Option(min=1, max=8, help="messages in flight on a stream")] = 8,
    per_message: Annotated[int, typer.Option(min=1, max=1_000, help="calls in a Session message")] = 100,
    rate: Annotated[
        float, typer.Option(min=0, help="also an open loop of so many unary calls a second")
    ] = 0.0,
    people: Annotated[int, typer.Option(min=1, help="insured persons of each pool")] = 2_000,
    visits: Annotated[int, typer.Option(min=1, help="outpatient visits opened before the windows")] = 8_000,
    inpatient: Annotated[float, typer.Option(min=0, max=1, help="share of bills that are stays")] = 0.05,
    pools: Annotated[str, typer.Option(help="home pools, with commas between")] = ",".join(POOLS),
    regions: Annotated[str, typer.Option(help="care regions whose gateways are called; empty: all")] = "",
    run_dir: Annotated[
        Path | None, typer.Option(help="run folder of a running stack; default: start one, empty, and end it")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed treats the same people for the same bills")] = 7,
    fresh_broker: Annotated[
        bool, typer.Option(help="restart our own embedded broker before each figure")
    ] = True,
    shapes: Annotated[str, typer.Option(help="what to measure, of echo, unary and session")] = ",".join(
        SHAPES
    ),
    profile: Annotated[str, typer.Option(help="run `gateway` or `homepool` under cProfile")] = "",
) -> None:
    """Settlements a second and CPU per settlement, unary and in batches, beside a bare echo.

    CPU is that of all server processes (gateways, home nodes, broker, every Postgres process), the idle burn of an
    equal window subtracted; the load generator is not counted. Ends with one line of JSON. Exit code 1 where an answer
    was wrong or a call never got its outcome: then the figures are worth nothing.
    """
    plan = Plan(
        seconds=seconds, rounds=rounds, shapes=_shapes(shapes), in_flight=in_flight, streams=streams,
        window=window, per_message=per_message, rate=rate, visits=visits, inpatient_share=inpatient,
        fresh_broker=fresh_broker,
    )  # fmt: skip
    treated = People(people, listed(pools), listed(regions), lines, seed)
    console = Console() if sys.stdout.isatty() else Console(width=PRINTED_WIDTH)
    reported(
        _bench(plan, treated, run_dir=run_dir, profile=profile, console=console), console, profile=profile
    )


async def _bench(
    plan: Plan, people: People, *, run_dir: Path | None, profile: str, console: Console
) -> Report:
    with progress_bar(console, plan.steps + PREPARATION_STEPS) as say:
        async with own_or_given(run_dir, profile, say) as whole:
            target = whole.narrowed(people.regions)
            files = await people_of(
                target, pools=people.pools, count=people.per_pool, seed=people.seed, say=say
            )
            setting = Setting(
                gateways=list(target.gateways), people=[str(file) for file in files], pools=list(people.pools),
                lines=people.lines, inpatient_share=plan.inpatient_share, seed=people.seed,
            )  # fmt: skip
            async with load_generator(setting, run_dir=target.run_dir) as generator:
                say(f"opening {plan.visits} visits")
                opened = await open_visits(generator, outpatient=plan.visits)
                answer_bytes = await probe(generator)
                async with echo_server(answer_bytes, run_dir=target.run_dir) as (echo, address):
                    run = Bench(
                        plan=plan,
                        target=target,
                        generator=generator,
                        echo=echo,
                        echo_address=address,
                        progress=say,
                    )
                    report = await run.run()
                    report.notes += _notes(plan, opened["opened"], opened["refused"], answer_bytes, target)
                    return report


def _notes(plan: Plan, opened: int, refused: dict[str, int], answer_bytes: int, target: Target) -> list[str]:
    """What was measured, in words."""
    gateways = ", ".join(f"{region} at {address}" for region, address in target.gateways)
    said = [
        f"gateways: {gateways}",
        f"{opened} visits opened; an answer has {answer_bytes} bytes; {plan.rounds} windows of {plan.seconds:g} s",
        f"unary: {plan.in_flight} in flight; Session: {plan.streams} streams of {plan.window} messages"
        f" of {plan.per_message} calls",
    ]
    if not (plan.fresh_broker and target.ours):
        said.append(
            "the broker was not restarted between figures: the embedded one gets dearer as its log grows"
        )
    said += [f"{number} visits not opened: {why}" for why, number in refused.items()]
    return said


def _shapes(text: str) -> tuple[str, ...]:
    chosen = listed(text)
    if unknown := set(chosen) - set(SHAPES):
        raise typer.BadParameter(
            f"{', '.join(sorted(unknown))} is none of {', '.join(SHAPES)}", param_hint="--shapes"
        )
    return chosen


if __name__ == "__main__":
    app()
