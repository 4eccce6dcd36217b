-- What is in transit is so now, whatever day it was sent on by this book: the receiver's may have credited it on an earlier one.
CREATE OR REPLACE FUNCTION wallet_day(wanted date) RETURNS TABLE (transfer bytea, kind text, pool integer, to_pool integer,
  fen bigint, day date, counter_day date, code text) LANGUAGE sql STABLE AS $$
  SELECT transfer, kind, pool, to_pool, fen, day, counter_day, code FROM wallet_leg l
    WHERE l.day = wanted AND kind <> 'arrived'
  UNION ALL SELECT transfer, kind, pool, to_pool, fen, day, counter_day, code FROM wallet_leg l
    WHERE l.counter_day = wanted AND kind = 'arrived'
  UNION ALL SELECT l.transfer, 'in_transit', pool, to_pool, fen, day, counter_day, code
    FROM wallet_open o JOIN wallet_leg l ON l.transfer = o.transfer AND l.kind = 'debit'
$$;
