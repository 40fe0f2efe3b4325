-- atlas:txmode none

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY iname_new ON public.t (name COLLATE "POSIX");

DROP INDEX CONCURRENTLY public.iname;

ALTER INDEX public.iname_new RENAME TO iname;
