-- Uploaded fee lines and their sums. "Settled" stands nowhere here: it follows from the bills that live.

CREATE TABLE fee_line (
  visit bytea NOT NULL, key bigint NOT NULL,     -- hash of feedetl_sn
  batch text NOT NULL, day date NOT NULL,        -- chrg_bchno, and the day of the line's time
  line bytea NOT NULL, content bytea NOT NULL,   -- FeeDetail as it came, and 16 bytes of hash over it
  cnt bigint NOT NULL, pric bigint NOT NULL, amount_fen bigint NOT NULL,
  init_key bigint,                               -- a return names its line
  returned_cnt bigint NOT NULL, returned_fen bigint NOT NULL,    -- what returns have taken off, 0 or below
  chrgitm_lv text NOT NULL, first_pay_bp integer NOT NULL, price_limit bigint NOT NULL,  -- 1/1,000,000 yuan, 0 = none
  full_self_fen bigint NOT NULL, over_limit_fen bigint NOT NULL, first_pay_fen bigint NOT NULL,
  in_scope_fen bigint NOT NULL,                  -- after returns; a return has zeros
  upload bytea NOT NULL,                         -- the message that brought it
  PRIMARY KEY (visit, key),
  CONSTRAINT fee_line_scope CHECK (init_key IS NOT NULL
    OR amount_fen + returned_fen = full_self_fen + over_limit_fen + first_pay_fen + in_scope_fen),
  CONSTRAINT fee_line_return CHECK (init_key IS NULL
    OR (cnt < 0 AND full_self_fen = 0 AND over_limit_fen = 0 AND first_pay_fen = 0 AND in_scope_fen = 0)),
  CONSTRAINT fee_line_left CHECK (cnt + returned_cnt >= 0 OR init_key IS NOT NULL)
);

-- What a settlement of a batch or of some days pays, without looking at a line. One row per visit, batch and day.
CREATE TABLE fee_sum (
  visit bytea NOT NULL, batch text NOT NULL, day date NOT NULL, lines integer NOT NULL, total_fen bigint NOT NULL,
  full_self_fen bigint NOT NULL, over_limit_fen bigint NOT NULL, first_pay_fen bigint NOT NULL,
  in_scope_fen bigint NOT NULL,
  splits bytea NOT NULL,                         -- repeated SplitSum: by class and first-pay ratio
  content bytea NOT NULL,                        -- sum of the lines' content modulo 2^128
  PRIMARY KEY (visit, batch, day),
  CONSTRAINT fee_sum_scope CHECK (total_fen = full_self_fen + over_limit_fen + first_pay_fen + in_scope_fen),
  CONSTRAINT fee_sum_lines CHECK (lines >= 0)
) WITH (fillfactor = 70);

-- Which lines a settlement pays that names uploaded ones: a batch, or the days of a stay. Written with its claim.
CREATE TABLE fee_bill (
  settlement bytea PRIMARY KEY, visit bytea NOT NULL, bill bytea NOT NULL, batch text,  -- NULL: every batch
  begin_day date NOT NULL, end_day date NOT NULL, lines integer NOT NULL, lines_digest bytea NOT NULL
);
CREATE INDEX fee_bill_visit ON fee_bill (visit);

ALTER TABLE visit DROP CONSTRAINT visit_state_check;
ALTER TABLE visit ADD CONSTRAINT visit_state CHECK (state IN (1, 2, 3)),  -- 1 open, 2 cancelled, 3 closed
  ADD COLUMN end_day date, ADD COLUMN fee_lines integer NOT NULL DEFAULT 0;
ALTER TABLE bill ADD COLUMN begin_day date, ADD COLUMN end_day date;

ALTER TABLE request ADD COLUMN end_day date, ADD COLUMN bill bytea, ADD COLUMN fee_batch text, ADD COLUMN fee_begin date,
  ADD COLUMN fee_end date, ADD COLUMN fee_lines integer, ADD COLUMN lines_digest bytea;

