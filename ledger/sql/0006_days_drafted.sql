-- A region sums a day while its node does, and looks once more only at what differed: so both sides take the time of one.
-- Buckets hold about 16 ids: of a day that differs here and there, a quarter of the decisions travels.

-- Uniqueness follows from how a day is summed (one GROUP BY, under a lock, once for ever); the wide key took as long as all
-- the rest of it.
ALTER TABLE day_sum DROP CONSTRAINT day_sum_pkey;
CREATE INDEX day_sum_day ON day_sum (day, peer);

DROP FUNCTION day_buckets_of(text, text, date, text, integer);
-- As before; `looked_at`: only these buckets, NULL = all.
CREATE FUNCTION day_buckets_of(book text, peer_column text, wanted_day date, wanted_peer text, buckets integer,
    looked_at integer[] DEFAULT NULL)
  RETURNS TABLE (bucket integer, items bigint, hash_xor bigint, hash_sum bigint)
  LANGUAGE plpgsql SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE folded text := 'hashbyteaextended(id, hashbyteaextended(coalesce(settlement, ''''), hashtextextended('
    'concat_ws(''/'', fixmedins_code, insutype, clr_type, psn_no, commercial_payer), 0)))'; number text;
BEGIN
  FOREACH number IN ARRAY ARRAY['decided_ms', '(kind + 8 * status + 64 * sign + 1000 * route)::bigint',
    '(home_pool::bigint << 32) + care_pool', 'total_fen', 'full_self_fen', 'over_limit_fen', 'first_pay_fen',
    'in_scope_fen', 'deductible_fen', 'pooled_fen', 'big_illness_fen', 'large_fen', 'civil_fen', 'enterprise_fen',
    'disabled_fen', 'aid_fen', 'commercial_fen', 'other_fen', 'account_fen', 'family_fen', 'cash_fen', 'hospital_fen',
    'fund_sum_fen'] LOOP
    folded := format('hashint8extended(%s, %s)', number, folded);
  END LOOP;
  RETURN QUERY EXECUTE format('SELECT bucket, count(*), bit_xor(hash), isum(hash & 1099511627775)
    FROM (SELECT bucket_of(id, $2) AS bucket, ' || replace(folded, '%', '%%') || ' AS hash
      FROM %I WHERE day = $1 AND %I = %L' || CASE WHEN looked_at IS NULL THEN '' ELSE ' AND bucket_of(id, $2) = any($3)' END
    || ' OFFSET 0) hashed GROUP BY bucket', book, peer_column, wanted_peer)
    USING wanted_day, buckets, looked_at;
END $$;

CREATE FUNCTION buckets_for(items bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE buckets integer := 1;
BEGIN
  WHILE buckets * 16 < items AND buckets < 16777216 LOOP buckets := buckets * 2; END LOOP;
  RETURN buckets;
END $$;

-- Sums a day as sum_day does, without saying that it is done: what is drafted, nobody reads and whoever sums replaces. Of a
-- day that is done, what was done comes back. Buckets before sums: a decision that comes between is in the sums, and its
-- bucket, which then differs from the node's, tells.
CREATE FUNCTION draft_day(book text, peer_column text, wanted_day date, wanted_peer text, wanted_buckets integer)
  RETURNS day_summed LANGUAGE plpgsql AS $$
DECLARE counted bigint; done day_summed;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sum_day ' || wanted_peer));
  SELECT * INTO done FROM day_summed WHERE day = wanted_day AND peer = wanted_peer;
  IF FOUND THEN RETURN done; END IF;
  DELETE FROM day_sum WHERE day = wanted_day AND peer = wanted_peer;
  DELETE FROM day_bucket WHERE day = wanted_day AND peer = wanted_peer;
  IF wanted_buckets = 0 THEN
    EXECUTE format('SELECT count(*) FROM %I WHERE day = $1 AND %I = %L', book, peer_column, wanted_peer)
      INTO counted USING wanted_day;
    wanted_buckets := buckets_for(counted);
  END IF;
  INSERT INTO day_bucket SELECT wanted_day, wanted_peer, b.*
    FROM day_buckets_of(book, peer_column, wanted_day, wanted_peer, wanted_buckets) b;
  WITH found AS MATERIALIZED (SELECT * FROM day_sums_of(book, peer_column, wanted_day, wanted_peer, true)),
    moved AS (INSERT INTO day_sum SELECT * FROM found WHERE sign <> 0)
  SELECT isum(items) INTO counted FROM found;
  RETURN (wanted_day, wanted_peer, wanted_buckets, counted, now())::day_summed;
END $$;

-- What was drafted is the day's sum for ever, unless something has changed in the buckets that were looked at since: then it
-- is summed anew.
CREATE FUNCTION sum_drafted(book text, peer_column text, draft day_summed, looked_at integer[]) RETURNS day_summed
  LANGUAGE plpgsql AS $$
DECLARE done day_summed; changed boolean := false;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sum_day ' || draft.peer));
  SELECT * INTO done FROM day_summed WHERE day = draft.day AND peer = draft.peer;
  IF FOUND THEN RETURN done; END IF;
  IF cardinality(looked_at) > 0 THEN
    SELECT EXISTS (
      SELECT FROM (SELECT bucket, items, hash_xor, hash_sum FROM day_bucket
          WHERE day = draft.day AND peer = draft.peer AND bucket = any(looked_at)) drafted
        FULL JOIN day_buckets_of(book, peer_column, draft.day, draft.peer, draft.buckets, looked_at) now USING (bucket)
      WHERE (drafted.items, drafted.hash_xor, drafted.hash_sum) IS DISTINCT FROM (now.items, now.hash_xor, now.hash_sum))
      INTO changed;
  END IF;
  IF changed THEN draft := draft_day(book, peer_column, draft.day, draft.peer, draft.buckets); END IF;
  INSERT INTO day_summed (day, peer, buckets, items) VALUES (draft.day, draft.peer, draft.buckets, draft.items)
    RETURNING * INTO done;
  RETURN done;
END $$;

CREATE OR REPLACE FUNCTION sum_day(book text, peer_column text, wanted_day date, wanted_peer text,
    wanted_buckets integer) RETURNS day_summed LANGUAGE sql AS $$
  SELECT sum_drafted(book, peer_column, draft_day(book, peer_column, wanted_day, wanted_peer, wanted_buckets), '{}')
$$;
