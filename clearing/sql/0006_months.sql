-- The clearing database: what two people decide about money, and the documents of months and years that closed days roll
-- up into. A document is proposed whole, approved as it stands or not at all, and never edited: what comes to light later
-- is a row of a later day, and enters the document of a later month.

CREATE TABLE proposal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('month', 'year', 'quota', 'top_up', 'payout', 'advance', 'deduct')),
  ref text NOT NULL,  -- which month, day, account: a later proposal of the same kind and ref takes its place
  amount_fen bigint NOT NULL, detail jsonb NOT NULL,
  made_by text NOT NULL CHECK (made_by <> ''), made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX proposal_ref ON proposal (kind, ref);
CREATE TABLE proposal_check (
  proposal bigint PRIMARY KEY REFERENCES proposal, refused boolean NOT NULL, reason text NOT NULL,
  checked_by text NOT NULL CHECK (checked_by <> ''), checked_at timestamptz NOT NULL DEFAULT now()
);
-- waiting, approved, refused, or superseded by a later one before anybody looked.
CREATE VIEW proposal_state AS
  SELECT p.*, c.checked_by, c.reason, CASE WHEN c.refused THEN 'refused' WHEN c.proposal IS NOT NULL THEN 'approved'
      WHEN EXISTS (SELECT FROM proposal n WHERE n.kind = p.kind AND n.ref = p.ref AND n.id > p.id) THEN 'superseded'
      ELSE 'waiting' END AS state
  FROM proposal p LEFT JOIN proposal_check c ON c.proposal = p.id;

CREATE FUNCTION proposal_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
  SELECT made_by, state INTO one FROM proposal_state WHERE id = NEW.proposal;
  IF one.made_by = NEW.checked_by THEN
    RAISE EXCEPTION 'proposal % was made by %: another person must look at it', NEW.proposal, NEW.checked_by
      USING ERRCODE = 'SG206', CONSTRAINT = 'proposal_four_eyes';
  END IF;
  IF one.state <> 'waiting' THEN
    RAISE EXCEPTION 'proposal % is %', NEW.proposal, one.state
      USING ERRCODE = 'SG206', CONSTRAINT = 'proposal_four_eyes';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER four_eyes BEFORE INSERT ON proposal_check FOR EACH ROW EXECUTE FUNCTION proposal_four_eyes();

-- ------------------------------------------------------------------------------------------------ months

-- A month's document as it was proposed. early: the month was not over.
CREATE TABLE month_document (
  proposal bigint PRIMARY KEY REFERENCES proposal, month text NOT NULL CHECK (month ~ '^[0-9]{6}$'),
  early boolean NOT NULL, previous bigint REFERENCES month_document
);
-- The runs in it; late: of a day of an earlier month, run after that month was closed.
CREATE TABLE month_run (
  proposal bigint NOT NULL REFERENCES month_document, day date NOT NULL, batch smallint NOT NULL, late boolean NOT NULL,
  PRIMARY KEY (proposal, day, batch), FOREIGN KEY (day, batch) REFERENCES run
);
-- What institutions listed for the month (3260) and did not confirm (3261): left out of it. By fund, as the run has it.
CREATE TABLE month_withheld (
  proposal bigint NOT NULL REFERENCES month_document, setl_id text NOT NULL, fixmedins_code text NOT NULL,
  day date NOT NULL, batch smallint NOT NULL, home_pool integer NOT NULL, care_pool integer NOT NULL,
  insutype text NOT NULL, fund text NOT NULL, bearer text NOT NULL, party text NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (proposal, setl_id, fund), FOREIGN KEY (day, batch) REFERENCES run
);
-- What a document comes from. runs: the days'; withheld: taken out; carried_in: what the month before had taken out;
-- deducted: audit results; prepaid: drawn from the inter-agency prepayment; advanced: recovered from what was paid ahead.
CREATE TABLE month_pool (
  proposal bigint NOT NULL REFERENCES month_document,
  part text NOT NULL CHECK (part IN ('runs', 'withheld', 'carried_in', 'deducted', 'prepaid')),
  home_pool integer NOT NULL, care_pool integer NOT NULL, insutype text NOT NULL, fund text NOT NULL,
  bearer text NOT NULL, party text NOT NULL, local boolean NOT NULL,  -- local: route 1, no money between pools
  items bigint NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (proposal, part, home_pool, care_pool, insutype, fund, bearer, party, local)
);
CREATE TABLE month_institution (
  proposal bigint NOT NULL REFERENCES month_document,
  part text NOT NULL CHECK (part IN ('runs', 'withheld', 'carried_in', 'deducted', 'advanced')),
  fixmedins_code text NOT NULL, book_pool integer NOT NULL, insutype text NOT NULL, fund text NOT NULL,
  bearer text NOT NULL, local boolean NOT NULL, items bigint NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (proposal, part, fixmedins_code, book_pool, insutype, fund, bearer, local)
);
-- Which document a month closed with, and which closed month each run is in: exactly one.
CREATE TABLE month_final (
  month text PRIMARY KEY REFERENCES month_closed, proposal bigint NOT NULL UNIQUE REFERENCES month_document
);
CREATE TABLE month_run_paid (
  day date NOT NULL, batch smallint NOT NULL, month text NOT NULL REFERENCES month_final,
  PRIMARY KEY (day, batch), FOREIGN KEY (day, batch) REFERENCES run
);

