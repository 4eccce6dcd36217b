-- The clearing database: what pools owe one another for wallets is paid by instructions, in sets of its own. A set pays one
-- column: up to number 1000 settlements, as before; from 1001 the wallet, of a day by the wallet's batch, of a month in the
-- order in which its sets are made.

ALTER TABLE instruction_run ADD CONSTRAINT instruction_run_column CHECK (batch <= 1000);
-- Each run of the wallet is paid once.
CREATE TABLE instruction_wallet (
  day date NOT NULL, wallet_batch smallint NOT NULL, period text NOT NULL,
  batch smallint NOT NULL CONSTRAINT instruction_wallet_column CHECK (batch > 1000),
  PRIMARY KEY (day, wallet_batch), FOREIGN KEY (day, wallet_batch) REFERENCES wallet_run,
  FOREIGN KEY (period, batch) REFERENCES instruction_set
);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON instruction_wallet FOR EACH STATEMENT
  EXECUTE FUNCTION never_changed();

-- Wallets are paid gross, whatever group pays its funds' net: account money is netted with nothing.
ALTER VIEW instruction_owed RENAME TO instruction_owed_of_runs;
CREATE VIEW instruction_owed AS
  SELECT * FROM instruction_owed_of_runs
  UNION ALL SELECT w.period, w.batch, p.insutype, p.fund, p.debtor, p.creditor, '', isum(p.amount_fen)
    FROM instruction_wallet w JOIN wallet_position p ON (p.day, p.batch) = (w.day, w.wallet_batch)
    GROUP BY w.period, w.batch, p.insutype, p.fund, p.debtor, p.creditor;

-- As before, by the accounts of the set's column.
CREATE OR REPLACE FUNCTION instruction_book(wanted_period text, wanted_batch smallint) RETURNS void
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
      (o.debtor, CASE o.fund WHEN 'wallet' THEN 'payable_to_pool' ELSE 'payable_to_care' END, o.creditor::text,
        o.amount_fen), (o.debtor, 'cash', '', -o.amount_fen), (o.creditor, 'cash', '', o.amount_fen),
      (o.creditor, CASE o.fund WHEN 'wallet' THEN 'receivable_from_pool' ELSE 'receivable_from_home' END,
        o.debtor::text, -o.amount_fen)) line (pool, name, party, fen)
    WHERE o.period = wanted_period AND o.batch = wanted_batch AND o.amount_fen <> 0;
END $$;

-- How each run is paid between pools: by which period's set, and whether the bank has accepted all of that set. What of
-- the wallet owes nothing needs no set.
CREATE VIEW run_payment AS
  SELECT each.day, each.batch, each.kind, coalesce(each.period, '') AS period, each.set_batch, CASE
      WHEN each.period IS NULL AND each.nothing THEN 'paid' WHEN each.period IS NULL THEN 'unpaid'
      WHEN b.number % 2 = 1 THEN 'paid' ELSE 'under_way' END AS state
  FROM (
    SELECT r.day, r.batch, 'settlements' AS kind, i.period, i.batch AS set_batch, false AS nothing
      FROM run r LEFT JOIN instruction_run i ON (i.day, i.run_batch) = (r.day, r.batch)
    UNION ALL SELECT r.day, r.batch, 'wallet', i.period, i.batch, NOT EXISTS (SELECT FROM wallet_position p
        WHERE (p.day, p.batch) = (r.day, r.batch) AND p.amount_fen <> 0)
      FROM wallet_run r LEFT JOIN instruction_wallet i ON (i.day, i.wallet_batch) = (r.day, r.batch)) each
  CROSS JOIN LATERAL (SELECT count(*) AS number FROM instruction_booked b
    WHERE (b.period, b.batch) = (each.period, each.set_batch)) b;
