-- What a run stores of the care books: not their sums but a hash that proves them. The two sides say the same words of
-- nearly every sum, and the rest follows from what was set aside; so the care book's sums are reckoned from the home
-- book's and must have the hash that the care book told. Where they have not, its words are asked for and stored as before.

-- The sums of a run lie together; an entry for each of them cost as much as the sum itself.
DROP INDEX run_sum_run;
CREATE INDEX run_sum_run ON run_sum USING brin (day, batch) WITH (autosummarize = on);
CREATE INDEX run_sum_beside ON run_sum (day, batch) WHERE source IN ('home_aside', 'care_aside', 'carried');

-- What a care book told of its sums: see SumsHash in BooksService. A pair without a row here told them in words.
CREATE TABLE run_care_hash (
  day date NOT NULL, batch smallint NOT NULL, node text NOT NULL, region text NOT NULL,
  sums bigint NOT NULL, hash_xor bigint NOT NULL, hash_sum bigint NOT NULL,
  PRIMARY KEY (day, batch, node, region), FOREIGN KEY (day, batch) REFERENCES run
);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON run_care_hash FOR EACH STATEMENT
  EXECUTE FUNCTION never_changed();

-- As ledger/sql has it for what a book stores.
CREATE FUNCTION sum_hash(told run_sum) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT hashint8extended(told.fund_sum_fen, hashint8extended(told.hospital_fen, hashint8extended(told.cash_fen,
  hashint8extended(told.family_fen, hashint8extended(told.account_fen, hashint8extended(told.other_fen,
  hashint8extended(told.commercial_fen, hashint8extended(told.aid_fen, hashint8extended(told.disabled_fen,
  hashint8extended(told.enterprise_fen, hashint8extended(told.civil_fen, hashint8extended(told.large_fen,
  hashint8extended(told.big_illness_fen, hashint8extended(told.pooled_fen, hashint8extended(told.deductible_fen,
  hashint8extended(told.in_scope_fen, hashint8extended(told.first_pay_fen, hashint8extended(told.over_limit_fen,
  hashint8extended(told.full_self_fen, hashint8extended(told.total_fen, hashint8extended(told.items,
  hashint8extended((told.setl_day - date '2000-01-01')::bigint * 100 + 10 * told.route + told.sign,
  hashint8extended(told.care_pool, hashint8extended(told.home_pool, hashtextextended(concat_ws('/', told.fixmedins_code,
  told.insutype, told.clr_type, told.commercial_payer), 0)))))))))))))))))))))))))
$$;

