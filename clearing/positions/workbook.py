"""A document as a finance officer prints it: XLSX, a sheet for employees and one for residents.

Title, period, columns with their national field names, lines, totals, control figures and lines to sign. Amounts are
decimal numbers in yuan, never floating point. Columns of zeros are hidden; what is left is fitted to the width of a
landscape page, the head repeated on each.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from clearing.positions.sheet import Sheet, is_count

MONEY_FORMAT: Final = "#,##0.00"
SIGNATURES: Final = ("制表 made by", "复核 checked by", "负责人 approved by", "盖章 seal", "日期 date")
HEAD_ROW: Final = 5
_THIN: Final = Side(style="thin")
_BOX: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_CENTRE: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """One party's sheets as one workbook. Raises OSError."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for sheet in sheets:
        _write(workbook.create_sheet(sheet.name), sheet)
    workbook.save(path)


def _write(page: Any, sheet: Sheet) -> None:
    keys, columns = sheet.keys, sheet.columns
    width = len(keys) + len(columns)
    page["A1"] = sheet.title
    page["A1"].font = Font(bold=True, size=14)
    page["A1"].alignment = _CENTRE
    page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)
    page["A2"] = sheet.party
    page["A3"] = f"期间 period: {sheet.period}    单位 unit: 元 yuan"
    for place, column in enumerate((*keys, *columns), start=1):
        for row, text in ((HEAD_ROW - 1, column.label), (HEAD_ROW, column.name)):
            cell = page.cell(row, place, text)
            cell.font, cell.alignment, cell.border = Font(bold=True), _CENTRE, _BOX
        page.column_dimensions[get_column_letter(place)].width = 13
    rows = [*sheet.lines, *sheet.totals]
    for number, line in enumerate(rows, start=HEAD_ROW + 1):
        for place, text in enumerate(line.keys, start=1):
            page.cell(number, place, text).border = _BOX
        for place, (column, figure) in enumerate(
            zip(columns, line.figures, strict=True), start=len(keys) + 1
        ):
            cell = page.cell(number, place, figure if is_count(column) else Decimal(figure).scaleb(-2))
            cell.border = _BOX
            if not is_count(column):
                cell.number_format = MONEY_FORMAT
        if number > HEAD_ROW + len(sheet.lines):
            for place in range(1, width + 1):
                page.cell(number, place).font = Font(bold=True)
    shown = _shown(page, sheet)
    foot = HEAD_ROW + len(rows) + 2
    page.cell(foot, 1, sheet.foot)
    for place, text in enumerate(SIGNATURES):
        page.cell(foot + 2, shown[place * len(shown) // len(SIGNATURES)], f"{text}: ________________")
    _page(page)


def _shown(page: Any, sheet: Sheet) -> list[int]:
    """Hide the columns in which nothing but zeros stands, so that a page can be read; gives the places of the others."""
    keys = len(sheet.keys)
    shown = list(range(1, keys + 1))
    for place in range(len(sheet.columns)):
        if any(line.figures[place] for line in sheet.lines):
            shown.append(keys + 1 + place)
        else:
            page.column_dimensions[get_column_letter(keys + 1 + place)].hidden = True
    return shown


def _page(sheet: Any) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"1:{HEAD_ROW}"
    sheet.freeze_panes = f"A{HEAD_ROW + 1}"
    sheet.oddFooter.center.text = "&P / &N"
