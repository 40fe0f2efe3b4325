-- REWRITES public.t: what is computed is made anew, m.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Under the same lock these are built anew: small, t_m_key, ix_m.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN m,
  ADD COLUMN m integer GENERATED ALWAYS AS ((n * 2)) STORED NOT NULL,
  ADD CONSTRAINT small CHECK ((m < 100)),
  ADD CONSTRAINT t_m_key UNIQUE (m, n);

CREATE INDEX ix_m ON public.t (m) WHERE (n > 0);
