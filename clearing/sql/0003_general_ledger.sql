-- The clearing database, part three: the general ledger. One set of books per pool, insurance and fund; a journal is
-- balanced or is not written; an entry carries the balance after it. Debit is positive, credit negative.

CREATE TABLE gl_account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool integer NOT NULL, insutype text NOT NULL, fund text NOT NULL, name text NOT NULL, party text NOT NULL,
  UNIQUE (pool, insutype, fund, name, party)
);
-- kind: what happened; ref: which one, where a day and a batch do not say it.
CREATE TABLE gl_journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool integer NOT NULL, insutype text NOT NULL, fund text NOT NULL, day date NOT NULL, batch smallint NOT NULL,
  kind text NOT NULL, ref text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (day, batch, kind, ref, pool, insutype, fund)
);
CREATE TABLE gl_entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  journal bigint NOT NULL, account bigint NOT NULL,  -- that both exist is looked at in sets, by the trigger below
  amount_fen bigint NOT NULL, balance_fen bigint NOT NULL,
  UNIQUE (journal, account)
);
CREATE INDEX gl_entry_account ON gl_entry (account, id);

-- Where each account stands: the balance of its latest entry.
CREATE VIEW gl_balance AS
  SELECT a.*, coalesce(e.balance_fen, 0) AS balance_fen FROM gl_account a LEFT JOIN LATERAL
    (SELECT balance_fen FROM gl_entry WHERE account = a.id ORDER BY id DESC LIMIT 1) e ON true;

-- Journals with their lines, as people read them.
CREATE VIEW gl_booked AS
  SELECT j.day, j.batch, j.kind, j.ref, j.id AS journal, a.id AS account, a.pool, a.insutype, a.fund, a.name, a.party,
    e.amount_fen, e.balance_fen
  FROM gl_journal j JOIN gl_entry e ON e.journal = j.id JOIN gl_account a ON a.id = e.account;