-- What pools and institutions are due, and what is left to pay of it once prepayments and advances are taken off.
CREATE VIEW month_pool_line AS
  SELECT d.month, p.proposal, home_pool, care_pool, insutype, fund, bearer, party, local,
    isum(items) FILTER (WHERE part IN ('runs', 'withheld', 'carried_in')) AS items,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'runs'), 0) AS runs_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'withheld'), 0) AS withheld_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'carried_in'), 0) AS carried_in_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'deducted'), 0) AS deducted_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part <> 'prepaid'), 0) AS due_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'prepaid'), 0) AS prepaid_fen, isum(amount_fen) AS to_pay_fen
  FROM month_pool p JOIN month_document d ON d.proposal = p.proposal
  GROUP BY d.month, p.proposal, home_pool, care_pool, insutype, fund, bearer, party, local;
CREATE VIEW month_institution_line AS
  SELECT d.month, p.proposal, fixmedins_code, book_pool, insutype, fund, bearer, local,
    isum(items) FILTER (WHERE part IN ('runs', 'withheld', 'carried_in')) AS items,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'runs'), 0) AS runs_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'withheld'), 0) AS withheld_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'carried_in'), 0) AS carried_in_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'deducted'), 0) AS deducted_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part <> 'advanced'), 0) AS due_fen,
    coalesce(isum(amount_fen) FILTER (WHERE part = 'advanced'), 0) AS advanced_fen, isum(amount_fen) AS to_pay_fen
  FROM month_institution p JOIN month_document d ON d.proposal = p.proposal
  GROUP BY d.month, p.proposal, fixmedins_code, book_pool, insutype, fund, bearer, local;

-- Runs up to the end of a month that are in no closed month yet: its own, and late ones of earlier months.
CREATE FUNCTION month_due(wanted text) RETURNS TABLE (day date, batch smallint, late boolean) LANGUAGE sql STABLE AS $$
  SELECT r.day, r.batch, r.day < to_date(wanted, 'YYYYMM') FROM run r
    WHERE r.day < to_date(wanted, 'YYYYMM') + interval '1 month'
      AND NOT EXISTS (SELECT FROM month_run_paid p WHERE p.day = r.day AND p.batch = r.batch)
$$;
-- What is not confirmed of a month, of money that this month or the one before would pay. What stands in a difference is
-- left to its difference.
CREATE FUNCTION month_unconfirmed(wanted text) RETURNS SETOF apportioned LANGUAGE sql STABLE AS $$
  SELECT a.* FROM apportioned a WHERE a.month = wanted AND a.confirmed_by IS NULL
    AND NOT EXISTS (SELECT FROM difference d WHERE d.setl_id = a.setl_id)
    AND (EXISTS (SELECT FROM month_due(wanted) m WHERE m.day = a.day)
      OR EXISTS (SELECT FROM month_withheld w WHERE w.setl_id = a.setl_id
        AND w.proposal = (SELECT proposal FROM month_final WHERE month < wanted ORDER BY month DESC LIMIT 1)))
