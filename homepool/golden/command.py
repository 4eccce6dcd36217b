"""`adjudicate`: published examples through the live engine, as JSON or as a table of agreement."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from homepool.errors import CaseInvalid

HELP = """Run published worked examples through the engine that decides live settlements.

With --json: one JSON array in the order of the cases, {"id", "computed"} or {"id", "error"}. Without: a
table that compares with what each case expects; exit code 1 if any figure differs.

Example: python -m homepool adjudicate --cases tests/golden/cases.json
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adjudicate", help=HELP)(adjudicate_cases)


def adjudicate_cases(
    cases: Annotated[Path, typer.Option(help="File with a JSON array of cases.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON array only.")] = False,
) -> None:
    """Run the cases of a file."""
    from homepool.golden.agreement import adjudicate

    listed = read_cases(cases)
    results = [adjudicate(case) for case in listed]
    if as_json:
        typer.echo(json.dumps(results, ensure_ascii=False, indent=1))
        return
    if _print_table(listed, results):
        raise typer.Exit(1)


def read_cases(path: Path) -> list[Any]:
    """The cases of a file; raises CaseInvalid with what to mend."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CaseInvalid(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CaseInvalid(f"{path}: not JSON: {error}") from None
    if not isinstance(listed, list):
        raise CaseInvalid(f"{path}: a JSON array of cases is needed")
    return listed


def differences(case: Any, result: dict[str, Any]) -> list[str]:
    """Where a result does not agree with what the case expects, one phrase per figure; empty = it agrees."""
    if "error" in result:
        return [result["error"]]
    got, expected = result["computed"], case.get("expected") or {}
    if case.get("check") == "split":
        return [] if got["conserved"] else [f"the payers add up to {got['payers_sum_fen']}"]
    return [
        f"{name}: expected {figure}, computed {got.get(name, 'nothing')}"
        for name, figure in expected.items()
        if got.get(name) != figure
    ]


def _print_table(cases: list[Any], results: list[dict[str, Any]]) -> int:
    from rich.console import Console
    from rich.table import Table

    table = Table("case", "figures", "agrees", "what differs", title="Published examples")
    wrong = 0
    for case, result in zip(cases, results, strict=True):
        found = differences(case, result)
        wrong += bool(found)
        figures = len(case.get("expected", {})) if isinstance(case, dict) else 0
        table.add_row(str(result["id"]), str(figures), "no" if found else "yes", "; ".join(found))
    console = Console()
    console.print(table)
    console.print(f"{len(cases) - wrong} of {len(cases)} agree to the fen.")
    return wrong
