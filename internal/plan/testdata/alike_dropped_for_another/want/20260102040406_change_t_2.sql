-- atlas:txmode none

DROP INDEX CONCURRENTLY public.k_1_too;
