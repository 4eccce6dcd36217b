-- The clearing database: what comes off a month's document. Audit results (审核扣款) enter the next document, never a closed
-- one; what an institution was paid ahead (即时结算 by day, 医保基金预付 by year) is recovered from what it is due.

-- ------------------------------------------------------------------------------------------------ audit results

-- One line of a file of audit results, as it was proposed. amount_fen: negative takes, positive gives back.
CREATE TABLE audit_result (
  proposal bigint NOT NULL REFERENCES proposal, line integer NOT NULL, declaration text NOT NULL, setl_id text NOT NULL,
  fixmedins_code text NOT NULL, home_pool integer NOT NULL, care_pool integer NOT NULL, insutype text NOT NULL,
  fund text NOT NULL, result text NOT NULL, bearer text NOT NULL, amount_fen bigint NOT NULL, reason text NOT NULL,
  PRIMARY KEY (proposal, line),
  CONSTRAINT audit_result_sign CHECK (CASE result WHEN '0' THEN amount_fen > 0 WHEN '1' THEN amount_fen = 0
    WHEN '2' THEN amount_fen < 0 WHEN '3' THEN amount_fen < 0 WHEN '4' THEN amount_fen < 0 END),
  CONSTRAINT audit_result_bearer CHECK (bearer IN ('01', '02', '03', '11') OR (bearer = '' AND result = '1'))
);
-- What was approved: each result once for ever.
CREATE TABLE audit_taken (
  declaration text NOT NULL, setl_id text NOT NULL, fund text NOT NULL, proposal bigint NOT NULL, line integer NOT NULL,
  PRIMARY KEY (declaration, setl_id, fund), FOREIGN KEY (proposal, line) REFERENCES audit_result
);
CREATE INDEX audit_taken_proposal ON audit_taken (proposal);
-- Which files a document has in it, and which a closed month's has.
CREATE TABLE month_audit (
  document bigint NOT NULL REFERENCES month_document, proposal bigint NOT NULL REFERENCES proposal,
  PRIMARY KEY (document, proposal)
);
CREATE TABLE audit_applied (proposal bigint PRIMARY KEY REFERENCES proposal, month text NOT NULL REFERENCES month_final);

