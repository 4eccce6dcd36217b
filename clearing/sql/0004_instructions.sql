-- The clearing database, part four: payment instructions and what the bank said of them. An instruction is made once, for
-- ever; what becomes of it are events behind it. A return is paid again by a new revision of that pair only.

-- What is paid together: the runs of a day, or all of a month that no day's instructions paid.
CREATE TABLE instruction_set (
  period text NOT NULL, batch smallint NOT NULL CHECK (batch >= 1), scheme_sha256 bytea NOT NULL,
  made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (period, batch)
);
-- Each run is paid once.
CREATE TABLE instruction_run (
  day date NOT NULL, run_batch smallint NOT NULL, period text NOT NULL, batch smallint NOT NULL,
  PRIMARY KEY (day, run_batch), FOREIGN KEY (day, run_batch) REFERENCES run,
  FOREIGN KEY (period, batch) REFERENCES instruction_set
);

-- The id is a function of natural keys: whoever makes the same instruction gives it the same id.
CREATE FUNCTION instruction_id(payer text, payee text, insutype text, fund text, period text, batch smallint,
  revision smallint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(encode(sha256(convert_to(payer || '|' || payee || '|' || insutype || '|' || fund || '|' || period || '|'
    || batch || '|' || revision, 'UTF8')), 'hex'), 32)
$$;
CREATE TABLE instruction (
  id text PRIMARY KEY, period text NOT NULL, batch smallint NOT NULL, revision smallint NOT NULL CHECK (revision >= 1),
  payer text NOT NULL, payee text NOT NULL CHECK (payee <> payer), insutype text NOT NULL, fund text NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen > 0), replaces text REFERENCES instruction,
  made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (period, batch, payer, payee, insutype, fund, revision),
  FOREIGN KEY (period, batch) REFERENCES instruction_set,
  CONSTRAINT instruction_natural_id CHECK
    (id = instruction_id(payer, payee, insutype, fund, period, batch, revision)),
  CONSTRAINT instruction_replaces CHECK ((replaces IS NULL) = (revision = 1))
);

-- What went to the bank together, and what came back.
CREATE TABLE payment_file (
  msg_id text PRIMARY KEY, period text NOT NULL, instructions integer NOT NULL CHECK (instructions > 0),
  amount_fen bigint NOT NULL, made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE bank_return (
  sha256 bytea PRIMARY KEY, name text NOT NULL, made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now(),
  accepted integer NOT NULL, returned integer NOT NULL, known integer NOT NULL
);
CREATE TABLE instruction_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, instruction text NOT NULL REFERENCES instruction,
  what text NOT NULL CHECK (what IN ('approved', 'refused', 'filed', 'accepted', 'returned')),
  amount_fen bigint NOT NULL CHECK (amount_fen > 0), reason text NOT NULL, made_by text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  msg_id text REFERENCES payment_file, sha256 bytea REFERENCES bank_return,
  CONSTRAINT instruction_event_source CHECK ((what = 'filed') = (msg_id IS NOT NULL)
    AND (what IN ('accepted', 'returned')) = (sha256 IS NOT NULL))
);
CREATE INDEX instruction_event_instruction ON instruction_event (instruction);
CREATE UNIQUE INDEX instruction_checked_once ON instruction_event (instruction) WHERE what IN ('approved', 'refused');
CREATE UNIQUE INDEX instruction_filed_once ON instruction_event (instruction) WHERE what = 'filed';

-- proposed, refused, approved, filed (it is with the bank), accepted, partly, returned.
CREATE VIEW instruction_state AS
  SELECT i.*, e.checked_by, e.msg_id, e.returned_fen, e.refused, CASE WHEN e.returned_fen = i.amount_fen THEN 'returned'
      WHEN e.returned_fen > 0 THEN 'partly' WHEN e.accepted THEN 'accepted' WHEN e.msg_id IS NOT NULL THEN 'filed'
      WHEN e.refused THEN 'refused' WHEN e.checked_by IS NOT NULL THEN 'approved' ELSE 'proposed' END AS state
  FROM instruction i CROSS JOIN LATERAL (
    SELECT max(made_by) FILTER (WHERE what IN ('approved', 'refused')) AS checked_by, max(msg_id) AS msg_id,
      coalesce(bool_or(what = 'refused'), false) AS refused, coalesce(bool_or(what = 'accepted'), false) AS accepted,
      coalesce(isum(amount_fen) FILTER (WHERE what = 'returned'), 0) AS returned_fen
    FROM instruction_event WHERE instruction = i.id) e;

-- Four eyes, and the order of things: checked by another person, filed once approved, answered once filed, and never
-- more returned than was sent.
CREATE FUNCTION instruction_event_ordered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT w.what, i.id, i.state INTO wrong FROM written w JOIN instruction_state i ON i.id = w.instruction
    WHERE (w.what IN ('approved', 'refused') AND w.made_by = i.made_by)
      OR (w.what = 'filed' AND (i.checked_by IS NULL OR i.refused))
      OR (w.what IN ('accepted', 'returned') AND i.msg_id IS NULL)
      OR i.returned_fen > i.amount_fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'instruction % is %: it cannot be % by this person now', wrong.id, wrong.state, wrong.what
      USING ERRCODE = 'SG205', CONSTRAINT = 'instruction_ordered';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ordered AFTER INSERT ON instruction_event REFERENCING NEW TABLE AS written FOR EACH STATEMENT
  EXECUTE FUNCTION instruction_event_ordered();

-- What a set's runs owe between pools, by the group that pays it net ('' = gross), as the runs froze it.
CREATE VIEW instruction_owed AS
  SELECT r.period, r.batch, g.insutype, g.fund, g.debtor, g.creditor,
    CASE WHEN d.name = c.name THEN d.name ELSE '' END AS net_group, isum(g.amount_fen) AS amount_fen
  FROM instruction_run r JOIN gross_position g ON (g.day, g.batch) = (r.day, r.run_batch)
  LEFT JOIN run_group d ON (d.day, d.batch, d.pool) = (g.day, g.batch, g.debtor)
  LEFT JOIN run_group c ON (c.day, c.batch, c.pool) = (g.day, g.batch, g.creditor)
  GROUP BY r.period, r.batch, g.insutype, g.fund, g.debtor, g.creditor, 7;

-- What a set's instructions move is what its runs owe: each pool receives its net, and nothing stays with a province.
CREATE FUNCTION instructions_hold(wanted_period text, wanted_batch smallint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  WITH owed AS (SELECT insutype, fund, debtor, creditor, amount_fen FROM instruction_owed
      WHERE period = wanted_period AND batch = wanted_batch),
    paid AS (SELECT insutype, fund, payer, payee, amount_fen FROM instruction
      WHERE period = wanted_period AND batch = wanted_batch AND revision = 1),
    moved AS (
      SELECT insutype, fund, creditor::text AS party, amount_fen FROM owed
      UNION ALL SELECT insutype, fund, debtor::text, -amount_fen FROM owed
      UNION ALL SELECT insutype, fund, payee, -amount_fen FROM paid
      UNION ALL SELECT insutype, fund, payer, amount_fen FROM paid)
  SELECT insutype, fund, party, isum(amount_fen) AS off_fen INTO wrong FROM moved
    GROUP BY insutype, fund, party HAVING isum(amount_fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the instructions of % leave party % off by % fen under % of fund %', wanted_period, wrong.party,
      wrong.off_fen, wrong.insutype, wrong.fund USING ERRCODE = 'SG205', CONSTRAINT = 'instructions_hold';
  END IF;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['instruction_set', 'instruction_run', 'instruction', 'payment_file', 'bank_return',
    'instruction_event'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
