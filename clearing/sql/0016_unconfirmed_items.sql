-- What an institution did not confirm is withheld also where its own statement lacks it: only what stands in a difference of
-- the books is left to that difference, for the books do not agree on what it pays.
CREATE OR REPLACE FUNCTION month_unconfirmed(wanted text) RETURNS SETOF apportioned LANGUAGE sql STABLE AS $$
  SELECT a.* FROM apportioned a WHERE a.month = wanted AND a.confirmed_by IS NULL
    AND NOT EXISTS (SELECT FROM difference d WHERE d.setl_id = a.setl_id AND d.institution IS NULL)
    AND (EXISTS (SELECT FROM month_due(wanted) m WHERE m.day = a.day)
      OR EXISTS (SELECT FROM month_withheld w WHERE w.setl_id = a.setl_id
        AND w.proposal = (SELECT proposal FROM month_final WHERE month < wanted ORDER BY month DESC LIMIT 1)))
$$;
