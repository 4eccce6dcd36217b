-- The clearing database: a month is paid by what its document closed with, withheld rows, deductions and prepayments taken
-- off, less what days' instructions have paid of its runs already. So the month settles what the days paid ahead.

CREATE TABLE instruction_month (
  period text NOT NULL, batch smallint NOT NULL, proposal bigint NOT NULL UNIQUE REFERENCES month_final (proposal),
  PRIMARY KEY (period, batch), FOREIGN KEY (period, batch) REFERENCES instruction_set
);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON instruction_month FOR EACH STATEMENT
  EXECUTE FUNCTION never_changed();

-- What a set has to pay between pools, by the group that pays it net ('' = gross): of a day's set what its runs owe, with
-- the groups that they froze; of a month's what its document says, with the groups of its last run.
CREATE OR REPLACE VIEW instruction_owed AS
  WITH month_set AS (
    SELECT m.*, last.day AS last_day, last.batch AS last_batch FROM instruction_month m CROSS JOIN LATERAL
      (SELECT day, batch FROM month_run WHERE proposal = m.proposal ORDER BY day DESC, batch DESC LIMIT 1) last),
  cell AS (
    SELECT r.period, r.batch, insutype, fund, debtor, creditor, amount_fen, g.day, g.batch AS run_batch
      FROM instruction_run r JOIN gross_position g ON (g.day, g.batch) = (r.day, r.run_batch)
      WHERE NOT EXISTS (SELECT FROM instruction_month m WHERE (m.period, m.batch) = (r.period, r.batch))
    UNION ALL
    SELECT m.period, m.batch, insutype, fund, home_pool, care_pool, amount_fen, last_day, last_batch
      FROM month_set m JOIN month_pool p ON p.proposal = m.proposal
      WHERE NOT p.local AND p.bearer IN ('pool', 'account')
    UNION ALL
    SELECT m.period, m.batch, insutype, fund, debtor, creditor, -amount_fen, last_day, last_batch
      FROM month_set m JOIN month_run d ON d.proposal = m.proposal
      JOIN instruction_run r ON (r.day, r.run_batch) = (d.day, d.batch) AND (r.period, r.batch) <> (m.period, m.batch)
      JOIN gross_position g ON (g.day, g.batch) = (d.day, d.batch))
  SELECT cell.period, cell.batch, insutype, fund, debtor, creditor,
    CASE WHEN d.name = c.name THEN d.name ELSE '' END AS net_group, isum(amount_fen) AS amount_fen
  FROM cell LEFT JOIN run_group d ON (d.day, d.batch, d.pool) = (cell.day, run_batch, debtor)
  LEFT JOIN run_group c ON (c.day, c.batch, c.pool) = (cell.day, run_batch, creditor)
  GROUP BY cell.period, cell.batch, insutype, fund, debtor, creditor, 7;
