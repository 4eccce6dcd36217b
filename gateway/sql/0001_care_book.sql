-- The care book of one region: what is claimed (W1), what is open, what the gateway decided alone, what was booked (W3).
-- Applied after ledger/sql in the same database.

-- A visit binds institution, person, pool and node. Whoever changes what may be done with it raises its version.
CREATE TABLE visit (
  id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
  alias bytea UNIQUE,               -- pharmacy: person, time of sale and lines; the same sale under another number
  fixmedins_code text NOT NULL, serial text NOT NULL,   -- ipt_otp_no, or invono of a sale
  psn_no text NOT NULL, home_pool integer NOT NULL, care_pool integer NOT NULL,
  node smallint NOT NULL, partition smallint NOT NULL, insutype text NOT NULL, med_type text NOT NULL,
  begin_day date NOT NULL, dise_codg text NOT NULL, matn_type text NOT NULL,
  emergency boolean NOT NULL, injury boolean NOT NULL, third_party boolean NOT NULL,
  state smallint NOT NULL CHECK (state IN (1, 2)),      -- 1 open, 2 cancelled
  cancelled_by bytea,
  version bigint NOT NULL
) WITH (fillfactor = 70);

-- The right of an id to one outcome. Never deleted. undone_by is the newest of what the booked rows say.
CREATE TABLE claim (
  id bytea PRIMARY KEY, digest bytea NOT NULL CHECK (octet_length(digest) = 32), day date NOT NULL,
  kind smallint NOT NULL, node smallint NOT NULL, partition smallint NOT NULL, psn_no text NOT NULL, visit bytea,
  undone_by bytea, fate_number bigint NOT NULL DEFAULT 0
);

-- Claimed and not final. One settlement or revival of a visit at a time.
CREATE TABLE open (
  id bytea PRIMARY KEY, day date NOT NULL, slot smallint NOT NULL, visit bytea, since_ms bigint NOT NULL,
  exclusive boolean NOT NULL
);
CREATE UNIQUE INDEX open_visit ON open (visit) WHERE exclusive;

-- What the gateway decided alone, with the bytes that answer it for ever.
CREATE TABLE own (id bytea PRIMARY KEY, day date NOT NULL, kind smallint NOT NULL, answer bytea NOT NULL);

-- The bills of a visit as booked. Rows may be booked in any order, so `alive` is a plain sum of signs and the newest
-- number says which settlement is the bill's. Numbers compare within a partition only: a settlement of another one is of
-- a visit bound anew, which happens when everything of the binding before is booked.
CREATE TABLE bill (
  visit bytea NOT NULL, bill bytea NOT NULL, alive smallint NOT NULL, unsealed smallint NOT NULL,
  last_number bigint NOT NULL, last_id bytea NOT NULL, last_day date NOT NULL, line_keys bigint[],
  node smallint NOT NULL, partition smallint NOT NULL,  -- of last_number
  PRIMARY KEY (visit, bill)
) WITH (fillfactor = 80);

-- W1: one row per claimed message, append-only. `input` is the business body as it came, `item` the very bytes that
-- are sent; own_answer stands in place of item where the gateway decides alone.
CREATE TABLE request (
  day date NOT NULL, id bytea NOT NULL, slot smallint NOT NULL, kind smallint NOT NULL,
  infno text NOT NULL, msgid text NOT NULL, fixmedins_code text NOT NULL,
  node smallint NOT NULL, partition smallint NOT NULL, psn_no text NOT NULL,
  visit bytea, visit_version bigint, exclusive boolean NOT NULL,
  deadline_ms bigint NOT NULL, since_ms bigint NOT NULL, digest bytea NOT NULL, input bytea NOT NULL,
  item bytea, own_answer bytea,
  opens_visit boolean NOT NULL,     -- inserts the visit with the columns below
  new_state smallint,               -- changes the visit: 1 binds it anew, 2 cancels it
  alias bytea, serial text, home_pool integer, care_pool integer, insutype text, med_type text, begin_day date,
  dise_codg text, matn_type text, emergency boolean, injury boolean, third_party boolean,
  CONSTRAINT request_decided_where CHECK ((item IS NULL) <> (own_answer IS NULL)),
  PRIMARY KEY (id, day)
) PARTITION BY LIST (day);

-- W3: the decisions of the home nodes for this region, the same columns and bytes as in their books.
CREATE TABLE care (LIKE settlement_row INCLUDING ALL, PRIMARY KEY (id, day)) PARTITION BY LIST (day);

