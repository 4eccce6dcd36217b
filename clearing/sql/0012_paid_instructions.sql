-- The clearing database: the general ledger knows what the bank has moved between pools.

-- When a set is booked: odd numbers book it as paid, even ones take that back.
CREATE TABLE instruction_booked (
  period text NOT NULL, batch smallint NOT NULL, number integer NOT NULL, day date NOT NULL,
  PRIMARY KEY (period, batch, number), FOREIGN KEY (period, batch) REFERENCES instruction_set
);

-- A set is paid once every instruction of it has been accepted, or was replaced by one that has; a later return undoes that.
-- It is booked pair by pair, whatever path or net the money took: the home pool paid what it owed, the care pool has it.
CREATE FUNCTION instruction_book(wanted_period text, wanted_batch smallint) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE booked integer; paid boolean; f integer; on_day date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
  SELECT count(*) INTO booked FROM instruction_booked WHERE period = wanted_period AND batch = wanted_batch;
  paid := NOT EXISTS (SELECT FROM instruction_state i WHERE period = wanted_period AND batch = wanted_batch
    AND state <> 'accepted' AND NOT EXISTS (SELECT FROM instruction n WHERE n.replaces = i.id));
  IF paid = (booked % 2 = 1) THEN
    RETURN;
  END IF;
  f := CASE WHEN paid THEN 1 ELSE -1 END;
  INSERT INTO instruction_booked VALUES (wanted_period, wanted_batch, booked + 1, on_day);
  PERFORM gl_post(coalesce(array_agg((line.pool, o.insutype, o.fund, on_day, wanted_batch,
      CASE f WHEN 1 THEN 'paid' ELSE 'paid_undone' END, wanted_period || '/' || booked + 1, line.name, line.party,
      f * line.fen)::gl_line), '{}'))
    FROM instruction_owed o CROSS JOIN LATERAL (VALUES
      (o.debtor, 'payable_to_care', o.creditor::text, o.amount_fen), (o.debtor, 'cash', '', -o.amount_fen),
      (o.creditor, 'cash', '', o.amount_fen), (o.creditor, 'receivable_from_home', o.debtor::text, -o.amount_fen))
      line (pool, name, party, fen)
    WHERE o.period = wanted_period AND o.batch = wanted_batch AND o.amount_fen <> 0;
END $$;

CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON instruction_booked FOR EACH STATEMENT
  EXECUTE FUNCTION never_changed();
