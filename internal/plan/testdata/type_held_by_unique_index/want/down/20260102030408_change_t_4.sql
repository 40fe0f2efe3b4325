-- atlas:txmode none

DROP INDEX CONCURRENTLY public.t_code;
