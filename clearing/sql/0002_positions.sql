-- The clearing database, part two: what a run's sums say each pool, institution and outside payer owes or receives, by
-- insurance and fund, never across them. publish_positions() derives it from the run's sums in sets, inside the run's
-- transaction; clearing/positions.py says the same rules in Python.

-- The scheme that a run was made under: later changes of the file change nothing in it.
CREATE TABLE run_scheme (
  day date NOT NULL, batch smallint NOT NULL, version text NOT NULL, sha256 bytea NOT NULL,
  PRIMARY KEY (day, batch), FOREIGN KEY (day, batch) REFERENCES run
);
CREATE TABLE run_fund (
  day date NOT NULL, batch smallint NOT NULL, insutype text NOT NULL, payer text NOT NULL, fund text NOT NULL,
  bearer text NOT NULL CHECK (bearer IN ('pool', 'account', 'carrier', 'aid', 'commercial')),
  PRIMARY KEY (day, batch, insutype, payer), UNIQUE (day, batch, insutype, fund), FOREIGN KEY (day, batch) REFERENCES run
);
CREATE TABLE run_outside (
  day date NOT NULL, batch smallint NOT NULL, bearer text NOT NULL, home_pool integer NOT NULL, party text NOT NULL,
  PRIMARY KEY (day, batch, bearer, home_pool), FOREIGN KEY (day, batch) REFERENCES run
);
CREATE TABLE run_group (
  day date NOT NULL, batch smallint NOT NULL, pool integer NOT NULL, name text NOT NULL,
  PRIMARY KEY (day, batch, pool), FOREIGN KEY (day, batch) REFERENCES run
);

-- The rows of a run that count, each with its sign: as run_paid, not yet summed. payer "account" is both kinds of it.
CREATE VIEW run_counted AS
  SELECT day, batch, home_pool, care_pool, fixmedins_code, insutype, route, sign, commercial_payer, f * items AS items,
    f * pooled_fen AS pooled_fen, f * big_illness_fen AS big_illness_fen, f * large_fen AS large_fen,
    f * civil_fen AS civil_fen, f * enterprise_fen AS enterprise_fen, f * disabled_fen AS disabled_fen,
    f * aid_fen AS aid_fen, f * commercial_fen AS commercial_fen, f * other_fen AS other_fen,
    f * (account_fen + family_fen) AS account_fen
  FROM (SELECT *, CASE source WHEN 'home_aside' THEN -1 ELSE 1 END AS f FROM run_sum
    WHERE source IN ('home', 'home_aside', 'carried')) counted;

-- Between two pools, by insurance and fund, refunds apart. `items` are the decisions of the two pools and the insurance
-- in which somebody of this bearer could have paid, whichever fund did. party: of a payer outside the pools.
CREATE TABLE pool_sum (
  day date NOT NULL, batch smallint NOT NULL, home_pool integer NOT NULL, care_pool integer NOT NULL,
  insutype text NOT NULL, route smallint NOT NULL, sign smallint NOT NULL, fund text NOT NULL, bearer text NOT NULL,
  party text NOT NULL, items bigint NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (day, batch, home_pool, care_pool, insutype, route, sign, fund, bearer, party),
  FOREIGN KEY (day, batch) REFERENCES run
);

-- What an institution is paid, by whose books: those of its care pool, and of the home pool itself on route 1 (本市), where
-- no money goes between pools.
CREATE TABLE institution_sum (
  day date NOT NULL, batch smallint NOT NULL, fixmedins_code text NOT NULL, book_pool integer NOT NULL,
  insutype text NOT NULL, route smallint NOT NULL, sign smallint NOT NULL, fund text NOT NULL, bearer text NOT NULL,
  items bigint NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (day, batch, fixmedins_code, book_pool, insutype, route, sign, fund, bearer),
  FOREIGN KEY (day, batch) REFERENCES run
);

