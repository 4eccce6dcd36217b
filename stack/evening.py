"""The evening of the demo: the day is closed, both books are compared by clearing, and what each pool owes is printed.

Everything goes through the operators' commands, as at an agency: `python -m clearing run`, `positions`, `statements`,
`verify`. What they say of themselves is what the demo's last line says.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from stack import books
from stack.books import Databases
from stack.errors import ServerFailed
from stack.part import Said, run_python
from stack.plan import CLEARING
from stack.supervisor import Stack

COMMAND_S_MAX: Final = 300.0
OPERATOR: Final = "demo"


@dataclass(frozen=True, slots=True)
class Evening:
    """What clearing came to."""

    cleared: bool
    """Every pair of books is in a run of every day, and all of it was recomputed from the items and holds."""
    differences: int
    nets_zero: bool


async def clear(stack: Stack, databases: Databases, *, statements_dir: Path, console: Console) -> Evening:
    """Close and clear every day on which something was decided. Raises ServerFailed where a command fails."""
    days = await _days(databases)
    cleared, differences, nets_zero = True, 0, True
    for day in days:
        _, run = await _json(stack, "run", "--date", day.isoformat(), "--as", OPERATOR)
        cleared = cleared and run["day"] is not None and not run["absent"]
        differences += run["differences"]
        _, positions = await _json(stack, "positions", "--date", day.isoformat())
        nets_zero = nets_zero and positions["nets_zero"]
        console.print(
            await _said(stack, "positions", "--date", day.isoformat()), highlight=False, markup=False
        )
        written = await _said(stack, "statements", "--date", day.isoformat(), "--out", str(statements_dir))
        console.print(written.strip(), highlight=False, markup=False, style="dim")
        code, verified = await _json(stack, "verify", "--date", day.isoformat())
        cleared = cleared and code == 0 and not verified["findings"]
    return Evening(cleared and bool(days), differences, nets_zero)


async def _days(databases: Databases) -> list[date]:
    """The days of the books: one, or two where the morning went over midnight."""
    async with books.opened(databases) as opened:
        found = [await books.days(gateway) for gateway in opened.gateways.values()]
    return sorted({day for days in found for day in days})


async def _json(stack: Stack, *arguments: str) -> tuple[int, Any]:
    said = await _ran(stack, (*arguments, "--json"))
    try:
        return said.code, json.loads(said.text)
    except ValueError:
        raise _failed(arguments, said) from None


async def _said(stack: Stack, *arguments: str) -> str:
    said = await _ran(stack, arguments)
    if said.code:
        raise _failed(arguments, said)
    return said.text


def _failed(arguments: Sequence[str], said: Said) -> ServerFailed:
    told = f"{said.text}{said.asides}".strip()[-400:]
    return ServerFailed(f"python -m clearing {' '.join(arguments)} said: {told}")


async def _ran(stack: Stack, arguments: Sequence[str]) -> Said:
    return await asyncio.to_thread(
        run_python,
        ("-m", "clearing", *arguments),
        environment=stack.environment(CLEARING),
        timeout_s=COMMAND_S_MAX,
    )
