-- See ledger/sql/0003: the invoice that a settlement pays.
SELECT add_invoice('decision');
