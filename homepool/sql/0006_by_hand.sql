-- Manual reimbursement (零星报销): a bill that the person has paid in full, paid back by hand. Its rows have the region
-- 'manual', which no care region may be called; they feed the same accumulators and belong to no clearing.

-- The invoices that were paid by hand and live: decision_written keeps them, so that two live payments of one invoice by
-- hand cannot be written. A direct settlement looks here through the person who names the invoice.
CREATE TABLE hand_paid (
  invoice text COLLATE "C" PRIMARY KEY, id bytea NOT NULL, psn_no text COLLATE "C" NOT NULL
);
CREATE INDEX hand_paid_psn_no ON hand_paid (psn_no);
CREATE INDEX hand_paid_id ON hand_paid (id);
GRANT SELECT ON hand_paid TO book_writer;

-- What was applied for, and which operator did what. Written in the transaction of the decision.
CREATE TABLE reimbursement (
  id bytea PRIMARY KEY,  -- of the decision
  pool integer NOT NULL, application text NOT NULL, psn_no text COLLATE "C" NOT NULL, invoice text NOT NULL,
  institution text NOT NULL,  -- code or name: it need not be in any directory
  decided_by text NOT NULL, decided_at timestamptz NOT NULL DEFAULT now(),
  cancel bytea, cancelled_by text, cancelled_at timestamptz,
  CONSTRAINT reimbursement_application UNIQUE (pool, application),
  CONSTRAINT reimbursement_cancel CHECK ((cancel IS NULL) = (cancelled_by IS NULL)
    AND (cancel IS NULL) = (cancelled_at IS NULL))
);

