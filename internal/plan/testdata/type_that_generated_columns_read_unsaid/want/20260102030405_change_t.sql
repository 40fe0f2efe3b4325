-- REWRITES public.t: what is computed is made anew, m.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- BLOCKS public.a: nobody reads or writes it meanwhile either, for the foreign key t_m_fkey refers to it.
-- Under the same lock these are built anew: c, t_m_fkey, t_m_key, "Ix".
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.t: the type of n changes from integer to bigint, which writes every row and every index anew.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN n_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET n_new = n WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN m,
  ALTER COLUMN n TYPE bigint,
  ADD COLUMN m bigint GENERATED ALWAYS AS ((n * 2)) STORED,
  ADD CONSTRAINT c CHECK ((m > n)) NOT VALID,
  ADD CONSTRAINT t_m_fkey FOREIGN KEY (m) REFERENCES public.a(id),
  ADD CONSTRAINT t_m_key UNIQUE (m) DEFERRABLE;

ALTER TABLE public.t ALTER COLUMN m SET STATISTICS 500;

COMMENT ON CONSTRAINT c ON public.t IS 'why';

CREATE INDEX "Ix" ON public.t (m) WITH (fillfactor='70');

ALTER TABLE public.t CLUSTER ON "Ix";
