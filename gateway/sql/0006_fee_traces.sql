-- Traceability codes of uploaded drug lines of which something is left: a pack is on one line of a visit only.

CREATE TABLE fee_trace (
  visit bytea NOT NULL, code bigint NOT NULL,    -- hash of the code's twenty digits
  key bigint NOT NULL,                           -- the line
  PRIMARY KEY (visit, code)
);

GRANT SELECT, INSERT, DELETE ON fee_trace TO book_writer;