-- The care books' sums: as they told them in words, or the home book's without what was set aside there and with what was
-- set aside here. Only sums of which something was set aside are added up. A run has no statistics before its end: whoever
-- reads this for a whole run does without nested loops.
CREATE VIEW run_care AS
  SELECT day, batch, node, region, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign,
    commercial_payer, setl_day, items, total_fen, full_self_fen, over_limit_fen, first_pay_fen, in_scope_fen,
    deductible_fen, pooled_fen, big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen, aid_fen,
    commercial_fen, other_fen, account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen, sum_hash(r) AS hash
  FROM run_sum r WHERE source = 'care'
  UNION ALL
  SELECT r.day, r.batch, r.node, r.region, r.home_pool, r.care_pool, r.fixmedins_code, r.insutype, r.clr_type, r.route,
    r.sign, r.commercial_payer, r.setl_day, items, total_fen, full_self_fen, over_limit_fen, first_pay_fen,
    in_scope_fen, deductible_fen, pooled_fen, big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen,
    aid_fen, commercial_fen, other_fen, account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen, sum_hash(r)
  FROM run_sum r JOIN run_care_hash USING (day, batch, node, region) WHERE source = 'home'
    AND NOT EXISTS (SELECT FROM run_sum a WHERE a.source IN ('home_aside', 'care_aside')
      AND (a.day, a.batch, a.node, a.region, a.home_pool, a.care_pool, a.fixmedins_code, a.insutype, a.clr_type, a.route,
      a.sign, a.commercial_payer, a.setl_day) = (r.day, r.batch, r.node, r.region, r.home_pool, r.care_pool,
      r.fixmedins_code, r.insutype, r.clr_type, r.route, r.sign, r.commercial_payer, r.setl_day))
  UNION ALL
  SELECT day, batch, node, region, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign,
    commercial_payer, setl_day, items, total_fen, full_self_fen, over_limit_fen, first_pay_fen, in_scope_fen,
    deductible_fen, pooled_fen, big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen, aid_fen,
    commercial_fen, other_fen, account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen,
    sum_hash(ROW(day, batch, node, region, 'care', home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign,
      commercial_payer, setl_day, items, total_fen, full_self_fen, over_limit_fen, first_pay_fen, in_scope_fen,
      deductible_fen, pooled_fen, big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen, aid_fen,
      commercial_fen, other_fen, account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen)::run_sum)
  FROM (SELECT r.day, r.batch, r.node, r.region, r.home_pool, r.care_pool, r.fixmedins_code, r.insutype, r.clr_type,
      r.route, r.sign, r.commercial_payer, r.setl_day,
      isum(f * items) AS items, isum(f * total_fen) AS total_fen, isum(f * full_self_fen) AS full_self_fen,
      isum(f * over_limit_fen) AS over_limit_fen, isum(f * first_pay_fen) AS first_pay_fen,
      isum(f * in_scope_fen) AS in_scope_fen, isum(f * deductible_fen) AS deductible_fen,
      isum(f * pooled_fen) AS pooled_fen, isum(f * big_illness_fen) AS big_illness_fen,
      isum(f * large_fen) AS large_fen, isum(f * civil_fen) AS civil_fen,
      isum(f * enterprise_fen) AS enterprise_fen, isum(f * disabled_fen) AS disabled_fen,
      isum(f * aid_fen) AS aid_fen, isum(f * commercial_fen) AS commercial_fen, isum(f * other_fen) AS other_fen,
      isum(f * account_fen) AS account_fen, isum(f * family_fen) AS family_fen, isum(f * cash_fen) AS cash_fen,
      isum(f * hospital_fen) AS hospital_fen, isum(f * fund_sum_fen) AS fund_sum_fen
    FROM (SELECT *, CASE source WHEN 'home_aside' THEN -1 ELSE 1 END AS f FROM run_sum
        WHERE source IN ('home', 'home_aside', 'care_aside')) r JOIN run_care_hash USING (day, batch, node, region)
    WHERE EXISTS (SELECT FROM run_sum a WHERE a.source IN ('home_aside', 'care_aside')
      AND (a.day, a.batch, a.node, a.region, a.home_pool, a.care_pool, a.fixmedins_code, a.insutype, a.clr_type, a.route,
      a.sign, a.commercial_payer, a.setl_day) = (r.day, r.batch, r.node, r.region, r.home_pool, r.care_pool,
      r.fixmedins_code, r.insutype, r.clr_type, r.route, r.sign, r.commercial_payer, r.setl_day))
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13) summed
  WHERE items <> 0 OR total_fen <> 0 OR full_self_fen <> 0 OR over_limit_fen <> 0 OR first_pay_fen <> 0
    OR in_scope_fen <> 0 OR deductible_fen <> 0 OR pooled_fen <> 0 OR big_illness_fen <> 0 OR large_fen <> 0
    OR civil_fen <> 0 OR enterprise_fen <> 0 OR disabled_fen <> 0 OR aid_fen <> 0 OR commercial_fen <> 0
    OR other_fen <> 0 OR account_fen <> 0 OR family_fen <> 0 OR cash_fen <> 0 OR hospital_fen <> 0
    OR fund_sum_fen <> 0;

