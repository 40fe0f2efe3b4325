-- REWRITES public.t: what is computed is made anew, m.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Under the same lock these are built anew: ix_m.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.t: the type of n changes from character varying(20) to character varying(10), which writes every row and every index anew.
-- Fails if a value of n does not fit into character varying(10); such rows:
--   SELECT * FROM public.t WHERE length(rtrim(n::text, ' ')) > 10;

ALTER TABLE public.t
  ALTER COLUMN n TYPE character varying(10),
  ADD COLUMN m text GENERATED ALWAYS AS (upper((n)::text)) STORED;

CREATE INDEX ix_m ON public.t (m);
