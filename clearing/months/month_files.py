"""A month's document in a folder: CSV and workbook of each party, and an index over all, written last."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from clearing.months.month_document import Document
from clearing.months.month_sheets import INSTITUTION, PAYER, POOL, RECEIVES, month_sheets
from clearing.parties import Party
from clearing.positions.sheet import plain_yuan, sheet_csv
from clearing.positions.workbook import write_workbook
from clearing.scheme import Scheme

INDEX: Final = ("kind", "code", "name", "book", "file", "lines", "pays", "receives", "csv_sha256")


class MonthFiles(NamedTuple):
    """What was written."""

    folder: Path
    documents: dict[str, int]  # by kind


def write_month(document: Document, out: Path, *, scheme: Scheme, parties: Mapping[str, Party]) -> MonthFiles:
    """Write a month's document. A folder of each document, so what another one says changes no sheet. Raises OSError.

    Control totals: what pools (local payments among it) and payers pay is all that the document has to pay.
    """
    folder = out / f"{document.month}-document-{document.proposal}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.csv").unlink(missing_ok=True)
    counted = {POOL: 0, INSTITUTION: 0, PAYER: 0}
    rows = []
    for sheets in month_sheets(document, scheme=scheme, parties=parties):
        kind = sheets[0].kind
        (folder / kind).mkdir(exist_ok=True)
        for one in sheets:
            path = folder / kind / f"{one.file_name}-{one.book}.csv"
            path.write_text(sheet_csv(one.sheet), encoding="utf-8", newline="")
            received = (
                one.to_pay_fen(RECEIVES) if kind == POOL else one.to_pay_fen() if kind == INSTITUTION else 0
            )
            paid = one.to_pay_fen() - received
            rows.append([
                kind, one.code, one.name, one.book, str(path.relative_to(folder)), str(len(one.sheet.lines)),
                plain_yuan(paid), plain_yuan(received), one.sha256,
            ])  # fmt: skip
        write_workbook(folder / kind / f"{sheets[0].file_name}.xlsx", [one.sheet for one in sheets])
        counted[kind] += len(sheets)
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([INDEX, *rows])
    return MonthFiles(folder, counted)
