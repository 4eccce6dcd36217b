-- As before; how many decisions a day has is what its buckets count, so that sums go straight into their table.
CREATE OR REPLACE FUNCTION draft_day(book text, peer_column text, wanted_day date, wanted_peer text,
    wanted_buckets integer) RETURNS day_summed LANGUAGE plpgsql AS $$
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
  -- buckets before sums: see 0006
  WITH hashed AS (INSERT INTO day_bucket SELECT wanted_day, wanted_peer, b.*
    FROM day_buckets_of(book, peer_column, wanted_day, wanted_peer, wanted_buckets) b RETURNING items)
  SELECT isum(items) INTO counted FROM hashed;
  INSERT INTO day_sum SELECT * FROM day_sums_of(book, peer_column, wanted_day, wanted_peer);
  RETURN (wanted_day, wanted_peer, wanted_buckets, counted, now())::day_summed;
END $$;
