"""`policy check`, `policy explain`, `policy diff`: is a policy complete, what does it say, what does a change do."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from homepool.policy.diff import Comparison, Outcome
    from homepool.policy.explain import Sheet
    from homepool.policy.proof import Fault, Proof

HELP: Final = "Prove a policy file complete, say it in words, show what a change does."

CHECK_HELP: Final = """Prove policy files complete: every medical type, hospital level, kind of person and filing
answered, no row that never applies, no hole in bands, a source for each figure, no day without a policy or with two.

A fault is one sentence with file and key; exit code 1 if there is any. What holds by default only is a note;
with --strict a note is a fault. Examples:

python -m homepool policy check

python -m homepool policy check my-policies --since 2025-01-01 --strict

python -m homepool policy check my-policies/440300-310-2027-01-01.toml --json
"""

EXPLAIN_HELP: Final = """Say in words what a pool pays for an insurance on a day. Amounts in yuan. Examples:

python -m homepool policy explain --pool 440300 --insutype 310

python -m homepool policy explain --pool 500000 --insutype 390 --day 2025-12-31 --med-type 21 --json
"""

DIFF_HELP: Final = """Say what a change of policies does: a fixed set of sample bills of sample people, settled by the
old and the new policies, and only what differs.

Two files are compared with each other; two folders on every day on which any policy of either begins. Examples:

python -m homepool policy diff homepool/policies/500000-390-2025-01-01.toml homepool/policies/500000-390-2026-01-01.toml

python -m homepool policy diff homepool/policies my-policies --fail-on-change --rows 0
"""
ROWS_SHOWN: Final = 40


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    policy = typer.Typer(no_args_is_help=True, help=HELP)
    policy.command("check", help=CHECK_HELP)(check)
    policy.command("explain", help=EXPLAIN_HELP)(explain)
    policy.command("diff", help=DIFF_HELP)(diff)
    app.add_typer(policy, name="policy")


# ------------------------------------------------------------------------------------------------ check


def check(
    place: Annotated[Path | None, typer.Argument(help="A file or a folder; left out: those shipped.")] = None,
    since: Annotated[str, typer.Option(help="Every pool must have policies from this day on.")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Notes count as faults.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """Prove policy files complete."""
    from homepool.policy.files import SHIPPED
    from homepool.policy.proof import prove

    proofs, faults, notes = prove(place or SHIPPED, since=_day("--since", since) if since else "")
    all_faults = [fault for proof in proofs for fault in proof.faults] + faults
    all_notes = [note for proof in proofs for note in proof.notes] + notes
    wrong = bool(all_faults) or (strict and bool(all_notes))
    if as_json:
        typer.echo(
            json.dumps(_proof_json(proofs, all_faults, all_notes, wrong), ensure_ascii=False, indent=1)
        )
    else:
        _print_proofs(proofs, all_faults, all_notes, strict=strict)
    if wrong:
        raise typer.Exit(1)


def _proof_json(
    proofs: "list[Proof]", faults: "list[Fault]", notes: "list[Fault]", wrong: bool
) -> dict[str, object]:
    def listed(items: "list[Fault]") -> list[dict[str, str]]:
        return [{"file": item.file, "key": item.key, "why": item.why} for item in items]

    files = [
        {
            "file": proof.file,
            "version": proof.policy.version if proof.policy else "",
            "answered": proof.answered,
        }
        for proof in proofs
    ]
    return {"complete": not wrong, "files": files, "faults": listed(faults), "notes": listed(notes)}


def _print_proofs(
    proofs: "list[Proof]", faults: "list[Fault]", notes: "list[Fault]", *, strict: bool
) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("file", "policy", "kinds of bill answered", "faults", "notes", title="Policies")
    for proof in proofs:
        name = proof.policy.name if proof.policy else "cannot be read"
        table.add_row(proof.file, name, str(proof.answered), str(len(proof.faults)), str(len(proof.notes)))
    console.print(table)
    for kind, items in (("fault", faults), ("note", notes)):
        for item in items:
            console.print(f"{kind}: {item}", markup=False, highlight=False, soft_wrap=True)
    answered = sum(proof.answered for proof in proofs)
    end = "complete" if not faults and not (strict and notes) else "not complete"
    console.print(f"{len(proofs)} files, {answered} kinds of bill answered, {len(faults)} faults: {end}.")


# ------------------------------------------------------------------------------------------------ explain


def explain(
    pool: Annotated[int, typer.Option(help="Division of the home pool, 440300.")],
    insutype: Annotated[str, typer.Option(help="310 employees, 390 residents, 510 maternity.")],
    day: Annotated[str, typer.Option(help="Day of care, yyyy-MM-dd; left out: today in China.")] = "",
    med_type: Annotated[
        list[str] | None, typer.Option(help="11, 13, 14, 21, 41, 51, 52; may be repeated; left out: all.")
    ] = None,
    policies: Annotated[
        Path | None,
        typer.Option(envvar="DSGW_DATA_DIR", help="A folder of policies; left out: those shipped."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Say a policy in words."""
    from homepool.benefits import MED_TYPE_OF
    from homepool.errors import QuoteInvalid
    from homepool.policy.explain import sheet
    from homepool.policy.files import load_policies
    from homepool.policy.form import MED_TYPES
    from homepool.policy.quote import no_policy

    when = _day("--day", day) if day else _today()
    book = load_policies(policies)
    policy = book.find(pool, insutype, when)
    if policy is None:
        raise QuoteInvalid(no_policy(pool, insutype, when, book, option="--day"))
    wanted = [MED_TYPE_OF.get(one, one) for one in med_type or ()]
    for one in wanted:
        if one not in MED_TYPES:
            raise QuoteInvalid(f"--med-type: {one!r} is none of {', '.join((*MED_TYPES, *MED_TYPE_OF))}")
    found = sheet(policy, med_types=wanted)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        _print_sheet(found)


