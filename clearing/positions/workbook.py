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

from clearing.positions.documents import BOOK_LABELS, KEYS, TITLES, TOTAL, Document, is_count

MONEY_FORMAT: Final = "#,##0.00"
SIGNATURES: Final = ("制表 made by", "复核 checked by", "负责人 approved by", "盖章 seal", "日期 date")
HEAD_ROW: Final = 5
_THIN: Final = Side(style="thin")
_BOX: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_CENTRE: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)


def write_workbook(path: Path, documents: Sequence[Document]) -> None:
    """One party's documents as one workbook. Raises OSError."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for document in documents:
        _write(
            workbook.create_sheet(f"{BOOK_LABELS.get(document.book, '')} {document.book}".strip()), document
        )
    workbook.save(path)


def _write(sheet: Any, document: Document) -> None:
    keys, columns = KEYS[document.kind], document.columns
    width = len(keys) + len(columns)
    book = BOOK_LABELS.get(document.book, document.book)
    sheet["A1"] = f"{TITLES[document.kind]}（{book}）"
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A1"].alignment = _CENTRE
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)
    sheet["A2"] = f"{document.code} {document.name if document.name != document.code else ''}".strip()
    sheet["A3"] = f"期间 period: {document.period}    单位 unit: 元 yuan"
    for place, column in enumerate((*keys, *columns), start=1):
        for row, text in ((HEAD_ROW - 1, column.label), (HEAD_ROW, column.name)):
            cell = sheet.cell(row, place, text)
            cell.font, cell.alignment, cell.border = Font(bold=True), _CENTRE, _BOX
        sheet.column_dimensions[get_column_letter(place)].width = 13
    rows = [(line.keys, line.figures) for line in document.lines]
    rows.append(((TOTAL, *[""] * (len(keys) - 1)), document.totals))
    for number, (texts, figures) in enumerate(rows, start=HEAD_ROW + 1):
        for place, text in enumerate(texts, start=1):
            sheet.cell(number, place, text).border = _BOX
        for place, (column, figure) in enumerate(zip(columns, figures, strict=True), start=len(keys) + 1):
            cell = sheet.cell(number, place, figure if is_count(column) else Decimal(figure).scaleb(-2))
            cell.border = _BOX
            if not is_count(column):
                cell.number_format = MONEY_FORMAT
        if number == HEAD_ROW + len(rows):
            for place in range(1, width + 1):
                sheet.cell(number, place).font = Font(bold=True)
    shown = _shown(sheet, document, len(keys))
    foot = HEAD_ROW + len(rows) + 2
    sheet.cell(foot, 1, f"明细 items: {document.items}    SHA-256: {document.items_sha256 or 'not drawn'}")
    for place, text in enumerate(SIGNATURES):
        sheet.cell(foot + 2, shown[place * len(shown) // len(SIGNATURES)], f"{text}: ________________")
    _page(sheet)


def _shown(sheet: Any, document: Document, keys: int) -> list[int]:
    """Hide the columns in which nothing but zeros stands, so that a page can be read; gives the places of the others."""
    shown = list(range(1, keys + 1))
    for place in range(len(document.columns)):
        if any(line.figures[place] for line in document.lines):
            shown.append(keys + 1 + place)
        else:
            sheet.column_dimensions[get_column_letter(keys + 1 + place)].hidden = True
    return shown


def _page(sheet: Any) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"1:{HEAD_ROW}"
    sheet.freeze_panes = f"A{HEAD_ROW + 1}"
    sheet.oddFooter.center.text = "&P / &N"
