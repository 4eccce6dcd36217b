-- An item's money is brought in by one resolution at a time, whoever writes it at the same moment: an operator that adopts a
-- book's row, a run that finds that the item proves itself on another day.

-- Whoever looks whether an item was brought in, and then brings it in, has taken this first. Ids share locks, so that a run
-- with many shifts does not fill the lock table; in their order, so that two do not meet.
CREATE FUNCTION items_taken(items text[]) RETURNS void LANGUAGE sql AS $$
  SELECT count(pg_advisory_xact_lock(hashtext('difference'), part))
  FROM (SELECT DISTINCT hashtext(item) & 1023 AS part FROM unnest(items) item ORDER BY 1) parts
$$;

CREATE FUNCTION resolution_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE item text; before bigint;
BEGIN
  SELECT setl_id INTO item FROM difference WHERE id = NEW.difference;
  PERFORM items_taken(ARRAY[item]);
  before := brought_in_by(item);
  IF before IS NOT NULL THEN
    RAISE EXCEPTION 'resolution % brings % in already', before, item
      USING ERRCODE = 'SG211', CONSTRAINT = 'resolution_once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER once BEFORE INSERT ON resolution FOR EACH ROW WHEN (NEW.action <> 'undo' AND NEW.money <> '[]')
  EXECUTE FUNCTION resolution_once();
