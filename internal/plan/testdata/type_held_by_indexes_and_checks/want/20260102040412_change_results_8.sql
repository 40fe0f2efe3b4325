-- atlas:txmode none

DROP INDEX CONCURRENTLY public.ix_e;
