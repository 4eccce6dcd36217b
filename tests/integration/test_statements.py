"""Statements of a day and a month: lines that add up, lists of items with their hash, a workbook that can be printed."""

import csv
import hashlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.day.run import run_day
from clearing.errors import BooksUnknown, ItemsDiffer, NotFound
from clearing.parties import load_parties
from clearing.periods import read_period
from clearing.positions.document_files import Written, write_documents
from clearing.positions.publish import publish
from clearing.scheme import load_scheme
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_books import DAY, MemoryBook, figures, next_day
from tests.servers import NewDatabase, run_apart

HOME, CARE, LOCAL = "440300", "450100", 440_300
FOLDER = f"{DAY}-batch-1"
HOSPITAL, OTHER = "H45010300001", "H45010300002"


def two_days() -> tuple[MemoryBook, MemoryBook]:
    """Settlements, a refund, residents, account money, outside payers, a local bill, an item that differs; the day after
    one more."""
    rows = [
        figures(1),
        figures(2, fixmedins_code=OTHER, account_fen=500, family_fen=20, cash_fen=3_480),
        figures(3, sign=-1, pooled_fen=1_000, cash_fen=9_000, fund_sum_fen=1_000),
        figures(4, insutype="390", big_illness_fen=300, cash_fen=3_700, fund_sum_fen=6_300),
        figures(5, route=1, care_pool=LOCAL, fixmedins_code="H44030300009"),
        figures(6, pooled_fen=5_999, cash_fen=4_001, fund_sum_fen=5_999),
        figures(7, day=next_day()),
    ]
    care = [*rows[:5], figures(6), rows[6]]
    return MemoryBook("home", "44", {"45": rows}), MemoryBook("care", "45", {"44": care})


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def ran(connection: Connection, *books: MemoryBook) -> None:
    for day in (DAY, next_day()):
        await run_day(
            day, connection=connection, books=books, operator="wang", program="test", publish=publish,
            progress=lambda *_: None,
        )  # type: ignore[arg-type]  # fmt: skip


async def written(
    connection: Connection, out: Path, *, period: str = str(DAY), batch: int = 1, **changes: Any
) -> Written:
    found = read_period(period)
    assert found is not None
    given: dict[str, Any] = {
        "books": None, "scheme": load_scheme(), "parties": load_parties(), "wanted": frozenset(),
        "progress": lambda *_: None, "batch": 0 if found.is_month else batch,
    }  # fmt: skip
    return await write_documents(connection, found, out, **(given | changes))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def test_a_pools_statement_says_what_it_pays_and_receives(
    connection: Connection, tmp_path: Path
) -> None:
    books = two_days()
    await ran(connection, *books)
    done = await written(connection, tmp_path, books=books)
    assert done.documents == {"pools": 4, "institutions": 4, "payers": 1}
    pays, total = rows_of(tmp_path / FOLDER / "pools" / f"{HOME}-employees.csv")
    assert (pays["role"], pays["pool"], pays["name"], pays["psntime"], pays["refunds"]) == (
        "pays", CARE, "南宁市", "2", "1",
    )  # fmt: skip
    told = {"medfee_sumamt": "100.00", "hifp_pay": "110.00", "acct_pay": "5.20", "acct_mulaid_pay": "0.20",
            "owed_fund": "110.00", "owed_account": "5.20", "set_aside": "100.00", "psn_cash_pay": "-15.20"}  # fmt: skip
    assert {name: pays[name] for name in told} == told
    assert pays["fund_pay_sumamt"] == "115.20"  # Guangdong's dialect: with the account
    (receives, _) = rows_of(tmp_path / FOLDER / "pools" / f"{CARE}-employees.csv")
    assert (receives["role"], receives["fund_pay_sumamt"]) == ("receives", "110.00")  # Guangxi's: without
    assert [total[name] for name in told] == list(told.values())
    (residents, _) = rows_of(tmp_path / FOLDER / "pools" / f"{HOME}-residents.csv")
    assert (residents["owed_fund"], residents["owed_outside"]) == ("60.00", "3.00")


async def test_institutions_and_outside_payers_have_their_own(connection: Connection, tmp_path: Path) -> None:
    await ran(connection, *two_days())
    await written(connection, tmp_path)
    folder = tmp_path / FOLDER
    line, _ = rows_of(folder / "institutions" / f"{HOSPITAL}-employees.csv")
    assert (line["insu_admdvs"], line["route"], line["hifp_pay"]) == (HOME, "跨省异地", "50.00")
    local, _ = rows_of(folder / "institutions" / "H44030300009-employees.csv")
    assert (local["route"], local["hifp_pay"], local["owed_fund"]) == ("本市", "60.00", "0.00")
    payer, _ = rows_of(folder / "payers" / f"carrier_{HOME}-residents.csv")
    assert (payer["home_pool"], payer["care_pool"], payer["fund"], payer["amount"]) == (
        HOME,
        CARE,
        "390200",
        "3.00",
    )


async def test_a_late_batch_has_a_folder_of_its_own_and_changes_none(
    connection: Connection, tmp_path: Path
) -> None:
    books = two_days()
    await ran(connection, *books)
    await written(connection, tmp_path, books=books)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    late = (
        MemoryBook("home", "46", {"45": [figures(8)]}),
        MemoryBook("care", "45", {"44": [], "46": [figures(8)]}),
    )
    await ran(connection, *late)
    await written(connection, tmp_path, books=[*books, *late])
    assert {path: path.read_bytes() for path in before} == before
    await written(connection, tmp_path, books=[*books, *late], batch=2)
    line, _ = rows_of(tmp_path / f"{DAY}-batch-2" / "institutions" / f"{HOSPITAL}-employees.csv")
    assert (line["psntime"], line["hifp_pay"]) == ("1", "60.00")
    with pytest.raises(NotFound, match="batch 3"):
        await written(connection, tmp_path, batch=3)