-- The gross matrix: what home pools owe care pools. Negative where a day brought more refunds than settlements.
CREATE VIEW gross_position AS
  SELECT day, batch, insutype, fund, bearer, home_pool AS debtor, care_pool AS creditor, isum(items) AS items,
    isum(amount_fen) AS amount_fen
  FROM pool_sum WHERE route <> 1 AND bearer IN ('pool', 'account')
  GROUP BY day, batch, insutype, fund, bearer, home_pool, care_pool;

-- What payers outside the pools owe care pools. They settle this themselves; it is in no net.
CREATE VIEW outside_position AS
  SELECT day, batch, insutype, fund, bearer, party, home_pool, care_pool AS creditor, isum(items) AS items,
    isum(amount_fen) AS amount_fen
  FROM pool_sum WHERE bearer NOT IN ('pool', 'account')
  GROUP BY day, batch, insutype, fund, bearer, party, home_pool, care_pool;

-- The multilateral net over the gross matrix; name '' = over all pools (to look at), else of a group that pays it.
CREATE TABLE net_position (
  day date NOT NULL, batch smallint NOT NULL, name text NOT NULL, insutype text NOT NULL, fund text NOT NULL,
  pool integer NOT NULL, receivable_fen bigint NOT NULL, payable_fen bigint NOT NULL, amount_fen bigint NOT NULL,
  PRIMARY KEY (day, batch, name, insutype, fund, pool), FOREIGN KEY (day, batch) REFERENCES run,
  CONSTRAINT net_position_difference CHECK (amount_fen = receivable_fen - payable_fen)
);

-- The net of some runs' gross matrices as they stand: name as above.
CREATE VIEW net_of_gross AS
  WITH cell AS (
    SELECT g.day, g.batch, ''::text AS name, insutype, fund, debtor, creditor, amount_fen FROM gross_position g
    UNION ALL
    SELECT g.day, g.batch, d.name, insutype, fund, debtor, creditor, amount_fen FROM gross_position g
      JOIN run_group d ON (d.day, d.batch, d.pool) = (g.day, g.batch, g.debtor)
      JOIN run_group c ON (c.day, c.batch, c.pool) = (g.day, g.batch, g.creditor) AND c.name = d.name)
  SELECT day, batch, name, insutype, fund, pool, isum(receivable_fen) AS receivable_fen, isum(payable_fen) AS payable_fen,
    isum(receivable_fen - payable_fen) AS amount_fen
  FROM (SELECT day, batch, name, insutype, fund, debtor AS pool, 0 AS receivable_fen, amount_fen AS payable_fen FROM cell
    UNION ALL SELECT day, batch, name, insutype, fund, creditor, amount_fen, 0 FROM cell) sides
  GROUP BY day, batch, name, insutype, fund, pool;

-- A run's sums by fund: between two pools, and by institution. Sets only, one look at the sums each.
CREATE FUNCTION publish_positions(wanted_day date, wanted_batch smallint) RETURNS void LANGUAGE plpgsql
  SET enable_sort = off SET work_mem = '64MB' AS $$
