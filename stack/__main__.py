"""`python -m stack`: the whole system on this machine, for trying it out."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from stack.apache_kafka import BROKERS_ALLOWED
from stack.cast import PEOPLE_MIN
from stack.errors import StackFault
from stack.kafka_up import keep_kafka
from stack.plan import BROKERS, PLAN_FILE, Plan, read_plan
from stack.run_folder import sweep_leftovers
from stack.up import keep_up

RUN_DIR = Path(".run")
DEMO_DIR = RUN_DIR / "demo"
"""Beside the folder of `up`, whose data a demo must not empty."""
KAFKA_DIR = RUN_DIR / "kafka"
"""Of `make kafka`, which outlives the stacks that use it."""
KAFKA_PORT = 9092
PEOPLE_MAX = 20_000
PIPED_COLUMNS = 110
"""Width of the demo's tables where there is no terminal."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

KafkaOption = Annotated[
    str, typer.Option(help=f"the broker to start: {' or '.join(BROKERS)}; left out: as in the plan")
]


@app.callback()
def main() -> None:
    """The whole system on this machine."""


@app.command()
def up(
    plan: Annotated[Path, typer.Option(help="what to start")] = PLAN_FILE,
    run_dir: Annotated[Path, typer.Option(help="data, logs, keys and endpoints.json")] = RUN_DIR,
    slots: Annotated[int, typer.Option(min=0, help="gateway processes a region; 0: as in the plan")] = 0,
    free_ports: Annotated[bool, typer.Option(help="let gateways listen on any free ports")] = False,
    fresh: Annotated[bool, typer.Option(help="begin with empty databases")] = False,
    kafka: KafkaOption = "",
    people: Annotated[
        int, typer.Option(min=0, help="made-up people to load into each pool of a new stack")
    ] = 0,
) -> None:
    """Keep a stack running in the foreground until Ctrl-C."""
    try:
        wanted = with_broker(read_plan(plan), kafka)
        if slots:
            wanted = wanted.with_slots(slots)
        if free_ports:
            wanted = wanted.with_free_ports()
        asyncio.run(keep_up(wanted, run_dir=run_dir, fresh=fresh, people_per_pool=people, say=say))
    except StackFault as fault:
        typer.echo(f"{fault}", err=True)
        raise typer.Exit(1) from None


@app.command()
def demo(
    people: Annotated[
        int, typer.Option(min=PEOPLE_MIN, max=PEOPLE_MAX, help="people over all pools, as in --people 100")
    ] = 300,
    seed: Annotated[
        int, typer.Option(help="the same seed makes the same people and bills, as in --seed 7")
    ] = 7,
    json_only: Annotated[
        bool, typer.Option("--json", help="print the last line only, for a program that reads it")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="leave the stack running until Ctrl-C")] = False,
    plan: Annotated[Path, typer.Option(help="what to start; gateways listen on free ports")] = PLAN_FILE,
    run_dir: Annotated[
        Path, typer.Option(help="folder of its own, emptied first, as in --run-dir /tmp/demo")
    ] = DEMO_DIR,
    kafka: KafkaOption = "",
) -> None:
    """Play a morning on a fresh stack and prove both books equal; exit code 1 if anything is not as it must
    be.
    """
    from rich.console import Console

    from stack.demo import Wish, run_demo

    wish = Wish(people=people, seed=seed, run_dir=run_dir, keep=keep)
    try:
        wanted = with_broker(read_plan(plan), kafka).with_free_ports()
        console = Console(quiet=json_only, width=None if sys.stdout.isatty() else PIPED_COLUMNS)
        verdict = asyncio.run(run_demo(wanted, wish, console))
    except StackFault as fault:
        typer.echo(f"{fault}", err=True)
        raise typer.Exit(1) from None
    say(verdict.line())
    raise typer.Exit(0 if verdict.good else 1)


@app.command()
def kafka(
    brokers: Annotated[int, typer.Option(help="how many, 1 or 3")] = 1,
    port: Annotated[
        int, typer.Option(min=0, max=65_533, help="the first broker's; the next have the next; 0: any free")
    ] = KAFKA_PORT,
    plan: Annotated[Path, typer.Option(help="whose topics to make")] = PLAN_FILE,
    run_dir: Annotated[Path, typer.Option(help="logs and storage, which begins empty")] = KAFKA_DIR,
) -> None:
    """Keep real Apache Kafka running in the foreground until Ctrl-C; stacks use it by DSGW_KAFKA."""
    if brokers not in BROKERS_ALLOWED:
        raise typer.BadParameter(f"1 or 3, not {brokers}", param_hint="--brokers")
    try:
        keep_kafka(read_plan(plan), run_dir=run_dir, brokers=brokers, first_port=port, say=say)
    except StackFault as fault:
        typer.echo(f"{fault}", err=True)
        raise typer.Exit(1) from None


@app.command()
def sweep(
    run_dir: Annotated[Path, typer.Option(help="the run folder of the stack that died")] = RUN_DIR,
) -> None:
    """End the processes that a killed stack or test run left behind."""
    try:
        for name in sweep_leftovers(run_dir):
            say(f"ended {name}")
    except StackFault as fault:
        typer.echo(f"{fault}", err=True)
        raise typer.Exit(1) from None


def with_broker(plan: Plan, kafka: str) -> Plan:
    """The plan with the broker that the command line names. Raises PlanWrong."""
    return plan.with_kafka(kafka) if kafka else plan


def say(line: str) -> None:
    """Progress, for people: a line on stdout at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    app()
