-- Until when a credential identifies its person: an e-voucher's token expires, a number or card does not.
ALTER TABLE person_credential ADD COLUMN valid_to text NOT NULL DEFAULT '';  -- yyyy-MM-dd HH:mm:ss, China time; '' = no end
