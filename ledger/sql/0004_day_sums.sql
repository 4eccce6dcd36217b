-- A closed day in sums, the same in both books: what clearing compares, and what it fetches only where they differ.
--
-- `peer` is who stands on the other side: at a home node the care region, at a region the home node's number. Rows of
-- the region 'manual' (零星报销) have no peer and are never summed. A day is summed once, when nothing can be added to it
-- any more, and never again: `sum_day_again` recomputes for whoever wants to prove it.

CREATE TABLE day_summed (
  day date NOT NULL, peer text NOT NULL,
  buckets integer NOT NULL CHECK (buckets > 0 AND buckets & (buckets - 1) = 0),  -- a power of two, about 64 ids each
  items bigint NOT NULL,  -- every decision of the day, also those that moved nothing
  summed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (day, peer)
);

-- One row for each way that money went on a day. Amounts in fen, refunds (sign -1) negative and apart from settlements.
CREATE TABLE day_sum (
  day date NOT NULL, peer text NOT NULL,
  home_pool integer NOT NULL, care_pool integer NOT NULL, fixmedins_code text NOT NULL, insutype text NOT NULL,
  clr_type text NOT NULL, route smallint NOT NULL, sign smallint NOT NULL, commercial_payer text NOT NULL,
  setl_day date NOT NULL,  -- China date of the decision: later than `day` never, earlier after an early close
  items bigint NOT NULL,
  total_fen bigint NOT NULL, full_self_fen bigint NOT NULL, over_limit_fen bigint NOT NULL,
  first_pay_fen bigint NOT NULL, in_scope_fen bigint NOT NULL, deductible_fen bigint NOT NULL,
  pooled_fen bigint NOT NULL, big_illness_fen bigint NOT NULL, large_fen bigint NOT NULL, civil_fen bigint NOT NULL,
  enterprise_fen bigint NOT NULL, disabled_fen bigint NOT NULL, aid_fen bigint NOT NULL,
  commercial_fen bigint NOT NULL, other_fen bigint NOT NULL, account_fen bigint NOT NULL, family_fen bigint NOT NULL,
  cash_fen bigint NOT NULL, hospital_fen bigint NOT NULL, fund_sum_fen bigint NOT NULL,
  PRIMARY KEY (day, peer, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer,
    setl_day)
);

-- The set of a day's decisions in buckets by id: equal hashes, equal decisions.
CREATE TABLE day_bucket (
  day date NOT NULL, peer text NOT NULL, bucket integer NOT NULL,
  items bigint NOT NULL, hash_xor bigint NOT NULL, hash_sum bigint NOT NULL,
  PRIMARY KEY (day, peer, bucket)
);

-- Ids end in hash bits, so their tail spreads them evenly.
CREATE FUNCTION bucket_of(id bytea, buckets integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (get_byte(id, 13) << 16 | get_byte(id, 14) << 8 | get_byte(id, 15)) & (buckets - 1)
$$;

-- China has had one offset and no summer time since 1991.
CREATE FUNCTION china_day(ms bigint) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT date '1970-01-01' + ((ms + 28800000) / 86400000)::integer
$$;

-- The same from the items, stored nowhere: `sum_day` stores it, `verify` compares it with what is stored. One pass with
-- a hash table, for a sort of a whole day spills.
CREATE FUNCTION day_sums_of(book text, peer_column text, wanted_day date, wanted_peer text)
  RETURNS SETOF day_sum LANGUAGE plpgsql SET enable_sort = off SET work_mem = '64MB' AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT $1, $2, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign,
      commercial_payer, setl_day, count(*), isum(total_fen), isum(full_self_fen), isum(over_limit_fen),
      isum(first_pay_fen), isum(in_scope_fen), isum(deductible_fen), isum(pooled_fen), isum(big_illness_fen),
      isum(large_fen), isum(civil_fen), isum(enterprise_fen), isum(disabled_fen), isum(aid_fen), isum(commercial_fen),
      isum(other_fen), isum(account_fen), isum(family_fen), isum(cash_fen), isum(hospital_fen), isum(fund_sum_fen)
    FROM (SELECT *, china_day(decided_ms) AS setl_day FROM %I WHERE day = $1 AND %I = %L AND sign <> 0) moved
    GROUP BY home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer, setl_day',
    book, peer_column, wanted_peer) USING wanted_day, wanted_peer;
END $$;

-- A decision as 64 bits: everything that both books must agree on. Chained hashes of numbers cost half of a record's.
CREATE FUNCTION day_buckets_of(book text, peer_column text, wanted_day date, wanted_peer text, buckets integer)
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
      FROM %I WHERE day = $1 AND %I = %L OFFSET 0) hashed GROUP BY bucket', book, peer_column, wanted_peer)
    USING wanted_day, buckets;
END $$;

-- Sums a day of a book (`decision` or `care`) with one peer into the three tables above. Done before: nothing happens.
-- `wanted_buckets` 0 chooses so many that about 64 ids fall into each.
CREATE FUNCTION sum_day(book text, peer_column text, wanted_day date, wanted_peer text, wanted_buckets integer)
  RETURNS day_summed LANGUAGE plpgsql AS $$
DECLARE counted bigint; buckets integer := wanted_buckets; done day_summed;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sum_day ' || wanted_peer));
  SELECT * INTO done FROM day_summed WHERE day = wanted_day AND peer = wanted_peer;
  IF FOUND THEN RETURN done; END IF;
  EXECUTE format('SELECT count(*) FROM %I WHERE day = $1 AND %I = %L', book, peer_column, wanted_peer)
    INTO counted USING wanted_day;
  IF buckets = 0 THEN
    buckets := 1;
    WHILE buckets * 64 < counted AND buckets < 16777216 LOOP buckets := buckets * 2; END LOOP;
  END IF;
  INSERT INTO day_sum SELECT * FROM day_sums_of(book, peer_column, wanted_day, wanted_peer);
  INSERT INTO day_bucket SELECT wanted_day, wanted_peer, b.*
    FROM day_buckets_of(book, peer_column, wanted_day, wanted_peer, buckets) b;
  INSERT INTO day_summed (day, peer, buckets, items) VALUES (wanted_day, wanted_peer, buckets, counted)
    RETURNING * INTO done;
  RETURN done;
END $$;