CREATE FUNCTION claim_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE expected record; raised bigint;
BEGIN
  SELECT count(*) FILTER (WHERE opens_visit) AS openings, count(visit_version) AS guarded, count(new_state) AS changes,
         count(own_answer) AS own INTO expected FROM new_rows;
  INSERT INTO claim (id, digest, day, kind, node, partition, psn_no, visit)
    SELECT id, digest, day, kind, node, partition, psn_no, visit FROM new_rows ORDER BY id;
  IF expected.openings > 0 THEN
    INSERT INTO visit
      SELECT visit, alias, fixmedins_code, serial, psn_no, home_pool, care_pool, node, partition, insutype, med_type,
             begin_day, dise_codg, matn_type, emergency, injury, third_party, 1, NULL, 1
      FROM new_rows WHERE opens_visit ORDER BY visit;
  END IF;
  IF expected.guarded > 0 THEN
    WITH locked AS MATERIALIZED (
      SELECT id FROM visit WHERE id = any(array(SELECT visit FROM new_rows WHERE visit_version IS NOT NULL))
      ORDER BY id FOR UPDATE),
    moved AS (
      UPDATE visit v SET version = v.version + 1 FROM locked, new_rows r
      WHERE v.id = locked.id AND r.visit = v.id AND r.visit_version = v.version RETURNING 1)
    SELECT count(*) INTO raised FROM moved;
    IF raised IS DISTINCT FROM expected.guarded THEN
      RAISE EXCEPTION 'a visit has changed' USING ERRCODE = 'SG101', CONSTRAINT = 'visit_version';
    END IF;
  END IF;
  IF expected.changes > 0 THEN
    UPDATE visit v SET state = r.new_state, cancelled_by = CASE r.new_state WHEN 2 THEN r.id END
      FROM new_rows r WHERE r.new_state = 2 AND v.id = r.visit;
    UPDATE visit v SET state = 1, cancelled_by = NULL, psn_no = r.psn_no, home_pool = r.home_pool, node = r.node,
        partition = r.partition, insutype = r.insutype, med_type = r.med_type, begin_day = r.begin_day,
        dise_codg = r.dise_codg, matn_type = r.matn_type, emergency = r.emergency, injury = r.injury,
        third_party = r.third_party
      FROM new_rows r WHERE r.new_state = 1 AND v.id = r.visit;
  END IF;
  INSERT INTO open SELECT id, day, slot, visit, since_ms, exclusive FROM new_rows WHERE item IS NOT NULL ORDER BY id;
  IF expected.own > 0 THEN
    INSERT INTO own SELECT id, day, kind, own_answer FROM new_rows WHERE own_answer IS NOT NULL ORDER BY id;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION care_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE booked record;
BEGIN
  SELECT count(*) FILTER (WHERE undoes IS NOT NULL) AS undoing, count(settlement) AS moving INTO booked FROM new_rows;
  DELETE FROM open WHERE id = any(array(SELECT id FROM new_rows));
  IF booked.moving > 0 THEN
    INSERT INTO bill AS b
      SELECT DISTINCT ON (visit, bill) visit, bill, sum(sign) OVER of_bill,
             count(*) FILTER (WHERE kind = 1) OVER of_bill - count(*) FILTER (WHERE seals) OVER of_bill,
             CASE WHEN sign = 1 THEN number ELSE 0 END, settlement, max(day) OVER of_bill,
             CASE WHEN sign = 1 THEN line_keys END, node, partition
      FROM new_rows WHERE settlement IS NOT NULL
      WINDOW of_bill AS (PARTITION BY visit, bill) ORDER BY visit, bill, sign = 1 DESC, number DESC
    ON CONFLICT (visit, bill) DO UPDATE SET
      alive = b.alive + excluded.alive, unsealed = b.unsealed + excluded.unsealed,
      last_day = greatest(b.last_day, excluded.last_day),
      (last_number, last_id, line_keys, node, partition) = (
        SELECT CASE WHEN newer THEN excluded.last_number ELSE b.last_number END,
               CASE WHEN newer THEN excluded.last_id ELSE b.last_id END,
               CASE WHEN newer THEN excluded.line_keys ELSE b.line_keys END,
               CASE WHEN newer THEN excluded.node ELSE b.node END,
               CASE WHEN newer THEN excluded.partition ELSE b.partition END
        FROM (SELECT excluded.last_number > 0 AND (excluded.last_number > b.last_number
                OR (excluded.node, excluded.partition) <> (b.node, b.partition)) AS newer) AS compared);
  END IF;
  IF booked.undoing > 0 THEN
    WITH said AS (
      SELECT settlement AS id, number, CASE WHEN sign = -1 THEN new_rows.id END AS undone_by
        FROM new_rows WHERE undoes IS NOT NULL
      UNION ALL
      SELECT undoes, number, new_rows.id FROM new_rows WHERE kind = 4 AND undoes IS NOT NULL),
    newest AS MATERIALIZED (SELECT DISTINCT ON (id) id, number, undone_by FROM said ORDER BY id, number DESC),
    locked AS MATERIALIZED (
      SELECT id FROM claim WHERE id = any(array(SELECT id FROM newest)) ORDER BY id FOR UPDATE)
    UPDATE claim c SET undone_by = n.undone_by, fate_number = n.number FROM newest n, locked l
      WHERE c.id = l.id AND n.id = c.id AND c.fate_number < n.number;
  END IF;
  RETURN NULL;
END $$;

GRANT SELECT ON visit, claim, open, own, bill, request, care TO book_writer;
-- of what was booked already by another process; FOR UPDATE needs the right to update some column
GRANT DELETE, UPDATE (since_ms) ON open TO book_writer;
