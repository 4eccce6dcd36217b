-- A day's decisions are counted by the pass that sums them: one pass over the day less of three.

DROP FUNCTION day_sums_of(text, text, date, text);
-- `with_still` adds sums of zeros, sign 0, for what moved nothing: only to be counted.
CREATE FUNCTION day_sums_of(book text, peer_column text, wanted_day date, wanted_peer text,
    with_still boolean DEFAULT false)
  RETURNS SETOF day_sum LANGUAGE plpgsql SET enable_sort = off SET work_mem = '64MB' AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT $1, $2, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign,
      commercial_payer, setl_day, count(*), isum(total_fen), isum(full_self_fen), isum(over_limit_fen),
      isum(first_pay_fen), isum(in_scope_fen), isum(deductible_fen), isum(pooled_fen), isum(big_illness_fen),
      isum(large_fen), isum(civil_fen), isum(enterprise_fen), isum(disabled_fen), isum(aid_fen), isum(commercial_fen),
      isum(other_fen), isum(account_fen), isum(family_fen), isum(cash_fen), isum(hospital_fen), isum(fund_sum_fen)
    FROM (SELECT *, china_day(decided_ms) AS setl_day FROM %I WHERE day = $1 AND %I = %L AND (sign <> 0 OR $3)) moved
    GROUP BY home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer, setl_day',
    book, peer_column, wanted_peer) USING wanted_day, wanted_peer, with_still;
END $$;

CREATE OR REPLACE FUNCTION sum_day(book text, peer_column text, wanted_day date, wanted_peer text,
    wanted_buckets integer) RETURNS day_summed LANGUAGE plpgsql AS $$
DECLARE counted bigint; buckets integer := wanted_buckets; done day_summed;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sum_day ' || wanted_peer));
  SELECT * INTO done FROM day_summed WHERE day = wanted_day AND peer = wanted_peer;
  IF FOUND THEN RETURN done; END IF;
  WITH found AS MATERIALIZED (SELECT * FROM day_sums_of(book, peer_column, wanted_day, wanted_peer, true)),
    moved AS (INSERT INTO day_sum SELECT * FROM found WHERE sign <> 0)
  SELECT isum(items) INTO counted FROM found;
  IF buckets = 0 THEN
    buckets := 1;
    WHILE buckets * 64 < counted AND buckets < 16777216 LOOP buckets := buckets * 2; END LOOP;
  END IF;
  INSERT INTO day_bucket SELECT wanted_day, wanted_peer, b.*
    FROM day_buckets_of(book, peer_column, wanted_day, wanted_peer, buckets) b;
  INSERT INTO day_summed (day, peer, buckets, items) VALUES (wanted_day, wanted_peer, buckets, counted)
    RETURNING * INTO done;
  RETURN done;
END $$;
