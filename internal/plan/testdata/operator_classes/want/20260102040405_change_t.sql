-- atlas:txmode none

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY idata_new ON public.t USING gin (data jsonb_path_ops);

DROP INDEX CONCURRENTLY public.idata;

ALTER INDEX public.idata_new RENAME TO idata;

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY iname_new ON public.t (name text_pattern_ops, lower(name) DESC) WHERE (a > 0);

DROP INDEX CONCURRENTLY public.iname;

ALTER INDEX public.iname_new RENAME TO iname;

-- The planner knows nothing about an expression's values yet.
ANALYZE public.t;
