"""`python -m stack`: the whole system on this machine, for trying it out."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from stack.errors import StackFault
from stack.plan import PLAN_FILE, read_plan
from stack.up import keep_up

RUN_DIR = Path(".run")

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
) -> None:
    """Keep a stack running in the foreground until Ctrl-C."""
    try:
        wanted = read_plan(plan)
        if slots:
            wanted = wanted.with_slots(slots)
        if free_ports:
            wanted = wanted.with_free_ports()
        asyncio.run(keep_up(wanted, run_dir=run_dir, fresh=fresh, say=say))
    except StackFault as fault:
        typer.echo(f"{fault}", err=True)
        raise typer.Exit(1) from None


def say(line: str) -> None:
    """Progress, for people: a line on stdout at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    app()
