-- A decision whose home and care pool were exchanged has another hash. hashint8extended folds the halves of a number into
-- each other, so with a pool in each half the two orders were one; written as one number of twelve digits they are not.
CREATE OR REPLACE FUNCTION day_hashes_query(book text, peer_column text, wanted_peer text, looked_at integer[]) RETURNS text
  LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE folded text := 'hashbyteaextended(id, hashbyteaextended(coalesce(settlement, ''''), hashtextextended('
    'concat_ws(''/'', fixmedins_code, insutype, clr_type, psn_no, commercial_payer), 0)))'; number text;
BEGIN
  FOREACH number IN ARRAY ARRAY['decided_ms', '(kind + 8 * status + 64 * sign + 1000 * route)::bigint',
    'home_pool::bigint * 1000000 + care_pool', 'total_fen', 'full_self_fen', 'over_limit_fen', 'first_pay_fen',
    'in_scope_fen', 'deductible_fen', 'pooled_fen', 'big_illness_fen', 'large_fen', 'civil_fen', 'enterprise_fen',
    'disabled_fen', 'aid_fen', 'commercial_fen', 'other_fen', 'account_fen', 'family_fen', 'cash_fen', 'hospital_fen',
    'fund_sum_fen'] LOOP
    folded := format('hashint8extended(%s, %s)', number, folded);
  END LOOP;
  RETURN format('SELECT id, bucket_of(id, $3) AS bucket, ' || replace(folded, '%', '%%') || ' AS hash FROM %I'
    ' WHERE day = $1 AND %I = %L%s', book, peer_column, wanted_peer,
    CASE WHEN looked_at IS NULL THEN '' ELSE ' AND bucket_of(id, $3) = any($4)' END);
END $$;
