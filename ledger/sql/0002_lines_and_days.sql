-- Which lines a settlement pays, by their digest, and for which days: the same in both books.

CREATE FUNCTION add_lines_and_days(book text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = book::regclass AND conname = 'row_lines') THEN
    RETURN;  -- made like settlement_row after this file
  END IF;
  EXECUTE format('ALTER TABLE %I ADD COLUMN lines_digest bytea, ADD COLUMN begin_day date, ADD COLUMN end_day date, '
    'ADD CONSTRAINT row_lines CHECK ((lines_digest IS NULL OR octet_length(lines_digest) = 32) '
    'AND (begin_day IS NULL) = (end_day IS NULL) AND (begin_day IS NULL OR begin_day <= end_day))', book);
END $$;

SELECT add_lines_and_days('settlement_row');