CREATE OR REPLACE FUNCTION claim_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE expected record; raised bigint;
BEGIN
  SELECT count(*) FILTER (WHERE opens_visit) AS openings, count(visit_version) AS guarded, count(new_state) AS changes,
         count(own_answer) AS own, count(lines_digest) AS fees INTO expected FROM new_rows;
  INSERT INTO claim (id, digest, day, kind, node, partition, psn_no, visit)
    SELECT id, digest, day, kind, node, partition, psn_no, visit FROM new_rows ORDER BY id;
  IF expected.openings > 0 THEN
    INSERT INTO visit (id, alias, fixmedins_code, serial, psn_no, home_pool, care_pool, node, partition, insutype,
        med_type, begin_day, dise_codg, matn_type, emergency, injury, third_party, state, cancelled_by, version)
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
    -- closed (3), open again (4), or open with other facts (5); what is NULL stays as it is
    UPDATE visit v SET state = CASE r.new_state WHEN 3 THEN 3 ELSE 1 END,
        end_day = CASE r.new_state WHEN 3 THEN r.end_day WHEN 4 THEN NULL ELSE v.end_day END,
        med_type = coalesce(r.med_type, v.med_type), dise_codg = coalesce(r.dise_codg, v.dise_codg),
        matn_type = coalesce(r.matn_type, v.matn_type), emergency = coalesce(r.emergency, v.emergency),
        injury = coalesce(r.injury, v.injury), third_party = coalesce(r.third_party, v.third_party)
      FROM new_rows r WHERE r.new_state IN (3, 4, 5) AND v.id = r.visit;
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
  IF expected.fees > 0 THEN
    INSERT INTO fee_bill (settlement, visit, bill, batch, begin_day, end_day, lines, lines_digest)
      SELECT id, visit, bill, fee_batch, fee_begin, fee_end, fee_lines, lines_digest FROM new_rows
      WHERE lines_digest IS NOT NULL ORDER BY id;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION care_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE booked record;
BEGIN
  SELECT count(*) FILTER (WHERE undoes IS NOT NULL) AS undoing, count(settlement) AS moving INTO booked FROM new_rows;
  DELETE FROM open WHERE id = any(array(SELECT id FROM new_rows));
  IF booked.moving > 0 THEN
    INSERT INTO bill AS b (visit, bill, alive, unsealed, last_number, last_id, last_day, line_keys, node, partition,
        begin_day, end_day)
      SELECT DISTINCT ON (visit, bill) visit, bill, sum(sign) OVER of_bill,
             count(*) FILTER (WHERE kind = 1) OVER of_bill - count(*) FILTER (WHERE seals) OVER of_bill,
             CASE WHEN sign = 1 THEN number ELSE 0 END, settlement, max(day) OVER of_bill,
             CASE WHEN sign = 1 THEN line_keys END, node, partition, begin_day, end_day
      FROM new_rows WHERE settlement IS NOT NULL
      WINDOW of_bill AS (PARTITION BY visit, bill) ORDER BY visit, bill, sign = 1 DESC, number DESC
    ON CONFLICT (visit, bill) DO UPDATE SET
      alive = b.alive + excluded.alive, unsealed = b.unsealed + excluded.unsealed,
      last_day = greatest(b.last_day, excluded.last_day),
      (last_number, last_id, line_keys, node, partition, begin_day, end_day) = (
        SELECT CASE WHEN newer THEN excluded.last_number ELSE b.last_number END,
               CASE WHEN newer THEN excluded.last_id ELSE b.last_id END,
               CASE WHEN newer THEN excluded.line_keys ELSE b.line_keys END,
               CASE WHEN newer THEN excluded.node ELSE b.node END,
               CASE WHEN newer THEN excluded.partition ELSE b.partition END,
               CASE WHEN newer THEN excluded.begin_day ELSE b.begin_day END,
               CASE WHEN newer THEN excluded.end_day ELSE b.end_day END
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

GRANT SELECT, INSERT, UPDATE, DELETE ON fee_line, fee_sum TO book_writer;
GRANT SELECT, INSERT ON fee_bill TO book_writer;
GRANT UPDATE (fee_lines) ON visit TO book_writer;  -- a fee call holds its visit and says how many lines it has
