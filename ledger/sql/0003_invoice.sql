-- The invoice that a settlement pays, where the bill names one: the same in both books. No index here: what looks for an
-- invoice is rare, what writes a row is not.

CREATE FUNCTION add_invoice(book text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = book::regclass AND conname = 'row_invoice') THEN
    RETURN;  -- made like settlement_row after this file
  END IF;
  EXECUTE format('ALTER TABLE %I ADD COLUMN invoice text, ADD CONSTRAINT row_invoice CHECK (invoice <> '''')', book);
END $$;

SELECT add_invoice('settlement_row');
