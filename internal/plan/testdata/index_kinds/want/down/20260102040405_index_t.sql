-- atlas:txmode none

DROP INDEX CONCURRENTLY public.pattern;

DROP INDEX CONCURRENTLY public.not_distinct;

DROP INDEX CONCURRENTLY public.hashed;

DROP INDEX CONCURRENTLY public.covering;
