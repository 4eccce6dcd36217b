-- The clearing database: what is done about wallet transfers of which two nodes do not say the same. Four eyes are those of
-- proposals; what a resolution pays enters the next run of the wallet, in the wallet's own column; a wrong one is undone by
-- a second entry that names it, never erased.

ALTER TABLE proposal DROP CONSTRAINT proposal_kind_check;
ALTER TABLE proposal ADD CONSTRAINT proposal_kind_check CHECK (kind IN ('month', 'year', 'quota', 'top_up', 'payout',
  'advance', 'deduct', 'wallet'));

-- requery: both nodes say the same by now, which is the proof. carry_over: what the receiver's node credited is owed.
-- return: nothing is owed, the sender's node gives it back. dispute: people have to agree first.
CREATE TABLE wallet_resolution (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, day date NOT NULL, transfer_id text NOT NULL,
  action text NOT NULL CHECK (action IN ('requery', 'carry_over', 'return', 'dispute', 'undo')),
  amount_fen bigint NOT NULL,  -- what the next run pays by it; negative takes back
  undoes bigint UNIQUE REFERENCES wallet_resolution, proposal bigint UNIQUE REFERENCES proposal,
  note text NOT NULL, made_by text NOT NULL CHECK (made_by <> ''), made_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (day, transfer_id) REFERENCES wallet_difference,
  CONSTRAINT wallet_resolution_undo CHECK ((action = 'undo') = (undoes IS NOT NULL)),
  CONSTRAINT wallet_resolution_nothing CHECK (amount_fen = 0 OR action NOT IN ('return', 'dispute')),
  CONSTRAINT wallet_resolution_four_eyes CHECK (amount_fen = 0 OR action = 'requery' OR proposal IS NOT NULL)
);
CREATE INDEX wallet_resolution_transfer ON wallet_resolution (transfer_id);
-- Which run took in what a resolution pays.
CREATE TABLE wallet_carried (
  resolution bigint PRIMARY KEY REFERENCES wallet_resolution, day date NOT NULL, batch smallint NOT NULL,
  FOREIGN KEY (day, batch) REFERENCES wallet_run
);

CREATE VIEW wallet_resolution_standing AS
  SELECT r.* FROM wallet_resolution r WHERE action <> 'undo'
    AND NOT EXISTS (SELECT FROM wallet_resolution u WHERE u.undoes = r.id);

-- One resolution stands at a time (after a dispute another may), by an approved proposal where it says so; whatever was
-- resolved and undone, on whichever days, a transfer is never paid twice, and never more than a node says of it.
CREATE FUNCTION wallet_resolution_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE undone wallet_resolution; said bigint; paid bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('wallet difference'), hashtext(NEW.transfer_id));
  SELECT * INTO undone FROM wallet_resolution WHERE id = NEW.undoes;
  SELECT max(greatest(coalesce(sent_fen, 0), coalesce(credited_fen, 0))) INTO said FROM wallet_difference
    WHERE transfer_id = NEW.transfer_id;
  SELECT isum(amount_fen) + NEW.amount_fen INTO paid FROM wallet_resolution WHERE transfer_id = NEW.transfer_id;
  IF paid < 0 OR paid > said
    OR NEW.action <> 'undo' AND EXISTS (SELECT FROM wallet_resolution_standing s
      WHERE s.transfer_id = NEW.transfer_id AND s.day = NEW.day AND s.action <> 'dispute')
    OR NEW.action = 'undo' AND (undone.action = 'undo' OR undone.amount_fen <> -NEW.amount_fen
      OR (undone.day, undone.transfer_id) <> (NEW.day, NEW.transfer_id))
    OR NEW.proposal IS NOT NULL AND NOT EXISTS (SELECT FROM proposal_state p WHERE p.id = NEW.proposal
      AND p.kind = 'wallet' AND p.state = 'approved' AND p.amount_fen = NEW.amount_fen) THEN
    RAISE EXCEPTION 'transfer % is resolved already, or would be paid % of % fen', NEW.transfer_id, paid, said
      USING ERRCODE = 'SG210', CONSTRAINT = 'wallet_resolution_holds';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER holds BEFORE INSERT ON wallet_resolution FOR EACH ROW EXECUTE FUNCTION wallet_resolution_holds();

