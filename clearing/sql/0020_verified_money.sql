-- What the general ledger must say, worked out from what each journal comes from: `verify` holds the books against it. The
-- same rules as those that booked (gl_post_run, month_book, payout_pay, …), said a second time.

-- Of runs; by day.
CREATE VIEW run_meant AS
  WITH pools AS (SELECT *, CASE sign WHEN 1 THEN '' ELSE '_undone' END AS undone,
      CASE bearer WHEN 'account' THEN 'personal_account_liability' ELSE 'benefit_expense' END AS expense FROM pool_sum),
  line AS (
    SELECT day, batch, line.kind || undone AS kind, line.pool, insutype, fund, line.name, line.party, line.fen
    FROM pools CROSS JOIN LATERAL (VALUES
      ('benefits', home_pool, expense, '', amount_fen), ('benefits', home_pool, 'payable_to_care', care_pool::text, -amount_fen),
      ('services', care_pool, 'receivable_from_home', home_pool::text, amount_fen)) line (kind, pool, name, party, fen)
    WHERE bearer IN ('pool', 'account') AND route <> 1
    UNION ALL SELECT day, batch, 'local' || undone, home_pool, insutype, fund, expense, '', amount_fen
    FROM pools WHERE bearer IN ('pool', 'account') AND route = 1
    UNION ALL SELECT day, batch, 'outside' || undone, care_pool, insutype, fund, 'receivable_from_payer', party, amount_fen
    FROM pools WHERE bearer NOT IN ('pool', 'account')
    UNION ALL SELECT day, batch, CASE WHEN bearer NOT IN ('pool', 'account') THEN 'outside' WHEN route = 1 THEN 'local'
        ELSE 'services' END || CASE sign WHEN 1 THEN '' ELSE '_undone' END,
      book_pool, insutype, fund, 'payable_to_institution', fixmedins_code, -amount_fen FROM institution_sum)
  SELECT day, batch, kind, ''::text AS ref, pool, insutype, fund, name, party, fen AS amount_fen FROM line;

-- Of closed months' documents; ref: the month.
CREATE VIEW document_meant AS
  SELECT (to_date(f.month, 'YYYYMM') + interval '1 month - 1 day')::date AS about, 0::smallint AS batch, each.kind, f.month AS ref, each.pool,
    each.insutype, each.fund, each.name, each.party, each.fen AS amount_fen
  FROM month_final f CROSS JOIN LATERAL (
    SELECT 'prepayment_drawn' AS kind, line.pool, p.insutype, p.fund, line.name, line.party, line.fen
    FROM month_pool p CROSS JOIN LATERAL (VALUES
      (p.home_pool, 'payable_to_care', p.care_pool::text, -p.amount_fen),
      (p.home_pool, 'prepay_asset', p.care_pool::text, p.amount_fen),
      (p.care_pool, 'prepay_liability', p.home_pool::text, -p.amount_fen),
      (p.care_pool, 'receivable_from_home', p.home_pool::text, p.amount_fen)) line (pool, name, party, fen)
    WHERE p.proposal = f.proposal AND p.part = 'prepaid'
    UNION ALL SELECT 'advance_recovered', i.book_pool, i.insutype, i.fund, line.name, i.fixmedins_code, line.fen
    FROM month_institution i CROSS JOIN LATERAL (VALUES ('payable_to_institution', -i.amount_fen),
      ('advance_to_institution', i.amount_fen)) line (name, fen)
    WHERE i.proposal = f.proposal AND i.part = 'advanced'
    UNION ALL SELECT 'deducted', line.pool, p.insutype, p.fund, line.name, line.party, line.fen
    FROM month_pool p CROSS JOIN LATERAL (VALUES
      (p.home_pool, 'payable_to_care', p.care_pool::text, -p.amount_fen),
      (p.home_pool, CASE p.bearer WHEN 'account' THEN 'personal_account_liability' ELSE 'benefit_expense' END, '',
        p.amount_fen),
      (p.care_pool, 'receivable_from_home', p.home_pool::text, p.amount_fen)) line (pool, name, party, fen)
    WHERE p.proposal = f.proposal AND p.part = 'deducted'
    UNION ALL SELECT 'deducted', i.book_pool, i.insutype, i.fund, 'payable_to_institution', i.fixmedins_code,
      -i.amount_fen
    FROM month_institution i WHERE i.proposal = f.proposal AND i.part = 'deducted') each;

