-- Who has looked at a parked item, when, and what they noted. Its outcome stays what it is.
ALTER TABLE parked
  ADD COLUMN released_by text, ADD COLUMN released_at timestamptz, ADD COLUMN note text,
  ADD CONSTRAINT parked_looked_at CHECK ((released_by IS NULL) = (released_at IS NULL)
    AND (note IS NULL OR released_by IS NOT NULL));