-- open, proposed (waits for a second person), disputed or resolved.
CREATE VIEW wallet_difference_state AS
  SELECT d.*, CASE WHEN waiting.id IS NOT NULL THEN 'proposed' WHEN last.action = 'dispute' THEN 'disputed'
      WHEN last.id IS NOT NULL THEN 'resolved' ELSE 'open' END AS state,
    waiting.id AS proposal, last.id AS resolution, last.action
  FROM wallet_difference d
  LEFT JOIN LATERAL (SELECT max(id) AS id FROM proposal_state p WHERE kind = 'wallet' AND state = 'waiting'
    AND ref IN (d.day || '/' || d.transfer_id, d.day || '/' || d.transfer_id || '/undo')) waiting ON true
  LEFT JOIN LATERAL (SELECT id, action FROM wallet_resolution_standing r
    WHERE (r.day, r.transfer_id) = (d.day, d.transfer_id) ORDER BY id DESC LIMIT 1) last ON true;

-- carried: what resolutions bring in, which takes back what others brought.
ALTER TABLE wallet_sum DROP CONSTRAINT wallet_sum_kind_check, DROP CONSTRAINT wallet_sum_items_check;
ALTER TABLE wallet_sum ADD CONSTRAINT wallet_sum_kind_check CHECK (kind IN ('debit', 'return', 'arrived', 'in_transit',
    'credit', 'expire', 'unheard', 'credit_aside', 'arrived_aside', 'carried')),
  ADD CONSTRAINT wallet_sum_items_check CHECK (items > 0 OR kind = 'carried' AND items <> 0);
CREATE OR REPLACE VIEW wallet_position AS
  SELECT day, batch, '310'::text AS insutype, 'wallet'::text AS fund, pool AS debtor, to_pool AS creditor,
    isum(CASE kind WHEN 'credit_aside' THEN -items ELSE items END) AS items,
    isum(CASE kind WHEN 'credit_aside' THEN -amount_fen ELSE amount_fen END) AS amount_fen
  FROM wallet_sum WHERE kind IN ('credit', 'credit_aside', 'carried') GROUP BY day, batch, pool, to_pool;

-- What resolutions pay and no run has taken in yet. One whose undoing comes in the same run brings nothing.
CREATE VIEW wallet_carried_sum AS
  SELECT c.day, c.batch, d.pool, d.to_pool, isum(sign(r.amount_fen)::bigint) AS items, isum(r.amount_fen) AS amount_fen
  FROM wallet_carried c JOIN wallet_resolution r ON r.id = c.resolution
  JOIN wallet_difference d ON (d.day, d.transfer_id) = (r.day, r.transfer_id)
  GROUP BY c.day, c.batch, d.pool, d.to_pool HAVING isum(sign(r.amount_fen)::bigint) <> 0;
CREATE FUNCTION wallet_carry(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO wallet_carried SELECT id, wanted_day, wanted_batch FROM wallet_resolution r
    WHERE amount_fen <> 0 AND NOT EXISTS (SELECT FROM wallet_carried c WHERE c.resolution = r.id);
  INSERT INTO wallet_sum SELECT day, batch, pool, to_pool, 'carried', items, amount_fen FROM wallet_carried_sum
    WHERE day = wanted_day AND batch = wanted_batch;
$$;

ALTER FUNCTION wallet_holds(date, smallint) RENAME TO wallet_holds_between_nodes;
CREATE FUNCTION wallet_holds(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  PERFORM wallet_holds_between_nodes(wanted_day, wanted_batch);
  SELECT pool, to_pool INTO wrong
    FROM (SELECT pool, to_pool, items, amount_fen FROM wallet_sum
      WHERE day = wanted_day AND batch = wanted_batch AND kind = 'carried') s
    FULL JOIN (SELECT pool, to_pool, items, amount_fen FROM wallet_carried_sum
      WHERE day = wanted_day AND batch = wanted_batch) c USING (pool, to_pool)
    WHERE (s.items, s.amount_fen) IS DISTINCT FROM (c.items, c.amount_fen) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'what was carried in from pool % to pool % is not what was resolved', wrong.pool, wrong.to_pool
      USING ERRCODE = 'SG210', CONSTRAINT = 'wallet_holds';
  END IF;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['wallet_resolution', 'wallet_carried'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
