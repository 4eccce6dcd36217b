"""`python -m homepool people`: a file of made-up people for the demonstration and the load test.

The same seed, pools, count and day give the same file, byte for byte.
"""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from runtime.clock import SystemClock, china_date


def attach(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command("people")(people)


def people(
    pools: Annotated[str, typer.Option(help="Home pools with commas between: 440300,450100")],
    out: Annotated[Path, typer.Option(help="The file to write, one JSON object per line; written anew")],
    count: Annotated[int, typer.Option(help="People per pool", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people")] = 7,
    as_of: Annotated[
        str, typer.Option(help="Ages, filings and the year used are of this day; default today")
    ] = "",
) -> None:
    """Make up people from a seed and write them to a file that a loader reads."""
    from homepool.loading.people import write_people
    from homepool.loading.population import population

    codes = [_pool(text) for text in pools.split(",")]
    try:
        made = population(seed, codes, count, as_of=_day(as_of))
        written = write_people(out, made)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from None
    typer.echo(f"{written} people of {len(codes)} pools in {out}")


def _pool(text: str) -> int:
    text = text.strip()
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        raise typer.BadParameter(f"{text!r} is no division of six digits", param_hint="--pools")
    return int(text)


def _day(text: str) -> date:
    if not text:
        return china_date(SystemClock().now_ms())
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day like 2026-01-31", param_hint="--as-of") from None
