"""What every measurement needs around it: a stack, a bar that moves, an orderly end."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from loadtest import profiles
from loadtest.errors import LoadTestFault
from loadtest.target import Target, read_target, started_target

OWN_RUN_DIR: Final = Path(".run/bench")
PRINTED_WIDTH: Final = 150
"""Columns of the tables where there is no terminal."""

EXIT_STOPPED: Final = 130
EXIT_FAULT: Final = 2
EXIT_WORTHLESS: Final = 1

Measured = TypeVar("Measured")


async def until_signalled(run: Coroutine[None, None, Measured]) -> Measured:
    """Also a plain `kill` ends the stack in order: half of it must not stay behind."""
    task = asyncio.ensure_future(run)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


@contextlib.asynccontextmanager
async def own_or_given(
    run_dir: Path | None, profile: str, say: Callable[[str], None]
) -> AsyncIterator[Target]:
    """The stack of a run folder, else one of our own for the length of a block. Raises LoadTestFault."""
    if run_dir is not None:
        if profile:
            raise LoadTestFault(
                "A running stack cannot be profiled: leave --run-dir out, and one is started."
            )
        yield read_target(run_dir, ours=False)
        return
    environment = profiles.environment(OWN_RUN_DIR, profile) if profile else {}
    arguments = ("--free-ports", "--fresh")
    async with started_target(OWN_RUN_DIR, arguments=arguments, environment=environment, say=say) as target:
        yield target


@contextlib.contextmanager
def progress_bar(console: Console, steps: int) -> Iterator[Callable[[str], None]]:
    """A progress bar that moves with each thing said."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task, began_s = progress.add_task("", total=steps), time.monotonic()

        def say(what: str) -> None:
            progress.update(task, description=what, advance=1)
            if not console.is_terminal:
                seconds = time.monotonic() - began_s
                console.print(f"{seconds:6.1f} s  {what}", markup=False, highlight=False)

        yield say


class Worth(Protocol):
    """A report of measurements."""

    def print(self, console: Console) -> None:
        """Tables for people."""
        ...

    def last_line(self) -> str:
        """One JSON object."""
        ...

    def faults(self) -> Sequence[str]:
        """What makes it worthless."""
        ...


def reported(measuring: Coroutine[None, None, Worth], console: Console, *, profile: str = "") -> None:
    """Measure to the end and report, on uvloop. Raises typer.Exit where that failed, was stopped or is worth nothing."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(until_signalled(measuring))
    except LoadTestFault as fault:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(EXIT_FAULT) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("stopped", err=True)
        raise typer.Exit(EXIT_STOPPED) from None
    report.print(console)
    if profile:
        console.print(profiles.hottest(OWN_RUN_DIR, profile), markup=False, highlight=False)
    sys.stdout.write(report.last_line() + "\n")
    if report.faults():
        raise typer.Exit(EXIT_WORTHLESS)


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
