-- The clearing database: prepayments between agencies (预付金). A home pool pays a care pool ahead, per insurance and fund;
-- the month's clearing draws on that first. Money stands in the general ledger and nowhere else: prepay_asset of the home
-- pool, prepay_liability of the care pool, the same with the other sign.

-- What was agreed on, by an approved proposal of kind quota: the latest counts.
CREATE TABLE prepayment_quota (
  proposal bigint PRIMARY KEY REFERENCES proposal, home_pool integer NOT NULL, care_pool integer NOT NULL,
  insutype text NOT NULL, fund text NOT NULL, quota_fen bigint NOT NULL CHECK (quota_fen > 0),
  CONSTRAINT prepayment_quota_pools CHECK (home_pool <> care_pool)
);
-- What arrived of an approved proposal of kind top_up: whole, once, under the bank's own reference.
CREATE TABLE prepayment_receipt (
  proposal bigint PRIMARY KEY REFERENCES proposal, day date NOT NULL, bank_reference text NOT NULL UNIQUE,
  received_by text NOT NULL, at timestamptz NOT NULL DEFAULT now()
);

-- What is left of what was paid ahead, by the care pool's books.
CREATE VIEW prepayment_balance AS
  SELECT party::integer AS home_pool, pool AS care_pool, insutype, fund, -balance_fen AS balance_fen
  FROM gl_balance WHERE name = 'prepay_liability';

-- What days owe that are in no closed month yet: it will be drawn when their month closes.
CREATE VIEW prepayment_accrued AS
  SELECT debtor AS home_pool, creditor AS care_pool, insutype, fund, isum(amount_fen) AS accrued_fen
  FROM gross_position g WHERE NOT EXISTS (SELECT FROM month_run_paid p WHERE p.day = g.day AND p.batch = g.batch)
  GROUP BY debtor, creditor, insutype, fund;

CREATE VIEW prepayment_account AS
  SELECT q.home_pool, q.care_pool, q.insutype, q.fund, q.quota_fen, coalesce(b.balance_fen, 0) AS balance_fen,
    coalesce(a.accrued_fen, 0) AS accrued_fen
  FROM (SELECT DISTINCT ON (home_pool, care_pool, insutype, fund) * FROM prepayment_quota
    ORDER BY home_pool, care_pool, insutype, fund, proposal DESC) q
  LEFT JOIN prepayment_balance b USING (home_pool, care_pool, insutype, fund)
  LEFT JOIN prepayment_accrued a USING (home_pool, care_pool, insutype, fund);

-- Both books say the same of every prepayment, and nobody has drawn more than was there.
CREATE FUNCTION prepayment_holds() RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT home_pool, care_pool, insutype, fund, h.balance_fen AS home_fen, c.balance_fen AS care_fen INTO wrong
    FROM (SELECT pool AS home_pool, party::integer AS care_pool, insutype, fund, balance_fen FROM gl_balance
      WHERE name = 'prepay_asset') h
    FULL JOIN prepayment_balance c USING (home_pool, care_pool, insutype, fund)
    WHERE h.balance_fen IS DISTINCT FROM c.balance_fen OR c.balance_fen < 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'of the prepayment of pool % to pool % under % of fund % the books say % and % fen', wrong.home_pool,
      wrong.care_pool, wrong.insutype, wrong.fund, wrong.home_fen, wrong.care_fen
      USING ERRCODE = 'SG207', CONSTRAINT = 'prepayment_holds';
  END IF;
END $$;

-- An approved top-up has arrived: both pools book it. Who approved it does not say that it arrived.
CREATE FUNCTION prepayment_receive(wanted bigint, on_day date, reference text, operator text) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE one record; home integer; care integer;
BEGIN
  SELECT * INTO one FROM proposal_state WHERE id = wanted AND kind = 'top_up';
  IF NOT FOUND OR one.state <> 'approved' OR one.checked_by = operator
    OR EXISTS (SELECT FROM prepayment_receipt WHERE proposal = wanted) THEN
    RAISE EXCEPTION 'proposal % is no approved top-up that still has to arrive, or % has approved it', wanted, operator
      USING ERRCODE = 'SG207', CONSTRAINT = 'prepayment_holds';
  END IF;
  home := one.detail ->> 'home_pool';
  care := one.detail ->> 'care_pool';
  INSERT INTO prepayment_receipt (proposal, day, bank_reference, received_by)
    VALUES (wanted, on_day, reference, operator);
  PERFORM gl_post(array_agg((pool, one.detail ->> 'insutype', one.detail ->> 'fund', on_day, 0::smallint, 'prepaid',
      wanted::text, name, party, fen)::gl_line))
    FROM (VALUES (home, 'prepay_asset', care::text, one.amount_fen), (home, 'cash', '', -one.amount_fen),
      (care, 'cash', '', one.amount_fen), (care, 'prepay_liability', home::text, -one.amount_fen))
      line (pool, name, party, fen);
  PERFORM prepayment_holds();
