-- The clearing database, part one: runs, what they summed, how the two books differed, and what was done about it.
-- Nothing that a run wrote is ever changed: what comes to light later belongs to a later run.

-- A run is one day's batch. What was not reachable then comes in batch 2, without touching batch 1.
CREATE TABLE run (
  day date NOT NULL, batch smallint NOT NULL CHECK (batch >= 1),
  made_at timestamptz NOT NULL DEFAULT now(), made_by text NOT NULL, program text NOT NULL,
  PRIMARY KEY (day, batch)
);

-- Which node with which region. Each pair of a day is in exactly one run.
CREATE TABLE run_pair (
  day date NOT NULL, batch smallint NOT NULL, node text NOT NULL, region text NOT NULL,
  buckets integer NOT NULL, home_items bigint NOT NULL, care_items bigint NOT NULL,
  fetched bigint NOT NULL,  -- booked at the region only now, because their replies had been lost
  PRIMARY KEY (day, batch, node, region), UNIQUE (day, node, region),
  FOREIGN KEY (day, batch) REFERENCES run
);

-- What stayed out of a run, and why.
CREATE TABLE run_absent (
  day date NOT NULL, batch smallint NOT NULL, book text NOT NULL, why text NOT NULL,
  PRIMARY KEY (day, batch, book), FOREIGN KEY (day, batch) REFERENCES run
);

-- Sums of a run by where they come from: `home` and `care` as the books gave them; `home_aside` and `care_aside` what
-- stands in a difference and is left out of them; `carried` what earlier differences bring in now that they are resolved.
-- What the run pays is home - home_aside + carried, and care - care_aside + carried is the same: run_holds() sees to it.
CREATE TABLE run_sum (
  day date NOT NULL, batch smallint NOT NULL, node text NOT NULL, region text NOT NULL,
  source text NOT NULL CHECK (source IN ('home', 'care', 'home_aside', 'care_aside', 'carried')),
  home_pool integer NOT NULL, care_pool integer NOT NULL, fixmedins_code text NOT NULL, insutype text NOT NULL,
  clr_type text NOT NULL, route smallint NOT NULL, sign smallint NOT NULL CHECK (sign IN (-1, 1)),
  commercial_payer text NOT NULL, setl_day date NOT NULL,
  items bigint NOT NULL,
  total_fen bigint NOT NULL, full_self_fen bigint NOT NULL, over_limit_fen bigint NOT NULL,
  first_pay_fen bigint NOT NULL, in_scope_fen bigint NOT NULL, deductible_fen bigint NOT NULL,
  pooled_fen bigint NOT NULL, big_illness_fen bigint NOT NULL, large_fen bigint NOT NULL, civil_fen bigint NOT NULL,
  enterprise_fen bigint NOT NULL, disabled_fen bigint NOT NULL, aid_fen bigint NOT NULL,
  commercial_fen bigint NOT NULL, other_fen bigint NOT NULL, account_fen bigint NOT NULL, family_fen bigint NOT NULL,
  cash_fen bigint NOT NULL, hospital_fen bigint NOT NULL, fund_sum_fen bigint NOT NULL,
  FOREIGN KEY (day, batch) REFERENCES run
);
CREATE INDEX run_sum_run ON run_sum (day, batch);

-- sum(bigint) that is bigint and 0 over no rows
CREATE AGGREGATE isum(bigint) (sfunc = int8pl, stype = bigint, initcond = '0');

-- What a run pays, by its keys.
CREATE VIEW run_paid AS
  SELECT day, batch, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer, setl_day,
    isum(f * items) AS items, isum(f * total_fen) AS total_fen, isum(f * full_self_fen) AS full_self_fen,
    isum(f * over_limit_fen) AS over_limit_fen, isum(f * first_pay_fen) AS first_pay_fen,
    isum(f * in_scope_fen) AS in_scope_fen, isum(f * deductible_fen) AS deductible_fen,
    isum(f * pooled_fen) AS pooled_fen, isum(f * big_illness_fen) AS big_illness_fen, isum(f * large_fen) AS large_fen,
    isum(f * civil_fen) AS civil_fen, isum(f * enterprise_fen) AS enterprise_fen,
    isum(f * disabled_fen) AS disabled_fen, isum(f * aid_fen) AS aid_fen, isum(f * commercial_fen) AS commercial_fen,
    isum(f * other_fen) AS other_fen, isum(f * account_fen) AS account_fen, isum(f * family_fen) AS family_fen,
    isum(f * cash_fen) AS cash_fen, isum(f * hospital_fen) AS hospital_fen, isum(f * fund_sum_fen) AS fund_sum_fen
  FROM (SELECT *, CASE source WHEN 'home_aside' THEN -1 ELSE 1 END AS f FROM run_sum
    WHERE source IN ('home', 'home_aside', 'carried')) counted
  GROUP BY day, batch, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer, setl_day;

