-- The clearing database: wallet transfers (医保钱包) between pools. Account money has its own column here: it is in no run of
-- settlements, in no institution's sums, and stands in books of its own fund. What a pool owes is what the other pool's
-- node credited on a closed day, where the sender's node says the same or has the money in transit.

CREATE TABLE wallet_run (
  day date NOT NULL, batch smallint NOT NULL CHECK (batch >= 1),
  made_at timestamptz NOT NULL DEFAULT now(), made_by text NOT NULL, program text NOT NULL,
  PRIMARY KEY (day, batch)
);
-- From which node to which. Each pair of a day is in exactly one run; a node that was away comes in a later batch.
CREATE TABLE wallet_pair (
  day date NOT NULL, batch smallint NOT NULL, node text NOT NULL, to_node text NOT NULL,
  PRIMARY KEY (day, batch, node, to_node), UNIQUE (day, node, to_node), FOREIGN KEY (day, batch) REFERENCES wallet_run
);
-- debit, return, arrived (on the day it was credited there), in_transit: the sender's book; credit, expire: the receiver's.
-- unheard: credited, and in transit at the sender's. credit_aside, arrived_aside: stand in a difference, and are not paid.
CREATE TABLE wallet_sum (
  day date NOT NULL, batch smallint NOT NULL, pool integer NOT NULL, to_pool integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('debit', 'return', 'arrived', 'in_transit', 'credit', 'expire', 'unheard',
    'credit_aside', 'arrived_aside')),
  items bigint NOT NULL CHECK (items > 0), amount_fen bigint NOT NULL,
  PRIMARY KEY (day, batch, pool, to_pool, kind), FOREIGN KEY (day, batch) REFERENCES wallet_run
);
-- unsent: credited, and the sender's node neither has it arrived nor in transit; uncredited: arrived says the sender's, and
-- the receiver's has no credit; amount: both have it, with other amounts.
CREATE TABLE wallet_difference (
  day date NOT NULL, batch smallint NOT NULL, transfer_id text NOT NULL, pool integer NOT NULL, to_pool integer NOT NULL,
  class text NOT NULL CHECK (class IN ('unsent', 'uncredited', 'amount')),
  sent_fen bigint, credited_fen bigint,
  PRIMARY KEY (day, transfer_id), FOREIGN KEY (day, batch) REFERENCES wallet_run,
  CONSTRAINT wallet_difference_sides CHECK (CASE class WHEN 'unsent' THEN sent_fen IS NULL AND credited_fen IS NOT NULL
    WHEN 'uncredited' THEN sent_fen IS NOT NULL AND credited_fen IS NULL ELSE sent_fen <> credited_fen END)
);

-- What the sender's pool owes the receiver's.
CREATE VIEW wallet_position AS
  SELECT day, batch, '310'::text AS insutype, 'wallet'::text AS fund, pool AS debtor, to_pool AS creditor,
    isum(CASE kind WHEN 'credit' THEN items ELSE -items END) AS items,
    isum(CASE kind WHEN 'credit' THEN amount_fen ELSE -amount_fen END) AS amount_fen
  FROM wallet_sum WHERE kind IN ('credit', 'credit_aside') GROUP BY day, batch, pool, to_pool;

-- The sender's pool owes its insured so much less, and the other pool that; the receiver's the other way round.
CREATE FUNCTION wallet_post(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE sql AS $$
  WITH owed AS (SELECT * FROM wallet_position WHERE day = wanted_day AND batch = wanted_batch AND amount_fen <> 0),
  line AS (
    SELECT debtor AS pool, 'wallet_sent' AS kind, 'personal_account_liability' AS name, '' AS party, amount_fen FROM owed
    UNION ALL SELECT debtor, 'wallet_sent', 'payable_to_pool', creditor::text, -amount_fen FROM owed
    UNION ALL SELECT creditor, 'wallet_received', 'receivable_from_pool', debtor::text, amount_fen FROM owed
    UNION ALL SELECT creditor, 'wallet_received', 'personal_account_liability', '', -amount_fen FROM owed)
  SELECT gl_post(coalesce(array_agg((pool, '310', 'wallet', wanted_day, wanted_batch, kind, '', name, party,
    amount_fen)::gl_line), '{}')) FROM line;
$$;

-- The two nodes say the same of all that is paid, and the pools' books say what the positions say, or the run does not exist.
CREATE FUNCTION wallet_holds(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT pool, to_pool INTO wrong
    FROM (SELECT *, CASE kind WHEN 'credit' THEN 1 WHEN 'arrived_aside' THEN 1 WHEN 'credit_aside' THEN -1
        WHEN 'arrived' THEN -1 WHEN 'unheard' THEN -1 ELSE 0 END AS f
      FROM wallet_sum WHERE day = wanted_day AND batch = wanted_batch) sides
    GROUP BY pool, to_pool HAVING isum(f * items) <> 0 OR isum(f * amount_fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the nodes of pools % and % do not say the same of what was sent', wrong.pool, wrong.to_pool
      USING ERRCODE = 'SG210', CONSTRAINT = 'wallet_holds';
  END IF;
  SELECT pool, party INTO wrong
    FROM (SELECT pool, name, party, isum(amount_fen) AS fen FROM gl_booked WHERE day = wanted_day AND batch = wanted_batch
        AND kind IN ('wallet_sent', 'wallet_received') AND name <> 'personal_account_liability' GROUP BY 1, 2, 3) b
    FULL JOIN (
      SELECT debtor AS pool, 'payable_to_pool' AS name, creditor::text AS party, -amount_fen AS fen FROM wallet_position
        WHERE day = wanted_day AND batch = wanted_batch AND amount_fen <> 0
      UNION ALL SELECT creditor, 'receivable_from_pool', debtor::text, amount_fen FROM wallet_position
        WHERE day = wanted_day AND batch = wanted_batch AND amount_fen <> 0) p USING (pool, name, party)
    WHERE b.fen IS DISTINCT FROM p.fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the books of pool % do not say of pool % what the wallet''s positions say', wrong.pool, wrong.party
      USING ERRCODE = 'SG210', CONSTRAINT = 'wallet_holds';
  END IF;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['wallet_run', 'wallet_pair', 'wallet_sum', 'wallet_difference'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