async def test_a_month_is_the_sum_of_its_days(connection: Connection, tmp_path: Path) -> None:
    books = two_days()
    await ran(connection, *books)
    await written(connection, tmp_path, period="2026-11", books=books)
    line, total = rows_of(tmp_path / "2026-11" / "institutions" / f"{HOSPITAL}-employees.csv")
    assert (line["psntime"], line["hifp_pay"], total["hifp_pay"]) == ("2", "110.00", "110.00")


async def test_the_item_list_is_sorted_hashed_and_comes_to_the_statement(
    connection: Connection, tmp_path: Path
) -> None:
    books = two_days()
    await ran(connection, *books)
    await written(connection, tmp_path, books=books)
    folder = tmp_path / FOLDER
    index = {(one["code"], one["book"]): one for one in rows_of(folder / "index.csv")}
    one = index[HOSPITAL, "employees"]
    listed = folder / "institutions" / f"{HOSPITAL}-employees-items.csv"
    assert hashlib.sha256(listed.read_bytes()).hexdigest() == one["items_sha256"]
    assert [item["setl_id"][-1] for item in rows_of(listed)] == ["1", "3"]
    assert sum(Decimal(item["total_fen"]) for item in rows_of(listed)) == Decimal(one["amount"]) == 0
    assert hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest() == one["csv_sha256"]
    before = {path: path.read_bytes() for path in folder.rglob("*.csv")}
    turned = MemoryBook("home", "44", {"45": list(reversed(books[0].rows["45"]))})
    await written(connection, tmp_path, books=[turned])
    assert {path: path.read_bytes() for path in folder.rglob("*.csv")} == before


async def test_items_that_do_not_come_to_the_statement_leave_no_index(
    connection: Connection, tmp_path: Path
) -> None:
    books = two_days()
    await ran(connection, *books)
    await written(connection, tmp_path, books=books)
    del books[0].rows["45"][1]
    with pytest.raises(ItemsDiffer, match=r"0 settlements of H45010300002|2 settlements of 440300"):
        await written(connection, tmp_path, books=books)
    assert not (tmp_path / FOLDER / "index.csv").exists()
    with pytest.raises(BooksUnknown, match="--without-items"):
        await written(connection, tmp_path, books=[])
    with pytest.raises(NotFound):
        await written(connection, tmp_path, period="2026-10")


async def test_only_what_is_wanted_is_written(connection: Connection, tmp_path: Path) -> None:
    books = two_days()
    await ran(connection, *books)
    await written(connection, tmp_path, books=books, wanted=frozenset({OTHER}))
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        f"{OTHER}-employees-items.csv", f"{OTHER}-employees.csv", f"{OTHER}.xlsx", "index.csv",
    ]  # fmt: skip


async def test_the_workbook_can_be_printed_and_signed(connection: Connection, tmp_path: Path) -> None:
    books = two_days()
    await ran(connection, *books)
    await written(connection, tmp_path, books=books)
    workbook = load_workbook(tmp_path / FOLDER / "pools" / f"{HOME}.xlsx")
    assert workbook.sheetnames == ["职工 employees", "居民 residents"]
    sheet = workbook["职工 employees"]
    cells = {str(cell.value): cell for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert sheet["A1"].value == "异地就医统筹区间清算表（职工）"
    assert sheet["A2"].value == f"{HOME} 深圳市"
    column = cells["hifp_pay"].column
    assert (sheet.cell(6, column).value, sheet.cell(6, column).number_format) == (110, "#,##0.00")
    assert sheet.cell(7, 1).value == "合计 total"
    assert any("SHA-256: " in text and "not drawn" not in text for text in cells)
    assert {"制表 made by", "复核 checked by", "负责人 approved by"} <= {
        text.partition(":")[0] for text in cells
    }
    hidden = {
        name: sheet.column_dimensions[cells[name].column_letter].hidden for name in ("hifp_pay", "hifob_pay")
    }
    assert hidden == {"hifp_pay": False, "hifob_pay": True}
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$1:$5")


def test_the_command_says_what_it_wrote(database: NewDatabase, tmp_path: Path) -> None:
    dsn = database("clearing")

    async def runs() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await ran(connection, *two_days())

    run_apart(runs)

    def called(*arguments: str, exit_code: int = 0) -> str:
        environment = {"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""}
        result = CliRunner().invoke(app, ["statements", *arguments], env=environment)
        assert result.exit_code == exit_code, result.output
        return result.output

    told = json.loads(called("--date", str(DAY), "--out", str(tmp_path), "--without-items", "--json"))
    (one,) = told["folders"]
    assert one == {
        "folder": str(tmp_path / FOLDER), "documents": {"pools": 4, "institutions": 4, "payers": 1}, "items": 0,
    }  # fmt: skip
    assert "1 of pools" in called(
        "--date", str(next_day()), "--out", str(tmp_path), "--without-items", "--pool", HOME
    )
    assert "--without-items" in called("--date", str(DAY), "--out", str(tmp_path), exit_code=2)
    assert "Nothing of 2025-01 was run" in called("--month", "2025-01", "--out", str(tmp_path), exit_code=2)
    assert "batches are a day's" in called(
        "--month", "2026-11", "--batch", "1", "--out", str(tmp_path), exit_code=2
    )
    (tmp_path / "file").write_text("")
    assert "cannot be written" in called(
        "--date", str(DAY), "--out", str(tmp_path / "file"), "--without-items", exit_code=2
    )