-- The two books agree on all that the run pays, key by key and payer by payer, and every bill is what its payers pay;
-- otherwise the run does not exist.
CREATE FUNCTION run_holds(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT node, region, fixmedins_code INTO wrong
    FROM (SELECT *, CASE source WHEN 'home' THEN 1 WHEN 'home_aside' THEN -1 WHEN 'care' THEN -1 WHEN 'care_aside' THEN 1
        END AS f FROM run_sum WHERE day = wanted_day AND batch = wanted_batch AND source <> 'carried') sides
    GROUP BY node, region, home_pool, care_pool, fixmedins_code, insutype, clr_type, route, sign, commercial_payer,
      setl_day
    HAVING isum(f * items) <> 0 OR isum(f * total_fen) <> 0 OR isum(f * full_self_fen) <> 0
      OR isum(f * over_limit_fen) <> 0 OR isum(f * first_pay_fen) <> 0 OR isum(f * in_scope_fen) <> 0
      OR isum(f * deductible_fen) <> 0 OR isum(f * pooled_fen) <> 0 OR isum(f * big_illness_fen) <> 0
      OR isum(f * large_fen) <> 0 OR isum(f * civil_fen) <> 0 OR isum(f * enterprise_fen) <> 0
      OR isum(f * disabled_fen) <> 0 OR isum(f * aid_fen) <> 0 OR isum(f * commercial_fen) <> 0
      OR isum(f * other_fen) <> 0 OR isum(f * account_fen) <> 0 OR isum(f * family_fen) <> 0
      OR isum(f * cash_fen) <> 0 OR isum(f * hospital_fen) <> 0 OR isum(f * fund_sum_fen) <> 0
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'node % and region % agree item by item but not in their sums (institution %)',
      wrong.node, wrong.region, wrong.fixmedins_code USING ERRCODE = 'SG201', CONSTRAINT = 'run_holds';
  END IF;
  SELECT fixmedins_code INTO wrong FROM run_paid
    WHERE day = wanted_day AND batch = wanted_batch
      AND (total_fen <> pooled_fen + big_illness_fen + large_fen + civil_fen + enterprise_fen + disabled_fen + aid_fen
          + commercial_fen + other_fen + account_fen + family_fen + cash_fen + hospital_fen
        OR total_fen <> full_self_fen + over_limit_fen + first_pay_fen + in_scope_fen)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'bills of institution % are not what their payers pay', wrong.fixmedins_code
      USING ERRCODE = 'SG201', CONSTRAINT = 'run_holds';
  END IF;
END $$;

-- ------------------------------------------------------------------------------------------------ differences

CREATE TABLE difference (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day date NOT NULL, batch smallint NOT NULL, node text NOT NULL, region text NOT NULL,
  class text NOT NULL CHECK (class IN ('missing_at_home', 'missing_at_care', 'missing_at_institution', 'amount', 'status',
    'date_shift', 'duplicate', 'refund_sign')),
  setl_id text NOT NULL, fixmedins_code text NOT NULL,
  home jsonb NOT NULL, care jsonb NOT NULL,  -- each side's rows; an empty list where it has none
  institution jsonb,  -- NULL: the institution sent nothing to compare
  differs text[] NOT NULL,  -- which figures, by the books' column names
  stake_fen bigint NOT NULL CHECK (stake_fen >= 0),
  FOREIGN KEY (day, batch) REFERENCES run, UNIQUE (day, node, region, setl_id, class)
);
CREATE INDEX difference_institution ON difference (fixmedins_code);

-- What was done about a difference: proposed by one person, where money moves approved by another. A wrong one is undone
-- by a second entry that names it, never erased. `money` is what enters a later run: rows of keys and amounts.
CREATE TABLE resolution (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  difference bigint NOT NULL REFERENCES difference,
  action text NOT NULL CHECK (action IN ('requery', 'fetch_again', 'adopt_home', 'adopt_care', 'reverse', 'carry_over',
    'dispute', 'undo')),
  note text NOT NULL, made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now(),
  needs_checker boolean NOT NULL, checked_by text, checked_at timestamptz, refused boolean NOT NULL DEFAULT false,
  undoes bigint REFERENCES resolution,
  money jsonb NOT NULL, entered_day date, entered_batch smallint,
  CONSTRAINT resolution_four_eyes CHECK (checked_by IS NULL OR checked_by <> made_by),
  CONSTRAINT resolution_checked CHECK ((checked_by IS NULL) = (checked_at IS NULL)
    AND (NOT refused OR checked_by IS NOT NULL)),
  CONSTRAINT resolution_entered CHECK ((entered_day IS NULL) = (entered_batch IS NULL)),
  CONSTRAINT resolution_undo CHECK ((action = 'undo') = (undoes IS NOT NULL)),
  FOREIGN KEY (entered_day, entered_batch) REFERENCES run
);
CREATE UNIQUE INDEX resolution_undone_once ON resolution (undoes) WHERE NOT refused;
CREATE INDEX resolution_difference ON resolution (difference);

-- A resolution counts once nobody has to look at it any more.
CREATE VIEW resolution_standing AS
  SELECT r.* FROM resolution r WHERE NOT r.refused AND (NOT r.needs_checker OR r.checked_by IS NOT NULL);

-- open, proposed (waits for a checker), disputed or resolved.
CREATE VIEW difference_state AS
  SELECT d.*, CASE
      WHEN waiting.id IS NOT NULL THEN 'proposed' WHEN last.action = 'dispute' THEN 'disputed'
      WHEN last.id IS NOT NULL THEN 'resolved' ELSE 'open' END AS state,
    coalesce(waiting.id, last.id) AS resolution
  FROM difference d
  LEFT JOIN LATERAL (SELECT id FROM resolution r WHERE r.difference = d.id AND r.needs_checker AND r.checked_by IS NULL
    ORDER BY id DESC LIMIT 1) waiting ON true
  LEFT JOIN LATERAL (SELECT id, action FROM resolution_standing r WHERE r.difference = d.id AND r.action <> 'undo'
    AND NOT EXISTS (SELECT FROM resolution_standing u WHERE u.undoes = r.id) ORDER BY id DESC LIMIT 1) last ON true;

-- ------------------------------------------------------------------------------------------------ operators

CREATE TABLE operator_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
  operator text NOT NULL, action text NOT NULL, subject text NOT NULL, detail jsonb NOT NULL
);

