-- A class of its own for what both books agree on, under an insurance that the scheme does not know: it is left out until
-- the scheme says whose money it is.
ALTER TABLE difference DROP CONSTRAINT difference_class_check;
ALTER TABLE difference ADD CONSTRAINT difference_class_check CHECK (class IN ('missing_at_home', 'missing_at_care',
  'missing_at_institution', 'amount', 'status', 'date_shift', 'duplicate', 'refund_sign', 'insurance_unknown'));
