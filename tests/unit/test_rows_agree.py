"""The settlement row has one vocabulary: Python, SQL and the wire name the same columns in the same meaning."""

import re
from pathlib import Path

from ledger.rows import ACCUMULATORS, AMOUNTS, COLUMNS, FUND_PAYERS, PAYERS
from proto.settlement.v1 import messages_pb2

SQL = Path("ledger/sql/0001_settlement_rows.sql").read_text()
LATER = "".join(
    Path(f"ledger/sql/{name}.sql").read_text() for name in ("0002_lines_and_days", "0003_invoice")
)


def test_the_table_has_the_columns_of_the_row_in_order() -> None:
    body = SQL.split("CREATE TABLE settlement_row (")[1].split("CONSTRAINT")[0]
    declared = re.findall(r"(\w+) (?:smallint|bigint|integer|text|bytea|boolean|date)", body)
    added = re.findall(r"ADD COLUMN (\w+)", LATER)
    assert sorted([*declared, *added]) == sorted(COLUMNS)
    assert declared == [name for name in COLUMNS if name not in added]


def test_the_wire_carries_every_column_and_only_undone_by_besides() -> None:
    wire = {field.name for field in messages_pb2.Decision.DESCRIPTOR.fields}
    assert wire - set(COLUMNS) == {"undone_by"}
    assert set(COLUMNS) - wire == set()


def test_the_constraints_name_every_payer() -> None:
    zero_sum = SQL.split("row_zero_sum CHECK")[1].split("CONSTRAINT")[0]
    fund_sum = SQL.split("row_fund_sum CHECK")[1].split("CONSTRAINT")[0]
    sign = SQL.split("row_sign CHECK")[1].split("CONSTRAINT")[0]
    assert all(payer in zero_sum for payer in PAYERS)
    assert all(payer in fund_sum for payer in FUND_PAYERS)
    moved = [amount for amount in AMOUNTS if amount not in ("fund_sum_fen", "deductible_fen")]
    assert all(f"sign * {amount}" in sign for amount in moved)
    assert f"array_length(deltas, 1) = {len(ACCUMULATORS)}" in SQL
