-- The general ledger knows what the bank has sent back of payments to institutions: the payout was booked as paid when it was
-- approved, so what came back is cash again, and owed to the institution until it has been paid after all.

-- Events of institutions' instructions that move money again: each return, and each acceptance of what is paid anew after
-- one. What is paid anew because a second person refused it had never left.
CREATE VIEW institution_return AS
  SELECT e.id AS event, i.period, i.batch, i.payer::integer AS pool, i.insutype, i.fund, i.payee, e.made_at,
    CASE e.what WHEN 'returned' THEN 'institution_returned' ELSE 'institution_repaid' END AS kind, e.amount_fen
  FROM instruction_event e JOIN instruction i ON i.id = e.instruction
  WHERE i.batch > 2000 AND (e.what = 'returned' OR e.what = 'accepted' AND EXISTS (
    SELECT FROM instruction f JOIN instruction_event r ON r.instruction = f.id AND r.what = 'returned'
    WHERE (f.period, f.batch, f.payer, f.payee, f.insutype, f.fund) = (i.period, i.batch, i.payer, i.payee, i.insutype, i.fund)
      AND f.revision < i.revision));
-- What each of them says in the books of the pool that pays; ref: the event.
CREATE VIEW institution_return_meant AS
  SELECT (r.made_at AT TIME ZONE 'Asia/Shanghai')::date AS about, r.kind, r.event::text AS ref, r.batch, r.pool,
    r.insutype, r.fund, line.name, line.party, (CASE r.kind WHEN 'institution_returned' THEN 1 ELSE -1 END) * line.fen
      AS amount_fen
  FROM institution_return r CROSS JOIN LATERAL (VALUES ('cash', '', r.amount_fen),
    ('returned_to_pool', r.payee, -r.amount_fen)) line (name, party, fen);

CREATE TABLE institution_return_booked (event bigint PRIMARY KEY REFERENCES instruction_event);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON institution_return_booked FOR EACH STATEMENT
  EXECUTE FUNCTION never_changed();

CREATE OR REPLACE FUNCTION instruction_book(wanted_period text, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE fresh bigint[];
BEGIN
  IF wanted_batch <= 2000 THEN
    PERFORM instruction_book_between_pools(wanted_period, wanted_batch);
    RETURN;
  END IF;
  SELECT coalesce(array_agg(event), '{}') INTO fresh FROM institution_return r
    WHERE period = wanted_period AND batch = wanted_batch
      AND NOT EXISTS (SELECT FROM institution_return_booked b WHERE b.event = r.event);
  INSERT INTO institution_return_booked SELECT unnest(fresh);
  PERFORM gl_post(coalesce(array_agg((pool, insutype, fund, about, batch, kind, ref, name, party, amount_fen)::gl_line), '{}'))
    FROM institution_return_meant WHERE ref = any(fresh::text[]);
END $$;
