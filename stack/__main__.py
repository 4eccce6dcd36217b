"""`python -m stack`: the whole system on this machine, for trying it out."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from stack.cast import PEOPLE_MIN
from stack.errors import StackFault
from stack.plan import PLAN_FILE, read_plan
from stack.run_folder import sweep_leftovers
from stack.up import keep_up

RUN_DIR = Path(".run")
DEMO_DIR = RUN_DIR / "demo"
"""Beside the folder of `up`, whose data a demo must not empty."""
PEOPLE_MAX = 20_000
PIPED_COLUMNS = 110
"""Width of the demo's tables where there is no terminal."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


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
    people: Annotated[
        int, typer.Option(min=0, help="made-up people to load into each pool of a new stack")
    ] = 0,
) -> None:
    """Keep a stack running in the foreground until Ctrl-C."""
    try:
        wanted = read_plan(plan)
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
) -> None:
    """Play a morning on a fresh stack and prove both books equal; exit code 1 if anything is not as it must
    be.
    """
    from rich.console import Console

    from stack.demo import Wish, run_demo

    wish = Wish(people=people, seed=seed, run_dir=run_dir, keep=keep)
    try:
        wanted = read_plan(plan).with_free_ports()
        console = Console(quiet=json_only, width=None if sys.stdout.isatty() else PIPED_COLUMNS)
        verdict = asyncio.run(run_demo(wanted, wish, console))
    except StackFault as fault:
        typer.echo(f"{fault}", err=True)
        raise typer.Exit(1) from None
    say(verdict.line())
    raise typer.Exit(0 if verdict.good else 1)


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


def say(line: str) -> None:
    """Progress, for people: a line on stdout at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    app()