$$;

-- The parts of a document that stem from days: sets only. Withheld rows stand in month_withheld before.
CREATE FUNCTION month_write(wanted bigint) RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
  INSERT INTO month_pool
    SELECT wanted, 'runs', home_pool, care_pool, insutype, fund, bearer, party, route = 1, isum(items), isum(amount_fen)
    FROM month_run r JOIN pool_sum s USING (day, batch) WHERE r.proposal = wanted GROUP BY 3, 4, 5, 6, 7, 8, 9
    UNION ALL
    SELECT wanted, part, home_pool, care_pool, insutype, fund, bearer, party, false, f * count(*), isum(f * amount_fen)
    FROM month_withheld w JOIN month_document d ON d.proposal = wanted
    JOIN (VALUES ('withheld', -1), ('carried_in', 1)) each (part, f)
      ON w.proposal = CASE part WHEN 'withheld' THEN d.proposal ELSE d.previous END
    GROUP BY part, f, home_pool, care_pool, insutype, fund, bearer, party;
  INSERT INTO month_institution
    SELECT wanted, 'runs', fixmedins_code, book_pool, insutype, fund, bearer, route = 1, isum(items), isum(amount_fen)
    FROM month_run r JOIN institution_sum s USING (day, batch) WHERE r.proposal = wanted GROUP BY 3, 4, 5, 6, 7, 8
    UNION ALL
    SELECT wanted, part, fixmedins_code, care_pool, insutype, fund, bearer, false, f * count(*), isum(f * amount_fen)
    FROM month_withheld w JOIN month_document d ON d.proposal = wanted
    JOIN (VALUES ('withheld', -1), ('carried_in', 1)) each (part, f)
      ON w.proposal = CASE part WHEN 'withheld' THEN d.proposal ELSE d.previous END
    GROUP BY part, f, fixmedins_code, care_pool, insutype, fund, bearer;
END $$;

-- A document holds together, or it does not exist: its days are the runs' sums as positions publish them, what it carries
-- in is what the month before withheld, and what pools owe is what institutions get.
CREATE FUNCTION month_holds(wanted bigint) RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT home_pool, care_pool, insutype, fund INTO wrong
    FROM (SELECT home_pool, care_pool, insutype, fund, isum(amount_fen) AS fen FROM month_pool
      WHERE proposal = wanted AND part = 'runs' AND NOT local AND bearer IN ('pool', 'account') GROUP BY 1, 2, 3, 4) m
    FULL JOIN (SELECT debtor AS home_pool, creditor AS care_pool, insutype, fund, isum(amount_fen) AS fen
      FROM month_run r JOIN gross_position g USING (day, batch) WHERE r.proposal = wanted GROUP BY 1, 2, 3, 4) g
    USING (home_pool, care_pool, insutype, fund)
    WHERE m.fen IS DISTINCT FROM g.fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what pool % owes pool % under % of fund % is not what its days say', wrong.home_pool,
      wrong.care_pool, wrong.insutype, wrong.fund USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
  SELECT part, pool, insutype, fund INTO wrong
    FROM (SELECT part, CASE WHEN local AND bearer IN ('pool', 'account') THEN home_pool ELSE care_pool END AS pool,
        insutype, fund, local, isum(amount_fen) AS fen
      FROM month_pool WHERE proposal = wanted AND part <> 'prepaid' GROUP BY 1, 2, 3, 4, 5) p
    FULL JOIN (SELECT part, book_pool AS pool, insutype, fund, local, isum(amount_fen) AS fen
      FROM month_institution WHERE proposal = wanted AND part <> 'advanced' GROUP BY 1, 2, 3, 4, 5) i
    USING (part, pool, insutype, fund, local)
    WHERE coalesce(p.fen, 0) <> coalesce(i.fen, 0) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'pools and institutions differ in part % at pool % under % of fund %', wrong.part, wrong.pool,
      wrong.insutype, wrong.fund USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
  SELECT fixmedins_code, insutype, fund INTO wrong
    FROM (SELECT fixmedins_code, book_pool, insutype, fund, isum(amount_fen) AS fen FROM month_institution
      WHERE proposal = wanted AND part = 'runs' GROUP BY 1, 2, 3, 4) m
    FULL JOIN (SELECT fixmedins_code, book_pool, insutype, fund, isum(amount_fen) AS fen
      FROM month_run r JOIN institution_sum s USING (day, batch) WHERE r.proposal = wanted GROUP BY 1, 2, 3, 4) s
    USING (fixmedins_code, book_pool, insutype, fund)
    WHERE m.fen IS DISTINCT FROM s.fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what institution % gets under % of fund % is not what its days say', wrong.fixmedins_code,
      wrong.insutype, wrong.fund USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
  SELECT home_pool, care_pool, insutype, fund INTO wrong
    FROM (SELECT home_pool, care_pool, insutype, fund, isum(amount_fen) AS fen FROM month_pool
      WHERE (proposal = wanted AND part = 'carried_in') OR (part = 'withheld' AND proposal =
        (SELECT previous FROM month_document WHERE proposal = wanted)) GROUP BY 1, 2, 3, 4) both_months
    WHERE fen <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what pool % owes pool % under % of fund % from the month before is not what that withheld',
      wrong.home_pool, wrong.care_pool, wrong.insutype, wrong.fund
      USING ERRCODE = 'SG206', CONSTRAINT = 'month_holds';
  END IF;
