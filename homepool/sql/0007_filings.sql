-- Filings (备案) as people and institutions file and withdraw them: off-site care, chronic diseases, designated institutions.

ALTER TABLE filing
  DROP CONSTRAINT filing_pkey,
  ADD COLUMN id bytea,  -- of the message that filed it; of one that was loaded, made of its content
  ADD COLUMN insutype text NOT NULL DEFAULT '',  -- '' = of whatever insurance
  ADD COLUMN disease text NOT NULL DEFAULT '',
  ADD COLUMN institution text NOT NULL DEFAULT '',
  ADD COLUMN filed_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN filed_by text NOT NULL DEFAULT '',  -- fixmedins_code; '' = loaded
  ADD COLUMN withdrawn_at timestamptz;  -- then valid_to says when it ended, perhaps before it ever held

-- The same as homepool.benefits.filing.content_id.
CREATE FUNCTION filing_content_id(psn_no text, kind text, insutype text, care text, disease text, institution text,
  valid_from text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT substring(sha256(convert_to(concat_ws(chr(31), psn_no, kind, insutype, care, disease, institution, valid_from),
    'UTF8')) FOR 16) $$;
UPDATE filing SET id = filing_content_id(psn_no, kind, insutype, care, disease, institution, valid_from);

ALTER TABLE filing
  ALTER COLUMN id SET NOT NULL,
  ADD PRIMARY KEY (id),
  ADD CONSTRAINT filing_id CHECK (octet_length(id) = 16),
  ADD CONSTRAINT filing_of_its_kind CHECK (CASE
    WHEN kind IN ('long_term', 'referral', 'emergency', 'other')
      THEN care ~ '^[0-9]{2,6}$' AND disease = '' AND institution = ''
    WHEN kind = 'chronic' THEN disease <> '' AND care = '' AND institution = ''
    WHEN kind = 'designated' THEN institution <> '' AND care = '' AND disease = ''
    ELSE false END),
  ADD CONSTRAINT filing_days CHECK (withdrawn_at IS NOT NULL OR valid_to = '' OR valid_to >= valid_from);
CREATE INDEX filing_psn_no ON filing (psn_no);

-- What the id of a filing or withdrawal was answered: appended to, never changed.
CREATE TABLE filing_call (
  id bytea PRIMARY KEY, digest bytea NOT NULL, psn_no text COLLATE "C" NOT NULL, answer bytea NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT filing_call_id CHECK (octet_length(id) = 16 AND octet_length(digest) = 32)
);
CREATE FUNCTION filing_call_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a call was answered stands' USING ERRCODE = 'SG000', CONSTRAINT = 'filing_call_stands';
END $$;
CREATE TRIGGER filing_call_stands BEFORE UPDATE OR DELETE ON filing_call
  FOR EACH STATEMENT EXECUTE FUNCTION filing_call_stands();

-- The worker writes filings through this: with the cursor's lock, which it holds, and a version that rises, so that
-- whoever has cached these people reads again.
CREATE FUNCTION store_filings(wanted smallint,
  call_ids bytea[], call_digests bytea[], call_psn_nos text[], answers bytea[],
  ids bytea[], psn_nos text[], insutypes text[], kinds text[], cares text[], diseases text[], institutions text[],
  valid_froms text[], valid_tos text[], filed_bys text[], withdrawn bytea[], ends text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE ended bigint;
BEGIN
  UPDATE cursor SET version = version + 1 WHERE partition = wanted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nobody serves this partition' USING ERRCODE = 'SG001', CONSTRAINT = 'cursor_stands';
  END IF;
  INSERT INTO filing (id, psn_no, insutype, kind, care, disease, institution, valid_from, valid_to, filed_by)
    SELECT * FROM unnest(ids, psn_nos, insutypes, kinds, cares, diseases, institutions, valid_froms, valid_tos, filed_bys);
  UPDATE filing f SET valid_to = w.valid_to, withdrawn_at = now()
    FROM unnest(withdrawn, ends) AS w(id, valid_to) WHERE f.id = w.id AND f.withdrawn_at IS NULL;
  GET DIAGNOSTICS ended = ROW_COUNT;
  IF ended <> cardinality(withdrawn) THEN
    RAISE EXCEPTION 'a filing that is withdrawn is not there' USING ERRCODE = 'SG005', CONSTRAINT = 'filing_withdrawn';
  END IF;
  INSERT INTO filing_call (id, digest, psn_no, answer)
    SELECT * FROM unnest(call_ids, call_digests, call_psn_nos, answers);
END $$;
REVOKE ALL ON FUNCTION store_filings, filing_call_stands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store_filings TO book_writer;
GRANT SELECT ON filing_call TO book_writer;
