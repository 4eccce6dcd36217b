-- The clearing database: what approved payouts pay to institutions (a day's share at T+1, the rest of a closed month) goes to
-- the bank by instructions, in sets of their own, numbered from 2001. An institution of a payout is paid once; one without an
-- account is left out by name, and paid by a later set.

ALTER TABLE instruction_wallet ADD CONSTRAINT instruction_wallet_range CHECK (batch <= 2000);

-- What each approved payout pays: of a month exactly what its document leaves to pay, what was paid ahead taken off.
CREATE VIEW payout_owed AS
  SELECT l.proposal, l.day::text AS period, l.book_pool, l.fixmedins_code, l.insutype, l.fund,
    isum(l.amount_fen) AS amount_fen
  FROM payout_paid p JOIN payout_line l USING (proposal, day, batch)
  GROUP BY l.proposal, l.day, l.book_pool, l.fixmedins_code, l.insutype, l.fund HAVING isum(l.amount_fen) > 0
  UNION ALL
  SELECT m.proposal, left(m.month, 4) || '-' || right(m.month, 2), l.book_pool, l.fixmedins_code, l.insutype, l.fund,
    isum(l.to_pay_fen)
  FROM month_paid m JOIN month_final f ON f.month = m.month JOIN month_institution_line l ON l.proposal = f.proposal
  WHERE l.bearer IN ('pool', 'account')
  GROUP BY m.proposal, m.month, l.book_pool, l.fixmedins_code, l.insutype, l.fund HAVING isum(l.to_pay_fen) > 0;

CREATE TABLE instruction_institution (
  proposal bigint NOT NULL REFERENCES proposal, fixmedins_code text NOT NULL, period text NOT NULL,
  batch smallint NOT NULL CONSTRAINT instruction_institution_column CHECK (batch > 2000),
  PRIMARY KEY (proposal, fixmedins_code), FOREIGN KEY (period, batch) REFERENCES instruction_set
);
-- Who had no account when a set was made; the payment file says so.
CREATE TABLE instruction_left_out (
  period text NOT NULL, batch smallint NOT NULL, fixmedins_code text NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (period, batch, fixmedins_code), FOREIGN KEY (period, batch) REFERENCES instruction_set
);
DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['instruction_institution', 'instruction_left_out'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;

-- What a set pays, and what no set pays yet.
CREATE VIEW institution_owed AS
  SELECT i.period, i.batch, o.book_pool, o.fixmedins_code, o.insutype, o.fund, isum(o.amount_fen) AS amount_fen
  FROM instruction_institution i JOIN payout_owed o USING (proposal, fixmedins_code, period)
  GROUP BY i.period, i.batch, o.book_pool, o.fixmedins_code, o.insutype, o.fund;
CREATE VIEW institution_unpaid AS
  SELECT o.* FROM payout_owed o WHERE NOT EXISTS (SELECT FROM instruction_institution i
    WHERE (i.proposal, i.fixmedins_code) = (o.proposal, o.fixmedins_code));

-- Institutions' instructions are what their payouts say, pool by pool and fund by fund; pools' are held as before.
ALTER FUNCTION instructions_hold(text, smallint) RENAME TO instructions_hold_between_pools;
CREATE FUNCTION instructions_hold(wanted_period text, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  IF wanted_batch <= 2000 THEN
    PERFORM instructions_hold_between_pools(wanted_period, wanted_batch);
    RETURN;
  END IF;
  SELECT payer, payee, coalesce(i.amount_fen, 0) AS paid_fen, coalesce(o.amount_fen, 0) AS owed_fen INTO wrong
    FROM (SELECT payer, payee, insutype, fund, amount_fen FROM instruction
      WHERE period = wanted_period AND batch = wanted_batch AND revision = 1) i
    FULL JOIN (SELECT book_pool::text AS payer, fixmedins_code AS payee, insutype, fund, amount_fen FROM institution_owed
      WHERE period = wanted_period AND batch = wanted_batch) o USING (payer, payee, insutype, fund)
    WHERE i.amount_fen IS DISTINCT FROM o.amount_fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the instructions of % pay institution % % fen for pool %, its payout says %', wanted_period,
      wrong.payee, wrong.paid_fen, wrong.payer, wrong.owed_fen
      USING ERRCODE = 'SG205', CONSTRAINT = 'instructions_hold';
  END IF;
END $$;

-- A payout is booked when it is approved, so the bank's answer to its instructions books nothing.
ALTER FUNCTION instruction_book(text, smallint) RENAME TO instruction_book_between_pools;
CREATE FUNCTION instruction_book(wanted_period text, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF wanted_batch <= 2000 THEN
    PERFORM instruction_book_between_pools(wanted_period, wanted_batch);
  END IF;
END $$;
