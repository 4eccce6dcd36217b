-- As before, with one look at the run's sums instead of two: both groupings come from the same pass.
CREATE OR REPLACE FUNCTION publish_positions(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE lost record;
BEGIN
  WITH paid AS MATERIALIZED (
      SELECT home_pool, care_pool, pays_pool, fixmedins_code, insutype, route, sign, commercial_payer,
        GROUPING(fixmedins_code) = 1 AS by_pools, isum(items) AS items, isum(pooled_fen) AS pooled_fen,
        isum(big_illness_fen) AS big_illness_fen, isum(large_fen) AS large_fen, isum(civil_fen) AS civil_fen,
        isum(enterprise_fen) AS enterprise_fen, isum(disabled_fen) AS disabled_fen, isum(aid_fen) AS aid_fen,
        isum(commercial_fen) AS commercial_fen, isum(other_fen) AS other_fen, isum(account_fen) AS account_fen
      FROM (SELECT *, CASE route WHEN 1 THEN home_pool ELSE care_pool END AS pays_pool FROM run_counted
        WHERE day = wanted_day AND batch = wanted_batch) counted
      GROUP BY GROUPING SETS ((home_pool, care_pool, insutype, route, sign, commercial_payer),
        (care_pool, pays_pool, fixmedins_code, insutype, route, sign))),
    scheme AS (SELECT insutype, payer, fund, bearer FROM run_fund WHERE day = wanted_day AND batch = wanted_batch),
    told AS (SELECT bearer, home_pool, party FROM run_outside WHERE day = wanted_day AND batch = wanted_batch),
    share AS MATERIALIZED (
      SELECT by_pools, home_pool, care_pool, pays_pool, fixmedins_code, insutype, route, sign, commercial_payer, items, fen,
        coalesce(fund, '?' || payer) AS fund, coalesce(bearer, '?') AS bearer
      FROM paid CROSS JOIN LATERAL (VALUES ('pooled_fen', pooled_fen), ('big_illness_fen', big_illness_fen),
        ('large_fen', large_fen), ('civil_fen', civil_fen), ('enterprise_fen', enterprise_fen),
        ('disabled_fen', disabled_fen), ('aid_fen', aid_fen), ('commercial_fen', commercial_fen),
        ('other_fen', other_fen), ('account', account_fen)) each (payer, fen)
      LEFT JOIN scheme USING (insutype, payer)
      WHERE fen <> 0),
    pools AS (
      INSERT INTO pool_sum
        SELECT wanted_day, wanted_batch, home_pool, care_pool, insutype, route, sign, fund, bearer,
          CASE WHEN bearer = 'commercial' THEN coalesce(nullif(commercial_payer, ''), 'commercial:' || home_pool)
            WHEN bearer IN ('carrier', 'aid') THEN coalesce(party, bearer || ':' || home_pool) ELSE '' END AS party,
          isum(items), isum(fen)
        FROM share LEFT JOIN told USING (bearer, home_pool)
        WHERE by_pools
        GROUP BY 3, 4, 5, 6, 7, 8, 9, 10)
  INSERT INTO institution_sum
    SELECT wanted_day, wanted_batch, fixmedins_code,
      CASE WHEN bearer IN ('pool', 'account') THEN pays_pool ELSE care_pool END AS book_pool,
      insutype, route, sign, fund, bearer, isum(items), isum(fen)
    FROM share
    WHERE NOT by_pools
    GROUP BY 3, 4, 5, 6, 7, 8, 9;
  SELECT insutype, substr(fund, 2) AS payer INTO lost FROM pool_sum
    WHERE day = wanted_day AND batch = wanted_batch AND bearer = '?' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'scheme.toml names no fund for what % pays under insurance %', lost.payer, lost.insutype
      USING ERRCODE = 'SG203', CONSTRAINT = 'fund_known';
  END IF;
  INSERT INTO net_position SELECT * FROM net_of_gross WHERE day = wanted_day AND batch = wanted_batch;
END $$;