-- As before where a care book told its sums in words; else the hash that it told is that of the sums reckoned for it.
CREATE OR REPLACE FUNCTION run_holds(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET enable_nestloop = off SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT told.node, told.region INTO wrong
    FROM (SELECT node, region, count(*) AS sums, bit_xor(hash) AS hash_xor, isum(hash & 1099511627775) AS hash_sum
      FROM run_care WHERE day = wanted_day AND batch = wanted_batch GROUP BY node, region) reckoned
    RIGHT JOIN run_care_hash told USING (node, region)
    WHERE told.day = wanted_day AND told.batch = wanted_batch
      AND (told.sums, told.hash_xor, told.hash_sum) IS DISTINCT FROM
        (coalesce(reckoned.sums, 0), coalesce(reckoned.hash_xor, 0), coalesce(reckoned.hash_sum, 0))
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'node % and region % agree item by item but not in their sums', wrong.node, wrong.region
      USING ERRCODE = 'SG201', CONSTRAINT = 'run_holds';
  END IF;
  IF EXISTS (SELECT FROM run_pair p WHERE day = wanted_day AND batch = wanted_batch
      AND NOT EXISTS (SELECT FROM run_care_hash h
        WHERE (h.day, h.batch, h.node, h.region) = (p.day, p.batch, p.node, p.region))) THEN
    PERFORM run_holds_in_words(wanted_day, wanted_batch);
  END IF;
  IF NOT EXISTS (SELECT FROM run_sum WHERE day = wanted_day AND batch = wanted_batch
      AND source IN ('home', 'home_aside', 'carried')
      AND (total_fen <> pooled_fen + big_illness_fen + large_fen + civil_fen + enterprise_fen + disabled_fen + aid_fen
          + commercial_fen + other_fen + account_fen + family_fen + cash_fen + hospital_fen
        OR total_fen <> full_self_fen + over_limit_fen + first_pay_fen + in_scope_fen)) THEN
    RETURN;
  END IF;
  SELECT fixmedins_code INTO wrong FROM run_paid
    WHERE day = wanted_day AND batch = wanted_batch
      AND (total_fen <> pooled_fen + big_illness_fen + large_fen + civil_fen + enterprise_fen + disabled_fen + aid_fen
          + commercial_fen + other_fen + account_fen + family_fen + cash_fen + hospital_fen
        OR total_fen <> full_self_fen + over_limit_fen + first_pay_fen + in_scope_fen)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'bills of institution % are not what their payers pay', wrong.fixmedins_code
      USING ERRCODE = 'SG201', CONSTRAINT = 'run_holds';
  END IF;
END $$;

-- What both books say in the same words cancels out sum by sum, as multisets; only the rest is added up.
CREATE FUNCTION run_holds_in_words(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT node, region, fixmedins_code INTO wrong
    FROM (SELECT node, region, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer,
        setl_day, items, total_fen, full_self_fen, over_limit_fen, first_pay_fen, in_scope_fen, deductible_fen,
        pooled_fen, big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen, aid_fen, commercial_fen,
        other_fen, account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen,
        isum(CASE WHEN source IN ('home', 'care_aside') THEN 1 ELSE -1 END) AS f
      FROM run_sum s WHERE day = wanted_day AND batch = wanted_batch AND source <> 'carried'
        AND NOT EXISTS (SELECT FROM run_care_hash h
          WHERE (h.day, h.batch, h.node, h.region) = (s.day, s.batch, s.node, s.region))
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
        30, 31, 32) rest
    WHERE f <> 0
    GROUP BY node, region, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer,
      setl_day
    HAVING isum(f * items) <> 0 OR isum(f * total_fen) <> 0 OR isum(f * full_self_fen) <> 0
      OR isum(f * over_limit_fen) <> 0 OR isum(f * first_pay_fen) <> 0 OR isum(f * in_scope_fen) <> 0
      OR isum(f * deductible_fen) <> 0 OR isum(f * pooled_fen) <> 0 OR isum(f * big_illness_fen) <> 0
      OR isum(f * large_fen) <> 0 OR isum(f * civil_fen) <> 0 OR isum(f * enterprise_fen) <> 0
      OR isum(f * disabled_fen) <> 0 OR isum(f * aid_fen) <> 0 OR isum(f * commercial_fen) <> 0
      OR isum(f * other_fen) <> 0 OR isum(f * account_fen) <> 0 OR isum(f * family_fen) <> 0
      OR isum(f * cash_fen) <> 0 OR isum(f * hospital_fen) <> 0 OR isum(f * fund_sum_fen) <> 0
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'node % and region % agree item by item but not in their sums (institution %)',
      wrong.node, wrong.region, wrong.fixmedins_code USING ERRCODE = 'SG201', CONSTRAINT = 'run_holds';
  END IF;
END $$;
