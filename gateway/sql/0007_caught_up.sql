-- What a region found when it summed a day with a home node (SumDay): told again to whoever asks again. Written in the
-- transaction that sums.
CREATE TABLE day_caught_up (
  day date NOT NULL, peer text NOT NULL,
  fetched bigint NOT NULL,    -- decisions booked only then, for their replies had been lost
  refused bytea[] NOT NULL,   -- ids that the node decided and that could not be booked here
  PRIMARY KEY (day, peer)
);
