-- Closed days: the cut-off of a day is one transaction over the cursors of all partitions, and nothing else.
--
-- A day is closed when a day at or after it stands in `closed_day`. From then on every cursor stands behind it, so that
-- W2's compare (c.day <= head.day) refuses a row of it from whoever writes, and its sums can be drawn.

CREATE TABLE closed_day (
  day date PRIMARY KEY, closed_at timestamptz NOT NULL DEFAULT now(), operator text NOT NULL CHECK (operator <> ''),
  closed_with date NOT NULL CHECK (closed_with >= day)  -- the day that was asked for: an open day before goes with it
);
-- Where the day ended: a partition's decisions of it, and of every day before, have numbers up to this one.
CREATE TABLE day_cut (
  day date NOT NULL REFERENCES closed_day, partition smallint NOT NULL,
  last_number bigint NOT NULL, term bigint NOT NULL,  -- the partition's term when the day was closed
  PRIMARY KEY (day, partition)
);

CREATE FUNCTION book_today() RETURNS date LANGUAGE sql VOLATILE AS $$
  SELECT china_day((extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- The first day that may still be closed: after the last closed one, else the first with a decision, else today.
CREATE FUNCTION first_open_day() RETURNS date LANGUAGE plpgsql AS $$
DECLARE leaf record; found boolean; last date;
BEGIN
  SELECT max(day) INTO last FROM closed_day;
  IF last IS NOT NULL THEN RETURN last + 1; END IF;
  -- leaf by leaf: no index leads with the day
  FOR leaf IN SELECT inhrelid::regclass AS name, to_date(right(relname, 8), 'YYYYMMDD') AS day
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = 'decision'::regclass ORDER BY 2 LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', leaf.name) INTO found;
    IF found THEN RETURN leaf.day; END IF;
  END LOOP;
  RETURN book_today();
END $$;

-- Closes a day and every open day before it, in order; gives how many. SG201: the day has not begun.
CREATE FUNCTION close_day(wanted date, who text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE first date; closing date; at record; last bigint;
BEGIN
  -- whoever closes, and whoever makes a cursor (see below), one after the other
  PERFORM pg_advisory_xact_lock(hashtext('close_day'));
  IF wanted > book_today() THEN
    RAISE EXCEPTION 'the day has not begun' USING ERRCODE = 'SG201', CONSTRAINT = 'day_ahead';
  END IF;
  IF EXISTS (SELECT FROM closed_day WHERE day >= wanted) THEN RETURN 0; END IF;
  first := least(first_open_day(), wanted);

  -- no flush is under way once these are held: it has committed, or it will find its cursor moved
  PERFORM 1 FROM cursor ORDER BY partition FOR UPDATE;
  FOR closing IN SELECT first + n FROM generate_series(0, wanted - first) n LOOP
    INSERT INTO closed_day (day, operator, closed_with) VALUES (closing, who, wanted);
    FOR at IN SELECT c.partition, c.term, coalesce((SELECT last_number FROM day_cut
        WHERE day = closing - 1 AND partition = c.partition), 0) AS before FROM cursor c LOOP
      last := NULL;
      IF to_regclass('decision_' || to_char(closing, 'YYYYMMDD')) IS NOT NULL THEN
        -- the leaf by its name: planning over all leaves would take longer than all the rest, with the cursors locked
        EXECUTE format('SELECT max(number) FROM %I WHERE partition = $1', 'decision_' || to_char(closing, 'YYYYMMDD'))
          INTO last USING at.partition;
      END IF;
      INSERT INTO day_cut VALUES (closing, at.partition, coalesce(last, at.before), at.term);
    END LOOP;
  END LOOP;
  UPDATE cursor SET version = version + 1, day = greatest(day, wanted + 1);
  RETURN wanted - first + 1;
END $$;

-- A partition that is served for the first time begins behind the closed days, also when one is being closed right now.
CREATE FUNCTION cursor_born() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE open_from date;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext('close_day'));
  SELECT max(day) + 1 INTO open_from FROM closed_day;
  NEW.day := greatest(NEW.day, open_from);
  NEW.term_first_day := greatest(NEW.term_first_day, open_from);
  RETURN NEW;
END $$;
CREATE TRIGGER born BEFORE INSERT ON cursor FOR EACH ROW EXECUTE FUNCTION cursor_born();

CREATE FUNCTION cursor_day_falls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a cursor''s day never falls' USING ERRCODE = 'SG202', CONSTRAINT = 'cursor_day_rises';
END $$;
CREATE TRIGGER day_rises BEFORE UPDATE ON cursor FOR EACH ROW WHEN (NEW.day < OLD.day)
  EXECUTE FUNCTION cursor_day_falls();

REVOKE ALL ON FUNCTION close_day FROM PUBLIC;
