-- Who works at which terminal: 9001 and 9002. Nothing is decided by it.

CREATE TABLE signed_in (
  id bytea PRIMARY KEY,                          -- of the 9001 message: sent again it signs in once
  fixmedins_code text NOT NULL, opter_no text NOT NULL, mac text NOT NULL, ip text NOT NULL,
  in_ms bigint NOT NULL, out_ms bigint,
  CONSTRAINT signed_in_order CHECK (out_ms >= in_ms)
);

GRANT SELECT, INSERT, UPDATE (out_ms) ON signed_in TO book_writer;
