-- The returns of a line are found without a look at every line of a long stay.

CREATE INDEX fee_line_returns ON fee_line (visit, init_key) WHERE init_key IS NOT NULL;
