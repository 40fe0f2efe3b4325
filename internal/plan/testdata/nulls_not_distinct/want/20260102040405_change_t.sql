-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY ua_new ON public.t (name) NULLS NOT DISTINCT;

ALTER TABLE public.t DROP CONSTRAINT ua, ADD CONSTRAINT ua UNIQUE USING INDEX ua_new;

-- The new index is built beside the old one, which serves until then.
CREATE UNIQUE INDEX CONCURRENTLY ia_new ON public.t (a) NULLS NOT DISTINCT;

DROP INDEX CONCURRENTLY public.ia;

ALTER INDEX public.ia_new RENAME TO ia;
