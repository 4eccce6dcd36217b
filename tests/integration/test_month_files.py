"""A month's document on paper: a workbook and CSV per party, control totals, hashes, and what holds over all of them."""

import csv
import hashlib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.months import month_book
from clearing.months.month_files import INDEX, MonthFiles, write_month
from clearing.parties import load_parties
from clearing.scheme import load_scheme
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, SHENZHEN, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, closed, month, proposed
from tests.integration.test_prepayments import approve, funded
from tests.servers import NewDatabase, run_apart

SCHEME, PARTIES = load_scheme(), load_parties()
SUMS = [
    a_sum(NANNING, GUANGZHOU, pooled_fen=1_000, account_fen=30, day=LAST),
    a_sum(GUANGZHOU, NANNING, pooled_fen=250, day=LAST),
    a_sum(GUANGZHOU, GUANGZHOU, pooled_fen=9_000, day=LAST),
    a_sum(NANNING, GUANGZHOU, insutype="390", pooled_fen=70, big_illness_fen=8, day=LAST),
]


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        await funded(opened, 400)
        await a_run(opened, SUMS, day=LAST)
        yield opened


async def written(connection: Connection, out: Path) -> MonthFiles:
    document = await month_book.latest_document(connection, month("2026-10"))
    assert document is not None
    return write_month(document, out, scheme=SCHEME, parties=PARTIES)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fen(text: str) -> int:
    return int(Decimal(text) * 100)


async def test_the_index_comes_to_what_the_document_pays_and_each_hash_is_of_its_file(
    connection: Connection, tmp_path: Path
) -> None:
    document = await closed(connection, "2026-10", AFTER)
    done = await written(connection, tmp_path)
    assert done.folder == tmp_path / f"2026-10-document-{document.proposal}"
    assert done.documents == {"pools": 4, "institutions": 4, "payers": 2}
    index = rows_of(done.folder / "index.csv")
    assert tuple(index[0]) == INDEX
    paid = sum(fen(one["pays"]) for one in index if one["kind"] != "institutions")
    assert paid == sum(one.to_pay_fen for one in document.pools) == 1_030 + 250 + 9_000 + 78 - 400
    received = sum(fen(one["receives"]) for one in index if one["kind"] == "institutions")
    assert received == sum(one.to_pay_fen for one in document.institutions)
    for one in index:
        content = (done.folder / one["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["csv_sha256"]
        assert len(content.splitlines()) >= 2 + int(one["lines"])


async def test_a_pool_has_what_it_pays_and_receives_apart_and_employees_apart_from_residents(
    connection: Connection, tmp_path: Path
) -> None:
    await closed(connection, "2026-10", AFTER)
    done = await written(connection, tmp_path)
    told = [
        tuple(one[name] for name in ("role", "pool", "fund", "due", "prepaid", "to_pay"))
        for one in rows_of(done.folder / "pools" / f"{GUANGZHOU}-employees.csv")
    ]
    assert sorted(told) == sorted([
        ("local", "440100", "310100", "90.00", "0.00", "90.00"),
        ("pays", "450100", "310100", "2.50", "0.00", "2.50"),
        ("receives", "450100", "310100", "10.00", "-4.00", "6.00"),
        ("receives", "450100", "310200", "0.30", "0.00", "0.30"),
        ("合计 total", "local", "", "90.00", "0.00", "90.00"),
        ("合计 total", "pays", "", "2.50", "0.00", "2.50"),
        ("合计 total", "receives", "", "10.30", "-4.00", "6.30"),
    ])  # fmt: skip
    residents = rows_of(done.folder / "pools" / f"{GUANGZHOU}-residents.csv")
    assert [one["to_pay"] for one in residents] == ["0.70", "0.70"]
    (payer,) = {path.stem for path in (done.folder / "payers").glob("*.xlsx")}
    assert payer == f"carrier_{NANNING}"


async def test_the_workbook_is_printed_from_and_says_who_made_and_checked_the_document(
    connection: Connection, tmp_path: Path
) -> None:
    number = await proposed(connection, "2026-10", AFTER)
    waiting = (await written(connection, tmp_path)).folder
    before = (waiting / "index.csv").read_bytes()
    path = waiting / "institutions" / f"{HOSPITALS[GUANGZHOU]}.xlsx"
    assert "checked by nobody yet" in str(load_workbook(path)["职工 employees"]["A3"].value)
    await approve(connection, number)
    done = await written(connection, tmp_path)
    assert (done.folder / "index.csv").read_bytes() == before, "what is listed is what was proposed"
    workbook = load_workbook(path)
    assert workbook.sheetnames == ["职工 employees", "居民 residents"]
    sheet = workbook["职工 employees"]
    assert sheet["A1"].value == "定点医药机构月清算拨付单（职工）"
    assert f"document: {number}, closed; made by wang, checked by li" in str(sheet["A3"].value)
    cells = {str(cell.value): cell for row in sheet.iter_rows() for cell in row if cell.value is not None}
    column = cells["to_pay"].column
    amounts = [Decimal(str(sheet.cell(row, column).value)) for row in range(6, 10)]
    assert sum(amounts[:-1]) == amounts[-1] == Decimal("100.30")
    assert sheet.cell(6, column).number_format == "#,##0.00"
    assert any(text.startswith("行 lines: 3    SHA-256: ") for text in cells)
    hidden = {name: sheet.column_dimensions[cells[name].column_letter].hidden for name in ("due", "withheld")}
    assert hidden == {"due": False, "withheld": True}
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$1:$5")


def test_the_command_writes_and_says_what_it_cannot(database: NewDatabase, tmp_path: Path) -> None:
    dsn = database("clearing")

    def called(*arguments: str, exit_code: int) -> str:
        result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
        assert result.exit_code == exit_code, result.output
        return result.output

    asked = ("month", "--month", "2026-10", "--out")
    assert "has no document yet" in called(*asked, str(tmp_path), exit_code=2)

    async def plant() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await a_run(connection, [a_sum(NANNING, SHENZHEN, pooled_fen=5, day=LAST)], day=LAST)
            await closed(connection, "2026-10", AFTER)

    run_apart(plant)
    page = called(*asked, str(tmp_path), exit_code=0)
    assert f"written: {tmp_path}/2026-10-document-" in page
    assert len(list(tmp_path.rglob("index.csv"))) == 1
    (tmp_path / "file").write_text("")
    assert "cannot be written" in called(*asked, str(tmp_path / "file"), exit_code=2)
