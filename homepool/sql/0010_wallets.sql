-- Wallet transfers (医保钱包): account money that a person sends to a relative in another pool. Why they have this shape:
-- docs/adr/0007-wallet-transfers.md. Each side has its own row of a transfer and its own legs; both are appended to only.

-- Who may be paid for is perhaps insured elsewhere: then his number is not known here, and a wallet transfer brings the money.
ALTER TABLE relative DROP CONSTRAINT relative_psn_no_fkey;

CREATE TABLE wallet_transfer (
  id bytea NOT NULL CHECK (octet_length(id) = 16),
  side text NOT NULL CHECK (side IN ('out', 'in')),
  psn_no text COLLATE "C" NOT NULL, pool integer NOT NULL,  -- who sends
  to_psn_no text COLLATE "C" NOT NULL, to_pool integer NOT NULL,
  fen bigint NOT NULL CHECK (fen > 0),
  sent_ms bigint NOT NULL, expires_ms bigint NOT NULL,
  ordered_by text NOT NULL,  -- who handed it in; of a side in: ''
  -- of a side out: which transfer of its day it is, and the limits that it was sent under (homepool/wallets.toml)
  nth_of_day integer, transfers_a_day_most integer, amount_fen_most bigint,
  PRIMARY KEY (id, side),
  CONSTRAINT wallet_pools CHECK (pool <> to_pool),
  CONSTRAINT wallet_time CHECK (expires_ms > sent_ms),
  CONSTRAINT wallet_limits CHECK (CASE side
    WHEN 'out' THEN num_nulls(nth_of_day, transfers_a_day_most, amount_fen_most) = 0
      AND nth_of_day BETWEEN 1 AND transfers_a_day_most AND fen <= amount_fen_most
    ELSE num_nonnulls(nth_of_day, transfers_a_day_most, amount_fen_most) = 0 END)
);
CREATE UNIQUE INDEX wallet_nth_of_day ON wallet_transfer (psn_no, china_day(sent_ms), nth_of_day) WHERE side = 'out';
CREATE INDEX wallet_transfer_to ON wallet_transfer (to_psn_no);

CREATE TABLE wallet_leg (
  transfer bytea NOT NULL, side text NOT NULL, kind text NOT NULL,
  pool integer NOT NULL, to_pool integer NOT NULL, fen bigint NOT NULL,
  day date NOT NULL, at_ms bigint NOT NULL,
  counter_day date,  -- of the other side's leg, where it is known
  code text NOT NULL DEFAULT '',  -- of expire and return: why
  PRIMARY KEY (transfer, kind),
  FOREIGN KEY (transfer, side) REFERENCES wallet_transfer (id, side),
  CONSTRAINT wallet_leg_kind CHECK (CASE side WHEN 'out' THEN kind IN ('debit', 'arrived', 'return')
    ELSE kind IN ('credit', 'expire') END),
  CONSTRAINT wallet_leg_counter CHECK ((counter_day IS NOT NULL) = (kind IN ('arrived', 'return')))
);
-- One fate a side: credited or expired here, arrived or returned there, never both.
CREATE UNIQUE INDEX wallet_fate ON wallet_leg (transfer, side) WHERE kind <> 'debit';
CREATE INDEX wallet_leg_day ON wallet_leg (day);
CREATE INDEX wallet_leg_counter_day ON wallet_leg (counter_day) WHERE kind = 'arrived';
-- What is in transit, so that it is found without reading what is settled: taken away by the fate.
CREATE TABLE wallet_open (transfer bytea PRIMARY KEY);

-- Before a leg is written: nobody closes a day meanwhile and no flush is under way. Gives the leg's day, which no close
-- has reached. One leg at a time, also where no worker has made a cursor yet; then the order of locks is everybody's:
-- close_day's, the cursors in order, accounts.
CREATE FUNCTION open_wallet_leg() RETURNS date LANGUAGE plpgsql AS $$
DECLARE cursors date; closed date;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('wallet_leg'));
  PERFORM pg_advisory_xact_lock_shared(hashtext('close_day'));
  PERFORM 1 FROM cursor ORDER BY partition FOR UPDATE;
  SELECT max(day) INTO cursors FROM cursor;
  SELECT max(day) + 1 INTO closed FROM closed_day;
  RETURN greatest(book_today(), cursors, closed);