-- An approved file counts, if nothing in it was taken before, and no settlement gives back more than was taken from it, and
-- no institution and no pair of pools loses more than days have paid between them.
CREATE FUNCTION audit_take(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT r.line, r.declaration, t.proposal INTO wrong FROM audit_result r
    JOIN audit_taken t USING (declaration, setl_id, fund) WHERE r.proposal = wanted ORDER BY r.line LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'line %: result % was taken before, with proposal %', wrong.line, wrong.declaration, wrong.proposal
      USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
  INSERT INTO audit_taken SELECT declaration, setl_id, fund, wanted, line FROM audit_result WHERE proposal = wanted;
  PERFORM audit_holds();
END $$;

CREATE VIEW audit_standing AS
  SELECT r.* FROM audit_taken t JOIN audit_result r USING (proposal, line);

CREATE FUNCTION audit_holds() RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT setl_id, fund, isum(amount_fen) AS fen INTO wrong FROM audit_standing
    GROUP BY setl_id, fund HAVING isum(amount_fen) > 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'of settlement % under fund % % fen more would be given back than were taken', wrong.setl_id,
      wrong.fund, wrong.fen USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
  SELECT a.fixmedins_code, a.insutype, a.fund INTO wrong
    FROM (SELECT fixmedins_code, care_pool, insutype, fund, isum(amount_fen) AS fen FROM audit_standing
      GROUP BY 1, 2, 3, 4) a
    LEFT JOIN LATERAL (SELECT isum(amount_fen) AS fen FROM institution_sum s WHERE s.fixmedins_code = a.fixmedins_code
      AND s.book_pool = a.care_pool AND s.insutype = a.insutype AND s.fund = a.fund AND s.route <> 1
      AND s.bearer IN ('pool', 'account')) s ON true
    WHERE coalesce(s.fen, 0) + a.fen < 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'from institution % under % of fund % more would be taken than its days have paid',
      wrong.fixmedins_code, wrong.insutype, wrong.fund USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
  SELECT a.home_pool, a.care_pool, a.insutype, a.fund INTO wrong
    FROM (SELECT home_pool, care_pool, insutype, fund, isum(amount_fen) AS fen FROM audit_standing GROUP BY 1, 2, 3, 4) a
    LEFT JOIN LATERAL (SELECT isum(amount_fen) AS fen FROM gross_position g WHERE g.debtor = a.home_pool
      AND g.creditor = a.care_pool AND g.insutype = a.insutype AND g.fund = a.fund) g ON true
    WHERE coalesce(g.fen, 0) + a.fen < 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'pool % would get back more from pool % under % of fund % than it owed', wrong.home_pool,
      wrong.care_pool, wrong.insutype, wrong.fund USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
END $$;

-- What approved results, in no closed month yet, take from a document or give back in it.
CREATE VIEW audit_due AS
  SELECT s.proposal, s.fixmedins_code, s.home_pool, s.care_pool, s.insutype, s.fund,
    CASE s.fund WHEN f.fund THEN 'account' ELSE 'pool' END AS bearer, s.amount_fen
  FROM audit_standing s
  LEFT JOIN LATERAL (SELECT fund FROM run_fund f WHERE f.insutype = s.insutype AND f.bearer = 'account'
    ORDER BY day DESC, batch DESC LIMIT 1) f ON true
  WHERE NOT EXISTS (SELECT FROM audit_applied a WHERE a.proposal = s.proposal);

-- ------------------------------------------------------------------------------------------------ payouts by day

-- 即时结算: at T+1 an institution gets a share of what a run says funds pay it, as an advance.
CREATE TABLE payout_run (
  proposal bigint NOT NULL REFERENCES proposal, day date NOT NULL, batch smallint NOT NULL,
  PRIMARY KEY (proposal, day, batch), FOREIGN KEY (day, batch) REFERENCES run
);
CREATE TABLE payout_line (
  proposal bigint NOT NULL, day date NOT NULL, batch smallint NOT NULL, fixmedins_code text NOT NULL,
  book_pool integer NOT NULL, insutype text NOT NULL, fund text NOT NULL,
  base_fen bigint NOT NULL CHECK (base_fen > 0), ratio_bp integer NOT NULL CHECK (ratio_bp BETWEEN 1 AND 10000),
  amount_fen bigint NOT NULL,
  PRIMARY KEY (proposal, day, batch, fixmedins_code, book_pool, insutype, fund),
  FOREIGN KEY (proposal, day, batch) REFERENCES payout_run,
  CONSTRAINT payout_line_share CHECK (amount_fen = (2 * base_fen * ratio_bp + 10000) / 20000)
);
-- Each run is paid out once.
CREATE TABLE payout_paid (
  day date NOT NULL, batch smallint NOT NULL, proposal bigint NOT NULL, PRIMARY KEY (day, batch),
  FOREIGN KEY (proposal, day, batch) REFERENCES payout_run
);
-- The rest of a closed month, paid to institutions.
CREATE TABLE month_paid (month text PRIMARY KEY REFERENCES month_final, proposal bigint NOT NULL REFERENCES proposal);

-- ratios: {"440100": 6000, …} by the pool whose books pay; the default is for all others. kinds: which clr_type count.
CREATE FUNCTION payout_of(wanted_day date, batches smallint[], default_bp integer, ratios jsonb, kinds text[])
  RETURNS TABLE (day date, batch smallint, fixmedins_code text, book_pool integer, insutype text, fund text,
    base_fen bigint, ratio_bp integer, amount_fen bigint) LANGUAGE sql STABLE SET work_mem = '64MB' AS $$
  SELECT due.day, due.batch, due.fixmedins_code, due.book_pool, due.insutype, due.fund, due.base_fen, ratio.ratio_bp,
    (2 * due.base_fen * ratio.ratio_bp + 10000) / 20000
  FROM (SELECT p.day, p.batch, p.fixmedins_code, CASE route WHEN 1 THEN home_pool ELSE care_pool END AS book_pool,
      p.insutype, f.fund, isum(each.fen) AS base_fen
    FROM run_paid p CROSS JOIN LATERAL (VALUES ('pooled_fen', pooled_fen), ('large_fen', large_fen),
      ('civil_fen', civil_fen), ('enterprise_fen', enterprise_fen), ('disabled_fen', disabled_fen),
      ('other_fen', other_fen), ('big_illness_fen', big_illness_fen), ('aid_fen', aid_fen)) each (payer, fen)
    JOIN run_fund f ON (f.day, f.batch, f.insutype, f.payer) = (p.day, p.batch, p.insutype, each.payer)
    WHERE p.day = wanted_day AND p.batch = any(batches) AND f.bearer = 'pool' AND p.clr_type = any(kinds)
    GROUP BY 1, 2, 3, 4, 5, 6) due
  CROSS JOIN LATERAL (SELECT coalesce((ratios ->> due.book_pool::text)::integer, default_bp)) ratio (ratio_bp)
  WHERE due.base_fen > 0 AND ratio.ratio_bp > 0
$$;

-- An approved payout is booked as an advance; a run that is in a closed month, or paid out before, has none.
CREATE FUNCTION payout_pay(wanted bigint, on_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT day, batch INTO wrong FROM payout_run r WHERE proposal = wanted
    AND (EXISTS (SELECT FROM payout_paid p WHERE p.day = r.day AND p.batch = r.batch)
      OR EXISTS (SELECT FROM month_run_paid m WHERE m.day = r.day AND m.batch = r.batch)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% batch % was paid out before, or its month is closed', wrong.day, wrong.batch
      USING ERRCODE = 'SG209', CONSTRAINT = 'payout_holds';
  END IF;
  INSERT INTO payout_paid SELECT day, batch, wanted FROM payout_run WHERE proposal = wanted;
  PERFORM gl_post(coalesce(array_agg((l.book_pool, l.insutype, l.fund, on_day, 0::smallint, 'payout', wanted::text,
      line.name, line.party, line.fen)::gl_line), '{}'))
    FROM payout_line l CROSS JOIN LATERAL (VALUES ('advance_to_institution', l.fixmedins_code, l.amount_fen),
      ('cash', '', -l.amount_fen)) line (name, party, fen)
    WHERE l.proposal = wanted;
END $$;

-- What is left of a closed month's document is paid to its institutions.
CREATE FUNCTION month_pay(wanted bigint, wanted_month text, on_day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM month_paid WHERE month = wanted_month) THEN
    RAISE EXCEPTION 'month % is paid', wanted_month USING ERRCODE = 'SG209', CONSTRAINT = 'payout_holds';
  END IF;
  INSERT INTO month_paid VALUES (wanted_month, wanted);
  PERFORM gl_post(coalesce(array_agg((l.book_pool, l.insutype, l.fund, on_day, 0::smallint, 'institution_paid',
      wanted_month, line.name, line.party, line.fen)::gl_line), '{}'))
    FROM month_final f JOIN (SELECT proposal, book_pool, insutype, fund, fixmedins_code, isum(to_pay_fen) AS fen
        FROM month_institution_line WHERE bearer IN ('pool', 'account') GROUP BY 1, 2, 3, 4, 5) l USING (proposal)
    CROSS JOIN LATERAL (VALUES ('payable_to_institution', l.fixmedins_code, l.fen), ('cash', '', -l.fen))
      line (name, party, fen)
    WHERE f.month = wanted_month AND l.fen > 0;
END $$;

-- ------------------------------------------------------------------------------------------------ advances by year

-- How a pool's fund stands, as its finance office says: the latest counts. book: employees or residents.
CREATE TABLE fund_reserve (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pool integer NOT NULL, book text NOT NULL, as_of date NOT NULL,
  reserve_fen bigint NOT NULL CHECK (reserve_fen >= 0), month_spend_fen bigint NOT NULL CHECK (month_spend_fen > 0),
  surplus_fen bigint NOT NULL,  -- of the year; negative: a deficit
  source text NOT NULL CHECK (source <> ''), made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now()
);
-- An advance (医保基金预付) that was approved, and has been paid.
CREATE TABLE advance_application (
  proposal bigint PRIMARY KEY REFERENCES proposal, year integer NOT NULL, fixmedins_code text NOT NULL,
  book_pool integer NOT NULL, insutype text NOT NULL, fund text NOT NULL, book text NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen > 0), months_needed integer NOT NULL, recovered_from text NOT NULL
);
CREATE TABLE advance_payment (
  proposal bigint PRIMARY KEY REFERENCES advance_application, day date NOT NULL, bank_reference text NOT NULL UNIQUE,
  paid_by text NOT NULL, at timestamptz NOT NULL DEFAULT now()
);

-- The fund's reserve covers so many months and there is no deficit, or no advance is approved; one a year.
CREATE FUNCTION advance_allowed(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one advance_application; stands fund_reserve;
BEGIN
  SELECT * INTO one FROM advance_application WHERE proposal = wanted;
  SELECT * INTO stands FROM fund_reserve WHERE pool = one.book_pool AND book = one.book ORDER BY id DESC LIMIT 1;
  IF NOT FOUND OR stands.surplus_fen < 0 OR stands.reserve_fen < one.months_needed * stands.month_spend_fen THEN
    RAISE EXCEPTION 'the fund of % of pool % does not cover % months of spending without a deficit', one.book,
      one.book_pool, one.months_needed USING ERRCODE = 'SG209', CONSTRAINT = 'payout_holds';
  END IF;
  IF EXISTS (SELECT FROM advance_application a JOIN proposal_state p ON p.id = a.proposal WHERE a.proposal <> wanted
      AND p.state = 'approved' AND (a.year, a.fixmedins_code, a.book_pool, a.insutype, a.fund)
        = (one.year, one.fixmedins_code, one.book_pool, one.insutype, one.fund)) THEN
    RAISE EXCEPTION 'institution % has an advance of % already', one.fixmedins_code, one.year
      USING ERRCODE = 'SG209', CONSTRAINT = 'payout_holds';
  END IF;
END $$;

CREATE FUNCTION advance_pay(wanted bigint, on_day date, reference text, operator text) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE said record;
BEGIN
  SELECT state, checked_by INTO said FROM proposal_state WHERE id = wanted AND kind = 'advance';
  IF NOT FOUND OR said.state <> 'approved' OR said.checked_by = operator
    OR EXISTS (SELECT FROM advance_payment WHERE proposal = wanted) THEN
    RAISE EXCEPTION 'proposal % is no approved advance that still has to be paid, or % has approved it', wanted, operator
      USING ERRCODE = 'SG209', CONSTRAINT = 'payout_holds';
  END IF;
  PERFORM advance_allowed(wanted);
  INSERT INTO advance_payment (proposal, day, bank_reference, paid_by) VALUES (wanted, on_day, reference, operator);
  PERFORM gl_post(array_agg((a.book_pool, a.insutype, a.fund, on_day, 0::smallint, 'advance', wanted::text, line.name,
      line.party, line.fen)::gl_line))
    FROM advance_application a CROSS JOIN LATERAL (VALUES ('advance_to_institution', a.fixmedins_code, a.amount_fen),
      ('cash', '', -a.amount_fen)) line (name, party, fen)
    WHERE a.proposal = wanted;
END $$;

-- ------------------------------------------------------------------------------------------------ in a month

-- What was paid ahead and is to be recovered by a document: payouts of its runs and of closed months', and advances whose
-- month of recovery has come, less what closed months have recovered.
CREATE FUNCTION month_ahead(wanted bigint) RETURNS TABLE (fixmedins_code text, book_pool integer, insutype text,
  fund text, ahead_fen bigint) LANGUAGE sql STABLE AS $$
  SELECT fixmedins_code, book_pool, insutype, fund, isum(fen) FROM (
    SELECT l.fixmedins_code, l.book_pool, l.insutype, l.fund, l.amount_fen AS fen FROM payout_paid p
      JOIN payout_line l USING (proposal, day, batch)
      WHERE EXISTS (SELECT FROM month_run m WHERE m.proposal = wanted AND (m.day, m.batch) = (p.day, p.batch))
        OR EXISTS (SELECT FROM month_run_paid m WHERE (m.day, m.batch) = (p.day, p.batch))
    UNION ALL SELECT a.fixmedins_code, a.book_pool, a.insutype, a.fund, a.amount_fen FROM advance_payment
      JOIN advance_application a USING (proposal)
      WHERE a.recovered_from <= (SELECT month FROM month_document WHERE proposal = wanted)
    UNION ALL SELECT i.fixmedins_code, i.book_pool, i.insutype, i.fund, i.amount_fen FROM month_final f
      JOIN month_institution i USING (proposal) WHERE i.part = 'advanced' AND f.proposal <> wanted) each
  GROUP BY 1, 2, 3, 4 HAVING isum(fen) <> 0
$$;
CREATE FUNCTION month_advanced(wanted bigint) RETURNS TABLE (fixmedins_code text, book_pool integer, insutype text,
  fund text, local boolean, amount_fen bigint) LANGUAGE sql STABLE AS $$
  SELECT d.fixmedins_code, d.book_pool, d.insutype, d.fund, d.local, least(d.fen, a.ahead_fen)
  FROM (SELECT fixmedins_code, book_pool, insutype, fund, bool_and(local) AS local, isum(amount_fen) AS fen
    FROM month_institution WHERE proposal = wanted AND part <> 'advanced' AND bearer = 'pool' GROUP BY 1, 2, 3, 4) d
  JOIN month_ahead(wanted) a USING (fixmedins_code, book_pool, insutype, fund)
  WHERE least(d.fen, a.ahead_fen) > 0
$$;

CREATE OR REPLACE FUNCTION month_take_off(wanted bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO month_audit SELECT DISTINCT wanted, proposal FROM audit_due;
  INSERT INTO month_pool
    SELECT wanted, 'deducted', home_pool, care_pool, insutype, fund, bearer, '', false, 0, isum(amount_fen)
    FROM audit_due WHERE amount_fen <> 0 GROUP BY 3, 4, 5, 6, 7;
  INSERT INTO month_institution
    SELECT wanted, 'deducted', fixmedins_code, care_pool, insutype, fund, bearer, false, 0, isum(amount_fen)
    FROM audit_due WHERE amount_fen <> 0 GROUP BY 3, 4, 5, 6, 7;
  INSERT INTO month_pool
    SELECT wanted, 'prepaid', home_pool, care_pool, insutype, fund, bearer, '', false, 0, -amount_fen
    FROM month_prepaid(wanted);
  INSERT INTO month_institution
    SELECT wanted, 'advanced', fixmedins_code, book_pool, insutype, fund, 'pool', local, 0, -amount_fen
    FROM month_advanced(wanted)
$$;

ALTER FUNCTION month_moved(bigint) RENAME TO month_moved_between_pools;
CREATE FUNCTION month_moved(wanted bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(month_moved_between_pools(wanted), CASE
    WHEN EXISTS (SELECT proposal FROM audit_due EXCEPT SELECT proposal FROM month_audit WHERE document = wanted)
      THEN 'audit results were approved since'
    WHEN EXISTS (SELECT FROM (SELECT fixmedins_code, book_pool, insutype, fund, amount_fen FROM month_advanced(wanted)
        UNION ALL SELECT fixmedins_code, book_pool, insutype, fund, amount_fen FROM month_institution
          WHERE proposal = wanted AND part = 'advanced') both_times
      GROUP BY fixmedins_code, book_pool, insutype, fund HAVING isum(amount_fen) <> 0)
      THEN 'institutions were paid ahead since'
    END)
$$;

-- What a document takes off is what audits said, for each institution and each pair of pools.
CREATE FUNCTION month_audit_holds(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT who, insutype, fund INTO wrong FROM (
      SELECT fixmedins_code AS who, insutype, fund, -amount_fen AS fen FROM month_institution
        WHERE proposal = wanted AND part = 'deducted'
      UNION ALL SELECT home_pool || '/' || care_pool, insutype, fund, -amount_fen FROM month_pool
        WHERE proposal = wanted AND part = 'deducted'
      UNION ALL SELECT each.who, r.insutype, r.fund, r.amount_fen FROM month_audit m JOIN audit_result r USING (proposal)
        CROSS JOIN LATERAL (VALUES (r.fixmedins_code), (r.home_pool || '/' || r.care_pool)) each (who)
        WHERE m.document = wanted) said
    GROUP BY who, insutype, fund HAVING isum(fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what is deducted from % under % of fund % is not what audits said', wrong.who, wrong.insutype,
      wrong.fund USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
END $$;

-- The journals of a month's close: audit results in both pools' books, prepayments drawn, what was paid ahead recovered.
ALTER FUNCTION month_book(bigint, date) RENAME TO month_book_prepaid;
CREATE FUNCTION month_book(wanted bigint, on_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE closing text; wrong record;
BEGIN
  SELECT month INTO closing FROM month_document WHERE proposal = wanted;
  PERFORM month_audit_holds(wanted);
  INSERT INTO audit_applied SELECT proposal, closing FROM month_audit WHERE document = wanted;
  PERFORM gl_post(coalesce(array_agg((line.pool, r.insutype, r.fund, on_day, 0::smallint, 'deducted', closing, line.name,
      line.party, line.fen)::gl_line), '{}'))
    FROM month_audit m JOIN audit_result r USING (proposal) CROSS JOIN LATERAL (VALUES
      (r.home_pool, 'payable_to_care', r.care_pool::text, -r.amount_fen),
      (r.home_pool, CASE WHEN EXISTS (SELECT FROM month_pool p WHERE p.proposal = wanted AND p.part = 'deducted'
        AND p.insutype = r.insutype AND p.fund = r.fund AND p.bearer = 'account') THEN 'personal_account_liability'
        ELSE 'benefit_expense' END, '', r.amount_fen),
      (r.care_pool, 'payable_to_institution', r.fixmedins_code, -r.amount_fen),
      (r.care_pool, 'receivable_from_home', r.home_pool::text, r.amount_fen)) line (pool, name, party, fen)
    WHERE m.document = wanted AND r.amount_fen <> 0;
  PERFORM month_book_prepaid(wanted, on_day);
  PERFORM gl_post(coalesce(array_agg((i.book_pool, i.insutype, i.fund, on_day, 0::smallint, 'advance_recovered', closing,
      line.name, i.fixmedins_code, line.fen)::gl_line), '{}'))
    FROM month_institution i CROSS JOIN LATERAL (VALUES ('payable_to_institution', -i.amount_fen),
      ('advance_to_institution', i.amount_fen)) line (name, fen)
    WHERE i.proposal = wanted AND i.part = 'advanced';
  SELECT pool, party INTO wrong FROM gl_balance WHERE name = 'advance_to_institution' AND balance_fen < 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'from institution % more would be recovered than pool % has paid ahead', wrong.party, wrong.pool
      USING ERRCODE = 'SG209', CONSTRAINT = 'payout_holds';
  END IF;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['audit_result', 'audit_taken', 'month_audit', 'audit_applied', 'payout_run', 'payout_line',
    'payout_paid', 'month_paid', 'fund_reserve', 'advance_application', 'advance_payment'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
