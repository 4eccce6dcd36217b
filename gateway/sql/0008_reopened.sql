-- A discharge that was taken back (2405) and not yet said again (2402): until then its settlement cannot live again.

ALTER TABLE visit ADD COLUMN reopened boolean NOT NULL DEFAULT false;

-- As in 0003, and it keeps `reopened`.
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
        reopened = CASE r.new_state WHEN 3 THEN false WHEN 4 THEN true ELSE v.reopened END,
        med_type = coalesce(r.med_type, v.med_type), dise_codg = coalesce(r.dise_codg, v.dise_codg),
        matn_type = coalesce(r.matn_type, v.matn_type), emergency = coalesce(r.emergency, v.emergency),
        injury = coalesce(r.injury, v.injury), third_party = coalesce(r.third_party, v.third_party)
      FROM new_rows r WHERE r.new_state IN (3, 4, 5) AND v.id = r.visit;
    UPDATE visit v SET state = 1, cancelled_by = NULL, reopened = false, psn_no = r.psn_no, home_pool = r.home_pool, node = r.node,
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
