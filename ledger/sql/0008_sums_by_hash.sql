-- Summing by two passes that write straight into their tables, and sums told by a hash: clearing stores what the home
-- book tells, and of the region only that it says the same (docs/adr/0009-runs-of-clearing.md).

-- The sums of a day lie together; an entry for each of them cost as much as the sum itself.
DROP INDEX day_sum_day;
CREATE INDEX day_sum_day ON day_sum USING brin (day) WITH (autosummarize = on);

-- Of the buckets that differ a hash of each decision is told first, so they may be larger: about 64 ids.
CREATE OR REPLACE FUNCTION buckets_for(items bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE buckets integer := 1;
BEGIN
  WHILE buckets * 64 < items AND buckets < 16777216 LOOP buckets := buckets * 2; END LOOP;
  RETURN buckets;
END $$;

-- How many decisions a day has with a peer, about: one page in a hundred of a large day is looked at. Only the number of
-- buckets follows from it.
CREATE FUNCTION day_items_about(book text, peer_column text, wanted_day date, wanted_peer text) RETURNS bigint
  LANGUAGE plpgsql AS $$
DECLARE seen bigint; counting text := 'SELECT count(*) FROM %I %s WHERE day = $1 AND %I = %L';
BEGIN
  EXECUTE format(counting, book, 'TABLESAMPLE SYSTEM (1)', peer_column, wanted_peer) INTO seen USING wanted_day;
  IF seen >= 1000 THEN RETURN seen * 100; END IF;
  EXECUTE format(counting, book, '', peer_column, wanted_peer) INTO seen USING wanted_day;
  RETURN seen;
END $$;

-- A sum as 64 bits: everything of it (hashint8extended folds an amount beyond 2^32 fen, 43 million yuan, to 32 bits).
-- clearing/sql has the same for what it stores; a test proves that they are.
CREATE FUNCTION sum_hash(told day_sum) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
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

-- The queries behind a day's sums and its buckets, with $1 the day, $2 the peer and, of buckets, $3 their number and $4
-- which ones (NULL: all).
CREATE FUNCTION day_sums_query(book text, peer_column text, wanted_peer text, with_still boolean) RETURNS text
  LANGUAGE sql IMMUTABLE AS $$
  SELECT format('SELECT $1, $2, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign,
      commercial_payer, setl_day, count(*), isum(total_fen), isum(full_self_fen), isum(over_limit_fen),
      isum(first_pay_fen), isum(in_scope_fen), isum(deductible_fen), isum(pooled_fen), isum(big_illness_fen),
      isum(large_fen), isum(civil_fen), isum(enterprise_fen), isum(disabled_fen), isum(aid_fen), isum(commercial_fen),
      isum(other_fen), isum(account_fen), isum(family_fen), isum(cash_fen), isum(hospital_fen), isum(fund_sum_fen)
    FROM (SELECT *, china_day(decided_ms) AS setl_day FROM %I WHERE day = $1 AND %I = %L%s) moved
    GROUP BY home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer, setl_day',
    book, peer_column, wanted_peer, CASE WHEN with_still THEN '' ELSE ' AND sign <> 0' END)
$$;
CREATE FUNCTION day_hashes_query(book text, peer_column text, wanted_peer text, looked_at integer[]) RETURNS text
  LANGUAGE plpgsql IMMUTABLE AS $$
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
  RETURN format('SELECT id, bucket_of(id, $3) AS bucket, ' || replace(folded, '%', '%%') || ' AS hash FROM %I'
    ' WHERE day = $1 AND %I = %L%s', book, peer_column, wanted_peer,
    CASE WHEN looked_at IS NULL THEN '' ELSE ' AND bucket_of(id, $3) = any($4)' END);
END $$;

CREATE OR REPLACE FUNCTION day_sums_of(book text, peer_column text, wanted_day date, wanted_peer text,
    with_still boolean DEFAULT false)
  RETURNS SETOF day_sum LANGUAGE plpgsql SET enable_sort = off SET work_mem = '128MB' AS $$
BEGIN
  RETURN QUERY EXECUTE day_sums_query(book, peer_column, wanted_peer, with_still) USING wanted_day, wanted_peer;
END $$;

CREATE OR REPLACE FUNCTION day_buckets_of(book text, peer_column text, wanted_day date, wanted_peer text, buckets integer,
    looked_at integer[] DEFAULT NULL)
  RETURNS TABLE (bucket integer, items bigint, hash_xor bigint, hash_sum bigint)
  LANGUAGE plpgsql SET enable_sort = off SET work_mem = '64MB' AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT bucket, count(*), bit_xor(hash), isum(hash & 1099511627775)
    FROM (%s OFFSET 0) hashed GROUP BY bucket', day_hashes_query(book, peer_column, wanted_peer, looked_at))
    USING wanted_day, wanted_peer, buckets, looked_at;
END $$;

-- Each decision of some buckets as its id and the hash that its bucket is made of.
CREATE FUNCTION day_hashes_of(book text, peer_column text, wanted_day date, wanted_peer text, buckets integer,
    looked_at integer[])
  RETURNS TABLE (id bytea, hash bigint) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT id, hash FROM (%s) hashed',
    day_hashes_query(book, peer_column, wanted_peer, looked_at)) USING wanted_day, wanted_peer, buckets, looked_at;
END $$;

-- As before. What a function returns is set down twice before it is stored, so the queries stand here themselves. The
-- sums of a day of a million fit into twice this work_mem.
CREATE OR REPLACE FUNCTION draft_day(book text, peer_column text, wanted_day date, wanted_peer text,
    wanted_buckets integer) RETURNS day_summed LANGUAGE plpgsql SET enable_sort = off SET work_mem = '128MB' AS $$
DECLARE counted bigint; done day_summed;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sum_day ' || wanted_peer));
  SELECT * INTO done FROM day_summed WHERE day = wanted_day AND peer = wanted_peer;
  IF FOUND THEN RETURN done; END IF;
  DELETE FROM day_sum WHERE day = wanted_day AND peer = wanted_peer;
  DELETE FROM day_bucket WHERE day = wanted_day AND peer = wanted_peer;
  IF wanted_buckets = 0 THEN
    wanted_buckets := buckets_for(day_items_about(book, peer_column, wanted_day, wanted_peer));
  END IF;
  -- buckets before sums: see 0006
  EXECUTE format('WITH stored AS (INSERT INTO day_bucket SELECT $1, $2, bucket, count(*), bit_xor(hash),
      isum(hash & 1099511627775) FROM (%s OFFSET 0) hashed GROUP BY bucket RETURNING items)
    SELECT isum(items) FROM stored', day_hashes_query(book, peer_column, wanted_peer, NULL))
    INTO counted USING wanted_day, wanted_peer, wanted_buckets;
  EXECUTE 'INSERT INTO day_sum ' || day_sums_query(book, peer_column, wanted_peer, false) USING wanted_day, wanted_peer;
  RETURN (wanted_day, wanted_peer, wanted_buckets, counted, now())::day_summed;
END $$;