END $$;

-- The second person's word closes the month, if nothing has moved since the document was made.
CREATE FUNCTION month_close(wanted bigint, operator text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one month_document; moved text;
BEGIN
  LOCK TABLE apportioned IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO one FROM month_document WHERE proposal = wanted;
  SELECT CASE
    WHEN EXISTS (SELECT FROM month_closed WHERE month = one.month) THEN 'it is closed'
    WHEN EXISTS (SELECT day, batch FROM month_due(one.month) EXCEPT SELECT day, batch FROM month_run
      WHERE proposal = wanted) THEN 'another batch was run since'
    WHEN EXISTS (SELECT setl_id FROM month_unconfirmed(one.month) EXCEPT SELECT setl_id FROM month_withheld
        WHERE proposal = wanted)
      OR EXISTS (SELECT setl_id FROM month_withheld WHERE proposal = wanted EXCEPT
        SELECT setl_id FROM month_unconfirmed(one.month)) THEN 'institutions have listed or confirmed rows since'
    END INTO moved;
  IF moved IS NOT NULL THEN
    RAISE EXCEPTION 'month % cannot be closed with proposal %: %', one.month, wanted, moved
      USING ERRCODE = 'SG206', CONSTRAINT = 'month_fresh';
  END IF;
  PERFORM month_holds(wanted);
  INSERT INTO month_closed (month, closed_by) VALUES (one.month, operator);
  INSERT INTO month_final VALUES (one.month, wanted);
  INSERT INTO month_run_paid SELECT day, batch, one.month FROM month_run WHERE proposal = wanted;
END $$;

-- Nothing of a closed month is confirmed or taken back: the row's word is final in the moment the month is.
CREATE FUNCTION apportioned_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM month_closed WHERE month = OLD.month) THEN
    RAISE EXCEPTION 'month % is closed', OLD.month USING ERRCODE = 'SG202', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE ON apportioned FOR EACH ROW EXECUTE FUNCTION apportioned_kept();

-- ------------------------------------------------------------------------------------------------ years