END $$;

-- A leg is the movement: what it says is what its transfer says, and the account moves with it. Raises the cursors'
-- versions, so that a worker that has read any of these people reads again.
CREATE FUNCTION wallet_leg_booked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of_transfer record; who text; held_in integer; moves bigint;
BEGIN
  SELECT * INTO of_transfer FROM wallet_transfer WHERE id = NEW.transfer AND side = NEW.side;
  IF (NEW.pool, NEW.to_pool, NEW.fen) IS DISTINCT FROM (of_transfer.pool, of_transfer.to_pool, of_transfer.fen) THEN
    RAISE EXCEPTION 'a leg differs from its transfer' USING ERRCODE = 'SG300', CONSTRAINT = 'wallet_leg_is_its_transfer';
  END IF;
  IF NEW.kind IN ('arrived', 'return')
      AND NOT EXISTS (SELECT FROM wallet_leg WHERE transfer = NEW.transfer AND kind = 'debit') THEN
    RAISE EXCEPTION 'nothing was taken that could arrive' USING ERRCODE = 'SG300', CONSTRAINT = 'wallet_debit_first';
  END IF;
  IF EXISTS (SELECT FROM closed_day WHERE day >= NEW.day) THEN
    RAISE EXCEPTION 'the day is closed' USING ERRCODE = 'SG300', CONSTRAINT = 'wallet_day_open';
  END IF;
  UPDATE cursor SET version = version + 1;
  moves := CASE NEW.kind WHEN 'debit' THEN -NEW.fen WHEN 'return' THEN NEW.fen WHEN 'credit' THEN NEW.fen ELSE 0 END;
  who := CASE NEW.side WHEN 'out' THEN of_transfer.psn_no ELSE of_transfer.to_psn_no END;
  held_in := CASE NEW.side WHEN 'out' THEN NEW.pool ELSE NEW.to_pool END;
  IF NEW.kind = 'credit' THEN
    INSERT INTO account (psn_no, pool, balance_fen) VALUES (who, held_in, 0) ON CONFLICT (psn_no) DO NOTHING;
  END IF;
  IF moves <> 0 THEN
    UPDATE account SET balance_fen = balance_fen + moves WHERE psn_no = who AND pool = held_in;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no such account' USING ERRCODE = 'SG300', CONSTRAINT = 'wallet_account';
    END IF;
  END IF;
  IF NEW.kind = 'debit' THEN
    INSERT INTO wallet_open VALUES (NEW.transfer);
  ELSIF NEW.side = 'out' THEN
    DELETE FROM wallet_open WHERE transfer = NEW.transfer;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER booked AFTER INSERT ON wallet_leg FOR EACH ROW EXECUTE FUNCTION wallet_leg_booked();

CREATE FUNCTION wallet_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is appended to only', TG_TABLE_NAME USING ERRCODE = 'SG000', CONSTRAINT = 'wallet_stands';
END $$;
CREATE TRIGGER stands BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION wallet_stands();
CREATE TRIGGER stands BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_leg
  FOR EACH STATEMENT EXECUTE FUNCTION wallet_stands();

-- The legs that a sum of a day is made of: those of the day itself, what arrived by the day on which it was credited
-- there, and what was sent by then and whose fate is not known here yet.
CREATE FUNCTION wallet_day(wanted date) RETURNS TABLE (transfer bytea, kind text, pool integer, to_pool integer, fen bigint,
  day date, counter_day date, code text) LANGUAGE sql STABLE AS $$
  SELECT transfer, kind, pool, to_pool, fen, day, counter_day, code FROM wallet_leg l
    WHERE l.day = wanted AND kind <> 'arrived'
  UNION ALL SELECT transfer, kind, pool, to_pool, fen, day, counter_day, code FROM wallet_leg l
    WHERE l.counter_day = wanted AND kind = 'arrived'
  UNION ALL SELECT l.transfer, 'in_transit', pool, to_pool, fen, day, counter_day, code
    FROM wallet_open o JOIN wallet_leg l ON l.transfer = o.transfer AND l.kind = 'debit' WHERE l.day <= wanted
$$;
REVOKE ALL ON FUNCTION open_wallet_leg, wallet_leg_booked, wallet_stands, wallet_day FROM PUBLIC;