DECLARE lost record;
BEGIN
  INSERT INTO pool_sum
    WITH paid AS MATERIALIZED (
      SELECT home_pool, care_pool, insutype, route, sign, commercial_payer, isum(items) AS items, isum(pooled_fen) AS pooled_fen, isum(big_illness_fen) AS big_illness_fen,
        isum(large_fen) AS large_fen, isum(civil_fen) AS civil_fen, isum(enterprise_fen) AS enterprise_fen,
        isum(disabled_fen) AS disabled_fen, isum(aid_fen) AS aid_fen, isum(commercial_fen) AS commercial_fen,
        isum(other_fen) AS other_fen, isum(account_fen) AS account_fen
      FROM run_counted WHERE day = wanted_day AND batch = wanted_batch
      GROUP BY home_pool, care_pool, insutype, route, sign, commercial_payer),
    scheme AS (SELECT insutype, payer, fund, bearer FROM run_fund WHERE day = wanted_day AND batch = wanted_batch),
    told AS (SELECT bearer, home_pool, party FROM run_outside WHERE day = wanted_day AND batch = wanted_batch)
    SELECT wanted_day, wanted_batch, home_pool, care_pool, insutype, route, sign, coalesce(fund, '?' || payer),
      coalesce(bearer, '?'), CASE WHEN bearer = 'commercial' THEN
        coalesce(nullif(commercial_payer, ''), 'commercial:' || home_pool)
        WHEN bearer IN ('carrier', 'aid') THEN coalesce(party, bearer || ':' || home_pool) ELSE '' END AS party,
      isum(items), isum(fen)
    FROM paid CROSS JOIN LATERAL (VALUES ('pooled_fen', pooled_fen), ('big_illness_fen', big_illness_fen),
      ('large_fen', large_fen), ('civil_fen', civil_fen), ('enterprise_fen', enterprise_fen),
      ('disabled_fen', disabled_fen), ('aid_fen', aid_fen), ('commercial_fen', commercial_fen),
      ('other_fen', other_fen), ('account', account_fen)) each (payer, fen)
    LEFT JOIN scheme USING (insutype, payer) LEFT JOIN told USING (bearer, home_pool)
    WHERE fen <> 0
    GROUP BY 3, 4, 5, 6, 7, 8, 9, 10;
  SELECT insutype, substr(fund, 2) AS payer INTO lost FROM pool_sum
    WHERE day = wanted_day AND batch = wanted_batch AND bearer = '?' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'scheme.toml names no fund for what % pays under insurance %', lost.payer, lost.insutype
      USING ERRCODE = 'SG203', CONSTRAINT = 'fund_known';
  END IF;
  INSERT INTO institution_sum
    WITH paid AS MATERIALIZED (
      SELECT care_pool, CASE route WHEN 1 THEN home_pool ELSE care_pool END AS pays_pool, fixmedins_code, insutype,
        route, sign, isum(items) AS items, isum(pooled_fen) AS pooled_fen, isum(big_illness_fen) AS big_illness_fen,
        isum(large_fen) AS large_fen, isum(civil_fen) AS civil_fen, isum(enterprise_fen) AS enterprise_fen,
        isum(disabled_fen) AS disabled_fen, isum(aid_fen) AS aid_fen, isum(commercial_fen) AS commercial_fen,
        isum(other_fen) AS other_fen, isum(account_fen) AS account_fen
      FROM run_counted WHERE day = wanted_day AND batch = wanted_batch
      GROUP BY 1, 2, 3, 4, 5, 6),
    scheme AS (SELECT insutype, payer, fund, bearer FROM run_fund WHERE day = wanted_day AND batch = wanted_batch)
    SELECT wanted_day, wanted_batch, fixmedins_code,
      CASE WHEN bearer IN ('pool', 'account') THEN pays_pool ELSE care_pool END AS book_pool,
      insutype, route, sign, fund, bearer, isum(items), isum(fen)
    FROM paid CROSS JOIN LATERAL (VALUES ('pooled_fen', pooled_fen), ('big_illness_fen', big_illness_fen),
      ('large_fen', large_fen), ('civil_fen', civil_fen), ('enterprise_fen', enterprise_fen),
      ('disabled_fen', disabled_fen), ('aid_fen', aid_fen), ('commercial_fen', commercial_fen),
      ('other_fen', other_fen), ('account', account_fen)) each (payer, fen)
    JOIN scheme USING (insutype, payer)
    WHERE fen <> 0
    GROUP BY 3, 4, 5, 6, 7, 8, 9;
  INSERT INTO net_position SELECT * FROM net_of_gross WHERE day = wanted_day AND batch = wanted_batch;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['run_scheme', 'run_fund', 'run_outside', 'run_group', 'pool_sum', 'institution_sum',
    'net_position'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION never_changed()', one);
  END LOOP;
END $$;