END $$;

-- ------------------------------------------------------------------------------------------------ in a month

-- What prepayments cover of what a document's pools are due: never more than either.
CREATE FUNCTION month_prepaid(wanted bigint) RETURNS TABLE (home_pool integer, care_pool integer, insutype text,
  fund text, bearer text, amount_fen bigint) LANGUAGE sql STABLE AS $$
  SELECT d.home_pool, d.care_pool, d.insutype, d.fund, d.bearer, least(d.fen, b.balance_fen)
  FROM (SELECT home_pool, care_pool, insutype, fund, bearer, isum(amount_fen) AS fen FROM month_pool
    WHERE proposal = wanted AND part <> 'prepaid' AND NOT local AND bearer IN ('pool', 'account')
    GROUP BY 1, 2, 3, 4, 5) d
  JOIN prepayment_balance b USING (home_pool, care_pool, insutype, fund)
  WHERE least(d.fen, b.balance_fen) > 0
$$;

-- What comes off what a document's days say.
CREATE FUNCTION month_take_off(wanted bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO month_pool
    SELECT wanted, 'prepaid', home_pool, care_pool, insutype, fund, bearer, '', false, 0, -amount_fen
    FROM month_prepaid(wanted)
$$;

-- What has moved since a document was made; NULL where nothing has.
CREATE FUNCTION month_moved(wanted bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM month_closed c WHERE c.month = d.month) THEN 'it is closed'
    WHEN EXISTS (SELECT day, batch FROM month_due(d.month) EXCEPT SELECT day, batch FROM month_run
      WHERE proposal = wanted) THEN 'another batch was run since'
    WHEN EXISTS (SELECT setl_id FROM month_unconfirmed(d.month) EXCEPT SELECT setl_id FROM month_withheld
        WHERE proposal = wanted)
      OR EXISTS (SELECT setl_id FROM month_withheld WHERE proposal = wanted EXCEPT
        SELECT setl_id FROM month_unconfirmed(d.month)) THEN 'institutions have listed or confirmed rows since'
    WHEN EXISTS (SELECT FROM (SELECT home_pool, care_pool, insutype, fund, amount_fen FROM month_prepaid(wanted)
        UNION ALL SELECT home_pool, care_pool, insutype, fund, amount_fen FROM month_pool
          WHERE proposal = wanted AND part = 'prepaid') both_times
      GROUP BY home_pool, care_pool, insutype, fund HAVING isum(amount_fen) <> 0)
      THEN 'a prepayment has moved since'
    END
  FROM month_document d WHERE d.proposal = wanted
$$;

-- The journals of a month's close: prepayments are drawn, in both pools' books.
CREATE FUNCTION month_book(wanted bigint, on_day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM gl_post(coalesce(array_agg((line.pool, p.insutype, p.fund, on_day, 0::smallint, 'prepayment_drawn',
      d.month, line.name, line.party, line.fen)::gl_line), '{}'))
    FROM month_pool p JOIN month_document d USING (proposal) CROSS JOIN LATERAL (VALUES
      (p.home_pool, 'payable_to_care', p.care_pool::text, -p.amount_fen),
      (p.home_pool, 'prepay_asset', p.care_pool::text, p.amount_fen),
      (p.care_pool, 'prepay_liability', p.home_pool::text, -p.amount_fen),
      (p.care_pool, 'receivable_from_home', p.home_pool::text, p.amount_fen)) line (pool, name, party, fen)
    WHERE p.proposal = wanted AND p.part = 'prepaid';
  PERFORM prepayment_holds();
END $$;

-- The second person's word closes the month, if nothing has moved since the document was made.
DROP FUNCTION month_close(bigint, text);
CREATE FUNCTION month_close(wanted bigint, operator text, on_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one month_document; moved text;
BEGIN
  LOCK TABLE apportioned IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO one FROM month_document WHERE proposal = wanted;
  moved := month_moved(wanted);
  IF moved IS NOT NULL THEN
    RAISE EXCEPTION 'month % cannot be closed with proposal %: %', one.month, wanted, moved
      USING ERRCODE = 'SG206', CONSTRAINT = 'month_fresh';
  END IF;
  PERFORM month_holds(wanted);
  INSERT INTO month_closed (month, closed_by) VALUES (one.month, operator);
  INSERT INTO month_final VALUES (one.month, wanted);
  INSERT INTO month_run_paid SELECT day, batch, one.month FROM month_run WHERE proposal = wanted;
  PERFORM month_book(wanted, on_day);
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['prepayment_quota', 'prepayment_receipt'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
