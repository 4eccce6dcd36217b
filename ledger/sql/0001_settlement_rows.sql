-- The settlement row of both books, with the national identities (I1-I7) as constraints, and the day's leaf.
-- A book is declared as (LIKE settlement_row INCLUDING ALL, ...) PARTITION BY LIST (day).

DO $$ BEGIN
  CREATE ROLE book_writer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- a role belongs to the server, not to the database
END $$;

CREATE TABLE settlement_row (
  node smallint NOT NULL, partition smallint NOT NULL, term bigint NOT NULL, number bigint NOT NULL, day date NOT NULL,
  id bytea NOT NULL, kind smallint NOT NULL, status smallint NOT NULL, code text NOT NULL, digest bytea NOT NULL,
  decided_ms bigint NOT NULL, region text NOT NULL, fixmedins_code text NOT NULL,
  home_pool integer NOT NULL, care_pool integer NOT NULL, psn_no text NOT NULL, insutype text NOT NULL,
  med_type text NOT NULL, clr_type text NOT NULL, route smallint NOT NULL,
  visit bytea, bill bytea, target bytea, undoes bytea, settlement bytea, seals boolean NOT NULL,
  year smallint NOT NULL, sign smallint NOT NULL, fund_includes_account boolean NOT NULL,
  asked_fen bigint NOT NULL, total_fen bigint NOT NULL,
  full_self_fen bigint NOT NULL, over_limit_fen bigint NOT NULL, first_pay_fen bigint NOT NULL,
  in_scope_fen bigint NOT NULL, deductible_fen bigint NOT NULL,
  pooled_fen bigint NOT NULL, big_illness_fen bigint NOT NULL, large_fen bigint NOT NULL, civil_fen bigint NOT NULL,
  enterprise_fen bigint NOT NULL, disabled_fen bigint NOT NULL, aid_fen bigint NOT NULL,
  commercial_fen bigint NOT NULL, other_fen bigint NOT NULL, account_fen bigint NOT NULL, family_fen bigint NOT NULL,
  cash_fen bigint NOT NULL, hospital_fen bigint NOT NULL, fund_sum_fen bigint NOT NULL,
  commercial_payer text NOT NULL, deltas bigint[], month integer NOT NULL,
  month_in_scope_fen bigint NOT NULL, month_pooled_fen bigint NOT NULL,
  family_psn_no text[], family_amount_fen bigint[], line_keys bigint[], policy_version text NOT NULL,
  answer bytea NOT NULL,
  CONSTRAINT row_id CHECK (octet_length(id) = 16 AND octet_length(digest) = 32),
  CONSTRAINT row_outcome CHECK (kind BETWEEN 1 AND 5 AND status BETWEEN 1 AND 5),
  -- I4: the bill is what its payers pay, so that every row is a balanced posting by its shape
  CONSTRAINT row_zero_sum CHECK (total_fen = pooled_fen + big_illness_fen + large_fen + civil_fen + enterprise_fen
    + disabled_fen + aid_fen + commercial_fen + other_fen + account_fen + family_fen + cash_fen + hospital_fen),
  -- I1: M = a + b + c + s
  CONSTRAINT row_scope CHECK (total_fen = full_self_fen + over_limit_fen + first_pay_fen + in_scope_fen),
  -- I2 with the dialect I8: the fund's sum with or without the personal account
  CONSTRAINT row_fund_sum CHECK (fund_sum_fen = pooled_fen + big_illness_fen + large_fen + civil_fen + enterprise_fen
    + disabled_fen + aid_fen + commercial_fen + other_fen
    + CASE WHEN fund_includes_account THEN account_fen + family_fen ELSE 0 END),
  -- I6: 0 <= deductible <= in scope, in the sign of the row
  CONSTRAINT row_deductible CHECK (sign * deductible_fen >= 0 AND sign * (in_scope_fen - deductible_fen) >= 0),
  -- every amount has the sign of the row; without a sign nothing moves
  CONSTRAINT row_sign CHECK (CASE sign
    WHEN 0 THEN total_fen = 0 AND in_scope_fen = 0 AND greatest(abs(full_self_fen), abs(over_limit_fen),
      abs(first_pay_fen), abs(deductible_fen), abs(pooled_fen), abs(big_illness_fen), abs(large_fen), abs(civil_fen),
      abs(enterprise_fen), abs(disabled_fen), abs(aid_fen), abs(commercial_fen), abs(other_fen), abs(account_fen),
      abs(family_fen), abs(cash_fen), abs(hospital_fen)) = 0 AND deltas IS NULL AND family_psn_no IS NULL
    ELSE sign IN (-1, 1) AND least(sign * total_fen, sign * full_self_fen, sign * over_limit_fen,
      sign * first_pay_fen, sign * in_scope_fen, sign * pooled_fen, sign * big_illness_fen, sign * large_fen,
      sign * civil_fen, sign * enterprise_fen, sign * disabled_fen, sign * aid_fen, sign * commercial_fen,
      sign * other_fen, sign * account_fen, sign * family_fen, sign * cash_fen, sign * hospital_fen) >= 0 END),
  CONSTRAINT row_moves CHECK ((sign <> 0) = (status = 1 OR undoes IS NOT NULL)
    AND (sign = 0 OR settlement IS NOT NULL) AND (NOT seals OR settlement IS NOT NULL)
    AND (undoes IS NULL OR kind IN (2, 3, 4))),
  CONSTRAINT row_asked CHECK (asked_fen >= 0),
  CONSTRAINT row_family CHECK ((family_psn_no IS NULL) = (family_amount_fen IS NULL)
    AND (family_psn_no IS NULL) = (family_fen = 0)),
  CONSTRAINT row_deltas CHECK (deltas IS NULL OR array_length(deltas, 1) = 17)
);
REVOKE ALL ON settlement_row FROM PUBLIC;

-- sum(bigint) that is bigint and 0 over no rows: `NULL <> n` is not true, and a guard that compares so lets all pass
CREATE AGGREGATE isum(bigint) (sfunc = int8pl, stype = bigint, initcond = '0');

-- Makes the leaf of a day, unless it is there. LIKE + CHECK + ATTACH, never PARTITION OF, which locks out readers and
-- writers. Each leaf carries the statement trigger itself, for a leaf does not inherit it, and the writer's role may
-- insert into leaves only: what goes past the trigger goes nowhere.
CREATE FUNCTION make_leaf(parent text, leaf_day date, trigger_function text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE leaf text := parent || '_' || to_char(leaf_day, 'YYYYMMDD');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('make_leaf ' || parent));
  IF to_regclass(leaf) IS NOT NULL THEN RETURN leaf; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES, '
    'CONSTRAINT %I CHECK (day = %L))', leaf, parent, leaf || '_day', leaf_day);
  EXECUTE format('CREATE TRIGGER written AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION %I()', leaf, trigger_function);
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER written', leaf);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', parent, leaf, leaf_day);
  EXECUTE format('GRANT SELECT, INSERT ON %I TO book_writer', leaf);
  RETURN leaf;
END $$;