-- W2 as in 0001, and the invoices of what is paid by hand.
CREATE OR REPLACE FUNCTION decision_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE head record; draw record; inserted bytea[]; moved bigint; drawn bigint := 0;
BEGIN
  SELECT count(*) AS n, count(version) AS heads, max(version) AS version, min(partition) AS partition,
    max(partition) AS partition_max, min(term) AS term, max(term) AS term_max, min(number) AS lo, max(number) AS hi,
    min(day) AS day, max(day) AS day_max, min(deadline_ms) FILTER (WHERE sign <> 0) AS deadline_ms,
    count(*) FILTER (WHERE sign <> 0) AS moves, count(DISTINCT bill) FILTER (WHERE sign <> 0) AS bills,
    count(*) FILTER (WHERE undoes IS NOT NULL OR seals) AS undoing, count(*) FILTER (WHERE month <> 0) AS months,
    count(*) FILTER (WHERE account_fen <> 0 OR family_psn_no IS NOT NULL) AS draws,
    isum(account_fen + family_fen) AS drawn, count(*) FILTER (WHERE region = 'manual' AND sign <> 0) AS by_hand
    INTO head FROM new_rows;
  IF head.n = 0 THEN RETURN NULL; END IF;
  IF head.heads <> 1 OR head.day <> head.day_max OR head.partition <> head.partition_max
    OR head.term <> head.term_max THEN
    RAISE EXCEPTION 'a flush has one head, one partition, one term, one day'
      USING ERRCODE = 'SG000', CONSTRAINT = 'flush_head';
  END IF;

  -- the cursor first: it makes everything that this writer read and cached still true
  UPDATE cursor c SET version = c.version + 1, next_number = head.hi + 1, day = head.day
    WHERE c.partition = head.partition AND c.term = head.term AND c.version = head.version
      AND c.next_number = head.lo AND c.day <= head.day;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the cursor has moved' USING ERRCODE = 'SG001', CONSTRAINT = 'cursor_stands';
  END IF;
  IF head.hi - head.lo + 1 <> head.n THEN
    RAISE EXCEPTION 'numbers have a gap' USING ERRCODE = 'SG002', CONSTRAINT = 'number_dense';
  END IF;
  IF head.deadline_ms < (extract(epoch FROM clock_timestamp()) * 1000)::bigint THEN
    RAISE EXCEPTION 'a deadline has passed' USING ERRCODE = 'SG004', CONSTRAINT = 'deadline_stands';
  END IF;

  INSERT INTO claim (id, partition, number, day) SELECT id, partition, number, day FROM new_rows ORDER BY id;
  IF head.undoing > 0 THEN  -- what was undone, revived and sealed: the last row of each id wins
    UPDATE claim c SET undone_by = CASE WHEN e.changes THEN e.undone_by ELSE c.undone_by END,
        sealed = c.sealed OR e.sealed
      FROM (SELECT id, bool_or(changes) AS changes, bool_or(seals) AS sealed,
          (array_agg(undone_by ORDER BY number DESC) FILTER (WHERE changes))[1] AS undone_by
        FROM (SELECT undoes AS id, true AS changes, id AS undone_by, false AS seals, number
            FROM new_rows WHERE undoes IS NOT NULL
          UNION ALL SELECT settlement, true, NULL, false, number FROM new_rows WHERE undoes IS NOT NULL AND sign > 0
          UNION ALL SELECT settlement, false, NULL, true, number FROM new_rows WHERE seals) effect
        GROUP BY id ORDER BY id) e
      WHERE c.id = e.id;
  END IF;

  -- bills: what is paid for the first time goes straight in, the rest by the sum of signs; alive must stay 0 or 1
  IF head.moves > 0 THEN
    WITH net AS MATERIALIZED (
      SELECT bill, min(visit) AS visit, isum(sign) AS sign,
        (array_agg(CASE WHEN sign > 0 THEN settlement END ORDER BY number DESC))[1] AS live
      FROM new_rows WHERE sign <> 0 GROUP BY bill),
    first AS (
      INSERT INTO bill (bill, visit, alive, live) SELECT bill, visit, sign, live FROM net WHERE sign >= 0 ORDER BY bill
      ON CONFLICT (bill) DO NOTHING RETURNING bill)
    SELECT coalesce(array_agg(bill), '{}'::bytea[]) INTO inserted FROM first;
    IF cardinality(inserted) <> head.bills THEN
      WITH net AS MATERIALIZED (
        SELECT bill, isum(sign) AS sign,
          (array_agg(CASE WHEN sign > 0 THEN settlement END ORDER BY number DESC))[1] AS live
        FROM new_rows WHERE sign <> 0 AND bill <> ALL (inserted) GROUP BY bill ORDER BY bill),
      known AS (
        UPDATE bill b SET alive = b.alive + net.sign, live = net.live FROM net WHERE b.bill = net.bill RETURNING 1)
      SELECT count(*) INTO moved FROM known;
      IF moved <> head.bills - cardinality(inserted) THEN
        RAISE EXCEPTION 'a bill that is undone is not there' USING ERRCODE = '23514', CONSTRAINT = 'bill_alive';
      END IF;
    END IF;

    -- accumulators of the year, then of the month; aggregated first, for UPDATE FROM applies one of several matches
    WITH total AS MATERIALIZED (
      SELECT psn_no, insutype, year::integer AS period, isum(deltas[1]) AS d1, isum(deltas[2]) AS d2,
        isum(deltas[3]) AS d3, isum(deltas[4]) AS d4, isum(deltas[5]) AS d5, isum(deltas[6]) AS d6,
        isum(deltas[7]) AS d7, isum(deltas[8]) AS d8, isum(deltas[9]) AS d9, isum(deltas[10]) AS d10,
        isum(deltas[11]) AS d11, isum(deltas[12]) AS d12, isum(deltas[13]) AS d13, isum(deltas[14]) AS d14,
        isum(deltas[15]) AS d15, isum(deltas[16]) AS d16, isum(deltas[17]) AS d17
      FROM new_rows WHERE deltas IS NOT NULL GROUP BY psn_no, insutype, year ORDER BY psn_no, insutype, year),
    known AS (
      UPDATE accumulator a SET inpatient_deductible = a.inpatient_deductible + d1,
        outpatient_deductible = a.outpatient_deductible + d2, chronic_deductible = a.chronic_deductible + d3,
        pooled = a.pooled + d4, outpatient_pooled = a.outpatient_pooled + d5, chronic_pooled = a.chronic_pooled + d6,
        maternity_pooled = a.maternity_pooled + d7, in_scope = a.in_scope + d8,
        big_illness_base = a.big_illness_base + d9, big_illness_paid = a.big_illness_paid + d10,
        supplement_base = a.supplement_base + d11, supplement_paid = a.supplement_paid + d12,
        aid_base = a.aid_base + d13, aid_paid = a.aid_paid + d14, commercial_base = a.commercial_base + d15,
        commercial_paid = a.commercial_paid + d16, admissions = a.admissions + d17
      FROM total t WHERE a.psn_no = t.psn_no AND a.insutype = t.insutype AND a.period = t.period RETURNING 1)
    SELECT (SELECT count(*) FROM total) - (SELECT count(*) FROM known) INTO moved;
    IF moved > 0 THEN
      INSERT INTO accumulator
        SELECT psn_no, insutype, year, isum(deltas[1]), isum(deltas[2]), isum(deltas[3]), isum(deltas[4]),
          isum(deltas[5]), isum(deltas[6]), isum(deltas[7]), isum(deltas[8]), isum(deltas[9]), isum(deltas[10]),
          isum(deltas[11]), isum(deltas[12]), isum(deltas[13]), isum(deltas[14]), isum(deltas[15]),
          isum(deltas[16]), isum(deltas[17])
        FROM new_rows n WHERE deltas IS NOT NULL AND NOT EXISTS (SELECT FROM accumulator a
          WHERE a.psn_no = n.psn_no AND a.insutype = n.insutype AND a.period = n.year)
        GROUP BY psn_no, insutype, year ORDER BY psn_no, insutype, year;
    END IF;
  END IF;
  IF head.months > 0 THEN
    INSERT INTO accumulator AS a (psn_no, insutype, period, in_scope, pooled)
      SELECT psn_no, insutype, month, isum(month_in_scope_fen), isum(month_pooled_fen)
      FROM new_rows WHERE month <> 0 GROUP BY psn_no, insutype, month ORDER BY psn_no, insutype, month
      ON CONFLICT (psn_no, insutype, period)
      DO UPDATE SET in_scope = a.in_scope + excluded.in_scope, pooled = a.pooled + excluded.pooled;
  END IF;

  -- invoices that were paid by hand and live: what is taken back frees its invoice, and no invoice is there twice
  IF head.by_hand > 0 THEN
    DELETE FROM hand_paid h USING new_rows n WHERE n.region = 'manual' AND n.sign < 0 AND h.id = n.settlement;
    INSERT INTO hand_paid (invoice, id, psn_no)
      SELECT invoice, settlement, psn_no FROM new_rows n
      WHERE region = 'manual' AND sign > 0 AND NOT EXISTS (SELECT FROM new_rows later
        WHERE later.settlement = n.settlement AND later.sign < 0 AND later.number > n.number)
      ORDER BY invoice;
  END IF;

  -- account draws, one by one in key order, the only rows that several writers share; each on the balance it read
  IF head.draws > 0 THEN
    FOR draw IN
      SELECT psn_no COLLATE "C" AS psn_no, number, 0 AS place, account_fen AS fen, account_read_fen AS read_fen
        FROM new_rows WHERE account_fen <> 0
      UNION ALL SELECT f.psn_no COLLATE "C", n.number, f.place, f.fen, f.read_fen
        FROM new_rows n, unnest(n.family_psn_no, n.family_amount_fen, n.family_read_fen)
          WITH ORDINALITY AS f(psn_no, fen, read_fen, place) WHERE n.family_psn_no IS NOT NULL
      ORDER BY 1, 2, 3
    LOOP
      UPDATE account a SET balance_fen = a.balance_fen - draw.fen
        WHERE a.psn_no = draw.psn_no AND (draw.read_fen IS NULL OR a.balance_fen = draw.read_fen);
      IF NOT FOUND THEN
        RAISE EXCEPTION 'an account has another balance' USING ERRCODE = 'SG005', CONSTRAINT = 'account_draw';
      END IF;
      drawn := drawn + draw.fen;
    END LOOP;
  END IF;
  IF drawn IS DISTINCT FROM head.drawn THEN
    RAISE EXCEPTION 'draws differ from the account columns' USING ERRCODE = 'SG006', CONSTRAINT = 'draw_sum';
  END IF;
  RETURN NULL;
END $$;
