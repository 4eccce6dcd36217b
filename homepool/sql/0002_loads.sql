-- What loads from elsewhere remember (docs/loading.md).

-- What a difference said, as a hash: the same id with other content is another difference under a used name, and refused.
-- Empty for the differences of whole records, whose id says what they open.
ALTER TABLE load ADD COLUMN digest bytea;

-- How far a resumable load of a file has come: written in the transaction that applied its rows.
CREATE TABLE load_file (
  file bytea PRIMARY KEY,  -- SHA-256 of the file's bytes and of what it holds
  what text NOT NULL, rows_all bigint NOT NULL, rows_done bigint NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT now(), changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT load_file_position CHECK (rows_done BETWEEN 0 AND rows_all)
);