-- Whoever writes entries writes whole journals in one statement, and each is balanced: so every journal is, for ever.
CREATE FUNCTION gl_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT w.journal, isum(w.amount_fen) AS off_fen INTO wrong FROM written w GROUP BY w.journal
    HAVING isum(w.amount_fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal % is off balance by % fen', wrong.journal, wrong.off_fen
      USING ERRCODE = 'SG204', CONSTRAINT = 'gl_balanced';
  END IF;
  SELECT j.id, j.kind INTO wrong FROM written w LEFT JOIN gl_journal j ON j.id = w.journal
    LEFT JOIN gl_account a ON a.id = w.account
    WHERE j.id IS NULL OR a.id IS NULL OR (a.pool, a.insutype, a.fund) <> (j.pool, j.insutype, j.fund) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal % (%) writes into the books of another pool or fund', wrong.id, wrong.kind
      USING ERRCODE = 'SG204', CONSTRAINT = 'gl_balanced';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER balanced AFTER INSERT ON gl_entry REFERENCING NEW TABLE AS written FOR EACH STATEMENT
  EXECUTE FUNCTION gl_balanced();

-- A line to be booked: the journal is (pool, insutype, fund, day, batch, kind, ref).
CREATE TYPE gl_line AS (pool integer, insutype text, fund text, day date, batch smallint, kind text, ref text,
  name text, party text, amount_fen bigint);

-- Book whole journals. Accounts are made and locked in the order of their names, so two that book at once do not meet
-- in different orders. A journal that is there already is refused by its UNIQUE.
CREATE FUNCTION gl_post(lines gl_line[]) RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
  INSERT INTO gl_account (pool, insutype, fund, name, party)
    SELECT DISTINCT pool, insutype, fund, name, party FROM unnest(lines) ORDER BY pool, insutype, fund, name, party
    ON CONFLICT DO NOTHING;
  PERFORM FROM gl_account WHERE id = any (ARRAY(
      SELECT a.id FROM (SELECT DISTINCT pool, insutype, fund, name, party FROM unnest(lines)) l
      JOIN gl_account a USING (pool, insutype, fund, name, party)))
    ORDER BY pool, insutype, fund, name, party FOR NO KEY UPDATE;
  INSERT INTO gl_journal (pool, insutype, fund, day, batch, kind, ref)
    SELECT DISTINCT pool, insutype, fund, day, batch, kind, ref FROM unnest(lines)
    ORDER BY day, batch, kind, ref, pool, insutype, fund;
  INSERT INTO gl_entry (journal, account, amount_fen, balance_fen)
    SELECT b.journal, b.account, b.fen, coalesce(e.balance_fen, 0)
      + isum(b.fen) OVER (PARTITION BY b.account ORDER BY b.journal)
    FROM (SELECT j.id AS journal, a.id AS account, isum(amount_fen) AS fen FROM unnest(lines) l
      JOIN gl_journal j USING (pool, insutype, fund, day, batch, kind, ref)
      JOIN gl_account a USING (pool, insutype, fund, name, party) GROUP BY 1, 2) b
    LEFT JOIN LATERAL
      (SELECT balance_fen FROM gl_entry WHERE account = b.account ORDER BY id DESC LIMIT 1) e ON true
    ORDER BY b.journal, b.account;
END $$;

-- The journals of a run (refunds are mirrors, in journals of their own): the home pool owes its care pools, and a care
-- pool what it pays its institutions, to be had from the home pools and from payers outside; on route 1 (本市) the home
-- pool pays the institution itself. Account money stands in the books of its own fund.
CREATE FUNCTION gl_post_run(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE sql
  SET work_mem = '64MB' AS $$
  WITH pools AS (SELECT *, CASE sign WHEN 1 THEN '' ELSE '_undone' END AS undone,
      CASE bearer WHEN 'account' THEN 'personal_account_liability' ELSE 'benefit_expense' END AS expense
    FROM pool_sum WHERE day = wanted_day AND batch = wanted_batch),
  institutions AS (SELECT *, CASE sign WHEN 1 THEN '' ELSE '_undone' END AS undone
    FROM institution_sum WHERE day = wanted_day AND batch = wanted_batch),
  line AS (
    SELECT home_pool AS pool, insutype, fund, 'benefits' || undone AS kind, expense AS name, '' AS party, amount_fen
      FROM pools WHERE bearer IN ('pool', 'account') AND route <> 1
    UNION ALL SELECT home_pool, insutype, fund, 'benefits' || undone, 'payable_to_care', care_pool::text, -amount_fen
      FROM pools WHERE bearer IN ('pool', 'account') AND route <> 1
    UNION ALL SELECT care_pool, insutype, fund, 'services' || undone, 'receivable_from_home', home_pool::text, amount_fen
      FROM pools WHERE bearer IN ('pool', 'account') AND route <> 1
    UNION ALL SELECT book_pool, insutype, fund, 'services' || undone, 'payable_to_institution', fixmedins_code,
      -amount_fen FROM institutions WHERE bearer IN ('pool', 'account') AND route <> 1
    UNION ALL SELECT home_pool, insutype, fund, 'local' || undone, expense, '', amount_fen
      FROM pools WHERE bearer IN ('pool', 'account') AND route = 1
    UNION ALL SELECT book_pool, insutype, fund, 'local' || undone, 'payable_to_institution', fixmedins_code, -amount_fen
      FROM institutions WHERE bearer IN ('pool', 'account') AND route = 1
    UNION ALL SELECT care_pool, insutype, fund, 'outside' || undone, 'receivable_from_payer', party, amount_fen
      FROM pools WHERE bearer NOT IN ('pool', 'account')
    UNION ALL SELECT book_pool, insutype, fund, 'outside' || undone, 'payable_to_institution', fixmedins_code,
      -amount_fen FROM institutions WHERE bearer NOT IN ('pool', 'account'))
  SELECT gl_post(coalesce(array_agg((pool, insutype, fund, wanted_day, wanted_batch, kind, '', name, party,
    amount_fen)::gl_line), '{}')) FROM line;
$$;

-- What a run published holds together, or the run does not exist: what the items pay, the pools' sums, the institutions'
-- sums, the nets and both sides' books say the same.
CREATE FUNCTION positions_hold(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  WITH paid AS MATERIALIZED (
      SELECT home_pool, care_pool, insutype, route, sign, isum(items) AS items, isum(pooled_fen) AS pooled_fen, isum(big_illness_fen) AS big_illness_fen,
        isum(large_fen) AS large_fen, isum(civil_fen) AS civil_fen, isum(enterprise_fen) AS enterprise_fen,
        isum(disabled_fen) AS disabled_fen, isum(aid_fen) AS aid_fen, isum(commercial_fen) AS commercial_fen,
        isum(other_fen) AS other_fen, isum(account_fen) AS account_fen
      FROM run_counted WHERE day = wanted_day AND batch = wanted_batch
      GROUP BY home_pool, care_pool, insutype, route, sign),
    item AS (SELECT home_pool, care_pool, insutype, route, sign, fund, bearer, isum(fen) AS fen
      FROM paid CROSS JOIN LATERAL (VALUES ('pooled_fen', pooled_fen), ('big_illness_fen', big_illness_fen),
      ('large_fen', large_fen), ('civil_fen', civil_fen), ('enterprise_fen', enterprise_fen),
      ('disabled_fen', disabled_fen), ('aid_fen', aid_fen), ('commercial_fen', commercial_fen),
      ('other_fen', other_fen), ('account', account_fen)) each (payer, fen)
      LEFT JOIN (SELECT insutype, payer, fund, bearer FROM run_fund WHERE day = wanted_day AND batch = wanted_batch) scheme
        USING (insutype, payer)
      WHERE fen <> 0 GROUP BY 1, 2, 3, 4, 5, 6, 7),
    summed AS (SELECT home_pool, care_pool, insutype, route, sign, fund, bearer, isum(amount_fen) AS fen FROM pool_sum
      WHERE day = wanted_day AND batch = wanted_batch GROUP BY 1, 2, 3, 4, 5, 6, 7)
  SELECT home_pool, care_pool, insutype, fund, coalesce(s.fen, 0) AS said, coalesce(i.fen, 0) AS meant INTO wrong
    FROM item i FULL JOIN summed s USING (home_pool, care_pool, insutype, route, sign, fund, bearer)
    WHERE s.fen IS DISTINCT FROM i.fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'pool % owes pool % under % from fund % % fen, its settlements say %', wrong.home_pool,
      wrong.care_pool, wrong.insutype, wrong.fund, wrong.said, wrong.meant
      USING ERRCODE = 'SG203', CONSTRAINT = 'positions_hold';
  END IF;

  SELECT insutype, fund, coalesce(p.fen, 0) - coalesce(i.fen, 0) AS off_fen INTO wrong
    FROM (SELECT CASE WHEN route = 1 AND bearer IN ('pool', 'account') THEN home_pool ELSE care_pool END AS pool, insutype,
        route, sign, fund, isum(amount_fen) AS fen
      FROM pool_sum WHERE day = wanted_day AND batch = wanted_batch GROUP BY 1, 2, 3, 4, 5) p
    FULL JOIN (SELECT book_pool AS pool, insutype, route, sign, fund, isum(amount_fen) AS fen
      FROM institution_sum WHERE day = wanted_day AND batch = wanted_batch GROUP BY 1, 2, 3, 4, 5) i
    USING (pool, insutype, route, sign, fund)
    WHERE p.fen IS DISTINCT FROM i.fen AND coalesce(p.fen, 0) <> coalesce(i.fen, 0) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the institutions'' sums under % from fund % are off by % fen', wrong.insutype, wrong.fund,
      wrong.off_fen USING ERRCODE = 'SG203', CONSTRAINT = 'positions_hold';
  END IF;

  SELECT name, insutype, fund, isum(amount_fen) AS off_fen INTO wrong FROM net_position
    WHERE day = wanted_day AND batch = wanted_batch GROUP BY name, insutype, fund HAVING isum(amount_fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the net under % of fund % is not zero but % fen', wrong.insutype, wrong.fund, wrong.off_fen
      USING ERRCODE = 'SG203', CONSTRAINT = 'positions_hold';
  END IF;
  SELECT insutype, fund, pool INTO wrong
    FROM (SELECT * FROM net_position WHERE day = wanted_day AND batch = wanted_batch) n
    FULL JOIN (SELECT * FROM net_of_gross WHERE day = wanted_day AND batch = wanted_batch) g
    USING (name, insutype, fund, pool)
    WHERE (n.receivable_fen, n.payable_fen) IS DISTINCT FROM (g.receivable_fen, g.payable_fen) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the net of pool % under % of fund % is not that of the gross matrix', wrong.pool, wrong.insutype,
      wrong.fund USING ERRCODE = 'SG203', CONSTRAINT = 'positions_hold';
  END IF;
  PERFORM gl_holds(wanted_day, wanted_batch);
END $$;

-- The journals of a run are balanced and book what its sums say; and what a home pool owes a care pool in its own books
-- is what the care pool has to get from it in its books, not only of this run but altogether.
CREATE FUNCTION gl_holds(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE wrong record;
BEGIN
  SELECT journal, kind, pool INTO wrong FROM gl_booked WHERE day = wanted_day AND batch = wanted_batch GROUP BY journal, kind, pool HAVING isum(amount_fen) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal % (%) of pool % is off balance', wrong.journal, wrong.kind, wrong.pool
      USING ERRCODE = 'SG204', CONSTRAINT = 'gl_holds';
  END IF;
  SELECT pool, insutype, fund, name, party INTO wrong
    FROM (SELECT pool, insutype, fund, name, party, isum(amount_fen) AS fen FROM gl_booked
      WHERE day = wanted_day AND batch = wanted_batch
        AND kind IN ('benefits', 'benefits_undone', 'services', 'services_undone', 'outside', 'outside_undone')
        AND name IN ('payable_to_care', 'receivable_from_home', 'receivable_from_payer') GROUP BY 1, 2, 3, 4, 5) b
    FULL JOIN (
      SELECT debtor AS pool, insutype, fund, 'payable_to_care' AS name, creditor::text AS party, -amount_fen AS fen
        FROM gross_position WHERE day = wanted_day AND batch = wanted_batch
      UNION ALL SELECT creditor, insutype, fund, 'receivable_from_home', debtor::text, amount_fen
        FROM gross_position WHERE day = wanted_day AND batch = wanted_batch
      UNION ALL SELECT creditor, insutype, fund, 'receivable_from_payer', party, isum(amount_fen)
        FROM outside_position WHERE day = wanted_day AND batch = wanted_batch GROUP BY 1, 2, 3, 5) g
    USING (pool, insutype, fund, name, party)
    WHERE b.fen IS DISTINCT FROM g.fen LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the books of pool % under % of fund % do not say of % % what the positions say', wrong.pool,
      wrong.insutype, wrong.fund, wrong.name, wrong.party USING ERRCODE = 'SG204', CONSTRAINT = 'gl_holds';
  END IF;
  SELECT b.pool, b.insutype, b.fund, b.party INTO wrong
    FROM (SELECT DISTINCT account, pool, insutype, fund, party FROM gl_booked
      WHERE day = wanted_day AND batch = wanted_batch AND name = 'payable_to_care') b
    JOIN gl_balance mine ON mine.id = b.account
    LEFT JOIN gl_account theirs ON theirs.pool = b.party::integer AND theirs.insutype = b.insutype
      AND theirs.fund = b.fund AND theirs.name = 'receivable_from_home' AND theirs.party = b.pool::text
    LEFT JOIN LATERAL (SELECT balance_fen FROM gl_entry WHERE account = theirs.id ORDER BY id DESC LIMIT 1) e ON true
    WHERE mine.balance_fen + coalesce(e.balance_fen, 0) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'pools % and % do not have the same in their books under % of fund %', wrong.pool, wrong.party,
      wrong.insutype, wrong.fund USING ERRCODE = 'SG204', CONSTRAINT = 'gl_holds';
  END IF;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['gl_account', 'gl_journal', 'gl_entry'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
