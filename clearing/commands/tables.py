"""Tables for people: figures in yuan with thousands separated, and never cut where nobody looks at a terminal."""

from collections.abc import Sequence
from typing import Any


def show(head: Sequence[str], rows: Sequence[Sequence[Any]], *, nothing: str, title: str = "") -> None:
    """Print a table, or a sentence where there is nothing."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        print(nothing)
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table(*head, title=title or None)
    for row in rows:
        table.add_row(*["" if one is None else str(one) for one in row])
    console.print(table)


def yuan(fen: int) -> str:
    """An amount as people read it: 12345 fen are 123.45."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02}"
