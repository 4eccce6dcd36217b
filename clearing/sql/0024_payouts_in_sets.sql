-- What approved payouts pay, as before, without summing every month's document to find one; and which payouts may still have
-- somebody whom no set pays.
CREATE OR REPLACE VIEW payout_owed AS
  SELECT l.proposal, l.day::text AS period, l.book_pool, l.fixmedins_code, l.insutype, l.fund,
    isum(l.amount_fen) AS amount_fen
  FROM payout_paid p JOIN payout_line l USING (proposal, day, batch)
  GROUP BY l.proposal, l.day, l.book_pool, l.fixmedins_code, l.insutype, l.fund HAVING isum(l.amount_fen) > 0
  UNION ALL
  SELECT m.proposal, left(m.month, 4) || '-' || right(m.month, 2), i.book_pool, i.fixmedins_code, i.insutype, i.fund,
    isum(i.amount_fen)
  FROM month_paid m JOIN month_final f ON f.month = m.month JOIN month_institution i ON i.proposal = f.proposal
  WHERE i.bearer IN ('pool', 'account')
  GROUP BY m.proposal, m.month, i.book_pool, i.fixmedins_code, i.insutype, i.fund HAVING isum(i.amount_fen) > 0;
CREATE VIEW payout_open AS
  SELECT p.proposal FROM (SELECT proposal FROM payout_paid UNION SELECT proposal FROM month_paid) p
  WHERE NOT EXISTS (SELECT FROM instruction_institution i WHERE i.proposal = p.proposal)
    OR EXISTS (SELECT FROM instruction_institution i JOIN instruction_left_out o USING (period)
      WHERE i.proposal = p.proposal AND NOT EXISTS (SELECT FROM instruction_institution later
        WHERE (later.proposal, later.fixmedins_code) = (p.proposal, o.fixmedins_code)));