CREATE TABLE year_document (
  proposal bigint PRIMARY KEY REFERENCES proposal, year text NOT NULL CHECK (year ~ '^[0-9]{4}$')
);
-- Annual closing (年度清算) of an institution under an insurance, from the year's closed months. total: 发生总金额, every bill
-- whoever paid it; payable: 应付, by funds and accounts; refused: 不予支付, what audits took; borne: 医疗机构承担, the part
-- of bills that the institution bears; paid: 已付, of the payable; to_pay: 年度清算需结付.
CREATE TABLE year_line (
  proposal bigint NOT NULL REFERENCES year_document, fixmedins_code text NOT NULL, insutype text NOT NULL,
  items bigint NOT NULL, total_fen bigint NOT NULL, payable_fen bigint NOT NULL, refused_fen bigint NOT NULL,
  borne_fen bigint NOT NULL, paid_fen bigint NOT NULL, to_pay_fen bigint NOT NULL,
  PRIMARY KEY (proposal, fixmedins_code, insutype),
  CONSTRAINT year_line_difference CHECK (to_pay_fen = payable_fen - refused_fen - paid_fen)
);
CREATE TABLE year_final (
  year text PRIMARY KEY, proposal bigint NOT NULL UNIQUE REFERENCES year_document,
  closed_at timestamptz NOT NULL DEFAULT now(), closed_by text NOT NULL
);

-- Writes the lines of a year from its closed months' documents. What was paid stands in the journals that name the month.
CREATE FUNCTION year_write(wanted bigint) RETURNS void LANGUAGE sql SET work_mem = '64MB' AS $$
  WITH month AS (SELECT f.month, f.proposal FROM month_final f JOIN year_document y ON y.proposal = wanted
      AND left(f.month, 4) = y.year),
  line AS (
    SELECT fixmedins_code, insutype, isum(sign * items) AS items, isum(total_fen) AS total_fen, 0::bigint AS payable_fen,
      0::bigint AS refused_fen, isum(hospital_fen) AS borne_fen, 0::bigint AS paid_fen
    FROM month m JOIN month_run_paid r ON r.month = m.month JOIN run_paid p ON (p.day, p.batch) = (r.day, r.batch)
    GROUP BY 1, 2
    UNION ALL
    SELECT fixmedins_code, insutype, 0, 0, isum(runs_fen + withheld_fen + carried_in_fen), -isum(deducted_fen), 0, 0
    FROM month m JOIN month_institution_line l ON l.proposal = m.proposal
    WHERE bearer IN ('pool', 'account') GROUP BY 1, 2
    UNION ALL
    SELECT party, insutype, 0, 0, 0, 0, 0, isum(amount_fen)
    FROM month m JOIN gl_booked b ON b.ref = m.month AND b.kind IN ('advance_recovered', 'institution_paid')
      AND b.name = 'payable_to_institution' GROUP BY 1, 2)
  INSERT INTO year_line
    SELECT wanted, fixmedins_code, insutype, isum(items), isum(total_fen), isum(payable_fen), isum(refused_fen),
      isum(borne_fen), isum(paid_fen), isum(payable_fen - refused_fen - paid_fen)
    FROM line GROUP BY fixmedins_code, insutype;
$$;

-- A year closes as its document says, if the payments in it have not grown since.
CREATE FUNCTION year_close(wanted bigint, operator text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE said_fen bigint; paid_fen bigint; wanted_year text;
BEGIN
  SELECT year INTO wanted_year FROM year_document WHERE proposal = wanted;
  SELECT isum(l.paid_fen) INTO said_fen FROM year_line l WHERE proposal = wanted;
  SELECT isum(amount_fen) INTO paid_fen FROM month_final f JOIN gl_booked b ON b.ref = f.month
    WHERE left(f.month, 4) = wanted_year AND b.kind IN ('advance_recovered', 'institution_paid')
      AND b.name = 'payable_to_institution';
  IF said_fen <> paid_fen OR EXISTS (SELECT FROM year_final WHERE year = wanted_year) THEN
    RAISE EXCEPTION 'year % was paid % fen when proposal % was made, it is % now, or the year is closed', wanted_year,
      said_fen, wanted, paid_fen USING ERRCODE = 'SG206', CONSTRAINT = 'year_fresh';
  END IF;
  INSERT INTO year_final (year, proposal, closed_by) VALUES (wanted_year, wanted, operator);
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['proposal', 'proposal_check', 'month_document', 'month_run', 'month_withheld', 'month_pool',
    'month_institution', 'month_closed', 'month_final', 'month_run_paid', 'year_document', 'year_line', 'year_final'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
