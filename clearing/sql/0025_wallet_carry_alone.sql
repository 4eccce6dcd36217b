-- The wallet's runs of two days may be written at once: what resolutions pay is taken in by one of them, and the other waits.
CREATE OR REPLACE FUNCTION wallet_carry(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('wallet carry'), 0);
  INSERT INTO wallet_carried SELECT id, wanted_day, wanted_batch FROM wallet_resolution r
    WHERE amount_fen <> 0 AND NOT EXISTS (SELECT FROM wallet_carried c WHERE c.resolution = r.id);
  INSERT INTO wallet_sum SELECT day, batch, pool, to_pool, 'carried', items, amount_fen FROM wallet_carried_sum
    WHERE day = wanted_day AND batch = wanted_batch;
END $$;
