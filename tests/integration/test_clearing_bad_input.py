"""Bad input to every command of clearing: a clear sentence, exit code 2, no trace, and nothing changed."""

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.day.actions import Action
from clearing.day.difference_book import propose
from runtime import postgres
from tests.clearing_books import figures, two_books
from tests.clearing_runs import DAY, GUANGZHOU, NANNING, a_run, a_sum
from tests.integration.test_clearing_runs import ran
from tests.servers import NewDatabase, run_apart

HUGE = str(2**63)
LARGE = str(2**31)
WHO = ("--as", "wang")
CARE = ("--institution", "H44010490001", "--date", str(DAY), "--pool", "440100")
BAD: list[tuple[str, ...]] = [
    ("run", "--date", "2026-02-30", *WHO),
    ("run", "--date", "20261124x", *WHO),
    ("run", "--date", str(DAY), "--as", " "),
    ("run", "--date", str(DAY), "--as", "w" * 65),
    ("approve", "1", "--as", "\udcff"),
    ("runs", "--date", "x"),
    ("verify", "--date", "2026-13-01"),
    ("verify", "--date", "2020-01-01"),
    ("differences", "--date", "x"),
    ("differences", "--class", "nothing"),
    ("differences", "--age", "-1"),
    ("differences", "--age", HUGE),
    ("differences", "--age", "1000000000"),
    *(
        (command, number, *WHO, *more)
        for number in ("0", "-1", "99", LARGE, HUGE, "1.5", "x")
        for command, *more in (
            ("resolve", "--action", "dispute"),
            ("approve",),
            ("refuse",),
            ("undo",),
        )
    ),
    ("resolve", "1", "--action", "undo", *WHO),
    ("resolve", "1", "--action", "carry_over", *WHO),
    ("resolve", "1", "--action", "dispute", "--as", ""),
    ("resolve", "1", "--action", "requery", *WHO),
    ("approve", "1", *WHO),
    ("approve", "1", "--as", "\t"),
    ("undo", "1", *WHO),
    ("log", "--after", "-1"),
    ("log", "--after", HUGE),
    ("institution", "confirm", *CARE[:2], "--month", "2026-13", "--all", *WHO),
    ("institution", "confirm", *CARE[:2], "--month", "2026-11", *WHO),
    ("institution", "confirm", *CARE[:2], "--month", "2026-11", "--all", "--seqno", "1", *WHO),
    ("institution", "confirm", *CARE[:2], "--month", "2026-11", "--seqno", HUGE, *WHO),
    ("institution", "confirm", *CARE[:2], "--month", "2026-11", "--all", "--as", " "),
    ("institution", "roll-back", *CARE[:2], "--month", "2026-11", "--transaction", "x", *WHO),
    ("institution", "roll-back", *CARE[:2], "--month", "x", "--transaction", "0", *WHO),
    ("institution", "apply", *CARE[:2], "--month", "2026-11", "--insutype", "999", "--clr-type", "11", *WHO),
    ("institution", "cancel-application", "NONE", *CARE[:2], *WHO),
    ("wallet",),
    ("wallet", "resolve", "x", "--date", str(DAY), "--action", "dispute", *WHO),
    ("wallet", "resolve", "x", "--date", str(DAY), "--action", "pay", *WHO),
    ("wallet", "resolve", "x", "--date", "x", "--action", "dispute", *WHO),
    ("wallet", "undo", HUGE, *WHO),
    ("wallet", "undo", "99", *WHO),
    ("positions",),
    ("positions", "--date", str(DAY), "--month", "2026-11"),
    ("positions", "--month", "2026-13"),
    ("positions", "--date", str(DAY), "--batch", "99999"),
    ("positions", "--date", str(DAY), "--batch", HUGE),
    ("explain", "x"),
    ("explain", "2026-11-24/310/310100/450100/x"),
    ("explain", f"2026-11-24/310/310100/450100/{HUGE}"),
    ("explain", "2026-11-24/310/310100"),
    ("explain", "2026-11-24/310/nothing/450100/440100"),
    ("explain", f"2026-11-24/310/310100/{HUGE}/440100"),
    ("explain", "2026-11-24/310/310100/45010²/440100"),
    ("prepayment", "quota", "45010²/440100/310/310100", "--yuan", "1", *WHO),
    ("instructions", "--date", "x", *WHO),
    ("instructions", "--month", "2026-11", *WHO),
    ("instructions", "--date", "2020-01-01", *WHO),
    ("instructions", "--month", "2020-01", "--institutions", *WHO),
    ("instructions", "approve", "--date", str(DAY), *WHO),
    ("instructions", "approve", "--date", str(DAY), "--institutions", *WHO),
    ("instructions", "refuse", "--date", str(DAY), *WHO),
    ("instructions", "reopen", "--date", str(DAY), *WHO),
    ("bank-returns", "{missing}", *WHO),
    ("bank-returns", "{empty}", *WHO),
    ("bank-returns", "{binary}", *WHO),
    ("bank-returns", "{folder}", *WHO),
    ("bank-returns", "{unknown}", *WHO),
    ("month", "--month", "2026-11-24", *WHO),
    ("month", "--month", "2020-01", *WHO),
    ("month", "--month", "0000-01", *WHO),
    ("year", "--year", "1", *WHO),
    ("year", "--year", "2020", *WHO),
    ("statements", "--month", "2020-01", "--out", "{folder}"),
    ("statements", "--month", "2026-11", "--out", "{empty}"),
    ("statements", "--month", "2026-11", "--out", "{folder}", "--pool", "x"),
    ("prepayment", "quota", "x", *WHO),
    ("prepayment", "quota", "450100/440100/310/310100", "--yuan", "0.001", *WHO),
    ("prepayment", "quota", "450100/440100/310/310100", "--yuan", "1e9", *WHO),
    ("prepayment", "quota", "450100/440100/310/310100", "--yuan", "0", *WHO),
    ("prepayment", "quota", "450100/450100/310/310100", "--yuan", "1", *WHO),
    ("prepayment", "quota", f"{HUGE}/440100/310/310100", "--yuan", "1", *WHO),
    ("prepayment", "top-up", "450100/440100/310/310100", "--yuan", "5", *WHO),
    ("prepayment", "received", "99", "--reference", "r", *WHO),
    ("prepayment", "received", HUGE, "--reference", "r", *WHO),
    ("proposals", "approve", "99", *WHO),
    ("proposals", "approve", HUGE, *WHO),
    ("proposals", "refuse", "-1", *WHO),
    ("month", "--month", "9999-12", *WHO),
    ("differences", "--date", "0001-01-01"),
    ("payout", "--month", "2020-01", *WHO),
    ("payout", "--date", "x", *WHO),
    ("payout",),
    ("advance", "apply", "x", "--pool", HUGE, "--insutype", "310", *WHO),
    ("advance", "apply", "H44010490001", "--pool", "440100", "--insutype", "999", *WHO),
    ("advance", "apply", "H44010490001", "--pool", "440100", "--insutype", "310", *WHO),
    ("advance", "paid", "99", "--reference", "r", *WHO),
    ("advance", "paid", HUGE, "--reference", "r", *WHO),
    ("advance", "reserve", "440100", "nobody", "--reserve-yuan", "1", "--month-yuan", "1", "--surplus-yuan", "1",
     "--source", "s", *WHO),
    ("advance", "reserve", "440100", "employees", "--reserve-yuan", "x", "--month-yuan", "1", "--surplus-yuan", "1",
     "--source", "s", *WHO),
    ("advance", "reserve", "440100", "employees", "--reserve-yuan", "1", "--month-yuan", "0", "--surplus-yuan", "1",
     "--source", "s", *WHO),
    ("deduct", "{missing}", *WHO),
    ("deduct", "{empty}", *WHO),
    ("deduct", "{binary}", *WHO),
    ("deduct", "{folder}", *WHO),
    ("wallet", "--date", "x", *WHO),
    ("institution", "totals", *CARE, "--insutype", "310", "--clr-type", "11", "--count", HUGE, "--medfee", "1", "--fund",
     "1"),
    ("institution", "details", "{missing}", *CARE),
    ("institution", "details", "{empty}", *CARE),
    ("institution", "details", "{binary}", *CARE),
    ("institution", "unmatched", "--institution", "x", "--date", "y"),
    ("institution", "unmatched", *CARE, "--to", "2020-01-01"),
    ("institution", "apportionment", "--institution", "H44010490001", "--month", "x"),
    ("institution", "apportionment", "--institution", "H44010490001", "--month", "2026-11", "--from", HUGE),
]  # fmt: skip


