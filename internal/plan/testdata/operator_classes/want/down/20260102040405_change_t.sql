-- atlas:txmode none

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY iname_new ON public.t (name);

DROP INDEX CONCURRENTLY public.iname;

ALTER INDEX public.iname_new RENAME TO iname;

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY idata_new ON public.t USING gin (data);

DROP INDEX CONCURRENTLY public.idata;

ALTER INDEX public.idata_new RENAME TO idata;
