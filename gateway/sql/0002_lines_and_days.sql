-- See ledger/sql/0002: which lines a settlement pays, and for which days.
SELECT add_lines_and_days('care');