@pytest.fixture
def clearing(database: NewDatabase) -> str:
    """A day that was run, and one with a difference for which a resolution of wang's waits."""
    dsn = database("clearing")

    async def planted() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await a_run(connection, [a_sum(NANNING, GUANGZHOU, pooled_fen=1_000)])
            changed = figures(1, pooled_fen=5_000, cash_fen=5_000, fund_sum_fen=5_000)
            books = two_books([figures(1)], [changed])
            await ran(connection, *books)
            await propose(connection, 1, Action.ADOPT_HOME, operator="wang", reason="", books=books)

    run_apart(planted)
    return dsn


def held(dsn: str) -> str:
    """A digest of all that the database holds."""

    async def told() -> str:
        async with postgres.opened(dsn, application_name="test") as connection:
            tables = await connection.fetch(
                "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace ORDER BY relname"
            )
            rows = [
                await connection.fetchval(f"SELECT array_agg(t::text) FROM {name} t") for (name,) in tables
            ]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    return run_apart(told)


def files(folder: Path) -> dict[str, str]:
    """What commands are given to read, and where to write."""
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(bytes(range(256)))
    (folder / "unknown").write_text(f"instruction,status,paid,reason\n{'a' * 32},returned,,x\n")
    names = ("empty", "binary", "unknown", "missing")
    return {name: str(folder / name) for name in names} | {"folder": str(folder)}


def test_bad_input_is_one_clear_sentence_and_changes_nothing(clearing: str, tmp_path: Path) -> None:
    before, places, wrong = held(clearing), files(tmp_path), []
    for arguments in BAD:
        given = [one.format(**places) if one.startswith("{") else one for one in arguments]
        result = CliRunner().invoke(app, given, env={"DSGW_POSTGRES_DSN": clearing, "DSGW_BOOKS": ""})
        if (
            not isinstance(result.exception, SystemExit)
            or result.exit_code != 2
            or "rror" not in result.output
        ):
            said = " ".join(result.output.split())[:150]
            wrong.append(
                f"{' '.join(arguments)}: exit code {result.exit_code}, {result.exception!r:.150}, {said}"
            )
        if (after := held(clearing)) != before:
            wrong.append(f"{' '.join(arguments)}: something was changed")
            before = after
    assert not wrong, "\n" + "\n".join(wrong)
