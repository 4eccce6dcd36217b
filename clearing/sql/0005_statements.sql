-- What institutions send about their own money: detail files of a day (3202), and what comparing found.

-- One file of an institution about one day (and perhaps one clr_type). The same bytes have the same number and answer.
CREATE TABLE statement (
  file_qury_no text PRIMARY KEY, fixmedins_code text NOT NULL, day date NOT NULL, clr_type text NOT NULL,
  refunds boolean NOT NULL,  -- whether refunds are in the file
  region text NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), rows integer NOT NULL,
  answer bytea NOT NULL,  -- the serialised CompareDetailsResponse
  -- what the care book's items of the day came to when they were compared: where they have grown, the run compares anew
  centre_items bigint NOT NULL, centre_fen bigint NOT NULL,
  replaced boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX statement_current ON statement (fixmedins_code, day, clr_type) WHERE NOT replaced;
CREATE INDEX statement_day ON statement (day, region) WHERE NOT replaced;

CREATE TABLE statement_row (
  file_qury_no text NOT NULL REFERENCES statement, place integer NOT NULL, setl_id text NOT NULL,
  medfee_fen bigint NOT NULL, fund_fen bigint NOT NULL, account_fen bigint NOT NULL, refund boolean NOT NULL,
  PRIMARY KEY (file_qury_no, place)
);

-- What did not match, as it stood when it was compared last: the answer of 3209A, and what a run takes over.
CREATE TABLE statement_unmatched (
  file_qury_no text NOT NULL REFERENCES statement, setl_id text NOT NULL, result text NOT NULL
    CHECK (result IN ('centre_more', 'institution_more', 'differ')),
  node text NOT NULL, centre jsonb, institution jsonb, memo text NOT NULL,
  PRIMARY KEY (file_qury_no, setl_id)
);

-- Which statements a run has taken over. From then on that day of the institution is frozen.
CREATE TABLE statement_taken (
  file_qury_no text PRIMARY KEY REFERENCES statement, day date NOT NULL, batch smallint NOT NULL,
  FOREIGN KEY (day, batch) REFERENCES run
);

-- ------------------------------------------------------------------------------------------------ 3260 to 3262

-- A month's off-site items of an institution, numbered once for ever; what is not confirmed when the month is closed
-- carries over to the next one under a new number.
CREATE TABLE apportioned (
  fixmedins_code text NOT NULL, month text NOT NULL CHECK (month ~ '^[0-9]{6}$'), seqno bigint NOT NULL,
  setl_id text NOT NULL, mdtrt_id text NOT NULL, setl_ms bigint NOT NULL, day date NOT NULL,
  home_pool integer NOT NULL, care_pool integer NOT NULL, insutype text NOT NULL,
  medfee_fen bigint NOT NULL, agency_fen bigint NOT NULL,  -- what the agency pays: funds and accounts
  confirmed_by text,
  PRIMARY KEY (fixmedins_code, month, seqno), UNIQUE (fixmedins_code, month, setl_id)
);
-- Which closed days of an institution have been listed.
CREATE TABLE apportioned_day (fixmedins_code text NOT NULL, day date NOT NULL, PRIMARY KEY (fixmedins_code, day));
CREATE TABLE apportionment_call (
  inf_refmsgid text PRIMARY KEY, fixmedins_code text NOT NULL, msgid text NOT NULL, month text NOT NULL,
  digest bytea NOT NULL, confirmed bigint NOT NULL, left_over bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), rolled_back_at timestamptz
);
CREATE UNIQUE INDEX apportionment_call_once ON apportionment_call (fixmedins_code, msgid);

-- ------------------------------------------------------------------------------------------------ 3203, 3204

CREATE TABLE clearing_application (
  clr_appy_evt_id text PRIMARY KEY, fixmedins_code text NOT NULL, setlym text NOT NULL CHECK (setlym ~ '^[0-9]{6}$'),
  insutype text NOT NULL, clr_type text NOT NULL, clr_way text NOT NULL, input bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('applied', 'withdrawn', 'accepted', 'paid')),
  paid_fen bigint NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX clearing_application_one ON clearing_application (fixmedins_code, setlym, insutype, clr_type, clr_way)
  WHERE state <> 'withdrawn';

-- A month that was rolled up: nothing of it is confirmed or taken back any more.
CREATE TABLE month_closed (
  month text PRIMARY KEY CHECK (month ~ '^[0-9]{6}$'), closed_at timestamptz NOT NULL DEFAULT now(), closed_by text NOT NULL
);