def _print_sheet(found: "Sheet") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.rule(f"{found.name} ({found.version})")
    for line in found.head:
        console.print(line, markup=False, highlight=False)
    for care in found.care:
        console.print(f"\n{care.med_type} {care.name}", style="bold", markup=False, highlight=False)
        if care.lines:
            table = Table("level", "who", "when", "deductible", "pooled fund pays", "limits")
            for row in care.lines:
                table.add_row(row.levels, row.persons, row.when, row.deductible, row.ratio, row.caps)
            console.print(table)
        if care.elsewhere:
            table = Table("route", "filed as", "elsewhere")
            for place in care.elsewhere:
                table.add_row(place.route, place.filings, place.change)
            console.print(table)
        for line in care.then:
            console.print(line, markup=False, highlight=False)


# ------------------------------------------------------------------------------------------------ diff


def diff(
    old: Annotated[Path, typer.Argument(help="A policy file, or a folder of them.")],
    new: Annotated[Path, typer.Argument(help="The same, as it is to become.")],
    as_json: Annotated[bool, typer.Option("--json", help="Every difference, figures in fen.")] = False,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit code 1 if any differs.")
    ] = False,
    rows: Annotated[int, typer.Option(help="Rows of the table at most; 0: all.", min=0)] = ROWS_SHOWN,
) -> None:
    """Say what a change does to sample bills."""
    from homepool.policy.diff import compare

    found = compare(old, new)
    if as_json:
        heads = [dict(zip(("where", "key", "before", "after"), head, strict=True)) for head in found.heads]
        differences = [difference.as_json() for difference in found.differences]
        answer = {"bills": found.bills, "heads": heads, "differences": differences}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _print_comparison(found, rows)
    if fail_on_change and (found.differences or found.heads):
        raise typer.Exit(1)


def _print_comparison(found: "Comparison", rows: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from homepool.benefits.words import yuan
    from homepool.policy.samples import PLACES

    console = Console()
    for where, key, before, after in found.heads:
        console.print(f"{where}: {key}: {before} → {after}", markup=False, highlight=False)
    grouped: dict[tuple[str, ...], list[str]] = {}
    for one in found.differences:
        place = one.case.route if one.case.route == "local" else f"{one.case.route} {one.case.filing}"
        change = one.after.cash_fen - one.before.cash_fen
        row = (
            f"{one.pool}-{one.insutype} {one.day}", one.case.somebody.name, one.case.sample.name,
            _paid(one.before, one.after), _paid(one.after, one.before),
            f"{'+' if change > 0 else ''}{yuan(change)}",
        )  # fmt: skip
        grouped.setdefault(row, []).append(place)
    if grouped:
        table = Table("policy", "who", "bill", "where", "who pays what before", "and after", "cash")
        for (policy, who, bill, *paid), places in list(grouped.items())[: rows or None]:
            where = "everywhere" if len(places) == len(PLACES) else ", ".join(places)
            table.add_row(policy, who, bill, where, *paid)
        console.print(table)
        if rows and len(grouped) > rows:
            console.print(f"and {len(grouped) - rows} more rows; --rows 0 shows all, --json the figures.")
    console.print(f"{len(found.differences)} of {found.bills} sample bills are paid otherwise.")


def _paid(one: "Outcome", other: "Outcome") -> str:
    """What differs from the other side only."""
    from homepool.benefits.words import yuan

    if one.declined:
        return f"declined: {one.declined}"
    names = [
        name for name in {**one.amounts, **other.amounts} if one.amounts.get(name) != other.amounts.get(name)
    ]
    lines = [f"{name.removesuffix('_fen')} {yuan(one.amounts.get(name, 0))}" for name in sorted(names)]
    if one.remembered != other.remembered and not names:
        lines.append("the year remembers otherwise: see --json")
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------ days


def _today() -> str:
    return (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()


def _day(option: str, text: str) -> str:
    from datetime import date

    from homepool.errors import QuoteInvalid

    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise QuoteInvalid(f"{option}: {text!r} is no day; write it like 2025-03-01")