-- How far the run of a day is, for those who watch it. Written beside the run's transaction; it decides nothing.
CREATE TABLE run_progress (
  day date PRIMARY KEY, step text NOT NULL, done bigint NOT NULL, total bigint NOT NULL,
  operator text NOT NULL, began_at timestamptz NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Append-only, whoever asks: what finance relies on is never edited.
CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SG202', CONSTRAINT = 'append_only';
END $$;
DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['run', 'run_pair', 'run_absent', 'run_sum', 'difference', 'operator_log'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
CREATE FUNCTION resolution_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.difference, OLD.action, OLD.note, OLD.made_by, OLD.made_at, OLD.needs_checker, OLD.undoes, OLD.money)
      IS DISTINCT FROM
     (NEW.id, NEW.difference, NEW.action, NEW.note, NEW.made_by, NEW.made_at, NEW.needs_checker, NEW.undoes, NEW.money)
    OR (OLD.checked_by IS NOT NULL AND (OLD.checked_by, OLD.checked_at, OLD.refused)
      IS DISTINCT FROM (NEW.checked_by, NEW.checked_at, NEW.refused))
    OR (OLD.entered_day IS NOT NULL AND (OLD.entered_day, OLD.entered_batch)
      IS DISTINCT FROM (NEW.entered_day, NEW.entered_batch)) THEN
    RAISE EXCEPTION 'a resolution is checked once and enters one run; the rest never changes'
      USING ERRCODE = 'SG202', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE ON resolution FOR EACH ROW EXECUTE FUNCTION resolution_kept();
CREATE TRIGGER kept_whole BEFORE DELETE OR TRUNCATE ON resolution FOR EACH STATEMENT EXECUTE FUNCTION never_changed();
