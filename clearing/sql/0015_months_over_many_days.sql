-- The clearing database: the same rules of months, prepayments and audits, each over the rows it is about: a document over its
-- own days and not over all there ever were.

CREATE OR REPLACE VIEW prepayment_accrued AS
  SELECT home_pool, care_pool, insutype, fund, isum(amount_fen) AS accrued_fen FROM pool_sum s
  WHERE route <> 1 AND bearer IN ('pool', 'account')
    AND NOT EXISTS (SELECT FROM month_run_paid p WHERE p.day = s.day AND p.batch = s.batch)
  GROUP BY home_pool, care_pool, insutype, fund;

-- The days of a document are what positions publish of its runs: the first of the rules of month_holds.
CREATE FUNCTION month_days_hold(wanted bigint) RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT home_pool, care_pool, insutype, fund INTO wrong
    FROM (SELECT home_pool, care_pool, insutype, fund, amount_fen AS fen FROM month_pool
      WHERE proposal = wanted AND part = 'runs' AND NOT local AND bearer IN ('pool', 'account')
    UNION ALL SELECT home_pool, care_pool, insutype, fund, -amount_fen FROM month_run r JOIN pool_sum s USING (day, batch)
      WHERE r.proposal = wanted AND route <> 1 AND bearer IN ('pool', 'account')) both_sides
    GROUP BY home_pool, care_pool, insutype, fund HAVING isum(fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what pool % owes pool % under % of fund % is not what its days say', wrong.home_pool,
      wrong.care_pool, wrong.insutype, wrong.fund USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
  SELECT fixmedins_code, insutype, fund INTO wrong
    FROM (SELECT fixmedins_code, book_pool, insutype, fund, amount_fen AS fen FROM month_institution
      WHERE proposal = wanted AND part = 'runs'
    UNION ALL SELECT fixmedins_code, book_pool, insutype, fund, -amount_fen FROM month_run r
      JOIN institution_sum s USING (day, batch) WHERE r.proposal = wanted) both_sides
    GROUP BY fixmedins_code, book_pool, insutype, fund HAVING isum(fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what institution % gets under % of fund % is not what its days say', wrong.fixmedins_code,
      wrong.insutype, wrong.fund USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION month_holds(wanted bigint) RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  PERFORM month_days_hold(wanted);
  SELECT part, pool, insutype, fund INTO wrong
    FROM (SELECT part, CASE WHEN local AND bearer IN ('pool', 'account') THEN home_pool ELSE care_pool END AS pool,
        insutype, fund, local, amount_fen AS fen FROM month_pool WHERE proposal = wanted AND part <> 'prepaid'
      UNION ALL SELECT part, book_pool, insutype, fund, local, -amount_fen FROM month_institution
        WHERE proposal = wanted AND part <> 'advanced') both_sides
    GROUP BY part, pool, insutype, fund, local HAVING isum(fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'pools and institutions differ in part % at pool % under % of fund %', wrong.part, wrong.pool,
      wrong.insutype, wrong.fund USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
  SELECT home_pool, care_pool, insutype, fund INTO wrong FROM month_pool
    WHERE (proposal = wanted AND part = 'carried_in') OR (part = 'withheld' AND proposal =
      (SELECT previous FROM month_document WHERE proposal = wanted))
    GROUP BY home_pool, care_pool, insutype, fund HAVING isum(amount_fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what pool % owes pool % under % of fund % from the month before is not what that withheld',
      wrong.home_pool, wrong.care_pool, wrong.insutype, wrong.fund
      USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
  PERFORM month_audit_holds(wanted);
END $$;

-- What was audited before a file stands; a file is looked at with all that was audited of the same money.
DROP FUNCTION audit_holds();
CREATE FUNCTION audit_holds(wanted bigint) RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT setl_id, fund, isum(amount_fen) AS fen INTO wrong FROM audit_standing
    WHERE setl_id IN (SELECT setl_id FROM audit_result WHERE proposal = wanted)
    GROUP BY setl_id, fund HAVING isum(amount_fen) > 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'of settlement % under fund % % fen more would be given back than were taken', wrong.setl_id,
      wrong.fund, wrong.fen USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
  SELECT fixmedins_code, insutype, fund INTO wrong
    FROM (SELECT fixmedins_code, care_pool, insutype, fund, amount_fen AS fen FROM audit_standing
      UNION ALL SELECT fixmedins_code, book_pool, insutype, fund, amount_fen FROM institution_sum
        WHERE route <> 1 AND bearer IN ('pool', 'account')) both_sides
    WHERE fixmedins_code IN (SELECT fixmedins_code FROM audit_result WHERE proposal = wanted)
    GROUP BY fixmedins_code, care_pool, insutype, fund HAVING isum(fen) < 0
      AND (fixmedins_code, care_pool, insutype, fund) IN
        (SELECT fixmedins_code, care_pool, insutype, fund FROM audit_result WHERE proposal = wanted) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'from institution % under % of fund % more would be taken than its days have paid',
      wrong.fixmedins_code, wrong.insutype, wrong.fund USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
  SELECT home_pool, care_pool, insutype, fund INTO wrong
    FROM (SELECT home_pool, care_pool, insutype, fund, amount_fen AS fen FROM audit_standing
      UNION ALL SELECT home_pool, care_pool, insutype, fund, amount_fen FROM pool_sum
        WHERE route <> 1 AND bearer IN ('pool', 'account')) both_sides
    WHERE (home_pool, care_pool) IN (SELECT home_pool, care_pool FROM audit_result WHERE proposal = wanted)
    GROUP BY home_pool, care_pool, insutype, fund HAVING isum(fen) < 0
      AND (home_pool, care_pool, insutype, fund) IN
        (SELECT home_pool, care_pool, insutype, fund FROM audit_result WHERE proposal = wanted) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'pool % would get back more from pool % under % of fund % than it owed', wrong.home_pool,
      wrong.care_pool, wrong.insutype, wrong.fund USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION audit_take(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT r.line, r.declaration, t.proposal INTO wrong FROM audit_result r
    JOIN audit_taken t USING (declaration, setl_id, fund) WHERE r.proposal = wanted ORDER BY r.line LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'line %: result % was taken before, with proposal %', wrong.line, wrong.declaration, wrong.proposal
      USING ERRCODE = 'SG208', CONSTRAINT = 'audit_holds';
  END IF;
  INSERT INTO audit_taken SELECT declaration, setl_id, fund, wanted, line FROM audit_result WHERE proposal = wanted;
  PERFORM audit_holds(wanted);
END $$;
CREATE INDEX audit_result_settlement ON audit_result (setl_id);

-- Which months' documents a day's runs are in; their rules are asked again by `verify`.
CREATE VIEW month_of_day AS
  SELECT DISTINCT p.day, f.month, f.proposal FROM month_run_paid p JOIN month_final f USING (month);

-- Sums of texts are hashed, not sorted: as in positions.
ALTER FUNCTION month_write(bigint) SET enable_sort = off;
ALTER FUNCTION month_days_hold(bigint) SET enable_sort = off;
ALTER FUNCTION month_holds(bigint) SET enable_sort = off;
ALTER FUNCTION audit_holds(bigint) SET enable_sort = off;
ALTER FUNCTION year_write(bigint) SET enable_sort = off;
