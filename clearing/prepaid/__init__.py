"""Money that moves ahead of the bill or after an audit: prepayments, payouts, advances, deductions."""