-- Of what was paid ahead, and of what a closed month leaves to pay; ref: the proposal, or the month. about: the day that it
-- is about, which is not always the day it was booked.
CREATE VIEW ahead_meant AS
  SELECT about, 0::smallint AS batch, kind, ref, line.pool, insutype, fund, line.name, line.party, line.fen AS amount_fen FROM (
    SELECT r.day AS about, 'prepaid' AS kind, r.proposal::text AS ref, (p.detail ->> 'home_pool')::integer AS payer,
      (p.detail ->> 'care_pool')::integer AS pool, p.detail ->> 'insutype' AS insutype, p.detail ->> 'fund' AS fund,
      ''::text AS party, p.amount_fen
    FROM prepayment_receipt r JOIN proposal_state p ON p.id = r.proposal AND p.kind = 'top_up' AND p.state = 'approved'
    UNION ALL SELECT a.day, 'payout', a.proposal::text, 0, l.book_pool, l.insutype, l.fund, l.fixmedins_code, l.amount_fen
    FROM payout_paid a JOIN payout_line l USING (proposal, day, batch)
      JOIN proposal_state p ON p.id = a.proposal AND p.kind = 'payout' AND p.state = 'approved'
    UNION ALL SELECT y.day, 'advance', y.proposal::text, 0, a.book_pool, a.insutype, a.fund, a.fixmedins_code, p.amount_fen
    FROM advance_payment y JOIN advance_application a USING (proposal)
      JOIN proposal_state p ON p.id = y.proposal AND p.kind = 'advance' AND p.state = 'approved'
    UNION ALL SELECT (to_date(m.month, 'YYYYMM') + interval '1 month - 1 day')::date, 'institution_paid', m.month, 0,
      l.book_pool, l.insutype, l.fund, l.fixmedins_code, isum(l.to_pay_fen)
    FROM month_paid m JOIN proposal_state p ON p.id = m.proposal AND p.kind = 'payout' AND p.state = 'approved'
      JOIN month_final f ON f.month = m.month JOIN month_institution_line l ON l.proposal = f.proposal
    WHERE l.bearer IN ('pool', 'account') GROUP BY 1, 3, 5, 6, 7, 8 HAVING isum(l.to_pay_fen) > 0) paid
  CROSS JOIN LATERAL (
    SELECT * FROM (VALUES (paid.payer, 'prepay_asset', paid.pool::text, paid.amount_fen),
        (paid.payer, 'cash', '', -paid.amount_fen), (paid.pool, 'cash', '', paid.amount_fen),
        (paid.pool, 'prepay_liability', paid.payer::text, -paid.amount_fen)) prepaid (pool, name, party, fen)
      WHERE paid.kind = 'prepaid'
    UNION ALL SELECT * FROM (VALUES (paid.pool, CASE paid.kind WHEN 'institution_paid' THEN 'payable_to_institution'
          ELSE 'advance_to_institution' END, paid.party, paid.amount_fen), (paid.pool, 'cash', '', -paid.amount_fen))
        other (pool, name, party, fen)
      WHERE paid.kind <> 'prepaid') line;

-- Of instructions that the bank has carried out, and of what came back; ref: period/number.
CREATE VIEW instruction_meant AS
  SELECT b.day AS about, CASE number % 2 WHEN 1 THEN 'paid' ELSE 'paid_undone' END AS kind,
    b.period || '/' || b.number AS ref, b.batch, line.pool, o.insutype, o.fund, line.name, line.party,
    (CASE number % 2 WHEN 1 THEN 1 ELSE -1 END) * line.fen AS amount_fen
  FROM instruction_booked b JOIN instruction_owed o ON (o.period, o.batch) = (b.period, b.batch) AND o.amount_fen <> 0
  CROSS JOIN LATERAL (VALUES
      (o.debtor, CASE o.fund WHEN 'wallet' THEN 'payable_to_pool' ELSE 'payable_to_care' END, o.creditor::text,
        o.amount_fen), (o.debtor, 'cash', '', -o.amount_fen), (o.creditor, 'cash', '', o.amount_fen),
      (o.creditor, CASE o.fund WHEN 'wallet' THEN 'receivable_from_pool' ELSE 'receivable_from_home' END,
        o.debtor::text, -o.amount_fen)) line (pool, name, party, fen);

-- What is left of each prepayment by what moved it, against what the books say is left.
CREATE VIEW prepayment_off AS
  SELECT home_pool, care_pool, insutype, fund, isum(fen) AS off_fen FROM (
    SELECT home_pool, care_pool, insutype, fund, balance_fen AS fen FROM prepayment_balance
    UNION ALL SELECT (p.detail ->> 'home_pool')::integer, (p.detail ->> 'care_pool')::integer, p.detail ->> 'insutype',
      p.detail ->> 'fund', -p.amount_fen FROM prepayment_receipt r JOIN proposal p ON p.id = r.proposal
    UNION ALL SELECT home_pool, care_pool, insutype, fund, -amount_fen
      FROM month_final f JOIN month_pool m USING (proposal) WHERE m.part = 'prepaid') moved
  GROUP BY home_pool, care_pool, insutype, fund HAVING isum(fen) <> 0;
