-- A run writes its sums by the hundred thousand, after its own row and in the same transaction, and no run is ever deleted:
-- a look at that row for each of them found nothing and took a third of the time.
ALTER TABLE run_sum DROP CONSTRAINT run_sum_day_batch_fkey;

-- As before, and faster: what both books say in the same words cancels out sum by sum, as multisets, so that only the rest
-- and what stands in differences is added up; bills are added up only where a single sum is not what its payers pay.
CREATE OR REPLACE FUNCTION run_holds(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT node, region, fixmedins_code INTO wrong
    FROM (SELECT node, region, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer,
        setl_day, items, total_fen, full_self_fen, over_limit_fen, first_pay_fen, in_scope_fen, deductible_fen, pooled_fen,
        big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen, aid_fen, commercial_fen, other_fen,
        account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen,
        isum(CASE WHEN source IN ('home', 'care_aside') THEN 1 ELSE -1 END) AS f
      FROM run_sum WHERE day = wanted_day AND batch = wanted_batch AND source <> 'carried'
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
        31, 32) rest
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
